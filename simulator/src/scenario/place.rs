//! Where in a scenario file something stands that a pointer names, as `/steps/3/expect/sessions/0`.

use core::ops::Range;

use toml::de::{DeTable, DeValue};

use super::error::line_and_column;

/// A place in a scenario file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScenarioPlace {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The text of the line.
    pub excerpt: String,
    /// The part of the line that it is about, in bytes.
    pub part: Range<usize>,
}

/// Where in a scenario file something stands that a pointer names.
#[must_use]
pub fn locate(text: &str, pointer: &str) -> ScenarioPlace {
    let span = Places::of(text).find(pointer);
    let (line, column) = line_and_column(text, span.start);
    let excerpt = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let start =
        excerpt.char_indices().nth(column.saturating_sub(1)).map_or(excerpt.len(), |(at, _)| at);
    let end = start.saturating_add(span.len()).min(excerpt.len());
    ScenarioPlace { line, column, excerpt: excerpt.to_owned(), part: start..end }
}

/// The places of a file.
pub(super) struct Places<'a> {
    text: &'a str,
    table: Option<DeTable<'a>>,
}

impl<'a> Places<'a> {
    /// The places of a text. Of one that is no TOML each is its beginning.
    pub(super) fn of(text: &'a str) -> Self {
        Self { text, table: DeTable::parse(text).ok().map(toml::Spanned::into_inner) }
    }

    /// The bytes of what a pointer names, or of the nearest around it that is there. Of a step it is what the step says.
    pub(super) fn find(&self, pointer: &str) -> Range<usize> {
        let Some(table) = &self.table else { return 0..0 };
        let mut found = 0..0;
        let mut here = Here::Table(table);
        for part in pointer.split('/').skip(1) {
            let Some(value) = here.below(part) else { break };
            found = value.span();
            here = match value.get_ref() {
                DeValue::Table(table) => Here::Table(table),
                DeValue::Array(items) => Here::Array(items),
                DeValue::String(_)
                | DeValue::Integer(_)
                | DeValue::Float(_)
                | DeValue::Boolean(_)
                | DeValue::Datetime(_) => Here::Leaf,
            };
        }
        let said = here.below("say").map(toml::Spanned::span);
        self.within(said.unwrap_or(found))
    }

    fn within(&self, span: Range<usize>) -> Range<usize> {
        let end = span.end.min(self.text.len());
        span.start.min(end)..end
    }
}

/// What a pointer has come to.
enum Here<'t, 'a> {
    Table(&'t DeTable<'a>),
    Array(&'t toml::de::DeArray<'a>),
    Leaf,
}

impl<'t, 'a> Here<'t, 'a> {
    fn below(&self, part: &str) -> Option<&'t toml::Spanned<DeValue<'a>>> {
        match self {
            Self::Table(table) => table.get(part),
            Self::Array(items) => items.get(part.parse::<usize>().ok()?),
            Self::Leaf => None,
        }
    }
}
