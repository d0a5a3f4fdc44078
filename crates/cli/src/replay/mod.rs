//! `exstore replay`: what was recorded, done again on a store of its own and held against the recording, line by line.

mod difference;
mod survey;

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::str::FromStr;

use control::recording::{
    Chain, Happenings, Header, Line, Reader, RecordedLine, RecordingError, Replay, ReplayError,
};
use serde::Serialize;
use tokio::runtime::Runtime;

use self::difference::{Difference, place};
use self::survey::Survey;
use crate::args;
use crate::exit::{Code, Failure};
use crate::output::{self, Output};
use crate::startup::{max_connections, runtime};

/// An entry of the journal to stop after.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Until {
    /// Any, where none is told.
    epoch: Option<u64>,
    seq: u64,
}

impl Until {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (epoch, seq) = match text.split_once('-') {
            Some((epoch, seq)) => (u64::from_str(epoch).ok().map(Some), seq),
            None => (Some(None), text),
        };
        let until = epoch.zip(seq.parse().ok()).map(|(epoch, seq)| Self { epoch, seq });
        until.ok_or_else(|| "it is the number of an entry, or a cursor such as `2-17`".to_owned())
    }

    fn is(self, epoch: u64, seq: u64) -> bool {
        self.seq == seq && self.epoch.is_none_or(|wanted| wanted == epoch)
    }
}

/// What came of a replay.
#[derive(Serialize)]
struct Report {
    same: bool,
    /// Whether the recording was ended, and not broken off.
    whole: bool,
    inputs: u64,
    entries: u64,
    /// The hash of the last line that was held against the recording's.
    hash: String,
    notes: Vec<String>,
    difference: Option<Difference>,
}

/// Replays the recording, and fails at the first line that differs.
pub(crate) fn run(args: &args::Replay) -> Result<(), Failure> {
    let survey = Survey::of(open(&args.file)?).map_err(|error| unreadable(&args.file, &error))?;
    let notes = survey.notes();
    if args.telling.output == Output::Text {
        // Before anything is done: what follows may take long, and be no surprise then.
        for note in &notes {
            output::err(&format!("note: {note}"));
        }
    }
    let (reader, header) = open(&args.file)?;
    let played = play(reader, &header, args.until)?;
    if args.until.is_some() && !played.reached && played.difference.is_none() {
        return Err(Failure::new(Code::NotFound, "the recording has no such entry")
            .hint("`--until` takes the number of an entry, or a cursor such as 2-17"));
    }
    let report = report(played, &survey, notes);
    // Nothing is missing of what was to be replayed.
    let is_all = report.whole || args.until.is_some();
    tell(args, report, is_all)
}

fn report(played: Played, survey: &Survey, notes: Vec<String>) -> Report {
    let Played { inputs, entries, hash, difference, .. } = played;
    let (same, whole) = (difference.is_none(), survey.is_whole());
    Report { same, whole, inputs, entries, hash, notes, difference }
}

fn tell(args: &args::Replay, report: Report, is_all: bool) -> Result<(), Failure> {
    if args.telling.output != Output::Text {
        let text = serde_json::to_string(&report);
        output::out(&text.map_err(|error| Failure::from_error(Code::Internal, &error))?);
    }
    let Some(difference) = report.difference else {
        if args.telling.output == Output::Text {
            let Report { inputs, entries, hash, .. } = report;
            let same = if is_all { "the same hashes" } else { "the same as far as it goes" };
            output::out(&format!("{inputs} inputs, {entries} entries, {same}: {hash}"));
        }
        return if is_all { Ok(()) } else { Err(not_whole()) };
    };
    Err(difference.failure())
}

fn not_whole() -> Failure {
    Failure::new(Code::BadInput, "the recording is not whole: what is missing was not compared")
        .hint("`--until` takes the entry up to which it has to be the same")
}

fn open(path: &Path) -> Result<(Reader<BufReader<File>>, Header), Failure> {
    let file = File::open(path).map_err(|error| {
        Failure::new(Code::BadInput, format!("can't read `{}`: {error}", path.display()))
    })?;
    Reader::open(BufReader::new(file)).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &RecordingError) -> Failure {
    let failure = Failure::from_error(Code::BadInput, error);
    let failure = failure.notes(vec![format!("in `{}`", path.display())]);
    match error {
        RecordingError::Changed { .. } => failure
            .hint("take the file as `--record` wrote it: what follows that line proves nothing"),
        RecordingError::NotRecording => failure.hint(
            "record one with `exstore serve --record FILE` or `exstore scenario run --record FILE`",
        ),
        RecordingError::OtherFormat { .. } => {
            failure.hint("replay it with the version of exstore that recorded it")
        }
        RecordingError::Read { .. }
        | RecordingError::BreaksOff { .. }
        | RecordingError::NotUnderstood { .. } => failure,
    }
}

