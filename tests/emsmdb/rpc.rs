//! `EcDoRpcExt2`, `EcDoRpc`, `EcDoDisconnect`, `EcDummyRpc`, and the buffers of the first.

use dcerpc::ndr::NdrErrorKind;
use emsmdb::field::Truncated;
use emsmdb::header_ext::{HeaderExtError, HeaderFlags, PAYLOAD_MAX};
use emsmdb::lz77::Lz77Error;
use emsmdb::rgb::{self, CHAIN_MAX};
use emsmdb::{
    EcDoDisconnectRequest, EcDoDisconnectResponse, EcDoRpcExt2Request, EcDoRpcExt2Response,
    EcDoRpcRequest, EcDoRpcResponse, EcDummyRpcResponse, EmsmdbRequest, ErrorCode, RequestError,
    RpcExt2Flags, decode_request, opnum,
};

use super::direct2::{framed, greedy};
use super::{HANDLE, hex, vector};

#[test]
fn the_ext2_request_vector_holds_the_documented_values() {
    let stub = vector!("ext2_req");
    let request = EcDoRpcExt2Request::decode(stub).unwrap();
    let flags = RpcExt2Flags(3);
    assert!(flags.contains(RpcExt2Flags::NO_COMPRESSION));
    assert!(flags.contains(RpcExt2Flags::NO_XOR_MAGIC));
    assert!(!flags.contains(RpcExt2Flags::CHAIN));
    let rgb_in = stub[0x1C..0x85].to_vec();
    let expected = EcDoRpcExt2Request {
        handle: HANDLE,
        flags,
        rgb_in,
        rgb_out_max: 0x8008,
        aux_in: Vec::new(),
        aux_out_max: 0x1008,
    };
    assert_eq!(request, expected);
    assert_eq!(request.encode(), stub);
}

#[test]
fn the_ext2_response_vector_holds_the_documented_values() {
    let stub = vector!("ext2_resp");
    let response = EcDoRpcExt2Response::decode(stub).unwrap();
    let expected = EcDoRpcExt2Response {
        handle: HANDLE,
        flags: 0,
        rgb_out: stub[0x24..0xD8].to_vec(),
        aux_out: Vec::new(),
        trans_time_ms: 3,
        result: ErrorCode::EC_NONE,
    };
    assert_eq!(response, expected);
    assert_eq!(response.encode(), stub);
}

#[test]
fn a_session_that_is_gone_gets_the_vectors_null_handle() {
    let gone = EcDoRpcExt2Response::session_gone(ErrorCode::EC_CLIENT_VER_DISALLOWED);
    let stub = vector!("ext2_killed");
    assert_eq!(gone.encode(), stub);
    assert_eq!(EcDoRpcExt2Response::decode(stub), Ok(gone));
}

#[test]
fn what_the_interface_forbids_in_ext2_is_bad_stub_data() {
    let mismatch = NdrErrorKind::CountMismatch { count: 0x68, expected: 0x69 };
    let table = [
        ("cbIn is not the array's length", 0x88, 0x68, "cbIn", mismatch),
        (
            "pcbOut above its range",
            0x8C,
            0x40001,
            "pcbOut",
            NdrErrorKind::Range { value: 0x40001, max: 0x40000 },
        ),
        (
            "rgbIn above its range",
            0x18,
            0x40001,
            "rgbIn",
            NdrErrorKind::Range { value: 0x40001, max: 0x40000 },
        ),
        (
            "cbAuxIn is not the array's length",
            0x94,
            1,
            "cbAuxIn",
            NdrErrorKind::CountMismatch { count: 1, expected: 0 },
        ),
        (
            "pcbAuxOut above its range",
            0x98,
            0x1009,
            "pcbAuxOut",
            NdrErrorKind::Range { value: 0x1009, max: 0x1008 },
        ),
    ];
    for (row, offset, value, field, kind) in table {
        let mut stub = vector!("ext2_req").to_vec();
        stub[offset..offset + 4].copy_from_slice(&u32::to_le_bytes(value));
        let error = EcDoRpcExt2Request::decode(&stub).expect_err(row);
        assert_eq!((error.field, error.offset, error.kind), (field, offset, kind), "{row}");
    }
}

#[test]
fn closing_a_session_takes_its_handle_and_returns_zeroes() {
    let request = EcDoDisconnectRequest::decode(vector!("disc_req")).unwrap();
    assert_eq!(request.handle, HANDLE);
    assert_eq!(request.encode(), vector!("disc_req"));
    assert_eq!(EcDoDisconnectResponse::CLOSED.encode(), [0; 24]);
    assert_eq!(EcDoDisconnectResponse::decode(&[0; 24]), Ok(EcDoDisconnectResponse::CLOSED));
}

#[test]
fn the_dummy_call_returns_its_code_alone() {
    let response = EcDummyRpcResponse { result: ErrorCode::EC_NONE };
    assert_eq!(response.encode(), [0; 4]);
    assert_eq!(EcDummyRpcResponse::decode(&[0; 4]), Ok(response));
}

