//! A store between two inputs, for reading.

use std::sync::Arc;

use clock::{ClockMode, SimTime};
use infostore::{
    ClientId, ConnectionId, Cursor, FaultRules, InfoStore, Preview, SessionId, SnapshotId,
};
use policy::BlockList;
use registry_poll::{Cluster, KeyTree, NodeName};

use super::StoreError;
use crate::client::{FakeClient, ListedClient};
use crate::client_group::ListedGroup;
use crate::directory::Directory;
use crate::hive::ListChange;
use crate::owner::Owner;
use crate::snapshots::SnapshotInfo;
use crate::transcript::Transcript;

/// A store as it is between two inputs, for reading.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub(crate) owner: &'a Owner,
}

/// Who is connected. An association group that holds a live session is one program on one machine, as far as can be seen.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Activity {
    /// Such groups.
    pub groups: usize,
    /// Those that have called of late.
    pub active_groups: usize,
    /// Sessions that have called of late.
    pub active_sessions: usize,
}

impl<'a> View<'a> {
    /// The engine.
    pub fn store(self) -> &'a InfoStore {
        &self.owner.store
    }

    /// Store time.
    pub fn now(&self) -> SimTime {
        self.owner.now()
    }

    /// How time moves.
    pub fn clock_mode(&self) -> ClockMode {
        self.owner.shared.clock.mode()
    }

    /// The earliest thing that is due.
    pub fn next_deadline(&self) -> Option<SimTime> {
        self.owner.next_deadline()
    }

    /// When the next poll ends, as far as is known; none while the service is stopped.
    pub fn next_poll(&self) -> Option<SimTime> {
        self.owner.next_poll()
    }

    /// What went over the store's connections, as far as the ring still has it.
    pub fn transcript(&self) -> Transcript {
        let mut transcript = self.owner.shared.site.transcripts.read();
        let live = self.owner.sessions.iter().map(|(session, (_, handle))| (*session, *handle));
        transcript.live = live.chain(self.owner.async_waits.given()).collect();
        transcript
    }

    /// The open connections of a live session's group.
    pub fn connections_of(&self, session: SessionId) -> Vec<ConnectionId> {
        let live = self.owner.sessions.get(&session);
        live.map(|(group, _)| group.connections()).unwrap_or_default()
    }

    /// Where the journal stands.
    pub fn cursor(&self) -> Cursor {
        self.store().journal().cursor()
    }

    /// The injected clients after `after`, in client order.
    pub fn clients_after(
        self,
        after: Option<ClientId>,
    ) -> impl Iterator<Item = ListedClient> + use<'a> {
        self.owner.clients.after(after)
    }

    /// How many requests wait.
    pub fn wait_count(&self) -> usize {
        self.owner.waits.len()
    }

    /// Calls that wait for events of their sessions.
    pub fn waiting_calls(&self) -> usize {
        self.owner.async_waits.open_count()
    }

    /// Who is connected, and how many of them have called at `since` or later.
    pub fn activity(&self, since: SimTime) -> Activity {
        let live = self.owner.groups.values().filter(|group| group.is_live());
        let mut activity = Activity::default();
        for group in live {
            let active = group.active_sessions(since);
            let Activity { groups, active_groups, active_sessions } = &mut activity;
            *groups = groups.saturating_add(1);
            *active_groups = active_groups.saturating_add(usize::from(0 < active));
            *active_sessions = active_sessions.saturating_add(active);
        }
        activity
    }

    /// How many injected clients there are.
    pub fn client_count(&self) -> usize {
        self.owner.clients.len()
    }

    /// The number that the next injected client gets.
    pub fn next_client(&self) -> ClientId {
        self.owner.clients.next()
    }

    /// An injected client.
    pub fn client(&self, id: ClientId) -> Option<ListedClient> {
        self.owner.clients.get(id)
    }

    /// What an injected client is, to be asked for what only its maker knows.
    pub fn machine(&self, id: ClientId) -> Option<&dyn FakeClient> {
        self.owner.clients.machine(id)
    }

    /// A group of injected clients, as it was set last.
    pub fn client_group(&self, name: &str) -> Option<ListedGroup> {
        self.owner.clients.group(name)
    }

    /// The groups of injected clients after `after`, in the order of their names.
    pub fn client_groups_after(&self, after: Option<&str>) -> impl Iterator<Item = ListedGroup> {
        self.owner.clients.groups_after(after)
    }

    /// The store's domain and its users.
    pub fn directory(&self) -> &'a Directory {
        &self.owner.directory
    }

    /// The registries of the store's nodes.
    pub fn cluster(&self) -> &Cluster {
        &self.owner.cluster
    }

    /// The snapshots after `after`, in the order they were taken.
    pub fn snapshots_after(
        &self,
        after: Option<SnapshotId>,
    ) -> impl Iterator<Item = &SnapshotInfo> {
        self.owner.snapshots.after(after)
    }

    /// A snapshot.
    pub fn snapshot(&self, id: SnapshotId) -> Option<&SnapshotInfo> {
        self.owner.snapshots.get(id)
    }

    /// What goes wrong on demand.
    pub fn faults(&self) -> &FaultRules {
        &self.owner.faults
    }

    /// Everything in a node's registry, the active one's unless another is named.
    ///
    /// # Errors
    /// [`StoreError::Registry`] when it can't be read, [`StoreError::Cluster`] when there is no such node.
    pub fn registry(&self, node: Option<&NodeName>) -> Result<Arc<KeyTree>, StoreError> {
        self.owner.registry_tree(node)
    }

    /// What a poll would do now if these changes had been made; faults don't disturb it.
    ///
    /// # Errors
    /// [`StoreError::Registry`] when the registry can't be read, [`StoreError::Edit`] when it would refuse a change.
    pub fn preview(&self, changes: &[(BlockList, ListChange)]) -> Result<Preview, StoreError> {
        self.owner.preview(changes)
    }
}
