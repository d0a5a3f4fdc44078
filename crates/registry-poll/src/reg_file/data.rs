//! The data of a value in a `.reg` file, and text in quotes.

use super::ansi::AnsiCodePage;
use super::cursor::{Cursor, Parsed, is_line_end};
use super::error::RegFileProblem;
use crate::{RegType, RegValue};

/// What a value's line says of it.
pub(super) enum Data {
    Set(RegValue),
    Delete,
}

/// The data after `=`, with the end of its line. `ansi` is the code page of a `REGEDIT4` file.
pub(super) fn parse<'a>(cursor: &mut Cursor<'a>, ansi: Option<AnsiCodePage>) -> Parsed<'a, Data> {
    match cursor.peek() {
        Some('"') => text(cursor).map(Data::Set),
        _ if cursor.eat("-") => {
            cursor.end_line(None, RegFileProblem::AfterData)?;
            Ok(Data::Delete)
        }
        _ if cursor.eat("dword:") => dword(cursor).map(Data::Set),
        _ if cursor.eat("hex:") => hex(cursor, RegType::BINARY, ansi).map(Data::Set),
        _ if cursor.eat("hex(") => {
            let kind = hex_type(cursor)?;
            hex(cursor, kind, ansi).map(Data::Set)
        }
        _ => cursor.fault(RegFileProblem::Data),
    }
}

/// A value's name in quotes, all on one line.
pub(super) fn name<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a, String> {
    let start = *cursor;
    match quoted(cursor)? {
        Some(name) if !name.contains(is_line_end) => Ok(name),
        Some(_) | None => start.fault(RegFileProblem::NameUnclosed),
    }
}

/// A `REG_SZ`. Its line ends are data, as the file has them.
fn text<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a, RegValue> {
    let start = *cursor;
    let Some(text) = quoted(cursor)? else {
        return start.fault(RegFileProblem::TextUnclosed);
    };
    let line = cursor.line();
    let end = cursor.end_line(None, RegFileProblem::AfterData);
    match end {
        // Seen from there it is a mystery: a closing quote is missing above.
        Err(_) if start.line() < line => start.fault(RegFileProblem::TextRunsOn { line }),
        end => end.map(|()| RegValue::sz(&text)),
    }
}

/// Text in quotes; `None` when the file ends before its closing quote.
fn quoted<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a, Option<String>> {
    cursor.eat("\"");
    let mut text = String::new();
    loop {
        text.push_str(cursor.take_while(|char| !matches!(char, '"' | '\\')));
        let at = *cursor;
        match cursor.bump() {
            Some('\\') => match cursor.bump() {
                Some(escaped @ ('"' | '\\')) => text.push(escaped),
                Some(found) => return at.fault(RegFileProblem::Escape { found }),
                None => return Ok(None),
            },
            Some(_) => return Ok(Some(text)),
            None => return Ok(None),
        }
    }
}

fn dword<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a, RegValue> {
    cursor.skip_blanks();
    let (at, digits) = (*cursor, hex_digits(cursor));
    let Some(value) = number(digits) else {
        return at.fault(RegFileProblem::Dword);
    };
    let cut = (digits.len() < 8).then_some("a dword");
    cursor.end_line(cut, RegFileProblem::AfterData)?;
    Ok(RegValue::dword(value))
}

/// The type in `hex(n):`, after the opening bracket.
fn hex_type<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a, RegType> {
    let (at, digits) = (*cursor, hex_digits(cursor));
    match number(digits) {
        Some(kind) if cursor.eat("):") => Ok(RegType(kind)),
        _ => at.fault(RegFileProblem::HexType),
    }
}

fn hex<'a>(
    cursor: &mut Cursor<'a>,
    kind: RegType,
    ansi: Option<AnsiCodePage>,
) -> Parsed<'a, RegValue> {
    let start = *cursor;
    let bytes = hex_bytes(cursor)?;
    match ansi {
        Some(page) if is_text(kind) => match page.decode(&bytes) {
            Some(text) => Ok(RegValue::new(kind, utf16le(&text))),
            None => start.fault(RegFileProblem::HexText { page: page.number() }),
        },
        _ => Ok(RegValue::new(kind, bytes)),
    }
}

/// Bytes with commas between them, over lines that end in a comma (or nothing yet) and a backslash.
fn hex_bytes<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a, Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        cursor.skip_blanks();
        match cursor.peek() {
            Some('\\') => continue_line(cursor)?,
            Some(digit) if digit.is_ascii_hexdigit() => {
                bytes.push(hex_byte(cursor)?);
                if !cursor.eat(",") {
                    cursor.end_line(Some("hex data"), RegFileProblem::HexComma)?;
                    return Ok(bytes);
                }
            }
            _ => {
                cursor.end_line(Some("hex data"), RegFileProblem::HexByte)?;
                return Ok(bytes);
            }
        }
    }
}

/// Takes the backslash, the line's end, and the lines up to the one where the bytes go on, which has to begin with one.
fn continue_line<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a, ()> {
    cursor.eat("\\");
    cursor.end_line(Some("hex data"), RegFileProblem::AfterBackslash)?;
    loop {
        cursor.skip_blanks();
        match cursor.peek() {
            None => return cursor.fault(RegFileProblem::Cut { what: "hex data" }),
            Some(';' | '\r' | '\n') => cursor.skip_line(),
            Some(digit) if digit.is_ascii_hexdigit() => return Ok(()),
            Some(_) => return cursor.fault(RegFileProblem::HexByte),
        }
    }
}

fn hex_byte<'a>(cursor: &mut Cursor<'a>) -> Parsed<'a, u8> {
    let (at, digits) = (*cursor, hex_digits(cursor));
    let byte = number(digits).filter(|_| digits.len() <= 2).and_then(|byte| byte.try_into().ok());
    byte.map_or_else(|| at.fault(RegFileProblem::HexByte), Ok)
}

fn hex_digits<'a>(cursor: &mut Cursor<'a>) -> &'a str {
    cursor.take_while(|char| char.is_ascii_hexdigit())
}

/// 1 to 8 hexadecimal digits.
fn number(digits: &str) -> Option<u32> {
    u32::from_str_radix(digits, 16).ok().filter(|_| digits.len() <= 8)
}

/// Types whose hex data is ANSI text in a `REGEDIT4` file.
pub(super) fn is_text(kind: RegType) -> bool {
    matches!(kind, RegType::SZ | RegType::EXPAND_SZ | RegType::MULTI_SZ)
}

fn utf16le(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}
