//! `exstore fault`: rules that make reads of the registry fail.

use clap::Subcommand;
use serde_json::{Value, json};

use super::list_text::List;
use super::request::given;
use crate::exit::Failure;
use crate::http::{Method, Payload};
use crate::listing::{self, Part};
use crate::remote::{Remote, Target};
use crate::table::{Column, number, table, text};

pub(super) const EXAMPLES: &str = "  exstore fault add access_denied --list processes --next 1
  exstore fault add slow --delay 20m
  exstore fault list
  exstore fault delete 1";

/// What `fault` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Fault {
    #[command(flatten)]
    target: Target,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// List the rules, with what each has seen and hit
    List(Part),
    /// Show a rule
    Show {
        /// The rule's id
        id: u64,
    },
    /// Add a rule, which disturbs reads of both lists from the next poll on
    Add(Add),
    /// Delete rules
    Delete {
        /// The rules' ids
        #[arg(required = true, value_name = "ID")]
        ids: Vec<u64>,
    },
}

#[derive(clap::Args, Debug)]
struct Add {
    /// What a read finds: `missing`, `wrong_type`, `access_denied`, `torn`, `busy`, `slow` or `stale`
    effect: String,
    /// Only reads of this list's value
    #[arg(long, value_enum)]
    list: Option<List>,
    /// Only reads of the value of this name
    #[arg(long, value_name = "NAME", conflicts_with = "list")]
    value: Option<String>,
    /// Only the next so many
    #[arg(long, value_name = "N")]
    next: Option<u64>,
    /// Of `slow`, the store time until the values come
    #[arg(long, value_name = "DURATION")]
    delay: Option<String>,
    /// Of `wrong_type`, the type that the value has; REG_DWORD unless told
    #[arg(long, value_name = "TYPE")]
    r#type: Option<String>,
}

const COLUMNS: [Column; 9] = [
    number("ID", "id"),
    text("EFFECT", "effect.registry"),
    text("DELAY", "effect.delay"),
    text("TYPE", "effect.type"),
    text("VALUE", "match.value"),
    number("NEXT", "schedule.next"),
    number("LEFT", "reads_left"),
    number("SEEN", "seen"),
    number("HITS", "hits"),
];

pub(super) fn run(args: &Fault) -> Result<(), Failure> {
    let remote = Remote::new(&args.target)?;
    match &args.verb {
        Verb::List(part) => listing::show_table(&remote, "/faults", part, &COLUMNS),
        Verb::Show { id } => {
            remote.show(&remote.get(&format!("/faults/{id}"))?, |fault| table(&COLUMNS, [fault]))
        }
        Verb::Add(add) => {
            let answer = remote.post("/faults", add.body())?;
            remote.show(&answer, |fault| table(&COLUMNS, [fault]))
        }
        Verb::Delete { ids } => remote.each(ids, &COLUMNS, "deleted", |id| {
            remote.send(Method::Delete, &format!("/faults/{id}"), Payload::Nothing)
        }),
    }
}

impl Add {
    fn body(&self) -> Value {
        let Self { effect, list, value, next, delay, r#type } = self;
        let value = list.map(|list| list.value_name().to_owned()).or_else(|| value.clone());
        let effect = Some(effect.clone());
        json!({
            "effect": given([("registry", &effect), ("delay", delay), ("type", r#type)]),
            "match": given([("value", &value)]),
            "schedule": { "next": next },
        })
    }
}
