//! Auxiliary buffers, `rgbAuxIn` and `rgbAuxOut`: one `RPC_HEADER_EXT`, then blocks ([MS-OXCRPC] 2.2.2.2).
//!
//! | offset | size | field of AUX_HEADER | |
//! |---|---|---|---|
//! | 0 | 2 | Size | bytes of the whole block, this header included |
//! | 2 | 1 | Version | |
//! | 3 | 1 | Type | |
//!
//! The buffer is informational: nothing in it lets a server fail a call. [`decode_aux`] therefore returns what it
//! could read next to what was wrong:
//!
//! | in the buffer | blocks | problem |
//! |---|---|---|
//! | nothing at all | none | no |
//! | header cut off, malformed or not Last | none | yes |
//! | a payload that does not decompress, or is above [`BLOCKS_SIZE_MAX`] | none | yes |
//! | a block we know is too short for its fixed fields | none | yes |
//! | Size below 4 or past the end | those before it | yes |
//! | more than [`BLOCKS_MAX`] blocks | the first so many | yes |
//! | an offset inside a block points out of it | all, the field absent | yes |
//! | bytes after the payload | all | yes |
//! | an unknown type or version | all, this one as `Skipped` | no |
//!
//! Offsets inside a block count from its first byte; 0 means absent. Strings are UTF-16LE up to a NUL or the end
//! of the block. Size need not be a multiple of 4 when read; it is when written, padded with zeroes.
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc

mod block;
mod client_control;
mod client_info;
mod os_version_info;
mod process_info;
mod session_info;

pub use client_control::AuxClientControl;
pub use client_info::{AuxPerfClientInfo, ClientMode};
pub use os_version_info::AuxOsVersionInfo;
pub use process_info::AuxPerfProcessInfo;
pub use session_info::AuxPerfSessionInfo;

use crate::field::{FieldReader, Truncated};
use crate::header_ext::{self, HEADER_SIZE, HeaderExtError, HeaderFlags};
use block::{Block, BlockWriter};

/// The most blocks that are read from one buffer: as many as fit when each has one field.
pub const BLOCKS_MAX: usize = 512;

/// The most that all blocks of one buffer take, decompressed, in bytes: what [`AUX_MAX`](crate::connect::AUX_MAX)
/// leaves them behind the `RPC_HEADER_EXT`.
pub const BLOCKS_SIZE_MAX: usize = 0x1000;

/// The `Type` of an AUX_HEADER. Unknown values survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AuxType(pub u8);

impl AuxType {
    /// `AUX_PERF_CLIENTINFO`.
    pub const CLIENT_INFO: Self = Self(0x02);
    /// `AUX_PERF_SESSIONINFO`, in version 2 `AUX_PERF_SESSIONINFO_V2`.
    pub const SESSION_INFO: Self = Self(0x04);
    /// `AUX_CLIENT_CONTROL`.
    pub const CLIENT_CONTROL: Self = Self(0x0A);
    /// `AUX_PERF_PROCESSINFO`.
    pub const PROCESS_INFO: Self = Self(0x0B);
    /// `AUX_OSVERSIONINFO`.
    pub const OS_VERSION_INFO: Self = Self(0x16);
}

/// A block as a client sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuxBlock {
    /// Which program the client is.
    ProcessInfo(AuxPerfProcessInfo),
    /// Which machine and user it runs for.
    ClientInfo(AuxPerfClientInfo),
    /// Which session this is, to the client.
    SessionInfo(AuxPerfSessionInfo),
    /// A block of a type or version that is not read.
    Skipped(SkippedBlock),
}

/// The header of a block that is not read. Encoding one writes zeroes for its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SkippedBlock {
    /// `Type`.
    pub block_type: AuxType,
    /// `Version`.
    pub version: u8,
    /// `Size`: bytes of the whole block, at least 4.
    pub size: u16,
}

