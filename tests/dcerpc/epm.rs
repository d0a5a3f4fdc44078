//! The endpoint mapper's stubs against vectors and against hostile ones, and which questions a registration
//! answers.

use std::net::SocketAddrV4;

use dcerpc::epm::{
    EpmRequest, EptEntry, EptLookupHandleFreeRequest, EptLookupHandleFreeResponse,
    EptLookupRequest, EptLookupResponse, EptMapRequest, EptMapResponse, EptStatus, Floor,
    InquiryType, Registration, TcpTower, Tower, VersionOption,
};
use dcerpc::ndr::NdrWriter;
use dcerpc::{ContextHandle, FaultStatus, Opnum, StubError, SyntaxId, Uuid};
use proptest::prelude::*;

use super::raw::{EMSMDB, EPM, MGMT, UNKNOWN};

const REQUEST: &[u8] = include_bytes!("../../fixtures/wire/eptmap_req.bin");
const RESPONSE: &[u8] = include_bytes!("../../fixtures/wire/eptmap_resp.bin");

fn emsmdb_at(address: &str) -> Tower {
    let address: SocketAddrV4 = address.parse().unwrap();
    TcpTower { interface: EMSMDB, transfer_syntax: SyntaxId::NDR20, address }.into()
}

fn question() -> EptMapRequest {
    EptMapRequest {
        object: Some(Uuid::nil()),
        tower: Some(emsmdb_at("0.0.0.0:135")),
        handle: ContextHandle::NULL,
        max_towers: 4,
    }
}

/// What the vectors have in place of our referent ids: the one thing that NDR leaves to the sender.
fn with_referents(mut stub: Vec<u8>, referents: &[(usize, u32)]) -> Vec<u8> {
    for (offset, id) in referents {
        assert_ne!(stub[*offset..][..4], [0; 4], "a pointer");
        stub[*offset..][..4].copy_from_slice(&id.to_le_bytes());
    }
    stub
}

#[test]
fn the_map_request_vector_holds_the_documented_values() {
    assert_eq!(EptMapRequest::decode(REQUEST).unwrap(), question());
    assert_eq!(with_referents(question().encode(), &[(0, 1), (0x14, 2)]), REQUEST);
    let decoded = EpmRequest::decode(Opnum(3), REQUEST).unwrap();
    assert_eq!(decoded, EpmRequest::Map(question()));
}

#[test]
fn the_map_response_vector_holds_the_documented_values() {
    let expected = EptMapResponse {
        handle: ContextHandle::NULL,
        max_towers: 4,
        towers: vec![emsmdb_at("10.0.0.1:1051")],
        status: EptStatus::OK,
    };
    assert_eq!(EptMapResponse::decode(RESPONSE).unwrap(), expected);
    assert_eq!(with_referents(expected.encode(), &[(0x24, 3)]), RESPONSE);
    assert_eq!(expected.towers[0].as_tcp().unwrap().address, "10.0.0.1:1051".parse().unwrap());
}

#[test]
fn nothing_found_keeps_the_room_that_the_caller_has() {
    let nothing = EptMapResponse {
        handle: ContextHandle::NULL,
        max_towers: 4,
        towers: vec![],
        status: EptStatus::NOT_REGISTERED,
    };
    let mut stub = vec![0; 20];
    for word in [0, 4, 0, 0, 0x16c9_a0d6_u32] {
        stub.extend(word.to_le_bytes());
    }
    assert_eq!(nothing.encode(), stub);
    assert_eq!(EptMapResponse::decode(&stub).unwrap(), nothing);
}

