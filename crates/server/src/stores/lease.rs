//! How long a store lives that nobody asks for.

use std::sync::Arc;
use std::time::Duration;

use clock::Elapsed;

/// Held with a handle by whoever uses a store: as long as one is, the store does not expire.
#[derive(Debug, Default)]
pub(crate) struct InUse {
    _one: (),
}

/// The time that a store may go without being asked for, and how long it has gone. It is looked at now and then, and
/// counts from the first look that finds the store unused: a store may live a little longer than it is told, never shorter.
#[derive(Debug, Default)]
pub(super) struct Lease {
    /// None for a store that stays.
    pub(super) ttl: Option<Duration>,
    in_use: Arc<InUse>,
    /// Whether it was asked for since the last look.
    asked: bool,
    unused_since: Option<Elapsed>,
}

impl Lease {
    pub(super) fn new(ttl: Option<Duration>) -> Self {
        Self { ttl, ..Self::default() }
    }

    /// The store is asked for, and used until what comes back is dropped.
    pub(super) fn ask(&mut self) -> Arc<InUse> {
        self.asked = true;
        Arc::clone(&self.in_use)
    }

    /// Whether the store's time is over `now`.
    pub(super) fn is_over(&mut self, now: Elapsed) -> bool {
        let used = core::mem::take(&mut self.asked) || 1 < Arc::strong_count(&self.in_use);
        if used {
            self.unused_since = None;
            return false;
        }
        let Elapsed(since) = *self.unused_since.get_or_insert(now);
        self.ttl.is_some_and(|ttl| ttl <= now.0.saturating_sub(since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Elapsed {
        Elapsed(Duration::from_secs(seconds))
    }

    #[test]
    fn time_counts_from_the_first_look_that_finds_it_unused() {
        let mut lease = Lease::new(Some(Duration::from_secs(10)));
        for (row, now, over) in
            [("the first look", 5, false), ("not yet", 14, false), ("then", 15, true)]
        {
            assert_eq!(lease.is_over(at(now)), over, "{row}");
        }
        drop(lease.ask());
        for (row, now, over) in
            [("asked since", 16, false), ("unused", 17, false), ("over", 27, true)]
        {
            assert_eq!(lease.is_over(at(now)), over, "{row}");
        }
    }

    #[test]
    fn a_store_in_use_lasts_and_so_does_one_without_a_limit() {
        let mut lease = Lease::new(Some(Duration::from_secs(10)));
        let waiting = lease.ask();
        assert!(!lease.is_over(at(0)) && !lease.is_over(at(1_000)));
        drop(waiting);
        assert!(!lease.is_over(at(1_001)), "it was in use until now");
        assert!(lease.is_over(at(1_011)));
        let mut for_good = Lease::new(None);
        assert!(!for_good.is_over(at(0)) && !for_good.is_over(at(u64::MAX)));
    }
}
