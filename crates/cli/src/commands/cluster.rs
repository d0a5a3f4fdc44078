//! `exstore cluster`: how the nodes share the registry, and which of them runs the store.

use clap::Subcommand;

use super::request::given;
use crate::exit::Failure;
use crate::http::{Method, Payload};
use crate::remote::{Remote, Target};
use crate::table::fields;

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
    /// Choose how the nodes share the registry: `none`, `per_node` or `checkpointed`
    Set {
        /// The mode
        mode: String,
    },
    /// Move the store to another node
    Failover {
        /// The node; the next one unless told
        #[arg(long, value_name = "NODE")]
        to: Option<String>,
    },
}

pub(super) fn run(args: &Cluster) -> Result<(), Failure> {
    let remote = Remote::new(&args.target);
    let answer = match &args.verb {
        Verb::Show => remote.get("/cluster")?,
        Verb::Set { mode } => {
            let body = given([("mode", &Some(mode.clone()))]);
            remote.send(Method::Patch, "/cluster", Payload::Json(body))?
        }
        Verb::Failover { to } => remote.post("/cluster/failover", given([("to", to)]))?,
    };
    remote.show(&answer, fields)
}
