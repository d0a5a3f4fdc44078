//! EcDoConnectEx, EcDoRpcExt2, EcDoDisconnect, EcDummyRpc, EcDoConnect and EcDoRpc row by row: what each build answers to
//! lengths, versions, links and handles; its auxiliary blocks are in `emsmdb_aux_rows`. Tests are named by the numbers of the requirements of \[MS-OXCRPC\].

use std::collections::BTreeMap;

use dcerpc::FaultStatus;
use emsmdb::header_ext::HeaderFlags;
use emsmdb::rop::{NO_HANDLE, RopBuffer, RopRequest, RopResponse, decode_response_buffer};
use emsmdb::{
    EcDoConnectExRequest, EcDoConnectExResponse, EcDoConnectRequest, EcDoConnectResponse,
    EcDoDisconnectRequest, EcDoRpcExt2Request, EcDoRpcExt2Response, EcDoRpcRequest,
    EcDoRpcResponse, ErrorCode, RpcExt2Flags, WireVersion, opnum, rgb,
};
use infostore::Build;
use server::{PacingChange, SettingsChange};

use super::TestStore;
use super::wire_client::{Called, NULL, OUTLOOK_2003, WireClient, connect_request, ext2_request};

pub(super) const EXCHANGE_2007: Build = Build::new(8, 0, 685, 24);
pub(super) const EXCHANGE_2010: Build = Build::new(14, 0, 639, 21);
const EXCHANGE_2010_SP2: Build = Build::new(14, 2, 247, 5);
pub(super) const EXCHANGE_2013: Build = Build::new(15, 0, 516, 32);

/// rgbIn without an operation.
pub(super) fn no_rops() -> Vec<u8> {
    rgb::encode_rgb_in(&[2, 0], HeaderFlags::LAST).unwrap()
}

pub(super) fn connect_ex(
    client: &mut WireClient,
    request: &EcDoConnectExRequest,
) -> EcDoConnectExResponse {
    client.send(opnum::EC_DO_CONNECT_EX, &request.encode());
    client.connected()
}

pub(super) fn rpc_ext2(
    client: &mut WireClient,
    request: &EcDoRpcExt2Request,
) -> EcDoRpcExt2Response {
    match client.call(opnum::EC_DO_RPC_EXT2, &request.encode()) {
        Called::Response(stub) => EcDoRpcExt2Response::decode(&stub).unwrap(),
        fault @ Called::Fault(_) => panic!("{fault:?}"),
    }
}

/// A store of this build, with a client that has a session.
pub(super) fn connected(build: Build) -> (TestStore, WireClient, [u8; 20]) {
    let store = TestStore::of_build(build);
    let mut client = store.bind();
    let handle = client.connect(Some("OUTLOOK.EXE")).handle;
    (store, client, handle)
}

#[test]
fn ms_oxcrpc_r477_r483_r547_r582_r1147_r1485_a_connect_gives_a_handle_or_null() {
    let store = TestStore::start();
    let mut client = store.bind();
    let (first, second) = (client.connect(None), client.connect(None));
    for answer in [&first, &second] {
        assert_eq!((answer.result, answer.best_version), (ErrorCode::EC_NONE, OUTLOOK_2003));
        assert_ne!(answer.handle, NULL);
    }
    assert_ne!(first.handle, second.handle, "R4790");
    assert_ne!(first.session_index, second.session_index, "R1943");
    let hints = (first.polls_max_ms, first.retry, first.retry_delay_ms);
    assert_eq!(hints, (60_000, 6, 10_000));
    assert_eq!(
        first.dn_prefix,
        b"/o=First Organization/ou=First Administrative Group/cn=Recipients/cn="
    );
    let refused = client.connect_as(None, WireVersion([10, 0x1000, 0]));
    assert_eq!((refused.handle, refused.result), (NULL, ErrorCode::EC_VERSION_MISMATCH));
}

