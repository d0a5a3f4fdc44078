//! The client's end that authenticates itself, against the server's, through a pipe; and servers that go astray.

use dcerpc::ntlm::Identity;
use dcerpc::spnego::{self, Offer};
use dcerpc::{
    Association, AuthContextId, AuthLevel, BindRefusal, CallId, ChallengeKey, ClientAssociation,
    ClientEvent, ClientOptions, ClientProvider, ClientSecurity, FaultStatus, Opnum, PacketType,
    PeerMisbehaviour as M, ProtocolError,
};
use proptest::prelude::*;

use super::pipe::Pipe;
use super::raw::{ACCEPTED, BIND_ACK, EMSMDB, GROUP, WHOLE, ack, bind_nak, fault, pdu};
use super::secure::{
    CONNECT, INTEGRITY, LEVELS, PACKET, PRIVACY, initiator, initiator_wanting, pdus, secure_config,
    value_of, wanted, with_value,
};

const TEXT: &[u8] = b"a text that can be read or not";

/// How a client speaks.
#[derive(Debug, Clone, Copy)]
enum Way {
    Ntlm,
    Spnego(Offer),
}

const WAYS: [Way; 4] = [
    Way::Ntlm,
    Way::Spnego(Offer::Ntlm),
    Way::Spnego(Offer::NtlmLater),
    Way::Spnego(Offer::KerberosBefore),
];

/// Every way at each of its levels: Windows has no level "call" in SPNEGO.
fn ways() -> impl Iterator<Item = (Way, u8)> {
    let all = WAYS.into_iter().flat_map(|way| LEVELS.map(|level| (way, level)));
    all.filter(|(way, level)| matches!(way, Way::Ntlm) || *level != 3)
}

fn provider(way: Way, ntlm: dcerpc::ntlm::Initiator) -> ClientProvider {
    match way {
        Way::Ntlm => ClientProvider::Ntlm(ntlm),
        Way::Spnego(offer) => ClientProvider::Spnego(spnego::Initiator::new(ntlm, offer)),
    }
}

fn security(way: Way, level: u8, password: &str) -> ClientSecurity {
    let provider = provider(way, initiator("alice", password, level));
    ClientSecurity { provider, level: AuthLevel(level), context: AuthContextId(79_231) }
}

fn options(way: Way, level: u8) -> ClientOptions {
    let security = Some(security(way, level, "alice's"));
    ClientOptions { security, ..ClientOptions::default() }
}

fn pipe(options: ClientOptions, step: usize) -> Pipe {
    let challenges = ChallengeKey::of_connection(&[7; 16], 1);
    let server = Association::new(secure_config()).authenticating(challenges);
    let mut pipe = Pipe::between(ClientAssociation::new(EMSMDB, options), server, step);
    pipe.client.bind(None);
    pipe
}

#[test]
fn a_client_authenticates_itself_in_every_way_at_every_level() {
    for (way, level) in ways() {
        for step in [1, 77, 1 << 20] {
            let mut pipe = pipe(options(way, level), step);
            let early = pipe.client.call(Opnum(2), TEXT);
            pipe.run();
            let late = pipe.client.call(Opnum(3), TEXT);
            let empty = pipe.client.call(Opnum(4), &[]);
            pipe.run();
            let expected = [
                ClientEvent::Bound { group: GROUP },
                ClientEvent::Response { call: early, stub: [TEXT, TEXT].concat() },
                ClientEvent::Fault { call: late, status: FaultStatus::OP_RNG_ERROR },
                ClientEvent::Response { call: empty, stub: Vec::new() },
            ];
            assert_eq!(pipe.seen, expected, "{way:?} {level}");
            assert_eq!(pipe.callers.len(), 2);
            for caller in &pipe.callers {
                assert_eq!(caller.level, AuthLevel(level));
                let Some(Identity::User(name)) = caller.identity.as_deref() else {
                    panic!("{way:?} {level}: nobody")
                };
                assert_eq!(name.user, "alice");
            }
        }
    }
}

