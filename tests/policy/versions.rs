//! Client versions: the fixture of the policy specification 2.6, and texts that are none.

use policy::{ClientVersion, ClientVersionError};

/// What clients report, in the order of the fixture; where sources differ, each of their spellings.
#[rustfmt::skip]
const REPORTED: [&str; 56] = [
    "4.0.994.0", "5.0.1457.0", "5.0.1458.0", "5.0.1960.0", "5.0.2178.0", "5.0.2819.0", "5.0.3121.0",
    "5.0.3136.0", "5.0.3144.0", "8.0.1960.0", "8.5.5104.6", "8.5.5603.0", "9.0.0.2711",
    "9.0.0.3011", "9.0.0.3821", "9.0.0.4201", "9.0.0.4527", "9.0.0.6673", "10.0.0.2625",
    "10.0.0.2627", "10.0.0.3311", "10.0.0.3416", "10.0.0.3501", "10.0.0.3513", "10.0.0.4115",
    "10.0.0.4219", "10.0.0.6515", "10.0.0.6626", "11.0.5604.0", "11.0.5606.0", "11.0.5608.0",
    "11.0.5703.0", "11.0.6352.0", "11.0.6353.0", "11.0.7969.0", "11.0.8173.0", "12.0.4518.1014",
    "12.0.6215.1000", "12.0.6212.1000", "12.0.6425.1000", "12.0.6423.1000", "12.0.6612.1000",
    "12.0.6606.1000", "14.0.4760.1000", "14.0.4734.1000", "14.0.6025.1000", "14.0.6023.1000",
    "14.0.7015.1000", "14.0.7011.1000", "14.0.7172.5000", "15.0.4420.1017", "15.0.4569.1506",
    "15.0.4737.1000", "16.0.4266.1003", "16.0.4600.1000", "16.0.8321.1000",
];

#[test]
fn reported_versions_survive_reading_and_writing() {
    for text in REPORTED {
        let version: ClientVersion = text.parse().expect("the fixture's versions are versions");
        assert_eq!(version.to_string(), text);
    }
}

#[test]
fn three_parts_are_a_version_of_minor_build_zero() {
    for (text, expected) in [
        ("8.00.3511", ClientVersion::new(8, 0, 3511, 0)),
        ("8.01.3817", ClientVersion::new(8, 1, 3817, 0)),
        ("8.02.4212", ClientVersion::new(8, 2, 4212, 0)),
        ("8.03.4629", ClientVersion::new(8, 3, 4629, 0)),
        ("8.04.5619", ClientVersion::new(8, 4, 5619, 0)),
        ("8.5.7806", ClientVersion::new(8, 5, 7806, 0)),
        ("0.0.0", ClientVersion::new(0, 0, 0, 0)),
        ("65535.65535.65535", ClientVersion::new(65535, 65535, 65535, 0)),
    ] {
        assert_eq!(text.parse(), Ok(expected), "{text}");
    }
}

#[test]
fn versions_are_ordered_by_number_and_not_as_text() {
    let in_order = [
        "5.0.3144.0",
        "9.0.0.6673",
        "10.0.0.2625",
        "11.0.5608.0",
        "11.0.5608.10",
        "16.0.4266.1003",
    ]
    .map(|text| text.parse::<ClientVersion>().expect("a version"));
    assert!(in_order.is_sorted());
}

#[test]
fn what_is_not_three_or_four_numbers_is_refused_with_its_reason() {
    for (text, reason) in [
        ("", "`` is not three or four numbers joined by dots"),
        ("11.0", "`11.0` is not three or four numbers joined by dots"),
        ("1.2.3.4.5", "`1.2.3.4.5` is not three or four numbers joined by dots"),
        ("HTTP", "`HTTP` is not three or four numbers joined by dots"),
        ("11.0.x", "`x` is not a number from 0 to 65535"),
        ("11..5608", "`` is not a number from 0 to 65535"),
        ("11.0.5608.", "`` is not a number from 0 to 65535"),
        ("11.0.65536.0", "`65536` is not a number from 0 to 65535"),
        ("+11.0.5608.0", "`+11` is not a number from 0 to 65535"),
        ("-1.0.5608.0", "`-1` is not a number from 0 to 65535"),
        (" 11.0.5608.0", "` 11` is not a number from 0 to 65535"),
        ("11.0.５608", "`５608` is not a number from 0 to 65535"),
    ] {
        let error = text.parse::<ClientVersion>().expect_err(text);
        assert_eq!(error.to_string(), reason);
    }
}

#[test]
fn an_error_carries_the_text_it_is_about() {
    let part = ClientVersionError::Part { part: "x".into() };
    assert_eq!("11.x.0".parse::<ClientVersion>(), Err(part));
    let count = ClientVersionError::PartCount { text: "11".into() };
    assert_eq!("11".parse::<ClientVersion>(), Err(count));
}
