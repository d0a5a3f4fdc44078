//! Remote management ([C706] appendix Q): what every RPC server tells of itself, on each of its ports.
//!
//! [C706]: https://publications.opengroup.org/c706

use uuid::Uuid;

use crate::call::Opnum;
use crate::error::StubError;
use crate::ndr::{ConformantVarying, NdrReader, NdrWriter};
use crate::syntax::SyntaxId;

/// The interface, afa8bd80-7d8a-11c9-bef4-08002b102989 v1.0.
pub const MGMT: SyntaxId =
    SyntaxId { uuid: Uuid::from_u128(0xafa8bd80_7d8a_11c9_bef4_08002b102989), major: 1, minor: 0 };

/// The operations.
pub mod opnum {
    use crate::call::Opnum;

    /// `rpc__mgmt_inq_if_ids`: which interfaces there are.
    pub const INQ_IF_IDS: Opnum = Opnum(0);
    /// `rpc__mgmt_inq_stats`: how much there was to do.
    pub const INQ_STATS: Opnum = Opnum(1);
    /// `rpc__mgmt_is_server_listening`.
    pub const IS_SERVER_LISTENING: Opnum = Opnum(2);
    /// `rpc__mgmt_stop_server_listening`.
    pub const STOP_SERVER_LISTENING: Opnum = Opnum(3);
    /// `rpc__mgmt_inq_princ_name`: whom to authenticate the server as.
    pub const INQ_PRINC_NAME: Opnum = Opnum(4);
}

/// A request to the management interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MgmtRequest {
    /// Opnum 0, which has no parameters.
    InqIfIds,
    /// Opnum 1: `count`, u32.
    InqStats {
        /// The most statistics to answer.
        count: u32,
    },
    /// Opnum 2, which has no parameters.
    IsServerListening,
    /// Opnum 3, which has no parameters.
    StopServerListening,
    /// Opnum 4: `authn_proto`, u32; `princ_name_size`, u32, 0 to 4096.
    InqPrincName {
        /// The authentication service.
        authn_service: u32,
        /// The caller's room for the name, bytes.
        size: u32,
    },
}

/// The most bytes of a principal's name that can be asked for.
const PRINC_NAME_MAX: u32 = 4096;

impl MgmtRequest {
    /// Decodes the stub of a call by its operation number.
    ///
    /// # Errors
    /// `UnknownOpnum` for an operation that does not exist, `BadStub` when a parameter is missing.
    pub fn decode(opnum: Opnum, stub: &[u8]) -> Result<Self, StubError> {
        let mut reader = NdrReader::new("mgmt", stub);
        Ok(match opnum {
            opnum::INQ_IF_IDS => Self::InqIfIds,
            opnum::INQ_STATS => Self::InqStats { count: reader.u32("count")? },
            opnum::IS_SERVER_LISTENING => Self::IsServerListening,
            opnum::STOP_SERVER_LISTENING => Self::StopServerListening,
            opnum::INQ_PRINC_NAME => Self::InqPrincName {
                authn_service: reader.u32("authn_proto")?,
                size: reader.u32_at_most("princ_name_size", PRINC_NAME_MAX)?,
            },
            _ => return Err(StubError::UnknownOpnum { opnum }),
        })
    }

    /// The operation number and the stub.
    #[must_use]
    pub fn encode(&self) -> (Opnum, Vec<u8>) {
        let mut writer = NdrWriter::new();
        let opnum = match *self {
            Self::InqIfIds => opnum::INQ_IF_IDS,
            Self::InqStats { count } => {
                writer.u32(count);
                opnum::INQ_STATS
            }
            Self::IsServerListening => opnum::IS_SERVER_LISTENING,
            Self::StopServerListening => opnum::STOP_SERVER_LISTENING,
            Self::InqPrincName { authn_service, size } => {
                writer.u32(authn_service);
                writer.u32(size);
                opnum::INQ_PRINC_NAME
            }
        };
        (opnum, writer.finish())
    }
}

/// What a call to the management interface ends with (`error_status_t`). Unknown values survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MgmtStatus(pub u32);

