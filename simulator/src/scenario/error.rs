//! What is wrong with a scenario, and where.

/// A scenario that cannot be played.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct ScenarioError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong and what to do, one clause.
    pub message: String,
}

/// What is wrong with a scenario, wherever it was read from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wrong {
    /// Where it is: a JSON pointer, as `/steps/3/inject/0`.
    pub pointer: String,
    /// What is wrong and what to do, one clause.
    pub message: String,
}

impl Wrong {
    pub(super) fn at(pointer: String, message: String) -> Self {
        Self { pointer, message }
    }

    /// The same, seen from further up.
    pub(super) fn below(self, place: &str) -> Self {
        Self { pointer: format!("{place}{}", self.pointer), ..self }
    }
}

impl ScenarioError {
    /// The error at a byte offset of `text`.
    pub(crate) fn at(text: &str, offset: usize, message: String) -> Self {
        let (line, column) = line_and_column(text, offset);
        Self { line, column, message }
    }
}

/// The line and the column of a byte, both from 1, the column in characters.
pub(super) fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count().saturating_add(1);
    let column = before.get(start_of_line(before)..).unwrap_or_default();
    (line, column.chars().count().saturating_add(1))
}

fn start_of_line(before: &str) -> usize {
    before.rfind('\n').map_or(0, |end| end.saturating_add(1))
}
