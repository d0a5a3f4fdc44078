//! The rules of fragments, calls and their answers: rows of the wire notes' table 1.3, one test for each, named
//! after it.

use dcerpc::{
    CallId, FaultStatus, Opnum, PacketCounts, PacketType, PeerMisbehaviour as M,
    PresentationContextId,
};

use super::raw::{
    ACCEPTED, BIND, CANCEL, EMSMDB, FIRST, LAST, MGMT, MPX, NDR20, NOT_EXECUTED, PROTO_ERROR,
    Server, WHOLE, ack, alter, bind, config, fault, pdu, request, request_hinting,
};

#[test]
fn inbound_fragment_over_5840() {
    let mut server = Server::bound();
    let most = vec![7; 5840 - 24];
    assert!(server.feed(&request(WHOLE, 2, 0, 6, &most)).is_empty(), "5840 is taken");
    assert_eq!(server.call().stub, most);
    let over = request(WHOLE, 3, 0, 6, &vec![7; 5841 - 24]);
    let (sent, why) = server.feed_bad(&over[..16]);
    assert_eq!(sent, fault(0, 3, 0, PROTO_ERROR), "the header is enough");
    assert_eq!(why, M::FragmentTooLong { frag_length: 5841 });
}

#[test]
fn inbound_fragment_under_16() {
    let mut server = Server::bound();
    let mut short = request(WHOLE, 3, 0, 6, &[]);
    short[8] = 15;
    let (sent, why) = server.feed_bad(&short);
    assert_eq!(sent, fault(0, 3, 0, PROTO_ERROR));
    assert_eq!(why, M::FragmentTooShort { frag_length: 15 });
}

#[test]
fn reassembly() {
    let mut server = Server::bound();
    assert!(server.feed(&request(FIRST, 2, 0, 6, &[1, 2])).is_empty());
    assert!(server.feed(&request(0, 2, 9, 9, &[])).is_empty());
    assert_eq!(server.association.held_bytes(), 2);
    assert!(!server.association.has_call_in_flight());
    assert!(server.feed(&request(LAST | CANCEL, 2, 9, 9, &[3])).is_empty());
    let call = server.call();
    assert_eq!(call.stub, [1, 2, 3]);
    assert_eq!(call.opnum, Opnum(6), "the first fragment's");
    assert_eq!(call.presentation_context, PresentationContextId(0));
    assert_eq!((call.id, call.interface, call.object), (CallId(2), EMSMDB, None));
    assert!(server.association.has_call_in_flight());
    assert_eq!(server.association.held_bytes(), 0);
}

#[test]
fn non_first_fragment_with_none_pending() {
    for flags in [0, LAST] {
        let mut server = Server::bound();
        let (sent, why) = server.feed_bad(&request(flags, 2, 0, 6, &[]));
        assert_eq!(sent, fault(0, 2, 0, PROTO_ERROR));
        assert_eq!(why, M::FragmentOfNoCall { call: CallId(2) });
    }
}

#[test]
fn non_first_fragment_of_another_call() {
    let mut server = Server::bound_by(config(), &bind(&[(3, EMSMDB, NDR20)]));
    server.feed(&request(FIRST, 50, 3, 6, &[]));
    let (sent, why) = server.feed_bad(&request(LAST, 51, 3, 6, &[]));
    assert_eq!(sent, fault(0, 50, 3, PROTO_ERROR), "the client waits for call 50");
    assert!(matches!(why, M::FragmentOfAnotherCall { .. }));
}

#[test]
fn first_for_a_new_call_while_another_is_incomplete() {
    let mut server = Server::bound_by(config(), &bind(&[(3, EMSMDB, NDR20)]));
    server.feed(&request(FIRST, 50, 3, 6, &[]));
    let (sent, why) = server.feed_bad(&request(FIRST, 51, 3, 6, &[]));
    assert_eq!(sent, fault(0, 50, 3, PROTO_ERROR), "the first call gets it");
    let incomplete = M::CallWhileIncomplete {
        incomplete: CallId(50),
        context: PresentationContextId(3),
        started: CallId(51),
    };
    assert_eq!(why, incomplete);
    assert_eq!(why.to_string(), "call 51 starts while call 50 is incomplete");
}

#[test]
fn first_repeated_for_same_call() {
    for flags in [FIRST, WHOLE, FIRST | 0x08, FIRST | MPX, FIRST | 0x40] {
        let mut server = Server::bound_by(config(), &bind(&[(3, EMSMDB, NDR20)]));
        server.feed(&request(FIRST, 2, 3, 6, &[]));
        let (sent, why) = server.feed_bad(&request(flags, 2, 3, 6, &[]));
        assert_eq!(sent, fault(0, 2, 3, PROTO_ERROR));
        assert!(matches!(why, M::FirstFragmentRepeated { .. }));
    }
}

