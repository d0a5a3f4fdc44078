//! The runner against a store that only notes what it is told, and shows what the test put there.

use std::time::Duration;

use clock::SimTime;
use serde_json::json;
use simulator::{
    BuildNumber, BuildView, Check, ClientId, ClientState, ClientView, ClusterMode, DriverError,
    FileView, Injection, ProcessName, RegistryValue, Report, RunError, RunOptions, Scenario,
    SessionView, StoreDriver, StoreEvent, Transport, ValuePlace, run,
};

/// A store that believes everything.
struct NotingStore {
    told: Vec<String>,
    sessions: Vec<SessionView>,
    clients: Vec<ClientView>,
    /// What the first step will have caused.
    pending: Vec<StoreEvent>,
    journal: Vec<StoreEvent>,
    injected: u64,
    build: BuildNumber,
    /// What it can't do since nobody reaches it.
    fails: Option<&'static str>,
    /// What it refuses to do, and with which problem.
    refuses: Option<(&'static str, &'static str)>,
}

impl Default for NotingStore {
    fn default() -> Self {
        Self {
            told: Vec::new(),
            sessions: Vec::new(),
            clients: Vec::new(),
            pending: Vec::new(),
            journal: Vec::new(),
            injected: 0,
            build: number("6.5.7638"),
            fails: None,
            refuses: None,
        }
    }
}

fn number(text: &str) -> BuildNumber {
    text.parse().unwrap()
}

impl NotingStore {
    fn note(&mut self, told: String) -> Result<(), DriverError> {
        if self.fails.is_some_and(|fails| told.starts_with(fails)) {
            return Err(DriverError::new("the store is gone"));
        }
        if let Some((_, problem)) = self.refuses.filter(|(refuses, _)| told.starts_with(refuses)) {
            return Err(DriverError::refused(problem, "it can't be done"));
        }
        if !told.starts_with("start over") {
            self.journal.append(&mut self.pending);
        }
        self.told.push(told);
        Ok(())
    }
}

impl StoreDriver for NotingStore {
    fn start_over(&mut self, start: SimTime) -> Result<(), DriverError> {
        self.note(format!("start over at {start}"))
    }

    fn inject(&mut self, clients: &[Injection]) -> Result<Vec<ClientId>, DriverError> {
        let mut ids = Vec::new();
        for Injection { spec, transport, group } in clients {
            self.injected += 1;
            ids.push(ClientId(100 + self.injected));
            let (user, machine) = (spec.user(), spec.machine());
            self.note(format!("inject {user}@{machine} over {transport:?} as {group:?}"))?;
        }
        Ok(ids)
    }

    fn connect_client(&mut self, ClientId(id): ClientId) -> Result<(), DriverError> {
        self.note(format!("connect {id}"))
    }

    fn disconnect_client(&mut self, ClientId(id): ClientId) -> Result<(), DriverError> {
        self.note(format!("disconnect {id}"))
    }

    fn report(&mut self, ClientId(id): ClientId, process: &ProcessName) -> Result<(), DriverError> {
        self.note(format!("report {process} by {id}"))
    }

    fn touch(&mut self, ClientId(id): ClientId) -> Result<(), DriverError> {
        self.note(format!("touch {id}"))
    }

    fn set_value(&mut self, at: &ValuePlace, value: &RegistryValue) -> Result<(), DriverError> {
        let ValuePlace { name, node } = at;
        let value = serde_json::to_string(value).unwrap();
        self.note(format!("set {name} on {node:?} to {value}"))
    }

    fn delete_value(&mut self, at: &ValuePlace) -> Result<(), DriverError> {
        let ValuePlace { name, node } = at;
        self.note(format!("delete {name} on {node:?}"))
    }

    fn install_build(&mut self, build: BuildNumber) -> Result<(), DriverError> {
        self.note(format!("install {build}"))?;
        self.build = build;
        Ok(())
    }

    fn install_hotfix(&mut self) -> Result<(), DriverError> {
        self.note("install the hotfix".to_owned())?;
        self.build = number("6.5.7651.19");
        Ok(())
    }

    fn build(&mut self) -> Result<BuildView, DriverError> {
        let installed = self.build;
        Ok(BuildView { installed, running: installed, files: files(installed) })
    }

    fn restart(&mut self) -> Result<(), DriverError> {
        self.note("restart".to_owned())
    }

