//! Asking whether the server is there: `EcDummyRpc` (opnum 6, [MS-OXCRPC] 3.1.4.6). Its request has no parameters.
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc

use dcerpc::ndr::{NdrError, NdrReader, NdrWriter};

use crate::error_code::ErrorCode;

/// Response of `EcDummyRpc`: the return value alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EcDummyRpcResponse {
    /// The return value: `ecNone`.
    pub result: ErrorCode,
}

impl EcDummyRpcResponse {
    /// Reads the return value.
    ///
    /// # Errors
    /// When the stub ends early.
    pub fn decode(stub: &[u8]) -> Result<Self, NdrError> {
        let mut reader = NdrReader::new("EcDummyRpc response", stub);
        Ok(Self { result: ErrorCode(reader.u32("return value")?) })
    }

    /// Writes the return value.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = NdrWriter::new();
        writer.u32(self.result.0);
        writer.finish()
    }
}
