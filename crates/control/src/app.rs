//! What every handler can reach: the stores, and how the control plane was set up. Nothing else lives here.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use registry_poll::MAX_REG_FILE_BYTES;
use server::Stores;
use tokio::sync::{Semaphore, watch};

use crate::access::Access;
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
    openapi: String,
    shutdown: watch::Sender<bool>,
    requests: AtomicU64,
    logins: Logins,
    body_room: Arc<Semaphore>,
}

impl App {
    pub(crate) fn new(
        config: ControlConfig,
        openapi: String,
        shutdown: watch::Sender<bool>,
    ) -> Self {
        let requests = AtomicU64::new(0);
        let logins = Logins::new(config.access.ticket.clone());
        let room = config.limits.bodies_bytes.min(Semaphore::MAX_PERMITS);
        let body_room = Arc::new(Semaphore::new(room));
        Self { shared: Arc::new(Shared { config, openapi, shutdown, requests, logins, body_room }) }
    }

    pub(crate) fn config(&self) -> &ControlConfig {
        &self.shared.config
    }

    pub(crate) fn stores(&self) -> &Arc<Stores> {
        &self.shared.config.stores
    }

    pub(crate) fn openapi(&self) -> &str {
        &self.shared.openapi
    }

    pub(crate) fn logins(&self) -> &Logins {
        &self.shared.logins
    }

    /// A permit for each byte of a body that may be under way.
    pub(crate) fn body_room(&self) -> &Arc<Semaphore> {
        &self.shared.body_room
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
