//! What is written reads back, has regedit's form, and is refused when it is cut.

use proptest::prelude::*;
use registry_poll::{
    AnsiCodePage, Edit, RegFile, RegFileProblem, RegFileVersion, RegFileWriteError, RegType,
    RegValue, ValueName,
};

use super::{KEY, Keys, keys, utf16};

fn one(values: Vec<(&str, RegValue)>) -> Keys {
    let named = |(name, value): (&str, RegValue)| (name.parse().expect(name), value);
    vec![(KEY.parse().expect(KEY), values.into_iter().map(named).collect())]
}

fn v5(keys: Keys) -> Vec<u8> {
    RegFile::write(RegFileVersion::V5, AnsiCodePage::default(), keys).expect("written")
}

#[test]
fn a_file_has_the_form_of_regedit() {
    let values = vec![
        ("b \"\\", RegValue::sz("c:\\x; \"y\"")),
        ("dword", RegValue::dword(0xAB)),
        ("", RegValue::sz("unnamed")),
        ("qword", RegValue::new(RegType::QWORD, 1_u64.to_le_bytes().to_vec())),
        ("short", RegValue::new(RegType::DWORD, vec![1])),
        ("none", RegValue::new(RegType::NONE, vec![])),
        ("lines", RegValue::sz("a\r\nb")),
        ("open", RegValue::new(RegType::SZ, b"a\0".to_vec())),
        ("long", RegValue::binary((0..60).collect())),
    ];
    let text = "Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\Software\\Exstore]\r\n\
        @=\"unnamed\"\r\n\
        \"b \\\"\\\\\"=\"c:\\\\x; \\\"y\\\"\"\r\n\
        \"dword\"=dword:000000ab\r\n\
        \"qword\"=hex(b):01,00,00,00,00,00,00,00\r\n\
        \"short\"=hex(4):01\r\n\
        \"none\"=hex(0):\r\n\
        \"lines\"=hex(1):61,00,0d,00,0a,00,62,00,00,00\r\n\
        \"open\"=hex(1):61,00\r\n\
        \"long\"=hex:00,01,02,03,04,05,06,07,08,09,0a,0b,0c,0d,0e,0f,10,11,12,13,14,15,\\\r\n\
        \x20 16,17,18,19,1a,1b,1c,1d,1e,1f,20,21,22,23,24,25,26,27,28,29,2a,2b,2c,2d,2e,\\\r\n\
        \x20 2f,30,31,32,33,34,35,36,37,38,39,3a,3b\r\n\r\n";
    assert_eq!(v5(one(values)), utf16(text));
}

#[test]
fn regedit4_holds_ansi_text() {
    let values = vec![
        ("é", RegValue::sz("€")),
        ("e", RegValue::expand_sz("é")),
        ("m", RegValue::multi_sz(["a", "é"])),
        ("l", RegValue::sz("é\n")),
    ];
    let bytes = RegFile::write(RegFileVersion::Regedit4, AnsiCodePage::Windows1252, one(values));
    let text = b"REGEDIT4\r\n\r\n[HKEY_LOCAL_MACHINE\\Software\\Exstore]\r\n\"\xE9\"=\"\x80\"\r\n\"e\"=hex(2):e9,00\r\n\"m\"=hex(7):61,00,e9,00,00\r\n\"l\"=hex(1):e9,0a,00\r\n\r\n";
    assert_eq!(bytes.as_deref(), Ok(&text[..]));
}

