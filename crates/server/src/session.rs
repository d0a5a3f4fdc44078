//! What a connection needs of a session without asking the engine: who it is, and its server objects.

use std::sync::{Mutex, MutexGuard, PoisonError};

use clock::SimTime;
use infostore::SessionId;
use policy::{ProcessName, Subject};

use crate::objects::ServerObjects;

/// A session as its association group holds it.
#[derive(Debug)]
pub(crate) struct SessionContext {
    pub(crate) id: SessionId,
    state: Mutex<SessionState>,
}

/// What calls change.
#[derive(Clone, Debug)]
pub(crate) struct SessionState {
    /// What the client is known to be; the engine's copy is the one that counts.
    pub(crate) subject: Subject,
    /// Names that a fault rule withholds until the next call.
    pub(crate) withheld: Vec<ProcessName>,
    pub(crate) objects: ServerObjects,
    /// Store time of its last call, or of its beginning.
    pub(crate) last_call: SimTime,
}

impl SessionContext {
    pub(crate) fn new(
        id: SessionId,
        subject: Subject,
        withheld: Vec<ProcessName>,
        now: SimTime,
    ) -> Self {
        let objects = ServerObjects::default();
        let state = SessionState { subject, withheld, objects, last_call: now };
        Self { id, state: Mutex::new(state) }
    }

    /// The same session with a life of its own.
    pub(crate) fn copy(&self) -> Self {
        Self { id: self.id, state: Mutex::new(self.lock().clone()) }
    }

    // Calls on one context handle are serialised by the protocol, so this lock is hardly ever contended; a poisoned one
    // still guards a state that each call leaves whole.
    pub(crate) fn lock(&self) -> MutexGuard<'_, SessionState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
