//! `AUX_PERF_SESSIONINFO` and `AUX_PERF_SESSIONINFO_V2`: which session this is to the client ([MS-OXCRPC] 2.2.2.2.2
//! and 2.2.2.2.3).
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc

use super::AuxType;
use super::block::{Block, BlockWriter};
use crate::field::Truncated;

/// The client's name for a session.
///
/// | offset | size | field | |
/// |---|---|---|---|
/// | 0 | 4 | AUX_HEADER | Version 1 or 2, Type `0x04` |
/// | 4 | 2 | SessionID | |
/// | 6 | 2 | Reserved | ignored |
/// | 8 | 16 | SessionGuid | |
/// | 24 | 4 | ConnectionID | version 2 only |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuxPerfSessionInfo {
    /// `SessionID`: a number that the client chooses.
    pub session_id: u16,
    /// `SessionGuid`, as on the wire.
    pub session_guid: [u8; 16],
    /// `ConnectionID`: present in version 2, and so decides the version.
    pub connection_id: Option<u32>,
}

impl AuxPerfSessionInfo {
    pub(super) fn decode(block: &mut Block<'_>) -> Result<Self, Truncated> {
        block.enter_version("AUX_PERF_SESSIONINFO", "AUX_PERF_SESSIONINFO_V2");
        let session_id = block.u16("SessionID")?;
        block.reserved::<2>("Reserved")?;
        let session_guid = block.array("SessionGuid")?;
        let connection_id = if block.is_second() { Some(block.u32("ConnectionID")?) } else { None };
        Ok(Self { session_id, session_guid, connection_id })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let version = if self.connection_id.is_some() { 2 } else { 1 };
        let mut writer = BlockWriter::new(AuxType::SESSION_INFO, version);
        writer.u16(self.session_id);
        writer.u16(0);
        writer.bytes(&self.session_guid);
        if let Some(connection_id) = self.connection_id {
            writer.u32(connection_id);
        }
        writer.finish()
    }
}
