//! A test's store.

use std::fmt;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use simulator::{StoreEvent, report};

use crate::builder::Builder;
use crate::client::{Advanced, Client, InjectedClient, Session};
use crate::plane::Plane;

/// Rows asked for at a time: the most that a page holds.
const PAGE: usize = 1_000;

/// A store of a test's own. It is deleted when this is dropped; when the test is panicking, its timeline is printed first.
#[derive(Debug)]
pub struct Store {
    name: String,
    rpc: Option<SocketAddr>,
}

/// What a store said when it refused a request.
#[derive(Clone, PartialEq, Debug)]
pub struct Refused {
    /// The HTTP status.
    pub status: u16,
    /// The stable name of the problem, such as `clock-backwards`.
    pub problem: String,
    /// The problem as RFC 9457 has it.
    pub document: Value,
}

impl Store {
    /// A store with a manual clock at 2006-04-22T08:00:00Z, the build of the hotfix, and no port.
    ///
    /// # Panics
    /// When the process has no room for another.
    #[must_use]
    #[track_caller]
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// A store that is set up otherwise.
    pub fn builder() -> Builder {
        Builder::default()
    }

    #[track_caller]
    pub(crate) fn create(mut fields: Map<String, Value>) -> Self {
        let plane = Plane::shared();
        let name = name_of_the_test(plane.next_number());
        fields.insert("name".to_owned(), json!(name));
        let answer = plane.request("POST", "/v1/stores", Some(&Value::Object(fields)));
        if !answer.status.is_success() {
            fail(&format!(
                "the store does not start: {}",
                Refused::new(answer.status.as_u16(), answer.body)
            ));
        }
        let rpc = answer.body.get("rpc").and_then(Value::as_str);
        Self { name, rpc: rpc.and_then(|address| address.parse().ok()) }
    }

    /// Its name in this process, for whoever reaches it through [`Store::control_url`]: the test's, and a number.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where MAPI clients reach it, when it was started with [`Builder::rpc`].
    #[must_use]
    pub fn rpc_address(&self) -> Option<SocketAddr> {
        self.rpc
    }

    /// The URL of the control plane of this process, for programs that come in from outside: `EXSTORE_CONTROL`, where
    /// `EXSTORE_STORE` is [`Store::name`]. Its port is opened when it is first asked for.
    ///
    /// # Panics
    /// When no port can be had.
    #[must_use]
    #[track_caller]
    pub fn control_url(&self) -> String {
        Plane::shared().url().to_owned()
    }

    /// Injects a client, which connects at once: by the name of its program, or a [`Client`].
    ///
    /// # Panics
    /// When there can be no such client. One that is not admitted is no reason: its state says so.
    #[track_caller]
    pub fn inject(&self, client: impl Into<Client>) -> InjectedClient {
        self.typed("POST", "/clients", Some(&json!(client.into())))
    }

    /// Injects so many of a client.
    ///
    /// # Panics
    /// As [`Store::inject`] does.
    #[track_caller]
    pub fn inject_many(&self, client: impl Into<Client>, count: usize) -> Vec<InjectedClient> {
        let mut body = json!(client.into());
        if let Some(fields) = body.as_object_mut() {
            fields.insert("count".to_owned(), json!(count));
        }
        let mut injected = self.accepted("POST", "/clients", Some(&body));
        // One comes by itself.
        match injected.get_mut("items").map(Value::take) {
            Some(many) => read(many),
            None => vec![read(injected)],
        }
    }

    /// An injected client as it stands.
    ///
    /// # Panics
    /// When there is none of this number.
    #[must_use]
    #[track_caller]
    pub fn client(&self, id: u64) -> InjectedClient {
        self.typed("GET", &format!("/clients/{id}"), None)
    }

    /// Has a client connect again.
    ///
    /// # Panics
    /// When there is none of this number.
    #[track_caller]
    pub fn connect(&self, id: u64) -> InjectedClient {
        self.typed("POST", &format!("/clients/{id}/connect"), None)
    }

