//! The sessions of a store as its task holds them: groups of connections, context handles, and how they come and go.

use std::sync::Arc;

use dcerpc::{ContextHandle, Uuid};
use emsmdb::ErrorCode;
use infostore::{
    Admission, AssociationRef, ConnectRequest, ConnectionId, DisconnectMode, DisconnectReason,
    GroupId, Refusal, SessionId, TimeStamp,
};
use policy::Subject;
use rand::Rng;

use crate::endpoint::{Answer, ConnectDisturbance, Connecting, NewSession};
use crate::group::{ConnectionControl, Group};
use crate::identity::{disconnect_code, refusal_code, withhold};
use crate::owner::Owner;
use crate::session::SessionContext;

impl Owner {
    pub(crate) fn join(
        &mut self,
        connection: ConnectionId,
        group: Option<GroupId>,
        control: Arc<ConnectionControl>,
    ) -> Option<Arc<Group>> {
        let group = match group {
            Some(id) => Arc::clone(self.groups.get(&(self.epoch, id))?),
            None => self.found_group(),
        };
        group.join(connection, control);
        Some(group)
    }

    fn found_group(&mut self) -> Arc<Group> {
        // INVARIANT: there are fewer groups than 2^32, each has a connection; so this ends, and 0 is never an id.
        loop {
            self.last_group = GroupId(self.last_group.0.checked_add(1).unwrap_or(1));
            if !self.groups.contains_key(&(self.epoch, self.last_group)) {
                break;
            }
        }
        let group = Arc::new(Group::new(self.epoch, self.last_group));
        self.groups.insert((self.epoch, self.last_group), Arc::clone(&group));
        group
    }

    pub(crate) fn connect(
        &mut self,
        (connection, group): (ConnectionId, Arc<Group>),
        connecting: Connecting,
    ) -> Answer {
        let Connecting { mut identity, link, caller, flags, disturbed } = connecting;
        let ConnectDisturbance { faults, late_aux } = disturbed;
        if group.epoch != self.epoch {
            // Its connection has been told to close, and the service that it came to is no more.
            return Answer::Connected(Err(refusal_code(&Refusal::NotRunning)));
        }
        let now = self.now();
        let withheld = late_aux.map(|late| withhold(&mut identity, late)).unwrap_or_default();
        let subject = identity.subject.clone();
        let association = AssociationRef { group: group.id, connection };
        let denied = self.identify(&caller, flags, &mut identity).err();
        let request = ConnectRequest { association, identity, link, faults, denied };
        Answer::Connected(match self.store.connect(now, request) {
            Admission::Refused(refusal) => Err(refusal_code(&refusal)),
            Admission::Admitted(admitted) => {
                let handle = self.new_handle();
                let ids = (admitted.session, admitted.index);
                let session = SessionContext::new(ids, caller, (subject, withheld), now);
                self.link(&session);
                group.insert(handle, Arc::new(session));
                self.sessions.insert(admitted.session, (group, handle));
                let TimeStamp(time_stamp) = TimeStamp::of(now);
                let (id, index) = (admitted.session, admitted.index.0);
                let pacing = self.store.settings().pacing;
                Ok(NewSession { id, handle, index, time_stamp, pacing })
            }
        })
    }

    /// Links a session to the one that its client asked for, if there was such a one.
    fn link(&self, session: &SessionContext) {
        let linked_to = self.store.session(session.id).and_then(|record| record.linked_to);
        if let Some(other) = linked_to.and_then(|id| self.session_context(id)) {
            session.link_to(&other);
        }
    }

    pub(crate) fn new_handle(&mut self) -> ContextHandle {
        self.handles_given = self.handles_given.saturating_add(1);
        let mut bytes = [0; 16];
        self.options.seed.stream(self.handles_given).fill_bytes(&mut bytes);
        ContextHandle::from_uuid(Uuid::from_bytes(bytes))
    }

    pub(crate) fn observe(
        &mut self,
        group: &Group,
        handle: ContextHandle,
        subject: Subject,
    ) -> Answer {
        let now = self.now();
        if let Some(id) = group.get(handle).and_then(|handle| handle.live_session()) {
            self.store.observe(now, id, subject);
        }
        Answer::Observed
    }

    pub(crate) fn disconnect(&mut self, group: &Group, handle: ContextHandle) -> Answer {
        let live = group.get(handle).and_then(|handle| handle.live_session());
        if let Some(id) = live {
            self.forget_session(id, ErrorCode::EC_REJECTED);
        }
        group.remove(handle);
        if let Some(id) = live {
            let now = self.now();
            self.store.handle_disconnect(now, id);
        }
        Answer::Disconnected
    }

    /// A connection is closed; with the last of its group the group's sessions end (rundown).
    pub(crate) fn close(&mut self, connection: ConnectionId, group: Option<&Group>) {
        self.async_waits.forget_connection(connection);
        let Some(group) = group else { return };
        if !group.leave(connection) {
            return;
        }
        if let Some(cut_off) = group.cut_off_since() {
            self.enforcement.observe(cut_off.elapsed());
        }
        let now = self.now();
        for id in group.live_sessions() {
            self.forget_session(id, ErrorCode::EC_REJECTED);
            self.store.handle_rundown(now, id);
        }
        self.groups.remove(&(group.epoch, group.id));
        self.closing.remove(&(group.epoch, group.id));
    }

    /// The session's handle is dead from now on. When its group holds no other live session, the group's connections are
    /// closed, without a word to an idle client; else they stay, and the next call on the handle is told (A20).
    pub(crate) fn drop_session(&mut self, session: SessionId, reason: &DisconnectReason) {
        let Some((group, handle)) = self.forget_session(session, disconnect_code(reason)) else {
            return;
        };
        let others_live = group.kill(handle, disconnect_code(reason));
        if !others_live && self.store.settings().disconnect == DisconnectMode::Connection {
            if matches!(reason, DisconnectReason::Policy(_)) {
                group.cut_off(self.at_work);
            }
            self.close_connections(&group);
        }
    }

    pub(crate) fn close_connections(&mut self, group: &Group) {
        for client in group.close() {
            self.clients.expect_close(client);
        }
        if 0 < group.foreign_closing() {
            self.closing.insert((group.epoch, group.id));
        }
    }
}
