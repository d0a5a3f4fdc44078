//! What a store has counted since it was made, over all its epochs: it only ever grows.

use std::collections::BTreeMap;
use std::time::Duration;

use infostore::Tally;

use crate::owner::Owner;
use crate::waits::WaitEnd;

/// Bounds of the histogram of enforcement: what took at most so long, and longer than the bound before.
const BOUNDS: [Duration; 12] = [
    Duration::from_micros(100),
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(60),
];

/// What a store has counted since it was made. A reset sets nothing of it back.
#[derive(Clone, Default, Debug)]
pub struct StoreTotals {
    /// Sums over its journals.
    pub tally: Tally,
    /// Waits that ended, by how.
    pub waits: BTreeMap<WaitEnd, u64>,
    /// Time of the wall from when the store took up what made the policy cut a client off until the last connection of its
    /// association group was closed.
    pub enforcement: Durations,
    /// What its ports and pipes carried.
    pub traffic: TrafficTotals,
}

/// Calls and PDUs of DCE/RPC.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct TrafficTotals {
    /// Calls that were complete.
    pub calls: u64,
    /// PDUs that came.
    pub received: u64,
    /// PDUs that were made for clients.
    pub sent: u64,
}

/// A histogram of durations.
#[derive(Clone, Default, Debug)]
pub struct Durations {
    /// Those within each bound, and longer than the bound before.
    within: [u64; BOUNDS.len()],
    longer: u64,
    sum: Duration,
}

impl StoreTotals {
    /// Adds what another has counted.
    pub fn add(&mut self, other: &Self) {
        self.tally.add(&other.tally);
        for (end, others) in &other.waits {
            let count = self.waits.entry(*end).or_default();
            *count = count.saturating_add(*others);
        }
        self.enforcement.add(&other.enforcement);
        let TrafficTotals { calls, received, sent } = &mut self.traffic;
        *calls = calls.saturating_add(other.traffic.calls);
        *received = received.saturating_add(other.traffic.received);
        *sent = sent.saturating_add(other.traffic.sent);
    }
}

impl Durations {
    pub(crate) fn observe(&mut self, took: Duration) {
        let place = BOUNDS.iter().position(|bound| took <= *bound);
        let count = place.and_then(|place| self.within.get_mut(place)).unwrap_or(&mut self.longer);
        *count = count.saturating_add(1);
        self.sum = self.sum.saturating_add(took);
    }

    fn add(&mut self, other: &Self) {
        for (count, others) in self.within.iter_mut().zip(&other.within) {
            *count = count.saturating_add(*others);
        }
        self.longer = self.longer.saturating_add(other.longer);
        self.sum = self.sum.saturating_add(other.sum);
    }

    /// How many took no longer than each bound and longer than the one before; those with no bound took longer than all.
    pub fn buckets(&self) -> impl Iterator<Item = (Option<Duration>, u64)> {
        let bounded = BOUNDS.iter().copied().map(Some).zip(self.within.iter().copied());
        bounded.chain([(None, self.longer)])
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.within.iter().fold(self.longer, |sum, count| sum.saturating_add(*count))
    }

    /// All of them together.
    pub fn sum(&self) -> Duration {
        self.sum
    }
}

impl Owner {
    /// What the store has counted since it was made.
    pub(crate) fn totals(&self) -> StoreTotals {
        let mut tally = self.counted.clone();
        tally.add(self.store.journal().tally());
        StoreTotals {
            tally,
            waits: self.waits.ended().clone(),
            enforcement: self.enforcement.clone(),
            traffic: self.shared.site.traffic.totals(),
        }
    }
}