#[test]
fn clients_are_told_to_come_back_as_the_store_is_set_up() {
    let store = TestStore::start();
    let mut client = store.bind();
    let before = client.connect(None);
    assert_eq!((before.polls_max_ms, before.retry, before.retry_delay_ms), (60_000, 6, 10_000));
    let pacing = PacingChange { polls_max_ms: Some(1), retry: Some(2), retry_delay_ms: None };
    let change = SettingsChange { pacing, ..SettingsChange::default() };
    store.runtime.block_on(store.handle.change_settings(change, || ())).unwrap();
    let after = client.connect(None);
    assert_eq!((after.polls_max_ms, after.retry, after.retry_delay_ms), (1, 2, 10_000));
    let called = client.call(opnum::EC_DO_CONNECT, &legacy_connect(OUTLOOK_2003).encode());
    let Called::Response(stub) = called else { panic!("{called:?}") };
    let legacy = EcDoConnectResponse::decode(&stub).unwrap();
    assert_eq!((legacy.polls_max_ms, legacy.retry, legacy.retry_delay_ms), (1, 2, 10_000));
}

#[test]
fn ms_oxcrpc_r549_r606_r608_r1303_a_version_below_the_minimum_is_ec_version_mismatch() {
    let store = TestStore::start();
    let mut client = store.bind();
    for (row, words, expected) in [
        ("10.65535.0", [10, 0x7FFF, 0], false),
        ("11.0.0.0, old form", [11, 0, 0], true),
        ("11.0.0.0, new form", [0x0B00, 0x8000, 0], true),
        ("0.11.0.0, which looks newer by its words", [11, 0x8000, 0], false),
        ("15.255", [0x0FFF, 0xFFFF, 0xFFFF], true),
        ("nothing", [0, 0, 0], false),
    ] {
        let answer = client.connect_as(None, WireVersion(words));
        let result = if expected { ErrorCode::EC_NONE } else { ErrorCode::EC_VERSION_MISMATCH };
        let best = if expected { WireVersion(words) } else { WireVersion([0x000B, 0x8000, 0]) };
        assert_eq!((answer.result, answer.best_version), (result, best), "{row}");
    }
}

#[test]
fn ms_oxcrpc_r535_r562_r1172_r1943_no_two_sessions_share_an_index_and_each_has_its_stamp() {
    let store = TestStore::start();
    let mut clients = [store.bind(), store.bind()];
    let mut live = BTreeMap::new();
    let mut stamp = None;
    for round in 0..100 {
        let client = &mut clients[round % 2];
        let given = client.connect(None);
        let other = live.insert(given.session_index, given.handle);
        assert_eq!(other, None, "index {} is another session's", given.session_index);
        // The store is stopped between the ticks of its clock: a stamp is its milliseconds.
        let expected = stamp.map_or(given.time_stamp, |last: u32| last.wrapping_add(1_000));
        assert_eq!(given.time_stamp, expected);
        stamp = Some(expected);
        store.advance(1);
        if round % 3 == 0 {
            client.disconnect(given.handle);
            live.remove(&given.session_index);
        }
    }
    assert_eq!(store.sessions(), live.len());
}

#[test]
fn ms_oxcrpc_r489_r4886_ul_flags_of_an_old_client_do_not_disallow_it() {
    let store = TestStore::start();
    let mut client = store.bind();
    for flags in [0, 0x8000] {
        let request = EcDoConnectExRequest { flags, ..connect_request(vec![], OUTLOOK_2003) };
        assert_eq!(connect_ex(&mut client, &request).result, ErrorCode::EC_NONE, "{flags:#x}");
    }
}

#[test]
fn ms_oxcrpc_r21_r579_r4875_auxiliary_lengths_above_1008h_are_bad_stub_data() {
    let bad = Called::Fault(FaultStatus::BAD_STUB_DATA);
    let request = connect_request(vec![], OUTLOOK_2003);
    let long_in = EcDoConnectExRequest { aux_in: vec![0; 0x1009], ..request.clone() };
    let long_out = EcDoConnectExRequest { aux_out_max: 0x1009, ..request.clone() };
    let most = EcDoConnectExRequest { aux_in: vec![0; 0x1008], aux_out_max: 0x1008, ..request };
    for build in [Build::KB_920185, EXCHANGE_2010, EXCHANGE_2013] {
        let store = TestStore::of_build(build);
        let mut client = store.bind();
        for request in [&long_in, &long_out] {
            assert_eq!(client.call(opnum::EC_DO_CONNECT_EX, &request.encode()), bad, "{build}");
        }
        assert_eq!(connect_ex(&mut client, &most).result, ErrorCode::EC_NONE, "{build}");
    }
}

