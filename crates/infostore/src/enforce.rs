//! A policy comes into force, and every session that it forbids ends in the same call (S14, S15, A25).

use std::sync::Arc;

use clock::SimTime;
use policy::{Decision, Policy};

use crate::engine::{Effect, InfoStore};
use crate::event::{Cause, Event};
use crate::session::{DisconnectReason, EndReason, Generation, SessionId};

impl InfoStore {
    /// Puts `policy` in force. Equal rules change nothing, however their text is spelt (A23). The sessions dropped are
    /// counted.
    pub(crate) fn publish(&mut self, now: SimTime, cause: Cause, policy: Policy) -> Option<usize> {
        if self.policy.same_rules(&policy) {
            self.policy = policy;
            return None;
        }
        self.generation = Generation(self.generation.0.saturating_add(1));
        let change = policy::compare(&self.policy, &policy);
        // INVARIANT: the new policy is in force before the sweep begins, so nobody is admitted under the old one.
        self.policy = policy;
        let event = Event::PolicyChanged { generation: self.generation, change };
        self.journal.record(now, cause, event);
        Some(self.sweep(now, cause))
    }

    /// Drops every session that the policy in force forbids, in session order.
    fn sweep(&mut self, now: SimTime, cause: Cause) -> usize {
        let forbidden = self.forbidden(&self.policy);
        let disconnected = forbidden.len();
        for (id, why) in forbidden {
            self.drop_session(now, cause, id, DisconnectReason::Policy(why));
        }
        let event = Event::EnforcementCompleted {
            generation: self.generation,
            disconnected,
            kept: self.table.len(),
            unidentified: self.table.unidentified(),
        };
        self.journal.record(now, cause, event);
        disconnected
    }

    /// The sessions that a policy forbids, in session order. The cost follows the classes and these sessions.
    pub(crate) fn forbidden(&self, policy: &Policy) -> Vec<(SessionId, Arc<policy::Cause>)> {
        let mut forbidden = Vec::new();
        for (subject, sessions) in self.table.classes() {
            if let Decision::Forbidden(cause) = policy.decide(subject) {
                let cause = Arc::new(cause);
                forbidden.extend(sessions.iter().map(|id| (*id, Arc::clone(&cause))));
            }
        }
        forbidden.sort_unstable_by_key(|(id, _)| *id);
        forbidden
    }

    /// Ends a session on the store's behalf.
    pub(crate) fn drop_session(
        &mut self,
        now: SimTime,
        cause: Cause,
        id: SessionId,
        reason: DisconnectReason,
    ) {
        let Some(row) = self.table.remove(id) else {
            return;
        };
        let session = row.record;
        let end = reason.end();
        let disconnected = Event::SessionDisconnected {
            session: Arc::clone(&session),
            reason: reason.clone(),
            generation: self.generation,
        };
        self.journal.record(now, cause, disconnected);
        self.journal.record(now, cause, Event::SessionEnded { session, reason: end });
        self.totals.disconnected = self.totals.disconnected.saturating_add(1);
        self.effects.push_back(Effect::DropSession {
            session: id,
            association: row.association,
            reason,
        });
    }

    /// Takes note that a client ended its session: EcDoDisconnect.
    pub fn handle_disconnect(&mut self, now: SimTime, id: SessionId) {
        self.handle_end(now, Cause::Client, id, EndReason::Client);
    }

    /// Takes note that the last connection of a session's group is closed: rundown.
    pub fn handle_rundown(&mut self, now: SimTime, id: SessionId) {
        self.handle_end(now, Cause::Transport, id, EndReason::Transport);
    }

    fn handle_end(&mut self, now: SimTime, cause: Cause, id: SessionId, reason: EndReason) {
        let Some(row) = self.table.remove(id) else {
            return;
        };
        self.journal.record(now, cause, Event::SessionEnded { session: row.record, reason });
    }
}
