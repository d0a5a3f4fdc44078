//! Beside regashii, another reader and writer of `.reg` files: the same where both understand, each difference named.

use proptest::prelude::*;
use registry_poll::{AnsiCodePage, Edit, RegFile, RegFileVersion, RegType, RegValue, ValueName};

use super::{Keys, V5, below_key, read};

/// What regashii reads: keys, whether each is deleted, and its values, `None` for one that is deleted.
type Theirs = Vec<(String, bool, Vec<(String, Option<RegValue>)>)>;

fn theirs(text: &str) -> Option<Theirs> {
    let registry = regashii::Registry::deserialize(text).ok()?;
    let values = |key: &regashii::Key| {
        key.values().iter().map(|(name, value)| (name_of(name), bytes(value))).collect()
    };
    let keys = registry.keys().iter();
    Some(
        keys.map(|(name, key)| {
            (name.raw().to_owned(), key.kind() == regashii::KeyKind::Delete, values(key))
        })
        .collect(),
    )
}

fn name_of(name: &regashii::ValueName) -> String {
    match name {
        regashii::ValueName::Default => String::new(),
        regashii::ValueName::Named(name) => name.clone(),
    }
}

fn bytes(value: &regashii::Value) -> Option<RegValue> {
    use regashii::Value;
    Some(match value {
        Value::Delete => return None,
        Value::Sz(text) => RegValue::sz(text),
        Value::ExpandSz(text) => RegValue::expand_sz(text),
        Value::Binary(bytes) => RegValue::binary(bytes.clone()),
        Value::Dword(number) => RegValue::dword(*number),
        Value::DwordBigEndian(number) => RegValue::new(RegType(5), number.to_be_bytes().to_vec()),
        Value::MultiSz(texts) => RegValue::multi_sz(texts.iter().map(String::as_str)),
        Value::Qword(number) => RegValue::new(RegType::QWORD, number.to_le_bytes().to_vec()),
        Value::Hex { kind, bytes } => {
            RegValue::new(RegType(u32::from(u8::from(*kind))), bytes.clone())
        }
    })
}

/// Our keys in regashii's shape, which is sorted.
fn ours(text: &str) -> Option<Theirs> {
    let file = read(text).ok()?;
    let mut all = Theirs::new();
    for edit in file.edits() {
        match edit {
            Edit::CreateKey(key) => all.push((key.to_string(), false, Vec::new())),
            Edit::DeleteKey(key) => all.push((key.to_string(), true, Vec::new())),
            Edit::SetValue { name, value, .. } => {
                all.last_mut()?.2.push((name.to_string(), Some(value.clone())));
            }
            Edit::DeleteValue { name, .. } => all.last_mut()?.2.push((name.to_string(), None)),
        }
    }
    for (_, _, values) in &mut all {
        values.sort_by(|(one, _), (other, _)| one.cmp(other));
    }
    all.sort_by(|(one, ..), (other, ..)| one.cmp(other));
    Some(all)
}

/// Values of the types and forms that regashii keeps as they are.
fn plain_value() -> impl Strategy<Value = RegValue> {
    let text = "[ -~а-я]{0,30}";
    let item = "[!-~]{1,8}";
    prop_oneof![
        text.prop_map(|text| RegValue::sz(&text)),
        text.prop_map(|text| RegValue::expand_sz(&text)),
        prop::collection::vec(item, 1..4)
            .prop_map(|items| RegValue::multi_sz(items.iter().map(String::as_str))),
        any::<u32>().prop_map(RegValue::dword),
        any::<u64>().prop_map(|n| RegValue::new(RegType::QWORD, n.to_le_bytes().to_vec())),
        prop::collection::vec(any::<u8>(), 1..90).prop_map(RegValue::binary),
        prop::collection::vec(any::<u8>(), 1..90).prop_map(|b| RegValue::new(RegType::NONE, b)),
    ]
}

/// A few keys with values, no name twice.
fn plain_keys() -> impl Strategy<Value = Keys> {
    let values = prop::collection::btree_map("[a-z \\\\\"=;]{1,9}", plain_value(), 0..5);
    prop::collection::btree_map(r"HKEY_USERS(\\[a-z \]=\[]{1,9}){1,3}", values, 0..4).prop_map(
        |keys| {
            let name = |name: String| -> ValueName { name.parse().expect("a name") };
            keys.into_iter()
                .map(|(key, values)| {
                    let values = values.into_iter().map(|(n, value)| (name(n), value)).collect();
                    (key.parse().expect("a key"), values)
                })
                .collect()
        },
    )
}

