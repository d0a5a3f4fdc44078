//! `exstore.toml`: what flags are set to where neither the command line nor a variable says so. A flag is a key in the table of
//! its command, as `clock` in `[serve]` and `count` in `[client.add]`; one that several commands share may stand at the top.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue};
use clap::{Arg, ArgAction, Command};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::caret::column;
use crate::exit::{Code, Failure};
use crate::lints::pointed;
use crate::settings::{Held, takes_several, words};
use crate::variables::{self, is_switch};

/// The file that is read when none is named.
const NAME: &str = "exstore.toml";

/// How alike two words are, at least, when one may have been meant by the other.
const ALIKE: f64 = 0.75;

/// A file, understood.
pub(crate) struct ConfigFile {
    pub(crate) path: PathBuf,
    /// By the words of the command, and the flag.
    entries: BTreeMap<(String, String), Entry>,
}

/// What a flag is set to, and where.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) held: Held,
    pub(crate) line: usize,
}

impl ConfigFile {
    /// The file that is named, or else the one of this folder, if there is one. All of it has to fit the command line.
    pub(crate) fn find(named: Option<PathBuf>, whole: &Command) -> Result<Option<Self>, Failure> {
        let path = named.clone().unwrap_or_else(|| NAME.into());
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(path, &text, whole).map(Some),
            Err(error) if named.is_none() && error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => {
                let what = format!("can't read `{}`: {error}", path.display());
                Err(Failure::new(Code::BadInput, what).hint("name another file with --config or EXSTORE_CONFIG; /dev/null is one that sets nothing"))
            }
        }
    }

    fn parse(path: PathBuf, text: &str, whole: &Command) -> Result<Self, Failure> {
        let mut reader = Reader { text, flags: flags(whole), entries: BTreeMap::new() };
        let read = DeTable::parse(text).map_err(|error| no_toml(&error));
        let read = read.and_then(|table| reader.table(whole, "", table.get_ref()));
        read.map_err(|fault| fault.failure(&path, text))?;
        Ok(Self { path, entries: reader.entries })
    }

    /// What a flag of a command is set to: in the command's table, or at the top.
    pub(crate) fn entry(&self, words: &str, arg: &Arg) -> Option<&Entry> {
        let flag = arg.get_long()?;
        let entry = |words: &str| self.entries.get(&(words.to_owned(), flag.to_owned()));
        let own = if arg.is_global_set() { None } else { entry(words) };
        own.or_else(|| entry("").filter(|_| variables::is_shared(arg)))
    }
}

fn no_toml(error: &toml::de::Error) -> Fault {
    Fault {
        what: format!("this is no TOML: {}", error.message()),
        span: error.span().unwrap_or_default(),
        hint: "a setting is `key = \"value\"`, below the `[command]` that it is for".to_owned(),
    }
}

/// What is wrong with a file, and where.
struct Fault {
    what: String,
    span: Range<usize>,
    hint: String,
}

