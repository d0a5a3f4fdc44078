//! The client's end against the server's, through a pipe that moves any number of bytes at a time.

use dcerpc::{
    Association, AssociationConfig, AssociationGroupId, BindRefusal, BindTimeFeatures, CallId,
    CallSecurity, ClientAssociation, ClientEvent, ClientOptions, ContextReason, ContextResultCode,
    FaultStatus, Opnum, ProtocolError, RpcEvent, SyntaxId,
};
use proptest::prelude::*;

use super::raw::{BIND, EMSMDB, EPM, EPM_BIND, GROUP, UNKNOWN, config};

/// Both ends, and the bytes between them.
pub(crate) struct Pipe {
    pub(crate) client: ClientAssociation,
    pub(crate) server: Association,
    step: usize,
    pub(crate) seen: Vec<ClientEvent>,
    /// All that passed, upwards and downwards.
    pub(crate) passed: [Vec<u8>; 2],
    /// Who made each call, as the server knows it.
    pub(crate) callers: Vec<CallSecurity>,
}

/// The server's results are its arguments, doubled; odd opnums do not exist.
impl Pipe {
    fn new(interface: SyntaxId, options: ClientOptions, step: usize) -> Self {
        Self::between(ClientAssociation::new(interface, options), Association::new(config()), step)
    }

    pub(crate) fn between(client: ClientAssociation, server: Association, step: usize) -> Self {
        let passed = [Vec::new(), Vec::new()];
        Self { client, server, step, seen: Vec::new(), passed, callers: Vec::new() }
    }

    pub(crate) fn run(&mut self) {
        self.try_run().unwrap();
    }

    /// The same, until one of the ends finds that the other breaks the protocol. What the server sends then arrives.
    pub(crate) fn try_run(&mut self) -> Result<(), ProtocolError> {
        let mut up = Vec::new();
        let mut down = Vec::new();
        let mut refused = Ok(());
        while self.client.poll_transmit(&mut up) || self.server.poll_transmit(&mut down) {
            self.passed[0].extend(&up);
            for chunk in std::mem::take(&mut up).chunks(self.step) {
                refused = refused.and_then(|()| self.server.handle_bytes(chunk));
                self.serve();
            }
            while self.server.poll_transmit(&mut down) {}
            self.passed[1].extend(&down);
            for chunk in std::mem::take(&mut down).chunks(self.step) {
                self.client.handle_bytes(chunk)?;
                self.seen.extend(std::iter::from_fn(|| self.client.poll_event()));
            }
        }
        refused
    }

    fn serve(&mut self) {
        while let Some(event) = self.server.poll_event() {
            match event {
                RpcEvent::Bind { group: None } => self.server.accept_group(GROUP),
                RpcEvent::Bind { .. } => self.server.reject_group(),
                RpcEvent::Call(call) if call.opnum.0 % 2 == 1 => {
                    let status = FaultStatus::OP_RNG_ERROR;
                    self.server.fault(call.id, status).unwrap();
                }
                RpcEvent::Call(call) => {
                    self.callers.push(call.security);
                    let twice = [&call.stub[..], &call.stub[..]].concat();
                    self.server.respond(call.id, &twice).unwrap();
                }
            }
        }
    }
}

#[test]
fn a_client_s_bind_is_the_captured_one() {
    let no_features = ClientOptions { features: None, ..ClientOptions::default() };
    for (row, interface, options, captured) in
        [("bind", EMSMDB, ClientOptions::default(), BIND), ("epm_bind", EPM, no_features, EPM_BIND)]
    {
        let mut client = ClientAssociation::new(interface, options);
        client.bind(None);
        let mut sent = Vec::new();
        assert!(client.poll_transmit(&mut sent), "{row}");
        assert_eq!(sent, captured, "{row}");
    }
}

