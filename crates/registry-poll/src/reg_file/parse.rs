//! The lines of a `.reg` file.

use super::ansi::AnsiCodePage;
use super::cursor::{Cursor, Parsed, is_blank};
use super::data::{self, Data};
use super::error::{RegFileErrors, RegFileProblem};
use super::source::Source;
use super::{MAX_REG_FILE_EDITS, MAX_REG_FILE_ERRORS, RegFile, RegFileVersion};
use crate::{Edit, KeyPath, NameError, ValueName};

/// Bytes that the paths of all edits may have together: each edit holds its own, so a file of short values below a
/// long key would otherwise grow without measure.
const MAX_PATH_BYTES: usize = 64 * 1024 * 1024;
/// Bytes of a key's line: 512 levels of 255 units of up to 3 bytes, and the predefined key.
const MAX_KEY_BYTES: usize = 512 * 256 * 3;

pub(super) fn parse(bytes: &[u8], ansi: AnsiCodePage) -> Result<RegFile, RegFileErrors> {
    let only = |first| RegFileErrors { first: Box::new(first), rest: Vec::new() };
    let source = Source::decode(bytes, ansi).map_err(only)?;
    let mut cursor = Cursor::new(&source.text);
    let version = source.version(&mut cursor).map_err(only)?;
    let ansi = (version == RegFileVersion::Regedit4).then_some(ansi);
    let mut parser = Parser {
        cursor,
        ansi,
        section: Section::None,
        path_bytes: 0,
        edits: Vec::new(),
        lines: Vec::new(),
    };
    let mut errors = parser.run().into_iter();
    match errors.next() {
        None => Ok(RegFile { version, edits: parser.edits, lines: parser.lines }),
        Some(first) => Err(RegFileErrors { first: Box::new(first), rest: errors.collect() }),
    }
}

/// What the values of a line belong to.
enum Section {
    None,
    Key(KeyPath),
    Deleted,
    /// A key that was refused: its values are read, and their place is not complained about again.
    Refused,
}

struct Parser<'a> {
    cursor: Cursor<'a>,
    ansi: Option<AnsiCodePage>,
    section: Section,
    path_bytes: usize,
    edits: Vec<Edit>,
    lines: Vec<usize>,
}

impl<'a> Parser<'a> {
    fn run(&mut self) -> Vec<super::RegFileError> {
        let mut errors = Vec::new();
        while !self.cursor.at_end() && errors.len() < MAX_REG_FILE_ERRORS {
            let Err(fault) = self.line() else { continue };
            let enough = fault.problem == RegFileProblem::TooManyEdits;
            errors.push(fault.at.error(fault.problem));
            self.cursor = fault.at;
            self.skip_statement();
            if enough {
                break;
            }
        }
        errors
    }

    /// Goes past a line that was refused, and past the lines that continue it.
    fn skip_statement(&mut self) {
        loop {
            let continues = self.cursor.line_rest().trim_end_matches(is_blank).ends_with('\\');
            self.cursor.skip_line();
            if !continues || self.cursor.at_end() {
                return;
            }
        }
    }