#[test]
fn first_with_the_id_of_a_call_in_flight() {
    let mut server = Server::bound();
    server.feed(&request(WHOLE, 2, 0, 6, &[]));
    let (sent, why) = server.feed_bad(&request(WHOLE, 2, 0, 6, &[]));
    assert_eq!(sent, fault(0, 2, 0, PROTO_ERROR));
    assert!(matches!(why, M::CallIdInUse { .. }));
}

#[test]
fn an_answered_call_frees_its_id() {
    let mut server = Server::bound();
    for _ in 0..3 {
        server.feed(&request(WHOLE, 1, 0, 6, &[]));
        let call = server.call();
        server.association.respond(call.id, &[0; 4]).unwrap();
        assert!(!server.association.has_call_in_flight());
    }
}

#[test]
fn first_with_pending_cancel() {
    let mut server = Server::bound_by(config(), &bind(&[(3, EMSMDB, NDR20)]));
    let (sent, why) = server.feed_bad(&request(FIRST | CANCEL, 2, 3, 6, &[]));
    assert_eq!(sent, fault(NOT_EXECUTED, 2, 0, 0x6bd));
    assert_eq!(why, M::CancelOnFirstFragment { call: CallId(2) });
}

#[test]
fn first_alloc_hint_over_4_mib() {
    let mut server = Server::bound_by(config(), &bind(&[(3, EMSMDB, NDR20)]));
    let (sent, why) = server.feed_bad(&request_hinting(FIRST, 2, 3, (6, 0x40_0001), &[]));
    assert_eq!(sent, fault(0, 2, 3, 5));
    assert!(matches!(why, M::AllocHintTooLarge { .. }));
}

#[test]
fn alloc_hint_of_a_whole_call_is_any_number() {
    let mut server = Server::bound();
    for hint in [0, 1, u32::MAX] {
        let wire = request_hinting(WHOLE, 2, 0, (6, hint), &[1, 2, 3, 4]);
        assert!(server.feed(&wire).is_empty());
        let call = server.call();
        assert_eq!(call.stub, [1, 2, 3, 4]);
        server.association.respond(call.id, &[]).unwrap();
        server.transmitted();
    }
}

#[test]
fn total_stub_over_4_mib() {
    let part = vec![7; 4096];
    let mut server = Server::bound();
    server.feed(&request_hinting(FIRST, 2, 0, (6, 4 << 20), &part));
    for _ in 0..1022 {
        server.feed(&request(0, 2, 0, 6, &part));
    }
    server.feed(&request(LAST, 2, 0, 6, &part));
    assert_eq!(server.call().stub.len(), 4 << 20, "4 MiB are taken");

    server.feed(&request(FIRST, 3, 0, 6, &part));
    for _ in 0..1023 {
        server.feed(&request(0, 3, 0, 6, &part));
    }
    assert_eq!(server.association.held_bytes(), 4 << 20);
    let (sent, why) = server.feed_bad(&request(LAST, 3, 0, 6, &[7]));
    assert_eq!(sent, fault(0, 3, 0, 5));
    assert!(matches!(why, M::StubTooLarge { .. }));
}

#[test]
fn response() {
    let mut server = Server::bound();
    server.feed(&request(WHOLE, 2, 0, 6, &[]));
    let call = server.call();
    let stub: Vec<_> = (0..12_000_u32).map(|n| n as u8).collect();
    server.association.respond(call.id, &stub).unwrap();
    let sent = server.transmitted();
    let mut rest = &sent[..];
    let mut got: Vec<u8> = Vec::new();
    while !rest.is_empty() {
        let size = usize::from(u16::from_le_bytes([rest[8], rest[9]]));
        let (fragment, after) = rest.split_at(size);
        assert!(size <= 5840);
        let hint = u32::from_le_bytes(fragment[16..20].try_into().unwrap());
        assert_eq!(hint as usize, stub.len() - got.len(), "what is left");
        let flags = (got.is_empty() as u8) | if after.is_empty() { LAST } else { 0 };
        assert_eq!(fragment[3], flags);
        assert!(after.is_empty() || (size - 24).is_multiple_of(8));
        assert_eq!(fragment[20..24], [0; 4]);
        got.extend(&fragment[24..]);
        rest = after;
    }
    assert_eq!(got, stub);
}

