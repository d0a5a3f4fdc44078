//! Any block: which structure its Type and Version stand for, both ways ([MS-OXCRPC] 2.2.2.2).
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc

use core::fmt;

use super::block::{Block, BlockWriter};
use super::{
    AuxClientConnectionInfo, AuxClientControl, AuxEndpointCapabilities, AuxError, AuxExOrgInfo,
    AuxExceptionTrace, AuxOsVersionInfo, AuxPerfAccountInfo, AuxPerfClientInfo,
    AuxPerfDefGcSuccess, AuxPerfDefMdbSuccess, AuxPerfFailure, AuxPerfGcSuccess, AuxPerfMdbSuccess,
    AuxPerfProcessInfo, AuxPerfRequestId, AuxPerfServerInfo, AuxPerfSessionInfo,
    AuxProtocolDeviceIdentification, AuxServerCapabilities, AuxServerSessionInfo, AuxType, Ground,
};
use crate::field::Truncated;

/// A block as it is read, of a client or of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuxBlock {
    /// Which call this is, to the client.
    RequestId(AuxPerfRequestId),
    /// Which machine and user the client runs for.
    ClientInfo(AuxPerfClientInfo),
    /// Which server a number of other blocks stands for.
    ServerInfo(AuxPerfServerInfo),
    /// Which session this is, to the client.
    SessionInfo(AuxPerfSessionInfo),
    /// A request to the user's own store that succeeded.
    DefMdbSuccess(AuxPerfDefMdbSuccess),
    /// A request to the user's own directory server that succeeded.
    DefGcSuccess(AuxPerfDefGcSuccess),
    /// A request to a store that succeeded.
    MdbSuccess(AuxPerfMdbSuccess),
    /// A request to a directory server that succeeded.
    GcSuccess(AuxPerfGcSuccess),
    /// A request that failed.
    Failure(AuxPerfFailure),
    /// What the client should report.
    ClientControl(AuxClientControl),
    /// Which program the client is.
    ProcessInfo(AuxPerfProcessInfo),
    /// Which Windows the server runs on.
    OsVersionInfo(AuxOsVersionInfo),
    /// What the server's organization has.
    ExOrgInfo(AuxExOrgInfo),
    /// Which account a client's number stands for.
    AccountInfo(AuxPerfAccountInfo),
    /// What the server can do.
    ServerCapabilities(AuxServerCapabilities),
    /// What the server's endpoint can do.
    EndpointCapabilities(AuxEndpointCapabilities),
    /// A block whose layout is not known.
    ExceptionTrace(AuxExceptionTrace),
    /// The client's view of its connection.
    ClientConnectionInfo(AuxClientConnectionInfo),
    /// The server's view of the session.
    ServerSessionInfo(AuxServerSessionInfo),
    /// Which device the client runs on.
    ProtocolDeviceIdentification(AuxProtocolDeviceIdentification),
    /// A block that is not read: of an unknown type or version, or too short for what it is.
    Skipped(SkippedBlock),
}

impl AuxBlock {
    /// Reads a block; one that is too short is skipped like an unknown one. Also says what was wrong.
    pub(super) fn read(mut block: Block<'_>) -> (Self, Option<AuxError>) {
        match Self::decode(&mut block) {
            Ok(read) => (read, block.problem()),
            Err(problem) => (Self::Skipped(SkippedBlock::of(&block)), Some(problem.into())),
        }
    }