impl MgmtStatus {
    /// It was done.
    pub const OK: Self = Self(0);
    /// `ERROR_ACCESS_DENIED`: nobody may do that from afar.
    pub const ACCESS_DENIED: Self = Self(5);
    /// `RPC_S_UNKNOWN_AUTHN_SERVICE`: the server has no name for that service.
    pub const UNKNOWN_AUTHN_SERVICE: Self = Self(0x6D3);
}

/// What a server counts, in the order of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    /// Calls that came.
    pub calls_in: u32,
    /// Calls that were made.
    pub calls_out: u32,
    /// PDUs that came.
    pub packets_in: u32,
    /// PDUs that were sent.
    pub packets_out: u32,
}

/// An answer of the management interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MgmtResponse {
    /// Opnum 0: a pointer; `max_count` and `count`; a pointer for each interface; the interfaces; status.
    InqIfIds(Vec<SyntaxId>),
    /// Opnum 1: `count`; `max_count` (the same) and as many u32; status.
    InqStats {
        /// All that is counted.
        statistics: Statistics,
        /// How many of them the caller asked for, at most 4 of which are answered.
        count: u32,
    },
    /// Opnum 2: status; 1.
    IsServerListening,
    /// Opnum 3: status alone.
    StopServerListening(MgmtStatus),
    /// Opnum 4: an empty name; status.
    InqPrincName {
        /// The caller's room, bytes.
        size: u32,
        /// Why there is no name.
        status: MgmtStatus,
    },
}

impl MgmtResponse {
    /// The stub.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = NdrWriter::new();
        match self {
            Self::InqIfIds(interfaces) => write_interfaces(&mut writer, interfaces),
            Self::InqStats { statistics, count } => {
                write_statistics(&mut writer, *statistics, *count)
            }
            Self::IsServerListening => {
                writer.u32(MgmtStatus::OK.0);
                writer.u32(1);
            }
            Self::StopServerListening(status) => writer.u32(status.0),
            Self::InqPrincName { size, status } => {
                let nul: &[u8] = if *size == 0 { &[] } else { &[0] };
                writer.conformant_varying_bytes(ConformantVarying { max_count: *size, bytes: nul });
                writer.u32(status.0);
            }
        }
        writer.finish()
    }

    /// Decodes the answer to `inq_if_ids`, and the status it ends with.
    ///
    /// # Errors
    /// A parameter is missing, or a count contradicts another.
    pub fn decode_interfaces(stub: &[u8]) -> Result<(Vec<SyntaxId>, MgmtStatus), StubError> {
        let mut reader = NdrReader::new("inq_if_ids response", stub);
        let mut interfaces = Vec::new();
        if reader.unique_pointer("if_id_vector")? {
            let count = reader.u32("max_count")?;
            reader.u32_equal_to("count", count)?;
            let mut present = 0_u32;
            for _ in 0..count {
                present = present.saturating_add(reader.unique_pointer("if_id")?.into());
            }
            for _ in 0..present {
                interfaces.push(reader.interface("if_id")?);
            }
        }
        Ok((interfaces, MgmtStatus(reader.u32("status")?)))
    }
}

fn write_interfaces(writer: &mut NdrWriter, interfaces: &[SyntaxId]) {
    let count = u32::try_from(interfaces.len()).unwrap_or(u32::MAX);
    writer.unique_pointer(true);
    writer.u32(count);
    writer.u32(count);
    for _ in interfaces {
        writer.unique_pointer(true);
    }
    for interface in interfaces {
        writer.interface(*interface);
    }
    writer.u32(MgmtStatus::OK.0);
}

fn write_statistics(writer: &mut NdrWriter, statistics: Statistics, asked: u32) {
    let Statistics { calls_in, calls_out, packets_in, packets_out } = statistics;
    let all = [calls_in, calls_out, packets_in, packets_out];
    let count = asked.min(4);
    writer.u32(count);
    writer.u32(count);
    for statistic in all.into_iter().zip(0..count).map(|(statistic, _)| statistic) {
        writer.u32(statistic);
    }
    writer.u32(MgmtStatus::OK.0);
}
