//! What a list means: the vectors of the policy specification 1.4, and places in the text.

use policy::{Columns, ProcessList, Severity};

use super::fixtures::{ProcessVector, codes, process_vectors, sorted};
use super::process_name;

#[test]
fn every_vector_means_what_it_says() {
    for ProcessVector { row, text, keys, .. } in process_vectors() {
        let list = ProcessList::parse(&text).value;
        let found: Vec<&str> = list.items().iter().map(|item| item.key()).collect();
        assert_eq!(found, keys, "{row}");
        assert_eq!(list.is_empty(), keys.is_empty(), "{row}");
        assert_eq!(list.text(), text, "{row}");
    }
}

#[test]
fn every_vector_has_exactly_its_lints() {
    for ProcessVector { row, text, lints, .. } in process_vectors() {
        assert_eq!(codes(&ProcessList::parse(&text).lints), sorted(lints), "{row}");
    }
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
