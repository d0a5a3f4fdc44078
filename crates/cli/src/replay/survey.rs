//! What is in a recording, seen before any of it is done again: that nobody changed it, and what may keep a replay from being the
//! same.

use std::io::BufRead;

use control::recording::{Broken, Header, Line, Reader, RecordedLine, RecordingError};

/// What a recording has.
#[derive(Debug, Default)]
pub(super) struct Survey {
    exstore: String,
    /// The line of the first entry about a client that nobody injected.
    foreign: Option<usize>,
    /// The first line of an input that the wall's time ended.
    by_wall: Option<usize>,
    /// Why nothing more could be recorded.
    broken: Option<String>,
    /// The line that is there in part.
    breaks_off: Option<usize>,
    ended: bool,
    last: usize,
}

impl Survey {
    /// Reads all of it, and checks every hash.
    pub(super) fn of<R: BufRead>(
        (mut reader, header): (Reader<R>, Header),
    ) -> Result<Self, RecordingError> {
        let mut survey = Self { exstore: header.exstore, ..Self::default() };
        loop {
            match reader.read() {
                Ok(Some(line)) => survey.see(line),
                Ok(None) => return Ok(survey),
                Err(RecordingError::BreaksOff { line }) => {
                    survey.breaks_off = Some(line);
                    return Ok(survey);
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn see(&mut self, RecordedLine { number, line, .. }: RecordedLine) {
        self.last = number;
        if line.is_foreign() {
            self.foreign.get_or_insert(number);
        }
        match line {
            Line::Answer(answer) if answer.by_wall => {
                self.by_wall.get_or_insert(number);
            }
            Line::Broken(Broken { reason }) => self.broken = Some(reason),
            Line::End(_) => self.ended = true,
            Line::Recording(_)
            | Line::Input(_)
            | Line::Opportunity(_)
            | Line::Entry(_)
            | Line::Answer(_) => {}
        }
    }

    /// Whether nothing is missing at its end.
    pub(super) fn is_whole(&self) -> bool {
        self.ended
    }

    /// What whoever replays it has to know.
    pub(super) fn notes(&self) -> Vec<String> {
        let here = env!("CARGO_PKG_VERSION");
        let version = (self.exstore != here).then(|| {
            format!("exstore {} recorded this, and exstore {here} replays it", self.exstore)
        });
        let foreign = self.foreign.map(|line| {
            format!(
                "a client connected that was not injected (line {line}): what it sent is not in the recording, so the replay \
                 differs from there on"
            )
        });
        let by_wall = self.by_wall.map(|line| {
            format!(
                "a wait gave up by the time of the wall (line {line}): another machine comes another way in that time, so the \
                 replay may differ from there on"
            )
        });
        let notes = [version, foreign, by_wall, self.end()];
        notes.into_iter().flatten().collect()
    }

    /// How it ends, where it does not end as it should.
    fn end(&self) -> Option<String> {
        let last = self.last;
        match (&self.broken, self.breaks_off, self.ended) {
            (Some(reason), ..) => {
                Some(format!("the recording ended early, in line {last}: {reason}"))
            }
            (None, Some(line), _) => Some(format!(
                "the recording breaks off in line {line}: what comes before it is replayed"
            )),
            (None, None, false) => Some(format!(
                "the recording was not ended: whatever came after line {last} is missing"
            )),
            (None, None, true) => None,
        }
    }
}
