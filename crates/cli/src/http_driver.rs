//! A store that a scenario runs on, over HTTP.

use core::time::Duration;

use clock::{SimTime, format_duration};
use control::Secret;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, json};
use simulator::{
    BuildNumber, BuildView, ClientId, ClientView, ClusterMode, DriverError, Injection, ProcessName,
    RegistryValue, SessionView, StoreDriver, StoreEvent, Transport, ValuePlace,
};

use crate::http::{Client, RequestError, percent_encoded};
use crate::problem::problem_name;

/// Rows asked for at a time: the most that a page holds.
const PAGE: usize = 1_000;

/// The default store of a server.
pub(crate) struct HttpDriver {
    client: Client,
}

/// A page of any list: the last has no `next`, or says that there is no more.
#[derive(Deserialize)]
struct Page<T> {
    items: Vec<T>,
    next: Option<Value>,
    #[serde(default = "yes")]
    more: bool,
}

/// What became of a batch.
#[derive(Deserialize)]
struct Injected {
    items: Vec<InjectedItem>,
}

/// What became of one of its clients.
#[derive(Deserialize)]
struct InjectedItem {
    clients: Vec<InjectedClient>,
    problem: Option<Refused>,
}

#[derive(Deserialize)]
struct InjectedClient {
    id: ClientId,
}

#[derive(Deserialize)]
struct Refused {
    r#type: String,
    detail: String,
}

#[derive(Deserialize)]
struct Clock {
    now: String,
}

fn yes() -> bool {
    true
}

impl HttpDriver {
    /// The store of a server that wants this token, if any.
    pub(crate) fn new(base: &str, token: Option<Secret>) -> Self {
        Self { client: Client::new(base, token) }
    }

    fn post(&self, path: &str, body: &Value) -> Result<(), DriverError> {
        self.client.post::<IgnoredAny>(&path_of(path), body).map(drop).map_err(failed)
    }

    /// A POST that needs no body.
    fn order(&self, path: &str) -> Result<(), DriverError> {
        self.client.post_nothing::<IgnoredAny>(&path_of(path)).map(drop).map_err(failed)
    }

    fn patch(&self, path: &str, body: &Value) -> Result<(), DriverError> {
        self.client.patch::<IgnoredAny>(&path_of(path), body).map(drop).map_err(failed)
    }

    /// Every row of a list, from the first page to the last.
    fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        after: Option<String>,
    ) -> Result<Vec<T>, RequestError> {
        let mut rows = Vec::new();
        let mut after = after;
        loop {
            let after_query = after.map_or_else(String::new, |after| format!("&after={after}"));
            let page: Page<T> =
                self.client.get(&path_of(&format!("{path}?limit={PAGE}{after_query}")))?;
            rows.extend(page.items);
            after = match page.next.filter(|_| page.more) {
                None => return Ok(rows),
                Some(Value::String(next)) => Some(next),
                Some(next) => Some(next.to_string()),
            };
        }
    }
}

impl StoreDriver for HttpDriver {
    fn start_over(&mut self, start: SimTime) -> Result<(), DriverError> {
        self.post("/reset", &json!({ "now": start.to_string() }))
    }

