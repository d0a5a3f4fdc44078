//! What is said of a client, the same in sessions, decisions and events.

use infostore::{ClientIdentity, ClientMode, Generation, Origin, SessionId, Transport};
use serde::Serialize;
use utoipa::ToSchema;

use crate::scalars::Version;

/// A session, or the client that wanted one, as its events carry it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SessionFields {
    /// The session's id; null when the client was refused, and there never was one.
    session: Option<u64>,
    /// The program, as first reported; null when the client named none.
    process: Option<String>,
    /// Every program that the client reported, in order.
    processes: Vec<String>,
    /// The version of the client's MAPI.
    client_version: Version,
    /// The user's legacy distinguished name; may be empty.
    user_dn: String,
    /// The user of the store that the client has proved to be; null when it is anonymous.
    user: Option<String>,
    /// The computer; null when the client did not say.
    machine: Option<String>,
    /// How the client uses its mailbox.
    mode: ModeName,
    /// Who opened it.
    origin: OriginName,
    /// How its bytes travel.
    transport: TransportName,
    /// The injected client; null when foreign.
    client_id: Option<u64>,
    /// The injected client's group; null when foreign, or when it has none.
    group: Option<String>,
    /// The policy that it was judged under; null where the journal does not say.
    generation: Option<u64>,
}

/// How a client uses its mailbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ClientMode)]
pub(crate) enum ModeName {
    /// Not said, or not understood.
    Unknown,
    /// Online only.
    Classic,
    /// With a copy of its own.
    Cached,
}

/// Who opened a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, serde::Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Origin)]
pub(crate) enum OriginName {
    /// A client of the control plane.
    Injected,
    /// Somebody else.
    Foreign,
}

/// How bytes travel.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, serde::Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Transport)]
pub(crate) enum TransportName {
    /// The in-process pipe: the same bytes without a socket.
    #[default]
    Pipe,
    /// TCP, to the store's RPC port.
    Tcp,
}

impl SessionFields {
    pub(crate) fn new(
        session: Option<SessionId>,
        identity: &ClientIdentity,
        generation: Option<Generation>,
    ) -> Self {
        let (client_id, group) = labels(&identity.origin);
        let processes = process_names(identity);
        Self {
            session: session.map(|id| id.0),
            process: processes.first().cloned(),
            processes,
            client_version: Version(identity.subject.version()),
            user_dn: identity.user_dn.clone(),
            user: identity.user.clone(),
            machine: identity.machine.clone(),
            mode: identity.mode.into(),
            origin: (&identity.origin).into(),
            transport: identity.transport.into(),
            client_id,
            group,
            generation: generation.map(|generation| generation.0),
        }
    }

    /// Whether this is the injected client of this id.
    pub(crate) fn is_of_client(&self, id: u64) -> bool {
        self.client_id == Some(id)
    }
}

/// Every program that the client reported, as sent.
pub(crate) fn process_names(identity: &ClientIdentity) -> Vec<String> {
    identity.subject.names().iter().map(|name| name.reported().to_owned()).collect()
}

/// The injected client and its group.
pub(crate) fn labels(origin: &Origin) -> (Option<u64>, Option<String>) {
    match origin {
        Origin::Injected { client, group } => (Some(client.0), group.clone()),
        Origin::Foreign => (None, None),
    }
}

impl From<ClientMode> for ModeName {
    fn from(mode: ClientMode) -> Self {
        match mode {
            ClientMode::Unknown => Self::Unknown,
            ClientMode::Classic => Self::Classic,
            ClientMode::Cached => Self::Cached,
        }
    }
}

impl From<&Origin> for OriginName {
    fn from(origin: &Origin) -> Self {
        match origin {
            Origin::Injected { .. } => Self::Injected,
            Origin::Foreign => Self::Foreign,
        }
    }
}

impl From<Transport> for TransportName {
    fn from(transport: Transport) -> Self {
        match transport {
            Transport::Pipe => Self::Pipe,
            Transport::Tcp => Self::Tcp,
        }
    }
}

impl From<TransportName> for Transport {
    fn from(transport: TransportName) -> Self {
        match transport {
            TransportName::Pipe => Self::Pipe,
            TransportName::Tcp => Self::Tcp,
        }
    }
}
