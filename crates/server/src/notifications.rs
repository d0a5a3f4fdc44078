//! Events of mailboxes: queued for the clients that asked to be told, and announced to those that gave a callback address by
//! datagrams ([MS-OXCRPC] 3.1.4.5, [MS-OXCNOTIF] 3.2.5.4).
//!
//! There are no mailboxes yet: the control plane says what happens in one. The datagram is sent when events become pending
//! and again every 60 s of store time for as long as they are. It goes to loopback addresses alone, whatever address a
//! client names: a store that tests use must not send to third parties.
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc
//! [MS-OXCNOTIF]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcnotif

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use clock::SimTime;
use dcerpc::ContextHandle;
use emsmdb::ErrorCode;
use infostore::{CommandError, Note, NotificationKind, Push, SessionId};

use crate::endpoint::Answer;
use crate::group::{Group, Handle};
use crate::handle::StoreError;
use crate::objects::NotQueued;
use crate::owner::Owner;
use crate::session::{Callback, SessionContext};

/// Store time between two datagrams about events that nobody fetches.
const PUSH_INTERVAL: Duration = Duration::from_secs(60);

/// What comes of an event of a mailbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Notified {
    /// Notification objects of the client's that it is for.
    pub told: usize,
    /// What became of the datagram.
    pub push: Push,
}

/// When clients are sent their next datagram.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pushes {
    of: BTreeMap<SessionId, SimTime>,
    due: BTreeSet<(SimTime, SessionId)>,
}

impl Pushes {
    /// When the first is due.
    pub(crate) fn poll_timeout(&self) -> Option<SimTime> {
        self.due.first().map(|(due, _)| *due)
    }

    fn set(&mut self, session: SessionId, due: SimTime) {
        self.forget(session);
        self.of.insert(session, due);
        self.due.insert((due, session));
    }

    fn forget(&mut self, session: SessionId) {
        if let Some(due) = self.of.remove(&session) {
            self.due.remove(&(due, session));
        }
    }

    fn awaits(&self, session: SessionId) -> bool {
        self.of.contains_key(&session)
    }

    fn take_due(&mut self, now: SimTime) -> Option<SessionId> {
        let (_, session) = self.due.first().copied().filter(|(due, _)| *due <= now)?;
        self.forget(session);
        Some(session)
    }
}

impl Owner {
    /// What connections know of a live session.
    pub(crate) fn session_context(&self, id: SessionId) -> Option<Arc<SessionContext>> {
        let (group, handle) = self.sessions.get(&id)?;
        match group.get(*handle)? {
            Handle::Live(session) => Some(session),
            Handle::Dead(_) => None,
        }
    }

    /// A session has ended, or is about to: nobody is told of its events any more, and who waits for some is told `why`. Where
    /// its context handle lives.
    pub(crate) fn forget_session(
        &mut self,
        id: SessionId,
        why: ErrorCode,
    ) -> Option<(Arc<Group>, ContextHandle)> {
        if let Some(session) = self.session_context(id) {
            session.end();
        }
        self.pushes.forget(id);
        self.void_async_handle(id, why);
        self.sessions.remove(&id)
    }

    /// A client wants to be told of its session's events at this address. Events that are pending already are announced.
    pub(crate) fn register_push(
        &mut self,
        group: &Group,
        handle: ContextHandle,
        callback: Callback,
    ) -> Answer {
        let Some(Handle::Live(session)) = group.get(handle) else {
            return Answer::PushRegistered(None);
        };
        if !callback.address.ip().is_loopback() {
            let address = callback.address;
            tracing::info!(%address, session = session.id.0, "no datagram is sent to a callback address that is not loopback");
        }
        // Whatever was to be sent again was for the address before.
        self.pushes.forget(session.id);
        let (number, has_events) = {
            let mut state = session.lock();
            state.last_call = self.now();
            (state.register(callback), state.objects.has_events())
        };
        if has_events {
            self.push(&session);
        }
        Answer::PushRegistered(Some(number))
    }

    /// New mail comes in for a session.
    pub(crate) fn notify_session(
        &mut self,
        id: SessionId,
        message_class: &str,
    ) -> Result<Notified, StoreError> {
        let missing = StoreError::Command(CommandError::NoSuchSession(id));
        let (Some(session), Some(record)) = (self.session_context(id), self.store.session(id))
        else {
            return Err(missing);
        };
        let record = Arc::clone(record);
        let (told, were_pending) = {
            let mut state = session.lock();
            let were_pending = state.objects.has_events();
            let told = state.objects.new_mail(message_class).map_err(|why| match why {
                NotQueued::NotRegistered => StoreError::NotRegistered(id),
                NotQueued::Full => StoreError::TooManyEvents(id),
            })?;
            session.say_pending(&state);
            (told, were_pending)
        };
        let push = if were_pending && self.pushes.awaits(id) {
            Push::Waiting
        } else {
            self.push(&session)
        };
        self.end_wait(id);
        self.note(Note::SessionNotified(record, NotificationKind::NewMail, push));
        Ok(Notified { told, push })
    }

    /// Sends the datagrams that are due again: to the clients whose events are still there.
    pub(crate) fn push_again(&mut self, now: SimTime) {
        while let Some(id) = self.pushes.take_due(now) {
            let Some(session) = self.session_context(id) else { continue };
            let has_events = session.lock().objects.has_events();
            if has_events {
                self.push(&session);
            }
        }
    }

    /// Tells a client by a datagram that it has events, if it wants to be told so.
    fn push(&mut self, session: &SessionContext) -> Push {
        let Some(callback) = session.lock().callback.clone() else { return Push::NotAsked };
        if !callback.address.ip().is_loopback() {
            return Push::NotLoopback;
        }
        if let Err(error) = send(&callback) {
            let address = callback.address;
            tracing::debug!(%error, %address, "a datagram could not be sent");
        }
        self.pushes.set(session.id, self.now().saturating_add(PUSH_INTERVAL));
        Push::Sent
    }
}

/// Sends without waiting: over loopback there is room, or nobody listens.
fn send(callback: &Callback) -> io::Result<()> {
    let from = match callback.address.ip() {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    };
    let socket = UdpSocket::bind((from, 0))?;
    socket.set_nonblocking(true)?;
    socket.send_to(&callback.context, callback.address).map(drop)
}
