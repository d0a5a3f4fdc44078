//! Requests that are sent again with the same `Idempotency-Key`.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use control::ControlLimits;
use registry_poll::{AnsiCodePage, FileKeyStore, Registry};
use serde_json::json;
use server::StoreOptions;
use tokio::task::JoinHandle;
use tower::ServiceExt;

use super::{Answer, Api, full, options};

const CLIENT: &str = r#"{"process":"a.exe"}"#;

const ADVANCE: &str = r#"{"by":"240h"}"#;

fn request(path: &str, key: &str, body: &str) -> Request<Body> {
    let request = Request::post(full(path)).header("host", "localhost");
    let request = request.header("idempotency-key", key);
    let request = match body {
        "" => request.body(Body::empty()),
        body => request.header("content-type", "application/json").body(body.to_owned().into()),
    };
    request.expect("a request")
}

impl Api {
    async fn keyed(&self, path: &str, key: &str, body: &str) -> Answer {
        self.send(request(path, key, body)).await
    }

    fn spawn(&self, path: &str, key: &str, body: &str) -> JoinHandle<Response> {
        let asked = self.router.clone().oneshot(request(path, key, body));
        tokio::spawn(async { asked.await.expect("a router always answers") })
    }

    async fn clients(&self) -> usize {
        self.get("/clients").await["items"].as_array().expect("a list").len()
    }
}

fn is_replayed(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == "true"
}

pub(super) async fn key_reused() -> Answer {
    let api = Api::new().await;
    api.keyed("/clients", "k", CLIENT).await.ok();
    api.keyed("/clients", "k", "{}").await
}

