//! What is said about a list: a case for every code, wording, places and limits.

use std::collections::BTreeSet;
use std::fmt::Write;

use policy::{BlockList, Columns, Lint, LintCode, ProcessList, Severity, VersionRanges};

/// A text of the process list that has the code. Without a wildcard arm, a new code does not compile until it has a
/// case.
pub(crate) fn case(code: LintCode) -> Option<String> {
    let text = match code {
        LintCode::EmptyItem => "a.exe;;b.exe".into(),
        LintCode::EmptyList => "; ;".into(),
        LintCode::Comma => "a.exe, b.exe".into(),
        LintCode::Path => r"b.exe; C:\Program Files\X\a.exe".into(),
        LintCode::Quotes => r#""my app.exe"; "half.exe"#.into(),
        LintCode::NoExtension => "outlook; word.".into(),
        LintCode::Wildcard => "goog*".into(),
        LintCode::Duplicate => "a.exe; A.EXE".into(),
        LintCode::DataAfterNul => "a.exe\0b.exe".into(),
        LintCode::ExchangeComponent => "a.exe; mad.exe".into(),
        LintCode::BlocksOutlook => "Outlook.exe".into(),
        LintCode::LongData2048 => format!("{}.exe", "a".repeat(1_021)),
        LintCode::LongData16383 => format!("{}.exe", "a".repeat(16_380)),
        LintCode::NoName => r"C:\dir\; a.exe".into(),
        LintCode::InvisibleCharacter => "a\u{200b}.exe; b.exe".into(),
        LintCode::VersionInProcesses => "a.exe; -5.3164.0, 11.0.0-11.5703.0".into(),
        LintCode::ProcessInVersions
        | LintCode::BadVersion
        | LintCode::ReversedRange
        | LintCode::ClampedPart
        | LintCode::FourParts
        | LintCode::KeptZero
        | LintCode::LowUpperBound
        | LintCode::ExchangeVersion
        | LintCode::MatchesAll
        | LintCode::Covered
        | LintCode::InclusiveBound
        | LintCode::IgnoredByBuild => return None,
    };
    Some(text)
}

/// What no text says: the build's part.
fn build_case(code: LintCode) -> Option<(BlockList, String, Vec<Lint>)> {
    let text = "mdl.exe; beta.exe";
    let lint = Lint::ignored_by_build(BlockList::Processes, text, "build 6.5.7638");
    (code == LintCode::IgnoredByBuild).then(|| (BlockList::Processes, text.into(), vec![lint]))
}

/// A text of the version list that has the code, under the same rule.
pub(crate) fn version_case(code: LintCode) -> Option<String> {
    let text = match code {
        LintCode::EmptyItem => "11.5608.0;,12.4518.1014".into(),
        LintCode::EmptyList => "; ,".into(),
        LintCode::Duplicate => "11.5608.0; 011.05608.00-11.5608.0".into(),
        LintCode::DataAfterNul => "11.5608.0\0;12.4518.1014".into(),
        LintCode::LongData2048 => format!("11.5608.{}1", "0".repeat(1_017)),
        LintCode::LongData16383 => format!("11.5608.{}1", "0".repeat(16_376)),
        LintCode::ProcessInVersions => "11.5608.0; outlook.exe".into(),
        LintCode::BadVersion => BAD.map(|(item, _)| item).join(";"),
        LintCode::ReversedRange => "11.5608.0-9.0.6673".into(),
        LintCode::ClampedPart => "11.40000.5-11.65535.65535; 12.40000.0".into(),
        LintCode::FourParts => "11.0.5608.0; 5.3164.0.0-5.3165.0".into(),
        LintCode::KeptZero => "11.0.5604-11.0.5608".into(),
        LintCode::LowUpperBound => "0.0.0-5.9.9".into(),
        LintCode::ExchangeVersion => {
            "4.0.0-8.0.0; -6.4712.0; 6.0.0-11.0.0; 6.5.7638; 7.0.0-; 5.0.0-".into()
        }
        LintCode::MatchesAll => "0.0.0-; -16.65535.65535".into(),
        LintCode::Covered => "11.5608.0; 11.0.0-12.0.0; 11.5600.0-11.5700.0".into(),
        LintCode::InclusiveBound => {
            "-5.3164.0; -5.3164.7; 15.4737.1000-; 12.4518.65535-; 14.32767.65535-".into()
        }
        LintCode::Comma
        | LintCode::Path
        | LintCode::Quotes
        | LintCode::NoExtension
        | LintCode::Wildcard
        | LintCode::ExchangeComponent
        | LintCode::BlocksOutlook
        | LintCode::NoName
        | LintCode::InvisibleCharacter
        | LintCode::VersionInProcesses
        | LintCode::IgnoredByBuild => return None,
    };
    Some(text)
}

