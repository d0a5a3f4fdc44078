//! Fault rules as their users meet them: each effect is made and seen at the client, over both transports, by injected
//! clients and by others.

mod effects;
mod foreign;
mod holds;
mod hostile;
mod streams;

use infostore::Transport;
use serde_json::{Value, json};

use crate::acceptance::site::{Injected, Site};

const TRANSPORTS: [Transport; 2] = [Transport::Pipe, Transport::Tcp];

const RESET: &str = "the server reset the connection";
const CLOSED: &str = "the server closed the connection";

impl Site {
    /// Adds a rule that hits at `stage` until it is taken away; its id.
    fn fault(&self, stage: &str, effect: &Value) -> u64 {
        self.rule(&json!({ "match": { "stage": stage }, "effect": effect }))
    }

    /// Adds a rule that hits once.
    fn fault_once(&self, stage: &str, effect: &Value) -> u64 {
        let once = json!({ "next": 1 });
        self.rule(&json!({ "match": { "stage": stage }, "effect": effect, "schedule": once }))
    }

    /// The same, which disturbs requests.
    fn fault_requests(&self, stage: &str, effect: &Value) -> u64 {
        let place = json!({ "stage": stage, "direction": "to_server" });
        self.rule(&json!({ "match": place, "effect": effect }))
    }

    fn rule(&self, rule: &Value) -> u64 {
        self.post("/faults", rule)["id"].as_u64().expect("an id")
    }

    fn remove(&self, rule: u64) {
        self.delete(&format!("/faults/{rule}"));
    }

    /// Waits until the store is quiescent.
    fn settle(&self) {
        self.post("/clock/advance", &json!({ "by": "0s" }));
    }

    fn wait(&self, by: &str) {
        self.post("/clock/advance", &json!({ "by": by }));
    }

    /// Asks until what it asks `holds`: what foreign clients do arrives when it does.
    fn until(&self, what: &str, holds: impl Fn() -> bool) {
        assert!((0..20_000).any(|_| holds()), "{what}");
    }

    fn until_hits(&self, rule: u64, hits: u64) {
        self.until("the rule hits", || self.counters(rule).1 == hits);
    }

    fn until_deadline(&self, at: &str) {
        self.until(at, || self.get("/clock")["next_deadline"] == at);
    }

    fn until_sessions(&self, sessions: u64) {
        self.until("the sessions end", || self.get("/sessions")["total"] == sessions);
    }

    /// What it has seen and hit.
    fn counters(&self, rule: u64) -> (u64, u64) {
        let rule = self.get(&format!("/faults/{rule}"));
        (rule["seen"].as_u64().expect("a number"), rule["hits"].as_u64().expect("a number"))
    }

    /// Asserts where a client stands, and what it says of that.
    fn stands(&self, client: Injected, state: &str, outcome: impl Into<Value>) {
        assert_eq!(self.state(client), (state.to_owned(), outcome.into()));
    }

    fn is_through(&self, client: Injected) {
        self.stands(client, "connected", Value::Null);
    }

    /// The types of the events so far, but for those of the rules themselves and of the clock.
    fn told(&self) -> Vec<String> {
        let types = self.events("").into_iter().map(|event| event["type"].clone());
        let types = types.map(|kind| kind.as_str().expect("a type").to_owned());
        types.filter(|kind| !kind.starts_with("fault.") && !kind.starts_with("clock.")).collect()
    }
}
