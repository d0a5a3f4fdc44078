//! Keys and values as a `.reg` file, in regedit's form.

use std::borrow::Cow;

use super::RegFileVersion;
use super::ansi::AnsiCodePage;
use super::cursor::is_line_end;
use super::data::is_text;
use super::parse::comment_in;
use super::source::{REGEDIT4, V5};
use crate::{KeyPath, RegType, RegValue, ValueName};

/// Characters after which a line of hex data is broken, its backslash not counted.
const HEX_LINE: usize = 77;
const LINE_END: &str = "\r\n";
/// What breaks a line of hex data, and the characters of the next line that it takes.
const CONTINUED: &str = "\\\r\n  ";
const CONTINUED_COLUMN: usize = 2;
const BYTE_ORDER_MARK: u16 = 0xFEFF;

/// Why keys and values can't be written as a `.reg` file.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RegFileWriteError {
    /// A name with a line end, which ends the line.
    #[error("`{name}` has a line end, which no name in a .reg file may have")]
    LineEnd {
        /// The key's path or the value's name.
        name: String,
    },
    /// A key whose name looks like a key and a comment.
    #[error("`{key}` has a `]` before a `;`, which reads as a comment in a .reg file")]
    Comment {
        /// The key.
        key: KeyPath,
    },
    /// Text that a `REGEDIT4` file can't hold.
    #[error("code page {page} lacks a character of `{text}`")]
    NotAnsi {
        /// The key's path, the value's name or its text.
        text: String,
        /// The code page's number.
        page: u16,
    },
    /// Bytes that are no text, in a value of a text type: `REGEDIT4` writes those as ANSI text.
    #[error("the {kind} `{name}` of `{key}` holds no text, so REGEDIT4 has no form for it")]
    NotText {
        /// The key.
        key: KeyPath,
        /// The value's name.
        name: ValueName,
        /// Its type.
        kind: RegType,
    },
}

pub(super) fn write(
    version: RegFileVersion,
    ansi: AnsiCodePage,
    keys: impl IntoIterator<Item = (KeyPath, Vec<(ValueName, RegValue)>)>,
) -> Result<Vec<u8>, RegFileWriteError> {
    let (header, ansi) = match version {
        RegFileVersion::V5 => (V5, None),
        RegFileVersion::Regedit4 => (REGEDIT4, Some(ansi)),
    };
    let mut writer = Writer { text: format!("{header}{LINE_END}{LINE_END}"), ansi };
    for (key, mut values) in keys {
        // A stable sort: the unnamed value comes first, and nothing else moves.
        values.sort_by_key(|(name, _)| !name.as_str().is_empty());
        writer.key(&key, &values)?;
    }
    Ok(writer.bytes())
}

struct Writer {
    text: String,
    ansi: Option<AnsiCodePage>,
}

impl Writer {
    fn key(
        &mut self,
        key: &KeyPath,
        values: &[(ValueName, RegValue)],
    ) -> Result<(), RegFileWriteError> {
        self.check_name(key.as_str())?;
        if comment_in(key.as_str()).is_some() {
            return Err(RegFileWriteError::Comment { key: key.clone() });
        }
        self.put(&["[", key.as_str(), "]", LINE_END]);
        for (name, value) in values {
            self.value(key, name, value)?;
        }
        self.put(&[LINE_END]);
        Ok(())
    }

    fn value(
        &mut self,
        key: &KeyPath,
        name: &ValueName,
        value: &RegValue,
    ) -> Result<(), RegFileWriteError> {
        self.check_name(name.as_str())?;
        let name_part = match name.as_str() {
            "" => "@=".to_owned(),
            name => format!("{}=", quoted(name)),
        };
        let data = if let Some(text) = plain_text(value) {
            self.check_text(&text)?;
            quoted(&text)
        } else if let Some(dword) = dword(value) {
            format!("dword:{dword:08x}")
        } else {
            let (kind, bytes) = (value.kind(), self.hex_data(key, name, value)?);
            hex(name_part.encode_utf16().count(), kind, &bytes)
        };
        self.put(&[&name_part, &data, LINE_END]);
        Ok(())
    }

    /// The bytes that stand for the value's: ANSI text for a text type in a `REGEDIT4` file, else its own.
    fn hex_data(
        &self,
        key: &KeyPath,
        name: &ValueName,
        value: &RegValue,
    ) -> Result<Vec<u8>, RegFileWriteError> {
        match self.ansi {
            Some(page) if is_text(value.kind()) => {
                let Some(text) = exact_text(value) else {
                    let (key, name, kind) = (key.clone(), name.clone(), value.kind());
                    return Err(RegFileWriteError::NotText { key, name, kind });
                };
                let lacking =
                    || RegFileWriteError::NotAnsi { text: text.clone(), page: page.number() };
                page.encode(&text).map(Cow::into_owned).ok_or_else(lacking)
            }
            _ => Ok(value.data().to_vec()),
        }
    }

    fn check_name(&self, name: &str) -> Result<(), RegFileWriteError> {
        if name.contains(is_line_end) {
            return Err(RegFileWriteError::LineEnd { name: name.to_owned() });
        }
        self.check_text(name)
    }

    fn check_text(&self, text: &str) -> Result<(), RegFileWriteError> {
        match self.ansi {
            Some(page) if page.encode(text).is_none() => {
                Err(RegFileWriteError::NotAnsi { text: text.to_owned(), page: page.number() })
            }
            _ => Ok(()),
        }
    }

    fn put(&mut self, parts: &[&str]) {
        self.text.extend(parts.iter().copied());
    }

    fn bytes(self) -> Vec<u8> {
        match self.ansi {
            // Every part was found to have its bytes.
            Some(page) => page.encoding().encode(&self.text).0.into_owned(),
            None => {
                let units = core::iter::once(BYTE_ORDER_MARK).chain(self.text.encode_utf16());
                units.flat_map(u16::to_le_bytes).collect()
            }
        }
    }
}

/// The text of a `REG_SZ` that the form in quotes keeps exactly: ended by its one NUL, and on one line.
fn plain_text(value: &RegValue) -> Option<String> {
    let text = value.text()?;
    let plain = !text.contains(|char| char == '\0' || is_line_end(char));
    (plain && RegValue::sz(&text) == *value).then_some(text)
}

/// All UTF-16 text in a value's bytes, NULs and all; `None` when they are none.
fn exact_text(value: &RegValue) -> Option<String> {
    let (units, rest) = value.data().as_chunks::<2>();
    let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
    String::from_utf16(&units).ok().filter(|_| rest.is_empty())
}

/// The number in a `REG_DWORD` of the right size.
fn dword(value: &RegValue) -> Option<u32> {
    let bytes = value.data().try_into().ok()?;
    (value.kind() == RegType::DWORD).then(|| u32::from_le_bytes(bytes))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Hex data after `column` characters of its line, broken as regedit breaks it.
fn hex(column: usize, kind: RegType, bytes: &[u8]) -> String {
    let mut text = match kind {
        RegType::BINARY => "hex:".to_owned(),
        RegType(kind) => format!("hex({kind:x}):"),
    };
    let mut column = column.saturating_add(text.len());
    let mut rest = bytes.iter().peekable();
    while let Some(byte) = rest.next() {
        text.push_str(&format!("{byte:02x}"));
        if rest.peek().is_none() {
            break;
        }
        text.push(',');
        column = column.saturating_add(3);
        if HEX_LINE <= column {
            text.push_str(CONTINUED);
            column = CONTINUED_COLUMN;
        }
    }
    text
}
