//! The rules of binds, alter_contexts and presentation contexts: rows of the wire notes' table 1.3, one test
//! for each, named after it.

use dcerpc::{
    AssociationGroupId, BindTimeFeatures, PacketType, PeerMisbehaviour as M, PresentationContextId,
    SyntaxId,
};

use super::raw::{
    ABSTRACT_REJECTED, ACCEPTED, BIND, BIND_ACK, EMSMDB, EPM, FIRST, GROUP, LAST, MGMT, MPX, NDR20,
    NOT_EXECUTED, PROTO_ERROR, RawBind, Server, TRANSFER_REJECTED, UNKNOWN, WHOLE, ack, alter,
    bind, bind_flagged, bind_nak, config, fault, pdu, request,
};

#[test]
fn the_captured_bind_gets_the_captured_bind_ack() {
    let mut server = Server::new(config());
    assert_eq!(server.feed(BIND), BIND_ACK);
    assert_eq!(server.asked, [None]);
    assert_eq!(server.association.group(), Some(GROUP));
    assert_eq!(server.association.held_bytes(), 0);
}

#[test]
fn negotiated_size() {
    for (row, sizes, negotiated) in [
        ("Windows offers 5840", (5840, 5840), 5840),
        ("impacket offers 4280", (4280, 4280), 4280),
        ("rounded down to a multiple of 8", (3199, 5840), 3192),
        ("the least of both", (5840, 3199), 3192),
        ("never below 2048", (0, 65535), 2048),
        ("never below 2048 either way", (65535, 0), 2048),
        ("never above 5840", (65535, 65535), 5840),
    ] {
        let wire = RawBind {
            ptype: 11,
            flags: WHOLE,
            call: 1,
            sizes,
            group: 0,
            offers: &[(0, EMSMDB, NDR20)],
        };
        let mut server = Server::new(config());
        let expected = ack(12, WHOLE, 1, negotiated, &[ACCEPTED]);
        assert_eq!(server.feed(&wire.bytes()), expected, "{row}");
        server.feed(&request(WHOLE, 2, 0, 6, &[]));
        let call = server.call();
        server.association.respond(call.id, &[0; 20_000]).unwrap();
        let sent = server.transmitted();
        let first = u16::from_le_bytes([sent[8], sent[9]]);
        assert_eq!(first, negotiated, "{row}: responses fill fragments");
    }
}

#[test]
fn assoc_group_0_or_another_in_bind() {
    for (row, group, asked) in
        [("a new group", 0, None), ("an existing one", 77, Some(AssociationGroupId(77)))]
    {
        let wire = RawBind {
            ptype: 11,
            flags: WHOLE,
            call: 1,
            sizes: (5840, 5840),
            group,
            offers: &[(0, EMSMDB, NDR20)],
        };
        let mut server = Server::new(config());
        let sent = server.feed(&wire.bytes());
        assert_eq!(server.asked, [asked], "{row}");
        assert_eq!(sent, ack(12, WHOLE, 1, 5840, &[ACCEPTED]), "{row}");
    }
}

#[test]
fn unknown_assoc_group_in_bind() {
    let mut server = Server::new(config());
    server.association.handle_bytes(BIND).unwrap();
    let pipelined = request(WHOLE, 2, 0, 6, &[]);
    server.association.handle_bytes(&pipelined).unwrap();
    let faulty = request(WHOLE, 3, 9, 6, &[]);
    server.association.handle_bytes(&faulty).unwrap();
    assert!(server.transmitted().is_empty(), "nothing goes before the bind's answer");
    server.association.reject_group();
    assert_eq!(server.transmitted(), bind_nak(1, 0));
    assert!(server.association.is_closing());
    assert_eq!(server.association.poll_event(), None);
    assert!(!server.association.has_call_in_flight());
}

#[test]
fn alter_context_keeps_sizes_and_group() {
    let mut server = Server::bound();
    let wire = RawBind {
        ptype: 14,
        flags: WHOLE | MPX,
        call: 7,
        sizes: (2048, 65535),
        group: 0xffff,
        offers: &[(3, MGMT, NDR20)],
    };
    let expected = ack(15, WHOLE, 7, 5840, &[ACCEPTED]);
    assert_eq!(server.feed(&wire.bytes()), expected);
    server.feed(&request(WHOLE, 8, 3, 0, &[]));
    assert_eq!(server.call().interface, MGMT);
}

