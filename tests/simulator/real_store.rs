//! The scenarios of `fixtures/scenarios` on a real store, over the pipe and over TCP.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clock::{ClockMode, SimTime};
use infostore::{
    Cause, ClientIdentity, DisconnectReason, Entry, Event, Origin, Sequence, Settings,
};
use registry_poll::{KeyPath, RegValue};
use serde_json::{Value, json};
use server::{
    Advance, ClientAction, DisconnectMode, FakeClient, Seed, StoreError, StoreHandle, StoreOptions,
};
use simulator::{
    Action, ClientId, ClientMachine, ClientView, DriverError, Injection, MachineOptions,
    ProcessName, RunOptions, Scenario, SessionView, StoreDriver, StoreEvent, Transport, run,
};
use tokio::runtime::Runtime;

/// A machine that the test can reach while the store has it.
#[derive(Clone)]
struct Shared(Arc<Mutex<ClientMachine>>);

impl Shared {
    fn with<T>(&self, with: impl FnOnce(&mut ClientMachine) -> T) -> T {
        with(&mut self.0.lock().unwrap())
    }
}

impl FakeClient for Shared {
    fn connect(&mut self, now: SimTime) {
        self.with(|machine| machine.connect(now));
    }

    fn disconnect(&mut self, now: SimTime) {
        self.with(|machine| machine.disconnect(now));
    }

    fn handle_connected(&mut self, now: SimTime) {
        self.with(|machine| machine.handle_connected(now));
    }

    fn handle_bytes(&mut self, now: SimTime, bytes: &[u8]) {
        self.with(|machine| machine.handle_bytes(now, bytes));
    }

    fn handle_closed(&mut self, now: SimTime, why: &str) {
        self.with(|machine| machine.handle_closed(now, why));
    }

    fn handle_timeout(&mut self, now: SimTime) {
        self.with(|machine| machine.handle_timeout(now));
    }

    fn poll_timeout(&self) -> Option<SimTime> {
        self.with(|machine| machine.poll_timeout())
    }

    fn poll_action(&mut self) -> Option<ClientAction> {
        let action = self.with(ClientMachine::poll_action)?;
        Some(match action {
            Action::Dial => ClientAction::Dial,
            Action::Send(bytes) => ClientAction::Send(bytes),
            Action::HangUp => ClientAction::HangUp,
        })
    }

    fn view(&self) -> server::ClientView {
        self.with(|machine| server::ClientView {
            process: machine.spec().process().map(ToString::to_string),
            client_version: machine.spec().client_version().to_string(),
            user: machine.spec().user().to_string(),
            machine: machine.spec().machine().to_string(),
            mode: machine.spec().mode().name(),
            state: machine.state().name(),
            outcome: machine.outcome().map(ToString::to_string),
            attempts: machine.attempts(),
        })
    }
}

/// A store of this process.
struct RealStore {
    runtime: Runtime,
    handle: StoreHandle,
    clients: Vec<(infostore::ClientId, Shared, Option<String>)>,
}

impl RealStore {
    fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let options = StoreOptions {
            settings: Settings::default(),
            clock: ClockMode::Manual,
            start: None,
            seed: Seed(7),
            rpc: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
            disconnect: DisconnectMode::Connection,
            max_connections: 100,
        };
        let handle = runtime.block_on(StoreHandle::start(options)).unwrap();
        Self {
            runtime,
            handle,
            clients: Vec::new(),
        }
    }

    fn wait<T>(
        &self,
        future: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<(), DriverError> {
        self.runtime
            .block_on(future)
            .map(drop)
            .map_err(DriverError::new)
    }

    fn tell(
        &self,
        ClientId(id): ClientId,
        tell: impl FnOnce(&mut ClientMachine) + Send + 'static,
    ) -> Result<(), DriverError> {
        let client = self
            .clients
            .iter()
            .find(|(known, ..)| known.0 == id)
            .unwrap();
        let machine = client.1.clone();
        self.wait(
            self.handle
                .tell_client(client.0, move |_, _| machine.with(tell)),
        )
    }
}

impl StoreDriver for RealStore {
    fn start_over(&mut self, start: SimTime) -> Result<(), DriverError> {
        self.clients.clear();
        self.wait(self.handle.reset_to(start))
    }

