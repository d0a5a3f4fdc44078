//! Why a `.reg` file was refused, and where in it.

use core::fmt;

use super::{MAX_REG_FILE_BYTES, MAX_REG_FILE_EDITS, MAX_REG_FILE_ERRORS};
use crate::NameError;

/// One thing in a `.reg` file that was not understood, and its place.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct RegFileError {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) problem: RegFileProblem,
    pub(super) excerpt: String,
    pub(super) excerpt_column: usize,
}

impl RegFileError {
    /// The line, from 1. CRLF, LF and CR each end one.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column in characters, from 1.
    pub fn column(&self) -> usize {
        self.column
    }

    /// What is wrong.
    pub fn problem(&self) -> &RegFileProblem {
        &self.problem
    }

    /// The line's text, shortened around the column; empty when the file as a whole is at fault.
    pub fn excerpt(&self) -> &str {
        &self.excerpt
    }

    /// The column within [`RegFileError::excerpt`], in characters, from 1: where a caret goes.
    pub fn excerpt_column(&self) -> usize {
        self.excerpt_column
    }
}

/// Why a `.reg` file was refused: one error or more, in the order of the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegFileErrors {
    pub(super) first: Box<RegFileError>,
    pub(super) rest: Vec<RegFileError>,
}

impl RegFileErrors {
    /// The first.
    pub fn first(&self) -> &RegFileError {
        &self.first
    }

    /// All that were collected.
    pub fn iter(&self) -> impl Iterator<Item = &RegFileError> {
        core::iter::once(&*self.first).chain(&self.rest)
    }
}

impl fmt::Display for RegFileErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)?;
        match self.rest.len() {
            0 => Ok(()),
            more if more.saturating_add(1) < MAX_REG_FILE_ERRORS => write!(f, " (and {more} more)"),
            more => write!(f, " (and at least {more} more)"),
        }
    }
}

impl core::error::Error for RegFileErrors {}

/// What is wrong with a `.reg` file.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RegFileProblem {
    /// Longer than [`MAX_REG_FILE_BYTES`].
    #[error("the file has {length} bytes, and at most {MAX_REG_FILE_BYTES} are read")]
    TooLarge {
        /// Its length in bytes.
        length: usize,
    },
    /// More edits than [`MAX_REG_FILE_EDITS`], or values below keys whose paths are too long taken together.
    #[error("the file has too many edits: {MAX_REG_FILE_EDITS} are allowed, fewer below long keys")]
    TooManyEdits,
    /// No byte at all: not even a first line.
    #[error("the file is empty")]
    Empty,
    /// A mark of `FE FF`.
    #[error("the file is UTF-16BE, and a .reg file is UTF-16LE")]
    Utf16BigEndian,
    /// Every other byte is NUL, and no mark says why.
    #[error("the file looks like UTF-16 and has no byte order mark")]
    Unmarked,
    /// A byte is left over after the last UTF-16 unit.
    #[error("the file ends within a character")]
    HalfUnit,
    /// A surrogate without its other half.
    #[error("a surrogate stands alone, which is no UTF-16")]
    NotUtf16,
    /// Bytes that are no UTF-8, in a file of version 5 without a mark.
    #[error("the bytes are no UTF-8; a .reg file of version 5 is UTF-16LE or UTF-8")]
    NotUtf8,
    /// Bytes that are no character of the code page.
    #[error("the bytes are no character of code page {page}")]
    NotAnsi {
        /// The code page's number.
        page: u16,
    },
    /// A NUL character.
    #[error("the text has a NUL")]
    Nul,
    /// Another first line than the two that are known. Letters count as they are written.
    #[error(
        "a .reg file begins with `Windows Registry Editor Version 5.00` or `REGEDIT4`, not `{found}`"
    )]
    Header {
        /// The first line, shortened.
        found: String,
    },
    /// The first line goes on after one of those that are known, if only with a blank.
    #[error("nothing may follow the header on its line, not even a blank")]
    AfterHeader,
    /// `REGEDIT`, the format of Windows 3.1.
    #[error("the file is in the format of Windows 3.1, which is not read")]
    Windows31,
    /// A byte order mark before `REGEDIT4`: nobody can tell whether its text bytes are ANSI.
    #[error("a REGEDIT4 file is ANSI and has no byte order mark")]
    MarkedRegedit4,
    /// A line that is no key, no value and no comment.
    #[error("a line is a `[key]`, a value (`\"name\"=` or `@=`) or a comment after `;`")]
    UnknownLine,
    /// A key without its closing bracket.
    #[error("the key has no closing `]` on its line")]
    KeyUnclosed,
    /// A comment after a key holds a bracket, and regedit takes the last one on the line for the key's end.
    #[error(
        "the comment has a `]`, up to which regedit would take it for a part of the key's name"
    )]
    BracketInComment,
    /// Text after a key that is no comment.
    #[error("only a comment after `;` may follow the key")]
    AfterKey,
    /// `HKLM` and its like.
    #[error("regedit knows no short names: write `{long}`")]
    ShortRoot {
        /// The name to write.
        long: String,
    },
    /// The key has no possible path.
    #[error("{0}")]
    Key(NameError),
    /// A value before the first key.
    #[error("the value stands before any key")]
    NoKey,
    /// A value below `[-key]`.
    #[error("the value stands below a key that is deleted")]
    DeletedKey,
    /// A value's name without its closing quote.
    #[error("the name has no closing quote on its line")]
    NameUnclosed,
    /// The value has no possible name.
    #[error("{0}")]
    Name(NameError),
    /// No `=` after the name.
    #[error("a `=` has to follow the name")]
    Equals,
    /// None of the forms that data has. Letters count as they are written.
    #[error("data is text in quotes, `dword:`, `hex:`, `hex(n):` or `-`")]
    Data,
    /// Another character than `\` or `"` after a backslash.
    #[error(
        "in quotes a backslash is written `\\\\` and a quote `\\\"`, and there is no `\\{found}`"
    )]
    Escape {
        /// The character.
        found: char,
    },
    /// Text without its closing quote.
    #[error("the text that begins here has no closing quote")]
    TextUnclosed,
    /// Text over several lines whose closing quote is followed by more: most likely another value's opening quote.
    #[error(
        "the text that begins here goes on to line {line}, where more follows its closing quote"
    )]
    TextRunsOn {
        /// The line of the closing quote.
        line: usize,
    },
    /// Something after the data.
    #[error("only a comment after `;` may follow the data")]
    AfterData,
    /// No 32 bits in hexadecimal.
    #[error("`dword:` takes 1 to 8 hexadecimal digits")]
    Dword,
    /// `hex(` without a type and `):`.
    #[error("`hex(n):` takes a type of 1 to 8 hexadecimal digits")]
    HexType,
    /// No byte in hexadecimal.
    #[error("a byte is one or two hexadecimal digits")]
    HexByte,
    /// Two bytes without a comma, or a `\` without one before it.
    #[error("a comma has to stand between bytes, and before the `\\` that continues them")]
    HexComma,
    /// Something after the `\` that continues hex data.
    #[error("only a comment after `;` may follow the `\\` that continues the data")]
    AfterBackslash,
    /// Text in `hex(1):`, `hex(2):` or `hex(7):` of a `REGEDIT4` file that is none.
    #[error("the bytes are no text of code page {page}")]
    HexText {
        /// The code page's number.
        page: u16,
    },
    /// The file ends where more may have followed: it was cut, or its last line lacks its end.
    #[error("the file ends within {what}; the last line has to be ended")]
    Cut {
        /// Within what.
        what: &'static str,
    },
}
