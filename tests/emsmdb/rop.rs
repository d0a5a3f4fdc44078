//! Buffers of remote operations.

use emsmdb::rgb::decode_rgb_in;
use emsmdb::rop::{
    FolderId, LogonFlags, LogonTime, NO_HANDLE, OpenFlags, ROPS_MAX, RopBuffer, RopError, RopId,
    RopLogonRequest, RopLogonResponse, RopRequest, RopResponse, RopResponseBuffer,
    decode_request_buffer, decode_response_buffer,
};
use emsmdb::{EcDoRpcExt2Request, EcDoRpcExt2Response, ErrorCode};

use super::{USER_DN, hex, vector};

fn request_payload() -> Vec<u8> {
    let request = EcDoRpcExt2Request::decode(vector!("ext2_req")).unwrap();
    decode_rgb_in(&request.rgb_in).unwrap().remove(0).bytes
}

fn response_payload() -> Vec<u8> {
    let response = EcDoRpcExt2Response::decode(vector!("ext2_resp")).unwrap();
    decode_rgb_in(&response.rgb_out).unwrap().remove(0).bytes
}

#[test]
fn the_logon_of_the_request_vector_holds_the_documented_values() {
    let logon = RopLogonRequest {
        logon_id: 0,
        output_index: 0,
        logon_flags: LogonFlags::PRIVATE,
        open_flags: OpenFlags(OpenFlags::HOME_LOGON.0 | OpenFlags::TAKE_OWNERSHIP.0),
        store_state: 0,
        essdn: Some(USER_DN.to_vec()),
    };
    let expected = RopBuffer { rops: vec![RopRequest::Logon(logon)], handles: vec![NO_HANDLE] };
    assert_eq!(decode_request_buffer(&request_payload()), Ok(expected.clone()));
    assert_eq!(expected.encode(), request_payload());
}

#[test]
fn the_logon_of_the_response_vector_holds_the_documented_values() {
    let mut folder_ids = [FolderId([0; 8]); 13];
    for (folder_id, counter) in folder_ids.iter_mut().zip(1..) {
        *folder_id = FolderId::new(1, counter);
    }
    let guid = |first: u8, last: u8| {
        let mut guid = [0; 16];
        guid[..4].fill(first);
        guid[15] = last;
        guid
    };
    let logon = RopLogonResponse {
        output_index: 0,
        logon_flags: LogonFlags::PRIVATE,
        folder_ids,
        response_flags: 7,
        mailbox_guid: guid(0xAA, 0x0A),
        repl_id: 1,
        repl_guid: guid(0xBB, 0x0B),
        logon_time: LogonTime {
            seconds: 30,
            minutes: 15,
            hour: 10,
            day_of_week: 3,
            day: 14,
            month: 6,
            year: 2006,
        },
        gwart_time: 0,
        store_state: 0,
    };
    let responses = vec![RopResponse::Logon(logon)];
    let expected = RopResponseBuffer { responses, handles: vec![0x65] };
    assert_eq!(decode_response_buffer(&response_payload()), Ok(expected.clone()));
    assert_eq!(expected.encode(), response_payload());
    assert_eq!(response_payload().len(), 2 + 166 + 4);
}

#[test]
fn folder_ids_count_up_in_their_last_byte() {
    let folder_id = FolderId::new(0x0201, 0x0000_1122_3344_5566);
    assert_eq!(folder_id.0, [0x01, 0x02, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66]);
    assert_eq!((folder_id.replica_id(), folder_id.counter()), (0x0201, 0x1122_3344_5566));
}

#[test]
fn requests_that_are_small_or_strange_read_as_documented() {
    let unsupported = RopRequest::Unsupported {
        rop_id: RopId(0x27),
        logon_id: 1,
        input_index: 2,
        rest: vec![0x49, 0],
    };
    let release = RopRequest::Release { logon_id: 1, input_index: 2 };
    let no_name = RopRequest::Logon(RopLogonRequest {
        logon_id: 0,
        output_index: 1,
        logon_flags: LogonFlags(0),
        open_flags: OpenFlags::PUBLIC,
        store_state: 0,
        essdn: None,
    });
    let table = [
        ("nothing", "0200", vec![], vec![]),
        ("a handle alone", "0200 07000000", vec![], vec![7]),
        ("two releases", "0800 010102 010102", vec![release.clone(), release.clone()], vec![]),
        ("unknown operation", "0700 270102 4900", vec![unsupported.clone()], vec![]),
        (
            "unknown operation after a release",
            "0a00 010102 270102 4900 ffffffff",
            vec![release, unsupported],
            vec![NO_HANDLE],
        ),
        ("public logon", "1000 fe 00 01 00 02000000 00000000 0000", vec![no_name], vec![]),
    ];
    for (row, payload, rops, handles) in table {
        let expected = RopBuffer { rops, handles };
        assert_eq!(decode_request_buffer(&hex(payload)), Ok(expected.clone()), "{row}");
        assert_eq!(expected.encode(), hex(payload), "{row}");
    }
}

