//! Sessions: their ids, what the store knows of the client, and how they end.

use core::fmt;
use core::net::IpAddr;
use std::sync::Arc;

use clock::SimTime;
use policy::Subject;

/// A session's ordinal in its store's epoch, from 1 in order of connection; never used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SessionId(pub u64);

/// The 16-bit index that the protocol gives a session (picxr, \[MS-OXCRPC\] 3.1.4.1); never FFFFh.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct SessionIndex(pub u16);

/// The creation stamp of a session, pulTimeStamp: with its index it tells a session of the store from one that had the
/// index before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TimeStamp(pub u32);

impl TimeStamp {
    /// The stamp of a session that is opened at `now`: the low 32 bits of the store's milliseconds.
    pub fn of(now: SimTime) -> Self {
        let milliseconds = now.as_micros() / 1_000;
        Self(u32::try_from(milliseconds & u64::from(u32::MAX)).unwrap_or_default())
    }
}

/// The session that a client asks to be linked to: ulIcxrLink and pulTimeStamp of EcDoConnectEx, \[MS-OXCRPC\] 3.1.4.1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SessionLink {
    /// The low 16 bits of ulIcxrLink.
    pub index: SessionIndex,
    /// pulTimeStamp, as the session to link to was given it.
    pub time_stamp: TimeStamp,
}

/// An injected client's ordinal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ClientId(pub u64);

/// A TCP connection or pipe, as its driver numbers them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ConnectionId(pub u64);

/// An association group: the connections that share context handles.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct GroupId(pub u32);

/// The count of policies that have been in force; 0 is the empty policy before the first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Generation(pub u64);

/// The connection that a session was opened on, and the group that its context handle belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AssociationRef {
    /// Where the context handle lives.
    pub group: GroupId,
    /// Where the connect call came in.
    pub connection: ConnectionId,
}

/// How the bytes travel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    /// The in-process pipe of injected clients.
    Pipe,
    /// ncacn_ip_tcp.
    Tcp,
}

/// Who opened the session. Labels, which no decision ever sees.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// A client of the control plane.
    Injected {
        /// Its number.
        client: ClientId,
        /// The group label that its owner gave it.
        group: Option<String>,
    },
    /// Somebody else.
    Foreign,
}

/// The call that opened the session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interface {
    /// EcDoConnectEx (opnum 10), which can carry a process name.
    ConnectEx,
    /// EcDoConnect (opnum 0), which can't.
    Connect,
}

/// AUX_PERF_CLIENTINFO's ClientMode, \[MS-OXCRPC\] 2.2.2.2.4.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClientMode {
    /// Not said, or not understood.
    Unknown,
    /// Classic online mode.
    Classic,
    /// Cached mode.
    Cached,
}

/// What a client said of itself when it connected, and where it came from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientIdentity {
    /// Process names and version: all that a decision sees.
    pub subject: Subject,
    /// szUserDN, the legacyExchangeDN of the user; may be empty.
    pub user_dn: String,
    /// The user of the store that it has proved to be; none when it is anonymous.
    pub user: Option<String>,
    /// AUX_PERF_CLIENTINFO's machine name.
    pub machine: Option<String>,
    /// AUX_PERF_CLIENTINFO's client mode.
    pub mode: ClientMode,
    /// The peer's address, without its port; none over the pipe.
    pub address: Option<IpAddr>,
    /// Who opened it.
    pub origin: Origin,
    /// How its bytes travel.
    pub transport: Transport,
    /// The call that opened it.
    pub interface: Interface,
}

impl ClientIdentity {
    /// Bytes that the client chose the number of, and a constant.
    pub(crate) fn weight(&self) -> usize {
        let names = self.subject.names().iter();
        // A name is kept as it was reported and as it is compared.
        let names: usize =
            names.map(|name| name.reported().len().saturating_add(name.key().len())).sum();
        let machine = self.machine.as_ref().map_or(0, String::len);
        let user = self.user.as_ref().map_or(0, String::len).saturating_add(self.user_dn.len());
        let texts = names.saturating_add(machine).saturating_add(user);
        texts.saturating_add(size_of::<SessionRecord>())
    }
}

/// A session as the table and the journal hold it. A late process name makes a new record of the same id.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionRecord {
    /// Its ordinal.
    pub id: SessionId,
    /// Its index in the protocol.
    pub index: SessionIndex,
    /// The client.
    pub identity: ClientIdentity,
    /// When it was opened.
    pub connected_at: SimTime,
    /// The session that it asked to be linked to, if there was such a one. A label: what becomes of one session says nothing
    /// about the other (A18).
    pub linked_to: Option<SessionId>,
}

/// Why the store ended a session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DisconnectReason {
    /// The policy forbids the client.
    Policy(Arc<policy::Cause>),
    /// Somebody asked through the control plane.
    Admin,
    /// The client reported more process names than a session may have, or became one kind of program too many.
    Limit,
    /// The store service stops.
    Shutdown,
    /// The store service stops, to start again.
    Restart,
}

/// How a session ended, whoever caused it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum EndReason {
    /// The policy forbids the client.
    Policy,
    /// Somebody asked through the control plane.
    Admin,
    /// The client reported more process names than a session may have, or became one kind of program too many.
    Limit,
    /// The store service stopped.
    Shutdown,
    /// The store service stopped, to start again.
    Restart,
    /// EcDoDisconnect.
    Client,
    /// The last connection of its group closed: rundown.
    Transport,
}

impl EndReason {
    /// Every way.
    pub const ALL: [Self; 7] = [
        Self::Policy,
        Self::Admin,
        Self::Limit,
        Self::Shutdown,
        Self::Restart,
        Self::Client,
        Self::Transport,
    ];
}

impl DisconnectReason {
    /// The end that this disconnect brings.
    pub fn end(&self) -> EndReason {
        match self {
            Self::Policy(_) => EndReason::Policy,
            Self::Admin => EndReason::Admin,
            Self::Limit => EndReason::Limit,
            Self::Shutdown => EndReason::Shutdown,
            Self::Restart => EndReason::Restart,
        }
    }
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Policy => "policy",
            Self::Admin => "admin",
            Self::Limit => "limit",
            Self::Shutdown => "shutdown",
            Self::Restart => "restart",
            Self::Client => "client",
            Self::Transport => "transport",
        })
    }
}
