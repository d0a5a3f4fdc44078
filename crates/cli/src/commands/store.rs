//! `exstore store`: stores made and deleted; a store as a whole, its service and its simulated build.

use std::path::PathBuf;

use clap::{ArgGroup, Subcommand};
use control::percent_encoded;
use infostore::ProtectionLevel;
use serde_json::{Value, json};

use super::poll;
use super::request::given;
use crate::args::{Disconnect, Level, Mode, Watch};
use crate::exit::Failure;
use crate::http::{Answer, Method, Payload};
use crate::listing::{self, Part};
use crate::once::Once;
use crate::remote::{Remote, Target};
use crate::table::{Column, block, fields, number, table, text};
use crate::users_file;

pub(super) const EXAMPLES: &str =
    "  exstore store create t1 --clock manual --now 2006-04-22T08:00:00Z --rpc --ttl 10m
  exstore store list
  exstore store delete t1
  exstore store show
  exstore store set --poll-interval 5m --registry-watch armed-at-start
  exstore store build set 6.5.7638
  exstore store restart
  exstore store install-hotfix";

/// What `store` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Store {
    #[command(flatten)]
    target: Target,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// List the stores of the server
    List(Part),
    /// Make a store, which shares nothing with the others
    Create(Box<Create>),
    /// End stores: their sessions and connections, and then they are forgotten
    Delete {
        /// Their names
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
    /// Show the store: its clock, settings and counts
    Show,
    /// Change the store's settings
    Set(Set),
    /// Stop and start the store service: sessions end, and the registry is read again first
    Restart,
    /// Start over: sessions and clients go, and the journal begins a new epoch
    Reset {
        /// What to go back to: `empty`, with no registry value; `baseline`, as the store was started; or `snapshot:ID`
        #[arg(long, value_name = "WHAT", default_value = "baseline", value_parser = reset_target)]
        to: Value,
        /// Leave the store with a manual clock at this time, RFC 3339
        #[arg(long, value_name = "TIME")]
        now: Option<String>,
    },
    /// See or choose the simulated build
    Build {
        #[command(subcommand)]
        verb: BuildVerb,
    },
    /// Install the hotfix of KB 920185, as its setup does: the service stops and starts
    InstallHotfix,
}

#[derive(Subcommand, Debug)]
enum BuildVerb {
    /// Show the simulated build
    Show,
    /// Install another build, which runs from the next restart on
    Set {
        /// The version of Store.exe, such as 6.5.7638
        build: String,
    },
}

#[derive(clap::Args, Debug)]
struct Create {
    /// Its name: up to 64 ASCII letters, digits, `-`, `_` and `.`
    name: String,
    #[command(flatten)]
    once: Once,
    /// How its time moves: `real`, `manual`, or `scaled:N` for N times as fast; `real` unless told
    #[arg(long, value_name = "MODE")]
    clock: Option<String>,
    /// Store time at the start, RFC 3339; the wall clock's unless told
    #[arg(long, value_name = "TIME")]
    now: Option<String>,
    /// What everything random is derived from, decimal or 0x…; the server's seed and the name, unless told
    #[arg(long, value_name = "SEED")]
    seed: Option<String>,
    /// Open an RPC port here, or on a free port of this machine; none unless told
    #[arg(long, value_name = "ADDR", num_args = 0..=1, default_missing_value = "127.0.0.1:0")]
    rpc: Option<String>,
    #[command(flatten)]
    settings: Settings,
    /// Its users: a TOML file with `[[user]]` for each
    #[arg(long, value_name = "FILE")]
    users: Option<PathBuf>,
    /// The NetBIOS name of its users' domain; EXSTORE unless told
    #[arg(long, value_name = "NAME")]
    domain: Option<String>,
    /// A limit, such as `sessions=100`; several times for several
    #[arg(long, value_name = "NAME=N", value_parser = limit, value_delimiter = ',')]
    limit: Vec<(String, u64)>,
}

/// A limit and its value.
fn limit(text: &str) -> Result<(String, u64), String> {
    let parts = text.split_once('=').and_then(|(name, value)| Some((name, value.parse().ok()?)));
    let (name, value) = parts.ok_or("it is a name and a number, such as `sessions=100`")?;
    Ok((name.to_owned(), value))
}

