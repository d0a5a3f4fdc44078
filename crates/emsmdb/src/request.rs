//! From an operation number and a stub to a request.

use dcerpc::ndr::NdrError;

use crate::asynchronous::EcDoAsyncConnectExRequest;
use crate::connect::{EcDoConnectExRequest, EcDoConnectRequest};
use crate::disconnect::EcDoDisconnectRequest;
use crate::interface::opnum;
use crate::push::EcRRegisterPushNotificationRequest;
use crate::rpc::EcDoRpcRequest;
use crate::rpc_ext2::EcDoRpcExt2Request;

/// A request of one of the calls this crate knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmsmdbRequest {
    /// Opnum 0.
    Connect(EcDoConnectRequest),
    /// Opnum 1.
    Disconnect(EcDoDisconnectRequest),
    /// Opnum 2.
    Rpc(EcDoRpcRequest),
    /// Opnum 4.
    RegisterPush(EcRRegisterPushNotificationRequest),
    /// Opnum 6, which has no parameters.
    DummyRpc,
    /// Opnum 10.
    ConnectEx(EcDoConnectExRequest),
    /// Opnum 11.
    RpcExt2(EcDoRpcExt2Request),
    /// Opnum 14, which a store of 2003 has not.
    AsyncConnect(EcDoAsyncConnectExRequest),
}

/// Why a call has no request to execute; either way the answer is a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The operation is not offered: `nca_s_op_rng_error`.
    #[error("operation `{opnum}` is not offered")]
    UnknownOpnum {
        /// The operation number as sent.
        opnum: u16,
    },
    /// The stub is malformed: `RPC_X_BAD_STUB_DATA`.
    #[error(transparent)]
    BadStub(#[from] NdrError),
}

/// Decodes the stub of a call by its operation number.
///
/// # Errors
/// `UnknownOpnum` when this crate has no codec for it, `BadStub` when the stub is malformed.
pub fn decode_request(opnum: u16, stub: &[u8]) -> Result<EmsmdbRequest, RequestError> {
    Ok(match opnum {
        opnum::EC_DO_CONNECT => EmsmdbRequest::Connect(EcDoConnectRequest::decode(stub)?),
        opnum::EC_DO_DISCONNECT => EmsmdbRequest::Disconnect(EcDoDisconnectRequest::decode(stub)?),
        opnum::EC_DO_RPC => EmsmdbRequest::Rpc(EcDoRpcRequest::decode(stub)?),
        opnum::EC_R_REGISTER_PUSH_NOTIFICATION => {
            EmsmdbRequest::RegisterPush(EcRRegisterPushNotificationRequest::decode(stub)?)
        }
        opnum::EC_DUMMY_RPC => EmsmdbRequest::DummyRpc,
        opnum::EC_DO_CONNECT_EX => EmsmdbRequest::ConnectEx(EcDoConnectExRequest::decode(stub)?),
        opnum::EC_DO_RPC_EXT2 => EmsmdbRequest::RpcExt2(EcDoRpcExt2Request::decode(stub)?),
        opnum::EC_DO_ASYNC_CONNECT_EX => {
            EmsmdbRequest::AsyncConnect(EcDoAsyncConnectExRequest::decode(stub)?)
        }
        _ => return Err(RequestError::UnknownOpnum { opnum }),
    })
}
