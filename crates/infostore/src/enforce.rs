//! A policy comes into force, and every session that it forbids ends in the same call (S14, S15, A25). In audit mode it
//! stays, and the journal says that it would have ended.

use std::sync::Arc;

use clock::SimTime;
use policy::{Decision, Policy, Subject};
use registry_poll::FaultId;

use crate::engine::{Effect, InfoStore};
use crate::event::{BlockTrigger, Cause, Event, Swept};
use crate::session::{DisconnectReason, EndReason, Generation, SessionId};
use crate::settings::PolicyMode;

/// That a session is forbidden, and not acted on: what brought it up, why, and the fault rules in play.
pub(crate) type Block = (BlockTrigger, Arc<policy::Cause>, Arc<[FaultId]>);

/// A session that a policy forbids, and why.
pub(crate) type Forbidden = (SessionId, Arc<policy::Cause>);

impl InfoStore {
    /// Puts `policy` in force. Equal rules change nothing, however their text is spelt (A23). Says what the sweep did; none
    /// when there was none.
    pub(crate) fn publish(&mut self, now: SimTime, cause: Cause, policy: Policy) -> Option<Swept> {
        if self.policy.same_rules(&policy) {
            self.policy = policy;
            return None;
        }
        self.generation = Generation(self.generation.0.saturating_add(1));
        let change = policy::compare(&self.policy, &policy);
        // INVARIANT: the new policy is in force before the sweep begins, so nobody is admitted under the old one.
        let before = core::mem::replace(&mut self.policy, policy);
        let event = Event::PolicyChanged { generation: self.generation, change };
        self.journal.record(now, cause, event);
        Some(self.sweep(now, cause, &before))
    }

    /// Acts on the policy or stops doing so. Whom it has cut off does not come back; whom it only would have cut off goes
    /// when it is enforced again, in this call.
    pub(crate) fn set_policy_mode(&mut self, now: SimTime, cause: Cause, mode: PolicyMode) {
        let from = core::mem::replace(&mut self.settings.policy_mode, mode);
        if from == mode {
            return;
        }
        let event = Event::PolicyModeChanged { mode, generation: self.generation };
        self.journal.record(now, cause, event);
        match mode {
            PolicyMode::Enforce => drop(self.enforce(now, cause)),
            // INVARIANT: while the policy was enforced no session was forbidden, so there is none to tell of.
            PolicyMode::Audit => {}
        }
    }

    /// Sessions that the policy in force forbids: none while it is enforced.
    pub fn forbidden_count(&self) -> usize {
        let forbids = |subject| matches!(self.policy.decide(subject), Decision::Forbidden(_));
        let forbidden = self.table.classes().filter(|(subject, _)| forbids(subject));
        forbidden.map(|(_, sessions)| sessions.len()).sum()
    }

    /// Why the policy in force forbids a client; none when it does not.
    pub(crate) fn forbidding(&self, subject: &Subject) -> Option<Arc<policy::Cause>> {
        match self.policy.decide(subject) {
            Decision::Forbidden(why) => Some(Arc::new(why)),
            Decision::Permitted { .. } => None,
        }
    }

    pub(crate) fn enforces(&self) -> bool {
        self.settings.policy_mode == PolicyMode::Enforce
    }

    /// Holds every session against the policy that has just replaced `before`.
    fn sweep(&mut self, now: SimTime, cause: Cause, before: &Policy) -> Swept {
        match self.settings.policy_mode {
            PolicyMode::Enforce => self.enforce(now, cause),
            PolicyMode::Audit => self.audit(now, cause, before),
        }
    }

    /// Drops every session that the policy in force forbids, in session order.
    fn enforce(&mut self, now: SimTime, cause: Cause) -> Swept {
        let forbidden = self.forbidden(&self.policy);
        let disconnected = forbidden.len();
        for (id, why) in forbidden {
            self.drop_session(now, cause, id, DisconnectReason::Policy(why));
        }
        self.complete(now, cause, Swept { disconnected, would_block: 0 })
    }

    /// Tells of every session that the policy in force forbids and `before` did not, in session order. Of the others the
    /// journal has told already, and no policy that it stays forbidden by makes it news.
    fn audit(&mut self, now: SimTime, cause: Cause, before: &Policy) -> Swept {
        let told = |subject: &Subject| matches!(before.decide(subject), Decision::Forbidden(_));
        let newly = self.forbidden_unless(&self.policy, told);
        let would_block = newly.len();
        for (id, why) in newly {
            let faults = Arc::clone(&self.read_faults);
            self.would_block(now, cause, id, (BlockTrigger::PolicyChange, why, faults));
        }
        self.complete(now, cause, Swept { disconnected: 0, would_block })
    }

    fn complete(&mut self, now: SimTime, cause: Cause, swept: Swept) -> Swept {
        let event = Event::EnforcementCompleted {
            generation: self.generation,
            mode: self.settings.policy_mode,
            swept,
            kept: self.table.len(),
            unidentified: self.table.unidentified(),
        };
        self.journal.record(now, cause, event);
        swept
    }

    /// The sessions that a policy forbids, in session order. The cost follows the classes and these sessions.
    pub(crate) fn forbidden(&self, policy: &Policy) -> Vec<Forbidden> {
        self.forbidden_unless(policy, |_| false)
    }

    fn forbidden_unless(&self, policy: &Policy, out: impl Fn(&Subject) -> bool) -> Vec<Forbidden> {
        let mut forbidden = Vec::new();
        for (subject, sessions) in self.table.classes().filter(|(subject, _)| !out(subject)) {
            if let Decision::Forbidden(cause) = policy.decide(subject) {
                let cause = Arc::new(cause);
                forbidden.extend(sessions.iter().map(|id| (*id, Arc::clone(&cause))));
            }
        }
        forbidden.sort_unstable_by_key(|(id, _)| *id);
        forbidden
    }

    /// Writes down what the policy would have done to a session, had it been enforced.
    pub(crate) fn would_block(
        &mut self,
        now: SimTime,
        cause: Cause,
        id: SessionId,
        (trigger, why, faults): Block,
    ) {
        let Some(row) = self.table.get(id) else {
            return;
        };
        let session = Arc::clone(&row.record);
        let generation = self.generation;
        let event = Event::SessionWouldBlock { session, trigger, why, generation, faults };
        self.journal.record(now, cause, event);
        self.totals.would_block = self.totals.would_block.saturating_add(1);
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
            faults: Arc::clone(&self.read_faults),
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
