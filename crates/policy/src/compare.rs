//! What a new policy adds and removes, for the journal (policy specification A23, A24).

use crate::decide::Policy;
use crate::process_list::ProcessList;
use crate::version_ranges::VersionRanges;

/// The difference between two policies, list by list.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct PolicyChange {
    /// The difference between their lists of programs.
    pub processes: ListChange,
    /// The difference between their lists of versions.
    pub versions: ListChange,
}

/// The difference between two lists, in their own words.
///
/// A range counts as an item that the other list lacks when it matches any version that no item of
/// the other does; so a range that was only widened is added, and nothing is removed.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct ListChange {
    /// Items of the new list that the old one lacks, as the new one writes them.
    pub added: Vec<String>,
    /// Items of the old list that the new one lacks, as the old one wrote them.
    pub removed: Vec<String>,
}

impl PolicyChange {
    /// Whether nothing was added or removed: the policies have the same rules.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.processes.is_empty() && self.versions.is_empty()
    }
}

impl ListChange {
    /// Whether nothing was added or removed: the lists match the same clients.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

/// What changes from `old` to `new`. Items that are only written differently do not count.
#[must_use]
pub fn compare(old: &Policy, new: &Policy) -> PolicyChange {
    let (old_programs, new_programs) = (old.processes(), new.processes());
    let (old_versions, new_versions) = (old.versions(), new.versions());
    PolicyChange {
        processes: ListChange {
            added: programs_only_in(new_programs, old_programs),
            removed: programs_only_in(old_programs, new_programs),
        },
        versions: ListChange {
            added: versions_only_in(new_versions, old_versions),
            removed: versions_only_in(old_versions, new_versions),
        },
    }
}

fn programs_only_in(list: &ProcessList, other: &ProcessList) -> Vec<String> {
    let missing = list.items().iter().filter(|item| !other.has_key(item.key()));
    missing.map(|item| item.text().to_owned()).collect()
}

fn versions_only_in(list: &VersionRanges, other: &VersionRanges) -> Vec<String> {
    let missing = list.items().iter().filter(|item| !other.covers(item));
    missing.map(|item| item.text().to_owned()).collect()
}