    /// The injected clients, in the order of their injection.
    ///
    /// # Panics
    /// When the store is no more.
    #[must_use]
    #[track_caller]
    pub fn clients(&self) -> Vec<InjectedClient> {
        self.list("/clients")
    }

    /// The live sessions, oldest first.
    ///
    /// # Panics
    /// When the store is no more.
    #[must_use]
    #[track_caller]
    pub fn sessions(&self) -> Vec<Session> {
        self.list("/sessions")
    }

    /// Everything that the journal keeps, oldest first.
    ///
    /// # Panics
    /// When the store is no more.
    #[must_use]
    #[track_caller]
    pub fn events(&self) -> Vec<StoreEvent> {
        self.list("/events")
    }

    /// Writes `Disable MAPI Client Processes`, which the store heeds from its next poll on.
    ///
    /// # Panics
    /// When the registry refuses it.
    #[track_caller]
    pub fn block_processes(&self, list: &str) {
        self.accepted("PUT", "/block-lists/processes", Some(&json!({ "data": list })));
    }

    /// Writes `Disable MAPI Clients`, which the store heeds from its next poll on.
    ///
    /// # Panics
    /// When the registry refuses it.
    #[track_caller]
    pub fn block_versions(&self, list: &str) {
        self.accepted("PUT", "/block-lists/versions", Some(&json!({ "data": list })));
    }

    /// Deletes both lists; the store heeds it from its next poll on.
    ///
    /// # Panics
    /// When the registry refuses it.
    #[track_caller]
    pub fn unblock(&self) {
        for list in ["processes", "versions"] {
            match self.request("DELETE", &format!("/block-lists/{list}"), None) {
                Err(refused) if refused.status != 404 => fail(&refused.to_string()),
                Ok(_) | Err(_) => {}
            }
        }
    }

    /// Polls the registry now; the schedule stays as it is.
    ///
    /// # Panics
    /// When the service has stopped.
    #[track_caller]
    pub fn poll(&self) {
        self.accepted("POST", "/polls", None);
    }

    /// Moves time by so much; everything due on the way happens at its own instant.
    ///
    /// # Panics
    /// When the clock is not manual.
    #[track_caller]
    pub fn advance(&self, by: Duration) -> Advanced {
        self.advanced(&json!({ "by": clock::format_duration(by) }))
    }

    /// Moves time to this instant, RFC 3339.
    ///
    /// # Panics
    /// When the clock is not manual, or the instant has passed.
    #[track_caller]
    pub fn advance_to(&self, instant: &str) -> Advanced {
        self.advanced(&json!({ "to": instant }))
    }

    /// Moves time to the next poll of the registry, which has ended when this returns.
    ///
    /// # Panics
    /// When the clock is not manual, or the service has stopped.
    #[track_caller]
    pub fn advance_to_next_poll(&self) -> Advanced {
        self.advanced(&json!({ "next": "poll" }))
    }

    #[track_caller]
    fn advanced(&self, body: &Value) -> Advanced {
        self.typed("POST", "/clock/advance", Some(body))
    }

    /// Waits for what `POST /waits` takes as a body; gives the evidence.
    ///
    /// # Panics
    /// When it is not met, with what was last seen, the nearest misses and the timeline.
    #[track_caller]
    pub fn wait(&self, body: &Value) -> Value {
        self.accepted("POST", "/waits", Some(body))
    }

    /// Sees whether what `POST /assertions` takes as a body holds now; gives the evidence.
    ///
    /// # Panics
    /// When it does not, with what was seen, the nearest misses and the timeline.
    #[track_caller]
    pub fn assert(&self, body: &Value) -> Value {
        self.accepted("POST", "/assertions", Some(body))
    }

