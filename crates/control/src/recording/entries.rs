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
    lines: io::Lines<R>,
    line: usize,
    /// Whether the file is a recording; not known before its first line.
    recording: bool,
}

impl<R: BufRead> Entries<R> {
    /// Whichever of the two this file is.
    pub fn new(file: R) -> Self {
        Self { lines: file.lines(), line: 0, recording: false }
    }

    /// Whether what has been read is a recording.
    pub fn is_recording(&self) -> bool {
        self.recording
    }

    /// The entry of a line, when it has one.
    fn entry(&mut self, text: String) -> Result<Option<EntryText>, serde_json::Error> {
        let line = self.line;
        if line == 1 {
            self.recording = text.starts_with("{\"recording\":{");
        }
        if !self.recording {
            return Ok(Some(EntryText { line, epoch: None, json: text }));
        }
        let Known { entry } = serde_json::from_str(&text)?;
        Ok(entry.map(|Recorded { epoch, event }| EntryText {
            line,
            epoch: Some(epoch),
            json: event.get().to_owned(),
        }))
    }
}

impl<R: BufRead> Iterator for Entries<R> {
    type Item = io::Result<EntryText>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let text = match self.lines.next()? {
                Ok(text) => text,
                Err(error) => return Some(Err(error)),
            };
            self.line = self.line.saturating_add(1);
            match self.entry(text) {
                Ok(None) => {}
                Ok(Some(entry)) => return Some(Ok(entry)),
                Err(error) => {
                    let what = format!("line {}: {error}", self.line);
                    return Some(Err(io::Error::new(io::ErrorKind::InvalidData, what)));
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
