//! Authenticated associations: NTLM at each level, several security contexts, and what is refused.

use dcerpc::ntlm::Identity;
use dcerpc::{AuthLevel, PeerMisbehaviour as M, SecurityOptions};

use super::raw::{
    ACCEPTED, BIND, BIND_ACK, EMSMDB, FIRST, LAST, NDR20, NOT_EXECUTED, PROTO_ERROR, WHOLE, ack,
    alter, bind, bind_flagged, bind_nak, fault, pdu, request,
};
use super::secure::{
    CONNECT, INTEGRITY, LEVELS, PACKET, PRIVACY, SEC_PKG_ERROR, Secured, initiator,
    initiator_wanting, pdus, secure_config, secure_server, secure_server_of, value_of, wanted,
    with_value,
};

const ALICE: (&str, &str) = ("alice", "alice's");
const STUB: &[u8] = b"sixteen bytes and some more";

fn user(identity: Option<&Identity>) -> &str {
    match identity {
        Some(Identity::User(name)) => &name.user,
        Some(Identity::Anonymous) | None => "",
    }
}

/// Row "NTLM raw (10)".
#[test]
fn ntlm_in_three_legs_at_every_level() {
    for level in LEVELS {
        let mut server = secure_server();
        let mut client = Secured::bind(&mut server, ALICE, level);
        for call in 2..5 {
            assert!(server.feed(&client.request(WHOLE, call, 6, STUB)).is_empty());
            let called = server.call();
            assert_eq!((called.opnum.0, &*called.stub), (6, STUB), "level {level}");
            assert_eq!(called.security.level, AuthLevel(level));
            assert_eq!(user(called.security.identity.as_deref()), "alice");
            server.association.respond(called.id, b"the answer").unwrap();
            assert_eq!(client.stub_of(&server.transmitted()), b"the answer", "level {level}");
        }
    }
}

/// The last leg can come in an alter_context too: its answer has a trailer without a value.
#[test]
fn ntlm_whose_last_leg_is_an_alter_context() {
    let mut server = secure_server();
    let initiator = initiator("alice", "alice's", INTEGRITY);
    let bound = server.feed(&with_value(BIND.to_vec(), (10, INTEGRITY), 9, &initiator.negotiate()));
    let (token, session) = initiator.authenticate(value_of(&bound)).unwrap();
    let offers = [(0, EMSMDB, NDR20)];
    let sent = server.feed(&with_value(alter(2, &offers), (10, INTEGRITY), 9, &token));
    let mut expected = ack(15, WHOLE, 2, 5840, &[ACCEPTED]);
    expected.extend([10, INTEGRITY, 0, 0, 9, 0, 0, 0]);
    expected[8] += 8;
    assert_eq!(sent, expected);
    let mut client =
        Secured { session, auth_type: 10, level: INTEGRITY, id: 9, padding: (4, 0xbb) };
    server.feed(&client.request(WHOLE, 3, 6, STUB));
    assert_eq!(server.call().stub, STUB);
}

/// Row "bad credentials": silence after the auth3, and fault 5 for the first request.
#[test]
fn a_wrong_password_is_refused_at_every_level() {
    for level in LEVELS {
        for password in ["", "bob's", "Alice's", "alice's "] {
            let mut server = secure_server();
            let mut client = Secured::bind(&mut server, ("alice", password), level);
            let (sent, why) = server.feed_bad(&client.request(WHOLE, 2, 6, STUB));
            assert_eq!(sent, fault(0, 2, 0, 5), "level {level}, password `{password}`");
            assert!(matches!(why, M::NotAuthenticated { .. }), "{why}");
            assert!(why.to_string().contains("the password of `alice`"), "{why}");
            assert!(server.calls.is_empty());
        }
        let mut server = secure_server();
        Secured::bind(&mut server, ("alice", "wrong"), level);
        let (sent, _) = server.feed_bad(&request(WHOLE, 2, 0, 6, STUB));
        assert_eq!(sent, fault(0, 2, 0, 5), "without a trailer, level {level}");
    }
}

#[test]
fn a_wrong_password_in_an_alter_context_gets_fault_5() {
    let mut server = secure_server();
    server.feed(BIND);
    let initiator = initiator("alice", "bob's", PACKET);
    let offers = [(0, EMSMDB, NDR20)];
    let sent = server.feed(&with_value(alter(2, &offers), (10, PACKET), 1, &initiator.negotiate()));
    let (token, _) = initiator.authenticate(value_of(&sent)).unwrap();
    let last = with_value(alter(3, &offers), (10, PACKET), 1, &token);
    let (sent, why) = server.feed_bad(&last);
    assert_eq!(sent, fault(NOT_EXECUTED, 3, 0, 5));
    assert!(why.to_string().contains("the password of `alice`"), "{why}");
}