    /// Any request of the control plane; the path begins below the store, as `/policy/explain` does.
    ///
    /// # Errors
    /// [`Refused`], with the problem that the store answered.
    pub fn request(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Refused> {
        let answer =
            Plane::shared().request(method, &format!("/v1/stores/{}{path}", self.name), body);
        if answer.status.is_success() {
            return Ok(answer.body);
        }
        Err(Refused::new(answer.status.as_u16(), answer.body))
    }

    /// What happened in the store and why, a line each.
    #[must_use]
    pub fn timeline(&self) -> String {
        // A store that is no more has nothing to tell.
        let events = self.pages("/events").unwrap_or_default();
        let events = events.into_iter().filter_map(|event| serde_json::from_value(event).ok());
        report(&self.name, &events.collect::<Vec<_>>())
    }

    #[track_caller]
    fn accepted(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        match self.request(method, path, body) {
            Ok(answer) => answer,
            // The timeline comes when the store is dropped.
            Err(refused) => fail(&format!("{method} {path}: {refused}")),
        }
    }

    #[track_caller]
    fn typed<T: DeserializeOwned>(&self, method: &str, path: &str, body: Option<&Value>) -> T {
        read(self.accepted(method, path, body))
    }

    #[track_caller]
    fn list<T: DeserializeOwned>(&self, path: &str) -> Vec<T> {
        match self.pages(path) {
            Ok(items) => items.into_iter().map(read).collect(),
            Err(refused) => fail(&format!("GET {path}: {refused}")),
        }
    }

    /// Every item of a list, from the first page to the last.
    fn pages(&self, path: &str) -> Result<Vec<Value>, Refused> {
        let mut items = Vec::new();
        let mut after = String::new();
        loop {
            let page = self.request("GET", &format!("{path}?limit={PAGE}{after}"), None)?;
            let Value::Object(mut page) = page else { return Ok(items) };
            if let Some(Value::Array(more)) = page.remove("items") {
                items.extend(more);
            }
            let is_last = page.get("more").is_some_and(|more| more == false);
            after = match page.get("next") {
                Some(Value::String(next)) if !is_last => format!("&after={next}"),
                Some(Value::Number(next)) if !is_last => format!("&after={next}"),
                _ => return Ok(items),
            };
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if thread::panicking() {
            show(&self.timeline());
        }
        // It may have been deleted over HTTP already.
        drop(self.request("DELETE", "", None));
    }
}

impl Refused {
    fn new(status: u16, document: Value) -> Self {
        let kind = document.get("type").and_then(Value::as_str).unwrap_or_default();
        let problem = kind.rsplit('/').next().unwrap_or_default().to_owned();
        Self { status, problem, document }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |name: &str| self.document.get(name).and_then(Value::as_str);
        write!(f, "{} ({}): {}", self.problem, self.status, text("detail").unwrap_or_default())?;
        match text("hint") {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl core::error::Error for Refused {}

#[track_caller]
fn read<T: DeserializeOwned>(value: Value) -> T {
    match serde_json::from_value(value) {
        Ok(read) => read,
        Err(error) => fail(&format!("the answer is not as this crate knows it: {error}")),
    }
}

/// The name of the thread, which is the test's in Rust's own harness, in characters that a store's name may have.
fn name_of_the_test(number: u64) -> String {
    const ROOM: usize = 48;
    let thread = thread::current();
    let test = thread.name().unwrap_or("test").replace("::", ".");
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let fitting: Vec<char> = test.chars().filter(|c| fits(*c)).collect();
    let last: String =
        fitting.into_iter().rev().take(ROOM).collect::<Vec<_>>().into_iter().rev().collect();
    format!("t{number}.{last}")
}

#[expect(clippy::panic, reason = "a test stops at the first surprise, and that is its report")]
#[track_caller]
fn fail(why: &str) -> ! {
    panic!("{why}")
}

/// To the test's report: the harness takes what is printed so, and shows it when the test has failed.
#[expect(clippy::print_stderr, reason = "the report of a test is printed")]
fn show(text: &str) {
    eprint!("{text}");
}
