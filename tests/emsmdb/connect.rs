//! `EcDoConnectEx` and `EcDoConnect`.

use dcerpc::ndr::NdrErrorKind;
use emsmdb::aux::{self, AuxClientControl, ServerAuxBlock};
use emsmdb::connect::{NAME_MAX, NO_LINK};
use emsmdb::header_ext::HeaderFlags;
use emsmdb::{
    EcDoConnectExRequest, EcDoConnectExResponse, EcDoConnectRequest, EcDoConnectResponse,
    ErrorCode, WireVersion,
};

use super::{HANDLE, USER_DN, hex, vector};

#[test]
fn the_ex_request_vector_holds_the_documented_values() {
    let stub = vector!("connectex_req");
    let request = EcDoConnectExRequest::decode(stub).unwrap();
    let expected = EcDoConnectExRequest {
        user_dn: USER_DN.to_vec(),
        flags: 0,
        con_mod: 0x2A2A_2A2A,
        limit: 0,
        code_page: 1252,
        lcid_string: 1033,
        lcid_sort: 1033,
        link: NO_LINK,
        can_convert_code_pages: 1,
        client_version: WireVersion([0x000B, 0x15E8, 0]),
        time_stamp: 0,
        aux_in: [hex("000004009c009c00").as_slice(), vector!("aux")].concat(),
        aux_out_max: 0x1008,
    };
    assert_eq!(request, expected);
    assert_eq!(request.encode(), stub);
}

#[test]
fn the_ex_response_vector_holds_the_documented_values() {
    let stub = vector!("connectex_resp");
    let response = EcDoConnectExResponse::decode(stub).unwrap();
    let expected = EcDoConnectExResponse {
        handle: HANDLE,
        polls_max_ms: 60_000,
        retry: 6,
        retry_delay_ms: 10_000,
        session_index: 0x11,
        dn_prefix: b"/o=First Organization/ou=First Administrative Group/cn=Recipients/cn="
            .to_vec(),
        display_name: b"Jane Dow".to_vec(),
        server_version: WireVersion([6, 7638, 0]),
        best_version: WireVersion([11, 5608, 0]),
        time_stamp: 0x0102_0304,
        aux_out: hex("0000040014001400 0c00010a0c000000005c2605 0800011701000000"),
        result: ErrorCode::EC_NONE,
    };
    assert_eq!(response, expected);
    assert_eq!(response.encode(), stub);
}

#[test]
fn the_vectors_client_control_is_what_we_would_send() {
    let stub = vector!("connectex_resp");
    let response = EcDoConnectExResponse::decode(stub).unwrap();
    let control = AuxClientControl { enable_flags: 0x0C, expiry_time_ms: 0x0526_5C00 };
    let ours = [ServerAuxBlock::ClientControl(control)];
    let ours = aux::encode_server_aux(&ours, 0x1008, HeaderFlags::default());
    assert_eq!(ours[8..], response.aux_out[8..20]);
}

#[test]
fn a_blocked_client_gets_the_vectors_refusal() {
    let refused = EcDoConnectExResponse::refused(ErrorCode::EC_CLIENT_VER_DISALLOWED);
    let stub = vector!("connectex_resp_blocked");
    assert_eq!(refused.encode(), stub);
    assert_eq!(EcDoConnectExResponse::decode(stub), Ok(refused));
}

#[test]
fn null_strings_in_a_refusal_are_read_as_empty_and_encode_in_our_form() {
    let response = EcDoConnectExResponse::decode(vector!("connectex_resp_blocked_nullptr"));
    let refused = EcDoConnectExResponse::refused(ErrorCode::EC_CLIENT_VER_DISALLOWED);
    assert_eq!(response.as_ref(), Ok(&refused));
    assert_eq!(response.unwrap().encode(), vector!("connectex_resp_blocked"));
}

#[test]
fn a_version_mismatch_names_the_best_version() {
    let response = EcDoConnectExResponse {
        best_version: WireVersion::BEST_FOR_TOO_OLD,
        ..EcDoConnectExResponse::refused(ErrorCode::EC_VERSION_MISMATCH)
    };
    let stub = response.encode();
    assert_eq!(stub[0x50..0x56], hex("0b0000800000"));
    assert_eq!(EcDoConnectExResponse::decode(&stub), Ok(response));
}

