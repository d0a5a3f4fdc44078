//! What a client makes of a server that breaks the rules.

use dcerpc::{
    BindRefusal, CallId, ClientAssociation, ClientEvent, ClientOptions, FaultStatus, Opnum,
    PacketType, PeerMisbehaviour as M, SyntaxId,
};

use super::raw::{
    ACCEPTED, BIND_ACK, EMSMDB, FIRST, LAST, MPX, WHOLE, ack, bind_nak, fault, pdu, with_trailer,
};

fn response(flags: u8, call: u32, stub: &[u8]) -> Vec<u8> {
    let mut body = vec![0xbf; 8];
    body.extend(stub);
    pdu(2, flags, call, &body)
}

fn binding() -> ClientAssociation {
    let mut client = ClientAssociation::new(EMSMDB, ClientOptions::default());
    client.bind(None);
    client
}

/// A client with calls 2 and 3 in flight.
fn calling() -> ClientAssociation {
    let mut client = binding();
    let agreed = ack(12, WHOLE | MPX, 1, 5840, &[ACCEPTED, (3, 3, SyntaxId::NIL)]);
    client.handle_bytes(&agreed).unwrap();
    assert!(matches!(client.poll_event(), Some(ClientEvent::Bound { .. })));
    client.call(Opnum(0), &[]);
    client.call(Opnum(0), &[]);
    client
}

#[test]
fn a_bind_is_answered_by_its_own_answer() {
    for (row, answer, why) in [
        (
            "another call's",
            ack(12, WHOLE, 9, 5840, &[ACCEPTED]),
            M::UnexpectedPacket { packet_type: PacketType::BIND_ACK },
        ),
        ("no result", ack(12, WHOLE, 1, 5840, &[]), M::NoContextResult),
        (
            "tiny fragments",
            ack(12, WHOLE, 1, 1431, &[ACCEPTED]),
            M::FragmentsTooSmall { size: 1431, limit: 1432 },
        ),
        (
            "a trailer",
            with_trailer(BIND_ACK.to_vec(), 10, 2),
            M::UnexpectedAuthTrailer {
                packet_type: PacketType::BIND_ACK,
                context: dcerpc::PresentationContextId(0),
            },
        ),
    ] {
        let mut client = binding();
        let error = client.handle_bytes(&answer).unwrap_err();
        assert_eq!(error.misbehaviour, why, "{row}");
        assert!(client.is_closing(), "{row}");
        assert_eq!(client.poll_event(), None, "{row}");
    }
    let mut zero = BIND_ACK.to_vec();
    zero[20..24].fill(0);
    let error = binding().handle_bytes(&zero).unwrap_err();
    assert_eq!(error.misbehaviour, M::GroupZero);
}

#[test]
fn a_bind_is_refused_in_three_ways() {
    let rejected = (2, 2, SyntaxId::NIL);
    for (answer, refusal) in [
        (bind_nak(1, 2), BindRefusal::Nak(dcerpc::BindNakReason(2))),
        (
            ack(12, WHOLE, 1, 5840, &[rejected]),
            BindRefusal::Context {
                result: dcerpc::ContextResultCode(2),
                reason: dcerpc::ContextReason(2),
            },
        ),
        (fault(0, 1, 0, 0x1c01_0014), BindRefusal::Fault(FaultStatus::SERVER_TOO_BUSY)),
    ] {
        let mut client = binding();
        client.handle_bytes(&answer).unwrap();
        let event = client.poll_event();
        assert_eq!(event, Some(ClientEvent::BindRefused(refusal)));
    }
}

#[test]
fn answers_belong_to_calls_in_flight() {
    let mut client = calling();
    client.handle_bytes(&response(WHOLE, 3, &[1])).unwrap();
    let error = client.handle_bytes(&response(WHOLE, 3, &[1])).unwrap_err();
    let answered = M::AnswerToNoCall { packet_type: PacketType::RESPONSE, call: CallId(3) };
    assert_eq!(error.misbehaviour, answered);
    let error = calling().handle_bytes(&fault(0, 9, 0, 5)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a fault belongs to call 9, which is not in flight, in the pdu at stream offset 84"
    );
}

