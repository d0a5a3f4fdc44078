//! Requests one after the other over one connection, with as little as HTTP/1.1 takes.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};

/// A connection to a control plane.
pub(crate) struct KeepAlive(TcpStream);

impl KeepAlive {
    pub(crate) fn connect(address: impl ToSocketAddrs) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    /// Sends a request, and waits for nothing.
    pub(crate) fn send(&mut self, request: &[u8]) {
        self.0.write_all(request).unwrap();
    }

    /// Sends a request, and gives the answer, head and body.
    pub(crate) fn ask(&mut self, request: &[u8]) -> Vec<u8> {
        self.send(request);
        let (mut answer, mut part) = (Vec::new(), [0; 64 * 1024]);
        while !is_whole(&answer) {
            let count = self.0.read(&mut part).unwrap();
            assert_ne!(count, 0, "the server closed: {}", String::from_utf8_lossy(&answer));
            answer.extend_from_slice(&part[..count]);
        }
        answer
    }

    /// Sends a request, and gives the status of its answer.
    pub(crate) fn status(&mut self, request: &[u8]) -> u16 {
        let answer = self.ask(request);
        let status = answer.split(|byte| *byte == b' ').nth(1).unwrap();
        std::str::from_utf8(status).unwrap().parse().unwrap()
    }
}

/// A request, with a JSON body unless it is empty.
pub(crate) fn request(method: &str, path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let kind = if body.is_empty() { "" } else { "content-type: application/json\r\n" };
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\n{kind}content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Whether an answer, whose head tells its length, is there to its end.
pub(crate) fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
    answer.len() == end + 4 + length.map_or(0, |length| length.trim().parse::<usize>().unwrap())
}