/// Written word by word from C706 appendix O; Samba's and impacket's own codecs read it in `foreign`.
#[test]
fn a_lookup_is_laid_out_as_the_interface_definition_says() {
    let request = EptLookupRequest {
        inquiry: InquiryType::BY_BOTH,
        object: Some(Uuid::nil()),
        interface: Some(EMSMDB),
        version: VersionOption::COMPATIBLE,
        handle: ContextHandle::NULL,
        max_entries: 500,
    };
    let mut stub = NdrWriter::new();
    stub.u32(3);
    stub.u32(0x20000);
    stub.bytes(&[0; 16]);
    stub.u32(0x20004);
    stub.bytes(&EMSMDB.uuid.to_bytes_le());
    stub.bytes(&[0, 0, 81, 0, 2, 0, 0, 0]);
    stub.bytes(&[0; 20]);
    stub.u32(500);
    let stub = stub.finish();
    assert_eq!(request.encode(), stub);
    assert_eq!(EpmRequest::decode(Opnum(2), &stub).unwrap(), EpmRequest::Lookup(request));

    let entry = |annotation: &[u8]| EptEntry {
        object: Uuid::nil(),
        tower: Some(emsmdb_at("10.0.0.1:1051")),
        annotation: annotation.to_vec(),
    };
    let response = EptLookupResponse {
        handle: ContextHandle::NULL,
        max_entries: 500,
        entries: vec![entry(b"store"), entry(b"")],
        status: EptStatus::OK,
    };
    let mut stub = NdrWriter::new();
    stub.bytes(&[0; 20]);
    [2, 500, 0, 2].into_iter().for_each(|word| stub.u32(word));
    stub.bytes(&[0; 16]);
    [0x20000, 0, 6].into_iter().for_each(|word| stub.u32(word));
    stub.bytes(b"store\0\0\0");
    stub.bytes(&[0; 16]);
    [0x20004, 0, 1].into_iter().for_each(|word| stub.u32(word));
    stub.bytes(&[0; 4]);
    for _ in 0..2 {
        stub.bytes(&RESPONSE[0x28..0x7c]);
    }
    stub.u32(0);
    let stub = stub.finish();
    assert_eq!(response.encode(), stub);
    assert_eq!(EptLookupResponse::decode(&stub).unwrap(), response);
}

#[test]
fn giving_up_a_handle_is_laid_out_as_the_interface_definition_says() {
    let handle = ContextHandle::from_uuid(Uuid::from_u128(7));
    let request = EptLookupHandleFreeRequest { handle };
    assert_eq!(request.encode(), handle.to_bytes());
    let decoded = EpmRequest::decode(Opnum(4), &request.encode()).unwrap();
    assert_eq!(decoded, EpmRequest::LookupHandleFree(request));
    let response =
        EptLookupHandleFreeResponse { handle: ContextHandle::NULL, status: EptStatus::OK };
    assert_eq!(response.encode(), [0; 24]);
    assert_eq!(EptLookupHandleFreeResponse::decode(&[0; 24]).unwrap(), response);
}

#[test]
fn an_annotation_never_exceeds_its_array() {
    let entry = EptEntry { object: Uuid::nil(), tower: None, annotation: vec![b'a'; 500] };
    let response = EptLookupResponse {
        handle: ContextHandle::NULL,
        max_entries: 1,
        entries: vec![entry],
        status: EptStatus::OK,
    };
    let decoded = EptLookupResponse::decode(&response.encode()).unwrap();
    assert_eq!(decoded.entries[0].annotation, [b'a'; 63]);
    assert_eq!(decoded.entries[0].tower, None);
}

#[test]
fn operations_that_register_are_not_offered() {
    for opnum in [0, 1, 5, 6, 7, 0xffff] {
        let error = EpmRequest::decode(Opnum(opnum), REQUEST).unwrap_err();
        assert_eq!(error, StubError::UnknownOpnum { opnum: Opnum(opnum) });
        assert_eq!(error.fault(), FaultStatus::OP_RNG_ERROR);
    }
}

fn patched(offset: usize, bytes: &[u8]) -> Vec<u8> {
    let mut stub = REQUEST.to_vec();
    stub[offset..][..bytes.len()].copy_from_slice(bytes);
    stub
}

#[test]
fn a_map_request_that_is_not_quite_right_is_a_bad_stub() {
    for (row, stub) in [
        ("no stub", vec![]),
        ("max_towers is 501", patched(0x80, &501_u32.to_le_bytes())),
        ("max_towers is huge", patched(0x80, &[0xff; 4])),
        ("max_count is huge", patched(0x18, &[0xff; 4])),
        ("max_count is 2001", patched(0x18, &2001_u32.to_le_bytes())),
        ("tower_length is not max_count", patched(0x1c, &[0x4a])),
        ("a tower without a count", patched(0x18, &[1, 0, 0, 0, 1, 0, 0, 0])),
        ("a floor too many", patched(0x20, &[6])),
        ("65535 floors", patched(0x20, &[0xff; 2])),
        ("a floor too few", patched(0x20, &[4])),
        ("no floor, and octets", patched(0x20, &[0])),
        ("a left-hand side past the end", patched(0x22, &[0xff; 2])),
        ("a right-hand side past the end", patched(0x65, &[0xff; 2])),
    ] {
        let error = EptMapRequest::decode(&stub).expect_err(row);
        assert_eq!(error.fault(), FaultStatus::BAD_STUB_DATA, "{row}: {error}");
    }
    for size in 0..REQUEST.len() {
        assert!(EptMapRequest::decode(&REQUEST[..size]).is_err(), "{size}");
    }
    assert!(EptMapRequest::decode(&patched(0x80, &500_u32.to_le_bytes())).is_ok());
    let trailed = [REQUEST, b"\x8a\xe3\x13\x71\x02\xf4\x36\x71"].concat();
    assert!(EptMapRequest::decode(&trailed).is_ok(), "a verification trailer");
}

