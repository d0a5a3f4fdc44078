//! The control plane as somebody meets it who means no good: on real sockets, byte by byte.

mod headers;
mod hosts;
mod messages;
mod peers;
mod seats;
mod sites;
mod tokens;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, StatusCode};
use control::{Access, ControlConfig, ControlLimits, bind};
use server::{StoreHandle, StoreOptions, Stores};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

pub(super) use seats::server_busy;

use super::{Answer, options};

/// A control plane on a port.
struct Plane {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Drop for Plane {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Plane {
    async fn new() -> Self {
        Self::with(Access::default(), ControlLimits::default()).await
    }

    async fn with(access: Access, limits: ControlLimits) -> Self {
        Self::over(options(), access, limits).await
    }

    async fn over(options: StoreOptions, access: Access, limits: ControlLimits) -> Self {
        let store = StoreHandle::start(options).await.expect("the store starts");
        let config = ControlConfig {
            address: ([127, 0, 0, 1], 0).into(),
            stores: Arc::new(Stores::new(store)),
            allow_shutdown: false,
            access,
            version: "1.2.3".to_owned(),
            limits,
            recorder: None,
            dashboard: control::Bundle::default(),
        };
        let bound = bind(config).await.expect("a port is free");
        let address = bound.local_addr();
        let serving = tokio::spawn(bound.serve(core::future::pending()));
        Self { address, serving }
    }

    async fn connect(&self) -> Peer {
        let stream = TcpStream::connect(self.address).await.expect("the port is open");
        Peer { stream, buffer: Vec::new() }
    }

    /// One request on a connection of its own. `{address}` is the server's.
    async fn ask(&self, request: &str) -> Answer {
        let mut peer = self.connect().await;
        peer.send(&request.replace("{address}", &self.address.to_string())).await;
        peer.answer().await
    }

    /// A GET with more headers, a line each.
    async fn get(&self, path: &str, headers: &str) -> Answer {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: {{address}}\r\n{headers}\r\n")).await
    }

    /// Another method, with more headers and a body.
    async fn send(&self, method: &str, path: &str, (headers, body): (&str, &str)) -> Answer {
        let length = body.len();
        self.ask(&format!(
            "{method} {path} HTTP/1.1\r\nHost: {{address}}\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        ))
        .await
    }
}

/// The other end of a connection.
struct Peer {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Peer {
    async fn send(&mut self, bytes: &str) {
        self.stream.write_all(bytes.as_bytes()).await.expect("the bytes are sent");
    }

    /// Asks something that is answered with 200, and keeps the connection.
    async fn is_served(&mut self) {
        self.send("GET /healthz/live HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
        assert_eq!(self.answer().await.status, 200);
    }

    /// The next answer, of which the length is told.
    async fn answer(&mut self) -> Answer {
        self.try_answer().await.expect("the connection was closed without an answer")
    }

    async fn try_answer(&mut self) -> Option<Answer> {
        let end = loop {
            match self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                Some(end) => break end + 4,
                None => self.more().await.then_some(())?,
            }
        };
        let (status, headers) = head(&String::from_utf8_lossy(&self.buffer[..end]));
        let length = headers.get("content-length").map_or("0", |length| length.to_str().unwrap());
        let length: usize = length.parse().unwrap();
        while self.buffer.len() < end + length {
            self.more().await.then_some(())?;
        }
        let text = String::from_utf8(self.buffer[end..end + length].to_vec()).unwrap();
        self.buffer.drain(..end + length);
        Some(Answer { status, headers, text })
    }

    async fn more(&mut self) -> bool {
        let mut bytes = vec![0; 64 << 10];
        // A reset is an end as good as another.
        let read = self.stream.read(&mut bytes).await.unwrap_or(0);
        self.buffer.extend_from_slice(&bytes[..read]);
        0 < read
    }

    /// Returns when the server closes the connection: the bytes that came until then.
    async fn closed(&mut self) -> usize {
        while self.more().await {}
        self.buffer.len()
    }
}

fn head(text: &str) -> (StatusCode, HeaderMap) {
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status line");
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        headers.append(HeaderName::try_from(name).unwrap(), value.parse().unwrap());
    }
    (status.parse().expect("a status"), headers)
}

/// What an answer is: its status, and the name of its problem.
fn outcome(answer: &Answer) -> (u16, String) {
    let status = answer.status.as_u16();
    let problem = answer.header("content-type") == "application/problem+json";
    (status, if problem { answer.problem() } else { String::new() })
}
