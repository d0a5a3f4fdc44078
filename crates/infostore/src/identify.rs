//! A session reports process names after it was opened (A17): the same decision, and the same end.

use std::sync::Arc;

use clock::SimTime;
use policy::{Decision, Subject};

use crate::engine::InfoStore;
use crate::event::{Cause, Event};
use crate::session::{DisconnectReason, SessionId, SessionRecord};

impl InfoStore {
    /// Takes note of a late auxiliary block. `subject` is what one call made the client known to be; names that another call
    /// brought stay. A session that is forbidden as such is dropped in this call.
    pub fn observe(&mut self, now: SimTime, session: SessionId, subject: Subject) {
        let Some(row) = self.table.get(session) else {
            return;
        };
        let known = &row.record.identity.subject;
        let subject = known.with_names(subject.names().iter().cloned());
        if *known == subject {
            return;
        }
        let record = Arc::new(identified(&row.record, subject));
        self.table.replace(Arc::clone(&record));
        let objection = self.objection(&record);
        self.journal.record(
            now,
            Cause::Client,
            Event::SessionIdentified { session: record, kept: objection.is_none() },
        );
        if let Some(reason) = objection {
            self.drop_session(now, Cause::Client, session, reason);
        }
    }

    /// Why a session can't stay in the class that it has just joined.
    fn objection(&self, record: &SessionRecord) -> Option<DisconnectReason> {
        let subject = &record.identity.subject;
        let limits = &self.settings.limits;
        if let Decision::Forbidden(cause) = self.policy.decide(subject) {
            return Some(DisconnectReason::Policy(Arc::new(cause)));
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