#[test]
fn ctx_ids_are_of_a_connection() {
    let mut other = Server::bound_by(config(), &bind(&[(5, EMSMDB, NDR20)]));
    let mut server = Server::bound();
    other.feed(&request(WHOLE, 2, 5, 6, &[]));
    assert_eq!(other.calls.len(), 1);
    server.feed(&request(WHOLE, 2, 5, 6, &[]));
    assert_eq!(server.calls.len(), 0);
}

#[test]
fn second_bind_on_a_connection() {
    let mut server = Server::bound();
    let (sent, why) = server.feed_bad(&bind(&[(2, MGMT, NDR20)]));
    assert_eq!(sent, bind_nak(1, 0));
    assert_eq!(why, M::SecondBind);
}

#[test]
fn bind_with_0_elements_or_an_element_with_0_syntaxes() {
    let mut server = Server::new(config());
    let (sent, why) = server.feed_bad(&bind(&[]));
    assert_eq!((sent, why), (bind_nak(1, 0), M::NoContextOffered));
    assert!(server.asked.is_empty());
    // Samba pads to no element that does not come.
    let unpadded = pdu(11, WHOLE, 1, &[0xd0, 0x16, 0xd0, 0x16, 0, 0, 0, 0, 0]);
    let (sent, why) = Server::new(config()).feed_bad(&unpadded);
    assert_eq!((sent, why), (bind_nak(1, 0), M::NoContextOffered));

    let mut server = Server::new(config());
    let (sent, why) = server.feed_bad(&bind(&[(0, EMSMDB, NDR20), (1, EMSMDB, &[])]));
    assert_eq!(sent, bind_nak(1, 0));
    let context = PresentationContextId(1);
    assert_eq!(why, M::NoTransferSyntaxOffered { context });
}

#[test]
fn same_in_alter_context_or_known_ctx_id_with_another_syntax() {
    let none: &[SyntaxId] = &[];
    for (row, offers) in [
        ("0 elements", vec![]),
        ("0 syntaxes", vec![(0, EMSMDB, none)]),
        ("another interface", vec![(0, MGMT, NDR20)]),
        ("an unknown interface", vec![(0, UNKNOWN, NDR20)]),
        ("another encoding", vec![(0, EMSMDB, &[SyntaxId::NIL, SyntaxId::NDR64][..])]),
    ] {
        let mut server = Server::bound();
        let (sent, _) = server.feed_bad(&alter(4, &offers));
        assert_eq!(sent, fault(NOT_EXECUTED, 4, 0, PROTO_ERROR), "{row}");
    }
}

#[test]
fn known_ctx_id_with_the_same_syntax_or_with_none_that_is_known() {
    let mut server = Server::bound();
    let again = server.feed(&alter(4, &[(0, EMSMDB, &[SyntaxId::NIL, SyntaxId::NDR20])]));
    assert_eq!(again, ack(15, WHOLE, 4, 5840, &[ACCEPTED]));
    let unknown = server.feed(&alter(5, &[(0, EMSMDB, &[SyntaxId::NIL, EPM])]));
    assert_eq!(unknown, ack(15, WHOLE, 5, 5840, &[TRANSFER_REJECTED]));
    server.feed(&request(WHOLE, 6, 0, 6, &[]));
    assert_eq!(server.calls.len(), 1, "the context is still there");
}

#[test]
fn unknown_interface() {
    let mut server = Server::new(config());
    let sent = server.feed(&bind(&[(0, UNKNOWN, NDR20)]));
    assert_eq!(sent, ack(12, WHOLE, 1, 5840, &[ABSTRACT_REJECTED]));
    let sent = server.feed(&request(WHOLE, 2, 0, 6, &[]));
    assert_eq!(sent, fault(NOT_EXECUTED, 2, 0, 0x1c01_0003));
    let sent = server.feed(&alter(3, &[(0, EMSMDB, NDR20)]));
    assert_eq!(sent, ack(15, WHOLE, 3, 5840, &[ACCEPTED]), "the connection stays");
}