    fn line(&mut self) -> Parsed<'a, ()> {
        self.cursor.skip_blanks();
        let start = self.cursor;
        match start.peek() {
            Some('[') => self.key(),
            Some('@' | '"') => self.value(),
            Some(';') => self.cursor.comment(),
            Some('\r' | '\n') | None => {
                self.cursor.skip_line();
                Ok(())
            }
            Some(_) => start.fault(RegFileProblem::UnknownLine),
        }
    }

    fn key(&mut self) -> Parsed<'a, ()> {
        let start = self.cursor;
        self.section = Section::Refused;
        self.cursor.eat("[");
        let deletes = self.cursor.eat("-");
        let path = self.key_path()?;
        // A name may hold brackets: only the line's end tells that this was the last.
        self.cursor.end_line(Some("a key's line"), RegFileProblem::AfterKey)?;
        let edit = if deletes {
            self.section = Section::Deleted;
            Edit::DeleteKey(path)
        } else {
            self.section = Section::Key(path.clone());
            Edit::CreateKey(path)
        };
        self.push(start, edit)
    }

    /// The path up to the line's last bracket, where regedit ends it.
    fn key_path(&mut self) -> Parsed<'a, KeyPath> {
        let start = self.cursor;
        let Some((text, _)) = start.line_rest().rsplit_once(']') else {
            return start.fault(RegFileProblem::KeyUnclosed);
        };
        if let Some(before) = comment_in(text) {
            let mut at = start;
            at.skip(before);
            return at.fault(RegFileProblem::BracketInComment);
        }
        self.cursor.skip(text);
        self.cursor.eat("]");
        path(text).or_else(|problem| start.fault(problem))
    }

    fn value(&mut self) -> Parsed<'a, ()> {
        let start = self.cursor;
        let name = self.name()?;
        self.cursor.skip_blanks();
        if !self.cursor.eat("=") {
            return self.cursor.fault(RegFileProblem::Equals);
        }
        self.cursor.skip_blanks();
        let data = data::parse(&mut self.cursor, self.ansi)?;
        let key = match &self.section {
            Section::Key(key) => key.clone(),
            Section::Refused => return Ok(()),
            Section::None => return start.fault(RegFileProblem::NoKey),
            Section::Deleted => return start.fault(RegFileProblem::DeletedKey),
        };
        let edit = match data {
            Data::Delete => Edit::DeleteValue { key, name },
            Data::Set(value) => Edit::SetValue { key, name, value },
        };
        self.push(start, edit)
    }

    fn name(&mut self) -> Parsed<'a, ValueName> {
        let start = self.cursor;
        let text = if self.cursor.eat("@") { String::new() } else { data::name(&mut self.cursor)? };
        text.parse().or_else(|error| start.fault(RegFileProblem::Name(error)))
    }

    fn push(&mut self, start: Cursor<'a>, edit: Edit) -> Parsed<'a, ()> {
        self.path_bytes = self.path_bytes.saturating_add(key_of(&edit).as_str().len());
        if MAX_REG_FILE_EDITS <= self.edits.len() || MAX_PATH_BYTES < self.path_bytes {
            return start.fault(RegFileProblem::TooManyEdits);
        }
        self.edits.push(edit);
        self.lines.push(start.line());
        Ok(())
    }
}

fn key_of(edit: &Edit) -> &KeyPath {
    match edit {
        Edit::CreateKey(key) | Edit::DeleteKey(key) => key,
        Edit::SetValue { key, .. } | Edit::DeleteValue { key, .. } => key,
    }
}

/// What stands before a comment in a key's name: regedit ends the name at the line's last bracket, and a comment may
/// hold one.
pub(super) fn comment_in(name: &str) -> Option<&str> {
    let mut parts = name.match_indices(']');
    let (bracket, _) = parts.find(|(bracket, _)| {
        let after = name.get(bracket.saturating_add(1)..).unwrap_or_default();
        after.trim_start_matches(is_blank).starts_with(';')
    })?;
    name.get(..bracket)
}

/// The path that `text` writes out.
fn path(text: &str) -> Result<KeyPath, RegFileProblem> {
    if MAX_KEY_BYTES < text.len() {
        let (what, unit) = ("a key path", "bytes");
        let error = NameError::TooLong { what, unit, actual: text.len(), max: MAX_KEY_BYTES };
        return Err(RegFileProblem::Key(error));
    }
    let path: KeyPath = text.parse().map_err(RegFileProblem::Key)?;
    let root = |text: &str| text.split('\\').next().unwrap_or_default().to_owned();
    let long = root(path.as_str());
    if long.eq_ignore_ascii_case(&root(text)) {
        Ok(path)
    } else {
        Err(RegFileProblem::ShortRoot { long })
    }
}
