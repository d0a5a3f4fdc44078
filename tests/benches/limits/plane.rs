//! The control plane: a small GET beside bare bytes, many clients in one request beside one at a time, and what waits cost.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use clock::ClockMode;
use control::{Access, ControlConfig, ControlLimits};
use infostore::Settings;
use server::{Seed, StoreHandle, StoreOptions, Stores};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::{Builder, Runtime};

use crate::Scale;
use crate::figures::{Figures, print};

/// Connections of the load.
const CONNECTIONS: usize = 32;

/// A control plane over one store without a port, on a manual clock.
struct Plane {
    runtime: Runtime,
    address: SocketAddr,
}

impl Plane {
    fn start() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let options = StoreOptions {
            settings: Settings::default(),
            clock: ClockMode::Manual,
            start: Some("2006-04-22T08:00:00Z".parse().unwrap()),
            seed: Seed(7),
            rpc: None,
            epm: None,
            registry: None,
            max_connections: 16,
        };
        let bound = runtime.block_on(async {
            let store = StoreHandle::start(options).await.unwrap();
            let config = ControlConfig {
                address: ([127, 0, 0, 1], 0).into(),
                stores: Arc::new(Stores::new(store)),
                allow_shutdown: false,
                version: "bench".to_owned(),
                limits: ControlLimits::default(),
                access: Access::default(),
            };
            control::bind(config).await.unwrap()
        });
        let address = bound.local_addr();
        drop(runtime.spawn(bound.serve(core::future::pending())));
        Self { runtime, address }
    }

    fn connect(&self) -> Connection {
        Connection::to(self.address)
    }
}

/// One kept connection, asked for one thing after the other.
struct Connection(TcpStream);

impl Connection {
    fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    /// The answer, head and body.
    fn ask(&mut self, request: &[u8]) -> Vec<u8> {
        self.0.write_all(request).unwrap();
        self.answer()
    }

    fn answer(&mut self) -> Vec<u8> {
        let (mut answer, mut part) = (Vec::new(), [0; 64 * 1024]);
        loop {
            let count = self.0.read(&mut part).unwrap();
            assert_ne!(count, 0, "the server closed: {}", String::from_utf8_lossy(&answer));
            answer.extend_from_slice(&part[..count]);
            if whole(&answer) {
                return answer;
            }
        }
    }
}

fn whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
    answer.len() == end + 4 + length.map_or(0, |length| length.trim().parse::<usize>().unwrap())
}

fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").into_bytes()
}

fn post(path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

pub(crate) fn run(scale: Scale) {
    gets(scale);
    batches(scale);
    waits(scale);
}

// === a small GET ===

/// Answers every request with the same bytes, and looks at none.
fn bare(runtime: &Runtime, answer: Vec<u8>, request: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    drop(runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        while let Ok((mut stream, _)) = listener.accept().await {
            stream.set_nodelay(true).unwrap();
            let answer = Arc::clone(&answer);
            drop(tokio::spawn(async move {
                let mut buffer = vec![0; request];
                while stream.read_exact(&mut buffer).await.is_ok() {
                    if stream.write_all(&answer).await.is_err() {
                        return;
                    }
                }
            }));
        }
    }));
    address
}

/// Answers a second, to connections of one thread that each ask again when they have been answered.
fn rate(address: SocketAddr, request: &Arc<Vec<u8>>, each: usize) -> f64 {
    let request = Arc::clone(request);
    let load = thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let start = Instant::now();
            let ask = || tokio::spawn(ask_again(address, Arc::clone(&request), each));
            let asking: Vec<_> = (0..CONNECTIONS).map(|_| ask()).collect();
            for asked in asking {
                asked.await.unwrap();
            }
            start.elapsed()
        })
    });
    (CONNECTIONS * each) as f64 / load.join().unwrap().as_secs_f64()
}

async fn ask_again(address: SocketAddr, request: Arc<Vec<u8>>, times: usize) {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut answer = vec![0; 4_096];
    for _ in 0..times {
        stream.write_all(&request).await.unwrap();
        let mut count = 0;
        while count == 0 || !whole(&answer[..count]) {
            count += stream.read(&mut answer[count..]).await.unwrap();
        }
        assert!(answer.starts_with(b"HTTP/1.1 200"), "the answer is a success");
    }
}

fn gets(scale: Scale) {
    let plane = Plane::start();
    let each = scale.connects / CONNECTIONS;
    let row = |path: &str| {
        let request = get(path);
        let limit = bare(&plane.runtime, plane.connect().ask(&request), request.len());
        let request = Arc::new(request);
        let (mut floor, mut ours) = (Figures::default(), Figures::default());
        for _ in 0..scale.rounds {
            floor.add(rate(limit, &request, each));
            ours.add(rate(plane.address, &request, each));
        }
        vec![path.to_owned(), floor.to_string(), ours.to_string(), ours.ratio(&floor)]
    };
    let rows = ["/healthz/live", "/v1/stores/default/clock"].map(row);
    let requests = each * CONNECTIONS;
    let title =
        format!("get: {requests} requests over {CONNECTIONS} connections, {} runs", scale.rounds);
    let heading = ["GET", "bare loop (limit), answers/s", "control plane, answers/s", "ratio"];
    print(&title, &heading, &rows);
}

