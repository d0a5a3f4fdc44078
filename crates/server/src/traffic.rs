//! What a store's ports have carried, as remote management tells it.

use std::sync::atomic::{AtomicU64, Ordering};

use dcerpc::PacketCounts;
use dcerpc::mgmt::Statistics;

use crate::totals::TrafficTotals;

/// Counters of all connections together.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    calls: AtomicU64,
    received: AtomicU64,
    sent: AtomicU64,
}

impl Traffic {
    /// Adds what one connection has carried since it last told.
    pub(crate) fn add(&self, counts: PacketCounts) {
        self.calls.fetch_add(counts.calls.into(), Ordering::Relaxed);
        self.received.fetch_add(counts.received.into(), Ordering::Relaxed);
        self.sent.fetch_add(counts.sent.into(), Ordering::Relaxed);
    }

    pub(crate) fn totals(&self) -> TrafficTotals {
        TrafficTotals {
            calls: self.calls.load(Ordering::Relaxed),
            received: self.received.load(Ordering::Relaxed),
            sent: self.sent.load(Ordering::Relaxed),
        }
    }

    /// The totals as the wire has them, in 32 bits, so that they wrap. A store calls nobody.
    pub(crate) fn statistics(&self) -> Statistics {
        let TrafficTotals { calls, received, sent } = self.totals();
        Statistics {
            calls_in: low(calls),
            calls_out: 0,
            packets_in: low(received),
            packets_out: low(sent),
        }
    }
}

fn low(count: u64) -> u32 {
    u32::try_from(count & u64::from(u32::MAX)).unwrap_or(u32::MAX)
}
