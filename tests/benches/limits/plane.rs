//! The control plane: a small GET beside bare bytes, many clients in one request beside one at a time, and what waits cost.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use server::{StoreHandle, Stores};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::{Builder, Runtime};

use crate::Scale;
use crate::figures::{Figures, print};
use crate::keep_alive::{KeepAlive, is_whole, request};
use crate::store::{control_config, without_port};

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
        let bound = runtime.block_on(async {
            let store = StoreHandle::start(without_port()).await.unwrap();
            let config = control_config(Arc::new(Stores::new(store)));
            control::bind(config).await.unwrap()
        });
        let address = bound.local_addr();
        drop(runtime.spawn(bound.serve(core::future::pending())));
        Self { runtime, address }
    }

    fn connect(&self) -> KeepAlive {
        KeepAlive::connect(self.address)
    }
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
        while count == 0 || !is_whole(&answer[..count]) {
            count += stream.read(&mut answer[count..]).await.unwrap();
        }
        assert!(answer.starts_with(b"HTTP/1.1 200"), "the answer is a success");
    }
}

fn gets(scale: Scale) {
    let plane = Plane::start();
    let each = scale.connects / CONNECTIONS;
    let row = |path: &str| {
        let asked = request("GET", path, "");
        let limit = bare(&plane.runtime, plane.connect().ask(&asked), asked.len());
        let asked = Arc::new(asked);
        let (mut floor, mut ours) = (Figures::default(), Figures::default());
        for _ in 0..scale.rounds {
            floor.add(rate(limit, &asked, each));
            ours.add(rate(plane.address, &asked, each));
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
        connection.ask(&request("POST", "/v1/stores/default/clients/batch", &body));
        batch.add(start.elapsed().as_secs_f64() * 1e3);
        connected(&mut connection, count);

        let plane = Plane::start();
        let mut connection = plane.connect();
        let asked = request("POST", "/v1/stores/default/clients", CLIENT);
        let start = Instant::now();
        for _ in 0..count {
            connection.ask(&asked);
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
fn connected(connection: &mut KeepAlive, count: usize) {
    let answer = connection.ask(&request("GET", "/v1/stores/default/sessions?limit=1", ""));
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
            connection.ask(&request("POST", "/v1/stores/default/clients", &body));
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
fn register(plane: &Plane, until: &str) -> Vec<KeepAlive> {
    let asked = request(
        "POST",
        "/v1/stores/default/waits",
        &format!(r#"{{"timeout":"5m","until":{until}}}"#),
    );
    let waiting: Vec<_> = (0..WAITS)
        .map(|_| {
            let mut connection = plane.connect();
            connection.send(&asked);
            connection
        })
        .collect();
    let (mut connection, wanted) = (plane.connect(), format!("\"waits\":{WAITS}"));
    let store = request("GET", "/v1/stores/default", "");
    while !String::from_utf8_lossy(&connection.ask(&store)).contains(&wanted) {
        thread::yield_now();
    }
    waiting
}
