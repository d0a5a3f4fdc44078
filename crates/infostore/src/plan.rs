//! What a poll's values mean: the policy that would come of them. Polls and previews share this, so that a preview says
//! what a poll would do.

use std::sync::Arc;

use policy::{BlockList, Lint, Parsed, Policy, PolicyChange, ProcessList, VersionRanges};
use registry_poll::{KeyStoreError, Reading, ValueName, ValueRead};

use crate::engine::InfoStore;
use crate::session::SessionRecord;
use crate::settings::RegistryWatch;

/// What is known of one list's value since the service started.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    pub(crate) list: BlockList,
    pub(crate) watch: Watch,
    /// The last reading that told what the value is, with its lints.
    pub(crate) last: Option<Told>,
}

/// Whether a value is read (A13).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Watch {
    /// It is, as long as nothing is known of it.
    Undecided,
    /// It is.
    Armed,
    /// It was not there when the service started, and R2 is asked for.
    NotArmed,
}

/// A reading that tells what a value is.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Told {
    pub(crate) reading: Arc<Reading>,
    pub(crate) lints: Arc<[Lint]>,
    /// Whether the running build ignores the value.
    pub(crate) ignored: bool,
}

/// What came of one list's value in a poll.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// It was not read.
    NotWatched,
    /// The registry could not say.
    Unreadable(KeyStoreError),
    /// The value is this.
    Told(Told),
}

/// The policy that a poll's values make, and what was found in each.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) policy: Policy,
    pub(crate) outcomes: Vec<(BlockList, Outcome)>,
}

/// What a poll that finds given values would do.
#[derive(Clone, Debug)]
pub struct Preview {
    /// Items that come and go.
    pub change: PolicyChange,
    /// The sessions that would be cut off, in session order, with the reason of each.
    pub disconnected: Vec<(Arc<SessionRecord>, Arc<policy::Cause>)>,
    /// Sessions that would stay, the unidentified among them.
    pub kept: usize,
    /// Sessions that would stay since they have no process name and no list covers their version.
    pub unidentified: usize,
    /// What each list's value is taken for, in the order of [`BlockList::ALL`]; none where it is not read.
    pub lints: Vec<(BlockList, Arc<[Lint]>)>,
}

impl Watched {
    /// A value of which the service has just started to learn.
    pub(crate) fn all() -> Vec<Self> {
        let new = |list| Self { list, watch: Watch::Undecided, last: None };
        BlockList::ALL.into_iter().map(new).collect()
    }
}

impl InfoStore {
    /// What a poll that finds these values would do now. Nothing changes.
    pub fn preview(&self, reads: &[ValueRead]) -> Preview {
        let Plan { policy, outcomes } = self.plan(reads);
        let forbidden = self.forbidden(&policy);
        let session = |(id, cause): (_, Arc<policy::Cause>)| {
            Some((Arc::clone(&self.table.get(id)?.record), cause))
        };
        let disconnected: Vec<_> = forbidden.into_iter().filter_map(session).collect();
        let nameless = disconnected.iter().filter(|(session, _)| !is_identified(session)).count();
        let lints = outcomes.into_iter().filter_map(|(list, outcome)| match outcome {
            Outcome::Told(told) => Some((list, told.lints)),
            Outcome::NotWatched | Outcome::Unreadable(_) => None,
        });
        Preview {
            change: policy::compare(&self.policy, &policy),
            kept: self.table.len().saturating_sub(disconnected.len()),
            unidentified: self.table.unidentified().saturating_sub(nameless),
            disconnected,
            lints: lints.collect(),
        }
    }

    /// The values that the next poll reads.
    pub(crate) fn watched_values(&self) -> Vec<ValueName> {
        let read = self.watched.iter().filter(|watched| watched.watch != Watch::NotArmed);
        read.map(|watched| list_value(watched.list)).collect()
    }

