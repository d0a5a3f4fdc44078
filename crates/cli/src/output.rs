//! Data goes to stdout, everything else to stderr.

use std::io::{self, Write};

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

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

/// A line for whoever watches.
pub(crate) fn err(line: &str) {
    // Whoever closed stderr does not want to know.
    drop(writeln!(io::stderr().lock(), "{line}"));
}

/// Logs go to stderr: warnings and errors, or what `RUST_LOG` asks for.
pub(crate) fn log_to_stderr(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    // It is set once, in main; a second time would be refused and change nothing.
    drop(match format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    });
}
