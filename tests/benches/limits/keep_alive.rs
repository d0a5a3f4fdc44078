//! Requests one after the other over one connection, with as little as HTTP/1.1 takes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// A connection to a control plane.
pub(crate) struct KeepAlive {
    host: String,
    stream: BufReader<TcpStream>,
}

impl KeepAlive {
    pub(crate) fn connect(host: &str) -> Self {
        let stream = TcpStream::connect(host).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { host: host.to_owned(), stream: BufReader::new(stream) }
    }

    /// Sends a request, reads the whole answer, and gives its status.
    pub(crate) fn ask(&mut self, method: &str, path: &str, body: &str) -> u16 {
        let host = &self.host;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes()).unwrap();
        let status = self.line().split(' ').nth(1).unwrap().parse().unwrap();
        let mut length = 0;
        loop {
            let line = self.line().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.is_empty() {
                break;
            }
        }
        self.stream.read_exact(&mut vec![0; length]).unwrap();
        status
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}
