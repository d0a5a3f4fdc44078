//! What must hold for any bytes whatever, as functions that tests and fuzz targets call.

use dcerpc::{
    Association, AssociationConfig, AssociationGroupId, ClientAssociation, ClientEvent,
    ClientOptions, MAX_FRAGMENT, Pdu, ProtocolError, RpcEvent, SyntaxId,
};

use super::raw::{EMSMDB, EPM, GROUP, MGMT};

/// All that a server's end shows of a stream: its events, what it sends, and how the stream ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Observed {
    pub(crate) events: Vec<RpcEvent>,
    pub(crate) sent: Vec<u8>,
    pub(crate) error: Option<ProtocolError>,
}

/// A server with limits that a short input can reach.
pub(crate) fn tight_config() -> AssociationConfig {
    AssociationConfig {
        interfaces: vec![EMSMDB, EPM, MGMT],
        secondary_address: "1051".to_owned(),
        max_stub: 10_000,
        max_incomplete_calls: 3,
        max_pending_calls: 4,
        max_presentation_contexts: 3,
        security: None,
    }
}

/// Feeds `bytes` to a server's end, cut at `cuts` (any numbers, taken modulo what is left), and watches its
/// memory: what is held of the client's bytes never exceeds the limit of stubs and one fragment, and a
/// closing end holds none.
pub(crate) fn observe(bytes: &[u8], cuts: &[usize]) -> Observed {
    observe_end((Association::new(tight_config()), false), bytes, cuts)
}

/// The same of an end with these limits, whose calls are answered with their arguments or not at all.
pub(crate) fn observe_end(
    (mut association, answering): (Association, bool),
    bytes: &[u8],
    cuts: &[usize],
) -> Observed {
    let most = tight_config().max_stub + usize::from(MAX_FRAGMENT);
    let mut seen = Observed { events: Vec::new(), sent: Vec::new(), error: None };
    for chunk in chunks(bytes, cuts) {
        let handled = association.handle_bytes(chunk);
        if let Err(error) = handled {
            assert!(association.is_closing(), "{error} closes");
            assert!(error.offset <= bytes.len() as u64, "{error} is in the stream");
            assert_eq!(seen.error, None, "a stream ends once");
            seen.error = Some(error);
        }
        while let Some(event) = association.poll_event() {
            match &event {
                RpcEvent::Bind { .. } => association.accept_group(GROUP),
                RpcEvent::Call(call) if answering => {
                    association.respond(call.id, &call.stub).expect("it was called");
                }
                RpcEvent::Call(_) => {}
            }
            seen.events.push(event);
        }
        while association.poll_transmit(&mut seen.sent) {}
        assert!(association.held_bytes() <= most);
        assert!(!association.is_closing() || association.held_bytes() == 0);
    }
    check_sent(&seen.sent);
    seen
}

/// A stream means the same however it is cut.
pub(crate) fn check_cut(bytes: &[u8], cuts: &[usize]) {
    assert_eq!(observe(bytes, cuts), observe(bytes, &[]), "cut at {cuts:?}");
}

/// What an end sends is whole PDUs that decode, none longer than a fragment.
pub(crate) fn check_sent(mut sent: &[u8]) {
    while !sent.is_empty() {
        let (header, _) = Pdu::decode(sent).expect("what is sent decodes");
        sent = &sent[usize::from(header.frag_length())..];
    }
}

/// Decoding any bytes ends, and what decodes as a bind or an answer to one encodes to what decodes alike.
pub(crate) fn check_decode(bytes: &[u8]) {
    let Ok((header, pdu)) = Pdu::decode(bytes) else {
        return;
    };
    let (ptype, call, flags) = (header.packet_type(), header.call_id(), header.flags());
    let encoded = match &pdu {
        Pdu::Bind(bind) | Pdu::AlterContext(bind) => bind.encode(ptype, call, flags),
        Pdu::Request(request) => request.encode(call, flags),
        Pdu::Response(response) => response.encode(call, flags),
        Pdu::BindNak(nak) => nak.encode(call),
        Pdu::Fault(fault) => fault.encode(call, false),
        // An address that is not text does not survive.
        Pdu::BindAck(_)
        | Pdu::AlterContextResp(_)
        | Pdu::Auth3
        | Pdu::Shutdown
        | Pdu::CoCancel
        | Pdu::Orphaned
        | Pdu::Unknown(_) => return,
    };
    let encoded = encoded.expect("it came in one fragment");
    let again = Pdu::decode(&encoded).expect("what is encoded decodes");
    assert_eq!(again.1, pdu);
}

/// A client's end that has bound and called takes any bytes of its server's; its events and how it ends.
pub(crate) fn observe_client(
    bytes: &[u8],
    cuts: &[usize],
) -> (Vec<ClientEvent>, Option<ProtocolError>) {
    let mut client = ClientAssociation::new(EMSMDB, ClientOptions::default());
    client.bind(Some(AssociationGroupId(1)));
    for opnum in 0..3 {
        client.call(dcerpc::Opnum(opnum), &[7; 40]);
    }
    observe_client_end(client, bytes, cuts)
}

/// The same of this client.
pub(crate) fn observe_client_end(
    mut client: ClientAssociation,
    bytes: &[u8],
    cuts: &[usize],
) -> (Vec<ClientEvent>, Option<ProtocolError>) {
    let mut events = Vec::new();
    let mut error = None;
    for chunk in chunks(bytes, cuts) {
        if let Err(broken) = client.handle_bytes(chunk) {
            assert!(client.is_closing() && error.is_none());
            error = Some(broken);
        }
        events.extend(std::iter::from_fn(|| client.poll_event()));
        let mut sent = Vec::new();
        while client.poll_transmit(&mut sent) {}
        check_sent(&sent);
    }
    (events, error)
}

/// A stream of a server means the same to a client however it is cut.
pub(crate) fn check_client_cut(bytes: &[u8], cuts: &[usize]) {
    let whole = observe_client(bytes, &[]);
    assert_eq!(observe_client(bytes, cuts), whole, "cut at {cuts:?}");
}

fn chunks<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut rest = bytes;
    let mut chunks = Vec::new();
    for cut in cuts {
        let (chunk, after) = rest.split_at(cut % (rest.len() + 1));
        chunks.push(chunk);
        rest = after;
    }
    chunks.push(rest);
    chunks
}

/// The transfer syntaxes that a hostile client would mix.
pub(crate) fn syntaxes() -> Vec<SyntaxId> {
    let features = SyntaxId::bind_time_features(dcerpc::BindTimeFeatures::all());
    vec![SyntaxId::NDR20, SyntaxId::NDR64, SyntaxId::NIL, features]
}
