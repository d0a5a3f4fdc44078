//! The text of a block list, for people: its items, what there is to say about it, and whom it would cut off.

use std::io::Read;

use clap::ValueEnum;
use serde_json::Value;

use super::session;
use crate::exit::{Code, Failure};
use crate::lints::{Lint, lint_lines};
use crate::table::{Column, block, number, table, text};

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
        let count = said.get("items").and_then(Value::as_array).map_or(0, Vec::len);
        lines.push(format!("{}: {}", list.name(), counted(count, "item")));
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

/// Who would be cut off, by which item, and what there is to say about the texts.
pub(super) fn previewed(answer: &Value, texts: &[(List, String)]) -> Vec<String> {
    let mut lines =
        block(&[text("would be cut off", "count"), text("true at cursor", "cursor")], answer);
    for (name, columns) in [("by_item", &BY_ITEM[..]), ("disconnected", &session::COLUMNS)] {
        let rows = answer.get(name).and_then(Value::as_array).filter(|rows| !rows.is_empty());
        if let Some(rows) = rows {
            lines.push(String::new());
            lines.extend(table(columns, rows));
        }
    }
    for (list, text) in texts {
        // Of one list they come as they are, of both by name.
        let said = answer.get("lints").map(|said| said.get(list.name()).unwrap_or(said));
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