#[test]
fn what_was_carried_is_told_once() {
    let mut server = Server::bound();
    server.feed(&request(FIRST, 2, 0, 6, &[]));
    server.feed(&request(LAST, 2, 0, 6, &[]));
    server.feed(&request(WHOLE, 3, 9, 6, &[]));
    server.association.respond(CallId(2), &[0; 6000]).unwrap();
    let counts = PacketCounts { calls: 1, received: 4, sent: 4 };
    assert_eq!(
        server.association.take_packet_counts(),
        counts,
        "a bind_ack, a fault, a response of two"
    );
    assert_eq!(server.association.take_packet_counts(), PacketCounts::default());
}

#[test]
fn a_call_is_answered_once() {
    let mut server = Server::bound();
    server.feed(&request(WHOLE, 2, 0, 6, &[]));
    let id = server.call().id;
    server.association.respond(id, &[]).unwrap();
    assert!(server.association.respond(id, &[]).is_err());
    let again = server.association.fault(id, FaultStatus::BAD_STUB_DATA);
    assert_eq!(again.unwrap_err().to_string(), "call 2 is not in flight");
}

#[test]
fn co_cancel_and_orphaned() {
    for ptype in [18, 19] {
        let mut server = Server::bound();
        assert!(server.feed(&pdu(ptype, WHOLE, 3, &[])).is_empty(), "of no call");
        server.feed(&request(FIRST, 4, 0, 6, &[1]));
        assert!(server.feed(&pdu(ptype, WHOLE, 4, &[])).is_empty(), "of an incomplete call");
        server.feed(&request(LAST, 4, 0, 6, &[2]));
        assert!(server.feed(&pdu(ptype, WHOLE, 4, &[])).is_empty(), "of a call in flight");
        let call = server.call();
        assert_eq!(call.stub, [1, 2]);
        assert!(server.association.respond(call.id, &[]).is_ok());
    }
}

#[test]
fn alter_context_in_mid_call() {
    let mut server = Server::bound();
    server.feed(&request(FIRST, 4, 0, 6, &[1]));
    let sent = server.feed(&alter(5, &[(1, MGMT, NDR20)]));
    assert_eq!(sent, ack(15, WHOLE, 5, 5840, &[ACCEPTED]));
    server.feed(&request(LAST, 4, 0, 6, &[2]));
    assert_eq!(server.call().stub, [1, 2]);
}

#[test]
fn pfc_40_and_80_in_a_request() {
    let mut server = Server::bound();
    server.feed(&request(WHOLE | 0x40, 2, 0, 6, &[9; 16]));
    let call = server.call();
    assert_eq!((call.object, call.stub.len()), (None, 16), "a maybe is a call like any");
    server.association.respond(call.id, &[]).unwrap();
    assert_eq!(server.transmitted()[3], WHOLE, "and is answered");

    let object = MGMT.uuid;
    let stub = [&object.to_bytes_le()[..], &[1, 2, 3]].concat();
    server.feed(&request(WHOLE | 0x80, 3, 0, 6, &stub));
    let call = server.call();
    assert_eq!((call.object, call.stub), (Some(object), vec![1, 2, 3]));
}

#[test]
fn request_on_unknown_ctx_id() {
    let mut server = Server::bound();
    let unknown = fault(NOT_EXECUTED, 2, 0, 0x1c01_0003);
    assert_eq!(server.feed(&request(WHOLE, 2, 12345, 6, &[])), unknown);
    server.feed(&request(WHOLE, 3, 0, 6, &[]));
    assert_eq!(server.calls.len(), 1, "the connection stays");
}

#[test]
fn later_fragments_of_a_request_on_unknown_ctx_id_are_dropped() {
    let mut server = Server::bound();
    let unknown = fault(NOT_EXECUTED, 2, 0, 0x1c01_0003);
    assert_eq!(server.feed(&request(FIRST, 2, 9, 6, &[1])), unknown);
    assert!(server.feed(&request(0, 2, 9, 6, &[1])).is_empty());
    assert!(server.feed(&request(LAST, 2, 9, 6, &[1])).is_empty());
    assert_eq!(server.feed(&request(FIRST, 3, 9, 6, &[1])).len(), 32);
    assert!(server.feed(&request(WHOLE, 4, 0, 6, &[])).is_empty(), "or never come");
    assert_eq!(server.calls.len(), 1);
    let (_, why) = server.feed_bad(&request(LAST, 3, 9, 6, &[]));
    assert_eq!(why, M::FragmentOfNoCall { call: CallId(3) });
}