#[tokio::test]
async fn what_is_sent_again_is_not_done_again() {
    let api = Api::new().await;
    for (path, body) in [
        ("/clients", CLIENT),
        ("/clients/batch", r#"[{"process":"b.exe"},{"proces":"c.exe"}]"#),
        ("/clients/1/disconnect", ""),
        ("/clients/1/connect", ""),
        ("/polls", ""),
        ("/clock/advance", r#"{"by":"1m"}"#),
        ("/faults", r#"{"effect":{"registry":"torn"},"schedule":{"after":9}}"#),
        ("/snapshots", ""),
        ("/snapshots/1/restore", ""),
        ("/restart", ""),
        ("/build/install-hotfix", ""),
        ("/policy/preview", "{}"),
        ("/v1/stores", r#"{"name":"t1"}"#),
        ("/reset", ""),
    ] {
        let first = api.keyed(path, "once", body).await;
        assert!(!is_replayed(&first), "{path}");
        let events = api.get("/events?limit=1000").await;
        let again = api.keyed(path, "once", body).await;
        assert!(is_replayed(&again), "{path}");
        assert_eq!(again.status, first.status, "{path}");
        assert_eq!(again.header("exstore-cursor"), first.header("exstore-cursor"), "{path}");
        assert_eq!(again.header("location"), first.header("location"), "{path}");
        assert_ne!(
            again.header("exstore-request-id"),
            first.header("exstore-request-id"),
            "{path}"
        );
        if first.status.is_success() {
            assert_eq!(again.text, first.text, "{path}");
        } else {
            assert_eq!(again.problem(), first.problem(), "{path}");
        }
        assert_eq!(api.get("/events?limit=1000").await, events, "{path}: something was done");
    }
}

#[tokio::test]
async fn a_refusal_is_answered_again_too() {
    let api = Api::new().await;
    let refused = api.keyed("/clients/1/connect", "k", "").await;
    assert_eq!(refused.problem(), "client-not-found");
    api.post("/clients", CLIENT).await;
    let again = api.keyed("/clients/1/connect", "k", "").await;
    assert_eq!((again.problem(), is_replayed(&again)), ("client-not-found".to_owned(), true));
}

#[tokio::test]
async fn a_key_is_one_request_s_on_one_path_of_one_store() {
    let api = Api::new().await;
    api.post("/v1/stores", r#"{"name":"t1"}"#).await;
    api.keyed("/clients", "k", CLIENT).await.ok();
    // Another body, another type of it.
    let other = api.keyed("/clients", "k", r#"{"process":"b.exe"}"#).await;
    assert_eq!(other.problem(), "idempotency-key-reused");
    let mut typed = request("/clients", "k", CLIENT);
    typed.headers_mut().insert("content-type", "application/x-ndjson".parse().expect("a type"));
    assert_eq!(api.send(typed).await.problem(), "idempotency-key-reused");
    // Another path, another store, another key, no key.
    for (path, key) in [("/polls", "k"), ("/v1/stores/t1/clients", "k"), ("/clients", "K")] {
        let body = if path.ends_with("/polls") { "" } else { CLIENT };
        let new = api.keyed(path, key, body).await;
        assert_eq!((new.status, is_replayed(&new)), (StatusCode::CREATED, false), "{path}");
    }
    api.post("/clients", CLIENT).await;
    assert_eq!(api.clients().await, 3);
}

#[tokio::test]
async fn after_a_reset_every_key_is_new() {
    let api = Api::new().await;
    api.keyed("/clients", "k", CLIENT).await.ok();
    api.post("/reset", "").await;
    let new = api.keyed("/clients", "k", CLIENT).await;
    assert!(!is_replayed(&new), "{}", new.text);
    assert_eq!(api.clients().await, 1);
    // A store that is made again under its name is another one.
    for _ in 0..2 {
        let made = api.keyed("/v1/stores", "k", r#"{"name":"t1"}"#).await;
        assert_eq!((made.status, is_replayed(&made)), (StatusCode::CREATED, false));
        let client = api.keyed("/v1/stores/t1/clients", "k", CLIENT).await;
        assert_eq!((client.status, is_replayed(&client)), (StatusCode::CREATED, false));
        api.call("DELETE", "/v1/stores/t1", "").await.ok();
    }
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let api = Api::new().await;
    let long = "k".repeat(256);
    for key in ["", "\u{e9}", &long] {
        let refused = api.keyed("/clients", key, CLIENT).await;
        assert_eq!(refused.problem(), "invalid-header", "{key}");
        assert_eq!(refused.json()["errors"][0]["parameter"], "Idempotency-Key", "{key}");
    }
    let mut twice = request("/clients", "a", CLIENT);
    twice.headers_mut().append("idempotency-key", "b".parse().expect("a key"));
    assert_eq!(api.send(twice).await.problem(), "invalid-header");
    assert_eq!(api.clients().await, 0);
    api.keyed("/clients", &"k".repeat(255), CLIENT).await.ok();
}

#[tokio::test]
async fn waits_and_assertions_are_asked_anew() {
    let api = Api::new().await;
    for path in ["/waits", "/assertions"] {
        let body =
            r#"{"until":{"state":{"select":"clients","count":{"exactly":0}}},"timeout":"1s"}"#;
        for _ in 0..2 {
            let asked = api.keyed(path, "k", body).await;
            assert!(asked.status.is_success() && !is_replayed(&asked), "{path}: {}", asked.text);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_equal_requests_at_once_one_is_done() {
    let api = Api::new().await;
    let asked: Vec<_> = (0..50).map(|_| api.spawn("/clients", "k", CLIENT)).collect();
    let mut replayed = 0;
    let mut bodies = Vec::new();
    for asked in asked {
        let answer = asked.await.expect("it is answered");
        assert_eq!(answer.status(), StatusCode::CREATED);
        replayed += usize::from(answer.headers().contains_key("idempotency-replayed"));
        bodies.push(axum::body::to_bytes(answer.into_body(), usize::MAX).await.expect("a body"));
    }
    bodies.dedup();
    assert_eq!((replayed, bodies.len(), api.clients().await), (49, 1, 1));
}

/// Asks for ten days with a key, until time has begun to move.
async fn advancing(api: &Api) -> Pin<Box<impl Future<Output = Response> + use<>>> {
    let asked = api.router.clone().oneshot(request("/clock/advance", "k", ADVANCE));
    let mut asked = Box::pin(async { asked.await.expect("a router always answers") });
    while api.get("/clock").await["now"] == "2006-04-22T08:00:00Z" {
        let polled = poll_fn(|context| Poll::Ready(asked.as_mut().poll(context))).await;
        assert!(polled.is_pending(), "it is answered before anything has happened");
    }
    asked
}

/// Whoever asked is gone before there is an answer. Without a key time would stop where it had got to.
#[tokio::test]
async fn what_was_begun_is_carried_through_for_whoever_asks_again() {
    let api = Api::new().await;
    drop(advancing(&api).await);
    let again = api.keyed("/clock/advance", "k", ADVANCE).await;
    assert_eq!(again.ok()["now"], "2006-05-02T08:00:00Z");
    assert!(is_replayed(&again), "it was done twice");
    assert_eq!(api.get("/clock").await["now"], "2006-05-02T08:00:00Z");
}

/// The answer is lost on its way, as a fault rule has it; what was asked for was done.
#[tokio::test]
async fn an_answer_that_broke_off_is_there_for_whoever_asks_again() {
    let api = Api::new().await;
    let rule = r#"{"match":{"method":"POST","route":"/clients"},"effect":{"drop":true},"schedule":{"next":1}}"#;
    api.post("/faults", rule).await;
    let lost = api.spawn("/clients", "k", CLIENT).await.expect("it is answered");
    assert!(axum::body::to_bytes(lost.into_body(), usize::MAX).await.is_err());
    let again = api.keyed("/clients", "k", CLIENT).await;
    assert_eq!((again.ok()["id"].clone(), is_replayed(&again)), (json!(1), true));
    assert_eq!(api.clients().await, 1);
}

#[tokio::test]
async fn the_oldest_answers_of_a_store_go_first() {
    let limits = ControlLimits { idempotency_keys: 3, ..ControlLimits::default() };
    let api = Api::with(options(), limits).await;
    for key in ["a", "b", "c", "d"] {
        api.keyed("/clients", key, CLIENT).await.ok();
    }
    for (key, expected) in [("b", true), ("c", true), ("d", true), ("a", false), ("b", false)] {
        assert_eq!(is_replayed(&api.keyed("/clients", key, CLIENT).await), expected, "{key}");
    }
    assert_eq!(api.get("/v1/info").await["limits"]["idempotency_keys"], 3);
}

#[tokio::test]
async fn the_answers_of_all_stores_take_so_many_bytes() {
    let limits = ControlLimits { idempotency_bytes: 4_096, ..ControlLimits::default() };
    let api = Api::with(options(), limits).await;
    api.post("/v1/stores", r#"{"name":"t1"}"#).await;
    for n in 0..8 {
        api.keyed("/clients", &format!("k{n}"), CLIENT).await.ok();
    }
    // Those of another store drive out the oldest of this one.
    assert!(!is_replayed(&api.keyed("/clients", "k0", CLIENT).await));
    assert!(is_replayed(&api.keyed("/clients", "k7", CLIENT).await));
    for n in 0..8 {
        api.keyed("/v1/stores/t1/clients", &format!("k{n}"), CLIENT).await.ok();
    }
    assert!(!is_replayed(&api.keyed("/clients", "k7", CLIENT).await));
    // What is more than all of them together is not kept.
    let many = json!({ "count": 100 }).to_string();
    for _ in 0..2 {
        assert!(!is_replayed(&api.keyed("/clients", "many", &many).await));
    }
}

/// No key is free while all that the store remembers are of requests under way.
#[tokio::test]
async fn keys_of_requests_under_way_are_kept() {
    let limits = ControlLimits { idempotency_keys: 1, ..ControlLimits::default() };
    let api = Api::with(options(), limits).await;
    let advanced = advancing(&api).await;
    let refused = api.keyed("/clients", "other", CLIENT).await;
    assert_eq!(refused.problem(), "too-many-requests");
    assert_eq!(advanced.await.status(), StatusCode::OK);
    // Now there is room.
    api.keyed("/clients", "other", CLIENT).await.ok();
}

/// What the server could not do may be tried again.
#[tokio::test]
async fn what_broke_in_the_server_is_not_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.reg");
    let write = || std::fs::write(&path, "REGEDIT4\r\n").expect("the file is written");
    write();
    let registry = FileKeyStore::open(&path, AnsiCodePage::default()).expect("it is opened");
    let registry: Option<Arc<dyn Registry>> = Some(Arc::new(registry));
    let options = StoreOptions { registry, ..options() };
    let api = Api::with(options, ControlLimits::default()).await;
    std::fs::remove_file(&path).expect("the file is removed");
    let broken = api.keyed("/policy/preview", "k", "{}").await;
    assert_eq!(broken.problem(), "registry-unreadable");
    write();
    let mended = api.keyed("/policy/preview", "k", "{}").await;
    assert_eq!((mended.status, is_replayed(&mended)), (StatusCode::OK, false), "{}", mended.text);
    assert!(is_replayed(&api.keyed("/policy/preview", "k", "{}").await));
}

#[tokio::test]
async fn every_post_but_a_wait_takes_a_key() {
    let document = Api::new().await.get("/v1/openapi.json").await;
    let mut keyed = 0;
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let mut names = parameters.map(|parameter| &parameter["name"]);
            let takes = names.any(|name| *name == "Idempotency-Key");
            let is_wait = path.ends_with("/waits") || path.ends_with("/assertions");
            assert_eq!(takes, method == "post" && !is_wait, "{method} {path}");
            assert!(!takes || operation["responses"]["422"].is_object(), "{path}");
            keyed += usize::from(takes);
        }
    }
    assert!(15 < keyed, "{keyed}");
}
