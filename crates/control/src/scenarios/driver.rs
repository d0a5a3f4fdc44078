//! A store that a scenario runs on: what the runner asks for, as requests to a control plane.

use clock::{SimTime, format_duration};
use registry_poll::KeyPath;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Map, Value, json};
use simulator::{
    Apply, BlockList, BuildNumber, BuildView, ClientId, ClientState, ClientTally, ClockView,
    ClusterMode, DriverError, FaultRule, Fleet, Injection, OfProcess, PolicyMode, PolicyView,
    PollView, ProcessName, RegistryValue, Selection, SnapshotId, StoreDriver, StoreEvent,
    StoreTable, Transport, ValuePlace, Wait, Waited,
};

use super::plane::{ControlPlane, PlaneRequest, Verb, problem_name};
use crate::percent::percent_encoded;

/// Rows asked for at a time: the most that a page holds.
const PAGE: usize = 1_000;

/// What a wait may take of the wall's time unless told.
const WAIT_TIMEOUT: &str = "60s";

/// A store of a control plane, on which scenarios are played.
#[derive(Clone, Debug)]
pub struct ScenarioDriver<P> {
    plane: P,
    /// The path of the store.
    store: String,
    /// The place in the journal after the events that were handed over last.
    cursor: Option<String>,
}

/// A page of a list: the last has no `next`.
#[derive(Deserialize)]
struct Page<T> {
    items: Vec<T>,
    next: Option<Value>,
}

/// A page of the journal.
#[derive(Deserialize)]
struct Events {
    items: Vec<StoreEvent>,
    next: String,
    more: bool,
}

/// What became of many clients.
#[derive(Deserialize)]
struct Many<T> {
    items: Vec<T>,
}

/// What became of an item of a batch, or of a client that was told something.
#[derive(Deserialize)]
struct OneOfMany {
    #[serde(default)]
    clients: Vec<InjectedClient>,
    problem: Option<Refused>,
}

#[derive(Deserialize)]
struct InjectedClient {
    id: ClientId,
}

/// A fleet that was injected.
#[derive(Deserialize)]
struct Deployed {
    groups: Vec<DeployedGroup>,
}

#[derive(Deserialize)]
struct DeployedGroup {
    name: String,
    first: u64,
    connections: u64,
}

#[derive(Deserialize)]
struct Refused {
    r#type: String,
    detail: String,
}

#[derive(Deserialize)]
struct Clock {
    now: String,
    next_deadline: Option<String>,
}

#[derive(Deserialize)]
struct Schedule {
    next: Option<String>,
}

#[derive(Deserialize)]
struct Counted {
    conditions: Vec<Condition>,
}

#[derive(Deserialize)]
struct Condition {
    count: Option<u64>,
}

#[derive(Deserialize)]
struct ListedClient {
    process: Option<String>,
    client_version: String,
    group: Option<String>,
    state: ClientState,
    outcome: Option<String>,
}

#[derive(Deserialize)]
struct List {
    lints: Vec<Lint>,
}

#[derive(Deserialize)]
struct Lint {
    code: String,
}

#[derive(Deserialize)]
struct Numbered {
    id: u64,
}

impl<P: ControlPlane> ScenarioDriver<P> {
    /// The store of this name.
    pub fn new(plane: P, store: &str) -> Self {
        Self { plane, store: format!("/v1/stores/{}", percent_encoded(store)), cursor: None }
    }

    fn call<T: DeserializeOwned>(
        &mut self,
        verb: Verb,
        path: &str,
        body: Option<Value>,
    ) -> Result<T, DriverError> {
        let path = format!("{}{path}", self.store);
        let answer = self.plane.call(&PlaneRequest { verb, path, body })?;
        serde_json::from_slice(&answer).map_err(|error| {
            DriverError::new(format!("the answer is not the one that this program knows: {error}"))
        })
    }

    fn get<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, DriverError> {
        self.call(Verb::Get, path, None)
    }

    /// Tells the store something whose answer is of no interest.
    fn tell(&mut self, verb: Verb, path: &str, body: Option<Value>) -> Result<(), DriverError> {
        self.call::<IgnoredAny>(verb, path, body).map(drop)
    }

