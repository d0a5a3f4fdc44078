//! Messages that two readers might understand differently, paths that are not what they seem, and other protocols.

use control::{Access, ControlLimits};

use tokio::io::AsyncWriteExt;

use super::{Plane, outcome};

#[tokio::test]
async fn a_message_of_two_lengths_is_refused_and_nothing_after_it_is_read() {
    let plane = Plane::new().await;
    let chunk = "0\r\n\r\n";
    let rows = [
        ("two lengths", "Content-Length: 5\r\nContent-Length: 6\r\n", "{}   "),
        ("two lengths in one", "Content-Length: 5, 6\r\n", "{}   "),
        ("a sign", "Content-Length: +5\r\n", "{}   "),
        ("a negative length", "Content-Length: -1\r\n", ""),
        ("no number", "Content-Length: 5x\r\n", "{}   "),
        ("a length beyond all", "Content-Length: 18446744073709551616\r\n", ""),
        ("an unknown coding", "Transfer-Encoding: identity\r\n", chunk),
        ("chunked before another", "Transfer-Encoding: chunked, identity\r\n", chunk),
        ("a space in a header's name", "Transfer-Encoding : chunked\r\n", chunk),
        ("a line that goes on", "X: a\r\n b\r\n", ""),
        ("a line feed alone in a value", "X: a\nTransfer-Encoding: chunked\r\n", ""),
        ("a null in a value", "X: a\0b\r\n", ""),
    ];
    for (name, headers, body) in rows {
        let request = format!(
            "POST /v1/stores/default/reset HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{headers}\r\n{body}GET /v1/info HTTP/1.1\r\nHost: localhost\r\n\r\n"
        );
        let mut peer = plane.connect().await;
        peer.send(&request).await;
        let first = peer.try_answer().await;
        let second = peer.try_answer().await.map(|answer| answer.status.as_u16());
        let first = first.map(|answer| answer.status.as_u16());
        // A header line that ends in a line feed alone is a line like another: then there is one reading of the message.
        let alone = name.starts_with("a line feed");
        assert!(first == Some(400) || alone, "{name}: {first:?}");
        assert!(second.is_none() || alone, "{name}: {second:?}");
    }
}

/// A length beside chunks is what smuggling is made of. RFC 9112 lets a server refuse it or go by the chunks and close.
#[tokio::test]
async fn chunks_beside_a_length_are_no_way_to_a_second_request() {
    let plane = Plane::new().await;
    for headers in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding: xchunked\r\nContent-Length: 4\r\n",
    ] {
        // By its length the body is `5c\r\n`; by its chunks it holds the second request.
        let smuggled = "POST /v1/stores/default/restart HTTP/1.1\r\nHost: localhost\r\nContent-Length: 15\r\n\r\nx=1";
        let request = format!(
            "GET /v1/info HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n{:x}\r\n{smuggled}\r\n0\r\n\r\n",
            smuggled.len()
        );
        let mut peer = plane.connect().await;
        peer.send(&request).await;
        let mut answers: Vec<_> =
            peer.try_answer().await.iter().map(|a| a.status.as_u16()).collect();
        // Nothing more will come, so what comes back now is all.
        drop(peer.stream.shutdown().await);
        while let Some(answer) = peer.try_answer().await {
            answers.push(answer.status.as_u16());
        }
        assert!(matches!(answers[..], [] | [400] | [200]), "{headers}: {answers:?}");
    }
    let starts = plane.get("/v1/stores/default/events?type=store.started", "").await.ok();
    assert_eq!(starts["items"].as_array().map(Vec::len), Some(1), "nobody restarted the store");
}

#[tokio::test]
async fn a_path_is_what_it_is_and_nothing_is_resolved() {
    let plane = Plane::new().await;
    let rows = [
        ("dots", "/v1/stores/default/../../info", 404),
        ("encoded dots", "/v1/stores/%2e%2e/info", 404),
        ("dots that are encoded twice", "/v1/stores/%252e%252e/info", 404),
        ("an encoded slash", "/v1%2finfo", 404),
        ("an encoded backslash", "/v1%5cinfo", 404),
        ("two slashes", "//v1/info", 404),
        ("a slash at the end", "/v1/info/", 404),
        ("a null", "/v1/stores/%00", 404),
        ("a null behind a name", "/v1/stores/default%00", 404),
        ("an overlong slash", "/v1/stores/%c0%af", 404),
        ("no UTF-8", "/v1/stores/%ff", 404),
        ("a surrogate", "/v1/stores/%ed%a0%80", 404),
        ("a broken escape", "/v1/stores/%zz", 404),
        ("capitals", "/V1/info", 404),
        ("a parameter of a segment", "/v1/info;x=1", 404),
        ("a space", "/v1/in fo", 400),
        ("no slash", "v1/info", 400),
    ];
    for (name, path, status) in rows {
        let answer = plane.get(path, "").await;
        assert_eq!(answer.status, status, "{name}: {}", answer.text);
        assert!(
            status == 400 || answer.header("content-type") == "application/problem+json",
            "{name}"
        );
    }
    let long = format!("/v1/stores/{}", "a".repeat(60_000));
    let answer = plane.get(&long, "").await;
    assert_eq!(answer.problem(), "store-not-found");
    assert!(answer.text.len() < 62_000, "what is said of it is shortened");
    let longer = format!("/v1/stores/{}", "a".repeat(70_000));
    assert!(matches!(plane.get(&longer, "").await.status.as_u16(), 414 | 431));
}

