//! The PDU codecs against captures and against the tables of C706 12.6.

use dcerpc::{
    AssociationGroupId, Bind, BindAck, BindNak, BindNakReason, BindTimeFeatures, CallId,
    ContextElement, ContextHandle, ContextReason, ContextResult, ContextResultCode, Fault,
    FaultStatus, Header, Opnum, PacketFlags, PacketType, Pdu, PduError, PeerMisbehaviour,
    PresentationContextId, Request, Response, SyntaxId, Uuid,
};
use proptest::prelude::*;

use super::raw::{
    BIND, BIND_ACK, EMSMDB, EPM, EPM_BIND, EPM_BIND_ACK, GROUP, bind_nak, fault, pdu, request,
};

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<_> = hex.chars().filter(|c| !c.is_whitespace()).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap())
        .collect()
}

fn element(id: u16, interface: SyntaxId, transfer: SyntaxId) -> ContextElement {
    ContextElement {
        id: PresentationContextId(id),
        abstract_syntax: interface,
        transfer_syntaxes: vec![transfer],
    }
}

fn result(result: u16, reason: u16, transfer_syntax: SyntaxId) -> ContextResult {
    ContextResult {
        result: ContextResultCode(result),
        reason: ContextReason(reason),
        transfer_syntax,
    }
}

#[test]
fn captured_binds_decode_and_encode_to_the_byte() {
    let features = SyntaxId::bind_time_features(BindTimeFeatures::all());
    let emsmdb = vec![element(0, EMSMDB, SyntaxId::NDR20), element(1, EMSMDB, features)];
    let epm = vec![element(0, EPM, SyntaxId::NDR20)];
    for (row, captured, contexts) in [("bind", BIND, emsmdb), ("epm_bind", EPM_BIND, epm)] {
        let bind = Bind { max_xmit_frag: 5840, max_recv_frag: 5840, group: None, contexts };
        let (header, decoded) = Pdu::decode(captured).unwrap();
        assert_eq!(decoded, Pdu::Bind(bind.clone()), "{row}");
        assert_eq!(header.call_id(), CallId(1), "{row}");
        let encoded = bind.encode(PacketType::BIND, CallId(1), PacketFlags::WHOLE);
        assert_eq!(encoded.unwrap(), captured, "{row}");
    }
}

#[test]
fn captured_bind_acks_decode_and_encode_to_the_byte() {
    let accepted = result(0, 0, SyntaxId::NDR20);
    let emsmdb = vec![accepted, result(3, 3, SyntaxId::NIL)];
    for (row, captured, address, results) in [
        ("bind_ack", BIND_ACK, "1051", emsmdb),
        ("epm_bind_ack", EPM_BIND_ACK, "135", vec![accepted]),
    ] {
        let ack = BindAck {
            max_xmit_frag: 5840,
            max_recv_frag: 5840,
            group: GROUP,
            secondary_address: address.to_owned(),
            results,
        };
        let (_, decoded) = Pdu::decode(captured).unwrap();
        assert_eq!(decoded, Pdu::BindAck(ack.clone()), "{row}");
        let encoded = ack.encode(PacketType::BIND_ACK, CallId(1), PacketFlags::WHOLE);
        assert_eq!(encoded.unwrap(), captured, "{row}");
    }
}

#[test]
fn faults_are_as_in_the_wire_notes() {
    for (row, hex, status) in [
        (
            "op_rng",
            "05000323 10000000 20000000 05000000 20000000 00000000 0200011c 00000000",
            FaultStatus::OP_RNG_ERROR,
        ),
        (
            "context mismatch",
            "05000303 10000000 20000000 05000000 20000000 00000000 1a00001c 00000000",
            FaultStatus::CONTEXT_MISMATCH,
        ),
    ] {
        let captured = bytes(hex);
        let context = PresentationContextId(0);
        let body = Fault { context, status };
        let (header, decoded) = Pdu::decode(&captured).unwrap();
        assert_eq!(decoded, Pdu::Fault(body), "{row}");
        let flagged = header.flags().contains(PacketFlags::DID_NOT_EXECUTE);
        assert_eq!(flagged, status.did_not_execute(), "{row}");
        let encoded = body.encode(CallId(5), flagged).unwrap();
        assert_eq!(encoded, captured, "{row}");
    }
}

#[test]
fn ec_dummy_rpc_is_as_in_the_wire_notes() {
    let request_bytes = bytes("05000003 10000000 18000000 04000000 00000000 00000600");
    let request = Request {
        alloc_hint: 0,
        context: PresentationContextId(0),
        opnum: Opnum(6),
        object: None,
        stub: &[],
    };
    let (_, decoded) = Pdu::decode(&request_bytes).unwrap();
    assert_eq!(decoded, Pdu::Request(request));
    let encoded = request.encode(CallId(4), PacketFlags::WHOLE).unwrap();
    assert_eq!(encoded, request_bytes);

    let response_bytes = bytes("05000203 10000000 1c000000 04000000 04000000 00000000 00000000");
    let response = Response { alloc_hint: 4, context: PresentationContextId(0), stub: &[0; 4] };
    let (_, decoded) = Pdu::decode(&response_bytes).unwrap();
    assert_eq!(decoded, Pdu::Response(response));
    let encoded = response.encode(CallId(4), PacketFlags::WHOLE).unwrap();
    assert_eq!(encoded, response_bytes);
}

