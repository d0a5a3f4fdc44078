//! Syntax identifiers: interfaces and transfer syntaxes (C706 12.6.3.1 `p_syntax_id_t`), and the transfer
//! syntax that is none: bind-time feature negotiation (MS-RPCE 2.2.2.14).

use std::fmt;

use bitflags::bitflags;
use uuid::Uuid;

use crate::reader::{PduError, Reader};

/// What names an interface or a transfer syntax, 20 bytes.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 16 | UUID, its first three fields little-endian |
/// | 16 | 2 | major version, little-endian |
/// | 18 | 2 | minor version, little-endian |
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SyntaxId {
    /// The identity.
    pub uuid: Uuid,
    /// The major version: another one is another syntax.
    pub major: u16,
    /// The minor version: a server serves its own and the earlier ones.
    pub minor: u16,
}

impl SyntaxId {
    /// Bytes on the wire.
    pub const SIZE: usize = 20;

    /// All zero: what a rejected presentation context has in place of a transfer syntax.
    pub const NIL: Self = Self { uuid: Uuid::nil(), major: 0, minor: 0 };

    /// NDR 2.0, the only transfer syntax that is ever accepted.
    pub const NDR20: Self =
        Self { uuid: Uuid::from_u128(0x8a885d04_1ceb_11c9_9fe8_08002b104860), major: 2, minor: 0 };

    /// NDR64, known and never accepted: the store of 2003 is a 32-bit process.
    pub const NDR64: Self =
        Self { uuid: Uuid::from_u128(0x71710533_beba_4937_8319_b5dbef9ccc36), major: 1, minor: 0 };

    /// The transfer syntax that offers `features` in a bind.
    #[must_use]
    pub fn bind_time_features(features: BindTimeFeatures) -> Self {
        let mut bytes = BIND_TIME_FEATURES_PREFIX;
        for (byte, bits) in bytes.iter_mut().skip(8).zip(features.bits().to_le_bytes()) {
            *byte = bits;
        }
        Self { uuid: Uuid::from_bytes_le(bytes), major: 1, minor: 0 }
    }

    /// The features offered, where this is bind-time feature negotiation.
    #[must_use]
    pub fn as_bind_time_features(&self) -> Option<BindTimeFeatures> {
        let bytes = self.uuid.to_bytes_le();
        let (prefix, mask) = bytes.split_first_chunk::<8>()?;
        let mask = mask.first_chunk::<8>()?;
        let known = BIND_TIME_FEATURES_PREFIX.starts_with(prefix) && self.version() == (1, 0);
        known.then(|| BindTimeFeatures::from_bits_retain(u64::from_le_bytes(*mask)))
    }

    /// Whether a server that has this interface serves a client that asks for `offered`: same UUID and
    /// major version, and no later minor version (C706 6.1.5).
    #[must_use]
    pub fn serves(&self, offered: &Self) -> bool {
        self.uuid == offered.uuid && self.major == offered.major && offered.minor <= self.minor
    }

    fn version(&self) -> (u16, u16) {
        (self.major, self.minor)
    }

    pub(crate) fn read(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, PduError> {
        Ok(Self { uuid: reader.uuid(field)?, major: reader.u16(field)?, minor: reader.u16(field)? })
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.uuid.to_bytes_le());
        out.extend_from_slice(&self.major.to_le_bytes());
        out.extend_from_slice(&self.minor.to_le_bytes());
    }
}

impl fmt::Display for SyntaxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} v{}.{}", self.uuid, self.major, self.minor)
    }
}

impl fmt::Debug for SyntaxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SyntaxId({self})")
    }
}

/// 6cb71c2c-9812-4540 as on the wire; the other eight bytes are the feature mask, little-endian.
const BIND_TIME_FEATURES_PREFIX: [u8; 16] =
    [0x2c, 0x1c, 0xb7, 0x6c, 0x12, 0x98, 0x40, 0x45, 0, 0, 0, 0, 0, 0, 0, 0];

bitflags! {
    /// What bind-time feature negotiation can offer (MS-RPCE 2.2.2.14).
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub struct BindTimeFeatures: u64 {
        /// Several security contexts on one connection.
        const SECURITY_CONTEXT_MULTIPLEXING = 0x01;
        /// The connection outlives an orphaned call.
        const KEEP_CONNECTION_ON_ORPHAN = 0x02;
    }
}
