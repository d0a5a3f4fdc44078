//! Remote operations of sessions that `EcDoConnect` opened: `EcDoRpc` (opnum 2).
//!
//! [MS-OXCRPC] lists the call as not used on the wire; the layout is what clients of its time send. The
//! buffer has no `RPC_HEADER_EXT` and is never compressed; each byte of it is XORed with `0xA5`.
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc

use dcerpc::ndr::{ConformantVarying, NdrError, NdrReader, NdrWriter};

use crate::error_code::ErrorCode;
use crate::header_ext::obfuscated;
use crate::interface::NULL_HANDLE;

/// Request of `EcDoRpc`.
///
/// | parameter | wire |
/// |---|---|
/// | pcxh | context handle |
/// | rgb | conformant-varying bytes, XORed; max_count equals max_data |
/// | length | `u16`, the bytes sent in rgb |
/// | max_data | `u16` |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EcDoRpcRequest {
    /// `pcxh`: the session.
    pub handle: [u8; 20],
    /// `rgb`: a buffer of remote operations, in clear.
    pub rops: Vec<u8>,
    /// `max_data`: the most that fits the client's buffer, either way, in bytes. Real clients send `0xFFF0`,
    /// later `0x7FFF`.
    pub max_data: u16,
}

impl EcDoRpcRequest {
    /// Reads the `[in]` parameters; what follows them is ignored.
    ///
    /// # Errors
    /// When the stub ends early, more is sent than `max_data`, or `length` or `max_data` contradict the counts
    /// of `rgb`.
    pub fn decode(stub: &[u8]) -> Result<Self, NdrError> {
        let mut reader = NdrReader::new("EcDoRpc request", stub);
        let handle = reader.context_handle("pcxh")?;
        let rgb = reader.conformant_varying_bytes("rgb", u16::MAX.into())?;
        reader.u16_count_of("length", rgb.bytes)?;
        let max_data = reader.u16_equal_to("max_data", rgb.max_count)?;
        Ok(Self { handle, rops: obfuscated(rgb.bytes), max_data })
    }

    /// Writes the `[in]` parameters.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = NdrWriter::new();
        writer.context_handle(&self.handle);
        write_rgb(&mut writer, self.max_data, &self.rops);
        writer.u16(self.max_data);
        writer.finish()
    }
}

/// Response of `EcDoRpc`.
///
/// | parameter | wire |
/// |---|---|
/// | pcxh | context handle, zero when the session is gone |
/// | rgb | conformant-varying bytes, XORed; max_count is the request's max_data |
/// | length | `u16`, the bytes sent in rgb |
/// | return value | `u32` |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EcDoRpcResponse {
    /// `pcxh`: the session, all zero when the server has ended it.
    pub handle: [u8; 20],
    /// The request's `max_data`, which `rgb` repeats.
    pub max_data: u16,
    /// `rgb`: a buffer of responses, in clear.
    pub rops: Vec<u8>,
    /// The return value.
    pub result: ErrorCode,
}

impl EcDoRpcResponse {
    /// The answer that ends a session: null handle and no responses. `max_data` is the request's.
    #[must_use]
    pub const fn session_gone(result: ErrorCode, max_data: u16) -> Self {
        Self { handle: NULL_HANDLE, max_data, rops: Vec::new(), result }
    }

    /// Reads the `[out]` parameters and the return value.
    ///
    /// # Errors
    /// When the stub ends early, more is sent than `max_count`, or `length` contradicts the counts of `rgb`.
    pub fn decode(stub: &[u8]) -> Result<Self, NdrError> {
        let mut reader = NdrReader::new("EcDoRpc response", stub);
        let handle = reader.context_handle("pcxh")?;
        let rgb = reader.conformant_varying_bytes("rgb", u16::MAX.into())?;
        reader.u16_count_of("length", rgb.bytes)?;
        Ok(Self {
            handle,
            max_data: u16::try_from(rgb.max_count).unwrap_or(u16::MAX),
            rops: obfuscated(rgb.bytes),
            result: ErrorCode(reader.u32("return value")?),
        })
    }

    /// Writes the `[out]` parameters and the return value.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = NdrWriter::new();
        writer.context_handle(&self.handle);
        write_rgb(&mut writer, self.max_data, &self.rops);
        writer.u32(self.result.0);
        writer.finish()
    }
}

/// Writes `rgb` and `length`.
fn write_rgb(writer: &mut NdrWriter, max_data: u16, rops: &[u8]) {
    let bytes = &obfuscated(rops);
    writer.conformant_varying_bytes(ConformantVarying { max_count: max_data.into(), bytes });
    writer.u16_count_of(bytes);
}
