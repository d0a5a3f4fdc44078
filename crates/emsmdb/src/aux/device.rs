//! `AUX_PROTOCOL_DEVICE_IDENTIFICATION`: which device the client runs on ([MS-OXCRPC] 2.2.2.2.23). Clients of 2003 do not
//! send it.
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc

use super::AuxType;
use super::block::{Block, BlockWriter, VariableWriter};
use crate::field::Truncated;

/// The client's device; any of it may be missing.
///
/// | offset | size | field | |
/// |---|---|---|---|
/// | 0 | 4 | AUX_HEADER | Version 1, Type `0x4E` |
/// | 4 | 2 | DeviceManufacturerOffset | UTF-16LE with NUL |
/// | 6 | 2 | DeviceModelOffset | UTF-16LE with NUL |
/// | 8 | 2 | DeviceSerialNumberOffset | UTF-16LE with NUL |
/// | 10 | 2 | DeviceVersionOffset | UTF-16LE with NUL |
/// | 12 | 2 | DeviceFirmwareVersionOffset | UTF-16LE with NUL |
///
/// Each is UTF-16 units without NUL, and `None` when its offset is 0 or makes no sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuxProtocolDeviceIdentification {
    /// `DeviceManufacturer`.
    pub manufacturer: Option<Vec<u16>>,
    /// `DeviceModel`.
    pub model: Option<Vec<u16>>,
    /// `DeviceSerialNumber`.
    pub serial_number: Option<Vec<u16>>,
    /// `DeviceVersion`.
    pub version: Option<Vec<u16>>,
    /// `DeviceFirmwareVersion`.
    pub firmware_version: Option<Vec<u16>>,
}

impl AuxProtocolDeviceIdentification {
    pub(super) fn decode(block: &mut Block<'_>) -> Result<Self, Truncated> {
        block.enter("AUX_PROTOCOL_DEVICE_IDENTIFICATION");
        let manufacturer = block.u16("DeviceManufacturerOffset")?;
        let model = block.u16("DeviceModelOffset")?;
        let serial_number = block.u16("DeviceSerialNumberOffset")?;
        let version = block.u16("DeviceVersionOffset")?;
        let firmware_version = block.u16("DeviceFirmwareVersionOffset")?;
        Ok(Self {
            manufacturer: block.string("DeviceManufacturer", manufacturer),
            model: block.string("DeviceModel", model),
            serial_number: block.string("DeviceSerialNumber", serial_number),
            version: block.string("DeviceVersion", version),
            firmware_version: block.string("DeviceFirmwareVersion", firmware_version),
        })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut variable = VariableWriter::new(FIXED_SIZE);
        let mut writer = BlockWriter::new(AuxType::PROTOCOL_DEVICE_IDENTIFICATION, 1);
        for string in [
            &self.manufacturer,
            &self.model,
            &self.serial_number,
            &self.version,
            &self.firmware_version,
        ] {
            writer.u16(variable.string(string.as_deref()));
        }
        writer.bytes(variable.data());
        writer.finish()
    }
}

/// AUX_HEADER and fixed fields, in bytes.
const FIXED_SIZE: usize = 14;
