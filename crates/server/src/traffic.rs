//! What a store's ports have carried, as remote management tells it.

use std::sync::atomic::{AtomicU32, Ordering};

use dcerpc::PacketCounts;
use dcerpc::mgmt::Statistics;

/// Counters of all connections together. They wrap, as on the wire they have 32 bits.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    calls: AtomicU32,
    received: AtomicU32,
    sent: AtomicU32,
}

impl Traffic {
    /// Adds what one connection has carried since it last told.
    pub(crate) fn add(&self, counts: PacketCounts) {
        self.calls.fetch_add(counts.calls, Ordering::Relaxed);
        self.received.fetch_add(counts.received, Ordering::Relaxed);
        self.sent.fetch_add(counts.sent, Ordering::Relaxed);
    }

    /// The totals. A store calls nobody.
    pub(crate) fn statistics(&self) -> Statistics {
        Statistics {
            calls_in: self.calls.load(Ordering::Relaxed),
            calls_out: 0,
            packets_in: self.received.load(Ordering::Relaxed),
            packets_out: self.sent.load(Ordering::Relaxed),
        }
    }
}
