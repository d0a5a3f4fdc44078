//! Any split of a stream gives the same events: every split point of some streams, random splits of random
//! ones.

use dcerpc::RpcEvent;
use proptest::prelude::*;

use super::oracle::{check_client_cut, check_cut, observe, syntaxes};
use super::raw::{
    ACCEPTED, BIND, EMSMDB, EPM, FIRST, LAST, MGMT, MPX, UNKNOWN, WHOLE, ack, alter, bind_flagged,
    fault, pdu, request,
};

/// A bind, a call in three fragments, a call in one, a fault's cause, and a second bind that ends it.
fn eventful() -> Vec<u8> {
    let mut stream = BIND.to_vec();
    stream.extend(request(FIRST, 2, 0, 10, &[1; 30]));
    stream.extend(request(0, 2, 0, 10, &[2; 11]));
    stream.extend(pdu(18, WHOLE, 2, &[]));
    stream.extend(request(LAST, 2, 0, 10, &[3; 7]));
    stream.extend(request(WHOLE, 3, 0, 6, &[]));
    stream.extend(request(WHOLE, 4, 9, 6, &[]));
    stream.extend(alter(5, &[(4, MGMT, &syntaxes())]));
    stream.extend(BIND);
    stream
}

#[test]
fn every_split_point_gives_the_same_events() {
    let stream = eventful();
    let whole = observe(&stream, &[]);
    let calls = whole.events.iter().filter(|e| matches!(e, RpcEvent::Call(_)));
    assert_eq!(calls.count(), 2);
    let error = whole.error.expect("the second bind ends it");
    let offset = stream.len() - BIND.len();
    assert_eq!(error.to_string(), format!("a second bind, in the pdu at stream offset {offset}"));
    for cut in 0..=stream.len() {
        check_cut(&stream, &[cut]);
    }
}

#[test]
fn every_pair_of_split_points_in_the_first_pdus_gives_the_same_events() {
    let mut stream = BIND.to_vec();
    stream.extend(request(FIRST, 2, 0, 10, &[1; 9]));
    stream.extend(request(LAST, 2, 0, 10, &[2; 3]));
    for first in 0..=stream.len() {
        for second in (0..stream.len() - first).step_by(3) {
            check_cut(&stream, &[first, second]);
        }
    }
}

#[test]
fn one_byte_at_a_time_gives_the_same_events() {
    let stream = eventful();
    check_cut(&stream, &vec![1; stream.len()]);
}

#[test]
fn a_client_takes_any_split_too() {
    let mut stream = ack(12, WHOLE, 1, 5840, &[ACCEPTED]);
    for (flags, stub) in [(FIRST, &[1; 5][..]), (0, &[2; 3]), (LAST, &[3; 4])] {
        let mut body = vec![0; 8];
        body.extend(stub);
        stream.extend(pdu(2, flags, 2, &body));
    }
    stream.extend(fault(0, 3, 0, 0x6f7));
    stream.extend(fault(0, 99, 0, 0x6f7));
    for cut in 0..=stream.len() {
        check_client_cut(&stream, &[cut]);
    }
    check_client_cut(&stream, &vec![1; stream.len()]);
}

/// PDUs that are mostly well-formed and often out of place.
fn any_pdu() -> impl Strategy<Value = Vec<u8>> {
    let flags = prop_oneof![4 => 0..4_u8, 1 => any::<u8>()];
    let stub = prop::collection::vec(any::<u8>(), 0..50);
    let large = prop::collection::vec(Just(7), 4000..5000);
    let call = 1..5_u32;
    let request_of = |((flags, call), (context, opnum), stub): ((u8, u32), (u16, u16), Vec<u8>)| {
        request(flags, call, context, opnum, &stub)
    };
    let targets = (0..4_u16, 0..12_u16);
    let small = ((flags.clone(), call.clone()), targets.clone(), stub.clone());
    let big = ((0..3_u8, call.clone()), targets, large);
    prop_oneof![
        8 => small.prop_map(request_of),
        2 => big.prop_map(request_of),
        2 => (0..4_u16, 0..4_usize, 0..4_usize).prop_map(|(id, interface, syntax)| {
            let interface = [EMSMDB, EPM, MGMT, UNKNOWN][interface];
            alter(9, &[(id, interface, &syntaxes()[syntax..])])
        }),
        2 => (any::<u8>(), flags, call, stub).prop_map(|(t, f, c, body)| pdu(t % 21, f, c, &body)),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ]
}

fn any_stream() -> impl Strategy<Value = Vec<u8>> {
    let offers = [(0, EMSMDB, &syntaxes()[..1])].map(|(id, i, t)| (id, i, t.to_vec()));
    let bind = prop_oneof![Just(WHOLE), Just(WHOLE | MPX)].prop_map(move |flags| {
        let (id, interface, transfers) = &offers[0];
        bind_flagged(flags, &[(*id, *interface, transfers)])
    });
    (bind, prop::collection::vec(any_pdu(), 0..12)).prop_map(|(mut stream, pdus)| {
        stream.extend(pdus.concat());
        stream
    })
}

proptest! {
    #[test]
    fn random_streams_survive_random_splits(
        stream in any_stream(),
        cuts in prop::collection::vec(any::<usize>(), 0..12),
    ) {
        check_cut(&stream, &cuts);
    }

    #[test]
    fn random_streams_survive_small_splits(
        stream in any_stream(),
        cuts in prop::collection::vec(0..40_usize, 0..60),
    ) {
        check_cut(&stream, &cuts);
    }
}
