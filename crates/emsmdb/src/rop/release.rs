//! `RopRelease`: closes a server object ([MS-OXCROPS] 2.2.15.3). It has no response.
//!
//! | size | field | |
//! |---|---|---|
//! | 1 | RopId | `0x01` |
//! | 1 | LogonId | |
//! | 1 | InputHandleIndex | slot of the object |
//!
//! [MS-OXCROPS]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrops

use super::RopId;
use crate::field::{FieldReader, Truncated};

/// Reads what follows LogonId: the InputHandleIndex.
pub(super) fn read(reader: &mut FieldReader<'_>) -> Result<u8, Truncated> {
    reader.enter("RopRelease request");
    reader.u8("InputHandleIndex")
}

pub(super) fn write(logon_id: u8, input_index: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(&[RopId::RELEASE.0, logon_id, input_index]);
}
