//! `AUX_OSVERSIONINFO`: which Windows the server runs on ([MS-OXCRPC] 2.2.2.2.16).
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc

use super::AuxType;
use super::block::{Block, BlockWriter};
use crate::field::Truncated;

/// The server's operating system.
///
/// | offset | size | field | |
/// |---|---|---|---|
/// | 0 | 4 | AUX_HEADER | Version 1, Type `0x16` |
/// | 4 | 4 | OSVersionInfoSize | 156: from this field to the end; ignored when read, since Size says it |
/// | 8 | 4, 4, 4 | MajorVersion, MinorVersion, BuildNumber | |
/// | 20 | 132 | Reserved1 | zero |
/// | 152 | 2, 2 | ServicePackMajor, ServicePackMinor | |
/// | 156 | 4 | Reserved2 | zero |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuxOsVersionInfo {
    /// `MajorVersion`.
    pub major: u32,
    /// `MinorVersion`.
    pub minor: u32,
    /// `BuildNumber`.
    pub build: u32,
    /// `ServicePackMajor`.
    pub service_pack_major: u16,
    /// `ServicePackMinor`.
    pub service_pack_minor: u16,
}

impl AuxOsVersionInfo {
    /// Windows Server 2003 with Service Pack 1, 5.2.3790, which Exchange 2003 Service Pack 2 commonly ran on.
    ///
    /// UNVERIFIED: whether the 2003 store sends the block at all; clients ignore what they do not need of it.
    pub const WINDOWS_SERVER_2003_SP1: Self =
        Self { major: 5, minor: 2, build: 3790, service_pack_major: 1, service_pack_minor: 0 };

    pub(super) fn decode(block: &mut Block<'_>) -> Result<Self, Truncated> {
        block.enter("AUX_OSVERSIONINFO");
        block.reserved::<4>("OSVersionInfoSize")?;
        let major = block.u32("MajorVersion")?;
        let minor = block.u32("MinorVersion")?;
        let build = block.u32("BuildNumber")?;
        block.reserved::<132>("Reserved1")?;
        let service_pack_major = block.u16("ServicePackMajor")?;
        let service_pack_minor = block.u16("ServicePackMinor")?;
        block.reserved::<4>("Reserved2")?;
        Ok(Self { major, minor, build, service_pack_major, service_pack_minor })
    }

    pub(super) fn encode(self) -> Vec<u8> {
        let mut writer = BlockWriter::new(AuxType::OS_VERSION_INFO, 1);
        writer.u32(OS_VERSION_INFO_SIZE);
        writer.u32(self.major);
        writer.u32(self.minor);
        writer.u32(self.build);
        writer.bytes(&[0; 132]);
        writer.u16(self.service_pack_major);
        writer.u16(self.service_pack_minor);
        writer.u32(0);
        writer.finish()
    }
}

/// The block without its AUX_HEADER, in bytes.
const OS_VERSION_INFO_SIZE: u32 = 156;
