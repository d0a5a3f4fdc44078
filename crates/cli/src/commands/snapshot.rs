//! `exstore snapshot`: a store as it was, to go back to.

use clap::Subcommand;
use serde_json::json;

use super::request::given;
use crate::exit::Failure;
use crate::http::{Method, Payload};
use crate::listing::{self, Part};
use crate::once::Once;
use crate::remote::{Remote, Target};
use crate::table::{Column, number, text};

pub(super) const EXAMPLES: &str = "  exstore client add --process OUTLOOK.EXE --count 3
  exstore snapshot take --name arranged
  exstore snapshot list
  exstore snapshot restore 1
  exstore snapshot delete 1";

/// What `snapshot` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Snapshot {
    #[command(flatten)]
    target: Target,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// List the snapshots, with what each holds
    List(Part),
    /// Show a snapshot
    Show {
        /// The snapshot's id
        id: u64,
    },
    /// Take a snapshot of the whole store once it is quiescent
    Take {
        /// A label for it, which several may share
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        #[command(flatten)]
        once: Once,
    },
    /// Go back to a snapshot: clients over the pipe come back in their sessions, connections over TCP are closed
    Restore {
        /// The snapshot's id
        id: u64,
    },
    /// Delete snapshots
    Delete {
        /// The snapshots' ids
        #[arg(required = true, value_name = "ID")]
        ids: Vec<u64>,
    },
}

const COLUMNS: [Column; 8] = [
    number("ID", "id"),
    text("NAME", "name"),
    text("CURSOR", "cursor"),
    text("NOW", "now"),
    number("CLIENTS", "counts.clients"),
    number("SESSIONS", "counts.sessions"),
    number("LOST", "counts.lost_sessions"),
    number("FAULTS", "counts.faults"),
];

const FIELDS: [Column; 12] = [
    text("id", "id"),
    text("name", "name"),
    text("format", "format"),
    text("cursor", "cursor"),
    text("now", "now"),
    text("clock", "clock"),
    text("registry", "registry"),
    text("clients", "counts.clients"),
    text("sessions", "counts.sessions"),
    text("lost sessions", "counts.lost_sessions"),
    text("faults", "counts.faults"),
    text("bytes", "bytes"),
];

const RESTORED: [Column; 8] = [
    text("cursor", "cursor"),
    text("snapshot", "snapshot.id"),
    text("name", "snapshot.name"),
    text("now", "snapshot.now"),
    text("clients", "snapshot.counts.clients"),
    text("sessions", "snapshot.counts.sessions"),
    text("lost sessions", "snapshot.counts.lost_sessions"),
    text("foreign pending", "foreign_pending"),
];

pub(super) fn run(args: &Snapshot) -> Result<(), Failure> {
    let remote = Remote::new(&args.target)?;
    match &args.verb {
        Verb::List(part) => listing::show_table(&remote, "/snapshots", part, &COLUMNS),
        Verb::Show { id } => remote.show_block(&remote.get(&format!("/snapshots/{id}"))?, &FIELDS),
        Verb::Take { name, once } => {
            let taken = remote.once(once).post("/snapshots", given([("name", name)]))?;
            remote.show_block(&taken, &FIELDS)
        }
        Verb::Restore { id } => {
            let path = format!("/snapshots/{id}/restore");
            remote.show_block(&remote.post(&path, json!({}))?, &RESTORED)
        }
        Verb::Delete { ids } => remote.each(ids, &COLUMNS, "deleted", |id| {
            remote.send(Method::Delete, &format!("/snapshots/{id}"), Payload::Nothing)
        }),
    }
}
