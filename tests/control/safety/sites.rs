//! Requests that a browser sends for a page of somebody else: with a form, an image, a script, a stream, `fetch` in any mode.
//! All of them reach the port; none may do or tell anything.

use control::{Access, ControlLimits};

use super::{Plane, outcome};

const REFUSED: (u16, &str) = (403, "origin-not-allowed");
const RESET: &str = "/v1/stores/default/reset";
const EVENTS: &str = "/v1/stores/default/events";

/// Name, method, path, headers, body, and what comes of it.
type Row =
    (&'static str, &'static str, &'static str, &'static str, &'static str, (u16, &'static str));

const ROWS: &[Row] = &[
    // What is ours, or no browser's.
    ("a program reads", "GET", "/v1/info", "", "", (200, "")),
    ("a program writes", "POST", RESET, "Content-Type: application/json\r\n", "{}", (200, "")),
    ("a program that has nothing to say", "POST", RESET, "", "", (200, "")),
    (
        "typed into a browser",
        "GET",
        "/v1/info",
        "Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\n",
        "",
        (200, ""),
    ),
    ("our page reads", "GET", "/v1/info", "Sec-Fetch-Site: same-origin\r\n", "", (200, "")),
    (
        "our page writes",
        "POST",
        RESET,
        "Origin: http://{address}\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/json\r\n",
        "{}",
        (200, ""),
    ),
    (
        "our page in an older browser",
        "POST",
        RESET,
        "Origin: http://{address}\r\nContent-Type: application/json\r\n",
        "{}",
        (200, ""),
    ),
    // Reads of others.
    (
        "an image",
        "GET",
        EVENTS,
        "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: image\r\n",
        "",
        REFUSED,
    ),
    (
        "a script",
        "GET",
        "/v1/openapi.json",
        "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Dest: script\r\n",
        "",
        REFUSED,
    ),
    (
        "a frame",
        "GET",
        "/v1/info",
        "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n",
        "",
        REFUSED,
    ),
    (
        "a link",
        "GET",
        "/v1/info",
        "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n",
        "",
        REFUSED,
    ),
    (
        "fetch",
        "GET",
        EVENTS,
        "Origin: http://evil.example\r\nSec-Fetch-Site: cross-site\r\n",
        "",
        REFUSED,
    ),
    ("fetch in an older browser", "GET", EVENTS, "Origin: http://evil.example\r\n", "", REFUSED),
    (
        "a stream",
        "GET",
        EVENTS,
        "Origin: http://evil.example\r\nAccept: text/event-stream\r\n",
        "",
        REFUSED,
    ),
    (
        "a stream without an origin",
        "GET",
        EVENTS,
        "Sec-Fetch-Site: cross-site\r\nAccept: text/event-stream\r\n",
        "",
        REFUSED,
    ),
    ("HEAD", "HEAD", "/v1/info", "Sec-Fetch-Site: cross-site\r\n", "", (403, "")),
    ("another port of ours", "GET", "/v1/info", "Sec-Fetch-Site: same-site\r\n", "", REFUSED),
    (
        "another port of ours, with its origin",
        "GET",
        "/v1/info",
        "Origin: http://127.0.0.1:1\r\nSec-Fetch-Site: same-site\r\n",
        "",
        REFUSED,
    ),
    ("a page in a sandbox", "GET", "/v1/info", "Origin: null\r\n", "", REFUSED),
    ("what we are told is unheard of", "GET", "/v1/info", "Sec-Fetch-Site: moon\r\n", "", REFUSED),
    (
        "two sites",
        "GET",
        "/v1/info",
        "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Site: cross-site\r\n",
        "",
        REFUSED,
    ),
    (
        "two origins",
        "GET",
        "/v1/info",
        "Origin: http://{address}\r\nOrigin: http://evil.example\r\n",
        "",
        REFUSED,
    ),
    (
        "our origin from another site",
        "GET",
        "/v1/info",
        "Origin: http://{address}\r\nSec-Fetch-Site: cross-site\r\n",
        "",
        REFUSED,
    ),
    (
        "an origin that begins like ours",
        "GET",
        "/v1/info",
        "Origin: http://{address}.evil.example\r\n",
        "",
        REFUSED,
    ),
    ("ours by https", "GET", "/v1/info", "Origin: https://{address}\r\n", "", REFUSED),
    ("what needs no secret", "GET", "/healthz/live", "Sec-Fetch-Site: cross-site\r\n", "", REFUSED),
    // Writes of others that need no preflight.
    (
        "a form",
        "POST",
        RESET,
        "Origin: http://evil.example\r\nContent-Type: application/x-www-form-urlencoded\r\n",
        "a=b",
        REFUSED,
    ),
    (
        "a form with files",
        "POST",
        RESET,
        "Origin: http://evil.example\r\nContent-Type: multipart/form-data; boundary=x\r\n",
        "--x--",
        REFUSED,
    ),
    (
        "JSON as text",
        "POST",
        RESET,
        "Origin: http://evil.example\r\nContent-Type: text/plain\r\n",
        "{}",
        REFUSED,
    ),
    (
        "a beacon",
        "POST",
        RESET,
        "Origin: null\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n",
        "",
        REFUSED,
    ),
    (
        "an empty form without an origin",
        "POST",
        RESET,
        "Content-Type: application/x-www-form-urlencoded\r\n",
        "",
        (415, "unsupported-media-type"),
    ),
    (
        "JSON as text without an origin",
        "POST",
        RESET,
        "Content-Type: text/plain;charset=UTF-8\r\n",
        "{}",
        (415, "unsupported-media-type"),
    ),
    ("JSON as nothing", "POST", RESET, "", "{}", (415, "unsupported-media-type")),
    (
        "a delete as a form",
        "DELETE",
        "/v1/stores/default/block-lists/processes",
        "Content-Type: text/plain\r\n",
        "",
        (415, "unsupported-media-type"),
    ),
    // Writes of others that need one.
    (
        "a preflight",
        "OPTIONS",
        RESET,
        "Origin: http://evil.example\r\nAccess-Control-Request-Method: POST\r\n",
        "",
        REFUSED,
    ),
    (
        "a write after it all the same",
        "DELETE",
        "/v1/stores/default/block-lists/processes",
        "Origin: http://evil.example\r\n",
        "",
        REFUSED,
    ),
];

