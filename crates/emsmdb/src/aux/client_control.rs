//! `AUX_CLIENT_CONTROL`: what the server wants the client to report ([MS-OXCRPC] 2.2.2.2.15).
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc

use super::AuxType;
use super::block::{Block, BlockWriter};
use crate::field::Truncated;

/// Instructions to the client.
///
/// | offset | size | field | |
/// |---|---|---|---|
/// | 0 | 4 | AUX_HEADER | Version 1, Type `0x0A` |
/// | 4 | 4 | EnableFlags | 1 performance data to the server, 2 to the mailbox, 4 compression, 8 HTTP tunneling, `0x10` data about the directory |
/// | 8 | 4 | ExpiryTime | |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuxClientControl {
    /// `EnableFlags`.
    pub enable_flags: u32,
    /// `ExpiryTime`: how long the client keeps unsent performance data, in milliseconds.
    pub expiry_time_ms: u32,
}

impl AuxClientControl {
    pub(super) fn decode(block: &mut Block<'_>) -> Result<Self, Truncated> {
        block.enter("AUX_CLIENT_CONTROL");
        let enable_flags = block.u32("EnableFlags")?;
        Ok(Self { enable_flags, expiry_time_ms: block.u32("ExpiryTime")? })
    }

    pub(super) fn encode(self) -> Vec<u8> {
        let mut writer = BlockWriter::new(AuxType::CLIENT_CONTROL, 1);
        writer.u32(self.enable_flags);
        writer.u32(self.expiry_time_ms);
        writer.finish()
    }
}
