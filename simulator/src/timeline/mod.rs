//! A store's events in sentences: when, what, and why. A pure function of the events.
//!
//! ```text
//! 2006-04-22T08:15:00Z  mdl.exe of alice@WKS3 is disconnected  because item 1 `mdl.exe` of "Disable MAPI Client Processes"
//!                       names it, found by poll 2 (generation 1)
//! ```
//! (one line each; broken here). Five or more clients of one program to which the same happens are one line with their
//! number. A `session.ended` that only repeats the `session.disconnected` before it is left out.

mod registry;
mod report;
mod sentence;
mod service;
mod why;

use core::fmt;
use std::collections::BTreeMap;

pub use self::report::report;
use crate::event::StoreEvent;
use sentence::{Before, Sentence, What, sentence};
use service::Cluster;

/// One line of a timeline. It displays with two blanks between its parts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TimelineLine {
    /// Store time.
    pub at: String,
    /// What happened, one clause.
    pub what: String,
    /// Why, one clause; none where there is nothing to add.
    pub because: Option<String>,
    /// How many events it tells of.
    pub events: usize,
}

/// Tells events as lines. It remembers which poll found which policy, so that a later refusal can be traced to it, and on
/// which node of a cluster the store runs.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    found_by: BTreeMap<i64, i64>,
    cluster: Option<Cluster>,
}

impl Timeline {
    /// A timeline that has told nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The next events as lines, in order.
    pub fn tell(&mut self, events: &[StoreEvent]) -> Vec<TimelineLine> {
        let mut told = Vec::new();
        for event in events.iter().filter(|event| !is_repetition(event)) {
            let generation = event.field("generation").integer();
            let found_by =
                generation.and_then(|generation| self.found_by.get(&generation)).copied();
            let before = Before {
                found_by: found_by.or_else(|| event.poll()),
                cluster: self.cluster.as_ref(),
            };
            told.push((event.at.as_str(), sentence(event, &before)));
            self.note(event);
        }
        let runs =
            told.chunk_by(|(at, one), (other_at, other)| at == other_at && one.is_like(other));
        runs.flat_map(|run| if run.len() < FOLD_FROM { each(run) } else { folded(run) }).collect()
    }

    fn note(&mut self, event: &StoreEvent) {
        let changed = event.event_type == "policy.changed";
        if let (true, Some(generation), Some(poll)) =
            (changed, event.field("generation").integer(), event.poll())
        {
            self.found_by.insert(generation, poll);
        }
        if event.event_type == "cluster.changed" {
            self.cluster = Cluster::of(event);
        }
    }
}

/// Whether `session.disconnected` has said it before, as it does of every end that the store causes.
fn is_repetition(event: &StoreEvent) -> bool {
    let reason = event.field("reason").text().unwrap_or_default();
    event.event_type == "session.ended" && !["client", "transport"].contains(&reason)
}

fn each(run: &[(&str, Sentence)]) -> Vec<TimelineLine> {
    let line = |(at, sentence): &(&str, Sentence)| TimelineLine {
        at: (*at).to_owned(),
        what: sentence.what.one(),
        because: sentence.because.clone(),
        events: 1,
    };
    run.iter().map(line).collect()
}

fn folded(run: &[(&str, Sentence)]) -> Vec<TimelineLine> {
    let first = run.first().and_then(|(at, sentence)| match &sentence.what {
        What::Client(client) => Some((at, client.many(run.len()), sentence)),
        What::Plain(_) => None,
    });
    match first {
        Some((at, what, sentence)) => vec![TimelineLine {
            at: (*at).to_owned(),
            what,
            because: sentence.because.clone(),
            events: run.len(),
        }],
        None => each(run),
    }
}

impl TimelineLine {
    /// The line with `gap` between the time and the rest.
    pub(crate) fn write(&self, f: &mut fmt::Formatter<'_>, gap: &str) -> fmt::Result {
        write!(f, "{}{gap}{}", self.at, self.what)?;
        match &self.because {
            Some(because) => write!(f, "  because {because}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for TimelineLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, "  ")
    }
}

/// From so many on, like events are one line.
const FOLD_FROM: usize = 5;
