//! A run under way.

use core::time::Duration;
use std::collections::BTreeMap;

use clock::SimTime;

use super::caused::Caused;
use super::judge::judge;
use super::{Audience, Check, Progress, RunOptions, TimelineEntry};
use crate::build::FileView;
use crate::driver::{Apply, ClientId, DriverError, Injection, SnapshotId, StoreDriver, Waited};
use crate::event::StoreEvent;
use crate::fleet::Fleet;
use crate::scenario::{Advance, Expectation, InjectEntry, Scenario, StepAction, Wait};
use crate::timeline::Timeline;

/// Store time that passes at most before what happened is shown, unless nothing is due for longer.
const SLICE: Duration = Duration::from_secs(60);

/// Clients that are injected, or told something, at a time.
const BATCH: usize = 10_000;

pub(super) struct Runner<'a> {
    scenario: &'a Scenario,
    options: RunOptions,
    driver: &'a mut dyn StoreDriver,
    audience: &'a mut dyn Audience,
    /// The clients injected so far, by their labels.
    clients: BTreeMap<&'a str, Vec<ClientId>>,
    /// How many have been injected.
    injected: u64,
    snapshots: BTreeMap<&'a str, Saved<'a>>,
    step: usize,
    /// The last event seen.
    seen: u64,
    /// The last poll that is over.
    poll: Option<u64>,
    /// The events of the last step that was not an `expect`.
    caused: Caused<'a>,
    timeline: Timeline,
    checks: Vec<Check>,
}

/// What there was when a snapshot was taken: the store gives the same numbers out again after it.
struct Saved<'a> {
    id: SnapshotId,
    clients: BTreeMap<&'a str, Vec<ClientId>>,
    injected: u64,
    poll: Option<u64>,
}

impl<'a> Runner<'a> {
    pub(super) fn new(
        scenario: &'a Scenario,
        options: RunOptions,
        driver: &'a mut dyn StoreDriver,
        audience: &'a mut dyn Audience,
    ) -> Self {
        Self {
            scenario,
            options,
            driver,
            audience,
            clients: BTreeMap::new(),
            injected: 0,
            snapshots: BTreeMap::new(),
            step: 0,
            seen: 0,
            poll: None,
            caused: Caused::default(),
            timeline: Timeline::new(),
            checks: Vec::new(),
        }
    }

    pub(super) fn is_as_expected(&self) -> bool {
        self.checks.iter().all(|check| check.met)
    }

    pub(super) fn into_checks(self) -> Vec<Check> {
        self.checks
    }

    pub(super) fn start_over(&mut self) -> Result<(), DriverError> {
        self.driver.start_over(self.scenario.start)?;
        if let Some(build) = self.scenario.build {
            self.driver.install_build(build)?;
            self.driver.restart()?;
        }
        let mut events = Vec::new();
        // There are few: no client has connected yet.
        self.driver.events_after(self.seen, &mut events)?;
        // How the store came to this build is no part of the story.
        let start = events.iter().rposition(|event| event.event_type == "store.started");
        for (index, event) in events.iter().enumerate() {
            if start.unwrap_or_default() <= index {
                self.see(event);
            } else {
                self.note(event);
            }
        }
        self.show_rest();
        Ok(())
    }

    pub(super) fn play(&mut self, number: usize) -> Result<(), DriverError> {
        let scenario = self.scenario;
        let (before, rest) = scenario.steps.split_at_checked(number).unwrap_or_default();
        let Some(step) = before.last() else { return Ok(()) };
        self.step = number;
        let at = self.driver.clock()?.now;
        self.progress(at, None);
        self.show(TimelineEntry::Step { at, number, say: step.say.clone() });
        if let StepAction::Expect(expectation) = &step.action {
            return self.look(at, expectation);
        }
        self.caused = Caused::for_looks(rest);
        let files = self.files(&step.action)?;
        let done = self.act(&step.action);
        match &step.refused {
            None => done?,
            Some(problem) => self.expect_refusal(at, problem, done)?,
        }
        self.show_events()?;
        let now_files = self.files(&step.action)?;
        self.show_files(files, now_files)
    }

    fn look(&mut self, at: SimTime, expectation: &Expectation) -> Result<(), DriverError> {
        let poll = self.poll.filter(|_| expectation.poll.is_some());
        let poll = poll.map(|number| self.driver.poll(number)).transpose()?;
        for found in judge(expectation, self.driver, &self.caused, poll.as_ref())? {
            self.check(at, found.into_check(self.step));
        }
        Ok(())
    }

    fn check(&mut self, at: SimTime, check: Check) {
        self.show(TimelineEntry::Checked { at, check: check.clone() });
        self.checks.push(check);
    }

