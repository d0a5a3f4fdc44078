//! What every flag of a command is set to, and by whom: the command line, then a variable, then `exstore.toml`, then its
//! default. What is set further down gives way to a flag that it can't stand beside.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, FromArgMatches};

use crate::args::Args;
use crate::config_file::ConfigFile;
use crate::exit::Failure;
use crate::variables::{self, is_switch};

/// What a flag holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Held {
    /// Of a flag without a value: whether it is there.
    Switch(bool),
    /// The values of any other; none where it has no default.
    Texts(Vec<String>),
}

/// Who has set a flag.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Source {
    Flag,
    Variable,
    /// The file, in this line.
    File(usize),
    Default,
}

/// What a flag is set to.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// The command that it is of; empty for one of all commands.
    pub(crate) command: String,
    pub(crate) flag: String,
    pub(crate) variable: String,
    pub(crate) held: Held,
    pub(crate) source: Source,
    /// What is put into the command line for it.
    words: Vec<OsString>,
    /// Whether its variable is set, but not heard.
    muted: bool,
}

/// A command line, with what is set elsewhere.
pub(crate) struct Settings {
    typed: Vec<OsString>,
    /// How many of the words name the command.
    place: usize,
    settings: Vec<Setting>,
    /// The file that was read.
    pub(crate) file: Option<ConfigFile>,
}

/// Why a command is not run.
pub(crate) enum Refused {
    /// The command line does not fit, or asks for help; with what to say of flags that are set elsewhere.
    Usage(Box<clap::Error>, Vec<String>),
    /// The file does not fit, or the command fails.
    Failed(Failure),
}

/// A command on the way from the program to the one that is run.
struct Level<'a> {
    command: &'a Command,
    words: String,
}

/// The flags of a command, and those that it shares with others.
struct Flags<'a> {
    levels: &'a [Level<'a>],
    /// The one that is run.
    command: &'a Command,
    matches: &'a ArgMatches,
    file: Option<&'a ConfigFile>,
}

/// Where to look for what a flag is set to, in order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Layer {
    Flag,
    Variable,
    File,
    Default,
}

impl Settings {
    /// Reads a command line, whose first word is the program, with the environment and the file.
    pub(crate) fn read(typed: Vec<OsString>) -> Result<Self, Refused> {
        let whole = variables::command(|_| true);
        let matches = matches_of(&typed)?;
        let (levels, leaf) = levels(&whole, &matches);
        let file = ConfigFile::find(named_file(&matches), &whole).map_err(Refused::Failed)?;
        let Some(Level { command, .. }) = levels.last() else {
            return Ok(Self { typed, place: 1, settings: Vec::new(), file });
        };
        let flags = Flags { levels: &levels, command, matches: leaf, file: file.as_ref() };
        let settings = flags.settings();
        Ok(Self { place: place(&typed, &levels), typed, settings, file })
    }

    /// All flags of the command.
    pub(crate) fn all(&self) -> &[Setting] {
        &self.settings
    }

    /// What a flag of all commands is set to.
    pub(crate) fn of(&self, flag: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.command.is_empty() && setting.flag == flag)
    }

    /// The command line as a whole.
    pub(crate) fn parse(&self) -> Result<Args, Refused> {
        let muted: BTreeSet<&str> = self
            .settings
            .iter()
            .filter(|setting| setting.muted)
            .map(|setting| setting.variable.as_str())
            .collect();
        let mut command = variables::command(|name| !muted.contains(name));
        let (before, after) = self.typed.split_at_checked(self.place).unwrap_or((&self.typed, &[]));
        let added = self.settings.iter().flat_map(|setting| &setting.words);
        let matches = command.try_get_matches_from_mut(before.iter().chain(added).chain(after));
        let args = matches.and_then(|matches| Args::from_arg_matches(&matches));
        args.map_err(|error| {
            let origins = self.origins(&error);
            Refused::Usage(Box::new(error.format(&mut command)), origins)
        })
    }

    /// Whether the command line fits, though something may be missing.
    pub(crate) fn check(&self) -> Result<(), Refused> {
        match self.parse() {
            Err(Refused::Usage(error, _)) if unfinished(&error) => Ok(()),
            parsed => parsed.map(drop),
        }
    }

    /// Where the flags come from that an error is about, if nobody typed them.
    fn origins(&self, error: &clap::Error) -> Vec<String> {
        let named = [ContextKind::InvalidArg, ContextKind::PriorArg]
            .into_iter()
            .filter_map(|kind| error.get(kind));
        let named: Vec<&str> =
            named.flat_map(texts).filter_map(|text| text.split(' ').next()).collect();
        let origin = |setting: &Setting| {
            named.contains(&setting.flag.as_str()).then_some(())?;
            Some(format!("{} is from {}", setting.flag, self.origin(setting)?))
        };
        self.settings.iter().filter_map(origin).collect()
    }

    /// Who has set a flag, where it was neither typed nor left alone.
    pub(crate) fn origin(&self, setting: &Setting) -> Option<String> {
        let file = self.file.as_ref().map(|file| file.path.display());
        match (setting.source, file) {
            (Source::Variable, _) => Some(format!("variable {}", setting.variable)),
            (Source::File(line), Some(file)) => Some(format!("{file} line {line}")),
            (Source::Flag | Source::Default | Source::File(_), _) => None,
        }
    }
}

