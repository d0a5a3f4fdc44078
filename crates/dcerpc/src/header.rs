//! The 16-byte header that every connection-oriented PDU starts with (C706 12.6.3.1).

use std::fmt;

use bitflags::bitflags;

use crate::call::CallId;
use crate::error::PeerMisbehaviour;
use crate::reader::PduError;
use crate::trailer::AuthTrailer;

/// The largest fragment that is read or written, in bytes, header and trailer included.
///
/// Windows offers exactly this size over TCP, and refuses a larger fragment whatever was negotiated.
pub const MAX_FRAGMENT: u16 = 5840;

/// The smallest fragment size that a bind can negotiate, in bytes.
pub const MIN_NEGOTIATED_FRAGMENT: u16 = 2048;

/// What a PDU is: the `ptype` octet. Unknown values survive.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PacketType(pub u8);

impl PacketType {
    /// A fragment of a call, client to server.
    pub const REQUEST: Self = Self(0);
    /// A fragment of a result, server to client.
    pub const RESPONSE: Self = Self(2);
    /// The failure of a call, server to client.
    pub const FAULT: Self = Self(3);
    /// The offer that opens an association, client to server.
    pub const BIND: Self = Self(11);
    /// The answer to a bind, server to client.
    pub const BIND_ACK: Self = Self(12);
    /// The refusal of a bind, server to client.
    pub const BIND_NAK: Self = Self(13);
    /// A further offer of presentation contexts, client to server.
    pub const ALTER_CONTEXT: Self = Self(14);
    /// The answer to an `alter_context`, server to client.
    pub const ALTER_CONTEXT_RESP: Self = Self(15);
    /// The third leg of an authentication (`rpc_auth_3`), client to server, never answered.
    pub const AUTH3: Self = Self(16);
    /// A server's wish that the client closes, server to client.
    pub const SHUTDOWN: Self = Self(17);
    /// The wish to cancel a call, client to server.
    pub const CO_CANCEL: Self = Self(18);
    /// The notice that a client no longer waits for a call, client to server.
    pub const ORPHANED: Self = Self(19);
    /// RPC over HTTP's own PDU; it never appears over TCP.
    pub const RTS: Self = Self(20);

    fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::REQUEST => "request",
            Self::RESPONSE => "response",
            Self::FAULT => "fault",
            Self::BIND => "bind",
            Self::BIND_ACK => "bind_ack",
            Self::BIND_NAK => "bind_nak",
            Self::ALTER_CONTEXT => "alter_context",
            Self::ALTER_CONTEXT_RESP => "alter_context_resp",
            Self::AUTH3 => "auth3",
            Self::SHUTDOWN => "shutdown",
            Self::CO_CANCEL => "co_cancel",
            Self::ORPHANED => "orphaned",
            Self::RTS => "rts",
            _ => return None,
        })
    }
}

impl fmt::Display for PacketType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "ptype {}", self.0),
        }
    }
}

impl fmt::Debug for PacketType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PacketType({self})")
    }
}

bitflags! {
    /// The `pfc_flags` octet. Bit 08 is undefined and ignored, as Windows does.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub struct PacketFlags: u8 {
        /// The first fragment of a call or of its result.
        const FIRST_FRAG = 0x01;
        /// The last fragment of a call or of its result.
        const LAST_FRAG = 0x02;
        /// On request, response and fault: a cancel is pending.
        const PENDING_CANCEL = 0x04;
        /// On bind, alter_context, their answers and auth3: header signing is supported (MS-RPCE 2.2.2.3).
        const SUPPORT_HEADER_SIGN = 0x04;
        /// On bind: the client wants several calls in flight.
        const CONC_MPX = 0x10;
        /// On fault: the call was not run.
        const DID_NOT_EXECUTE = 0x20;
        /// On request: the client expects no answer; Windows answers all the same.
        const MAYBE = 0x40;
        /// On request: an object UUID precedes the stub.
        const OBJECT_UUID = 0x80;
    }
}

impl PacketFlags {
    /// The flags of a PDU that is whole in itself.
    pub const WHOLE: Self = Self::FIRST_FRAG.union(Self::LAST_FRAG);
}

/// The data representation label: how a sender writes integers, characters and floats.
///
/// | octet | high nibble | low nibble |
/// |---|---|---|
/// | 0 | integers: 0 big-endian, 1 little-endian | characters: 0 ASCII, 1 EBCDIC |
/// | 1 | floats: 0 IEEE (the whole octet) | |
/// | 2, 3 | reserved, ignored | |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DataRepresentation(pub [u8; 4]);

