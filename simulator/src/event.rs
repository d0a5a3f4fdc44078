//! A store's events as the control plane writes them: `seq`, `at`, `cause`, `type`, then the fields of the type.

use std::collections::BTreeMap;

use serde::Deserialize;

/// One entry of a store's journal, from the outside. Fields that nobody here knows are kept.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct StoreEvent {
    /// Its place, from 1 without gaps.
    pub seq: u64,
    /// Store time, RFC 3339.
    pub at: String,
    /// Who or what caused it: `start`, `poll:2`, `client`, `transport`, `control`, `stop`.
    pub cause: String,
    /// What happened, as `session.connected`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The fields of the type.
    #[serde(flatten)]
    pub fields: BTreeMap<String, Scalar>,
}

/// The value of a field.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// Nothing.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Another number.
    Float(f64),
    /// A text.
    Text(String),
    /// Several.
    List(Vec<Scalar>),
    /// Fields of its own.
    Object(BTreeMap<String, Scalar>),
}

impl StoreEvent {
    /// A field; [`Scalar::Null`] when there is none.
    #[must_use]
    pub fn field(&self, name: &str) -> &Scalar {
        self.fields.get(name).unwrap_or(&Scalar::Null)
    }

    /// The program that the event is about.
    #[must_use]
    pub fn process(&self) -> Option<&str> {
        self.field("process").text()
    }

    /// The poll that caused it.
    pub(crate) fn poll(&self) -> Option<i64> {
        self.cause.strip_prefix("poll:")?.parse().ok()
    }
}

impl Scalar {
    /// The text that it is.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null
            | Self::Bool(_)
            | Self::Integer(_)
            | Self::Float(_)
            | Self::List(_)
            | Self::Object(_) => None,
        }
    }

    /// The whole number that it is.
    #[must_use]
    pub fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Null
            | Self::Bool(_)
            | Self::Float(_)
            | Self::Text(_)
            | Self::List(_)
            | Self::Object(_) => None,
        }
    }

    /// A field of the object that it is; [`Scalar::Null`] otherwise.
    #[must_use]
    pub fn field(&self, name: &str) -> &Self {
        match self {
            Self::Object(fields) => fields.get(name).unwrap_or(&Self::Null),
            Self::Null
            | Self::Bool(_)
            | Self::Integer(_)
            | Self::Float(_)
            | Self::Text(_)
            | Self::List(_) => &Self::Null,
        }
    }

    /// It in words: texts and numbers as they are, lists and objects with commas. None for nothing at all.
    #[must_use]
    pub fn in_words(&self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::Bool(true) => Some("yes".to_owned()),
            Self::Bool(false) => Some("no".to_owned()),
            Self::Integer(number) => Some(number.to_string()),
            Self::Float(number) => Some(number.to_string()),
            Self::Text(text) => Some(text.clone()),
            Self::List(items) => Some(joined(items.iter().filter_map(Self::in_words))),
            Self::Object(fields) => Some(joined(
                fields
                    .iter()
                    .filter_map(|(name, value)| Some(format!("{name} {}", value.in_words()?))),
            )),
        }
    }
}

fn joined(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join(", ")
}

/// Every type of event that a store has, in the control plane's spelling.
pub(crate) const EVENT_TYPES: [&str; 31] = [
    "store.started",
    "store.changed",
    "store.stopped",
    "session.connected",
    "session.refused",
    "session.disconnected",
    "session.ended",
    "session.would_block",
    "session.identified",
    "session.notified",
    "enforcement.completed",
    "poll.completed",
    "poll.failed",
    "policy.changed",
    "policy.mode_changed",
    "registry.changed",
    "registry.invalid",
    "build.changed",
    "cluster.changed",
    "clock.changed",
    "poll.abandoned",
    "checkpoint.restored",
    "registry.imported",
    "fault.added",
    "fault.removed",
    "fault.hit",
    "snapshot.taken",
    "user.changed",
    "user.removed",
    "store.restored",
    "journal.truncated",
];
