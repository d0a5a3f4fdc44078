//! What a list of versions means: its vectors, places in the text, and when two lists are equal (policy specification 2.1,
//! 2.2, A10, A23).

use policy::{Columns, LintCode, Severity, VersionRanges};

use super::fixtures::{VersionVector, codes, sorted, version_vectors};
use super::{ranges, version};

#[test]
fn every_vector_has_its_ranges() {
    for VersionVector { row, text, items, .. } in version_vectors() {
        let list = ranges(&text);
        let found: Vec<_> = list.items().iter().map(|item| item.bounds()).collect();
        let bound = |text: &Option<String>| text.as_deref().map(version);
        let expected: Vec<_> =
            items.iter().map(|range| (bound(&range.low), bound(&range.high))).collect();
        assert_eq!(found, expected, "{row}");
        assert_eq!(list.is_empty(), items.is_empty(), "{row}");
        assert_eq!(list.text(), text, "{row}");
    }
}

#[test]
fn every_vector_has_exactly_its_lints() {
    for VersionVector { row, text, lints, .. } in version_vectors() {
        assert_eq!(codes(&VersionRanges::parse(&text).lints), sorted(lints), "{row}");
    }
}

#[test]
fn every_vector_matches_what_is_inside_and_not_what_is_outside() {
    for VersionVector { row, text, inside, outside, .. } in version_vectors() {
        let list = ranges(&text);
        for client in inside {
            assert!(list.find(version(&client)).is_some(), "{row}: {client} is outside");
        }
        for client in outside {
            assert!(list.find(version(&client)).is_none(), "{row}: {client} is inside");
        }
    }
}

#[test]
fn the_specification_s_severities_hold() {
    for (text, code, severity) in [
        ("11.5608.0,", LintCode::EmptyItem, Severity::Info),
        (";", LintCode::EmptyList, Severity::Warning),
        ("12.0.0-11.0.0", LintCode::ReversedRange, Severity::Error),
        ("11.x.0", LintCode::BadVersion, Severity::Error),
        ("11.40000.0", LintCode::ClampedPart, Severity::Warning),
        ("6.4712.0", LintCode::ExchangeVersion, Severity::Error),
        ("-5.3164.0", LintCode::InclusiveBound, Severity::Info),
    ] {
        let lints = VersionRanges::parse(text).lints;
        let lint = lints.iter().find(|lint| lint.code == code).expect("the text has the lint");
        assert_eq!(lint.severity, severity, "{text}");
    }
}

#[test]
fn items_are_numbered_as_kept_and_placed_as_written() {
    let text = " 11.5608.0 ,; é; 11.5608.0;\t12.0.0-13.0.0";
    let list = ranges(text);
    let [first, second] = list.items() else { panic!("{list:?}") };

    assert_eq!((first.ordinal(), first.text()), (0, "11.5608.0"));
    assert_eq!((first.span().start, first.span().end), (1, 10));
    assert_eq!((second.ordinal(), second.text()), (1, "12.0.0-13.0.0"));
    assert_eq!((second.span().start, second.span().end), (29, 42));
    let mut columns = Columns::new(text);
    assert_eq!(columns.at(second.span().start), 29, "é is two bytes and one character");
}

#[test]
fn of_overlapping_items_the_first_written_is_found() {
    for (row, text, client, expected) in [
        ("within", "11.0.0-12.0.0, 11.5608.0", "11.0.5608.0", 0),
        ("around", "11.5608.0, 11.0.0-12.0.0", "11.0.5608.0", 0),
        ("beside the inner one", "11.5608.0, 11.0.0-12.0.0", "11.0.5608.1", 1),
        ("overlap", "11.5000.0-12.0.0; -11.6000.0", "11.0.5500.0", 0),
        ("below the overlap", "11.5000.0-12.0.0; -11.6000.0", "11.0.4999.65535", 1),
        ("both open", "12.0.0-; -12.0.0", "12.0.0.0", 0),
        ("three deep", "10.0.0-; 11.0.0-; 12.0.0-", "16.0.4266.1003", 0),
        ("three deep, turned", "12.0.0-; 11.0.0-; 10.0.0-", "11.0.5608.0", 1),
    ] {
        let list = ranges(text);
        let found = list.find(version(client)).map(|item| item.ordinal());
        assert_eq!(found, Some(expected), "{row}");
    }
}