#[test]
fn opnum_out_of_range() {
    let mut server = Server::bound_by(config(), &bind(&[(3, EMSMDB, NDR20)]));
    server.feed(&request(WHOLE, 2, 3, 0xffff, &[]));
    let call = server.call();
    assert_eq!(call.opnum, Opnum(0xffff), "the owner judges");
    let status = FaultStatus::OP_RNG_ERROR;
    server.association.fault(call.id, status).unwrap();
    let expected = fault(NOT_EXECUTED, 2, 3, 0x1c01_0002);
    assert_eq!(server.transmitted(), expected);
    assert!(!server.association.is_closing());
}

#[test]
fn faults_tell_whether_the_call_was_run() {
    for (status, flags) in [
        (FaultStatus::OP_RNG_ERROR, NOT_EXECUTED),
        (FaultStatus::UNK_IF, NOT_EXECUTED),
        (FaultStatus::SERVER_TOO_BUSY, NOT_EXECUTED),
        (FaultStatus::BAD_STUB_DATA, 0),
        (FaultStatus::CONTEXT_MISMATCH, 0),
        (FaultStatus::ACCESS_DENIED, 0),
    ] {
        let mut server = Server::bound();
        server.feed(&request(WHOLE, 2, 0, 6, &[]));
        server.association.fault(CallId(2), status).unwrap();
        assert_eq!(server.transmitted(), fault(flags, 2, 0, status.0), "{status}");
    }
}

#[test]
fn response_ctx_id() {
    let mut server = Server::bound_by(config(), &bind(&[(0xff12, EMSMDB, NDR20)]));
    server.feed(&request(WHOLE, 2, 0xff12, 6, &[]));
    server.association.respond(CallId(2), &[0; 4]).unwrap();
    assert_eq!(server.transmitted()[20..22], [0x12, 0], "the low octet");
    server.feed(&request(WHOLE, 3, 0xff12, 6, &[]));
    let status = FaultStatus::BAD_STUB_DATA;
    server.association.fault(CallId(3), status).unwrap();
    assert_eq!(server.transmitted()[20..22], [0x12, 0xff], "a fault has both");
}

#[test]
fn a_pdu_that_no_server_receives() {
    for ptype in [2, 3, 12, 13, 15, 16, 17, 20, 99] {
        let mut server = Server::bound();
        let (sent, why) = server.feed_bad(&pdu(ptype, WHOLE, 6, &[0; 24]));
        let packet_type = PacketType(ptype);
        assert_eq!(sent, fault(NOT_EXECUTED, 6, 0, PROTO_ERROR), "{packet_type}");
        assert_eq!(why, M::UnexpectedPacket { packet_type });
    }
}

#[test]
fn an_unreadable_request_or_alter_context() {
    let (sent, _) = Server::bound().feed_bad(&pdu(0, WHOLE, 6, &[0; 7]));
    assert_eq!(sent, fault(0, 6, 0, PROTO_ERROR));
    let (sent, _) = Server::bound().feed_bad(&pdu(0, WHOLE | 0x80, 6, &[0; 8]));
    assert_eq!(sent, fault(0, 6, 0, PROTO_ERROR), "no object");
    let (sent, _) = Server::bound().feed_bad(&pdu(14, WHOLE, 6, &[0; 7]));
    assert_eq!(sent, fault(NOT_EXECUTED, 6, 0, PROTO_ERROR));
}

#[test]
fn calls_that_wait_for_their_answer_are_capped() {
    let mut limited = config();
    limited.max_pending_calls = 1;
    let mut server = Server::bound_by(limited, BIND);
    server.feed(&request(WHOLE, 2, 0, 6, &[]));
    let busy = fault(NOT_EXECUTED, 3, 0, 0x1c01_0014);
    assert_eq!(server.feed(&request(WHOLE, 3, 0, 6, &[])), busy);
    server.association.respond(CallId(2), &[]).unwrap();
    server.transmitted();
    assert!(server.feed(&request(WHOLE, 4, 0, 6, &[])).is_empty(), "the connection stays");
}

#[test]
fn a_closed_association_transmits_what_it_has_and_reads_nothing() {
    let mut server = Server::bound();
    server.feed(&request(WHOLE, 2, 0, 6, &[]));
    server.feed(&request(WHOLE, 3, 0, 6, &[]));
    server.association.respond(CallId(2), &[0; 4]).unwrap();
    server.association.close();
    assert!(server.association.is_closing());
    assert!(!server.association.has_call_in_flight());
    server.association.respond(CallId(3), &[0; 4]).unwrap();
    assert_eq!(server.feed(&request(WHOLE, 4, 0, 6, &[])), {
        let mut body = 4_u32.to_le_bytes().to_vec();
        body.extend([0; 8]);
        pdu(2, WHOLE, 2, &body)
    });
    assert_eq!(server.calls.len(), 2);
}
