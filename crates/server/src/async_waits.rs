//! Calls that stay open until a session has events: EcDoAsyncWaitEx of Exchange 2007 and later ([MS-OXCRPC] 3.3.4.1).
//!
//! A wait has its place here and none at its connection, whose other calls go on; it ends by its call's number. It ends when
//! there are events, in five minutes of store time, and at once when its session does.
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use clock::SimTime;
use dcerpc::{CallId, ContextHandle};
use emsmdb::ErrorCode;
use infostore::{Build, ConnectionId, SessionId};

use crate::endpoint::{Answer, AsyncWait};
use crate::group::{ConnectionControl, Group, Handle};
use crate::judge::Caller;
use crate::owner::Owner;

/// How long a wait is at the most.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// How a wait ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct WaitOver {
    /// Whether the session has events.
    pub(crate) has_events: bool,
    pub(crate) result: ErrorCode,
}

impl WaitOver {
    const EVENTS: Self = Self { has_events: true, result: ErrorCode::EC_NONE };
    const NOTHING: Self = Self { has_events: false, result: ErrorCode::EC_NONE };

    const fn failed(result: ErrorCode) -> Self {
        Self { has_events: false, result }
    }
}

/// A call that waits.
#[derive(Debug)]
pub(crate) struct OpenWait {
    pub(crate) connection: ConnectionId,
    pub(crate) call: CallId,
    /// Who makes it.
    pub(crate) caller: Caller,
    /// Where its end is told.
    pub(crate) control: Arc<ConnectionControl>,
}

/// The waits of a store, one for each session at the most, and the handles that are waited with.
#[derive(Debug, Default)]
pub(crate) struct AsyncWaits {
    handles: BTreeMap<ContextHandle, SessionId>,
    of: BTreeMap<SessionId, (ContextHandle, Option<(SimTime, OpenWait)>)>,
    due: BTreeSet<(SimTime, SessionId)>,
    by_connection: BTreeSet<(ConnectionId, SessionId)>,
}

impl AsyncWaits {
    /// The handles that sessions have to wait with.
    pub(crate) fn given(&self) -> impl Iterator<Item = (SessionId, ContextHandle)> {
        self.handles.iter().map(|(handle, session)| (*session, *handle))
    }

    /// The handles for a copied store. A wait is a call of a connection, and is not copied.
    pub(crate) fn copy(&self) -> Self {
        let of = self.of.iter().map(|(session, (handle, _))| (*session, (*handle, None)));
        Self { handles: self.handles.clone(), of: of.collect(), ..Self::default() }
    }

    /// When the first wait has lasted long enough.
    pub(crate) fn poll_timeout(&self) -> Option<SimTime> {
        self.due.first().map(|(due, _)| *due)
    }

    /// Waits that are open.
    pub(crate) fn open_count(&self) -> usize {
        self.by_connection.len()
    }

    fn handle_of(&self, session: SessionId) -> Option<ContextHandle> {
        self.of.get(&session).map(|(handle, _)| *handle)
    }

    fn give(&mut self, session: SessionId, handle: ContextHandle) {
        self.handles.insert(handle, session);
        self.of.insert(session, (handle, None));
    }

    fn waits(&self, session: SessionId) -> bool {
        self.of.get(&session).is_some_and(|(_, wait)| wait.is_some())
    }

    fn open(&mut self, session: SessionId, due: SimTime, wait: OpenWait) {
        if let Some((_, place)) = self.of.get_mut(&session) {
            self.due.insert((due, session));
            self.by_connection.insert((wait.connection, session));
            *place = Some((due, wait));
        }
    }

    fn take(&mut self, session: SessionId) -> Option<OpenWait> {
        let (due, wait) = self.of.get_mut(&session)?.1.take()?;
        self.due.remove(&(due, session));
        self.by_connection.remove(&(wait.connection, session));
        Some(wait)
    }

    /// The session's handle is void.
    fn forget(&mut self, session: SessionId) -> Option<OpenWait> {
        let wait = self.take(session);
        if let Some((handle, _)) = self.of.remove(&session) {
            self.handles.remove(&handle);
        }
        wait
    }

