//! Faults: the PDU (C706 12.6.4.7) and its status codes (C706 appendix E, MS-ERREF).

use std::fmt;

use crate::bind::PresentationContextId;
use crate::call::CallId;
use crate::header::{Heading, PacketFlags, PacketType, PduTooLong, append_pdu};
use crate::reader::{PduError, Reader};

/// Why a call failed below its interface. Unknown values survive.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FaultStatus(pub u32);

/// One constant and one name for each status, so that neither can be forgotten.
macro_rules! statuses {
    ($($(#[$doc:meta])* $constant:ident = $value:literal, $name:literal;)+) => {
        impl FaultStatus {
            $($(#[$doc])* pub const $constant: Self = Self($value);)+

            /// The status of this name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                [$(($name, Self::$constant)),+]
                    .into_iter()
                    .find_map(|(known, status)| (known == name).then_some(status))
            }

            /// The name in the specification, where it has one.
            #[must_use]
            pub fn name(self) -> Option<&'static str> {
                match self {
                    $(Self::$constant => Some($name),)+
                    _ => None,
                }
            }
        }
    };
}

statuses! {
    /// Authentication failed, its level is too low, or its trailer was not expected.
    ACCESS_DENIED = 0x0000_0005, "ERROR_ACCESS_DENIED";
    /// The server cannot be reached; mostly a client's own finding.
    SERVER_UNAVAILABLE = 0x0000_06BA, "RPC_S_SERVER_UNAVAILABLE";
    /// What clients show for [`FaultStatus::SERVER_TOO_BUSY`].
    WIN32_SERVER_TOO_BUSY = 0x0000_06BB, "RPC_S_SERVER_TOO_BUSY";
    /// A first fragment came with a cancel pending.
    NO_CALL_ACTIVE = 0x0000_06BD, "RPC_S_NO_CALL_ACTIVE";
    /// The operation cannot be performed, as an endpoint mapper says it.
    CANNOT_PERFORM = 0x0000_06D8, "EPT_S_CANT_PERFORM_OP";
    /// Resources have run out.
    OUT_OF_RESOURCES = 0x0000_06D9, "EPT_S_OUT_OF_RESOURCES";
    /// A NULL context handle came where one is required; Win32's local code.
    NULL_CONTEXT = 0x0000_06EF, "RPC_X_SS_IN_NULL_CONTEXT";
    /// The stub does not decode, or a value is out of its range.
    BAD_STUB_DATA = 0x0000_06F7, "RPC_X_BAD_STUB_DATA";
    /// A signature or seal does not verify.
    SEC_PKG_ERROR = 0x0000_0721, "RPC_S_SEC_PKG_ERROR";
    /// A union's discriminant is not one of its cases.
    INVALID_TAG = 0x1C00_0006, "nca_s_fault_invalid_tag";
    /// The call was cancelled.
    CANCEL = 0x1C00_000D, "nca_s_fault_cancel";
    /// The context handle is not one of the association group's.
    CONTEXT_MISMATCH = 0x1C00_001A, "nca_s_fault_context_mismatch";
    /// The server has no memory, as Windows says it of an auth3 whose padding is longer than its body.
    REMOTE_NO_MEMORY = 0x1C00_001B, "nca_s_fault_remote_no_memory";
    /// The presentation context id is not valid.
    INVALID_PRESENTATION_CONTEXT = 0x1C00_001C, "nca_s_invalid_pres_context_id";
    /// The authentication level is not supported.
    UNSUPPORTED_AUTHN_LEVEL = 0x1C00_001D, "nca_s_unsupported_authn_level";
    /// The interface has no such operation.
    OP_RNG_ERROR = 0x1C01_0002, "nca_s_op_rng_error";
    /// The interface or the presentation context is not known.
    UNK_IF = 0x1C01_0003, "nca_s_unk_if";
    /// A PDU came where it may not.
    PROTO_ERROR = 0x1C01_000B, "nca_s_proto_error";
    /// The results do not fit.
    OUT_ARGS_TOO_BIG = 0x1C01_0013, "nca_s_out_args_too_big";
    /// The server asks for patience.
    SERVER_TOO_BUSY = 0x1C01_0014, "nca_s_server_too_busy";
}

impl FaultStatus {
    /// Whether a fault with this status tells that the call was not run, so that a client may try again.
    ///
    /// True of what is found before any argument is looked at. A stub that does not decode and a foreign
    /// context handle are found by the interface's own stub, and Windows leaves the flag out there.
    #[must_use]
    pub fn did_not_execute(self) -> bool {
        [Self::OP_RNG_ERROR, Self::UNK_IF, Self::NO_CALL_ACTIVE, Self::SERVER_TOO_BUSY]
            .contains(&self)
    }
}

impl fmt::Display for FaultStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} (0x{:08x})", self.0),
            None => write!(f, "0x{:08x}", self.0),
        }
    }
}

impl fmt::Debug for FaultStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FaultStatus({self})")
    }
}

/// The body of a fault PDU.
///
/// | offset | size | field |
/// |---|---|---|
/// | 16 | 4 | `alloc_hint`, the whole PDU's 32 bytes as Windows writes it |
/// | 20 | 2 | `p_cont_id` |
/// | 22 | 1 | `cancel_count`, 0 |
/// | 23 | 1 | flags, 0: no extended error information |
/// | 24 | 4 | `status` |
/// | 28 | 4 | reserved |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// The presentation context of the call, or 0.
    pub context: PresentationContextId,
    /// Why.
    pub status: FaultStatus,
}

impl Fault {
    /// Bytes of the whole PDU.
    pub const PDU_SIZE: u32 = 32;

    /// The whole PDU.
    ///
    /// # Errors
    /// Never in practice: a fault has one size.
    pub fn encode(&self, call: CallId, did_not_execute: bool) -> Result<Vec<u8>, PduTooLong> {
        let mut out = Vec::new();
        self.append(&mut out, call, did_not_execute)?;
        Ok(out)
    }

    pub(crate) fn append(
        &self,
        out: &mut Vec<u8>,
        call_id: CallId,
        did_not_execute: bool,
    ) -> Result<(), PduTooLong> {
        let mut flags = PacketFlags::WHOLE;
        flags.set(PacketFlags::DID_NOT_EXECUTE, did_not_execute);
        let packet_type = PacketType::FAULT;
        let heading = Heading { packet_type, flags, call_id };
        append_pdu(out, heading, |out| {
            out.extend_from_slice(&Self::PDU_SIZE.to_le_bytes());
            out.extend_from_slice(&self.context.0.to_le_bytes());
            out.extend_from_slice(&[0, 0]);
            out.extend_from_slice(&self.status.0.to_le_bytes());
            out.extend_from_slice(&[0; 4]);
        })
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, PduError> {
        reader.skip("alloc_hint", 4)?;
        let context = PresentationContextId(reader.u16("p_cont_id")?);
        reader.skip("cancel_count", 1)?;
        reader.skip("flags", 1)?;
        let status = FaultStatus(reader.u32("status")?);
        // Old servers leave out the reserved word, and what follows it is extended error information.
        Ok(Self { context, status })
    }
}
