//! Recordings: what is in one, and that a store does it again.

use std::io::Cursor;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::thread::{self, JoinHandle};

use axum::http::{Request, StatusCode};
use control::recording::{
    Chain, Entries, Happenings, Header, Line, Reader, Recorder, RecordingError, Replay, Setup,
};
use control::{Access, ControlConfig, router};
use proptest::prelude::*;
use serde_json::{Value, json};
use server::{StoreHandle, StoreOptions, Stores};

use super::scenario_runs::busy;
use super::snapshots_replay::{Asked, asked, history};
use super::{Answer, Api, config, limits, options};
use crate::server::wire_client::WireClient;

/// A store that is recorded, and the lines that it has come to.
struct Recorded {
    api: Api,
    recorder: Recorder,
    header: Header,
    lines: JoinHandle<Vec<Line>>,
}

impl Recorded {
    async fn start(options: StoreOptions) -> Self {
        Self::start_as(options, |_| ()).await
    }

    /// With something else than what was made ready.
    async fn start_as(mut options: StoreOptions, change: impl FnOnce(&mut StoreOptions)) -> Self {
        let store = Setup::of(&mut options).expect("it can be recorded");
        change(&mut options);
        let (format, exstore) = (Header::FORMAT, "1.2.3".to_owned());
        let header = Header { format, exstore, store };
        let store = StoreHandle::start(options).await.expect("the store starts");
        let (recorder, happenings) = Recorder::start(&store).await.expect("it runs");
        let lines = thread::spawn(move || happenings.collect());
        let stores = Arc::new(Stores::new(store.clone()));
        let config = ControlConfig {
            recorder: Some(recorder.clone()),
            dashboard: control::Bundle::default(),
            ..config(&stores, limits(), Access::default())
        };
        let api = Api { router: router(config), store, stores };
        Self { api, recorder, header, lines }
    }

    /// The recording, as it would be in a file.
    async fn end(self) -> String {
        self.recorder.finish().await;
        let lines = self.lines.join().expect("nobody panicked");
        let header = Line::Recording(Box::new(self.header));
        let mut chain = Chain::default();
        let lines = [&header].into_iter().chain(&lines);
        lines.fold(String::new(), |text, line| text + &chain.seal(line) + "\n")
    }
}

async fn recorded(history: &[Asked]) -> String {
    let recorded = Recorded::start(options()).await;
    for Asked { method, path, body } in history {
        recorded.api.call(method, path, body).await;
    }
    recorded.end().await
}

fn read(text: &str) -> (Header, Vec<Line>) {
    let (mut reader, header) = Reader::open(Cursor::new(text)).expect("a recording");
    let mut lines = Vec::new();
    while let Some(line) = reader.read().expect("it is whole") {
        lines.push(line.line);
    }
    (header, lines)
}

/// Does a recording again, and gives the lines of that: those of the header and each one that comes next.
async fn replayed(text: &str) -> Vec<String> {
    let (header, lines) = read(text);
    let (replay, mut happenings) = Replay::start(&header, 16).await.expect("it starts");
    let mut chain = Chain::default();
    let mut sealed = vec![chain.seal(&Line::Recording(Box::new(header)))];
    for line in lines {
        match line {
            Line::Input(_) | Line::Opportunity(_) => {
                drop(tokio::spawn(replay.clone().ask(line)));
            }
            Line::End(_) => replay.finish().await,
            _ => {}
        }
        let (back, line) = tokio::task::spawn_blocking(move || next(happenings)).await.unwrap();
        happenings = back;
        sealed.push(chain.seal(&line));
    }
    sealed
}

fn next(mut happenings: Happenings) -> (Happenings, Line) {
    let line = happenings.next().expect("something happens");
    (happenings, line)
}

fn same(text: &str, replayed: &[String]) {
    for (number, (recorded, replayed)) in text.lines().zip(replayed).enumerate() {
        assert_eq!(recorded, replayed, "line {}", number + 1);
    }
    assert_eq!(text.lines().count(), replayed.len());
}

fn inputs(text: &str) -> Vec<String> {
    let (_, lines) = read(text);
    let inputs = lines.into_iter().filter_map(|line| match line {
        Line::Input(input) => Some(format!("{} {}", input.method, input.path)),
        Line::Opportunity(at) => Some(format!("? {} {}", at.method, at.route)),
        _ => None,
    });
    inputs.map(|input| input.replace("/v1/stores/default", "")).collect()
}