#[test]
fn ms_oxcrpc_r508_r1435_r1850_r1944_linking_ends_with_2010() {
    for (build, links) in [
        (Build::KB_920185, true),
        (EXCHANGE_2007, true),
        (EXCHANGE_2010, false),
        (EXCHANGE_2013, false),
    ] {
        let store = TestStore::of_build(build);
        let mut client = store.bind();
        let first = client.connect(None);
        let request = EcDoConnectExRequest {
            link: first.session_index.into(),
            time_stamp: first.time_stamp,
            ..connect_request(vec![], OUTLOOK_2003)
        };
        assert_eq!(connect_ex(&mut client, &request).result, ErrorCode::EC_NONE);
        let strange = EcDoConnectExRequest { link: 0x7777, time_stamp: 0xABCD_EF01, ..request };
        let second = connect_ex(&mut client, &strange);
        assert_eq!(second.result, ErrorCode::EC_NONE, "{build}: a link to nothing is no error");
        assert_eq!(second.time_stamp == 0xABCD_EF01, !links, "{build}");
        let linked = store.read(|view| {
            let sessions = view.store().sessions_after(None);
            sessions.filter(|session| session.linked_to.is_some()).count()
        });
        assert_eq!(linked == 1, links, "{build}");
    }
}

#[test]
fn ms_oxcrpc_r20_r666_r686_r1939_r4877_lengths_out_of_range_are_bad_stub_data() {
    for build in [Build::KB_920185, EXCHANGE_2010_SP2, EXCHANGE_2013] {
        let (_store, mut client, handle) = connected(build);
        let request = ext2_request(handle, no_rops());
        for (row, request) in [
            ("cbIn", EcDoRpcExt2Request { rgb_in: vec![0; 0x40001], ..request.clone() }),
            ("pcbOut", EcDoRpcExt2Request { rgb_out_max: 0x40001, ..request.clone() }),
            ("cbAuxIn", EcDoRpcExt2Request { aux_in: vec![0; 0x1009], ..request.clone() }),
            ("pcbAuxOut", EcDoRpcExt2Request { aux_out_max: 0x1009, ..request.clone() }),
        ] {
            let answer = client.call(opnum::EC_DO_RPC_EXT2, &request.encode());
            assert_eq!(answer, Called::Fault(FaultStatus::BAD_STUB_DATA), "{build}: {row}");
        }
        let most = EcDoRpcExt2Request { rgb_out_max: 0x40000, aux_in: vec![0; 0x1008], ..request };
        assert_eq!(rpc_ext2(&mut client, &most).result, ErrorCode::EC_NONE, "{build}");
    }
}

#[test]
fn ms_oxcrpc_r664_r697_r698_r1374_r1381_r1508_r1900_r1924_r2001_r2002_each_build_has_its_code_for_lengths()
 {
    const OK: ErrorCode = ErrorCode::EC_NONE;
    const FORMAT: ErrorCode = ErrorCode::EC_RPC_FORMAT;
    const FAILED: ErrorCode = ErrorCode::EC_RPC_FAILED;
    let builds = [Build::KB_920185, EXCHANGE_2007, EXCHANGE_2010, EXCHANGE_2010_SP2, EXCHANGE_2013];
    // A payload of 32 KB: a ROP buffer without operations whose handles fill it.
    let full = RopBuffer { rops: vec![], handles: vec![7; 8190] }.encode();
    let full = rgb::encode_rgb_in(&[full, vec![]].concat(), HeaderFlags::LAST).unwrap();
    assert_eq!(full.len(), 0x8002);
    let too_long = rgb::encode_rgb_in(&vec![0xFF; 0x8000], HeaderFlags::LAST).unwrap();
    assert_eq!(too_long.len(), 0x8008);
    let rows = [
        ("an ordinary one", no_rops(), 0x8008, 0, [OK; 5]),
        ("cbIn 0", vec![], 0x8008, 0, [FORMAT, FORMAT, FAILED, FAILED, FAILED]),
        ("cbIn 7", vec![0; 7], 0x8008, 0, [FORMAT, FORMAT, FAILED, FAILED, FAILED]),
        ("cbIn 8002h", full, 0x9000, 0, [OK; 5]),
        ("cbIn 8008h, malformed", too_long, 0x9000, 0, [FORMAT, FORMAT, FORMAT, FAILED, FAILED]),
        ("pcbOut 0", no_rops(), 0, 0, [FORMAT, FORMAT, FAILED, FAILED, OK]),
        ("pcbOut 7", no_rops(), 7, 0, [FORMAT, FORMAT, FAILED, FAILED, OK]),
        ("pcbOut 8006h", no_rops(), 0x8006, 0, [OK, FORMAT, OK, OK, OK]),
        ("cbAuxIn 1", no_rops(), 0x8008, 1, [OK, OK, FAILED, FAILED, FAILED]),
        ("cbAuxIn 7", no_rops(), 0x8008, 7, [OK, OK, FAILED, FAILED, FAILED]),
    ];
    for (column, build) in builds.into_iter().enumerate() {
        let (_store, mut client, handle) = connected(build);
        for (row, rgb_in, rgb_out_max, aux, expected) in rows.clone() {
            let aux_in = vec![0; aux];
            let request =
                EcDoRpcExt2Request { rgb_out_max, aux_in, ..ext2_request(handle, rgb_in) };
            let answer = rpc_ext2(&mut client, &request);
            assert_eq!(answer.result, expected[column], "{build}: {row}");
            assert_eq!(answer.handle, handle, "{build}: {row}: the session stays");
            assert!(answer.rgb_out.len() <= usize::try_from(rgb_out_max).unwrap(), "R4852");
            assert_eq!(answer.aux_out, [0; 0], "R1926: no build of ours sends any");
            let is_2010 = build.major == 14;
            assert_eq!(answer.flags, if is_2010 { 3 } else { 0 }, "R1899, R1934: {build}: {row}");
        }
    }
}

