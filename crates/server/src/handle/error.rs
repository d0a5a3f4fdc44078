//! Why a request to a store failed.

use clock::ClockError;
use infostore::{
    ClientId, CommandError, Cursor, FaultRuleError, HotfixError, SessionId, SnapshotId,
    TooManyFaults,
};
use registry_poll::{ClusterError, EditError, FaultId, KeyStoreError, NodeName};

use crate::directory::TooManyUsers;
use crate::objects::MAX_PENDING_EVENTS;
use crate::user::UserError;
use crate::waits::MAX_WAITS;

/// Why a request to a store failed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StoreError {
    /// The store has stopped.
    #[error("the store has stopped")]
    Stopped,
    /// The service has stopped, and a restart would start it.
    #[error("the store service has stopped")]
    ServiceStopped,
    /// The engine refused the command.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The clock can't be moved so.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// There is no such client.
    #[error("there is no client {}", .0.0)]
    NoSuchClient(ClientId),
    /// There is no such group of injected clients.
    #[error("there is no client group `{0}`")]
    NoSuchClientGroup(String),
    /// TCP clients need an RPC port.
    #[error("the store has no RPC port, so it takes no TCP clients")]
    NoRpcPort,
    /// More TCP clients than connections are left.
    #[error("{asked} TCP clients need as many connections, and {left} are left")]
    TooManyConnections {
        /// Clients to inject.
        asked: usize,
        /// Connections left.
        left: usize,
    },
    /// The store has moved since whoever asks looked at it.
    #[error("the store has moved on to cursor {}-{}", .cursor.epoch.0, .cursor.seq.0)]
    Moved {
        /// Where it stands now.
        cursor: Cursor,
    },
    /// What the change was to depend on is not so, and nothing was done.
    #[error("{detail}")]
    PreconditionFailed {
        /// What is so instead, one clause.
        detail: String,
        /// The tag of what is there; none when nothing is.
        found: Option<String>,
    },
    /// The hotfix does not go on the build that is installed.
    #[error(transparent)]
    Hotfix(#[from] HotfixError),
    /// The registry can't be read.
    #[error(transparent)]
    Registry(#[from] KeyStoreError),
    /// The registry refuses an edit.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The cluster refuses.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// There is one node, and nowhere to move the service to.
    #[error("the store is no cluster, so there is no other node")]
    NoCluster,
    /// The service is on this node.
    #[error("the service is on node `{0}` already")]
    AlreadyActive(NodeName),
    /// There are as many fault rules as a store holds.
    #[error(transparent)]
    TooManyFaults(#[from] TooManyFaults),
    /// The session's client has not asked to be told of such an event.
    #[error("the client of session {} has registered for no notification of this kind", .0.0)]
    NotRegistered(SessionId),
    /// The session's client fetches nothing of what it is to be told.
    #[error("session {} has {MAX_PENDING_EVENTS} events that its client has not fetched", .0.0)]
    TooManyEvents(SessionId),
    /// There are as many waits as a store has at a time.
    #[error("{MAX_WAITS} requests wait for this store already")]
    TooManyWaits,
    /// The fault rule could never hit, or its schedule can't be kept.
    #[error(transparent)]
    FaultRule(#[from] FaultRuleError),
    /// There is no such fault rule.
    #[error("there is no fault rule {}", .0.0)]
    NoSuchFault(FaultId),
    /// There is no such user.
    #[error("there is no user `{0}`")]
    NoSuchUser(String),
    /// There are as many users as a store takes.
    #[error(transparent)]
    TooManyUsers(#[from] TooManyUsers),
    /// A new user has nothing to prove itself with.
    #[error("a new user needs a password or an nt hash")]
    NoPassword,
    /// There can be no such user.
    #[error(transparent)]
    User(#[from] UserError),
    /// There is no such snapshot.
    #[error("there is no snapshot {}", .0.0)]
    NoSuchSnapshot(SnapshotId),
    /// There are as many snapshots as a store holds.
    #[error("the store has {limit} snapshots, and that is the most it holds")]
    TooManySnapshots {
        /// The most.
        limit: usize,
    },
    /// The snapshots would weigh more together than a store holds.
    #[error("with this one the snapshots would take about {needed} bytes, and may take {limit}")]
    SnapshotsTooLarge {
        /// What they would weigh.
        needed: usize,
        /// What they may.
        limit: usize,
    },
}
