//! `exstore fault`: rules that make things go wrong.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use serde_json::{Map, Value, json};

use super::fault_text::rules;
use super::list_text::List;
use super::registry_file::read;
use super::request::given;
use crate::exit::{Code, Failure};
use crate::http::{Method, Payload};
use crate::listing::{self, Part};
use crate::once::Once;
use crate::remote::{Remote, Target};

pub(super) const EXAMPLES: &str = "  exstore fault add access_denied --list processes --next 1
  exstore fault add slow --delay 20m
  exstore fault add latency 30s --stage connect --process mdl.exe
  exstore fault add ec ecServerBusy --stage connect --probability 0.5
  exstore fault set 1 --pause
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
    /// Add a rule, which sees what happens from now on
    Add(Box<Add>),
    /// Pause or resume a rule, or give it another schedule
    Set(Box<Set>),
    /// Delete rules: what they hold on connections goes on
    Delete {
        /// The rules' ids
        #[arg(required = true, value_name = "ID")]
        ids: Vec<u64>,
    },
}

/// What goes wrong with a read of the registry.
const READS: [&str; 7] =
    ["missing", "wrong_type", "access_denied", "torn", "busy", "slow", "stale"];

/// Effects that have nothing to say beside their name.
const BARE: [&str; 5] = ["refuse", "reset", "hang", "skip_poll", "drop"];

/// Effects that take a VALUE.
const VALUED: [&str; 8] = [
    "close_after",
    "latency",
    "slow_bytes",
    "rpc_fault",
    "ec",
    "late_aux",
    "clock_jump",
    "slow_answer",
];

fn effects() -> PossibleValuesParser {
    PossibleValuesParser::new(READS.into_iter().chain(BARE).chain(["corrupt"]).chain(VALUED))
}

#[derive(clap::Args, Debug)]
struct Add {
    #[command(flatten)]
    once: Once,
    /// What goes wrong
    #[arg(required_unless_present = "json", value_parser = effects(), conflicts_with = "json")]
    effect: Option<String>,
    /// Of `latency`, `clock_jump` and `slow_answer` how long, of `close_after` and `slow_bytes` how many bytes, of `ec` and
    /// `rpc_fault` the name or number, of `late_aux` `next_call` or `dropped`
    value: Option<String>,
    /// Of `slow`, the store time until the values come
    #[arg(long, value_name = "DURATION")]
    delay: Option<String>,
    /// Of `wrong_type`, the type that the value has; REG_DWORD unless told
    #[arg(long, value_name = "TYPE")]
    r#type: Option<String>,
    /// Of `slow_bytes`, the span in which the bytes come
    #[arg(long, value_name = "DURATION")]
    per: Option<String>,
    /// Of `corrupt`, the byte; drawn unless told
    #[arg(long, value_name = "N")]
    byte: Option<u64>,
    /// Of `corrupt`, the bits that are flipped; one is drawn unless told
    #[arg(long, value_name = "N")]
    mask: Option<u8>,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    schedule: Schedule,
    /// The whole rule, as the API takes it; `-` reads it from stdin
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What a rule applies to.
#[derive(clap::Args, Debug)]
struct Place {
    /// Only there: `accept`, `bind`, `connect`, `rpc`, `disconnect`, `registry`, `poll` or `api`
    #[arg(long, value_name = "STAGE")]
    stage: Option<String>,
    /// Only clients that have reported this program
    #[arg(long, value_name = "NAME")]
    process: Option<String>,
    /// Only this injected client
    #[arg(long, value_name = "ID")]
    client: Option<u64>,
    /// Only injected clients of this group
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// Only `injected` or `foreign` clients
    #[arg(long, value_name = "ORIGIN")]
    origin: Option<String>,
    /// Only over `pipe` or `tcp`
    #[arg(long, value_name = "TRANSPORT")]
    transport: Option<String>,
    /// Which bytes are disturbed: `to_client` or `to_server`
    #[arg(long, value_name = "WAY")]
    direction: Option<String>,
    /// Only calls of this operation
    #[arg(long, value_name = "N")]
    opnum: Option<u16>,
    /// Only reads of this list's value
    #[arg(long, value_enum)]
    list: Option<List>,
    /// Only reads of the value of this name
    #[arg(long = "value", value_name = "NAME", conflicts_with = "list")]
    value_name: Option<String>,
    /// Only requests of this method
    #[arg(long, value_name = "METHOD")]
    method: Option<String>,
    /// Only requests of this route, such as `/sessions/{id}`
    #[arg(long, value_name = "ROUTE")]
    route: Option<String>,
}

/// Which opportunities a rule hits.
#[derive(clap::Args, Debug)]
struct Schedule {
    /// Only the next so many hits
    #[arg(long, value_name = "N")]
    next: Option<u64>,
    /// Only among the first so many opportunities
    #[arg(long, value_name = "N")]
    first: Option<u64>,
    /// Not among the first so many opportunities
    #[arg(long = "after", value_name = "N")]
    after_first: Option<u64>,
    /// Every so many opportunities
    #[arg(long, value_name = "N")]
    every: Option<u64>,
    /// With this probability, from 0 to 1
    #[arg(long, value_name = "P")]
    probability: Option<f64>,
    /// Only from one store time up to another
    #[arg(long, value_names = ["FROM", "UNTIL"], num_args = 2, value_delimiter = ',')]
    between: Option<Vec<String>>,
    /// One answer for each opportunity, such as `true,false,true`
    #[arg(long, value_name = "ANSWERS", value_delimiter = ',')]
    sequence: Option<Vec<bool>>,
}

#[derive(clap::Args, Debug)]
struct Set {
    /// The rule's id
    id: u64,
    /// It sees and hits nothing, and lets go of what it holds
    #[arg(long, conflicts_with_all = ["resume", "json"])]
    pause: bool,
    /// It goes on
    #[arg(long, conflicts_with = "json")]
    resume: bool,
    #[command(flatten)]
    schedule: Schedule,
    /// The whole change, as the API takes it; `-` reads it from stdin
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

pub(super) fn run(args: &Fault) -> Result<(), Failure> {
    let remote = Remote::new(&args.target)?;
    let path = |id: &u64| format!("/faults/{id}");
    match &args.verb {
        Verb::List(part) => listing::show(&remote, "/faults", part, |items| rules(items)).map(drop),
        Verb::Show { id } => remote.show(&remote.get(&path(id))?, |fault| rules([fault])),
        Verb::Add(add) => {
            let answer = remote.once(&add.once).post("/faults", add.body()?)?;
            remote.show(&answer, |fault| rules([fault]))
        }
        Verb::Set(set) => {
            let payload = Payload::Json(set.body()?);
            let answer = remote.send(Method::Patch, &path(&set.id), payload)?;
            remote.show(&answer, |fault| rules([fault]))
        }
        Verb::Delete { ids } => remote.each(ids, &[], "deleted", |id| {
            remote.send(Method::Delete, &path(id), Payload::Nothing)
        }),
    }
}

impl Add {
    fn body(&self) -> Result<Value, Failure> {
        if let Some(file) = &self.json {
            return json_file(file);
        }
        Ok(json!({
            "effect": self.effect(),
            "match": self.place.body(),
            "schedule": self.schedule.body(),
        }))
    }

