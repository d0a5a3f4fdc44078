//! Paths of keys: up, down, and in order.

use registry_poll::{KeyPath, NameError};

use super::key;

#[test]
fn a_path_is_taken_apart_and_put_together() {
    let path = key("hklm\\Software\\Acme");
    assert_eq!(path.components().collect::<Vec<_>>(), ["HKEY_LOCAL_MACHINE", "Software", "Acme"]);
    assert_eq!(path.name(), "Acme");
    let above: Vec<_> = std::iter::successors(path.parent(), KeyPath::parent).collect();
    assert_eq!(above, [key("HKLM\\Software"), key("HKLM")]);
    assert_eq!(key("HKLM").name(), "HKEY_LOCAL_MACHINE");
    let joined = key("HKLM").joined("Software\\Acme").expect("a path");
    assert_eq!(joined.as_str(), "HKEY_LOCAL_MACHINE\\Software\\Acme");
}

#[test]
fn a_path_is_joined_by_the_rules_of_a_whole_one() {
    let deepest = key(&format!("HKU{}", "\\a".repeat(512)));
    let rows = [
        ("an empty name", key("HKU").joined(""), "an empty component"),
        ("a backslash at the end", key("HKU").joined("a\\"), "an empty component"),
        ("a NUL", key("HKU").joined("a\0"), "contains a NUL"),
        ("too long a name", key("HKU").joined(&"a".repeat(256)), "at most 255"),
        ("too deep", deepest.joined("a"), "at most 512"),
    ];
    for (row, joined, said) in rows {
        let error: NameError = joined.expect_err(row);
        assert!(error.to_string().contains(said), "{row}: {error}");
    }
}

#[test]
fn below_goes_by_whole_names_without_case() {
    let rows = [
        ("HKLM\\Software\\Acme", "HKLM", true),
        ("HKLM\\SOFTWARE\\Acme", "hklm\\software", true),
        ("HKLM\\Software", "HKLM\\Software", false),
        ("HKLM\\Software2", "HKLM\\Software", false),
        ("HKLM", "HKLM\\Software", false),
        ("HKU\\Software", "HKLM", false),
    ];
    for (path, above, below) in rows {
        assert_eq!(key(path).is_below(&key(above)), below, "{path} below {above}");
    }
}

#[test]
fn a_key_comes_directly_before_the_keys_below_it() {
    let mut paths = ["HKU\\a-b", "HKU\\a\\z", "HKU\\a!", "HKU\\A", "HKU\\a\\b c", "HKU\\ab", "HKU"]
        .map(key)
        .to_vec();
    paths.sort();
    let paths: Vec<_> = paths.iter().map(|path| path.as_str().replace("HKEY_USERS", "")).collect();
    assert_eq!(paths, ["", "\\A", "\\a\\b c", "\\a\\z", "\\a!", "\\a-b", "\\ab"]);
}

#[test]
fn there_are_five_predefined_keys() {
    let predefined: Vec<_> = KeyPath::predefined().map(|key| key.to_string()).collect();
    let short = ["HKLM", "HKCU", "HKCR", "HKU", "HKCC"];
    assert_eq!(predefined, short.map(|short| key(short).to_string()));
}
