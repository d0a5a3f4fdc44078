//! Previews over HTTP: a change that follows one does exactly what it said, or nothing.

use control::ControlLimits;
use infostore::{RegistryWatch, Settings};
use serde_json::{Value, json};
use server::StoreOptions;

use super::{Api, options};

/// A store with a port, so that clients can come over TCP too.
async fn with_port() -> Api {
    let options = StoreOptions { rpc: Some(([127, 0, 0, 1], 0).into()), ..options() };
    Api::with(options, ControlLimits::default()).await
}

/// Programs, an old version, and one that says nothing of itself, over both transports.
async fn crowd(api: &Api) {
    for body in [
        r#"{"process":"mdl.exe","count":2,"group":"finance"}"#,
        r#"{"process":"mdl.exe","transport":"tcp"}"#,
        r#"{"process":"OUTLOOK.EXE","count":2}"#,
        r#"{"process":"OUTLOOK.EXE","client_version":"12.0.4518.1014","transport":"tcp"}"#,
        r#"{"process":null}"#,
        r#"{"process":null,"client_version":"8.0.4212.0"}"#,
    ] {
        api.post("/clients", body).await;
    }
}

fn ids(items: &Value, field: &str) -> Vec<u64> {
    let items = items.as_array().expect("a list").iter();
    items.map(|item| item[field].as_u64().expect("a number")).collect()
}

