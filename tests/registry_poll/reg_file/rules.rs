//! Rule by rule: what a line means, and where a line that means nothing is refused.

use registry_poll::{
    AnsiCodePage, Edit, KeyPath, MAX_REG_FILE_BYTES, MAX_REG_FILE_EDITS, MAX_REG_FILE_ERRORS,
    NameError, RegFile, RegFileProblem as Problem, RegFileVersion, RegType, RegValue,
};

use super::{KEY, V5, below_key, read, refused, set, utf16};

fn bytes(kind: u32, bytes: &[u8]) -> RegValue {
    RegValue::new(RegType(kind), bytes.to_vec())
}

#[test]
fn each_form_of_data_is_read() {
    let rows = [
        ("text", r#""a"="x""#, RegValue::sz("x")),
        ("no text", r#""a"="""#, RegValue::sz("")),
        ("escapes", r#""a"="c:\\x \"y\"""#, RegValue::sz("c:\\x \"y\"")),
        ("a semicolon is data", "\"a\"=\"x; y;z\" ; and this is not\n", RegValue::sz("x; y;z")),
        ("brackets are data", r#""a"="[x]=-""#, RegValue::sz("[x]=-")),
        ("an escaped n is none", r#""a"="\\n""#, RegValue::sz("\\n")),
        ("a CRLF in text", "\"a\"=\"x\r\ny\"", RegValue::sz("x\r\ny")),
        ("an LF in text", "\"a\"=\"x\n;y\"", RegValue::sz("x\n;y")),
        ("a CR in text", "\"a\"=\"x\ry\"", RegValue::sz("x\ry")),
        ("blanks around", "  \"a\" \t= \"x\" \t", RegValue::sz("x")),
        ("characters of two units", r#""a"="😀é""#, RegValue::sz("😀é")),
        ("a dword", r#""a"=dword:0000001F"#, RegValue::dword(31)),
        ("a short dword", "\"a\"=dword: 1f ;c\n", RegValue::dword(31)),
        ("bytes", "\"a\"=hex:de,AD\n", bytes(3, &[0xDE, 0xAD])),
        ("one digit", "\"a\"=hex:d, a\n", bytes(3, &[0xD, 0xA])),
        ("no bytes", "\"a\"=hex:\n", bytes(3, &[])),
        ("no bytes of a type", "\"a\"=hex(2):;c", bytes(2, &[])),
        (
            "a type of one digit",
            "\"a\"=hex(b):01,02,03,04,05,06,07,08\n",
            bytes(11, &[1, 2, 3, 4, 5, 6, 7, 8]),
        ),
        ("the largest type", "\"a\"=hex(FFFFFFFF):00\n", bytes(u32::MAX, &[0])),
        ("an odd REG_SZ", "\"a\"=hex(1):61\n", bytes(1, b"a")),
        ("text without a NUL", "\"a\"=hex(2):61,00\n", bytes(2, b"a\0")),
        ("a short REG_DWORD", "\"a\"=hex(4):01\n", bytes(4, &[1])),
        ("continued", "\"a\"=hex:01,\\\r\n  02,\\\n03\r\n", bytes(3, &[1, 2, 3])),
        ("continued at once", "\"a\"=hex:\\\n01\n", bytes(3, &[1])),
        ("blanks before the backslash", "\"a\"=hex:01, \t\\ \n 02\n", bytes(3, &[1, 2])),
        ("a comment after the backslash", "\"a\"=hex:01,\\;c\n 02\n", bytes(3, &[1, 2])),
        ("lines between", "\"a\"=hex:01,\\\n\n ;c\n 02\n", bytes(3, &[1, 2])),
        ("a comma at the end", "\"a\"=hex:01,\n", bytes(3, &[1])),
        ("a comma and a comment", "\"a\"=hex:01,;c\n", bytes(3, &[1])),
    ];
    for (row, line, value) in rows {
        let line = format!("{line}\n");
        let file = read(&below_key(&line)).unwrap_or_else(|errors| panic!("{row}: {errors}"));
        assert_eq!(set(&file), [("a".to_owned(), value)], "{row}");
    }
}

#[test]
fn each_form_of_name_is_read() {
    let rows = [
        ("unnamed", r#"@="x""#, ""),
        ("unnamed, with blanks", r#"@ = "x""#, ""),
        ("unnamed in quotes", r#"""="x""#, ""),
        ("an at sign", r#""@"="x""#, "@"),
        ("what means something elsewhere", r#""a=;[]-\\ \"" = "x""#, "a=;[]-\\ \""),
    ];
    for (row, line, name) in rows {
        let file = read(&below_key(line)).unwrap_or_else(|errors| panic!("{row}: {errors}"));
        assert_eq!(set(&file), [(name.to_owned(), RegValue::sz("x"))], "{row}");
    }
}

#[test]
fn keys_values_and_deletions_come_in_order_with_their_lines() {
    let text = "REGEDIT4\n\n; a comment\n[hkey_local_machine\\A]\n\"v\"=-\n\n[-HKEY_CURRENT_USER\\B] ; gone\n\
                [HKEY_USERS\\c]d]\n@=\"x\ny\"\n\t;\n\"w\" = - ; gone\n";
    let file = read(text).expect("a file");
    assert_eq!(file.version(), RegFileVersion::Regedit4);
    let key = |path: &str| path.parse::<KeyPath>().expect(path);
    let name = |name: &str| name.parse().expect(name);
    let (a, b, c) = (key("HKLM\\A"), key("HKCU\\B"), key("HKU\\c]d"));
    let value = RegValue::sz("x\ny");
    let expected = [
        (4, Edit::CreateKey(a.clone())),
        (5, Edit::DeleteValue { key: a, name: name("v") }),
        (7, Edit::DeleteKey(b)),
        (8, Edit::CreateKey(c.clone())),
        (9, Edit::SetValue { key: c.clone(), name: name(""), value }),
        (12, Edit::DeleteValue { key: c, name: name("w") }),
    ];
    let entries: Vec<_> = file.entries().map(|(line, edit)| (line, edit.clone())).collect();
    assert_eq!(entries, expected);
}

#[test]
fn every_line_end_is_one() {
    for end in ["\r\n", "\n", "\r"] {
        let text = [V5, "", &format!("[{KEY}]"), "\"a\"=\"x\"", "", "\"b\"=dword:1", ""].join(end);
        let file = read(&text).unwrap_or_else(|errors| panic!("{end:?}: {errors}"));
        assert_eq!(file.entries().map(|(line, _)| line).collect::<Vec<_>>(), [3, 4, 6], "{end:?}");
    }
}

#[test]
fn a_line_that_means_nothing_is_refused_where_it_fails() {
    let name = |name: NameError| Problem::Name(name);
    let long_name = format!("\"{}\"=\"x\"", "n".repeat(16_384));
    let too_long = name(NameError::TooLong {
        what: "a value name",
        unit: "UTF-16 units",
        actual: 16_384,
        max: 16_383,
    });
    let rows: &[(&str, &str, usize, usize, Problem)] = &[
        ("words", "hello", 4, 1, Problem::UnknownLine),
        ("another comment sign", " # no", 4, 2, Problem::UnknownLine),
        ("a name without quotes", "a=\"x\"", 4, 1, Problem::UnknownLine),
        ("no closing quote of a name", "\"a=1\r\n", 4, 1, Problem::NameUnclosed),
        ("a name over two lines", "\"a\nb\"=\"x\"", 4, 1, Problem::NameUnclosed),
        ("no equals sign", "\"a\" \"x\"", 4, 5, Problem::Equals),
        ("a name alone", "\"a\"", 4, 4, Problem::Equals),
        ("two at signs", "@@=\"x\"", 4, 2, Problem::Equals),
        ("a name that is too long", &long_name, 4, 1, too_long),
        ("no data", "\"a\"=\r\n", 4, 5, Problem::Data),
        ("no data and no more", "\"a\"=", 4, 5, Problem::Data),
        ("data without quotes", "\"a\"=x", 4, 5, Problem::Data),
        ("DWORD in capitals", "\"a\"=DWORD:1", 4, 5, Problem::Data),
        ("HEX in capitals", "\"a\"=HEX:1", 4, 5, Problem::Data),
        ("Wine's own form", "\"a\"=str(2):\"x\"", 4, 5, Problem::Data),
        ("a word after text", "\"a\"=\"x\" y", 4, 9, Problem::AfterData),
        ("a quote after text", "\"a\"=\"x\"\"y\"", 4, 8, Problem::AfterData),
        ("a word after a deletion", "\"a\"=-1", 4, 6, Problem::AfterData),
        (
            "a path with single backslashes",
            "\"a\"=\"c:\\new\"",
            4,
            8,
            Problem::Escape { found: 'n' },
        ),
        ("an escaped line end", "\"a\"=\"x\\\ny\"", 4, 7, Problem::Escape { found: '\n' }),
        ("no closing quote", "\"a\"=\"x\r\n", 4, 5, Problem::TextUnclosed),
        ("a closing quote that is escaped", "\"a\"=\"x\\\"", 4, 5, Problem::TextUnclosed),
        (
            "no closing quote, and another value",
            "\"a\"=\"x\n\"b\"=\"y\"",
            4,
            5,
            Problem::TextRunsOn { line: 5 },
        ),
        ("no digits", "\"a\"=dword:\n", 4, 11, Problem::Dword),
        ("nine digits", "\"a\"=dword:000000001", 4, 11, Problem::Dword),
        ("a prefix", "\"a\"=dword:0x12\n", 4, 12, Problem::AfterData),
        ("two words", "\"a\"=dword:12 34\n", 4, 14, Problem::AfterData),
        ("no type", "\"a\"=hex():00\n", 4, 9, Problem::HexType),
        ("a type of nine digits", "\"a\"=hex(100000000):00\n", 4, 9, Problem::HexType),
        ("a type with a prefix", "\"a\"=hex(0x2):00\n", 4, 9, Problem::HexType),
        ("a type without a colon", "\"a\"=hex(2)00\n", 4, 9, Problem::HexType),
        ("three digits", "\"a\"=hex:01,100\n", 4, 12, Problem::HexByte),
        ("no digit", "\"a\"=hex:01,xy\n", 4, 12, Problem::HexByte),
        ("two commas", "\"a\"=hex:01,,02\n", 4, 12, Problem::HexByte),
        ("a comma first", "\"a\"=hex:,01\n", 4, 9, Problem::HexByte),
        ("no comma", "\"a\"=hex:01 02\n", 4, 12, Problem::HexComma),
        ("no comma before the backslash", "\"a\"=hex:01\\\n  02\n", 4, 11, Problem::HexComma),
        ("a byte over two lines", "\"a\"=hex:0\\\n1\n", 4, 10, Problem::HexComma),
        ("more after the backslash", "\"a\"=hex:01,\\ 02\n", 4, 14, Problem::AfterBackslash),
        ("a value instead of bytes", "\"a\"=hex:01,\\\n\"b\"=\"x\"\n", 5, 1, Problem::HexByte),
        ("a comma instead of a byte", "\"a\"=hex:01,\\\n  ,02\n", 5, 3, Problem::HexByte),
    ];
    for (row, lines, line, column, problem) in rows {
        let found = refused(below_key(lines).as_bytes());
        assert_eq!(found, (*line, *column, problem.clone()), "{row}");
    }
}

#[test]
fn a_key_that_is_none_is_refused() {
    let empty = |path: &str| Problem::Key(NameError::EmptyComponent { path: path.to_owned() });
    let root = |path: &str| Problem::Key(NameError::UnknownRoot { path: path.to_owned() });
    let long = "HKEY_LOCAL_MACHINE".to_owned();
    let deep = format!("[HKEY_USERS{}]\n", "\\a".repeat(513));
    let deeper = format!("[HKEY_USERS{}]\n", "\\a".repeat(1_000_000));
    let too_deep = Problem::Key(NameError::TooLong {
        what: "a key path",
        unit: "levels",
        actual: 513,
        max: 512,
    });
    let too_long = Problem::Key(NameError::TooLong {
        what: "a key path",
        unit: "bytes",
        actual: 2_000_010,
        max: 393_216,
    });
    let rows: &[(&str, &str, usize, usize, Problem)] = &[
        ("a short name", "[HKLM\\A]\n", 3, 2, Problem::ShortRoot { long: long.clone() }),
        ("a short name to delete", "[-hklm\\A]\n", 3, 3, Problem::ShortRoot { long }),
        ("another root", "[SOFTWARE\\A]\n", 3, 2, root("SOFTWARE\\A")),
        ("a blank before it", "[ HKEY_USERS\\A]\n", 3, 2, root(" HKEY_USERS\\A")),
        ("no key", "[]\n", 3, 2, root("")),
        ("an empty level", "[HKEY_USERS\\\\A]\n", 3, 2, empty("HKEY_USERS\\\\A")),
        ("a backslash at the end", "[HKEY_USERS\\A\\]\n", 3, 2, empty("HKEY_USERS\\A\\")),
        ("no bracket", "[HKEY_USERS\\A\n", 3, 2, Problem::KeyUnclosed),
        ("a bracket on the next line", "[HKEY_USERS\\A\\\nB]\n", 3, 2, Problem::KeyUnclosed),
        ("more after it", "[HKEY_USERS\\A] x\n", 3, 16, Problem::AfterKey),
        (
            "a bracket in the comment",
            "[HKEY_USERS\\A] ; see [KB]\n",
            3,
            14,
            Problem::BracketInComment,
        ),
        ("too deep", &deep, 3, 2, too_deep),
        ("too long", &deeper, 3, 2, too_long),
        ("a value before any key", "@=\"x\"\n", 3, 1, Problem::NoKey),
        ("a value below a deleted key", "[-HKEY_USERS\\A]\n@=-\n", 4, 1, Problem::DeletedKey),
    ];
    for (row, lines, line, column, problem) in rows {
        let found = refused(format!("{V5}\n\n{lines}").as_bytes());
        assert_eq!(found, (*line, *column, problem.clone()), "{row}");
    }
}

#[test]
fn the_first_line_is_one_of_two() {
    let header = |found: &str| Problem::Header { found: found.to_owned() };
    let rows: &[(&str, &[u8], usize, usize, Problem)] = &[
        ("nothing", b"", 1, 1, Problem::Empty),
        ("small letters", b"regedit4\n", 1, 1, header("regedit4")),
        ("another number", b"REGEDIT5\n", 1, 1, header("REGEDIT5")),
        ("a blank after it", b"REGEDIT4 \n", 1, 1, Problem::AfterHeader),
        ("Windows 3.1", b"REGEDIT\nHKEY_CLASSES_ROOT\\a = b\n", 1, 1, Problem::Windows31),
        (
            "another version",
            b"Windows Registry Editor Version 4.00\n",
            1,
            1,
            header("Windows Registry Editor Version 4.00"),
        ),
        ("cut", b"Windows Registry Ed", 1, 1, header("Windows Registry Ed")),
        ("a line too late", b"\nREGEDIT4\n", 1, 1, header("")),
        ("a mark before REGEDIT4", b"\xEF\xBB\xBFREGEDIT4\n", 1, 1, Problem::MarkedRegedit4),
        ("Unicode REGEDIT4", &utf16("REGEDIT4\n"), 1, 1, Problem::MarkedRegedit4),
        ("big-endian", b"\xFE\xFF\0W\0i", 1, 1, Problem::Utf16BigEndian),
        ("UTF-16 without a mark", b"W\0i\0", 1, 1, Problem::Unmarked),
        ("big-endian without a mark", b"\0W\0i", 1, 1, Problem::Unmarked),
        ("a surrogate alone", b"\xFF\xFEW\0\n\0i\0\x00\xD8i\0", 2, 2, Problem::NotUtf16),
        ("half a unit", b"\xFF\xFEW\0i", 1, 2, Problem::HalfUnit),
        ("no UTF-8", b"Windows\n\"M\xFCller\"", 2, 3, Problem::NotUtf8),
        ("a NUL", b"REGEDIT4\r\n;\0", 2, 2, Problem::Nul),
    ];
    for (row, bytes, line, column, problem) in rows {
        assert_eq!(refused(bytes), (*line, *column, problem.clone()), "{row}");
    }
    for bytes in [b"REGEDIT4".to_vec(), b"\t REGEDIT4\r\n".to_vec(), V5.into(), utf16(V5)] {
        let file = RegFile::parse(&bytes, AnsiCodePage::default()).expect("a file");
        assert_eq!(file.edits(), []);
    }
}

#[test]
fn version_5_is_read_in_both_unicode_forms() {
    let text = below_key("\"Müller\"=\"Søren 😀\"\r\n");
    let marked = format!("\u{feff}{text}");
    let expected = [("Müller".to_owned(), RegValue::sz("Søren 😀"))];
    for bytes in [text.as_bytes(), marked.as_bytes(), &utf16(&text)] {
        let file = RegFile::parse(bytes, AnsiCodePage::Windows1251).expect("a file");
        assert_eq!((file.version(), set(&file)), (RegFileVersion::V5, expected.to_vec()));
    }
}

#[test]
fn the_code_page_gives_regedit4_its_characters() {
    let text = b"REGEDIT4\n[HKEY_LOCAL_MACHINE\\Software\\Exstore]\n\"\xC0\"=hex(2):c0,00\n\"b\"=hex:c0\n\"c\"=hex(1):C0\n";
    let rows = [(1252, "À"), (1251, "А"), (1253, "ΐ"), (932, "ﾀ"), (874, "ภ")];
    for (number, letter) in rows {
        let page = AnsiCodePage::from_number(number).expect("a code page");
        assert_eq!(page.number(), number);
        let file = RegFile::parse(text, page).unwrap_or_else(|errors| panic!("{number}: {errors}"));
        let [c, ..] = letter.encode_utf16().map(u16::to_le_bytes).collect::<Vec<_>>()[..] else {
            panic!("{letter}")
        };
        let expected = [
            (letter.to_owned(), RegValue::expand_sz(letter)),
            ("b".to_owned(), bytes(3, &[0xC0])),
            ("c".to_owned(), bytes(1, &c)),
        ];
        assert_eq!(set(&file), expected, "{number}");
    }
    assert_eq!(AnsiCodePage::from_number(65001), None);
    for page in [936, 949, 950, 1250, 1254, 1255, 1256, 1257, 1258] {
        assert_eq!(AnsiCodePage::from_number(page).map(AnsiCodePage::number), Some(page));
    }
}

#[test]
fn bytes_that_the_code_page_lacks_are_refused() {
    let rows: [(&str, &[u8], usize, usize, Problem); 3] = [
        ("half a character", b"REGEDIT4\n;\x95\n", 2, 2, Problem::NotAnsi { page: 932 }),
        ("a byte without a character", b"REGEDIT4\n;\xFF\n", 2, 2, Problem::NotAnsi { page: 932 }),
        (
            "half a character in hex",
            b"REGEDIT4\n[HKEY_USERS\\A]\n@=hex(7):95\n",
            3,
            10,
            Problem::HexText { page: 932 },
        ),
    ];
    for (row, bytes, line, column, problem) in rows {
        let errors = RegFile::parse(bytes, AnsiCodePage::Windows932).expect_err(row);
        let first = errors.first();
        assert_eq!(
            (first.line(), first.column(), first.problem()),
            (line, column, &problem),
            "{row}"
        );
    }
}

#[test]
fn all_errors_of_a_file_are_told_and_none_of_its_edits() {
    let lines =
        "\"a\"=\"ok\"\nwhat\n\"b\"=hex:01,\\\n  0g,\\\n  02\n[HKLM\\X]\n\"c\"=1\n\"d\"=\"ok\"\n";
    let errors = read(&below_key(lines)).expect_err("refused");
    let places: Vec<_> = errors.iter().map(|error| (error.line(), error.column())).collect();
    assert_eq!(places, [(5, 1), (7, 4), (9, 2), (10, 5)]);
    assert_eq!(
        errors.to_string(),
        "line 5, column 1: a line is a `[key]`, a value (`\"name\"=` or `@=`) or a comment after `;` (and 3 more)"
    );
    let many = read(&below_key(&"?\n".repeat(100))).expect_err("refused");
    assert_eq!(many.iter().count(), MAX_REG_FILE_ERRORS);
}

#[test]
fn an_error_shows_its_line_around_its_column() {
    let line = format!("\"{}\"=dword:xyz;{}", "é".repeat(100), "c".repeat(100));
    let errors = read(&below_key(&line)).expect_err("refused");
    let error = errors.first();
    assert_eq!((error.column(), error.excerpt_column()), (110, 41));
    assert_eq!(error.excerpt().chars().nth(error.excerpt_column() - 1), Some('x'));
    assert_eq!(error.excerpt().chars().count(), 81);
}

#[test]
fn a_file_that_is_too_much_is_refused_as_a_whole() {
    let large = vec![b' '; MAX_REG_FILE_BYTES + 1];
    assert_eq!(refused(&large).2, Problem::TooLarge { length: large.len() });
    let many = below_key(&"@=-\n".repeat(MAX_REG_FILE_EDITS));
    assert_eq!(refused(many.as_bytes()), (MAX_REG_FILE_EDITS + 3, 1, Problem::TooManyEdits));
    // Each edit holds its key's path: a thousand times the file's own length, were it allowed.
    let long = format!(
        "{V5}\n[HKEY_USERS{}]\n{}",
        format!("\\{}", "k".repeat(255)).repeat(512),
        "@=-\n".repeat(1_000)
    );
    assert_eq!(refused(long.as_bytes()).2, Problem::TooManyEdits);
}
