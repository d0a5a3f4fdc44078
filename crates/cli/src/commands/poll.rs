//! `exstore poll`: polls of the registry, and their schedule.

use clap::Subcommand;
use serde_json::{Value, json};

use super::list_text::{List, said_of};
use crate::exit::Failure;
use crate::http::{Method, Payload};
use crate::listing::{self, Part};
use crate::remote::{Remote, Target};
use crate::table::{Column, block, cell, number, table, text};

pub(super) const EXAMPLES: &str = "  exstore poll now
  exstore poll list --limit 10
  exstore poll schedule --interval 5m";

/// What `poll` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Poll {
    #[command(flatten)]
    target: Target,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Poll the registry now, without moving the schedule
    Now,
    /// List the polls that are remembered, oldest first
    List(Part),
    /// Show a poll: what it read, and what came of it
    Show {
        /// The poll's number
        number: u64,
    },
    /// Show when the registry is polled, or set it
    Schedule {
        /// Start a new grid of polls now, with so much time between two
        #[arg(long, value_name = "DURATION")]
        interval: Option<String>,
    },
}

const COLUMNS: [Column; 9] = [
    number("NUMBER", "number"),
    text("TRIGGER", "trigger"),
    text("DUE", "due"),
    text("CHANGED", "changed"),
    number("GENERATION", "generation"),
    number("DISCONNECTED", "disconnected"),
    number("WOULD BLOCK", "would_block"),
    text("PROCESSES", "processes"),
    text("VERSIONS", "versions"),
];

const FIELDS: [Column; 9] = [
    text("number", "number"),
    text("trigger", "trigger"),
    text("due", "due"),
    text("started", "started"),
    text("finished", "finished"),
    text("changed", "changed"),
    text("generation", "generation"),
    text("disconnected", "disconnected"),
    text("would be blocked", "would_block"),
];

/// What is shown of a poll that is not over.
const HELD: [Column; 2] = [text("number", "number"), text("finished", "finished")];

/// What a poll found in the value of a list.
const READS: [Column; 3] = [text("LIST", "list"), text("READING", "reading"), text("DATA", "data")];

const SCHEDULE: [Column; 3] =
    [text("interval", "interval"), text("next", "next"), text("in flight", "in_flight")];

pub(super) fn run(args: &Poll) -> Result<(), Failure> {
    let remote = Remote::new(&args.target)?;
    match &args.verb {
        Verb::Now => {
            let answer = remote.awaiting("polling the registry").post("/polls", json!({}))?;
            remote.show(&answer, poll)?;
            note_if_held(&remote, Some(&answer.read()?));
            Ok(())
        }
        Verb::List(part) => {
            let rows = |polls: &[Value]| polls.iter().map(row).collect::<Vec<_>>();
            listing::show(&remote, "/polls", part, |polls| table(&COLUMNS, &rows(polls))).map(drop)
        }
        Verb::Show { number } => remote.show(&remote.get(&format!("/polls/{number}"))?, poll),
        Verb::Schedule { interval: None } => {
            remote.show_block(&remote.get("/polls/schedule")?, &SCHEDULE)
        }
        Verb::Schedule { interval: Some(interval) } => {
            let body = Payload::Json(json!({ "interval": interval }));
            remote.show_block(&remote.send(Method::Patch, "/polls/schedule", body)?, &SCHEDULE)
        }
    }
}

/// A poll, and what it read.
fn poll(poll: &Value) -> Vec<String> {
    let mut lines = block(if is_held(poll) { &HELD } else { &FIELDS }, poll);
    lines.extend(reads(poll));
    lines
}

/// What a poll read, an empty line before it, why it could not, and what there is to say about the texts.
pub(super) fn reads(poll: &Value) -> Vec<String> {
    let Some(reads) = poll.get("reads").and_then(Value::as_array) else { return Vec::new() };
    let mut lines = vec![String::new()];
    lines.extend(table(&READS, reads));
    for read in reads {
        let list = cell(read, "list");
        if read.get("error").is_some_and(Value::is_string) {
            lines.extend([String::new(), format!("error: {list}: {}", cell(read, "error"))]);
        }
        lines.extend(said_of(read, &list));
    }
    lines
}

/// Says so when a poll is not over.
pub(super) fn note_if_held(remote: &Remote, poll: Option<&Value>) {
    if let Some(poll) = poll.filter(|poll| is_held(poll)) {
        let number = cell(poll, "number");
        remote.note(&format!(
            "poll {number} is not over: a fault holds its values back until store time gets there (`exstore fault list`)"
        ));
    }
}

fn is_held(poll: &Value) -> bool {
    poll.get("finished").is_some_and(Value::is_null)
}

/// A poll with the reading of each list in a field of its own.
fn row(poll: &Value) -> Value {
    let mut row = poll.clone();
    let reads = poll.get("reads").and_then(Value::as_array).into_iter().flatten();
    for read in reads {
        let list = List::ALL.into_iter().find(|list| cell(read, "list") == list.name());
        if let (Some(list), Some(row)) = (list, row.as_object_mut()) {
            row.insert(list.name().to_owned(), reading(read));
        }
    }
    row
}

/// The text that was read, or in brackets why there is none; nothing where there was no value.
fn reading(read: &Value) -> Value {
    match read.get("reading").and_then(Value::as_str) {
        Some("text") if read.get("data").is_some_and(|data| data == "") => "(empty)".into(),
        Some("text") => read.get("data").cloned().unwrap_or_default(),
        Some("not_found") | None => Value::Null,
        Some(other) => format!("({})", other.replace('_', " ")).into(),
    }
}
