//! Streams of events: a hundred readers over TCP, beside a server that writes each event anew for each of them.

use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::routing::get;
use control::{bind, journal_line};
use http_body::Frame;
use infostore::{Cursor, Entry};
use mio::{Events, Interest, Token};
use policy::BlockList;
use server::{ListChange, StoreHandle, Stores, Told};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::{broadcast, mpsc};
use tokio::time::interval;

use crate::Scale;
use crate::cpu;
use crate::figures::{Figures, print};
use crate::store::{control_config, without_port};

const READERS: usize = 100;
const PATH: &str = "/v1/stores/default/events/stream";

/// One run.
struct Sent {
    took: Duration,
    /// Processor time of server and readers together.
    processor: Duration,
}

#[derive(Default)]
struct Side {
    /// Thousands a second.
    deliveries: Figures,
    /// Microseconds for one delivery.
    processor: Figures,
}

impl Side {
    fn add(&mut self, events: usize, sent: &Sent) {
        let deliveries = (events * READERS) as f64;
        self.deliveries.add(deliveries / sent.took.as_secs_f64() / 1e3);
        self.processor.add(sent.processor.as_secs_f64() * 1e6 / deliveries);
    }

    fn row(&self, name: &str, limit: &Self) -> Vec<String> {
        vec![
            name.to_owned(),
            self.deliveries.to_string(),
            self.deliveries.ratio(&limit.deliveries),
            self.processor.to_string(),
            self.processor.ratio(&limit.processor),
        ]
    }
}

pub(crate) fn run(scale: Scale) {
    let runtime = Runtime::new().unwrap();
    for (title, pace, events) in [
        ("as fast as they come", None, scale.events),
        ("at 1,000 a second", Some(Duration::from_millis(10)), scale.events / 5),
    ] {
        let (mut anew, mut store) = (Side::default(), Side::default());
        for _ in 0..scale.rounds {
            anew.add(events, &measure(&runtime, Server::anew(&runtime), pace, events));
            store.add(events, &measure(&runtime, Server::control(&runtime), pace, events));
        }
        let rows = [
            anew.row("each event written anew for each reader", &anew),
            store.row("control plane: written once", &anew),
        ];
        let title =
            format!("streams: {} runs, {events} events {title} to {READERS} readers", scale.rounds);
        let heading =
            ["server", "1,000 deliveries/s", "ratio", "CPU of both ends, us/delivery", "ratio"];
        print(&title, &heading, &rows);
    }
}

/// A server of streams, and the store whose events it sends.
struct Server {
    address: SocketAddr,
    store: StoreHandle,
}

impl Server {
    fn control(runtime: &Runtime) -> Self {
        runtime.block_on(async {
            let store = started().await;
            let bound = bind(control_config(Arc::new(Stores::new(store.clone()))));
            let bound = bound.await.unwrap();
            let address = bound.local_addr();
            drop(tokio::spawn(bound.serve(std::future::pending())));
            Self { address, store }
        })
    }

    fn anew(runtime: &Runtime) -> Self {
        runtime.block_on(async {
            let store = started().await;
            let (entries, _) = broadcast::channel(1 << 16);
            // What came before is told to nobody, or a reader that is quick would have it and the others not.
            let now = store.read(|view| view.cursor()).await.unwrap();
            drop(tokio::spawn(tell(store.clone(), now, entries.clone())));
            let handler = move || {
                let entries = entries.subscribe();
                async move { body(entries) }
            };
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let router = Router::new().route(PATH, get(handler));
            drop(tokio::spawn(async { axum::serve(listener, router).await }));
            Self { address, store }
        })
    }
}

async fn started() -> StoreHandle {
    StoreHandle::start(without_port()).await.expect("the store starts")
}

/// Hands on what happens after `place`, entry by entry, until the store stops.
async fn tell(store: StoreHandle, mut place: Cursor, entries: broadcast::Sender<Arc<Entry>>) {
    let mut moved = store.follow();
    loop {
        moved.mark_unchanged();
        match store.told_after(place, 256).await {
            Told::Entries(told) => {
                for entry in told {
                    place.seq = entry.seq;
                    drop(entries.send(Arc::new(entry)));
                }
            }
            Told::UpToDate => drop(moved.changed().await),
            Told::Ended => return,
            told @ (Told::Gap(_) | Told::Reset(_)) => panic!("{told:?}"),
        }
    }
}