#[test]
fn what_no_file_can_hold_is_not_written() {
    let odd = || RegValue::new(RegType::EXPAND_SZ, vec![b'a']);
    let commented = || -> Keys { vec![("HKEY_USERS\\a] ;b".parse().expect("a key"), vec![])] };
    let broken = || -> Keys { vec![("HKEY_USERS\\a\nb".parse().expect("a key"), vec![])] };
    let line_end = |name: &str| RegFileWriteError::LineEnd { name: name.to_owned() };
    let comment = RegFileWriteError::Comment { key: commented()[0].0.clone() };
    let lacks = |text: &str, page| RegFileWriteError::NotAnsi { text: text.to_owned(), page };
    let (key, name): (_, ValueName) = (KEY.parse().expect(KEY), "v".parse().expect("a name"));
    let not_text = RegFileWriteError::NotText { key, name, kind: RegType::EXPAND_SZ };
    let (v5, v4) = (RegFileVersion::V5, RegFileVersion::Regedit4);
    let (w1252, w932) = (AnsiCodePage::Windows1252, AnsiCodePage::Windows932);
    let rows = [
        ("a value's name over lines", v5, w1252, one(vec![("a\rb", odd())]), line_end("a\rb")),
        ("a key's name over lines", v5, w1252, broken(), line_end("HKEY_USERS\\a\nb")),
        ("a key's name with a comment", v5, w1252, commented(), comment),
        (
            "a character that is missing",
            v4,
            w1252,
            one(vec![("v", RegValue::sz("я"))]),
            lacks("я", 1252),
        ),
        ("one in hex", v4, w1252, one(vec![("v", RegValue::expand_sz("я"))]), lacks("я\0", 1252)),
        ("a name", v4, w1252, one(vec![("я", RegValue::sz(""))]), lacks("я", 1252)),
        (
            "a yen sign, a backslash there",
            v4,
            w932,
            one(vec![("v", RegValue::sz("¥"))]),
            lacks("¥", 932),
        ),
        ("bytes that are no text", v4, w1252, one(vec![("v", odd())]), not_text),
    ];
    for (row, version, page, keys, error) in rows {
        assert_eq!(RegFile::write(version, page, keys), Err(error), "{row}");
    }
}

fn any_keys(
    name: &'static str,
    value: impl Strategy<Value = RegValue>,
) -> impl Strategy<Value = Keys> {
    let values = prop::collection::vec((name, value), 0..6);
    let key = r"HKEY_(LOCAL_MACHINE|USERS)(\\[^\\\r\n\x00;]{1,9}){0,3}";
    prop::collection::vec((key, values), 0..4).prop_map(|keys| {
        let named = |(name, value): (String, RegValue)| (name.parse().expect("a name"), value);
        keys.into_iter()
            .map(|(key, values)| {
                let mut values: Vec<(ValueName, _)> = values.into_iter().map(named).collect();
                values.sort_by_key(|(name, _)| !name.as_str().is_empty());
                (key.parse().expect("a key"), values)
            })
            .collect()
    })
}

fn any_value() -> impl Strategy<Value = RegValue> {
    let bytes = prop::collection::vec(any::<u8>(), 0..90);
    let kinds = prop_oneof![0..12_u32, any::<u32>()];
    prop_oneof![
        (kinds, bytes).prop_map(|(kind, bytes)| RegValue::new(RegType(kind), bytes)),
        ".*".prop_map(|text| RegValue::sz(&text)),
    ]
}

/// Like a `.reg` file, and then not.
fn nearly() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "[HKEY_USERS\\A]",
        "[-HKEY_USERS\\B]",
        "\"a\"",
        "@",
        "=",
        "\"",
        "\\",
        "-",
        "dword:",
        "hex:",
        "hex(7):",
        "0",
        "1f",
        ",",
        ";",
        "\n",
        "\r\n",
        " ",
        "é",
    ]);
    prop::collection::vec(pieces, 0..40).prop_map(|pieces| format!("REGEDIT4\n{}", pieces.concat()))
}

