//! `exstore scenario lint`: what is wrong with scenario files, and what looks wrong, as a compiler says it.

use control::lint_scenario;
use serde_json::{Value, json};
use simulator::{Finding, FindingSeverity, Scenario, ScenarioPlace, locate};

use super::source::Source;
use crate::args::ScenarioLint;
use crate::exit::{Code, Failure};
use crate::lints::pointed;
use crate::output::{self, Output};
use crate::visible::visible;

/// One thing that is wrong with a file, or looks wrong.
struct Said {
    severity: FindingSeverity,
    code: &'static str,
    message: String,
    hint: Option<String>,
    place: ScenarioPlace,
}

/// Reads the files, and says what it finds. An error in one of them fails.
pub(super) fn run(args: &ScenarioLint) -> Result<(), Failure> {
    let mut errors = 0_usize;
    let mut rows = Vec::new();
    for path in &args.files {
        let source = Source::find(path)?;
        let said = said(&source);
        errors = errors.saturating_add(said.iter().filter(|said| said.is_error()).count());
        match args.telling.output {
            Output::Text => {
                let lines = said.iter().flat_map(|said| said.lines(&source.name));
                output::lines(lines);
            }
            Output::Json | Output::Jsonl => {
                rows.extend(said.iter().map(|said| said.json(&source.name)));
            }
        }
    }
    match args.telling.output {
        Output::Text => {}
        Output::Json => drop(output::out(&json!({ "items": rows }).to_string())),
        Output::Jsonl => drop(output::lines(rows.iter().map(Value::to_string))),
    }
    match errors {
        0 => Ok(()),
        1 => Err(Failure::new(Code::BadInput, "1 error")),
        errors => Err(Failure::new(Code::BadInput, format!("{errors} errors"))),
    }
}

fn said(source: &Source) -> Vec<Said> {
    match Scenario::parse(&source.text) {
        Ok(scenario) => {
            let findings = lint_scenario(&scenario).into_iter();
            findings.map(|finding| Said::of_finding(finding, &source.text)).collect()
        }
        Err(error) => {
            let excerpt = source.text.lines().nth(error.line.saturating_sub(1));
            let excerpt = excerpt.unwrap_or_default().to_owned();
            let at = excerpt.char_indices().nth(error.column.saturating_sub(1));
            let at = at.map_or(excerpt.len(), |(at, _)| at);
            let (line, column) = (error.line, error.column);
            vec![Said {
                severity: FindingSeverity::Error,
                code: "no-scenario",
                message: error.message,
                hint: None,
                place: ScenarioPlace { line, column, excerpt, part: at..at },
            }]
        }
    }
}

impl Said {
    fn of_finding(finding: Finding, text: &str) -> Self {
        let Finding { code, severity, pointer, message, hint } = finding;
        Self { severity, code, message, hint: Some(hint), place: locate(text, &pointer) }
    }

    fn is_error(&self) -> bool {
        self.severity == FindingSeverity::Error
    }

    fn lines(&self, name: &str) -> Vec<String> {
        let ScenarioPlace { line, column, excerpt, part } = &self.place;
        let mut lines =
            vec![format!("{}[{}]: {}", self.severity, self.code, visible(&self.message))];
        lines.extend(pointed(&format!("{name}:{line}:{column}"), excerpt, part.start, part.end));
        if let Some(hint) = &self.hint {
            lines.push(format!("  = hint: {}", visible(hint)));
        }
        lines.push(String::new());
        lines
    }

    fn json(&self, name: &str) -> Value {
        json!({
            "file": name,
            "line": self.place.line,
            "column": self.place.column,
            "severity": self.severity.to_string(),
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
        })
    }
}
