//! Plays a scenario on a store, step by step, and tells what it sees.

mod judge;

use core::fmt;

use clock::SimTime;

use crate::build::FileView;
use crate::driver::{ClientId, DriverError, Injection, StoreDriver, Transport};
use crate::event::StoreEvent;
use crate::scenario::{Expectation, InjectEntry, Scenario, Step, StepAction};
use crate::timeline::{Timeline, TimelineLine};
use judge::{Findings, judge};

/// How a scenario is played.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RunOptions {
    /// How every client's bytes travel, whatever the scenario says.
    pub transport: Option<Transport>,
    /// Whether the steps after an expectation that is not met are played too.
    pub keep_going: bool,
}

/// One thing to show of a run, displayed as a line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TimelineEntry {
    /// A step begins.
    Step {
        /// Store time.
        at: SimTime,
        /// Its number, from 1.
        number: usize,
        /// What it says of itself.
        say: String,
    },
    /// Something happened in the store.
    Happened(TimelineLine),
    /// A file of the store service was replaced.
    Replaced {
        /// Store time.
        at: SimTime,
        /// As it was.
        before: FileView,
        /// As it is.
        after: FileView,
    },
    /// The store refused what a step asked for.
    Refused {
        /// Store time.
        at: SimTime,
        /// In the store's words.
        why: String,
    },
    /// An expectation was looked at.
    Checked {
        /// Store time.
        at: SimTime,
        /// What came of it.
        check: Check,
    },
}

/// One expectation, and what there was.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Check {
    /// The number of its step, from 1.
    pub step: usize,
    /// What was expected, one clause.
    pub expected: String,
    /// What was found, one clause.
    pub found: String,
    /// Whether it is as expected.
    pub met: bool,
}

/// What came of a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// The steps played.
    pub steps: usize,
    /// The expectations looked at, in order.
    pub checks: Vec<Check>,
}

/// Why a scenario could not be played to its end. An expectation that is not met is no error.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The store could not start over.
    #[error("the store could not start over")]
    Start(#[source] DriverError),
    /// A step could not be carried out.
    #[error("step {step} could not be carried out")]
    Step {
        /// Its number, from 1.
        step: usize,
        /// Why.
        #[source]
        source: DriverError,
    },
}

impl Report {
    /// Whether everything was as expected.
    #[must_use]
    pub fn met(&self) -> bool {
        self.checks.iter().all(|check| check.met)
    }
}

/// Plays `scenario` from the start on a store that starts over, and shows each thing as it happens.
///
/// It stops at an expectation that is not met, once the others of its step have been looked at, unless
/// [`RunOptions::keep_going`].
///
/// # Errors
/// When the store cannot start over, or a step cannot be carried out.
pub fn run(
    scenario: &Scenario,
    options: RunOptions,
    driver: &mut dyn StoreDriver,
    show: &mut dyn FnMut(TimelineEntry),
) -> Result<Report, RunError> {
    let mut runner = Runner {
        options,
        driver,
        show,
        clients: Vec::new(),
        seen: 0,
        caused: Vec::new(),
        timeline: Timeline::new(),
        checks: Vec::new(),
    };
    runner.start_over(scenario).map_err(RunError::Start)?;
    let mut steps = 0;
    for (step, number) in scenario.steps.iter().zip(1..) {
        steps = number;
        runner.play(number, step).map_err(|source| RunError::Step { step: number, source })?;
        let as_expected = runner.checks.iter().all(|check| check.met);
        if !as_expected && !options.keep_going {
            break;
        }
    }
    let checks = runner.checks;
    Ok(Report { steps, checks })
}

struct Runner<'a> {
    options: RunOptions,
    driver: &'a mut dyn StoreDriver,
    show: &'a mut dyn FnMut(TimelineEntry),
    /// The clients injected so far, each with its label.
    clients: Vec<(ClientId, Option<String>)>,
    /// The last event shown.
    seen: u64,
    /// The events of the last step that was not an `expect`.
    caused: Vec<StoreEvent>,
    timeline: Timeline,
    checks: Vec<Check>,
}

