//! `exstore block-list`: the two registry values that matter, by short names.

use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::list_text::{
    List, TEXT_HELP, counted, errors, items, previewed, said_of, text_given, validated,
};
use super::poll;
use super::request::query;
use crate::exit::{Code, Failure};
use crate::http::{Method, Payload};
use crate::listing::{PAGE, page_path};
use crate::remote::{Remote, Target};
use crate::table::{Column, block, cell, text};
use crate::visible::visible;

pub(super) const EXAMPLES: &str = "  exstore block-list check processes \"mdl.exe, b.exe\"
  exstore block-list set processes \"mdl.exe; b.exe\" --preview
  exstore block-list set processes \"mdl.exe; b.exe\" --apply now
  exstore block-list set versions \"-5.3164.0; 11.0.0-11.5703.0\"
  exstore block-list clear processes";

/// What `block-list` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct BlockListArgs {
    #[command(flatten)]
    target: Target,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Show a list as the registry has it
    Show {
        #[arg(value_enum)]
        list: List,
    },
    /// Write a list
    Set {
        #[arg(value_enum)]
        list: List,
        #[arg(help = TEXT_HELP, allow_hyphen_values = true)]
        text: String,
        #[command(flatten)]
        change: Change,
        /// Change nothing; show who would be cut off
        #[arg(long, conflicts_with_all = ["apply", "if_cursor"])]
        preview: bool,
    },
    /// Delete the value of a list, so that it blocks nobody
    Clear {
        #[arg(value_enum)]
        list: List,
        #[command(flatten)]
        change: Change,
        /// Change nothing; show who would be cut off
        #[arg(long, conflicts_with_all = ["apply", "if_cursor"])]
        preview: bool,
    },
    /// Say what a text would mean, and what looks wrong with it; fails (1) when it can't mean what was meant
    #[command(override_usage = "exstore block-list check [OPTIONS] [LIST] <TEXT>")]
    Check(Check),
}

/// What `check` takes: its first word is the text when it is the only one.
#[derive(clap::Args, Debug)]
struct Check {
    /// Which list it is for, `processes` or `versions`; `processes` when there is only a TEXT
    #[arg(value_name = "LIST", allow_hyphen_values = true)]
    first: String,
    #[arg(help = TEXT_HELP, allow_hyphen_values = true)]
    text: Option<String>,
    /// Which list it is for, before the text or behind it
    #[arg(long, value_enum, hide = true, conflicts_with = "text")]
    list: Option<List>,
}

