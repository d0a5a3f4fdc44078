//! Streams over TCP: a reader that does not read, and a server that leaves.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use control::{Access, ControlConfig, ControlLimits, bind};
use serde_json::{Value, json};
use server::{StoreHandle, Stores};
use socket2::{Domain, Socket, Type};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{limits, options};
use crate::acceptance::http::Http;
use crate::server::wire_client::PATIENCE;

/// A server that can be told to leave.
struct Server {
    runtime: Runtime,
    address: SocketAddr,
    store: StoreHandle,
    leave: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Server {
    fn start(limits: ControlLimits) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let (store, bound) = runtime.block_on(async {
            let store = StoreHandle::start(options()).await.expect("the store starts");
            let config = ControlConfig {
                address: ([127, 0, 0, 1], 0).into(),
                stores: Arc::new(Stores::new(store.clone())),
                allow_shutdown: false,
                access: Access::default(),
                version: "test".to_owned(),
                limits,
                recorder: None,
                dashboard: control::Bundle::default(),
            };
            (store, bind(config).await.expect("a port is free"))
        });
        let address = bound.local_addr();
        let (leave, left) = oneshot::channel();
        let serving = runtime.spawn(bound.serve(async move { drop(left.await) }));
        Self { runtime, address, store, leave, serving }
    }

    fn send(&self, method: &str, path: &str, body: &str) {
        let path = format!("/v1/stores/default{path}");
        let http = Http::new(&format!("http://{}", self.address));
        http.send(method, &path, "application/json", body.as_bytes()).ok();
    }

    /// Makes an event of 50 KB, different from the one before.
    fn large_event(&self, number: u64) {
        let body = json!({"type": "REG_SZ", "data": format!("{number:050000}")});
        self.send("PUT", "/registry/HKLM%5Clarge?value=x", &body.to_string());
    }

    /// Whether there is no room for one more stream.
    fn refuses_a_stream(&self) -> bool {
        let http = Http::new(&format!("http://{}", self.address));
        http.send("HEAD", "/v1/stores/default/events/stream", "", b"").status == 429
    }

    /// Lines of a stream that begins now, without the head.
    fn lines(&self) -> BufReader<TcpStream> {
        self.lines_over(TcpStream::connect(self.address).expect("it listens"))
    }

    /// The same, over a socket that holds little.
    fn lines_for_the_deaf(&self) -> BufReader<TcpStream> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.set_recv_buffer_size(4_096).expect("a size");
        socket.connect(&self.address.into()).expect("it listens");
        self.lines_over(socket.into())
    }

    fn lines_over(&self, mut stream: TcpStream) -> BufReader<TcpStream> {
        let request = format!(
            "GET /v1/stores/default/events/stream?format=ndjson HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.address
        );
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            stream.read_line(&mut line).expect("a head");
        }
        stream
    }
}

/// The next line that is JSON and no heartbeat: between them there are the sizes of chunks. None at the end, however it comes.
fn next(stream: &mut impl BufRead) -> Option<Value> {
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        // The last line of a connection that is cut may be half of one.
        if line.starts_with('{') && !line.contains("stream.heartbeat") {
            return serde_json::from_str(&line).ok();
        }
    }
}

#[test]
fn a_reader_that_does_not_read_is_let_go_and_costs_nobody_anything() {
    let streams = 2;
    let limits = ControlLimits { stream_backlog_bytes: 1 << 20, streams, ..limits() };
    let server = Server::start(limits);
    let mut deaf = server.lines_for_the_deaf();
    let mut good = server.lines();
    let mut all = 2;
    // The kernel holds much for the deaf one, but not everything.
    while server.refuses_a_stream() {
        all += 1;
        server.large_event(all);
        let entry = next(&mut good).expect("an entry");
        assert_eq!(entry["seq"], all, "each entry once, in order");
        assert!(all < 1_000, "it is let go");
    }

    let mut last = 2;
    while let Some(line) = next(&mut deaf) {
        if let Some(seq) = line["seq"].as_u64() {
            assert_eq!(seq, last + 1, "each entry once, in order");
            last = seq;
        } else {
            assert_eq!(line["type"], "stream.slow", "{line}");
        }
    }
    assert!(last < all, "it was let go before it could have had all");
}

#[test]
fn a_server_that_leaves_ends_its_streams() {
    let server = Server::start(limits());
    let mut streams: Vec<_> = (0..3).map(|_| server.lines()).collect();
    server.send("POST", "/clients", "{}");
    server.leave.send(()).expect("it serves");
    for stream in &mut streams {
        assert_eq!(next(stream).expect("an entry")["type"], "session.connected");
        let end = next(stream).expect("the end");
        assert_eq!((&end["type"], &end["reason"]), (&"stream.end".into(), &"shutdown".into()));
        assert_eq!(end["cursor"], "1-3");
        let mut rest = String::new();
        stream.read_to_string(&mut rest).expect("text");
        assert!(rest.ends_with("0\r\n\r\n"), "the body is whole: {rest:?}");
    }
    server.runtime.block_on(server.serving).expect("no panic");
    drop(server.store);
}

#[test]
fn a_reader_that_does_not_read_does_not_keep_a_server_from_leaving() {
    let server = Server::start(limits());
    let _deaf = server.lines_for_the_deaf();
    for number in 0..100 {
        server.large_event(number);
    }
    server.leave.send(()).expect("it serves");
    let drained = async { timeout(PATIENCE, server.serving).await.expect("it drains in time") };
    server.runtime.block_on(drained).expect("no panic");
}
