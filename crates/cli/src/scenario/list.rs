//! `exstore scenario list`: the scenarios there are, with what each is about.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use simulator::Scenario;

use super::source::{BUILT_IN, Source};
use crate::args::ScenarioList;
use crate::exit::{Code, Failure};
use crate::output::{self, Output};
use crate::table::{Column, number, table, text};

const COLUMNS: [Column; 3] =
    [text("NAME", "name"), number("STEPS", "steps"), text("ABOUT", "about")];

/// Lists the scenarios of a folder, or those that are built in.
pub(super) fn run(args: &ScenarioList) -> Result<(), Failure> {
    let rows = match &args.folder {
        Some(folder) => of_folder(folder)?,
        None => BUILT_IN
            .iter()
            .map(|(name, text)| {
                let source = Source { name: (*name).to_owned(), text: (*text).to_owned() };
                source.scenario().map(|scenario| row(&scenario))
            })
            .collect::<Result<_, _>>()?,
    };
    match args.telling.output {
        Output::Text => drop(output::lines(table(&COLUMNS, &rows))),
        Output::Json => drop(output::out(&json!({ "items": rows }).to_string())),
        Output::Jsonl => drop(output::lines(rows.iter().map(Value::to_string))),
    }
    Ok(())
}

/// The scenarios of the files that end in `.toml`, by their paths.
fn of_folder(folder: &Path) -> Result<Vec<Value>, Failure> {
    let bad = |error: std::io::Error| {
        Failure::new(Code::BadInput, format!("{}: {error}", folder.display()))
            .hint("name a folder with scenario files, or none for those that are built in")
    };
    let entries = fs::read_dir(folder).map_err(bad)?.collect::<Result<Vec<_>, _>>().map_err(bad)?;
    let mut paths: Vec<_> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    paths.iter().map(|path| Ok(row(&Source::find(path)?.scenario()?))).collect()
}

fn row(scenario: &Scenario) -> Value {
    let Scenario { name, about, start, steps, .. } = scenario;
    json!({ "name": name, "about": about, "start": start.to_string(), "steps": steps.len() })
}