#[test]
fn ms_oxcrpc_r634_r638_r657_r779_r783_the_answer_is_encoded_as_its_flags_say() {
    let (_store, mut client, handle) = connected(Build::KB_920185);
    let logon = RopBuffer { rops: vec![WireClient::private_logon()], handles: vec![NO_HANDLE] };
    let rgb_in = rgb::encode_rgb_in(&logon.encode(), HeaderFlags::LAST).unwrap();
    for (flags, expected) in [(0, 6), (1, 6), (2, 4), (3, 4), (4, 6), (7, 4), (0xFFFF_FFFF, 4)] {
        let flags = RpcExt2Flags(flags);
        let request = EcDoRpcExt2Request { flags, ..ext2_request(handle, rgb_in.clone()) };
        let answer = rpc_ext2(&mut client, &request);
        assert_eq!((answer.handle, answer.result), (handle, ErrorCode::EC_NONE), "R625, R694");
        assert_eq!(answer.rgb_out[2..4], [expected, 0], "{flags:?}");
        let payloads = rgb::decode_rgb_in(&answer.rgb_out).unwrap();
        assert_eq!(payloads.len(), 1, "R777, R779: one, which is the last");
        let rops = decode_response_buffer(&payloads[0].bytes).unwrap();
        assert!(matches!(rops.responses[..], [RopResponse::Logon(_)]), "R621");
        assert_eq!(answer.aux_out, [0; 0]);
    }
}

#[test]
fn a_chain_of_requests_is_malformed_for_2003() {
    let (_store, mut client, handle) = connected(Build::KB_920185);
    let one = no_rops();
    let mut first = one.clone();
    first[2] = 0;
    let rgb_in = [first, one].concat();
    let answer = rpc_ext2(&mut client, &ext2_request(handle, rgb_in));
    assert_eq!((answer.handle, answer.result), (handle, ErrorCode::EC_RPC_FORMAT));
}

#[test]
fn ms_oxcrpc_r961_answers_that_do_not_fit_a_payload_are_ec_buffer_too_small() {
    let (_store, mut client, handle) = connected(Build::KB_920185);
    let logons = |count| {
        let rops = vec![WireClient::private_logon(); count];
        let buffer = RopBuffer { rops, handles: vec![NO_HANDLE] };
        rgb::encode_rgb_in(&buffer.encode(), HeaderFlags::LAST).unwrap()
    };
    // 197 answers of 166 bytes, RopSize and a handle are 32,708 bytes; one more is above 32 KB.
    for (count, expected) in [(197, ErrorCode::EC_NONE), (198, ErrorCode::EC_BUFFER_TOO_SMALL)] {
        let request =
            EcDoRpcExt2Request { rgb_out_max: 0x40000, ..ext2_request(handle, logons(count)) };
        assert_eq!(rpc_ext2(&mut client, &request).result, expected, "{count}");
    }
}

