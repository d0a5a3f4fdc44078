//! How a command fails: what it says, what to do next, and the exit code, which scripts rely on.

use std::process::ExitCode;

use crate::colour::label;
use crate::output;
use crate::visible::visible_lines;

/// The exit codes, as `exstore --help` lists them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Code {
    /// 1
    NotMet,
    /// 2
    Usage,
    /// 3
    Unreachable,
    /// 4
    NotFound,
    /// 5
    Conflict,
    /// 6
    NotAuthorised,
    /// 7
    BadInput,
    /// 8
    PartlyFailed,
    /// 70
    Internal,
    /// 130
    Interrupted,
}

/// Listed in the help of every command.
pub(crate) const HELP: &str = "Exit codes: 0 done, 1 an assertion, wait or scenario not met, 2 usage, 3 server unreachable, \
4 not found, 5 conflict, 6 not authorised, 7 bad input file, 8 bulk partly failed, 70 internal, 130 interrupted";

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    code: Code,
    what: String,
    /// More about it, a line each.
    notes: Vec<String>,
    hint: Option<String>,
}

impl Failure {
    pub(crate) fn new(code: Code, what: impl Into<String>) -> Self {
        Self { code, what: what.into(), notes: Vec::new(), hint: None }
    }

    /// An error with its whole chain of sources.
    pub(crate) fn from_error(code: Code, error: &dyn core::error::Error) -> Self {
        let mut what = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            what.push_str(": ");
            what.push_str(&error.to_string());
            source = error.source();
        }
        Self::new(code, what)
    }

    /// More about it, a line each.
    pub(crate) fn notes(mut self, notes: Vec<String>) -> Self {
        self.notes.extend(notes);
        self
    }

    /// The same failure, with another exit code.
    pub(crate) fn with_code(self, code: Code) -> Self {
        Self { code, ..self }
    }

    /// What to do next.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Says why a command failed, and gives its exit code.
pub(crate) fn report(failure: &Failure) -> ExitCode {
    tell(failure);
    exit_code(failure.code)
}

/// Says why something failed, on stderr.
pub(crate) fn tell(failure: &Failure) {
    // Whoever pressed ^C knows what happened.
    if failure.code == Code::Interrupted {
        return;
    }
    output::err(&format!("{} {}", label("error:"), visible_lines(&failure.what)));
    for note in &failure.notes {
        output::err(&format!("  {}", visible_lines(note)));
    }
    if let Some(hint) = &failure.hint {
        output::err(&format!("{} {}", label("hint:"), visible_lines(hint)));
    }
}

/// Prints clap's own message, and where what it is about was set: help goes to stdout and is no failure.
pub(crate) fn usage(error: &clap::Error, origins: &[String]) -> ExitCode {
    let printed = error.print();
    for origin in origins {
        output::err(&format!("{} {}", label("hint:"), visible_lines(origin)));
    }
    if printed.is_err() || error.use_stderr() { exit_code(Code::Usage) } else { ExitCode::SUCCESS }
}

fn exit_code(code: Code) -> ExitCode {
    ExitCode::from(match code {
        Code::NotMet => 1,
        Code::Usage => 2,
        Code::Unreachable => 3,
        Code::NotFound => 4,
        Code::Conflict => 5,
        Code::NotAuthorised => 6,
        Code::BadInput => 7,
        Code::PartlyFailed => 8,
        Code::Internal => 70,
        Code::Interrupted => 130,
    })
}
