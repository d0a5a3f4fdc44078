//! What a decision sees of a client (policy specification A15, A16, A18, A29).

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::process_name::ProcessName;
use crate::version::ClientVersion;

/// A client as it described itself: its version and every program name it reported.
///
/// Nothing here is proven; a renamed program reports its new name. Equal subjects get equal
/// decisions, so a store decides once for all sessions that share one. Cloning one copies no names.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Subject {
    version: ClientVersion,
    names: Arc<[ProcessName]>,
}

impl Subject {
    /// The client of this version that reported these names. A second name with the key of an
    /// earlier one is dropped: it can change no decision.
    #[must_use]
    pub fn new(version: ClientVersion, names: impl IntoIterator<Item = ProcessName>) -> Self {
        let mut names: Vec<ProcessName> = names.into_iter().collect();
        // Nearly every client has one name, and one is never twice there.
        if 1 < names.len() {
            let mut seen = BTreeSet::new();
            names.retain(|name| seen.insert(name.shared_key()));
        }
        Self { version, names: names.into() }
    }

    /// The version of the client's MAPI provider.
    #[must_use]
    pub fn version(&self) -> ClientVersion {
        self.version
    }

    /// The names in the order reported, no two with the same key.
    #[must_use]
    pub fn names(&self) -> &[ProcessName] {
        &self.names
    }

    /// Whether the client named its program at all. One older than Outlook 2003 does not, and no
    /// process list can reach it.
    #[must_use]
    pub fn is_identified(&self) -> bool {
        !self.names.is_empty()
    }

    /// The same client after it reported more names. Equal to this one when none of them is new.
    #[must_use]
    pub fn with_names(&self, more: impl IntoIterator<Item = ProcessName>) -> Self {
        Self::new(self.version, self.names.iter().cloned().chain(more))
    }
}
