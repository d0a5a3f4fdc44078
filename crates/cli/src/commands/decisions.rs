//! `exstore decisions`: who was admitted, refused or disconnected, and why.

use clap::Subcommand;

use super::request::query;
use crate::exit::Failure;
use crate::filter::Matching;
use crate::listing::{self, Part};
use crate::remote::{Remote, Target};
use crate::table::{Column, number, text};

pub(super) const EXAMPLES: &str = "  exstore decisions list
  exstore decisions list --client 3
  exstore decisions show 12
  exstore policy explain --decision 12";

/// What `decisions` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Decisions {
    #[command(flatten)]
    target: Target,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// List the decisions, oldest first
    List {
        /// Only those on this injected client
        #[arg(long, alias = "client-id", value_name = "ID")]
        client: Option<u64>,
        #[command(flatten)]
        filter: Matching,
        #[command(flatten)]
        part: Part,
    },
    /// Show a decision
    Show {
        /// The decision's id
        id: u64,
    },
}

const COLUMNS: [Column; 7] = [
    number("ID", "id"),
    text("AT", "at"),
    text("CAUSE", "cause"),
    text("ACTION", "action"),
    text("PROCESS", "process"),
    text("VERSION", "client_version"),
    text("SUMMARY", "summary"),
];

pub(super) const FIELDS: [Column; 17] = [
    text("id", "id"),
    text("at", "at"),
    text("cause", "cause"),
    text("trigger", "trigger"),
    text("action", "action"),
    text("refusal", "refusal"),
    text("code", "code.name"),
    text("item", "decision.item"),
    text("session", "session"),
    text("processes", "processes"),
    text("version", "client_version"),
    text("user", "user_dn"),
    text("machine", "machine"),
    text("origin", "origin"),
    text("group", "group"),
    text("generation", "generation"),
    text("summary", "summary"),
];

pub(super) fn run(args: &Decisions) -> Result<(), Failure> {
    let remote = Remote::new(&args.target)?;
    match &args.verb {
        Verb::List { client, filter, part } => {
            let client = client.map(|id| id.to_string());
            let path = query("/decisions", [("client_id", &client), ("q", &filter.q)]);
            listing::show_table(&remote, &path, part, &COLUMNS)
        }
        Verb::Show { id } => remote.show_block(&remote.get(&format!("/decisions/{id}"))?, &FIELDS),
    }
}
