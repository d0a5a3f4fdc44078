//! Waiting for events in a call that stays open, which Exchange 2007 and later offer: `EcDoAsyncConnectEx` (opnum 14 of EMSMDB,
//! [MS-OXCRPC] 3.1.4.4) and `EcDoAsyncWaitEx` (opnum 0 of AsyncEMSMDB, 3.3.4.1).
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc

use dcerpc::ndr::{NdrError, NdrReader, NdrWriter};

use crate::error_code::ErrorCode;
use crate::interface::{NULL_HANDLE, async_opnum};
use crate::request::RequestError;

/// Request of `EcDoAsyncConnectEx`: the context handle `pcxh` alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EcDoAsyncConnectExRequest {
    /// `pcxh`: the session.
    pub handle: [u8; 20],
}

impl EcDoAsyncConnectExRequest {
    /// Reads the `[in]` parameter; what follows it is ignored.
    ///
    /// # Errors
    /// When the stub ends early.
    pub fn decode(stub: &[u8]) -> Result<Self, NdrError> {
        let mut reader = NdrReader::new("EcDoAsyncConnectEx request", stub);
        Ok(Self { handle: reader.context_handle("pcxh")? })
    }

    /// Writes the `[in]` parameter.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.handle.to_vec()
    }
}

/// Response of `EcDoAsyncConnectEx`: the asynchronous context handle `pacxh`, then the return value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EcDoAsyncConnectExResponse {
    /// `pacxh`: the handle to wait with, all zero when there is none.
    pub async_handle: [u8; 20],
    /// The return value.
    pub result: ErrorCode,
}

impl EcDoAsyncConnectExResponse {
    /// The answer to a client that gets no handle.
    #[must_use]
    pub const fn refused(result: ErrorCode) -> Self {
        Self { async_handle: NULL_HANDLE, result }
    }

    /// Reads the `[out]` parameter and the return value.
    ///
    /// # Errors
    /// When the stub ends early.
    pub fn decode(stub: &[u8]) -> Result<Self, NdrError> {
        let mut reader = NdrReader::new("EcDoAsyncConnectEx response", stub);
        Ok(Self {
            async_handle: reader.context_handle("pacxh")?,
            result: ErrorCode(reader.u32("return value")?),
        })
    }

    /// Writes the `[out]` parameter and the return value.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = NdrWriter::new();
        writer.context_handle(&self.async_handle);
        writer.u32(self.result.0);
        writer.finish()
    }
}

/// Request of `EcDoAsyncWaitEx`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EcDoAsyncWaitExRequest {
    /// `acxh`: the handle that `EcDoAsyncConnectEx` gave.
    pub async_handle: [u8; 20],
    /// `ulFlagsIn`: 0, without meaning to a server.
    pub flags: u32,
}

impl EcDoAsyncWaitExRequest {
    /// Reads the `[in]` parameters; what follows them is ignored.
    ///
    /// # Errors
    /// When the stub ends early.
    pub fn decode(stub: &[u8]) -> Result<Self, NdrError> {
        let mut reader = NdrReader::new("EcDoAsyncWaitEx request", stub);
        let async_handle = reader.context_handle("acxh")?;
        Ok(Self { async_handle, flags: reader.u32("ulFlagsIn")? })
    }

    /// Writes the `[in]` parameters.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = NdrWriter::new();
        writer.context_handle(&self.async_handle);
        writer.u32(self.flags);
        writer.finish()
    }
}

/// Response of `EcDoAsyncWaitEx`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EcDoAsyncWaitExResponse {
    /// `pulFlagsOut`, bit `0x1`, `NotificationPending`: the session has events.
    pub notification_pending: bool,
    /// The return value.
    pub result: ErrorCode,
}

impl EcDoAsyncWaitExResponse {
    /// Reads the `[out]` parameter and the return value.
    ///
    /// # Errors
    /// When the stub ends early.
    pub fn decode(stub: &[u8]) -> Result<Self, NdrError> {
        let mut reader = NdrReader::new("EcDoAsyncWaitEx response", stub);
        Ok(Self {
            notification_pending: reader.u32("pulFlagsOut")? & NOTIFICATION_PENDING != 0,
            result: ErrorCode(reader.u32("return value")?),
        })
    }

    /// Writes the `[out]` parameter and the return value.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = NdrWriter::new();
        writer.u32(if self.notification_pending { NOTIFICATION_PENDING } else { 0 });
        writer.u32(self.result.0);
        writer.finish()
    }
}

/// Decodes the stub of a call of AsyncEMSMDB by its operation number.
///
/// # Errors
/// `UnknownOpnum` when the interface has no such operation, `BadStub` when the stub is malformed.
pub fn decode_async_request(
    opnum: u16,
    stub: &[u8],
) -> Result<EcDoAsyncWaitExRequest, RequestError> {
    match opnum {
        async_opnum::EC_DO_ASYNC_WAIT_EX => Ok(EcDoAsyncWaitExRequest::decode(stub)?),
        _ => Err(RequestError::UnknownOpnum { opnum }),
    }
}

const NOTIFICATION_PENDING: u32 = 0x1;
