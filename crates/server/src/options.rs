//! How a store is set up, and why it may not start.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use clock::{ClockMode, SimTime};
use infostore::Settings;
use rand::rngs::{StdRng, SysRng};
use rand::{SeedableRng, TryRng};
use registry_poll::Registry;

/// What everything random in a store is derived from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seed(pub u64);

impl Seed {
    /// The random stream of this number: a function of the two, so that a number is all there is to remember of it.
    pub(crate) fn stream(self, number: u64) -> StdRng {
        let mut seed = [0; 32];
        let words = self.0.to_le_bytes().into_iter().chain(number.to_le_bytes());
        for (byte, word) in seed.iter_mut().zip(words) {
            *byte = word;
        }
        StdRng::from_seed(seed)
    }

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
    /// Where the endpoint mapper has a port of its own; it is on the RPC port besides. Port 0 takes any free one.
    pub epm: Option<SocketAddr>,
    /// The registry of the store, or of its cluster's first node; one in memory when none is given.
    pub registry: Option<Arc<dyn Registry>>,
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
    /// The endpoint mapper's port can't be had.
    #[error("the endpoint mapper can't be opened on `{address}`")]
    BindMapper {
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
