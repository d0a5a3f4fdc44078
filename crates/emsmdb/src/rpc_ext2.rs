//! Remote operations of sessions that `EcDoConnectEx` opened: `EcDoRpcExt2` (opnum 11, [MS-OXCRPC] 3.1.4.2).
//!
//! A null handle in the response tells the client that its session is gone.
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc

use dcerpc::ndr::{NdrError, NdrReader, NdrWriter};

use crate::connect::AUX_MAX;
use crate::error_code::ErrorCode;
use crate::interface::NULL_HANDLE;

/// The most `rgbIn` and `rgbOut` hold, in bytes.
pub const RGB_MAX: u32 = 0x40000;

/// `pulFlags` of a request: how the client wants `rgbOut` and `rgbAuxOut` encoded. Unknown bits survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct RpcExt2Flags(pub u32);

impl RpcExt2Flags {
    /// Nothing may be compressed.
    pub const NO_COMPRESSION: Self = Self(0x1);
    /// Nothing may be obfuscated.
    pub const NO_XOR_MAGIC: Self = Self(0x2);
    /// Several payloads may be chained in `rgbOut`.
    pub const CHAIN: Self = Self(0x4);

    /// Whether every bit of `flags` is set.
    #[must_use]
    pub const fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }
}

/// Request of `EcDoRpcExt2`.
///
/// | parameter | wire |
/// |---|---|
/// | pcxh | context handle |
/// | pulFlags | `u32` |
/// | rgbIn | conformant bytes, at most `0x40000` |
/// | cbIn | `u32`, the length of rgbIn |
/// | pcbOut | `u32`, at most `0x40000` |
/// | rgbAuxIn | conformant bytes, at most `0x1008` |
/// | cbAuxIn | `u32`, the length of rgbAuxIn |
/// | pcbAuxOut | `u32`, at most `0x1008` |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EcDoRpcExt2Request {
    /// `pcxh`: the session.
    pub handle: [u8; 20],
    /// `pulFlags`.
    pub flags: RpcExt2Flags,
    /// `rgbIn`: `RPC_HEADER_EXT` and a buffer of remote operations, for
    /// [`decode_rgb_in`](crate::rgb::decode_rgb_in).
    pub rgb_in: Vec<u8>,
    /// `pcbOut`: the most the client takes in `rgbOut`, in bytes.
    pub rgb_out_max: u32,
    /// `rgbAuxIn`: `RPC_HEADER_EXT` and auxiliary blocks, for [`decode_aux`](crate::aux::decode_aux). May be empty.
    pub aux_in: Vec<u8>,
    /// `pcbAuxOut`: the most the client takes in `rgbAuxOut`, in bytes.
    pub aux_out_max: u32,
}

impl EcDoRpcExt2Request {
    /// Reads the `[in]` parameters; what follows them is ignored.
    ///
    /// # Errors
    /// When the stub ends early, a count, `pcbOut` or `pcbAuxOut` is out of range, or `cbIn` or `cbAuxIn` is
    /// not the length of its array.
    pub fn decode(stub: &[u8]) -> Result<Self, NdrError> {
        let mut reader = NdrReader::new("EcDoRpcExt2 request", stub);
        let handle = reader.context_handle("pcxh")?;
        let flags = RpcExt2Flags(reader.u32("pulFlags")?);
        let rgb_in = reader.conformant_bytes("rgbIn", RGB_MAX)?;
        reader.u32_count_of("cbIn", rgb_in)?;
        let rgb_out_max = reader.u32_at_most("pcbOut", RGB_MAX)?;
        let aux_in = reader.conformant_bytes("rgbAuxIn", AUX_MAX)?;
        reader.u32_count_of("cbAuxIn", aux_in)?;
        let aux_out_max = reader.u32_at_most("pcbAuxOut", AUX_MAX)?;
        let (rgb_in, aux_in) = (rgb_in.to_vec(), aux_in.to_vec());
        Ok(Self { handle, flags, rgb_in, rgb_out_max, aux_in, aux_out_max })
    }

