//! What a report looks at in an entry: the same of an event and of a line of a journal, without a copy of either.

use std::borrow::Cow;

use serde::Deserialize;

use crate::event::{Scalar, StoreEvent};

/// The fields of an entry that most types have. What a type has not is none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    pub(super) seq: u64,
    pub(super) at: &'a str,
    pub(super) cause: &'a str,
    pub(super) event_type: &'a str,
    pub(super) session: Option<u64>,
    pub(super) process: Option<&'a str>,
    pub(super) version: Option<&'a str>,
    pub(super) user_dn: Option<&'a str>,
    pub(super) user: Option<&'a str>,
    pub(super) machine: Option<&'a str>,
    pub(super) client_id: Option<u64>,
    pub(super) group: Option<&'a str>,
    pub(super) generation: Option<u64>,
    pub(super) reason: Option<&'a str>,
    pub(super) refusal: Option<&'a str>,
    /// The item of a block list that decided.
    pub(super) item: Option<&'a str>,
    /// The list that it is of.
    pub(super) list: Option<&'a str>,
}

/// A line of a journal, as far as [`Seen`] goes; everything else is passed over unread.
#[derive(Deserialize)]
pub(super) struct Line<'a> {
    seq: u64,
    #[serde(borrow)]
    at: Cow<'a, str>,
    #[serde(borrow)]
    cause: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    event_type: Cow<'a, str>,
    session: Option<u64>,
    #[serde(borrow, default)]
    process: Option<Text<'a>>,
    #[serde(borrow, default)]
    client_version: Option<Text<'a>>,
    #[serde(borrow, default)]
    user_dn: Option<Text<'a>>,
    #[serde(borrow, default)]
    user: Option<Text<'a>>,
    #[serde(borrow, default)]
    machine: Option<Text<'a>>,
    client_id: Option<u64>,
    #[serde(borrow, default)]
    group: Option<Text<'a>>,
    generation: Option<u64>,
    #[serde(borrow, default)]
    reason: Option<Text<'a>>,
    #[serde(borrow, default)]
    refusal: Option<Text<'a>>,
    #[serde(borrow, default)]
    decision: Option<Decision<'a>>,
}

/// A text that is borrowed where it has no escape in it; serde borrows no `Option<Cow>`.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct Decision<'a> {
    #[serde(borrow, default)]
    list: Option<Text<'a>>,
    #[serde(borrow, default)]
    item: Option<Text<'a>>,
}

impl Line<'_> {
    pub(super) fn seen(&self) -> Seen<'_> {
        let decision = self.decision.as_ref();
        Seen {
            seq: self.seq,
            at: &self.at,
            cause: &self.cause,
            event_type: &self.event_type,
            session: self.session,
            process: text(self.process.as_ref()),
            version: text(self.client_version.as_ref()),
            user_dn: text(self.user_dn.as_ref()),
            user: text(self.user.as_ref()),
            machine: text(self.machine.as_ref()),
            client_id: self.client_id,
            group: text(self.group.as_ref()),
            generation: self.generation,
            reason: text(self.reason.as_ref()),
            refusal: text(self.refusal.as_ref()),
            item: decision.and_then(|decision| text(decision.item.as_ref())),
            list: decision.and_then(|decision| text(decision.list.as_ref())),
        }
    }
}

fn text<'a>(text: Option<&'a Text<'a>>) -> Option<&'a str> {
    text.map(|Text(text)| &**text)
}

impl<'a> From<&'a StoreEvent> for Seen<'a> {
    fn from(event: &'a StoreEvent) -> Self {
        let decision = event.field("decision");
        Self {
            seq: event.seq,
            at: &event.at,
            cause: &event.cause,
            event_type: &event.event_type,
            session: number(event.field("session")),
            process: event.process(),
            version: event.field("client_version").text(),
            user_dn: event.field("user_dn").text(),
            user: event.field("user").text(),
            machine: event.field("machine").text(),
            client_id: number(event.field("client_id")),
            group: event.field("group").text(),
            generation: number(event.field("generation")),
            reason: event.field("reason").text(),
            refusal: event.field("refusal").text(),
            item: decision.field("item").text(),
            list: decision.field("list").text(),
        }
    }
}

/// A count, or a number that something has.
pub(super) fn number(value: &Scalar) -> Option<u64> {
    value.integer().and_then(|number| u64::try_from(number).ok())
}