impl Fault {
    fn failure(self, path: &Path, text: &str) -> Failure {
        let Self { what, span, hint } = self;
        let before = text.get(..span.start).unwrap_or(text);
        let begin = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
        let line = text.get(begin..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let (start, end) = (span.start.saturating_sub(begin), span.end.saturating_sub(begin));
        let place =
            format!("{}:{}:{}", path.display(), line_of(text, span.start), column(line, start));
        Failure::new(Code::BadInput, what)
            .notes(pointed(&place, line, start, end.min(line.len())))
            .hint(hint)
    }
}

/// The line of a place, from 1.
fn line_of(text: &str, place: usize) -> usize {
    let before = text.get(..place).unwrap_or(text);
    before.matches('\n').count().saturating_add(1)
}

/// A key, with its place.
type Key<'a> = Spanned<Cow<'a, str>>;

/// A key and its value.
type Pair<'a, 'b> = (&'a Key<'b>, &'a Spanned<DeValue<'b>>);

struct Reader<'a> {
    text: &'a str,
    /// Every flag that there is, with the words of its command.
    flags: Vec<(String, &'a Arg)>,
    entries: BTreeMap<(String, String), Entry>,
}

impl<'a> Reader<'a> {
    /// Reads the table of a command, in the order of the file.
    fn table(&mut self, command: &Command, words: &str, table: &DeTable<'_>) -> Result<(), Fault> {
        let mut pairs: Vec<Pair<'_, '_>> = table.iter().collect();
        pairs.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in pairs {
            // As the API spells it, or as the flag is.
            let name = key.get_ref().replace('_', "-");
            match (value.get_ref(), command.find_subcommand(&name)) {
                (DeValue::Table(table), Some(below)) => {
                    self.table(below, format!("{words} {name}").trim_start(), table)?;
                }
                _ => {
                    let fit = self.fitting(words, &name);
                    let Some(first) = fit.first() else {
                        return Err(self.unknown(command, words, key));
                    };
                    let held = fit_value(first, &fit, (key, value))?;
                    self.enter(words, name, key, held)?;
                }
            }
        }
        Ok(())
    }

    /// The flags that a key is for: one of the command, or at the top all that share it.
    fn fitting(&self, words: &str, name: &str) -> Vec<&'a Arg> {
        self.keys(words).filter(|arg| arg.get_long() == Some(name)).collect()
    }

    /// The flags that have a key in the table of a command.
    fn keys(&self, words: &str) -> impl Iterator<Item = &'a Arg> {
        let here = move |(at, arg): &&(String, &'a Arg)| match words {
            "" => is_for_all(arg),
            words => at == words && !arg.is_global_set(),
        };
        self.flags.iter().filter(here).map(|(_, arg)| *arg)
    }

    fn enter(&mut self, words: &str, name: String, key: &Key<'_>, held: Held) -> Result<(), Fault> {
        let entry = Entry { held, line: line_of(self.text, key.span().start) };
        if self.entries.insert((words.to_owned(), name), entry).is_none() {
            return Ok(());
        }
        Err(Fault {
            what: format!("`{}` is there twice", key.get_ref()),
            span: key.span(),
            hint: "`-` and `_` are the same in a key: leave one of the two out".to_owned(),
        })
    }

    /// A key that there is not, with the one that may be meant, or where it is one.
    fn unknown(&self, command: &Command, words: &str, key: &Key<'_>) -> Fault {
        let name = key.get_ref().replace('_', "-");
        let known = self.keys(words).filter_map(Arg::get_long);
        let known = known.chain(command.get_subcommands().map(Command::get_name));
        let alike = known.map(|known| (strsim::jaro(known, &name), known));
        let alike = alike.filter(|(alike, _)| ALIKE <= *alike);
        let nearest = alike.max_by(|one, other| one.0.total_cmp(&other.0));
        let elsewhere = self.flags.iter().find(|(_, arg)| arg.get_long() == Some(&*name));
        let hint = if !self.fitting("", &name).is_empty() {
            format!("`{name}` stands at the top of the file, before the first table")
        } else if let Some((_, known)) = nearest {
            format!("did you mean `{}`?", known.replace('-', "_"))
        } else if let Some((at, _)) = elsewhere {
            format!("it is a flag of `exstore {at}`: put it into [{}]", at.replace(' ', "."))
        } else {
            "keys are the flags that `exstore COMMAND --help` lists, in the table [COMMAND]"
                .to_owned()
        };
        let of = if words.is_empty() { "many commands" } else { words };
        Fault { what: format!("`{}` is no flag of {of}", key.get_ref()), span: key.span(), hint }
    }
}