/// A body of which a task of its own writes each event.
fn body(mut entries: broadcast::Receiver<Arc<Entry>>) -> Body {
    let (body, parts) = mpsc::channel(16);
    drop(tokio::spawn(async move {
        // Whoever leaves has no need of what is said to it.
        drop(body.send(Bytes::from_static(b"retry: 1000\nid: 1-2\n\n")).await);
        while let Ok(entry) = entries.recv().await {
            let event = format!("id: 1-{}\ndata: {}\n\n", entry.seq.0, journal_line(&entry));
            if body.send(event.into()).await.is_err() {
                return;
            }
        }
    }));
    Body::new(Parts(parts))
}

struct Parts(mpsc::Receiver<Bytes>);

impl HttpBody for Parts {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|part| part.map(|part| Ok(Frame::data(part))))
    }
}

/// Opens the readers, makes the events, and waits until each reader has each of them.
fn measure(runtime: &Runtime, server: Server, pace: Option<Duration>, events: usize) -> Sent {
    let mut readers = Readers::open(server.address);
    readers.until(0);
    let (start, processor) = (Instant::now(), cpu::used());
    let store = server.store.clone();
    let made = runtime.spawn(async move {
        let mut ticks = interval(pace.unwrap_or(Duration::from_secs(1)));
        for number in 0..events {
            if pace.is_some() && number % 10 == 0 {
                ticks.tick().await;
            }
            let change = ListChange::Write(format!("program{number}.exe"));
            store.change_list(BlockList::Processes, change, None).await.unwrap();
        }
    });
    readers.until(events);
    let sent = Sent { took: start.elapsed(), processor: cpu::used() - processor };
    runtime.block_on(made).unwrap();
    assert_eq!(readers.counts(), vec![events; READERS], "each reader has each event once");
    runtime.block_on(server.store.stop()).unwrap();
    sent
}

/// All readers, on the thread of the bench.
struct Readers {
    poll: mio::Poll,
    readers: Vec<Reader>,
}

struct Reader {
    stream: mio::net::TcpStream,
    /// Line ends of its events: those of HTTP itself come after a carriage return.
    lines: usize,
}

impl Reader {
    /// The first event tells when to connect again; each has two lines and an empty one.
    fn events(&self) -> Option<usize> {
        (self.lines / 3).checked_sub(1)
    }
}

impl Readers {
    fn open(address: SocketAddr) -> Self {
        let poll = mio::Poll::new().unwrap();
        let open = |token| {
            let mut stream = TcpStream::connect(address).expect("it listens");
            write!(stream, "GET {PATH} HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
            stream.set_nonblocking(true).unwrap();
            let mut stream = mio::net::TcpStream::from_std(stream);
            poll.registry().register(&mut stream, Token(token), Interest::READABLE).unwrap();
            Reader { stream, lines: 0 }
        };
        let readers = (0..READERS).map(open).collect();
        Self { poll, readers }
    }

    fn counts(&self) -> Vec<usize> {
        self.readers.iter().filter_map(Reader::events).collect()
    }

    /// Reads until each has so many events.
    fn until(&mut self, events: usize) {
        let mut ready = Events::with_capacity(READERS);
        let mut buffer = vec![0; 1 << 18];
        while self.readers.iter().any(|reader| reader.events().is_none_or(|had| had < events)) {
            self.poll.poll(&mut ready, None).unwrap();
            for event in &ready {
                let reader = &mut self.readers[event.token().0];
                while let Ok(count) = reader.stream.read(&mut buffer) {
                    assert_ne!(count, 0, "a stream has ended");
                    let of = |byte: u8| buffer[..count].iter().filter(|b| **b == byte).count();
                    reader.lines = (reader.lines + of(b'\n')).wrapping_sub(of(b'\r'));
                }
            }
        }
    }
}
