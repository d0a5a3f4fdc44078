//! The journal over HTTP: every type of event, pages, and cursors that are gone.

use std::collections::BTreeMap;

use clock::ClockMode;
use control::ControlLimits;
use infostore::{Limits, Settings};
use serde_json::Value;
use server::StoreOptions;

use super::{Api, POLLED_KEY, options};

/// A store where everything has happened that can.
async fn eventful() -> Api {
    let api = Api::new().await;
    api.post("/clients", r#"{"process":"mdl.exe","user":"alice","machine":"WKS1","group":"g"}"#)
        .await;
    api.post("/clients", r#"{"process":"OUTLOOK.EXE"}"#).await;
    api.post("/clients/2/send", r#"{"process":"addin.exe"}"#).await;
    api.put("/block-lists/processes", r#"{"data":"mdl.exe; *.exe"}"#).await;
    api.post("/clock/advance", r#"{"next":"poll"}"#).await;
    api.post("/clients/1/connect", "").await;
    let value = format!("/registry/{POLLED_KEY}?value=Disable%20MAPI%20Client%20Processes");
    api.put(&value, r#"{"type":"REG_DWORD","data":1}"#).await;
    api.post("/polls", "").await;
    api.call("DELETE", &value, "").await.ok();
    api.call("PATCH", "/clock", r#"{"mode":"manual"}"#).await.ok();
    api.call("DELETE", "/sessions/2", "").await.ok();
    api.call("PATCH", "/polls/schedule", r#"{"interval":"1m"}"#).await.ok();
    api.post("/snapshots", r#"{"name":"arranged"}"#).await;
    api.put("/block-lists/processes?apply=now", r#"{"data":"mdl.exe"}"#).await;
    api.call("PATCH", "/policy/mode", r#"{"mode":"audit"}"#).await.ok();
    api.post("/clients/1/connect", "").await;
    api
}

#[tokio::test]
async fn every_type_of_event_has_its_shape() {
    let api = eventful().await;
    let mut events = api.events().await;
    api.store.stop().await.expect("the store stops once");
    events.push(stopped().await);
    events.push(restored().await);
    let limits = Limits { journal_entries: 2, ..Limits::default() };
    let settings = Settings { limits, ..Settings::default() };
    let full = Api::with(StoreOptions { settings, ..options() }, ControlLimits::default()).await;
    full.post("/clients", "{}").await;
    events.extend(full.events().await);

    let mut first_of_type = BTreeMap::new();
    for event in events {
        let kind = event["type"].as_str().expect("an event has a type").to_owned();
        first_of_type.entry(kind).or_insert(event);
    }
    // The registry in memory never fails a read, so there is no `poll.failed` here.
    let kinds: Vec<_> = first_of_type.keys().map(String::as_str).collect();
    assert_eq!(
        kinds,
        [
            "clock.changed",
            "enforcement.completed",
            "journal.truncated",
            "policy.changed",
            "policy.mode_changed",
            "poll.completed",
            "registry.changed",
            "registry.invalid",
            "session.connected",
            "session.disconnected",
            "session.ended",
            "session.identified",
            "session.refused",
            "session.would_block",
            "snapshot.taken",
            "store.changed",
            "store.restored",
            "store.started",
            "store.stopped",
        ]
    );
    let shapes = serde_json::to_string_pretty(&first_of_type).expect("it is JSON");
    insta::assert_snapshot!(shapes);
}

/// A store that was restored has said nothing else yet.
async fn restored() -> Value {
    let api = Api::new().await;
    api.post("/snapshots", r#"{"name":"arranged"}"#).await;
    api.post("/snapshots/1/restore", "").await;
    api.events().await.remove(0)
}

/// A store that has stopped answers nobody, so its last entry is taken as its task would write it.
async fn stopped() -> Value {
    let settings = Settings::default();
    let now = clock::SimTime::EPOCH;
    let mut store = infostore::InfoStore::start(settings, infostore::Epoch(1), now);
    store
        .execute(
            now,
            infostore::Cause::Stop,
            infostore::Command::Stop(infostore::StopReason::Shutdown),
        )
        .expect("it runs");
    let entry = store.journal().entries().next_back().expect("an entry");
    serde_json::from_str(&control::journal_line(entry)).expect("a line is JSON")
}

#[tokio::test]
async fn a_line_names_its_fields_in_one_order() {
    let api = Api::new().await;
    api.post("/clients", r#"{"process":"mdl.exe","user":"alice","machine":"WKS1"}"#).await;
    let line = api
        .store
        .read(|view| view.store().journal().entries().next_back().map(control::journal_line));
    insta::assert_snapshot!(line.await.expect("the store runs").expect("an entry"));
}

#[tokio::test]
async fn every_type_can_be_asked_for() {
    let api = eventful().await;
    let all = api.events().await;
    for event in &all {
        let kind = event["type"].as_str().expect("a type");
        let page = api.get(&format!("/events?limit=1000&type={kind}")).await;
        let wanted: Vec<_> = all.iter().filter(|event| event["type"] == kind).cloned().collect();
        assert_eq!(page["items"], Value::Array(wanted), "{kind}");
        assert_eq!(page["more"], false);
    }
    let two = api.get("/events?type=store.started,session.refused").await;
    assert_eq!(two["items"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn pages_join_without_a_gap_whatever_happens_meanwhile() {
    let api = eventful().await;
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let page = api.get(&format!("/events?limit=3{after}")).await;
        seen.extend(page["items"].as_array().expect("a list").iter().map(|e| e["seq"].as_u64()));
        after = format!("&after={}", page["next"].as_str().expect("a cursor"));
        if page["more"] == false {
            break;
        }
        if seen.len() == 6 {
            api.post("/clients", r#"{"process":"new.exe"}"#).await;
        }
    }
    let all = api.events().await;
    let expected: Vec<_> = all.iter().map(|event| event["seq"].as_u64()).collect();
    assert_eq!(seen, expected);
    // Nothing more yet: the same place again.
    let page = api.get(&format!("/events?{after}")).await;
    assert_eq!(page["items"], Value::Array(Vec::new()));
    assert!(after.ends_with(page["next"].as_str().expect("a cursor")));
}

#[tokio::test]
async fn sessions_clients_and_polls_come_in_pages() {
    let api = Api::new().await;
    api.post("/clients", r#"{"process":"a.exe","count":5}"#).await;
    for _ in 0..4 {
        api.post("/polls", "").await;
    }
    for (list, id) in [("sessions", "id"), ("clients", "id"), ("polls", "number")] {
        let first = api.get(&format!("/{list}?limit=2")).await;
        if list == "sessions" {
            api.call("DELETE", "/sessions/2", "").await.ok();
        }
        let next = &first["next"];
        let second = api.get(&format!("/{list}?limit=2&after={next}")).await;
        let third = api.get(&format!("/{list}?limit=2&after={}", second["next"])).await;
        let ids: Vec<_> = [&first, &second, &third]
            .into_iter()
            .flat_map(|page| page["items"].as_array().expect("a list"))
            .map(|item| item[id].as_u64().expect("a number"))
            .collect();
        assert_eq!(ids.len(), 5, "{list}");
        assert!(ids.is_sorted_by(|a, b| a < b), "{list}: {ids:?}");
        assert_eq!(third["next"], Value::Null, "{list}");
    }
}

#[tokio::test]
async fn a_cursor_that_has_left_the_journal_is_gone_and_says_where_to_begin() {
    let limits = Limits { journal_entries: 4, ..Limits::default() };
    let settings = Settings { limits, ..Settings::default() };
    let api = Api::with(StoreOptions { settings, ..options() }, ControlLimits::default()).await;
    api.post("/clients", r#"{"process":"a.exe","count":6}"#).await;

    for path in ["/events?after=1", "/events?after=1-1", "/decisions?after=1"] {
        let answer = api.call("GET", path, "").await;
        assert_eq!(answer.problem(), "cursor-gone", "{path}");
        assert_eq!(answer.json()["first_available"], "1-5", "{path}");
    }
    let page = api.get("/events?after=1-5").await;
    assert_eq!(page["items"][0]["seq"], 6);
    assert_eq!(api.get("/events").await, page);
}

#[tokio::test]
async fn a_reset_begins_a_new_epoch_of_an_empty_store() {
    let api = eventful().await;
    let before = api.call("GET", "/sessions", "").await.header("exstore-cursor").to_owned();
    assert!(before.starts_with("1-"), "{before}");

    let answer = api.call("POST", "/reset", "").await;
    let cursor = answer.ok()["cursor"].clone();
    assert_eq!(cursor, answer.header("exstore-cursor"));
    assert!(cursor.as_str().is_some_and(|cursor| cursor.starts_with("2-")), "{cursor}");
    let gone = api.call("GET", &format!("/events?after={before}"), "").await;
    assert_eq!(gone.problem(), "cursor-gone");
    assert_eq!(gone.json()["first_available"], "2-0");

    let store = api.get("/v1/stores/default").await;
    assert_eq!((&store["counts"]["clients"], &store["counts"]["sessions"]), (&0.into(), &0.into()));
    assert_eq!(store["clock"]["now"], "2006-04-22T08:00:00Z");
    assert_eq!(api.get("/block-lists/processes").await["data"], Value::Null);
    let first: Vec<_> = api.events().await.iter().map(|event| event["type"].clone()).collect();
    assert_eq!(first, ["store.started", "poll.completed"]);
}

#[tokio::test]
async fn a_real_clock_is_said_to_be_one() {
    let options = StoreOptions { clock: ClockMode::Real, ..options() };
    let api = Api::with(options, ControlLimits::default()).await;
    assert_eq!(api.get("/clock").await["mode"], "real");
    assert_eq!(api.get("/v1/info").await["clock"], "real");
}