/// How far a replay came.
struct Played {
    inputs: u64,
    entries: u64,
    hash: String,
    /// Whether it came to where it was to stop.
    reached: bool,
    difference: Option<Difference>,
}

/// A recording, held against the store that does the same again.
struct Player {
    runtime: Runtime,
    replay: Replay,
    happenings: Happenings,
    chain: Chain,
    /// Whether an input is under way. The start of the store is one.
    under_way: bool,
    /// The last input: its line in the file.
    input: Option<RecordedLine>,
    played: Played,
}

fn play(
    mut reader: Reader<BufReader<File>>,
    header: &Header,
    until: Option<Until>,
) -> Result<Played, Failure> {
    let mut player = Player::start(header, reader.chain().clone())?;
    while let Some(recorded) = whole_line(&mut reader)? {
        let at = until.zip(place(&recorded.line));
        if matches!(recorded.line, Line::Broken(_)) || !player.hold(recorded) {
            break;
        }
        player.played.reached = at.is_some_and(|(until, (epoch, seq))| until.is(epoch, seq));
        if player.played.reached {
            break;
        }
    }
    Ok(player.leave())
}

/// The next line. One that breaks off ends the file, as the survey has told.
fn whole_line(reader: &mut Reader<BufReader<File>>) -> Result<Option<RecordedLine>, Failure> {
    match reader.read() {
        Ok(line) => Ok(line),
        Err(RecordingError::BreaksOff { .. }) => Ok(None),
        Err(error) => Err(Failure::from_error(Code::BadInput, &error)),
    }
}

impl Player {
    fn start(header: &Header, chain: Chain) -> Result<Self, Failure> {
        let runtime = runtime()?;
        let started = runtime.block_on(Replay::start(header, max_connections()));
        let (replay, happenings) = started.map_err(|error| cannot_start(&error))?;
        let hash = chain.hash();
        let played = Played { inputs: 0, entries: 0, hash, reached: false, difference: None };
        Ok(Self { runtime, replay, happenings, chain, under_way: true, input: None, played })
    }

    /// Does what a line asks, and holds what happens against the line. Whether it is the same.
    fn hold(&mut self, recorded: RecordedLine) -> bool {
        let line = &recorded.line;
        let replayed = match line {
            Line::Input(_) | Line::Opportunity(_) => {
                drop(self.runtime.spawn(self.replay.clone().ask(line.clone())));
                self.under_way = true;
                self.happenings.next()
            }
            Line::End(_) => {
                self.runtime.block_on(self.replay.finish());
                self.happenings.next()
            }
            // Nothing happens by itself.
            Line::Entry(_) | Line::Answer(_) if !self.under_way => None,
            Line::Recording(_) | Line::Broken(_) | Line::Entry(_) | Line::Answer(_) => {
                self.happenings.next()
            }
        };
        let sealed = replayed.as_ref().map(|line| self.chain.seal(line));
        if sealed.as_ref() != Some(&recorded.text) {
            let input = self.input.take();
            self.played.difference = Some(Difference::new(&recorded, replayed, input));
            return false;
        }
        self.count(recorded);
        true
    }

    fn count(&mut self, recorded: RecordedLine) {
        let Played { inputs, entries, hash, .. } = &mut self.played;
        *hash = self.chain.hash();
        match &recorded.line {
            Line::Input(_) | Line::Opportunity(_) => *inputs = inputs.saturating_add(1),
            Line::Entry(_) => *entries = entries.saturating_add(1),
            Line::Answer(_) => self.under_way = false,
            Line::Recording(_) | Line::Broken(_) | Line::End(_) => {}
        }
        if matches!(recorded.line, Line::Input(_) | Line::Opportunity(_)) {
            self.input = Some(recorded);
        }
    }

    fn leave(self) -> Played {
        // What is under way is of no use any more, and nobody takes what it tells.
        drop(self.happenings);
        self.runtime.shutdown_background();
        self.played
    }
}

fn cannot_start(error: &ReplayError) -> Failure {
    let code = match error {
        ReplayError::Setup(_) => Code::BadInput,
        ReplayError::Start(_) | ReplayError::Stopped(_) => Code::Internal,
    };
    Failure::from_error(code, error)
}
