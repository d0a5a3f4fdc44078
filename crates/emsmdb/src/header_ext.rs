//! `RPC_HEADER_EXT`, which frames the payloads of extended buffers ([MS-OXCRPC] 2.2.2.1 and 3.1.4.1.1).
//!
//! | offset | size | field | |
//! |---|---|---|---|
//! | 0 | 2 | Version | 0 |
//! | 2 | 2 | Flags | 1 Compressed, 2 XorMagic, 4 Last |
//! | 4 | 2 | Size | bytes of payload that follow |
//! | 6 | 2 | SizeActual | bytes of payload once decompressed; Size when it is not compressed |
//!
//! A payload is compressed first ([`lz77`]) and obfuscated then. Any mix of flags is read; nothing is
//! ever compressed when written, which is within the specification. That a compressed payload is shorter than what
//! it was is not insisted on.
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc

use std::borrow::Cow;

use crate::field::{FieldReader, Truncated, length_u16};
use crate::lz77::{self, Lz77Error};

/// The header's size, in bytes.
pub const HEADER_SIZE: usize = 8;

/// The most one payload holds, in bytes, decompressed.
pub const PAYLOAD_MAX: usize = 0x8000;

/// The `Flags` of a header. Unknown bits survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct HeaderFlags(pub u16);

impl HeaderFlags {
    /// The payload is compressed.
    pub const COMPRESSED: Self = Self(0x1);
    /// Each byte of the payload is XORed with `0xA5`.
    pub const XOR_MAGIC: Self = Self(0x2);
    /// No header follows.
    pub const LAST: Self = Self(0x4);

    /// Whether every bit of `flags` is set.
    #[must_use]
    pub const fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// These bits and those of `flags`.
    #[must_use]
    pub const fn with(self, flags: Self) -> Self {
        Self(self.0 | flags.0)
    }
}

/// One payload out of an extended buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtendedPayload {
    /// The header's flags as sent.
    pub flags: HeaderFlags,
    /// The payload, in clear.
    pub bytes: Vec<u8>,
}

/// An extended buffer that cannot be unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderExtError {
    /// The header or its payload is cut off.
    #[error(transparent)]
    Truncated(#[from] Truncated),
    /// Version is not 0.
    #[error("RPC_HEADER_EXT at offset {offset}: Version is {version}")]
    Version {
        /// Where the header starts, in bytes from the start of the buffer.
        offset: usize,
        /// The version as sent.
        version: u16,
    },
    /// The payload does not decompress.
    #[error("RPC_HEADER_EXT at offset {offset}: compressed payload: {error}")]
    Compressed {
        /// Where the header starts, in bytes from the start of the buffer.
        offset: usize,
        /// What is wrong; its offsets count from the start of the payload.
        error: Lz77Error,
    },
    /// SizeActual differs from Size although nothing is compressed.
    #[error("RPC_HEADER_EXT at offset {offset}: SizeActual is {size_actual}, Size {size}")]
    SizeActual {
        /// Where the header starts, in bytes from the start of the buffer.
        offset: usize,
        /// Size as sent.
        size: u16,
        /// SizeActual as sent.
        size_actual: u16,
    },
    /// The payload is longer, decompressed, than its buffer may hold.
    #[error("RPC_HEADER_EXT at offset {offset}: payload of {size} bytes is above {max}")]
    PayloadTooLong {
        /// Where the header starts, in bytes from the start of the buffer.
        offset: usize,
        /// The payload's size, in bytes.
        size: usize,
        /// The most that is allowed.
        max: usize,
    },
    /// The only header that is allowed lacks the flag Last.
    #[error("RPC_HEADER_EXT at offset {offset}: Last is not set")]
    NotLast {
        /// Where the header starts, in bytes from the start of the buffer.
        offset: usize,
    },
    /// A chain has more payloads than [`CHAIN_MAX`](crate::rgb::CHAIN_MAX).
    #[error("RPC_HEADER_EXT at offset {offset}: more than {max} payloads")]
    ChainTooLong {
        /// Where the first header too many starts, in bytes from the start of the buffer.
        offset: usize,
        /// The most that are allowed.
        max: usize,
    },
    /// Bytes follow the payload whose header has the flag Last.
    #[error("{length} bytes follow the last payload at offset {offset}")]
    TrailingBytes {
        /// Where they start, in bytes from the start of the buffer.
        offset: usize,
        /// How many they are.
        length: usize,
    },
}

