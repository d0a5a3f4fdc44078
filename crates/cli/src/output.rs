//! Data goes to stdout, everything else to stderr.

use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

use crate::colour;

/// How data is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// The server's answer.
    Json,
    /// The items of the server's answer, one a line.
    Jsonl,
}

/// How a command tells what it has found, where it is asked to.
#[derive(clap::Args, Clone, Copy, Debug)]
pub(crate) struct Telling {
    /// How it is written to stdout: for people, or as JSON
    #[arg(
        short,
        long,
        value_enum,
        default_value = "text",
        env = "EXSTORE_OUTPUT",
        hide_possible_values = true,
        value_name = "text|json|jsonl"
    )]
    pub(crate) output: Output,
}

impl Output {
    /// What stdout is for, where nobody said it: a terminal is for people.
    pub(crate) fn of_stdout() -> Self {
        if io::stdout().is_terminal() { Self::Text } else { Self::Json }
    }
}

/// How logs are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum LogFormat {
    /// A line for a person.
    Text,
    /// An object for a program.
    Json,
}

/// A line of data. False when nobody reads any more.
pub(crate) fn out(line: &str) -> bool {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}").and_then(|()| stdout.flush()).is_ok()
}

/// Lines of data. False when nobody reads any more, which is no failure: whoever closed stdout has read enough.
pub(crate) fn lines(lines: impl IntoIterator<Item = String>) -> bool {
    let mut stdout = io::stdout().lock();
    let written = lines.into_iter().try_for_each(|line| writeln!(stdout, "{line}"));
    written.and_then(|()| stdout.flush()).is_ok()
}

/// Data as it is.
pub(crate) fn bytes(data: &[u8]) {
    let mut stdout = io::stdout().lock();
    drop(stdout.write_all(data).and_then(|()| stdout.flush()));
}

/// A line for whoever watches.
pub(crate) fn err(line: &str) {
    // Whoever closed stderr does not want to know.
    drop(writeln!(io::stderr().lock(), "{line}"));
}

/// Logs go to stderr: warnings and errors, or what `RUST_LOG` asks for.
pub(crate) fn log_to_stderr(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colour::on_stderr())
        .with_writer(io::stderr);
    // It is set once, in main; a second time would be refused and change nothing.
    drop(match format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    });
}