#[test]
fn the_legacy_request_vector_holds_the_documented_values() {
    let stub = vector!("connect0_req");
    let request = EcDoConnectRequest::decode(stub).unwrap();
    let expected = EcDoConnectRequest {
        user_dn: USER_DN.to_vec(),
        flags: 0,
        con_mod: 0x2A2A_2A2A,
        limit: 0,
        code_page: 1252,
        lcid_string: 1033,
        lcid_sort: 1033,
        link: NO_LINK,
        can_convert_code_pages: 1,
        client_version: WireVersion([5, 3165, 0]),
        time_stamp: 0,
    };
    assert_eq!(request, expected);
    assert_eq!(request.encode(), stub);
}

#[test]
fn the_legacy_response_vector_holds_the_documented_values() {
    let stub = vector!("connect0_resp");
    let response = EcDoConnectResponse::decode(stub).unwrap();
    let expected = EcDoConnectResponse {
        handle: HANDLE,
        polls_max_ms: 60_000,
        retry: 6,
        retry_delay_ms: 10_000,
        session_index: 0x11,
        dn_prefix: b"/o=x/cn=".to_vec(),
        display_name: b"J".to_vec(),
        server_version: WireVersion([6, 7638, 0]),
        client_version: WireVersion([5, 3165, 0]),
        time_stamp: 0x0102_0304,
        result: ErrorCode::EC_NONE,
    };
    assert_eq!(response, expected);
    assert_eq!(response.encode(), stub);
}

#[test]
fn a_legacy_refusal_has_a_null_handle_and_survives_the_wire() {
    let refused = EcDoConnectResponse::refused(ErrorCode::EC_CLIENT_VER_DISALLOWED);
    assert_eq!(refused.handle, [0; 20]);
    assert_eq!(EcDoConnectResponse::decode(&refused.encode()), Ok(refused));
}

#[test]
fn a_verification_trailer_after_the_stub_is_ignored() {
    let stub = [vector!("connectex_req"), &hex("8ae3137102f43671 01400400 01000000")].concat();
    let plain = EcDoConnectExRequest::decode(vector!("connectex_req"));
    assert_eq!(EcDoConnectExRequest::decode(&stub), plain);
}

#[test]
fn no_auxiliary_buffer_at_all_is_a_valid_request() {
    let vector = EcDoConnectExRequest::decode(vector!("connectex_req")).unwrap();
    let request = EcDoConnectExRequest { aux_in: Vec::new(), ..vector };
    let decoded = EcDoConnectExRequest::decode(&request.encode()).unwrap();
    assert_eq!(decoded, request);
    assert_eq!(aux::decode_aux(&decoded.aux_in), aux::AuxReading::default());
}

#[test]
fn what_the_interface_forbids_is_bad_stub_data() {
    let good = EcDoConnectExRequest::decode(vector!("connectex_req")).unwrap();
    let patched = |offset: usize, value: u32| {
        let mut stub = vector!("connectex_req").to_vec();
        stub[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
        stub
    };
    let long_aux = EcDoConnectExRequest { aux_in: vec![0; 0x1009], ..good.clone() };
    let long_name = EcDoConnectExRequest { user_dn: vec![b'x'; 0xFFFF], ..good };
    let table = [
        (
            "cbAuxIn is not the array's length",
            patched(0x12C, 0xA3),
            "cbAuxIn",
            0x12C,
            NdrErrorKind::CountMismatch { count: 0xA3, expected: 0xA4 },
        ),
        (
            "pcbAuxOut above its range",
            patched(0x130, 0x1009),
            "pcbAuxOut",
            0x130,
            NdrErrorKind::Range { value: 0x1009, max: 0x1008 },
        ),
        (
            "rgbAuxIn above its range",
            long_aux.encode(),
            "rgbAuxIn",
            0x84,
            NdrErrorKind::Range { value: 0x1009, max: 0x1008 },
        ),
        (
            "szUserDN above our limit",
            long_name.encode(),
            "szUserDN",
            0,
            NdrErrorKind::Range { value: 0x1_0000, max: NAME_MAX },
        ),
        (
            "szUserDN without NUL",
            patched(0x55, 0x6161_6161),
            "szUserDN",
            0xC,
            NdrErrorKind::Unterminated,
        ),
    ];
    for (row, stub, field, offset, kind) in table {
        let error = EcDoConnectExRequest::decode(&stub).expect_err(row);
        assert_eq!((error.field, error.offset, error.kind), (field, offset, kind), "{row}");
    }
}

#[test]
fn the_largest_auxiliary_buffer_is_accepted() {
    let good = EcDoConnectExRequest::decode(vector!("connectex_req")).unwrap();
    let request = EcDoConnectExRequest { aux_in: vec![0; 0x1008], aux_out_max: 0, ..good };
    assert_eq!(EcDoConnectExRequest::decode(&request.encode()), Ok(request));
}
