//! What the text of a list means: A1 to A6, A21, A22, A29.

use infostore::Transport;
use serde_json::{Value, json};

use crate::acceptance::site::{Program, Site};

/// A list, programs that it refuses, and others that it admits.
type Row<'a> = (&'a str, &'a [&'a str], &'a [&'a str]);

fn means(rows: &[Row<'_>]) -> Site {
    let site = Site::start(Transport::Pipe);
    for (text, refused, admitted) in rows {
        site.apply("processes", text);
        for program in *refused {
            site.refuses(*program);
        }
        for program in *admitted {
            site.admits(*program);
        }
    }
    site
}

/// The lint of this code in a text.
fn lint(site: &Site, text: &str, code: &str) -> Value {
    let list = site.apply("processes", text);
    let found = list["lints"].as_array().expect("a list").iter().find(|lint| lint["code"] == code);
    found.unwrap_or_else(|| panic!("{text}: no `{code}` in {list}")).clone()
}

pub(super) fn a01_only_a_semicolon_separates() {
    let site = means(&[
        ("a.exe;b.exe", &["a.exe", "b.exe"], &["a.exe;b.exe"]),
        (";; a.exe ;\t b.exe\r\n;", &["a.exe", "b.exe"], &[]),
        ("a.exe, b.exe", &["a.exe, b.exe"], &["a.exe", "b.exe"]),
        ("a.exe b.exe", &["a.exe b.exe"], &["a.exe", "b.exe"]),
        ("my app.exe", &["MY APP.EXE"], &["my", "app.exe"]),
    ]);
    assert_eq!(lint(&site, "a.exe, b.exe", "comma")["severity"], "warning");
}

pub(super) fn a02_case_is_ignored_character_by_character() {
    drop(means(&[
        ("Mdl.EXE", &["mdl.exe", "MDL.exe"], &[]),
        ("größe.exe", &["GRÖßE.EXE"], &["GRÖSSE.EXE"]),
        // No Turkish i, and no composing.
        ("İ.exe", &["İ.EXE"], &["i.exe", "i\u{307}.exe"]),
        ("\u{e9}.exe", &["\u{c9}.exe"], &["e\u{301}.exe"]),
    ]));
}

pub(super) fn a03_a_path_is_reduced_to_its_last_part_on_both_sides() {
    let list = r#""C:\Program Files\X\a.exe"; D:/b/b.exe"#;
    let site = means(&[
        (list, &["a.exe", r"E:\other\A.EXE", "\"a.exe\"", "/b.exe"], &[r"a.exe\c.exe"]),
        ("a.exe", &[r"\\server\share\a.exe"], &[r"C:\a.exe.bak"]),
    ]);
    for code in ["path", "quotes"] {
        assert_eq!(lint(&site, list, code)["severity"], "warning");
    }
}

pub(super) fn a04_a_missing_extension_is_not_made_up() {
    let site = means(&[
        ("outlook", &["OUTLOOK"], &["outlook.exe"]),
        ("mdl.exe", &["mdl.exe"], &["mdl", "mdl.ex", "mdl.exe.exe"]),
    ]);
    assert_eq!(lint(&site, "outlook", "no-extension")["severity"], "warning");
}

pub(super) fn a05_wildcards_are_characters_like_any_other() {
    let site = means(&[("*.exe; goog*; md?.exe", &[], &["a.exe", "google.exe", "mdl.exe"])]);
    assert_eq!(lint(&site, "goog*", "wildcard")["severity"], "error");
    assert!(!site.events("registry.invalid").is_empty());
}

pub(super) fn a06_an_empty_list_is_off_and_blocks_nobody() {
    for text in ["", " ", ";", "; ;", "\t\r\n"] {
        let site = means(&[("mdl.exe", &["mdl.exe"], &[]), (text, &[], &["mdl.exe", "a.exe"])]);
        assert_eq!(site.get("/policy")["off"], true);
        site.admits(Program::NAMELESS);
        assert_eq!(site.lint_codes("processes"), ["empty-list"], "{text:?}");
        assert_eq!(site.disconnects(), 0);
    }
}

pub(super) fn a21_exchange_s_own_programs_are_honoured_with_an_error() {
    for program in ["mad.exe", "store.exe", "emsmta.exe"] {
        let site = means(&[(program, &[program], &[])]);
        assert_eq!(lint(&site, program, "exchange-component")["severity"], "error");
        let invalid = site.events("registry.invalid");
        assert_eq!(invalid[0]["lints"][0]["code"], "exchange-component", "{program}");
    }
}

pub(super) fn a22_outlook_is_honoured_with_a_warning() {
    let site = means(&[("Outlook.exe", &["OUTLOOK.EXE"], &["mdl.exe"])]);
    assert_eq!(lint(&site, "outlook.exe", "blocks-outlook")["severity"], "warning");
    assert!(site.events("registry.invalid").is_empty(), "nothing has to be confirmed");
}

pub(super) fn a29_what_is_listed_twice_is_listed_once() {
    let site = means(&[("OUTLOOK.EXE; outlook.exe; a.exe", &["Outlook.exe", "a.exe"], &[])]);
    let list = site.get("/block-lists/processes");
    let items = list["items"].as_array().expect("a list").iter();
    let keys: Vec<_> = items.map(|item| item["key"].clone()).collect();
    assert_eq!(keys, ["OUTLOOK.EXE", "A.EXE"]);
    assert_eq!(lint(&site, "a.exe; A.EXE", "duplicate")["severity"], "info");
    let refused = site.events("session.refused");
    assert_eq!(refused[0]["decision"]["ordinal"], json!(1), "the first is the cause");
}