/// Puts a header before a payload and obfuscates it if `flags` say so.
///
/// `Compressed` is dropped, since nothing is compressed.
pub(crate) fn wrap(payload: &[u8], flags: HeaderFlags) -> Vec<u8> {
    let flags = HeaderFlags(flags.0 & !HeaderFlags::COMPRESSED.0);
    let size = length_u16(payload).to_le_bytes();
    let mut buffer = Vec::with_capacity(HEADER_SIZE.saturating_add(payload.len()));
    buffer.extend_from_slice(&VERSION.to_le_bytes());
    buffer.extend_from_slice(&flags.0.to_le_bytes());
    buffer.extend_from_slice(&size);
    buffer.extend_from_slice(&size);
    if flags.contains(HeaderFlags::XOR_MAGIC) {
        buffer.extend(payload.iter().map(|byte| byte ^ XOR_MAGIC_BYTE));
    } else {
        buffer.extend_from_slice(payload);
    }
    buffer
}

/// Takes the next header and its payload off `reader`; the payload may be up to `max` bytes long.
pub(crate) fn unwrap_next(
    reader: &mut FieldReader<'_>,
    max: usize,
) -> Result<ExtendedPayload, HeaderExtError> {
    let offset = reader.position();
    let version = reader.u16("Version")?;
    if version != VERSION {
        return Err(HeaderExtError::Version { offset, version });
    }
    let flags = HeaderFlags(reader.u16("Flags")?);
    let size = reader.u16("Size")?;
    let size_actual = reader.u16("SizeActual")?;
    let payload = reader.bytes("payload", size.into())?;
    let compressed = flags.contains(HeaderFlags::COMPRESSED);
    if size != size_actual && !compressed {
        return Err(HeaderExtError::SizeActual { offset, size, size_actual });
    }
    let length = check_length(offset, size_actual.into(), max)?;
    let obfuscate = flags.contains(HeaderFlags::XOR_MAGIC);
    let bytes = if obfuscate { Cow::Owned(obfuscated(payload)) } else { Cow::Borrowed(payload) };
    let bytes = if compressed {
        lz77::decompress(&bytes, length)
            .map_err(|error| HeaderExtError::Compressed { offset, error })?
    } else {
        bytes.into_owned()
    };
    Ok(ExtendedPayload { flags, bytes })
}

/// Takes a buffer apart that holds exactly one payload of up to `max` bytes; also says which bytes follow it.
pub(crate) fn unwrap_only(buffer: &[u8], max: usize) -> Result<(Vec<u8>, &[u8]), HeaderExtError> {
    let mut reader = FieldReader::new(STRUCTURE, buffer, 0);
    let payload = unwrap_next(&mut reader, max)?;
    if !payload.flags.contains(HeaderFlags::LAST) {
        return Err(HeaderExtError::NotLast { offset: 0 });
    }
    Ok((payload.bytes, reader.rest()))
}

/// The size of the payload behind the header at `offset`, if it is allowed.
pub(crate) const fn check_length(
    offset: usize,
    size: usize,
    max: usize,
) -> Result<usize, HeaderExtError> {
    if size <= max { Ok(size) } else { Err(HeaderExtError::PayloadTooLong { offset, size, max }) }
}

/// XORs each byte with `0xA5`, which also undoes it.
pub(crate) fn obfuscated(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| byte ^ XOR_MAGIC_BYTE).collect()
}

pub(crate) const STRUCTURE: &str = "RPC_HEADER_EXT";
const VERSION: u16 = 0;
const XOR_MAGIC_BYTE: u8 = 0xA5;
