//! What the numbers of other blocks stand for: requests, servers and accounts ([MS-OXCRPC] 2.2.2.2.1, 2.2.2.2.5 and
//! 2.2.2.2.18).
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc

use super::AuxType;
use super::block::{Block, BlockWriter, VariableWriter};
use crate::field::Truncated;

/// `AUX_PERF_REQUESTID`: the client's number for the call that the block comes with.
///
/// | offset | size | field | |
/// |---|---|---|---|
/// | 0 | 4 | AUX_HEADER | Version 1, Type `0x01` |
/// | 4 | 2 | SessionID | |
/// | 6 | 2 | RequestID | |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuxPerfRequestId {
    /// `SessionID`: the session's number, from an [`AuxPerfSessionInfo`](super::AuxPerfSessionInfo).
    pub session_id: u16,
    /// `RequestID`: a number that the client chooses.
    pub request_id: u16,
}

impl AuxPerfRequestId {
    pub(super) fn decode(block: &mut Block<'_>) -> Result<Self, Truncated> {
        block.enter("AUX_PERF_REQUESTID");
        let session_id = block.u16("SessionID")?;
        Ok(Self { session_id, request_id: block.u16("RequestID")? })
    }

    pub(super) fn encode(self) -> Vec<u8> {
        let mut writer = BlockWriter::new(AuxType::REQUEST_ID, 1);
        writer.u16(self.session_id);
        writer.u16(self.request_id);
        writer.finish()
    }
}

/// `AUX_PERF_SERVERINFO`: a server that the client talked to.
///
/// | offset | size | field | |
/// |---|---|---|---|
/// | 0 | 4 | AUX_HEADER | Version 1, Type `0x03` |
/// | 4 | 2 | ServerID | |
/// | 6 | 2 | ServerType | |
/// | 8 | 2 | ServerDNOffset | UTF-16LE with NUL |
/// | 10 | 2 | ServerNameOffset | UTF-16LE with NUL |
///
/// A field whose offset is 0 or makes no sense is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuxPerfServerInfo {
    /// `ServerID`: a number that the client chooses.
    pub server_id: u16,
    /// `ServerType`.
    pub server_type: ServerType,
    /// `ServerDN`: UTF-16 units without NUL.
    pub server_dn: Option<Vec<u16>>,
    /// `ServerName`: UTF-16 units without NUL.
    pub server_name: Option<Vec<u16>>,
}

impl AuxPerfServerInfo {
    pub(super) fn decode(block: &mut Block<'_>) -> Result<Self, Truncated> {
        block.enter("AUX_PERF_SERVERINFO");
        let server_id = block.u16("ServerID")?;
        let server_type = ServerType(block.u16("ServerType")?);
        let dn_offset = block.u16("ServerDNOffset")?;
        let name_offset = block.u16("ServerNameOffset")?;
        Ok(Self {
            server_id,
            server_type,
            server_dn: block.string("ServerDN", dn_offset),
            server_name: block.string("ServerName", name_offset),
        })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut variable = VariableWriter::new(SERVER_INFO_FIXED_SIZE);
        let mut writer = BlockWriter::new(AuxType::SERVER_INFO, 1);
        writer.u16(self.server_id);
        writer.u16(self.server_type.0);
        writer.u16(variable.string(self.server_dn.as_deref()));
        writer.u16(variable.string(self.server_name.as_deref()));
        writer.bytes(variable.data());
        writer.finish()
    }
}

/// `ServerType`: what a server holds. Unknown values survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ServerType(pub u16);

impl ServerType {
    /// `SERVERTYPE_UNKNOWN`.
    pub const UNKNOWN: Self = Self(0);
    /// `SERVERTYPE_PRIVATE`: mailboxes.
    pub const PRIVATE: Self = Self(1);
    /// `SERVERTYPE_PUBLIC`: public folders.
    pub const PUBLIC: Self = Self(2);
    /// `SERVERTYPE_DIRECTORY`: the address book.
    pub const DIRECTORY: Self = Self(3);
    /// `SERVERTYPE_REFERRAL`: which server to ask.
    pub const REFERRAL: Self = Self(4);
}

/// `AUX_PERF_ACCOUNTINFO`: the account that a client's number stands for.
///
/// | offset | size | field | |
/// |---|---|---|---|
/// | 0 | 4 | AUX_HEADER | Version 1, Type `0x18` |
/// | 4 | 2 | ClientID | |
/// | 6 | 2 | Reserved | ignored |
/// | 8 | 16 | Account | |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuxPerfAccountInfo {
    /// `ClientID`: the client's number, from an [`AuxPerfClientInfo`](super::AuxPerfClientInfo).
    pub client_id: u16,
    /// `Account`: a GUID as on the wire.
    pub account: [u8; 16],
}

impl AuxPerfAccountInfo {
    pub(super) fn decode(block: &mut Block<'_>) -> Result<Self, Truncated> {
        block.enter("AUX_PERF_ACCOUNTINFO");
        let client_id = block.u16("ClientID")?;
        block.reserved::<2>("Reserved")?;
        Ok(Self { client_id, account: block.array("Account")? })
    }

    pub(super) fn encode(self) -> Vec<u8> {
        let mut writer = BlockWriter::new(AuxType::ACCOUNT_INFO, 1);
        writer.u16(self.client_id);
        writer.u16(0);
        writer.bytes(&self.account);
        writer.finish()
    }
}

/// AUX_HEADER and fixed fields, in bytes.
const SERVER_INFO_FIXED_SIZE: usize = 12;
