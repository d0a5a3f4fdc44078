//! Names as clients report them, and subjects made of them (A2, A3, A18, A29).

use policy::ProcessName;

use super::{OUTLOOK_2003, client, process_name};

#[test]
fn a_name_is_reduced_to_its_base_name_in_upper_case() {
    for (reported, base, key) in [
        ("OUTLOOK.EXE", "OUTLOOK.EXE", "OUTLOOK.EXE"),
        (r"C:\Program Files\X\a.exe", "a.exe", "A.EXE"),
        (r#""C:\Program Files\X\a.exe""#, "a.exe", "A.EXE"),
        ("/usr/bin/évolution", "évolution", "ÉVOLUTION"),
        (r"a\b/c.exe", "c.exe", "C.EXE"),
        (r"a/b\c.exe", "c.exe", "C.EXE"),
        (r#""half.exe"#, r#""half.exe"#, r#""HALF.EXE"#),
        (r#"C:\"a.exe""#, r#""a.exe""#, r#""A.EXE""#),
        (" a.exe ", " a.exe ", " A.EXE "),
        ("straße.exe", "straße.exe", "STRAßE.EXE"),
        ("ᾳ.exe", "ᾳ.exe", "ᾼ.EXE"),
        ("e\u{301}.exe", "e\u{301}.exe", "E\u{301}.EXE"),
    ] {
        let name = process_name(reported);
        assert_eq!(name.reported(), reported);
        assert_eq!(name.base_name(), base, "{reported}");
        assert_eq!(name.key(), key, "{reported}");
    }
}

#[test]
fn a_report_without_a_base_name_is_no_name() {
    for reported in ["", r#""""#, r"C:\dir\", "dir/", r#""C:\dir\""#] {
        assert_eq!(ProcessName::parse(reported), None, "{reported}");
    }
}

#[test]
fn names_reported_differently_are_not_equal_even_if_their_keys_are() {
    let (plain, upper) = (process_name("a.exe"), process_name("A.EXE"));
    assert_eq!(plain.key(), upper.key());
    assert_ne!(plain, upper);
}

#[test]
fn names_sort_by_key() {
    let mut names = ["b.exe", r"z:\A.EXE", "C.exe"].map(process_name);
    names.sort();
    assert_eq!(names.each_ref().map(ProcessName::base_name), ["A.EXE", "b.exe", "C.exe"]);
}

#[test]
fn a_subject_keeps_the_first_spelling_of_each_program_in_order() {
    let subject = client(&["b.exe", "A.exe", r"C:\B.EXE", "a.EXE"]);
    let names: Vec<&str> = subject.names().iter().map(ProcessName::reported).collect();
    assert_eq!(names, ["b.exe", "A.exe"]);
    assert_eq!(subject.version(), OUTLOOK_2003);
}

#[test]
fn reporting_a_known_name_again_leaves_the_subject_as_it_is() {
    let subject = client(&["a.exe"]);
    assert_eq!(subject.with_names([process_name("A.EXE")]), subject);
    assert_eq!(subject.with_names([process_name("b.exe")]), client(&["a.exe", "b.exe"]));
}

#[test]
fn a_subject_without_names_is_not_identified() {
    assert!(!client(&[]).is_identified());
    assert!(client(&[]).with_names([process_name("a.exe")]).is_identified());
}
