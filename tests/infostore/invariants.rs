//! What holds after every call, whatever the history. The numbers are those of the invariants in docs/ARCHITECTURE.md.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use infostore::{
    Counts, Entry, Event, EventKind, Generation, Journal, PolicyMode, Sequence, SessionId,
    SessionIndex, Swept,
};
use policy::Decision;
use proptest::prelude::*;

use super::driver::replayed;
use super::history::{limits, step};
use super::trial::{Done, Trial, blocks};

impl Trial {
    /// What holds after any call, `done` being what it did.
    pub(crate) fn check(&self, done: &Done) {
        self.check_schedule();
        self.check_policy();
        self.check_table();
        self.check_counts();
        self.check_journals();
        self.check_ends(done);
    }

    /// The model knows what is due when, and whether a read is in flight.
    fn check_schedule(&self) {
        assert_eq!(self.whole.store.poll_timeout(), self.model.deadline());
        let reading = 0 < self.model.reads && !self.model.stopped;
        assert_eq!(self.whole.store.schedule().in_flight().is_some(), reading);
        assert!(self.model.stopped || self.whole.reads.len() == usize::from(reading));
    }

    /// Invariant 3, and the policy is the model's. In audit mode the sessions that it forbids are those of which the journal
    /// has said so.
    fn check_policy(&self) {
        let store = &self.whole.store;
        let forbids = |subject| matches!(store.policy().decide(subject), Decision::Forbidden(_));
        let forbidden = store.sessions_after(None).filter(|s| forbids(&s.identity.subject));
        let forbidden: BTreeSet<_> = forbidden.map(|session| session.id.0).collect();
        assert_eq!(forbidden, self.model.told());
        assert_eq!(store.forbidden_count(), forbidden.len());
        let audits = store.settings().policy_mode == PolicyMode::Audit;
        assert_eq!(audits, self.model.audit);
        assert!(audits || forbidden.is_empty(), "{forbidden:?} are forbidden and live");
        let items = store.policy().processes().items().iter();
        let keys: BTreeSet<_> = items.map(|item| item.key().to_owned()).collect();
        assert_eq!(keys, self.model.list);
        assert_eq!(store.is_running(), self.model.open);
    }

    /// The table is the model's, its indexes are unique, and its counts are right.
    fn check_table(&self) {
        let sessions: Vec<_> = self.whole.store.sessions_after(None).collect();
        let ids: Vec<_> = sessions.iter().map(|session| session.id.0).collect();
        let expected: Vec<_> = self.model.sessions.iter().map(|session| session.id).collect();
        assert_eq!(ids, expected);
        for (session, expected) in sessions.iter().zip(&self.model.sessions) {
            let names = session.identity.subject.names().iter();
            let names: Vec<_> = names.map(|name| name.reported().to_owned()).collect();
            assert_eq!(names, expected.names);
        }
        let indexes: BTreeSet<_> = sessions.iter().map(|session| session.index).collect();
        assert_eq!(indexes.len(), sessions.len());
        assert!(!indexes.contains(&SessionIndex(u16::MAX)));
    }

    fn check_counts(&self) {
        let sessions = || self.whole.store.sessions_after(None);
        let subjects = || sessions().map(|session| &session.identity.subject);
        let journal = self.whole.store.journal();
        let total = |of: fn(&Event) -> bool| {
            let count = journal.entries().filter(|entry| of(&entry.event)).count();
            u64::try_from(count).expect("few")
        };
        let recount = Counts {
            sessions: sessions().count(),
            most_sessions: self.most_sessions(),
            unidentified: subjects().filter(|subject| !subject.is_identified()).count(),
            classes: subjects().collect::<BTreeSet<_>>().len(),
            admitted: total(|event| matches!(event, Event::SessionConnected { .. })),
            refused: total(|event| matches!(event, Event::SessionRefused { .. })),
            disconnected: total(|event| matches!(event, Event::SessionDisconnected { .. })),
            would_block: total(|event| matches!(event, Event::SessionWouldBlock { .. })),
        };
        assert_eq!(self.whole.store.counts(), recount);
        let changes = total(|event| matches!(event, Event::PolicyChanged { .. }));
        assert_eq!(self.whole.store.generation(), Generation(changes));
    }

    /// The most sessions at a time since the service started last, by its journal.
    fn most_sessions(&self) -> usize {
        let (mut live, mut most): (usize, usize) = (0, 0);
        for entry in self.whole.store.journal().entries() {
            match entry.event {
                Event::StoreStarted { .. } => most = 0,
                Event::SessionConnected { .. } => live += 1,
                Event::SessionEnded { .. } => live -= 1,
                _ => {}
            }
            most = most.max(live);
        }
        most
    }

    /// Invariant 5, at every cursor that the small journal keeps.
    fn check_journals(&self) {
        let (whole, small) = (self.whole.store.journal(), self.small.store.journal());
        assert_eq!(replayed(whole, whole.cursor().seq), Some(self.whole.image()));
        assert_eq!(replayed(small, small.cursor().seq), Some(self.small.image()));
        assert_eq!(self.whole.image(), self.small.image());
        for entry in small.entries().filter(|e| e.event.kind() != EventKind::JournalTruncated) {
            let Entry { at, cause, event, .. } = entry;
            let same = Entry {
                seq: in_whole(small, entry.seq),
                at: *at,
                cause: *cause,
                event: event.clone(),
            };
            assert_eq!(whole.entry(same.seq), Some(&same));
            check_past(small, entry.seq, whole, same.seq);
        }
        let first = small.first().expect("never empty");
        let evicted = Sequence(first.0.saturating_sub(2));
        assert_eq!(small.past(evicted).is_none(), first.0 > 1);
        assert_eq!(small.evicted(), first.0 - 1);
        self.check_totals();
    }

