//! Requests over a real connection: HTTP/1.1 by hand, since a client library would be one more thing to trust.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

/// A server, by the part of its URL after `http://`.
pub(crate) struct Http {
    host: String,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Http {
    pub(crate) fn new(url: &str) -> Self {
        Self { host: url.strip_prefix("http://").expect("an http URL").to_owned() }
    }

    /// One request on a connection of its own, and the whole answer.
    pub(crate) fn send(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(&self.host).expect("the control plane listens");
        let kind =
            if kind.is_empty() { String::new() } else { format!("Content-Type: {kind}\r\n") };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\n{kind}Content-Length: {}\r\nConnection: close\r\n\r\n",
            self.host,
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body].concat()).expect("the server reads");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("the server answers");
        Answer::parse(&answer)
    }
}

impl Answer {
    fn parse(answer: &[u8]) -> Self {
        const BLANK_LINE: &[u8] = b"\r\n\r\n";
        let end = answer.windows(BLANK_LINE.len()).position(|window| window == BLANK_LINE);
        let (head, body) = answer.split_at(end.expect("a head") + BLANK_LINE.len());
        let status = head.strip_prefix(b"HTTP/1.1 ").and_then(|rest| rest.get(..3));
        let status = std::str::from_utf8(status.expect("a status")).expect("digits");
        Self { status: status.parse().expect("a number"), body: body.to_vec() }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The body, when all went well.
    pub(crate) fn ok(&self) -> Value {
        assert!((200..300).contains(&self.status), "{}: {}", self.status, self.text());
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// The slug of the problem.
    pub(crate) fn problem(&self) -> String {
        let kind = self.json()["type"].as_str().expect("a problem").to_owned();
        kind.strip_prefix("/v1/problems/").expect("a problem's type").to_owned()
    }
}
