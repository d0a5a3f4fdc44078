//! Values of a filter: texts with a star at an end, versions, times and numbers with a comparison, and words out of a list.

use std::cmp::Ordering;

use clock::SimTime;
use policy::{ClientVersion, ProcessName};

use super::term::Value;
use super::{Field, Wrong};
use crate::event_words::EVENT_TYPES;

/// What a field is held against.
#[derive(Clone, Debug)]
pub(super) enum Test {
    Text(Pattern),
    Version(Comparison, Versions),
    Time(Comparison, SimTime),
    Number(Comparison, u64),
    Flag(Flag),
}

/// How a value has to stand to the one that is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A text, compared without case, of which there may be any beginning and any end.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    text: String,
    any_beginning: bool,
    any_end: bool,
}

/// The versions that begin with the parts that are written: the first of them and the last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Versions {
    first: ClientVersion,
    last: ClientVersion,
}

/// What an item is or is not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Flag {
    Blocked,
    Identified,
    Unidentified,
    Injected,
    Foreign,
}

const FLAGS: [(&str, Flag); 5] = [
    ("blocked", Flag::Blocked),
    ("identified", Flag::Identified),
    ("unidentified", Flag::Unidentified),
    ("injected", Flag::Injected),
    ("foreign", Flag::Foreign),
];

const COMPARISONS: [(&str, Comparison); 4] = [
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

impl Test {
    /// Reads a value of a field.
    pub(super) fn read(field: Field, value: &Value) -> Result<Self, Wrong> {
        match field {
            Field::Process => program(value),
            Field::User | Field::Machine | Field::Group | Field::Cause => {
                Pattern::read(value).map(Self::Text)
            }
            Field::Type => one_of(value, EVENT_TYPES),
            Field::Mode => one_of(value, &["unknown", "classic", "cached"]),
            Field::Transport => one_of(value, &["pipe", "tcp"]),
            Field::Origin => one_of(value, &["injected", "foreign"]),
            Field::State => one_of(value, STATES),
            Field::Action => one_of(value, &["admitted", "refused", "disconnected", "would_block"]),
            Field::Version => version(value),
            Field::At => time(value),
            Field::Client | Field::Session | Field::Seq => number(value),
            Field::Is => flag(value),
        }
    }
}

const STATES: &[&str] = &["idle", "connecting", "connected", "refused", "disconnected", "failed"];

/// A program as the policy compares it, unless a star makes it a text.
fn program(value: &Value) -> Result<Test, Wrong> {
    let mut pattern = Pattern::read(value)?;
    let whole = !pattern.any_beginning && !pattern.any_end;
    if let Some(name) = ProcessName::parse(&value.text).filter(|_| whole) {
        pattern.text = name.key().to_lowercase();
    }
    Ok(Test::Text(pattern))
}

fn one_of(value: &Value, known: &[&str]) -> Result<Test, Wrong> {
    let pattern = Pattern::read(value)?;
    if known.iter().any(|known| pattern.matches(known)) {
        return Ok(Test::Text(pattern));
    }
    let known = known.join("`, `");
    Err(Wrong::new(value.at, format!("`{}` is none of `{known}`", value.text)))
}

fn flag(value: &Value) -> Result<Test, Wrong> {
    let known = FLAGS.iter().find(|(name, _)| name.eq_ignore_ascii_case(&value.text));
    known.map(|(_, flag)| Test::Flag(*flag)).ok_or_else(|| {
        let known: Vec<_> = FLAGS.iter().map(|(name, _)| *name).collect();
        let known = known.join("`, `");
        Wrong::new(value.at, format!("`{}` is none of `{known}`", value.text))
    })
}

fn version(value: &Value) -> Result<Test, Wrong> {
    let (comparison, text, at) = compared(value);
    let wrong = || {
        Wrong::new(
            at,
            format!("`{text}` is no version: it is one to four numbers up to 65535, as in `11.0`"),
        )
    };
    let parts: Vec<u16> = text
        .split('.')
        .map(|part| digits(part)?.parse().ok())
        .collect::<Option<_>>()
        .ok_or_else(wrong)?;
    if 4 < parts.len() {
        return Err(wrong());
    }
    let filled = |rest: u16| {
        let part = |index: usize| parts.get(index).copied().unwrap_or(rest);
        ClientVersion::new(part(0), part(1), part(2), part(3))
    };
    Ok(Test::Version(comparison, Versions { first: filled(0), last: filled(u16::MAX) }))
}

fn time(value: &Value) -> Result<Test, Wrong> {
    let (comparison, text, at) = compared(value);
    let time = text
        .parse()
        .map_err(|_| Wrong::new(at, format!("`{text}` is no time such as `2006-04-22T08:00:00Z`")));
    Ok(Test::Time(comparison, time?))
}

fn number(value: &Value) -> Result<Test, Wrong> {
    let (comparison, text, at) = compared(value);
    let number = digits(text).and_then(|digits| digits.parse().ok());
    let number = number.ok_or_else(|| Wrong::new(at, format!("`{text}` is no whole number")))?;
    Ok(Test::Number(comparison, number))
}

fn digits(text: &str) -> Option<&str> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then_some(text)
}

