//! A poll of the registry: the query, the readings, and the policy that comes of them.

use std::sync::Arc;

use clock::SimTime;
use policy::{BlockList, Lint, Severity};
use registry_poll::{FaultId, Poll, PollNumber, Reading, ValueRead};

use crate::engine::{Effect, InfoStore, Phase, PollToken};
use crate::event::{Cause, Event, InvalidPolicy, Swept, error_weight, lint_weight};
use crate::plan::{Outcome, Plan, Told, Watch, list_value};
use crate::session::Generation;
use crate::settings::Limits;

/// What a poll's query of the registry brought.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PollValues {
    /// The poll that asked.
    pub token: PollToken,
    /// The values, each as it was read.
    pub reads: Vec<ValueRead>,
    /// The fault rules that disturbed the read.
    pub faults: Vec<FaultId>,
}

/// A poll in the ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PollRecord {
    /// The poll.
    pub poll: Poll,
    /// When its values had come in.
    pub finished: SimTime,
    /// What each list's value was read as, in the order of [`BlockList::ALL`].
    pub reads: Vec<ListRead>,
    /// The fault rules that disturbed its read.
    pub faults: Arc<[FaultId]>,
    /// Whether a policy with other rules came of it.
    pub changed: bool,
    /// The policy in force after it.
    pub generation: Generation,
    /// What it did to sessions.
    pub swept: Swept,
}

/// What a poll found in one list's value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListRead {
    /// The list.
    pub list: BlockList,
    /// What its value was read as; none when it is not watched (R2 of A13).
    pub reading: Option<Arc<Reading>>,
    /// What there is to say about its text.
    pub lints: Arc<[Lint]>,
}

impl InfoStore {
    /// Takes the values of the poll in flight; those of another poll are of no interest any more.
    pub fn handle_values(&mut self, now: SimTime, values: PollValues) {
        let PollValues { token, reads, faults } = values;
        let Some(poll) =
            self.schedule.in_flight().copied().filter(|poll| PollToken(poll.number) == token)
        else {
            return;
        };
        self.read_faults = faults.into();
        let plan = self.plan(&reads);
        self.follow(now, poll, plan);
        if self.phase == Phase::Starting {
            self.phase = Phase::Running;
        }
        if let Some(follow_up) = self.schedule.finish(now) {
            self.query(follow_up);
        }
    }

    /// Does what is due at `now`: a poll of the registry.
    pub fn handle_timeout(&mut self, now: SimTime) {
        if self.phase == Phase::Stopped {
            return;
        }
        if let Some(poll) = self.schedule.handle_timeout(now) {
            self.query(poll);
        }
    }

    /// Lets a tick pass that is due at `now`; it does nothing, by the doing of a fault rule.
    pub fn skip_tick(&mut self, now: SimTime, fault: FaultId) {
        if self.phase == Phase::Stopped {
            return;
        }
        if let Some(due) = self.schedule.skip_tick(now) {
            self.journal.record(now, Cause::Fault(fault), Event::PollSkipped { due });
        }
    }

    /// The polls that are remembered, oldest first.
    pub fn polls(&self) -> impl DoubleEndedIterator<Item = &PollRecord> + ExactSizeIterator {
        self.polls.iter()
    }

    /// The poll of this number, when it is over and remembered.
    pub fn poll_record(&self, number: PollNumber) -> Option<&PollRecord> {
        // A poll that a stop abandoned has no record, so numbers have gaps.
        let index = self.polls.binary_search_by_key(&number, |record| record.poll.number).ok()?;
        self.polls.get(index)
    }

    pub(crate) fn query(&mut self, poll: Poll) {
        let names = self.watched_values();
        self.effects.push_back(Effect::QueryValues { token: PollToken(poll.number), names });
    }

    /// The poll comes first in the journal and its consequences after it, so whether it changes anything has to be known
    /// beforehand.
    fn follow(&mut self, now: SimTime, poll: Poll, Plan { policy, outcomes }: Plan) {
        let cause = Cause::Poll(poll.number);
        let changed = !self.policy.same_rules(&policy);
        let generation = Generation(self.generation.0.saturating_add(u64::from(changed)));
        self.report_poll(now, poll, changed, generation, &outcomes);
        for (list, outcome) in &outcomes {
            self.report_problem(now, cause, *list, outcome);
            self.learn(*list, outcome);
        }
        let swept = self.publish(now, cause, policy);
        self.remember(PollRecord {
            poll,
            finished: now,
            reads: outcomes.into_iter().map(ListRead::from).collect(),
            faults: Arc::clone(&self.read_faults),
            changed,
            generation: self.generation,
            swept: swept.unwrap_or_default(),
        });
    }