#[test]
fn pfc_in_bind_ack() {
    for (asked, answered) in [
        (0, WHOLE),
        (FIRST, WHOLE),
        (LAST, WHOLE),
        (0x04, WHOLE | 0x04),
        (0x08, WHOLE),
        (MPX, WHOLE | MPX),
        (NOT_EXECUTED, WHOLE),
        (0x40, WHOLE),
        (0x80, WHOLE),
        (0xff, WHOLE | 0x04 | MPX),
    ] {
        let mut server = Server::new(config());
        let sent = server.feed(&bind_flagged(asked, &[(0, EMSMDB, NDR20)]));
        assert_eq!(sent, ack(12, answered, 1, 5840, &[ACCEPTED]), "{asked:02x}");
        let offers = &[(0, EMSMDB, NDR20)];
        let wire =
            RawBind { ptype: 14, flags: asked, call: 2, sizes: (5840, 5840), group: 0, offers };
        let sent = server.feed(&wire.bytes());
        let answered = answered & !MPX;
        assert_eq!(
            sent,
            ack(15, answered, 2, 5840, &[ACCEPTED]),
            "{asked:02x} in an alter_context"
        );
    }
}

#[test]
fn minor_version() {
    let mut minor = BIND.to_vec();
    minor[1] = 1;
    assert_eq!(Server::new(config()).feed(&minor), BIND_ACK, "5.1 gets 5.0");
    for (row, major, minor) in [("4.0", 4, 0), ("5.2", 5, 2)] {
        let mut wire = BIND.to_vec();
        wire[..2].copy_from_slice(&[major, minor]);
        let (sent, why) = Server::new(config()).feed_bad(&wire);
        assert_eq!(sent, bind_nak(1, 4), "{row}");
        assert_eq!(why, M::UnsupportedVersion { major, minor }, "{row}");
        let mut server = Server::bound();
        let (sent, _) = server.feed_bad(&wire);
        assert!(sent.is_empty(), "{row}: a bound connection just closes");
    }
}

#[test]
fn big_endian_drep() {
    let mut wire = BIND.to_vec();
    wire[4] = 0;
    wire[8..10].reverse();
    wire[12..16].reverse();
    let (sent, why) = Server::new(config()).feed_bad(&wire);
    assert_eq!(sent, bind_nak(1, 0), "with the call id that the client means");
    assert!(matches!(why, M::UnsupportedDataRepresentation { .. }));
    let mut wire = request(WHOLE, 2, 0, 6, &[]);
    wire[4] = 0;
    let (sent, _) = Server::bound().feed_bad(&wire);
    assert!(sent.is_empty(), "no bind, no bind_nak");
}

#[test]
fn other_representations() {
    for (row, octet, value) in [("EBCDIC", 4, 0x11), ("VAX floats", 5, 1)] {
        let mut wire = BIND.to_vec();
        wire[octet] = value;
        let (sent, _) = Server::new(config()).feed_bad(&wire);
        assert_eq!(sent, bind_nak(1, 0), "{row}");
    }
}

#[test]
fn first_pdu_is_not_a_bind() {
    for ptype in [0, 2, 3, 12, 14, 16, 18, 19, 20, 99] {
        let mut server = Server::new(config());
        let (sent, why) = server.feed_bad(&pdu(ptype, WHOLE, 1, &[0; 16]));
        let packet_type = PacketType(ptype);
        assert_eq!((sent, why), (vec![], M::FirstPduNotBind { packet_type }));
    }
}

#[test]
fn an_unreadable_bind_has_the_wrong_version() {
    let mut wire = bind(&[(0, EMSMDB, NDR20)]);
    wire[24] = 2;
    let (sent, why) = Server::new(config()).feed_bad(&wire);
    assert_eq!(sent, bind_nak(1, 4));
    assert!(matches!(why, M::Malformed(_)));
}

