//! The authentication trailer at the end of a PDU (MS-RPCE 2.2.2.11), as far as a server without
//! authentication must read it: to refuse it by name.

use crate::header::Header;
use crate::reader::{PduError, Reader};

/// The security provider that a client asks for. Unknown values survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AuthType(pub u8);

/// How much a security provider protects. Unknown values survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AuthLevel(pub u8);

impl AuthLevel {
    /// Identity is checked once, when the association opens.
    pub const CONNECT: Self = Self(2);
    /// Every PDU is sealed: the highest level.
    pub const PACKET_PRIVACY: Self = Self(6);

    /// Whether a client can ask for this level in a bind.
    #[must_use]
    pub fn is_valid(self) -> bool {
        (Self::CONNECT.0..=Self::PACKET_PRIVACY.0).contains(&self.0)
    }
}

/// The fixed part of the trailer.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 1 | `auth_type` |
/// | 1 | 1 | `auth_level` |
/// | 2 | 1 | `auth_pad_length`: bytes of padding before the trailer |
/// | 3 | 1 | reserved |
/// | 4 | 4 | `auth_context_id`, chosen by the client |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AuthTrailer {
    pub(crate) auth_type: AuthType,
    pub(crate) auth_level: AuthLevel,
}

impl AuthTrailer {
    /// Reads the trailer of `pdu`, whose body ends at `body_end`.
    pub(crate) fn read(pdu: &[u8], body_end: u16) -> Result<Self, PduError> {
        let mut reader = Reader::new("sec_trailer", pdu, body_end.into());
        let auth_type = AuthType(reader.u8("auth_type")?);
        let auth_level = AuthLevel(reader.u8("auth_level")?);
        let rest = usize::from(Header::AUTH_TRAILER_SIZE).saturating_sub(2);
        reader.skip("auth_pad_length", rest)?;
        Ok(Self { auth_type, auth_level })
    }
}