    fn delete(&mut self, path: &str) -> Result<(), DriverError> {
        let path = format!("{}{path}", self.store);
        // Some answer with what is left, some with nothing.
        self.plane.call(&PlaneRequest { verb: Verb::Delete, path, body: None }).map(drop)
    }

    /// Hands each row of a list over, from the first page to the last.
    fn each<T: DeserializeOwned>(
        &mut self,
        path: &str,
        mut see: impl FnMut(T),
    ) -> Result<(), DriverError> {
        let mut after = String::new();
        loop {
            let page: Page<T> = self.get(&format!("{path}?limit={PAGE}{after}"))?;
            page.items.into_iter().for_each(&mut see);
            match page.next {
                None => return Ok(()),
                Some(Value::String(next)) => after = format!("&after={}", percent_encoded(&next)),
                Some(next) => after = format!("&after={next}"),
            }
        }
    }

    /// How many there are, counted by the store.
    fn count(&mut self, select: &str, which: &Selection) -> Result<u64, DriverError> {
        let any = json!({ "at_least": 0 });
        let state = json!({ "select": select, "where": tests(which), "count": any });
        let body = json!({ "until": { "state": state } });
        let counted: Counted = self.call(Verb::Post, "/assertions", Some(body))?;
        let count = counted.conditions.first().and_then(|condition| condition.count);
        count.ok_or_else(|| DriverError::new("the store did not say how many there are"))
    }

    fn all(&mut self, path: &str, clients: &[ClientId]) -> Result<(), DriverError> {
        let told: Many<OneOfMany> = self.call(Verb::Post, path, Some(json!(clients)))?;
        first_refusal(&told.items)
    }
}

impl<P: ControlPlane> StoreDriver for ScenarioDriver<P> {
    fn start_over(&mut self, start: SimTime) -> Result<(), DriverError> {
        self.cursor = None;
        self.tell(Verb::Post, "/reset", Some(json!({ "now": start.to_string() })))
    }

    fn inject(&mut self, clients: &[Injection]) -> Result<Vec<ClientId>, DriverError> {
        let body = clients.iter().map(client_body).collect();
        let injected: Many<OneOfMany> = self.call(Verb::Post, "/clients/batch", Some(body))?;
        first_refusal(&injected.items)?;
        Ok(injected.items.iter().flat_map(|item| &item.clients).map(|client| client.id).collect())
    }

    fn deploy(&mut self, fleet: &Fleet) -> Result<Vec<(String, Vec<ClientId>)>, DriverError> {
        let deployed: Deployed = self.call(Verb::Post, "/fleets", Some(json!(fleet)))?;
        let groups =
            deployed.groups.into_iter().map(|DeployedGroup { name, first, connections }| {
                let ids = first..first.saturating_add(connections);
                (name, ids.map(ClientId).collect())
            });
        Ok(groups.collect())
    }

    fn connect_clients(&mut self, clients: &[ClientId]) -> Result<(), DriverError> {
        self.all("/clients/batch/connect", clients)
    }

    fn disconnect_clients(&mut self, clients: &[ClientId]) -> Result<(), DriverError> {
        self.all("/clients/batch/disconnect", clients)
    }

    fn report(&mut self, client: ClientId, process: &ProcessName) -> Result<(), DriverError> {
        let body = json!({ "process": process.as_str() });
        self.tell(Verb::Post, &format!("/clients/{}/send", client.0), Some(body))
    }

    fn touch(&mut self, client: ClientId) -> Result<(), DriverError> {
        self.tell(Verb::Post, &format!("/clients/{}/send", client.0), Some(json!({})))
    }

    fn set_value(&mut self, at: &ValuePlace, value: &RegistryValue) -> Result<(), DriverError> {
        self.tell(Verb::Put, &value_path(at), Some(json!(value)))
    }

    fn delete_value(&mut self, at: &ValuePlace) -> Result<(), DriverError> {
        self.delete(&value_path(at))
    }

    fn block(&mut self, list: BlockList, text: &str, apply: Apply) -> Result<(), DriverError> {
        self.tell(Verb::Put, &list_path(list, apply), Some(json!({ "data": text })))
    }

    fn unblock(&mut self, list: BlockList, apply: Apply) -> Result<(), DriverError> {
        self.delete(&list_path(list, apply))
    }

