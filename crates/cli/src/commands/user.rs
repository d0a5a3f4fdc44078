//! `exstore user`: whom the store knows. A password is in a file or comes by stdin: the arguments of a program are there for everybody
//! on the machine to read.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use control::percent_encoded;
use serde_json::{Map, Value};

use crate::exit::{Code, Failure};
use crate::http::{Method, Payload};
use crate::listing::{self, Part};
use crate::remote::{Remote, Target};
use crate::table::{Column, number, text};

pub(super) const EXAMPLES: &str = "  exstore user set alice --password-file alice.password
  exstore user set root --nt-hash-file root.hash --admin
  exstore user list
  exstore user delete alice";

/// More bytes are no password.
const MOST: u64 = 4_096;

/// What `user` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct User {
    #[command(flatten)]
    target: Target,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// List the users, by name
    List(Part),
    /// Show a user; its password is shown nowhere
    #[command(alias = "get")]
    Show {
        /// The user's name
        name: String,
    },
    /// Add a user, or set the one of this name, which keeps its password where none is given
    #[command(alias = "put")]
    Set(Set),
    /// Take users away; the sessions that they have opened stay
    Delete {
        /// The users' names
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
}

#[derive(clap::Args, Debug)]
struct Set {
    /// The user's name, without its domain
    name: String,
    /// The file with the user's password, which is the first line; `-` is stdin
    #[arg(long, value_name = "FILE", conflicts_with = "nt_hash_file")]
    password_file: Option<PathBuf>,
    /// The file with the NT hash of the user's password, 32 hexadecimal digits; `-` is stdin
    #[arg(long, value_name = "FILE")]
    nt_hash_file: Option<PathBuf>,
    /// The user's legacyExchangeDN; made of its name unless told
    #[arg(long, value_name = "DN")]
    dn: Option<String>,
    /// Let the user ask for the rights of an administrator, and open everybody's mailbox
    #[arg(long)]
    admin: bool,
}

const COLUMNS: [Column; 5] = [
    text("NAME", "name"),
    text("DOMAIN", "domain"),
    text("ADMIN", "admin"),
    number("REVISION", "revision"),
    text("DN", "dn"),
];

const FIELDS: [Column; 5] = [
    text("name", "name"),
    text("domain", "domain"),
    text("admin", "admin"),
    text("revision", "revision"),
    text("dn", "dn"),
];

pub(super) fn run(args: &User) -> Result<(), Failure> {
    let remote = Remote::new(&args.target)?;
    match &args.verb {
        Verb::List(part) => listing::show_table(&remote, "/users", part, &COLUMNS),
        Verb::Show { name } => remote.show_block(&remote.get(&path(name))?, &FIELDS),
        Verb::Set(set) => {
            let body = Payload::Json(set.body()?);
            remote.show_block(&remote.send(Method::Put, &path(&set.name), body)?, &FIELDS)
        }
        Verb::Delete { names } => remote.each(names, &COLUMNS, "deleted", |name| {
            remote.send(Method::Delete, &path(name), Payload::Nothing)
        }),
    }
}

fn path(name: &str) -> String {
    format!("/users/{}", percent_encoded(name))
}

impl Set {
    fn body(&self) -> Result<Value, Failure> {
        let mut body = Map::new();
        let secrets = [("password", &self.password_file), ("nt_hash", &self.nt_hash_file)];
        for (field, file) in secrets {
            if let Some(file) = file {
                body.insert(field.to_owned(), first_line(file)?.into());
            }
        }
        if let Some(dn) = &self.dn {
            body.insert("dn".to_owned(), dn.as_str().into());
        }
        body.insert("admin".to_owned(), self.admin.into());
        Ok(Value::Object(body))
    }
}

/// The first line of a file, or of stdin.
fn first_line(path: &Path) -> Result<String, Failure> {
    let is_stdin = path == Path::new("-");
    let name = if is_stdin { "stdin".to_owned() } else { format!("`{}`", path.display()) };
    let mut text = String::new();
    let read = if is_stdin {
        io::stdin().lock().take(MOST).read_to_string(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(MOST).read_to_string(&mut text))
    };
    read.map_err(|error| Failure::new(Code::BadInput, format!("can't read {name}: {error}")))?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        _ => Err(Failure::new(Code::BadInput, format!("there is no password in {name}"))),
    }
}