    fn set_cluster(&mut self, mode: ClusterMode) -> Result<(), DriverError> {
        self.note(format!("be a cluster of mode {mode:?}"))
    }

    fn fail_over(&mut self, to: Option<&str>) -> Result<(), DriverError> {
        self.note(format!("fail over to {to:?}"))
    }

    fn advance(&mut self, by: Duration) -> Result<(), DriverError> {
        self.note(format!("advance by {by:?}"))
    }

    fn poll_now(&mut self) -> Result<(), DriverError> {
        self.note("poll".to_owned())
    }

    fn now(&mut self) -> Result<SimTime, DriverError> {
        Ok("2006-04-22T08:00:00Z".parse().unwrap())
    }

    fn sessions(&mut self) -> Result<Vec<SessionView>, DriverError> {
        Ok(self.sessions.clone())
    }

    fn clients(&mut self) -> Result<Vec<ClientView>, DriverError> {
        Ok(self.clients.clone())
    }

    fn events_after(&mut self, seq: u64) -> Result<Vec<StoreEvent>, DriverError> {
        Ok(self.journal.iter().filter(|event| seq < event.seq).cloned().collect())
    }
}

/// The files that the control plane shows with this build.
fn files(build: BuildNumber) -> Vec<FileView> {
    let is_hotfix = build == number("6.5.7651.19");
    let known = [
        ("Exosal.dll", 70_144, "2006-04-22T04:43:00Z"),
        ("Mdbmsg.dll", 3_361_280, "2006-04-22T03:58:00Z"),
        ("Store.exe", 5_256_704, "2006-04-22T04:46:00Z"),
    ];
    let file = |(name, bytes, built): (&str, u64, &str)| {
        let version = (is_hotfix || name == "Store.exe").then(|| build.to_string());
        let (bytes, built) = (is_hotfix.then_some(bytes), is_hotfix.then_some(built));
        let file = json!({ "name": name, "version": version, "bytes": bytes, "built": built });
        serde_json::from_value(file).unwrap()
    };
    known.map(file).into()
}

fn scenario(steps: &str) -> Scenario {
    let head = "name = \"s\"\nabout = \"a\"\nstart = \"2006-04-22T08:00:00Z\"\n";
    Scenario::parse(&format!("{head}steps = [{steps}]")).unwrap()
}

fn play(steps: &str, options: RunOptions, store: &mut NotingStore) -> (Report, Vec<String>) {
    let mut lines = Vec::new();
    let report = run(&scenario(steps), options, store, &mut |entry| lines.push(entry.to_string()));
    (report.unwrap(), lines)
}

fn event(seq: u64, event_type: &str, process: &str) -> StoreEvent {
    serde_json::from_value(json!({
        "seq": seq, "at": "2006-04-22T08:00:00Z", "cause": "client", "type": event_type, "process": process,
        "group": "g", "client_id": seq, "code": { "name": "ecClientVerDisallowed", "value": 1247 }, "reason": "policy",
    }))
    .unwrap()
}

fn client(group: &str, state: ClientState, outcome: Option<&str>) -> ClientView {
    let (group, outcome) = (Some(group.to_owned()), outcome.map(ToOwned::to_owned));
    ClientView { group, state, outcome }
}

fn session(process: Option<&str>, group: Option<&str>) -> SessionView {
    SessionView { process: process.map(ToOwned::to_owned), group: group.map(ToOwned::to_owned) }
}

const EVERY_ACTION: &str = r#"
    { say = "1", inject = [{ count = 2, group = "a" }, { user = "bob", transport = "tcp", group = "b" }] },
    { say = "2", inject = [{ group = "a" }] },
    { say = "3", connect = { group = "a" } },
    { say = "4", disconnect = { group = "b" } },
    { say = "5", report = { group = "b", process = "mdl.exe" } },
    { say = "6", touch = { group = "b" } },
    { say = "7", set_value = { name = "n", data = "d" } },
    { say = "8", delete_value = { name = "n" } },
    { say = "9", advance = "15m" },
    { say = "10", poll = true },
    { say = "11", set_value = { name = "n", type = "REG_DWORD", data = 1, node = "NODE2" } },
    { say = "12", delete_value = { name = "n", node = "NODE2" } },
    { say = "13", install_build = "6.5.7226" },
    { say = "14", restart = true },
    { say = "15", install_hotfix = true },
    { say = "16", cluster = "per_node" },
    { say = "17", fail_over = true },
    { say = "18", fail_over = { to = "NODE1" } },"#;

