//! What NTLM challenges follow from: a secret of the store's life, and the connection.

use dcerpc::ChallengeKey;
use infostore::ConnectionId;
use rand::TryRng;
use rand::rngs::{SysError, SysRng};

/// Where the keys of a store's connections come from.
#[derive(Clone, Copy)]
pub(crate) struct Challenges {
    secret: [u8; 16],
}

impl core::fmt::Debug for Challenges {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Challenges")
    }
}

impl Challenges {
    /// Of a store that starts. They come from the system and not from the store's seed, which others may know; nothing
    /// that is reproduced depends on them.
    pub(crate) fn new() -> Result<Self, SysError> {
        let mut secret = [0; 16];
        SysRng.try_fill_bytes(&mut secret)?;
        Ok(Self { secret })
    }

    /// The key of a connection.
    pub(crate) fn key(&self, connection: ConnectionId) -> ChallengeKey {
        ChallengeKey::of_connection(&self.secret, connection.0)
    }
}
