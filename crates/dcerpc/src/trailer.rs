//! The authentication trailer at the end of a PDU (MS-RPCE 2.2.2.11), and what it says of security.

use std::fmt;

use crate::error::PeerMisbehaviour;
use crate::header::Header;
use crate::reader::{PduError, Reader};

/// The security provider that a client asks for (MS-RPCE 2.2.1.1.7). Unknown values survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AuthType(pub u8);

impl AuthType {
    /// No provider; a trailer that says so is always refused.
    pub const NONE: Self = Self(0);
    /// SPNEGO, which negotiates a provider.
    pub const GSS_NEGOTIATE: Self = Self(9);
    /// NTLM by itself.
    pub const WINNT: Self = Self(10);
}

/// How much a security provider protects (MS-RPCE 2.2.1.1.8). Unknown values survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AuthLevel(pub u8);

impl AuthLevel {
    /// Nobody is authenticated.
    pub const NONE: Self = Self(1);
    /// Identity is checked once, when the association opens.
    pub const CONNECT: Self = Self(2);
    /// Identity is checked with each call; over a connection the same as [`AuthLevel::PACKET`].
    pub const CALL: Self = Self(3);
    /// Each PDU is shown to come from the client.
    pub const PACKET: Self = Self(4);
    /// Every PDU is signed.
    pub const PACKET_INTEGRITY: Self = Self(5);
    /// Every PDU is signed, and its stub is sealed: the highest level.
    pub const PACKET_PRIVACY: Self = Self(6);

    /// Whether a client can ask for this level in a bind.
    #[must_use]
    pub fn is_valid(self) -> bool {
        (Self::CONNECT..=Self::PACKET_PRIVACY).contains(&self)
    }

    /// Whether each PDU carries a signature.
    #[must_use]
    pub fn signs(self) -> bool {
        (Self::CALL..=Self::PACKET_PRIVACY).contains(&self)
    }
}

impl fmt::Display for AuthLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match *self {
            Self::NONE => "none",
            Self::CONNECT => "connect",
            Self::CALL => "call",
            Self::PACKET => "packet",
            Self::PACKET_INTEGRITY => "integrity",
            Self::PACKET_PRIVACY => "privacy",
            Self(level) => return write!(f, "level {level}"),
        })
    }
}

/// Which of a connection's security contexts a PDU belongs to; the client picks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AuthContextId(pub u32);

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
pub struct AuthTrailer {
    /// The provider.
    pub auth_type: AuthType,
    /// How much it protects.
    pub auth_level: AuthLevel,
    /// Bytes between what the PDU says and the trailer.
    pub pad_length: u8,
    /// The security context.
    pub context: AuthContextId,
}

impl AuthTrailer {
    fn read(reader: &mut Reader<'_>) -> Result<Self, PduError> {
        let auth_type = AuthType(reader.u8("auth_type")?);
        let auth_level = AuthLevel(reader.u8("auth_level")?);
        let pad_length = reader.u8("auth_pad_length")?;
        reader.skip("auth_reserved", 1)?;
        let context = AuthContextId(reader.u32("auth_context_id")?);
        Ok(Self { auth_type, auth_level, pad_length, context })
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[self.auth_type.0, self.auth_level.0, self.pad_length, 0]);
        out.extend_from_slice(&self.context.0.to_le_bytes());
    }
}

/// A trailer with the value that follows it, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthVerifier<'a> {
    /// What it says.
    pub trailer: AuthTrailer,
    /// Bytes of the PDU before it.
    pub offset: usize,
    /// A token, or a signature.
    pub value: &'a [u8],
}

impl<'a> AuthVerifier<'a> {
    /// What ends the PDU `bytes`, whose header is `header`; `None` where nothing does.
    ///
    /// # Errors
    /// The value would reach back into the header.
    pub fn read(header: &Header, bytes: &'a [u8]) -> Result<Option<Self>, PeerMisbehaviour> {
        if !header.has_auth_trailer() {
            return Ok(None);
        }
        let offset = usize::from(header.body_end()?);
        let end = usize::from(header.frag_length()).min(bytes.len());
        let whole = bytes.get(..end).unwrap_or(bytes);
        let mut reader = Reader::new("sec_trailer", whole, offset);
        let trailer = AuthTrailer::read(&mut reader)?;
        Ok(Some(Self { trailer, offset, value: reader.left() }))
    }

    /// Where what the PDU says ends and its padding begins, where nothing before `start` is padding.
    pub(crate) fn padding_starts(&self, start: usize) -> Result<usize, PeerMisbehaviour> {
        let auth_pad_length = self.trailer.pad_length;
        let available = self.offset.saturating_sub(start);
        match self.offset.checked_sub(auth_pad_length.into()) {
            Some(end) if start <= end || auth_pad_length == 0 => Ok(end),
            Some(_) | None => {
                Err(PeerMisbehaviour::AuthPaddingOverrun { auth_pad_length, available })
            }
        }
    }
}
