//! EcRRegisterPushNotification: its stubs byte by byte, and the addresses that it takes.

use std::net::SocketAddr;

use emsmdb::push::{CallbackAddressError, callback_address, sockaddr};
use emsmdb::{
    EcRRegisterPushNotificationRequest, EcRRegisterPushNotificationResponse, EmsmdbRequest,
    ErrorCode, RequestError, decode_request, opnum,
};

use super::{HANDLE, hex};

/// Laid out by hand from the interface's definition, with a context of 5 bytes so that every alignment shows.
const REQUEST: &str = "
    00000000 00eeffc0 34127856 9abcdef0 12345678
    00000000
    05000000 0102030405 00 0500
    ffffffff
    10000000 0200 1f91 7f000001 0000000000000000 1000";

fn request() -> EcRRegisterPushNotificationRequest {
    EcRRegisterPushNotificationRequest {
        handle: HANDLE,
        rpc: 0,
        context: vec![1, 2, 3, 4, 5],
        advise_bits: 0xFFFF_FFFF,
        callback_address: hex("0200 1f91 7f000001 0000000000000000"),
    }
}

#[test]
fn the_request_is_aligned_as_the_interface_has_it() {
    assert_eq!(request().encode(), hex(REQUEST));
    let decoded = decode_request(opnum::EC_R_REGISTER_PUSH_NOTIFICATION, &hex(REQUEST));
    assert_eq!(decoded, Ok(EmsmdbRequest::RegisterPush(request())));
}

#[test]
fn the_answer_is_a_handle_a_number_and_a_code() {
    let expected = "00000000 00eeffc0 34127856 9abcdef0 12345678 03000000 00000000";
    let response = EcRRegisterPushNotificationResponse {
        handle: HANDLE,
        notification: 3,
        result: ErrorCode::EC_NONE,
    };
    assert_eq!(response.encode(), hex(expected));
    assert_eq!(EcRRegisterPushNotificationResponse::decode(&hex(expected)), Ok(response));
}

#[test]
fn what_is_too_long_is_read_and_what_contradicts_itself_is_bad_stub_data() {
    let long = EcRRegisterPushNotificationRequest { context: vec![7; 17], ..request() };
    let decoded = EcRRegisterPushNotificationRequest::decode(&long.encode());
    assert_eq!(decoded.as_ref(), Ok(&long), "a code says that it is too long, not a fault");
    let whole = hex(REQUEST);
    for (row, at) in [("cbContext", 34), ("cbCallbackAddress", 60)] {
        let mut stub = whole.clone();
        stub[at] ^= 1;
        let error = decode_request(opnum::EC_R_REGISTER_PUSH_NOTIFICATION, &stub);
        assert!(matches!(error, Err(RequestError::BadStub(error)) if error.field == row), "{row}");
    }
    for length in 0..whole.len() {
        assert!(
            EcRRegisterPushNotificationRequest::decode(&whole[..length]).is_err(),
            "{length} bytes"
        );
    }
}

#[test]
fn addresses_of_both_families_are_read_as_written() {
    for (row, text, bytes) in [
        ("IPv4", "127.0.0.1:8081", "0200 1f91 7f000001 0000000000000000"),
        ("IPv6", "[::1]:8081", "1700 1f91 00000000 00000000000000000000000000000001 00000000"),
    ] {
        let address: SocketAddr = text.parse().unwrap();
        assert_eq!(sockaddr(address), hex(bytes), "{row}");
        assert_eq!(callback_address(&hex(bytes)), Ok(address), "{row}");
    }
}

#[test]
fn addresses_that_are_none_are_named() {
    for (row, bytes, says) in [
        ("none", "", "sockaddr: family at offset 0: needs 2 bytes, 0 left"),
        ("IPX", "0600 1f91 7f000001 0000000000000000", "address family 6 is not supported"),
        ("short", "0200 1f91 7f000001", "an address of family 2 has 16 bytes, and this one 8"),
        (
            "IPv4 as IPv6",
            "1700 1f91 7f000001 0000000000000000",
            "an address of family 23 has 28 bytes, and this one 16",
        ),
    ] {
        let error: CallbackAddressError = callback_address(&hex(bytes)).expect_err(row);
        assert_eq!(error.to_string(), says, "{row}");
    }
}
