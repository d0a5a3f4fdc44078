//! The entries of a journal's file or of a recording, for whoever wants to tell what happened.

use std::io::{self, BufRead};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::line::Line;

/// An entry of the journal, as it is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EntryText {
    /// The line of the file, from 1.
    pub line: usize,
    /// The epoch, where the file tells it: a recording does.
    pub epoch: Option<u64>,
    /// The entry: an object of JSON.
    pub json: String,
    /// Whether its line ends with a line break; only the last of a file may not.
    pub is_whole: bool,
}

/// A line of either kind of file.
#[derive(Deserialize)]
struct Known<'a> {
    #[serde(borrow)]
    entry: Option<Recorded<'a>>,
}

#[derive(Deserialize)]
struct Recorded<'a> {
    epoch: u64,
    #[serde(borrow)]
    event: &'a RawValue,
}

/// The entries of a file that `--journal` or `--record` wrote, in order. Hashes are not looked at: [`super::Reader`] does.
#[derive(Debug)]
pub struct Entries<R> {
    file: R,
    line: usize,
    /// Whether the file is a recording; not known before its first line.
    recording: bool,
    /// Whether the last line of a recording breaks off.
    is_cut_off: bool,
}

impl<R: BufRead> Entries<R> {
    /// Whichever of the two this file is.
    pub fn new(file: R) -> Self {
        Self { file, line: 0, recording: false, is_cut_off: false }
    }

    /// Whether what has been read is a recording.
    pub fn is_recording(&self) -> bool {
        self.recording
    }

    /// Whether the last line of a recording broke off, as of a server that was killed.
    pub fn is_cut_off(&self) -> bool {
        self.is_cut_off
    }

    /// The next line without its line break, and whether it had one; none at the end.
    fn read_line(&mut self) -> io::Result<Option<(String, bool)>> {
        let mut bytes = Vec::new();
        if self.file.read_until(b'\n', &mut bytes)? == 0 {
            return Ok(None);
        }
        let is_whole = bytes.pop_if(|last| *last == b'\n').is_some();
        let text = String::from_utf8(bytes).map_err(|error| {
            let what = format!("it is no text: {error}");
            io::Error::new(io::ErrorKind::InvalidData, what)
        })?;
        Ok(Some((text, is_whole)))
    }

    /// The entry of a line, when it has one.
    fn entry(
        &mut self,
        json: String,
        is_whole: bool,
    ) -> Result<Option<EntryText>, serde_json::Error> {
        let line = self.line;
        if line == 1 {
            self.recording = json.starts_with("{\"recording\":{");
        }
        if !self.recording {
            return Ok(Some(EntryText { line, epoch: None, json, is_whole }));
        }
        match serde_json::from_str(&json) {
            Ok(Known { entry }) => Ok(entry.map(|Recorded { epoch, event }| EntryText {
                line,
                epoch: Some(epoch),
                json: event.get().to_owned(),
                is_whole,
            })),
            Err(error) if error.is_eof() && !is_whole => {
                self.is_cut_off = true;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The error, with the line that it is in.
    fn placed(&self, kind: io::ErrorKind, error: &dyn core::fmt::Display) -> io::Error {
        io::Error::new(kind, format!("line {}: {error}", self.line))
    }
}

impl<R: BufRead> Iterator for Entries<R> {
    type Item = io::Result<EntryText>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.line = self.line.saturating_add(1);
            let (text, is_whole) = match self.read_line() {
                Ok(read) => read?,
                Err(error) => return Some(Err(self.placed(error.kind(), &error))),
            };
            match self.entry(text, is_whole) {
                Ok(None) => {}
                Ok(Some(entry)) => return Some(Ok(entry)),
                Err(error) => {
                    return Some(Err(self.placed(io::ErrorKind::InvalidData, &error)));
                }
            }
        }
    }
}

impl Line {
    /// Whether it is an entry about a client that nobody injected.
    pub fn is_foreign(&self) -> bool {
        #[derive(Deserialize)]
        struct Origin<'a> {
            #[serde(borrow, default)]
            origin: Option<&'a str>,
        }
        let Self::Entry(entry) = self else { return false };
        let origin = serde_json::from_str(entry.event.get());
        origin.is_ok_and(|Origin { origin }| origin == Some("foreign"))
    }
}
