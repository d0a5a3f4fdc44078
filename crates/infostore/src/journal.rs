//! The journal: every entry in order, bounded, with a checkpoint that keeps it replayable.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use clock::SimTime;

use crate::event::{Cause, Entry, Event};
use crate::session::{SessionId, SessionRecord};

/// A run of the store's history: a reset begins a new one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Epoch(pub u64);

/// An entry's place in its epoch, from 1 without gaps; 0 is before the first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Sequence(pub u64);

/// A place in the store's history: up to and with entry `seq` of `epoch`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Cursor {
    /// The run.
    pub epoch: Epoch,
    /// The last entry that is included.
    pub seq: Sequence,
}

impl Cursor {
    /// Before the first entry of the first epoch.
    pub const START: Self = Self { epoch: Epoch(1), seq: Sequence(0) };
}

/// The live sessions at some point of the journal.
pub type SessionImage = BTreeMap<SessionId, Arc<SessionRecord>>;

/// Entries after some place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JournalPage {
    /// The entries, in order.
    pub entries: Vec<Entry>,
    /// Whether there are more.
    pub more: bool,
}

/// How much a journal keeps: the oldest entries leave when there are more, or when they weigh more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Capacity {
    pub(crate) entries: usize,
    pub(crate) bytes: usize,
}

impl Capacity {
    /// Whether an entry more, `bytes` with it, asks for the oldest to leave. The newest is always kept.
    fn is_exceeded(self, entries: &VecDeque<Entry>, bytes: usize) -> bool {
        !entries.is_empty() && (self.entries <= entries.len() || self.bytes < bytes)
    }
}

/// The journal of one store. It keeps what its capacity allows; before one is evicted it is applied to the checkpoint, so
/// that the checkpoint is always the session table just before the oldest entry kept.
#[derive(Clone, Debug)]
pub struct Journal {
    epoch: Epoch,
    capacity: Capacity,
    entries: VecDeque<Entry>,
    /// What the entries weigh.
    bytes: usize,
    last: Sequence,
    checkpoint: SessionImage,
}

impl Journal {
    /// An empty journal of a store without a session.
    pub(crate) fn new(epoch: Epoch, capacity: Capacity) -> Self {
        Self::beginning_with(epoch, capacity, SessionImage::new())
    }

    /// An empty journal of a store that begins with these sessions.
    pub(crate) fn beginning_with(
        epoch: Epoch,
        capacity: Capacity,
        checkpoint: SessionImage,
    ) -> Self {
        Self { epoch, capacity, entries: VecDeque::new(), bytes: 0, last: Sequence(0), checkpoint }
    }

    /// The place after the newest entry.
    pub fn cursor(&self) -> Cursor {
        Cursor { epoch: self.epoch, seq: self.last }
    }

    /// The entries kept, oldest first.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator {
        self.entries.iter()
    }

    /// The entries kept after `after`, oldest first: when entries after it have been evicted, those that are left.
    pub fn entries_after(&self, after: Sequence) -> impl Iterator<Item = &Entry> {
        let oldest = self.first().map_or(0, |first| first.0.saturating_sub(1));
        let skip = usize::try_from(after.0.saturating_sub(oldest)).unwrap_or(usize::MAX);
        self.entries.iter().skip(skip)
    }

    /// The oldest entry kept.
    pub fn first(&self) -> Option<Sequence> {
        self.entries.front().map(|entry| entry.seq)
    }

    /// At most `limit` entries after `after`; `None` when entries after it have been evicted already.
    pub fn page(&self, after: Sequence, limit: usize) -> Option<JournalPage> {
        let first = self.first().unwrap_or(Sequence(1));
        let skip = usize::try_from(after.0.checked_add(1)?.checked_sub(first.0)?).ok()?;
        let entries = self.entries.iter().skip(skip).take(limit).cloned().collect();
        let more = skip.saturating_add(limit) < self.entries.len();
        Some(JournalPage { entries, more })
    }

    /// The entry `seq`, when it is kept.
    pub fn entry(&self, seq: Sequence) -> Option<&Entry> {
        let index = seq.0.checked_sub(self.first()?.0)?;
        self.entries.get(usize::try_from(index).ok()?)
    }

    /// The session table as the checkpoint and the entries up to `seq` give it; `None` when `seq` has left the journal.
    pub fn replay(&self, seq: Sequence) -> Option<SessionImage> {
        let before_first = self.first().map_or(self.last.0, |first| first.0.saturating_sub(1));
        if seq.0 < before_first || self.last < seq {
            return None;
        }
        let mut image = self.checkpoint.clone();
        for entry in self.entries.iter().take_while(|entry| entry.seq <= seq) {
            apply(&mut image, &entry.event);
        }
        Some(image)
    }

    pub(crate) fn record(&mut self, at: SimTime, cause: Cause, event: Event) {
        let weight = event.weight();
        while self.capacity.is_exceeded(&self.entries, self.bytes.saturating_add(weight)) {
            self.evict();
        }
        self.bytes = self.bytes.saturating_add(weight);
        self.last = Sequence(self.last.0.saturating_add(1));
        self.entries.push_back(Entry { seq: self.last, at, cause, event });
    }

    fn evict(&mut self) {
        if let Some(entry) = self.entries.pop_front() {
            self.bytes = self.bytes.saturating_sub(entry.event.weight());
            apply(&mut self.checkpoint, &entry.event);
        }
    }
}

fn apply(image: &mut SessionImage, event: &Event) {
    match event.effect_on_table() {
        Some((id, Some(session))) => {
            image.insert(id, Arc::clone(session));
        }
        Some((id, None)) => {
            image.remove(&id);
        }
        None => {}
    }
}
