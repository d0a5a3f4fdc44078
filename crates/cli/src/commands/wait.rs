//! `exstore wait` and `exstore assert`: until something is so, and whether it is.

use std::io::Read;

use clap::ArgGroup;
use serde_json::{Map, Value, json};

use super::request::given;
use crate::exit::{Code, Failure};
use crate::remote::{Remote, Target};
use crate::table::cell;
use crate::visible::visible;

pub(super) const WAIT_EXAMPLES: &str = "  exstore wait --event session.disconnected --where process=mdl.exe --at-least 3 --auto --within 16m
  exstore wait --sessions --where process=mdl.exe --exactly 0 --timeout 30s
  exstore wait --never session.refused --where group=sales --for 1h --auto --within 1h
  exstore wait '{\"sequence\":[{\"event\":{\"type\":\"session.ended\"}},{\"quiescent\":true}]}' --after 1-0";

pub(super) const ASSERT_EXAMPLES: &str =
    "  exstore assert --sessions --where process=OUTLOOK.EXE --at-least 1
  exstore assert --event session.refused --after 1-0";

/// What `wait` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Wait {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    until: Until,
    /// Time of the wall until it has failed
    #[arg(long, default_value = "5s", value_name = "DURATION")]
    timeout: String,
    /// Store time until it has failed
    #[arg(long, value_name = "DURATION")]
    within: Option<String>,
    /// Move the store's manual clock from deadline to deadline, as far as --within allows
    #[arg(long, requires = "within")]
    auto: bool,
}

/// What `assert` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Assert {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    until: Until,
}

/// A condition: as JSON, or one that the flags make.
#[derive(clap::Args, Debug)]
#[command(group(ArgGroup::new("condition").required(true).multiple(true).args(["json", "event", "sessions", "clients", "never", "quiescent"])))]
struct Until {
    /// The condition as the API has it; `-` reads it from stdin
    #[arg(value_name = "CONDITION", conflicts_with_all = ["event", "sessions", "clients", "never", "quiescent", "tests"])]
    json: Option<String>,
    /// Events of this type, or of several joined by commas, have come
    #[arg(long, value_name = "TYPE", conflicts_with_all = ["sessions", "clients", "never"])]
    event: Option<String>,
    /// There are live sessions
    #[arg(long, conflicts_with_all = ["clients", "never"])]
    sessions: bool,
    /// There are injected clients
    #[arg(long, conflicts_with = "never")]
    clients: bool,
    /// No event of this type comes for as long as --for says
    #[arg(long, value_name = "TYPE", requires = "span")]
    never: Option<String>,
    /// The store time that the event stays away
    #[arg(long = "for", value_name = "DURATION", requires = "never")]
    span: Option<String>,
    /// The field NAME has this value: text, or JSON for a number, true, false or null
    #[arg(long = "where", value_name = "NAME=VALUE", value_parser = field)]
    tests: Vec<(String, Value)>,
    /// No fewer of them; one unless told
    #[arg(long, value_name = "N", conflicts_with = "exactly")]
    at_least: Option<u64>,
    /// No more of them
    #[arg(long, value_name = "N", conflicts_with = "exactly")]
    at_most: Option<u64>,
    /// So many of them
    #[arg(long, value_name = "N")]
    exactly: Option<u64>,
    /// The store is quiescent, beside what else is asked for
    #[arg(long)]
    quiescent: bool,
    /// Count from this place in the journal on, not from where it stands now
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
}

pub(super) fn wait(args: &Wait) -> Result<(), Failure> {
    let clock = args.auto.then(|| "auto".to_owned());
    let timeout = Some(args.timeout.clone());
    let mut body = given([
        ("after", &args.until.after),
        ("timeout", &timeout),
        ("within", &args.within),
        ("clock", &clock),
    ]);
    put(&mut body, "until", args.until.condition()?);
    let remote = Remote::new(&args.target)?;
    let awaited = format!("waiting for it to be so, {} at the most", visible(&args.timeout));
    show(&remote.awaiting(awaited), "/waits", body)
}

pub(super) fn assert(args: &Assert) -> Result<(), Failure> {
    let mut body = given([("after", &args.until.after)]);
    put(&mut body, "until", args.until.condition()?);
    show(&Remote::new(&args.target)?, "/assertions", body)
}

fn show(remote: &Remote, path: &str, body: Value) -> Result<(), Failure> {
    let answer = remote.post(path, body)?;
    remote.show(&answer, |report| {
        let leaves = report.get("conditions").and_then(Value::as_array).into_iter().flatten();
        let mut lines: Vec<_> = leaves.map(|leaf| cell(leaf, "summary")).collect();
        let (elapsed, cursor) = (cell(report, "elapsed"), cell(report, "cursor"));
        lines.push(format!("after {elapsed} of store time, at {cursor}"));
        lines
    })
}

impl Until {
    fn condition(&self) -> Result<Value, Failure> {
        if let Some(text) = &self.json {
            return read(text);
        }
        let tests: Map<String, Value> = self.tests.iter().cloned().collect();
        let main = if let Some(types) = &self.event {
            Some(json!({ "event": { "type": types, "where": tests, "count": self.count() } }))
        } else if let Some(types) = &self.never {
            Some(
                json!({ "never": { "event": { "type": types, "where": tests }, "for": self.span } }),
            )
        } else if self.sessions || self.clients {
            let select = if self.sessions { "sessions" } else { "clients" };
            Some(json!({ "state": { "select": select, "where": tests, "count": self.count() } }))
        } else {
            None
        };
        let rest = json!({ "quiescent": true });
        Ok(match main {
            Some(main) if self.quiescent => json!({ "all": [main, rest] }),
            Some(main) => main,
            None => rest,
        })
    }

    fn count(&self) -> Value {
        let counts =
            [("at_least", self.at_least), ("at_most", self.at_most), ("exactly", self.exactly)];
        let counts =
            counts.into_iter().filter_map(|(name, count)| Some((name.to_owned(), count?.into())));
        Value::Object(counts.collect())
    }
}

/// A condition that was written as JSON, here or on stdin.
fn read(text: &str) -> Result<Value, Failure> {
    let mut stdin = String::new();
    let text = if text == "-" {
        std::io::stdin()
            .read_to_string(&mut stdin)
            .map_err(|error| Failure::new(Code::BadInput, format!("can't read stdin: {error}")))?;
        stdin.as_str()
    } else {
        text
    };
    serde_json::from_str(text).map_err(|error| {
        Failure::new(Code::Usage, format!("the condition is no JSON: {error}"))
            .hint("write it as `{\"event\":{\"type\":\"session.ended\"}}`, or use the flags")
    })
}

/// `NAME=VALUE`; a dotted name is a field further down.
fn field(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    let value = match serde_json::from_str(value) {
        Ok(value @ (Value::Null | Value::Bool(_) | Value::Number(_))) => value,
        _ => Value::String(value.to_owned()),
    };
    let mut names = name.split('.').rev();
    let last = names.next().unwrap_or_default().to_owned();
    Ok(names.fold((last, value), |(inner, value), outer| {
        (outer.to_owned(), Value::Object(Map::from_iter([(inner, value)])))
    }))
}

fn put(body: &mut Value, name: &str, value: Value) {
    if let Value::Object(fields) = body {
        fields.insert(name.to_owned(), value);
    }
}
