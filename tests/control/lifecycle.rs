//! The service over HTTP: its build, its settings, its restarts.

use infostore::{Build, Settings};
use serde_json::{Value, json};
use server::StoreOptions;

use super::{Api, options};

async fn of_build(build: Build) -> Api {
    let settings = Settings { build, ..Settings::default() };
    Api::with(StoreOptions { settings, ..options() }, Default::default()).await
}

#[tokio::test]
async fn the_hotfix_makes_a_list_count_that_sp2_ignores() {
    let api = of_build(Build::SP2).await;
    api.put("/block-lists/processes?apply=now", r#"{"data":"mdl.exe"}"#).await;
    api.post("/clients", r#"{"process":"mdl.exe"}"#).await;
    assert_eq!(api.get("/sessions").await["total"], 1);
    assert_eq!(
        api.get("/build").await,
        json!({
            "installed": "6.5.7638", "running": "6.5.7638", "product": "Exchange Server 2003 SP2", "service_pack": 2,
            "honours": {"processes": false, "versions": true}, "restart_needed": false,
            "files": [
                {"name": "Exosal.dll", "version": null, "bytes": null, "built": null},
                {"name": "Mdbmsg.dll", "version": null, "bytes": null, "built": null},
                {"name": "Store.exe", "version": "6.5.7638", "bytes": null, "built": null},
            ],
        })
    );

    let installed = api.post("/build/install-hotfix", "").await;
    assert_eq!(
        installed,
        json!({
            "installed": "6.5.7651.19", "running": "6.5.7651.19",
            "product": "Exchange Server 2003 SP2 with KB 920185", "service_pack": 2,
            "honours": {"processes": true, "versions": true}, "restart_needed": false,
            "files": [
                {"name": "Exosal.dll", "version": "6.5.7651.19", "bytes": 70_144, "built": "2006-04-22T04:43:00Z"},
                {"name": "Mdbmsg.dll", "version": "6.5.7651.19", "bytes": 3_361_280, "built": "2006-04-22T03:58:00Z"},
                {"name": "Store.exe", "version": "6.5.7651.19", "bytes": 5_256_704, "built": "2006-04-22T04:46:00Z"},
            ],
        })
    );
    assert_eq!(api.get("/sessions").await["total"], 0);
    let client = api.post("/clients", r#"{"process":"mdl.exe"}"#).await;
    assert_eq!(client["outcome"], "ecClientVerDisallowed");
}

#[tokio::test]
async fn another_build_runs_from_the_next_start_on() {
    let api = Api::new().await;
    let builds = [
        ("6.5.6944", "Exchange Server 2003", json!(0), false),
        ("6.5.7226.0", "Exchange Server 2003 SP1", json!(1), false),
        ("6.5.7638", "Exchange Server 2003 SP2", json!(2), false),
        ("6.5.7654.12", "Exchange Server 2003 after SP2", json!(2), true),
        ("8.0.685.24", "Exchange Server 2007", Value::Null, false),
        ("14.0.639.21", "Exchange Server 2010", Value::Null, false),
        ("15.0.516.32", "Exchange Server 2013", Value::Null, false),
    ];
    for (build, product, service_pack, honours) in builds {
        let before = api.get("/build").await;
        let changed = api.call("PATCH", "/build", &json!({"build": build}).to_string()).await.ok();
        assert_eq!(changed["restart_needed"], true, "{build}");
        assert_eq!(changed["running"], before["running"], "{build}");
        assert_eq!(changed["honours"], before["honours"], "{build}");
        let expected = json!([product, service_pack]);
        assert_eq!(json!([changed["product"], changed["service_pack"]]), expected, "{build}");

        let restarted = api.post("/restart", "").await;
        assert_eq!(restarted["build"], changed["installed"], "{build}");
        let after = api.get("/build").await;
        assert_eq!(after["restart_needed"], false, "{build}");
        assert_eq!(after["honours"], json!({"processes": honours, "versions": true}), "{build}");
    }
    let events = api.get("/events?type=build.changed").await;
    assert_eq!(events["items"].as_array().map(Vec::len), Some(7));
}

#[tokio::test]
async fn a_build_that_is_none_is_refused_by_the_place() {
    let api = Api::new().await;
    for build in ["6.5", "6.5.7638.1.2", "6.5.x", "6.5.70000", "5.5.2653", "16.0.1"] {
        for path in ["/build", ""] {
            let body = json!({"build": build}).to_string();
            let answer = api.call("PATCH", path, &body).await;
            assert_eq!(answer.problem(), "invalid-body", "{build}");
            assert_eq!(answer.json()["errors"][0]["pointer"], "#/build", "{build}");
        }
    }
}

#[tokio::test]
async fn a_restart_ends_every_session_and_reads_the_values_first() {
    let api = Api::new().await;
    api.post("/clients", r#"{"process":"mdl.exe"}"#).await;
    api.post("/clients", r#"{"process":"outlook.exe"}"#).await;
    api.put("/block-lists/processes", r#"{"data":"mdl.exe"}"#).await;

    let answer = api.call("POST", "/restart", "").await;
    assert_eq!(answer.status, 200);
    let restarted = answer.ok();
    assert_eq!(restarted["running"], true);
    assert_eq!(restarted["generation"], 1);
    assert_eq!(
        (&restarted["poll"]["number"], &restarted["poll"]["trigger"]),
        (&2.into(), &"start".into())
    );
    assert_eq!(restarted["poll"]["reads"][0]["data"], "mdl.exe");

    let events = api.events().await;
    let ends: Vec<_> = events
        .iter()
        .filter(|event| event["type"] == "session.ended")
        .map(|e| &e["reason"])
        .collect();
    assert_eq!(ends, ["restart", "restart"]);
    let clients: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap_or("")).collect();
    let at = |kind: &str| clients.iter().rposition(|found| *found == kind);
    assert!(at("store.stopped") < at("store.started"));
    assert!(at("store.started") < at("poll.completed"));
    assert_eq!(api.get("/sessions").await["total"], 0);
}

#[tokio::test]
async fn settings_are_changed_one_by_one_and_shown() {
    let api = Api::new().await;
    let defaults = json!({
        "build": "6.5.7651.19", "poll_interval": "15m", "registry_watch": "always", "disconnect": "connection",
        "policy_mode": "enforce", "anonymous": true, "min_auth_level": "none", "domain": "EXSTORE",
        "async_notifications": true, "polls_max": "1m", "retry": 6, "retry_delay": "10s",
        "limits": {
            "sessions": 100_000, "classes": 10_000, "names_per_session": 64, "journal_entries": 100_000,
            "journal_bytes": 134_217_728, "polls_kept": 1_000, "polls_bytes": 33_554_432,
            "snapshots": 100, "snapshot_bytes": 1_073_741_824, "connections": null,
        },
    });
    assert_eq!(api.get("").await["settings"], defaults);
    for (field, value) in [
        ("poll_interval", json!("1m")),
        ("registry_watch", json!("armed_at_start")),
        ("disconnect", json!("context")),
        ("policy_mode", json!("audit")),
        ("min_auth_level", json!("packet")),
        ("async_notifications", json!(false)),
        ("polls_max", json!("2s")),
        ("retry", json!(0)),
        ("retry_delay", json!("1ms")),
        ("build", json!("6.5.7638")),
    ] {
        let before = api.get("").await["settings"].clone();
        let body = json!({field: value}).to_string();
        let changed = api.call("PATCH", "", &body).await.ok();
        let mut expected = before;
        expected[field] = value;
        assert_eq!(changed["settings"], expected, "{field}");
    }
    let changed = api.get("/events?type=store.changed").await;
    assert_eq!(changed["items"].as_array().map(Vec::len), Some(8));
    for body in [
        r#"{"disconnect":"slowly"}"#,
        r#"{"registry_watch":"never"}"#,
        r#"{"async_notifications":1}"#,
        r#"{"polls_max":"4294967296ms"}"#,
        r#"{"retry_delay":"1us"}"#,
        r#"{"retry":4294967296}"#,
    ] {
        assert_eq!(api.call("PATCH", "", body).await.problem(), "invalid-body", "{body}");
    }
    // All or none.
    let both = r#"{"disconnect":"connection","poll_interval":"0s"}"#;
    assert_eq!(api.call("PATCH", "", both).await.problem(), "invalid-body");
    assert_eq!(api.get("").await["settings"]["disconnect"], "context");
}

#[tokio::test]
async fn an_armed_watch_follows_a_value_that_was_there_at_the_start() {
    let api = Api::new().await;
    api.call("PATCH", "", r#"{"registry_watch":"armed_at_start"}"#).await.ok();
    api.post("/restart", "").await;
    let list = api.put("/block-lists/processes?apply=now", r#"{"data":"mdl.exe"}"#).await;
    assert_eq!(list["poll"]["reads"][0]["reading"], "not_watched");
    assert_eq!(list["in_force"], false);
    api.post("/restart", "").await;
    assert_eq!(api.get("/block-lists/processes").await["in_force"], true);
}
