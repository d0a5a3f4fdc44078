//! What a stream of events is made of: entries, each written once and shared by all who are sent it, and notices about the
//! stream itself.

use std::sync::OnceLock;

use axum::body::Bytes;
use infostore::{Cursor, Entry, Epoch};
use serde::Serialize;
use utoipa::ToSchema;

use crate::event_fields::EventText;
use crate::scalars::CursorText;

/// How a stream is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Format {
    /// Server-sent events (WHATWG HTML 9.2).
    Sse,
    /// A JSON object a line.
    Ndjson,
}

/// Consecutive entries of one epoch, as server-sent events and, once somebody wants them, as lines.
pub(crate) struct Block {
    epoch: Epoch,
    entries: Vec<Entry>,
    events: Written,
    lines: OnceLock<Written>,
}

/// What entries come to, one after another.
struct Written {
    bytes: Bytes,
    /// Where each entry's part ends.
    ends: Vec<usize>,
}

impl Block {
    /// Writes entries of an epoch. There is at least one.
    pub(crate) fn new(epoch: Epoch, entries: Vec<Entry>) -> Self {
        let events = Written::new(&entries, |text, entry| {
            let id = CursorText(Cursor { epoch, seq: entry.seq });
            text.extend_from_slice(format!("id: {id}\ndata: ").as_bytes());
            push_line(text, entry);
            text.push(b'\n');
        });
        Self { epoch, entries, events, lines: OnceLock::new() }
    }

    /// The place of the last entry.
    pub(crate) fn end(&self) -> Option<Cursor> {
        let seq = self.entries.last()?.seq;
        Some(Cursor { epoch: self.epoch, seq })
    }

    /// Bytes that it takes, about.
    pub(crate) fn weight(&self) -> usize {
        self.events.bytes.len().saturating_mul(2)
    }

    /// The entries after a place that are wanted, or none.
    pub(crate) fn after(
        &self,
        place: Cursor,
        format: Format,
        wanted: impl Fn(&Entry) -> bool,
    ) -> Option<Bytes> {
        let seen = |entry: &Entry| Cursor { epoch: self.epoch, seq: entry.seq } <= place;
        let first = self.entries.partition_point(seen);
        let written = self.written(format);
        let mut runs = Vec::new();
        for (index, entry) in self.entries.iter().enumerate().skip(first) {
            if wanted(entry) {
                add(&mut runs, written.part(index));
            }
        }
        match runs.as_slice() {
            [] => None,
            [(from, to)] => Some(written.bytes.slice(from..to)),
            _ => Some(runs.iter().flat_map(|(from, to)| written.bytes.slice(from..to)).collect()),
        }
    }

    /// How many entries after a place are wanted.
    pub(crate) fn count_after(&self, place: Cursor, wanted: impl Fn(&Entry) -> bool) -> usize {
        let after = |entry: &&Entry| place < Cursor { epoch: self.epoch, seq: entry.seq };
        self.entries.iter().filter(after).filter(|entry| wanted(entry)).count()
    }

    fn written(&self, format: Format) -> &Written {
        match format {
            Format::Sse => &self.events,
            Format::Ndjson => self.lines.get_or_init(|| self.as_lines()),
        }
    }

    /// The same text again, without what makes it server-sent events.
    fn as_lines(&self) -> Written {
        const DATA: &[u8] = b"\ndata: ";
        let mut index = 0_usize;
        Written::new(&self.entries, |text, _| {
            let (from, to) = self.events.part(index);
            let event = self.events.bytes.slice(from..to);
            let data = event.windows(DATA.len()).position(|window| window == DATA);
            let line = data.map_or(0, |at| at.saturating_add(DATA.len()));
            // Of the two line ends one stays.
            text.extend(event.iter().take(event.len().saturating_sub(1)).skip(line));
            index = index.saturating_add(1);
        })
    }
}

impl Written {
    fn new(entries: &[Entry], mut write: impl FnMut(&mut Vec<u8>, &Entry)) -> Self {
        let mut bytes = Vec::new();
        let ends = entries.iter().map(|entry| {
            write(&mut bytes, entry);
            bytes.len()
        });
        let ends = ends.collect();
        Self { bytes: bytes.into(), ends }
    }

    fn part(&self, index: usize) -> (usize, usize) {
        let end = |index: usize| self.ends.get(index).copied().unwrap_or_default();
        (index.checked_sub(1).map_or(0, end), end(index))
    }
}

/// Adds a part to those before it; one that follows the last at once makes it longer.
fn add(runs: &mut Vec<(usize, usize)>, (from, to): (usize, usize)) {
    match runs.last_mut() {
        Some((_, end)) if *end == from => *end = to,
        Some(_) | None => runs.push((from, to)),
    }
}

#[expect(
    clippy::expect_used,
    reason = "INVARIANT: the structures have text keys and no writer that fails"
)]
fn push_line(text: &mut Vec<u8>, entry: &Entry) {
    serde_json::to_writer(&mut *text, &EventText::from(entry)).expect("an event can be written");
    text.push(b'\n');
}

/// What is said of the stream itself: an event of this name as server-sent events, a line whose `type` begins with `stream.`
/// as lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Notice {
    /// Nothing has happened for a while, but for what was not asked for.
    Heartbeat,
    /// Entries are gone that were not sent.
    Gap,
    /// A new epoch begins.
    Reset,
    /// The reader takes less than happens, and the stream ends.
    Slow,
    /// The stream ends, since there is nothing more to come.
    End(EndReason),
}

/// Why there is nothing more to come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EndReason {
    /// The store has stopped or was deleted.
    StoreStopped,
    /// The server shuts down.
    Shutdown,
}

/// A notice as JSON.
#[derive(Serialize, ToSchema)]
#[schema(as = StreamNotice)]
pub(crate) struct NoticeText {
    /// `stream.gap`, `stream.reset`, `stream.slow`, `stream.end`, and in lines `stream.heartbeat`.
    #[schema(example = "stream.gap")]
    r#type: &'static str,
    /// The place to resume after.
    cursor: CursorText,
    /// Where what is left begins: entries between what was sent before and here are gone. Of a gap alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_available: Option<CursorText>,
    /// Why the stream ends. Of an end alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<EndReason>,
}

impl Notice {
    /// The notice with the place to resume after.
    #[expect(
        clippy::expect_used,
        reason = "INVARIANT: the structure has text keys and no writer that fails"
    )]
    pub(crate) fn write(self, cursor: Cursor, format: Format) -> Bytes {
        let cursor = CursorText(cursor);
        let (name, r#type) = self.names();
        if format == Format::Sse && self == Self::Heartbeat {
            // A comment; the id moves without an event.
            return format!(": nothing new\nid: {cursor}\n\n").into();
        }
        let text = NoticeText {
            r#type,
            cursor,
            first_available: (self == Self::Gap).then_some(cursor),
            reason: match self {
                Self::End(reason) => Some(reason),
                Self::Heartbeat | Self::Gap | Self::Reset | Self::Slow => None,
            },
        };
        let json = serde_json::to_string(&text).expect("a notice can be written");
        match format {
            Format::Sse => format!("event: {name}\nid: {cursor}\ndata: {json}\n\n").into(),
            Format::Ndjson => format!("{json}\n").into(),
        }
    }

    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Heartbeat => ("heartbeat", "stream.heartbeat"),
            Self::Gap => ("gap", "stream.gap"),
            Self::Reset => ("reset", "stream.reset"),
            Self::Slow => ("slow", "stream.slow"),
            Self::End(_) => ("end", "stream.end"),
        }
    }
}
