//! Buffers of remote operations and of their responses ([MS-OXCROPS] 2.2.1 and 3.1.5.1).
//!
//! | size | field | |
//! |---|---|---|
//! | 2 | RopSize | bytes of this field and the operations |
//! | | operations | one after the other, none padded |
//! | | handle table | `u32` each, to the end; `0xFFFFFFFF` marks an unused slot |
//!
//! Operations refer to the table by index; a response buffer repeats the table with the output slots filled.
//!
//! An operation does not carry its length. At one this crate does not know, decoding stops: it becomes the last
//! of the buffer, with all that follows as its [`rest`](RopRequest::Unsupported::rest). Whether that holds further
//! operations cannot be told, so a server answers it with `ecNotSupported` by [`RopResponse::Failed`], as the last.
//!
//! [MS-OXCROPS]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrops

mod logon;
mod notification;
mod release;

pub use logon::{
    FolderId, LogonFlags, LogonTime, OpenFlags, PRIVATE_FOLDERS, RopLogonRequest, RopLogonResponse,
};
pub use notification::{
    MessageId, NotificationScope, NotificationTypes, RopNotifyNewMail,
    RopRegisterNotificationRequest,
};

use crate::error_code::ErrorCode;
use crate::field::{FieldReader, Truncated};

/// The most operations that are read from one buffer.
///
/// DEVIATION: the specification sets no limit. Four times as many as there can be handles.
pub const ROPS_MAX: usize = 1024;

/// An unused slot of the handle table.
pub const NO_HANDLE: u32 = 0xFFFF_FFFF;

/// The first byte of an operation. Unknown values survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RopId(pub u8);

impl RopId {
    /// `RopRelease`.
    pub const RELEASE: Self = Self(0x01);
    /// `RopRegisterNotification`.
    pub const REGISTER_NOTIFICATION: Self = Self(0x29);
    /// `RopNotify`, which a server says unasked.
    pub const NOTIFY: Self = Self(0x2A);
    /// `RopPending`, which a server says unasked.
    pub const PENDING: Self = Self(0x6E);
    /// `RopLogon`.
    pub const LOGON: Self = Self(0xFE);
}

/// A buffer of requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RopBuffer {
    /// The requests in the order they are executed in. `Unsupported` comes last, if at all.
    pub rops: Vec<RopRequest>,
    /// The handle table.
    pub handles: Vec<u32>,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RopRequest {
    /// Opens a mailbox.
    Logon(RopLogonRequest),
    /// Asks to be told of events.
    RegisterNotification(RopRegisterNotificationRequest),
    /// Closes a server object; has no response.
    Release {
        /// `LogonId`.
        logon_id: u8,
        /// `InputHandleIndex`: slot of the object.
        input_index: u8,
    },
    /// An operation this crate does not know.
    Unsupported {
        /// `RopId`.
        rop_id: RopId,
        /// `LogonId`.
        logon_id: u8,
        /// `InputHandleIndex`: slot of the object it is to run on.
        input_index: u8,
        /// All bytes up to the handle table: the operation's own, and any operations after it.
        rest: Vec<u8>,
    },
}

/// A buffer of responses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RopResponseBuffer {
    /// The responses in the order of their requests.
    pub responses: Vec<RopResponse>,
    /// The handle table.
    pub handles: Vec<u32>,
}

/// One response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RopResponse {
    /// A private mailbox was opened.
    Logon(RopLogonResponse),
    /// The client will be told of events.
    NotificationRegistered {
        /// `OutputHandleIndex` of the request: the slot that has the notification object's handle.
        output_index: u8,
    },
    /// A message has come in. Belongs to no request.
    NotifyNewMail(RopNotifyNewMail),
    /// A session that is linked to this one, or this one, has events that were not told. Belongs to no request.
    Pending {
        /// `SessionIndex`: the `picxr` of that session.
        session_index: u16,
    },
    /// An operation failed: six bytes, whichever operation it was.
    Failed {
        /// `RopId` of the request.
        rop_id: RopId,
        /// The handle index of the request: the output index for those that open something, else the input index.
        handle_index: u8,
        /// `ReturnValue`, not `ecNone`.
        error: ErrorCode,
    },
}

