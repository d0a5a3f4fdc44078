//! What servers say that they, their organization and their endpoint can do ([MS-OXCRPC] 2.2.2.2.17, 2.2.2.2.19 and
//! 2.2.2.2.20). A store of 2003 sends none of them.
//!
//! Each is an AUX_HEADER of version 1 and one field of 4 bytes:
//!
//! | Type | block | field | bits |
//! |---|---|---|---|
//! | `0x17` | AUX_EXORGINFO | OrgFlags | 1 public folders are enabled, 2 they are found by Autodiscover |
//! | `0x46` | AUX_SERVER_CAPABILITIES | ServerCapabilityFlags | 1 packed fast transfer uploads, 2 packed stream uploads, 8 very large packed downloads |
//! | `0x48` | AUX_ENDPOINT_CAPABILITIES | EndpointCapabilityFlag | 1 one endpoint for everything |
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc

use super::AuxType;
use super::block::{Block, BlockWriter};
use crate::field::Truncated;

/// `AUX_EXORGINFO`: what the organization has. For clients of version 12.0.3118 and later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuxExOrgInfo {
    /// `OrgFlags`.
    pub org_flags: u32,
}

impl AuxExOrgInfo {
    pub(super) fn decode(block: &mut Block<'_>) -> Result<Self, Truncated> {
        block.enter("AUX_EXORGINFO");
        Ok(Self { org_flags: block.u32("OrgFlags")? })
    }

    pub(super) fn encode(self) -> Vec<u8> {
        encode(AuxType::EX_ORG_INFO, self.org_flags)
    }
}

/// `AUX_SERVER_CAPABILITIES`: which later parts of the protocol the server knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuxServerCapabilities {
    /// `ServerCapabilityFlags`.
    pub server_capability_flags: u32,
}

impl AuxServerCapabilities {
    pub(super) fn decode(block: &mut Block<'_>) -> Result<Self, Truncated> {
        block.enter("AUX_SERVER_CAPABILITIES");
        Ok(Self { server_capability_flags: block.u32("ServerCapabilityFlags")? })
    }

    pub(super) fn encode(self) -> Vec<u8> {
        encode(AuxType::SERVER_CAPABILITIES, self.server_capability_flags)
    }
}

/// `AUX_ENDPOINT_CAPABILITIES`: what else is at the endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuxEndpointCapabilities {
    /// `EndpointCapabilityFlag`.
    pub endpoint_capability_flag: u32,
}

impl AuxEndpointCapabilities {
    pub(super) fn decode(block: &mut Block<'_>) -> Result<Self, Truncated> {
        block.enter("AUX_ENDPOINT_CAPABILITIES");
        Ok(Self { endpoint_capability_flag: block.u32("EndpointCapabilityFlag")? })
    }

    pub(super) fn encode(self) -> Vec<u8> {
        encode(AuxType::ENDPOINT_CAPABILITIES, self.endpoint_capability_flag)
    }
}

fn encode(block_type: AuxType, flags: u32) -> Vec<u8> {
    let mut writer = BlockWriter::new(block_type, 1);
    writer.u32(flags);
    writer.finish()
}
