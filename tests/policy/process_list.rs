//! What a list means: the vectors of the policy specification 1.4, and places in the text.

use policy::{Columns, LintCode, ProcessList, Severity};

use super::process_name;

/// A text, the keys it stands for, and the codes of its lints in the order of the text.
struct Vector {
    row: &'static str,
    text: &'static str,
    keys: &'static [&'static str],
    lints: &'static [LintCode],
}

const VECTORS: &[Vector] = &[
    Vector {
        row: "the article's example",
        text: "program1.exe; program2.exe",
        keys: &["PROGRAM1.EXE", "PROGRAM2.EXE"],
        lints: &[],
    },
    Vector {
        row: "trailing separator",
        text: "a.exe;b.exe;",
        keys: &["A.EXE", "B.EXE"],
        lints: &[LintCode::EmptyItem],
    },
    Vector {
        row: "separators everywhere",
        text: ";;a.exe ; ;b.exe",
        keys: &["A.EXE", "B.EXE"],
        lints: &[LintCode::EmptyItem, LintCode::EmptyItem, LintCode::EmptyItem],
    },
    Vector { row: "one blank", text: " ", keys: &[], lints: &[LintCode::EmptyList] },
    Vector { row: "no data", text: "", keys: &[], lints: &[LintCode::EmptyList] },
    Vector { row: "one separator", text: ";", keys: &[], lints: &[LintCode::EmptyList] },
    Vector { row: "only separators", text: "; ;", keys: &[], lints: &[LintCode::EmptyList] },
    Vector {
        row: "comma for a separator",
        text: "a.exe, b.exe",
        keys: &["A.EXE, B.EXE"],
        lints: &[LintCode::Comma],
    },
    Vector {
        row: "path in quotes",
        text: r#""C:\Program Files\X\a.exe"; B.EXE"#,
        keys: &["A.EXE", "B.EXE"],
        lints: &[LintCode::Quotes, LintCode::Path],
    },
    Vector {
        row: "no extension",
        text: "outlook",
        keys: &["OUTLOOK"],
        lints: &[LintCode::NoExtension],
    },
    Vector {
        row: "wildcards",
        text: "*.exe; goog*",
        keys: &["*.EXE", "GOOG*"],
        lints: &[LintCode::Wildcard, LintCode::Wildcard],
    },
    Vector {
        row: "the same name in another case",
        text: "OUTLOOK.EXE; outlook.exe",
        keys: &["OUTLOOK.EXE"],
        lints: &[LintCode::BlocksOutlook, LintCode::Duplicate],
    },
    Vector {
        row: "data after the NUL",
        text: "a.exe\0b.exe",
        keys: &["A.EXE"],
        lints: &[LintCode::DataAfterNul],
    },
    Vector {
        row: "a program of Exchange",
        text: "mad.exe",
        keys: &["MAD.EXE"],
        lints: &[LintCode::ExchangeComponent],
    },
    Vector { row: "dotted capital I", text: "İ.exe", keys: &["İ.EXE"], lints: &[] },
    Vector {
        row: "blanks within a name",
        text: "my app.exe;x.exe",
        keys: &["MY APP.EXE", "X.EXE"],
        lints: &[],
    },
    // Beyond the specification's table.
    Vector { row: "terminator and padding", text: "a.exe\0\0\0", keys: &["A.EXE"], lints: &[] },
    Vector {
        row: "every kind of blank around a name",
        text: "\r\n\ta.exe \t;\r\n b.exe\n",
        keys: &["A.EXE", "B.EXE"],
        lints: &[],
    },
    Vector {
        row: "a no-break space is no blank",
        text: "\u{a0}a.exe",
        keys: &["\u{a0}A.EXE"],
        lints: &[LintCode::InvisibleCharacter],
    },
    Vector {
        row: "a separator in quotes still separates",
        text: r#""a;b.exe""#,
        keys: &["\"A", "B.EXE\""],
        lints: &[LintCode::Quotes, LintCode::NoExtension, LintCode::Quotes],
    },
    Vector {
        row: "one pair of quotes is dropped, not two",
        text: r#"""a.exe"""#,
        keys: &["\"A.EXE\""],
        lints: &[LintCode::Quotes],
    },
    Vector {
        row: "nothing in the quotes",
        text: r#""""#,
        keys: &[],
        lints: &[LintCode::NoName, LintCode::EmptyList],
    },
    Vector {
        row: "a directory names nothing",
        text: r"C:\dir\; a.exe",
        keys: &["A.EXE"],
        lints: &[LintCode::NoName],
    },
    Vector {
        row: "the same program by path",
        text: "a.exe; C:/x/A.exe",
        keys: &["A.EXE"],
        lints: &[LintCode::Duplicate],
    },
    Vector {
        row: "switches look like a path",
        text: "mdl.exe /quiet",
        keys: &["QUIET"],
        lints: &[LintCode::Path, LintCode::NoExtension],
    },
];