/// Items that are left out, and how the reason ends.
const BAD: [(&str, &str); 24] = [
    ("-", "either side of its `-`"),
    ("11.5608.0-12.4518.0-", "more than one `-`"),
    ("11.0.0--12.0.0", "more than one `-`"),
    ("6.5535.65535.65535", "neither the second nor the last is 0"),
    ("8.5.5104.6", "neither the second nor the last is 0"),
    ("11", "three or four numbers joined by dots"),
    ("11.0", "three or four numbers joined by dots"),
    ("11.5608", "three or four numbers joined by dots"),
    ("11.*", "three or four numbers joined by dots"),
    ("11.0.5608.*", "from 0 to 65535"),
    ("11.0.?", "from 0 to 65535"),
    ("1.2.3.4.5", "three or four numbers joined by dots"),
    ("11.0.0 - 12.0.0", "from 0 to 65535"),
    ("11.0.0 12.0.0", "three or four numbers joined by dots"),
    ("11.0.0\u{2013}12.0.0", "three or four numbers joined by dots"),
    ("\"11.5608.0\"", "from 0 to 65535"),
    ("\u{200b}11.5608.0", "from 0 to 65535"),
    ("11.5608.65536", "from 0 to 65535"),
    ("65536.0.0", "from 0 to 65535"),
    ("11.65536.0", "from 0 to 65535"),
    ("+11.5608.0", "from 0 to 65535"),
    ("v11.5608.0", "from 0 to 65535"),
    ("SMTP", "three or four numbers joined by dots"),
    ("http", "three or four numbers joined by dots"),
];

fn lints(text: &str) -> Vec<Lint> {
    ProcessList::parse(text).lints
}

fn version_lints(text: &str) -> Vec<Lint> {
    VersionRanges::parse(text).lints
}

/// The cases of a code: of which list, a text, and its lints.
fn cases(code: LintCode) -> Vec<(BlockList, String, Vec<Lint>)> {
    let process = case(code).map(|text| (BlockList::Processes, lints(&text), text));
    let version = version_case(code).map(|text| (BlockList::Versions, version_lints(&text), text));
    let cases = process.into_iter().chain(version).map(|(list, lints, text)| (list, text, lints));
    cases.chain(build_case(code)).collect()
}

#[test]
fn every_code_is_produced_by_its_case() {
    for code in LintCode::ALL {
        let cases = cases(*code);
        assert!(!cases.is_empty(), "{code}");
        for (list, _, found) in cases {
            assert!(found.iter().any(|lint| lint.code == *code), "{list} {code}: {found:?}");
        }
    }
}

#[test]
fn every_code_has_a_slug_of_its_own_in_kebab_case() {
    let slugs: BTreeSet<&str> = LintCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(slugs.len(), LintCode::ALL.len());
    for slug in slugs {
        let kebab = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        assert!(slug.bytes().all(kebab), "{slug}");
    }
}

#[test]
fn every_code_says_what_is_there_and_what_to_do() {
    let mut said = String::new();
    for code in LintCode::ALL {
        for (list, text, lints) in cases(*code) {
            for lint in lints.iter().filter(|lint| lint.code == *code) {
                let Lint { code, severity, span, columns, message, hint } = lint;
                let mut walk = Columns::new(&text);
                assert_eq!(*columns, walk.at(span.start)..walk.at(span.end), "{code}");
                writeln!(said, "{list} {severity} {code} {columns:?}: {message}\n    {hint}")
                    .expect("grows");
            }
        }
    }
    insta::assert_snapshot!(said);
}

#[test]
fn severities_are_ordered_and_named() {
    assert!(Severity::Info < Severity::Warning && Severity::Warning < Severity::Error);
    let named = [Severity::Info, Severity::Warning, Severity::Error].map(|level| level.to_string());
    assert_eq!(named, ["info", "warning", "error"]);
}

#[test]
fn length_is_judged_in_utf_16_without_the_terminator() {
    for (row, text, expected) in [
        ("2048 bytes", "a".repeat(1_020) + ".exe", &[][..]),
        ("2048 bytes, terminated", "a".repeat(1_020) + ".exe\0", &[]),
        ("2050 bytes", "a".repeat(1_021) + ".exe", &[LintCode::LongData2048]),
        ("surrogate pairs count twice", "😀".repeat(511) + ".exe", &[LintCode::LongData2048]),
        ("two bytes of UTF-8 count once", "é".repeat(1_020) + ".exe", &[]),
        ("16383 units", "a".repeat(16_379) + ".exe", &[LintCode::LongData2048]),
        (
            "16384 units",
            "a".repeat(16_380) + ".exe",
            &[LintCode::LongData2048, LintCode::LongData16383],
        ),
    ] {
        let found: Vec<LintCode> = lints(&text).iter().map(|lint| lint.code).collect();
        assert_eq!(found, expected, "{row}");
    }
}

