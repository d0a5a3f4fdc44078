//! `.reg` files, which exchange registry keys and values as text (KB 310516; docs/adr/0011-reg-files.md).
//!
//! Bytes in, edits out, and back again; nothing here opens a file. A file is read as a whole or not at all: a line is
//! understood, or it is an error with its place. What regedit passes over in silence is refused by name.

mod ansi;
mod cursor;
mod data;
mod error;
mod parse;
mod source;
mod write;

pub use ansi::AnsiCodePage;
pub use error::{RegFileError, RegFileErrors, RegFileProblem};
pub use write::RegFileWriteError;

use crate::{Edit, KeyPath, RegValue, ValueName};

/// Bytes in the longest file that is read.
pub const MAX_REG_FILE_BYTES: usize = 16 * 1024 * 1024;
/// Edits in one file.
pub const MAX_REG_FILE_EDITS: usize = 250_000;
/// Errors that are collected before the parser gives up on a file.
pub const MAX_REG_FILE_ERRORS: usize = 20;

/// The two formats, by their first line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RegFileVersion {
    /// `Windows Registry Editor Version 5.00`: Unicode, since Windows 2000.
    V5,
    /// `REGEDIT4`: the ANSI code page of the machine that wrote it, Windows 95 to Server 2003.
    Regedit4,
}

/// A `.reg` file, read: what it does to a registry, in its order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegFile {
    version: RegFileVersion,
    edits: Vec<Edit>,
    lines: Vec<usize>,
}

impl RegFile {
    /// Reads a file. `ansi` is the code page of a `REGEDIT4` file, which does not say so itself; the other format does
    /// without.
    ///
    /// | bytes | read as |
    /// |---|---|
    /// | `FF FE` first | UTF-16LE, the form that regedit exports |
    /// | `EF BB BF` first | UTF-8 |
    /// | `REGEDIT4` first | `ansi` |
    /// | neither | UTF-8, the form that other editors save |
    ///
    /// Every key's line is an [`Edit::CreateKey`] or [`Edit::DeleteKey`] and every value an [`Edit::SetValue`] or
    /// [`Edit::DeleteValue`]. Data is kept byte by byte: a `hex(1):` without a NUL at its end stays without.
    ///
    /// # Errors
    /// Up to [`MAX_REG_FILE_ERRORS`] lines that could not be understood, or the one reason for which the file as a
    /// whole could not: its length, its encoding, its first line. A file that was cut within a line is an error
    /// wherever that can be told; one that was cut between two lines is a shorter file.
    pub fn parse(bytes: &[u8], ansi: AnsiCodePage) -> Result<Self, RegFileErrors> {
        parse::parse(bytes, ansi)
    }

    /// Writes keys and their values as regedit exports them: UTF-16LE with its mark for [`RegFileVersion::V5`], `ansi`
    /// for [`RegFileVersion::Regedit4`]; CRLF; the unnamed value first, the others in the order given.
    ///
    /// What is written reads back as it was given.
    ///
    /// # Errors
    /// When a name holds a line end or ends its own brackets; in a `REGEDIT4` file also when a text has a character that
    /// `ansi` lacks, or a value of a text type holds no text.
    pub fn write(
        version: RegFileVersion,
        ansi: AnsiCodePage,
        keys: impl IntoIterator<Item = (KeyPath, Vec<(ValueName, RegValue)>)>,
    ) -> Result<Vec<u8>, RegFileWriteError> {
        write::write(version, ansi, keys)
    }

    /// The format.
    pub fn version(&self) -> RegFileVersion {
        self.version
    }

    /// What the file does, in its order.
    pub fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// Each edit with the line, from 1, on which it begins.
    pub fn entries(&self) -> impl Iterator<Item = (usize, &Edit)> {
        self.lines.iter().copied().zip(&self.edits)
    }
}
