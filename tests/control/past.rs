//! The store as it was: sessions at a cursor, and counts that outlast the journal.

use control::ControlLimits;
use infostore::{Limits, Settings};
use serde_json::{Value, json};
use server::StoreOptions;

use super::{Api, options};

/// A store that keeps so many entries.
async fn keeping(journal_entries: usize) -> Api {
    let limits = Limits { journal_entries, ..Limits::default() };
    let settings = Settings { limits, ..Settings::default() };
    Api::with(StoreOptions { settings, ..options() }, ControlLimits::default()).await
}

/// What a page of sessions shows, without the place of the next.
fn shown(page: &Value) -> (Vec<&Value>, &Value, &Value) {
    let ids = page["items"].as_array().expect("a list").iter().map(|session| &session["id"]);
    (ids.collect(), &page["total"], &page["unidentified"])
}

#[tokio::test]
async fn every_cursor_shows_the_sessions_that_were_shown_then() {
    let api = Api::new().await;
    let mut then = Vec::new();
    let acts: [(&str, &str, &str); 8] = [
        ("POST", "/clients", r#"{"process":"a.exe","count":3,"group":"g"}"#),
        ("POST", "/clients", r#"{"process":null}"#),
        ("PUT", "/block-lists/processes?apply=now", r#"{"data":"b.exe"}"#),
        ("POST", "/clients/4/send", r#"{"process":"a.exe"}"#),
        ("POST", "/clients/4/send", r#"{"process":"b.exe"}"#),
        ("DELETE", "/sessions/2", ""),
        ("PUT", "/block-lists/processes?apply=now", r#"{"data":"a.exe"}"#),
        ("POST", "/clients", r#"{"process":"c.exe"}"#),
    ];
    for (method, path, body) in acts {
        api.call(method, path, body).await.ok();
        let cursor = api.get("").await["cursor"].as_str().expect("a cursor").to_owned();
        then.push((cursor, api.get("/sessions").await));
    }
    for (cursor, page) in &then {
        let answer = api.call("GET", &format!("/sessions?at={cursor}"), "").await;
        assert_eq!(answer.header("exstore-cursor"), cursor);
        assert_eq!(&answer.ok(), page, "at {cursor}");
        for session in page["items"].as_array().expect("a list") {
            let one = api.get(&format!("/sessions/{}?at={cursor}", session["id"])).await;
            assert_eq!(&one, session);
        }
    }
    let (cursor, _) = &then[0];
    let missing = api.call("GET", &format!("/sessions/5?at={cursor}"), "").await;
    assert_eq!(missing.problem(), "session-not-found", "it came later");
    assert_eq!(api.get(&format!("/sessions/2?at={cursor}")).await["id"], 2, "it has ended since");
}

#[tokio::test]
async fn filters_and_pages_are_those_of_the_past() {
    let api = Api::new().await;
    api.post("/clients", r#"{"process":"a.exe","count":3}"#).await;
    let cursor = api.get("").await["cursor"].as_str().expect("a cursor").to_owned();
    api.post("/clients/1/send", r#"{"process":"b.exe"}"#).await;
    api.call("DELETE", "/sessions/2", "").await.ok();
    let at = |query: &str| format!("/sessions?at={cursor}{query}");
    let rows = [
        ("&process=b.exe", vec![], Value::Null),
        ("&process=A.EXE", vec![1, 2, 3], Value::Null),
        ("&client_id=2", vec![2], Value::Null),
        ("&group=g", vec![], Value::Null),
        ("&limit=2", vec![1, 2], json!(2)),
        ("&limit=2&after=2", vec![3], Value::Null),
    ];
    for (query, ids, next) in rows {
        let page = api.get(&at(query)).await;
        let ids: Vec<Value> = ids.into_iter().map(|id: u64| json!(id)).collect();
        assert_eq!(shown(&page), (ids.iter().collect(), &json!(3), &json!(0)), "{query}");
        assert_eq!(page["next"], next, "{query}");
    }
}

#[tokio::test]
async fn a_past_that_has_left_the_journal_is_gone_and_one_to_come_is_no_past() {
    let api = keeping(4).await;
    api.post("/clients", r#"{"process":"a.exe","count":6}"#).await;
    let totals = api.get("/events/totals").await;
    let first = totals["first_available"].as_str().expect("a cursor");
    for path in ["/sessions?at=1", "/sessions?at=1-4", "/sessions/1?at=0"] {
        let answer = api.call("GET", path, "").await;
        assert_eq!(answer.problem(), "cursor-gone", "{path}");
        assert_eq!(answer.json()["first_available"], first, "{path}");
        assert_eq!(answer.json()["hint"], format!("begin with `at={first}`"), "{path}");
    }
    let oldest = api.get(&format!("/sessions?at={first}")).await;
    assert_eq!(oldest["total"], 2, "the checkpoint itself");
    for path in ["/sessions?at=1-99", "/sessions/1?at=99", "/sessions?at=soon"] {
        let answer = api.call("GET", path, "").await;
        assert_eq!(answer.problem(), "invalid-query", "{path}");
        assert_eq!(answer.json()["errors"][0]["parameter"], "at", "{path}");
    }
    api.post("/reset", "").await;
    assert_eq!(
        api.call("GET", &format!("/sessions?at={first}"), "").await.problem(),
        "cursor-gone"
    );
    assert_eq!(api.get("/events/totals").await["epoch"], 2);
}

#[tokio::test]
async fn totals_count_what_has_left_the_journal() {
    let api = keeping(4).await;
    api.post("/clients", r#"{"process":"a.exe","count":6}"#).await;
    api.call("DELETE", "/sessions/1", "").await.ok();
    let totals = api.get("/events/totals").await;
    let by_type = &totals["by_type"];
    assert_eq!(by_type["session.connected"], 6);
    assert_eq!(by_type["session.disconnected"], 1);
    assert_eq!(by_type["session.ended"], 1);
    assert_eq!(by_type["session.refused"], 0, "every type is named");
    assert_eq!(by_type["journal.truncated"], 1);
    let total: u64 = by_type.as_object().expect("types").values().filter_map(Value::as_u64).sum();
    assert_eq!(totals["total"], total);
    assert_eq!((&totals["kept"], &totals["evicted"]), (&json!(4), &json!(total - 4)));
    assert_eq!(api.get("").await["cursor"], format!("1-{total}"));
}
