//! Both ends of a connection, at every level of authentication, on any bytes.

use dcerpc::ntlm::Identity;
use dcerpc::spnego::{self, Offer};
use dcerpc::{
    Association, AssociationConfig, AuthContextId, AuthLevel, ChallengeKey, ClientAssociation,
    ClientEvent, ClientOptions, ClientProvider, ClientSecurity, Opnum, RpcEvent, SecurityOptions,
};

use super::oracle::{check_decode, observe_client_end, observe_end, tight_config};
use super::raw::{EMSMDB, GROUP};
use super::secure::{initiator, secure_config};
use super::split;

/// What every call holds.
pub(super) const STUB: [u8; 40] = [7; 40];
pub(super) const CALLS: u16 = 3;

/// How a client authenticates itself: not at all, or as what and how well.
pub(super) const WAYS: [Option<(Option<Offer>, u8)>; 8] = [
    None,
    Some((None, 2)),
    Some((None, 5)),
    Some((None, 6)),
    Some((Some(Offer::Ntlm), 2)),
    Some((Some(Offer::NtlmLater), 5)),
    Some((Some(Offer::KerberosBefore), 5)),
    Some((Some(Offer::KerberosBefore), 6)),
];

pub(super) fn server() -> Association {
    let security = secure_config().security;
    let security = security.map(|options| SecurityOptions { max_contexts: 3, ..options });
    let config = AssociationConfig { security, ..tight_config() };
    Association::new(config).authenticating(ChallengeKey::of_connection(&[7; 16], 1))
}

/// A client that has sent its bind and will make its calls.
pub(super) fn client(way: Option<(Option<Offer>, u8)>) -> ClientAssociation {
    let security = way.map(|(offer, level)| {
        let ntlm = initiator("alice", "alice's", level);
        let provider = match offer {
            None => ClientProvider::Ntlm(ntlm),
            Some(offer) => ClientProvider::Spnego(spnego::Initiator::new(ntlm, offer)),
        };
        ClientSecurity { provider, level: AuthLevel(level), context: AuthContextId(1) }
    });
    let options = ClientOptions { security, multiplexed: true, ..ClientOptions::default() };
    let mut client = ClientAssociation::new(EMSMDB, options);
    client.bind(None);
    for opnum in 0..CALLS {
        client.call(Opnum(opnum), &STUB);
    }
    client
}

/// What passes between good ends, upwards and downwards.
pub(super) fn session(way: Option<(Option<Offer>, u8)>) -> [Vec<u8>; 2] {
    let (mut client, mut server) = (client(way), server());
    let mut passed = [Vec::new(), Vec::new()];
    let mut sent = Vec::new();
    while client.poll_transmit(&mut sent) || server.poll_transmit(&mut sent) {
        passed[0].extend(&sent);
        server.handle_bytes(&std::mem::take(&mut sent)).expect("a good client");
        while let Some(event) = server.poll_event() {
            match event {
                RpcEvent::Bind { .. } => server.accept_group(GROUP),
                RpcEvent::Call(call) => server.respond(call.id, &call.stub).expect("its call"),
            }
        }
        while server.poll_transmit(&mut sent) {}
        passed[1].extend(&sent);
        client.handle_bytes(&std::mem::take(&mut sent)).expect("a good server");
    }
    let results = std::iter::from_fn(|| client.poll_event());
    let results = results.filter(|event| matches!(event, ClientEvent::Response { .. }));
    assert_eq!(results.count(), usize::from(CALLS));
    passed
}

/// Two octets say where the stream is cut, and two more where else. A stream means the same however it is cut, and a call that is said to be
/// signed is one that the user has made.
pub(super) fn check_server(data: &[u8]) {
    let ([a, b, c, d], stream) = split(data);
    let cuts = [u16::from_le_bytes([a, b]).into(), u16::from_le_bytes([c, d]).into()];
    let whole = observe_end((server(), false), stream, &[]);
    assert_eq!(observe_end((server(), false), stream, &cuts), whole, "cut at {cuts:?}");
    let answered = observe_end((server(), true), stream, &cuts);
    for event in whole.events.iter().chain(&answered.events) {
        let RpcEvent::Call(call) = event else { continue };
        match call.security.identity.as_deref() {
            None => assert_eq!(call.security.level, AuthLevel::NONE),
            Some(Identity::User(name)) => assert!(name.user.eq_ignore_ascii_case("alice")),
            Some(Identity::Anonymous) => panic!("nobody lets the anonymous in"),
        }
        assert!(!call.security.level.signs() || call.stub == STUB, "nobody signed {call:?}");
    }
    check_decode(stream);
}

/// An octet says how the client authenticates itself, and four where the stream is cut. What it takes for signed results is what the server
/// has signed.
pub(super) fn check_client(data: &[u8]) {
    let ([way, a, b, c, d], stream) = split(data);
    let way = WAYS[usize::from(way) % WAYS.len()];
    let cuts = [u16::from_le_bytes([a, b]).into(), u16::from_le_bytes([c, d]).into()];
    let whole = observe_client_end(client(way), stream, &[]);
    assert_eq!(observe_client_end(client(way), stream, &cuts), whole, "cut at {cuts:?}");
    let signed = way.is_some_and(|(_, level)| AuthLevel(level).signs());
    for event in &whole.0 {
        let ClientEvent::Response { stub, .. } = event else { continue };
        assert!(!signed || *stub == STUB, "nobody signed {event:?}");
    }
}
