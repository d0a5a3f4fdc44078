//! How a store is set up, and why it may not start.

use std::io;
use std::net::SocketAddr;

use clock::{ClockMode, SimTime};
use infostore::Settings;
use rand::TryRng;
use rand::rngs::SysRng;

/// What "disconnected" means for a connection (policy A20).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum DisconnectMode {
    /// The connections of a group without a live session are closed at once.
    #[default]
    Connection,
    /// No connection is closed; the next call on a dead handle is told.
    Context,
}

/// What everything random in a store is derived from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seed(pub u64);

impl Seed {
    /// A seed from the system's random source.
    ///
    /// # Errors
    /// When the system has none.
    pub fn random() -> Result<Self, rand::rngs::SysError> {
        SysRng.try_next_u64().map(Self)
    }
}

/// How a store is set up.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// The engine's settings.
    pub settings: Settings,
    /// How time moves.
    pub clock: ClockMode,
    /// Store time at the start; the wall's when none is given.
    pub start: Option<SimTime>,
    /// The random streams.
    pub seed: Seed,
    /// Where the RPC port is; none has no port. Port 0 takes any free one.
    pub rpc: Option<SocketAddr>,
    /// What happens to a connection whose sessions were ended.
    pub disconnect: DisconnectMode,
    /// TCP connections at a time.
    pub max_connections: usize,
}

/// Why a store did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The RPC port can't be had.
    #[error("the RPC port can't be opened on `{address}`")]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The store's task ended before it was ready.
    #[error("the store stopped while it started")]
    Stopped,
}