    fn inject(&mut self, clients: &[Injection]) -> Result<Vec<ClientId>, DriverError> {
        let body: Vec<Value> = clients.iter().map(client_body).collect();
        let injected: Injected =
            self.client.post(&path_of("/clients/batch"), &body).map_err(failed)?;
        if let Some(refused) = injected.items.iter().find_map(|item| item.problem.as_ref()) {
            let problem = problem_name(&refused.r#type);
            return Err(DriverError::refused(problem, refused.detail.clone()));
        }
        Ok(injected.items.iter().flat_map(|item| &item.clients).map(|client| client.id).collect())
    }

    fn connect_client(&mut self, client: ClientId) -> Result<(), DriverError> {
        self.post(&format!("/clients/{}/connect", client.0), &json!({}))
    }

    fn disconnect_client(&mut self, client: ClientId) -> Result<(), DriverError> {
        self.post(&format!("/clients/{}/disconnect", client.0), &json!({}))
    }

    fn report(&mut self, client: ClientId, process: &ProcessName) -> Result<(), DriverError> {
        self.post(&format!("/clients/{}/send", client.0), &json!({ "process": process.as_str() }))
    }

    fn touch(&mut self, client: ClientId) -> Result<(), DriverError> {
        self.post(&format!("/clients/{}/send", client.0), &json!({}))
    }

    fn set_value(&mut self, at: &ValuePlace, value: &RegistryValue) -> Result<(), DriverError> {
        self.client.put::<IgnoredAny>(&value_path(at), value).map(drop).map_err(failed)
    }

    fn delete_value(&mut self, at: &ValuePlace) -> Result<(), DriverError> {
        self.client.delete(&value_path(at)).map_err(failed)
    }

    fn install_build(&mut self, build: BuildNumber) -> Result<(), DriverError> {
        self.patch("/build", &json!({ "build": build }))
    }

    fn install_hotfix(&mut self) -> Result<(), DriverError> {
        self.order("/build/install-hotfix")
    }

    fn build(&mut self) -> Result<BuildView, DriverError> {
        self.client.get(&path_of("/build")).map_err(failed)
    }

    fn restart(&mut self) -> Result<(), DriverError> {
        self.order("/restart")
    }

    fn set_cluster(&mut self, mode: ClusterMode) -> Result<(), DriverError> {
        self.patch("/cluster", &json!({ "mode": mode }))
    }

    fn fail_over(&mut self, to: Option<&str>) -> Result<(), DriverError> {
        let body = to.map_or_else(|| json!({}), |to| json!({ "to": to }));
        self.post("/cluster/failover", &body)
    }

    fn advance(&mut self, by: Duration) -> Result<(), DriverError> {
        self.post("/clock/advance", &json!({ "by": format_duration(by) }))
    }

    fn poll_now(&mut self) -> Result<(), DriverError> {
        self.post("/polls", &json!({}))
    }

    fn now(&mut self) -> Result<SimTime, DriverError> {
        let clock: Clock = self.client.get(&path_of("/clock")).map_err(failed)?;
        clock.now.parse().map_err(DriverError::new)
    }

    fn sessions(&mut self) -> Result<Vec<SessionView>, DriverError> {
        self.list("/sessions", None).map_err(failed)
    }

    fn clients(&mut self) -> Result<Vec<ClientView>, DriverError> {
        self.list("/clients", None).map_err(failed)
    }

    fn events_after(&mut self, seq: u64) -> Result<Vec<StoreEvent>, DriverError> {
        self.list("/events", Some(seq.to_string())).map_err(failed)
    }
}

fn path_of(path: &str) -> String {
    format!("/v1/stores/default{path}")
}

/// A refusal keeps the name of its problem.
fn failed(error: RequestError) -> DriverError {
    match error.problem().map(str::to_owned) {
        Some(problem) => DriverError::refused(problem, error),
        None => DriverError::new(error),
    }
}

/// The path of a value of the key that the store polls.
fn value_path(ValuePlace { name, node }: &ValuePlace) -> String {
    let key = percent_encoded(registry_poll::KeyPath::parameters_system().as_str());
    let node = node.as_ref().map(|node| format!("&node={}", percent_encoded(node)));
    let name = percent_encoded(name);
    path_of(&format!("/registry/{key}?value={name}{}", node.unwrap_or_default()))
}

fn client_body(injection: &Injection) -> Value {
    let spec = &injection.spec;
    json!({
        "process": spec.process().map(ProcessName::as_str),
        "client_version": spec.client_version().to_string(),
        "user": spec.user().as_str(),
        "machine": spec.machine().as_str(),
        "mode": spec.mode(),
        "transport": match injection.transport { Transport::Pipe => "pipe", Transport::Tcp => "tcp" },
        "group": injection.group,
    })
}
