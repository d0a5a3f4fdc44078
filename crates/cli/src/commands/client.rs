//! `exstore client`: injected clients, which send the bytes of real ones.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};

use super::client_group;
use super::registry_file;
use super::request::{given, query};
use crate::exit::Failure;
use crate::filter::Matching;
use crate::http::{Answer, Method, Payload, RequestError};
use crate::listing::{self, Part};
use crate::once::Once;
use crate::problem::Problem;
use crate::remote::{Remote, Target, partly};
use crate::table::{Column, number, table, text};
use crate::visible::visible;

pub(super) const EXAMPLES: &str =
    "  exstore client add --process mdl.exe --user alice --count 3 --group finance
  exstore client add --no-process --client-version 10.0.2627.1
  exstore client list
  exstore client connect 1 2 3
  exstore client group set finance --process mdl.exe --replicas 20
  exstore client change 7 --process beta.exe --group finance";

/// What `client` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Client {
    #[command(flatten)]
    target: Target,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// List the injected clients
    List {
        #[command(flatten)]
        filter: Matching,
        #[command(flatten)]
        part: Part,
    },
    /// Show an injected client
    Show {
        /// The client's id
        id: u64,
    },
    /// Inject clients, which connect at once
    Add(Add),
    /// Have clients connect again
    Connect(Ids),
    /// Have clients disconnect
    Disconnect(Ids),
    /// Disconnect clients and forget them
    Delete(Ids),
    /// Have clients be others: their label at once, the rest when they connect again, which those that are connected do now
    Change(Change),
    /// Have as many clients of one kind as are wanted
    Group {
        #[command(subcommand)]
        verb: client_group::Verb,
    },
    /// Have clients make a call
    Send {
        #[command(flatten)]
        ids: Ids,
        /// Name this program in the call, as a client does whose auxiliary block comes late
        #[arg(long, value_name = "NAME")]
        process: Option<String>,
    },
}

#[derive(clap::Args, Debug)]
struct Ids {
    /// The clients' ids
    #[arg(required = true, value_name = "ID")]
    ids: Vec<u64>,
}

/// What a client is.
#[derive(clap::Args, Debug)]
pub(super) struct Kind {
    /// The program that it reports
    #[arg(long, value_name = "NAME")]
    process: Option<String>,
    /// It sends no auxiliary block, and so names no program
    #[arg(long, conflicts_with = "process")]
    no_process: bool,
    #[command(flatten)]
    rest: Rest,
}

/// What a client is, but for its program.
#[derive(clap::Args, Debug)]
struct Rest {
    /// Its version; one below 11 has no place for a program's name
    #[arg(long, value_name = "VERSION")]
    client_version: Option<String>,
    /// Its user; the client's id takes the place of an n in braces
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Its computer; the client's id takes the place of an n in braces
    #[arg(long, value_name = "NAME")]
    machine: Option<String>,
    /// How it uses its mailbox: `cached` or `classic`
    #[arg(long, value_name = "MODE")]
    mode: Option<String>,
    /// How its bytes travel: `pipe` or `tcp`
    #[arg(long, value_name = "pipe|tcp")]
    transport: Option<String>,
}

#[derive(clap::Args, Debug)]
#[command(group = clap::ArgGroup::new("who").args(["process", "no_process", "file"]).required(true))]
struct Add {
    #[command(flatten)]
    kind: Kind,
    /// How many of them
    #[arg(long, value_name = "N", default_value_t = 1)]
    count: u64,
    /// A label of your own, which no decision sees
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// Many clients instead, as the API has them: a JSON array, or an object a line; `-` is stdin
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = [
            "process", "no_process", "client_version", "user", "machine", "mode", "transport", "count", "group",
        ]
    )]
    file: Option<PathBuf>,
    #[command(flatten)]
    once: Once,
}

#[derive(clap::Args, Debug)]
struct Change {
    #[command(flatten)]
    ids: Ids,
    /// The program that it reports
    #[arg(long, value_name = "NAME")]
    process: Option<String>,
    /// It sends no auxiliary block, and so names no program
    #[arg(long, conflicts_with = "process")]
    no_process: bool,
    #[command(flatten)]
    rest: Rest,
    /// A label of your own, which no decision sees
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// No label
    #[arg(long, conflicts_with = "group")]
    no_group: bool,
}

const COLUMNS: [Column; 10] = [
    number("ID", "id"),
    text("STATE", "state"),
    text("PROCESS", "process"),
    text("VERSION", "client_version"),
    text("USER", "user"),
    text("MACHINE", "machine"),
    text("MODE", "mode"),
    text("TRANSPORT", "transport"),
    text("GROUP", "group"),
    text("OUTCOME", "outcome"),
];

const FIELDS: [Column; 11] = [
    text("id", "id"),
    text("state", "state"),
    text("outcome", "outcome"),
    text("process", "process"),
    text("version", "client_version"),
    text("user", "user"),
    text("machine", "machine"),
    text("mode", "mode"),
    text("transport", "transport"),
    text("group", "group"),
    text("attempts", "attempts"),
];