#[tokio::test]
async fn what_a_browser_sends_for_somebody_else_is_refused() {
    let plane = Plane::new().await;
    for (name, method, path, headers, body, (status, problem)) in ROWS {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {{address}}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}",
            body.len()
        );
        let mut peer = plane.connect().await;
        peer.send(&request.replace("{address}", &plane.address.to_string())).await;
        let answer = if *method == "HEAD" { head_of(&mut peer).await } else { peer.answer().await };
        assert_eq!(answer.header("access-control-allow-origin"), "", "{name}");
        let outcome = if *method == "HEAD" {
            (answer.status.as_u16(), String::new())
        } else {
            outcome(&answer)
        };
        assert_eq!(outcome, (*status, (*problem).to_owned()), "{name}: {}", answer.text);
    }
}

/// An answer that has a length and no body.
async fn head_of(peer: &mut super::Peer) -> super::Answer {
    peer.closed().await;
    let (status, headers) = super::head(&String::from_utf8_lossy(&peer.buffer));
    super::Answer { status, headers, text: String::new() }
}

#[tokio::test]
async fn nothing_of_another_origin_has_done_anything() {
    let plane = Plane::new().await;
    let cursor = |answer: super::Answer| answer.header("exstore-cursor").to_owned();
    let before = cursor(plane.get("/v1/stores/default/clock", "").await);
    for (_, method, path, headers, body, (status, _)) in ROWS {
        if *status != 200 && *method != "HEAD" {
            let headers = headers.replace("{address}", &plane.address.to_string());
            plane.send(method, path, (&headers, body)).await;
        }
    }
    assert_eq!(cursor(plane.get("/v1/stores/default/clock", "").await), before);
}

fn allowing(origin: &str) -> Access {
    Access { origins: vec![origin.parse().expect("an origin")], ..Access::default() }
}

#[tokio::test]
async fn an_origin_that_was_allowed_may_read_and_write_and_no_other() {
    let plane = Plane::with(allowing("http://localhost:3000"), ControlLimits::default()).await;
    let ours = "Origin: http://localhost:3000\r\nSec-Fetch-Site: same-site\r\n";
    let answer = plane.get("/v1/stores/default/clock", ours).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), "http://localhost:3000");
    assert!(answer.header("access-control-expose-headers").contains("Exstore-Cursor"));
    assert_eq!(answer.header("vary"), "origin");
    assert_eq!(answer.header("access-control-allow-credentials"), "");

    let headers = format!("{ours}Content-Type: application/json\r\n");
    let written = plane.send("POST", RESET, (&headers, "{}")).await;
    assert_eq!(written.status, 200);
    let problem = plane.get("/v1/stores/nowhere", ours).await;
    assert_eq!(problem.header("access-control-allow-origin"), "http://localhost:3000");

    for origin in [
        "http://localhost:3001",
        "https://localhost:3000",
        "http://localhost",
        "http://localhost:3000.evil.example",
        "http://evil.example",
        "null",
    ] {
        let answer = plane.get("/v1/info", &format!("Origin: {origin}\r\n")).await;
        assert_eq!(outcome(&answer), (403, "origin-not-allowed".to_owned()), "{origin}");
        assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}");
    }
    // Whoever asks without an origin is told that the answer would be another with one.
    assert_eq!(plane.get("/v1/info", "").await.header("vary"), "origin");
}

#[tokio::test]
async fn a_preflight_is_answered_for_an_origin_that_was_allowed() {
    let plane = Plane::with(allowing("http://localhost:3000"), ControlLimits::default()).await;
    let asked =
        "Access-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: content-type\r\n";
    let ours = format!("Origin: http://localhost:3000\r\n{asked}");
    let answer = plane.send("OPTIONS", RESET, (&ours, "")).await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), "http://localhost:3000");
    assert!(answer.header("access-control-allow-methods").contains("PUT"));
    let allowed = answer.header("access-control-allow-headers");
    assert!(allowed.contains("Authorization") && allowed.contains("If-Match"), "{allowed}");
    let theirs = format!("Origin: http://evil.example\r\n{asked}");
    let answer = plane.send("OPTIONS", RESET, (&theirs, "")).await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.header("access-control-allow-methods"), "");
}