    /// Reads `reads` as a poll does.
    pub(crate) fn plan(&self, reads: &[ValueRead]) -> Plan {
        let outcome = |watched: &Watched| (watched.list, self.outcome(watched, reads));
        let outcomes: Vec<_> = self.watched.iter().map(outcome).collect();
        let part = |list| outcomes.iter().find(|(of, _)| *of == list).map(|(_, outcome)| outcome);
        let policy = Policy::new(
            match part(BlockList::Processes) {
                Some(Outcome::Told(told)) => ProcessList::parse(told.text()).value,
                kept if self.keeps(BlockList::Processes, kept) => self.policy.processes().clone(),
                _ => ProcessList::default(),
            },
            match part(BlockList::Versions) {
                Some(Outcome::Told(told)) => VersionRanges::parse(told.text()).value,
                kept if self.keeps(BlockList::Versions, kept) => self.policy.versions().clone(),
                _ => VersionRanges::default(),
            },
        );
        Plan { policy, outcomes }
    }

    /// Whether the part of the policy that came of `list` stays: what can't be read is kept as it was last read since the
    /// service started (A9), and nothing is kept over a start (A30).
    fn keeps(&self, list: BlockList, outcome: Option<&Outcome>) -> bool {
        let known =
            self.watched.iter().any(|watched| watched.list == list && watched.last.is_some());
        known && matches!(outcome, Some(Outcome::Unreadable(_)))
    }

    fn outcome(&self, watched: &Watched, reads: &[ValueRead]) -> Outcome {
        if watched.watch == Watch::NotArmed {
            return Outcome::NotWatched;
        }
        let name = list_value(watched.list);
        let read = reads.iter().find(|read| read.name == name);
        let result = read.map_or_else(|| Err(not_asked()), |read| read.result.clone());
        match Reading::judge(result) {
            Reading::Unreadable(error) => Outcome::Unreadable(error),
            Reading::NotFound if self.disarms(watched) => Outcome::NotWatched,
            readable @ (Reading::NotFound | Reading::Invalid(_) | Reading::Text(_)) => {
                Outcome::Told(self.tell(watched, readable))
            }
        }
    }

    /// Whether a value that is not there is left alone until the next start (R2 of A13).
    fn disarms(&self, watched: &Watched) -> bool {
        watched.watch == Watch::Undecided
            && self.settings.registry_watch == RegistryWatch::ArmedAtStart
    }

    /// What a reading says; a known one keeps its lints.
    fn tell(&self, watched: &Watched, reading: Reading) -> Told {
        if let Some(known) = watched.last.as_ref().filter(|last| *last.reading == reading) {
            return known.clone();
        }
        let honoured = self.running.honours(watched.list);
        let ignored = !honoured && reading != Reading::NotFound;
        let mut lints = reading.text().map_or_else(Vec::new, |text| lints(watched.list, text));
        if ignored {
            let build = format!("build {} ({})", self.running, self.running.product());
            let text = reading.text().unwrap_or_default();
            lints.insert(0, Lint::ignored_by_build(watched.list, text, &build));
        }
        Told { reading: Arc::new(reading), lints: lints.into(), ignored }
    }
}

impl Told {
    /// The text of a list that is honoured.
    fn text(&self) -> &str {
        if self.ignored { "" } else { self.reading.text().unwrap_or_default() }
    }
}

fn lints(list: BlockList, text: &str) -> Vec<Lint> {
    match list {
        BlockList::Processes => {
            let Parsed { lints, .. } = ProcessList::parse(text);
            lints
        }
        BlockList::Versions => {
            let Parsed { lints, .. } = VersionRanges::parse(text);
            lints
        }
    }
}

fn is_identified(session: &SessionRecord) -> bool {
    session.identity.subject.is_identified()
}

fn not_asked() -> KeyStoreError {
    KeyStoreError::Failed { reason: "the value was not asked for".to_owned() }
}

/// The name of the value that a list is read from.
#[expect(
    clippy::expect_used,
    reason = "INVARIANT: the names of the values are short constants without NUL, and tests parse them"
)]
pub fn list_value(list: BlockList) -> ValueName {
    list.value_name().parse().expect("the value's name is a value name")
}
