//! How a store is set up, and why it may not start.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use clock::{ClockMode, SimTime};
use infostore::Settings;
use rand::rngs::{StdRng, SysRng};
use rand::{SeedableRng, TryRng};
use registry_poll::Registry;

use crate::directory::Directory;

/// What everything random in a store is derived from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seed(pub u64);

/// A text is no seed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{text}` is not a 64-bit number, decimal or 0x…")]
pub struct SeedError {
    text: String,
}

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

    /// The seed of something that has a name of its own: another name has another, and the same name has the same.
    pub(crate) fn derived(self, name: &str) -> Self {
        // FNV-1a over the seed and the name, and the last steps of SplitMix64, so that similar names are far apart.
        let bytes = self.0.to_le_bytes().into_iter().chain(name.bytes());
        let hash = bytes.fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
        });
        let mixed = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Self(mixed ^ (mixed >> 31))
    }

    /// A seed from the system's random source.
    ///
    /// # Errors
    /// When the system has none.
    pub fn random() -> Result<Self, rand::rngs::SysError> {
        SysRng.try_next_u64().map(Self)
    }
}

impl FromStr for Seed {
    type Err = SeedError;

    /// Decimal, or hexadecimal after `0x`.
    fn from_str(text: &str) -> Result<Self, SeedError> {
        let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
        let number =
            digits.map_or_else(|| u64::from_str(text), |digits| u64::from_str_radix(digits, 16));
        number.map(Self).map_err(|_| SeedError { text: text.to_owned() })
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
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
    /// Its domain and its users.
    pub directory: Directory,
    /// The folder that captures of the connections are written to, those of the process's other stores too; none writes
    /// none. It is read of the process's first store.
    pub capture: Option<PathBuf>,
    /// TCP connections at a time; of the process's, when the store is one of several.
    pub max_connections: usize,
}

/// Why a store did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There are no random bytes to challenge clients with.
    #[error("the system gives no random bytes")]
    Random(#[source] rand::rngs::SysError),
    /// The RPC port can't be had.
    #[error("the RPC port can't be opened on `{address}`")]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The capture can't be written.
    #[error("the capture `{}` can't be written", .path.display())]
    Capture {
        /// The file.
        path: PathBuf,
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