#[test]
fn a_bind_nak_names_version_5_0() {
    let nak = BindNak { reason: BindNakReason::AUTHENTICATION_TYPE_NOT_RECOGNIZED };
    let wire = bytes("05000d03 10000000 18000000 09000000 0800 010500 000000");
    assert_eq!(nak.encode(CallId(9)).unwrap(), wire);
    assert_eq!(wire, bind_nak(9, 8));
    assert_eq!(Pdu::decode(&wire).unwrap().1, Pdu::BindNak(nak));
}

#[test]
fn an_object_uuid_precedes_the_stub() {
    let object = Uuid::from_u128(0x00112233_4455_6677_8899_aabbccddeeff);
    let mut wire = request(0x83, 7, 1, 2, &[]);
    wire.extend(object.to_bytes_le());
    wire.extend([9; 3]);
    wire[8] = 24 + 16 + 3;
    let (_, decoded) = Pdu::decode(&wire).unwrap();
    let Pdu::Request(request) = decoded else {
        panic!("{decoded:?}");
    };
    assert_eq!((request.object, request.stub), (Some(object), &[9; 3][..]));
    let encoded = request.encode(CallId(7), PacketFlags::WHOLE).unwrap();
    assert_eq!(encoded, wire);
}

#[test]
fn a_fault_without_its_reserved_word_decodes() {
    let mut short = fault(0, 5, 0, 0x1c00_001a);
    short.truncate(28);
    short[8] = 28;
    assert!(matches!(Pdu::decode(&short), Ok((_, Pdu::Fault(_)))));
}

#[test]
fn every_truncation_of_a_bind_names_its_field() {
    for (size, structure, field, offset) in [
        (16, "bind", "max_xmit_frag", 16),
        (23, "bind", "assoc_group_id", 20),
        (27, "bind", "reserved", 25),
        (29, "p_cont_elem", "p_cont_id", 28),
        (40, "p_cont_elem", "abstract_syntax", 32),
        (71, "p_cont_elem", "transfer_syntaxes", 70),
        (115, "p_cont_elem", "transfer_syntaxes", 114),
    ] {
        let mut cut = BIND[..size].to_vec();
        cut[8] = u8::try_from(size).unwrap();
        let Err(PeerMisbehaviour::Malformed(error)) = Pdu::decode(&cut) else {
            panic!("{size}");
        };
        let PduError { structure: s, field: f, offset: o, .. } = error;
        assert_eq!((s, f, o), (structure, field, offset), "{size}");
    }
    let mut cut = BIND[..115].to_vec();
    cut[8] = 115;
    assert_eq!(
        Pdu::decode(&cut).unwrap_err().to_string(),
        "p_cont_elem.transfer_syntaxes at offset 114 needs 2 bytes, 1 are left"
    );
}

#[test]
fn a_header_speaks_for_a_big_endian_peer() {
    let header = Header::decode(&[5, 0, 11, 3, 0, 0, 0, 0, 0, 0x74, 0, 0, 0, 0, 0, 9]);
    assert_eq!((header.frag_length(), header.call_id()), (0x74, CallId(9)));
    assert!(matches!(header.check(), Err(PeerMisbehaviour::UnsupportedDataRepresentation { .. })));
}

#[test]
fn a_context_handle_is_attributes_and_a_uuid() {
    let uuid = Uuid::from_u128(0x00112233_4455_6677_8899_aabbccddeeff);
    let handle = ContextHandle::from_uuid(uuid);
    let wire = bytes("00000000 33221100 5544 7766 8899aabbccddeeff");
    assert_eq!(handle.to_bytes().to_vec(), wire);
    assert!(!handle.is_null());
    assert!(ContextHandle::from_bytes([0; 20]).is_null());
    assert!(!ContextHandle::from_bytes([1; 20]).is_null());
}

#[test]
fn only_an_equal_or_later_minor_version_serves() {
    for (row, major, minor, served) in [
        ("the same", 0, 81, true),
        ("an earlier one", 0, 80, true),
        ("a later one", 0, 82, false),
        ("another major", 1, 81, false),
    ] {
        let uuid = EMSMDB.uuid;
        let offered = SyntaxId { uuid, major, minor };
        assert_eq!(EMSMDB.serves(&offered), served, "{row}");
    }
}

#[test]
fn bind_time_features_have_version_1_0() {
    let features = SyntaxId::bind_time_features(BindTimeFeatures::all());
    for (row, major, minor) in [("2.0", 2, 0), ("1.1", 1, 1)] {
        let uuid = features.uuid;
        let other = SyntaxId { uuid, major, minor };
        assert_eq!(other.as_bind_time_features(), None, "{row}");
    }
}