impl DataRepresentation {
    /// Little-endian integers, ASCII, IEEE: the only representation that is spoken here.
    pub const LITTLE_ENDIAN: Self = Self([0x10, 0, 0, 0]);

    /// Whether integers are big-endian.
    #[must_use]
    pub fn is_big_endian(self) -> bool {
        self.0[0] >> 4 == 0
    }

    fn is_supported(self) -> bool {
        self.0[0] == 0x10 && self.0[1] == 0
    }
}

/// A decoded header. Decoding cannot fail; [`Header::check`] judges what was decoded.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 1 | `rpc_vers`, 5 |
/// | 1 | 1 | `rpc_vers_minor`, 0 or 1 |
/// | 2 | 1 | `ptype` |
/// | 3 | 1 | `pfc_flags` |
/// | 4 | 4 | `packed_drep` |
/// | 8 | 2 | `frag_length`: bytes of the whole PDU |
/// | 10 | 2 | `auth_length`: bytes of the authentication value, without its 8-byte trailer |
/// | 12 | 4 | `call_id` |
///
/// Integers are little-endian, or big-endian where `packed_drep` says so: that much is understood of
/// such a peer, to answer it with its own call id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    version: [u8; 2],
    packet_type: PacketType,
    flags: PacketFlags,
    drep: DataRepresentation,
    frag_length: u16,
    auth_length: u16,
    call_id: CallId,
}

impl Header {
    /// Bytes of the header.
    pub const SIZE: usize = 16;

    /// Bytes of the trailer that precedes an authentication value.
    pub const AUTH_TRAILER_SIZE: u16 = 8;

    /// Reads the fields.
    #[must_use]
    pub fn decode(bytes: &[u8; Self::SIZE]) -> Self {
        let [v, m, ptype, flags, d0, d1, d2, d3, f0, f1, a0, a1, c0, c1, c2, c3] = *bytes;
        let drep = DataRepresentation([d0, d1, d2, d3]);
        Self {
            version: [v, m],
            packet_type: PacketType(ptype),
            flags: PacketFlags::from_bits_retain(flags),
            drep,
            frag_length: u16_as(drep, [f0, f1]),
            auth_length: u16_as(drep, [a0, a1]),
            call_id: CallId(u32_as(drep, [c0, c1, c2, c3])),
        }
    }

    /// Judges version, data representation and fragment length.
    ///
    /// # Errors
    /// The version is not 5.0 or 5.1, the representation is not [`DataRepresentation::LITTLE_ENDIAN`],
    /// or the fragment is shorter than a header or longer than [`MAX_FRAGMENT`].
    pub fn check(&self) -> Result<(), PeerMisbehaviour> {
        let [major, minor] = self.version;
        if major != 5 || minor > 1 {
            return Err(PeerMisbehaviour::UnsupportedVersion { major, minor });
        }
        if !self.drep.is_supported() {
            let packet_type = self.packet_type;
            return Err(PeerMisbehaviour::UnsupportedDataRepresentation {
                drep: self.drep.0,
                packet_type,
            });
        }
        let frag_length = self.frag_length;
        if usize::from(frag_length) < Self::SIZE {
            return Err(PeerMisbehaviour::FragmentTooShort { frag_length });
        }
        if MAX_FRAGMENT < frag_length {
            return Err(PeerMisbehaviour::FragmentTooLong { frag_length });
        }
        Ok(())
    }

    /// The PDU's type.
    #[must_use]
    pub fn packet_type(&self) -> PacketType {
        self.packet_type
    }

    /// The PDU's flags, undefined bits included.
    #[must_use]
    pub fn flags(&self) -> PacketFlags {
        self.flags
    }

    /// The call that the PDU belongs to.
    #[must_use]
    pub fn call_id(&self) -> CallId {
        self.call_id
    }

    /// Bytes of the whole PDU.
    #[must_use]
    pub fn frag_length(&self) -> u16 {
        self.frag_length
    }

    /// Whether an authentication trailer ends the PDU.
    #[must_use]
    pub fn has_auth_trailer(&self) -> bool {
        self.auth_length != 0
    }

    /// The offset at which the body ends and the authentication trailer, if any, begins.
    ///
    /// # Errors
    /// The trailer would reach back into the header.
    pub fn body_end(&self) -> Result<u16, PeerMisbehaviour> {
        if !self.has_auth_trailer() {
            return Ok(self.frag_length);
        }
        self.auth_length
            .checked_add(Self::AUTH_TRAILER_SIZE)
            .and_then(|trailer| self.frag_length.checked_sub(trailer))
            .filter(|&end| Self::SIZE <= usize::from(end))
            .ok_or(PeerMisbehaviour::AuthTrailerOverrun {
                frag_length: self.frag_length,
                auth_length: self.auth_length,
            })
    }