#[test]
fn calls_and_results_pass_in_signed_fragments_of_the_negotiated_size() {
    let stub: Vec<_> = (0..10_001_u32).map(|n| (n * 7) as u8).collect();
    for (way, level) in ways() {
        for max_fragment in [0, 3199, 5840] {
            let mut pipe = pipe(ClientOptions { max_fragment, ..options(way, level) }, 997);
            pipe.run();
            let before = pipe.passed.each_ref().map(Vec::len);
            let call = pipe.client.call(Opnum(2), &stub);
            pipe.run();
            let response = ClientEvent::Response { call, stub: [&stub[..], &stub[..]].concat() };
            assert_eq!(pipe.seen[1..], [response], "{way:?} {level} {max_fragment}");
            let most = usize::from(max_fragment.max(2048));
            for (passed, before) in pipe.passed.iter().zip(before) {
                let pdus = pdus(&passed[before..]);
                assert!(1 < pdus.len() && pdus.iter().all(|pdu| pdu.len() <= most));
                let signature = if level == CONNECT { 0 } else { 16 };
                assert!(pdus.iter().all(|pdu| pdu[10..12] == [signature, 0]));
            }
        }
    }
}

#[test]
fn only_privacy_hides_what_is_called_and_answered() {
    for (way, level) in ways() {
        let mut pipe = pipe(options(way, level), 1 << 20);
        pipe.client.call(Opnum(2), TEXT);
        pipe.run();
        for passed in &pipe.passed {
            let readable = passed.windows(TEXT.len()).any(|part| part == TEXT);
            assert_eq!(readable, level != PRIVACY, "{way:?} {level}");
        }
    }
}

#[test]
fn legs_are_a_bind_and_an_auth3_or_alter_contexts() {
    for (way, up, down) in [
        (WAYS[0], &[11, 16][..], &[12][..]),
        (WAYS[1], &[11, 14], &[12, 15]),
        (WAYS[2], &[11, 14, 14], &[12, 15, 15]),
        (WAYS[3], &[11, 14, 14], &[12, 15, 15]),
    ] {
        let mut pipe = pipe(options(way, INTEGRITY), 1 << 20);
        pipe.run();
        for (passed, expected) in pipe.passed.iter().zip([up, down]) {
            let types: Vec<_> = pdus(passed).iter().map(|pdu| pdu[2]).collect();
            assert_eq!(types, expected, "{way:?}");
        }
        assert_eq!(pipe.passed[0][3], WHOLE | 4, "headers are signed");
    }
}

/// Nothing answers an auth3, so NTLM alone learns it from a call.
#[test]
fn a_wrong_password_is_learnt_from_the_first_call_or_the_last_leg() {
    for (way, level) in ways() {
        let security = Some(security(way, level, "bob's"));
        let mut pipe = pipe(ClientOptions { security, ..ClientOptions::default() }, 50);
        let call = pipe.client.call(Opnum(2), TEXT);
        pipe.try_run().unwrap_err();
        let status = FaultStatus::ACCESS_DENIED;
        let refusal = BindRefusal::Fault(status);
        match way {
            Way::Ntlm => {
                let expected =
                    [ClientEvent::Bound { group: GROUP }, ClientEvent::Fault { call, status }];
                assert_eq!(pipe.seen, expected);
            }
            Way::Spnego(_) => assert_eq!(pipe.seen, [ClientEvent::BindRefused(refusal)]),
        }
        assert!(!pipe.client.has_call_in_flight(), "{way:?} {level}");
    }
}

#[test]
fn a_server_that_knows_nobody_refuses_the_bind() {
    for way in WAYS {
        let mut client = ClientAssociation::new(EMSMDB, options(way, INTEGRITY));
        client.bind(None);
        let mut pipe = Pipe::between(client, Association::new(super::raw::config()), 9);
        pipe.try_run().unwrap_err();
        let reason = dcerpc::BindNakReason::AUTHENTICATION_TYPE_NOT_RECOGNIZED;
        assert_eq!(pipe.seen, [ClientEvent::BindRefused(BindRefusal::Nak(reason))], "{way:?}");
    }
}

/// A client with a call in flight, and the server's answer to it.
fn answered(way: Way, level: u8) -> (ClientAssociation, Vec<u8>) {
    let mut pipe = pipe(options(way, level), 1 << 20);
    pipe.run();
    let mut client = pipe.client.clone();
    let before = pipe.passed[1].len();
    let (call, same) = (pipe.client.call(Opnum(2), TEXT), client.call(Opnum(2), TEXT));
    assert_eq!(call, same);
    pipe.run();
    (client, pipe.passed[1].split_off(before))
}

fn fed(client: &ClientAssociation, answer: &[u8]) -> (Vec<ClientEvent>, Result<(), M>) {
    let mut client = client.clone();
    let handled = client.handle_bytes(answer).map_err(|error: ProtocolError| error.misbehaviour);
    assert_eq!(handled.is_err(), client.is_closing());
    (std::iter::from_fn(|| client.poll_event()).collect(), handled)
}

