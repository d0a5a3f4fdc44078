//! The token of a control plane: out of a file that nobody else can read, or the environment. It is never an argument, which every
//! program on the machine can see, and no message shows it.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use control::Secret;

use crate::exit::{Code, Failure};

/// Where a token may be instead of in a file.
pub(crate) const VARIABLE: &str = "EXSTORE_TOKEN";

/// More bytes are no token.
const MOST: u64 = 4_096;

/// Where the token is.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct TokenFile {
    /// The file with the server's token, where it wants one; EXSTORE_TOKEN may hold the token itself
    #[arg(
        long,
        global = true,
        env = "EXSTORE_TOKEN_FILE",
        value_name = "FILE",
        help_heading = "Server"
    )]
    token_file: Option<PathBuf>,
}

impl TokenFile {
    /// The token to send, if there is one.
    pub(crate) fn read(&self) -> Result<Option<Secret>, Failure> {
        match &self.token_file {
            Some(path) => open(path).and_then(|file| read(path, file)).map(Some),
            None => of_environment(),
        }
    }
}

/// The token of a server: what the file has, which is made when there is none.
pub(crate) fn of_server(path: Option<&Path>) -> Result<Option<Secret>, Failure> {
    let Some(path) = path else { return of_environment() };
    match make(path) {
        Ok(secret) => Ok(Some(secret)),
        Err(Made::Exists) => open(path).and_then(|file| read(path, file)).map(Some),
        Err(Made::Failed(why)) => Err(bad(path, &why)),
    }
}

enum Made {
    Exists,
    Failed(String),
}

/// Makes a token in a file of its own that nobody else could read at any time.
fn make(path: &Path) -> Result<Secret, Made> {
    let failed = |error: io::Error| Made::Failed(error.to_string());
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = file.map_err(|error| {
        let exists = error.kind() == ErrorKind::AlreadyExists;
        if exists { Made::Exists } else { failed(error) }
    })?;
    let secret = Secret::random().map_err(|error| Made::Failed(error.to_string()))?;
    writeln!(file, "{}", secret.expose()).and_then(|()| file.sync_all()).map_err(failed)?;
    Ok(secret)
}

fn open(path: &Path) -> Result<File, Failure> {
    File::open(path).map_err(|error| bad(path, &error.to_string()))
}

/// Reads the token of an open file, so that what was judged is what is read.
fn read(path: &Path, file: File) -> Result<Secret, Failure> {
    let about = file.metadata().map_err(|error| bad(path, &error.to_string()))?;
    if about.mode() & 0o077 != 0 {
        let what = format!("others can read the token in `{}`", path.display());
        let hint = format!("make it yours alone: chmod 600 {}", path.display());
        return Err(Failure::new(Code::BadInput, what).hint(hint));
    }
    let mut text = String::new();
    let read = file.take(MOST).read_to_string(&mut text);
    read.map_err(|error| bad(path, &error.to_string()))?;
    Secret::parse(&text).map_err(|error| bad(path, &error.to_string()))
}

/// Whether the environment holds a token.
pub(crate) fn is_in_environment() -> bool {
    std::env::var_os(VARIABLE).is_some_and(|text| !text.is_empty())
}

/// No option of the command line: that would show the token among the arguments, and in the help.
fn of_environment() -> Result<Option<Secret>, Failure> {
    let Some(text) = std::env::var_os(VARIABLE).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let secret = text.to_str().map(Secret::parse);
    let why = match secret {
        Some(Ok(secret)) => return Ok(Some(secret)),
        Some(Err(error)) => error.to_string(),
        None => "it is no text".to_owned(),
    };
    Err(Failure::new(Code::Usage, format!("there is no token in {VARIABLE}: {why}")))
}

fn bad(path: &Path, why: &str) -> Failure {
    Failure::new(Code::BadInput, format!("no token in `{}`: {why}", path.display()))
}
