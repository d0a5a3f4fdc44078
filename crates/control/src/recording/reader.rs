//! Reading a recording, line by line, with its hashes.

use std::io::{self, BufRead};

use super::chain::Chain;
use super::line::{Header, Line};

/// Why a recording can't be read, or read on.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The file can't be read.
    #[error("line {line} can't be read")]
    Read {
        /// The line.
        line: usize,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Its first line is none of a recording.
    #[error("it is no recording: its first line does not say so")]
    NotRecording,
    /// Another format than the one that is known here.
    #[error("it has format {found}, and this version of exstore reads format {}", Header::FORMAT)]
    OtherFormat {
        /// The format.
        found: u32,
    },
    /// The hash of a line is not that of the line.
    #[error("line {line} was changed after it was recorded")]
    Changed {
        /// The first such line.
        line: usize,
    },
    /// The last line is there in part.
    #[error("line {line} breaks off")]
    BreaksOff {
        /// The line.
        line: usize,
    },
    /// A line has its hash, and is nothing that a recording says there.
    #[error("line {line} is none of a recording: {why}")]
    NotUnderstood {
        /// The line.
        line: usize,
        /// One clause.
        why: String,
    },
}

/// A line, and where it stands.
#[derive(Clone, Debug)]
pub struct RecordedLine {
    /// Its number in the file, from 1.
    pub number: usize,
    /// As it is written.
    pub text: String,
    /// What it says.
    pub line: Line,
}

/// A recording that is read.
#[derive(Debug)]
pub struct Reader<R> {
    file: R,
    chain: Chain,
    number: usize,
    ended: bool,
}

impl<R: BufRead> Reader<R> {
    /// Reads the first line.
    ///
    /// # Errors
    /// When it is no recording, one of another format, or its first line was changed.
    pub fn open(file: R) -> Result<(Self, Header), RecordingError> {
        let mut reader = Self { file, chain: Chain::default(), number: 0, ended: false };
        let Some(text) = reader.text()? else { return Err(RecordingError::NotRecording) };
        if !text.starts_with("{\"recording\":{") {
            return Err(RecordingError::NotRecording);
        }
        match reader.sealed(text)?.line {
            Line::Recording(header) if header.format == Header::FORMAT => Ok((reader, *header)),
            Line::Recording(header) => Err(RecordingError::OtherFormat { found: header.format }),
            Line::Input(_)
            | Line::Opportunity(_)
            | Line::Entry(_)
            | Line::Answer(_)
            | Line::Broken(_)
            | Line::End(_) => Err(RecordingError::NotRecording),
        }
    }

    /// The next line; none at the end of the file.
    ///
    /// # Errors
    /// When it can't be read, was changed, breaks off, or comes after the end of the recording.
    pub fn read(&mut self) -> Result<Option<RecordedLine>, RecordingError> {
        let Some(text) = self.text()? else { return Ok(None) };
        let read = self.sealed(text)?;
        if self.ended || matches!(read.line, Line::Recording(_)) {
            let why = "it comes after the end, or begins another recording".to_owned();
            return Err(RecordingError::NotUnderstood { line: read.number, why });
        }
        self.ended = matches!(read.line, Line::End(_));
        Ok(Some(read))
    }

    /// The hashes so far.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    fn sealed(&mut self, text: String) -> Result<RecordedLine, RecordingError> {
        let number = self.number;
        let opened = self.chain.open(&text).ok_or(RecordingError::Changed { line: number })?;
        let line = serde_json::from_str(&opened).map_err(|error| {
            RecordingError::NotUnderstood { line: number, why: error.to_string() }
        })?;
        Ok(RecordedLine { number, text, line })
    }

    fn text(&mut self) -> Result<Option<String>, RecordingError> {
        let mut bytes = Vec::new();
        self.number = self.number.saturating_add(1);
        let line = self.number;
        let read = self.file.read_until(b'\n', &mut bytes);
        read.map_err(|source| RecordingError::Read { line, source })?;
        if bytes.is_empty() {
            return Ok(None);
        }
        if bytes.pop() != Some(b'\n') {
            return Err(RecordingError::BreaksOff { line });
        }
        String::from_utf8(bytes).map(Some).map_err(|_| RecordingError::Changed { line })
    }
}
