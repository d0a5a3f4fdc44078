//! A store of a running server: what every command that talks to one takes, and how it shows what comes back.

use core::fmt::Display;

use control::percent_encoded;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::args::Openapi;
use crate::exit::{Code, Failure, tell};
use crate::http::{Answer, Client, Lines, Method, Payload, RequestError, unknown};
use crate::listing::Page;
use crate::once::Once;
use crate::output::{self, Output};
use crate::progress;
use crate::table::{Column, block, table};
use crate::token::TokenFile;

/// Where the store is, and how to show what it says.
#[derive(clap::Args, Debug)]
pub(crate) struct Target {
    /// The server's control plane
    #[arg(
        long,
        global = true,
        default_value = "http://127.0.0.1:8135",
        env = "EXSTORE_CONTROL",
        value_name = "URL",
        value_parser = control_url,
        help_heading = "Server"
    )]
    control: String,
    /// The store on that server
    #[arg(
        long,
        global = true,
        default_value = "default",
        env = "EXSTORE_STORE",
        value_name = "NAME",
        help_heading = "Server"
    )]
    store: String,
    /// How data is written: for people, the server's JSON, or its items one a line
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        default_value = "text",
        env = "EXSTORE_OUTPUT",
        help_heading = "Server",
        hide_possible_values = true,
        value_name = "text|json|jsonl"
    )]
    output: Output,
    #[command(flatten)]
    token: TokenFile,
}

/// A store, and how to show what it says.
#[derive(Clone)]
pub(crate) struct Remote {
    client: Client,
    store: String,
    pub(crate) output: Output,
    /// What is said of a request that takes long.
    awaited: String,
}

/// Where the server is, for what is about no store of it.
#[derive(clap::Args, Debug)]
pub(crate) struct Server {
    /// The server's control plane
    #[arg(
        long,
        default_value = "http://127.0.0.1:8135",
        env = "EXSTORE_CONTROL",
        value_name = "URL",
        value_parser = control_url
    )]
    control: String,
    #[command(flatten)]
    token: TokenFile,
}

impl Server {
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        Ok(Client::new(&self.control, self.token.read()?))
    }
}

/// A URL that requests can go to.
pub(crate) fn control_url(text: &str) -> Result<String, String> {
    if text.strip_prefix("http://").is_some_and(|rest| !rest.is_empty()) {
        return Ok(text.to_owned());
    }
    Err(format!("`{text}` is no http:// URL; write it as `http://127.0.0.1:8135`"))
}

/// Shows the document that a server describes itself with, as it comes.
pub(crate) fn openapi(args: &Openapi) -> Result<(), Failure> {
    let answer = args.server.client()?.send(Method::Get, "/v1/openapi.json", Payload::Nothing)?;
    output::bytes(&answer.body);
    Ok(())
}

impl Remote {
    pub(crate) fn new(target: &Target) -> Result<Self, Failure> {
        let Target { control, store, output, token } = target;
        Ok(Self {
            client: Client::new(control, token.read()?),
            store: format!("/v1/stores/{}", percent_encoded(store)),
            output: *output,
            awaited: "waiting for the server".to_owned(),
        })
    }

    /// Asks for something of the store; `path` begins below it, and may have a query.
    pub(crate) fn get(&self, path: &str) -> Result<Answer, RequestError> {
        self.send(Method::Get, path, Payload::Nothing)
    }

    pub(crate) fn post(&self, path: &str, body: Value) -> Result<Answer, RequestError> {
        self.send(Method::Post, path, Payload::Json(body))
    }

    pub(crate) fn send(
        &self,
        method: Method,
        path: &str,
        payload: Payload,
    ) -> Result<Answer, RequestError> {
        let path = format!("{}{path}", self.store);
        progress::awaiting(&self.awaited, || self.client.send(method, &path, payload))
    }

    /// The same store, for a change that is made once.
    pub(crate) fn once(&self, once: &Once) -> Self {
        Self { client: self.client.keyed(once.idempotency_key.clone()), ..self.clone() }
    }