#[test]
fn every_action_reaches_the_store_in_order() {
    let mut store = NotingStore::default();
    let (report, _) = play(EVERY_ACTION, RunOptions::default(), &mut store);
    assert!(report.met());
    assert_eq!(report.steps, 18);
    insta::assert_snapshot!(store.told.join("\n"), @r#"
    start over at 2006-04-22T08:00:00Z
    inject user1@WKS1 over Pipe as Some("a")
    inject user2@WKS2 over Pipe as Some("a")
    inject bob@WKS3 over Tcp as Some("b")
    inject user4@WKS4 over Pipe as Some("a")
    connect 101
    connect 102
    connect 104
    disconnect 103
    report mdl.exe by 103
    touch 103
    set n on None to {"type":"REG_SZ","data":"d"}
    delete n on None
    advance by 900s
    poll
    set n on Some("NODE2") to {"type":"REG_DWORD","data":1}
    delete n on Some("NODE2")
    install 6.5.7226
    restart
    install the hotfix
    be a cluster of mode PerNode
    fail over to None
    fail over to Some("NODE1")
    "#);
}

#[test]
fn a_run_can_put_every_client_on_one_transport() {
    for (transport, word) in [(Transport::Tcp, "over Tcp"), (Transport::Pipe, "over Pipe")] {
        let options = RunOptions { transport: Some(transport), ..RunOptions::default() };
        let mut store = NotingStore::default();
        play(EVERY_ACTION, options, &mut store);
        let injected: Vec<_> =
            store.told.iter().filter(|told| told.starts_with("inject")).collect();
        assert_eq!(injected.len(), 4);
        assert!(injected.iter().all(|told| told.contains(word)), "{injected:?}");
    }
}

/// A store with two sessions and four clients, after three refusals.
fn store() -> NotingStore {
    NotingStore {
        sessions: vec![session(Some("MDL.EXE"), Some("g")), session(None, None)],
        clients: vec![
            client("g", ClientState::Connected, None),
            client("h", ClientState::Refused, Some("ecClientVerDisallowed")),
            client("h", ClientState::Refused, Some("ecClientVerDisallowed")),
            client("h", ClientState::Failed, Some("nobody listens")),
        ],
        pending: vec![
            event(1, "session.refused", "mdl.exe"),
            event(2, "session.refused", "mdl.exe"),
            event(3, "session.refused", "b.exe"),
        ],
        ..NotingStore::default()
    }
}

fn check(expect: &str) -> Check {
    let steps = format!(
        r#"{{ say = "x", inject = [{{ group = "g" }}, {{ group = "h" }}] }}, {{ say = "y", expect = {{ {expect} }} }}"#
    );
    let mut store = store();
    play(&steps, RunOptions::default(), &mut store).0.checks.remove(0)
}

#[test]
fn an_expectation_is_met_or_says_what_there_was() {
    let met = |expected: &str, found: &str| (true, expected.to_owned(), found.to_owned());
    let unmet = |expected: &str, found: &str| (false, expected.to_owned(), found.to_owned());
    let rows = [
        ("sessions = [{ count = 2 }]", met("2 sessions", "2")),
        ("sessions = [{ process = \"mdl.exe\", count = 1 }]", met("1 session of mdl.exe", "1")),
        (
            "sessions = [{ process = \"mdl.exe\", group = \"h\", count = 1 }]",
            unmet("1 session of mdl.exe in group `h`", "0"),
        ),
        ("unidentified = 1", met("1 session without a process name", "1")),
        ("unidentified = 0", unmet("0 sessions without a process name", "1")),
        (
            "clients = [{ group = \"g\", state = \"connected\" }]",
            met("every client in group `g` connected", "1"),
        ),
        (
            "clients = [{ group = \"h\", state = \"refused\", outcome = \"ecClientVer\" }]",
            unmet(
                "every client in group `h` refused by `ecClientVer`",
                "2 of 3: 2 refused by `ecClientVerDisallowed`, 1 failed by `nobody listens`",
            ),
        ),
        (
            "clients = [{ group = \"h\", state = \"refused\", count = 2 }]",
            met("2 clients in group `h` refused", "2"),
        ),
        ("clients = [{ state = \"idle\", count = 0 }]", met("0 clients idle", "0")),
        (
            "events = [{ type = \"session.refused\", process = \"MDL.EXE\", code = \"ecClientVerDisallowed\", count = 2 }]",
            met("2 events `session.refused` of MDL.EXE with ecClientVerDisallowed", "2"),
        ),
        (
            "events = [{ type = \"session.refused\", group = \"g\" }]",
            met("at least 1 event `session.refused` in group `g`", "3"),
        ),
        (
            "events = [{ type = \"session.refused\", code = \"ecExiting\" }]",
            unmet("at least 1 event `session.refused` with ecExiting", "0"),
        ),
        (
            "build = { installed = \"6.5.7638.0\", running = \"6.5.7638\" }",
            met(
                "build 6.5.7638 installed, build 6.5.7638 running",
                "build 6.5.7638 installed, build 6.5.7638 running",
            ),
        ),
        (
            "build = { running = \"6.5.7651.19\" }",
            unmet("build 6.5.7651.19 running", "build 6.5.7638 installed, build 6.5.7638 running"),
        ),
        (
            "files = [{ name = \"STORE.EXE\", version = \"6.5.7638\" }]",
            met("STORE.EXE, 6.5.7638", "Store.exe, 6.5.7638"),
        ),
        (
            "files = [{ name = \"Exosal.dll\", bytes = 70144, built = 2006-04-22T04:43:00Z }]",
            unmet("Exosal.dll, 70,144 bytes, 22-Apr-2006 04:43 UTC", "Exosal.dll"),
        ),
        ("files = [{ name = \"Mad.exe\" }]", unmet("Mad.exe", "no such file")),
    ];
    for (expect, (met, expected, found)) in rows {
        assert_eq!(check(expect), Check { step: 2, expected, found, met }, "{expect}");
    }
}

#[test]
fn every_client_of_nobody_is_not_met() {
    let mut store = NotingStore::default();
    let steps = r#"{ say = "x", expect = { clients = [{ state = "connected" }] } }"#;
    assert!(!play(steps, RunOptions::default(), &mut store).0.met());
}

#[test]
fn events_are_those_of_the_last_step_that_did_something() {
    let expect = |count| {
        format!(
            r#"{{ say = "e", expect = {{ events = [{{ type = "session.refused", count = {count} }}] }} }}"#
        )
    };
    let steps = [
        r#"{ say = "a", poll = true }"#,
        &expect(3),
        &expect(3),
        r#"{ say = "b", poll = true }"#,
        &expect(0),
    ];
    let (report, _) = play(&steps.join(","), RunOptions::default(), &mut store());
    assert!(report.met(), "{report:?}");
}

#[test]
fn a_run_stops_where_an_expectation_is_not_met_unless_told_to_go_on() {
    let steps = r#"
        { say = "look", expect = { unidentified = 7, sessions = [{ count = 2 }] } },
        { say = "go on", poll = true }"#;
    for (keep_going, steps_played) in [(false, 1), (true, 2)] {
        let options = RunOptions { keep_going, ..RunOptions::default() };
        let (report, _) = play(steps, options, &mut store());
        assert!(!report.met());
        assert_eq!((report.steps, report.checks.len()), (steps_played, 2));
    }
}

#[test]
fn a_run_shows_its_steps_what_happened_and_what_was_looked_at() {
    let steps = r#"
        { say = "A program tries to connect.", inject = [{ group = "g" }] },
        { say = "It is refused.", expect = { unidentified = 1, sessions = [{ count = 0 }] } }"#;
    let (_, lines) = play(steps, RunOptions::default(), &mut store());
    insta::assert_snapshot!(lines.join("\n"), @r#"
    2006-04-22T08:00:00Z  1. A program tries to connect.
    2006-04-22T08:00:00Z      mdl.exe of client 1 is refused with ecClientVerDisallowed (0x4DF)  because the policy forbids the program
    2006-04-22T08:00:00Z      mdl.exe of client 2 is refused with ecClientVerDisallowed (0x4DF)  because the policy forbids the program
    2006-04-22T08:00:00Z      b.exe of client 3 is refused with ecClientVerDisallowed (0x4DF)  because the policy forbids the program
    2006-04-22T08:00:00Z  2. It is refused.
    2006-04-22T08:00:00Z      NOT AS EXPECTED: wanted 0 sessions, found 2
    2006-04-22T08:00:00Z      as expected: 1 session without a process name
    "#);
}

#[test]
fn a_step_that_replaces_files_shows_them_as_the_article_does() {
    let steps = r#"
        { say = "Apply the hotfix.", install_hotfix = true },
        { say = "Apply it again.", install_build = "6.5.7651.19" },
        { say = "Go back.", install_build = "6.5.7226" }"#;
    let (_, lines) = play(steps, RunOptions::default(), &mut NotingStore::default());
    insta::assert_snapshot!(lines.join("\n"), @"
    2006-04-22T08:00:00Z  1. Apply the hotfix.
    2006-04-22T08:00:00Z      Exosal.dll  6.5.7651.19     70,144 bytes  22-Apr-2006 04:43 UTC  instead of a version that is not documented
    2006-04-22T08:00:00Z      Mdbmsg.dll  6.5.7651.19  3,361,280 bytes  22-Apr-2006 03:58 UTC  instead of a version that is not documented
    2006-04-22T08:00:00Z      Store.exe   6.5.7651.19  5,256,704 bytes  22-Apr-2006 04:46 UTC  instead of 6.5.7638
    2006-04-22T08:00:00Z  2. Apply it again.
    2006-04-22T08:00:00Z  3. Go back.
    2006-04-22T08:00:00Z      Exosal.dll  of which nothing is documented  instead of 6.5.7651.19
    2006-04-22T08:00:00Z      Mdbmsg.dll  of which nothing is documented  instead of 6.5.7651.19
    2006-04-22T08:00:00Z      Store.exe   6.5.7226  instead of 6.5.7651.19
    ");
}

#[test]
fn a_refusal_that_is_expected_is_told_and_any_other_end_is_not_met() {
    let step = r#"{ say = "Too early.", install_hotfix = true, refused = "hotfix-needs-sp2" }"#;
    let rows = [
        (Some(("install", "hotfix-needs-sp2")), true, "`hotfix-needs-sp2`"),
        (Some(("install", "hotfix-installed")), false, "`hotfix-installed`"),
        (None, false, "none"),
    ];
    for (refuses, met, found) in rows {
        let mut store = NotingStore { refuses, ..NotingStore::default() };
        let (report, lines) = play(step, RunOptions::default(), &mut store);
        let expected = "a refusal with `hotfix-needs-sp2`".to_owned();
        assert_eq!(report.checks, [Check { step: 1, expected, found: found.to_owned(), met }]);
        let told =
            lines.iter().any(|line| line.ends_with("the store refuses  because it can't be done"));
        assert_eq!(told, refuses.is_some(), "{lines:?}");
    }
    let mut store = NotingStore { fails: Some("install"), ..NotingStore::default() };
    let error = run(&scenario(step), RunOptions::default(), &mut store, &mut |_| {}).unwrap_err();
    assert!(matches!(error, RunError::Step { step: 1, .. }), "nobody refused: {error}");
}

#[test]
fn a_scenario_of_another_build_begins_with_the_start_of_that_build() {
    let text = "name = \"s\"\nabout = \"a\"\nstart = \"2006-04-22T08:00:00Z\"\nbuild = \"6.5.7226\"\nsteps = []";
    let started = |seq: u64, build: &str| -> StoreEvent {
        let event = json!({ "seq": seq, "at": "2006-04-22T08:00:00Z", "cause": "start", "type": "store.started", "build": build });
        serde_json::from_value(event).unwrap()
    };
    let pending = vec![started(1, "6.5.7651.19"), started(2, "6.5.7226")];
    let mut store = NotingStore { pending, ..NotingStore::default() };
    let mut lines = Vec::new();
    let scenario = Scenario::parse(text).unwrap();
    let mut show = |entry: simulator::TimelineEntry| lines.push(entry.to_string());
    run(&scenario, RunOptions::default(), &mut store, &mut show).unwrap();
    assert_eq!(store.told[1..], ["install 6.5.7226", "restart"]);
    assert_eq!(lines, ["2006-04-22T08:00:00Z      the store starts as build 6.5.7226"]);
}

#[test]
fn a_store_that_fails_is_an_error_that_names_the_step() {
    let scenario = scenario(EVERY_ACTION);
    let mut show = |_| {};
    let mut fails = |fails| {
        let mut store = NotingStore { fails: Some(fails), ..NotingStore::default() };
        let error = run(&scenario, RunOptions::default(), &mut store, &mut show).unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(source, "the store is gone");
        error
    };
    assert!(matches!(fails("start over"), RunError::Start(_)));
    let error = fails("delete");
    assert!(matches!(error, RunError::Step { step: 8, .. }));
    assert_eq!(error.to_string(), "step 8 could not be carried out");
}