/// The words of an error's context.
fn texts(value: &ContextValue) -> Vec<&str> {
    if let ContextValue::String(text) = value {
        return vec![text];
    }
    let ContextValue::Strings(texts) = value else { return Vec::new() };
    texts.iter().map(String::as_str).collect()
}

/// What was typed, whatever may be missing: it may be set elsewhere.
fn matches_of(typed: &[OsString]) -> Result<ArgMatches, Refused> {
    let bare = || variables::command(|_| false);
    bare().try_get_matches_from(typed).or_else(|error| {
        if unfinished(&error)
            && let Ok(matches) = bare().ignore_errors(true).try_get_matches_from(typed)
        {
            return Ok(matches);
        }
        // The same again with the variables, for the help.
        let error = variables::command(|_| true).try_get_matches_from(typed).err().unwrap_or(error);
        Err(Refused::Usage(Box::new(error), Vec::new()))
    })
}

/// Whether more flags could make a command line whole.
fn unfinished(error: &clap::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::MissingRequiredArgument
            | ErrorKind::MissingSubcommand
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    )
}

/// The file that a flag or a variable names.
fn named_file(matches: &ArgMatches) -> Option<PathBuf> {
    let typed = matches.get_one::<PathBuf>("config").cloned();
    typed.or_else(|| {
        env::var_os("EXSTORE_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from)
    })
}

/// The commands from the program to the one that was typed, and what was typed of that.
fn levels<'a>(whole: &'a Command, matches: &'a ArgMatches) -> (Vec<Level<'a>>, &'a ArgMatches) {
    let mut levels = vec![Level { command: whole, words: String::new() }];
    let (mut command, mut matches) = (whole, matches);
    while let Some((name, below)) = matches.subcommand() {
        let Some(found) = command.find_subcommand(name) else { break };
        let before = levels.last().map(|level| level.words.as_str()).unwrap_or_default();
        let words = format!("{before} {name}").trim_start().to_owned();
        levels.push(Level { command: found, words });
        (command, matches) = (found, below);
    }
    (levels, matches)
}