    /// The server as a whole: paths begin at its top.
    pub(crate) fn server(&self) -> Self {
        Self { store: String::new(), ..self.clone() }
    }

    /// The same, with what is said of a request that takes long.
    pub(crate) fn awaiting(&self, what: impl Into<String>) -> Self {
        Self { awaited: what.into(), ..self.clone() }
    }

    /// Asks for something of the store that has no end, line by line.
    pub(crate) fn lines(&self, path: &str) -> Result<Lines, RequestError> {
        self.client.lines(&format!("{}{path}", self.store))
    }

    /// Shows an answer, for people as `text` has it.
    pub(crate) fn show(
        &self,
        answer: &Answer,
        text: impl FnOnce(&Value) -> Vec<String>,
    ) -> Result<(), Failure> {
        let items = Page::read(answer).ok().filter(Page::is_list).map(|page| page.items);
        let lines = match (self.output, items) {
            (Output::Text, _) => text(&answer.read()?),
            (Output::Jsonl, Some(items)) => {
                items.into_iter().map(|item| item.get().to_owned()).collect()
            }
            (Output::Json | Output::Jsonl, _) => vec![raw(answer)],
        };
        output::lines(lines);
        Ok(())
    }

    /// Shows an answer that is one thing.
    pub(crate) fn show_block(&self, answer: &Answer, fields: &[Column]) -> Result<(), Failure> {
        self.show(answer, |value| block(fields, value))
    }

    /// Does the same to each of several things, all of them even when one fails. Shows what came back; a thing that is
    /// gone, as a note that `done` makes.
    pub(crate) fn each<T: Display>(
        &self,
        ids: &[T],
        columns: &[Column],
        done: &str,
        act: impl Fn(&T) -> Result<Answer, RequestError>,
    ) -> Result<(), Failure> {
        let mut failures = Vec::new();
        let mut answers = Vec::new();
        let all = progress::steps(done, ids.len(), |bar| {
            for id in ids {
                match act(id) {
                    Ok(answer) if answer.body.is_empty() => {
                        bar.suspend(|| self.note(&format!("{id}: {done}")));
                    }
                    Ok(answer) => answers.push(answer),
                    // Nobody will answer for the others either.
                    Err(error @ RequestError::Unreachable { .. }) => return Err(error),
                    Err(error) => failures.push(Failure::from(error)),
                }
                bar.inc(1);
            }
            Ok(())
        });
        all?;
        self.show_each(&answers, columns)?;
        partly(failures, ids.len())
    }

    fn show_each(&self, answers: &[Answer], columns: &[Column]) -> Result<(), Failure> {
        let lines = match (self.output, answers) {
            (_, []) => Vec::new(),
            (Output::Text, answers) => {
                let values: Result<Vec<Value>, _> = answers.iter().map(Answer::read).collect();
                table(columns, &values?)
            }
            (Output::Json, [_, _, ..]) => {
                let items: Vec<String> = answers.iter().map(raw).collect();
                vec![format!("{{\"items\":[{}]}}", items.join(","))]
            }
            (Output::Json | Output::Jsonl, answers) => answers.iter().map(raw).collect(),
        };
        output::lines(lines);
        Ok(())
    }

    /// A word for people, who may be watching; it is no data.
    pub(crate) fn note(&self, text: &str) {
        if self.output == Output::Text {
            output::err(text);
        }
    }
}

/// The failure of a command that did several things, some of which failed.
pub(crate) fn partly(failures: Vec<Failure>, of: usize) -> Result<(), Failure> {
    let failed = failures.len();
    let mut failures = failures;
    match failures.pop() {
        None => Ok(()),
        Some(last) => {
            failures.iter().for_each(tell);
            Err(if failed < of { last.with_code(Code::PartlyFailed) } else { last })
        }
    }
}

/// The body as it came, as a line.
fn raw(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).trim_end().to_owned()
}

/// A value that was kept as text.
pub(crate) fn value(raw: &RawValue) -> Result<Value, RequestError> {
    serde_json::from_str(raw.get()).map_err(|error| unknown(&error))
}
