//! Sessions that are linked: each tells its client that another has events ([MS-OXCRPC] 3.1.4.1).
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use infostore::{SessionId, SessionIndex};

/// What linked sessions share: which of them have events that their clients have not been told.
#[derive(Debug)]
pub(crate) struct LinkedSessions {
    /// The session that the first other was linked to: no two links of an epoch have the same.
    founder: SessionId,
    pending: Mutex<BTreeMap<SessionId, SessionIndex>>,
}

impl LinkedSessions {
    /// The link that a session founds when another is linked to it.
    pub(crate) fn new(founder: SessionId) -> Self {
        Self { founder, pending: Mutex::default() }
    }

    /// A session has events, or no more.
    pub(crate) fn set_pending(&self, session: SessionId, index: Option<SessionIndex>) {
        let mut pending = self.lock();
        match index {
            Some(index) => drop(pending.insert(session, index)),
            None => drop(pending.remove(&session)),
        }
    }

    /// The others that have events, in session order.
    pub(crate) fn others_pending(&self, session: SessionId) -> Vec<SessionIndex> {
        let pending = self.lock();
        pending.iter().filter(|(id, _)| **id != session).map(|(_, index)| *index).collect()
    }

    // Each change is one insertion or removal, so a poisoned lock still guards a whole map.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<SessionId, SessionIndex>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Copies of links, one of each however many sessions share it.
#[derive(Debug, Default)]
pub(crate) struct LinkCopies {
    copies: BTreeMap<SessionId, Arc<LinkedSessions>>,
}

impl LinkCopies {
    /// The copy of a link, made when it is first asked for. Who has events in it is for the copied sessions to say: some may
    /// not be copied.
    pub(crate) fn copy_of(&mut self, link: &LinkedSessions) -> Arc<LinkedSessions> {
        let copy = || Arc::new(LinkedSessions::new(link.founder));
        Arc::clone(self.copies.entry(link.founder).or_insert_with(copy))
    }
}
