//! The EMSMDB interface as an Exchange 2003 store offers it: what its calls carry, as values.
//!
//! ```text
//! stub ──decode──> EcDoConnectExRequest ── aux_in ──> aux::decode_aux ──> AuxPerfProcessInfo
//!                  EcDoRpcExt2Request   ── rgb_in ──> rgb::decode_rgb_in ──> rop::RopBuffer
//! ```
//!
//! Every message goes both ways: a server decodes requests and encodes responses, a client does the reverse.
//! The layers nest as on the wire: [`dcerpc::ndr`] carries the stubs of [`connect`], [`disconnect`], [`push`], [`rpc`] and
//! [`rpc_ext2`]; [`header_ext`] frames the buffers inside them, [`lz77`] unpacks them; [`aux`] and [`rop`] are what
//! the buffers hold.
//!
//! All integers are little-endian. Decoders take anything: they never panic, and allocate at most the input
//! plus a constant, which is what the payloads of one buffer may decompress to. Encoders check no range, because
//! a test client has to be able to violate it; lengths beyond their field saturate, and such a message cannot be
//! decoded.
//!
//! Specification: [MS-OXCRPC], the wire format, and [MS-OXCROPS], the remote operations.
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc
//! [MS-OXCROPS]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrops

pub mod asynchronous;
pub mod aux;
pub mod connect;
pub mod disconnect;
pub mod dummy_rpc;
pub mod error_code;
pub mod field;
pub mod header_ext;
pub mod interface;
pub mod lz77;
pub mod push;
pub mod request;
pub mod rgb;
pub mod rop;
pub mod rpc;
pub mod rpc_ext2;
pub mod version;

pub use asynchronous::{
    EcDoAsyncConnectExRequest, EcDoAsyncConnectExResponse, EcDoAsyncWaitExRequest,
    EcDoAsyncWaitExResponse,
};
pub use connect::{
    EcDoConnectExRequest, EcDoConnectExResponse, EcDoConnectRequest, EcDoConnectResponse, NO_LINK,
};
pub use disconnect::{EcDoDisconnectRequest, EcDoDisconnectResponse};
pub use dummy_rpc::EcDummyRpcResponse;
pub use error_code::ErrorCode;
pub use interface::{
    ASYNC_EMSMDB_UUID, ASYNC_EMSMDB_VERSION, EMSMDB_UUID, EMSMDB_VERSION, async_opnum, opnum,
};
pub use push::{EcRRegisterPushNotificationRequest, EcRRegisterPushNotificationResponse};
pub use request::{EmsmdbRequest, RequestError, decode_request};
pub use rpc::{EcDoRpcRequest, EcDoRpcResponse};
pub use rpc_ext2::{EcDoRpcExt2Request, EcDoRpcExt2Response, RpcExt2Flags};
pub use version::{VersionError, WireVersion};
