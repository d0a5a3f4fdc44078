//! Every message cut at every byte: an error that says where, never a panic.

use dcerpc::ndr::{NdrError, NdrErrorKind};
use emsmdb::rop::{RopError, decode_request_buffer, decode_response_buffer};
use emsmdb::{
    EcDoConnectExRequest, EcDoConnectExResponse, EcDoConnectRequest, EcDoConnectResponse,
    EcDoDisconnectRequest, EcDoDisconnectResponse, EcDoRpcExt2Request, EcDoRpcExt2Response,
    EcDoRpcRequest, EcDoRpcResponse, EcDummyRpcResponse, ErrorCode,
};

use super::{HANDLE, vector};

type Decode = fn(&[u8]) -> Result<(), NdrError>;

macro_rules! decode {
    ($message:ty) => {
        |stub| <$message>::decode(stub).map(|_| ())
    };
}

#[test]
fn a_stub_cut_anywhere_names_the_field_it_lacks() {
    let rpc = EcDoRpcRequest { handle: HANDLE, rops: vec![2, 0], max_data: 0x7FFF }.encode();
    let gone = EcDoRpcResponse::session_gone(ErrorCode::EC_NONE, 0x7FFF).encode();
    let table: [(&str, &[u8], Decode); 13] = [
        ("connectex_req", vector!("connectex_req"), decode!(EcDoConnectExRequest)),
        ("connectex_resp", vector!("connectex_resp"), decode!(EcDoConnectExResponse)),
        ("blocked", vector!("connectex_resp_blocked"), decode!(EcDoConnectExResponse)),
        ("nullptr", vector!("connectex_resp_blocked_nullptr"), decode!(EcDoConnectExResponse)),
        ("connect0_req", vector!("connect0_req"), decode!(EcDoConnectRequest)),
        ("connect0_resp", vector!("connect0_resp"), decode!(EcDoConnectResponse)),
        ("ext2_req", vector!("ext2_req"), decode!(EcDoRpcExt2Request)),
        ("ext2_resp", vector!("ext2_resp"), decode!(EcDoRpcExt2Response)),
        ("ext2_killed", vector!("ext2_killed"), decode!(EcDoRpcExt2Response)),
        ("disc_req", vector!("disc_req"), decode!(EcDoDisconnectRequest)),
        ("disconnect answer", &[0; 24], decode!(EcDoDisconnectResponse)),
        ("legacy request", &rpc, decode!(EcDoRpcRequest)),
        ("legacy answer", &gone, decode!(EcDoRpcResponse)),
    ];
    for (row, stub, decode) in table {
        assert_eq!(decode(stub), Ok(()), "{row}");
        for length in 0..stub.len() {
            let error = decode(&stub[..length]).expect_err(row);
            let NdrErrorKind::Truncated { needed, available } = error.kind else {
                panic!("{row} cut to {length}: {error}")
            };
            assert!(!error.field.is_empty() && needed > available, "{row}: {error}");
            assert!(error.offset + needed > length, "{row} cut to {length}: {error}");
        }
    }
    let dummy: Decode = decode!(EcDummyRpcResponse);
    assert!((0..4).all(|length| dummy(&[0; 4][..length]).is_err()));
}

#[test]
fn a_buffer_of_operations_cut_anywhere_is_refused_or_loses_whole_handles() {
    let request = &vector!("ext2_req")[0x24..0x85];
    let response = &vector!("ext2_resp")[0x2C..0xD8];
    for (buffer, rop_size) in [(request, 0x5D), (response, 0xA8)] {
        for length in 0..buffer.len() {
            let cut = &buffer[..length];
            let error = if buffer == request {
                decode_request_buffer(cut).err()
            } else {
                decode_response_buffer(cut).err()
            };
            match error {
                None => assert_eq!(length, rop_size, "no handle is left, and that is legal"),
                Some(RopError::Truncated(error)) => assert!(length < 2, "{length}: {error}"),
                Some(RopError::RopSize { available, .. }) => assert_eq!(available, length),
                Some(RopError::HandleTable { offset, .. }) => assert_eq!(offset, rop_size),
                Some(other) => panic!("{length}: {other}"),
            }
        }
    }
}