proptest! {
    #[test]
    fn whatever_is_written_reads_back(given in any_keys("[^\\x00\\r\\n]{0,9}", any_value())) {
        let file = RegFile::parse(&v5(given.clone()), AnsiCodePage::default()).expect("reads back");
        prop_assert_eq!(keys(&file), given);
    }

    #[test]
    fn text_reads_back_through_its_code_page(given in any_keys("[a-яЀ-ӿ]{0,9}", "[ -~а-я\\n\"]*".prop_map(|text| RegValue::sz(&text)))) {
        let page = AnsiCodePage::Windows1251;
        if let Ok(bytes) = RegFile::write(RegFileVersion::Regedit4, page, given.clone()) {
            prop_assert_eq!(keys(&RegFile::parse(&bytes, page).expect("reads back")), given);
        }
    }

    #[test]
    fn garbage_is_refused_at_one_place_or_more(bytes in prop::collection::vec(any::<u8>(), 0..200), header in any::<bool>()) {
        let bytes = if header { [b"REGEDIT4\n", &bytes[..]].concat() } else { bytes };
        if let Err(errors) = RegFile::parse(&bytes, AnsiCodePage::Windows932) {
            prop_assert!(errors.iter().all(|error| 1 <= error.line() && 1 <= error.column()));
            prop_assert!(errors.iter().map(|error| error.line()).is_sorted());
        }
    }

    /// Every line of a file that is read does something, or is blank, a comment or the rest of another.
    #[test]
    fn an_edit_comes_of_every_line_that_begins_one(text in nearly()) {
        let Ok(file) = RegFile::parse(text.as_bytes(), AnsiCodePage::default()) else { return Ok(()) };
        let lines: Vec<&str> = text.split('\n').collect();
        for (line, _) in file.entries() {
            let begins = lines[line - 1].trim_start().starts_with(['[', '@', '"']);
            prop_assert!(begins || lines[line - 1].contains('\r'), "line {}: {:?}", line, text);
        }
    }

    /// A file cut anywhere is refused, or does what the whole file does up to there.
    #[test]
    fn a_cut_file_does_nothing_else(given in any_keys("[a-z]{0,4}", any_value()), cut in any::<prop::sample::Index>()) {
        let whole = v5(given);
        prop_assert!(cut_at(&whole, cut.index(whole.len())).is_ok());
    }
}

/// What a file does that is cut to `length` bytes is the beginning of what it does.
fn cut_at(whole: &[u8], length: usize) -> Result<Option<usize>, Vec<Edit>> {
    let edits = RegFile::parse(whole, AnsiCodePage::default()).expect("a file").edits().to_vec();
    match RegFile::parse(&whole[..length], AnsiCodePage::default()) {
        Err(_) => Ok(None),
        Ok(cut) if edits.starts_with(cut.edits()) => Ok(Some(cut.edits().len())),
        Ok(cut) => Err(cut.edits().to_vec()),
    }
}

#[test]
fn a_file_cut_at_any_byte_is_refused_or_shorter() {
    let values = vec![
        ("", RegValue::sz("one\r\ntwo")),
        ("p", RegValue::sz("a.exe; \"b\\c\".exe")),
        ("d", RegValue::dword(0x1234_5678)),
        ("h", RegValue::binary((0..60).collect())),
        ("e", RegValue::new(RegType::EXPAND_SZ, vec![])),
    ];
    let whole = v5(one(values));
    let text = "REGEDIT4\n[HKEY_USERS\\a]b]\n\"r\"=\"raw\nline\"\n\"s\"=dword:1f\n\"t\"=hex:1,\\\n\n;c\n 2f,\n[-HKEY_USERS\\c]d]\n[HKEY_USERS\\e]\n\"u\"=- ; bye\n";
    for whole in [whole, text.as_bytes().to_vec()] {
        for length in 0..whole.len() {
            cut_at(&whole, length).unwrap_or_else(|edits| panic!("cut to {length}: {edits:?}"));
        }
    }
}

#[test]
fn a_last_line_without_its_end_is_read_where_it_ends_itself() {
    let cut = |what| Err(RegFileProblem::Cut { what });
    let rows = [
        ("text", "\"a\"=\"x\"", Ok(2)),
        ("a deletion", "\"a\"=-", Ok(2)),
        ("a whole dword", "\"a\"=dword:00000001", Ok(2)),
        ("a comment after data", "\"a\"=hex:01;c", cut("a comment's line")),
        ("a comment", "\"a\"=-\n; and then", cut("a comment's line")),
        ("a short dword", "\"a\"=dword:0000001", cut("a dword")),
        ("bytes", "\"a\"=hex:01,02", cut("hex data")),
        ("a comma", "\"a\"=hex:01,", cut("hex data")),
        ("a backslash", "\"a\"=hex:01,\\", cut("hex data")),
        ("nothing to continue with", "\"a\"=hex:01,\\\n  ", cut("hex data")),
        ("a key", "[HKEY_USERS\\A]", cut("a key's line")),
        ("a key to delete", "[-HKEY_USERS\\A]  ", cut("a key's line")),
    ];
    for (row, line, expected) in rows {
        let file = super::read(&super::below_key(line));
        let found =
            file.map(|file| file.edits().len()).map_err(|errors| errors.first().problem().clone());
        assert_eq!(found, expected, "{row}");
    }
}