    fn effect(&self) -> Value {
        let effect = self.effect.as_deref().unwrap_or_default();
        let mut body = given([("delay", &self.delay), ("type", &self.r#type)]);
        let (name, value) = if READS.contains(&effect) {
            ("registry", json!(effect))
        } else {
            (effect, self.value_of(effect))
        };
        if let Some(body) = body.as_object_mut() {
            body.insert(name.to_owned(), value);
        }
        body
    }

    fn value_of(&self, effect: &str) -> Value {
        let number = |text: &String| text.parse::<u64>().map_or_else(|_| json!(text), Value::from);
        let value = self.value.as_ref();
        match effect {
            "corrupt" => {
                fields([("byte", self.byte.map(Value::from)), ("mask", self.mask.map(Value::from))])
            }
            "slow_bytes" => fields([
                ("bytes", value.map(number)),
                ("per", self.per.as_ref().map(|per| json!(per))),
            ]),
            "close_after" | "ec" | "rpc_fault" => value.map(number).unwrap_or_default(),
            _ if BARE.contains(&effect) => json!(true),
            _ => json!(value),
        }
    }
}

impl Place {
    fn body(&self) -> Value {
        let value = self.list.map(|list| list.value_name().to_owned());
        let value = value.or_else(|| self.value_name.clone());
        let text = |text: &Option<String>| text.as_ref().map(|text| json!(text));
        fields([
            ("stage", text(&self.stage)),
            ("process", text(&self.process)),
            ("client_id", self.client.map(Value::from)),
            ("group", text(&self.group)),
            ("origin", text(&self.origin)),
            ("transport", text(&self.transport)),
            ("direction", text(&self.direction)),
            ("opnum", self.opnum.map(Value::from)),
            ("value", text(&value)),
            ("method", text(&self.method)),
            ("route", text(&self.route)),
        ])
    }
}

impl Schedule {
    fn body(&self) -> Value {
        fields([
            ("next", self.next.map(Value::from)),
            ("first", self.first.map(Value::from)),
            ("after", self.after_first.map(Value::from)),
            ("every", self.every.map(Value::from)),
            ("probability", self.probability.map(Value::from)),
            ("between", self.between.as_ref().map(|times| json!(times))),
            ("sequence", self.sequence.as_ref().map(|answers| json!(answers))),
        ])
    }
}

impl Set {
    fn body(&self) -> Result<Value, Failure> {
        if let Some(file) = &self.json {
            return json_file(file);
        }
        let paused = (self.pause || self.resume).then_some(self.pause);
        let schedule = self.schedule.body();
        let schedule = (schedule != json!({})).then_some(schedule);
        Ok(fields([("paused", paused.map(Value::from)), ("schedule", schedule)]))
    }
}

/// The fields that were given.
fn fields<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let given = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(given.collect::<Map<_, _>>())
}

/// What a file holds, which has to be JSON; what it means is the server's to say.
fn json_file(path: &Path) -> Result<Value, Failure> {
    serde_json::from_slice(&read(path)?).map_err(|error| {
        Failure::new(Code::BadInput, format!("`{}` is no JSON: {error}", path.display()))
    })
}
