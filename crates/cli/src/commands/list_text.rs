//! The text of a block list, for people: its items, what there is to say about it, and whom it would cut off.

use std::io::Read;

use clap::ValueEnum;
use policy::BlockList;
use serde_json::{Value, json};

use crate::exit::{Code, Failure};
use crate::lints::{Lint, lint_lines};
use crate::table::{Column, block, cell, first, number, table, text};
use crate::visible::visible;

/// A block list.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum List {
    /// Programs, by the name of their executable
    Processes,
    /// Versions of MAPI clients
    Versions,
}

/// What a list can be given as.
pub(super) const TEXT_HELP: &str = "The list; `-` reads it from stdin";

const ITEMS: [Column; 4] = [
    number("#", "ordinal"),
    text("ITEM", "text"),
    text("COMPARED AS", "key"),
    number("COLUMN", "span.column"),
];

const PREVIEWED: [Column; 6] = [
    text("would be cut off", "count"),
    text("would stay", "kept"),
    text("of them without a name", "unidentified"),
    text("true at cursor", "cursor"),
    text("processes", "processes"),
    text("versions", "versions"),
];

const CUT_OFF: [Column; 8] = [
    number("SESSION", "session"),
    first("PROCESS", "process", "processes"),
    text("VERSION", "client_version"),
    text("MACHINE", "machine"),
    text("ORIGIN", "origin"),
    text("GROUP", "group"),
    text("ITEM", "decision.item"),
    text("USER", "user_dn"),
];

/// Items of a change that are named; of a longer one the others are counted.
const NAMED: usize = 6;

const BY_ITEM: [Column; 4] = [
    text("LIST", "list"),
    number("#", "ordinal"),
    text("ITEM", "item"),
    number("SESSIONS", "count"),
];

impl List {
    pub(super) const ALL: [Self; 2] = [Self::Processes, Self::Versions];

    /// What the API calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Processes => "processes",
            Self::Versions => "versions",
        }
    }

    /// The name of its registry value.
    pub(super) fn value_name(self) -> &'static str {
        match self {
            Self::Processes => BlockList::Processes.value_name(),
            Self::Versions => BlockList::Versions.value_name(),
        }
    }

    /// What an answer has under the list's name, which is among its fields then.
    pub(super) fn of(self, answer: &Value) -> Value {
        let mut said = answer.get(self.name()).cloned().unwrap_or_default();
        if let Some(said) = said.as_object_mut() {
            said.insert("list".to_owned(), self.name().into());
        }
        said
    }
}

/// A text as it was given, or what stdin has.
pub(super) fn text_given(given: &str) -> Result<String, Failure> {
    if given != "-" {
        return Ok(given.to_owned());
    }
    let mut text = String::new();
    let read = std::io::stdin().lock().read_to_string(&mut text);
    read.map_err(|error| Failure::new(Code::BadInput, format!("can't read stdin: {error}")))?;
    // A file ends with a line break, and a list has none.
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// The items of a list, an empty line before them.
pub(super) fn items(list: &Value) -> Vec<String> {
    let items = list.get("items").and_then(Value::as_array).filter(|items| !items.is_empty());
    let items = items.map(|items| table(&ITEMS, items));
    items.into_iter().flat_map(|lines| core::iter::once(String::new()).chain(lines)).collect()
}

/// What there is to say about the text that an answer has as `data`.
pub(super) fn said_of(answer: &Value, name: &str) -> Vec<String> {
    let text = answer.get("data").and_then(Value::as_str).unwrap_or_default();
    lint_lines(&lints(answer.get("lints")), name, text)
}

/// What was validated, list by list: its items, and what there is to say about them.
pub(super) fn validated(answer: &Value, texts: &[(List, String)]) -> Vec<String> {
    let mut lines = Vec::new();
    for (list, text) in texts {
        let Some(said) = answer.get(list.name()) else { continue };
        if !lines.is_empty() {
            lines.push(String::new());
        }
        let count = said.get("items").and_then(Value::as_array).map_or(0, Vec::len);
        lines.push(format!("{}: {}", list.name(), counted(count, "item")));
        if let Some(problem) = said.get("problem").and_then(Value::as_str) {
            lines.push(format!("problem: {}", visible(problem)));
        }
        lines.extend(items(said));
        lines.extend(lint_lines(&lints(said.get("lints")), list.name(), text));
    }
    lines
}

/// Errors in what was validated: the texts can't mean what was meant.
pub(super) fn errors(answer: &Value, texts: &[(List, String)]) -> usize {
    let said = texts.iter().filter_map(|(list, _)| answer.get(list.name()));
    said.flat_map(|said| lints(said.get("lints"))).filter(Lint::is_error).count()
}

/// What became of a list: its new items with a plus, those that are gone with a minus. No item has a semicolon.
pub(super) fn changed(change: &Value) -> Option<String> {
    let items = |field, sign| {
        let items = change.get(field).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(Value::as_str).map(move |item| format!("{sign} {}", visible(item)))
    };
    let all: Vec<String> = items("added", '+').chain(items("removed", '-')).collect();
    let more = all.len().saturating_sub(NAMED);
    let more = (0 < more).then(|| format!("and {more} more"));
    let said: Vec<String> = all.into_iter().take(NAMED).chain(more).collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// An answer whose field of this name has what became of each list, with that as text beside its other fields.
pub(super) fn with_changes(answer: &Value, change: &Value) -> Value {
    let mut answer = answer.clone();
    if let Some(fields) = answer.as_object_mut() {
        for list in List::ALL {
            let change = change.get(list.name()).and_then(changed);
            fields.insert(list.name().to_owned(), json!(change));
        }
    }
    answer
}

/// Who would be cut off, by which item, and what there is to say about the texts.
pub(super) fn previewed(answer: &Value, texts: &[(List, String)]) -> Vec<String> {
    let change = answer.get("change").unwrap_or(&Value::Null);
    let mut lines = block(&PREVIEWED, &with_changes(answer, change));
    for (name, columns) in [("by_item", &BY_ITEM[..]), ("disconnected", &CUT_OFF)] {
        let rows = answer.get(name).and_then(Value::as_array).filter(|rows| !rows.is_empty());
        if let Some(rows) = rows {
            lines.push(String::new());
            lines.extend(table(columns, rows));
        }
    }
    if answer.get("truncated").is_some_and(|truncated| *truncated == true) {
        lines.push(format!("\u{2026} the first of {}", cell(answer, "count")));
    }
    for (list, text) in texts {
        let said = answer.get("lints").and_then(|said| said.get(list.name()));
        if said.is_some_and(Value::is_null) {
            let name = list.name();
            lines.push(String::new());
            lines.push(format!(
                "{name}: no poll reads it, since it was not there when the service started (registry watch)"
            ));
        }
        lines.extend(lint_lines(&lints(said), list.name(), text));
    }
    lines
}

/// A number with its noun.
pub(super) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn lints(said: Option<&Value>) -> Vec<Lint> {
    let lints = said.cloned().map(serde_json::from_value);
    lints.and_then(Result::ok).unwrap_or_default()
}