    fn set_policy_mode(&mut self, mode: PolicyMode) -> Result<(), DriverError> {
        self.tell(Verb::Patch, "/policy/mode", Some(json!({ "mode": mode })))
    }

    fn change_settings(&mut self, settings: &StoreTable) -> Result<(), DriverError> {
        self.tell(Verb::Patch, "", Some(json!(settings)))
    }

    fn add_fault(&mut self, rule: &FaultRule) -> Result<(), DriverError> {
        self.tell(Verb::Post, "/faults", Some(json!(rule)))
    }

    fn clear_faults(&mut self) -> Result<(), DriverError> {
        let mut ids = Vec::new();
        self.each("/faults", |Numbered { id }| ids.push(id))?;
        ids.into_iter().try_for_each(|id| self.delete(&format!("/faults/{id}")))
    }

    fn take_snapshot(&mut self, name: &str) -> Result<SnapshotId, DriverError> {
        let taken: Numbered = self.call(Verb::Post, "/snapshots", Some(json!({ "name": name })))?;
        Ok(SnapshotId(taken.id))
    }

    fn restore(&mut self, SnapshotId(id): SnapshotId) -> Result<(), DriverError> {
        self.tell(Verb::Post, &format!("/snapshots/{id}/restore"), None)
    }

    fn install_build(&mut self, build: BuildNumber) -> Result<(), DriverError> {
        self.tell(Verb::Patch, "/build", Some(json!({ "build": build })))
    }

    fn install_hotfix(&mut self) -> Result<(), DriverError> {
        self.tell(Verb::Post, "/build/install-hotfix", None)
    }

    fn build(&mut self) -> Result<BuildView, DriverError> {
        self.get("/build")
    }

    fn restart(&mut self) -> Result<(), DriverError> {
        self.tell(Verb::Post, "/restart", None)
    }

    fn set_cluster(&mut self, mode: ClusterMode) -> Result<(), DriverError> {
        self.tell(Verb::Patch, "/cluster", Some(json!({ "mode": mode })))
    }

    fn fail_over(&mut self, to: Option<&str>) -> Result<(), DriverError> {
        let body = to.map_or_else(|| json!({}), |to| json!({ "to": to }));
        self.tell(Verb::Post, "/cluster/failover", Some(body))
    }

    fn advance_to(&mut self, to: SimTime) -> Result<(), DriverError> {
        self.tell(Verb::Post, "/clock/advance", Some(json!({ "to": to.to_string() })))
    }

    fn next_poll(&mut self) -> Result<Option<SimTime>, DriverError> {
        let schedule: Schedule = self.get("/polls/schedule")?;
        schedule.next.map(|next| time(&next)).transpose()
    }

    fn poll_now(&mut self) -> Result<(), DriverError> {
        self.tell(Verb::Post, "/polls", Some(json!({})))
    }

    fn wait(&mut self, wait: &Wait) -> Result<Waited, DriverError> {
        let timeout = wait.timeout.map_or_else(|| WAIT_TIMEOUT.to_owned(), format_duration);
        let mut body = json!({
            "until": wait.until,
            "within": format_duration(wait.within),
            "timeout": timeout,
            "clock": "auto",
        });
        if let (Some(cursor), Some(fields)) = (&self.cursor, body.as_object_mut()) {
            fields.insert("after".to_owned(), json!(cursor));
        }
        match self.tell(Verb::Post, "/waits", Some(body)) {
            Ok(()) => Ok(Waited::Met),
            Err(error) => match error.problem() {
                Some("wait-timeout" | "wait-deadlock" | "wait-hopeless") => {
                    Ok(Waited::NotMet(error.to_string()))
                }
                Some(_) | None => Err(error),
            },
        }
    }

    fn clock(&mut self) -> Result<ClockView, DriverError> {
        let Clock { now, next_deadline } = self.get("/clock")?;
        let next_deadline = next_deadline.map(|next| time(&next)).transpose()?;
        Ok(ClockView { now: time(&now)?, next_deadline })
    }

    fn count_sessions(&mut self, which: &Selection) -> Result<u64, DriverError> {
        self.count("sessions", &Selection { state: None, ..which.clone() })
    }

    fn count_clients(&mut self, which: &Selection) -> Result<u64, DriverError> {
        self.count("clients", which)
    }