#[test]
fn a_response_that_is_not_quite_right_is_refused() {
    let changed = |offset: usize, value: u8| {
        let mut stub = RESPONSE.to_vec();
        stub[offset] = value;
        stub
    };
    for (row, stub) in [
        ("more than were asked for can be", changed(0x16, 1)),
        ("an array that starts later", changed(0x1c, 1)),
        ("fewer than announced", changed(0x20, 0)),
        ("a tower whose counts differ", changed(0x28, 0x4c)),
    ] {
        assert!(EptMapResponse::decode(&stub).is_err(), "{row}");
    }
    for size in 0..RESPONSE.len() {
        assert!(EptMapResponse::decode(&RESPONSE[..size]).is_err(), "{size}");
    }
}

#[test]
fn errors_say_what_is_missing_where() {
    let error = EptMapRequest::decode(&patched(0x20, &[6])).unwrap_err();
    let said = "tower.lhs_length at offset 75 needs 2 bytes, 0 are left";
    assert_eq!(error.to_string(), said);
    let error = EptMapRequest::decode(&patched(0x20, &[4])).unwrap_err();
    assert_eq!(error.to_string(), "9 octets follow the last floor of a tower");
}

fn registered() -> Registration {
    Registration {
        interface: EMSMDB,
        address: "10.0.0.1:1051".parse().unwrap(),
        annotation: b"store".to_vec(),
    }
}

fn tower_of(interface: SyntaxId, transfer_syntax: SyntaxId) -> Tower {
    let address = SocketAddrV4::new([0, 0, 0, 0].into(), 0);
    TcpTower { interface, transfer_syntax, address }.into()
}

#[test]
fn a_registration_answers_those_who_ask_for_its_interface_over_tcp() {
    let at_version = |major, minor| tower_of(SyntaxId { major, minor, ..EMSMDB }, SyntaxId::NDR20);
    let with = |change: fn(&mut Vec<Floor>)| {
        let mut tower = at_version(0, 81);
        change(&mut tower.floors);
        tower
    };
    for (row, tower, found) in [
        ("the interface", Some(at_version(0, 81)), true),
        ("an earlier minor version", Some(at_version(0, 80)), true),
        ("a later minor version", Some(at_version(0, 82)), false),
        ("another major version", Some(at_version(1, 0)), false),
        ("another interface", Some(tower_of(UNKNOWN, SyntaxId::NDR20)), false),
        ("management, which nobody registers", Some(tower_of(MGMT, SyntaxId::NDR20)), false),
        ("the mapper, which doesn't either", Some(tower_of(EPM, SyntaxId::NDR20)), false),
        ("NDR64", Some(tower_of(EMSMDB, SyntaxId::NDR64)), false),
        (
            "NDR of any minor version",
            Some(tower_of(EMSMDB, SyntaxId { minor: 81, ..SyntaxId::NDR20 })),
            true,
        ),
        ("no tower", None, false),
        ("a tower without floors", Some(with(Vec::clear)), false),
        ("UDP", Some(with(|floors| floors[3].lhs = vec![8])), false),
        ("a pipe", Some(with(|floors| floors[3].lhs = vec![15])), false),
        ("connectionless RPC", Some(with(|floors| floors[2].lhs = vec![10])), false),
        ("HTTP", Some(with(|floors| floors[3].lhs = vec![0x1f])), false),
        ("no IP", Some(with(|floors| floors.truncate(4))), false),
        ("a floor more", Some(with(|floors| floors.push(floors[2].clone()))), false),
        ("an address of IPv6's size", Some(with(|floors| floors[4].rhs = vec![0; 16])), false),
        ("a port of 3 octets", Some(with(|floors| floors[3].rhs.push(0))), false),
        ("an interface without a version", Some(with(|floors| floors[0].lhs.truncate(17))), false),
        ("a version in one octet", Some(with(|floors| floors[0].rhs.truncate(1))), false),
        ("an interface that is none", Some(with(|floors| floors[0].lhs[0] = 12)), false),
        ("an empty left-hand side", Some(with(|floors| floors[0].lhs.clear())), false),
    ] {
        let request = EptMapRequest { tower, ..question() };
        let answer = found.then(|| emsmdb_at("10.0.0.1:1051"));
        assert_eq!(registered().map(&request), answer, "{row}");
    }
    for object in [None, Some(Uuid::nil()), Some(UNKNOWN.uuid)] {
        let request = EptMapRequest { object, ..question() };
        assert!(registered().map(&request).is_some(), "{object:?}");
    }
}

