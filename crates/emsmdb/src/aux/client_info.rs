//! `AUX_PERF_CLIENTINFO`: which machine and user the client runs for ([MS-OXCRPC] 2.2.2.2.4).
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc

use super::AuxType;
use super::block::{Block, BlockWriter, VariableWriter};
use crate::field::{Truncated, length_u16};

/// The client's machine, user and network adapter; any of it may be missing.
///
/// | offset | size | field | |
/// |---|---|---|---|
/// | 0 | 4 | AUX_HEADER | Version 1, Type `0x02` |
/// | 4 | 4 | AdapterSpeed | |
/// | 8 | 2 | ClientID | |
/// | 10 | 2 | MachineNameOffset | UTF-16LE with NUL |
/// | 12 | 2 | UserNameOffset | UTF-16LE with NUL |
/// | 14 | 2, 2 | ClientIPSize, ClientIPOffset | 4 or 16 bytes |
/// | 18 | 2, 2 | ClientIPMaskSize, ClientIPMaskOffset | |
/// | 22 | 2 | AdapterNameOffset | UTF-16LE with NUL |
/// | 24 | 2, 2 | MacAddressSize, MacAddressOffset | |
/// | 28 | 2 | ClientMode | |
/// | 30 | 2 | Reserved | ignored |
///
/// A field whose offset is 0 or makes no sense is absent: `None`, or empty octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuxPerfClientInfo {
    /// `AdapterSpeed`, in kbit/s.
    pub adapter_speed_kbit: u32,
    /// `ClientID`: a number that the client chooses.
    pub client_id: u16,
    /// `MachineName`: UTF-16 units without NUL.
    pub machine_name: Option<Vec<u16>>,
    /// `UserName`: UTF-16 units without NUL.
    pub user_name: Option<Vec<u16>>,
    /// `ClientIP`: 4 or 16 octets in network order, or none.
    pub client_ip: Vec<u8>,
    /// `ClientIPMask`: as many octets, or none.
    pub client_ip_mask: Vec<u8>,
    /// `AdapterName`: UTF-16 units without NUL.
    pub adapter_name: Option<Vec<u16>>,
    /// `MacAddress`: usually 6 octets, or none.
    pub mac_address: Vec<u8>,
    /// `ClientMode`.
    pub client_mode: ClientMode,
}

impl AuxPerfClientInfo {
    pub(super) fn decode(block: &mut Block<'_>) -> Result<Self, Truncated> {
        block.enter("AUX_PERF_CLIENTINFO");
        let fixed = FixedFields::read(block)?;
        let (ip_size, ip_offset) = fixed.client_ip;
        let (mask_size, mask_offset) = fixed.client_ip_mask;
        let (mac_size, mac_offset) = fixed.mac_address;
        Ok(Self {
            adapter_speed_kbit: fixed.adapter_speed_kbit,
            client_id: fixed.client_id,
            machine_name: block.string("MachineName", fixed.machine_name),
            user_name: block.string("UserName", fixed.user_name),
            client_ip: block.octets("ClientIP", ip_size, ip_offset),
            client_ip_mask: block.octets("ClientIPMask", mask_size, mask_offset),
            adapter_name: block.string("AdapterName", fixed.adapter_name),
            mac_address: block.octets("MacAddress", mac_size, mac_offset),
            client_mode: fixed.client_mode,
        })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut variable = VariableWriter::new(FIXED_SIZE);
        let fixed = FixedFields {
            adapter_speed_kbit: self.adapter_speed_kbit,
            client_id: self.client_id,
            machine_name: variable.string(self.machine_name.as_deref()),
            user_name: variable.string(self.user_name.as_deref()),
            client_ip: (length_u16(&self.client_ip), variable.octets(&self.client_ip)),
            client_ip_mask: (
                length_u16(&self.client_ip_mask),
                variable.octets(&self.client_ip_mask),
            ),
            adapter_name: variable.string(self.adapter_name.as_deref()),
            mac_address: (length_u16(&self.mac_address), variable.octets(&self.mac_address)),
            client_mode: self.client_mode,
        };
        let mut writer = BlockWriter::new(AuxType::CLIENT_INFO, 1);
        fixed.write(&mut writer);
        writer.bytes(variable.data());
        writer.finish()
    }
}

/// `ClientMode`: how the client uses the mailbox. Unknown values survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientMode(pub u16);

impl ClientMode {
    /// `CLIENTMODE_UNKNOWN`.
    pub const UNKNOWN: Self = Self(0);
    /// `CLIENTMODE_CLASSIC`: online.
    pub const CLASSIC: Self = Self(1);
    /// `CLIENTMODE_CACHED`.
    pub const CACHED: Self = Self(2);
}

/// The fields behind the AUX_HEADER: names are offsets, octets are size and offset.
struct FixedFields {
    adapter_speed_kbit: u32,
    client_id: u16,
    machine_name: u16,
    user_name: u16,
    client_ip: (u16, u16),
    client_ip_mask: (u16, u16),
    adapter_name: u16,
    mac_address: (u16, u16),
    client_mode: ClientMode,
}

impl FixedFields {
    fn read(block: &mut Block<'_>) -> Result<Self, Truncated> {
        let fixed = Self {
            adapter_speed_kbit: block.u32("AdapterSpeed")?,
            client_id: block.u16("ClientID")?,
            machine_name: block.u16("MachineNameOffset")?,
            user_name: block.u16("UserNameOffset")?,
            client_ip: (block.u16("ClientIPSize")?, block.u16("ClientIPOffset")?),
            client_ip_mask: (block.u16("ClientIPMaskSize")?, block.u16("ClientIPMaskOffset")?),
            adapter_name: block.u16("AdapterNameOffset")?,
            mac_address: (block.u16("MacAddressSize")?, block.u16("MacAddressOffset")?),
            client_mode: ClientMode(block.u16("ClientMode")?),
        };
        block.reserved::<2>("Reserved")?;
        Ok(fixed)
    }

    fn write(&self, writer: &mut BlockWriter) {
        let reserved = 0;
        writer.u32(self.adapter_speed_kbit);
        for value in [
            self.client_id,
            self.machine_name,
            self.user_name,
            self.client_ip.0,
            self.client_ip.1,
            self.client_ip_mask.0,
            self.client_ip_mask.1,
            self.adapter_name,
            self.mac_address.0,
            self.mac_address.1,
            self.client_mode.0,
            reserved,
        ] {
            writer.u16(value);
        }
    }
}

/// AUX_HEADER and fixed fields, in bytes.
const FIXED_SIZE: usize = 32;