#[test]
fn failures_of_any_operation_take_six_bytes() {
    let failed = |rop_id, error| RopResponse::Failed { rop_id, handle_index: 3, error };
    let responses = vec![
        failed(RopId::LOGON, ErrorCode::EC_LOGIN_FAILURE),
        failed(RopId(0x27), ErrorCode::EC_NOT_SUPPORTED),
    ];
    let expected = RopResponseBuffer { responses, handles: vec![NO_HANDLE] };
    let payload = hex("0e00 fe0311010480 270302010480 ffffffff");
    assert_eq!(expected.encode(), payload);
    assert_eq!(decode_response_buffer(&payload), Ok(expected));
}

#[test]
fn buffers_whose_lengths_make_no_sense_are_refused() {
    let table = [
        ("RopSize 0", "0000", RopError::RopSize { rop_size: 0, available: 2 }),
        ("RopSize 1", "0100", RopError::RopSize { rop_size: 1, available: 2 }),
        ("RopSize past the end", "0600 010203", RopError::RopSize { rop_size: 6, available: 5 }),
        ("half a handle", "0200 0700", RopError::HandleTable { offset: 2, length: 2 }),
        (
            "name without NUL",
            "1100 fe 00 00 01 00000000 00000000 0100 78",
            RopError::Unterminated { structure: "RopLogon request", field: "Essdn", offset: 16 },
        ),
    ];
    for (row, payload, error) in table {
        assert_eq!(decode_request_buffer(&hex(payload)), Err(error), "{row}");
    }
}

#[test]
fn operations_that_are_cut_off_are_named() {
    let table = [
        ("no RopSize", "02", "ROP buffer: RopSize at offset 0"),
        ("release", "0400 0101", "RopRelease request: InputHandleIndex at offset 4"),
        ("unknown", "0400 2701", "ROP buffer: InputHandleIndex at offset 4"),
        ("logon", "0700 fe 00 00 01 00", "RopLogon request: OpenFlags at offset 6"),
        (
            "logon's name",
            "1100 fe 00 00 01 00000000 00000000 0200 78",
            "RopLogon request: Essdn at offset 16",
        ),
    ];
    for (row, payload, says) in table {
        let error = decode_request_buffer(&hex(payload)).expect_err(row).to_string();
        assert!(error.starts_with(says), "{row}: {error}");
    }
}

#[test]
fn responses_of_unknown_form_are_named() {
    let table = [
        ("unknown operation", "0800 270000000000", RopId(0x27)),
        ("redirection", "0800 fe0078040000", RopId::LOGON),
        ("public store", "0900 fe0000000000 00", RopId::LOGON),
    ];
    for (row, payload, rop_id) in table {
        let error = RopError::UnknownResponse { rop_id, offset: 2 };
        assert_eq!(decode_response_buffer(&hex(payload)), Err(error), "{row}");
    }
}

#[test]
fn the_number_of_operations_is_limited() {
    let release = RopRequest::Release { logon_id: 0, input_index: 0 };
    let most = RopBuffer { rops: vec![release.clone(); ROPS_MAX], handles: vec![] };
    assert_eq!(decode_request_buffer(&most.encode()), Ok(most));
    let more = RopBuffer { rops: vec![release; ROPS_MAX + 1], handles: vec![] };
    let error = RopError::TooManyRops { offset: 2 + 3 * ROPS_MAX };
    assert_eq!(decode_request_buffer(&more.encode()), Err(error));
}

#[test]
fn the_handle_table_may_be_as_long_as_the_payload() {
    let buffer = RopBuffer { rops: vec![], handles: vec![7; 8191] };
    assert_eq!(decode_request_buffer(&buffer.encode()), Ok(buffer));
}