#[test]
fn one_context_is_accepted_of_each_pdu_in_the_order_of_the_offers() {
    let mut server = Server::new(config());
    let sent = server.feed(&bind(&[
        (0, UNKNOWN, NDR20),
        (1, EMSMDB, &[SyntaxId::NDR64]),
        (2, EMSMDB, &[SyntaxId::NIL, SyntaxId::NDR20]),
        (3, MGMT, NDR20),
        (4, UNKNOWN, NDR20),
    ]));
    let results =
        [ABSTRACT_REJECTED, TRANSFER_REJECTED, ACCEPTED, TRANSFER_REJECTED, ABSTRACT_REJECTED];
    assert_eq!(sent, ack(12, WHOLE, 1, 5840, &results));
    let sent = server.feed(&alter(2, &[(3, MGMT, NDR20), (2, EMSMDB, NDR20)]));
    let results = [ACCEPTED, TRANSFER_REJECTED];
    assert_eq!(sent, ack(15, WHOLE, 2, 5840, &results));
    server.feed(&request(WHOLE, 3, 2, 6, &[]));
    server.feed(&request(WHOLE, 4, 3, 0, &[]));
    let interfaces: Vec<_> = server.calls.iter().map(|call| call.interface).collect();
    assert_eq!(interfaces, [EMSMDB, MGMT], "both contexts are there");
}

#[test]
fn presentation_contexts_are_capped() {
    let mut limited = config();
    limited.max_presentation_contexts = 2;
    let mut server = Server::bound_by(limited, BIND);
    server.feed(&alter(2, &[(8, MGMT, NDR20)]));
    let sent = server.feed(&alter(3, &[(9, MGMT, NDR20)]));
    let full = (2, 3, SyntaxId::NIL);
    assert_eq!(sent, ack(15, WHOLE, 3, 5840, &[full]));
}

#[test]
fn bind_time_features_are_negotiated_by_the_first_syntax_of_an_element() {
    let offer = |bits| SyntaxId::bind_time_features(BindTimeFeatures::from_bits_retain(bits));
    let negotiated = |bits| (3, bits, SyntaxId::NIL);
    for (row, transfers, expected) in [
        ("none", vec![offer(0)], negotiated(0)),
        ("both", vec![offer(3)], negotiated(3)),
        ("unknown bits", vec![offer(u64::MAX)], negotiated(3)),
        ("others are ignored", vec![offer(1), offer(2)], negotiated(1)),
        ("not first", vec![SyntaxId::NIL, offer(1)], ABSTRACT_REJECTED),
    ] {
        let mut server = Server::new(config());
        let sent = server.feed(&bind(&[(1, UNKNOWN, &transfers)]));
        assert_eq!(sent, ack(12, WHOLE, 1, 5840, &[expected]), "{row}");
    }
}

#[test]
fn bind_time_features_are_negotiated_once_and_by_a_bind() {
    let features = [SyntaxId::bind_time_features(BindTimeFeatures::all())];
    let twice = [(1, UNKNOWN, &features[..]), (2, UNKNOWN, &features[..])];
    let (sent, why) = Server::new(config()).feed_bad(&bind(&twice));
    assert_eq!((sent, why), (bind_nak(1, 0), M::FeaturesNegotiatedTwice));
    let sent = Server::bound().feed(&alter(2, &[(7, EMSMDB, &features)]));
    assert_eq!(sent, ack(15, WHOLE, 2, 5840, &[TRANSFER_REJECTED]));
}

#[test]
fn answers_before_the_bind_is_answered_wait_behind_the_bind_ack() {
    let mut server = Server::new(config());
    let mut pipelined = BIND.to_vec();
    pipelined.extend(alter(2, &[(5, MGMT, NDR20)]));
    pipelined.extend(request(WHOLE, 3, 9, 6, &[]));
    let sent = server.feed(&pipelined);
    let mut expected = BIND_ACK.to_vec();
    expected.extend(ack(15, WHOLE, 2, 5840, &[ACCEPTED]));
    expected.extend(fault(NOT_EXECUTED, 3, 0, 0x1c01_0003));
    assert_eq!(sent, expected);
}
