//! What the two sides tell each other for their logs about a connection and a session ([MS-OXCRPC] 2.2.2.2.21 and
//! 2.2.2.2.22). Clients and servers of 2003 send neither.
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc

use super::AuxType;
use super::block::{Block, BlockWriter, VariableWriter};
use crate::field::Truncated;

/// `AUX_CLIENT_CONNECTION_INFO`: the client's view of its connection.
///
/// | offset | size | field | |
/// |---|---|---|---|
/// | 0 | 4 | AUX_HEADER | Version 1, Type `0x4A` |
/// | 4 | 16 | ConnectionGUID | |
/// | 20 | 2 | OffsetConnectionContextInfo | UTF-16LE with NUL |
/// | 22 | 2 | Reserved | ignored |
/// | 24 | 4 | ConnectionAttempts | |
/// | 28 | 4 | ConnectionFlags | 1 cached mode |
///
/// UNVERIFIED: one reading of the specification has two bytes for ConnectionAttempts; other implementations read four.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuxClientConnectionInfo {
    /// `ConnectionGUID`, as on the wire.
    pub connection_guid: [u8; 16],
    /// `ConnectionContextInfo`: UTF-16 units without NUL, opaque. `None` when the offset is 0 or makes no sense.
    pub connection_context_info: Option<Vec<u16>>,
    /// `ConnectionAttempts`: how often the client tried.
    pub connection_attempts: u32,
    /// `ConnectionFlags`.
    pub connection_flags: u32,
}

impl AuxClientConnectionInfo {
    pub(super) fn decode(block: &mut Block<'_>) -> Result<Self, Truncated> {
        block.enter("AUX_CLIENT_CONNECTION_INFO");
        let connection_guid = block.array("ConnectionGUID")?;
        let context_offset = block.u16("OffsetConnectionContextInfo")?;
        block.reserved::<2>("Reserved")?;
        let connection_attempts = block.u32("ConnectionAttempts")?;
        let connection_flags = block.u32("ConnectionFlags")?;
        let connection_context_info = block.string("ConnectionContextInfo", context_offset);
        Ok(Self { connection_guid, connection_context_info, connection_attempts, connection_flags })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut variable = VariableWriter::new(CLIENT_FIXED_SIZE);
        let mut writer = BlockWriter::new(AuxType::CLIENT_CONNECTION_INFO, 1);
        writer.bytes(&self.connection_guid);
        writer.u16(variable.string(self.connection_context_info.as_deref()));
        writer.u16(0);
        writer.u32(self.connection_attempts);
        writer.u32(self.connection_flags);
        writer.bytes(variable.data());
        writer.finish()
    }
}

/// `AUX_SERVER_SESSION_INFO`: the server's view of a session.
///
/// | offset | size | field | |
/// |---|---|---|---|
/// | 0 | 4 | AUX_HEADER | Version 1, Type `0x4B` |
/// | 4 | 2 | OffsetServerSessionContextInfo | UTF-16LE with NUL |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuxServerSessionInfo {
    /// `ServerSessionContextInfo`: UTF-16 units without NUL, opaque. `None` when the offset is 0 or makes no sense.
    pub server_session_context_info: Option<Vec<u16>>,
}

impl AuxServerSessionInfo {
    pub(super) fn decode(block: &mut Block<'_>) -> Result<Self, Truncated> {
        block.enter("AUX_SERVER_SESSION_INFO");
        let offset = block.u16("OffsetServerSessionContextInfo")?;
        Ok(Self { server_session_context_info: block.string("ServerSessionContextInfo", offset) })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut variable = VariableWriter::new(SERVER_FIXED_SIZE);
        let mut writer = BlockWriter::new(AuxType::SERVER_SESSION_INFO, 1);
        writer.u16(variable.string(self.server_session_context_info.as_deref()));
        writer.bytes(variable.data());
        writer.finish()
    }
}

/// AUX_HEADER and fixed fields, in bytes.
const CLIENT_FIXED_SIZE: usize = 32;
/// AUX_HEADER and fixed fields, in bytes.
const SERVER_FIXED_SIZE: usize = 6;
