//! `exstore cluster`: how the nodes share the registry, and which of them runs the store.

use clap::{Subcommand, ValueEnum};
use serde_json::Value;

use super::request::given;
use crate::exit::Failure;
use crate::http::{Method, Payload};
use crate::remote::{Remote, Target};
use crate::table::{Column, block, table, text};

pub(super) const EXAMPLES: &str = "  exstore cluster set checkpointed
  exstore registry set --node NODE2 parameters-system \"Disable MAPI Client Processes\" mdl.exe
  exstore cluster failover --to NODE2";

/// What `cluster` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Cluster {
    #[command(flatten)]
    target: Target,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Show the cluster
    Show,
    /// Choose how the nodes share the registry
    Set {
        /// The mode
        #[arg(value_enum)]
        mode: Mode,
    },
    /// Move the store to another node
    Failover {
        /// The node; the next one unless told
        #[arg(long, value_name = "NODE")]
        to: Option<String>,
    },
}

/// How the nodes share the registry.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Mode {
    /// There is one node
    None,
    /// Each node has a registry of its own
    #[value(alias = "per_node")]
    PerNode,
    /// Each has its own, and a checkpoint carries one key along
    Checkpointed,
}

const FIELDS: [Column; 2] = [text("mode", "mode"), text("active", "active")];

/// What is kept of a node's registry, where something is.
const CHECKPOINT: [Column; 4] = [
    text("checkpoint of", "checkpoint.key"),
    text("keys", "checkpoint.keys"),
    text("values", "checkpoint.values"),
    text("not captured", "checkpoint.not_captured"),
];

const NODES: [Column; 2] = [text("NODE", "name"), text("STATE", "state")];

pub(super) fn run(args: &Cluster) -> Result<(), Failure> {
    let remote = Remote::new(&args.target)?;
    let answer = match &args.verb {
        Verb::Show => remote.get("/cluster")?,
        Verb::Set { mode } => {
            let body = given([("mode", &Some(mode.name().to_owned()))]);
            remote.send(Method::Patch, "/cluster", Payload::Json(body))?
        }
        Verb::Failover { to } => remote.post("/cluster/failover", given([("to", to)]))?,
    };
    remote.show(&answer, shown)
}

impl Mode {
    /// What the API calls it.
    fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::PerNode => "per_node",
            Self::Checkpointed => "checkpointed",
        }
    }
}

/// The cluster, its checkpoint if it keeps one, and its nodes.
fn shown(cluster: &Value) -> Vec<String> {
    let kept = cluster.get("checkpoint").is_some_and(Value::is_object);
    let checkpoint = CHECKPOINT.into_iter().filter(|_| kept);
    let mut lines = block(&FIELDS.into_iter().chain(checkpoint).collect::<Vec<_>>(), cluster);
    lines.push(String::new());
    lines.extend(table(
        &NODES,
        cluster.get("nodes").and_then(Value::as_array).into_iter().flatten(),
    ));
    lines
}
