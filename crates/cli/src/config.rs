//! `exstore config`: what every flag is set to, and who says so.

use std::ffi::OsString;

use clap::Command;
use serde_json::{Value, json};

use crate::args::Config;
use crate::exit::Failure;
use crate::output::{self, Output};
use crate::settings::{Held, Refused, Setting, Settings, Source};
use crate::table::{Column, table, text};
use crate::{token, variables};

const COLUMNS: [Column; 3] = [text("FLAG", "shown"), text("VALUE", "value"), text("FROM", "from")];

/// A command that has every flag which the commands share that talk to a server.
const ANY: [&str; 2] = ["store", "show"];

/// Shows what the flags of a command are set to, or without one those that every command has, those of `serve`, and what is
/// set for any other.
pub(crate) fn run(args: &Config, outer: &Settings) -> Result<(), Refused> {
    let rows = if args.command.is_empty() { overview(outer)? } else { of_command(args, outer)? };
    show(args.telling.output, &rows).map_err(Refused::Failed)
}

/// What the command would be run with, as it was typed.
fn of_command(args: &Config, outer: &Settings) -> Result<Vec<Value>, Refused> {
    let settings = Settings::read(typed(outer, args.command.iter().cloned()))?;
    settings.check()?;
    Ok(rows(&settings, |_| true))
}

fn overview(outer: &Settings) -> Result<Vec<Value>, Refused> {
    let read = |words: &[&str]| Settings::read(typed(outer, words.iter().map(OsString::from)));
    let mut found = rows(&read(&ANY)?, |setting| setting.command.is_empty());
    found.extend(rows(&read(&["serve"])?, |setting| !setting.command.is_empty()));
    for words in leaves(&variables::command(|_| true), &[]) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let is_set = |setting: &Setting| setting.source != Source::Default && words != ["serve"];
        for row in rows(&read(&words)?, is_set) {
            // What is set for several commands at once is shown of one of them.
            if !found.iter().any(|shown| same(shown, &row)) {
                found.push(row);
            }
        }
    }
    Ok(found)
}

/// Whether two rows are of one setting.
fn same(one: &Value, other: &Value) -> bool {
    ["flag", "value", "source", "variable", "line"]
        .iter()
        .all(|field| one.get(field) == other.get(field))
}

/// The words of a command, with the file that this one was told of.
fn typed(outer: &Settings, words: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let file = outer.of("--config").filter(|setting| setting.source == Source::Flag);
    let file = file.map(|setting| match &setting.held {
        Held::Texts(paths) => format!("--config={}", paths.concat()),
        Held::Switch(_) => String::new(),
    });
    let program = OsString::from("exstore");
    [program].into_iter().chain(file.map(OsString::from)).chain(words).collect()
}

/// The words of every command that has none below it.
fn leaves(command: &Command, words: &[String]) -> Vec<Vec<String>> {
    if !command.has_subcommands() {
        return vec![words.to_vec()];
    }
    let below = command.get_subcommands();
    below
        .flat_map(|below| leaves(below, &[words, &[below.get_name().to_owned()]].concat()))
        .collect()
}

fn rows(settings: &Settings, wanted: impl Fn(&Setting) -> bool) -> Vec<Value> {
    let wanted = settings.all().iter().filter(|setting| wanted(setting));
    wanted.map(|setting| row(settings, setting)).collect()
}

fn row(settings: &Settings, setting: &Setting) -> Value {
    let Setting { command, flag, variable, held, source, .. } = setting;
    let value = match held {
        Held::Switch(on) => json!(on),
        Held::Texts(texts) => match texts.as_slice() {
            // The file that was found is what its own flag is by default.
            [] if flag == "--config" => json!(file_of(settings)),
            [] => Value::Null,
            [text] => json!(without_password(text)),
            texts => json!(texts),
        },
    };
    let (name, line) = match source {
        Source::Flag => ("flag", None),
        Source::Variable => ("variable", None),
        Source::File(line) => ("file", Some(*line)),
        Source::Default => ("default", None),
    };
    let file = file_of(settings).filter(|_| line.is_some());
    json!({ "command": command, "flag": flag, "value": value, "source": name, "variable": variable, "file": file, "line": line })
}

fn file_of(settings: &Settings) -> Option<String> {
    settings.file.as_ref().map(|file| file.path.display().to_string())
}

/// A URL may have a password within, which is nobody's who looks over a shoulder.
fn without_password(text: &str) -> String {
    let parts =
        text.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.split_once('@')?)));
    parts.map_or_else(|| text.to_owned(), |(scheme, (_, host))| format!("{scheme}://***@{host}"))
}

fn show(output: Output, rows: &[Value]) -> Result<(), Failure> {
    let lines = match output {
        Output::Text => {
            let mut lines = table(&COLUMNS, &rows.iter().map(for_people).collect::<Vec<_>>());
            if token::is_in_environment() {
                lines.push(format!("a token is in {}, and is not shown", token::VARIABLE));
            }
            lines
        }
        Output::Json => vec![json!({ "items": rows }).to_string()],
        Output::Jsonl => rows.iter().map(Value::to_string).collect(),
    };
    output::lines(lines);
    Ok(())
}

/// A row with what a table shows of it.
fn for_people(row: &Value) -> Value {
    let field = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
    let from = match (field("source"), row.get("line")) {
        ("variable", _) => format!("variable {}", field("variable")),
        ("file", Some(line)) => format!("{} line {line}", field("file")),
        (source, _) => source.to_owned(),
    };
    let shown = format!("{} {}", field("command"), field("flag"));
    json!({ "shown": shown.trim_start(), "value": row.get("value"), "from": from })
}
