//! The epochs that stores begin with: a cursor of a store that is gone never fits another of its name.

use std::collections::BTreeMap;

use infostore::Epoch;

use super::StoreName;

/// Names that are remembered one by one.
const REMEMBERED: usize = 10_000;

/// For each name that a store had, the epoch after its last.
#[derive(Debug)]
pub(super) struct Epochs {
    after: BTreeMap<StoreName, Epoch>,
    /// Where every other name begins.
    others: Epoch,
}

impl Default for Epochs {
    fn default() -> Self {
        Self { after: BTreeMap::new(), others: Epoch(1) }
    }
}

impl Epochs {
    /// The first epoch of a store of this name.
    pub(super) fn first_of(&self, name: &StoreName) -> Epoch {
        self.after.get(name).copied().unwrap_or(self.others)
    }

    /// A store of this name is gone, and this was its last epoch. Of too many names all are forgotten at once: every store
    /// to come then begins after all of them.
    pub(super) fn retire(&mut self, name: StoreName, last: Epoch) {
        self.after.insert(name, Epoch(last.0.saturating_add(1)));
        if REMEMBERED < self.after.len() {
            let forgotten = core::mem::take(&mut self.after);
            self.others = forgotten.into_values().max().unwrap_or(self.others).max(self.others);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> StoreName {
        text.parse().unwrap()
    }

    #[test]
    fn a_name_begins_after_what_it_had_and_another_at_the_beginning() {
        let mut epochs = Epochs::default();
        assert_eq!(epochs.first_of(&name("t1")), Epoch(1));
        epochs.retire(name("t1"), Epoch(3));
        assert_eq!(
            (epochs.first_of(&name("t1")), epochs.first_of(&name("t2"))),
            (Epoch(4), Epoch(1))
        );
    }

    #[test]
    fn a_name_that_is_forgotten_never_begins_where_it_was() {
        let mut epochs = Epochs::default();
        epochs.retire(name("long-lived"), Epoch(70));
        for number in 0..REMEMBERED {
            epochs.retire(name(&format!("t{number}")), Epoch(1));
        }
        assert!(epochs.after.is_empty(), "they are forgotten");
        assert_eq!(epochs.first_of(&name("long-lived")), Epoch(71));
        assert_eq!(epochs.first_of(&name("t1")), Epoch(71));
    }
}
