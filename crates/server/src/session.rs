//! What a connection needs of a session without asking the engine: who it is, its server objects, and what its client is
//! to be told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clock::SimTime;
use emsmdb::rop::{RopResponse, RopResponseBuffer};
use infostore::{SessionId, SessionIndex};
use policy::{ProcessName, Subject};

use crate::judge::Caller;
use crate::objects::ServerObjects;
use crate::session_link::{LinkCopies, LinkedSessions};

/// A session as its association group holds it.
#[derive(Debug)]
pub(crate) struct SessionContext {
    pub(crate) id: SessionId,
    /// Whoever opened it, who alone may use it.
    pub(crate) opener: Caller,
    /// picxr.
    index: SessionIndex,
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
    /// What it shares with the sessions that it is linked to.
    link: Option<Arc<LinkedSessions>>,
    /// Where its client wants to be told of events.
    pub(crate) callback: Option<Callback>,
    /// Callbacks that were registered.
    callbacks_given: u32,
}

/// Where a client wants to be told of events, and by which bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Callback {
    /// The client's opaque context, at most 16 bytes.
    pub(crate) context: Vec<u8>,
    pub(crate) address: SocketAddr,
}

impl SessionContext {
    pub(crate) fn new(
        (id, index): (SessionId, SessionIndex),
        opener: Caller,
        (subject, withheld): (Subject, Vec<ProcessName>),
        now: SimTime,
    ) -> Self {
        let state = SessionState {
            subject,
            withheld,
            objects: ServerObjects::default(),
            last_call: now,
            link: None,
            callback: None,
            callbacks_given: 0,
        };
        Self { id, opener, index, state: Mutex::new(state) }
    }

    /// The same session with a life of its own.
    pub(crate) fn copy(&self, links: &mut LinkCopies) -> Self {
        let mut state = self.lock().clone();
        state.link = state.link.map(|link| links.copy_of(&link));
        let opener = self.opener.clone();
        let copy = Self { id: self.id, opener, index: self.index, state: Mutex::new(state) };
        copy.say_pending(&copy.lock());
        copy
    }

    /// From now on each of the two tells its client when the other has events.
    pub(crate) fn link_to(&self, other: &Self) {
        let link = {
            let mut other_state = other.lock();
            let link = || Arc::new(LinkedSessions::new(other.id));
            let link = Arc::clone(other_state.link.get_or_insert_with(link));
            other.say_pending(&other_state);
            link
        };
        self.lock().link = Some(link);
    }

    /// Tells the sessions that it is linked to whether it has events.
    pub(crate) fn say_pending(&self, state: &SessionState) {
        if let Some(link) = &state.link {
            link.set_pending(self.id, state.objects.has_events().then_some(self.index));
        }
    }

    /// It has ended, and has nothing to tell any more.
    pub(crate) fn end(&self) {
        let mut state = self.lock();
        state.callback = None;
        if let Some(link) = state.link.take() {
            link.set_pending(self.id, None);
        }
    }

    /// Appends to the answer of a call what its client is to be told, as far as it fits `room` bytes: the session's events,
    /// oldest first; that there are more; and which linked sessions have some.
    pub(crate) fn tell(
        &self,
        state: &mut SessionState,
        buffer: &mut RopResponseBuffer,
        room: usize,
    ) {
        let linked = state.link.as_ref().map(|link| link.others_pending(self.id));
        let linked = linked.unwrap_or_default();
        if !state.objects.has_events() && linked.is_empty() {
            // What it had may have gone with a notification object.
            return self.say_pending(state);
        }
        let mut left = room.saturating_sub(buffer.encode().len());
        let told = state.objects.take_events(left);
        for event in told {
            left = left.saturating_sub(event.encoded_len());
            buffer.responses.push(event);
        }
        let more = state.objects.has_events().then_some(self.index);
        for SessionIndex(session_index) in more.into_iter().chain(linked) {
            let pending = RopResponse::Pending { session_index };
            if let Some(rest) = left.checked_sub(pending.encoded_len()) {
                left = rest;
                buffer.responses.push(pending);
            }
        }
        self.say_pending(state);
    }

    // Calls on one context handle are serialised by the protocol, so this lock is hardly ever contended; a poisoned one
    // still guards a state that each call leaves whole.
    pub(crate) fn lock(&self) -> MutexGuard<'_, SessionState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SessionState {
    /// Takes a callback in the place of the one before; its number, hNotification, which is never 0.
    pub(crate) fn register(&mut self, callback: Callback) -> u32 {
        self.callback = Some(callback);
        self.callbacks_given = self.callbacks_given.checked_add(1).unwrap_or(1);
        self.callbacks_given
    }
}