#[test]
fn fault_statuses_show_name_and_number() {
    let status = FaultStatus::OP_RNG_ERROR;
    assert_eq!(status.to_string(), "nca_s_op_rng_error (0x1c010002)");
    assert_eq!(FaultStatus(0xdead).to_string(), "0x0000dead");
}

#[test]
fn what_does_not_fit_a_fragment_is_not_encoded() {
    let stub = vec![0; 65536];
    let response = Response { alloc_hint: 0, context: PresentationContextId(0), stub: &stub };
    assert!(response.encode(CallId(1), PacketFlags::WHOLE).is_err());
    let bind = Bind {
        max_xmit_frag: 0,
        max_recv_frag: 0,
        group: None,
        contexts: vec![element(0, EPM, EPM); 256],
    };
    let encoded = bind.encode(PacketType::BIND, CallId(1), PacketFlags::WHOLE);
    assert!(encoded.is_err());
}

#[test]
fn unknown_types_survive_decoding() {
    let wire = pdu(99, 0, 1, &[]);
    let (header, decoded) = Pdu::decode(&wire).unwrap();
    assert_eq!(decoded, Pdu::Unknown(PacketType(99)));
    assert_eq!(header.packet_type().to_string(), "ptype 99");
}

fn any_syntax() -> impl Strategy<Value = SyntaxId> {
    (any::<u128>(), any::<u16>(), any::<u16>()).prop_map(|(uuid, major, minor)| SyntaxId {
        uuid: Uuid::from_u128(uuid),
        major,
        minor,
    })
}

fn any_bind() -> impl Strategy<Value = Bind> {
    let syntaxes = prop::collection::vec(any_syntax(), 0..4);
    let element = (any::<u16>(), any_syntax(), syntaxes).prop_map(|(id, interface, transfers)| {
        ContextElement {
            id: PresentationContextId(id),
            abstract_syntax: interface,
            transfer_syntaxes: transfers,
        }
    });
    let elements = prop::collection::vec(element, 0..8);
    (any::<(u16, u16, u32)>(), elements).prop_map(|((xmit, recv, group), contexts)| Bind {
        max_xmit_frag: xmit,
        max_recv_frag: recv,
        group: (group != 0).then_some(AssociationGroupId(group)),
        contexts,
    })
}

fn any_ack() -> impl Strategy<Value = BindAck> {
    let one = (any::<(u16, u16)>(), any_syntax()).prop_map(|((r, reason), s)| result(r, reason, s));
    let results = prop::collection::vec(one, 0..8);
    (any::<(u16, u16, u32)>(), "[0-9]{0,5}", results).prop_map(
        |((max_xmit_frag, max_recv_frag, group), secondary_address, results)| BindAck {
            max_xmit_frag,
            max_recv_frag,
            group: AssociationGroupId(group),
            secondary_address,
            results,
        },
    )
}

proptest! {
    #[test]
    fn a_bind_survives_its_encoding(bind in any_bind(), call in any::<u32>()) {
        let wire = bind.encode(PacketType::BIND, CallId(call), PacketFlags::WHOLE).unwrap();
        let (header, decoded) = Pdu::decode(&wire).unwrap();
        prop_assert_eq!(decoded, Pdu::Bind(bind));
        prop_assert_eq!(header.call_id(), CallId(call));
    }

    #[test]
    fn a_bind_ack_survives_its_encoding(ack in any_ack()) {
        let wire = ack.encode(PacketType::BIND_ACK, CallId(1), PacketFlags::WHOLE).unwrap();
        prop_assert_eq!(Pdu::decode(&wire).unwrap().1, Pdu::BindAck(ack));
    }

    #[test]
    fn a_request_survives_its_encoding(
        (hint, context, opnum) in any::<(u32, u16, u16)>(),
        object in prop::option::of(any::<u128>()),
        stub in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let request = Request {
            alloc_hint: hint,
            context: PresentationContextId(context),
            opnum: Opnum(opnum),
            object: object.map(Uuid::from_u128),
            stub: &stub,
        };
        let wire = request.encode(CallId(1), PacketFlags::WHOLE).unwrap();
        prop_assert_eq!(Pdu::decode(&wire).unwrap().1, Pdu::Request(request));
    }

    #[test]
    fn bind_time_features_survive_any_mask(mask in any::<u64>()) {
        let features = BindTimeFeatures::from_bits_retain(mask);
        let syntax = SyntaxId::bind_time_features(features);
        prop_assert_eq!(syntax.as_bind_time_features(), Some(features));
        prop_assert_eq!(SyntaxId::NDR20.as_bind_time_features(), None);
    }

    #[test]
    fn a_context_handle_survives_its_encoding(bytes in any::<[u8; 20]>()) {
        prop_assert_eq!(ContextHandle::from_bytes(bytes).to_bytes(), bytes);
    }
}
