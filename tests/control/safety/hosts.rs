//! DNS rebinding: a page of `evil.example` has its own name lead to 127.0.0.1, and then everything it asks for is of its own
//! origin. What gives it away is the Host header.

use control::{Access, ControlLimits};

use super::{Plane, outcome};

#[tokio::test]
async fn a_name_that_is_not_ours_gets_nothing() {
    let plane = Plane::new().await;
    let rows = [
        ("our address", "Host: {address}\r\n", (200, "")),
        ("another port of it, as a tunnel has", "Host: 127.0.0.1:1\r\n", (200, "")),
        ("loopback by name", "Host: localhost\r\n", (200, "")),
        ("loopback in capitals", "HOST: LocalHost:8135\r\n", (200, "")),
        ("loopback of IPv6", "Host: [::1]:8135\r\n", (200, "")),
        ("another name", "Host: evil.example\r\n", (421, "host-not-allowed")),
        ("with our port", "Host: evil.example:8135\r\n", (421, "host-not-allowed")),
        ("that begins like ours", "Host: 127.0.0.1.evil.example\r\n", (421, "host-not-allowed")),
        (
            "that begins with loopback's",
            "Host: localhost.evil.example\r\n",
            (421, "host-not-allowed"),
        ),
        ("that ends with loopback's", "Host: evil.localhost\r\n", (421, "host-not-allowed")),
        ("a dot at its end", "Host: localhost.\r\n", (421, "host-not-allowed")),
        ("a dot at the end of a number", "Host: 127.0.0.1.\r\n", (421, "host-not-allowed")),
        ("a number in one", "Host: 2130706433\r\n", (421, "host-not-allowed")),
        ("a number in hexadecimal", "Host: 0x7f.1\r\n", (421, "host-not-allowed")),
        ("another number", "Host: 10.0.0.1\r\n", (421, "host-not-allowed")),
        ("all numbers", "Host: 0.0.0.0\r\n", (421, "host-not-allowed")),
        ("a user", "Host: evil.example@localhost\r\n", (400, "invalid-host")),
        ("a user with a password", "Host: localhost:1@evil.example\r\n", (400, "invalid-host")),
        ("two ports", "Host: localhost:1:2\r\n", (400, "invalid-host")),
        ("a port that is none", "Host: localhost:http\r\n", (400, "invalid-host")),
        ("a port out of range", "Host: localhost:65536\r\n", (400, "invalid-host")),
        ("a path", "Host: localhost/\r\n", (400, "invalid-host")),
        ("a space", "Host: localhost evil.example\r\n", (400, "invalid-host")),
        ("a list", "Host: localhost, evil.example\r\n", (400, "invalid-host")),
        ("none", "", (400, "invalid-host")),
        ("an empty one", "Host:\r\n", (400, "invalid-host")),
        ("two", "Host: localhost\r\nHost: evil.example\r\n", (400, "invalid-host")),
        ("two alike", "Host: localhost\r\nHost: localhost\r\n", (400, "invalid-host")),
    ];
    for (name, headers, (status, problem)) in rows {
        let answer = plane.ask(&format!("GET /v1/info HTTP/1.1\r\n{headers}\r\n")).await;
        assert_eq!(outcome(&answer), (status, problem.to_owned()), "{name}: {}", answer.text);
    }
}

#[tokio::test]
async fn an_absolute_target_is_judged_like_the_host_header_and_agrees_with_it() {
    let plane = Plane::new().await;
    let rows = [
        ("the same host", "http://localhost/v1/info", "localhost", (200, "")),
        ("in other letters", "http://LOCALHOST:1/v1/info", "localhost:1", (200, "")),
        (
            "another name in both",
            "http://evil.example/v1/info",
            "evil.example",
            (421, "host-not-allowed"),
        ),
        ("in the header", "http://localhost/v1/info", "evil.example", (400, "invalid-host")),
        ("in the target", "http://evil.example/v1/info", "localhost", (400, "invalid-host")),
        ("another port", "http://localhost:1/v1/info", "localhost:2", (400, "invalid-host")),
        ("a user in the target", "http://me@localhost/v1/info", "localhost", (400, "invalid-host")),
    ];
    for (name, target, host, (status, problem)) in rows {
        let answer = plane.ask(&format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n")).await;
        assert_eq!(outcome(&answer), (status, problem.to_owned()), "{name}");
    }
}

#[tokio::test]
async fn a_name_that_was_allowed_is_ours() {
    let hosts = vec!["exstore.example".parse().expect("a name")];
    let access = Access { hosts, ..Access::default() };
    let plane = Plane::with(access, ControlLimits::default()).await;
    let rows = [
        ("exstore.example", 200),
        ("EXSTORE.example:443", 200),
        ("localhost", 200),
        ("evil.exstore.example", 421),
        ("exstore.example.", 421),
        ("exstore.example.evil", 421),
    ];
    for (host, status) in rows {
        let answer = plane.ask(&format!("GET /v1/info HTTP/1.1\r\nHost: {host}\r\n\r\n")).await;
        assert_eq!(answer.status, status, "{host}");
    }
    // Somebody in front of it may speak https under that name, and only under it.
    for (host, origin, status) in [
        ("exstore.example", "https://exstore.example", 201),
        ("exstore.example", "http://exstore.example", 201),
        ("localhost", "https://localhost", 403),
    ] {
        let request = format!(
            "POST /v1/stores/default/polls HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nContent-Length: 0\r\n\r\n"
        );
        assert_eq!(plane.ask(&request).await.status, status, "{origin}");
    }
}