    fn inject(&mut self, clients: &[Injection]) -> Result<Vec<ClientId>, DriverError> {
        let machines = clients.iter().map(|client| {
            let machine = ClientMachine::new(client.spec.clone(), MachineOptions::default());
            Shared(Arc::new(Mutex::new(machine)))
        });
        let machines: Vec<Shared> = machines.collect();
        let injections = clients
            .iter()
            .zip(&machines)
            .map(|(client, machine)| server::Injection {
                client: Box::new(machine.clone()),
                transport: match client.transport {
                    Transport::Pipe => infostore::Transport::Pipe,
                    Transport::Tcp => infostore::Transport::Tcp,
                },
                group: client.group.clone(),
            });
        let listed = self
            .runtime
            .block_on(self.handle.inject(injections.collect()))
            .unwrap();
        let known = listed.iter().zip(machines);
        self.clients
            .extend(known.map(|(listed, machine)| (listed.id, machine, listed.group.clone())));
        Ok(listed.iter().map(|listed| ClientId(listed.id.0)).collect())
    }

    fn connect_client(&mut self, client: ClientId) -> Result<(), DriverError> {
        self.wait(self.handle.connect_client(infostore::ClientId(client.0)))
    }

    fn disconnect_client(&mut self, client: ClientId) -> Result<(), DriverError> {
        self.wait(self.handle.disconnect_client(infostore::ClientId(client.0)))
    }

    fn report(&mut self, client: ClientId, process: &ProcessName) -> Result<(), DriverError> {
        let process = process.clone();
        self.tell(client, move |machine| machine.report(&process).unwrap())
    }

    fn touch(&mut self, client: ClientId) -> Result<(), DriverError> {
        self.tell(client, |machine| machine.touch().unwrap())
    }

    fn set_value(&mut self, name: &str, data: &str) -> Result<(), DriverError> {
        let key = KeyPath::parameters_system();
        self.wait(
            self.handle
                .set_value(key, name.parse().unwrap(), RegValue::sz(data)),
        )
    }

    fn delete_value(&mut self, name: &str) -> Result<(), DriverError> {
        let key = KeyPath::parameters_system();
        self.wait(self.handle.delete_value(key, name.parse().unwrap()))
    }

    fn advance(&mut self, by: Duration) -> Result<(), DriverError> {
        self.wait(self.handle.advance(Advance::By(by)))
    }

    fn poll_now(&mut self) -> Result<(), DriverError> {
        self.wait(self.handle.poll_now())
    }

    fn sessions(&mut self) -> Result<Vec<SessionView>, DriverError> {
        let read = self.handle.read(|view| {
            let sessions = view.store().sessions_after(None);
            sessions
                .map(|session| session_view(&session.identity))
                .collect()
        });
        Ok(self.runtime.block_on(read).unwrap())
    }

    fn clients(&mut self) -> Result<Vec<ClientView>, DriverError> {
        let view = |machine: &Shared, group: &Option<String>| {
            machine.with(|machine| ClientView {
                group: group.clone(),
                state: machine.state(),
                outcome: machine.outcome().map(ToString::to_string),
            })
        };
        Ok(self
            .clients
            .iter()
            .map(|(_, machine, group)| view(machine, group))
            .collect())
    }

    fn events_after(&mut self, seq: u64) -> Result<Vec<StoreEvent>, DriverError> {
        let page = self
            .handle
            .read(move |view| view.store().journal().page(Sequence(seq), 10_000));
        let page = self
            .runtime
            .block_on(page)
            .unwrap()
            .expect("the journal keeps it");
        let events = page
            .entries
            .iter()
            .map(|entry| serde_json::from_value(event(entry)).unwrap());
        Ok(events.collect())
    }
}

fn session_view(identity: &ClientIdentity) -> SessionView {
    let group = match &identity.origin {
        Origin::Injected { group, .. } => group.clone(),
        Origin::Foreign => None,
    };
    SessionView {
        process: process(identity),
        group,
    }
}

fn process(identity: &ClientIdentity) -> Option<String> {
    identity
        .subject
        .names()
        .first()
        .map(|name| name.base_name().to_owned())
}

/// An entry as the control plane would write it, as far as the scenarios look.
fn event(entry: &Entry) -> Value {
    let cause = match entry.cause {
        Cause::Poll(number) => format!("poll {}", number.0),
        other => format!("{other:?}").to_lowercase(),
    };
    let mut event = json!({ "seq": entry.seq.0, "at": entry.at.to_string(), "cause": cause });
    let (event_type, fields) = fields(&entry.event);
    event["type"] = json!(event_type);
    event
        .as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    event
}

