//! What a scenario expects of a store.

use clock::SimTime;
use serde::Deserialize;

use crate::build::BuildNumber;
use crate::machine::ClientState;
use crate::written_time;

/// What an `expect` step looks at; at least one thing.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expectation {
    /// Live sessions.
    pub sessions: Vec<SessionExpectation>,
    /// Injected clients.
    pub clients: Vec<ClientExpectation>,
    /// How many live sessions have no process name.
    pub unidentified: Option<u64>,
    /// Events of the last step that was not an `expect`.
    pub events: Vec<EventExpectation>,
    /// The store's build.
    pub build: Option<BuildExpectation>,
    /// Files of the store service.
    pub files: Vec<FileExpectation>,
}

/// So many live sessions are of this program and this group.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionExpectation {
    /// The program, in any case; none for sessions of any.
    #[serde(default)]
    pub process: Option<String>,
    /// The client's label; none for sessions of any.
    #[serde(default)]
    pub group: Option<String>,
    /// How many.
    pub count: u64,
}

/// Clients of this group stand here.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientExpectation {
    /// The label; none for clients of any.
    #[serde(default)]
    pub group: Option<String>,
    /// Where they stand.
    pub state: ClientState,
    /// What their outcome contains; none for any outcome.
    #[serde(default)]
    pub outcome: Option<String>,
    /// How many; none for all of the group, and at least one.
    #[serde(default)]
    pub count: Option<u64>,
}

/// The last step caused events of this type.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
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
    /// The name of the code that was sent; none for any.
    #[serde(default)]
    pub code: Option<String>,
    /// How many; none for at least one.
    #[serde(default)]
    pub count: Option<u64>,
}

/// The store is of this build; at least one of both is given.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BuildExpectation {
    /// What is installed.
    pub installed: Option<BuildNumber>,
    /// What runs.
    pub running: Option<BuildNumber>,
}

/// The store service has this file.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
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

    /// The groups that it looks at.
    pub(super) fn groups(&self) -> impl Iterator<Item = &str> {
        let sessions = self.sessions.iter().map(|sessions| &sessions.group);
        let clients = self.clients.iter().map(|clients| &clients.group);
        let events = self.events.iter().map(|events| &events.group);
        let groups = sessions.chain(clients).chain(events);
        groups.filter_map(Option::as_deref)
    }
}
