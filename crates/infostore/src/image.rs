//! The engine as it was at some moment, to go on from there in a later epoch.

use std::collections::VecDeque;
use std::sync::Arc;

use clock::SimTime;

use crate::engine::InfoStore;
use crate::event::{Cause, Event};
use crate::journal::{Cursor, Epoch, Journal};
use crate::past::Checkpoint;
use crate::session::SessionRecord;
use crate::table::Row;

/// A snapshot's ordinal in its store, from 1; never used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SnapshotId(pub u64);

/// Where an epoch that is no beginning comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Restoration {
    /// The snapshot that was restored.
    pub snapshot: SnapshotId,
    /// Its name.
    pub name: Option<String>,
    /// Where the journal stood when it was taken.
    pub taken_at: Cursor,
}

/// The engine as it was at some moment, without its journal. Nothing that happens later changes it.
#[derive(Debug)]
pub struct EngineImage(InfoStore);

impl InfoStore {
    /// The engine as it is. Take it when every effect has been performed: those that are waiting are no part of it.
    pub fn image(&self) -> EngineImage {
        let Cursor { epoch, .. } = self.journal.cursor();
        EngineImage(self.with_journal(Journal::new(epoch, self.settings.limits.journal_capacity())))
    }

    /// The engine as it was, in a new epoch: the journal's checkpoint is the sessions of then, and its first entry says what
    /// was restored. `now` is the store time of then or later.
    pub fn restore(
        image: &EngineImage,
        epoch: Epoch,
        now: SimTime,
        restoration: Restoration,
    ) -> Self {
        let EngineImage(engine) = image;
        let capacity = engine.settings.limits.journal_capacity();
        let journal = Journal::beginning_with(epoch, capacity, engine.checkpoint());
        let mut store = engine.with_journal(journal);
        store.journal.record(now, Cause::Control, Event::StoreRestored(restoration));
        store
    }

    fn checkpoint(&self) -> Checkpoint {
        let records = self.table.rows_after(None).map(|row| Arc::clone(&row.record));
        Checkpoint::new(records, self.generation)
    }

    /// The same engine with another journal. Every field is named, so that none that is added is forgotten.
    fn with_journal(&self, journal: Journal) -> Self {
        let Self {
            settings,
            phase,
            policy,
            generation,
            table,
            last_session,
            schedule,
            running,
            watched,
            read_faults,
            polls,
            polls_bytes,
            journal: _,
            effects: _,
            totals,
        } = self;
        Self {
            settings: settings.clone(),
            phase: *phase,
            policy: policy.clone(),
            generation: *generation,
            table: table.clone(),
            last_session: *last_session,
            schedule: schedule.clone(),
            running: *running,
            watched: watched.clone(),
            read_faults: Arc::clone(read_faults),
            polls: polls.clone(),
            polls_bytes: *polls_bytes,
            journal,
            effects: VecDeque::new(),
            totals: *totals,
        }
    }
}

impl EngineImage {
    /// The engine, to be asked; it is never told anything.
    pub fn engine(&self) -> &InfoStore {
        &self.0
    }

    /// Bytes that it keeps, about: what clients and administrators choose the length of, and a constant for each.
    pub fn weight(&self) -> usize {
        let sessions = self.0.table.rows_after(None).map(|row| weight(&row.record));
        sessions.fold(self.0.polls_bytes, usize::saturating_add)
    }
}

/// A session is in the table by its id, its class and its index.
fn weight(record: &SessionRecord) -> usize {
    record.identity.weight().saturating_add(size_of::<Row>().saturating_mul(2))
}
