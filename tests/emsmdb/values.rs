//! Version triples, error codes and the interface's identity.

use emsmdb::{EMSMDB_UUID, EMSMDB_VERSION, ErrorCode, VersionError, WireVersion};

#[test]
fn triples_normalise_as_documented() {
    let table = [
        ("Outlook 2003, old scheme", [0x000B, 0x15E8, 0x0000], [11, 0, 5608, 0]),
        ("Outlook 2003, new scheme", [0x0B00, 0x95E8, 0x0000], [11, 0, 5608, 0]),
        ("a client library", [0x000C, 0x183E, 0x03E8], [12, 0, 6206, 1000]),
        ("a later client", [0x000F, 0x1303, 0x03E8], [15, 0, 4867, 1000]),
        ("Exchange 2000", [0x0006, 0x1141, 0x0005], [6, 0, 4417, 5]),
        ("Exchange 2003 SP2", [0x0006, 0x1DD6, 0x0000], [6, 0, 7638, 0]),
        ("Exchange 2003 hotfix", [0x0006, 0x1DE3, 0x0013], [6, 0, 7651, 19]),
        ("a server that does not shift", [0x0008, 0x82B4, 0x0003], [0, 8, 692, 3]),
        ("best version for too old", [0x000B, 0x8000, 0x0000], [0, 11, 0, 0]),
        ("all ones", [0xFFFF, 0xFFFF, 0xFFFF], [255, 255, 0x7FFF, 0xFFFF]),
    ];
    for (row, words, normalised) in table {
        assert_eq!(WireVersion(words).normalised(), normalised, "{row}");
    }
}

#[test]
fn one_version_has_a_triple_in_each_scheme() {
    let version = [11, 0, 5608, 0];
    assert_eq!(WireVersion::encode_old(version), Ok(WireVersion([0x000B, 0x15E8, 0])));
    assert_eq!(WireVersion::encode_new(version), Ok(WireVersion([0x0B00, 0x95E8, 0])));
}

#[test]
fn what_a_scheme_cannot_express_is_refused() {
    let old = |version| WireVersion::encode_old(version);
    let new = |version| WireVersion::encode_new(version);
    let table = [
        ("old, minor", old([6, 5, 1, 0]), VersionError::Minor { minor: 5, max: 0 }),
        ("old, build", old([6, 0, 0x8000, 0]), VersionError::Build { build: 0x8000 }),
        ("new, major", new([256, 0, 1, 0]), VersionError::Major { major: 256 }),
        ("new, minor", new([6, 256, 1, 0]), VersionError::Minor { minor: 256, max: 255 }),
        ("new, build", new([6, 5, 0x8000, 0]), VersionError::Build { build: 0x8000 }),
    ];
    for (row, encoded, error) in table {
        assert_eq!(encoded, Err(error), "{row}");
    }
}

#[test]
fn codes_are_shown_by_name_where_they_have_one() {
    assert_eq!(
        ErrorCode::EC_CLIENT_VER_DISALLOWED.to_string(),
        "ecClientVerDisallowed (0x000004DF)"
    );
    assert_eq!(ErrorCode::EC_VERSION_MISMATCH.to_string(), "ecVersionMismatch (0x80040110)");
    assert_eq!(ErrorCode(0x1234).to_string(), "0x00001234");
}

#[test]
fn the_interface_has_its_published_identity() {
    assert_eq!(EMSMDB_UUID, 0xa4f1_db00_ca47_1067_b31f_00dd_0106_62da);
    assert_eq!(EMSMDB_VERSION, (0, 81));
}
