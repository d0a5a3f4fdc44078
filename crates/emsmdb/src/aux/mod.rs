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
//! | Size below 4 or past the end | those before it | yes |
//! | more than [`BLOCKS_MAX`] blocks | the first so many | yes |
//! | a block too short for its fixed fields | all, this one as `Skipped` | yes |
//! | an offset inside a block points out of it, into its fixed fields or into another variable field | all, the field absent | yes |
//! | bytes after the payload | all | yes |
//! | an unknown type or version | all, this one as `Skipped` | no |
//! | more in a block than its fields take | all | no |
//!
//! Offsets inside a block count from its first byte; 0 means absent. Strings are UTF-16LE up to a NUL or the end
//! of the block. Size need not be a multiple of 4 when read; it is when written, padded with zeroes.
//!
//! Which blocks come when (3.1.4.1.2, 3.1.4.2.2 and 3.2.4.1.2):
//!
//! | in | blocks |
//! |---|---|
//! | `rgbAuxIn` of `EcDoConnectEx` | ClientInfo, ProcessInfo, SessionInfo, AccountInfo; of later clients ClientConnectionInfo |
//! | `rgbAuxIn` of `EcDoRpcExt2` | SessionInfo, ServerInfo, RequestId, the successes and Failure |
//! | `rgbAuxOut` of `EcDoConnectEx` | ClientControl, OsVersionInfo; of later servers ExOrgInfo, the capabilities, ServerSessionInfo |
//! | `rgbAuxOut` of `EcDoRpcExt2` | ClientControl |
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc

mod aux_block;
mod aux_type;
mod block;
mod capabilities;
mod client_control;
mod client_info;
mod connection_info;
mod device;
mod exception_trace;
mod identifiers;
mod os_version_info;
mod perf;
mod process_info;
mod session_info;

pub use aux_block::{AuxBlock, SkippedBlock};
pub use aux_type::{AuxType, Ground};
pub use capabilities::{AuxEndpointCapabilities, AuxExOrgInfo, AuxServerCapabilities};
pub use client_control::AuxClientControl;
pub use client_info::{AuxPerfClientInfo, ClientMode};
pub use connection_info::{AuxClientConnectionInfo, AuxServerSessionInfo};
pub use device::AuxProtocolDeviceIdentification;
pub use exception_trace::AuxExceptionTrace;
pub use identifiers::{AuxPerfAccountInfo, AuxPerfRequestId, AuxPerfServerInfo, ServerType};
pub use os_version_info::AuxOsVersionInfo;
pub use perf::{
    AuxPerfDefGcSuccess, AuxPerfDefMdbSuccess, AuxPerfFailure, AuxPerfGcSuccess, AuxPerfMdbSuccess,
};
pub use process_info::AuxPerfProcessInfo;
pub use session_info::AuxPerfSessionInfo;

use crate::field::{FieldReader, Truncated};
use crate::header_ext::{self, HEADER_SIZE, HeaderExtError, HeaderFlags};
use block::Block;

/// The most blocks that are read from one buffer: as many as fit when each has one field.
pub const BLOCKS_MAX: usize = 512;

/// The most that all blocks of one buffer take, decompressed, in bytes: what [`AUX_MAX`](crate::connect::AUX_MAX)
/// leaves them behind the `RPC_HEADER_EXT`.
pub const BLOCKS_SIZE_MAX: usize = 0x1000;

/// A block as this store sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerAuxBlock {
    /// What the client should report.
    ClientControl(AuxClientControl),
    /// Which Windows the server runs on.
    OsVersionInfo(AuxOsVersionInfo),
    /// What the organization has; of Exchange 2007 and later.
    ExOrgInfo(AuxExOrgInfo),
    /// What else is at the endpoint; of Exchange 2013 and later.
    EndpointCapabilities(AuxEndpointCapabilities),
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
        self.blocks.iter().filter_map(|block| {
            if let AuxBlock::ProcessInfo(process) = block { Some(process) } else { None }
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
    /// An offset inside a block points to its AUX_HEADER or its fixed fields.
    #[error("{structure}: {field} at offset {offset}: fixed fields end at {end}")]
    InFixedFields {
        /// The block, in Microsoft's spelling.
        structure: &'static str,
        /// The field that would lie there.
        field: &'static str,
        /// Where the field would start, in bytes.
        offset: usize,
        /// Where the fixed fields end, in bytes.
        end: usize,
    },
    /// A variable field shares bytes with one before it.
    #[error("{structure}: {field} at offset {offset}: lies on another field")]
    Overlap {
        /// The block, in Microsoft's spelling.
        structure: &'static str,
        /// The field that comes later, and is absent for that.
        field: &'static str,
        /// Where the field would start, in bytes.
        offset: usize,
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

impl ServerAuxBlock {
    fn encode(&self) -> Vec<u8> {
        match self {
            Self::ClientControl(control) => control.encode(),
            Self::OsVersionInfo(version) => version.encode(),
            Self::ExOrgInfo(info) => info.encode(),
            Self::EndpointCapabilities(capabilities) => capabilities.encode(),
        }
    }
}

/// Reads the blocks of a payload that starts `base` bytes into the buffer.
fn decode_payload(payload: &[u8], base: usize) -> AuxReading {
    let mut reading = AuxReading::default();
    let mut reader = FieldReader::new("AUX_HEADER", payload, base);
    while !reader.rest().is_empty() {
        if reading.blocks.len() >= BLOCKS_MAX {
            reading.note(Some(AuxError::TooManyBlocks { offset: reader.position() }));
            break;
        }
        match Block::take(&mut reader) {
            Ok(block) => {
                let (block, problem) = AuxBlock::read(block);
                reading.blocks.push(block);
                reading.note(problem);
            }
            Err(problem) => {
                reading.note(Some(problem));
                break;
            }
        }
    }
    reading
}
