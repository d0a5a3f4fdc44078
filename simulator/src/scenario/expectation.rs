//! What a scenario expects of a store.

use serde::Deserialize;

use crate::machine::ClientState;

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

impl Expectation {
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
