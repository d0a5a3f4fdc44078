//! `exstore events`: the journal, in pages or as it grows.

use std::borrow::Cow;

use clap::Subcommand;
use serde::Deserialize;
use serde_json::{Value, json};

use super::event_text::line;
use super::request::query;
use crate::exit::{Code, Failure};
use crate::filter::Matching;
use crate::http::{Lines, unknown};
use crate::listing::{self, Part};
use crate::output::{self, Output};
use crate::remote::{Remote, Target};
use crate::startup;
use crate::table::{Column, block, number, table, text};

pub(super) const EXAMPLES: &str =
    "  exstore events list --type session.disconnected,session.refused
  exstore events list --after 1-42 -o jsonl
  exstore events totals
  exstore events follow";

const TOTALS: [Column; 2] = [text("TYPE", "type"), number("EVENTS", "count")];

const KEPT: [Column; 5] = [
    text("events in all", "total"),
    text("kept", "kept"),
    text("bytes", "kept_bytes"),
    text("left the journal", "evicted"),
    text("first available", "first_available"),
];

/// What `events` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Events {
    #[command(flatten)]
    target: Target,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// List what happened, oldest first
    List {
        #[command(flatten)]
        types: Types,
        #[command(flatten)]
        part: Part,
    },
    /// Count what happened by type, whatever has left the journal
    Totals,
    /// Show what happens, as it happens, until ^C
    Follow {
        #[command(flatten)]
        types: Types,
        /// Begin after this cursor, `start` for the oldest entry that is kept; unless told, with what comes next
        #[arg(long, value_name = "CURSOR")]
        after: Option<String>,
    },
}

#[derive(clap::Args, Clone, Debug)]
struct Types {
    /// Only these types, joined by commas, such as `session.refused,session.disconnected`
    #[arg(long, value_name = "TYPES")]
    r#type: Option<String>,
    #[command(flatten)]
    filter: Matching,
}

pub(super) fn run(args: &Events) -> Result<(), Failure> {
    let remote = Remote::new(&args.target)?;
    match &args.verb {
        Verb::List { types, part } => {
            listing::show(&remote, &types.path(), part, |items| items.iter().map(line).collect())
                .map(drop)
        }
        Verb::Totals => remote.show(&remote.get("/events/totals")?, totals),
        Verb::Follow { types, after } => {
            let (types, after) = (types.clone(), after.clone());
            until_interrupted(move || follow(&remote, &types, after))
        }
    }
}

/// The types that there were, and then what the journal keeps of them.
fn totals(said: &Value) -> Vec<String> {
    let by_type = said.get("by_type").and_then(Value::as_object);
    let counted = by_type.into_iter().flatten().filter(|(_, count)| **count != 0);
    let rows: Vec<Value> =
        counted.map(|(kind, count)| json!({ "type": kind, "count": count })).collect();
    let mut lines = table(&TOTALS, &rows);
    lines.push(String::new());
    lines.extend(block(&KEPT, said));
    lines
}

impl Types {
    fn path(&self) -> String {
        query("/events", [("type", &self.r#type), ("q", &self.filter.q)])
    }

    fn stream(&self, after: &Option<String>) -> String {
        let format = Some("ndjson".to_owned());
        let Self { r#type, filter } = self;
        let parameters =
            [("format", &format), ("type", r#type), ("q", &filter.q), ("after", after)];
        query("/events/stream", parameters)
    }
}

/// Does something that has no end, until SIGINT, which is the exit code 130.
fn until_interrupted(
    work: impl FnOnce() -> Result<(), Failure> + Send + 'static,
) -> Result<(), Failure> {
    let runtime = startup::runtime()?;
    let done = runtime.block_on(async {
        tokio::select! {
            done = startup::blocking(work) => done,
            _ = tokio::signal::ctrl_c() => Err(Failure::new(Code::Interrupted, "interrupted")),
        }
    });
    // A question that waits for its answer is left behind.
    runtime.shutdown_background();
    done
}

fn follow(remote: &Remote, types: &Types, after: Option<String>) -> Result<(), Failure> {
    let mut stream = remote.lines(&types.stream(&after))?;
    let place = stream.cursor.clone();
    remote.note(&format!(
        "following the journal after {}; ^C ends it",
        after.as_ref().unwrap_or(&place)
    ));
    let mut following = Following { remote, place };
    loop {
        match following.read(stream)? {
            Left::Reader => return Ok(()),
            Left::Server(why) => return Err(Failure::new(Code::Unreachable, why)),
            Left::Nobody => stream = remote.lines(&types.stream(&Some(following.place.clone())))?,
        }
    }
}

/// Who has left when a stream is over.
enum Left {
    /// Nobody reads what is shown any more.
    Reader,
    /// The server has nothing more to tell.
    Server(&'static str),
    /// The stream broke off, and another one goes on where it did.
    Nobody,
}

/// What a line is about.
#[derive(Deserialize)]
struct Line<'a> {
    r#type: Cow<'a, str>,
    /// Of an entry.
    seq: Option<u64>,
    /// Of what is said of the stream itself.
    cursor: Option<String>,
    reason: Option<Cow<'a, str>>,
}

struct Following<'a> {
    remote: &'a Remote,
    /// Everything up to here has been shown.
    place: String,
}

impl Following<'_> {
    fn read(&mut self, stream: Lines) -> Result<Left, Failure> {
        for text in stream.lines {
            let Ok(text) = text else { return Ok(Left::Nobody) };
            let line: Line<'_> = serde_json::from_str(&text).map_err(|error| unknown(&error))?;
            if let Some(left) = self.take(&line, &text)? {
                return Ok(left);
            }
            self.pass(line);
        }
        Ok(Left::Nobody)
    }

    /// Shows a line.
    fn take(&self, line: &Line<'_>, text: &str) -> Result<Option<Left>, Failure> {
        let cursor = line.cursor.as_deref().unwrap_or_default();
        match &*line.r#type {
            "stream.gap" => output::err(&format!("gap: entries before {cursor} are gone")),
            "stream.reset" => output::err(&format!("reset: a new epoch begins after {cursor}")),
            "stream.heartbeat" | "stream.slow" => {}
            "stream.end" if line.reason.as_deref() == Some("shutdown") => {
                return Ok(Some(Left::Server("the server has shut down")));
            }
            "stream.end" => return Ok(Some(Left::Server("the store has stopped"))),
            _ => return Ok((!output::out(&self.shown(text)?)).then_some(Left::Reader)),
        }
        Ok(None)
    }

    fn shown(&self, text: &str) -> Result<String, Failure> {
        Ok(match self.remote.output {
            Output::Text => line(&serde_json::from_str(text).map_err(|error| unknown(&error))?),
            Output::Json | Output::Jsonl => text.to_owned(),
        })
    }

    /// Notes that a line has been shown.
    fn pass(&mut self, line: Line<'_>) {
        if let Some(cursor) = line.cursor {
            self.place = cursor;
        } else if let (Some(seq), Some((epoch, _))) = (line.seq, self.place.split_once('-')) {
            self.place = format!("{epoch}-{seq}");
        }
    }
}