fn fields(event: &Event) -> (&'static str, Value) {
    match event {
        Event::StoreStarted { .. } => ("store.started", json!({})),
        Event::StoreStopped => ("store.stopped", json!({})),
        Event::SessionConnected {
            session,
            generation,
        } => (
            "session.connected",
            identity(&session.identity, json!({ "generation": generation.0 })),
        ),
        Event::SessionRefused {
            identity: client,
            refusal,
            generation,
        } => {
            let code = json!({ "name": server::refusal_code(refusal).name() });
            let decision = match refusal {
                infostore::Refusal::Policy(cause) => decision(cause),
                _ => Value::Null,
            };
            let fields = json!({ "code": code, "decision": decision, "generation": generation.0 });
            ("session.refused", identity(client, fields))
        }
        Event::SessionIdentified { session } => {
            ("session.identified", identity(&session.identity, json!({})))
        }
        Event::SessionDisconnected {
            session,
            reason,
            generation,
        } => {
            let decision = match reason {
                DisconnectReason::Policy(cause) => decision(cause),
                _ => Value::Null,
            };
            let fields = json!({ "decision": decision, "generation": generation.0 });
            ("session.disconnected", identity(&session.identity, fields))
        }
        Event::SessionEnded { session, reason } => (
            "session.ended",
            identity(&session.identity, json!({ "reason": reason.to_string() })),
        ),
        Event::PolicyChanged {
            generation,
            added,
            removed,
        } => (
            "policy.changed",
            json!({ "generation": generation.0, "added": added, "removed": removed }),
        ),
        Event::EnforcementCompleted {
            disconnected,
            kept,
            unidentified,
            ..
        } => (
            "enforcement.completed",
            json!({ "disconnected": disconnected, "kept": kept, "unidentified": unidentified }),
        ),
        Event::PollCompleted { poll, changed, .. } => {
            let trigger = format!("{:?}", poll.trigger).to_lowercase();
            let poll = json!({ "number": poll.number.0, "trigger": trigger });
            (
                "poll.completed",
                json!({ "poll": poll, "changed": changed }),
            )
        }
        Event::PollFailed { .. } => ("poll.failed", json!({})),
        Event::RegistryInvalid { .. } => ("registry.invalid", json!({})),
        Event::RegistryChanged(change) => {
            let value = change.value.as_ref().map(|_| json!({ "type": "REG_SZ" }));
            (
                "registry.changed",
                json!({ "name": change.name.to_string(), "value": value }),
            )
        }
        Event::ClockChanged { target, .. } => (
            "clock.changed",
            json!({ "target": target.map(|target| target.to_string()) }),
        ),
    }
}

fn identity(identity: &ClientIdentity, mut fields: Value) -> Value {
    let session = session_view(identity);
    fields["process"] = json!(session.process);
    fields["group"] = json!(session.group);
    fields["user_dn"] = json!(identity.user_dn);
    fields["machine"] = json!(identity.machine);
    fields
}

fn decision(cause: &policy::Cause) -> Value {
    let item = json!({ "number": cause.item.ordinal + 1, "text": &*cause.item.text });
    json!({ "list": cause.list.to_string(), "item": item })
}

/// Plays a scenario and gives its timeline.
fn play(text: &str, transport: Transport) -> String {
    let scenario = Scenario::parse(text).unwrap();
    let options = RunOptions {
        transport: Some(transport),
        keep_going: false,
    };
    let mut lines = Vec::new();
    let mut show = |entry: simulator::TimelineEntry| lines.push(entry.to_string());
    let report = run(&scenario, options, &mut RealStore::start(), &mut show).unwrap();
    assert!(report.met(), "over {transport:?}:\n{}", lines.join("\n"));
    assert_eq!(report.steps, scenario.steps.len());
    lines.join("\n")
}

