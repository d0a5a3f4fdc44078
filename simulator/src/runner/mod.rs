//! Plays a scenario on a store, step by step, and tells what it sees.

mod caused;
mod entry;
mod judge;
mod play;

use crate::driver::{DriverError, StoreDriver, Transport};
use crate::scenario::Scenario;
pub use entry::{Audience, Check, Progress, TimelineEntry};
use play::Runner;

/// How a scenario is played.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RunOptions {
    /// How every client's bytes travel, whatever the scenario says.
    pub transport: Option<Transport>,
    /// Whether the steps after an expectation that is not met are played too.
    pub keep_going: bool,
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
    audience: &mut dyn Audience,
) -> Result<Report, RunError> {
    let mut runner = Runner::new(scenario, options, driver, audience);
    runner.start_over().map_err(RunError::Start)?;
    let mut steps = 0;
    for number in 1..=scenario.steps.len() {
        steps = number;
        runner.play(number).map_err(|source| RunError::Step { step: number, source })?;
        if !runner.is_as_expected() && !options.keep_going {
            break;
        }
    }
    Ok(Report { steps, checks: runner.into_checks() })
}
