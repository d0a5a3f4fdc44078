//! A server without authentication refuses every trailer by name.

use dcerpc::{AuthLevel, AuthType, PacketType, PeerMisbehaviour as M, PresentationContextId};

use super::raw::{
    BIND, EMSMDB, FIRST, LAST, NOT_EXECUTED, PROTO_ERROR, Server, WHOLE, alter, bind, bind_nak,
    config, fault, pdu, request, with_trailer,
};

#[test]
fn a_bind_with_a_trailer_gets_bind_nak_8() {
    for auth_type in [1, 9, 10, 16, 68, 255] {
        for level in 2..=6 {
            let mut server = Server::new(config());
            let (sent, why) = server.feed_bad(&with_trailer(BIND.to_vec(), auth_type, level));
            assert_eq!(sent, bind_nak(1, 8));
            let auth_type = AuthType(auth_type);
            assert_eq!(why, M::UnrecognisedAuthType { auth_type });
            assert!(server.asked.is_empty());
        }
    }
}

#[test]
fn a_bind_with_a_level_that_none_can_have_gets_bind_nak_0() {
    for level in [0, 1, 7, 255] {
        let (sent, why) = Server::new(config()).feed_bad(&with_trailer(BIND.to_vec(), 10, level));
        let auth_level = AuthLevel(level);
        assert_eq!((sent, why), (bind_nak(1, 0), M::InvalidAuthLevel { auth_level }));
    }
}

#[test]
fn a_trailer_that_does_not_fit_a_bind_gets_bind_nak_4() {
    let mut wire = bind(&[]);
    wire[10] = 8;
    let (sent, why) = Server::new(config()).feed_bad(&wire);
    assert_eq!(sent, bind_nak(1, 4));
    let overrun = M::AuthTrailerOverrun { frag_length: 28, auth_length: 8 };
    assert_eq!(why, overrun);
}

#[test]
fn a_trailer_that_does_not_fit_a_request_gets_a_protocol_error() {
    for auth_length in [1, 16, 0xfff0, 0xffff_u16] {
        let mut wire = request(WHOLE, 2, 0, 6, &[]);
        wire[10..12].copy_from_slice(&auth_length.to_le_bytes());
        let (sent, _) = Server::bound().feed_bad(&wire);
        assert_eq!(sent, fault(0, 2, 0, PROTO_ERROR));
    }
}

#[test]
fn a_request_with_a_trailer_gets_fault_5() {
    let offers = [(3, EMSMDB, &[dcerpc::SyntaxId::NDR20][..])];
    let whole = with_trailer(request(WHOLE, 2, 3, 6, &[]), 10, 5);
    let mut server = Server::bound_by(config(), &bind(&offers));
    let (sent, why) = server.feed_bad(&whole);
    assert_eq!(sent, fault(0, 2, 3, 5));
    let trailer = M::UnexpectedAuthTrailer {
        packet_type: PacketType::REQUEST,
        context: PresentationContextId(3),
    };
    assert_eq!(why, trailer);

    let mut server = Server::bound_by(config(), &bind(&offers));
    server.feed(&request(FIRST, 2, 3, 6, &[]));
    let later = with_trailer(request(LAST, 2, 3, 6, &[]), 10, 5);
    assert_eq!(server.feed_bad(&later).0, fault(0, 2, 3, 5));
}

#[test]
fn an_alter_context_with_a_trailer_gets_fault_5() {
    let offers = [(3, EMSMDB, &[dcerpc::SyntaxId::NDR20][..])];
    let wire = with_trailer(alter(2, &offers), 10, 5);
    let (sent, _) = Server::bound().feed_bad(&wire);
    assert_eq!(sent, fault(NOT_EXECUTED, 2, 0, 5));
}

#[test]
fn a_cancel_with_a_trailer_is_ignored_as_any() {
    let mut server = Server::bound();
    let sent = server.feed(&with_trailer(pdu(18, WHOLE, 2, &[]), 10, 5));
    assert!(sent.is_empty());
}

#[test]
fn an_auth3_has_nothing_to_conclude() {
    let wire = with_trailer(pdu(16, WHOLE, 1, &[0xab; 4]), 10, 5);
    let (sent, _) = Server::bound().feed_bad(&wire);
    assert_eq!(sent, fault(NOT_EXECUTED, 1, 0, PROTO_ERROR));
}
