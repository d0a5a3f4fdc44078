//! The management interface's stubs, written word by word from C706 appendix Q.

use dcerpc::mgmt::{MgmtRequest, MgmtResponse, MgmtStatus, Statistics};
use dcerpc::{FaultStatus, Opnum, StubError};

use super::raw::{EMSMDB, MGMT};

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

#[test]
fn requests() {
    for (opnum, stub, expected) in [
        (0, vec![], MgmtRequest::InqIfIds),
        (1, words(&[4]), MgmtRequest::InqStats { count: 4 }),
        (2, vec![], MgmtRequest::IsServerListening),
        (3, vec![], MgmtRequest::StopServerListening),
        (4, words(&[10, 256]), MgmtRequest::InqPrincName { authn_service: 10, size: 256 }),
    ] {
        assert_eq!(MgmtRequest::decode(Opnum(opnum), &stub), Ok(expected));
        assert_eq!(expected.encode(), (Opnum(opnum), stub));
    }
}

#[test]
fn requests_that_are_not_quite_right() {
    for (row, opnum, stub, fault) in [
        ("no such operation", 5, words(&[1, 2]), FaultStatus::OP_RNG_ERROR),
        ("no count", 1, vec![0; 3], FaultStatus::BAD_STUB_DATA),
        ("no size", 4, words(&[10]), FaultStatus::BAD_STUB_DATA),
        ("room for too long a name", 4, words(&[10, 4097]), FaultStatus::BAD_STUB_DATA),
    ] {
        let error = MgmtRequest::decode(Opnum(opnum), &stub).expect_err(row);
        assert_eq!(error.fault(), fault, "{row}");
    }
    let error = MgmtRequest::decode(Opnum(9), &[]);
    assert_eq!(error, Err(StubError::UnknownOpnum { opnum: Opnum(9) }));
}

#[test]
fn interfaces() {
    let mut stub = words(&[0x20000, 2, 2, 0x20004, 0x20008]);
    stub.extend(MGMT.uuid.to_bytes_le());
    stub.extend([1, 0, 0, 0]);
    stub.extend(EMSMDB.uuid.to_bytes_le());
    stub.extend([0, 0, 81, 0]);
    stub.extend([0; 4]);
    assert_eq!(MgmtResponse::InqIfIds(vec![MGMT, EMSMDB]).encode(), stub);
    let decoded = MgmtResponse::decode_interfaces(&stub);
    assert_eq!(decoded, Ok((vec![MGMT, EMSMDB], MgmtStatus::OK)));
    for size in 0..stub.len() {
        assert!(MgmtResponse::decode_interfaces(&stub[..size]).is_err(), "{size}");
    }
    let none = MgmtResponse::decode_interfaces(&words(&[0, 5]));
    assert_eq!(none, Ok((vec![], MgmtStatus::ACCESS_DENIED)));
    let lies = words(&[1, u32::MAX, u32::MAX, 1]);
    assert!(MgmtResponse::decode_interfaces(&lies).is_err());
}

#[test]
fn statistics() {
    let statistics = Statistics { calls_in: 7, calls_out: 0, packets_in: 9, packets_out: 8 };
    for (count, expected) in [
        (4, &[4, 4, 7, 0, 9, 8, 0][..]),
        (u32::MAX, &[4, 4, 7, 0, 9, 8, 0]),
        (1, &[1, 1, 7, 0]),
        (0, &[0, 0, 0]),
    ] {
        let stub = MgmtResponse::InqStats { statistics, count }.encode();
        assert_eq!(stub, words(expected), "{count}");
    }
}

#[test]
fn the_rest() {
    assert_eq!(MgmtResponse::IsServerListening.encode(), words(&[0, 1]));
    let refused = MgmtResponse::StopServerListening(MgmtStatus::ACCESS_DENIED);
    assert_eq!(refused.encode(), words(&[5]));
    let nobody = |size| {
        let status = MgmtStatus::UNKNOWN_AUTHN_SERVICE;
        MgmtResponse::InqPrincName { size, status }.encode()
    };
    assert_eq!(nobody(256), words(&[256, 0, 1, 0, 0x6d3]), "an empty name and its NUL");
    assert_eq!(nobody(0), words(&[0, 0, 0, 0x6d3]), "no room for even that");
}