/// The legacy call of a session, up to the handle table; the name's bytes are ours, 9 characters and NUL.
fn legacy_request() -> (EcDoRpcRequest, Vec<u8>) {
    let name = b"/o=x/cn=j\0";
    let rops = [hex("1a00 fe 00 00 01 0c000000 00000000 0a00").as_slice(), name, &hex("ffffffff")]
        .concat();
    let xored: Vec<u8> = rops.iter().map(|byte| byte ^ 0xA5).collect();
    let stub =
        [HANDLE.as_slice(), &hex("ff7f0000 00000000 1e000000"), &xored, &hex("1e00 ff7f")].concat();
    (EcDoRpcRequest { handle: HANDLE, rops, max_data: 0x7FFF }, stub)
}

#[test]
fn the_legacy_call_is_obfuscated_as_documented() {
    let (request, stub) = legacy_request();
    assert_eq!(stub[0x20..0x30], hex("bfa55ba5a5a4a9a5a5a5a5a5a5a5afa5"));
    assert_eq!(stub[0x3A..0x3E], hex("5a5a5a5a"));
    assert_eq!(EcDoRpcRequest::decode(&stub), Ok(request.clone()));
    assert_eq!(request.encode(), stub);
}

#[test]
fn the_legacy_answer_is_aligned_behind_its_length() {
    let response = EcDoRpcResponse {
        handle: HANDLE,
        max_data: 0x7FFF,
        rops: hex("0200 65000000"),
        result: ErrorCode::EC_NONE,
    };
    let stub = response.encode();
    let expected =
        [HANDLE.as_slice(), &hex("ff7f0000 00000000 06000000 a7a5c0a5a5a5 0600 00000000")].concat();
    assert_eq!(stub, expected);
    assert_eq!(EcDoRpcResponse::decode(&stub), Ok(response));
}

#[test]
fn a_legacy_session_that_is_gone_gets_a_null_handle() {
    let gone = EcDoRpcResponse::session_gone(ErrorCode::EC_CLIENT_VER_DISALLOWED, 0x7FFF);
    assert_eq!(gone.handle, [0; 20]);
    assert_eq!(EcDoRpcResponse::decode(&gone.encode()), Ok(gone));
}

#[test]
fn legacy_counts_that_contradict_each_other_are_bad_stub_data() {
    let (_, stub) = legacy_request();
    for (row, offset, field) in [("length", 0x3E, "length"), ("max_data", 0x40, "max_data")] {
        let mut stub = stub.clone();
        stub[offset] ^= 1;
        assert_eq!(EcDoRpcRequest::decode(&stub).expect_err(row).field, field, "{row}");
    }
}

#[test]
fn requests_are_told_apart_by_opnum() {
    let table: [(u16, &[u8]); 5] = [
        (opnum::EC_DO_CONNECT, vector!("connect0_req")),
        (opnum::EC_DO_DISCONNECT, vector!("disc_req")),
        (opnum::EC_DUMMY_RPC, &[]),
        (opnum::EC_DO_CONNECT_EX, vector!("connectex_req")),
        (opnum::EC_DO_RPC_EXT2, vector!("ext2_req")),
    ];
    for (opnum, stub) in table {
        let known = match decode_request(opnum, stub).unwrap() {
            EmsmdbRequest::Connect(_) => 0,
            EmsmdbRequest::Disconnect(_) => 1,
            EmsmdbRequest::Rpc(_) => 2,
            EmsmdbRequest::RegisterPush(_) => 4,
            EmsmdbRequest::DummyRpc => 6,
            EmsmdbRequest::ConnectEx(_) => 10,
            EmsmdbRequest::RpcExt2(_) => 11,
            EmsmdbRequest::AsyncConnect(_) => 14,
        };
        assert_eq!(known, opnum);
    }
    let (request, stub) = legacy_request();
    assert_eq!(decode_request(opnum::EC_DO_RPC, &stub), Ok(EmsmdbRequest::Rpc(request)));
}

#[test]
fn operations_that_are_not_offered_are_unknown() {
    for opnum in [3, 5, 7, 8, 9, 12, 13, 15, u16::MAX] {
        assert_eq!(decode_request(opnum, &[]), Err(RequestError::UnknownOpnum { opnum }));
    }
}

#[test]
fn one_payload_is_packed_as_the_client_wants_it() {
    let table = [
        ("nothing forbidden", 0, "0000 0600 0200 0200 a7a5"),
        ("no compression", 1, "0000 0600 0200 0200 a7a5"),
        ("no obfuscation", 2, "0000 0400 0200 0200 0200"),
        ("neither", 3, "0000 0400 0200 0200 0200"),
        ("chaining allowed", 7, "0000 0400 0200 0200 0200"),
    ];
    for (row, flags, expected) in table {
        let packed = rgb::encode_rgb_out(&[2, 0], RpcExt2Flags(flags)).unwrap();
        assert_eq!(packed, hex(expected), "{row}");
        assert_eq!(rgb::decode_rgb_in(&packed).unwrap()[0].bytes, [2, 0], "{row}");
    }
}