    /// One entry for each value that could not be read, or one that says that all could.
    fn report_poll(
        &mut self,
        now: SimTime,
        poll: Poll,
        changed: bool,
        generation: Generation,
        outcomes: &[(BlockList, Outcome)],
    ) {
        let cause = Cause::Poll(poll.number);
        let mut failed = false;
        for (list, outcome) in outcomes {
            if let Outcome::Unreadable(error) = outcome {
                failed = true;
                let (value, error) = (list_value(*list), error.clone());
                self.journal.record(
                    now,
                    cause,
                    Event::PollFailed { poll, value, error, generation },
                );
            }
        }
        if !failed {
            self.journal.record(now, cause, Event::PollCompleted { poll, changed, generation });
        }
    }

    /// What is wrong with a value is said once, when the value is new.
    fn report_problem(&mut self, now: SimTime, cause: Cause, list: BlockList, outcome: &Outcome) {
        let Outcome::Told(told) = outcome else { return };
        let known = self.watched.iter().find(|watched| watched.list == list);
        let known = known.and_then(|watched| watched.last.as_ref());
        if known.is_some_and(|known| known.reading == told.reading) {
            return;
        }
        if let Some(problem) = self.problem(told) {
            let value = list_value(list);
            self.journal.record(now, cause, Event::RegistryInvalid { value, problem });
        }
    }

    fn problem(&self, told: &Told) -> Option<InvalidPolicy> {
        if told.ignored {
            return Some(InvalidPolicy::Ignored(self.running));
        }
        if let Reading::Invalid(invalid) = &*told.reading {
            return Some(InvalidPolicy::Value(invalid.clone()));
        }
        let lints = told.lints.iter().filter(|lint| lint.severity == Severity::Error);
        let errors: Vec<Lint> = lints.cloned().collect();
        (!errors.is_empty()).then_some(InvalidPolicy::Items(errors))
    }

    /// Remembers what a value was read as, and whether to read it again.
    fn learn(&mut self, list: BlockList, outcome: &Outcome) {
        let Some(watched) = self.watched.iter_mut().find(|watched| watched.list == list) else {
            return;
        };
        match outcome {
            Outcome::Unreadable(_) => {}
            Outcome::NotWatched => watched.watch = Watch::NotArmed,
            Outcome::Told(told) => {
                watched.watch = Watch::Armed;
                watched.last = Some(told.clone());
            }
        }
    }

    /// Keeps as many polls as the limit says, and of those before the last no more than so many bytes. A reading that is the
    /// same as that of the poll before is kept once, and is charged to both all the same.
    fn remember(&mut self, record: PollRecord) {
        self.polls_bytes = self.polls_bytes.saturating_add(record.weight());
        self.polls.push_back(record);
        let Limits { polls_kept, polls_bytes, .. } = self.settings.limits;
        while polls_kept.max(1) < self.polls.len()
            || (1 < self.polls.len() && polls_bytes < self.polls_bytes)
        {
            let oldest = self.polls.pop_front();
            let freed = oldest.map_or(0, |record| record.weight());
            self.polls_bytes = self.polls_bytes.saturating_sub(freed);
        }
    }
}

impl PollRecord {
    /// Bytes that it takes, about.
    fn weight(&self) -> usize {
        let reads = self.reads.iter().map(ListRead::weight).sum::<usize>();
        reads.saturating_add(size_of_val(&*self.faults)).saturating_add(size_of::<Self>())
    }
}

impl ListRead {
    fn weight(&self) -> usize {
        let reading = match self.reading.as_deref() {
            Some(Reading::Text(text)) => text.len(),
            Some(Reading::Unreadable(error)) => error_weight(error),
            Some(Reading::NotFound | Reading::Invalid(_)) | None => 0,
        };
        let lints = self.lints.iter().map(lint_weight).sum::<usize>();
        reading.saturating_add(lints).saturating_add(size_of::<Self>())
    }
}

impl From<(BlockList, Outcome)> for ListRead {
    fn from((list, outcome): (BlockList, Outcome)) -> Self {
        let none: Arc<[Lint]> = Arc::new([]);
        match outcome {
            Outcome::NotWatched => Self { list, reading: None, lints: none },
            Outcome::Unreadable(error) => {
                let reading = Some(Arc::new(Reading::Unreadable(error)));
                Self { list, reading, lints: none }
            }
            Outcome::Told(told) => Self { list, reading: Some(told.reading), lints: told.lints },
        }
    }
}
