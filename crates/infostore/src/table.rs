//! The session table: sessions by id, and by class.
//!
//! Identical subjects (process names and version) are one class: a policy change decides once for each class and visits
//! the sessions of those that it forbids, never all of them. Peers choose the names, so classes live in an ordered map,
//! which no choice of names makes slow, they are freed with their last session, and there is a limit to their number.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use policy::Subject;

use crate::session::{
    AssociationRef, SessionId, SessionIndex, SessionLink, SessionRecord, TimeStamp,
};

/// The live sessions.
#[derive(Clone, Debug, Default)]
pub(crate) struct SessionTable {
    sessions: BTreeMap<SessionId, Row>,
    classes: BTreeMap<Subject, BTreeSet<SessionId>>,
    by_index: BTreeSet<(SessionIndex, SessionId)>,
    unidentified: usize,
    indexes: IndexPool,
}

/// A live session.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) record: Arc<SessionRecord>,
    pub(crate) association: AssociationRef,
}

impl SessionTable {
    pub(crate) fn len(&self) -> usize {
        self.sessions.len()
    }

    pub(crate) fn class_count(&self) -> usize {
        self.classes.len()
    }

    pub(crate) fn unidentified(&self) -> usize {
        self.unidentified
    }

    pub(crate) fn has_class(&self, subject: &Subject) -> bool {
        self.classes.contains_key(subject)
    }

    pub(crate) fn classes(&self) -> impl Iterator<Item = (&Subject, &BTreeSet<SessionId>)> {
        self.classes.iter()
    }

    pub(crate) fn get(&self, id: SessionId) -> Option<&Row> {
        self.sessions.get(&id)
    }

    /// The rows after `after` in session order.
    pub(crate) fn rows_after(&self, after: Option<SessionId>) -> impl Iterator<Item = &Row> {
        let from = after.map_or(core::ops::Bound::Unbounded, core::ops::Bound::Excluded);
        self.sessions.range((from, core::ops::Bound::Unbounded)).map(|(_, row)| row)
    }

    pub(crate) fn ids(&self) -> Vec<SessionId> {
        self.sessions.keys().copied().collect()
    }

    /// Takes the next free 16-bit index.
    pub(crate) fn take_index(&mut self) -> SessionIndex {
        self.indexes.take()
    }

    /// The session that `link` means. Where several share an index and a stamp, it is one of the same association group
    /// if there is one, and the oldest.
    pub(crate) fn linked(
        &self,
        link: SessionLink,
        association: AssociationRef,
    ) -> Option<SessionId> {
        let all = (link.index, SessionId(0))..=(link.index, SessionId(u64::MAX));
        let rows = self.by_index.range(all).filter_map(|(_, id)| self.sessions.get(id));
        let stamped = rows.filter(|row| TimeStamp::of(row.record.connected_at) == link.time_stamp);
        let best = stamped.min_by_key(|row| row.association.group != association.group);
        best.map(|row| row.record.id)
    }

    pub(crate) fn insert(&mut self, row: Row) {
        self.join_class(&row.record);
        self.by_index.insert((row.record.index, row.record.id));
        self.sessions.insert(row.record.id, row);
    }

    pub(crate) fn remove(&mut self, id: SessionId) -> Option<Row> {
        let row = self.sessions.remove(&id)?;
        self.leave_class(&row.record);
        self.by_index.remove(&(row.record.index, id));
        self.indexes.free(row.record.index);
        Some(row)
    }

    /// Puts a record in the place of the one with the same id; nothing happens when there is none.
    pub(crate) fn replace(&mut self, record: Arc<SessionRecord>) {
        let Some(row) = self.sessions.get_mut(&record.id) else {
            return;
        };
        let old = core::mem::replace(&mut row.record, Arc::clone(&record));
        self.leave_class(&old);
        self.join_class(&record);
    }

    fn join_class(&mut self, record: &SessionRecord) {
        let subject = &record.identity.subject;
        if !subject.is_identified() {
            self.unidentified = self.unidentified.saturating_add(1);
        }
        match self.classes.get_mut(subject) {
            Some(class) => drop(class.insert(record.id)),
            None => drop(self.classes.insert(subject.clone(), BTreeSet::from([record.id]))),
        }
    }

    fn leave_class(&mut self, record: &SessionRecord) {
        let subject = &record.identity.subject;
        if !subject.is_identified() {
            self.unidentified = self.unidentified.saturating_sub(1);
        }
        let Some(class) = self.classes.get_mut(subject) else {
            return;
        };
        class.remove(&record.id);
        if class.is_empty() {
            self.classes.remove(subject);
        }
    }
}

/// Session indexes. They are unique up to 65,535 sessions, and one that was given back rests as long as possible; above that
/// an index is shared, and a client is told apart by its group and time stamp (\[MS-OXCRPC\] 3.1.4.1 wants one per server, and
/// has 16 bits for it).
#[derive(Clone, Debug, Default)]
struct IndexPool {
    /// The first that was never used; FFFFh, which stands for "none" in the protocol, when all were.
    fresh: u16,
    released: VecDeque<u16>,
    /// How many sessions an index has besides its first.
    shared: BTreeMap<u16, u32>,
    next_shared: u16,
}

impl IndexPool {
    fn take(&mut self) -> SessionIndex {
        if self.fresh < u16::MAX {
            let index = self.fresh;
            self.fresh = index.saturating_add(1);
            return SessionIndex(index);
        }
        SessionIndex(self.released.pop_front().unwrap_or_else(|| self.share()))
    }

    fn share(&mut self) -> u16 {
        let index = self.next_shared;
        self.next_shared = match index.wrapping_add(1) {
            u16::MAX => 0,
            next => next,
        };
        let sharers = self.shared.entry(index).or_insert(0);
        *sharers = sharers.saturating_add(1);
        index
    }

    fn free(&mut self, SessionIndex(index): SessionIndex) {
        match self.shared.get_mut(&index) {
            None => self.released.push_back(index),
            Some(1) => drop(self.shared.remove(&index)),
            Some(sharers) => *sharers = sharers.saturating_sub(1),
        }
    }
}
