//! `.reg` files: what is read, what is refused and where, what is written, and other programs' files.

mod files;
mod peer;
mod rules;
mod written;

use registry_poll::{AnsiCodePage, Edit, RegFile, RegFileErrors, RegFileProblem, RegValue};

const KEY: &str = r"HKEY_LOCAL_MACHINE\Software\Exstore";
const V5: &str = "Windows Registry Editor Version 5.00";

/// A key's values as a writer takes them.
type Keys = Vec<(registry_poll::KeyPath, Vec<(registry_poll::ValueName, RegValue)>)>;

/// A file of version 5 as regedit encodes it.
fn utf16(text: &str) -> Vec<u8> {
    "\u{feff}"
        .chars()
        .chain(text.chars())
        .collect::<String>()
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect()
}

/// Lines below one key, in version 5.
fn below_key(lines: &str) -> String {
    format!("{V5}\r\n\r\n[{KEY}]\r\n{lines}")
}

fn read(text: &str) -> Result<RegFile, RegFileErrors> {
    RegFile::parse(text.as_bytes(), AnsiCodePage::default())
}

/// The place and the problem of a file's first error.
fn refused(bytes: &[u8]) -> (usize, usize, RegFileProblem) {
    let errors = RegFile::parse(bytes, AnsiCodePage::default()).expect_err("refused");
    (errors.first().line(), errors.first().column(), errors.first().problem().clone())
}

/// The names and values that a file sets below [`KEY`], which it has to create.
fn set(file: &RegFile) -> Vec<(String, RegValue)> {
    let [Edit::CreateKey(first), rest @ ..] = file.edits() else { panic!("no key: {file:?}") };
    assert_eq!(first.as_str(), KEY);
    let set = |edit: &Edit| match edit {
        Edit::SetValue { key, name, value } if key == first => {
            (name.as_str().to_owned(), value.clone())
        }
        edit => panic!("{edit:?}"),
    };
    rest.iter().map(set).collect()
}

/// What a file sets, key by key.
fn keys(file: &RegFile) -> Keys {
    let mut keys = Keys::new();
    for edit in file.edits() {
        match edit {
            Edit::CreateKey(key) => keys.push((key.clone(), Vec::new())),
            Edit::SetValue { name, value, .. } => {
                keys.last_mut().expect("a key").1.push((name.clone(), value.clone()));
            }
            Edit::DeleteKey(_) | Edit::DeleteValue { .. } => panic!("{edit:?}"),
        }
    }
    keys
}