/// Row "Level 2 (connect)": with a dummy signature, with any, and without a trailer.
#[test]
fn at_level_connect_requests_need_no_signature() {
    let mut server = secure_server();
    let mut client = Secured::bind(&mut server, ALICE, CONNECT);
    let mut odd = client.request(WHOLE, 3, 6, STUB);
    *odd.last_mut().unwrap() ^= 0xff;
    for request in [client.request(WHOLE, 2, 6, STUB), odd, request(WHOLE, 4, 0, 6, STUB)] {
        server.feed(&request);
        let called = server.call();
        assert_eq!((&*called.stub, called.security.level), (STUB, AuthLevel::CONNECT));
        assert_eq!(user(called.security.identity.as_deref()), "alice");
    }
}

/// Row "Levels 4-6: on every request/response fragment".
#[test]
fn above_level_connect_a_request_without_a_trailer_gets_fault_5() {
    for level in [PACKET, INTEGRITY, PRIVACY] {
        let mut server = secure_server();
        Secured::bind(&mut server, ALICE, level);
        let (sent, why) = server.feed_bad(&request(WHOLE, 2, 0, 6, STUB));
        assert_eq!(sent, fault(0, 2, 0, 5));
        assert!(matches!(why, M::AuthTrailerMissing { .. }), "{why}");
    }
}

/// Row "Stub is padded": to 16 bytes, to 4, or not at all, with any bytes.
#[test]
fn padding_of_any_length_and_content_is_stripped() {
    for level in LEVELS {
        for padding in [(16, 0), (4, 0xbb), (8, 0xff), (1, 0)] {
            let mut server = secure_server();
            let mut client = Secured::bind(&mut server, ALICE, level);
            client.padding = padding;
            for length in 0..20 {
                let stub = STUB.get(..length).unwrap();
                server.feed(&client.request(WHOLE, 2, 6, stub));
                let called = server.call();
                assert_eq!(called.stub, stub, "level {level}, padded {padding:?}");
                server.association.respond(called.id, stub).unwrap();
                assert_eq!(client.stub_of(&server.transmitted()), stub);
            }
        }
    }
}

#[test]
fn padding_longer_than_the_stub_is_a_protocol_error() {
    let mut server = secure_server();
    let mut client = Secured::bind(&mut server, ALICE, CONNECT);
    let mut wire = client.request(WHOLE, 2, 6, b"");
    let pad = wire.len() - 16 - 8 + 2;
    wire[pad] = 1;
    let (sent, why) = server.feed_bad(&wire);
    assert_eq!(sent, fault(0, 2, 0, PROTO_ERROR));
    assert_eq!(why, M::AuthPaddingOverrun { auth_pad_length: 1, available: 0 });
}

#[test]
fn a_tampered_request_never_becomes_a_call() {
    for level in [PACKET, INTEGRITY, PRIVACY] {
        let mut server = secure_server();
        let mut client = Secured::bind(&mut server, ALICE, level);
        let wire = client.request(WHOLE, 2, 6, STUB);
        for byte in 0..wire.len() {
            for bit in [0x01, 0x10, 0x80] {
                let mut tampered = wire.clone();
                tampered[byte] ^= bit;
                let mut server = server_copy(&server);
                let (sent, _) = server.try_feed(&tampered);
                assert!(server.calls.is_empty(), "level {level}, bit {bit:#x} of byte {byte}");
                // A PDU that is longer than what came waits for the rest; cancels are ignored.
                let quiet = sent.is_empty();
                assert!(quiet || server.association.is_closing() || byte == 20 || byte == 21);
            }
        }
        server.feed(&wire);
        assert_eq!(server.call().stub, STUB);
    }
}

fn server_copy(server: &super::raw::Server) -> super::raw::Server {
    let association = server.association.clone();
    super::raw::Server { association, calls: Vec::new(), asked: Vec::new() }
}

/// A checksum of a stub alone is believed, and yet what was signed as a whole is no stub.
#[test]
fn a_signed_request_is_not_executed_as_the_stub_of_another() {
    let mut server = secure_server();
    let mut client = Secured::bind(&mut server, ALICE, INTEGRITY);
    let held_back = client.request(WHOLE, 2, 6, STUB);
    let (covered, signature) = held_back.split_at(held_back.len() - 16);
    let wrapped = with_value(request(WHOLE, 2, 0, 6, covered), (10, INTEGRITY), 1, signature);
    let (sent, why) = server.feed_bad(&wrapped);
    assert_eq!(sent, fault(0, 2, 0, SEC_PKG_ERROR));
    assert!(matches!(why, M::BadSignature { .. }), "{why}");
}