// === many clients ===

const CLIENT: &str = r#"{"process":"OUTLOOK.EXE","client_version":"11.0.5608.0","user":"alice","machine":"WKS1","group":"g"}"#;

fn batches(scale: Scale) {
    let count = scale.held;
    let body = format!("[{}]", vec![CLIENT; count].join(","));
    let (mut parsed, mut batch, mut single) =
        (Figures::default(), Figures::default(), Figures::default());
    for _ in 0..scale.rounds {
        let start = Instant::now();
        let value: serde_json::Value = serde_json::from_str(&body).unwrap();
        parsed.add(start.elapsed().as_secs_f64() * 1e3);
        assert_eq!(value.as_array().unwrap().len(), count);

        let plane = Plane::start();
        let mut connection = plane.connect();
        let start = Instant::now();
        connection.ask(&post("/v1/stores/default/clients/batch", &body));
        batch.add(start.elapsed().as_secs_f64() * 1e3);
        connected(&mut connection, count);

        let plane = Plane::start();
        let mut connection = plane.connect();
        let request = post("/v1/stores/default/clients", CLIENT);
        let start = Instant::now();
        for _ in 0..count {
            connection.ask(&request);
        }
        single.add(start.elapsed().as_secs_f64() * 1e3);
        connected(&mut connection, count);
    }
    let row = |name: &str, figures: &Figures| {
        vec![name.to_owned(), figures.to_string(), figures.ratio(&single), figures.ratio(&parsed)]
    };
    let rows = [
        row("one POST for each, on one connection (limit)", &single),
        row("one POST /clients/batch", &batch),
        row("the batch's body parsed, and no more (limit)", &parsed),
    ];
    let title =
        format!("clients: {count} pipe clients, until each is connected, {} runs", scale.rounds);
    print(&title, &["what", "ms", "ratio to POSTs", "ratio to parsing"], &rows);
}

/// Every client has a session.
fn connected(connection: &mut Connection, count: usize) {
    let answer = connection.ask(&get("/v1/stores/default/sessions?limit=1"));
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(answer.contains(&format!("\"total\":{count}")), "{answer}");
}

// === what waits cost ===

const WAITS: usize = 1_000;

/// What a wait may be for, beside a store where nobody waits. None of them is met.
const AWAITED: [(&str, Option<&str>); 4] = [
    ("nobody waits (limit)", None),
    ("for events of another type", Some(r#"{"event":{"type":"session.refused"}}"#)),
    (
        "for events of this type, of another group",
        Some(r#"{"event":{"type":"session.connected","where":{"group":"x"}}}"#),
    ),
    (
        "for sessions of another program",
        Some(r#"{"state":{"select":"sessions","where":{"process":"x.exe"}}}"#),
    ),
];

fn waits(scale: Scale) {
    let count = scale.held;
    let mut figures = AWAITED.map(|_| Figures::default());
    for _ in 0..scale.rounds {
        for (figures, (_, until)) in figures.iter_mut().zip(AWAITED) {
            let plane = Plane::start();
            let waiting: Vec<_> =
                until.into_iter().flat_map(|until| register(&plane, until)).collect();
            let mut connection = plane.connect();
            let body = CLIENT.replace('}', &format!(",\"count\":{count}}}"));
            let start = Instant::now();
            connection.ask(&post("/v1/stores/default/clients", &body));
            figures.add(start.elapsed().as_secs_f64() * 1e9 / count as f64);
            connected(&mut connection, count);
            drop(waiting);
        }
    }
    let limit = figures[0].clone();
    let rows = AWAITED.iter().zip(&figures).map(|((name, _), figures)| {
        vec![(*name).to_owned(), figures.to_string(), figures.ratio(&limit)]
    });
    let title = format!(
        "waits: {count} clients connect while {WAITS} requests wait, {} runs",
        scale.rounds
    );
    print(&title, &["they wait", "ns/client", "ratio"], &rows.collect::<Vec<_>>());
}

/// Waits that are registered, each on a connection of its own.
fn register(plane: &Plane, until: &str) -> Vec<Connection> {
    let request =
        post("/v1/stores/default/waits", &format!(r#"{{"timeout":"5m","until":{until}}}"#));
    let waiting: Vec<_> = (0..WAITS)
        .map(|_| {
            let mut connection = plane.connect();
            connection.0.write_all(&request).unwrap();
            connection
        })
        .collect();
    let (mut connection, wanted) = (plane.connect(), format!("\"waits\":{WAITS}"));
    let store = get("/v1/stores/default");
    while !String::from_utf8_lossy(&connection.ask(&store)).contains(&wanted) {
        thread::yield_now();
    }
    waiting
}
