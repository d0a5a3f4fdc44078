//! Plays a scenario on a store, step by step, and tells what it sees.

mod judge;

use core::fmt;

use clock::SimTime;

use crate::driver::{ClientId, DriverError, Injection, StoreDriver, Transport};
use crate::event::StoreEvent;
use crate::scenario::{InjectEntry, Scenario, Step, StepAction};
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
        self.show_events()
    }

    fn play(&mut self, number: usize, step: &Step) -> Result<(), DriverError> {
        let (at, say) = (self.driver.now()?, step.say.clone());
        (self.show)(TimelineEntry::Step { at, number, say });
        if let StepAction::Expect(expectation) = &step.action {
            let findings = Findings {
                sessions: self.driver.sessions()?,
                clients: self.driver.clients()?,
                events: &self.caused,
            };
            for check in judge(number, expectation, &findings) {
                (self.show)(TimelineEntry::Checked { at, check: check.clone() });
                self.checks.push(check);
            }
            return Ok(());
        }
        self.act(&step.action)?;
        self.show_events()
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
            StepAction::SetValue { name, data } => self.driver.set_value(name, data),
            StepAction::DeleteValue { name } => self.driver.delete_value(name),
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
