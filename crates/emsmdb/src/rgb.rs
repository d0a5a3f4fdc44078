//! The extended buffers `rgbIn` and `rgbOut` of `EcDoRpcExt2` ([MS-OXCRPC] 3.1.4.2.1).
//!
//! Each payload is a buffer of remote operations or of their responses, for [`rop`](crate::rop). The last header
//! of a chain, and no other, has the flag Last. An Exchange 2003 client sends exactly one payload; a server
//! chains only when the client asked for it.
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc

use crate::field::FieldReader;
use crate::header_ext::{
    self, ExtendedPayload, HeaderExtError, HeaderFlags, PAYLOAD_MAX, check_length,
};
use crate::rpc_ext2::RpcExt2Flags;

/// The most payloads one chain holds.
pub const CHAIN_MAX: usize = 96;

/// Unpacks a chain of payloads, `rgbIn` or `rgbOut`: at least one.
///
/// A server answers any error with `ecRpcFormat`, and may do so for more than one payload.
///
/// # Errors
/// When a header or payload is cut off or malformed, a payload does not decompress or is above 32 KB, there are more than
/// [`CHAIN_MAX`], or bytes follow the last.
pub fn decode_rgb_in(chain: &[u8]) -> Result<Vec<ExtendedPayload>, HeaderExtError> {
    let mut reader = FieldReader::new(header_ext::STRUCTURE, chain, 0);
    let mut payloads = Vec::new();
    loop {
        let offset = reader.position();
        if payloads.len() >= CHAIN_MAX {
            return Err(HeaderExtError::ChainTooLong { offset, max: CHAIN_MAX });
        }
        let payload = header_ext::unwrap_next(&mut reader, PAYLOAD_MAX)?;
        let last = payload.flags.contains(HeaderFlags::LAST);
        payloads.push(payload);
        if last {
            break;
        }
    }
    match reader.rest().len() {
        0 => Ok(payloads),
        length => Err(HeaderExtError::TrailingBytes { offset: reader.position(), length }),
    }
}

/// Packs one payload as the whole of `rgbIn`. The flag Last is added, Compressed dropped.
///
/// # Errors
/// `PayloadTooLong` above 32 KB.
pub fn encode_rgb_in(payload: &[u8], flags: HeaderFlags) -> Result<Vec<u8>, HeaderExtError> {
    check_length(0, payload.len(), PAYLOAD_MAX)?;
    Ok(header_ext::wrap(payload, flags.with(HeaderFlags::LAST)))
}

/// Packs one payload as the whole of `rgbOut`, as the request's `pulFlags` want it: obfuscated unless they forbid
/// it, never compressed.
///
/// # Errors
/// `PayloadTooLong` above 32 KB.
pub fn encode_rgb_out(payload: &[u8], wanted: RpcExt2Flags) -> Result<Vec<u8>, HeaderExtError> {
    encode_rgb_in(payload, wanted.header_flags())
}

impl RpcExt2Flags {
    /// How a payload for a client with these flags is encoded: obfuscated unless they forbid it. Last is set.
    #[must_use]
    pub const fn header_flags(self) -> HeaderFlags {
        if self.contains(Self::NO_XOR_MAGIC) {
            return HeaderFlags::LAST;
        }
        HeaderFlags::LAST.with(HeaderFlags::XOR_MAGIC)
    }
}