/// The sessions that the policy has disconnected since a cursor.
async fn disconnected_since(api: &Api, cursor: &str) -> Vec<u64> {
    let events = api.get(&format!("/events?type=session.disconnected&after={cursor}")).await;
    assert!(events["items"].as_array().expect("a list").iter().all(|e| e["reason"] == "policy"));
    ids(&events["items"], "session")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_follows_a_preview_cuts_off_exactly_those_sessions() {
    for (list, text, sessions) in [
        ("processes", json!("mdl.exe"), vec![1, 2, 3]),
        ("processes", json!("MDL.EXE; outlook.exe"), vec![1, 2, 3, 4, 5, 6]),
        ("processes", json!("nobody.exe"), vec![]),
        ("processes", Value::Null, vec![]),
        ("versions", json!("-8.4212.0; 12.0.0-"), vec![6, 8]),
        ("versions", json!("11.5608.0"), vec![1, 2, 3, 4, 5, 7]),
        ("versions", json!("0.0.0-"), vec![1, 2, 3, 4, 5, 6, 7, 8]),
    ] {
        let api = with_port().await;
        crowd(&api).await;
        let before = api.events().await;
        let body = json!({ list: text }).to_string();
        let answer = api.call("POST", "/policy/preview", &body).await;
        let preview = answer.ok();
        assert_eq!(api.events().await, before, "a preview changes nothing");
        let cursor = preview["cursor"].as_str().expect("a cursor");
        assert_eq!(cursor, answer.header("exstore-cursor"));
        assert_eq!(ids(&preview["disconnected"], "session"), sessions, "{body}");
        assert_eq!(preview["count"], sessions.len(), "{body}");

        let path = format!("/block-lists/{list}?apply=now&if_cursor={cursor}");
        let changed = match text.as_str() {
            Some(text) => api.put(&path, &json!({ "data": text }).to_string()).await,
            None => api.call("DELETE", &path, "").await.ok(),
        };
        assert_eq!(changed["poll"]["disconnected"], preview["count"], "{body}");
        assert_eq!(disconnected_since(&api, cursor).await, sessions, "{body}");
        let total = api.get("/sessions").await;
        assert_eq!(total["total"], preview["kept"], "{body}");
        assert_eq!(total["unidentified"], preview["unidentified"], "{body}");
        let swept = api.get(&format!("/events?type=policy.changed&after={cursor}")).await;
        if let Some(swept) = swept["items"].as_array().and_then(|items| items.first()) {
            assert_eq!(swept["processes"], preview["change"]["processes"], "{body}");
            assert_eq!(swept["versions"], preview["change"]["versions"], "{body}");
        }
    }
}

#[tokio::test]
async fn a_change_after_something_else_has_happened_does_nothing() {
    let api = Api::new().await;
    api.post("/clients", r#"{"process":"mdl.exe"}"#).await;
    let preview = api.post("/policy/preview", r#"{"processes":"mdl.exe"}"#).await;
    assert_eq!(preview["count"], 1);
    api.post("/clients", r#"{"process":"mdl.exe"}"#).await;
    let before = api.events().await;
    let cursor = preview["cursor"].as_str().expect("a cursor");
    let path = format!("/block-lists/processes?apply=now&if_cursor={cursor}");
    let refused = api.call("PUT", &path, r#"{"data":"mdl.exe"}"#).await;
    assert_eq!(refused.problem(), "store-moved");
    assert_eq!(refused.status, 412);
    assert_eq!(api.events().await, before);
    assert_eq!(api.get("/sessions").await["total"], 2);
    assert_eq!(api.post("/policy/preview", r#"{"processes":"mdl.exe"}"#).await["count"], 2);
}

#[tokio::test]
async fn a_preview_has_this_shape() {
    let api = Api::new().await;
    api.put("/block-lists/processes?apply=now", r#"{"data":"old.exe"}"#).await;
    api.post("/clients", r#"{"process":"mdl.exe","group":"finance"}"#).await;
    api.post("/clients", r#"{"process":null,"client_version":"8.0.4212.0"}"#).await;
    api.post("/clients", r#"{"process":null}"#).await;
    let body = r#"{"processes":"mdl.exe, b.exe; mdl.exe","versions":"-8.4212.0"}"#;
    let preview = api.post("/policy/preview", body).await;
    insta::assert_snapshot!(serde_json::to_string_pretty(&preview).expect("it is JSON"));
}

#[tokio::test]
async fn a_list_that_is_not_named_is_as_the_registry_has_it() {
    let api = Api::new().await;
    api.post("/clients", r#"{"process":"mdl.exe"}"#).await;
    api.post("/clients", r#"{"process":"OUTLOOK.EXE"}"#).await;
    let nothing = api.post("/policy/preview", "{}").await;
    assert_eq!((&nothing["count"], &nothing["kept"]), (&json!(0), &json!(2)));

    // Written, and not polled yet: the next poll finds it.
    api.put("/block-lists/processes", r#"{"data":"mdl.exe"}"#).await;
    for (body, sessions) in [
        ("{}", vec![1]),
        (r#"{"versions":"12.0.0"}"#, vec![1]),
        (r#"{"versions":"11.5608.0"}"#, vec![1, 2]),
        (r#"{"processes":null}"#, vec![]),
        (r#"{"processes":null,"versions":"11.5608.0"}"#, vec![1, 2]),
        (r#"{"processes":"outlook.exe"}"#, vec![2]),
    ] {
        let preview = api.post("/policy/preview", body).await;
        assert_eq!(ids(&preview["disconnected"], "session"), sessions, "{body}");
    }
}

#[tokio::test]
async fn many_sessions_are_counted_and_the_first_are_shown() {
    let api = Api::new().await;
    api.post("/clients", r#"{"process":"a.exe","count":120}"#).await;
    api.post("/clients", r#"{"process":"b.exe","count":30}"#).await;
    let body = r#"{"processes":"b.exe; unused.exe; a.exe"}"#;
    for (path, shown, truncated) in [
        ("/policy/preview", 100, true),
        ("/policy/preview?limit=1", 1, true),
        ("/policy/preview?limit=149", 149, true),
        ("/policy/preview?limit=150", 150, false),
        ("/policy/preview?limit=1000", 150, false),
    ] {
        let preview = api.post(path, body).await;
        let first: Vec<u64> = (1..=shown).collect();
        assert_eq!(ids(&preview["disconnected"], "session"), first, "{path}");
        assert_eq!((&preview["count"], &preview["truncated"]), (&json!(150), &json!(truncated)));
        let by_item = json!([
            {"list":"processes","item":"b.exe","ordinal":1,"count":30},
            {"list":"processes","item":"a.exe","ordinal":3,"count":120},
        ]);
        assert_eq!(preview["by_item"], by_item, "{path}");
    }
    for limit in ["0", "1001", "many"] {
        let answer = api.call("POST", &format!("/policy/preview?limit={limit}"), body).await;
        assert_eq!(answer.problem(), "invalid-query", "{limit}");
    }
}

/// R2 of A13: what is not read can't change anything, whatever is written there.
#[tokio::test]
async fn a_value_that_is_not_read_has_no_lints_and_cuts_off_nobody() {
    let settings = Settings { registry_watch: RegistryWatch::ArmedAtStart, ..Settings::default() };
    let api = Api::with(StoreOptions { settings, ..options() }, ControlLimits::default()).await;
    api.post("/clients", r#"{"process":"mdl.exe"}"#).await;
    let preview = api.post("/policy/preview", r#"{"processes":"mdl.exe; *"}"#).await;
    assert_eq!((&preview["count"], &preview["kept"]), (&json!(0), &json!(1)));
    assert_eq!(preview["lints"], json!({"processes":null,"versions":null}));
    let written = api.put("/block-lists/processes?apply=now", r#"{"data":"mdl.exe; *"}"#).await;
    assert_eq!(written["poll"]["disconnected"], 0);
}

#[tokio::test]
async fn what_can_not_be_written_can_not_be_previewed() {
    let api = Api::new().await;
    let long = json!({ "processes": "a".repeat(registry_poll::MAX_VALUE_BYTES / 2) }).to_string();
    let answer = api.call("POST", "/policy/preview", &long).await;
    assert_eq!(answer.problem(), "registry-edit-refused");
}