/// A block as a server sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerAuxBlock {
    /// What the client should report.
    ClientControl(AuxClientControl),
    /// Which Windows the server runs on.
    OsVersionInfo(AuxOsVersionInfo),
}

/// What an auxiliary buffer held, and what was wrong with it first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuxReading {
    /// The blocks in wire order.
    pub blocks: Vec<AuxBlock>,
    /// The first thing that was wrong, if any. It never fails the call.
    pub problem: Option<AuxError>,
}

impl AuxReading {
    /// The `AUX_PERF_PROCESSINFO` blocks in wire order; there may be several, and each counts.
    pub fn processes(&self) -> impl Iterator<Item = &AuxPerfProcessInfo> {
        self.blocks.iter().filter_map(|block| match block {
            AuxBlock::ProcessInfo(process) => Some(process),
            AuxBlock::ClientInfo(_) | AuxBlock::SessionInfo(_) | AuxBlock::Skipped(_) => None,
        })
    }

    fn note(&mut self, problem: Option<AuxError>) {
        self.problem = self.problem.or(problem);
    }
}

/// What is wrong with an auxiliary buffer. Offsets count from its first byte, those of blocks as if nothing were
/// compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuxError {
    /// The `RPC_HEADER_EXT` cannot be unpacked.
    #[error(transparent)]
    Header(#[from] HeaderExtError),
    /// A block is too short for its fixed fields, or what is left is too short for an AUX_HEADER.
    #[error(transparent)]
    Truncated(#[from] Truncated),
    /// The Size of a block is below 4 or past the end.
    #[error("AUX_HEADER at offset {offset}: Size is {size}, {available} bytes left")]
    BlockSize {
        /// Where the block starts, in bytes.
        offset: usize,
        /// Size as sent.
        size: u16,
        /// Bytes from there to the end of the payload.
        available: usize,
    },
    /// An offset or length inside a block points out of it.
    #[error("{structure}: {field} at offset {offset}: block ends at {end}")]
    OutOfBlock {
        /// The block, in Microsoft's spelling.
        structure: &'static str,
        /// The field that lies outside.
        field: &'static str,
        /// Where the field would start, in bytes.
        offset: usize,
        /// Where the block ends, in bytes.
        end: usize,
    },
    /// There are more than [`BLOCKS_MAX`] blocks.
    #[error("AUX_HEADER at offset {offset}: more than {BLOCKS_MAX} blocks")]
    TooManyBlocks {
        /// Where the first block too many starts, in bytes.
        offset: usize,
    },
}

/// Reads an auxiliary buffer with its `RPC_HEADER_EXT`. Never fails: see the table at the top.
#[must_use]
pub fn decode_aux(rgb_aux: &[u8]) -> AuxReading {
    if rgb_aux.is_empty() {
        return AuxReading::default();
    }
    let (payload, trailing) = match header_ext::unwrap_only(rgb_aux, BLOCKS_SIZE_MAX) {
        Ok(unwrapped) => unwrapped,
        Err(error) => {
            return AuxReading { blocks: Vec::new(), problem: Some(error.into()) };
        }
    };
    let mut reading = decode_payload(&payload, HEADER_SIZE);
    if !trailing.is_empty() {
        let length = trailing.len();
        let offset = rgb_aux.len().saturating_sub(length);
        reading.note(Some(HeaderExtError::TrailingBytes { offset, length }.into()));
    }
    reading
}

/// Reads blocks that no `RPC_HEADER_EXT` precedes. Never fails: see the table at the top.
#[must_use]
pub fn decode_blocks(payload: &[u8]) -> AuxReading {
    decode_payload(payload, 0)
}

/// Writes an auxiliary buffer with its `RPC_HEADER_EXT`. The flag Last is added, Compressed dropped.
#[must_use]
pub fn encode_aux(blocks: &[AuxBlock], flags: HeaderFlags) -> Vec<u8> {
    header_ext::wrap(&encode_blocks(blocks), flags.with(HeaderFlags::LAST))
}

/// Writes blocks without an `RPC_HEADER_EXT`.
#[must_use]
pub fn encode_blocks(blocks: &[AuxBlock]) -> Vec<u8> {
    blocks.iter().flat_map(AuxBlock::encode).collect()
}

/// Writes `rgbAuxOut`: as many of `blocks`, from the first on, as fit `max` bytes with their `RPC_HEADER_EXT`. Empty
/// when not even the first does. The flag Last is added, Compressed dropped.
#[must_use]
pub fn encode_server_aux(blocks: &[ServerAuxBlock], max: u32, flags: HeaderFlags) -> Vec<u8> {
    let room = usize::try_from(max).unwrap_or(usize::MAX).saturating_sub(HEADER_SIZE);
    let mut payload = Vec::new();
    for block in blocks {
        let bytes = block.encode();
        if payload.len().saturating_add(bytes.len()) > room {
            break;
        }
        payload.extend_from_slice(&bytes);
    }
    if payload.is_empty() {
        return payload;
    }
    header_ext::wrap(&payload, flags.with(HeaderFlags::LAST))
}

impl AuxBlock {
    fn decode(block: &Block<'_>) -> Result<(Self, Option<AuxError>), AuxError> {
        Ok(match (block.block_type, block.version) {
            (AuxType::PROCESS_INFO, 1 | 2) => {
                let (process, problem) = AuxPerfProcessInfo::decode(block)?;
                (Self::ProcessInfo(process), problem)
            }
            (AuxType::CLIENT_INFO, 1) => {
                let (client, problem) = AuxPerfClientInfo::decode(block)?;
                (Self::ClientInfo(client), problem)
            }
            (AuxType::SESSION_INFO, 1 | 2) => {
                (Self::SessionInfo(AuxPerfSessionInfo::decode(block)?), None)
            }
            (block_type, version) => {
                (Self::Skipped(SkippedBlock { block_type, version, size: block.size() }), None)
            }
        })
    }

    fn encode(&self) -> Vec<u8> {
        match self {
            Self::ProcessInfo(process) => process.encode(),
            Self::ClientInfo(client) => client.encode(),
            Self::SessionInfo(session) => session.encode(),
            Self::Skipped(skipped) => skipped.encode(),
        }
    }
}

impl ServerAuxBlock {
    fn encode(&self) -> Vec<u8> {
        match self {
            Self::ClientControl(control) => control.encode(),
            Self::OsVersionInfo(version) => version.encode(),
        }
    }
}

impl SkippedBlock {
    fn encode(self) -> Vec<u8> {
        let mut writer = BlockWriter::new(self.block_type, self.version);
        writer.fill(self.size.into());
        writer.finish_unpadded()
    }
}

/// Reads the blocks of a payload that starts `base` bytes into the buffer.
fn decode_payload(payload: &[u8], base: usize) -> AuxReading {
    read_blocks(payload, base)
        .unwrap_or_else(|problem| AuxReading { blocks: Vec::new(), problem: Some(problem) })
}

/// `Err` when nothing of the buffer counts, `Ok` with a problem when what was read before it does.
fn read_blocks(payload: &[u8], base: usize) -> Result<AuxReading, AuxError> {
    let mut reading = AuxReading::default();
    let mut reader = FieldReader::new("AUX_HEADER", payload, base);
    while !reader.rest().is_empty() {
        if reading.blocks.len() >= BLOCKS_MAX {
            reading.note(Some(AuxError::TooManyBlocks { offset: reader.position() }));
            break;
        }
        let block = match Block::take(&mut reader) {
            Ok(block) => block,
            Err(problem) => {
                reading.note(Some(problem));
                break;
            }
        };
        let (block, problem) = AuxBlock::decode(&block)?;
        reading.blocks.push(block);
        reading.note(problem);
    }
    Ok(reading)
}
