//! Colours: where a terminal shows them, unless somebody says otherwise. They tell nothing that the words do not.

use std::ffi::OsString;
use std::{env, io};

use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum;
use clap::builder::styling::{AnsiColor, Style};

use crate::settings::{Held, Settings};

/// When to write in colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal; NO_COLOR and CLICOLOR_FORCE are heard
    Auto,
    /// Always, also into a file
    Always,
    /// Never
    Never,
}

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();
const HEAD: Style = Style::new().bold();

impl Color {
    /// What is wished for by a flag or the variable, before it is known what the command line means.
    pub(crate) fn wished(typed: &[OsString]) -> Self {
        let words: Vec<&str> = typed.iter().map_while(|word| word.to_str()).collect();
        let joined = words.iter().find_map(|word| word.strip_prefix("--color="));
        let apart = words.iter().zip(words.iter().skip(1)).find(|(word, _)| **word == "--color");
        let flag = joined.or_else(|| apart.map(|(_, wish)| *wish)).map(str::to_owned);
        let wish = flag.or_else(|| env::var_os("EXSTORE_COLOR")?.into_string().ok());
        Self::named(&wish.unwrap_or_default())
    }

    /// What is set.
    pub(crate) fn of(settings: &Settings) -> Self {
        let held = settings.of("--color").map(|setting| &setting.held);
        let Some(Held::Texts(texts)) = held else { return Self::Auto };
        Self::named(&texts.concat())
    }

    /// What is none of them is refused when the command line is read.
    fn named(name: &str) -> Self {
        Self::from_str(name, false).unwrap_or(Self::Auto)
    }

    /// Has everything that is written from now on be so.
    pub(crate) fn choose(self) {
        let choice = match self {
            Self::Auto => ColorChoice::Auto,
            Self::Always => ColorChoice::Always,
            Self::Never => ColorChoice::Never,
        };
        choice.write_global();
    }
}

/// Whether stderr is for colours.
pub(crate) fn on_stderr() -> bool {
    AutoStream::choice(&io::stderr()) != ColorChoice::Never
}

fn on_stdout() -> bool {
    AutoStream::choice(&io::stdout()) != ColorChoice::Never
}

/// The word that begins what is said of a failure, for stderr.
pub(crate) fn label(word: &str) -> String {
    let style = match word {
        "error:" => ERROR,
        "warning:" => WARNING,
        _ => HINT,
    };
    painted(style, word, on_stderr())
}

/// The head of a table, for stdout.
pub(crate) fn head(line: &str) -> String {
    painted(HEAD, line, on_stdout())
}

fn painted(style: Style, text: &str, is_painted: bool) -> String {
    if is_painted { format!("{style}{text}{style:#}") } else { text.to_owned() }
}
