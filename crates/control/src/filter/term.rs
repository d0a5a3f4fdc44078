//! Terms: how a filter is written, and whether a term holds.

use super::row::Row;
use super::value::Test;
use super::{Field, List, Wrong};

/// A field, and values of which it has to have one; or, negated, none.
#[derive(Clone, Debug)]
pub(crate) struct Term {
    negated: bool,
    field: Field,
    tests: Vec<Test>,
}

/// A term as it is written.
#[derive(Clone, Debug)]
pub(super) struct Written<'a> {
    negated: bool,
    name: &'a str,
    at: usize,
    values: Vec<Value>,
}

/// A value as it is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Value {
    pub(super) text: String,
    /// Whether it stood in quotes, where nothing has a meaning of its own.
    pub(super) quoted: bool,
    pub(super) at: usize,
}

impl Term {
    pub(super) fn read(written: Written<'_>, list: List) -> Result<Self, Wrong> {
        let Written { negated, name, at, values } = written;
        let known = Field::ALL.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let known = known.map(|(_, field)| *field).filter(|field| list.has(*field));
        let field = known.ok_or_else(|| {
            let names = list.names().join("`, `");
            Wrong::new(at, format!("there is no `{name}` here; there are `{names}`"))
        })?;
        let tests =
            values.iter().map(|value| Test::read(field, value)).collect::<Result<_, _>>()?;
        Ok(Self { negated, field, tests })
    }

    pub(super) fn passes(&self, row: &Row<'_>) -> bool {
        self.tests.iter().any(|test| row.passes(self.field, test)) != self.negated
    }
}

/// The terms of a filter, between blanks.
pub(super) fn terms(text: &str) -> impl Iterator<Item = Result<Written<'_>, Wrong>> {
    let mut rest = Rest { text, at: 0 };
    std::iter::from_fn(move || {
        rest.skip_blanks();
        (!rest.is_empty()).then(|| {
            let written = rest.term();
            if written.is_err() {
                // One fault is told; there may be no sense in what follows it.
                rest.at = text.len();
            }
            written
        })
    })
}

/// What has not been read yet.
struct Rest<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Rest<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn is_empty(&self) -> bool {
        self.rest().is_empty()
    }

    fn next(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip(&mut self, character: char) -> bool {
        let found = self.next() == Some(character);
        if found {
            self.at = self.at.saturating_add(character.len_utf8());
        }
        found
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at = self.at.saturating_add(rest.len().saturating_sub(rest.trim_start().len()));
    }

    /// What comes before one of these, or the end.
    fn until(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(ends).unwrap_or(rest.len());
        self.at = self.at.saturating_add(length);
        rest.get(..length).unwrap_or(rest)
    }

    fn term(&mut self) -> Result<Written<'a>, Wrong> {
        let negated = self.skip('-');
        let at = self.at;
        let name = self.until(|c| c == ':' || c == '"' || c.is_whitespace());
        if name.is_empty() {
            return Err(Wrong::new(
                at,
                "a term begins with the name of a field, and has a colon after it",
            ));
        }
        if !self.skip(':') {
            let detail =
                format!("`{name}` is no term: say which field it is, as in `process:{name}`");
            return Err(Wrong::new(at, detail));
        }
        let mut values = vec![self.value()?];
        while self.skip(',') {
            values.push(self.value()?);
        }
        Ok(Written { negated, name, at, values })
    }

    fn value(&mut self) -> Result<Value, Wrong> {
        let at = self.at;
        if self.skip('"') {
            let text = self.quoted(at)?;
            return Ok(Value { text, quoted: true, at });
        }
        let text = self.until(|c| c == ',' || c == '"' || c.is_whitespace());
        if self.next() == Some('"') {
            return Err(Wrong::new(
                self.at,
                "a quote opens a value or closes it; in one it is written `\\\"`",
            ));
        }
        if text.is_empty() {
            return Err(Wrong::new(at, "a value is missing; `\"\"` is the empty one"));
        }
        Ok(Value { text: text.to_owned(), quoted: false, at })
    }

    /// What stands between quotes; a backslash takes the next character as it is.
    fn quoted(&mut self, opened: usize) -> Result<String, Wrong> {
        let mut text = String::new();
        while let Some(character) = self.next() {
            self.skip(character);
            match character {
                '"' => return self.closed().map(|()| text),
                '\\' => {
                    let Some(escaped) = self.next() else { break };
                    self.skip(escaped);
                    text.push(escaped);
                }
                other => text.push(other),
            }
        }
        Err(Wrong::new(opened, "this quote is not closed"))
    }

    fn closed(&self) -> Result<(), Wrong> {
        match self.next() {
            None | Some(',') => Ok(()),
            Some(blank) if blank.is_whitespace() => Ok(()),
            Some(_) => {
                Err(Wrong::new(self.at, "after a quoted value comes a blank, a comma or the end"))
            }
        }
    }
}