impl Runner<'_> {
    fn start_over(&mut self, scenario: &Scenario) -> Result<(), DriverError> {
        self.driver.start_over(scenario.start)?;
        if let Some(build) = scenario.build {
            self.driver.install_build(build)?;
            self.driver.restart()?;
        }
        let events = self.driver.events_after(self.seen)?;
        self.seen = events.last().map_or(self.seen, |event| event.seq);
        // How the store came to this build is no part of the story.
        let start = events.iter().rposition(|event| event.event_type == "store.started");
        let told = events.get(start.unwrap_or_default()..).unwrap_or_default();
        for line in self.timeline.tell(told) {
            (self.show)(TimelineEntry::Happened(line));
        }
        Ok(())
    }

    fn play(&mut self, number: usize, step: &Step) -> Result<(), DriverError> {
        let (at, say) = (self.driver.now()?, step.say.clone());
        (self.show)(TimelineEntry::Step { at, number, say });
        if let StepAction::Expect(expectation) = &step.action {
            return self.look(number, at, expectation);
        }
        let before = self.files(&step.action)?;
        let done = self.act(&step.action);
        match &step.refused {
            None => done?,
            Some(problem) => self.expect_refusal(number, at, problem, done)?,
        }
        self.show_events()?;
        let after = self.files(&step.action)?;
        self.show_files(before, after)
    }

    fn look(
        &mut self,
        step: usize,
        at: SimTime,
        expectation: &Expectation,
    ) -> Result<(), DriverError> {
        let looks_at_build = expectation.looks_at_build();
        let findings = Findings {
            sessions: self.driver.sessions()?,
            clients: self.driver.clients()?,
            events: &self.caused,
            build: looks_at_build.then(|| self.driver.build()).transpose()?,
        };
        for check in judge(step, expectation, &findings) {
            (self.show)(TimelineEntry::Checked { at, check: check.clone() });
            self.checks.push(check);
        }
        Ok(())
    }

    /// A step that should be refused is looked at like an expectation. A store that can't be reached has refused nothing.
    fn expect_refusal(
        &mut self,
        step: usize,
        at: SimTime,
        problem: &str,
        done: Result<(), DriverError>,
    ) -> Result<(), DriverError> {
        let found = match done {
            Ok(()) => None,
            Err(error) => match error.problem().map(ToOwned::to_owned) {
                None => return Err(error),
                Some(found) => {
                    (self.show)(TimelineEntry::Refused { at, why: error.to_string() });
                    Some(found)
                }
            },
        };
        let met = found.as_deref() == Some(problem);
        let found = found.map_or_else(|| "none".to_owned(), |found| format!("`{found}`"));
        let check = Check { step, expected: format!("a refusal with `{problem}`"), found, met };
        (self.show)(TimelineEntry::Checked { at, check: check.clone() });
        self.checks.push(check);
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
            let at = self.driver.now()?;
            (self.show)(TimelineEntry::Replaced { at, before, after });
        }
        Ok(())
    }

    fn act(&mut self, action: &StepAction) -> Result<(), DriverError> {
        match action {
            StepAction::Inject(entries) => self.inject(entries),
            StepAction::Connect { group } => {
                self.for_each(group, |driver, client| driver.connect_client(client))
            }
            StepAction::Disconnect { group } => {
                self.for_each(group, |driver, client| driver.disconnect_client(client))
            }
            StepAction::Report { group, process } => {
                self.for_each(group, |driver, client| driver.report(client, process))
            }
            StepAction::Touch { group } => {
                self.for_each(group, |driver, client| driver.touch(client))
            }
            StepAction::SetValue { at, value } => self.driver.set_value(at, value),
            StepAction::DeleteValue { at } => self.driver.delete_value(at),
            StepAction::InstallBuild(build) => self.driver.install_build(*build),
            StepAction::InstallHotfix => self.driver.install_hotfix(),
            StepAction::Restart => self.driver.restart(),
            StepAction::Cluster(mode) => self.driver.set_cluster(*mode),
            StepAction::FailOver { to } => self.driver.fail_over(to.as_deref()),
            StepAction::Advance(by) => self.driver.advance(*by),
            StepAction::Poll => self.driver.poll_now(),
            // Looked at, not done.
            StepAction::Expect(_) => Ok(()),
        }
    }

    fn inject(&mut self, entries: &[InjectEntry]) -> Result<(), DriverError> {
        let kinds = entries.iter().flat_map(|entry| (0..entry.count).map(move |_| entry));
        let first = u64::try_from(self.clients.len()).unwrap_or(u64::MAX);
        let numbers = first.saturating_add(1)..;
        let injections: Vec<Injection> = kinds
            .zip(numbers)
            .map(|(entry, number)| Injection {
                spec: entry.spec.numbered(number),
                transport: self.options.transport.unwrap_or(entry.transport),
                group: entry.group.clone(),
            })
            .collect();
        let ids = self.driver.inject(&injections)?;
        let groups = injections.into_iter().map(|injection| injection.group);
        self.clients.extend(ids.into_iter().zip(groups));
        Ok(())
    }

    fn for_each(
        &mut self,
        group: &str,
        mut tell: impl FnMut(&mut dyn StoreDriver, ClientId) -> Result<(), DriverError>,
    ) -> Result<(), DriverError> {
        let members = self.clients.iter().filter(|(_, label)| label.as_deref() == Some(group));
        for (client, _) in members {
            tell(self.driver, *client)?;
        }
        Ok(())
    }

    fn show_events(&mut self) -> Result<(), DriverError> {
        self.caused = self.driver.events_after(self.seen)?;
        self.seen = self.caused.last().map_or(self.seen, |event| event.seq);
        for line in self.timeline.tell(&self.caused) {
            (self.show)(TimelineEntry::Happened(line));
        }
        Ok(())
    }
}

/// What happens in a step, and what is looked at, stands below the step.
const INDENT: &str = "      ";

impl fmt::Display for TimelineEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step { at, number, say } => write!(f, "{at}  {number}. {say}"),
            Self::Happened(line) => line.write(f, INDENT),
            Self::Replaced { at, before, after } => {
                write!(f, "{at}{INDENT}{}  instead of ", after.row())?;
                match before.version {
                    Some(version) => version.fmt(f),
                    None => f.write_str("a version that is not documented"),
                }
            }
            Self::Refused { at, why } => write!(f, "{at}{INDENT}the store refuses  because {why}"),
            Self::Checked { at, check } => write!(f, "{at}{INDENT}{check}"),
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.met {
            write!(f, "as expected: {}", self.expected)
        } else {
            write!(f, "NOT AS EXPECTED: wanted {}, found {}", self.expected, self.found)
        }
    }
}