#[tokio::test]
async fn other_methods_and_protocols_are_turned_down() {
    let plane = Plane::new().await;
    let host = "Host: localhost\r\n\r\n";
    let rows = [
        ("TRACE", format!("TRACE /v1/info HTTP/1.1\r\n{host}"), Some(405)),
        (
            "CONNECT through us",
            "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n".to_owned(),
            Some(421),
        ),
        (
            "CONNECT to us",
            "CONNECT localhost:1 HTTP/1.1\r\nHost: localhost:1\r\n\r\n".to_owned(),
            Some(404),
        ),
        (
            "a proxy's request",
            "GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n".to_owned(),
            Some(421),
        ),
        ("an unknown method", format!("BREW /v1/info HTTP/1.1\r\n{host}"), Some(405)),
        ("all of the server", format!("OPTIONS * HTTP/1.1\r\n{host}"), Some(404)),
        ("HTTP/2 from the start", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), None),
        ("HTTP/3", format!("GET /v1/info HTTP/3.0\r\n{host}"), Some(400)),
        ("HTTP/0.9", "GET /v1/info\r\n".to_owned(), Some(400)),
        ("TLS", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}".to_owned(), Some(400)),
        ("nonsense", "\r\n\r\n\0\0\0\r\n\r\n".to_owned(), Some(400)),
    ];
    for (name, request, status) in rows {
        let mut peer = plane.connect().await;
        peer.send(&request).await;
        let answer = peer.try_answer().await.map(|answer| answer.status.as_u16());
        assert_eq!(answer, status, "{name}");
    }
    // An upgrade is not taken up, and the request is answered as it stands.
    let upgrade = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n";
    assert_eq!(plane.get("/v1/info", upgrade).await.status, 200);
}

#[tokio::test]
async fn http_1_0_and_head_are_served() {
    let plane = Plane::new().await;
    let mut peer = plane.connect().await;
    peer.send("GET /v1/info HTTP/1.0\r\nHost: localhost\r\n\r\n").await;
    assert_eq!(peer.answer().await.status, 200);
    peer.closed().await;

    let of_get = plane.get("/v1/openapi.json", "").await;
    let mut peer = plane.connect().await;
    peer.send("HEAD /v1/openapi.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await;
    peer.closed().await;
    let text = String::from_utf8(peer.buffer).expect("it is text");
    let (status, headers) = super::head(&text);
    assert_eq!(status, 200);
    assert_eq!(headers["content-length"], of_get.text.len().to_string());
    assert!(text.ends_with("\r\n\r\n"), "no body");
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let limits = ControlLimits { headers: 8, head_bytes: 8_192, ..ControlLimits::default() };
    let plane = Plane::with(Access::default(), limits).await;
    let many = |count: usize| (0..count).map(|n| format!("X-{n}: 1\r\n")).collect::<String>();
    assert_eq!(plane.get("/v1/info", &many(7)).await.status, 200, "and the Host");
    assert_eq!(plane.get("/v1/info", &many(8)).await.status, 431);
    let long = |bytes: usize| format!("X: {}\r\n", "a".repeat(bytes));
    assert_eq!(plane.get("/v1/info", &long(7_000)).await.status, 200);
    assert_eq!(plane.get("/v1/info", &long(9_000)).await.status, 431);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_with_and_without_a_length() {
    let limits = ControlLimits { body_bytes: 64, reg_file_bytes: 128, ..ControlLimits::default() };
    let plane = Plane::with(Access::default(), limits).await;
    let too_large = (413, "payload-too-large".to_owned());
    let json = "Content-Type: application/json\r\n";
    let clients = "/v1/stores/default/clients";
    // Nothing of the body is sent: its length is enough.
    let head =
        format!("POST {clients} HTTP/1.1\r\nHost: localhost\r\n{json}Content-Length: 65\r\n\r\n");
    assert_eq!(outcome(&plane.ask(&head).await), too_large);
    let chunked = |data: usize| {
        let spaces = " ".repeat(data - 2);
        format!(
            "POST {clients} HTTP/1.1\r\nHost: localhost\r\n{json}Transfer-Encoding: chunked\r\n\r\n{data:x}\r\n{{}}{spaces}\r\n0\r\n\r\n"
        )
    };
    assert_eq!(outcome(&plane.ask(&chunked(64)).await), (201, String::new()));
    assert_eq!(outcome(&plane.ask(&chunked(65)).await), too_large);
    // It never ends, and need not.
    let endless = format!(
        "POST {clients} HTTP/1.1\r\nHost: localhost\r\n{json}Transfer-Encoding: chunked\r\n\r\n{}",
        "1\r\n \r\n".repeat(65)
    );
    assert_eq!(outcome(&plane.ask(&endless).await), too_large);
    let file = "Content-Type: text/x-ms-regedit\r\n";
    let import = "/v1/stores/default/registry-import";
    assert_eq!(outcome(&plane.send("POST", import, (file, &" ".repeat(129))).await), too_large);
    assert_eq!(outcome(&plane.send("POST", import, (file, &" ".repeat(128))).await).0, 400);
}
