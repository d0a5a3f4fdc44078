//! `exstore poll`: polls of the registry, and their schedule.

use clap::Subcommand;
use serde_json::{Value, json};

use super::list_text::said_of;
use crate::exit::Failure;
use crate::http::{Method, Payload};
use crate::listing::{self, Part};
use crate::remote::{Remote, Target};
use crate::table::{Column, block, number, text};

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

const COLUMNS: [Column; 8] = [
    number("NUMBER", "number"),
    text("TRIGGER", "trigger"),
    text("DUE", "due"),
    text("READING", "reading"),
    text("CHANGED", "changed"),
    number("GENERATION", "generation"),
    number("DISCONNECTED", "disconnected"),
    text("DATA", "data"),
];

const FIELDS: [Column; 11] = [
    text("number", "number"),
    text("trigger", "trigger"),
    text("due", "due"),
    text("started", "started"),
    text("finished", "finished"),
    text("reading", "reading"),
    text("error", "error"),
    text("data", "data"),
    text("changed", "changed"),
    text("generation", "generation"),
    text("disconnected", "disconnected"),
];

const SCHEDULE: [Column; 3] =
    [text("interval", "interval"), text("next", "next"), text("in flight", "in_flight")];

pub(super) fn run(args: &Poll) -> Result<(), Failure> {
    let remote = Remote::new(&args.target);
    match &args.verb {
        Verb::Now => remote.show(&remote.post("/polls", json!({}))?, poll),
        Verb::List(part) => listing::show_table(&remote, "/polls", part, &COLUMNS),
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

/// A poll, and what there is to say about the text that it read.
fn poll(poll: &Value) -> Vec<String> {
    let mut lines = block(&FIELDS, poll);
    lines.extend(said_of(poll, "processes"));
    lines
}
