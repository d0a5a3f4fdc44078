//! What a test says of clients, and what a store says of clients, sessions and time.

use serde::{Deserialize, Serialize};

/// A fake client to inject. It sends the bytes of a real one.
///
/// ```
/// use exstore_testing::{Client, Store};
///
/// let store = Store::start();
/// store.inject(Client::of("OUTLOOK.EXE").user("alice").machine("WKS1").version("11.0.8173.0"));
/// store.inject(Client::unnamed().group("finance"));
/// assert_eq!(store.sessions().len(), 2);
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Client {
    process: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    machine: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transport: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
}

impl Client {
    /// A client that names this program, as it is; Outlook 2003's version unless told.
    #[must_use]
    pub fn of(process: impl Into<String>) -> Self {
        Self { process: Some(process.into()), ..Self::default() }
    }

    /// A client that sends no auxiliary block, and so no name.
    #[must_use]
    pub fn unnamed() -> Self {
        Self::default()
    }

    /// Its version, such as `11.0.5608.0`.
    #[must_use]
    pub fn version(self, version: impl Into<String>) -> Self {
        Self { client_version: Some(version.into()), ..self }
    }

    /// Its user; `{n}` stands for the client's number.
    #[must_use]
    pub fn user(self, user: impl Into<String>) -> Self {
        Self { user: Some(user.into()), ..self }
    }

    /// Its computer; `{n}` stands for the client's number.
    #[must_use]
    pub fn machine(self, machine: impl Into<String>) -> Self {
        Self { machine: Some(machine.into()), ..self }
    }

    /// Without a copy of the mailbox of its own.
    #[must_use]
    pub fn classic(self) -> Self {
        Self { mode: Some("classic"), ..self }
    }

    /// Over TCP, to the store's RPC port.
    #[must_use]
    pub fn tcp(self) -> Self {
        Self { transport: Some("tcp"), ..self }
    }

    /// A label, which no decision sees.
    #[must_use]
    pub fn group(self, group: impl Into<String>) -> Self {
        Self { group: Some(group.into()), ..self }
    }
}

impl From<&str> for Client {
    fn from(process: &str) -> Self {
        Self::of(process)
    }
}

/// An injected client as it stands.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct InjectedClient {
    /// Its number, from 1.
    pub id: u64,
    /// The program it names.
    pub process: Option<String>,
    /// Its version.
    pub client_version: String,
    /// Its user.
    pub user: String,
    /// Its computer.
    pub machine: String,
    /// Its label.
    pub group: Option<String>,
    /// `idle`, `connecting`, `connected`, `refused`, `disconnected` or `failed`.
    pub state: String,
    /// How it came there, as the client understood it, such as `ecClientVerDisallowed`; none when all went well.
    pub outcome: Option<String>,
}

/// A live session, of an injected client or of one from outside.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct Session {
    /// Its number.
    pub id: u64,
    /// The injected client that it belongs to; none for one from outside.
    pub client_id: Option<u64>,
    /// That client's label.
    pub group: Option<String>,
    /// The program it named.
    pub process: Option<String>,
    /// Its client's version.
    pub client_version: String,
    /// The policy that it was last judged under.
    pub generation: u64,
}

/// What happened while time was advanced.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct Advanced {
    /// Store time now, RFC 3339.
    pub now: String,
    /// Polls that ended.
    pub polls_run: u64,
    /// Sessions that the store ended.
    pub disconnected: u64,
    /// Connections from outside that were told to close and are still open.
    pub foreign_pending: usize,
}