#[test]
fn lints_point_at_the_item_they_are_about() {
    for (text, code, expected) in [
        ("a.exe; goog*", LintCode::Wildcard, "goog*"),
        ("a.exe;  A.EXE ;", LintCode::Duplicate, "A.EXE"),
        ("ü.exe; mad.exe", LintCode::ExchangeComponent, "mad.exe"),
        ("a.exe\0 b", LintCode::DataAfterNul, "\0 b"),
        (" ; ", LintCode::EmptyList, " ; "),
        ("a.exe;;b.exe", LintCode::EmptyItem, ""),
    ] {
        let found = lints(text);
        let lint = found.iter().find(|lint| lint.code == code).expect("the text has the lint");
        assert_eq!(text.get(lint.span.start..lint.span.end), Some(expected), "{text}");
    }
}

#[test]
fn every_program_of_exchange_is_known() {
    for name in [
        "store.exe",
        "mad.exe",
        "emsmta.exe",
        "exmgmt.exe",
        "events.exe",
        "srsmain.exe",
        "inetinfo.exe",
        "calcon.exe",
        "lscntrl.exe",
        "dispatch.exe",
    ] {
        let codes: Vec<LintCode> = lints(name).iter().map(|lint| lint.code).collect();
        assert_eq!(codes, [LintCode::ExchangeComponent], "{name}");
    }
}

#[test]
fn a_million_separators_are_a_few_lints_that_hide_no_error() {
    let text = format!("{}mad.exe", ";".repeat(1_000_000));
    let found = lints(&text);
    assert_eq!(found.iter().filter(|lint| lint.code == LintCode::ExchangeComponent).count(), 1);

    let empty: Vec<&Lint> = found.iter().filter(|lint| lint.code == LintCode::EmptyItem).collect();
    let [.., last] = empty.as_slice() else { panic!("no lint of an empty item") };
    assert_eq!(empty.len(), 51);
    assert_eq!(last.message, "999950 more of `empty-item` follow");
    assert_eq!((last.span.start, last.span.end), (50, 999_999));
}

#[test]
fn a_message_does_not_grow_with_its_item() {
    let text = format!("\"C:\\{}\\*,{}", "d".repeat(100_000), "n".repeat(100_000));
    let number = "9".repeat(100_000);
    let versions = [&text, &format!("{number}.0.0-{number}"), &format!("{number}.*")]
        .map(|text| version_lints(text));
    for Lint { code, message, hint, .. } in
        lints(&text).into_iter().chain(versions.into_iter().flatten())
    {
        assert!(message.len() + hint.len() < 1_000, "{code}");
    }
}

#[test]
fn an_item_that_is_left_out_has_its_reason() {
    for (item, reason) in BAD {
        let lints = version_lints(&format!("{item}; 11.5608.0"));
        let [lint] = lints.as_slice() else { panic!("{item}: {lints:?}") };
        assert_eq!(lint.code, LintCode::BadVersion, "{item}");
        assert!(lint.message.ends_with(reason), "{item}: {}", lint.message);
    }
}

/// What a hint says to write is a list that has nothing wrong with it.
#[test]
fn what_a_hint_offers_is_a_list_without_errors() {
    let mut offers = 0;
    for code in LintCode::ALL {
        let Some(text) = version_case(*code) else { continue };
        for lint in version_lints(&text).iter().filter(|lint| lint.code == *code) {
            let Some(offer) = lint.hint.split('`').nth(1).filter(|offer| offer.len() > 1) else {
                continue;
            };
            if BlockList::ALL.iter().any(|list| list.value_name() == offer) {
                continue;
            }
            let parsed = VersionRanges::parse(offer);
            assert!(!parsed.value.is_empty(), "{}", lint.hint);
            let worst = parsed.lints.iter().map(|lint| lint.severity).max();
            assert!(worst < Some(Severity::Warning), "{}: {:?}", lint.hint, parsed.lints);
            offers += 1;
        }
    }
    assert!(20 < offers, "{offers}");
}

#[test]
fn lints_of_versions_point_at_their_item() {
    for (text, code, expected) in [
        ("11.5608.0; 11.*", LintCode::BadVersion, "11.*"),
        ("é, 12.0.0-11.0.0 ;", LintCode::ReversedRange, "12.0.0-11.0.0"),
        ("11.5608.0,,12.0.0", LintCode::EmptyItem, ""),
        ("11.0.0-12.0.0\t,\t11.5608.0", LintCode::Covered, "11.5608.0"),
        ("11.5608.0\0 b", LintCode::DataAfterNul, "\0 b"),
        (" , ", LintCode::EmptyList, " , "),
    ] {
        let found = version_lints(text);
        let lint = found.iter().find(|lint| lint.code == code).expect("the text has the lint");
        assert_eq!(text.get(lint.span.start..lint.span.end), Some(expected), "{text}");
    }
}

#[test]
fn bounds_that_no_client_reports_are_not_called_inclusive() {
    for text in ["7.0.0-", "-5.32767.65535", "-5.65535.65535", "15.0.0-15.4737.999"] {
        let found = version_lints(text);
        assert!(found.iter().all(|lint| lint.code != LintCode::InclusiveBound), "{text}");
    }
}
