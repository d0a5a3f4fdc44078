//! `exstore session`: every MAPI session, whoever opened it.

use super::request::query;
use crate::exit::Failure;
use crate::filter::Matching;
use crate::http::{Method, Payload};
use crate::listing::{self, Part};
use crate::remote::{Remote, Target};
use crate::table::{Column, cell, first, number, table, text};
use clap::Subcommand;
use serde_json::json;

pub(super) const EXAMPLES: &str = "  exstore session list --process mdl.exe
  exstore session show 7
  exstore session list --at 1-42
  exstore session logons
  exstore session transcript 7
  exstore session transcript --client 3 -o json --hex
  exstore session disconnect 7 8";

/// What `session` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Session {
    #[command(flatten)]
    target: Target,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// List the live sessions
    List {
        #[command(flatten)]
        filter: Filter,
        #[command(flatten)]
        at: At,
        #[command(flatten)]
        part: Part,
    },
    /// Show a live session
    Show {
        /// The session's id
        id: u64,
        #[command(flatten)]
        at: At,
    },
    /// List the live sessions in the columns of the Exchange System Manager, with the program that it never showed
    Logons(Part),
    /// List what went over the wire for a session, or over the store's connections, each PDU taken apart
    Transcript {
        /// The session's id; all that the store still has of its connections without one
        id: Option<u64>,
        #[command(flatten)]
        of: Packets,
        #[command(flatten)]
        part: Part,
    },
    /// Have new mail come in for sessions whose clients asked to be told of it
    Notify {
        /// The sessions' ids
        #[arg(required = true, value_name = "ID")]
        ids: Vec<u64>,
        /// The class of the message
        #[arg(long, value_name = "CLASS", default_value = "IPM.Note")]
        message_class: String,
    },
    /// Disconnect sessions; the policy has no part in it
    Disconnect {
        /// The sessions' ids
        #[arg(required = true, value_name = "ID")]
        ids: Vec<u64>,
    },
}

#[derive(clap::Args, Debug)]
struct Packets {
    /// Only those of this connection
    #[arg(long, value_name = "NUMBER", conflicts_with = "id")]
    connection: Option<String>,
    /// Only those of this injected client
    #[arg(long, value_name = "ID", conflicts_with = "id")]
    client: Option<String>,
    /// With all their bytes, which `-o json` and `-o jsonl` show, as they do what each says
    #[arg(long)]
    hex: bool,
}

#[derive(clap::Args, Debug)]
struct At {
    /// As it was at this place of the journal, such as `1-42`, instead of now
    #[arg(long, value_name = "CURSOR")]
    at: Option<String>,
}

#[derive(clap::Args, Debug)]
struct Filter {
    /// Only those whose client reported this program, compared as the policy does
    #[arg(long, value_name = "NAME")]
    process: Option<String>,
    /// Only those of injected clients with this label
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// Only those of this injected client
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    #[command(flatten)]
    filter: Matching,
}

pub(super) const COLUMNS: [Column; 9] = [
    number("ID", "id"),
    first("PROCESS", "process", "processes"),
    text("VERSION", "client_version"),
    text("MACHINE", "machine"),
    text("MODE", "mode"),
    text("ORIGIN", "origin"),
    text("TRANSPORT", "transport"),
    text("GROUP", "group"),
    text("USER", "user_dn"),
];

const PACKETS: [Column; 10] = [
    text("AT", "at"),
    number("CONNECTION", "connection"),
    text("DIRECTION", "direction"),
    text("TYPE", "type"),
    number("CALL", "call_id"),
    text("INTERFACE", "interface"),
    text("OPERATION", "operation"),
    number("SESSION", "session"),
    number("BYTES", "length"),
    text("PROBLEM", "problem"),
];

const NOTIFIED: [Column; 4] = [
    number("SESSION", "session"),
    text("KIND", "kind"),
    number("TOLD", "told"),
    text("PUSH", "push"),
];

const LOGONS: [Column; 8] = [
    number("ROW", "row_id"),
    text("USER", "logged_on_user_account"),
    text("CLIENT", "client_name"),
    text("VERSION", "client_version"),
    text("MODE", "client_mode"),
    text("IP", "client_ip"),
    text("LOGON TIME", "logon_time"),
    text("PROCESS", "process"),
];

const FIELDS: [Column; 15] = [
    text("id", "id"),
    text("process", "process"),
    text("processes", "processes"),
    text("version", "client_version"),
    text("user", "user_dn"),
    text("machine", "machine"),
    text("mode", "mode"),
    text("origin", "origin"),
    text("client", "client_id"),
    text("group", "group"),
    text("transport", "transport"),
    text("address", "address"),
    text("opened by", "interface"),
    text("connected at", "connected_at"),
    text("generation", "generation"),
];

pub(super) fn run(args: &Session) -> Result<(), Failure> {
    let remote = Remote::new(&args.target)?;
    match &args.verb {
        Verb::List { filter, at, part } => {
            let path = filter.path(at);
            let said = listing::show(&remote, &path, part, |items| table(&COLUMNS, items))?;
            let (total, unidentified) = (cell(&said, "total"), cell(&said, "unidentified"));
            let then = at.at.as_ref().map(|at| format!(" at {at}")).unwrap_or_default();
            remote.note(&format!(
                "{total} live in all{then}, {unidentified} without a program's name"
            ));
            Ok(())
        }
        Verb::Show { id, at } => {
            let path = query(&format!("/sessions/{id}"), [("at", &at.at)]);
            remote.show_block(&remote.get(&path)?, &FIELDS)
        }
        Verb::Logons(part) => listing::show_table(&remote, "/logons", part, &LOGONS),
        Verb::Transcript { id, of, part } => {
            let said = listing::show(&remote, &of.path(*id), part, |items| table(&PACKETS, items))?;
            let dropped = cell(&said, "dropped");
            remote.note(&format!("{dropped} older reads and writes are not there any more"));
            Ok(())
        }
        Verb::Notify { ids, message_class } => {
            let body = json!({ "message_class": message_class });
            remote.each(ids, &NOTIFIED, "notified", |id| {
                let path = format!("/sessions/{id}/notifications");
                remote.send(Method::Post, &path, Payload::Json(body.clone()))
            })
        }
        Verb::Disconnect { ids } => remote.each(ids, &COLUMNS, "disconnected", |id| {
            remote.send(Method::Delete, &format!("/sessions/{id}"), Payload::Nothing)
        }),
    }
}

impl Packets {
    fn path(&self, id: Option<u64>) -> String {
        let path =
            id.map_or_else(|| "/transcript".to_owned(), |id| format!("/sessions/{id}/transcript"));
        let hex = self.hex.then(|| "true".to_owned());
        query(&path, [("connection", &self.connection), ("client", &self.client), ("hex", &hex)])
    }
}

impl Filter {
    fn path(&self, at: &At) -> String {
        query(
            "/sessions",
            [
                ("process", &self.process),
                ("group", &self.group),
                ("client_id", &self.client),
                ("at", &at.at),
                ("q", &self.filter.q),
            ],
        )
    }
}
