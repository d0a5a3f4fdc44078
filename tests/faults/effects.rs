//! Each effect, as an injected client meets it, over both transports.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;

use emsmdb::ErrorCode;
use infostore::Transport;
use registry_poll::FaultKind;
use serde_json::{Value, json};

use super::{CLOSED, RESET};
use crate::acceptance::site::Site;
use crate::infostore::fault_rules::effects;

/// What shows an effect.
type Shown = (&'static str, fn(&Site));

const EFFECTS: &[Shown] = &[
    ("refuse", refuse),
    ("reset", reset),
    ("close_after", close_after),
    ("hang", hang),
    ("latency", latency),
    ("slow_bytes", slow_bytes),
    ("corrupt", corrupt),
    ("rpc_fault", rpc_fault),
    ("ec", code),
    ("late_aux", late_aux),
    ("missing", |site| reads(site, "missing", "not_found")),
    ("wrong_type", |site| reads(site, "wrong_type", "invalid")),
    ("access_denied", |site| reads(site, "access_denied", "unreadable")),
    ("torn", |site| reads(site, "torn", "unreadable")),
    ("busy", |site| reads(site, "busy", "unreadable")),
    ("slow", slow_read),
    ("stale", |site| reads(site, "stale", "text")),
    ("skip_poll", skip_poll),
    ("clock_jump", clock_jump),
    ("slow_answer", slow_answer),
    ("drop", drop_answer),
];

#[test]
fn every_effect_is_seen_by_injected_clients_over_the_pipe() {
    EFFECTS.iter().for_each(|(_, shows)| shows(&Site::start(Transport::Pipe)));
}

#[test]
fn every_effect_is_seen_by_injected_clients_over_tcp() {
    EFFECTS.iter().for_each(|(_, shows)| shows(&Site::start(Transport::Tcp)));
}

#[test]
fn whom_a_disturbed_read_cuts_off_is_told_which_rule_it_was() {
    let site = Site::start(Transport::Pipe);
    site.apply("processes", "mdl.exe");
    site.fault_once("registry", &json!({ "registry": "missing" }));
    site.post("/polls", &Value::Null);
    let client = site.inject("mdl.exe");
    site.is_through(client);
    // Nothing is listed any more, but the last undisturbed read found what is read again.
    site.write("processes", "");
    let rule = site.fault_once("registry", &json!({ "registry": "stale" }));
    site.post("/polls", &Value::Null);
    site.is_cut_off(client);
    let disconnected = site.events("session.disconnected").pop().expect("an event");
    let decision = site.get(&format!("/decisions/{}", disconnected["seq"]));
    assert_eq!(
        (&decision["action"], &decision["faults"]),
        (&json!("disconnected"), &json!([rule]))
    );
    // In audit mode it is a decision too.
    site.patch("/policy/mode", &json!({ "mode": "audit" }));
    site.inject("mdl.exe");
    let would_block = site.events("session.would_block").pop().expect("an event");
    let decision = site.get(&format!("/decisions/{}", would_block["seq"]));
    assert_eq!(decision["faults"], json!([rule]));
}

#[test]
fn no_effect_is_without_a_test() {
    let shown: BTreeSet<_> = EFFECTS.iter().map(|(name, _)| *name).collect();
    let kinds = [
        FaultKind::Missing,
        FaultKind::WrongType(registry_poll::RegType::DWORD),
        FaultKind::AccessDenied,
        FaultKind::Torn,
        FaultKind::Busy,
        FaultKind::Slow(core::time::Duration::MAX),
        FaultKind::Stale,
    ];
    let mut all: BTreeSet<_> = kinds.into_iter().map(FaultKind::name).collect();
    all.extend(effects().iter().map(infostore::FaultEffect::name));
    assert_eq!(shown, all);
}

fn refuse(site: &Site) {
    site.fault_once("accept", &json!({ "refuse": true }));
    let client = site.inject("a.exe");
    site.stands(client, "failed", RESET);
    site.fault_once("bind", &json!({ "refuse": true }));
    site.reconnect(client);
    site.stands(client, "failed", "the bind was refused with reason 0");
    site.reconnect(client);
    site.is_through(client);
    assert_eq!(site.told(), ["store.started", "poll.completed", "session.connected"]);
}

fn reset(site: &Site) {
    let before = site.fault_requests("connect", &json!({ "reset": true }));
    let client = site.inject("a.exe");
    site.stands(client, "failed", RESET);
    site.remove(before);
    assert_eq!(site.told().len(), 2, "the store never saw it");
    site.fault_once("connect", &json!({ "reset": true }));
    site.reconnect(client);
    site.stands(client, "failed", RESET);
    let told = site.told();
    assert_eq!(told[2..], ["session.connected", "session.ended"], "the answer was lost");
    assert_eq!(site.events("session.ended")[0]["reason"], "transport");
    for stage in ["bind", "rpc"] {
        site.fault_once(stage, &json!({ "reset": true }));
        site.reconnect(client);
        assert_eq!(site.state(client).1, RESET, "{stage}");
    }
    site.reconnect(client);
    site.is_through(client);
    site.fault_once("disconnect", &json!({ "reset": true }));
    site.post(&format!("/clients/{client}/disconnect"), &Value::Null);
    let ended = site.events("session.ended");
    assert_eq!(ended.last().expect("an end")["reason"], "client", "it was done, and not answered");
}

fn close_after(site: &Site) {
    let client = site.inject("a.exe");
    // Nothing, the middle of the header, the middle of the body, more than there is.
    for bytes in [0, 7, 60, u64::MAX] {
        site.fault_once("connect", &json!({ "close_after": bytes }));
        site.reconnect(client);
        let (state, outcome) = site.state(client);
        // With the whole answer there is a session, and the call after it finds no connection.
        let expected = if bytes == u64::MAX { "disconnected" } else { "failed" };
        assert_eq!((state.as_str(), outcome), (expected, json!(CLOSED)), "{bytes}");
    }
}

fn hang(site: &Site) {
    for (stage, has_session) in
        [("accept", false), ("bind", false), ("connect", true), ("rpc", true)]
    {
        let rule = site.fault_once(stage, &json!({ "hang": true }));
        let sessions = || site.get("/sessions")["total"].as_u64();
        let before = sessions();
        // It is quiescent: this returns.
        let client = site.inject("a.exe");
        assert_eq!(site.state(client).0, "connecting", "{stage}");
        assert_eq!(before < sessions(), has_session, "{stage}");
        site.wait("10h");
        assert_eq!(site.state(client).0, "connecting", "{stage}");
        site.remove(rule);
        site.settle();
        site.is_through(client);
    }
}

fn latency(site: &Site) {
    site.fault_once("connect", &json!({ "latency": "30s" }));
    let client = site.inject("a.exe");
    assert_eq!(site.get("/sessions")["total"], 1, "the answer is late, not the request");
    site.wait("29s");
    assert_eq!(site.state(client).0, "connecting");
    site.wait("1s");
    site.is_through(client);
    let before = site.fault_requests("connect", &json!({ "latency": "30s" }));
    site.reconnect(client);
    assert_eq!(site.get("/sessions")["total"], 0, "the request is late");
    assert_eq!(site.get("/clock")["next_deadline"], "2006-04-22T08:01:00Z");
    site.wait("30s");
    site.is_through(client);
    site.remove(before);
    let last = site.events("session.connected").pop().expect("an event");
    assert_eq!(last["at"], "2006-04-22T08:01:00Z");
    // Two add up, and so do a request's and its answer's.
    site.fault("bind", &json!({ "latency": "10s" }));
    site.fault("bind", &json!({ "latency": "5s" }));
    site.fault_requests("bind", &json!({ "latency": "1s" }));
    site.reconnect(client);
    site.wait("15999ms");
    assert_eq!(site.state(client).0, "connecting");
    site.wait("1ms");
    site.is_through(client);
}

fn slow_bytes(site: &Site) {
    // A bind_ack has more than 48 bytes, and fewer than 160.
    let rule = site.fault("bind", &json!({ "slow_bytes": { "bytes": 16, "per": "1s" } }));
    let client = site.inject("a.exe");
    site.wait("3s");
    assert_eq!(site.state(client).0, "connecting");
    site.wait("7s");
    site.is_through(client);
    // In the middle of it the rule goes: the rest comes at once.
    site.reconnect(client);
    site.wait("1s");
    site.remove(rule);
    site.settle();
    site.is_through(client);
}

fn corrupt(site: &Site) {
    let client = site.inject("a.exe");
    // The type of the PDU is another.
    site.fault_once("connect", &json!({ "corrupt": { "byte": 2, "mask": 255 } }));
    site.reconnect(client);
    let (state, outcome) = site.state(client);
    let outcome = outcome.as_str().expect("an outcome").to_owned();
    assert_eq!(state, "failed", "{outcome}");
    assert!(outcome.starts_with("the server broke the protocol"), "{outcome}");
    // The code is the last thing of an answer: one that is shorter is hit at its end.
    let last = json!({ "corrupt": { "byte": 1_000_000, "mask": 128 } });
    site.fault_once("connect", &last);
    site.reconnect(client);
    assert_eq!(site.state(client).0, "refused", "the highest bit of the code");
    site.fault_once("connect", &json!({ "corrupt": {} }));
    site.reconnect(client);
    assert_eq!(site.events("fault.hit").len(), 3);
}

fn rpc_fault(site: &Site) {
    for (given, shown) in [
        (json!("nca_s_server_too_busy"), "nca_s_server_too_busy (0x1c010014)"),
        (json!(0x1C01_0014), "nca_s_server_too_busy (0x1c010014)"),
        (json!("0x6F7"), "RPC_X_BAD_STUB_DATA (0x000006f7)"),
        (json!(12_345), "0x00003039"),
    ] {
        for stage in ["connect", "rpc"] {
            site.fault_once(stage, &json!({ "rpc_fault": given }));
            let client = site.inject("a.exe");
            let outcome = format!("a call was answered with fault {shown}");
            assert_eq!(site.state(client).1, outcome, "{stage}");
        }
    }
}

fn code(site: &Site) {
    // What is on the list is not even looked at: the fault comes first.
    site.apply("processes", "mdl.exe");
    let rule = site.fault_once("connect", &json!({ "ec": "ecServerBusy" }));
    let client = site.inject("mdl.exe");
    site.stands(client, "refused", "ecServerBusy");
    let refused = &site.events("session.refused")[0];
    assert_eq!((&refused["refusal"], &refused["decision"]), (&json!("fault"), &Value::Null));
    assert_eq!(refused["code"], json!({ "name": "ecServerBusy", "value": 0x480 }));
    let decision = site.get(&format!("/decisions/{}", refused["seq"]));
    assert_eq!((&decision["action"], &decision["faults"]), (&json!("refused"), &json!([rule])));
    assert_eq!(decision["summary"], "Refused: a fault rule says so.");
    let hit = &site.events("fault.hit")[0];
    assert_eq!(hit["seq"].as_u64().map(|seq| seq + 1), refused["seq"].as_u64());
    let (client_id, process) = (json!(client), json!("mdl.exe"));
    assert_eq!(
        (&hit["client_id"], &hit["process"], &hit["opnum"]),
        (&client_id, &process, &json!(10))
    );
    assert_eq!((&hit["stage"], &hit["cause"]), (&json!("connect"), &json!("client")));

    site.fault_once("rpc", &json!({ "ec": "0x480" }));
    let client = site.inject("a.exe");
    assert_eq!(site.state(client).1, "ecServerBusy", "its logon");
    site.reconnect(client);
    site.is_through(client);
    let hit = site.events("fault.hit").pop().expect("an event");
    assert_eq!((&hit["process"], &hit["opnum"]), (&json!("a.exe"), &json!(11)));
    assert!(hit["session"].is_u64(), "{hit}");
    // EcDoConnect is a connect too.
    site.fault_once("connect", &json!({ "ec": "ecLoginPerm" }));
    let old = crate::acceptance::site::Program::NAMELESS.of_version("10.0.2627.0");
    site.stands(site.inject(old), "refused", "ecLoginPerm");
}

fn late_aux(site: &Site) {
    site.apply("processes", "mdl.exe");
    let rule = site.fault_once("connect", &json!({ "late_aux": "next_call" }));
    let client = site.inject("mdl.exe");
    site.is_cut_off(client);
    let connected = &site.events("session.connected")[0];
    assert_eq!(connected["process"], Value::Null, "nobody knew");
    let decision = site.get(&format!("/decisions/{}", connected["seq"]));
    assert_eq!((&decision["action"], &decision["faults"]), (&json!("admitted"), &json!([rule])));
    assert_eq!(site.events("session.identified")[0]["process"], "mdl.exe");
    assert_eq!(site.events("session.ended")[0]["reason"], "policy");

    let rule = site.fault("connect", &json!({ "late_aux": "dropped" }));
    let client = site.inject("mdl.exe");
    site.is_through(client);
    site.tick();
    site.is_through(client);
    // A client that has no process block is no opportunity.
    site.inject(crate::acceptance::site::Program::NAMELESS);
    assert_eq!(site.counters(rule), (1, 1));
    site.remove(rule);
    site.refuses("mdl.exe");
}

fn reads(site: &Site, effect: &str, reading: &str) {
    site.apply("processes", "mdl.exe");
    site.write("processes", "other.exe");
    let rule = site.fault("registry", &json!({ "registry": effect }));
    let poll = site.post("/polls", &Value::Null);
    assert_eq!(poll["reads"][0]["reading"], reading);
    assert_eq!(poll["faults"], json!([rule]), "once, though it disturbed both values");
    let keeps = ["unreadable", "text"].contains(&reading);
    assert_eq!(site.attempt("mdl.exe") == Some(ErrorCode::EC_CLIENT_VER_DISALLOWED), keeps);
    assert_ne!(site.attempt("other.exe"), Some(ErrorCode::EC_CLIENT_VER_DISALLOWED));
    let last_decision =
        || site.get("/decisions")["items"].as_array().expect("a list").last().cloned();
    assert_eq!(
        last_decision().expect("a decision")["faults"],
        json!([rule]),
        "it was not read as written"
    );
    // What is read undisturbed is judged without the rule, and so is whom that cuts off.
    let client = site.inject("other.exe");
    site.remove(rule);
    assert_eq!(site.post("/polls", &Value::Null)["faults"], json!([]));
    site.is_cut_off(client);
    assert_eq!(last_decision().expect("a decision")["faults"], json!([]));
}

fn slow_read(site: &Site) {
    site.write("processes", "mdl.exe");
    site.fault_once("registry", &json!({ "registry": "slow", "delay": "30s" }));
    site.post("/polls", &Value::Null);
    site.admits("mdl.exe");
    site.wait("30s");
    site.refuses("mdl.exe");
}

fn skip_poll(site: &Site) {
    site.write("processes", "mdl.exe");
    let client = site.inject("mdl.exe");
    let rule = site.fault_once("poll", &json!({ "skip_poll": true }));
    let advanced = site.post("/clock/advance", &json!({ "to": "2006-04-22T08:15:00Z" }));
    assert_eq!((&advanced["polls_run"], &advanced["disconnected"]), (&json!(0), &json!(0)));
    site.is_through(client);
    let skipped = &site.events("poll.skipped")[0];
    assert_eq!(skipped["due"], "2006-04-22T08:15:00Z");
    assert_eq!(skipped["cause"], format!("fault:{rule}"));
    // The ledger has no poll of that time, and the next comes where it would have come.
    let due = |poll: &Value| poll["due"].as_str().map(str::to_owned);
    let ledger = || site.get("/polls")["items"].as_array().expect("a list").clone();
    assert_eq!(ledger().iter().filter_map(due).collect::<Vec<_>>(), ["2006-04-22T08:00:00Z"]);
    site.go_to(1_800);
    assert_eq!(ledger().last().and_then(due).as_deref(), Some("2006-04-22T08:30:00Z"));
    site.is_cut_off(client);
    assert_eq!(site.counters(rule), (2, 1));
}

fn clock_jump(site: &Site) {
    let rule = site.fault_once("connect", &json!({ "clock_jump": "40m" }));
    site.write("processes", "mdl.exe");
    let client = site.inject("mdl.exe");
    // Two ticks were missed; they are served once, and that cuts the client off.
    site.is_cut_off(client);
    let changed = &site.events("clock.changed")[0];
    assert_eq!(changed["cause"], format!("fault:{rule}"));
    assert_eq!(changed["target"], "2006-04-22T08:40:00Z");
    assert_eq!(site.events("session.connected")[0]["at"], "2006-04-22T08:40:00Z");
    let polls = site.events("poll.completed");
    assert_eq!(polls.len(), 2);
    assert_eq!(polls[1]["poll"]["due"], "2006-04-22T08:30:00Z", "the last tick that was missed");
    assert_eq!(site.get("/clock")["now"], "2006-04-22T08:40:00Z");
    // A tick that jumps past an advance's target ends it.
    site.fault_once("poll", &json!({ "clock_jump": "1d" }));
    let advanced = site.post("/clock/advance", &json!({ "to": "2006-04-22T08:46:00Z" }));
    assert_eq!(advanced["now"], "2006-04-23T08:45:00Z");
}

fn slow_answer(site: &Site) {
    let route = json!({ "stage": "api", "method": "GET", "route": "/sessions" });
    let effect = json!({ "slow_answer": "1ms" });
    let rule = site.rule(&json!({ "match": route, "effect": effect }));
    site.get("/sessions");
    site.get("/clients");
    site.get("/v1/stores");
    assert_eq!(site.counters(rule), (1, 1));
    let hit = &site.events("fault.hit")[0];
    assert_eq!((&hit["method"], &hit["route"]), (&json!("GET"), &json!("/sessions")));
    assert_eq!((&hit["cause"], &hit["process"]), (&json!("control"), &Value::Null));
}

fn drop_answer(site: &Site) {
    let rule = site.rule(&json!({ "match": { "route": "/polls" }, "effect": { "drop": true } }));
    let polls = site.events("poll.completed").len();
    let mut stream = TcpStream::connect(site.control()).expect("the control plane listens");
    let request =
        "POST /v1/stores/default/polls HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
    stream.write_all(request.as_bytes()).expect("the server reads");
    let mut answer = Vec::new();
    // An error or a body that does not end: a client can't take it for an answer.
    drop(stream.read_to_end(&mut answer));
    let text = String::from_utf8_lossy(&answer);
    assert!(!text.contains("number"), "{text}");
    assert!(!text.ends_with("0\r\n\r\n"), "the body has no end: {text}");
    assert_eq!(site.events("poll.completed").len(), polls + 1, "what was asked for is done");
    assert_eq!(site.counters(rule), (1, 1));
    site.remove(rule);
    site.post("/polls", &Value::Null);
}

/// The store's own transports are the table's; what is the same over both is looked at once.
#[test]
fn a_jump_to_the_end_of_store_time_ends_there_and_the_store_goes_on() {
    let site = Site::start(Transport::Pipe);
    site.fault_once("connect", &json!({ "clock_jump": "9999999d" }));
    site.inject("a.exe");
    assert_eq!(site.get("/clock")["now"], "9999-12-31T23:59:59.999999Z");
    site.post("/polls", &Value::Null);
    site.post("/reset", &Value::Null);
    assert_eq!(site.get("/clock")["now"], "2006-04-22T08:00:00Z");
}

/// A rule that makes due what it hits would go on for ever: whoever waits for the store's task still has a turn.
#[test]
fn a_clock_that_runs_away_can_be_stopped() {
    let site = Site::start(Transport::Pipe);
    let rule = site.fault("poll", &json!({ "clock_jump": "16m" }));
    site.patch("/polls/schedule", &json!({ "interval": "15m" }));
    site.patch("/clock", &json!({ "mode": "scaled:1000000" }));
    site.remove(rule);
    site.patch("/clock", &json!({ "mode": "manual" }));
    site.settle();
}
