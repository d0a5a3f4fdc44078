//! The lines of a recording. Each is an object with one field, which says what it is, and its hash.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::setup::Setup;

/// What a line says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Line {
    /// The first: how the store was set up. What its start made follows, and the answer to input 0.
    Recording(Box<Header>),
    /// A request that changed the store. What it made follows, then its answer.
    Input(Input),
    /// A request, or entries of a stream, that fault rules looked at.
    Opportunity(Opportunity),
    /// An entry of the journal.
    Entry(RecordedEntry),
    /// An input is over, and the store at rest.
    Answer(Answer),
    /// Nothing more could be recorded.
    Broken(Broken),
    /// The last: nothing is missing.
    End(End),
}

/// How the recorded store was set up.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The version of this format.
    pub format: u32,
    /// The version of exstore that recorded.
    pub exstore: String,
    /// The store.
    pub store: Setup,
}

impl Header {
    /// The format that is written here, and the only one that is read.
    pub const FORMAT: u32 = 1;
}

/// A request to the control plane.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Its place among the inputs, from 1.
    pub number: u64,
    /// Its method.
    pub method: String,
    /// Its path and its query.
    pub path: String,
    /// The type of its body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Its body, where that is text; what proves a user is replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Its body in hexadecimal, where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_hex: Option<String>,
}

/// What fault rules of requests looked at, and what changed nothing else.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opportunity {
    /// Its place among the inputs, from 1.
    pub number: u64,
    /// The request's method.
    pub method: String,
    /// The route, from the store on.
    pub route: String,
    /// Of a stream of events that was open: how many of them were to be sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<usize>,
}

impl Opportunity {
    /// Of entries that a stream is about to send.
    pub(crate) fn of_a_stream(entries: usize) -> Self {
        let (method, route) = ("GET".to_owned(), "/events/stream".to_owned());
        Self { number: 0, method, route, events: Some(entries) }
    }
}

/// An entry of the journal.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedEntry {
    /// The epoch whose journal it is in.
    pub epoch: u64,
    /// The entry, as the journal writes it.
    pub event: Box<RawValue>,
}

/// How an input ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The input; 0 is the start of the store.
    pub input: u64,
    /// The status that a request was answered with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Whether the wall's time ended it, which no replay can do again.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub by_wall: bool,
}

/// Why nothing more could be recorded.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Broken {
    /// One clause.
    pub reason: String,
}

/// What a whole recording has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// Inputs.
    pub inputs: u64,
    /// Entries of the journal.
    pub entries: u64,
}