#[test]
fn every_vector_means_what_the_specification_says() {
    for Vector { row, text, keys, .. } in VECTORS {
        let list = ProcessList::parse(text).value;
        let found: Vec<&str> = list.items().iter().map(|item| item.key()).collect();
        assert_eq!(found, *keys, "{row}");
        assert_eq!(list.is_empty(), keys.is_empty(), "{row}");
        assert_eq!(list.text(), *text, "{row}");
    }
}

#[test]
fn every_vector_has_exactly_its_lints() {
    for Vector { row, text, lints, .. } in VECTORS {
        let found: Vec<LintCode> =
            ProcessList::parse(text).lints.iter().map(|lint| lint.code).collect();
        // Lints of one place come in no promised order.
        assert_eq!(sorted(&found), sorted(lints), "{row}");
    }
}

fn sorted(codes: &[LintCode]) -> Vec<LintCode> {
    let mut codes = codes.to_vec();
    codes.sort();
    codes
}

#[test]
fn the_specification_s_severities_hold() {
    for (text, severity) in [
        ("a.exe;", Severity::Info),
        (";", Severity::Warning),
        ("a.exe, b.exe", Severity::Warning),
        (r"C:\a.exe", Severity::Warning),
        (r#""a.exe""#, Severity::Warning),
        ("outlook", Severity::Warning),
        ("goog*", Severity::Error),
        ("a.exe;A.EXE", Severity::Info),
        ("a.exe\0b.exe", Severity::Warning),
        ("mad.exe", Severity::Error),
        ("outlook.exe", Severity::Warning),
    ] {
        let lints = ProcessList::parse(text).lints;
        assert_eq!(lints.len(), 1, "{text}");
        assert_eq!(lints[0].severity, severity, "{text}");
    }
}

#[test]
fn dotted_capital_i_does_not_name_a_program_with_a_plain_one() {
    let list = ProcessList::parse("İ.exe").value;
    assert!(list.find(&process_name("i.exe")).is_none());
    assert!(list.find(&process_name("I.exe")).is_none());
    assert!(list.find(&process_name("İ.EXE")).is_some());
}

#[test]
fn wildcards_find_no_program() {
    let list = ProcessList::parse("*.exe; goog*; ?.exe").value;
    for name in ["a.exe", "google.exe", "goog", "x.exe"] {
        assert!(list.find(&process_name(name)).is_none(), "{name}");
    }
}

#[test]
fn items_are_numbered_as_kept_and_placed_as_written() {
    let text = " é.exe ;; É.EXE;\t\"C:\\x\\b.exe\"";
    let list = ProcessList::parse(text).value;
    let [first, second] = list.items() else { panic!("{list:?}") };

    assert_eq!((first.ordinal(), first.text(), first.key()), (0, "é.exe", "É.EXE"));
    assert_eq!((first.span().start, first.span().end), (1, 7));
    let mut columns = Columns::new(text);
    assert_eq!(columns.at(first.span().start)..columns.at(first.span().end), 2..7);

    assert_eq!((second.ordinal(), second.text()), (1, r#""C:\x\b.exe""#));
    assert_eq!((second.span().start, second.span().end), (19, 31));
    assert_eq!(columns.at(second.span().start)..columns.at(second.span().end), 18..30);
    assert_eq!(columns.at(first.span().start), 2, "going back is allowed");
}

#[test]
fn a_list_that_was_only_rewritten_is_equal() {
    let list = ProcessList::parse("a.exe; b.exe").value;
    for (text, equal) in [
        ("B.EXE;a.exe", true),
        ("  b.exe;; \"C:\\A.exe\" ; a.exe\0 junk", true),
        ("a.exe", false),
        ("a.exe; b.exe; c.exe", false),
        ("a.exe; c.exe", false),
        ("", false),
    ] {
        assert_eq!(ProcessList::parse(text).value == list, equal, "{text}");
    }
    assert_eq!(ProcessList::parse(";").value, ProcessList::default());
}

#[test]
fn a_full_list_is_read_and_searched_to_its_end() {
    let names: Vec<String> = (0..100_000).map(|n| format!("p{n}.exe")).collect();
    let parsed = ProcessList::parse(&names.join(";"));
    assert_eq!(parsed.value.items().len(), names.len());
    for (ordinal, name) in names.iter().enumerate() {
        let item = parsed.value.find(&process_name(name)).expect("the list has the name");
        assert_eq!(item.ordinal(), ordinal);
    }
}