    /// Writes the `[in]` parameters.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = NdrWriter::new();
        writer.context_handle(&self.handle);
        writer.u32(self.flags.0);
        writer.conformant_bytes(&self.rgb_in);
        writer.u32_count_of(&self.rgb_in);
        writer.u32(self.rgb_out_max);
        writer.conformant_bytes(&self.aux_in);
        writer.u32_count_of(&self.aux_in);
        writer.u32(self.aux_out_max);
        writer.finish()
    }
}

/// Response of `EcDoRpcExt2`.
///
/// | parameter | wire |
/// |---|---|
/// | pcxh | context handle, zero when the session is gone |
/// | pulFlags | `u32`, 0 |
/// | rgbOut | conformant-varying bytes, at most `0x40000` |
/// | pcbOut | `u32`, the length of rgbOut |
/// | rgbAuxOut | conformant-varying bytes, at most `0x1008` |
/// | pcbAuxOut | `u32`, the length of rgbAuxOut |
/// | pulTransTime | `u32` |
/// | return value | `u32` |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EcDoRpcExt2Response {
    /// `pcxh`: the session, all zero when the server has ended it.
    pub handle: [u8; 20],
    /// `pulFlags`: 0.
    pub flags: u32,
    /// `rgbOut`: `RPC_HEADER_EXT` and a buffer of responses, once or chained, or empty.
    pub rgb_out: Vec<u8>,
    /// `rgbAuxOut`: `RPC_HEADER_EXT` and auxiliary blocks, or empty.
    pub aux_out: Vec<u8>,
    /// `pulTransTime`: time spent in the server, in milliseconds.
    pub trans_time_ms: u32,
    /// The return value.
    pub result: ErrorCode,
}

impl EcDoRpcExt2Response {
    /// The answer that ends a session: null handle and nothing else but the code.
    ///
    /// The handle is the documented signal; the code is ours to choose.
    #[must_use]
    pub const fn session_gone(result: ErrorCode) -> Self {
        Self::failed(NULL_HANDLE, result)
    }

    /// The answer to a request that is malformed as a whole: the session stays, nothing was executed.
    #[must_use]
    pub const fn failed(handle: [u8; 20], result: ErrorCode) -> Self {
        Self {
            handle,
            flags: 0,
            rgb_out: Vec::new(),
            aux_out: Vec::new(),
            trans_time_ms: 0,
            result,
        }
    }

    /// Reads the `[out]` parameters and the return value.
    ///
    /// # Errors
    /// When the stub ends early, a count is out of range, or `pcbOut` or `pcbAuxOut` is not the length of its
    /// array.
    pub fn decode(stub: &[u8]) -> Result<Self, NdrError> {
        let mut reader = NdrReader::new("EcDoRpcExt2 response", stub);
        let handle = reader.context_handle("pcxh")?;
        let flags = reader.u32("pulFlags")?;
        let rgb_out = reader.conformant_varying_bytes("rgbOut", RGB_MAX)?.bytes;
        reader.u32_count_of("pcbOut", rgb_out)?;
        let aux_out = reader.conformant_varying_bytes("rgbAuxOut", AUX_MAX)?.bytes;
        reader.u32_count_of("pcbAuxOut", aux_out)?;
        let trans_time_ms = reader.u32("pulTransTime")?;
        let result = ErrorCode(reader.u32("return value")?);
        let (rgb_out, aux_out) = (rgb_out.to_vec(), aux_out.to_vec());
        Ok(Self { handle, flags, rgb_out, aux_out, trans_time_ms, result })
    }

    /// Writes the `[out]` parameters and the return value.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = NdrWriter::new();
        writer.context_handle(&self.handle);
        writer.u32(self.flags);
        writer.conformant_varying_whole(&self.rgb_out);
        writer.u32_count_of(&self.rgb_out);
        writer.conformant_varying_whole(&self.aux_out);
        writer.u32_count_of(&self.aux_out);
        writer.u32(self.trans_time_ms);
        writer.u32(self.result.0);
        writer.finish()
    }
}