    /// The PDU `bytes` without its authentication trailer.
    pub(crate) fn body<'a>(&self, bytes: &'a [u8]) -> Result<&'a [u8], PeerMisbehaviour> {
        let end = usize::from(self.body_end()?);
        let body = bytes.get(..end).ok_or_else(|| PduError {
            structure: "pdu",
            field: "body",
            offset: Self::SIZE,
            needed: end.saturating_sub(Self::SIZE),
            available: bytes.len().saturating_sub(Self::SIZE),
        })?;
        Ok(body)
    }
}

#[expect(clippy::big_endian_bytes, reason = "a big-endian peer's own header is big-endian")]
fn u16_as(drep: DataRepresentation, bytes: [u8; 2]) -> u16 {
    if drep.is_big_endian() { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
}

#[expect(clippy::big_endian_bytes, reason = "a big-endian peer's own header is big-endian")]
fn u32_as(drep: DataRepresentation, bytes: [u8; 4]) -> u32 {
    if drep.is_big_endian() { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
}

/// What the header of an outgoing PDU says beyond its lengths.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heading {
    pub(crate) packet_type: PacketType,
    pub(crate) flags: PacketFlags,
    pub(crate) call_id: CallId,
}

/// Appends one PDU to `out`: the header, with the length that `body` turns out to need, then the body.
/// A PDU that is too long leaves `out` as it was.
pub(crate) fn append_pdu(
    out: &mut Vec<u8>,
    heading: Heading,
    body: impl FnOnce(&mut Vec<u8>),
) -> Result<(), PduTooLong> {
    let start = out.len();
    let mut bytes = std::mem::take(out);
    bytes.extend_from_slice(&[5, 0, heading.packet_type.0, heading.flags.bits()]);
    bytes.extend_from_slice(&DataRepresentation::LITTLE_ENDIAN.0);
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&heading.call_id.0.to_le_bytes());
    body(&mut bytes);
    let size = bytes.len().saturating_sub(start);
    let sealed = seal(&mut bytes, start, size);
    if sealed.is_err() {
        bytes.truncate(start);
    }
    *out = bytes;
    sealed
}

/// What authenticates an outgoing PDU.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Authentication<'a> {
    pub(crate) trailer: AuthTrailer,
    /// What follows the trailer: a token, or room for a signature.
    pub(crate) value: &'a [u8],
    /// Padding makes what lies between `aligned_from` and the trailer a multiple of this, bytes.
    pub(crate) align: usize,
    /// An offset in the PDU.
    pub(crate) aligned_from: usize,
}

/// Appends one PDU with a trailer; the padding's length is written into it.
pub(crate) fn append_authenticated_pdu(
    out: &mut Vec<u8>,
    heading: Heading,
    authentication: &Authentication<'_>,
    body: impl FnOnce(&mut Vec<u8>),
) -> Result<(), PduTooLong> {
    let start = out.len();
    append_pdu(out, heading, |out| {
        body(out);
        let said = out.len().saturating_sub(start).saturating_sub(authentication.aligned_from);
        let padding = said.next_multiple_of(authentication.align.max(1)).saturating_sub(said);
        out.extend(std::iter::repeat_n(0, padding));
        let pad_length = u8::try_from(padding).unwrap_or(0);
        AuthTrailer { pad_length, ..authentication.trailer }.write(out);
        out.extend_from_slice(authentication.value);
    })?;
    let size = authentication.value.len();
    let too_long = PduTooLong { size };
    let auth_length = u16::try_from(size).map_err(|_| too_long)?;
    let field = out.get_mut(start..).and_then(|pdu| pdu.get_mut(10..12)).ok_or(too_long)?;
    field.copy_from_slice(&auth_length.to_le_bytes());
    Ok(())
}

/// Writes the fragment length of the PDU that starts at `start`.
fn seal(bytes: &mut [u8], start: usize, size: usize) -> Result<(), PduTooLong> {
    let too_long = PduTooLong { size };
    let frag_length = u16::try_from(size).map_err(|_| too_long)?;
    let field = bytes.get_mut(start..).and_then(|pdu| pdu.get_mut(8..10)).ok_or(too_long)?;
    field.copy_from_slice(&frag_length.to_le_bytes());
    Ok(())
}

/// A PDU cannot say its own length: its parts do not fit a fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a pdu of {size} bytes or with more than 255 elements cannot be sent")]
pub struct PduTooLong {
    size: usize,
}

impl PduTooLong {
    pub(crate) fn new(size: usize) -> Self {
        Self { size }
    }
}