/// A buffer that cannot be read. A server answers the whole call with `ecRpcFormat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RopError {
    /// The buffer ends inside a field.
    #[error(transparent)]
    Truncated(#[from] Truncated),
    /// RopSize is below 2 or past the end.
    #[error("RopSize is {rop_size}, the buffer has {available} bytes")]
    RopSize {
        /// RopSize as sent.
        rop_size: u16,
        /// Bytes of the whole buffer.
        available: usize,
    },
    /// The handle table is not a whole number of handles.
    #[error("handle table at offset {offset}: {length} bytes are no multiple of 4")]
    HandleTable {
        /// Where the table starts, in bytes from the start of the buffer.
        offset: usize,
        /// Its length, in bytes.
        length: usize,
    },
    /// There are more than [`ROPS_MAX`] operations.
    #[error("operation at offset {offset}: more than {ROPS_MAX}")]
    TooManyRops {
        /// Where the first operation too many starts, in bytes from the start of the buffer.
        offset: usize,
    },
    /// A string lacks its NUL.
    #[error("{structure}: {field} at offset {offset}: string without NUL")]
    Unterminated {
        /// The operation, in Microsoft's spelling.
        structure: &'static str,
        /// The field, in Microsoft's spelling.
        field: &'static str,
        /// Where the string starts, in bytes from the start of the buffer.
        offset: usize,
    },
    /// A response has a form this crate does not know, so its length is unknown too.
    #[error("response to operation `0x{:02X}` at offset {offset} is of an unknown form", rop_id.0)]
    UnknownResponse {
        /// `RopId` as sent.
        rop_id: RopId,
        /// Where the response starts, in bytes from the start of the buffer.
        offset: usize,
    },
}

/// Reads a buffer of requests: one payload of `rgbIn`, or the buffer of `EcDoRpc`.
///
/// # Errors
/// When RopSize makes no sense, an operation that is known is cut off or malformed, the handle table is not
/// whole, or there are more than [`ROPS_MAX`] operations.
pub fn decode_request_buffer(payload: &[u8]) -> Result<RopBuffer, RopError> {
    let (mut operations, handles) = split(payload)?;
    let mut rops = Vec::new();
    while !operations.rest().is_empty() {
        check_count(rops.len(), &operations)?;
        rops.push(RopRequest::read(&mut operations)?);
    }
    Ok(RopBuffer { rops, handles })
}

/// Reads a buffer of responses: one payload of `rgbOut`, or the buffer of `EcDoRpc`.
///
/// # Errors
/// As [`decode_request_buffer`], and for a successful response that is neither cut off nor known.
pub fn decode_response_buffer(payload: &[u8]) -> Result<RopResponseBuffer, RopError> {
    let (mut operations, handles) = split(payload)?;
    let mut responses = Vec::new();
    while !operations.rest().is_empty() {
        check_count(responses.len(), &operations)?;
        responses.push(RopResponse::read(&mut operations)?);
    }
    Ok(RopResponseBuffer { responses, handles })
}

impl RopBuffer {
    /// Writes the buffer.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut operations = Vec::new();
        for rop in &self.rops {
            rop.write(&mut operations);
        }
        join(&operations, &self.handles)
    }
}

impl RopResponseBuffer {
    /// Writes the buffer.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut operations = Vec::new();
        for response in &self.responses {
            response.write(&mut operations);
        }
        join(&operations, &self.handles)
    }
}

impl RopResponse {
    /// Bytes of the response on the wire.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        let mut out = Vec::new();
        self.write(&mut out);
        out.len()
    }
}

