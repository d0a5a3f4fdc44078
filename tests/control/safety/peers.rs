//! Peers that are slow on purpose. Each limit is a few milliseconds here, and no test says how soon something has to happen.

use std::time::Duration;

use control::{Access, ControlLimits};
use tokio::io::AsyncWriteExt;

use super::{Plane, outcome};

const SOON: Duration = Duration::from_millis(5);
const NEVER: Duration = Duration::from_secs(3_600);

/// Limits that nothing meets but what a test sets.
fn patient() -> ControlLimits {
    ControlLimits {
        head_timeout: NEVER,
        body_timeout: NEVER,
        idle_timeout: NEVER,
        write_timeout: NEVER,
        request_timeout: NEVER,
        ..ControlLimits::default()
    }
}

async fn plane(limits: ControlLimits) -> Plane {
    Plane::with(Access::default(), limits).await
}

#[tokio::test]
async fn a_head_that_does_not_end_closes_the_connection() {
    let plane = plane(ControlLimits { head_timeout: SOON, ..patient() }).await;
    for begun in ["G", "GET /v1/info HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: localhost\r\nX: a"] {
        let mut peer = plane.connect().await;
        peer.send(begun).await;
        assert_eq!(peer.closed().await, 0, "{begun}");
    }
    // The second request of a connection has no more time than the first.
    let mut peer = plane.connect().await;
    peer.is_served().await;
    peer.send("GET /v1/in").await;
    assert_eq!(peer.closed().await, 0);
}

#[tokio::test]
async fn a_connection_on_which_nothing_is_asked_is_closed() {
    let plane = plane(ControlLimits { idle_timeout: SOON, ..patient() }).await;
    let mut silent = plane.connect().await;
    assert_eq!(silent.closed().await, 0);
    // On a busy machine a connection may be closed before it has asked.
    let mut served = loop {
        let mut peer = plane.connect().await;
        let request = b"GET /healthz/live HTTP/1.1\r\nHost: localhost\r\n\r\n";
        if peer.stream.write_all(request).await.is_ok() && peer.try_answer().await.is_some() {
            break peer;
        }
    };
    assert_eq!(served.closed().await, 0);
}

#[tokio::test]
async fn a_body_that_does_not_end_is_a_problem_and_does_nothing() {
    let plane = plane(ControlLimits { body_timeout: SOON, ..patient() }).await;
    let json = "Content-Type: application/json\r\n";
    for (name, rest) in [
        ("nothing of it", format!("{json}Content-Length: 2\r\n\r\n")),
        ("half of it", format!("{json}Content-Length: 2\r\n\r\n{{")),
        ("no end of chunks", format!("{json}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n")),
    ] {
        let mut peer = plane.connect().await;
        let path = "/v1/stores/default/clients";
        peer.send(&format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{rest}")).await;
        let answer = peer.answer().await;
        assert_eq!(outcome(&answer), (408, "body-too-slow".to_owned()), "{name}");
        peer.closed().await;
    }
    let clients = plane.get("/v1/stores/default/clients", "").await.ok();
    assert_eq!(clients["items"].as_array().map(Vec::len), Some(0));
}

#[tokio::test]
async fn a_peer_that_takes_nothing_of_what_it_asked_for_is_closed() {
    let plane = plane(ControlLimits { write_timeout: SOON, ..patient() }).await;
    let mut peer = plane.connect().await;
    let request = b"GET /v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
    // It asks and asks, until its own words find no room any more; then the server leaves, and they are refused.
    while peer.stream.write_all(request).await.is_ok() {}
}

#[tokio::test]
async fn bodies_that_are_too_much_together_are_put_off() {
    let plane = plane(ControlLimits { bodies_bytes: 8, ..patient() }).await;
    let json = "Content-Type: application/json\r\n";
    let polls = "/v1/stores/default/clock/advance";
    let length = "Content-Length: 11\r\n";
    let mut slow = plane.connect().await;
    let head = format!("POST {polls} HTTP/1.1\r\nHost: localhost\r\n{json}{length}");
    // It is told to go on when somebody waits for its body.
    slow.send(&format!("{head}Expect: 100-continue\r\n\r\n")).await;
    assert_eq!(slow.answer().await.status, 100);
    let other = plane.send("POST", polls, (json, r#"{"by":"1s"}"#)).await;
    assert_eq!(outcome(&other), (429, "too-many-requests".to_owned()));
    assert_eq!(other.header("retry-after"), "1");
    let small = plane.send("POST", "/v1/stores/default/polls", (json, "{}")).await;
    assert_eq!(small.status, 201);
}