#[test]
fn ms_oxcrpc_r372_r392_r404_r622_calls_need_a_handle_that_a_connect_gave() {
    let (_store, mut client, handle) = connected(Build::KB_920185);
    let mismatch = Called::Fault(FaultStatus::CONTEXT_MISMATCH);
    let rpc = |handle| EcDoRpcRequest { handle, rops: vec![2, 0], max_data: 0x7FFF }.encode();
    let mut other = handle;
    other[19] ^= 1;
    for handle in [NULL, [0xFF; 20], other] {
        for (opnum, stub) in [
            (opnum::EC_DO_DISCONNECT, EcDoDisconnectRequest { handle }.encode()),
            (opnum::EC_DO_RPC_EXT2, ext2_request(handle, no_rops()).encode()),
            (opnum::EC_DO_RPC, rpc(handle)),
        ] {
            assert_eq!(client.call(opnum, &stub), mismatch, "{opnum}");
        }
    }
    assert_eq!(client.touch(handle, None), (handle, ErrorCode::EC_NONE));
}

#[test]
fn ms_oxcrpc_r401_r406_r408_r476_a_session_lasts_until_it_is_disconnected() {
    let (store, mut client, handle) = connected(Build::KB_920185);
    assert_eq!(store.sessions(), 1);
    assert_eq!(client.disconnect(handle), Called::Response(vec![0; 24]), "a null handle and 0");
    assert_eq!(store.sessions(), 0);
    let after = client.ext2(handle, Vec::<RopRequest>::new(), None);
    assert_eq!(after, Called::Fault(FaultStatus::CONTEXT_MISMATCH));
}

#[test]
fn ms_oxcrpc_r464_r810_the_dummy_call_needs_no_session_and_can_not_fail() {
    let store = TestStore::start();
    let mut client = store.bind();
    for stub in [&[][..], &[0xFF; 100]] {
        assert_eq!(client.call(opnum::EC_DUMMY_RPC, stub), Called::Response(vec![0; 4]));
    }
}

fn legacy_connect(client_version: WireVersion) -> EcDoConnectRequest {
    let request = connect_request(vec![], client_version);
    EcDoConnectRequest {
        user_dn: request.user_dn,
        flags: request.flags,
        con_mod: request.con_mod,
        limit: request.limit,
        code_page: request.code_page,
        lcid_string: request.lcid_string,
        lcid_sort: request.lcid_sort,
        link: request.link,
        can_convert_code_pages: request.can_convert_code_pages,
        client_version,
        time_stamp: request.time_stamp,
    }
}

#[test]
fn a_client_of_opnum_0_has_no_minimum_version_and_calls_by_opnum_2() {
    let store = TestStore::start();
    let mut client = store.bind();
    let outlook_2000 = WireVersion([5, 3165, 0]);
    let called = client.call(opnum::EC_DO_CONNECT, &legacy_connect(outlook_2000).encode());
    let Called::Response(stub) = called else { panic!("{called:?}") };
    let answer = EcDoConnectResponse::decode(&stub).unwrap();
    assert_eq!((answer.result, answer.client_version), (ErrorCode::EC_NONE, outlook_2000));
    let handle = answer.handle;
    let logon = RopBuffer { rops: vec![WireClient::private_logon()], handles: vec![NO_HANDLE] };
    for (max_data, expected) in [
        (0x7FFF, ErrorCode::EC_NONE),
        (172, ErrorCode::EC_NONE),
        (171, ErrorCode::EC_BUFFER_TOO_SMALL),
    ] {
        let request = EcDoRpcRequest { handle, rops: logon.encode(), max_data };
        let called = client.call(opnum::EC_DO_RPC, &request.encode());
        let Called::Response(stub) = called else { panic!("{called:?}") };
        let answer = EcDoRpcResponse::decode(&stub).unwrap();
        assert_eq!((answer.handle, answer.result), (handle, expected), "{max_data}");
        assert_eq!(answer.max_data, max_data);
        if expected == ErrorCode::EC_NONE {
            let responses = decode_response_buffer(&answer.rops).unwrap().responses;
            assert!(matches!(responses[..], [RopResponse::Logon(_)]));
        }
    }
    let malformed = EcDoRpcRequest { handle, rops: vec![0xFF, 0, 1], max_data: 0x7FFF };
    let called = client.call(opnum::EC_DO_RPC, &malformed.encode());
    let Called::Response(stub) = called else { panic!("{called:?}") };
    assert_eq!(EcDoRpcResponse::decode(&stub).unwrap().result, ErrorCode::EC_RPC_FORMAT);
    assert_eq!(client.disconnect(handle), Called::Response(vec![0; 24]));
}