/// What a flag is set to, if all that share it take that.
fn fit_value(first: &Arg, fit: &[&Arg], (key, value): Pair<'_, '_>) -> Result<Held, Fault> {
    let fault =
        |what: String| Fault { what, span: value.span(), hint: example(first, key.get_ref()) };
    let name = key.get_ref();
    let held = held(first, value.get_ref())
        .ok_or_else(|| fault(format!("`{name}` can't be {}", kind(value.get_ref()))))?;
    let fits = fit.iter().try_for_each(|arg| accepted(arg, &held));
    fits.map_err(|why| fault(format!("`{name}` can't be this: {why}")))?;
    Ok(held)
}

/// Whether a flag may stand at the top: it is not one command's, and does not name the file itself.
fn is_for_all(arg: &Arg) -> bool {
    variables::is_shared(arg) && arg.get_id() != "config"
}

/// Each flag of a command and of those below, with the words of its command.
fn flags(whole: &Command) -> Vec<(String, &Arg)> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), whole)];
    while let Some((words, command)) = open.pop() {
        let own = command.get_arguments().filter(|arg| arg.get_long().is_some());
        found.extend(own.map(|arg| (words.clone(), arg)));
        let below =
            |below: &'_ Command| format!("{words} {}", below.get_name()).trim_start().to_owned();
        open.extend(command.get_subcommands().map(|command| (below(command), command)));
    }
    found
}

/// A value of the file as one of the command line, if it is of the right type.
fn held(arg: &Arg, value: &DeValue<'_>) -> Option<Held> {
    match value {
        DeValue::Boolean(on) if is_switch(arg) => Some(Held::Switch(*on)),
        _ if is_switch(arg) => None,
        DeValue::Array(values) => {
            let several = takes_several(arg) || matches!(arg.get_action(), ArgAction::Append);
            let texts = values.iter().map(|value| text(arg, value.get_ref()));
            several.then_some(Held::Texts(texts.collect::<Option<_>>()?))
        }
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)
        | DeValue::Table(_) => Some(Held::Texts(vec![text(arg, value)?])),
    }
}

fn text(arg: &Arg, value: &DeValue<'_>) -> Option<String> {
    let takes_bool = arg.get_value_parser().type_id() == core::any::TypeId::of::<bool>();
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Datetime(time) => Some(time.to_string()),
        DeValue::Boolean(answer) => takes_bool.then(|| answer.to_string()),
        DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

/// What a value is, for whoever wrote it.
fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a time",
        DeValue::Array(_) => "such a list",
        DeValue::Table(_) => "a table",
    }
}

/// How a key is written.
fn example(arg: &Arg, key: &str) -> String {
    let names = arg.get_value_names().unwrap_or_default();
    let value = names.first().map_or_else(|| "VALUE".to_owned(), ToString::to_string);
    let about = arg.get_help().map(|help| format!(": {help}")).unwrap_or_default();
    let value = if is_switch(arg) { "true".to_owned() } else { format!("\"{value}\"") };
    format!("write it as `{key} = {value}`{about}")
}

/// Whether the command line would take it, or why not.
fn accepted(arg: &Arg, held: &Held) -> Result<(), String> {
    let long = arg.get_long().unwrap_or_default().to_owned();
    let mut alone = Arg::new("value")
        .long(long)
        .action(arg.get_action().clone())
        .value_parser(arg.get_value_parser().clone());
    if let Some(count) = arg.get_num_args() {
        alone = alone.num_args(count);
    }
    if let Some(delimiter) = arg.get_value_delimiter() {
        alone = alone.value_delimiter(delimiter);
    }
    let command = Command::new("exstore").no_binary_name(true).arg(alone);
    command.try_get_matches_from(words(arg, held)).map(drop).map_err(|error| why(&error))
}

/// Why a value was refused, in a clause.
fn why(error: &clap::Error) -> String {
    if let Some(source) = core::error::Error::source(error) {
        return source.to_string();
    }
    match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(values)) => format!("it is one of {}", values.join(", ")),
        _ => error.kind().to_string(),
    }
}
