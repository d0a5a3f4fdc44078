//! The rules of a store, and which of them hit.

use clock::SimTime;
use registry_poll::{DisturbedReads, FaultId, FiringFault, KeyPath, ReadMemory, ValueRead};

use super::effect::{Direction, FaultEffect, Stage};
use super::rule::{FaultRule, FaultTarget};
use super::schedule::{FaultSchedule, Occasion};
use super::stream::{Draw, StreamSeed};

/// Rules that a store holds at the most, used up ones among them.
pub const MAX_FAULTS: usize = 1_000;

/// There are [`MAX_FAULTS`] already.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the store has {MAX_FAULTS} fault rules, and that is the most it holds")]
pub struct TooManyFaults;

/// A rule with its counters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CountedFault {
    /// Its ordinal.
    pub id: FaultId,
    /// The rule.
    pub rule: FaultRule,
    /// Whether it rests: it neither sees nor hits anything.
    pub paused: bool,
    /// Opportunities since it was added that its match was met by.
    pub seen: u64,
    /// Those of them that it hit.
    pub hits: u64,
    /// The counters when its schedule was set.
    set_at: (u64, u64),
}

/// A rule that hits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FaultHit {
    /// The rule.
    pub fault: FaultId,
    /// What it does.
    pub effect: FaultEffect,
    /// Which way, where there is one.
    pub direction: Option<Direction>,
    /// Bits of the rule's random stream for what the effect leaves open.
    pub bits: u64,
}

/// The rules of a store.
#[derive(Clone, Debug, Default)]
pub struct FaultRules {
    seed: StreamSeed,
    rules: Vec<CountedFault>,
    last_id: u64,
    memory: ReadMemory,
}

impl FaultRules {
    /// No rules. Those that come draw from streams of `seed`.
    pub fn new(seed: StreamSeed) -> Self {
        Self { seed, ..Self::default() }
    }

    /// Adds a rule that was checked, which sees what happens from now on.
    ///
    /// # Errors
    /// [`TooManyFaults`].
    pub fn add(&mut self, rule: FaultRule) -> Result<FaultId, TooManyFaults> {
        if MAX_FAULTS <= self.rules.len() {
            return Err(TooManyFaults);
        }
        self.last_id = self.last_id.saturating_add(1);
        let id = FaultId(self.last_id);
        let fault = CountedFault { id, rule, paused: false, seen: 0, hits: 0, set_at: (0, 0) };
        self.rules.push(fault);
        Ok(id)
    }

    /// Removes a rule.
    pub fn remove(&mut self, id: FaultId) -> Option<CountedFault> {
        let at = self.rules.iter().position(|fault| fault.id == id)?;
        Some(self.rules.remove(at))
    }

    /// A rule.
    pub fn get(&self, id: FaultId) -> Option<&CountedFault> {
        self.rules.iter().find(|fault| fault.id == id)
    }

    /// A rule, to be changed.
    pub fn get_mut(&mut self, id: FaultId) -> Option<&mut CountedFault> {
        self.rules.iter_mut().find(|fault| fault.id == id)
    }

    /// The rules, oldest first. One that is used up stays, for its counters, until it is removed.
    pub fn list(&self) -> &[CountedFault] {
        &self.rules
    }

    /// Bytes that the rules take, about.
    pub fn weight(&self) -> usize {
        self.rules
            .iter()
            .map(|fault| fault.rule.weight())
            .fold(size_of::<Self>(), usize::saturating_add)
    }

    /// Whether any rule looks at `stage`.
    pub fn look_at(&self, stage: Stage) -> bool {
        self.rules.iter().any(|fault| !fault.paused && fault.rule.acts_at(stage))
    }

    /// The rules that hit `target` at `stage`, oldest first. Of effects that don't go together the oldest rule's wins, and the
    /// others don't count as hits.
    pub fn decide(&mut self, now: SimTime, stage: Stage, target: &FaultTarget) -> Vec<FaultHit> {
        self.decide_among(now, (stage, target), |_| true)
    }

    /// The same, asking no rules but those whose effect `may_act`.
    pub fn decide_among(
        &mut self,
        now: SimTime,
        (stage, target): (Stage, &FaultTarget),
        may_act: impl Fn(&FaultEffect) -> bool,
    ) -> Vec<FaultHit> {
        let (seed, mut taken) = (self.seed, false);
        let mut hits = Vec::new();
        for fault in &mut self.rules {
            let rule = &fault.rule;
            let is_asked = !fault.paused && rule.acts_at(stage) && may_act(&rule.effect);
            if !is_asked || !rule.is_met_by(target) {
                continue;
            }
            let Some(draw) = fault.see(seed, now) else { continue };
            let adds_up = fault.rule.effect.adds_up();
            if taken && !adds_up {
                continue;
            }
            taken |= !adds_up;
            fault.hits = fault.hits.saturating_add(1);
            let FaultRule { effect, .. } = &fault.rule;
            hits.push(FaultHit {
                fault: fault.id,
                effect: effect.clone(),
                direction: fault.rule.direction(),
                bits: draw.bits(),
            });
        }
        hits
    }

    /// Disturbs a read of values of `key`, which is one opportunity. On each value the oldest rule that has anything to
    /// disturb wins, beside those that are slow: these add up, each once for a read.
    pub fn disturb_reads(
        &mut self,
        now: SimTime,
        key: &KeyPath,
        reads: Vec<ValueRead>,
    ) -> DisturbedReads {
        let seed = self.seed;
        let mut firing = Vec::new();
        for fault in self.rules.iter_mut().filter(|fault| !fault.paused) {
            let FaultEffect::Read(kind) = fault.rule.effect else { continue };
            let value = fault.rule.matches.value.clone();
            let concerns = |read: &ValueRead| value.as_ref().is_none_or(|name| *name == read.name);
            if reads.iter().any(concerns) && fault.see(seed, now).is_some() {
                firing.push(FiringFault { id: fault.id, kind, value });
            }
        }
        let disturbed = self.memory.disturb(key, reads, &firing);
        for fault in &mut self.rules {
            if disturbed.hits.iter().any(|(id, _)| *id == fault.id) {
                fault.hits = fault.hits.saturating_add(1);
            }
        }
        disturbed
    }
}

impl CountedFault {
    /// Hits that are left; none when there is no end to them.
    pub fn hits_left(&self) -> Option<u64> {
        self.rule.schedule.hits_left(self.hits.saturating_sub(self.set_at.1))
    }

    /// Sets another schedule that was checked. It counts from now on; the counters go on.
    pub fn set_schedule(&mut self, schedule: FaultSchedule) {
        self.rule.schedule = schedule;
        self.set_at = (self.seen, self.hits);
    }

    /// Counts an opportunity; what was drawn when the schedule says that it hits.
    fn see(&mut self, seed: StreamSeed, now: SimTime) -> Option<Draw> {
        self.seen = self.seen.saturating_add(1);
        let draw = Draw::new(seed, self.id.0, self.seen);
        let ordinal = self.seen.saturating_sub(self.set_at.0);
        let hits = self.hits.saturating_sub(self.set_at.1);
        self.rule.schedule.fires(Occasion { ordinal, hits, now, draw }).then_some(draw)
    }
}
