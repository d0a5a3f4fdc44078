//! What a run shows, and to whom.

use core::fmt;

use clock::SimTime;

use crate::build::FileView;
use crate::event::StoreEvent;
use crate::timeline::TimelineLine;

/// Whoever watches a run.
pub trait Audience {
    /// Shows one thing, in order.
    fn show(&mut self, entry: TimelineEntry);

    /// Sees each event of the store, before what is shown of it.
    fn event(&mut self, _event: &StoreEvent) {}

    /// Sees how far the run is: as each step begins, and while the clock moves on.
    fn progress(&mut self, _progress: Progress) {}
}

impl<F: FnMut(TimelineEntry)> Audience for F {
    fn show(&mut self, entry: TimelineEntry) {
        self(entry);
    }
}

/// How far a run is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// The number of the step that is played, from 1.
    pub step: usize,
    /// How many steps there are.
    pub steps: usize,
    /// Store time.
    pub now: SimTime,
    /// Where the clock is moving to; none when it is not.
    pub target: Option<SimTime>,
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
