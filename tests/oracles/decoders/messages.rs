//! What calls carry: the stubs of every interface, auxiliary buffers, remote operations, compressed payloads.

use dcerpc::epm::{
    EpmRequest, EptLookupHandleFreeResponse, EptLookupResponse, EptMapResponse, Tower,
};
use dcerpc::mgmt::{MgmtRequest, MgmtResponse};
use dcerpc::{Opnum, Pdu};
use emsmdb::aux::{decode_aux, decode_blocks, encode_blocks};
use emsmdb::lz77::decompress;
use emsmdb::push::callback_address;
use emsmdb::rgb::decode_rgb_in;
use emsmdb::rop::{decode_request_buffer, decode_response_buffer};
use emsmdb::{
    EcDoAsyncConnectExResponse, EcDoAsyncWaitExRequest, EcDoAsyncWaitExResponse,
    EcDoConnectExRequest, EcDoConnectExResponse, EcDoConnectResponse, EcDoDisconnectResponse,
    EcDoRpcExt2Request, EcDoRpcExt2Response, EcDoRpcRequest, EcDoRpcResponse, EcDummyRpcResponse,
    EcRRegisterPushNotificationResponse, EmsmdbRequest, decode_request,
};

use super::split;

/// An octet says which operation it is. A request that is read is read again as it is written.
pub(super) fn check_stubs(data: &[u8]) {
    let ([number], stub) = split(data);
    match decode_request((number % 16).into(), stub) {
        Ok(EmsmdbRequest::ConnectEx(request)) => {
            assert_eq!(EcDoConnectExRequest::decode(&request.encode()), Ok(request));
        }
        Ok(EmsmdbRequest::RpcExt2(request)) => {
            assert_eq!(EcDoRpcExt2Request::decode(&request.encode()), Ok(request));
        }
        Ok(EmsmdbRequest::Rpc(request)) => {
            assert_eq!(EcDoRpcRequest::decode(&request.encode()), Ok(request));
        }
        Ok(
            EmsmdbRequest::Connect(_)
            | EmsmdbRequest::Disconnect(_)
            | EmsmdbRequest::RegisterPush(_)
            | EmsmdbRequest::DummyRpc
            | EmsmdbRequest::AsyncConnect(_),
        )
        | Err(_) => {}
    }
    let opnum = Opnum((number % 8).into());
    let _ignored = EpmRequest::decode(opnum, stub);
    let _ignored = MgmtRequest::decode(opnum, stub);
    let _ignored = EptLookupResponse::decode(stub);
    let _ignored = EptMapResponse::decode(stub);
    let _ignored = EptLookupHandleFreeResponse::decode(stub);
    let _ignored = Tower::decode(stub);
    let _ignored = MgmtResponse::decode_interfaces(stub);
    let _ignored = EcDoConnectExResponse::decode(stub);
    let _ignored = EcDoConnectResponse::decode(stub);
    let _ignored = EcDoDisconnectResponse::decode(stub);
    let _ignored = EcDoRpcResponse::decode(stub);
    let _ignored = EcDoRpcExt2Response::decode(stub);
    let _ignored = EcRRegisterPushNotificationResponse::decode(stub);
    let _ignored = EcDummyRpcResponse::decode(stub);
    let _ignored = EcDoAsyncConnectExResponse::decode(stub);
    let _ignored = EcDoAsyncWaitExRequest::decode(stub);
    let _ignored = EcDoAsyncWaitExResponse::decode(stub);
    let _ignored = Pdu::decode(stub);
}

/// Blocks that are read without a problem are read again as they are written.
pub(super) fn check_aux(data: &[u8]) {
    for reading in [decode_aux(data), decode_blocks(data)] {
        if reading.problem.is_none() {
            let again = decode_blocks(&encode_blocks(&reading.blocks));
            assert_eq!(again.problem, None);
            assert_eq!(again.blocks, reading.blocks);
        }
    }
    let _ignored = callback_address(data);
}

/// A chain of payloads, and the operations and responses in each and in the whole. Operations that are read are read again as they are written.
pub(super) fn check_rops(data: &[u8]) {
    let payloads = decode_rgb_in(data).unwrap_or_default();
    for payload in payloads.iter().map(|payload| payload.bytes.as_slice()).chain([data]) {
        if let Ok(buffer) = decode_request_buffer(payload) {
            assert_eq!(decode_request_buffer(&buffer.encode()), Ok(buffer));
        }
        let _ignored = decode_response_buffer(payload);
    }
}

/// Two octets announce how much it is.
pub(super) fn check_lz77(data: &[u8]) {
    let (size, packed) = split(data);
    let size = u16::from_le_bytes(size).into();
    if let Ok(bytes) = decompress(packed, size) {
        assert_eq!(bytes.len(), size);
    }
}
