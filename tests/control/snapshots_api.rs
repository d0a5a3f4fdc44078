//! Snapshots over HTTP: what they hold, what comes back, and what a reset goes back to.

use std::sync::Arc;

use clock::ClockMode;
use control::ControlLimits;
use infostore::{Limits, Settings};
use registry_poll::{AnsiCodePage, FileKeyStore, MAX_VALUE_BYTES, Registry};
use serde_json::{Value, json};
use server::StoreOptions;

use super::{Answer, Api, POLLED_KEY, options};

/// A store with something of everything, and values that a fault holds back.
async fn arranged() -> Api {
    let api = Api::new().await;
    api.post("/clients", r#"{"process":"OUTLOOK.EXE","user":"bob","group":"g"}"#).await;
    api.post("/clients", r#"{"process":"mdl.exe","count":2}"#).await;
    api.post("/clients", r#"{"process":null,"client_version":"10.0.6515.0"}"#).await;
    api.put("/block-lists/processes?apply=now", r#"{"data":"mdl.exe"}"#).await;
    api.post("/clients/1/send", r#"{"process":"addin.exe"}"#).await;
    api.call("PATCH", "/polls/schedule", r#"{"interval":"5m"}"#).await.ok();
    api.post("/clock/advance", r#"{"by":"7m"}"#).await;
    api.call("PATCH", "/build", r#"{"build":"6.5.7638"}"#).await.ok();
    api.call("PATCH", "/cluster", r#"{"mode":"per_node"}"#).await.ok();
    let value = format!("/registry/{POLLED_KEY}?value=Disable%20MAPI%20Clients&node=NODE2");
    api.put(&value, r#"{"type":"REG_SZ","data":"11.0.0-11.1.0"}"#).await;
    api.post("/faults", r#"{"effect":{"registry":"torn"},"schedule":{"next":5}}"#).await;
    api.post("/polls", "").await;
    api.post("/faults", r#"{"effect":{"registry":"slow","delay":"90s"},"schedule":{"next":1}}"#)
        .await;
    assert_eq!(api.call("POST", "/polls", "").await.status, 202, "the values are held back");
    api
}

/// Everything that a store shows of itself, but for its journal and where that stands.
async fn shown(api: &Api) -> Value {
    let mut shown = serde_json::Map::new();
    for path in [
        "/v1/stores/default",
        "/clock",
        "/clients",
        "/sessions",
        "/faults",
        "/cluster",
        "/build",
        "/polls",
        "/polls/schedule",
        "/policy",
        "/block-lists/processes",
        "/block-lists/versions",
    ] {
        shown.insert(path.to_owned(), api.get(path).await);
    }
    for node in ["NODE1", "NODE2"] {
        let path = format!("/registry-export?node={node}&format=regedit4");
        let registry = api.call("GET", &path, "");
        shown.insert(node.to_owned(), registry.await.text.into());
    }
    shown["/v1/stores/default"].as_object_mut().expect("a store").remove("cursor");
    shown.into()
}

/// Everything becomes something else.
async fn wreck(api: &Api) {
    api.call("DELETE", "/sessions/1", "").await.ok();
    api.call("DELETE", "/clients/2", "").await.ok();
    api.post("/clients", r#"{"process":"new.exe","count":3}"#).await;
    api.put("/block-lists/processes?apply=now", r#"{"data":"new.exe"}"#).await;
    api.call("DELETE", &format!("/registry/{POLLED_KEY}?node=NODE2"), "").await.ok();
    api.call("DELETE", "/faults/1", "").await.ok();
    api.post("/faults", r#"{"effect":{"registry":"busy"}}"#).await;
    api.post("/cluster/failover", "").await;
    api.call("PATCH", "/v1/stores/default", r#"{"poll_interval":"1m","disconnect":"context"}"#)
        .await
        .ok();
    api.post("/clock/advance", r#"{"by":"1d"}"#).await;
    api.call("PATCH", "/clock", r#"{"mode":"real"}"#).await.ok();
}

#[tokio::test]
async fn everything_that_a_store_shows_comes_back_however_often() {
    let api = arranged().await;
    let taken = api.call("POST", "/snapshots", r#"{"name":"arranged"}"#).await;
    assert_eq!(taken.status, 201);
    let before = shown(&api).await;
    for epoch in 2..5 {
        wreck(&api).await;
        assert_ne!(shown(&api).await, before);
        let restored = api.post("/snapshots/1/restore", "").await;
        assert_eq!(shown(&api).await, before);
        assert_eq!(restored["snapshot"], taken.json());
        assert_eq!(restored["cursor"], format!("{epoch}-1"));
        // It is a snapshot of the store that was restored, too.
        assert_eq!(api.get("/snapshots/1").await, taken.json());
    }
}

#[tokio::test]
async fn a_snapshot_has_this_shape_and_the_epoch_begins_with_it() {
    let api = arranged().await;
    let before = api.call("GET", "/clock", "").await.header("exstore-cursor").to_owned();
    let taken = api.call("POST", "/snapshots", r#"{"name":"arranged"}"#).await;
    let snapshot = taken.json();
    assert_eq!(snapshot["cursor"], before);
    assert!(snapshot["bytes"].as_u64().is_some_and(|bytes| 5_000 < bytes), "{snapshot}");
    let mut shape = snapshot.clone();
    shape["bytes"] = json!(0);
    assert_eq!(
        shape,
        json!({
            "id": 1, "name": "arranged", "format": 2, "cursor": before,
            "now": "2006-04-22T08:07:00Z", "clock": "manual", "registry": true,
            "counts": {
                "clients": 4, "sessions": 2, "lost_sessions": 0, "faults": 2, "generation": 1,
            },
            "bytes": 0,
        })
    );
    let last = api.events().await.pop().expect("an event");
    assert_eq!((&last["type"], &last["snapshot"]), (&"snapshot.taken".into(), &1.into()));
    assert_eq!(taken.header("exstore-cursor"), format!("1-{}", last["seq"]));

    api.post("/snapshots/1/restore", "").await;
    let first = json!({
        "seq": 1, "at": "2006-04-22T08:07:00Z", "cause": "control", "type": "store.restored",
        "snapshot": 1, "name": "arranged", "taken_at": before,
    });
    assert_eq!(api.events().await, [first]);
    let gone = api.call("GET", &format!("/events?after={before}"), "").await;
    assert_eq!(gone.problem(), "cursor-gone");
    assert_eq!(gone.json()["first_available"], "2-0");
}

#[tokio::test]
async fn a_client_of_the_pipe_goes_on_in_its_session() {
    let api = Api::new().await;
    api.post("/clients", r#"{"process":"OUTLOOK.EXE"}"#).await;
    api.post("/snapshots", "").await;
    api.call("DELETE", "/sessions/1", "").await.ok();
    assert_eq!(api.get("/clients/1").await["state"], "disconnected");
    for epoch in [2, 3] {
        api.post("/snapshots/1/restore", "").await;
        let client = api.post("/clients/1/send", r#"{"process":"addin.exe"}"#).await;
        assert_eq!(client["state"], "connected");
        assert_eq!(client["attempts"], 1, "it never had to connect again");
        api.post("/clients/1/disconnect", "").await;
        let told: Vec<_> = api
            .events()
            .await
            .iter()
            .map(|event| (event["type"].clone(), event["session"].clone()))
            .collect();
        assert_eq!(
            told,
            [
                (json!("store.restored"), Value::Null),
                (json!("session.identified"), json!(1)),
                (json!("session.ended"), json!(1)),
            ],
            "epoch {epoch}"
        );
    }
    // And a restored client is cut off as any other.
    api.post("/snapshots/1/restore", "").await;
    api.put("/block-lists/processes?apply=now", r#"{"data":"outlook.exe"}"#).await;
    let client = api.get("/clients/1").await;
    assert_eq!((&client["state"], &client["attempts"]), (&"disconnected".into(), &1.into()));
    assert_eq!(api.get("/sessions").await["total"], 0);
}

#[tokio::test]
async fn values_that_a_fault_held_back_come_when_they_were_to_come() {
    let api = arranged().await;
    api.post("/snapshots", "").await;
    // What is held back at a restoration is of no interest to the store that takes its place.
    for _ in 0..2 {
        let advanced = api.post("/clock/advance", r#"{"next":"poll"}"#).await;
        assert_eq!(advanced["now"], "2006-04-22T08:08:30Z");
        assert_eq!(api.get("/polls").await["items"].as_array().map(Vec::len), Some(5));
        api.post("/faults", r#"{"effect":{"registry":"slow","delay":"1h"}}"#).await;
        assert_eq!(api.call("POST", "/polls", "").await.status, 202);
        api.post("/snapshots/1/restore", "").await;
        assert_eq!(api.get("/faults").await["items"].as_array().map(Vec::len), Some(2));
    }
}

#[tokio::test]
async fn a_service_that_was_starting_goes_on_starting() {
    let api = Api::new().await;
    api.post("/faults", r#"{"effect":{"registry":"slow","delay":"1m"},"schedule":{"next":1}}"#)
        .await;
    assert_eq!(api.call("POST", "/restart", "").await.status, 202);
    api.post("/snapshots", "").await;
    api.post("/clock/advance", r#"{"by":"1m"}"#).await;
    assert_eq!(api.get("/v1/stores/default").await["running"], true);
    api.post("/snapshots/1/restore", "").await;
    assert_eq!(api.get("/v1/stores/default").await["running"], false);
    api.post("/clock/advance", r#"{"by":"1m"}"#).await;
    assert_eq!(api.post("/clients", "{}").await["state"], "connected");
}

#[tokio::test]
async fn the_build_that_ran_runs_again() {
    let api = Api::new().await;
    api.post("/snapshots", "").await;
    api.call("PATCH", "/build", r#"{"build":"8.1.240.6"}"#).await.ok();
    api.post("/restart", "").await;
    api.post("/snapshots", "").await;
    for (id, runs) in [(1, "6.5.7651.19"), (2, "8.1.240.6"), (1, "6.5.7651.19")] {
        api.post(&format!("/snapshots/{id}/restore"), "").await;
        assert_eq!(api.get("/build").await["running"], runs);
    }
}

#[tokio::test]
async fn snapshots_belong_to_the_store_and_not_to_an_epoch() {
    let api = Api::new().await;
    for name in ["a", "b", "c"] {
        api.post("/snapshots", &json!({ "name": name }).to_string()).await;
    }
    api.post("/reset", "").await;
    api.post("/snapshots/3/restore", "").await;
    api.call("DELETE", "/snapshots/2", "").await.ok();
    let unnamed = api.post("/snapshots", "").await;
    assert_eq!((&unnamed["id"], &unnamed["name"]), (&4.into(), &Value::Null));
    assert_eq!(unnamed["cursor"], "3-1");

    let ids = |page: &Value| -> Vec<u64> {
        let items = page["items"].as_array().expect("a list");
        items.iter().filter_map(|item| item["id"].as_u64()).collect()
    };
    let all = api.get("/snapshots").await;
    assert_eq!((ids(&all), &all["next"]), (vec![1, 3, 4], &Value::Null));
    let first = api.get("/snapshots?limit=2").await;
    assert_eq!((ids(&first), &first["next"]), (vec![1, 3], &3.into()));
    assert_eq!(ids(&api.get("/snapshots?limit=2&after=3").await), [4]);
    for (method, path) in [
        ("GET", "/snapshots/2"),
        ("DELETE", "/snapshots/2"),
        ("POST", "/snapshots/2/restore"),
        ("GET", "/snapshots/two"),
    ] {
        assert_eq!(api.call(method, path, "").await.problem(), "snapshot-not-found", "{path}");
    }
}

#[tokio::test]
async fn a_restoration_that_is_refused_leaves_the_store_alone() {
    let api = arranged().await;
    let before = api.events().await;
    for (path, body, slug) in [
        ("/snapshots/1/restore", "", "snapshot-not-found"),
        ("/reset", r#"{"to":{"snapshot":1}}"#, "snapshot-not-found"),
        ("/reset", r#"{"to":"yesterday"}"#, "invalid-body"),
        ("/reset", r#"{"to":{"snapshot":1},"now":"2006-04-22T08:00:00Z"}"#, "invalid-body"),
        ("/snapshots", r#"{"name":""}"#, "invalid-body"),
        ("/snapshots", r#"{"names":"a"}"#, "invalid-body"),
    ] {
        assert_eq!(api.call("POST", path, body).await.problem(), slug, "{path} {body}");
    }
    let long = json!({ "name": "é".repeat(101) }).to_string();
    assert_eq!(api.call("POST", "/snapshots", &long).await.problem(), "invalid-body");
    let longest = json!({ "name": "é".repeat(100) }).to_string();
    assert_eq!(api.events().await, before);
    api.post("/snapshots", &longest).await;
}

/// A store with room for two snapshots, or for so many bytes of them.
async fn small(snapshots: usize, snapshot_bytes: usize) -> Api {
    let limits = Limits { snapshots, snapshot_bytes, ..Limits::default() };
    let settings = Settings { limits, ..Settings::default() };
    Api::with(StoreOptions { settings, ..options() }, ControlLimits::default()).await
}

/// The refusal of one snapshot too many, from a store where one that goes makes room.
pub(super) async fn too_many_snapshots() -> Answer {
    let api = small(2, usize::MAX).await;
    api.post("/snapshots", "").await;
    api.post("/snapshots", "").await;
    let refused = api.call("POST", "/snapshots", "").await;
    api.call("DELETE", "/snapshots/1", "").await.ok();
    assert_eq!(api.post("/snapshots", "").await["id"], 3);
    refused
}

/// The refusal of a snapshot too large.
pub(super) async fn snapshots_too_large() -> Answer {
    let api = small(100, 4 << 20).await;
    api.post("/snapshots", "").await;
    // Two bytes to a character.
    let body = json!({ "type": "REG_SZ", "data": "a".repeat(MAX_VALUE_BYTES / 2 - 1) });
    for name in ["a", "b"] {
        api.put(&format!("/registry/HKLM?value={name}"), &body.to_string()).await;
    }
    let refused = api.call("POST", "/snapshots", "").await;
    api.call("DELETE", "/registry/HKLM?value=a", "").await.ok();
    assert_eq!(api.post("/snapshots", "").await["id"], 2);
    refused
}

#[tokio::test]
async fn each_limit_of_snapshots_has_a_refusal_of_its_own_and_frees() {
    assert_eq!(too_many_snapshots().await.problem(), "too-many-snapshots");
    assert_eq!(snapshots_too_large().await.problem(), "snapshots-too-large");
}

/// A store whose registry is in a file, and the file.
async fn on_file(clock: ClockMode) -> (Api, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.reg");
    std::fs::write(&path, "REGEDIT4\r\n").expect("the file is written");
    let registry = FileKeyStore::open(&path, AnsiCodePage::default()).expect("it is opened");
    let registry: Option<Arc<dyn Registry>> = Some(Arc::new(registry));
    let options = StoreOptions { registry, clock, ..options() };
    (Api::with(options, ControlLimits::default()).await, folder)
}

#[tokio::test]
async fn a_registry_in_a_file_is_its_owner_s_and_an_empty_store_does_not_read_it() {
    let (api, folder) = on_file(ClockMode::Manual).await;
    let list = "/block-lists/processes?apply=now";
    let in_force = async || api.get("/block-lists/processes").await["data"].clone();
    let file = || std::fs::read(folder.path().join("store.reg")).expect("it is there");
    api.put(list, r#"{"data":"a.exe"}"#).await;
    assert_eq!(api.post("/snapshots", "").await["registry"], false);
    api.put(list, r#"{"data":"b.exe"}"#).await;
    api.post("/snapshots/1/restore", "").await;
    assert_eq!(in_force().await, "b.exe", "the file is not rolled back");
    // The policy is that of the snapshot until the next poll.
    assert_eq!(api.post("/clients", r#"{"process":"a.exe"}"#).await["state"], "refused");

    let written = file();
    api.post("/reset", r#"{"to":"empty"}"#).await;
    assert_eq!(in_force().await, Value::Null);
    api.put(list, r#"{"data":"c.exe"}"#).await;
    assert_eq!(api.post("/snapshots", "").await["registry"], true, "it is the store's own");
    assert_eq!(file(), written);

    for (to, expected) in [
        (json!("baseline"), json!("b.exe")),
        (json!({"snapshot": 2}), json!("c.exe")),
        (json!({"snapshot": 1}), json!("b.exe")),
        (json!("empty"), Value::Null),
    ] {
        api.post("/reset", &json!({ "to": to }).to_string()).await;
        assert_eq!(in_force().await, expected, "{to}");
    }
    api.post("/reset", "").await;
    assert_eq!(in_force().await, "b.exe", "the baseline is what a reset goes back to unless told");
    assert_eq!(file(), written);
}

#[tokio::test]
async fn a_reset_goes_to_the_time_that_it_is_told() {
    let api = Api::new().await;
    api.post("/clock/advance", r#"{"by":"1h"}"#).await;
    for (body, now) in [
        (r#"{"to":"empty","now":"2006-05-01T00:00:00Z"}"#, "2006-05-01T00:00:00Z"),
        (r#"{"to":"baseline","now":"2006-05-02T00:00:00Z"}"#, "2006-05-02T00:00:00Z"),
        (r#"{"now":"2006-05-03T00:00:00Z"}"#, "2006-05-03T00:00:00Z"),
        (r#"{"to":"empty"}"#, "2006-04-22T08:00:00Z"),
    ] {
        api.post("/reset", body).await;
        assert_eq!(api.get("/clock").await["now"], now, "{body}");
    }
}

#[tokio::test]
async fn a_real_clock_goes_on_from_the_time_of_the_snapshot() {
    let options = StoreOptions { clock: ClockMode::Real, ..options() };
    let api = Api::with(options, ControlLimits::default()).await;
    api.post("/snapshots", "").await;
    let next = api.get("/clock").await["next_deadline"].clone();
    api.post("/reset", r#"{"now":"2007-01-01T00:00:00Z"}"#).await;
    let restored = api.post("/snapshots/1/restore", "").await;
    let clock = api.get("/clock").await;
    assert_eq!((&clock["mode"], &clock["next_deadline"]), (&"real".into(), &next));
    let time = |time: &Value| -> clock::SimTime {
        time.as_str().expect("a time").parse().expect("it is one")
    };
    let (then, now) = (time(&restored["snapshot"]["now"]), time(&clock["now"]));
    assert!(then <= now && now < time(&next), "{then} {now}");
}

#[tokio::test]
async fn a_client_over_tcp_comes_back_without_its_connection() {
    let options = StoreOptions { rpc: Some(([127, 0, 0, 1], 0).into()), ..options() };
    let api = Api::with(options, ControlLimits::default()).await;
    api.post("/clients", r#"{"process":"pipe.exe"}"#).await;
    api.post("/clients", r#"{"process":"tcp.exe","transport":"tcp","count":2}"#).await;
    api.post("/clients/3/disconnect", "").await;
    let counts = &api.post("/snapshots", "").await["counts"];
    assert_eq!((&counts["sessions"], &counts["lost_sessions"]), (&1.into(), &1.into()));
    for _ in 0..20 {
        let restored = api.post("/snapshots/1/restore", "").await;
        assert_eq!(restored["foreign_pending"], 0);
        let told: Vec<_> = api
            .events()
            .await
            .iter()
            .map(|event| [&event["type"], &event["session"], &event["reason"]].map(Value::clone))
            .collect();
        let ended = [json!("session.ended"), json!(2), json!("transport")];
        assert_eq!(told, [[json!("store.restored"), Value::Null, Value::Null], ended]);
        let states = ["connected", "disconnected", "idle"];
        for (id, state) in (1..).zip(states) {
            let client = api.get(&format!("/clients/{id}")).await;
            assert_eq!(client["state"], state, "{client}");
        }
        let outcome = &api.get("/clients/2").await["outcome"];
        assert_eq!(outcome, "the store was restored from a snapshot");
        for id in [2, 3] {
            let client = api.post(&format!("/clients/{id}/connect"), "").await;
            assert_eq!(client["state"], "connected", "{client}");
        }
        assert_eq!(api.get("/sessions").await["total"], 3);
    }
}

#[tokio::test]
async fn a_store_that_has_ended_gives_no_snapshot_and_takes_one_to_begin_again() {
    let api = Api::new().await;
    api.post("/clients", r#"{"process":"a.exe"}"#).await;
    api.post("/snapshots", "").await;
    api.store.end_service().await.expect("it runs");
    assert_eq!(api.call("POST", "/snapshots", "").await.problem(), "store-stopped");
    api.post("/snapshots/1/restore", "").await;
    assert_eq!(api.post("/clients/1/send", "").await["state"], "connected");
    api.post("/snapshots", "").await;
}
