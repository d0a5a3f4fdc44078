//! What is said about a list: a case for every code, wording, places and limits.

use std::collections::BTreeSet;
use std::fmt::Write;

use policy::{Columns, Lint, LintCode, ProcessList, Severity};

/// A text that has the code. Without a wildcard arm, a new code does not compile until it has a
/// case.
fn case(code: LintCode) -> String {
    match code {
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
    }
}

fn lints(text: &str) -> Vec<Lint> {
    ProcessList::parse(text).lints
}

#[test]
fn every_code_is_produced_by_its_case() {
    for code in LintCode::ALL {
        let found = lints(&case(*code));
        assert!(found.iter().any(|lint| lint.code == *code), "{code}: {found:?}");
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
        let text = case(*code);
        for lint in lints(&text).iter().filter(|lint| lint.code == *code) {
            let Lint { code, severity, span, message, hint } = lint;
            let mut walk = Columns::new(&text);
            let columns = walk.at(span.start)..walk.at(span.end);
            writeln!(said, "{severity} {code} {columns:?}: {message}\n    {hint}").expect("grows");
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
    for Lint { code, message, hint, .. } in lints(&text) {
        assert!(message.len() + hint.len() < 1_000, "{code}");
    }
}
