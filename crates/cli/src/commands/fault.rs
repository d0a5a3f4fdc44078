//! `exstore fault`: rules that make reads of the registry fail.

use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::request::given;
use crate::exit::Failure;
use crate::http::{Method, Payload, percent_encoded};
use crate::listing::{self, Part};
use crate::remote::{Remote, Target};
use crate::table::{Column, fields, number, text};

pub(super) const EXAMPLES: &str =
    "  exstore fault add access_denied --value \"Disable MAPI Client Processes\" --next 1
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
    /// Add a rule
    Add(Add),
    /// Delete rules
    Delete {
        /// The rules' ids
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
}

#[derive(clap::Args, Debug)]
struct Add {
    /// What a read finds: `missing`, `wrong_type`, `access_denied`, `torn`, `slow` or `stale`
    effect: String,
    /// Only reads of this value
    #[arg(long, value_name = "NAME")]
    value: Option<String>,
    /// Only the next so many
    #[arg(long, value_name = "N", conflicts_with_all = ["first", "after", "every", "probability"])]
    next: Option<u64>,
    /// Only the first so many
    #[arg(long, value_name = "N")]
    first: Option<u64>,
    /// Only those after so many
    #[arg(long, value_name = "N")]
    after: Option<u64>,
    /// One in so many
    #[arg(long, value_name = "N")]
    every: Option<u64>,
    /// Each with this probability, from 0 to 1
    #[arg(long, value_name = "P")]
    probability: Option<f64>,
}

const COLUMNS: [Column; 6] = [
    number("ID", "id"),
    text("EFFECT", "effect.registry"),
    text("VALUE", "match.value"),
    text("SCHEDULE", "schedule"),
    number("SEEN", "seen"),
    number("HITS", "hits"),
];

pub(super) fn run(args: &Fault) -> Result<(), Failure> {
    let remote = Remote::new(&args.target);
    match &args.verb {
        Verb::List(part) => listing::show_table(&remote, "/faults", part, &COLUMNS),
        Verb::Add(add) => remote.show(&remote.post("/faults", add.body())?, fields),
        Verb::Delete { ids } => remote.each(ids, &COLUMNS, "deleted", |id| {
            remote.send(
                Method::Delete,
                &format!("/faults/{}", percent_encoded(id)),
                Payload::Nothing,
            )
        }),
    }
}

impl Add {
    fn body(&self) -> Value {
        let numbers = [
            ("next", self.next.map(Value::from)),
            ("first", self.first.map(Value::from)),
            ("after", self.after.map(Value::from)),
            ("every", self.every.map(Value::from)),
            ("probability", self.probability.map(Value::from)),
        ];
        let schedule: Map<_, _> = numbers
            .into_iter()
            .filter_map(|(name, number)| Some((name.to_owned(), number?)))
            .collect();
        let mut body = Map::from_iter([
            ("effect".to_owned(), json!({ "registry": self.effect })),
            ("match".to_owned(), given([("value", &self.value)])),
        ]);
        if !schedule.is_empty() {
            body.insert("schedule".to_owned(), Value::Object(schedule));
        }
        Value::Object(body)
    }
}