#[test]
fn replayed_dropped_and_moved_requests_are_refused() {
    for level in [PACKET, INTEGRITY, PRIVACY] {
        let mut server = secure_server();
        let mut client = Secured::bind(&mut server, ALICE, level);
        let wires: Vec<_> = (2..6).map(|call| client.request(WHOLE, call, 6, STUB)).collect();
        for (row, order) in [
            ("replayed", &[0, 0][..]),
            ("dropped", &[1]),
            ("moved", &[0, 2, 1]),
            ("late", &[0, 1, 0]),
        ] {
            let mut server = server_copy(&server);
            let (last, good) = order.split_last().unwrap();
            let mut refused = false;
            for index in good {
                refused |= server.try_feed(&wires[*index]).1.is_some();
                for called in std::mem::take(&mut server.calls) {
                    server.association.respond(called.id, STUB).unwrap();
                }
                server.transmitted();
            }
            let (sent, error) = server.try_feed(&wires[*last]);
            if !refused {
                let call = u32::try_from(last + 2).unwrap();
                assert_eq!(sent, fault(0, call, 0, SEC_PKG_ERROR), "{row} at level {level}");
                assert!(matches!(error.unwrap().misbehaviour, M::BadSignature { .. }));
            }
            assert!(server.calls.is_empty(), "{row} at level {level}");
            assert!(server.association.is_closing());
        }
    }
}