#[test]
fn lists_are_equal_exactly_if_they_match_the_same_versions() {
    for (row, one, other, equal) in [
        ("order", "11.5608.0; 12.0.0-", "12.0.0-; 11.5608.0", true),
        ("separators and blanks", "11.5608.0,12.0.0-", " 11.5608.0 ;\t12.0.0- ", true),
        ("leading zeros", "11.5608.0", "011.05608.00", true),
        ("four parts", "11.5608.0", "11.0.5608.0", true),
        ("clamped", "-5.65535.65535", "-5.32767.65535", true),
        ("repetition", "11.5608.0", "11.5608.0, 11.5608.0", true),
        ("bad items", "11.5608.0", "x; 11.5608.0; 9.0.0-8.0.0", true),
        ("one within another", "11.0.0-12.0.0", "11.0.0-12.0.0; 11.5608.0", true),
        ("overlap", "11.0.0-12.0.0", "11.0.0-11.6000.0; 11.5000.0-12.0.0", true),
        ("adjoining", "11.0.0-12.0.0", "11.0.0-11.5607.65535; 11.5608.0-12.0.0", true),
        ("adjoining within a build", "11.0.0-12.0.0", "11.0.0-11.5608.3; 11.5608.4-12.0.0", true),
        ("everything, in halves", "0.0.0-", "-11.5608.0; 11.5608.1-", true),
        ("open and from the first", "-5.3164.0", "0.0.0-5.3164.0", true),
        ("one version between", "11.0.0-12.0.0", "11.0.0-11.5608.3; 11.5608.5-12.0.0", false),
        // 11.0.32768.0 and 11.5.0.0 lie between, though no item can name them.
        ("a product's end and the next", "11.0.0-12.0.0", "11.0.0-11.32767.65535; 12.0.0", false),
        ("open above", "12.0.0-", "12.0.0-65535.32767.65535", false),
        ("longer", "11.0.0-12.0.0", "11.0.0-12.0.1", false),
        ("empty", "", "11.5608.0", false),
        ("both empty", "", "; x", true),
    ] {
        assert_eq!(ranges(one) == ranges(other), equal, "{row}");
        assert_eq!(ranges(other) == ranges(one), equal, "{row}, turned");
    }
    assert_eq!(ranges(""), VersionRanges::default());
}

#[test]
fn a_full_list_is_read_and_searched_to_its_end() {
    let count = 60_000_u32;
    let (product, build) = (|n: u32| 20 + n / 30_000, |n: u32| 1 + n % 30_000);
    let items: Vec<String> = (0..count).map(|n| format!("{}.{}.7", product(n), build(n))).collect();
    let list = ranges(&items.join(";"));
    assert_eq!(list.items().len(), items.len());
    for (ordinal, n) in (0..count).enumerate() {
        let client = version(&format!("{}.0.{}.7", product(n), build(n)));
        assert_eq!(list.find(client).map(|item| item.ordinal()), Some(ordinal));
        let beside = version(&format!("{}.0.{}.8", product(n), build(n)));
        assert!(list.find(beside).is_none());
    }
}

/// Every range holds all that come after it, and each one's end is inside all before it.
#[test]
fn ranges_within_ranges_are_read_in_time_and_space() {
    let nested: Vec<String> =
        (1..30_000).map(|n| format!("20.{n}.0-30.{}.0", 32_000 - n)).collect();
    let parsed = VersionRanges::parse(&nested.join(","));
    assert_eq!(parsed.value.items().len(), nested.len());
    let inner = version("25.0.0.0");
    assert_eq!(parsed.value.find(inner).map(|item| item.ordinal()), Some(0));
    assert_eq!(parsed.lints.iter().filter(|lint| lint.code == LintCode::Covered).count(), 51);

    let turned: Vec<&str> = nested.iter().rev().map(String::as_str).collect();
    let list = ranges(&turned.join(","));
    assert_eq!(list.find(inner).map(|item| item.ordinal()), Some(0));
    assert_eq!(list, parsed.value);
}
