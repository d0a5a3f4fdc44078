//! What a new policy adds and removes, for the journal (policy specification A23, A24).

use crate::decide::Policy;
use crate::process_list::ProcessList;

/// The difference between two policies, in the words of the lists.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct PolicyChange {
    /// Items of the new policy that the old one lacks, as the new one writes them.
    pub added: Vec<String>,
    /// Items of the old policy that the new one lacks, as the old one wrote them.
    pub removed: Vec<String>,
}

impl PolicyChange {
    /// Whether nothing was added or removed: the policies have the same rules.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

/// What changes from `old` to `new`. Items that are only written differently do not count.
#[must_use]
pub fn compare(old: &Policy, new: &Policy) -> PolicyChange {
    PolicyChange {
        added: only_in(new.processes(), old.processes()),
        removed: only_in(old.processes(), new.processes()),
    }
}

fn only_in(list: &ProcessList, other: &ProcessList) -> Vec<String> {
    let missing = list.items().iter().filter(|item| !other.has_key(item.key()));
    missing.map(|item| item.text().to_owned()).collect()
}
