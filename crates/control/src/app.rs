//! What every handler can reach: the stores, and how the control plane was set up. Nothing else lives here.

use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use infostore::Cursor;
use registry_poll::MAX_REG_FILE_BYTES;
use server::{StoreHandle, Stores};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::access::Access;
use crate::dashboard::Bundle;
use crate::feed::Feed;
use crate::idempotency::Answers;
use crate::recording::Recorder;
use crate::scenarios::Books;
use crate::token::Logins;

/// How the control plane is set up.
#[derive(Clone)]
pub struct ControlConfig {
    /// Where it listens; port 0 takes any free one.
    pub address: SocketAddr,
    /// The stores it serves.
    pub stores: Arc<Stores>,
    /// Whether `POST /v1/shutdown` does anything; [`crate::Bound::shutdown_requested`] tells the embedder.
    pub allow_shutdown: bool,
    /// Who may use it.
    pub access: Access,
    /// The version of the program that embeds it.
    pub version: String,
    /// How much it takes.
    pub limits: ControlLimits,
    /// What records one of the stores, where one is recorded.
    pub recorder: Option<Recorder>,
    /// What `/` shows.
    pub dashboard: Bundle,
}

/// How much the control plane takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ControlLimits {
    /// Bytes of a body.
    pub body_bytes: usize,
    /// Bytes of a body that is a `.reg` file: one that was exported can be imported.
    pub reg_file_bytes: usize,
    /// Bytes of all bodies that are under way.
    pub bodies_bytes: usize,
    /// Bytes of a request's head: its first line and its headers.
    pub head_bytes: usize,
    /// Headers of a request.
    pub headers: usize,
    /// Connections at a time. Another one takes the place of one that asks nothing; when all are being answered, it is turned
    /// away.
    pub connections: usize,
    /// For the head of a request, from its first byte on.
    pub head_timeout: Duration,
    /// For a body.
    pub body_timeout: Duration,
    /// Until a connection is closed on which nothing is asked.
    pub idle_timeout: Duration,
    /// Until a connection is closed whose peer takes nothing of what it asked for.
    pub write_timeout: Duration,
    /// Until a request is answered with a problem. What it began goes on, but for an advance of the clock, which stops.
    pub request_timeout: Duration,
    /// Time of the wall that a wait may take.
    pub wait_timeout: Duration,
    /// Clients that one request may inject.
    pub clients_per_request: usize,
    /// Requests with an Idempotency-Key that are remembered of a store, those under way among them; the oldest answers go first.
    pub idempotency_keys: usize,
    /// Bytes that the answers to such requests take, about, over all stores.
    pub idempotency_bytes: usize,
    /// Streams of events at a time, over all stores; more are refused.
    pub streams: usize,
    /// Bytes of events that may wait for a stream's reader, about; one for whom more wait is closed.
    pub stream_backlog_bytes: usize,
    /// Wall time after which a stream on which nothing happens says so. A reader that takes nothing for twice as long though
    /// there is something is closed.
    pub stream_heartbeat: Duration,
}

impl Default for ControlLimits {
    fn default() -> Self {
        Self {
            body_bytes: 8 << 20,
            reg_file_bytes: MAX_REG_FILE_BYTES,
            bodies_bytes: 256 << 20,
            head_bytes: 64 << 10,
            headers: 100,
            connections: 4_096,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(300),
            write_timeout: Duration::from_secs(30),
            request_timeout: Duration::from_secs(60),
            wait_timeout: Duration::from_secs(600),
            clients_per_request: 100_000,
            idempotency_keys: 1_000,
            idempotency_bytes: 64 << 20,
            streams: 128,
            stream_backlog_bytes: 8 << 20,
            stream_heartbeat: Duration::from_secs(15),
        }
    }
}

/// What handlers share.
#[derive(Clone)]
pub(crate) struct App {
    shared: Arc<Shared>,
}

