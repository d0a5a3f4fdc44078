//! From the bytes of a `.reg` file to its text.

use encoding_rs::DecoderResult;

use super::ansi::AnsiCodePage;
use super::cursor::Cursor;
use super::error::{RegFileError, RegFileProblem};
use super::{MAX_REG_FILE_BYTES, RegFileVersion};

pub(super) const V5: &str = "Windows Registry Editor Version 5.00";
pub(super) const REGEDIT4: &str = "REGEDIT4";
const WINDOWS_31: &str = "REGEDIT";

/// The text of a file, and whether a byte order mark said how to read it.
pub(super) struct Source {
    pub(super) text: String,
    marked: bool,
}

impl Source {
    pub(super) fn decode(bytes: &[u8], ansi: AnsiCodePage) -> Result<Self, RegFileError> {
        let text = match bytes {
            [] => return Err(whole(RegFileProblem::Empty)),
            _ if MAX_REG_FILE_BYTES < bytes.len() => {
                return Err(whole(RegFileProblem::TooLarge { length: bytes.len() }));
            }
            [0xFE, 0xFF, ..] => return Err(whole(RegFileProblem::Utf16BigEndian)),
            [0xFF, 0xFE, units @ ..] => utf16(units)?,
            [0xEF, 0xBB, 0xBF, utf8 @ ..] => self::utf8(utf8)?,
            [0, _, ..] | [_, 0, ..] => return Err(whole(RegFileProblem::Unmarked)),
            _ if bytes.trim_ascii_start().starts_with(WINDOWS_31.as_bytes()) => {
                decode_ansi(bytes, ansi)?
            }
            _ => self::utf8(bytes)?,
        };
        refuse_nul(&text)?;
        let marked = matches!(bytes, [0xFF, 0xFE, ..] | [0xEF, 0xBB, 0xBF, ..]);
        Ok(Self { text, marked })
    }

    /// The format by the first line, which the cursor takes.
    pub(super) fn version(&self, cursor: &mut Cursor<'_>) -> Result<RegFileVersion, RegFileError> {
        cursor.skip_blanks();
        let at = *cursor;
        let header = cursor.line_rest();
        cursor.skip_line();
        match header {
            V5 => Ok(RegFileVersion::V5),
            REGEDIT4 if self.marked => Err(at.error(RegFileProblem::MarkedRegedit4)),
            REGEDIT4 => Ok(RegFileVersion::Regedit4),
            WINDOWS_31 => Err(at.error(RegFileProblem::Windows31)),
            other if other.starts_with(V5) || other.starts_with(REGEDIT4) => {
                Err(at.error(RegFileProblem::AfterHeader))
            }
            other => {
                let found = other.chars().take(V5.len()).collect();
                Err(at.error(RegFileProblem::Header { found }))
            }
        }
    }
}

/// An error of the file as a whole.
fn whole(problem: RegFileProblem) -> RegFileError {
    Cursor::new("").error(problem)
}

/// An error at the end of what could be decoded.
fn after(decoded: &str, problem: RegFileProblem) -> RegFileError {
    let mut cursor = Cursor::new(decoded);
    cursor.skip(decoded);
    cursor.error(problem)
}

fn utf16(bytes: &[u8]) -> Result<String, RegFileError> {
    let (units, rest) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(units.len());
    for unit in char::decode_utf16(units.iter().map(|unit| u16::from_le_bytes(*unit))) {
        match unit {
            Ok(char) => text.push(char),
            Err(_) => return Err(after(&text, RegFileProblem::NotUtf16)),
        }
    }
    if rest.is_empty() { Ok(text) } else { Err(after(&text, RegFileProblem::HalfUnit)) }
}

fn utf8(bytes: &[u8]) -> Result<String, RegFileError> {
    str::from_utf8(bytes).map(str::to_owned).map_err(|error| {
        let decoded = bytes.get(..error.valid_up_to()).unwrap_or_default();
        after(&String::from_utf8_lossy(decoded), RegFileProblem::NotUtf8)
    })
}

fn decode_ansi(bytes: &[u8], ansi: AnsiCodePage) -> Result<String, RegFileError> {
    let mut decoder = ansi.encoding().new_decoder_without_bom_handling();
    let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or_default();
    let mut text = String::with_capacity(room);
    match decoder.decode_to_string_without_replacement(bytes, &mut text, true).0 {
        DecoderResult::InputEmpty => Ok(text),
        DecoderResult::OutputFull | DecoderResult::Malformed(..) => {
            Err(after(&text, RegFileProblem::NotAnsi { page: ansi.number() }))
        }
    }
}

fn refuse_nul(text: &str) -> Result<(), RegFileError> {
    match text.split_once('\0') {
        None => Ok(()),
        Some((before, _)) => {
            let mut cursor = Cursor::new(text);
            cursor.skip(before);
            Err(cursor.error(RegFileProblem::Nul))
        }
    }
}
