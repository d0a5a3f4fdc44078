//! `exstore store`: a store as a whole, its service and its simulated build.

use clap::Subcommand;
use serde_json::{Value, json};

use super::request::given;
use crate::exit::Failure;
use crate::http::{Method, Payload};
use crate::remote::{Remote, Target};
use crate::table::{Column, fields, number, table, text};

pub(super) const EXAMPLES: &str = "  exstore store show
  exstore store restart
  exstore store build set 6.5.7638.0";

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
    List,
    /// Show the store: its clock, settings and counts
    Show,
    /// Stop and start the store service: sessions end, and the registry is read again first
    Restart,
    /// Start over: sessions, clients and registry values go, and the journal begins a new epoch
    Reset {
        /// Leave the store with a manual clock at this time, RFC 3339
        #[arg(long, value_name = "TIME")]
        now: Option<String>,
    },
    /// See or choose the simulated build
    Build {
        #[command(subcommand)]
        verb: BuildVerb,
    },
    /// Apply the hotfix of KB 920185, and restart
    InstallHotfix,
}

#[derive(Subcommand, Debug)]
enum BuildVerb {
    /// Show the simulated build
    Show,
    /// Simulate another build
    Set {
        /// The version of Store.exe, such as 6.5.7638.0
        build: String,
    },
}

const COLUMNS: [Column; 7] = [
    text("NAME", "name"),
    text("RPC", "rpc"),
    text("CLOCK", "clock.mode"),
    text("NOW", "clock.now"),
    number("SESSIONS", "counts.sessions"),
    number("CLIENTS", "counts.clients"),
    text("BUILD", "settings.build"),
];

const FIELDS: [Column; 18] = [
    text("name", "name"),
    text("running", "running"),
    text("rpc", "rpc"),
    text("seed", "seed"),
    text("cursor", "cursor"),
    text("clock", "clock.mode"),
    text("now", "clock.now"),
    text("next deadline", "clock.next_deadline"),
    text("next poll", "next_poll"),
    text("poll interval", "settings.poll_interval"),
    text("build", "settings.build"),
    text("generation", "generation"),
    text("clients", "counts.clients"),
    text("sessions", "counts.sessions"),
    text("of them without a name", "counts.unidentified"),
    text("admitted", "counts.admitted"),
    text("refused", "counts.refused"),
    text("disconnected", "counts.disconnected"),
];

pub(super) fn run(args: &Store) -> Result<(), Failure> {
    let remote = Remote::new(&args.target);
    match &args.verb {
        Verb::List => remote.show(&remote.get_of_server("/v1/stores")?, |stores| {
            let stores = stores.get("items").and_then(Value::as_array);
            table(&COLUMNS, stores.into_iter().flatten())
        }),
        Verb::Show => remote.show_block(&remote.get("")?, &FIELDS),
        Verb::Restart => after(&remote, "/restart", json!({})),
        Verb::Reset { now } => after(&remote, "/reset", given([("now", now)])),
        Verb::InstallHotfix => after(&remote, "/build/install-hotfix", json!({})),
        Verb::Build { verb: BuildVerb::Show } => remote.show(&remote.get("/build")?, fields),
        Verb::Build { verb: BuildVerb::Set { build } } => {
            let body = Payload::Json(json!({ "build": build }));
            remote.show(&remote.send(Method::Patch, "/build", body)?, fields)
        }
    }
}

fn after(remote: &Remote, path: &str, body: Value) -> Result<(), Failure> {
    remote.show(&remote.post(path, body)?, fields)
}