struct Shared {
    config: ControlConfig,
    run: u64,
    openapi: String,
    docs: String,
    shutdown: watch::Sender<bool>,
    draining: watch::Receiver<bool>,
    requests: AtomicU64,
    logins: Logins,
    body_room: Arc<Semaphore>,
    /// Permits to open a stream of events.
    streams: Arc<Semaphore>,
    answers: Answers,
    feeds: Mutex<Vec<Weak<Feed>>>,
    books: Books,
}

/// What passes between the control plane and whoever runs it.
pub(crate) struct Signals {
    /// A client has asked the server to leave.
    pub(crate) shutdown: watch::Sender<bool>,
    /// The server leaves: what has no end has to come to one.
    pub(crate) draining: watch::Receiver<bool>,
}

impl App {
    pub(crate) fn new(config: ControlConfig, openapi: String, signals: Signals) -> Self {
        let Signals { shutdown, draining } = signals;
        let logins = Logins::new(config.access.ticket.clone());
        let room = config.limits.bodies_bytes.min(Semaphore::MAX_PERMITS);
        let streams = config.limits.streams.min(Semaphore::MAX_PERMITS);
        let docs = crate::docs::render(&openapi);
        let answers = Answers::new(&config.limits);
        Self {
            shared: Arc::new(Shared {
                config,
                run: RandomState::new().hash_one(()),
                openapi,
                docs,
                shutdown,
                draining,
                requests: AtomicU64::new(0),
                logins,
                body_room: Arc::new(Semaphore::new(room)),
                streams: Arc::new(Semaphore::new(streams)),
                answers,
                feeds: Mutex::default(),
                books: Books::default(),
            }),
        }
    }

    /// Whether the server leaves.
    pub(crate) fn draining(&self) -> watch::Receiver<bool> {
        self.shared.draining.clone()
    }

    /// A permit to open a stream of events, while there are any.
    pub(crate) fn stream_permit(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.shared.streams).try_acquire_owned().ok()
    }

    /// The feed that all streams of a store read. One that nobody reads yet begins at `start`.
    pub(crate) fn feed(&self, store: &StoreHandle, start: Cursor) -> Arc<Feed> {
        // The list is whole after each use, so a poisoned lock still guards a good one.
        let mut feeds = self.shared.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        feeds.retain(|feed| 0 < feed.strong_count());
        let known = feeds.iter().filter_map(Weak::upgrade).find(|feed| feed.store.is(store));
        known.unwrap_or_else(|| {
            let most = self.shared.config.limits.stream_backlog_bytes;
            let mut feed = Feed::start(store.clone(), start, most, self.draining());
            feed.record_with(self.shared.config.recorder.clone());
            let feed = Arc::new(feed);
            feeds.push(Arc::downgrade(&feed));
            feed
        })
    }

    /// The scenarios of the stores.
    pub(crate) fn books(&self) -> &Books {
        &self.shared.books
    }

    pub(crate) fn config(&self) -> &ControlConfig {
        &self.shared.config
    }

    pub(crate) fn stores(&self) -> &Arc<Stores> {
        &self.shared.config.stores
    }

    /// What tells this run of the server from every other. Journals begin anew with each, at the same cursor; so whoever resumes at
    /// one has to know whether it is of the same run.
    pub(crate) fn run(&self) -> String {
        format!("{:016x}", self.shared.run)
    }

    pub(crate) fn openapi(&self) -> &str {
        &self.shared.openapi
    }

    /// What was answered to requests with an Idempotency-Key.
    pub(crate) fn answers(&self) -> &Answers {
        &self.shared.answers
    }

    pub(crate) fn logins(&self) -> &Logins {
        &self.shared.logins
    }

    /// A permit for each byte of a body that may be under way.
    pub(crate) fn body_room(&self) -> &Arc<Semaphore> {
        &self.shared.body_room
    }

    /// The page that shows the same.
    pub(crate) fn docs(&self) -> &str {
        &self.shared.docs
    }

    pub(crate) fn request_shutdown(&self) {
        self.shared.shutdown.send_replace(true);
    }

    /// The ids of requests count from 1: nothing random, and a log is read in their order.
    pub(crate) fn next_request_id(&self) -> String {
        let number = self.shared.requests.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        format!("r{number}")
    }
}
