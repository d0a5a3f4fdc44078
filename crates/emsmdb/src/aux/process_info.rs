//! `AUX_PERF_PROCESSINFO`: which program the client is ([MS-OXCRPC] 2.2.2.2.6).
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc/f56f05f5-1986-498f-9076-bd5376b53888

use super::AuxType;
use super::block::{Block, BlockWriter, VariableWriter};
use crate::field::Truncated;

/// The client's program. Versions 1 and 2 have the same layout.
///
/// | offset | size | field | |
/// |---|---|---|---|
/// | 0 | 4 | AUX_HEADER | Version 1 or 2, Type `0x0B` |
/// | 4 | 2 | ProcessID | |
/// | 6 | 2 | Reserved_1 | ignored |
/// | 8 | 16 | ProcessGuid | |
/// | 24 | 2 | ProcessNameOffset | usually 28; 0 when there is no name |
/// | 26 | 2 | Reserved_2 | ignored |
/// | 28 | | ProcessName | UTF-16LE with NUL |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuxPerfProcessInfo {
    /// `Version` of the AUX_HEADER: 1 or 2.
    pub version: u8,
    /// `ProcessID`: a number that the client chooses, not necessarily the operating system's.
    pub process_id: u16,
    /// `ProcessGuid`, as on the wire.
    pub process_guid: [u8; 16],
    /// `ProcessName`: UTF-16 units without NUL, usually a base name such as `OUTLOOK.EXE`. `None` when the offset is
    /// 0 or makes no sense; an empty name is not absent.
    pub name: Option<Vec<u16>>,
}

impl AuxPerfProcessInfo {
    /// The name for people to read: unpaired surrogates become U+FFFD.
    #[must_use]
    pub fn name_lossy(&self) -> Option<String> {
        self.name.as_deref().map(String::from_utf16_lossy)
    }

    pub(super) fn decode(block: &mut Block<'_>) -> Result<Self, Truncated> {
        block.enter("AUX_PERF_PROCESSINFO");
        let process_id = block.u16("ProcessID")?;
        block.reserved::<2>("Reserved_1")?;
        let process_guid = block.array("ProcessGuid")?;
        let name_offset = block.u16("ProcessNameOffset")?;
        block.reserved::<2>("Reserved_2")?;
        let name = block.string("ProcessName", name_offset);
        Ok(Self { version: block.version, process_id, process_guid, name })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut variable = VariableWriter::new(FIXED_SIZE);
        let name_offset = variable.string(self.name.as_deref());
        let mut writer = BlockWriter::new(AuxType::PROCESS_INFO, self.version);
        writer.u16(self.process_id);
        writer.u16(0);
        writer.bytes(&self.process_guid);
        writer.u16(name_offset);
        writer.u16(0);
        writer.bytes(variable.data());
        writer.finish()
    }
}

/// AUX_HEADER and fixed fields, in bytes.
const FIXED_SIZE: usize = 28;
