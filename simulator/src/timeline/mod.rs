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
    /// Like events that are not told yet, since the next may be like them.
    run: Option<Run>,
}

/// Events at one instant that say the same of different clients.
#[derive(Clone, Debug)]
struct Run {
    at: String,
    /// The first of them, as many as are told one by one.
    first: Vec<Sentence>,
    count: usize,
}

impl Timeline {
    /// A timeline that has told nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The next events as lines, in order.
    pub fn tell(&mut self, events: &[StoreEvent]) -> Vec<TimelineLine> {
        let mut told: Vec<TimelineLine> =
            events.iter().flat_map(|event| self.hear(event)).collect();
        told.extend(self.rest());
        told
    }

    /// Takes the next event, and tells those before it that it is unlike.
    pub fn hear(&mut self, event: &StoreEvent) -> Vec<TimelineLine> {
        if is_repetition(event) {
            return Vec::new();
        }
        let generation = event.field("generation").integer();
        let found_by = generation.and_then(|generation| self.found_by.get(&generation)).copied();
        let before =
            Before { found_by: found_by.or_else(|| event.poll()), cluster: self.cluster.as_ref() };
        let sentence = sentence(event, &before);
        self.note(event);
        match &mut self.run {
            Some(run) if run.goes_on_with(&event.at, &sentence) => {
                run.push(sentence);
                Vec::new()
            }
            Some(_) | None => {
                let told = self.rest();
                let run = Run { at: event.at.clone(), first: vec![sentence], count: 1 };
                self.run = Some(run);
                told
            }
        }
    }

    /// Tells what has been heard and not been told.
    pub fn rest(&mut self) -> Vec<TimelineLine> {
        self.run.take().map_or_else(Vec::new, Run::told)
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

impl Run {
    fn goes_on_with(&self, at: &str, next: &Sentence) -> bool {
        self.at == at && self.first.first().is_some_and(|first| first.is_like(next))
    }

    fn push(&mut self, sentence: Sentence) {
        self.count = self.count.saturating_add(1);
        if self.first.len() < FOLD_FROM {
            self.first.push(sentence);
        }
    }

    fn told(self) -> Vec<TimelineLine> {
        match self.first.first() {
            Some(Sentence { what: What::Client(client), because }) if FOLD_FROM <= self.count => {
                vec![TimelineLine {
                    at: self.at,
                    what: client.many(self.count),
                    because: because.clone(),
                    events: self.count,
                }]
            }
            Some(_) | None => self.each(),
        }
    }

    fn each(self) -> Vec<TimelineLine> {
        let line = |Sentence { what, because }| TimelineLine {
            at: self.at.clone(),
            what: what.one(),
            because,
            events: 1,
        };
        self.first.into_iter().map(line).collect()
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