#[test]
fn a_tampered_answer_is_never_believed() {
    for (way, level) in ways().filter(|(_, level)| *level != CONNECT) {
        let (client, answer) = answered(way, level);
        for byte in 0..answer.len() {
            for bit in [0x01, 0x10, 0x80] {
                let mut tampered = answer.clone();
                tampered[byte] ^= bit;
                let (events, handled) = fed(&client, &tampered);
                assert_eq!(events, [], "{way:?} {level}: bit {bit:#x} of byte {byte}");
                // What says that it is longer than what came waits for the rest.
                assert!(handled.is_err() || byte == 8 || byte == 9);
            }
        }
        let (events, handled) = fed(&client, &answer);
        assert_eq!((events.len(), handled), (1, Ok(())));
        let twice = fed(&client, &[&answer[..], &answer].concat());
        assert_eq!((twice.0.len(), twice.1.is_err()), (1, true), "a repeated answer");
    }
}

#[test]
fn an_answer_must_be_signed_and_in_the_client_s_context() {
    let body = |stub: &[u8]| [&[0; 8][..], stub].concat();
    for level in [3, PACKET, INTEGRITY, PRIVACY] {
        let (client, answer) = answered(Way::Ntlm, level);
        let unsigned = fed(&client, &pdu(2, WHOLE, 2, &body(TEXT))).1;
        let packet_type = PacketType::RESPONSE;
        assert_eq!(unsigned, Err(M::AnswerWithoutTrailer { packet_type }));
        let short = with_value(pdu(2, WHOLE, 2, &body(&[0; 16])), (10, level), 79_231, &[1; 4]);
        assert!(matches!(fed(&client, &short).1, Err(M::BadSignature { call: CallId(2), .. })));
        let trailer = answer.len() - 16 - 8;
        for at in [trailer, trailer + 1, trailer + 4] {
            let mut other = answer.clone();
            other[at] ^= 1;
            let other = fed(&client, &other).1;
            assert_eq!(other, Err(M::AnswerInAnotherContext { packet_type }));
        }
        let mut padded = answer.clone();
        padded[trailer + 2] = 255;
        assert!(matches!(fed(&client, &padded).1, Err(M::AuthPaddingOverrun { .. })));
        let signed_fault = with_value(fault(0, 2, 0, 5), (10, level), 79_231, &[0; 16]);
        let refused = fed(&client, &signed_fault).1;
        assert!(matches!(refused, Err(M::UnexpectedAuthTrailer { .. })));
        let unsigned_fault = fed(&client, &fault(0, 2, 0, 5));
        assert!(matches!(unsigned_fault.0[..], [ClientEvent::Fault { call: CallId(2), .. }]));
    }
}

/// Windows sends signatures that sign nothing; the client needs none.
#[test]
fn at_level_connect_any_signature_will_do() {
    let (client, plain) = answered(Way::Ntlm, CONNECT);
    let padded = pdu(2, WHOLE, 2, &[&[0; 8][..], TEXT, TEXT, &[0; 4]].concat());
    let mut signed = with_value(padded, (10, CONNECT), 79_231, &[1; 16]);
    let trailer = signed.len() - 16 - 8;
    signed[trailer + 2] = 4;
    assert_eq!(fed(&client, &signed), fed(&client, &plain));
}

#[test]
fn the_legs_of_a_server_are_judged() {
    let binding = |way| {
        let mut client = ClientAssociation::new(EMSMDB, options(way, PRIVACY));
        client.bind(None);
        client
    };
    let ack = ack(12, WHOLE, 1, 5840, &[ACCEPTED]);
    let without = fed(&binding(Way::Ntlm), BIND_ACK).1;
    let packet_type = PacketType::BIND_ACK;
    assert_eq!(without, Err(M::AnswerWithoutTrailer { packet_type }));
    for (way, auth_type) in [(Way::Ntlm, 10), (WAYS[1], 9)] {
        let client = binding(way);
        for (row, tail, id) in [
            ("type", (auth_type ^ 3, PRIVACY), 79_231),
            ("level", (auth_type, 5), 79_231),
            ("id", (auth_type, 6), 1),
        ] {
            let refused = fed(&client, &with_value(ack.clone(), tail, id, b"token")).1;
            assert_eq!(refused, Err(M::AnswerInAnotherContext { packet_type }), "{row}");
        }
        let nonsense = with_value(ack.clone(), (auth_type, PRIVACY), 79_231, b"token");
        let refused = fed(&client, &nonsense);
        assert_eq!(refused.0, []);
        assert!(matches!(refused.1, Err(M::AuthenticationFailed { .. })), "{:?}", refused.1);
        let nak = with_value(bind_nak(1, 0), (auth_type, PRIVACY), 79_231, b"token");
        assert!(matches!(fed(&client, &nak).1, Err(M::UnexpectedAuthTrailer { .. })));
    }
}

