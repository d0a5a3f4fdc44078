//! Several calls at once, where the client asked for CONC_MPX.

use dcerpc::{AssociationConfig, CallId, PeerMisbehaviour as M, SyntaxId};

use super::raw::{
    EMSMDB, FIRST, LAST, MPX, PROTO_ERROR, Server, WHOLE, bind_flagged, config, fault, pdu, request,
};

fn multiplexed(config: AssociationConfig) -> Server {
    let offers = [(3, EMSMDB, &[SyntaxId::NDR20][..])];
    Server::bound_by(config, &bind_flagged(WHOLE | MPX, &offers))
}

#[test]
fn fragments_of_several_calls_interleave() {
    let mut server = multiplexed(config());
    server.feed(&request(FIRST, 2, 3, 6, &[1]));
    server.feed(&request(FIRST, 3, 3, 7, &[10]));
    server.feed(&request(0, 2, 3, 6, &[2]));
    server.feed(&request(WHOLE, 4, 3, 8, &[100]));
    server.feed(&request(LAST, 3, 3, 7, &[11]));
    server.feed(&request(LAST, 2, 3, 6, &[3]));
    let calls: Vec<_> = server.calls.iter().map(|c| (c.id.0, c.opnum.0, &c.stub[..])).collect();
    let expected: [(u32, u16, &[u8]); 3] = [(4, 8, &[100]), (3, 7, &[10, 11]), (2, 6, &[1, 2, 3])];
    assert_eq!(calls, expected, "in the order of their last fragments");
    assert_eq!(server.association.held_bytes(), 0);
}

#[test]
fn calls_are_answered_in_any_order() {
    let mut server = multiplexed(config());
    for id in 2..5 {
        server.feed(&request(WHOLE, id, 3, 6, &[]));
    }
    let mut answered = Vec::new();
    for id in [3, 4, 2] {
        server.association.respond(CallId(id), &[0; 4]).unwrap();
        answered.push(u32::from(server.transmitted()[12]));
    }
    assert_eq!(answered, [3, 4, 2]);
}

#[test]
fn incomplete_calls_are_capped() {
    let mut limited = config();
    limited.max_incomplete_calls = 2;
    let mut server = multiplexed(limited);
    server.feed(&request(FIRST, 2, 3, 6, &[]));
    server.feed(&request(FIRST, 3, 3, 6, &[]));
    let (sent, why) = server.feed_bad(&request(FIRST, 4, 3, 6, &[]));
    assert_eq!(sent, fault(0, 4, 0, PROTO_ERROR));
    assert_eq!(why, M::TooManyIncompleteCalls { limit: 2 });
}

#[test]
fn incomplete_calls_share_the_limit_of_a_stub() {
    let mut limited = config();
    limited.max_stub = 100;
    let mut server = multiplexed(limited);
    server.feed(&request(FIRST, 2, 3, 6, &[7; 60]));
    server.feed(&request(FIRST, 3, 3, 6, &[7; 40]));
    let (sent, why) = server.feed_bad(&request(0, 2, 3, 6, &[7]));
    assert_eq!(sent, fault(0, 2, 3, 5));
    assert!(matches!(why, M::StubTooLarge { size: 101, .. }));
}

#[test]
fn a_first_fragment_is_repeated_by_one_call_only() {
    let mut server = multiplexed(config());
    server.feed(&request(FIRST, 2, 3, 6, &[]));
    server.feed(&request(FIRST, 3, 3, 6, &[]));
    let (sent, _) = server.feed_bad(&request(FIRST, 3, 3, 6, &[]));
    assert_eq!(sent, fault(0, 3, 3, PROTO_ERROR));
}

#[test]
fn a_stray_fragment_is_its_own_call_s_fault() {
    let mut server = multiplexed(config());
    server.feed(&request(FIRST, 2, 3, 6, &[]));
    let (sent, _) = server.feed_bad(&request(LAST, 9, 3, 6, &[]));
    assert_eq!(sent, fault(0, 9, 0, PROTO_ERROR));
}

#[test]
fn an_unknown_context_while_another_call_is_incomplete_closes() {
    let mut server = multiplexed(config());
    server.feed(&request(FIRST, 1, 3, 0, &[]));
    server.feed(&pdu(19, WHOLE, 1, &[]));
    let (sent, why) = server.feed_bad(&request(WHOLE, 2, 2, 0, &[]));
    assert_eq!(sent, fault(0, 2, 0, PROTO_ERROR));
    assert!(matches!(why, M::UnknownContextWhileIncomplete { .. }));
}
