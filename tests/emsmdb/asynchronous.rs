//! EcDoAsyncConnectEx and EcDoAsyncWaitEx byte by byte.

use emsmdb::asynchronous::decode_async_request;
use emsmdb::{
    ASYNC_EMSMDB_UUID, ASYNC_EMSMDB_VERSION, EcDoAsyncConnectExRequest, EcDoAsyncConnectExResponse,
    EcDoAsyncWaitExRequest, EcDoAsyncWaitExResponse, ErrorCode, RequestError, async_opnum,
};

use super::hex;

/// An asynchronous context handle.
const ACXH: &str = "00000000 a5a5a5a5 01000200 00030000 000000aa";

fn acxh() -> [u8; 20] {
    hex(ACXH).try_into().unwrap()
}

#[test]
fn the_interface_of_waiting_has_its_published_identity() {
    assert_eq!(ASYNC_EMSMDB_UUID, 0x5261_574a_4572_206e_b268_6b19_9213_b4e4);
    assert_eq!(ASYNC_EMSMDB_VERSION, (0, 1));
}

#[test]
fn a_handle_to_wait_with_is_asked_for_and_given() {
    let request = EcDoAsyncConnectExRequest { handle: acxh() };
    assert_eq!(
        (request.encode(), EcDoAsyncConnectExRequest::decode(&hex(ACXH))),
        (hex(ACXH), Ok(request))
    );
    let given = EcDoAsyncConnectExResponse { async_handle: acxh(), result: ErrorCode::EC_NONE };
    let stub = hex(&format!("{ACXH} 00000000"));
    assert_eq!((given.encode(), EcDoAsyncConnectExResponse::decode(&stub)), (stub, Ok(given)));
    let refused = EcDoAsyncConnectExResponse::refused(ErrorCode::EC_REJECTED);
    assert_eq!(refused.encode(), hex(&format!("{} ee070000", "00".repeat(20))));
}

#[test]
fn a_wait_is_begun_and_ended() {
    let request = EcDoAsyncWaitExRequest { async_handle: acxh(), flags: 0 };
    let stub = hex(&format!("{ACXH} 00000000"));
    assert_eq!(request.encode(), stub);
    let wait = async_opnum::EC_DO_ASYNC_WAIT_EX;
    assert_eq!(decode_async_request(wait, &stub), Ok(request));
    assert_eq!(decode_async_request(1, &stub), Err(RequestError::UnknownOpnum { opnum: 1 }));
    for length in 0..stub.len() {
        let cut = decode_async_request(wait, &stub[..length]);
        assert!(matches!(cut, Err(RequestError::BadStub(_))), "{length} bytes");
    }
    for (row, stub, notification_pending, result) in [
        ("events", "01000000 00000000", true, ErrorCode::EC_NONE),
        ("nothing", "00000000 00000000", false, ErrorCode::EC_NONE),
        ("rejected", "00000000 ee070000", false, ErrorCode::EC_REJECTED),
    ] {
        let response = EcDoAsyncWaitExResponse { notification_pending, result };
        assert_eq!(response.encode(), hex(stub), "{row}");
        assert_eq!(EcDoAsyncWaitExResponse::decode(&hex(stub)), Ok(response), "{row}");
    }
}