impl RopRequest {
    fn read(reader: &mut FieldReader<'_>) -> Result<Self, RopError> {
        reader.enter(STRUCTURE);
        let rop_id = RopId(reader.u8("RopId")?);
        let logon_id = reader.u8("LogonId")?;
        Ok(match rop_id {
            RopId::LOGON => Self::Logon(RopLogonRequest::read(logon_id, reader)?),
            RopId::RELEASE => Self::Release { logon_id, input_index: release::read(reader)? },
            RopId::REGISTER_NOTIFICATION => {
                Self::RegisterNotification(RopRegisterNotificationRequest::read(logon_id, reader)?)
            }
            _ => {
                let input_index = reader.u8("InputHandleIndex")?;
                let length = reader.rest().len();
                let rest = reader.bytes("operation", length)?.to_vec();
                Self::Unsupported { rop_id, logon_id, input_index, rest }
            }
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Logon(request) => request.write(out),
            Self::RegisterNotification(request) => request.write(out),
            Self::Release { logon_id, input_index } => release::write(*logon_id, *input_index, out),
            Self::Unsupported { rop_id, logon_id, input_index, rest } => {
                out.extend_from_slice(&[rop_id.0, *logon_id, *input_index]);
                out.extend_from_slice(rest);
            }
        }
    }
}

impl RopResponse {
    fn read(reader: &mut FieldReader<'_>) -> Result<Self, RopError> {
        reader.enter(STRUCTURE);
        let offset = reader.position();
        let rop_id = RopId(reader.u8("RopId")?);
        if rop_id == RopId::NOTIFY {
            let notify = RopNotifyNewMail::read(reader)?;
            let unknown = RopError::UnknownResponse { rop_id, offset };
            return notify.map(Self::NotifyNewMail).ok_or(unknown);
        }
        if rop_id == RopId::PENDING {
            return Ok(Self::Pending { session_index: notification::read_pending(reader)? });
        }
        let handle_index = reader.u8("HandleIndex")?;
        let error = ErrorCode(reader.u32("ReturnValue")?);
        let redirect = rop_id == RopId::LOGON && error == ErrorCode::EC_WRONG_SERVER;
        if !error.is_none() && !redirect {
            return Ok(Self::Failed { rop_id, handle_index, error });
        }
        if rop_id == RopId::REGISTER_NOTIFICATION {
            return Ok(Self::NotificationRegistered { output_index: handle_index });
        }
        let logon = match rop_id {
            RopId::LOGON if !redirect => RopLogonResponse::read(handle_index, reader)?,
            _ => None,
        };
        logon.map(Self::Logon).ok_or(RopError::UnknownResponse { rop_id, offset })
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Logon(response) => response.write(out),
            Self::NotificationRegistered { output_index } => {
                notification::write_registered(*output_index, out);
            }
            Self::NotifyNewMail(notify) => notify.write(out),
            Self::Pending { session_index } => notification::write_pending(*session_index, out),
            Self::Failed { rop_id, handle_index, error } => {
                out.extend_from_slice(&[rop_id.0, *handle_index]);
                out.extend_from_slice(&error.0.to_le_bytes());
            }
        }
    }
}

/// Parts the operations from the handle table.
fn split(payload: &[u8]) -> Result<(FieldReader<'_>, Vec<u32>), RopError> {
    let mut reader = FieldReader::new(STRUCTURE, payload, 0);
    let rop_size = reader.u16("RopSize")?;
    let bad_size = RopError::RopSize { rop_size, available: payload.len() };
    let length = usize::from(rop_size).checked_sub(ROP_SIZE_FIELD).ok_or(bad_size)?;
    let operations = reader.bytes("operations", length).map_err(|_| bad_size)?;
    let offset = reader.position();
    let (handles, partial) = reader.rest().as_chunks();
    if !partial.is_empty() {
        return Err(RopError::HandleTable { offset, length: reader.rest().len() });
    }
    let handles = handles.iter().map(|handle| u32::from_le_bytes(*handle)).collect();
    Ok((FieldReader::new(STRUCTURE, operations, ROP_SIZE_FIELD), handles))
}

fn join(operations: &[u8], handles: &[u32]) -> Vec<u8> {
    let rop_size = operations.len().saturating_add(ROP_SIZE_FIELD);
    let rop_size = u16::try_from(rop_size).unwrap_or(u16::MAX);
    let mut buffer = rop_size.to_le_bytes().to_vec();
    buffer.extend_from_slice(operations);
    buffer.extend(handles.iter().flat_map(|handle| handle.to_le_bytes()));
    buffer
}

fn check_count(count: usize, operations: &FieldReader<'_>) -> Result<(), RopError> {
    if count < ROPS_MAX {
        return Ok(());
    }
    Err(RopError::TooManyRops { offset: operations.position() })
}

const STRUCTURE: &str = "ROP buffer";
/// The size of RopSize itself, in bytes.
const ROP_SIZE_FIELD: usize = 2;
