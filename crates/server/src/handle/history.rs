//! What a store's journals tell after a place: the present epoch's, that of the epoch before, and those that a store which
//! has stopped leaves behind.

use infostore::{Cursor, Entry, Journal, Sequence};

use super::{StoreHandle, View};
use crate::totals::StoreTotals;

/// What comes after a place in a store's history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Told {
    /// The next entries, without a hole.
    Entries(Vec<Entry>),
    /// Entries are gone. What is left begins after this place.
    Gap(Cursor),
    /// The epoch is over, and every entry of it has been told. The next one begins here.
    Reset(Cursor),
    /// Nothing more has happened yet.
    UpToDate,
    /// Nothing more has happened, and nothing will: the store has stopped.
    Ended,
}

/// The journals of a store: the present epoch's, and that of the epoch before it.
#[derive(Clone, Copy)]
pub(crate) struct Journals<'a> {
    pub(crate) present: &'a Journal,
    pub(crate) retired: Option<&'a Journal>,
}

/// The journals of a store that has stopped, and what it has counted.
#[derive(Debug)]
pub(crate) struct LastJournals {
    pub(crate) present: Journal,
    pub(crate) retired: Option<Journal>,
    pub(crate) totals: StoreTotals,
}

impl Journals<'_> {
    /// At most `limit` entries after `after`, or what is to be said instead.
    pub(crate) fn after(self, after: Cursor, limit: usize) -> Told {
        let Some(journal) = self.of(after) else {
            let oldest = self.retired.filter(|retired| after < retired.cursor());
            return Told::Gap(beginning(oldest.unwrap_or(self.present)));
        };
        let oldest = journal.first().map_or_else(|| journal.cursor().seq, before);
        if after.seq < oldest {
            return Told::Gap(Cursor { seq: oldest, ..after });
        }
        let entries = journal.page(after.seq, limit).map(|page| page.entries).unwrap_or_default();
        if !entries.is_empty() {
            return Told::Entries(entries);
        }
        if after.epoch == self.present.cursor().epoch {
            Told::UpToDate
        } else {
            Told::Reset(beginning(self.present))
        }
    }

    fn of(&self, place: Cursor) -> Option<&Journal> {
        let journals = [Some(self.present), self.retired];
        journals.into_iter().flatten().find(|journal| journal.cursor().epoch == place.epoch)
    }
}

/// Before the first entry of a journal's epoch, whether or not it is kept.
fn beginning(journal: &Journal) -> Cursor {
    Cursor { seq: Sequence(0), ..journal.cursor() }
}

fn before(seq: Sequence) -> Sequence {
    Sequence(seq.0.saturating_sub(1))
}

impl LastJournals {
    fn after(&self, after: Cursor, limit: usize) -> Told {
        let journals = Journals { present: &self.present, retired: self.retired.as_ref() };
        match journals.after(after, limit) {
            Told::UpToDate => Told::Ended,
            told @ (Told::Entries(_) | Told::Gap(_) | Told::Reset(_) | Told::Ended) => told,
        }
    }
}

impl StoreHandle {
    /// At most `limit` entries after `after`, or what is to be said instead. Whoever goes on from there each time is told
    /// every entry that is kept once and in order, through resets and until the last one of a store that stops.
    pub async fn told_after(&self, after: Cursor, limit: usize) -> Told {
        let told = self.ask(move |owner| owner.journals().after(after, limit)).await;
        told.unwrap_or_else(|_stopped| {
            self.last.get().map_or(Told::Ended, |last| last.after(after, limit))
        })
    }

    /// What the store has counted since it was made, also when it has stopped, and what is to be read beside it of one
    /// that has not.
    pub async fn totals_with<T: Send + 'static>(
        &self,
        read: impl FnOnce(View<'_>) -> T + Send + 'static,
    ) -> (StoreTotals, Option<T>) {
        let told = self.look(move |owner| (owner.totals(), Some(read(View { owner })))).await;
        told.unwrap_or_else(|_stopped| (self.last_totals(), None))
    }

    /// What a store had counted when it stopped.
    pub(crate) fn last_totals(&self) -> StoreTotals {
        self.last.get().map(|last| last.totals.clone()).unwrap_or_default()
    }

    /// Whether both are the same store.
    pub fn is(&self, other: &Self) -> bool {
        self.inbox.same_channel(&other.inbox)
    }
}
