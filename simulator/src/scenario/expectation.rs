//! What a scenario expects of a store.

use clock::SimTime;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Amount;
use super::written::TimeText;
use crate::build::BuildNumber;
use crate::driver::{BlockList, PolicyMode, Reading};
use crate::machine::ClientState;
use crate::version::ClientVersion;
use crate::written_time;

/// What an `expect` step looks at; at least one thing.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Expectation {
    /// Live sessions.
    pub sessions: Vec<SessionExpectation>,
    /// Injected clients.
    pub clients: Vec<ClientExpectation>,
    /// How many live sessions have no process name.
    pub unidentified: Option<Amount>,
    /// Events of the last step that was not an `expect`.
    pub events: Vec<EventExpectation>,
    /// What there is to say about the texts of the block lists, as they are in the registry.
    pub lints: Vec<LintExpectation>,
    /// The last poll that is over.
    pub poll: Option<PollExpectation>,
    /// How the policy is acted on, and what that comes to.
    pub policy: Option<PolicyExpectation>,
    /// The store's build.
    pub build: Option<BuildExpectation>,
    /// Files of the store service.
    pub files: Vec<FileExpectation>,
}

/// So many live sessions are of this program and this group.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionExpectation {
    /// The program, in any case; none for sessions of any.
    #[serde(default)]
    pub process: Option<String>,
    /// The client's label; none for sessions of any.
    #[serde(default)]
    pub group: Option<String>,
    /// Their client's version; none for sessions of any.
    #[serde(default)]
    pub client_version: Option<ClientVersion>,
    /// How many.
    pub count: Amount,
}

/// Clients of this program and this group stand here.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientExpectation {
    /// The program, in any case; none for clients of any.
    #[serde(default)]
    pub process: Option<String>,
    /// The label; none for clients of any.
    #[serde(default)]
    pub group: Option<String>,
    /// Where they stand.
    pub state: ClientState,
    /// What their outcome contains; none for any outcome.
    #[serde(default)]
    pub outcome: Option<String>,
    /// How many; none for all that are meant, and at least one.
    #[serde(default)]
    pub count: Option<Amount>,
}

/// The last step caused events of this type.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventExpectation {
    /// The type, as `session.disconnected`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The program, in any case; none for events about any.
    #[serde(default)]
    pub process: Option<String>,
    /// The client's label; none for events about any.
    #[serde(default)]
    pub group: Option<String>,
    /// The client's version; none for events about any.
    #[serde(default)]
    pub client_version: Option<ClientVersion>,
    /// The name of the code that was sent; none for any.
    #[serde(default)]
    pub code: Option<String>,
    /// How many; none for at least one.
    #[serde(default)]
    pub count: Option<Amount>,
}

/// The text of a block list, as it is in the registry, has so many lints.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LintExpectation {
    /// The list.
    pub list: BlockList,
    /// Which kind of lint, as `wildcard`; none for any.
    #[serde(default)]
    pub code: Option<String>,
    /// How many; none for at least one.
    #[serde(default)]
    pub count: Option<Amount>,
}

/// The last poll that is over went so; at least one of these is given.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PollExpectation {
    /// What the value of the process list was read as.
    pub processes: Option<Reading>,
    /// What the value of the version list was read as.
    pub versions: Option<Reading>,
    /// Whether a policy with other rules came of it.
    pub changed: Option<bool>,
    /// The policy in force after it.
    pub generation: Option<Amount>,
    /// Sessions that it disconnected.
    pub disconnected: Option<Amount>,
    /// In audit mode, sessions that it would have disconnected.
    pub would_block: Option<Amount>,
}

/// The policy is acted on so; at least one of these is given.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyExpectation {
    /// Whether it is acted on.
    pub mode: Option<PolicyMode>,
    /// Which policy is in force, counted from 0.
    pub generation: Option<Amount>,
    /// Live sessions that it forbids; none while it is enforced.
    pub forbidden: Option<Amount>,
    /// Sessions that it would have kept out or ended since the start, had it been enforced.
    pub would_block: Option<Amount>,
}

/// The store is of this build; at least one of both is given.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BuildExpectation {
    /// What is installed.
    pub installed: Option<BuildNumber>,
    /// What runs.
    pub running: Option<BuildNumber>,
}

/// The store service has this file.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileExpectation {
    /// Its name, in any case.
    pub name: String,
    /// Its version; none for any.
    #[serde(default)]
    pub version: Option<BuildNumber>,
    /// Its size; none for any.
    #[serde(default)]
    pub bytes: Option<u64>,
    /// When it was built; none for any time.
    #[serde(default, deserialize_with = "written_time::optional")]
    #[schemars(with = "Option<TimeText>")]
    pub built: Option<SimTime>,
}

impl Expectation {
    /// Whether the store has to be asked for its build.
    pub(crate) fn looks_at_build(&self) -> bool {
        self.build.is_some() || !self.files.is_empty()
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The groups that it looks at, each with its place in the expectation.
    pub(super) fn groups(&self) -> impl Iterator<Item = (String, &str)> {
        let sessions = self.sessions.iter().map(|sessions| &sessions.group);
        let clients = self.clients.iter().map(|clients| &clients.group);
        let events = self.events.iter().map(|events| &events.group);
        let sessions = places("sessions", sessions);
        sessions.chain(places("clients", clients)).chain(places("events", events))
    }
}

fn places<'a>(
    list: &'static str,
    groups: impl Iterator<Item = &'a Option<String>>,
) -> impl Iterator<Item = (String, &'a str)> {
    groups.enumerate().filter_map(move |(index, group)| {
        Some((format!("/{list}/{index}/group"), group.as_deref()?))
    })
}
