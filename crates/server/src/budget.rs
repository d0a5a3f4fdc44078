//! TCP connections: one budget for a process, since its descriptors are one budget too, shared fairly by its stores.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Of a budget that several stores share, one part in so many is left to those that hold less than an equal part of it.
const KEPT: usize = 4;

/// The connections that the stores of a process may have at a time, all together.
#[derive(Debug)]
pub(crate) struct Budget {
    total: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    connections: usize,
    /// Stores that have a port.
    stores: usize,
}

/// What one store may have of the budget.
#[derive(Debug)]
pub(crate) struct Share {
    budget: Arc<Budget>,
    /// The store's own limit.
    most: usize,
    /// Changed under the budget's lock alone.
    held: AtomicUsize,
    has_port: bool,
}

/// One connection. It goes back to the budget when this is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    share: Arc<Share>,
}

impl Budget {
    pub(crate) fn new(total: usize) -> Arc<Self> {
        Arc::new(Self { total, taken: Mutex::default() })
    }

    /// All connections together.
    pub(crate) fn total(&self) -> usize {
        self.total
    }

    /// The part of a store that takes at most so many; one without a port takes none from anybody.
    pub(crate) fn share(self: &Arc<Self>, most: usize, has_port: bool) -> Arc<Share> {
        if has_port {
            let mut taken = self.lock();
            taken.stores = taken.stores.saturating_add(1);
        }
        let held = AtomicUsize::new(0);
        Arc::new(Share { budget: Arc::clone(self), most, held, has_port })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        // Each change is one number, so a poisoned lock still guards good ones.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    /// The store's own limit.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// How many more connections the store may have now.
    pub(crate) fn left(&self) -> usize {
        self.left_of(&self.budget.lock())
    }

    /// A store gets what is free, but for the last quarter: of that it gets what is missing to an equal part.
    fn left_of(&self, taken: &Taken) -> usize {
        let (total, held) = (self.budget.total, self.held.load(Ordering::Relaxed));
        let free = total.saturating_sub(taken.connections);
        let equal = total.checked_div(taken.stores).unwrap_or(total);
        let kept = if 1 < taken.stores { total.div_ceil(KEPT) } else { 0 };
        let up_to_equal = equal.saturating_sub(held).min(free);
        up_to_equal.max(free.saturating_sub(kept)).min(self.most.saturating_sub(held))
    }

    /// Takes one connection, when one is left.
    pub(crate) fn take(self: &Arc<Self>) -> Option<Permit> {
        let mut taken = self.budget.lock();
        if self.left_of(&taken) == 0 {
            return None;
        }
        taken.connections = taken.connections.saturating_add(1);
        self.held.fetch_add(1, Ordering::Relaxed);
        Some(Permit { share: Arc::clone(self) })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut taken = self.share.budget.lock();
        taken.connections = taken.connections.saturating_sub(1);
        self.share.held.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if self.has_port {
            let mut taken = self.budget.lock();
            taken.stores = taken.stores.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take_all(share: &Arc<Share>) -> Vec<Permit> {
        std::iter::from_fn(|| share.take()).collect()
    }

    #[test]
    fn a_store_alone_has_the_whole_budget_and_two_leave_each_other_something() {
        let budget = Budget::new(100);
        let alone = budget.share(usize::MAX, true);
        assert_eq!(alone.left(), 100);
        let other = budget.share(usize::MAX, true);
        let greedy = take_all(&alone);
        assert_eq!(
            greedy.len(),
            75,
            "the last quarter is for those that hold less than an equal part"
        );
        assert_eq!((alone.left(), other.left()), (0, 25));
        let modest = take_all(&other);
        assert_eq!(modest.len(), 25);
        drop(greedy);
        assert_eq!((alone.left(), other.left()), (50, 50));
        drop(modest);
        drop(other);
        assert_eq!(alone.left(), 100, "a store that is gone counts no more");
    }

    #[test]
    fn an_equal_part_can_be_had_to_the_last_connection() {
        let budget = Budget::new(10);
        let shares: Vec<_> = (0..5).map(|_| budget.share(usize::MAX, true)).collect();
        let pipe = budget.share(usize::MAX, false);
        let permits: Vec<_> =
            shares.iter().flat_map(|share| [share.take(), share.take()]).collect();
        assert!(permits.iter().all(Option::is_some), "one without a port takes no part");
        assert!(pipe.take().is_none() && shares.iter().all(|share| share.take().is_none()));
    }

    #[test]
    fn a_store_s_own_limit_holds_however_much_is_free() {
        let share = Budget::new(10).share(3, true);
        assert_eq!(take_all(&share).len(), 3);
    }
}
