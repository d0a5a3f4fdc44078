//! The journal: every entry in order, bounded, with a checkpoint that keeps it replayable.

use std::collections::VecDeque;

use clock::SimTime;

use crate::event::{Cause, Entry, Event};
use crate::event_kind::EventKind;
use crate::past::{Checkpoint, Past};
use crate::tally::Tally;

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
/// that the checkpoint is always the store just before the oldest entry kept.
#[derive(Clone, Debug)]
pub struct Journal {
    epoch: Epoch,
    capacity: Capacity,
    entries: VecDeque<Entry>,
    /// What the entries weigh.
    bytes: usize,
    last: Sequence,
    /// Sums over all that there were, kept or not.
    tally: Tally,
    checkpoint: Checkpoint,
}

impl Journal {
    /// An empty journal of a store without a session.
    pub(crate) fn new(epoch: Epoch, capacity: Capacity) -> Self {
        Self::beginning_with(epoch, capacity, Checkpoint::default())
    }

    /// An empty journal of a store that begins like this.
    pub(crate) fn beginning_with(epoch: Epoch, capacity: Capacity, checkpoint: Checkpoint) -> Self {
        Self {
            epoch,
            capacity,
            entries: VecDeque::new(),
            bytes: 0,
            last: Sequence(0),
            tally: Tally::default(),
            checkpoint,
        }
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

    /// How many entries of a kind there were in this epoch, kept or not.
    pub fn total(&self, kind: EventKind) -> u64 {
        self.tally.events(kind)
    }

    /// Sums over the entries of this epoch, kept or not.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Entries that have left, oldest first.
    pub fn evicted(&self) -> u64 {
        self.first().map_or(0, |first| first.0.saturating_sub(1))
    }

    /// Bytes that the entries kept weigh, about.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The store as the checkpoint and the entries up to `seq` give it; `None` when `seq` has left the journal, or lies ahead.
    pub fn past(&self, seq: Sequence) -> Option<Past<'_>> {
        if seq.0 < self.evicted() || self.last < seq {
            return None;
        }
        Some(Past::new(&self.checkpoint, self.entries.iter().take_while(|entry| entry.seq <= seq)))
    }

    /// The first entry that makes another leave is preceded by one that says so.
    pub(crate) fn record(&mut self, at: SimTime, cause: Cause, event: Event) {
        let bytes = self.bytes.saturating_add(event.weight());
        if self.evicted() == 0 && self.capacity.is_exceeded(&self.entries, bytes) {
            let Capacity { entries, bytes } = self.capacity;
            self.push(at, cause, Event::JournalTruncated { entries, bytes });
        }
        self.push(at, cause, event);
    }

    fn push(&mut self, at: SimTime, cause: Cause, event: Event) {
        let weight = event.weight();
        while self.capacity.is_exceeded(&self.entries, self.bytes.saturating_add(weight)) {
            self.evict();
        }
        self.bytes = self.bytes.saturating_add(weight);
        self.last = Sequence(self.last.0.saturating_add(1));
        self.tally.count(&event);
        self.entries.push_back(Entry { seq: self.last, at, cause, event });
    }

    fn evict(&mut self) {
        if let Some(entry) = self.entries.pop_front() {
            self.bytes = self.bytes.saturating_sub(entry.event.weight());
            self.checkpoint.apply(&entry.event);
            self.tally.count_evicted();
        }
    }
}
