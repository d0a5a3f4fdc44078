//! `exstore clock`: store time.

use clap::{ArgGroup, Subcommand};
use serde_json::json;

use super::request::given;
use crate::exit::Failure;
use crate::http::{Method, Payload};
use crate::once::Once;
use crate::remote::{Remote, Target};
use crate::table::{Column, text};

pub(super) const EXAMPLES: &str = "  exstore clock set manual
  exstore clock advance --by 15m
  exstore clock advance --next poll";

/// What `clock` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Clock {
    #[command(flatten)]
    target: Target,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Show how time moves, what time it is, and what is due next
    Show,
    /// Change how time moves: `real`, `manual`, or `scaled:N` for N times as fast
    Set {
        /// The mode
        mode: String,
    },
    /// Advance a manual clock; everything due on the way happens
    Advance(Advance),
}

#[derive(clap::Args, Debug)]
#[command(group(ArgGroup::new("how far").required(true).args(["by", "to", "next"])))]
struct Advance {
    /// By so much, such as `15m`
    #[arg(long, value_name = "DURATION")]
    by: Option<String>,
    /// To this instant, RFC 3339
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// To the next of these: `poll`
    #[arg(long, value_name = "WHAT")]
    next: Option<String>,
    #[command(flatten)]
    once: Once,
}

pub(super) const FIELDS: [Column; 3] =
    [text("mode", "mode"), text("now", "now"), text("next deadline", "next_deadline")];

const ADVANCED: [Column; 4] = [
    text("now", "now"),
    text("polls run", "polls_run"),
    text("disconnected", "disconnected"),
    text("foreign connections still open", "foreign_pending"),
];

pub(super) fn run(args: &Clock) -> Result<(), Failure> {
    let remote = Remote::new(&args.target)?;
    match &args.verb {
        Verb::Show => remote.show_block(&remote.get("/clock")?, &FIELDS),
        Verb::Set { mode } => {
            let body = Payload::Json(json!({ "mode": mode }));
            remote.show_block(&remote.send(Method::Patch, "/clock", body)?, &FIELDS)
        }
        Verb::Advance(Advance { by, to, next, once }) => {
            let body = given([("by", by), ("to", to), ("next", next)]);
            let remote = remote.once(once).awaiting("advancing the clock");
            remote.show_block(&remote.post("/clock/advance", body)?, &ADVANCED)
        }
    }
}