    /// A connection is closed, and nobody is left to be told.
    pub(crate) fn forget_connection(&mut self, connection: ConnectionId) {
        let of_it = (connection, SessionId(0))..=(connection, SessionId(u64::MAX));
        let sessions: Vec<_> = self.by_connection.range(of_it).map(|(_, id)| *id).collect();
        for session in sessions {
            self.take(session);
        }
    }
}

impl Owner {
    /// A client wants a handle to wait with. It gets the one that its session has, if it has one.
    pub(crate) fn async_connect(&mut self, group: &Group, handle: ContextHandle) -> Answer {
        let Some(Handle::Live(session)) = group.get(handle) else {
            return Answer::AsyncConnected(Err(ErrorCode::EC_REJECTED));
        };
        let is_2007 = self.store.running_build() < Build::EXCHANGE_2010;
        let has_callback = session.lock().callback.is_some();
        let is_off = !self.store.settings().async_notifications;
        if is_2007 && (is_off || has_callback) {
            return Answer::AsyncConnected(Err(ErrorCode::EC_REJECTED));
        }
        let given = self.async_waits.handle_of(session.id).unwrap_or_else(|| {
            let handle = self.new_handle();
            self.async_waits.give(session.id, handle);
            handle
        });
        Answer::AsyncConnected(Ok(given))
    }

    /// A client waits for its session's events.
    pub(crate) fn async_wait(
        &mut self,
        group: &Group,
        handle: ContextHandle,
        wait: OpenWait,
    ) -> Answer {
        let id = self.async_waits.handles.get(&handle).copied();
        let here = |id: &SessionId| {
            self.sessions
                .get(id)
                .is_some_and(|(of, _)| (of.epoch, of.id) == (group.epoch, group.id))
        };
        let Some((id, session)) =
            id.filter(here).and_then(|id| Some((id, self.session_context(id)?)))
        else {
            return Answer::AsyncWait(AsyncWait::UnknownHandle);
        };
        if !session.opener.is_the_same_user(&wait.caller) {
            return Answer::AsyncWait(AsyncWait::SomebodyElses);
        }
        if self.async_waits.waits(id) {
            let rejected = WaitOver::failed(ErrorCode::EC_REJECTED);
            return Answer::AsyncWait(AsyncWait::Over(rejected));
        }
        if session.lock().objects.has_events() {
            return Answer::AsyncWait(AsyncWait::Over(WaitOver::EVENTS));
        }
        let due = self.now().saturating_add(LONGEST_WAIT);
        self.async_waits.open(id, due, wait);
        Answer::AsyncWait(AsyncWait::Begun)
    }

    /// Ends the waits that have lasted long enough: five minutes, since Exchange 2010 counted from the client's last call.
    pub(crate) fn end_long_waits(&mut self, now: SimTime) {
        while let Some((due, id)) = self.async_waits.due.first().copied()
            && due <= now
        {
            let Some(wait) = self.async_waits.take(id) else {
                self.async_waits.due.remove(&(due, id));
                continue;
            };
            let last_call = self.session_context(id).map(|session| session.lock().last_call);
            let idle_at = last_call.map(|at| at.saturating_add(LONGEST_WAIT));
            let counts_calls = Build::EXCHANGE_2010 <= self.store.running_build();
            match idle_at.filter(|idle_at| counts_calls && now < *idle_at) {
                Some(idle_at) => self.async_waits.open(id, idle_at, wait),
                None => self.tell_waiting(&wait, WaitOver::NOTHING),
            }
        }
    }

    /// A session has events: who waits for them is told.
    pub(crate) fn end_wait(&mut self, id: SessionId) {
        if let Some(wait) = self.async_waits.take(id) {
            self.tell_waiting(&wait, WaitOver::EVENTS);
        }
    }

    /// A session ends, and its handle with it. Who waits is told so at once.
    pub(crate) fn void_async_handle(&mut self, id: SessionId, result: ErrorCode) {
        if let Some(wait) = self.async_waits.forget(id) {
            self.tell_waiting(&wait, WaitOver::failed(result));
        }
    }

    fn tell_waiting(&mut self, wait: &OpenWait, over: WaitOver) {
        wait.control.end_wait(wait.call, over);
        if let Some(client) = wait.control.client {
            self.clients.wake(client);
        }
    }
}