#[derive(clap::Args, Debug)]
struct Change {
    /// When it takes effect: with the next poll, unless told
    #[arg(long, value_enum)]
    apply: Option<Apply>,
    /// Refuse when the store has moved since this cursor, such as the one of a preview
    #[arg(long, value_name = "CURSOR")]
    if_cursor: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Apply {
    /// With a poll that runs at once
    Now,
    /// With the next poll, as the article says
    #[value(alias = "next_poll")]
    NextPoll,
}

const FIELDS: [Column; 5] = [
    text("value", "value"),
    text("data", "data"),
    text("problem", "problem"),
    text("in force", "in_force"),
    text("generation", "generation"),
];

/// What is shown of the poll that applied a change.
const POLLED: [Column; 3] = [
    text("applied by poll", "poll.number"),
    text("disconnected", "poll.disconnected"),
    text("would block", "poll.would_block"),
];

pub(super) fn run(args: &BlockListArgs) -> Result<(), Failure> {
    let remote = Remote::new(&args.target)?;
    match &args.verb {
        Verb::Show { list } => {
            let answer = remote.get(&path(*list))?;
            remote.show(&answer, |state| shown(state, *list))
        }
        Verb::Set { list, text, preview: true, .. } => {
            let text = text_given(text)?;
            preview(&remote, json!({ list.name(): text }), &[(*list, text)])
        }
        Verb::Set { list, text, change, .. } => {
            let body = Payload::Json(json!({ "data": text_given(text)? }));
            change.make(&remote, *list, Method::Put, body)
        }
        Verb::Clear { list, preview: true, .. } => {
            preview(&remote, json!({ list.name(): null }), &[])
        }
        Verb::Clear { list, change, .. } => {
            change.make(&remote, *list, Method::Delete, Payload::Nothing)
        }
        Verb::Check(check) => {
            let (list, text) = check.given()?;
            validate(&remote, &[(list, text_given(text)?)])
        }
    }
}

/// Says what texts would mean.
pub(super) fn validate(remote: &Remote, texts: &[(List, String)]) -> Result<(), Failure> {
    let answer = remote.post("/policy/validate", body(texts))?;
    remote.show(&answer, |said| validated(said, texts))?;
    match errors(&answer.read()?, texts) {
        0 => Ok(()),
        count => {
            let what = format!("the text has {}", counted(count, "error"));
            Err(Failure::new(Code::NotMet, what))
        }
    }
}

/// Shows who would be cut off by texts, and gives the cursor that this is true at.
pub(super) fn show_preview(
    remote: &Remote,
    proposal: Value,
    texts: &[(List, String)],
) -> Result<String, Failure> {
    let answer = remote.post(&page_path("/policy/preview", PAGE, None), proposal)?;
    remote.show(&answer, |said| previewed(said, texts))?;
    Ok(cell(&answer.read()?, "cursor"))
}

fn preview(remote: &Remote, proposal: Value, texts: &[(List, String)]) -> Result<(), Failure> {
    let cursor = show_preview(remote, proposal, texts)?;
    remote.note("");
    remote.note(&format!(
        "nothing has changed; the same command with `--apply now --if-cursor {cursor}` instead of --preview does it if this is still true; without `--apply now` the next poll does"
    ));
    Ok(())
}

/// Texts by the names of their lists.
pub(super) fn body(texts: &[(List, String)]) -> Value {
    texts.iter().map(|(list, text)| (list.name().to_owned(), Value::from(text.as_str()))).collect()
}

fn path(list: List) -> String {
    format!("/block-lists/{}", list.name())
}

impl Check {
    fn given(&self) -> Result<(List, &str), Failure> {
        let Self { first, text, list } = self;
        match text {
            Some(text) => Ok((List::from_str(first, false).map_err(|_| no_list(first))?, text)),
            None => Ok((list.unwrap_or(List::Processes), first)),
        }
    }
}

fn no_list(given: &str) -> Failure {
    Failure::new(Code::Usage, format!("`{}` is no list", visible(given)))
        .hint("it is `processes` or `versions`; a text with spaces is written in quotes")
}

impl Change {
    fn make(
        &self,
        remote: &Remote,
        list: List,
        method: Method,
        body: Payload,
    ) -> Result<(), Failure> {
        let answer = remote.send(method, &self.path(list), body)?;
        remote.show(&answer, |state| shown(state, list))?;
        poll::note_if_held(remote, answer.read::<Value>()?.get("poll"));
        Ok(())
    }

    fn path(&self, list: List) -> String {
        let apply = self.apply.map(|apply| match apply {
            Apply::Now => "now".to_owned(),
            Apply::NextPoll => "next_poll".to_owned(),
        });
        query(&path(list), [("apply", &apply), ("if_cursor", &self.if_cursor)])
    }
}

/// A list as the registry has it; with the poll that applied a change, if one did.
fn shown(state: &Value, list: List) -> Vec<String> {
    let polled = state.get("poll").is_some_and(|poll| !poll.is_null());
    let fields: Vec<Column> =
        FIELDS.into_iter().chain(POLLED.into_iter().filter(|_| polled)).collect();
    let mut lines = block(&fields, state);
    lines.extend(items(state));
    lines.extend(said_of(state, list.name()));
    lines
}