    fn decode(block: &mut Block<'_>) -> Result<Self, Truncated> {
        Ok(match (Ground::untyped(block.block_type), block.version) {
            (AuxType::REQUEST_ID, 1) => Self::RequestId(AuxPerfRequestId::decode(block)?),
            (AuxType::CLIENT_INFO, 1) => Self::ClientInfo(AuxPerfClientInfo::decode(block)?),
            (AuxType::SERVER_INFO, 1) => Self::ServerInfo(AuxPerfServerInfo::decode(block)?),
            (AuxType::SESSION_INFO, 1 | 2) => Self::SessionInfo(AuxPerfSessionInfo::decode(block)?),
            (AuxType::DEFMDB_SUCCESS, 1) => {
                Self::DefMdbSuccess(AuxPerfDefMdbSuccess::decode(block)?)
            }
            (AuxType::DEFGC_SUCCESS, 1) => Self::DefGcSuccess(AuxPerfDefGcSuccess::decode(block)?),
            (AuxType::MDB_SUCCESS, 1 | 2) => Self::MdbSuccess(AuxPerfMdbSuccess::decode(block)?),
            (AuxType::GC_SUCCESS, 1 | 2) => Self::GcSuccess(AuxPerfGcSuccess::decode(block)?),
            (AuxType::FAILURE, 1 | 2) => Self::Failure(AuxPerfFailure::decode(block)?),
            (AuxType::CLIENT_CONTROL, 1) => Self::ClientControl(AuxClientControl::decode(block)?),
            (AuxType::PROCESS_INFO, 1 | 2) => Self::ProcessInfo(AuxPerfProcessInfo::decode(block)?),
            (AuxType::OS_VERSION_INFO, 1) => Self::OsVersionInfo(AuxOsVersionInfo::decode(block)?),
            (AuxType::EX_ORG_INFO, 1) => Self::ExOrgInfo(AuxExOrgInfo::decode(block)?),
            (AuxType::ACCOUNT_INFO, 1) => Self::AccountInfo(AuxPerfAccountInfo::decode(block)?),
            (AuxType::SERVER_CAPABILITIES, 1) => {
                Self::ServerCapabilities(AuxServerCapabilities::decode(block)?)
            }
            (AuxType::ENDPOINT_CAPABILITIES, 1) => {
                Self::EndpointCapabilities(AuxEndpointCapabilities::decode(block)?)
            }
            (AuxType::EXCEPTION_TRACE, 1) => Self::ExceptionTrace(AuxExceptionTrace::decode(block)),
            (AuxType::CLIENT_CONNECTION_INFO, 1) => {
                Self::ClientConnectionInfo(AuxClientConnectionInfo::decode(block)?)
            }
            (AuxType::SERVER_SESSION_INFO, 1) => {
                Self::ServerSessionInfo(AuxServerSessionInfo::decode(block)?)
            }
            (AuxType::PROTOCOL_DEVICE_IDENTIFICATION, 1) => {
                Self::ProtocolDeviceIdentification(AuxProtocolDeviceIdentification::decode(block)?)
            }
            _ => Self::Skipped(SkippedBlock::of(block)),
        })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        match self {
            Self::RequestId(block) => block.encode(),
            Self::ClientInfo(block) => block.encode(),
            Self::ServerInfo(block) => block.encode(),
            Self::SessionInfo(block) => block.encode(),
            Self::DefMdbSuccess(block) => block.encode(),
            Self::DefGcSuccess(block) => block.encode(),
            Self::MdbSuccess(block) => block.encode(),
            Self::GcSuccess(block) => block.encode(),
            Self::Failure(block) => block.encode(),
            Self::ClientControl(block) => block.encode(),
            Self::ProcessInfo(block) => block.encode(),
            Self::OsVersionInfo(block) => block.encode(),
            Self::ExOrgInfo(block) => block.encode(),
            Self::AccountInfo(block) => block.encode(),
            Self::ServerCapabilities(block) => block.encode(),
            Self::EndpointCapabilities(block) => block.encode(),
            Self::ExceptionTrace(block) => block.encode(),
            Self::ClientConnectionInfo(block) => block.encode(),
            Self::ServerSessionInfo(block) => block.encode(),
            Self::ProtocolDeviceIdentification(block) => block.encode(),
            Self::Skipped(block) => block.encode(),
        }
    }
}

/// The header of a block that is not read. Encoding one writes zeroes for its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SkippedBlock {
    /// `Type`.
    pub block_type: AuxType,
    /// `Version`.
    pub version: u8,
    /// `Size`: bytes of the whole block, at least 4.
    pub size: u16,
}

impl SkippedBlock {
    fn of(block: &Block<'_>) -> Self {
        Self { block_type: block.block_type, version: block.version, size: block.size() }
    }

    fn encode(self) -> Vec<u8> {
        let mut writer = BlockWriter::new(self.block_type, self.version);
        writer.fill(self.size.into());
        writer.finish_unpadded()
    }
}

/// As in `type 0x0B, version 3, 28 bytes`.
impl fmt::Display for SkippedBlock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { block_type, version, size } = self;
        write!(formatter, "type {:#04X}, version {version}, {size} bytes", block_type.0)
    }
}