#[test]
fn calls_pass_in_fragments_of_the_negotiated_size() {
    for (row, max_fragment, step) in [
        ("the least", 0, 1),
        ("impacket's", 4280, 1000),
        ("odd", 3199, 77),
        ("Windows'", 5840, 1 << 20),
        ("more than there is", 65535, 5841),
    ] {
        let options = ClientOptions { max_fragment, ..ClientOptions::default() };
        let mut pipe = Pipe::new(EMSMDB, options, step);
        pipe.client.bind(None);
        let stub: Vec<_> = (0..10_001_u32).map(|n| (n * 7) as u8).collect();
        let early = pipe.client.call(Opnum(2), &stub);
        pipe.run();
        let late = pipe.client.call(Opnum(3), &stub);
        let empty = pipe.client.call(Opnum(4), &[]);
        assert!(pipe.client.has_call_in_flight(), "{row}");
        pipe.run();
        let expected = [
            ClientEvent::Bound { group: GROUP },
            ClientEvent::Response { call: early, stub: [&stub[..], &stub[..]].concat() },
            ClientEvent::Fault { call: late, status: FaultStatus::OP_RNG_ERROR },
            ClientEvent::Response { call: empty, stub: Vec::new() },
        ];
        assert_eq!(pipe.seen, expected, "{row}");
        assert!(!pipe.client.has_call_in_flight(), "{row}");
        assert!(!pipe.server.has_call_in_flight(), "{row}");
    }
}

#[test]
fn a_client_learns_how_its_bind_was_refused() {
    let mut unknown = Pipe::new(UNKNOWN, ClientOptions::default(), 9);
    unknown.client.bind(None);
    unknown.client.call(Opnum(0), &[]);
    unknown.run();
    let refusal = BindRefusal::Context {
        result: ContextResultCode::PROVIDER_REJECTION,
        reason: ContextReason::ABSTRACT_SYNTAX_NOT_SUPPORTED,
    };
    assert_eq!(unknown.seen, [ClientEvent::BindRefused(refusal)]);
    assert!(!unknown.client.has_call_in_flight(), "nothing is sent");
    assert!(!unknown.server.is_closing(), "the connection stays");

    let mut stranger = Pipe::new(EMSMDB, ClientOptions::default(), 9);
    stranger.client.bind(Some(AssociationGroupId(5)));
    stranger.run();
    let refusal = BindRefusal::Nak(dcerpc::BindNakReason::NOT_SPECIFIED);
    assert_eq!(stranger.seen, [ClientEvent::BindRefused(refusal)]);
    assert!(stranger.server.is_closing());
}

#[test]
fn a_client_binds_once() {
    let mut pipe = Pipe::new(EMSMDB, ClientOptions::default(), 9);
    pipe.client.bind(None);
    pipe.client.bind(None);
    pipe.run();
    pipe.client.bind(None);
    pipe.run();
    assert_eq!(pipe.seen, [ClientEvent::Bound { group: GROUP }]);
}

#[test]
fn one_configuration_serves_many_associations() {
    let shared = std::sync::Arc::new(AssociationConfig::default());
    let _first = Association::new(std::sync::Arc::clone(&shared));
    let _second = Association::new(std::sync::Arc::clone(&shared));
    assert_eq!(std::sync::Arc::strong_count(&shared), 3);
}

proptest! {
    #[test]
    fn any_calls_pass_through_any_pipe(
        stubs in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9000), 0..5),
        (max_fragment, step, features) in (any::<u16>(), 1..9000_usize, any::<u64>()),
        multiplexed in any::<bool>(),
    ) {
        let options = ClientOptions {
            max_fragment,
            features: Some(BindTimeFeatures::from_bits_retain(features)),
            multiplexed,
            ..ClientOptions::default()
        };
        let mut pipe = Pipe::new(EMSMDB, options, step);
        pipe.client.bind(None);
        for stub in &stubs {
            pipe.client.call(Opnum(0), stub);
        }
        pipe.run();
        let mut expected = vec![ClientEvent::Bound { group: GROUP }];
        expected.extend((2..).zip(&stubs).map(|(id, stub)| ClientEvent::Response {
            call: CallId(id),
            stub: [&stub[..], &stub[..]].concat(),
        }));
        prop_assert_eq!(pipe.seen, expected);
    }
}
