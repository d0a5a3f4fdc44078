//! What the auxiliary blocks of clients change in the answers of EcDoConnectEx and EcDoRpcExt2, and which blocks a server
//! sends. Tests are named by the numbers of the requirements of \[MS-OXCRPC\].

use emsmdb::aux::{AuxBlock, decode_aux};
use emsmdb::header_ext::HeaderFlags;
use emsmdb::{
    EcDoConnectExRequest, EcDoConnectExResponse, EcDoRpcExt2Request, ErrorCode, WireVersion,
};
use infostore::Build;

use super::TestStore;
use super::emsmdb_rows::{
    EXCHANGE_2007, EXCHANGE_2010, EXCHANGE_2013, connect_ex, connected, no_rops, rpc_ext2,
};
use super::wire_client::{NULL, OUTLOOK_2003, connect_request, ext2_request, process_block};
use crate::emsmdb::aux_layouts::{layouts, reserved_as};
use crate::emsmdb::direct2::framed;

/// 12.0.3118.0, the first that knows AUX_EXORGINFO.
const KNOWS_ORG_INFO: WireVersion = WireVersion([0x0C00, 0x8000 | 3118, 0]);

#[test]
fn ms_oxcrpc_r1436_r1940_an_auxiliary_buffer_shorter_than_its_header_is_none_until_2010() {
    for (build, expected) in [
        (Build::KB_920185, ErrorCode::EC_NONE),
        (EXCHANGE_2007, ErrorCode::EC_NONE),
        (EXCHANGE_2010, ErrorCode::EC_RPC_FAILED),
        (EXCHANGE_2013, ErrorCode::EC_RPC_FAILED),
    ] {
        let store = TestStore::of_build(build);
        let mut client = store.bind();
        for length in 1..8 {
            let request = connect_request(vec![0; length], OUTLOOK_2003);
            let answer = connect_ex(&mut client, &request);
            assert_eq!(answer.result, expected, "{build}, {length} bytes");
            assert_eq!(answer.handle == NULL, expected != ErrorCode::EC_NONE);
        }
        assert_eq!(client.connect(None).result, ErrorCode::EC_NONE, "{build}");
    }
}

/// The types of the blocks that a client of this version gets when it connects.
fn block_types(build: Build, client_version: WireVersion, aux_out_max: u32) -> Vec<u8> {
    let store = TestStore::of_build(build);
    let mut client = store.bind();
    let request = EcDoConnectExRequest {
        aux_out_max,
        ..connect_request(process_block("OUTLOOK.EXE"), client_version)
    };
    let aux_out = connect_ex(&mut client, &request).aux_out;
    assert!(aux_out.len() <= usize::try_from(aux_out_max).unwrap(), "R4856");
    let reading = decode_aux(&aux_out);
    assert_eq!(reading.problem, None);
    let kinds = reading.blocks.iter().map(|block| match block {
        AuxBlock::ClientControl(_) => 0x0A,
        AuxBlock::OsVersionInfo(_) => 0x16,
        AuxBlock::ExOrgInfo(info) => {
            assert_eq!(info.org_flags, 1, "R284");
            0x17
        }
        AuxBlock::EndpointCapabilities(capabilities) => {
            assert_eq!(capabilities.endpoint_capability_flag, 1, "R1521");
            0x48
        }
        other => panic!("{other:?}"),
    });
    kinds.collect()
}

#[test]
fn ms_oxcrpc_r574_r1060_r1438_r1692_r1739_r1839_each_build_sends_its_blocks_to_those_who_know_them()
{
    let all = 0x1008;
    for (build, version, room, expected) in [
        (Build::KB_920185, OUTLOOK_2003, all, &[0x0A, 0x16][..]),
        (Build::KB_920185, KNOWS_ORG_INFO, all, &[0x0A, 0x16]),
        (EXCHANGE_2007, OUTLOOK_2003, all, &[0x0A, 0x16]),
        (EXCHANGE_2007, KNOWS_ORG_INFO, all, &[0x0A, 0x16, 0x17]),
        (EXCHANGE_2010, KNOWS_ORG_INFO, all, &[0x0A, 0x17]),
        (EXCHANGE_2013, KNOWS_ORG_INFO, all, &[0x0A, 0x17, 0x48]),
        // What does not fit is left out: a header of 8, AUX_CLIENT_CONTROL of 12, AUX_OSVERSIONINFO of 160.
        (Build::KB_920185, OUTLOOK_2003, 180, &[0x0A, 0x16]),
        (Build::KB_920185, OUTLOOK_2003, 179, &[0x0A]),
        (Build::KB_920185, OUTLOOK_2003, 20, &[0x0A]),
        (Build::KB_920185, OUTLOOK_2003, 19, &[]),
        (Build::KB_920185, OUTLOOK_2003, 0, &[]),
    ] {
        assert_eq!(block_types(build, version, room), expected, "{build} {version} {room}");
    }
}

