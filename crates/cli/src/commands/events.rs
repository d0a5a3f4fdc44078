//! `exstore events`: the journal, in pages or as it grows.

use std::time::Duration;

use clap::Subcommand;
use serde_json::Value;

use super::event_text::line;
use super::request::query;
use crate::exit::{Code, Failure};
use crate::http::{Answer, RequestError, pause};
use crate::listing::{self, Page, Part, page_path};
use crate::output::{self, Output};
use crate::remote::{Remote, Target, value};
use crate::startup;
use crate::table::cell;

pub(super) const EXAMPLES: &str =
    "  exstore events list --type session.disconnected,session.refused
  exstore events list --after 1-42 -o jsonl
  exstore events follow";

/// Entries asked for at a time.
const PAGE: usize = 1_000;

/// How long a server that can wait is asked to.
const WAIT: &str = "20s";

/// Between two questions to one that can't.
const PAUSE: Duration = Duration::from_millis(250);

/// What `events` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Events {
    #[command(flatten)]
    target: Target,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// List what happened, oldest first
    List {
        #[command(flatten)]
        types: Types,
        #[command(flatten)]
        part: Part,
    },
    /// Show what happens, as it happens, until ^C
    Follow {
        #[command(flatten)]
        types: Types,
        /// Begin after this cursor, `0` for the oldest entry that is kept; unless told, with what comes next
        #[arg(long, value_name = "CURSOR")]
        after: Option<String>,
    },
}

#[derive(clap::Args, Clone, Debug)]
struct Types {
    /// Only these types, joined by commas, such as `session.refused,session.disconnected`
    #[arg(long, value_name = "TYPES")]
    r#type: Option<String>,
}

pub(super) fn run(args: &Events) -> Result<(), Failure> {
    let remote = Remote::new(&args.target)?;
    match &args.verb {
        Verb::List { types, part } => listing::show(&remote, &types.path(&None), part, |items| {
            items.iter().map(line).collect()
        })
        .map(drop),
        Verb::Follow { types, after } => {
            let (types, after) = (types.clone(), after.clone());
            until_interrupted(move || follow(&remote, &types, after))
        }
    }
}

impl Types {
    fn path(&self, wait: &Option<String>) -> String {
        query("/events", [("type", &self.r#type), ("wait", wait)])
    }
}

/// Does something that has no end, until SIGINT, which is the exit code 130.
fn until_interrupted(
    work: impl FnOnce() -> Result<(), Failure> + Send + 'static,
) -> Result<(), Failure> {
    let runtime = startup::runtime()?;
    let done = runtime.block_on(async {
        tokio::select! {
            done = startup::blocking(work) => done,
            _ = tokio::signal::ctrl_c() => Err(Failure::new(Code::Interrupted, "interrupted")),
        }
    });
    // A question that waits for its answer is left behind.
    runtime.shutdown_background();
    done
}

fn follow(remote: &Remote, types: &Types, after: Option<String>) -> Result<(), Failure> {
    let wait = can_wait(remote)?.then(|| WAIT.to_owned());
    let path = types.path(&wait);
    let mut after = after.map_or_else(|| newest(remote), Ok)?;
    remote.note(&format!("following the journal after {after}; ^C ends it"));
    loop {
        match remote.get(&page_path(&path, PAGE, Some(&after))) {
            Ok(answer) => {
                let page = Page::read(&answer)?;
                if !show(remote, &page)? {
                    // Nobody reads any more.
                    return Ok(());
                }
                after = page.next.unwrap_or(after);
                if !page.more && wait.is_none() {
                    pause(PAUSE);
                }
            }
            Err(error) => after = go_on_after(error)?,
        }
    }
}

/// Where to go on when entries are gone: the store was reset, or the journal has dropped them.
fn go_on_after(error: RequestError) -> Result<String, Failure> {
    match error {
        RequestError::Refused(problem) if problem.first_available.is_some() => {
            output::err(&format!("gap: {problem}"));
            Ok(problem.first_available.unwrap_or_default())
        }
        error @ (RequestError::Refused(_)
        | RequestError::Unreachable { .. }
        | RequestError::Unknown(_)) => Err(error.into()),
    }
}

/// Shows the entries of a page; false when nobody reads any more.
fn show(remote: &Remote, page: &Page) -> Result<bool, Failure> {
    for item in &page.items {
        let shown = match remote.output {
            Output::Text => line(&value(item)?),
            Output::Json | Output::Jsonl => item.get().to_owned(),
        };
        if !output::out(&shown) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The place of the newest entry.
fn newest(remote: &Remote) -> Result<String, Failure> {
    let store: Value = remote.get("")?.read()?;
    Ok(cell(&store, "cursor"))
}

/// Whether the server's description says that a page of events can be waited for.
fn can_wait(remote: &Remote) -> Result<bool, Failure> {
    let description: Answer = remote.server().get("/v1/openapi.json")?;
    let description: Value = description.read()?;
    let parameters = description.pointer("/paths/~1v1~1stores~1{store}~1events/get/parameters");
    let parameters = parameters.and_then(Value::as_array);
    Ok(parameters.into_iter().flatten().any(|parameter| cell(parameter, "name") == "wait"))
}