#[test]
fn a_last_leg_can_be_refused_in_each_way() {
    // Until the server's last word, which is replaced.
    let proving = || {
        let mut pipe = pipe(options(WAYS[1], INTEGRITY), 1 << 20);
        pipe.run();
        let bound = pdus(&pipe.passed[1])[0].to_vec();
        let mut client = ClientAssociation::new(EMSMDB, options(WAYS[1], INTEGRITY));
        client.bind(None);
        client.handle_bytes(&bound).unwrap();
        assert_eq!(client.poll_event(), None, "it is not bound yet");
        client
    };
    let refused = fed(&proving(), &fault(0, 2, 0, 5));
    let refusal = BindRefusal::Fault(FaultStatus::ACCESS_DENIED);
    assert_eq!(refused, (vec![ClientEvent::BindRefused(refusal)], Ok(())));
    let rejected = super::raw::ABSTRACT_REJECTED;
    let (events, _) = fed(&proving(), &ack(15, WHOLE, 2, 5840, &[rejected]));
    assert!(matches!(events[..], [ClientEvent::BindRefused(BindRefusal::Context { .. })]));
    let packet_type = PacketType::ALTER_CONTEXT_RESP;
    let resp = ack(15, WHOLE, 2, 5840, &[ACCEPTED]);
    assert_eq!(fed(&proving(), &resp).1, Err(M::AnswerWithoutTrailer { packet_type }));
    let other = ack(15, WHOLE, 3, 5840, &[ACCEPTED]);
    assert_eq!(fed(&proving(), &other).1, Err(M::UnexpectedPacket { packet_type }));
    let reject = [0xa1, 0x07, 0x30, 0x05, 0xa0, 0x03, 0x0a, 0x01, 0x02];
    let reject = with_value(resp, (9, INTEGRITY), 79_231, &reject);
    assert!(matches!(fed(&proving(), &reject).1, Err(M::AuthenticationFailed { .. })));
}

#[test]
fn a_client_that_wants_privacy_has_to_negotiate_sealing() {
    for way in WAYS {
        let ntlm = initiator_wanting("alice", "alice's", wanted(INTEGRITY));
        let security = ClientSecurity {
            provider: provider(way, ntlm),
            level: AuthLevel::PACKET_PRIVACY,
            context: AuthContextId(0),
        };
        let security = Some(security);
        let mut pipe = pipe(ClientOptions { security, ..ClientOptions::default() }, 1 << 20);
        pipe.client.call(Opnum(0), TEXT);
        let error = pipe.try_run().unwrap_err().misbehaviour;
        assert!(matches!(error, M::SealNotNegotiated { .. }), "{way:?}: {error}");
        assert!(!pipe.seen.iter().any(|event| matches!(event, ClientEvent::Response { .. })));
    }
}

/// A client and what it was sent by hand in the tests of the server's end say the same.
#[test]
fn a_client_s_tokens_are_those_of_its_initiator() {
    let mut pipe = pipe(options(Way::Ntlm, PRIVACY), 1 << 20);
    pipe.run();
    let [up, down] = &pipe.passed;
    let initiator = initiator("alice", "alice's", PRIVACY);
    let (sent, got) = (pdus(up), pdus(down));
    assert_eq!(value_of(sent[0]), initiator.negotiate());
    let (token, _) = initiator.authenticate(value_of(got[0])).unwrap();
    assert_eq!(value_of(sent[1]), token);
}

proptest! {
    #[test]
    fn any_calls_pass_through_any_secure_pipe(
        stubs in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9000), 0..4),
        (max_fragment, step, multiplexed) in (any::<u16>(), 1..9000_usize, any::<bool>()),
        (way, level) in prop::sample::select(ways().collect::<Vec<_>>()),
    ) {
        let options = ClientOptions { max_fragment, multiplexed, ..options(way, level) };
        let mut pipe = pipe(options, step);
        pipe.run();
        let calls: Vec<_> = stubs.iter().map(|stub| pipe.client.call(Opnum(0), stub)).collect();
        pipe.run();
        let mut expected = vec![ClientEvent::Bound { group: GROUP }];
        expected.extend(calls.into_iter().zip(&stubs).map(|(call, stub)| {
            ClientEvent::Response { call, stub: [&stub[..], &stub[..]].concat() }
        }));
        prop_assert_eq!(pipe.seen, expected);
    }
}
