//! Association groups: the connections that share context handles, and the handles (C706 chapter 14).
//!
//! A group's handles are looked up by its connections and changed by the store's task; a session that the store ends is
//! marked here, so a call on it never has to visit the engine to learn that it is gone.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clock::SimTime;
use dcerpc::{CallId, ContextHandle};
use emsmdb::ErrorCode;
use infostore::{ClientId, ConnectionId, Epoch, GroupId, SessionId};
use tokio::sync::Notify;

use crate::async_waits::WaitOver;
use crate::session::SessionContext;
use crate::session_link::LinkCopies;
use crate::wall::Stopwatch;

/// An association group.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) id: GroupId,
    /// The epoch that it belongs to: in a later one nobody joins it, and no session is opened in it.
    pub(crate) epoch: Epoch,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    handles: HashMap<ContextHandle, Handle>,
    live: usize,
    connections: BTreeMap<ConnectionId, Arc<ConnectionControl>>,
    /// Runs since the store took up what made the policy cut it off.
    cut_off: Option<Stopwatch>,
}

/// Copies of groups, one of each however many connections share it.
#[derive(Debug)]
pub(crate) struct GroupCopies {
    epoch: Epoch,
    copies: BTreeMap<GroupId, Arc<Group>>,
    links: LinkCopies,
}

impl GroupCopies {
    /// None yet, of groups that will belong to `epoch`.
    pub(crate) fn new(epoch: Epoch) -> Self {
        Self { epoch, copies: BTreeMap::new(), links: LinkCopies::default() }
    }

    /// The copy of a group, made when it is first asked for.
    pub(crate) fn copy_of(&mut self, group: &Group) -> Arc<Group> {
        let Self { epoch, copies, links } = self;
        Arc::clone(copies.entry(group.id).or_insert_with(|| Arc::new(group.copy(*epoch, links))))
    }

    /// The copies, by their ids.
    pub(crate) fn into_groups(self) -> BTreeMap<GroupId, Arc<Group>> {
        self.copies
    }
}

/// What a context handle stands for.
#[derive(Clone, Debug)]
pub(crate) enum Handle {
    /// A session.
    Live(Arc<SessionContext>),
    /// A session that the store ended and whose client has not been told yet.
    Dead(ErrorCode),
}

impl Handle {
    fn copy(&self, links: &mut LinkCopies) -> Self {
        match self {
            Self::Live(session) => Self::Live(Arc::new(session.copy(links))),
            Self::Dead(code) => Self::Dead(*code),
        }
    }

    /// The session, when it is live.
    pub(crate) fn live_session(&self) -> Option<SessionId> {
        match self {
            Self::Live(session) => Some(session.id),
            Self::Dead(_) => None,
        }
    }
}

/// How the store's task asks a connection to close.
#[derive(Debug, Default)]
pub(crate) struct ConnectionControl {
    /// The injected client at the other end, when it is one.
    pub(crate) client: Option<ClientId>,
    closing: AtomicBool,
    wake: Notify,
    /// Calls that waited and are to be answered.
    ended_waits: Mutex<Vec<(CallId, WaitOver)>>,
    wait_ended: Notify,
}

impl ConnectionControl {
    pub(crate) fn new(client: Option<ClientId>) -> Self {
        Self { client, ..Self::default() }
    }

    /// The same for a copied store.
    pub(crate) fn copy(&self) -> Self {
        let closing = AtomicBool::new(self.is_closing());
        Self { client: self.client, closing, ..Self::default() }
    }

    /// Asks for the close: a call in flight is answered first, and an idle peer gets nothing but the end.
    pub(crate) fn close(&self) {
        self.closing.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// A call of the connection that waited is to be answered.
    pub(crate) fn end_wait(&self, call: CallId, over: WaitOver) {
        self.ended_waits().push((call, over));
        self.wait_ended.notify_one();
    }

    /// Takes the calls that are to be answered.
    pub(crate) fn take_ended_waits(&self) -> Vec<(CallId, WaitOver)> {
        core::mem::take(&mut *self.ended_waits())
    }

    /// Waits until a call that waited is to be answered.
    pub(crate) async fn wait_ended(&self) {
        while self.ended_waits().is_empty() {
            self.wait_ended.notified().await;
        }
    }

    // A push or a take leaves a whole list, so a poisoned lock still guards one.
    fn ended_waits(&self) -> MutexGuard<'_, Vec<(CallId, WaitOver)>> {
        self.ended_waits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the close has been asked for.
    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    /// Waits until the close is asked for.
    pub(crate) async fn closing(&self) {
        while !self.is_closing() {
            self.wake.notified().await;
        }
    }
}

impl Group {
    pub(crate) fn new(epoch: Epoch, id: GroupId) -> Self {
        Self { id, epoch, inner: Mutex::default() }
    }

