//! Closing a session: `EcDoDisconnect` (opnum 1, [MS-OXCRPC] 3.1.4.3).
//!
//! A stale handle never gets this far: the runtime answers it with the fault for a context mismatch.
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc

use dcerpc::ndr::{NdrError, NdrReader, NdrWriter};

use crate::error_code::ErrorCode;
use crate::interface::NULL_HANDLE;

/// Request of `EcDoDisconnect`: the context handle `pcxh` alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EcDoDisconnectRequest {
    /// `pcxh`: the session to close.
    pub handle: [u8; 20],
}

impl EcDoDisconnectRequest {
    /// Reads the `[in]` parameter; what follows it is ignored.
    ///
    /// # Errors
    /// When the stub ends early.
    pub fn decode(stub: &[u8]) -> Result<Self, NdrError> {
        let mut reader = NdrReader::new("EcDoDisconnect request", stub);
        Ok(Self { handle: reader.context_handle("pcxh")? })
    }

    /// Writes the `[in]` parameter.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.handle.to_vec()
    }
}

/// Response of `EcDoDisconnect`: the context handle `pcxh`, then the return value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EcDoDisconnectResponse {
    /// `pcxh`: always zero.
    pub handle: [u8; 20],
    /// The return value: `ecNone`.
    pub result: ErrorCode,
}

impl EcDoDisconnectResponse {
    /// The one answer there is: the session is closed.
    pub const CLOSED: Self = Self { handle: NULL_HANDLE, result: ErrorCode::EC_NONE };

    /// Reads the `[out]` parameter and the return value.
    ///
    /// # Errors
    /// When the stub ends early.
    pub fn decode(stub: &[u8]) -> Result<Self, NdrError> {
        let mut reader = NdrReader::new("EcDoDisconnect response", stub);
        Ok(Self {
            handle: reader.context_handle("pcxh")?,
            result: ErrorCode(reader.u32("return value")?),
        })
    }

    /// Writes the `[out]` parameter and the return value.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = NdrWriter::new();
        writer.context_handle(&self.handle);
        writer.u32(self.result.0);
        writer.finish()
    }
}
