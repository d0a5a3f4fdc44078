//! A `.reg` file's bytes and the registry that it describes, both ways.

use crate::{AnsiCodePage, Key, KeyTree, RegFile, RegFileVersion};

const UTF8_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A file that was understood.
pub(super) struct Document {
    tree: KeyTree,
    form: Form,
    ansi: AnsiCodePage,
}

/// How the text is written.
#[derive(Clone, Copy)]
enum Form {
    /// Version 5 in UTF-16LE, as regedit exports it.
    Utf16,
    /// Version 5 in UTF-8, as other editors save it.
    Utf8 { marked: bool, crlf: bool },
    /// `REGEDIT4`.
    Ansi,
}

impl Document {
    /// Understands a file's bytes, or says in one clause why not.
    pub(super) fn parse(bytes: &[u8], ansi: AnsiCodePage) -> Result<Self, String> {
        let file = RegFile::parse(bytes, ansi).map_err(|errors| errors.to_string())?;
        let mut tree = KeyTree::default();
        for (line, edit) in file.entries() {
            tree.apply(edit).map_err(|error| format!("line {line}: {error}"))?;
        }
        Ok(Self { tree, form: Form::of(file.version(), bytes), ansi })
    }

    pub(super) fn tree(&self) -> &KeyTree {
        &self.tree
    }

    pub(super) fn into_tree(self) -> KeyTree {
        self.tree
    }

    /// The bytes of a file of this form with another registry in it, or why there are none.
    pub(super) fn with(&self, tree: &KeyTree) -> Result<Vec<u8>, String> {
        let version = match self.form {
            Form::Utf16 | Form::Utf8 { .. } => RegFileVersion::V5,
            Form::Ansi => RegFileVersion::Regedit4,
        };
        let keys = tree.keys().filter(is_written).map(|key| {
            let values = key.values().map(|(name, value)| (name.clone(), value.clone()));
            (key.path().clone(), values.collect())
        });
        let bytes = RegFile::write(version, self.ansi, keys).map_err(|error| error.to_string())?;
        let bytes = match self.form {
            Form::Utf16 | Form::Ansi => bytes,
            Form::Utf8 { marked, crlf } => utf8(&bytes, marked, crlf),
        };
        // What could not be read again, such as a file that is too long, must not be written.
        match Self::parse(&bytes, self.ansi)? {
            again if again.tree.is_spelt_like(tree) => Ok(bytes),
            _ => Err("it would not read back as it was written".to_owned()),
        }
    }
}

impl Form {
    fn of(version: RegFileVersion, bytes: &[u8]) -> Self {
        match (version, bytes) {
            (RegFileVersion::Regedit4, _) => Self::Ansi,
            (RegFileVersion::V5, [0xFF, 0xFE, ..]) => Self::Utf16,
            (RegFileVersion::V5, _) => {
                Self::Utf8 { marked: bytes.starts_with(UTF8_MARK), crlf: bytes.contains(&b'\r') }
            }
        }
    }
}

/// A key that holds no value and has keys below it is there because these are.
fn is_written(key: &Key<'_>) -> bool {
    let is_predefined = key.path().parent().is_none();
    key.values().next().is_some() || (!is_predefined && key.subkeys().next().is_none())
}

/// A file in UTF-16LE as UTF-8. No line end is inside a value's text: it is written as bytes then.
fn utf8(bytes: &[u8], marked: bool, crlf: bool) -> Vec<u8> {
    let (units, _) = bytes.as_chunks::<2>();
    let units = units.iter().skip(1).map(|unit| u16::from_le_bytes(*unit));
    let text = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER));
    let text: String = text.filter(|char| crlf || *char != '\r').collect();
    let mark = if marked { UTF8_MARK } else { b"" };
    [mark, text.as_bytes()].concat()
}
