//! Audit mode over HTTP: who would be blocked, by what and with which code, and what becomes of them when it ends.

use infostore::{PolicyMode, Settings};
use serde_json::{Value, json};
use server::StoreOptions;

use super::{Api, options};

/// A store that has been told to watch its list.
async fn auditing(list: &str) -> Api {
    let api = Api::new().await;
    let list = json!({ "data": list }).to_string();
    api.put("/block-lists/processes?apply=now", &list).await;
    api.call("PATCH", "/policy/mode", r#"{"mode":"audit"}"#).await.ok();
    api
}

fn of_type(events: &[Value], kind: &str) -> Vec<Value> {
    events.iter().filter(|event| event["type"] == kind).cloned().collect()
}

#[tokio::test]
async fn an_audit_refuses_nobody_and_says_whom_enforcing_would() {
    let api = auditing("mdl.exe; beta.exe").await;
    api.post("/clients", r#"{"process":"C:\\a\\BETA.EXE","user":"alice","group":"g"}"#).await;
    api.post("/clients", r#"{"process":"OUTLOOK.EXE"}"#).await;
    api.post("/clients/2/send", r#"{"process":"mdl.exe"}"#).await;
    api.post("/clients", r#"{"process":"late.exe"}"#).await;
    let listed = r#"{"data":"late.exe; mdl.exe; beta.exe"}"#;
    let poll = api.put("/block-lists/processes?apply=now", listed).await["poll"].clone();
    assert_eq!((&poll["disconnected"], &poll["would_block"]), (&json!(0), &json!(1)));

    let events = api.events().await;
    let blocks = of_type(&events, "session.would_block");
    let said: Vec<_> = blocks
        .iter()
        .map(|event| (&event["session"], &event["trigger"], &event["decision"]["item"]))
        .collect();
    let expected = [
        (&json!(1), &json!("connect"), &json!("beta.exe")),
        (&json!(2), &json!("late_name"), &json!("mdl.exe")),
        (&json!(3), &json!("policy_change"), &json!("late.exe")),
    ];
    assert_eq!(said, expected);
    insta::assert_snapshot!(serde_json::to_string_pretty(&blocks[0]).expect("it is JSON"));
    assert!(blocks.iter().all(|event| event["code"]["value"] == 1_247));
    assert_eq!(of_type(&events, "session.refused").len(), 0);
    assert_eq!(of_type(&events, "session.disconnected").len(), 0);

    let store = api.get("").await;
    let counts = &store["counts"];
    assert_eq!((&counts["would_block"], &counts["refused"]), (&json!(3), &json!(0)));
    assert_eq!(store["settings"]["policy_mode"], "audit");
    assert_eq!(api.get("/policy").await["mode"], "audit");
    assert_eq!(
        api.get("/policy/mode").await,
        json!({ "mode": "audit", "generation": 2, "forbidden": 3, "would_block": 3 })
    );
    let last = api.get("/polls?after=2").await["items"][0].clone();
    assert_eq!(last, poll);
    let generations = api.get("/policy/generations").await;
    assert_eq!(generations["items"][1]["would_block"], 1);
}

#[tokio::test]
async fn each_decision_of_an_audit_is_shown_once() {
    let api = auditing("mdl.exe").await;
    api.post("/clients", r#"{"process":"mdl.exe"}"#).await;
    api.post("/clients/1/send", r#"{"process":"addin.exe"}"#).await;
    api.post("/clients", r#"{"process":"OUTLOOK.EXE"}"#).await;
    let decisions = api.get("/decisions").await;
    let decisions = decisions["items"].as_array().expect("a list");
    let said: Vec<_> = decisions
        .iter()
        .map(|decision| (&decision["session"], decision["action"].as_str().expect("a word")))
        .collect();
    assert_eq!(said, [(&json!(1), "would_block"), (&json!(2), "admitted")]);
    let summary = decisions[0]["summary"].as_str().expect("a text");
    let expected = "Would be refused, were the policy enforced: `mdl.exe` matches item 1 `mdl.exe` of \
                    `Disable MAPI Client Processes`.";
    assert_eq!(summary, expected);
    // The entries that are no decision say so: whoever follows the journal tells no client twice, and none wrongly.
    let events = api.events().await;
    let listed = |kind: &str| -> Vec<Value> {
        of_type(&events, kind).iter().map(|event| event["listed"].clone()).collect()
    };
    assert_eq!(listed("session.connected"), [json!(true), Value::Null]);
    assert_eq!(listed("session.identified"), [true]);
    let explained = api.post("/policy/explain", r#"{"session":1}"#).await;
    assert_eq!(
        (&explained["decision"], &explained["mode"]),
        (&json!("forbidden"), &json!("audit"))
    );
    let summary = explained["summary"].as_str().expect("a text");
    assert!(
        summary.ends_with("The store is in audit mode, so nothing is done about it."),
        "{summary}"
    );
}

#[tokio::test]
async fn enforcing_again_ends_them_before_it_answers_and_auditing_again_brings_nobody_back() {
    let api = auditing("mdl.exe").await;
    api.post("/clients", r#"{"process":"mdl.exe","count":3}"#).await;
    let preview = api.post("/policy/preview", "{}").await;
    assert_eq!((&preview["count"], &preview["mode"]), (&json!(3), &json!("audit")));

    let enforced = api.call("PATCH", "/policy/mode", r#"{"mode":"enforce"}"#).await;
    assert_eq!(enforced.ok()["forbidden"], 0);
    assert_eq!(api.get("/sessions").await["total"], 0);
    let client = api.get("/clients/1").await;
    assert_ne!(client["state"], "connected", "it has seen its connection close");
    let swept = of_type(&api.events().await, "enforcement.completed").pop().expect("a sweep");
    assert_eq!((&swept["mode"], &swept["disconnected"]), (&json!("enforce"), &json!(3)));
    assert_eq!(swept["cause"], "control");
    let decisions = api.get("/decisions?limit=1000").await;
    let last = decisions["items"].as_array().and_then(|items| items.last()).expect("some");
    assert_eq!(
        (&last["trigger"], &last["action"]),
        (&json!("mode_change"), &json!("disconnected"))
    );
    let generations = api.get("/policy/generations").await;
    assert_eq!(generations["items"][0]["disconnected"], 0, "no policy did that, but the mode");

    let before = api.get("").await["cursor"].clone();
    api.call("PATCH", "/policy/mode", r#"{"mode":"audit"}"#).await.ok();
    let after = api.get(&format!("/events?after={}", before.as_str().expect("a cursor"))).await;
    assert_eq!(after["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(after["items"][0]["type"], "policy.mode_changed");
    assert_eq!(api.get("/sessions").await["total"], 0);
}

#[tokio::test]
async fn the_mode_is_a_setting_that_a_restart_keeps_and_a_reset_takes_back() {
    let settings = Settings { policy_mode: PolicyMode::Audit, ..Settings::default() };
    let api = Api::with(StoreOptions { settings, ..options() }, control::ControlLimits::default());
    let api = api.await;
    let mode = async || api.get("/policy/mode").await["mode"].clone();
    assert_eq!(mode().await, "audit");
    let changed = api.call("PATCH", "", r#"{"policy_mode":"enforce"}"#).await.ok();
    assert_eq!(changed["settings"]["policy_mode"], "enforce");
    api.post("/restart", "").await;
    assert_eq!(mode().await, "enforce");
    api.post("/reset", "").await;
    assert_eq!(mode().await, "audit", "as at the start");
    let wrong = api.call("PATCH", "/policy/mode", r#"{"mode":"watch"}"#).await;
    assert_eq!(wrong.problem(), "invalid-body");
}