/// What a store is made with, and what may be changed later.
#[derive(clap::Args, Debug)]
struct Settings {
    /// Time between two polls of the registry; changing it starts a new grid of polls
    #[arg(long, value_name = "DURATION")]
    poll_interval: Option<String>,
    /// Which values a poll reads
    #[arg(long, value_enum)]
    registry_watch: Option<Watch>,
    /// What "disconnected" means for a connection
    #[arg(long, value_enum)]
    disconnect: Option<Disconnect>,
    /// Whether the policy is acted on
    #[arg(long, value_enum)]
    policy_mode: Option<Mode>,
    /// Whether clients are taken that do not say who they are
    #[arg(long, hide_possible_values = true, value_name = "true|false")]
    anonymous: Option<bool>,
    /// How the call that opens a session has to be protected at least
    #[arg(long, value_enum)]
    min_auth_level: Option<Level>,
    /// Whether a store of Exchange 2007 gives out handles to wait for events with
    #[arg(long, hide_possible_values = true, value_name = "true|false")]
    async_notifications: Option<bool>,
    /// How long clients are told to go at most without asking for events
    #[arg(long, value_name = "DURATION")]
    polls_max: Option<String>,
    /// How often clients are told to make a call again that found the server too busy
    #[arg(long, value_name = "N")]
    retry: Option<u32>,
    /// How long they are told to wait before each
    #[arg(long, value_name = "DURATION")]
    retry_delay: Option<String>,
    /// The simulated build of Store.exe; another one runs from the next restart on
    #[arg(long, value_name = "BUILD")]
    build: Option<String>,
    /// Delete the store when nobody has asked for it for so long
    #[arg(long, value_name = "DURATION")]
    ttl: Option<String>,
}

#[derive(clap::Args, Debug)]
#[command(group(ArgGroup::new("change").required(true).multiple(true).args(["poll_interval", "registry_watch", "disconnect", "policy_mode", "anonymous", "min_auth_level", "async_notifications", "polls_max", "retry", "retry_delay", "build", "ttl", "no_ttl"])))]
struct Set {
    #[command(flatten)]
    settings: Settings,
    /// Keep the store until it is deleted
    #[arg(long, conflicts_with = "ttl")]
    no_ttl: bool,
}

const COLUMNS: [Column; 8] = [
    text("NAME", "name"),
    text("RPC", "rpc"),
    text("CLOCK", "clock.mode"),
    text("NOW", "clock.now"),
    number("SESSIONS", "counts.sessions"),
    number("CLIENTS", "counts.clients"),
    text("BUILD", "settings.build"),
    text("TTL", "ttl"),
];

const FIELDS: [Column; 31] = [
    text("name", "name"),
    text("running", "running"),
    text("rpc", "rpc"),
    text("seed", "seed"),
    text("time to live", "ttl"),
    text("cursor", "cursor"),
    text("clock", "clock.mode"),
    text("now", "clock.now"),
    text("next deadline", "clock.next_deadline"),
    text("next poll", "next_poll"),
    text("poll interval", "settings.poll_interval"),
    text("registry watch", "settings.registry_watch"),
    text("disconnect", "settings.disconnect"),
    text("policy mode", "settings.policy_mode"),
    text("anonymous", "settings.anonymous"),
    text("least auth level", "settings.min_auth_level"),
    text("domain", "settings.domain"),
    text("async notifications", "settings.async_notifications"),
    text("polls max", "settings.polls_max"),
    text("retry", "settings.retry"),
    text("retry delay", "settings.retry_delay"),
    text("installed build", "settings.build"),
    text("generation", "generation"),
    text("users", "counts.users"),
    text("clients", "counts.clients"),
    text("sessions", "counts.sessions"),
    text("of them without a name", "counts.unidentified"),
    text("admitted", "counts.admitted"),
    text("refused", "counts.refused"),
    text("disconnected", "counts.disconnected"),
    text("would be blocked", "counts.would_block"),
];

const BUILD: [Column; 7] = [
    text("installed", "installed"),
    text("running", "running"),
    text("restart needed", "restart_needed"),
    text("product", "product"),
    text("service pack", "service_pack"),
    text("honours processes", "honours.processes"),
    text("honours versions", "honours.versions"),
];

const FILES: [Column; 4] = [
    text("FILE", "name"),
    text("VERSION", "version"),
    number("BYTES", "bytes"),
    text("BUILT", "built"),
];

const RESTARTED: [Column; 4] = [
    text("running", "running"),
    text("build", "build"),
    text("generation", "generation"),
    text("first poll", "poll.number"),
];

pub(super) fn run(args: &Store) -> Result<(), Failure> {
    let remote = Remote::new(&args.target)?;
    match &args.verb {
        Verb::List(part) => listing::show_table(&remote.server(), "/v1/stores", part, &COLUMNS),
        Verb::Create(create) => {
            let answer = remote.server().once(&create.once).post("/v1/stores", create.body()?)?;
            remote.show_block(&answer, &FIELDS)
        }
        Verb::Delete { names } => remote.server().each(names, &COLUMNS, "deleted", |name| {
            let path = format!("/v1/stores/{}", percent_encoded(name));
            remote.server().send(Method::Delete, &path, Payload::Nothing)
        }),
        Verb::Show => remote.show_block(&remote.get("")?, &FIELDS),
        Verb::Set(set) => {
            let body = Payload::Json(set.body());
            remote.show_block(&remote.send(Method::Patch, "", body)?, &FIELDS)
        }
        Verb::Restart => restart(&remote),
        Verb::Reset { to, now } => {
            remote.show(&remote.post("/reset", json!({ "to": to, "now": now }))?, fields)
        }
        Verb::InstallHotfix => {
            show_build(&remote, &remote.post("/build/install-hotfix", json!({}))?)
        }
        Verb::Build { verb: BuildVerb::Show } => show_build(&remote, &remote.get("/build")?),
        Verb::Build { verb: BuildVerb::Set { build } } => {
            let body = Payload::Json(json!({ "build": build }));
            show_build(&remote, &remote.send(Method::Patch, "/build", body)?)
        }
    }
}

