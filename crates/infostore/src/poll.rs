//! A poll of the registry: the query, the readings, and the policy that comes of them.

use std::sync::Arc;

use clock::SimTime;
use policy::{Lint, PROCESS_LIST_VALUE, Policy, ProcessList, Severity, VersionRanges};
use registry_poll::{KeyStoreError, Poll, PollNumber, Reading, ValueName, ValueRead};

use crate::engine::{Effect, InfoStore, Phase, PollToken};
use crate::event::{Cause, Event, InvalidPolicy};
use crate::session::Generation;

/// A poll in the ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PollRecord {
    /// The poll.
    pub poll: Poll,
    /// When its values had come in.
    pub finished: SimTime,
    /// What the process list's value was read as.
    pub reading: Arc<Reading>,
    /// What there is to say about its text.
    pub lints: Arc<[Lint]>,
    /// Whether a policy with other rules came of it.
    pub changed: bool,
    /// The policy in force after it.
    pub generation: Generation,
    /// Sessions that it disconnected.
    pub disconnected: usize,
}

/// A list's value as the last poll found it.
#[derive(Clone, Debug)]
pub(crate) struct LastReading {
    reading: Arc<Reading>,
    lints: Arc<[Lint]>,
}

impl InfoStore {
    /// Takes the values of the poll `token`; those of another poll are of no interest any more.
    pub fn handle_values(&mut self, now: SimTime, token: PollToken, reads: Vec<ValueRead>) {
        let Some(poll) =
            self.schedule.in_flight().copied().filter(|poll| PollToken(poll.number) == token)
        else {
            return;
        };
        let read = reads.into_iter().find(|read| read.name == process_list_value());
        let result = read.map_or_else(|| Err(not_asked()), |read| read.result);
        self.take_reading(now, poll, Reading::judge(result));
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

    /// The polls that are remembered, oldest first.
    pub fn polls(&self) -> impl DoubleEndedIterator<Item = &PollRecord> + ExactSizeIterator {
        self.polls.iter()
    }

    /// The poll of this number, when it is over and remembered.
    pub fn poll_record(&self, number: PollNumber) -> Option<&PollRecord> {
        let first = self.polls.front()?.poll.number;
        let index = usize::try_from(number.0.checked_sub(first.0)?).ok()?;
        self.polls.get(index)
    }

    pub(crate) fn query(&mut self, poll: Poll) {
        let names = vec![process_list_value()];
        self.effects.push_back(Effect::QueryValues { token: PollToken(poll.number), names });
    }

    fn take_reading(&mut self, now: SimTime, poll: Poll, reading: Reading) {
        match reading {
            Reading::Unreadable(error) => self.keep_policy(now, poll, error),
            readable @ (Reading::NotFound | Reading::Invalid(_) | Reading::Text(_)) => {
                self.follow(now, poll, readable);
            }
        }
    }

    fn keep_policy(&mut self, now: SimTime, poll: Poll, error: KeyStoreError) {
        let last = LastReading {
            reading: Arc::new(Reading::Unreadable(error.clone())),
            lints: Arc::new([]),
        };
        let event = Event::PollFailed {
            poll,
            value: process_list_value(),
            error,
            generation: self.generation,
        };
        self.journal.record(now, Cause::Poll(poll.number), event);
        self.remember(now, poll, last, None);
    }

    /// The poll comes first in the journal and its consequences after it, so whether it changes anything has to be known
    /// beforehand.
    fn follow(&mut self, now: SimTime, poll: Poll, reading: Reading) {
        let cause = Cause::Poll(poll.number);
        let (policy, last) = self.interpret(reading);
        let changed = !self.policy.same_rules(&policy);
        let event = Event::PollCompleted {
            poll,
            changed,
            generation: Generation(self.generation.0.saturating_add(u64::from(changed))),
        };
        self.journal.record(now, cause, event);
        self.report_problem(now, cause, &last);
        let disconnected = self.publish(now, cause, policy);
        self.last_reading = Some(last.clone());
        self.remember(now, poll, last, disconnected);
    }

    /// The policy that a readable value means; a known value keeps its lints.
    fn interpret(&self, reading: Reading) -> (Policy, LastReading) {
        let parsed = ProcessList::parse(reading.text().unwrap_or_default());
        let known = self.last_reading.as_ref();
        let last = known.filter(|last| *last.reading == reading).cloned();
        let last = last.unwrap_or_else(|| {
            let lints = reading.text().map_or_else(Vec::new, |_| parsed.lints);
            LastReading { reading: Arc::new(reading), lints: lints.into() }
        });
        (Policy::new(parsed.value, VersionRanges::default()), last)
    }

    /// What is wrong with a value is said once, when the value is new.
    fn report_problem(&mut self, now: SimTime, cause: Cause, last: &LastReading) {
        let known = self.last_reading.as_ref();
        if known.is_some_and(|known| known.reading == last.reading) {
            return;
        }
        if let Some(problem) = problem(last) {
            let value = process_list_value();
            let event = Event::RegistryInvalid { value, problem };
            self.journal.record(now, cause, event);
        }
    }

    fn remember(
        &mut self,
        now: SimTime,
        poll: Poll,
        last: LastReading,
        disconnected: Option<usize>,
    ) {
        if self.settings.limits.polls_kept <= self.polls.len() {
            self.polls.pop_front();
        }
        self.polls.push_back(PollRecord {
            poll,
            finished: now,
            reading: last.reading,
            lints: last.lints,
            changed: disconnected.is_some(),
            generation: self.generation,
            disconnected: disconnected.unwrap_or(0),
        });
    }
}

fn problem(last: &LastReading) -> Option<InvalidPolicy> {
    if let Reading::Invalid(invalid) = &*last.reading {
        return Some(InvalidPolicy::Value(invalid.clone()));
    }
    let errors: Vec<Lint> =
        last.lints.iter().filter(|lint| lint.severity == Severity::Error).cloned().collect();
    (!errors.is_empty()).then_some(InvalidPolicy::Items(errors))
}

fn not_asked() -> KeyStoreError {
    KeyStoreError::Failed { reason: "the value was not asked for".to_owned() }
}

/// The name of the value that the process list is read from.
#[expect(
    clippy::expect_used,
    reason = "INVARIANT: PROCESS_LIST_VALUE is a constant of 29 characters without NUL, and tests parse it"
)]
pub fn process_list_value() -> ValueName {
    PROCESS_LIST_VALUE.parse().expect("the value's name is a value name")
}