/// The comparison that a value begins with, what follows it, and where that is.
fn compared(value: &Value) -> (Comparison, &str, usize) {
    let text = value.text.as_str();
    let found = COMPARISONS.iter().filter(|_| !value.quoted).find_map(|(sign, comparison)| {
        let rest = text.strip_prefix(sign)?;
        Some((*comparison, rest, value.at.saturating_add(sign.len())))
    });
    found.unwrap_or((Comparison::Equal, text, value.at))
}

impl Comparison {
    /// Whether something stands so to a range of which one end or the other counts.
    fn holds(self, to_first: Ordering, to_last: Ordering) -> bool {
        match self {
            Self::Equal => to_first.is_ge() && to_last.is_le(),
            Self::Less => to_first.is_lt(),
            Self::LessOrEqual => to_last.is_le(),
            Self::Greater => to_last.is_gt(),
            Self::GreaterOrEqual => to_first.is_ge(),
        }
    }

    pub(super) fn of<T: Ord>(self, found: &T, wanted: &T) -> bool {
        let order = found.cmp(wanted);
        self.holds(order, order)
    }

    pub(super) fn of_version(self, found: ClientVersion, wanted: Versions) -> bool {
        self.holds(found.cmp(&wanted.first), found.cmp(&wanted.last))
    }
}

impl Pattern {
    fn read(value: &Value) -> Result<Self, Wrong> {
        let (mut text, mut any_beginning, mut any_end) = (value.text.as_str(), false, false);
        if !value.quoted {
            if let Some(rest) = text.strip_suffix('*') {
                (text, any_end) = (rest, true);
            }
            if let Some(rest) = text.strip_prefix('*') {
                (text, any_beginning) = (rest, true);
            }
            if let Some(star) = text.find('*') {
                let at = value.at.saturating_add(usize::from(any_beginning)).saturating_add(star);
                return Err(Wrong::new(
                    at,
                    "a star stands at the beginning or the end of a value; in quotes it is itself",
                ));
            }
        }
        Ok(Self { text: text.to_lowercase(), any_beginning, any_end })
    }

    pub(super) fn matches(&self, found: &str) -> bool {
        let found = found.to_lowercase();
        match (self.any_beginning, self.any_end) {
            (false, false) => found == self.text,
            (false, true) => found.starts_with(&self.text),
            (true, false) => found.ends_with(&self.text),
            (true, true) => found.contains(&self.text),
        }
    }

    /// Whether it is the empty text itself, which what is not there is like.
    pub(super) fn is_nothing(&self) -> bool {
        self.text.is_empty() && !self.any_beginning && !self.any_end
    }
}