/// What a reset goes back to, as the API has it.
fn reset_target(text: &str) -> Result<Value, String> {
    let snapshot = text.strip_prefix("snapshot:").map(str::parse::<u64>);
    match (text, snapshot) {
        ("empty" | "baseline", _) => Ok(json!(text)),
        (_, Some(Ok(id))) => Ok(json!({ "snapshot": id })),
        _ => Err("it is `empty`, `baseline` or `snapshot:ID`, such as `snapshot:1`".to_owned()),
    }
}

/// As the API spells it.
fn watch_word(watch: Watch) -> String {
    match watch {
        Watch::Always => "always".to_owned(),
        Watch::ArmedAtStart => "armed_at_start".to_owned(),
    }
}

/// As the API spells it.
fn disconnect_word(disconnect: Disconnect) -> String {
    match disconnect {
        Disconnect::Connection => "connection".to_owned(),
        Disconnect::Context => "context".to_owned(),
    }
}

/// As the API spells it.
fn level_word(level: Level) -> String {
    ProtectionLevel::from(level).name().to_owned()
}

/// A field of a body, where it was given.
type Given = (&'static str, Option<String>);

impl Settings {
    fn given(&self) -> [Given; 9] {
        [
            ("poll_interval", self.poll_interval.clone()),
            ("registry_watch", self.registry_watch.map(watch_word)),
            ("disconnect", self.disconnect.map(disconnect_word)),
            ("policy_mode", self.policy_mode.map(|mode| mode.name().to_owned())),
            ("min_auth_level", self.min_auth_level.map(level_word)),
            ("polls_max", self.polls_max.clone()),
            ("retry_delay", self.retry_delay.clone()),
            ("build", self.build.clone()),
            ("ttl", self.ttl.clone()),
        ]
    }

    /// What was given, with what else was.
    fn body(&self, beside: &[Given]) -> Value {
        let fields = self.given();
        let mut body = given(beside.iter().chain(&fields).map(|(name, value)| (*name, value)));
        let others = [
            ("anonymous", self.anonymous.map(Value::from)),
            ("async_notifications", self.async_notifications.map(Value::from)),
            ("retry", self.retry.map(Value::from)),
        ];
        if let Some(body) = body.as_object_mut() {
            let others = others.into_iter();
            body.extend(others.filter_map(|(name, value)| Some((name.to_owned(), value?))));
        }
        body
    }
}

impl Create {
    fn body(&self) -> Result<Value, Failure> {
        let limits = self.limit.iter().map(|(name, value)| (name.clone(), json!(value)));
        let own = [
            ("name", Some(self.name.clone())),
            ("seed", self.seed.clone()),
            ("rpc", self.rpc.clone()),
            ("domain", self.domain.clone()),
        ];
        let mut body = self.settings.body(&own);
        if let Some(body) = body.as_object_mut() {
            if let Some(file) = &self.users {
                body.insert("users".to_owned(), users_file::request(file)?);
            }
            body.insert("clock".to_owned(), given([("mode", &self.clock), ("now", &self.now)]));
            body.insert("limits".to_owned(), Value::Object(limits.collect()));
        }
        Ok(body)
    }
}

impl Set {
    fn body(&self) -> Value {
        let mut body = self.settings.body(&[]);
        if let Some(body) = body.as_object_mut().filter(|_| self.no_ttl) {
            body.insert("ttl".to_owned(), Value::Null);
        }
        body
    }
}

fn restart(remote: &Remote) -> Result<(), Failure> {
    let answer = remote.awaiting("restarting the service").post("/restart", json!({}))?;
    remote.show(&answer, |restarted| {
        let mut lines = block(&RESTARTED, restarted);
        lines.extend(restarted.get("poll").map(poll::reads).unwrap_or_default());
        lines
    })?;
    poll::note_if_held(remote, answer.read::<Value>()?.get("poll"));
    Ok(())
}

/// Shows a build with its files; that it does not run yet is a note.
fn show_build(remote: &Remote, answer: &Answer) -> Result<(), Failure> {
    remote.show(answer, |build| {
        let files = build.get("files").and_then(Value::as_array).into_iter().flatten();
        let mut lines = block(&BUILD, build);
        lines.push(String::new());
        lines.extend(table(&FILES, files));
        lines
    })?;
    if answer.read::<Value>()?.get("restart_needed").is_some_and(|needed| *needed == true) {
        remote.note("the installed build runs from the next start on: `exstore store restart`");
    }
    Ok(())
}
