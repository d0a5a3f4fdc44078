//! How a command fails: what it says, what to do next, and the exit code, which scripts rely on.

use std::process::ExitCode;

use crate::output;

/// The exit codes, as `exstore --help` lists them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Code {
    /// 1
    NotMet,
    /// 2
    Usage,
    /// 3
    Unreachable,
    /// 7
    BadInput,
    /// 70
    Internal,
}

/// Listed in the help of every command.
pub(crate) const HELP: &str = "Exit codes: 0 done, 1 an assertion or scenario not met, 2 usage, 3 server unreachable, \
7 bad input file, 70 internal";

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    code: Code,
    what: String,
    hint: Option<String>,
}

impl Failure {
    pub(crate) fn new(code: Code, what: impl Into<String>) -> Self {
        Self { code, what: what.into(), hint: None }
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

    /// What to do next.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Says why a command failed, and gives its exit code.
pub(crate) fn report(failure: &Failure) -> ExitCode {
    output::err(&format!("error: {}", failure.what));
    if let Some(hint) = &failure.hint {
        output::err(&format!("hint: {hint}"));
    }
    exit_code(failure.code)
}

/// Prints clap's own message: help goes to stdout and is no failure.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    if error.print().is_err() || error.use_stderr() {
        exit_code(Code::Usage)
    } else {
        ExitCode::SUCCESS
    }
}

fn exit_code(code: Code) -> ExitCode {
    ExitCode::from(match code {
        Code::NotMet => 1,
        Code::Usage => 2,
        Code::Unreachable => 3,
        Code::BadInput => 7,
        Code::Internal => 70,
    })
}
