//! `exstore policy`: the rules in force, what a text would mean, and why a client is or is not blocked.

use clap::{ArgGroup, Subcommand};
use serde_json::{Value, json};

use super::block_list::{body, show_preview, validate};
use super::decisions;
use super::list_text::{List, TEXT_HELP, text_given, with_changes};
use super::request::given;
use crate::args::Mode;
use crate::exit::Failure;
use crate::http::{Method, Payload};
use crate::listing::{self, Part};
use crate::remote::{Remote, Target};
use crate::table::{Column, block, cell, number, table, text};

pub(super) const EXAMPLES: &str =
    "  exstore policy explain --process mdl.exe --client-version 11.0.5608.0
  exstore policy explain --session 7
  exstore policy preview --processes \"mdl.exe; b.exe\" --versions \"-5.3164.0\"
  exstore policy validate --versions \"11.0.0-11.5703.0\"
  exstore policy mode audit";

/// What `policy` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Policy {
    #[command(flatten)]
    target: Target,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Show the policy in force
    Show,
    /// Show whether the policy is acted on, or say whether it is to be
    Mode {
        /// Whether it is acted on from now on; unless told, what is in force is shown
        mode: Option<Mode>,
    },
    /// List the policies that were in force
    Generations(Part),
    /// Say what texts would mean, and what looks wrong with them; fails (1) when one can't mean what was meant
    Validate(Texts),
    /// List who would be cut off if these were the lists, with the cursor that this is true at
    Preview(Texts),
    /// Say why a client is or is not blocked, item by item, with near misses
    Explain(Explain),
}

#[derive(clap::Args, Debug)]
#[command(group(ArgGroup::new("lists").required(true).multiple(true).args(["processes", "versions"])))]
struct Texts {
    #[arg(long, value_name = "TEXT", help = TEXT_HELP, allow_hyphen_values = true)]
    processes: Option<String>,
    #[arg(long, value_name = "TEXT", help = TEXT_HELP, allow_hyphen_values = true)]
    versions: Option<String>,
}

#[derive(clap::Args, Debug)]
#[command(group(ArgGroup::new("whom").required(true).args(["process", "no_process", "session", "client", "decision"])))]
struct Explain {
    /// A client that reports this program; given again, one that reports several, in order
    #[arg(long, value_name = "NAME")]
    process: Vec<String>,
    /// A client that names no program
    #[arg(long)]
    no_process: bool,
    /// Of such a client, its version
    #[arg(long, value_name = "VERSION", conflicts_with_all = ["session", "client", "decision"])]
    client_version: Option<String>,
    /// The client of this session
    #[arg(long, value_name = "ID")]
    session: Option<u64>,
    /// This injected client, as it last connected
    #[arg(long, value_name = "ID")]
    client: Option<u64>,
    /// The client of this decision
    #[arg(long, value_name = "ID")]
    decision: Option<u64>,
}

const FIELDS: [Column; 4] = [
    text("generation", "generation"),
    text("off", "off"),
    text("mode", "mode"),
    text("build", "build"),
];

const MODE: [Column; 4] = [
    text("mode", "mode"),
    text("generation", "generation"),
    text("forbidden and live", "forbidden"),
    text("would be blocked", "would_block"),
];

/// A list of the policy in force.
const LISTS: [Column; 3] =
    [text("LIST", "list"), text("HONOURED", "honoured"), text("TEXT", "text")];

/// An item of the policy in force.
const ITEMS: [Column; 5] = [
    text("LIST", "list"),
    number("#", "ordinal"),
    text("ITEM", "text"),
    text("COMPARED AS", "key"),
    number("COLUMN", "span.column"),
];

const GENERATIONS: [Column; 7] = [
    number("GENERATION", "generation"),
    text("AT", "at"),
    text("CAUSE", "cause"),
    number("DISCONNECTED", "disconnected"),
    number("WOULD BLOCK", "would_block"),
    text("PROCESSES", "processes"),
    text("VERSIONS", "versions"),
];

const EXPLAINED: [Column; 10] = [
    text("decision", "decision"),
    text("code", "code.name"),
    text("processes", "processes"),
    text("version", "client_version"),
    text("generation", "generation"),
    text("mode", "mode"),
    text("build", "build"),
    text("matched list", "matched.list"),
    text("matched item", "matched.item"),
    text("summary", "summary"),
];

/// An item as it is held against a client.
const HELD: [Column; 4] = [
    text("LIST", "list"),
    number("#", "ordinal"),
    text("ITEM", "item"),
    text("VERDICT", "verdict"),
];

