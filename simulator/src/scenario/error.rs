//! What is wrong with a scenario file, and where.

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

impl ScenarioError {
    /// The error at a byte offset of `text`.
    pub(super) fn at(text: &str, offset: usize, message: String) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.matches('\n').count().saturating_add(1);
        let start_of_line = before.rfind('\n').map_or(0, |end| end.saturating_add(1));
        let column = before.get(start_of_line..).unwrap_or_default();
        Self { line, column: column.chars().count().saturating_add(1), message }
    }
}
