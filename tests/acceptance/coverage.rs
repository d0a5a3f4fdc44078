//! Everything that can happen is shown over a public surface: each type of event and each variant that an event can have is
//! in a journal that was read over HTTP or from the journal file, and each lint is in an answer over HTTP.
//!
//! The names of the variants come from the engine's own tests, where a new variant does not compile before it has one. The
//! problems of the control plane have such a test of their own, `control::problems`.

use std::collections::BTreeSet;
use std::fs;

use emsmdb::{ErrorCode, WireVersion};
use infostore::{Limits, Settings, Transport};
use policy::{BlockList, LintCode};
use serde_json::{Value, json};
use server::StoreOptions;

use super::http::Http;
use super::site::{Program, Site, registry_fault};
use crate::cli::process::{Serving, scratch};
use crate::infostore::story;
use crate::policy::lints::{case, version_case};
use crate::running::options;
use crate::server::notifications::subscribe;

/// Clients come, are found out, and go in every way but two.
fn a_working_day() -> Vec<Value> {
    let site = Site::start(Transport::Pipe);
    let (_, outlook) = (site.inject("mdl.exe"), site.inject("OUTLOOK.EXE"));
    site.post(&format!("/clients/{outlook}/send"), &json!({ "process": "addin.exe" }));
    site.write("processes", "mdl.exe; *.exe");
    site.tick();
    site.refuses("mdl.exe");
    let too_old = site.bind().connect_as(None, WireVersion([10, 6_515, 0]));
    assert_eq!(too_old.result, ErrorCode::EC_VERSION_MISMATCH);
    site.write_value("processes", &json!({ "type": "REG_DWORD", "data": 1 }));
    site.post("/polls", &Value::Null);
    site.delete("/sessions/2");
    let client = site.inject(Program::NAMELESS);
    site.post(&format!("/clients/{client}/disconnect"), &Value::Null);
    drop(site.foreign("a.exe"));
    let has_closed = |event: &Value| event["reason"] == "transport";
    let closed = |_| site.events("session.ended").iter().any(has_closed);
    assert!((0..10_000).any(closed), "the store notices");
    site.patch("/polls/schedule", &json!({ "interval": "1m" }));
    site.events("")
}

/// Users come and go, one of them has mail, and then nobody is let in who does not say who he is.
fn people() -> Vec<Value> {
    let site = Site::start(Transport::Pipe);
    site.put("/users/alice", &json!({ "password": "alice's" }));
    site.delete("/users/alice");
    let mut client = site.bind();
    let handle = client.connect(Some("a.exe")).handle;
    subscribe(&mut client, handle);
    site.post("/sessions/1/notifications", &json!({}));
    site.patch("", &json!({ "anonymous": false }));
    assert_eq!(site.attempt("b.exe"), Some(ErrorCode::EC_ACCESS_DENIED));
    site.events("")
}

/// The service stops, starts with another build, on another node, and can't read its registry.
fn a_night_of_maintenance() -> Vec<Value> {
    let site = Site::start(Transport::Pipe);
    site.write("processes", "mdl.exe");
    site.inject("a.exe");
    site.patch("/build", &json!({ "build": "6.5.7638" }));
    site.restart();
    site.patch("/cluster", &json!({ "mode": "per_node" }));
    let mut busy = registry_fault("busy");
    busy["schedule"] = json!({ "next": 1 });
    let busy = site.post("/faults", &busy);
    site.tick();
    site.patch(&format!("/faults/{}", busy["id"]), &json!({ "paused": true }));
    site.delete(&format!("/faults/{}", busy["id"]));
    site.post("/faults", &json!({ "effect": { "skip_poll": true }, "schedule": { "next": 1 } }));
    site.go_to(3_600);
    let busy = json!({ "effect": { "ec": "ecServerBusy" }, "schedule": { "next": 1 } });
    site.post("/faults", &busy);
    assert_eq!(site.attempt("a.exe"), Some(ErrorCode::EC_SERVER_BUSY));
    let slow =
        json!({ "effect": { "registry": "slow", "delay": "1m" }, "schedule": { "next": 1 } });
    site.post("/faults", &slow);
    site.restart();
    assert_eq!(site.attempt("a.exe"), Some(ErrorCode::EC_SERVER_PAUSED), "nothing is read yet");
    // The read of that start is given up.
    site.restart();
    site.patch("/cluster", &json!({ "mode": "checkpointed" }));
    import(&site, "/registry-import?node=NODE2", 2_000);
    site.post("/cluster/failover", &Value::Null);
    site.events("")
}

/// Imports so many values into the polled key.
fn import(site: &Site, path: &str, values: usize) {
    let values: String = (0..values).map(|n| format!("\"v{n}\"=dword:1\r\n")).collect();
    let key = registry_poll::KeyPath::parameters_system();
    let file = format!("Windows Registry Editor Version 5.00\r\n\r\n[{key}]\r\n{values}");
    site.send("POST", path, "application/octet-stream", file.as_bytes()).ok();
}

/// A store that takes little.
fn a_full_house() -> Vec<Value> {
    let limits = Limits { sessions: 3, classes: 2, names_per_session: 1, ..Limits::default() };
    let settings = Settings { limits, ..Settings::default() };
    let site = Site::with(Transport::Pipe, StoreOptions { settings, ..options() });
    let first = site.inject("a.exe");
    let two_names = site.bind().connect_named(&["a.exe", "b.exe"]);
    assert_eq!(two_names.result, ErrorCode::EC_INVALID_PARAM);
    for process in ["b.exe", "c.exe", "a.exe", "a.exe"] {
        site.inject(process);
    }
    site.post(&format!("/clients/{first}/send"), &json!({ "process": "z.exe" }));
    site.events("")
}