/// What is written, as text without its mark.
fn text_of(given: Keys) -> String {
    let bytes = RegFile::write(RegFileVersion::V5, AnsiCodePage::default(), given);
    let bytes = bytes.expect("written");
    let units: Vec<u16> =
        bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
    String::from_utf16(&units).expect("text").trim_start_matches('\u{feff}').to_owned()
}

proptest! {
    #[test]
    fn regashii_reads_what_is_written(given in plain_keys()) {
        let text = text_of(given);
        prop_assert!(ours(&text).is_some());
        prop_assert_eq!(theirs(&text), ours(&text));
    }

    #[test]
    fn what_regashii_writes_is_read(given in plain_keys()) {
        let again = regashii::Registry::deserialize(&text_of(given)).expect("theirs").serialize();
        prop_assert_eq!(ours(&again), theirs(&again), "{}", again);
    }
}

#[test]
fn both_read_deletions_comments_and_continued_lines_alike() {
    let text = format!(
        "{V5}\n\n; c\n[-HKEY_USERS\\a]\n[HKEY_USERS\\b] ; c\n\"x;y\"=\"1;2\" ; c\n\"gone\"=-\n@=hex:01,\\\n  02\n"
    );
    assert!(ours(&text).is_some());
    assert_eq!(ours(&text), theirs(&text));
}

/// What was read, in short: each value's name, type and bytes, after its key's last level.
fn gist(read: Option<&Theirs>) -> String {
    let Some(keys) = read else { return "refused".to_owned() };
    let value = |(name, value): &(String, Option<RegValue>)| match value {
        Some(value) => format!(" {name}={}:{}", value.kind().0, hex(value.data())),
        None => format!(" {name}=-"),
    };
    let key = |(key, _, values): &(String, bool, Vec<_>)| {
        let last = key.rsplit('\\').next().unwrap_or_default();
        format!("{last}{}", values.iter().map(value).collect::<String>())
    };
    keys.iter().map(key).collect::<Vec<_>>().join(", ")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where the two differ. Ours refuses what regedit passes over, and keeps every byte of what it reads.
#[test]
fn each_difference_from_regashii_is_known() {
    let rows = [
        ("they pass over a line that is none", "what is this\n", "refused", "Exstore"),
        ("and a value that can't be read", "\"a\"=nothing\n", "refused", "Exstore"),
        ("they keep text after a key", "[HKEY_USERS\\b] more\n", "refused", "Exstore, b"),
        ("they take any root", "[HKLM\\b]\n", "refused", "Exstore, b"),
        ("they take two backslashes for one", "[HKEY_USERS\\\\b]\n", "refused", "Exstore, b"),
        ("they can't tell a cut file", "\"a\"=hex:01,02", "refused", "Exstore a=3:0102"),
        ("regedit takes 1 to 8 digits", "\"a\"=dword:1f\n", "Exstore a=4:1f000000", "Exstore"),
        ("regedit takes 1 or 2", "\"a\"=hex:1,2\n", "Exstore a=3:0102", "Exstore"),
        ("a type has 32 bits", "\"a\"=hex(100):01\n", "Exstore a=256:01", "Exstore a=3:01"),
        ("regedit takes a last comma", "\"a\"=hex:01,\n", "Exstore a=3:01", "Exstore"),
        ("a line need not be indented", "\"a\"=hex:01,\\\n02\n", "Exstore a=3:0102", "Exstore"),
        (
            "they make type 5 a type 4",
            "\"a\"=hex(5):00,00,00,01\n",
            "Exstore a=5:00000001",
            "Exstore a=4:01000000",
        ),
        (
            "they take NULs off",
            "\"a\"=hex(2):61,00,00,00,00,00\n",
            "Exstore a=2:610000000000",
            "Exstore a=2:61000000",
        ),
        ("they put a NUL on", "\"a\"=hex(2):61,00\n", "Exstore a=2:6100", "Exstore a=2:61000000"),
        (
            "they leave empty texts out",
            "\"a\"=hex(7):00,00,61,00,00,00,00,00\n",
            "Exstore a=7:0000610000000000",
            "Exstore a=7:610000000000",
        ),
    ];
    for (row, lines, our, their) in rows {
        let text = below_key(lines);
        assert_eq!(gist(ours(&text).as_ref()), our, "{row}");
        assert_eq!(gist(theirs(&text).as_ref()), their, "{row}");
    }
}