#[test]
fn ms_oxcrpc_r272_to_r279_the_system_s_version_is_that_of_windows_server_2003_sp1() {
    let store = TestStore::start();
    let aux_out = store.bind().connect(None).aux_out;
    assert_eq!(aux_out[..8], [0, 0, 4, 0, 172, 0, 172, 0], "R575, R747, R748: a header with Last");
    let reading = decode_aux(&aux_out);
    let Some(AuxBlock::OsVersionInfo(version)) = reading.blocks.get(1) else {
        panic!("{:?}", reading.blocks)
    };
    let numbers = (version.major, version.minor, version.build);
    assert_eq!(numbers, (5, 2, 3790));
    assert_eq!((version.service_pack_major, version.service_pack_minor), (1, 0));
    // R993: with the AUX_HEADER of 4 bytes; R272: without.
    assert_eq!(aux_out[20..24], [160, 0, 1, 0x16]);
    assert_eq!(aux_out[24..28], [156, 0, 0, 0]);
}

/// Each layout that has reserved bytes: its name, and an rgbAuxIn for each of several values of these.
fn with_reserved_bytes() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let reserved = layouts().into_iter().filter(|(_, digits, _)| digits.contains("--"));
    let variants = reserved.map(|(row, digits, _)| {
        let of = |value| {
            let block = reserved_as(digits, value);
            framed(HeaderFlags::LAST.0, &block, block.len())
        };
        (row, ["00", "01", "7f", "80", "ff"].map(of).to_vec())
    });
    variants.collect()
}

#[test]
fn ms_oxcrpc_r1819_to_r1824_a_connect_is_answered_alike_for_any_reserved_value() {
    let store = TestStore::start();
    let mut client = store.bind();
    let rows = with_reserved_bytes();
    for asked in [
        "AUX_PERF_SESSIONINFO",
        "AUX_PERF_SESSIONINFO_V2",
        "AUX_PERF_CLIENTINFO",
        "AUX_PERF_PROCESSINFO of version 1",
        "AUX_PERF_PROCESSINFO of version 2",
        "AUX_CLIENT_CONNECTION_INFO",
    ] {
        assert!(rows.iter().any(|(row, _)| *row == asked), "{asked}");
    }
    for (row, variants) in rows {
        let mut answers = variants.into_iter().map(|aux_in| {
            let answer = client.connect_with(aux_in, OUTLOOK_2003);
            assert_ne!(answer.handle, NULL, "{row}");
            EcDoConnectExResponse { handle: NULL, session_index: 0, ..answer }
        });
        let zero = answers.next().unwrap();
        assert_eq!(zero.result, ErrorCode::EC_NONE);
        for answer in answers {
            assert_eq!(answer, zero, "{row}");
        }
    }
}

#[test]
fn ms_oxcrpc_r1825_to_r1835_a_call_is_answered_alike_for_any_reserved_value() {
    let (_store, mut client, handle) = connected(Build::KB_920185);
    let rows = with_reserved_bytes();
    for asked in [
        "AUX_PERF_SESSIONINFO",
        "AUX_PERF_SESSIONINFO_V2",
        "AUX_PERF_DEFMDB_SUCCESS",
        "AUX_PERF_DEFGC_SUCCESS",
        "AUX_PERF_MDB_SUCCESS_V2",
        "AUX_PERF_GC_SUCCESS",
        "AUX_PERF_GC_SUCCESS_V2",
        "AUX_PERF_FAILURE",
        "AUX_PERF_FAILURE_V2",
    ] {
        assert!(rows.iter().any(|(row, _)| *row == asked), "{asked}");
    }
    for (row, variants) in rows {
        let mut answers = variants.into_iter().map(|aux_in| {
            let request = EcDoRpcExt2Request { aux_in, ..ext2_request(handle, no_rops()) };
            rpc_ext2(&mut client, &request)
        });
        let zero = answers.next().unwrap();
        assert_eq!((zero.handle, zero.result), (handle, ErrorCode::EC_NONE), "{row}");
        for answer in answers {
            assert_eq!(answer, zero, "{row}");
        }
    }
}
