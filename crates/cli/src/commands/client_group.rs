//! `exstore client group`: clients of one kind, as many as are wanted.

use clap::Subcommand;
use control::percent_encoded;
use serde_json::{Value, json};

use super::client::Kind;
use crate::exit::Failure;
use crate::http::{Method, Payload};
use crate::listing::{self, Part};
use crate::remote::Remote;
use crate::table::{Column, number, text};

#[derive(Subcommand, Debug)]
pub(super) enum Verb {
    /// List the groups
    List(Part),
    /// Show a group
    Show {
        /// The group's name
        name: String,
    },
    /// Have so many clients of one kind: those of another kind leave, and of the rest the newest where they are too many
    #[command(group = clap::ArgGroup::new("who").args(["process", "no_process"]).required(true))]
    Set {
        /// The group's name, which is the label of its clients
        name: String,
        #[command(flatten)]
        kind: Kind,
        /// How many there are to be
        #[arg(long, value_name = "N")]
        replicas: u64,
    },
    /// Have every client of a group disconnect, and forget the group
    Delete {
        /// The groups' names
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
}

const COLUMNS: [Column; 8] = [
    text("NAME", "name"),
    number("REPLICAS", "replicas"),
    number("CLIENTS", "clients"),
    number("CONNECTED", "connected"),
    text("PROCESS", "template.process"),
    text("VERSION", "template.client_version"),
    text("MODE", "template.mode"),
    text("TRANSPORT", "template.transport"),
];

const FIELDS: [Column; 10] = [
    text("name", "name"),
    text("replicas", "replicas"),
    text("clients", "clients"),
    text("connected", "connected"),
    text("process", "template.process"),
    text("version", "template.client_version"),
    text("user", "template.user"),
    text("machine", "template.machine"),
    text("mode", "template.mode"),
    text("transport", "template.transport"),
];

pub(super) fn run(remote: &Remote, verb: &Verb) -> Result<(), Failure> {
    match verb {
        Verb::List(part) => listing::show_table(remote, "/client-groups", part, &COLUMNS),
        Verb::Show { name } => remote.show_block(&remote.get(&path(name))?, &FIELDS),
        Verb::Set { name, kind, replicas } => {
            let body = json!({ "template": kind.body(), "replicas": replicas });
            let answer = remote.send(Method::Put, &path(name), Payload::Json(body))?;
            remote.show_block(&answer, &FIELDS)?;
            let said: Value = answer.read()?;
            let count = |field| said.get(field).cloned().unwrap_or_default();
            remote.note(&format!("{} have come, {} have left", count("joined"), count("left")));
            Ok(())
        }
        Verb::Delete { names } => remote.each(names, &COLUMNS, "deleted", |name| {
            remote.send(Method::Delete, &path(name), Payload::Nothing)
        }),
    }
}

fn path(name: &str) -> String {
    format!("/client-groups/{}", percent_encoded(name))
}