/// A store goes back to what it was.
fn another_go() -> Vec<Value> {
    let site = Site::start(Transport::Pipe);
    site.post("/snapshots", &json!({ "name": "before" }));
    let taken = site.events("");
    site.post("/snapshots/1/restore", &Value::Null);
    [taken, site.events("")].concat()
}

/// The policy is only watched, and then enforced.
fn an_audit() -> Vec<Value> {
    let site = Site::start(Transport::Pipe);
    site.write("processes", "mdl.exe");
    site.post("/polls", &Value::Null);
    site.patch("/policy/mode", &json!({ "mode": "audit" }));
    let late = site.inject("a.exe");
    site.post(&format!("/clients/{late}/send"), &json!({ "process": "mdl.exe" }));
    site.inject("mdl.exe");
    site.inject("b.exe");
    site.write("processes", "mdl.exe; b.exe");
    site.tick();
    site.patch("/policy/mode", &json!({ "mode": "enforce" }));
    site.events("")
}

/// A store that remembers little, just after it has begun to forget.
fn a_full_journal() -> Vec<Value> {
    let limits = Limits { journal_entries: 3, ..Limits::default() };
    let settings = Settings { limits, ..Settings::default() };
    let site = Site::with(Transport::Pipe, StoreOptions { settings, ..options() });
    site.inject("a.exe");
    site.inject("a.exe");
    site.events("")
}

/// The program ends while a client is connected, and leaves its journal.
fn a_shutdown() -> Vec<Value> {
    let file = scratch("coverage.jsonl");
    let serving = Serving::start(&["--clock", "manual", "--journal", file.to_str().expect("text")]);
    let http = Http::new(serving.control());
    http.send("POST", "/v1/stores/default/clients", "application/json", b"{}").ok();
    assert_eq!(serving.end_with("-TERM"), Some(0));
    let journal = fs::read_to_string(&file).expect("a journal");
    journal.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

/// The texts of a field of the events that have it, `poll:2` as `poll`; those that are no type in the engine's words.
fn shown(events: &[Value], kind: &str, field: &str) -> BTreeSet<String> {
    let of_kind =
        events.iter().filter(|event| event["type"].as_str().is_some_and(|t| t.starts_with(kind)));
    let texts = of_kind.filter_map(|event| event.pointer(field)?.as_str());
    let words =
        |text: &str| if field == "/type" { text.to_owned() } else { text.replace('_', " ") };
    texts.map(|text| words(text.split(':').next().unwrap_or(text))).collect()
}

/// The refusals; what authentication refuses is told with its reason, and is one of the engine's. Each reason is in
/// `server::authentication::each_refusal_has_its_code_and_is_in_the_journal`.
fn refusals(events: &[Value]) -> BTreeSet<String> {
    let denied = |text: String| if text == "anonymous" { "denied".to_owned() } else { text };
    shown(events, "session.refused", "/refusal").into_iter().map(denied).collect()
}

#[test]
fn every_variant_of_the_journal_is_shown_to_a_user() {
    let runs = [
        a_working_day,
        people,
        a_night_of_maintenance,
        a_full_house,
        an_audit,
        a_full_journal,
        another_go,
        a_shutdown,
    ];
    let events: Vec<Value> = runs.into_iter().flat_map(|run| run()).collect();
    for (of, all, shown) in [
        ("event", story::EVENTS, shown(&events, "", "/type")),
        ("cause", story::CAUSES, shown(&events, "", "/cause")),
        ("refusal", story::REFUSALS, refusals(&events)),
        (
            "disconnect",
            story::DISCONNECT_REASONS,
            shown(&events, "session.disconnected", "/reason"),
        ),
        ("end", story::END_REASONS, shown(&events, "session.ended", "/reason")),
        ("trigger", story::TRIGGERS, shown(&events, "poll.", "/poll/trigger")),
        ("block", story::BLOCK_TRIGGERS, shown(&events, "session.would_block", "/trigger")),
    ] {
        let all: BTreeSet<_> = all.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(shown, all, "{of}");
    }
    // What is wrong with a value is said in words: one of these for each variant.
    let problems = shown(&events, "registry.invalid", "/problem");
    let said = ["REG DWORD", "items that can't mean", "build 6.5.7638"];
    assert_eq!(said.len(), story::INVALID_POLICIES.len());
    for words in said {
        assert!(problems.iter().any(|problem| problem.contains(words)), "{words}: {problems:?}");
    }
}

#[test]
fn every_type_of_event_can_be_asked_for() {
    let site = Site::start(Transport::Pipe);
    for kind in story::EVENTS {
        assert!(site.events(kind).iter().all(|event| event["type"] == *kind), "{kind}");
    }
}

#[test]
fn every_lint_is_said_of_a_list_that_is_written() {
    let site = Site::start(Transport::Pipe);
    let says = |list: BlockList, text: &str, code: LintCode| {
        site.write(&list.to_string(), text);
        site.lint_codes(&list.to_string()).contains(&code.as_str().to_owned())
    };
    let mut silent = Vec::new();
    for code in LintCode::ALL {
        let texts =
            [(BlockList::Processes, case(*code)), (BlockList::Versions, version_case(*code))];
        let texts: Vec<_> =
            texts.into_iter().filter_map(|(list, text)| Some((list, text?))).collect();
        for (list, text) in &texts {
            assert!(says(*list, text, *code), "{list} {code}");
        }
        if texts.is_empty() {
            silent.push(*code);
        }
    }
    // What no text says: the build's part.
    assert_eq!(silent, [LintCode::IgnoredByBuild]);
    site.patch("/build", &json!({ "build": "6.5.7638" }));
    site.restart();
    assert!(says(BlockList::Processes, "mdl.exe", LintCode::IgnoredByBuild));
}
