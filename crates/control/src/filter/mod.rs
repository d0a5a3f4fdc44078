//! `q=`: the language that lists are filtered with, the same everywhere ([docs/filters.md](../../../../docs/filters.md)).
//!
//! A filter is terms, all of which have to hold: `process:mdl.exe version:<11.0 is:blocked -origin:foreign`. What can be said
//! is in one table, [`Field`]; each list has some of it.

mod row;
mod term;
mod value;

use std::str::FromStr;

use serde::Deserialize;

pub(crate) use self::row::Row;
use self::term::Term;
use crate::problem::{FieldError, Problem, ProblemType};

/// Bytes of a filter.
const MOST_BYTES: usize = 4_096;

/// A filter as it was written; which fields there are depends on the list.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct FilterText(String);

/// Terms that all have to hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter(Vec<Term>);

/// What a term can be about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Field {
    Process,
    Version,
    User,
    Machine,
    Group,
    Client,
    Session,
    Mode,
    Transport,
    Origin,
    At,
    State,
    Type,
    Cause,
    Seq,
    Action,
    Is,
}

impl Field {
    const ALL: [(&'static str, Self); 17] = [
        ("process", Self::Process),
        ("version", Self::Version),
        ("user", Self::User),
        ("machine", Self::Machine),
        ("group", Self::Group),
        ("client", Self::Client),
        ("session", Self::Session),
        ("mode", Self::Mode),
        ("transport", Self::Transport),
        ("origin", Self::Origin),
        ("at", Self::At),
        ("state", Self::State),
        ("type", Self::Type),
        ("cause", Self::Cause),
        ("seq", Self::Seq),
        ("action", Self::Action),
        ("is", Self::Is),
    ];
}

/// The lists that take a filter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum List {
    Sessions,
    Clients,
    Events,
    Decisions,
}

impl List {
    /// Whether items of this list have the field.
    fn has(self, field: Field) -> bool {
        match field {
            Field::Process
            | Field::Version
            | Field::User
            | Field::Machine
            | Field::Group
            | Field::Client
            | Field::Mode
            | Field::Transport
            | Field::Origin
            | Field::Is => true,
            Field::Session | Field::At => self != Self::Clients,
            Field::State => self == Self::Clients,
            Field::Type => self == Self::Events,
            Field::Cause | Field::Seq => matches!(self, Self::Events | Self::Decisions),
            Field::Action => self == Self::Decisions,
        }
    }

    /// The names of its fields.
    fn names(self) -> Vec<&'static str> {
        Field::ALL.iter().filter(|(_, field)| self.has(*field)).map(|(name, _)| *name).collect()
    }
}

/// What is wrong with a filter, and where: a byte of the text.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Wrong {
    at: usize,
    detail: String,
}

impl Wrong {
    fn new(at: usize, detail: impl Into<String>) -> Self {
        Self { at, detail: detail.into() }
    }
}

impl FromStr for FilterText {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl FilterText {
    /// The filter, for a list.
    ///
    /// # Errors
    /// When it says what items of the list don't have, or is not understood. The problem has the column.
    pub(crate) fn of(&self, list: List) -> Result<Filter, Problem> {
        let text = self.0.as_str();
        Filter::parse(text, list).map_err(|wrong| problem(text, wrong))
    }
}

impl Filter {
    fn parse(text: &str, list: List) -> Result<Self, Wrong> {
        if MOST_BYTES < text.len() {
            return Err(Wrong::new(MOST_BYTES, format!("it has more than {MOST_BYTES} bytes")));
        }
        term::terms(text)
            .map(|written| Term::read(written?, list))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether an item passes.
    pub(crate) fn passes(&self, row: &Row<'_>) -> bool {
        self.0.iter().all(|term| term.passes(row))
    }
}

fn problem(text: &str, wrong: Wrong) -> Problem {
    // A filter is one line, in which a tab or a line end is a blank.
    let excerpt: String = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    let before = text.get(..wrong.at).unwrap_or(text);
    let column = before.chars().count().saturating_add(1);
    let error = FieldError {
        column: Some(column),
        excerpt: Some(excerpt),
        excerpt_column: Some(column),
        ..FieldError::parameter("q", wrong.detail)
    };
    Problem::new(ProblemType::InvalidQuery, format!("`q`, column {column}: {}", error.detail))
        .with(error)
        .hint("a filter is terms such as `process:mdl.exe version:<11.0 -origin:foreign`; docs/filters.md tells all of them")
}