    fn tally_clients(&mut self, which: &Selection) -> Result<Vec<ClientTally>, DriverError> {
        let mut tally: Vec<ClientTally> = Vec::new();
        self.each("/clients", |client: ListedClient| {
            if !client.is_one(which) {
                return;
            }
            let ListedClient { state, outcome, .. } = client;
            match tally.iter_mut().find(|place| place.state == state && place.outcome == outcome) {
                Some(place) => place.count = place.count.saturating_add(1),
                None => tally.push(ClientTally { state, outcome, count: 1 }),
            }
        })?;
        Ok(tally)
    }

    fn lints(&mut self, list: BlockList) -> Result<Vec<String>, DriverError> {
        let list: List = self.get(&format!("/block-lists/{}", list_name(list)))?;
        Ok(list.lints.into_iter().map(|lint| lint.code).collect())
    }

    fn poll(&mut self, number: u64) -> Result<PollView, DriverError> {
        self.get(&format!("/polls/{number}"))
    }

    fn policy(&mut self) -> Result<PolicyView, DriverError> {
        self.get("/policy/mode")
    }

    fn events_after(
        &mut self,
        seq: u64,
        events: &mut Vec<StoreEvent>,
    ) -> Result<bool, DriverError> {
        let page: Events = self.get(&format!("/events?limit={PAGE}&after={seq}"))?;
        self.cursor = Some(page.next);
        events.extend(page.items);
        Ok(page.more)
    }
}

impl ListedClient {
    fn is_one(&self, which: &Selection) -> bool {
        let process = match (&which.process, &self.process) {
            (OfProcess::Any, _) | (OfProcess::Unnamed, None) => true,
            (OfProcess::Unnamed, Some(_)) | (OfProcess::Named(_), None) => false,
            (OfProcess::Named(wanted), Some(found)) => same_program(wanted, found),
        };
        let version = which.client_version.map(|version| version.to_string());
        process
            && (which.group.is_none() || which.group == self.group)
            && version.is_none_or(|version| version == self.client_version)
            && which.state.is_none_or(|state| state == self.state)
    }
}

/// As the policy compares them, whether or not there is a path before the name.
fn same_program(one: &str, other: &str) -> bool {
    let (one, other) = (policy::ProcessName::parse(one), policy::ProcessName::parse(other));
    one.zip(other).is_some_and(|(one, other)| one.key() == other.key())
}

/// The selection as the store's own tests.
fn tests(Selection { process, group, client_version, state }: &Selection) -> Value {
    let mut tests = Map::new();
    let mut test = |name: &str, value: Value| tests.insert(name.to_owned(), value);
    match process {
        OfProcess::Any => {}
        OfProcess::Unnamed => drop(test("process", Value::Null)),
        OfProcess::Named(name) => drop(test("process", json!(name))),
    }
    if let Some(group) = group {
        test("group", json!(group));
    }
    if let Some(version) = client_version {
        test("client_version", json!(version.to_string()));
    }
    if let Some(state) = state {
        test("state", json!(state.name()));
    }
    Value::Object(tests)
}

fn first_refusal(items: &[OneOfMany]) -> Result<(), DriverError> {
    match items.iter().find_map(|item| item.problem.as_ref()) {
        None => Ok(()),
        Some(Refused { r#type, detail }) => {
            Err(DriverError::refused(problem_name(r#type), detail.clone()))
        }
    }
}

fn time(text: &str) -> Result<SimTime, DriverError> {
    text.parse().map_err(DriverError::new)
}

fn list_name(list: BlockList) -> &'static str {
    match list {
        BlockList::Processes => "processes",
        BlockList::Versions => "versions",
    }
}

fn list_path(list: BlockList, apply: Apply) -> String {
    let apply = match apply {
        Apply::NextPoll => "next_poll",
        Apply::Now => "now",
    };
    format!("/block-lists/{}?apply={apply}", list_name(list))
}

/// The path of a value of the key that the store polls.
fn value_path(ValuePlace { name, node }: &ValuePlace) -> String {
    let key = percent_encoded(KeyPath::parameters_system().as_str());
    let node = node.as_ref().map(|node| format!("&node={}", percent_encoded(node)));
    format!("/registry/{key}?value={}{}", percent_encoded(name), node.unwrap_or_default())
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