pub(super) fn run(args: &Policy) -> Result<(), Failure> {
    let remote = Remote::new(&args.target)?;
    match &args.verb {
        Verb::Show => remote.show(&remote.get("/policy")?, in_force),
        Verb::Mode { mode: None } => remote.show_block(&remote.get("/policy/mode")?, &MODE),
        Verb::Mode { mode: Some(mode) } => {
            let body = Payload::Json(json!({ "mode": mode.name() }));
            remote.show_block(&remote.send(Method::Patch, "/policy/mode", body)?, &MODE)
        }
        Verb::Generations(part) => generations(&remote, part),
        Verb::Validate(texts) => validate(&remote, &texts.given()?),
        Verb::Preview(texts) => {
            let texts = texts.given()?;
            show_preview(&remote, body(&texts), &texts).map(drop)
        }
        Verb::Explain(whom) => {
            remote.show(&remote.post("/policy/explain", whom.body())?, explained)
        }
    }
}

impl Texts {
    fn given(&self) -> Result<Vec<(List, String)>, Failure> {
        let texts = List::ALL.into_iter().zip([&self.processes, &self.versions]);
        let given = texts.filter_map(|(list, text)| Some((list, text.as_ref()?)));
        given.map(|(list, text)| Ok((list, text_given(text)?))).collect()
    }
}

impl Explain {
    fn body(&self) -> Value {
        let ids = [("session", self.session), ("client", self.client), ("decision", self.decision)];
        if let Some((name, id)) = ids.into_iter().find_map(|(name, id)| Some((name, id?))) {
            return json!({ name: id });
        }
        let mut body = given([("client_version", &self.client_version)]);
        if let Some(body) = body.as_object_mut() {
            body.insert("processes".to_owned(), json!(self.process));
        }
        body
    }
}

/// The policy in force: both lists, then their items.
fn in_force(policy: &Value) -> Vec<String> {
    let lists = List::ALL.map(|list| list.of(policy));
    let mut lines = block(&FIELDS, policy);
    lines.push(String::new());
    lines.extend(table(&LISTS, &lists));
    let items: Vec<Value> = lists.iter().flat_map(items).collect();
    if !items.is_empty() {
        lines.push(String::new());
        lines.extend(table(&ITEMS, &items));
    }
    lines
}

/// The items of a list, each with the name of the list.
fn items(list: &Value) -> Vec<Value> {
    let name = list.get("list").cloned().unwrap_or_default();
    let items = list.get("items").and_then(Value::as_array).into_iter().flatten();
    let item = |item: &Value| {
        let mut item = item.clone();
        if let Some(item) = item.as_object_mut() {
            item.insert("list".to_owned(), name.clone());
        }
        item
    };
    items.map(item).collect()
}

fn generations(remote: &Remote, part: &Part) -> Result<(), Failure> {
    let rows =
        |items: &[Value]| items.iter().map(|item| with_changes(item, item)).collect::<Vec<_>>();
    let said = listing::show(remote, "/policy/generations", part, |items| {
        table(&GENERATIONS, &rows(items))
    })?;
    if said.get("forgotten").and_then(Value::as_u64).is_some_and(|forgotten| 0 < forgotten) {
        remote.note(&format!("{} older ones have left the journal", cell(&said, "forgotten")));
    }
    Ok(())
}

/// What the policy says of a client, and each item held against it.
fn explained(answer: &Value) -> Vec<String> {
    let mut lines = block(&EXPLAINED, answer);
    let items = answer.get("items").and_then(Value::as_array);
    let held: Vec<Value> = items.into_iter().flatten().map(held).collect();
    if !held.is_empty() {
        lines.push(String::new());
        lines.extend(table(&HELD, &held));
    }
    if let Some(recorded) = answer.get("recorded").filter(|recorded| !recorded.is_null()) {
        lines.extend([String::new(), "as it was decided then:".to_owned()]);
        lines.extend(block(&decisions::FIELDS, recorded));
    }
    lines
}

fn held(item: &Value) -> Value {
    let verdict = match (item.get("matches").and_then(Value::as_bool), item.get("near_miss")) {
        (Some(true), _) => "matches".to_owned(),
        (_, Some(near)) if !near.is_null() => format!("near: {}", cell(near, "message")),
        _ => "-".to_owned(),
    };
    let mut held = item.clone();
    if let Some(held) = held.as_object_mut() {
        held.insert("verdict".to_owned(), verdict.into());
    }
    held
}
