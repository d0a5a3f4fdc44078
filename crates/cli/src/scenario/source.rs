//! Where scenarios come from: files, and those that are built into the program.

use std::fs;
use std::path::Path;

use simulator::{Scenario, ScenarioError};

use crate::exit::{Code, Failure};
use crate::lints::pointed;

/// The scenarios of fixtures/scenarios, by their names.
macro_rules! built_in {
    ($($name:literal,)+) => {
        /// Scenarios that are built in: name and text.
        pub(super) const BUILT_IN: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../../../../fixtures/scenarios/", $name, ".toml"))),)+
        ];
    };
}

built_in! {
    "kb-920185-procedure",
    "kb-920185-note",
    "audit-first",
    "deleted-value",
    "edit-between-polls",
    "exchange-cuts-itself-off",
    "failover-checkpointed",
    "failover-per-node",
    "fall-back",
    "hotfix-missing",
    "hotfix-needs-sp2",
    "late-name",
    "late-process-block",
    "nameless-clients",
    "reconnect-storm",
    "renamed-program",
    "restart-instead-of-waiting",
    "try-and-go-back",
    "two-lists",
    "typing-errors",
    "unreadable-key",
    "wrong-type",
}

/// A scenario file, or a scenario that is built in.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// What it is called in messages.
    pub(super) name: String,
    /// What it says.
    pub(super) text: String,
}

impl Source {
    /// The file of this path; where there is none, the built-in scenario of this name.
    pub(super) fn find(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let built_in = BUILT_IN.iter().find(|(built_in, _)| *built_in == name);
        match (fs::read_to_string(path), built_in) {
            (Ok(text), _) => Ok(Self { name, text }),
            (Err(_), Some((_, text))) => Ok(Self { name, text: (*text).to_owned() }),
            (Err(error), None) => Err(Failure::new(Code::BadInput, format!("{name}: {error}"))
                .hint("`exstore scenario list` shows the scenarios that are built in")),
        }
    }

    /// What it says, read.
    pub(super) fn scenario(&self) -> Result<Scenario, Failure> {
        Scenario::parse(&self.text).map_err(|error| {
            let failure = Failure::new(Code::BadInput, format!("{}: {error}", self.name));
            failure.notes(self.shown(&error))
        })
    }

    /// The place of an error in the text.
    pub(super) fn shown(&self, error: &ScenarioError) -> Vec<String> {
        pointed_at(&self.name, &self.text, error)
    }
}

/// The place of an error in a text of this name.
pub(crate) fn pointed_at(
    name: &str,
    text: &str,
    ScenarioError { line, column, .. }: &ScenarioError,
) -> Vec<String> {
    let text = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let byte = text.char_indices().nth(column.saturating_sub(1));
    let byte = byte.map_or(text.len(), |(byte, _)| byte);
    pointed(&format!("{name}:{line}:{column}"), text, byte, byte)
}