/// Two threads: lines are taken on another one than those that make them.
fn within<T>(work: impl Future<Output = T>) -> T {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(work)
}

/// What a rule of requests is asked about.
fn of_requests() -> impl Strategy<Value = Asked> {
    let probability = prop::sample::select(vec![0.0, 0.3, 0.7, 1.0]);
    prop_oneof![
        2 => Just(asked("GET", "/sessions", Value::Null)),
        1 => Just(asked("PUT", "/users/alice", json!({ "password": "hunter2" }))),
        1 => Just(asked("POST", "/snapshots", Value::Null)),
        1 => (1..3_u32).prop_map(|id| asked("POST", format!("/snapshots/{id}/restore"), Value::Null)),
        1 => Just(asked("POST", "/reset", json!({ "now": "2006-05-01T00:00:00Z" }))),
        2 => probability.clone().prop_map(|p| asked("POST", "/faults", json!({
            "match": { "stage": "connect" }, "effect": { "error": "ecServerBusy" },
            "schedule": { "probability": p },
        }))),
        2 => probability.prop_map(|p| asked("POST", "/faults", json!({
            "match": { "stage": "api" }, "effect": { "slow_answer": "1ms" },
            "schedule": { "probability": p },
        }))),
        2 => Just(asked("POST", "/waits", json!({
            "clock": "auto", "within": "2h", "timeout": "60s",
            "until": { "event": { "type": "poll.completed", "count": { "at_least": 3 } } },
        }))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_random_history_is_the_same_when_it_is_done_again(
        steps in prop::collection::vec(prop_oneof![3 => history(4), 2 => prop::collection::vec(of_requests(), 1..2)], 0..10),
    ) {
        let steps = steps.concat();
        within(async {
            let text = recorded(&steps).await;
            same(&text, &replayed(&text).await);
        });
    }
}

#[test]
fn the_same_history_gives_the_same_recording_to_the_byte() {
    let steps = [
        asked("POST", "/clients", json!({ "process": "mdl.exe", "count": 3 })),
        asked("PUT", "/block-lists/processes", json!({ "data": "mdl.exe" })),
        asked("POST", "/clock/advance", json!({ "next": "poll" })),
    ];
    let [first, second] = [(); 2].map(|()| within(recorded(&steps)));
    assert_eq!(first, second);
    assert!(first.contains("session.disconnected"), "{first}");
}

#[test]
fn what_changes_nothing_is_no_input() {
    let text = within(async {
        let recorded = Recorded::start(options()).await;
        let api = &recorded.api;
        api.post("/clients", r#"{"process":"a.exe"}"#).await;
        for (method, path, body) in [
            ("GET", "/sessions", ""),
            ("POST", "/policy/preview", r#"{"processes":"a.exe"}"#),
            ("POST", "/assertions", r#"{"until":{"quiescent":true}}"#),
            ("POST", "/waits", r#"{"until":{"quiescent":true}}"#),
            ("POST", "/clients", r#"{"proces":"a.exe"}"#),
            ("DELETE", "/sessions/99", ""),
            ("POST", "/nowhere", ""),
            ("POST", "/v1/stores", r#"{"name":"other"}"#),
            ("POST", "/v1/stores/other/clients", "{}"),
        ] {
            api.call(method, path, body).await;
        }
        for _ in 0..2 {
            let request = Request::post("/v1/stores/default/polls").header("host", "localhost");
            let request = request.header("idempotency-key", "once").body("".into());
            assert!(api.send(request.expect("a request")).await.status.is_success());
        }
        let request = Request::delete("/v1/stores/default/clients/1").header("host", "localhost");
        let request = request.header("if-match", "\"other\"").body("".into());
        let refused = api.send(request.expect("a request")).await;
        assert_eq!(refused.status, StatusCode::PRECONDITION_FAILED);
        recorded.end().await
    });
    assert_eq!(inputs(&text), ["POST /clients", "POST /polls"]);
}

#[test]
fn a_plain_wait_stands_in_nobody_s_way_and_one_that_moves_time_has_its_turn() {
    let text = within(async {
        let recorded = Recorded::start(options()).await;
        let api = &recorded.api;
        let until = r#""until":{"event":{"type":"session.connected"}}"#;
        let plain = format!(r#"{{"timeout":"60s",{until}}}"#);
        let (waited, _) =
            tokio::join!(api.call("POST", "/waits", &plain), api.call("POST", "/clients", "{}"));
        assert!(waited.status.is_success(), "{}", waited.text);
        let polled =
            r#"{"clock":"auto","within":"1h","until":{"event":{"type":"poll.completed"}}}"#;
        api.post("/waits", polled).await;
        recorded.end().await
    });
    assert_eq!(inputs(&text), ["POST /clients", "POST /waits"]);
    same(&text, &within(replayed(&text)));
}

#[test]
fn every_look_of_a_rule_at_a_request_is_an_input() {
    let text = within(async {
        let recorded = Recorded::start(options()).await;
        let api = &recorded.api;
        api.get("/sessions").await;
        let rule = json!({ "match": { "stage": "api" }, "effect": { "slow_answer": "1ms" },
            "schedule": { "after": 1 } });
        api.post("/faults", &rule.to_string()).await;
        api.get("/sessions").await;
        api.post("/clients", "{}").await;
        recorded.end().await
    });
    let expected = ["POST /faults", "? GET /sessions", "? POST /clients", "POST /clients"];
    assert_eq!(inputs(&text), expected);
    assert_eq!(text.matches("fault.hit").count(), 1, "{text}");
    same(&text, &within(replayed(&text)));
}

#[test]
fn a_look_of_a_rule_has_its_answer_though_whoever_asked_hung_up() {
    let text = within(async {
        let recorded = Recorded::start(options()).await;
        let api = &recorded.api;
        let rule = json!({ "match": { "stage": "api" }, "effect": { "slow_answer": "1ms" } });
        api.post("/faults", &rule.to_string()).await;
        // An input is answered before its turn ends, a look of a rule after it: so the next one need not wait for a turn.
        api.get("/clock").await;
        let mut asked = Box::pin(api.call("GET", "/sessions", ""));
        // It is polled once: then the rules are being asked, and nobody waits for what they say.
        let polled = asked.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
        drop(asked);
        api.post("/clients", "{}").await;
        recorded.end().await
    });
    let (_, lines) = read(&text);
    let mut under_way = true;
    for line in &lines {
        match line {
            Line::Input(_) | Line::Opportunity(_) => {
                assert!(!core::mem::replace(&mut under_way, true), "one has no answer: {text}");
            }
            Line::Answer(_) => under_way = false,
            _ => {}
        }
    }
    assert!(inputs(&text).contains(&"? GET /sessions".to_owned()), "{text}");
    same(&text, &within(replayed(&text)));
}

/// The run of a scenario is over at once; what it has asked the store for is one input, and is carried through.
#[test]
fn a_scenario_that_is_cancelled_in_the_midst_of_an_advance_leaves_no_half_input() {
    let text = within(async {
        let recorded = Recorded::start(options()).await;
        let api = &recorded.api;
        api.post("/scenarios", &busy().to_string()).await;
        let begun = api.call("POST", "/scenarios/busy/runs", "").await;
        let run = begun.header("location").to_owned();
        let mut revision = 0;
        // The third step is the advance.
        loop {
            let shown = api.get(&format!("{run}?wait=20s&after={revision}")).await;
            if shown["step"] == 3 {
                break;
            }
            revision = shown["revision"].as_u64().expect("a number");
        }
        assert_eq!(api.call("DELETE", &run, "").await.status, StatusCode::NO_CONTENT);
        assert_eq!(api.get(&run).await["state"], "cancelled");
        api.post("/clients", "{}").await;
        recorded.end().await
    });
    assert_eq!(inputs(&text).last().map(String::as_str), Some("POST /clients"));
    same(&text, &within(replayed(&text)));
}

#[test]
fn a_store_is_recorded_however_its_name_is_written() {
    let text = within(async {
        let recorded = Recorded::start(options()).await;
        let api = &recorded.api;
        let written = "/v1/stores/%64efaul%74";
        let real = api.call("PATCH", &format!("{written}/clock"), r#"{"mode":"real"}"#).await;
        assert_eq!(real.problem(), "recorded");
        let alice = format!("{written}/users/alice");
        api.call("PUT", &alice, r#"{"password":"hunter2"}"#).await.ok();
        let rule = json!({ "match": { "stage": "api" }, "effect": { "slow_answer": "1ms" } });
        api.call("POST", &format!("{written}/faults"), &rule.to_string()).await.ok();
        api.call("GET", &format!("{written}/sessions"), "").await.ok();
        recorded.end().await
    });
    let (_, lines) = read(&text);
    let is_input = |line: &&Line| matches!(line, Line::Input(_));
    assert_eq!(lines.iter().filter(is_input).count(), 2, "{text}");
    assert_eq!(text.matches("fault.hit").count(), 1, "{text}");
    assert!(!text.contains("hunter2"), "{text}");
    same(&text, &within(replayed(&text)));
}

#[test]
fn what_proves_a_user_is_in_no_recording() {
    let text = within(async {
        let recorded = Recorded::start(options()).await;
        let api = &recorded.api;
        api.put("/users/alice", r#"{"password":"hunter2"}"#).await;
        api.put("/users/bob", r#"{"nt_hash":"8846F7EAEE8FB117AD06BDD830B7586C"}"#).await;
        api.call("PUT", "/users/carol", r#"{"passwort":"hunter2"}"#).await;
        api.put("/users/alice", r#"{"password":"other","admin":true}"#).await;
        recorded.end().await
    });
    assert_eq!(inputs(&text).len(), 3);
    for secret in ["hunter2", "8846F7EA", "8846f7ea", "other"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    same(&text, &within(replayed(&text)));
}

pub(super) async fn clock_left_alone() -> Answer {
    let recorded = Recorded::start(options()).await;
    recorded.api.call("PATCH", "/clock", r#"{"mode":"manual"}"#).await.ok();
    recorded.api.call("PATCH", "/clock", r#"{"mode":"scaled:60"}"#).await
}

#[test]
fn time_does_not_move_by_itself_while_it_is_recorded() {
    assert_eq!(within(clock_left_alone()).problem(), "recorded");
    let mut real = StoreOptions { clock: clock::ClockMode::Real, ..options() };
    let refused = Setup::of(&mut real).expect_err("its instants are the wall's");
    assert_eq!(refused.to_string(), "only a store with a manual clock can be recorded");
}

#[test]
fn a_wait_that_the_wall_ended_is_told_of_its_answer() {
    let text = within(async {
        let recorded = Recorded::start(options()).await;
        let body = r#"{"timeout":"0s","clock":"auto","within":"900000h","until":{"event":{"type":"session.refused"}}}"#;
        let answer = recorded.api.call("POST", "/waits", body).await;
        assert_eq!(answer.problem(), "wait-timeout");
        recorded.api.post("/clients", "{}").await;
        recorded.end().await
    });
    let (_, lines) = read(&text);
    let by_wall = |line: &&Line| matches!(line, Line::Answer(answer) if answer.by_wall);
    let moved = inputs(&text).contains(&"POST /waits".to_owned());
    assert_eq!(lines.iter().filter(by_wall).count(), usize::from(moved), "{text}");
}

/// A store whose journal keeps 100 entries, whatever was made ready to be recorded.
async fn with_a_short_journal() -> Recorded {
    Recorded::start_as(options(), |options| options.settings.limits.journal_entries = 100).await
}

#[test]
fn an_input_that_makes_more_entries_than_the_journal_keeps_leaves_no_hole() {
    let text = within(async {
        let recorded = with_a_short_journal().await;
        recorded.api.post("/clock/advance", r#"{"by":"100h"}"#).await;
        recorded.end().await
    });
    let (_, lines) = read(&text);
    let mut expected = 1;
    for line in &lines {
        let Line::Entry(entry) = line else { continue };
        let event: Value = serde_json::from_str(entry.event.get()).expect("an entry");
        assert_eq!(event["seq"], expected);
        expected += 1;
    }
    assert!(400 < expected, "{expected}");
    assert!(matches!(lines.last(), Some(Line::End(end)) if end.entries == expected - 1));
}

#[test]
fn a_step_that_makes_more_entries_than_the_journal_keeps_ends_the_recording_and_says_so() {
    let text = within(async {
        let recorded = with_a_short_journal().await;
        let api = &recorded.api;
        api.post("/clients", r#"{"process":"mdl.exe","count":90}"#).await;
        api.put("/block-lists/processes?apply=now", r#"{"data":"mdl.exe"}"#).await;
        api.post("/clients", "{}").await;
        recorded.end().await
    });
    let (_, lines) = read(&text);
    let broken = "one step of the store made more than its journal keeps";
    assert!(matches!(lines.last(), Some(Line::Broken(last)) if last.reason == broken), "{text}");
}

#[test]
fn clients_that_nobody_injected_are_known_by_their_entries() {
    let text = within(async {
        let rpc = Some(([127, 0, 0, 1], 0).into());
        let recorded = Recorded::start(StoreOptions { rpc, ..options() }).await;
        recorded.api.post("/clients", "{}").await;
        let server = recorded.api.store.rpc_address().expect("a port");
        let connects = move || drop(WireClient::bind(server, None).connect(Some("real.exe")));
        tokio::task::spawn_blocking(connects).await.expect("it connects");
        recorded.end().await
    });
    let (_, lines) = read(&text);
    let foreign: Vec<bool> = lines.iter().map(Line::is_foreign).collect();
    assert!(foreign.contains(&true), "{text}");
    let injected = lines.iter().find(|line| {
        matches!(line, Line::Entry(entry)
        if entry.event.get().contains("session.connected"))
    });
    assert!(!injected.expect("a client").is_foreign());
}

#[test]
fn a_registry_of_a_file_is_read_once_and_in_the_recording() {
    use registry_poll::{AnsiCodePage, FileKeyStore};
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("list.reg");
    let written = "REGEDIT4\r\n\r\n[HKEY_LOCAL_MACHINE\\System\\CurrentControlSet\\Services\\MSExchangeIS\\ParametersSystem]\r\n\"Disable MAPI Client Processes\"=\"m\u{fc}ll.exe\"\r\n";
    let bytes: Vec<u8> = written.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    std::fs::write(&path, &bytes).expect("it is written");
    let text = within(async {
        let registry = FileKeyStore::open(&path, AnsiCodePage::default()).expect("a registry");
        let registry = Some(Arc::new(registry) as Arc<dyn registry_poll::Registry>);
        let recorded = Recorded::start(StoreOptions { registry, ..options() }).await;
        recorded.api.put("/block-lists/processes", r#"{"data":"b.exe"}"#).await;
        recorded.end().await
    });
    assert_eq!(std::fs::read(&path).expect("it is there"), bytes, "it is left alone");
    std::fs::remove_file(&path).expect("it was there");
    assert!(text.contains("m\u{fc}ll.exe"), "{text}");
    same(&text, &within(replayed(&text)));
}

#[test]
fn a_changed_byte_anywhere_names_its_line() {
    let steps = [asked("POST", "/clients", json!({ "process": "mdl.exe" }))];
    let text = within(recorded(&steps));
    let mut line = 1;
    for at in 0..text.len() {
        let byte = text.as_bytes()[at];
        if byte == b'\n' {
            line += 1;
            continue;
        }
        let mut changed = text.clone().into_bytes();
        changed[at] = if byte == b'0' { b'1' } else { b'0' };
        let error = (|| {
            let (mut reader, _) = Reader::open(Cursor::new(changed))?;
            while reader.read()?.is_some() {}
            Ok(())
        })();
        let error: RecordingError = error.expect_err("it was changed");
        let named = match &error {
            RecordingError::Changed { line } => *line,
            RecordingError::NotRecording => 1,
            other => panic!("byte {at}: {other}"),
        };
        assert_eq!(named, line, "byte {at}: {error}");
    }
    let lines: Vec<&str> = text.lines().collect();
    for gone in 1..lines.len() - 1 {
        let left: String = lines
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != gone)
            .map(|(_, l)| format!("{l}\n"))
            .collect();
        let (mut reader, _) = Reader::open(Cursor::new(left)).expect("the first line is there");
        let error = loop {
            match reader.read() {
                Ok(line) => {
                    assert!(line.is_some(), "line {} is gone, and nobody says so", gone + 1)
                }
                Err(error) => break error,
            }
        };
        assert!(matches!(error, RecordingError::Changed { line } if line == gone + 1), "{error}");
    }
}

#[test]
fn entries_are_read_of_a_journal_and_of_a_recording_alike() {
    let steps = [asked("POST", "/clients", json!({ "process": "mdl.exe" }))];
    let text = within(recorded(&steps));
    let mut entries = Entries::new(Cursor::new(&text));
    let recorded: Vec<_> = entries.by_ref().map(|entry| entry.expect("an entry")).collect();
    assert!(entries.is_recording());
    assert!(recorded.iter().all(|entry| entry.epoch == Some(1)));
    let journal: String = recorded.iter().map(|entry| format!("{}\n", entry.json)).collect();
    let mut entries = Entries::new(Cursor::new(&journal));
    let journalled: Vec<_> = entries.by_ref().map(|entry| entry.expect("an entry").json).collect();
    assert!(!entries.is_recording());
    assert_eq!(journalled, recorded.iter().map(|entry| entry.json.clone()).collect::<Vec<_>>());
    assert!(2 < journalled.len());
}