/// Row "Reassembly": each fragment is verified and opened by itself, in the context of the first.
#[test]
fn fragments_of_a_call_are_opened_one_by_one() {
    for level in LEVELS {
        let mut server = secure_server();
        let mut client = Secured::bind(&mut server, ALICE, level);
        server.feed(&client.request(FIRST, 2, 6, b"one "));
        server.feed(&client.request(0, 2, 7, b"two "));
        server.feed(&client.request(LAST, 2, 8, b"three"));
        let called = server.call();
        assert_eq!((called.opnum.0, &*called.stub), (6, &b"one two three"[..]));
        let answer: Vec<u8> = (0..20_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        server.association.respond(called.id, &answer).unwrap();
        let sent = server.transmitted();
        let fragments = pdus(&sent);
        assert!(3 < fragments.len());
        assert!(fragments.iter().all(|fragment| fragment.len() <= 5840));
        let stub: Vec<u8> =
            fragments.iter().flat_map(|fragment| client.stub_of(fragment)).collect();
        assert_eq!(stub, answer, "level {level}");
    }
}

#[test]
fn a_later_fragment_without_a_signature_is_a_protocol_error() {
    for level in [PACKET, INTEGRITY, PRIVACY] {
        let mut server = secure_server();
        let mut client = Secured::bind(&mut server, ALICE, level);
        server.feed(&client.request(FIRST, 2, 6, STUB));
        let (sent, why) = server.feed_bad(&request(LAST, 2, 0, 6, STUB));
        assert_eq!(sent, fault(0, 2, 0, PROTO_ERROR));
        assert!(matches!(why, M::UnsignedFragment { .. }), "{why}");
    }
}

/// Row "auth_context_id": several contexts of a connection, each with its user, level, keys and numbers.
#[test]
fn several_security_contexts_on_one_connection() {
    let mut server = secure_server();
    server.feed(BIND);
    let mut clients = Vec::new();
    for (id, user, level) in [(5, "alice", PRIVACY), (6, "bob", PACKET), (7, "alice", INTEGRITY)] {
        let initiator = initiator(user, &format!("{user}'s"), level);
        let offers = [(0, EMSMDB, NDR20)];
        let first = with_value(alter(2, &offers), (10, level), id, &initiator.negotiate());
        let sent = server.feed(&first);
        let (token, session) = initiator.authenticate(value_of(&sent)).unwrap();
        server.feed(&with_value(pdu(16, WHOLE, 2, &[0; 4]), (10, level), id, &token));
        clients.push((user, Secured { session, auth_type: 10, level, id, padding: (16, 0) }));
    }
    for _ in 0..3 {
        for (name, client) in &mut clients {
            server.feed(&client.request(WHOLE, 3, 6, STUB));
            let called = server.call();
            assert_eq!(user(called.security.identity.as_deref()), *name);
            assert_eq!(called.security.level, AuthLevel(client.level));
            server.association.respond(called.id, STUB).unwrap();
            assert_eq!(client.stub_of(&server.transmitted()), STUB);
        }
        server.feed(&request(WHOLE, 4, 0, 6, STUB));
        let called = server.call();
        assert_eq!(called.security, dcerpc::CallSecurity::NONE, "the bind authenticated nobody");
        server.association.respond(called.id, &[]).unwrap();
        server.transmitted();
    }
}

#[test]
fn a_context_that_is_not_there_or_was_opened_otherwise_gets_fault_5() {
    for (row, auth_type, level, id) in [
        ("another id", 10, PACKET, 2),
        ("another level", 10, INTEGRITY, 1),
        ("another type", 9, PACKET, 1),
    ] {
        let mut server = secure_server();
        let mut client = Secured::bind(&mut server, ALICE, PACKET);
        (client.auth_type, client.level, client.id) = (auth_type, level, id);
        let (sent, _) = server.feed_bad(&client.request(WHOLE, 2, 6, STUB));
        assert_eq!(sent, fault(0, 2, 0, 5), "{row}");
    }
}

#[test]
fn security_contexts_are_capped() {
    let mut config = secure_config();
    config.security = config.security.map(|options| SecurityOptions { max_contexts: 3, ..options });
    let mut server = secure_server_of(config);
    server.feed(BIND);
    let token = initiator("alice", "alice's", PACKET).negotiate();
    let offers = [(0, EMSMDB, NDR20)];
    for id in 1..=3 {
        let sent = server.feed(&with_value(alter(2, &offers), (10, PACKET), id, &token));
        assert_eq!(sent[2], 15);
    }
    let (sent, why) = server.feed_bad(&with_value(alter(2, &offers), (10, PACKET), 4, &token));
    assert_eq!(sent, fault(NOT_EXECUTED, 2, 0, PROTO_ERROR));
    assert_eq!(why, M::TooManySecurityContexts { limit: 3 });
}

/// Nobody who has not proved who he is makes a server keep much.
#[test]
fn contexts_that_are_being_opened_are_few() {
    let mut server = secure_server();
    server.feed(BIND);
    let token = initiator("alice", "alice's", PACKET).negotiate();
    let offers = [(0, EMSMDB, NDR20)];
    for id in 0..16 {
        server.feed(&with_value(alter(2, &offers), (10, PACKET), id, &token));
    }
    let (sent, why) = server.feed_bad(&with_value(alter(2, &offers), (10, PACKET), 16, &token));
    assert_eq!(sent, fault(NOT_EXECUTED, 2, 0, PROTO_ERROR));
    assert_eq!(why, M::TooManySecurityContexts { limit: SecurityOptions::MAX_PENDING });
}

/// A call before the authentication of its bind has ended.
#[test]
fn a_request_before_the_last_leg_is_a_protocol_error() {
    for trailer in [false, true] {
        let mut server = secure_server();
        let token = initiator("alice", "alice's", CONNECT).negotiate();
        server.feed(&with_value(BIND.to_vec(), (10, CONNECT), 1, &token));
        let mut wire = request(WHOLE, 2, 0, 6, b"");
        if trailer {
            wire = with_value(wire, (10, CONNECT), 1, &[0; 16]);
        }
        let (sent, why) = server.feed_bad(&wire);
        assert_eq!(sent, fault(NOT_EXECUTED, 2, 0, PROTO_ERROR));
        assert_eq!(why, M::AuthenticationUnfinished);
    }
}

#[test]
fn an_auth3_that_concludes_nothing_is_a_protocol_error() {
    let auth3 = |level| with_value(pdu(16, WHOLE, 7, &[0; 4]), (10, level), 1, b"token");
    let unbound = {
        let mut server = secure_server();
        server.feed(BIND);
        server
    };
    let other_level = {
        let mut server = secure_server();
        let token = initiator("alice", "alice's", PACKET).negotiate();
        server.feed(&with_value(BIND.to_vec(), (10, PACKET), 1, &token));
        server
    };
    let over = {
        let mut server = secure_server();
        Secured::bind(&mut server, ALICE, CONNECT);
        server
    };
    for mut server in [unbound, other_level, over] {
        let (sent, _) = server.feed_bad(&auth3(CONNECT));
        assert_eq!(sent, fault(NOT_EXECUTED, 7, 0, PROTO_ERROR));
    }
}

/// A client that wants privacy has to have negotiated sealing.
#[test]
fn privacy_without_sealing_negotiated_is_a_security_package_error() {
    let mut server = secure_server();
    server.feed(BIND);
    let initiator = initiator_wanting("alice", "alice's", wanted(INTEGRITY));
    let offers = [(0, EMSMDB, NDR20)];
    let first = with_value(alter(2, &offers), (10, PRIVACY), 1, &initiator.negotiate());
    let sent = server.feed(&first);
    let (token, _) = initiator.authenticate(value_of(&sent)).unwrap();
    let (sent, why) = server.feed_bad(&with_value(alter(3, &offers), (10, PRIVACY), 1, &token));
    assert_eq!(sent, fault(NOT_EXECUTED, 3, 0, SEC_PKG_ERROR));
    assert!(matches!(why, M::SealNotNegotiated { .. }));
}

/// Row "bind_nak 9": a token that no provider takes.
#[test]
fn a_bind_with_a_token_that_is_none_gets_bind_nak_9() {
    for token in [&b"none"[..], b"NTLMSSP\0\x03\0\0\0", &[0; 40]] {
        let mut server = secure_server();
        let (sent, why) = server.feed_bad(&with_value(BIND.to_vec(), (10, PACKET), 1, token));
        assert_eq!(sent, bind_nak(1, 9));
        assert!(matches!(why, M::AuthenticationFailed { .. }), "{why}");
    }
}

/// Row "unknown auth_type in bind".
#[test]
fn an_unknown_auth_type_gets_bind_nak_8_and_an_unknown_level_bind_nak_0() {
    for (auth_type, level, reason) in [
        (0, 5, 8),
        (14, 5, 8),
        (16, 5, 8),
        (68, 6, 8),
        (255, 2, 8),
        (10, 0, 0),
        (10, 1, 0),
        (10, 7, 0),
    ] {
        let mut server = secure_server();
        let wire = with_value(BIND.to_vec(), (auth_type, level), 1, b"none");
        assert_eq!(server.feed_bad(&wire).0, bind_nak(1, reason), "{auth_type} {level}");
    }
}

/// Row "Header signing": the flag is echoed, and both coverages are believed.
#[test]
fn header_signing_is_agreed_to_and_either_coverage_is_believed() {
    let mut server = secure_server();
    let initiator = initiator("alice", "alice's", INTEGRITY);
    let offers = [(0, EMSMDB, NDR20)];
    let asked = bind_flagged(WHOLE | 4, &offers);
    let sent = server.feed(&with_value(asked, (10, INTEGRITY), 1, &initiator.negotiate()));
    assert_eq!(sent[3], WHOLE | 4);
    let (token, mut session) = initiator.authenticate(value_of(&sent)).unwrap();
    server.feed(&with_value(pdu(16, WHOLE, 1, &[0; 4]), (10, INTEGRITY), 1, &token));
    let mut wire = with_value(request(WHOLE, 2, 0, 6, &[0; 16]), (10, INTEGRITY), 1, &[0; 16]);
    let signed = wire.len() - 16;
    let signature = session.sign(&wire[24..signed - 8]);
    wire[signed..].copy_from_slice(&signature);
    server.feed(&wire);
    assert_eq!(server.call().stub, [0; 16]);
    let mut client = Secured { session, auth_type: 10, level: INTEGRITY, id: 1, padding: (16, 0) };
    server.feed(&client.request(WHOLE, 3, 6, STUB));
    assert_eq!(server.call().stub, STUB);
}

/// A bind's answer without authentication is what it was.
#[test]
fn a_server_that_authenticates_answers_others_as_before() {
    let mut server = secure_server();
    assert_eq!(server.feed(BIND), BIND_ACK);
    server.feed(&request(WHOLE, 2, 0, 6, STUB));
    assert_eq!(server.call().security.level, AuthLevel::NONE);
    let offers = [(0, EMSMDB, NDR20)];
    assert_eq!(secure_server().feed(&bind(&offers)), ack(12, WHOLE, 1, 5840, &[ACCEPTED]));
}

/// Challenges of a connection differ from each other and from those of other connections.
#[test]
fn no_challenge_is_used_twice() {
    let mut seen = std::collections::BTreeSet::new();
    for connection in 0..20 {
        let challenges = dcerpc::ChallengeKey::of_connection(&[7; 16], connection);
        let association = dcerpc::Association::new(secure_config()).authenticating(challenges);
        let mut server = super::raw::Server { association, calls: Vec::new(), asked: Vec::new() };
        server.feed(BIND);
        let token = initiator("alice", "alice's", PACKET).negotiate();
        for id in 0..16 {
            let offers = [(0, EMSMDB, NDR20)];
            let sent = server.feed(&with_value(alter(2, &offers), (10, PACKET), id, &token));
            assert!(seen.insert(value_of(&sent)[24..32].to_vec()));
        }
    }
}
