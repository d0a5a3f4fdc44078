//! The fault rules of a store as its task holds them: added, changed and taken away, and what they do to its own time.

use std::time::Duration;

use clock::SimTime;
use infostore::{
    Cause, Command, FaultEffect, FaultHit, FaultRule, FaultSchedule, FaultTarget, Note, Stage,
};
use registry_poll::FaultId;

use crate::disturbance::{Opportunity, Verdict};
use crate::handle::StoreError;
use crate::owner::Owner;

/// The route of the stream of events.
const STREAM_ROUTE: &str = "/events/stream";

/// What is changed of a rule; what is not given stays.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FaultChange {
    /// Whether it rests.
    pub paused: Option<bool>,
    /// Another schedule, which counts from now on.
    pub schedule: Option<FaultSchedule>,
}

/// What the fault rules do to an answer of the control plane.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ApiFault {
    /// Wall time that it comes later.
    pub delay: Duration,
    /// Whether it breaks off.
    pub drops: bool,
}

impl Owner {
    /// What the rules do to a request about the store.
    pub(crate) fn disturb_api(&mut self, method: String, route: String) -> ApiFault {
        let (method, route) = (Some(method), Some(route));
        let target = FaultTarget { method, route, ..FaultTarget::default() };
        // Of a stream that breaks off there is something before: its entries are asked about, one by one.
        let is_stream = target.route.as_deref() == Some(STREAM_ROUTE);
        let may_act = |effect: &FaultEffect| !is_stream || *effect != FaultEffect::Drop;
        let hits = self.hit_among(Stage::Api, &target, may_act);
        let mut fault = ApiFault::default();
        for hit in hits {
            if let FaultEffect::SlowAnswer(by) = hit.effect {
                fault.delay = fault.delay.saturating_add(by);
            }
            fault.drops |= hit.effect == FaultEffect::Drop;
        }
        fault
    }

    /// How many of the next entries of a stream are sent before a rule breaks it; none when all are.
    pub(crate) fn disturb_stream(&mut self, entries: usize) -> Option<usize> {
        let (method, route) = (Some("GET".to_owned()), Some(STREAM_ROUTE.to_owned()));
        let target = FaultTarget { method, route, ..FaultTarget::default() };
        let breaks = |effect: &FaultEffect| *effect == FaultEffect::Drop;
        (0..entries).find(|_| !self.hit_among(Stage::Api, &target, breaks).is_empty())
    }

    pub(crate) fn add_fault(&mut self, rule: FaultRule) -> Result<FaultId, StoreError> {
        rule.check()?;
        let fault = self.faults.add(rule.clone())?;
        self.note(Note::FaultAdded(fault, Box::new(rule)));
        self.publish_stages();
        Ok(fault)
    }

    /// Pauses or resumes a rule, or gives it another schedule.
    pub(crate) fn change_fault(
        &mut self,
        fault: FaultId,
        FaultChange { paused, schedule }: FaultChange,
    ) -> Result<(), StoreError> {
        let counted = self.faults.get_mut(fault).ok_or(StoreError::NoSuchFault(fault))?;
        if let Some(schedule) = schedule {
            FaultRule { schedule: schedule.clone(), ..counted.rule.clone() }.check()?;
            counted.set_schedule(schedule);
        }
        counted.paused = paused.unwrap_or(counted.paused);
        let (paused, schedule) = (counted.paused, Box::new(counted.rule.schedule.clone()));
        self.note(Note::FaultChanged { fault, paused, schedule });
        self.publish_stages();
        if paused {
            self.let_go(fault);
        }
        Ok(())
    }

    /// Takes a fault rule away. What it holds on connections is let go.
    pub(crate) fn remove_fault(&mut self, fault: FaultId) -> Result<(), StoreError> {
        self.faults.remove(fault).ok_or(StoreError::NoSuchFault(fault))?;
        self.note(Note::FaultRemoved(fault));
        self.publish_stages();
        self.let_go(fault);
        Ok(())
    }

    /// Tells the connections which stages any rule looks at: at the others they need not ask.
    pub(crate) fn publish_stages(&self) {
        let looked_at = Stage::ALL.into_iter().filter(|stage| self.faults.look_at(*stage));
        self.shared.site.set_disturbed(looked_at);
    }

    /// What the rules do to something on a connection.
    pub(crate) fn disturb(&mut self, Opportunity { stage, target }: &Opportunity) -> Verdict {
        let hits = self.hit(*stage, target);
        Verdict::new(self.now(), *stage, hits)
    }

    /// The rules that hit `target` at `stage`, each with its entry in the journal, and what they do to store time.
    pub(crate) fn hit(&mut self, stage: Stage, target: &FaultTarget) -> Vec<FaultHit> {
        self.hit_among(stage, target, |_| true)
    }

    fn hit_among(
        &mut self,
        stage: Stage,
        target: &FaultTarget,
        may_act: impl Fn(&FaultEffect) -> bool,
    ) -> Vec<FaultHit> {
        let hits = self.faults.decide_among(self.now(), (stage, target), may_act);
        for hit in &hits {
            let place = (stage, target.clone());
            self.note_hit(hit.fault, cause_at(stage, hit.fault), hit.effect.name(), place);
            if let FaultEffect::ClockJump(by) = hit.effect {
                self.jump_clock(hit.fault, by);
            }
        }
        hits
    }

    pub(crate) fn note_hit(
        &mut self,
        fault: FaultId,
        cause: Cause,
        effect: &'static str,
        (stage, target): (Stage, FaultTarget),
    ) {
        let target = Box::new(target);
        self.note_for(cause, Note::FaultHit { fault, stage, effect, target });
    }

    /// Everything between here and there becomes due at once. The store goes on when others have had their turn: a rule that
    /// hits what it makes due would else keep its task for itself.
    fn jump_clock(&mut self, fault: FaultId, by: Duration) {
        let target = self.shared.clock.jump(by);
        let mode = self.shared.clock.mode();
        self.note_for(Cause::Fault(fault), Note::Clock(mode, Some(target)));
        self.gives_way = true;
    }

    /// The tick that is due, if one is, and the rules that look at it.
    pub(crate) fn disturb_tick(&mut self, now: SimTime) {
        let is_due = self.store.poll_timeout().is_some_and(|due| due <= now);
        if !is_due || !self.faults.look_at(Stage::Poll) {
            return;
        }
        for hit in self.hit(Stage::Poll, &FaultTarget::default()) {
            if hit.effect == FaultEffect::SkipPoll {
                self.store.skip_tick(self.now(), hit.fault);
            }
        }
    }

    pub(crate) fn note(&mut self, note: Note) {
        self.note_for(Cause::Control, note);
    }

    fn note_for(&mut self, cause: Cause, note: Note) {
        let now = self.now();
        // The engine takes notes in every state.
        let _ = self.store.execute(now, cause, Command::Note(note));
    }
}

/// What a hit at `stage` is caused by.
fn cause_at(stage: Stage, fault: FaultId) -> Cause {
    match stage {
        Stage::Accept | Stage::Bind => Cause::Transport,
        Stage::Connect | Stage::Rpc | Stage::Disconnect => Cause::Client,
        Stage::Registry | Stage::Poll => Cause::Fault(fault),
        Stage::Api => Cause::Control,
    }
}
