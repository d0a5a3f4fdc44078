//! Whose requests are taken, and what every answer carries.

use axum::body::Body;
use axum::http::Request;

use super::{Api, STORE};

async fn status(api: &Api, method: &str, headers: &[(&str, &str)]) -> u16 {
    let mut request = Request::builder().method(method).uri(format!("{STORE}/polls"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    api.send(request.body(Body::empty()).expect("a request")).await.status.as_u16()
}

#[tokio::test]
async fn only_requests_for_this_host_are_taken() {
    let api = Api::new().await;
    for (host, expected) in [
        ("localhost", 200),
        ("LOCALHOST:8135", 200),
        ("127.0.0.1:8135", 200),
        ("127.0.0.2", 200),
        ("[::1]:9", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("10.0.0.1", 421),
        ("", 400),
        ("a b", 400),
    ] {
        assert_eq!(status(&api, "GET", &[("host", host)]).await, expected, "`{host}`");
    }
    assert_eq!(status(&api, "GET", &[]).await, 400, "no Host");
}

#[tokio::test]
async fn pages_of_other_origins_are_turned_away() {
    let api = Api::new().await;
    for (origin, expected) in [
        ("http://localhost:8135", 201),
        ("http://LOCALHOST:8135", 201),
        ("http://localhost", 403),
        ("http://localhost:3000", 403),
        ("https://localhost:8135", 403),
        ("http://evil.example", 403),
        ("null", 403),
    ] {
        let headers = [("host", "localhost:8135"), ("origin", origin)];
        assert_eq!(status(&api, "POST", &headers).await, expected, "`{origin}`");
    }
}

#[tokio::test]
async fn every_answer_has_an_id_of_its_own() {
    let api = Api::new().await;
    let mut ids = Vec::new();
    for path in ["/v1/info", "/clock", "/nowhere", "/healthz/live"] {
        let answer = api.call("GET", path, "").await;
        ids.push(answer.header("exstore-request-id").to_owned());
        let of_store = path == "/clock";
        assert_eq!(answer.header("exstore-cursor") == "1-2", of_store, "{path}");
    }
    assert_eq!(ids, ["r1", "r2", "r3", "r4"]);
}

#[tokio::test]
async fn a_write_answers_with_the_place_that_it_made() {
    let api = Api::new().await;
    let written = api.call("PUT", "/block-lists/processes", r#"{"data":"a.exe"}"#).await;
    let cursor = written.header("exstore-cursor").to_owned();
    let after = api.get(&format!("/events?after={cursor}")).await;
    assert_eq!(after["items"].as_array().map(Vec::len), Some(0));
    api.post("/polls", "").await;
    let after = api.get(&format!("/events?after={cursor}&limit=1")).await;
    assert_eq!(after["items"][0]["cause"], "poll:2");
}

/// So is each object within one.
#[tokio::test]
async fn an_array_is_no_object_within_another() {
    let api = Api::new().await;
    for (path, body, place) in [
        ("/clients", r#"{"on_disconnect":["none"]}"#, "#/on_disconnect"),
        ("/v1/stores", r#"{"name":"a","clock":[null,null]}"#, "#/clock"),
        ("/v1/stores", r#"{"name":"a","limits":[]}"#, "#/limits"),
        ("/faults", r#"{"effect":["missing"]}"#, "#/effect"),
        ("/faults", r#"{"effect":{"registry":"torn"},"schedule":[null]}"#, "#/schedule"),
        ("/waits", r#"{"until":{"event":["poll.completed"]}}"#, "#/until/event"),
        ("/waits", r#"{"until":{"state":["clients"]}}"#, "#/until/state"),
        (
            "/waits",
            r#"{"until":{"state":{"select":"clients","count":[0]}}}"#,
            "#/until/state/count",
        ),
    ] {
        let answer = api.call("POST", path, body).await;
        assert_eq!(answer.problem(), "invalid-body", "{body}");
        let pointer = answer.json()["errors"][0]["pointer"].clone();
        assert!(pointer.as_str().is_some_and(|pointer| pointer.starts_with(place)), "{pointer}");
        assert!(answer.text.contains("a JSON object"), "{}", answer.text);
    }
}

/// serde takes an array for a structure's fields in order; a body is an object all the same.
#[tokio::test]
async fn an_array_is_no_object() {
    let api = Api::new().await;
    for (method, path, body) in [
        ("PUT", "/block-lists/processes", r#"["listed.exe"]"#),
        ("POST", "/clock/advance", r#"["1s",null,null]"#),
        ("POST", "/reset", "[]"),
        ("POST", "/policy/explain", " [ ]"),
        ("PATCH", "/clock", r#""manual""#),
    ] {
        let answer = api.call(method, path, body).await;
        assert_eq!(answer.problem(), "invalid-body", "{method} {path}");
        assert!(answer.text.contains("a JSON object is expected"), "{}", answer.text);
    }
    assert!(api.get("/block-lists/processes").await["data"].is_null());
}

#[tokio::test]
async fn a_cursor_that_lies_ahead_is_refused() {
    let api = Api::new().await;
    let answer = api.call("GET", "/events?after=1-9999", "").await;
    assert_eq!(answer.problem(), "invalid-query");
    assert!(answer.text.contains("the newest entry is 1-2"), "{}", answer.text);
}
