//! What every handler can reach: the stores, and how the control plane was set up. Nothing else lives here.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use registry_poll::MAX_REG_FILE_BYTES;
use server::Stores;
use tokio::sync::watch;

/// How the control plane is set up.
#[derive(Clone)]
pub struct ControlConfig {
    /// Where it listens; port 0 takes any free one.
    pub address: SocketAddr,
    /// The stores it serves.
    pub stores: Arc<Stores>,
    /// Whether `POST /v1/shutdown` does anything; [`crate::Bound::shutdown_requested`] tells the embedder.
    pub allow_shutdown: bool,
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
    /// Connections at a time; more wait for one to close.
    pub connections: usize,
    /// Until a request is answered with a problem. What it began goes on, but for an advance of the clock, which stops.
    pub request_timeout: Duration,
    /// Clients that one request may inject.
    pub clients_per_request: usize,
}

impl Default for ControlLimits {
    fn default() -> Self {
        Self {
            body_bytes: 8 << 20,
            reg_file_bytes: MAX_REG_FILE_BYTES,
            connections: 256,
            request_timeout: Duration::from_secs(60),
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
}

impl App {
    pub(crate) fn new(
        config: ControlConfig,
        openapi: String,
        shutdown: watch::Sender<bool>,
    ) -> Self {
        let requests = AtomicU64::new(0);
        Self { shared: Arc::new(Shared { config, openapi, shutdown, requests }) }
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

    pub(crate) fn request_shutdown(&self) {
        self.shared.shutdown.send_replace(true);
    }

    /// The ids of requests count from 1: nothing random, and a log is read in their order.
    pub(crate) fn next_request_id(&self) -> String {
        let number = self.shared.requests.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        format!("r{number}")
    }
}