#[test]
fn results_are_put_together_in_order() {
    let mut client = calling();
    let parts = [
        response(FIRST, 2, &[1]),
        response(FIRST, 3, &[7]),
        response(LAST, 2, &[2]),
        response(LAST, 3, &[8]),
    ];
    client.handle_bytes(&parts.concat()).unwrap();
    let events: Vec<_> = std::iter::from_fn(|| client.poll_event()).collect();
    let result = |id, stub: &[u8]| ClientEvent::Response { call: CallId(id), stub: stub.to_vec() };
    assert_eq!(events, [result(2, &[1, 2]), result(3, &[7, 8])]);
}

#[test]
fn results_out_of_order_end_the_connection() {
    let error = calling().handle_bytes(&response(LAST, 2, &[1])).unwrap_err();
    let call = CallId(2);
    assert_eq!(error.misbehaviour, M::ResultWithoutFirst { call });
    let mut client = calling();
    client.handle_bytes(&response(FIRST, 2, &[1])).unwrap();
    let error = client.handle_bytes(&response(FIRST, 2, &[1])).unwrap_err();
    assert!(matches!(error.misbehaviour, M::FirstFragmentRepeated { .. }));
}

#[test]
fn results_are_bounded() {
    let options = ClientOptions { max_stub: 10, ..ClientOptions::default() };
    let mut client = ClientAssociation::new(EMSMDB, options);
    client.bind(None);
    client.handle_bytes(BIND_ACK).unwrap();
    client.call(Opnum(0), &[]);
    client.handle_bytes(&response(FIRST, 2, &[0; 10])).unwrap();
    let error = client.handle_bytes(&response(LAST, 2, &[0])).unwrap_err();
    assert!(matches!(error.misbehaviour, M::StubTooLarge { size: 11, .. }));
}

#[test]
fn a_shutdown_is_followed_by_the_close() {
    let mut client = calling();
    client.handle_bytes(&pdu(17, WHOLE, 0, &[])).unwrap();
    assert!(!client.is_closing());
    client.close();
    assert!(client.is_closing());
}

#[test]
fn what_no_client_receives_ends_the_connection() {
    for ptype in [0, 11, 12, 13, 14, 15, 16, 18, 19, 20, 99] {
        let error = calling().handle_bytes(&pdu(ptype, WHOLE, 2, &[0; 24])).unwrap_err();
        let packet_type = PacketType(ptype);
        assert_eq!(error.misbehaviour, M::UnexpectedPacket { packet_type });
    }
}

#[test]
fn calls_are_sent_one_by_one_unless_the_server_agrees_to_several() {
    for (row, flags, at_once) in [("one by one", WHOLE, 1), ("several", WHOLE | MPX, 3)] {
        let mut client = binding();
        let mut sent = Vec::new();
        assert!(client.poll_transmit(&mut sent), "{row}");
        for _ in 0..3 {
            client.call(Opnum(0), &[]);
        }
        assert!(!client.poll_transmit(&mut sent), "{row}: not before the bind_ack");
        client.handle_bytes(&ack(12, flags, 1, 5840, &[ACCEPTED])).unwrap();
        sent.clear();
        assert!(client.poll_transmit(&mut sent), "{row}");
        assert_eq!(sent.len(), 24 * at_once, "{row}");
        for call in 2..5 {
            client.handle_bytes(&fault(0, call, 0, 0x6f7)).unwrap();
            let more = client.poll_transmit(&mut sent);
            assert_eq!(more, at_once == 1 && call < 4, "{row}: after call {call}");
        }
        assert!(!client.has_call_in_flight(), "{row}");
    }
}

#[test]
fn requests_are_cut_in_multiples_of_eight_whatever_the_server_negotiates() {
    let mut client = binding();
    client.handle_bytes(&ack(12, WHOLE, 1, 1435, &[ACCEPTED])).unwrap();
    let mut sent = Vec::new();
    assert!(client.poll_transmit(&mut sent));
    sent.clear();
    client.call(Opnum(0), &[7; 2000]);
    assert!(client.poll_transmit(&mut sent));
    assert_eq!(sent.len(), 2000 + 2 * 24);
    assert_eq!(sent[8..10], (1408_u16 + 24).to_le_bytes());
}
