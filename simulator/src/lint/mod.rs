//! What looks wrong with a scenario that can be played: expectations that nothing can meet, edits that nobody notices, slips in
//! the names of programs.
//!
//! A finding is about a place, which is a JSON pointer. What is wrong with the text of a block list is not for here: this crate does not know what
//! a list means.

mod plot;
mod slip;

use core::fmt;

use crate::scenario::Scenario;
use plot::Plot;

/// Something that the author of a scenario probably did not intend.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Which kind of thing, in kebab case.
    pub code: &'static str,
    /// How much it matters.
    pub severity: FindingSeverity,
    /// The place: a JSON pointer, as `/steps/3/expect/sessions/0`.
    pub pointer: String,
    /// What is there, one clause.
    pub message: String,
    /// What to do next, one clause.
    pub hint: String,
}

/// How much a finding matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum FindingSeverity {
    /// The scenario probably means something else than its author does.
    Warning,
    /// It can't come out as it says.
    Error,
}

impl fmt::Display for FindingSeverity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// What looks wrong, in the order of the steps.
#[must_use]
pub fn lint(scenario: &Scenario) -> Vec<Finding> {
    let mut plot = Plot::new(scenario);
    for (index, step) in scenario.steps.iter().enumerate() {
        plot.play(index, step);
    }
    plot.end()
}