    /// What has left the journal is counted all the same, and that something has left is said once.
    fn check_totals(&self) {
        let (whole, small) = (self.whole.store.journal(), self.small.store.journal());
        for kind in EventKind::ALL.iter().copied() {
            let kept = whole.entries().filter(|entry| entry.event.kind() == kind).count();
            assert_eq!(whole.total(kind), u64::try_from(kept).expect("few"), "{kind:?}");
            let truncated = kind == EventKind::JournalTruncated && 0 < small.evicted();
            assert_eq!(small.total(kind), whole.total(kind) + u64::from(truncated), "{kind:?}");
        }
    }

    /// Invariant 6, and every entry of a call bears the call's time.
    fn check_ends(&self, done: &Done) {
        let mut disconnected = Vec::new();
        for pair in done.entries.windows(2) {
            if let Event::SessionDisconnected { session, reason, .. } = &pair[0].event {
                let (session, end) = (Arc::clone(session), reason.end());
                assert_eq!(pair[1].event, Event::SessionEnded { session, reason: end });
            }
        }
        for entry in &done.entries {
            assert_eq!(entry.at, self.whole.now);
            if let Event::SessionDisconnected { session, reason, .. } = &entry.event {
                disconnected.push((session.id, reason.clone()));
            }
        }
        assert!(disconnected.is_sorted_by_key(|(id, _)| *id), "{disconnected:?}");
        let dropped = done.dropped.iter().map(|drop| (drop.session, drop.reason.clone()));
        assert_eq!(dropped.collect::<Vec<_>>(), disconnected);
    }

    /// A sweep ends with its totals, and in each mode does one thing alone.
    pub(crate) fn check_sweep(&self, done: &Done) {
        let counts = self.whole.store.counts();
        let totals = Event::EnforcementCompleted {
            generation: self.whole.store.generation(),
            mode: self.whole.store.settings().policy_mode,
            swept: Swept { disconnected: done.dropped.len(), would_block: blocks(done).len() },
            kept: counts.sessions,
            unidentified: counts.unidentified,
        };
        assert_eq!(done.entries.last().map(|entry| &entry.event), Some(&totals));
    }

    /// Each session that ever was has one beginning, and one end unless it lives.
    fn check_lives(&self) {
        let mut lives: BTreeMap<SessionId, (usize, usize)> = BTreeMap::new();
        for entry in self.whole.store.journal().entries() {
            match &entry.event {
                Event::SessionConnected { session, .. } => {
                    lives.entry(session.id).or_default().0 += 1
                }
                Event::SessionEnded { session, .. } => lives.entry(session.id).or_default().1 += 1,
                _ => {}
            }
        }
        for (id, life) in lives {
            let ended = usize::from(self.whole.store.session(id).is_none());
            assert_eq!(life, (1, ended), "{id:?}");
        }
    }
}

/// Where an entry of a journal that forgets stands in one that does not: in the former one more says that it does.
fn in_whole(small: &Journal, seq: Sequence) -> Sequence {
    let said = small.entries().find(|e| e.event.kind() == EventKind::JournalTruncated);
    let before = match said {
        Some(said) => said.seq < seq,
        None => 0 < small.evicted(),
    };
    Sequence(seq.0 - u64::from(before))
}

/// Both show the same past, which is what its sessions say.
fn check_past(small: &Journal, at: Sequence, whole: &Journal, in_whole: Sequence) {
    let (past, same) = (small.past(at).expect("kept"), whole.past(in_whole).expect("kept"));
    let sessions = replayed(small, at).expect("kept");
    assert_eq!(Some(&sessions), replayed(whole, in_whole).as_ref());
    assert_eq!(past.generation(), same.generation());
    assert_eq!(past.session_count(), sessions.len());
    let nameless = sessions.iter().filter(|session| !session.identity.subject.is_identified());
    assert_eq!(past.unidentified(), nameless.count());
    for (place, session) in sessions.iter().enumerate() {
        assert_eq!(past.session(session.id), Some(session));
        let later: Vec<_> = past.sessions_after(Some(session.id)).collect();
        assert_eq!(later, sessions[place + 1..].iter().collect::<Vec<_>>());
    }
    let policies = whole.entries().take_while(|entry| entry.seq <= in_whole);
    let policies = policies.filter(|entry| entry.event.kind() == EventKind::PolicyChanged);
    assert_eq!(past.generation(), Generation(u64::try_from(policies.count()).expect("few")));
}

proptest! {

    #[test]
    fn every_history_keeps_the_invariants_and_agrees_with_the_model(
        limits in limits(),
        small in 1..9_usize,
        held in prop::bool::weighted(0.2),
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let mut trial = Trial::new(limits, small, held);
        for step in &steps {
            trial.take(step);
        }
        trial.check_lives();
    }
}