#[test]
fn a_chain_ends_with_the_header_that_says_so() {
    let chain = hex("0000 0000 0100 0100 aa 0000 0600 0100 0100 1e");
    let payloads = rgb::decode_rgb_in(&chain).unwrap();
    let bytes: Vec<_> = payloads.iter().map(|payload| payload.bytes.as_slice()).collect();
    assert_eq!(bytes, [[0xAA], [0xBB]]);
}

#[test]
fn the_payloads_of_a_chain_are_compressed_and_obfuscated_in_any_mix() {
    let texts = [&b"abc".repeat(100)[..], b"plain", b"", &[7; PAYLOAD_MAX], b"last"];
    let flags = [1, 2, 3, 3, 5];
    let payload = |(text, flags): (&[u8], u16)| {
        let packed = if flags & 1 == 0 { text.to_vec() } else { greedy(text, 3, 40_000) };
        framed(flags, &packed, text.len())
    };
    let chain: Vec<u8> = texts.into_iter().zip(flags).flat_map(payload).collect();
    let payloads = rgb::decode_rgb_in(&chain).unwrap();
    let read: Vec<_> = payloads.iter().map(|payload| payload.bytes.as_slice()).collect();
    assert_eq!(read, texts);
    assert_eq!(payloads.iter().map(|payload| payload.flags.0).collect::<Vec<_>>(), flags);
}

#[test]
fn broken_extended_buffers_are_named() {
    let header = "0000 0400 0100 0100 aa";
    let (structure, field) = ("DIRECT2", "flags");
    let cut = Truncated { structure, field, offset: 0, needed: 4, available: 1 }.into();
    let short = Lz77Error::TooShort { produced: 1, size_actual: 2 };
    let table = [
        ("version", "0100 0400 0100 0100 aa", HeaderExtError::Version { offset: 0, version: 1 }),
        (
            "sizes that differ",
            "0000 0400 0100 0200 aa",
            HeaderExtError::SizeActual { offset: 0, size: 1, size_actual: 2 },
        ),
        (
            "bytes after the last",
            &format!("{header} {header}"),
            HeaderExtError::TrailingBytes { offset: 9, length: 9 },
        ),
        (
            "second payload that does not decompress",
            "0000 0000 0100 0100 aa 0000 0500 0100 0200 aa",
            HeaderExtError::Compressed { offset: 9, error: cut },
        ),
        (
            "compressed payload that is too short",
            "0000 0500 0500 0200 ffffff7f aa",
            HeaderExtError::Compressed { offset: 0, error: short },
        ),
        (
            "compressed payload above 32 KB",
            "0000 0500 0b00 0180 ffffff7f aa 0700 0f ff fd7f",
            HeaderExtError::PayloadTooLong { offset: 0, size: 0x8001, max: PAYLOAD_MAX },
        ),
    ];
    for (row, chain, error) in table {
        assert_eq!(rgb::decode_rgb_in(&hex(chain)), Err(error), "{row}");
    }
}

#[test]
fn a_chain_that_never_says_last_ends_with_the_buffer() {
    for chain in ["", "0000", "0000 0000 0100 0100 aa", "0000 0400 0200 0200 aa"] {
        let error = rgb::decode_rgb_in(&hex(chain)).expect_err(chain);
        assert!(matches!(error, HeaderExtError::Truncated(_)), "{chain}: {error}");
    }
}

#[test]
fn a_chain_is_limited_in_payloads() {
    let link = hex("0000 0000 0000 0000");
    let last = hex("0000 0400 0000 0000");
    let longest = [link.repeat(CHAIN_MAX - 1), last.clone()].concat();
    assert_eq!(rgb::decode_rgb_in(&longest).unwrap().len(), CHAIN_MAX);
    let longer = [link.repeat(CHAIN_MAX), last].concat();
    let error = HeaderExtError::ChainTooLong { offset: 8 * CHAIN_MAX, max: CHAIN_MAX };
    assert_eq!(rgb::decode_rgb_in(&longer), Err(error));
}

#[test]
fn a_payload_is_limited_to_32_kilobytes_both_ways() {
    let longest = vec![0; PAYLOAD_MAX];
    let packed = rgb::encode_rgb_in(&longest, HeaderFlags::default()).unwrap();
    assert_eq!(rgb::decode_rgb_in(&packed).unwrap()[0].bytes, longest);
    let size = PAYLOAD_MAX + 1;
    let error = HeaderExtError::PayloadTooLong { offset: 0, size, max: PAYLOAD_MAX };
    assert_eq!(rgb::encode_rgb_in(&vec![0; size], HeaderFlags::default()), Err(error));
    let buffer = [hex("0000 0400 0180 0180"), vec![0; size]].concat();
    assert_eq!(rgb::decode_rgb_in(&buffer), Err(error));
}
