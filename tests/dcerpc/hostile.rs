//! Garbage, truncation and corruption: no panic, bounded memory, one clear error each.

use dcerpc::Association;
use proptest::prelude::*;

use super::oracle::{check_client_cut, check_cut, check_decode, observe};
use super::raw::{
    BIND, BIND_ACK, FIRST, Server, WHOLE, config, fault, pdu, request, request_hinting,
};

#[test]
fn every_truncation_of_a_pdu_just_waits() {
    for wire in [BIND, &request(WHOLE, 2, 0, 6, &[1; 20])[..]] {
        for size in 0..wire.len() {
            let seen = observe(&wire[..size], &[]);
            assert!(seen.events.is_empty(), "{size}");
            assert_eq!(seen.error, None, "{size}");
        }
    }
}

#[test]
fn every_length_that_a_header_can_say_is_judged() {
    for wire in [BIND.to_vec(), request(WHOLE, 2, 0, 6, &[1; 20])] {
        for length in (0..=u16::MAX).step_by(7).chain([15, 16, 5840, 5841]) {
            let mut bad = wire.clone();
            bad[8..10].copy_from_slice(&length.to_le_bytes());
            let mut stream = BIND.to_vec();
            stream.extend(&bad);
            observe(&stream, &[]);
            observe(&bad, &[]);
        }
    }
}

#[test]
fn every_flipped_bit_of_a_bind_is_answered_or_refused() {
    for bit in 0..BIND.len() * 8 {
        let mut wire = BIND.to_vec();
        wire[bit / 8] ^= 1 << (bit % 8);
        let seen = observe(&wire, &[]);
        check_cut(&wire, &[bit / 8, 1]);
        if let Some(error) = seen.error {
            assert_eq!(error.offset, 0, "{error}");
        }
    }
}

#[test]
fn an_alloc_hint_allocates_nothing() {
    let mut server = Server::bound();
    server.feed(&request_hinting(FIRST, 2, 0, (6, 4 << 20), &[1; 8]));
    assert_eq!(server.association.held_bytes(), 8);
}

#[test]
fn fragments_without_stub_hold_nothing() {
    let mut server = Server::bound();
    server.feed(&request(FIRST, 2, 0, 6, &[]));
    for _ in 0..10_000 {
        server.feed(&request(0, 2, 0, 6, &[]));
    }
    assert_eq!(server.association.held_bytes(), 0);
}

#[test]
fn an_oversized_fragment_is_refused_by_its_header() {
    let mut server = Server::bound();
    let header = [5, 0, 0, 3, 0x10, 0, 0, 0, 0xff, 0xff, 0, 0, 9, 0, 0, 0];
    for byte in &header[..15] {
        assert!(server.feed(&[*byte]).is_empty());
    }
    let (sent, _) = server.feed_bad(&header[15..]);
    assert_eq!(sent, fault(0, 9, 0, 0x1c01_000b));
}

#[test]
fn an_idle_association_is_small_and_holds_nothing() {
    assert!(size_of::<Association>() <= 320, "{}", size_of::<Association>());
    let mut server = Server::bound();
    server.feed(&request(WHOLE, 2, 0, 6, &[1; 1000]));
    let call = server.call();
    server.association.respond(call.id, &[0; 9000]).unwrap();
    server.transmitted();
    assert_eq!(server.association.held_bytes(), 0);
}

#[test]
fn a_stream_of_another_protocol_ends_at_once() {
    for (row, bytes) in [
        ("HTTP", &b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..]),
        ("TLS", &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 0, 0, 0, 0, 0]),
    ] {
        let seen = observe(bytes, &[]);
        assert!(seen.error.is_some(), "{row}");
        assert_eq!(seen.sent.len(), 24, "{row}: a bind_nak");
    }
}

proptest! {
    #[test]
    fn garbage_is_survived(
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        cuts in prop::collection::vec(any::<usize>(), 0..4),
    ) {
        check_cut(&bytes, &cuts);
        check_client_cut(&bytes, &cuts);
        check_decode(&bytes);
    }

    #[test]
    fn garbage_after_a_bind_is_survived(
        garbage in prop::collection::vec(any::<u8>(), 0..600),
        cuts in prop::collection::vec(any::<usize>(), 0..4),
    ) {
        let mut stream = BIND.to_vec();
        stream.extend(&garbage);
        check_cut(&stream, &cuts);
        let mut answer = BIND_ACK.to_vec();
        answer.extend(&garbage);
        check_client_cut(&answer, &cuts);
    }

    #[test]
    fn garbage_in_a_good_header_is_survived(
        (ptype, flags, call) in (0..21_u8, any::<u8>(), 0..5_u32),
        body in prop::collection::vec(any::<u8>(), 0..300),
        auth_length in prop_oneof![3 => Just(0), 1 => any::<u16>()],
    ) {
        let mut wire = pdu(ptype, flags, call, &body);
        wire[10..12].copy_from_slice(&auth_length.to_le_bytes());
        check_decode(&wire);
        check_cut(&wire, &[7, 30]);
        let mut stream = BIND.to_vec();
        stream.extend(&wire);
        check_cut(&stream, &[120, 9]);
        let mut answer = BIND_ACK.to_vec();
        answer.extend(&wire);
        check_client_cut(&answer, &[90, 9]);
    }

    #[test]
    fn an_error_names_the_pdu_that_is_at_fault(calls in 0..20_u32) {
        let mut server = Server::new(config());
        let mut stream = BIND.to_vec();
        for id in 0..calls {
            stream.extend(request(WHOLE, id + 2, 0, 6, &[0; 5]));
        }
        let offset = stream.len() as u64;
        stream.extend(pdu(2, WHOLE, 1, &[0; 8]));
        let (_, error) = server.try_feed(&stream);
        prop_assert_eq!(error.map(|e| e.offset), Some(offset));
        prop_assert_eq!(server.calls.len(), calls as usize);
    }
}
