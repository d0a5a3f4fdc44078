//! A request that comes in several fragments, cut inside the process name: the policy sees the whole name all the same.

use emsmdb::{ErrorCode, opnum};

use super::TestStore;
use super::wire_client::{NULL, OUTLOOK_2003, WireClient, connect_request};
use crate::emsmdb::direct2::framed;

const FIRST: u8 = 1;
const LAST: u8 = 2;
/// The header of a request PDU with its alloc_hint, context and opnum, in bytes.
const HEADER: usize = 24;

/// `rgbAuxIn` with one AUX_PERF_PROCESSINFO.
fn aux_in(name: &str) -> Vec<u8> {
    let name: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
    let size = u8::try_from(28 + name.len()).unwrap();
    let fixed = [&[size, 0, 2, 0x0B, 1, 0, 0, 0][..], &[7; 16], &[28, 0, 0, 0]].concat();
    let block = [fixed, name].concat();
    framed(4, &block, block.len())
}

/// A request PDU as several, its stub cut at these places.
fn fragments(pdu: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
    let (header, stub) = pdu.split_at(HEADER);
    let starts = [&[0], cuts].concat();
    let ends = [cuts, &[stub.len()]].concat();
    let fragment = |(start, end): (usize, usize)| {
        let mut fragment = [header, &stub[start..end]].concat();
        let first = if start == 0 { FIRST } else { 0 };
        let last = if end == stub.len() { LAST } else { 0 };
        fragment[3] = first | last;
        let length = u16::try_from(fragment.len()).unwrap();
        fragment[8..10].copy_from_slice(&length.to_le_bytes());
        fragment[16..20].copy_from_slice(&u32::try_from(stub.len() - start).unwrap().to_le_bytes());
        fragment
    };
    starts.into_iter().zip(ends).map(fragment).collect()
}

/// The places in the stub that lie in the name, and its two ends.
fn places(stub: &[u8], name: &str) -> std::ops::RangeInclusive<usize> {
    let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let start = stub.windows(name.len()).position(|bytes| bytes == name).expect("the name");
    start..=start + name.len()
}

/// Connects as `name`, the request cut at these places; whether it got in.
fn is_admitted(client: &mut WireClient, stub: &[u8], cuts: &[usize]) -> bool {
    client.send_split(opnum::EC_DO_CONNECT_EX, stub, |pdu| {
        let fragments = fragments(pdu, cuts);
        assert_eq!(fragments.len(), cuts.len() + 1);
        fragments
    });
    let connected = client.connected();
    let refused = connected.result == ErrorCode::EC_CLIENT_VER_DISALLOWED;
    assert!(refused || connected.result == ErrorCode::EC_NONE, "{:?}", connected.result);
    assert_eq!(connected.handle == NULL, refused);
    !refused
}

#[test]
fn a_name_cut_in_two_or_three_fragments_at_any_byte_is_recognised() {
    let store = TestStore::start();
    store.block("mdl.exe");
    store.quarter_of_an_hour();
    let mut client = store.bind();
    for (name, admitted) in [("mdl.exe", false), ("mdk.exe", true)] {
        let stub = connect_request(aux_in(name), OUTLOOK_2003).encode();
        let places = places(&stub, name);
        assert_eq!(places.clone().count(), 15, "seven characters of two bytes, and an end");
        for first in places.clone() {
            assert_eq!(is_admitted(&mut client, &stub, &[first]), admitted, "{name} {first}");
            for second in first + 1..=*places.end() {
                let cuts = [first, second];
                assert_eq!(is_admitted(&mut client, &stub, &cuts), admitted, "{name} {cuts:?}");
            }
        }
    }
    assert_eq!(store.sessions(), 15 + 105);
    assert_eq!(store.read(|view| view.store().counts().unidentified), 0);
}

#[test]
fn a_fragment_for_each_byte_of_the_name_is_not_too_many() {
    let store = TestStore::start();
    store.block("mdl.exe");
    store.quarter_of_an_hour();
    let mut client = store.bind();
    for (name, admitted) in [("mdl.exe", false), ("mdk.exe", true)] {
        let stub = connect_request(aux_in(name), OUTLOOK_2003).encode();
        let cuts: Vec<usize> = places(&stub, name).collect();
        assert_eq!(is_admitted(&mut client, &stub, &cuts), admitted, "{name}");
    }
}