    /// A step that should be refused is looked at like an expectation. A store that can't be reached has refused nothing.
    fn expect_refusal(
        &mut self,
        at: SimTime,
        problem: &str,
        done: Result<(), DriverError>,
    ) -> Result<(), DriverError> {
        let found = match done {
            Ok(()) => None,
            Err(error) => match error.problem().map(ToOwned::to_owned) {
                None => return Err(error),
                Some(found) => {
                    self.show(TimelineEntry::Refused { at, why: error.to_string() });
                    Some(found)
                }
            },
        };
        let met = found.as_deref() == Some(problem);
        let found = found.map_or_else(|| "none".to_owned(), |found| format!("`{found}`"));
        let expected = format!("a refusal with `{problem}`");
        self.check(at, Check { step: self.step, expected, found, met });
        Ok(())
    }

    /// The files of the store service, around a step that replaces them.
    fn files(&mut self, action: &StepAction) -> Result<Vec<FileView>, DriverError> {
        if matches!(action, StepAction::InstallBuild(_) | StepAction::InstallHotfix) {
            Ok(self.driver.build()?.files)
        } else {
            Ok(Vec::new())
        }
    }

    fn show_files(
        &mut self,
        before: Vec<FileView>,
        after: Vec<FileView>,
    ) -> Result<(), DriverError> {
        for (before, after) in before.into_iter().zip(after).filter(|(old, new)| old != new) {
            let at = self.driver.clock()?.now;
            self.show(TimelineEntry::Replaced { at, before, after });
        }
        Ok(())
    }

    fn act(&mut self, action: &'a StepAction) -> Result<(), DriverError> {
        let driver = &mut *self.driver;
        match action {
            StepAction::Inject(entries) => self.inject(entries),
            StepAction::Fleet(fleet) => self.deploy(fleet),
            StepAction::Connect { group } => {
                self.batches(group, |driver, clients| driver.connect_clients(clients))
            }
            StepAction::Disconnect { group } => {
                self.batches(group, |driver, clients| driver.disconnect_clients(clients))
            }
            StepAction::Report { group, process } => {
                self.each(group, |driver, client| driver.report(client, process))
            }
            StepAction::Touch { group } => self.each(group, |driver, client| driver.touch(client)),
            StepAction::SetValue { at, value } => driver.set_value(at, value),
            StepAction::DeleteValue { at } => driver.delete_value(at),
            StepAction::Block { lists, apply } => {
                with_last(lists, *apply, |(list, text), apply| driver.block(*list, text, apply))
            }
            StepAction::Unblock { lists, apply } => {
                with_last(lists, *apply, |list, apply| driver.unblock(*list, apply))
            }
            StepAction::PolicyMode(mode) => driver.set_policy_mode(*mode),
            StepAction::Settings(settings) => driver.change_settings(settings),
            StepAction::Fault(rule) => driver.add_fault(rule),
            StepAction::ClearFaults => driver.clear_faults(),
            StepAction::InstallBuild(build) => driver.install_build(*build),
            StepAction::InstallHotfix => driver.install_hotfix(),
            StepAction::Restart => driver.restart(),
            StepAction::Cluster(mode) => driver.set_cluster(*mode),
            StepAction::FailOver { to } => driver.fail_over(to.as_deref()),
            StepAction::Snapshot(name) => self.take_snapshot(name),
            StepAction::Restore(name) => self.restore(name),
            StepAction::Advance(advance) => self.advance(*advance),
            StepAction::Poll => driver.poll_now(),
            StepAction::Wait(wait) => self.wait(wait),
            // Looked at, not done.
            StepAction::Expect(_) => Ok(()),
        }
    }

    fn inject(&mut self, entries: &'a [InjectEntry]) -> Result<(), DriverError> {
        let mut kinds = entries.iter().flat_map(|entry| (0..entry.count).map(move |_| entry));
        loop {
            let batch: Vec<&InjectEntry> = kinds.by_ref().take(BATCH).collect();
            if batch.is_empty() {
                return Ok(());
            }
            let numbers = self.injected.saturating_add(1)..;
            let injections: Vec<Injection> = batch
                .iter()
                .zip(numbers)
                .map(|(entry, number)| Injection {
                    spec: entry.spec.numbered(number),
                    transport: self.options.transport.unwrap_or(entry.transport),
                    group: entry.group.clone(),
                })
                .collect();
            let ids = self.driver.inject(&injections)?;
            let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
            self.injected = self.injected.saturating_add(count);
            for (id, entry) in ids.into_iter().zip(batch) {
                if let Some(group) = entry.group.as_deref() {
                    self.clients.entry(group).or_default().push(id);
                }
            }
        }
    }

    /// A run on one transport has a fleet on it, too.
    fn deploy(&mut self, fleet: &'a Fleet) -> Result<(), DriverError> {
        let deployed = match self.options.transport {
            None => self.driver.deploy(fleet)?,
            Some(transport) => self.driver.deploy(&fleet.clone().over(transport))?,
        };
        for ((_, ids), group) in deployed.into_iter().zip(fleet.groups()) {
            let count = u64::try_from(ids.len()).unwrap_or(u64::MAX);
            self.injected = self.injected.saturating_add(count);
            self.clients.entry(group.name()).or_default().extend(ids);
        }
        Ok(())
    }

