//! The store as it was at an earlier place of its journal: the live sessions, and the policy that was in force.

use core::ops::Bound;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::event::{Entry, Event};
use crate::session::{Generation, SessionId, SessionRecord};

/// The store just before the oldest entry that a journal keeps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Checkpoint {
    sessions: BTreeMap<SessionId, Arc<SessionRecord>>,
    unidentified: usize,
    generation: Generation,
}

impl Checkpoint {
    pub(crate) fn new(
        sessions: impl Iterator<Item = Arc<SessionRecord>>,
        generation: Generation,
    ) -> Self {
        let sessions: BTreeMap<_, _> = sessions.map(|session| (session.id, session)).collect();
        let unidentified = sessions.values().filter(|session| is_unidentified(session)).count();
        Self { sessions, unidentified, generation }
    }

    pub(crate) fn apply(&mut self, event: &Event) {
        self.generation = generation(event).unwrap_or(self.generation);
        let Some((id, session)) = event.effect_on_table() else {
            return;
        };
        let before = match session {
            Some(session) => self.sessions.insert(id, Arc::clone(session)),
            None => self.sessions.remove(&id),
        };
        self.unidentified = self
            .unidentified
            .saturating_add(usize::from(session.is_some_and(is_unidentified)))
            .saturating_sub(usize::from(before.as_ref().is_some_and(is_unidentified)));
    }
}

/// The store as it was. Making one costs as much as the entries between the checkpoint and that place; it copies no session.
#[derive(Clone, Debug)]
pub struct Past<'a> {
    checkpoint: &'a Checkpoint,
    /// The sessions of which the entries since tell: as they were, or none where they had ended.
    changed: BTreeMap<SessionId, Option<&'a Arc<SessionRecord>>>,
    session_count: usize,
    unidentified: usize,
    generation: Generation,
}

impl<'a> Past<'a> {
    pub(crate) fn new(
        checkpoint: &'a Checkpoint,
        entries: impl Iterator<Item = &'a Entry>,
    ) -> Self {
        let (mut changed, mut in_force) = (BTreeMap::new(), checkpoint.generation);
        for Entry { event, .. } in entries {
            in_force = generation(event).unwrap_or(in_force);
            changed.extend(event.effect_on_table());
        }
        let before = || changed.keys().filter_map(|id| checkpoint.sessions.get(id));
        let after = || changed.values().copied().flatten();
        let unidentified_after = after().filter(|session| is_unidentified(session)).count();
        let unidentified_before = before().filter(|session| is_unidentified(session)).count();
        let live = checkpoint.sessions.len().saturating_add(after().count());
        let unidentified = checkpoint.unidentified.saturating_add(unidentified_after);
        Self {
            session_count: live.saturating_sub(before().count()),
            unidentified: unidentified.saturating_sub(unidentified_before),
            generation: in_force,
            checkpoint,
            changed,
        }
    }

    /// How many sessions were live.
    pub fn session_count(&self) -> usize {
        self.session_count
    }

    /// Live sessions that had no process name.
    pub fn unidentified(&self) -> usize {
        self.unidentified
    }

    /// The policy that was in force.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// A session that was live.
    pub fn session(&self, id: SessionId) -> Option<&Arc<SessionRecord>> {
        match self.changed.get(&id) {
            Some(changed) => *changed,
            None => self.checkpoint.sessions.get(&id),
        }
    }

    /// The sessions after `after` that were live, in session order.
    pub fn sessions_after(
        &self,
        after: Option<SessionId>,
    ) -> impl Iterator<Item = &Arc<SessionRecord>> {
        let range = (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        let unchanged = self.checkpoint.sessions.range(range);
        let mut unchanged = unchanged.filter(|(id, _)| !self.changed.contains_key(id)).peekable();
        let changed = self.changed.range(range);
        let mut changed = changed.filter_map(|(id, session)| Some((id, (*session)?))).peekable();
        let next = move || match (unchanged.peek(), changed.peek()) {
            (Some((one, _)), Some((other, _))) if other < one => changed.next(),
            (None, Some(_)) => changed.next(),
            (Some(_) | None, Some(_) | None) => unchanged.next(),
        };
        core::iter::from_fn(next).map(|(_, session)| session)
    }
}

/// The policy that an event brings into force.
fn generation(event: &Event) -> Option<Generation> {
    if let Event::PolicyChanged { generation, .. } = event { Some(*generation) } else { None }
}

fn is_unidentified(session: &Arc<SessionRecord>) -> bool {
    !session.identity.subject.is_identified()
}