pub(super) fn run(args: &Client) -> Result<(), Failure> {
    let remote = Remote::new(&args.target)?;
    let each = |ids: &Ids, done: &str, verb: &str, body: Value| {
        let path = |id: &u64| format!("/clients/{id}/{verb}");
        remote.each(&ids.ids, &COLUMNS, done, |id| remote.post(&path(id), body.clone()))
    };
    match &args.verb {
        Verb::List { filter, part } => {
            let path = query("/clients", [("q", &filter.q)]);
            listing::show_table(&remote, &path, part, &COLUMNS)
        }
        Verb::Show { id } => remote.show_block(&remote.get(&format!("/clients/{id}"))?, &FIELDS),
        Verb::Add(Add { file: Some(file), once, .. }) => add_batch(&remote.once(once), file),
        Verb::Add(add) => remote.show(&add.inject(&remote)?, |injected| {
            // One client comes alone, several as a list.
            match injected.get("items").and_then(Value::as_array) {
                Some(items) => table(&COLUMNS, items),
                None => table(&COLUMNS, [injected]),
            }
        }),
        Verb::Connect(ids) => each(ids, "connected", "connect", json!({})),
        Verb::Disconnect(ids) => each(ids, "disconnected", "disconnect", json!({})),
        Verb::Delete(Ids { ids }) => remote.each(ids, &COLUMNS, "deleted", |id| {
            remote.send(Method::Delete, &format!("/clients/{id}"), Payload::Nothing)
        }),
        Verb::Change(change) => remote.each(&change.ids.ids, &COLUMNS, "changed", |id| {
            let body = Payload::Json(change.body());
            remote.send(Method::Patch, &format!("/clients/{id}"), body)
        }),
        Verb::Group { verb } => client_group::run(&remote, verb),
        Verb::Send { ids, process } => each(ids, "sent", "send", given([("process", process)])),
    }
}

/// Injects the clients of a file. Those that can't be are told one by one, and the others are injected.
fn add_batch(remote: &Remote, file: &Path) -> Result<(), Failure> {
    let bytes = registry_file::read(file)?;
    let is_array = bytes.trim_ascii_start().starts_with(b"[");
    let kind = if is_array { "application/json" } else { "application/x-ndjson" };
    let awaited = remote
        .awaiting(format!("injecting the clients of {}", visible(&file.display().to_string())));
    let answer = awaited.send(Method::Post, "/clients/batch", Payload::Bytes(kind, bytes))?;
    let result: Value = answer.read()?;
    let items = || result.get("items").and_then(Value::as_array).into_iter().flatten();
    let failures = items().filter_map(|item| {
        let (status, problem) = (item.get("status")?.as_u64()?, item.get("problem")?.as_object()?);
        let problem = serde_json::to_vec(problem).ok()?;
        let problem = Problem::read(u16::try_from(status).ok()?, &problem);
        Some(Failure::from(RequestError::Refused(Box::new(problem))))
    });
    let failures: Vec<_> = failures.collect();
    remote.show(&answer, |_| {
        let clients = items().filter_map(|item| item.get("clients")?.as_array()).flatten();
        table(&COLUMNS, clients)
    })?;
    partly(failures, items().count())
}

impl Kind {
    /// What is not told is the server's to choose.
    pub(super) fn body(&self) -> Value {
        let mut body = self.rest.body();
        if let (Some(body), Some(process)) = (body.as_object_mut(), &self.process) {
            body.insert("process".to_owned(), process.as_str().into());
        }
        body
    }
}

impl Rest {
    fn body(&self) -> Value {
        let Self { client_version, user, machine, mode, transport } = self;
        given([
            ("client_version", client_version),
            ("user", user),
            ("machine", machine),
            ("mode", mode),
            ("transport", transport),
        ])
    }
}

impl Add {
    fn inject(&self, remote: &Remote) -> Result<Answer, RequestError> {
        let many =
            if self.count == 1 { "a client".to_owned() } else { format!("{} clients", self.count) };
        let remote = remote.once(&self.once).awaiting(format!("injecting {many}"));
        remote.post("/clients", self.body())
    }

    fn body(&self) -> Value {
        let mut body = self.kind.body();
        if let Some(body) = body.as_object_mut() {
            body.insert("count".to_owned(), self.count.into());
            body.extend(self.group.iter().map(|group| ("group".to_owned(), json!(group))));
        }
        body
    }
}

impl Change {
    fn body(&self) -> Value {
        let mut body = self.rest.body();
        if let Some(body) = body.as_object_mut() {
            let fields = [
                ("process", &self.process, self.no_process),
                ("group", &self.group, self.no_group),
            ];
            let told = fields.into_iter().filter(|(_, value, none)| value.is_some() || *none);
            body.extend(told.map(|(name, value, _)| (name.to_owned(), json!(value))));
        }
        body
    }
}