    /// The same group for a copied store, without any connection: its handles, with sessions of their own.
    fn copy(&self, epoch: Epoch, links: &mut LinkCopies) -> Self {
        let inner = self.lock();
        let handles = inner.handles.iter().map(|(id, handle)| (*id, handle.copy(links))).collect();
        let copy = Inner { handles, live: inner.live, connections: BTreeMap::new(), cut_off: None };
        Self { id: self.id, epoch, inner: Mutex::new(copy) }
    }

    pub(crate) fn join(&self, connection: ConnectionId, control: Arc<ConnectionControl>) {
        self.lock().connections.insert(connection, control);
    }

    /// Takes a connection out; whether it was the last.
    pub(crate) fn leave(&self, connection: ConnectionId) -> bool {
        let mut inner = self.lock();
        inner.connections.remove(&connection);
        inner.connections.is_empty()
    }

    /// The connections that are open, in the order of their numbers.
    pub(crate) fn connections(&self) -> Vec<ConnectionId> {
        self.lock().connections.keys().copied().collect()
    }

    /// Asks every connection to close; the injected clients among the peers are named.
    pub(crate) fn close(&self) -> Vec<ClientId> {
        let inner = self.lock();
        let closed = inner.connections.values().inspect(|control| control.close());
        closed.filter_map(|control| control.client).collect()
    }

    /// The policy has cut it off: its connections are about to close.
    pub(crate) fn cut_off(&self, since: Stopwatch) {
        self.lock().cut_off.get_or_insert(since);
    }

    /// Runs since the store took up what made the policy cut it off, if it did.
    pub(crate) fn cut_off_since(&self) -> Option<Stopwatch> {
        self.lock().cut_off
    }

    /// Live sessions that have called at `since` or later.
    pub(crate) fn active_sessions(&self, since: SimTime) -> usize {
        let inner = self.lock();
        let active = inner.handles.values().filter(|handle| match handle {
            Handle::Live(session) => since <= session.lock().last_call,
            Handle::Dead(_) => false,
        });
        active.count()
    }

    /// Whether it holds a live session.
    pub(crate) fn is_live(&self) -> bool {
        0 < self.lock().live
    }

    /// How many connections of others have been asked to close and are still open.
    pub(crate) fn foreign_closing(&self) -> usize {
        let inner = self.lock();
        let foreign = inner.connections.values().filter(|control| control.client.is_none());
        foreign.filter(|control| control.is_closing()).count()
    }

    pub(crate) fn insert(&self, handle: ContextHandle, session: Arc<SessionContext>) {
        let mut inner = self.lock();
        inner.live = inner.live.saturating_add(1);
        inner.handles.insert(handle, Handle::Live(session));
    }

    /// What `handle` stands for; `None` when this group never had it, or its client knows that it is gone.
    pub(crate) fn get(&self, handle: ContextHandle) -> Option<Handle> {
        self.lock().handles.get(&handle).cloned()
    }

    /// Forgets a handle: its client has been given a null one.
    pub(crate) fn remove(&self, handle: ContextHandle) -> Option<Handle> {
        let mut inner = self.lock();
        let removed = inner.handles.remove(&handle)?;
        if matches!(removed, Handle::Live(_)) {
            inner.live = inner.live.saturating_sub(1);
        }
        Some(removed)
    }

    /// Marks a session as ended by the store; whether the group holds another live one.
    pub(crate) fn kill(&self, handle: ContextHandle, code: ErrorCode) -> bool {
        let mut inner = self.lock();
        if let Some(Handle::Live(_)) = inner.handles.insert(handle, Handle::Dead(code)) {
            inner.live = inner.live.saturating_sub(1);
        }
        0 < inner.live
    }

    /// The live sessions, in session order.
    pub(crate) fn live_sessions(&self) -> Vec<SessionId> {
        let inner = self.lock();
        let mut ids: Vec<SessionId> =
            inner.handles.values().filter_map(Handle::live_session).collect();
        ids.sort_unstable();
        ids
    }

    // Each call leaves the group whole, so a poisoned lock still guards a good one.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