#[test]
fn the_note_of_the_article_comes_true_over_pipe_and_tcp() {
    let text = include_str!("../../fixtures/scenarios/kb-920185-note.toml");
    let over_pipe = play(text, Transport::Pipe);
    assert_eq!(play(text, Transport::Tcp), over_pipe);
    insta::assert_snapshot!(over_pipe, @r#"
    2006-04-22T08:00:00Z  the store starts
    2006-04-22T08:00:00Z  poll 1, as the store started, finds nothing new
    step 1: Outlook 2003 clients and a beta program connect.
    2006-04-22T08:00:00Z  OUTLOOK.EXE of alice@WKS1 connects  because no list names that program (generation 0)
    2006-04-22T08:00:00Z  OUTLOOK.EXE of bob@WKS2 connects  because no list names that program (generation 0)
    2006-04-22T08:00:00Z  OUTLOOK.EXE of user3@WKS3 connects  because no list names that program (generation 0)
    2006-04-22T08:00:00Z  OUTLOOK.EXE of user4@WKS4 connects  because no list names that program (generation 0)
    2006-04-22T08:00:00Z  mdl.exe of alice@WKS1 connects  because no list names that program (generation 0)
    2006-04-22T08:00:00Z  mdl.exe of user6@WKS6 connects  because no list names that program (generation 0)
    2006-04-22T08:00:00Z  mdl.exe of user7@WKS7 connects  because no list names that program (generation 0)
    step 2: So does the beta program on an Outlook 2000 MAPI client, which has no way to say its name.
    2006-04-22T08:00:00Z  an unnamed program of user8 connects  because no program is named that a list could forbid
    step 3: Nobody is turned away: there is no list.
      met: 4 sessions of OUTLOOK.EXE
      met: 3 sessions of mdl.exe
      met: every client connected
      met: 1 session without a process name
    step 4: The administrator lists the beta program.
    2006-04-22T08:00:00Z  "Disable MAPI Client Processes" is changed, to be read at the next poll
    step 5: Nothing happens yet: the store has not looked.
      met: 3 sessions of mdl.exe
      met: every client connected
      met: 1 event `registry.changed`
      met: 0 events `session.disconnected`
    step 6: Within 15 minutes the store queries the registry.
    2006-04-22T08:00:00Z  the clock is moved to 2006-04-22T08:15:00Z
    2006-04-22T08:15:00Z  poll 2, when it was due, finds a changed policy
    2006-04-22T08:15:00Z  the policy changes (generation 1): `mdl.exe`, `program2.exe` added  because poll 2 read another list
    2006-04-22T08:15:00Z  mdl.exe of alice@WKS1 is disconnected  because item 1 `mdl.exe` of "Disable MAPI Client Processes", found by poll 2 (generation 1)
    2006-04-22T08:15:00Z  mdl.exe of user6@WKS6 is disconnected  because item 1 `mdl.exe` of "Disable MAPI Client Processes", found by poll 2 (generation 1)
    2006-04-22T08:15:00Z  mdl.exe of user7@WKS7 is disconnected  because item 1 `mdl.exe` of "Disable MAPI Client Processes", found by poll 2 (generation 1)
    2006-04-22T08:15:00Z  the sweep ends: 3 disconnected, 5 kept, 1 of them unidentified
    step 7: The change is in effect at once: open connections of the listed program are disconnected, and no others.
      met: 0 sessions of mdl.exe
      met: 4 sessions of OUTLOOK.EXE
      met: every client in group `beta` disconnected by `the server closed the connection`
      met: every client in group `outlook` connected
      met: 1 event `policy.changed`
      met: 3 events `session.disconnected` of mdl.exe
      met: 3 events `session.disconnected`
    step 8: The nameless client is still there, and counted.
      met: every client in group `old` connected
      met: 1 session without a process name
    step 9: The beta program tries again.
    2006-04-22T08:15:00Z  mdl.exe of alice@WKS1 is refused with ecClientVerDisallowed  because item 1 `mdl.exe` of "Disable MAPI Client Processes" (generation 1)
    2006-04-22T08:15:00Z  mdl.exe of user6@WKS6 is refused with ecClientVerDisallowed  because item 1 `mdl.exe` of "Disable MAPI Client Processes" (generation 1)
    2006-04-22T08:15:00Z  mdl.exe of user7@WKS7 is refused with ecClientVerDisallowed  because item 1 `mdl.exe` of "Disable MAPI Client Processes" (generation 1)
    step 10: Its new connections are blocked.
      met: 0 sessions in group `beta`
      met: every client in group `beta` refused by `ecClientVerDisallowed`
      met: 3 events `session.refused` of mdl.exe with ecClientVerDisallowed
    step 11: So is a copy that was never connected before, however its name is written.
    2006-04-22T08:15:00Z  MDL.EXE of carol@WKS8 is refused with ecClientVerDisallowed  because item 1 `mdl.exe` of "Disable MAPI Client Processes" (generation 1)
    step 12: It is refused in the same way.
      met: every client in group `newcomer` refused by `ecClientVerDisallowed`
    step 13: Outlook goes on working.
    step 14: Its calls are answered.
      met: 4 sessions in group `outlook`
      met: every client in group `outlook` connected
    step 15: The administrator deletes the value.
    2006-04-22T08:15:00Z  "Disable MAPI Client Processes" is deleted, to be noticed at the next poll
    step 16: The beta program tries too early.
    2006-04-22T08:15:00Z  mdl.exe of alice@WKS1 is refused with ecClientVerDisallowed  because item 1 `mdl.exe` of "Disable MAPI Client Processes" (generation 1)
    2006-04-22T08:15:00Z  mdl.exe of user6@WKS6 is refused with ecClientVerDisallowed  because item 1 `mdl.exe` of "Disable MAPI Client Processes" (generation 1)
    2006-04-22T08:15:00Z  mdl.exe of user7@WKS7 is refused with ecClientVerDisallowed  because item 1 `mdl.exe` of "Disable MAPI Client Processes" (generation 1)
    step 17: It is still refused: the store has not looked.
      met: every client in group `beta` refused by `ecClientVerDisallowed`
    step 18: The store queries the registry again.
    2006-04-22T08:15:00Z  the clock is moved to 2006-04-22T08:30:00Z
    2006-04-22T08:30:00Z  poll 3, when it was due, finds a changed policy
    2006-04-22T08:30:00Z  the policy changes (generation 2): `mdl.exe`, `program2.exe` removed  because poll 3 read another list
    2006-04-22T08:30:00Z  the sweep ends: 0 disconnected, 5 kept, 1 of them unidentified
    step 19: The list is gone, which disconnects nobody and connects nobody.
      met: 0 sessions in group `beta`
      met: 4 sessions in group `outlook`
      met: 1 event `policy.changed`
      met: 0 events `session.disconnected`
    step 20: The beta program tries once more.
    2006-04-22T08:30:00Z  mdl.exe of alice@WKS1 connects  because no list names that program (generation 2)
    2006-04-22T08:30:00Z  mdl.exe of user6@WKS6 connects  because no list names that program (generation 2)
    2006-04-22T08:30:00Z  mdl.exe of user7@WKS7 connects  because no list names that program (generation 2)
    step 21: Everybody works again.
      met: 3 sessions of mdl.exe
      met: 4 sessions of OUTLOOK.EXE
      met: every client in group `beta` connected
      met: 1 session without a process name
    "#);
}

#[test]
fn a_late_name_is_judged_in_its_call_over_pipe_and_tcp() {
    let text = include_str!("../../fixtures/scenarios/late-name.toml");
    let over_pipe = play(text, Transport::Pipe);
    assert_eq!(play(text, Transport::Tcp), over_pipe);
    insta::assert_snapshot!(over_pipe, @r#"
    2006-04-22T08:00:00Z  the store starts
    2006-04-22T08:00:00Z  poll 1, as the store started, finds nothing new
    step 1: The administrator lists a program.
    2006-04-22T08:00:00Z  "Disable MAPI Client Processes" is changed, to be read at the next poll
    step 2: The store is told to look, and the list takes effect.
    2006-04-22T08:00:00Z  poll 2, on request, finds a changed policy
    2006-04-22T08:00:00Z  the policy changes (generation 1): `mdl.exe` added  because poll 2 read another list
    2006-04-22T08:00:00Z  the sweep ends: 0 disconnected, 0 kept, 0 of them unidentified
    step 3: Clients connect that do not say what they are.
    2006-04-22T08:00:00Z  an unnamed program of alice connects  because no program is named that a list could forbid
    2006-04-22T08:00:00Z  an unnamed program of bob connects  because no program is named that a list could forbid
    step 4: Nothing is known against them.
      met: every client connected
      met: 2 sessions without a process name
    step 5: One names a program that is not listed.
    2006-04-22T08:00:00Z  notes.exe of bob is known by its name now  because a call brought it
    step 6: It stays, and is known by its name now.
      met: 1 session of notes.exe
      met: every client in group `harmless` connected
      met: 1 session without a process name
      met: 1 event `session.identified`
    step 7: The other names the listed one.
    2006-04-22T08:00:00Z  mdl.exe of alice is known by its name now  because a call brought it
    2006-04-22T08:00:00Z  mdl.exe of alice is disconnected  because item 1 `mdl.exe` of "Disable MAPI Client Processes" (generation 1)
    step 8: The answer to its call ends its session.
      met: 0 sessions in group `listed`
      met: every client in group `listed` disconnected by `ended the session`
      met: every client in group `harmless` connected
      met: 0 sessions without a process name
      met: 1 event `session.disconnected` of mdl.exe
    "#);
}
