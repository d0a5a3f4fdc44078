//! A session reports process names after it was opened (A17): the same decision, and the same end.

use std::sync::Arc;

use clock::SimTime;
use policy::Subject;

use crate::engine::InfoStore;
use crate::event::{BlockTrigger, Cause, Event};
use crate::session::{DisconnectReason, SessionId, SessionRecord};

impl InfoStore {
    /// Takes note of a late auxiliary block. `subject` is what one call made the client known to be; names that another call
    /// brought stay. A session that is forbidden as such is dropped in this call; in audit mode it stays, and the journal says so.
    pub fn observe(&mut self, now: SimTime, session: SessionId, subject: Subject) {
        let Some(row) = self.table.get(session) else {
            return;
        };
        let known = &row.record.identity.subject;
        let subject = known.with_names(subject.names().iter().cloned());
        if *known == subject {
            return;
        }
        let told = self.forbidding(known).is_some();
        let record = Arc::new(identified(&row.record, subject));
        let listed = self.forbidding(&record.identity.subject);
        self.table.replace(Arc::clone(&record));
        let objection = self.objection(&record, listed.as_ref());
        self.journal.record(
            now,
            Cause::Client,
            Event::SessionIdentified {
                session: record,
                kept: objection.is_none(),
                faults: Arc::clone(&self.read_faults),
                listed: objection.is_none() && listed.is_some(),
            },
        );
        match (objection, listed) {
            (Some(reason), _) => self.drop_session(now, Cause::Client, session, reason),
            // It stays since nothing is enforced. That it was listed before has been said.
            (None, Some(why)) if !told => {
                let block = (BlockTrigger::LateName, why, Arc::clone(&self.read_faults));
                self.would_block(now, Cause::Client, session, block);
            }
            (None, Some(_) | None) => {}
        }
    }

    /// Why a session can't stay in the class that it has just joined.
    fn objection(
        &self,
        record: &SessionRecord,
        listed: Option<&Arc<policy::Cause>>,
    ) -> Option<DisconnectReason> {
        let subject = &record.identity.subject;
        let limits = &self.settings.limits;
        if let Some(why) = listed.filter(|_| self.enforces()) {
            return Some(DisconnectReason::Policy(Arc::clone(why)));
        }
        let over = limits.names_per_session < subject.names().len()
            || limits.classes < self.table.class_count();
        over.then_some(DisconnectReason::Limit)
    }
}

fn identified(record: &SessionRecord, subject: Subject) -> SessionRecord {
    let mut record = record.clone();
    record.identity.subject = subject;
    record
}