/// How many words were typed up to the last that names the command.
fn place(typed: &[OsString], levels: &[Level<'_>]) -> usize {
    let mut names = levels.iter().skip(1).map(|level| level.command.get_name());
    let mut name = names.next();
    let mut is_value = false;
    for (at, word) in typed.iter().enumerate().skip(1) {
        let Some(wanted) = name else { return at };
        if is_value {
            is_value = false;
        } else if word == wanted {
            name = names.next();
        } else {
            let mut flags = levels.iter().flat_map(|level| level.command.get_arguments());
            is_value = flags.any(|arg| takes_next(arg, word));
        }
    }
    typed.len()
}

/// Whether a word is a flag whose value is the next word.
fn takes_next(arg: &Arg, word: &OsStr) -> bool {
    let long = arg.get_long().map(|long| format!("--{long}"));
    let short = arg.get_short().map(|short| format!("-{short}"));
    !is_switch(arg) && [long, short].into_iter().flatten().any(|flag| word == flag.as_str())
}

impl<'a> Flags<'a> {
    fn settings(&self) -> Vec<Setting> {
        let flags = self
            .levels
            .iter()
            .flat_map(|level| level.command.get_arguments().map(move |arg| (level, arg)));
        let flags: Vec<_> = flags.filter(|(_, arg)| arg.get_long().is_some()).collect();
        // Words that are no flags are there when they were typed.
        let mut beside: Vec<&Arg> =
            self.command.get_positionals().filter(|arg| self.is_typed(arg)).collect();
        let mut found: BTreeMap<&str, Setting> = BTreeMap::new();
        for layer in [Layer::Flag, Layer::Variable, Layer::File, Layer::Default] {
            let open = flags.iter().filter(|(_, arg)| !found.contains_key(arg.get_id().as_str()));
            let set =
                open.filter_map(|(level, arg)| Some((*level, *arg, self.held(layer, level, arg)?)));
            let set: Vec<_> = set
                .filter(|(_, arg, _)| {
                    layer == Layer::Default || !beside.iter().any(|other| self.conflict(arg, other))
                })
                .collect();
            beside.extend(
                set.iter()
                    .filter(|(_, _, (held, source))| {
                        *held != Held::Switch(false) && *source != Source::Default
                    })
                    .map(|(_, arg, _)| *arg),
            );
            found.extend(
                set.into_iter()
                    .map(|(level, arg, held)| (arg.get_id().as_str(), setting(level, arg, held))),
            );
        }
        flags.iter().filter_map(|(_, arg)| found.remove(arg.get_id().as_str())).collect()
    }

    /// What a layer says of a flag, if anything.
    fn held(&self, layer: Layer, level: &Level<'_>, arg: &Arg) -> Option<(Held, Source)> {
        match layer {
            Layer::Flag => {
                self.is_typed(arg).then_some(())?;
                let raw = || self.matches.get_raw(arg.get_id().as_str()).into_iter().flatten();
                let texts =
                    || Held::Texts(raw().map(|text| text.to_string_lossy().into_owned()).collect());
                Some((if is_switch(arg) { Held::Switch(true) } else { texts() }, Source::Flag))
            }
            Layer::Variable => {
                let text = set(arg)?.to_string_lossy().into_owned();
                let held = if is_switch(arg) {
                    Held::Switch(!is_off(&text))
                } else {
                    Held::Texts(vec![text])
                };
                Some((held, Source::Variable))
            }
            Layer::File => {
                let entry = self.file?.entry(&level.words, arg)?;
                Some((entry.held.clone(), Source::File(entry.line)))
            }
            Layer::Default => {
                let texts =
                    arg.get_default_values().iter().map(|text| text.to_string_lossy().into_owned());
                let held =
                    if is_switch(arg) { Held::Switch(false) } else { Held::Texts(texts.collect()) };
                Some((held, Source::Default))
            }
        }
    }

    fn is_typed(&self, arg: &Arg) -> bool {
        let id = arg.get_id().as_str();
        // Of a flag that all commands share, only a command line that is whole says it everywhere.
        self.matches.try_contains_id(id).is_ok()
            && self.matches.value_source(id) == Some(ValueSource::CommandLine)
    }

    /// Whether two can't stand beside each other.
    fn conflict(&self, one: &Arg, other: &Arg) -> bool {
        let own = |arg: &Arg| self.command.get_arguments().any(|own| own.get_id() == arg.get_id());
        let refuses = |one: &Arg, other: &Arg| {
            let refused = self.command.get_arg_conflicts_with(one);
            refused.iter().any(|arg| arg.get_id() == other.get_id())
        };
        let mut groups = self.command.get_groups().filter(|group| !(*group).clone().is_multiple());
        let same = groups.any(|group| {
            let has = |arg: &Arg| group.get_args().any(|id| id == arg.get_id());
            has(one) && has(other)
        });
        own(one)
            && own(other)
            && one.get_id() != other.get_id()
            && (same || refuses(one, other) || refuses(other, one))
    }
}

/// A variable that is empty is not set.
fn set(arg: &Arg) -> Option<OsString> {
    env::var_os(arg.get_env()?).filter(|value| !value.is_empty())
}

/// As clap reads it; what is neither on nor off is refused later.
fn is_off(text: &str) -> bool {
    ["n", "no", "f", "false", "off", "0"].iter().any(|off| text.eq_ignore_ascii_case(off))
}

fn setting(level: &Level<'_>, arg: &Arg, (held, source): (Held, Source)) -> Setting {
    let shared = arg.is_global_set();
    let words = if matches!(source, Source::File(_)) { words(arg, &held) } else { Vec::new() };
    let is_off = held == Held::Switch(false);
    let is_set = arg.get_env().is_some_and(|name| env::var_os(name).is_some());
    Setting {
        command: if shared { String::new() } else { level.words.clone() },
        flag: format!("--{}", arg.get_long().unwrap_or_default()),
        variable: arg.get_env().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        held,
        source,
        words,
        // That a switch is off, clap takes for a flag that is there.
        muted: is_set && (source != Source::Variable || is_off) && source != Source::Flag,
    }
}

/// A flag as it is typed.
pub(crate) fn words(arg: &Arg, held: &Held) -> Vec<OsString> {
    let flag = format!("--{}", arg.get_long().unwrap_or_default());
    match held {
        Held::Switch(false) => Vec::new(),
        Held::Switch(true) => vec![flag.into()],
        Held::Texts(texts) if takes_several(arg) => {
            [flag].iter().chain(texts).map(OsString::from).collect()
        }
        Held::Texts(texts) => texts.iter().map(|text| format!("{flag}={text}").into()).collect(),
    }
}

/// Whether one flag has several values, one after the other.
pub(crate) fn takes_several(arg: &Arg) -> bool {
    arg.get_num_args().is_some_and(|count| 1 < count.max_values())
}