    /// Tells the clients of a group, many at a time.
    fn batches(
        &mut self,
        group: &str,
        mut tell: impl FnMut(&mut dyn StoreDriver, &[ClientId]) -> Result<(), DriverError>,
    ) -> Result<(), DriverError> {
        let members = self.clients.get(group).map(Vec::as_slice).unwrap_or_default();
        members.chunks(BATCH).try_for_each(|clients| tell(self.driver, clients))
    }

    /// Tells the clients of a group, one by one.
    fn each(
        &mut self,
        group: &str,
        mut tell: impl FnMut(&mut dyn StoreDriver, ClientId) -> Result<(), DriverError>,
    ) -> Result<(), DriverError> {
        let members = self.clients.get(group).map(Vec::as_slice).unwrap_or_default();
        members.iter().try_for_each(|client| tell(self.driver, *client))
    }

    fn take_snapshot(&mut self, name: &'a str) -> Result<(), DriverError> {
        // The last poll is known once what has happened is.
        self.show_events()?;
        let id = self.driver.take_snapshot(name)?;
        let (clients, injected, poll) = (self.clients.clone(), self.injected, self.poll);
        self.snapshots.insert(name, Saved { id, clients, injected, poll });
        Ok(())
    }

    fn restore(&mut self, name: &str) -> Result<(), DriverError> {
        // What came before it has been shown; the journal begins anew.
        self.show_events()?;
        let Some(saved) = self.snapshots.get(name) else {
            return Err(DriverError::new(format!("no snapshot `{name}` was taken")));
        };
        self.driver.restore(saved.id)?;
        self.clients.clone_from(&saved.clients);
        (self.injected, self.poll) = (saved.injected, saved.poll);
        self.seen = 0;
        Ok(())
    }

    /// Moves the clock on in slices, so that what happens is shown as it does, and none of it has left the journal by then.
    fn advance(&mut self, advance: Advance) -> Result<(), DriverError> {
        let mut clock = self.driver.clock()?;
        let target = match advance {
            Advance::By(span) => clock.now.saturating_add(span),
            Advance::To(time) => time,
            Advance::NextPoll => self
                .driver
                .next_poll()?
                .ok_or_else(|| DriverError::new("no poll is due, since the service is stopped"))?,
        };
        loop {
            let slice = clock.now.saturating_add(SLICE);
            // Until something is due there is nothing to show.
            let slice = clock.next_deadline.map_or(target, |due| slice.max(due));
            self.driver.advance_to(slice.min(target))?;
            if target <= slice {
                return Ok(());
            }
            self.show_events()?;
            clock = self.driver.clock()?;
            self.progress(clock.now, Some(target));
        }
    }

    /// A wait is looked at like an expectation.
    fn wait(&mut self, wait: &Wait) -> Result<(), DriverError> {
        let waited = self.driver.wait(wait)?;
        self.show_events()?;
        let at = self.driver.clock()?.now;
        let (found, met) = match waited {
            Waited::Met => ("it".to_owned(), true),
            Waited::NotMet(why) => (why, false),
        };
        let expected = "what is waited for".to_owned();
        self.check(at, Check { step: self.step, expected, found, met });
        Ok(())
    }

    /// Shows what has happened since, a page at a time.
    fn show_events(&mut self) -> Result<(), DriverError> {
        loop {
            let mut events = Vec::new();
            let more = self.driver.events_after(self.seen, &mut events)?;
            for event in &events {
                self.caused.see(event);
                self.see(event);
            }
            if !more {
                self.show_rest();
                return Ok(());
            }
        }
    }

    fn see(&mut self, event: &StoreEvent) {
        self.note(event);
        self.audience.event(event);
        for line in self.timeline.hear(event) {
            self.audience.show(TimelineEntry::Happened(line));
        }
    }

    fn note(&mut self, event: &StoreEvent) {
        self.seen = event.seq;
        if ["poll.completed", "poll.failed"].contains(&event.event_type.as_str()) {
            let number = event.field("poll").field("number").integer();
            self.poll = number.and_then(|number| u64::try_from(number).ok()).or(self.poll);
        }
    }

    fn show_rest(&mut self) {
        for line in self.timeline.rest() {
            self.audience.show(TimelineEntry::Happened(line));
        }
    }

    fn show(&mut self, entry: TimelineEntry) {
        self.audience.show(entry);
    }

    fn progress(&mut self, now: SimTime, target: Option<SimTime>) {
        let steps = self.scenario.steps.len();
        self.audience.progress(Progress { step: self.step, steps, now, target });
    }
}

/// Changes each, and has the last take effect as is wanted: one poll finds them all.
fn with_last<T>(
    items: &[T],
    apply: Apply,
    mut change: impl FnMut(&T, Apply) -> Result<(), DriverError>,
) -> Result<(), DriverError> {
    let Some((last, before)) = items.split_last() else { return Ok(()) };
    before.iter().try_for_each(|item| change(item, Apply::NextPoll))?;
    change(last, apply)
}
