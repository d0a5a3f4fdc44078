//! Byte accounts of the store's own TCP clients, by which the store knows that nothing is under way.
//!
//! A client's connection counts what its server side has read *and* answered, and what it has written. When the client
//! has sent what was handled and received what was written, every byte has arrived. Nobody waits on the wall clock.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use dashmap::DashMap;
use infostore::{ClientId, Origin};
use tokio::sync::Notify;

/// The server side's account of one of the store's own TCP clients.
#[derive(Debug)]
pub(crate) struct Meter {
    pub(crate) client: ClientId,
    pub(crate) origin: Origin,
    handled: AtomicU64,
    written: AtomicU64,
    closed: AtomicBool,
    changed: Arc<Notify>,
}

impl Meter {
    pub(crate) fn new(client: ClientId, origin: Origin, changed: Arc<Notify>) -> Self {
        Self {
            client,
            origin,
            handled: AtomicU64::new(0),
            written: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            changed,
        }
    }

    /// Bytes are about to be written to the client.
    pub(crate) fn write(&self, bytes: usize) {
        self.written.fetch_add(widen(bytes), Ordering::AcqRel);
    }

    /// Bytes from the client have been read, and what they called for has been written.
    pub(crate) fn handle(&self, bytes: usize) {
        self.handled.fetch_add(widen(bytes), Ordering::AcqRel);
        self.changed.notify_one();
    }

    /// The store's task has taken note that the server side is closed.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.changed.notify_one();
    }

    /// Bytes read and answered. To be looked at before [`Meter::written`]: writing comes first.
    pub(crate) fn handled(&self) -> u64 {
        self.handled.load(Ordering::Acquire)
    }

    /// Bytes written.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// Whether the server side is closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }
}

/// The store's own TCP clients by the address that the server sees.
pub(crate) type Meters = DashMap<SocketAddr, Arc<Meter>>;

pub(crate) fn widen(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