#[test]
fn a_registration_is_listed_for_those_who_choose_it() {
    use {InquiryType as I, VersionOption as V};
    let all = EptLookupRequest {
        inquiry: I::ALL,
        object: None,
        interface: None,
        version: VersionOption(0),
        handle: ContextHandle::NULL,
        max_entries: 500,
    };
    let by = |version, major, minor| EptLookupRequest {
        inquiry: I::BY_INTERFACE,
        interface: Some(SyntaxId { major, minor, ..EMSMDB }),
        version,
        ..all
    };
    let object = |inquiry, object| EptLookupRequest { inquiry, object, ..by(V::ALL, 0, 0) };
    for (row, request, listed) in [
        ("all", all.clone(), Some(true)),
        ("its interface", by(V::ALL, 9, 9), Some(true)),
        (
            "another interface",
            EptLookupRequest { interface: Some(UNKNOWN), ..by(V::ALL, 0, 0) },
            Some(false),
        ),
        ("compatible", by(V::COMPATIBLE, 0, 80), Some(true)),
        ("compatible, later", by(V::COMPATIBLE, 0, 82), Some(false)),
        ("exact", by(V::EXACT, 0, 81), Some(true)),
        ("exact, not quite", by(V::EXACT, 0, 80), Some(false)),
        ("major only", by(V::MAJOR_ONLY, 0, 99), Some(true)),
        ("major only, another", by(V::MAJOR_ONLY, 1, 81), Some(false)),
        ("up to a later one", by(V::UP_TO, 1, 0), Some(true)),
        ("up to an earlier one", by(V::UP_TO, 0, 80), Some(false)),
        ("no such option", by(VersionOption(0), 0, 81), None),
        ("no interface", EptLookupRequest { interface: None, ..by(V::ALL, 0, 0) }, None),
        ("no object", object(I::BY_OBJECT, None), Some(true)),
        ("the nil object", object(I::BY_OBJECT, Some(Uuid::nil())), Some(true)),
        ("an object", object(I::BY_OBJECT, Some(UNKNOWN.uuid)), Some(false)),
        ("both", object(I::BY_BOTH, None), Some(true)),
        ("both, another object", object(I::BY_BOTH, Some(UNKNOWN.uuid)), Some(false)),
        ("no such inquiry", object(InquiryType(4), None), None),
    ] {
        assert_eq!(registered().is_listed_by(&request), listed, "{row}");
    }
    let entry = registered().entry();
    assert_eq!((entry.annotation, entry.object), (b"store".to_vec(), Uuid::nil()));
}

proptest! {
    #[test]
    fn any_tower_survives_its_octets(
        sides in prop::collection::vec(
            (prop::collection::vec(any::<u8>(), 0..40), prop::collection::vec(any::<u8>(), 0..20)),
            0..20,
        ),
    ) {
        let floors = sides.into_iter().map(|(lhs, rhs)| Floor { lhs, rhs }).collect();
        let tower = Tower { floors };
        prop_assert_eq!(Tower::decode(&tower.encode()), Ok(tower));
    }

    #[test]
    fn any_octets_are_a_tower_or_refused(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(tower) = Tower::decode(&octets) {
            prop_assert_eq!(tower.encode(), octets);
            let _ = tower.as_tcp();
        }
    }

    #[test]
    fn any_stub_is_decoded_or_refused(
        (opnum, offset, value) in (0..8_u16, 0..REQUEST.len(), any::<u8>()),
        garbage in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let opnum = Opnum(opnum);
        drop(EpmRequest::decode(opnum, &garbage));
        drop(EptMapResponse::decode(&garbage));
        drop(EptLookupResponse::decode(&garbage));
        if let Ok(EpmRequest::Map(request)) = EpmRequest::decode(Opnum(3), &patched(offset, &[value])) {
            let again = EptMapRequest::decode(&request.encode());
            prop_assert_eq!(again, Ok(request));
        }
    }
}
