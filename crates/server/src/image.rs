//! A store as it was at some moment, and how it goes on from there.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use clock::{ClockMode, SimTime};
use dcerpc::ContextHandle;
use emsmdb::ErrorCode;
use infostore::{
    EngineImage, Epoch, FaultRules, GroupId, InfoStore, Restoration, SessionId, Transport,
};
use registry_poll::ClusterImage;

use crate::async_waits::AsyncWaits;
use crate::clients::Clients;
use crate::directory::Directory;
use crate::group::{Group, GroupCopies};
use crate::handle::StoreError;
use crate::hive::DelayedValues;
use crate::holds::Holds;
use crate::notifications::Pushes;
use crate::owner::Owner;

/// Bytes that an injected client and its pipe take, about, with the copy of its session at the server's end: a little more
/// than was measured (docs/benchmarks.md).
const CLIENT_BYTES: usize = 2 << 10;

/// A store as it was at a quiescent moment: nothing in it is shared with the store that can still change.
pub(crate) struct Image {
    pub(crate) engine: EngineImage,
    pub(crate) cluster: ClusterImage,
    /// How time moved.
    pub(crate) clock: ClockMode,
    /// Store time.
    pub(crate) now: SimTime,
    pub(crate) faults: FaultRules,
    directory: Directory,
    holds: Holds,
    connections: Connections,
    delayed: Option<DelayedValues>,
    handles_given: u64,
    pushes: Pushes,
    async_waits: AsyncWaits,
}

/// The injected clients with their pipes, and what is at the other end.
struct Connections {
    clients: Clients,
    groups: BTreeMap<GroupId, Arc<Group>>,
    sessions: Sessions,
}

/// Where the context handle of each session lives.
pub(crate) type Sessions = HashMap<SessionId, (Arc<Group>, ContextHandle)>;

impl Connections {
    /// Copies of these, for an epoch: two ends that were connected are, with the same handles. Only pipes can be copied. The
    /// sessions of `engine` that came over anything else are lost, and named.
    fn copy(
        clients: &Clients,
        sessions: &Sessions,
        engine: &InfoStore,
        (epoch, now): (Epoch, SimTime),
    ) -> (Self, Vec<SessionId>) {
        let mut groups = GroupCopies::new(epoch);
        let clients = clients.copy(now, &mut groups);
        let groups = groups.into_groups();
        let (mut kept, mut lost) = (Sessions::new(), Vec::new());
        for session in engine.sessions_after(None) {
            let at = sessions.get(&session.id);
            let at = at.and_then(|(group, handle)| Some((groups.get(&group.id)?, *handle)));
            match (at, session.identity.transport) {
                (Some((group, handle)), Transport::Pipe) => {
                    kept.insert(session.id, (Arc::clone(group), handle));
                }
                // Whoever joined the group of one of our pipes over TCP is gone from it.
                (Some((group, handle)), Transport::Tcp) => {
                    group.remove(handle);
                    lost.push(session.id);
                }
                (None, _) => lost.push(session.id),
            }
        }
        (Self { clients, groups, sessions: kept }, lost)
    }
}

impl Owner {
    /// The store as it is; to be taken when it is quiescent. Every field is named, so that none that is added is forgotten.
    pub(crate) fn image(&self) -> Result<Image, StoreError> {
        let Self {
            options,
            shared,
            store,
            clients,
            cluster,
            faults,
            directory,
            holds,
            delayed,
            epoch,
            sessions,
            handles_given,
            pushes,
            async_waits,
            // The connections of others are no part of it, and those of our pipes come with the clients.
            groups: _,
            closing: _,
            // No id of a group is given twice, not even in another epoch: a straggler could ask for it.
            last_group: _,
            // What is asked of the store, and who follows it, goes on whatever becomes of the store; who waits is told.
            jobs: _,
            waits: _,
            cursor: _,
            tap: _,
            changed: _,
            retired: _,
            snapshots: _,
            // What was counted stays counted.
            counted: _,
            enforcement: _,
            at_work: _,
            // A store that has to give way is not quiescent.
            gives_way: _,
            // A store that has ended can't be asked for a snapshot, and no read is in flight when one is taken.
            stopped: _,
            ended: _,
            reads_in_flight: _,
        } = self;
        let now = shared.clock.now();
        let engine = store.image();
        let (connections, _) = Connections::copy(clients, sessions, store, (*epoch, now));
        Ok(Image {
            engine,
            cluster: cluster.image(options.registry.as_ref())?,
            clock: shared.clock.mode(),
            now,
            faults: faults.clone(),
            directory: directory.clone(),
            holds: holds.copy(),
            connections,
            delayed: delayed.clone(),
            handles_given: *handles_given,
            pushes: pushes.clone(),
            async_waits: async_waits.copy(),
        })
    }

    /// Goes on from an image, in a new epoch; the service has been stopped and its connections closed before. The sessions
    /// whose connections are not part of it end at once.
    pub(crate) fn restore(&mut self, image: &Image, restoration: Restoration) {
        let Image {
            engine,
            cluster,
            clock,
            now,
            faults,
            directory,
            holds,
            connections,
            delayed,
            handles_given,
            pushes,
            async_waits,
        } = image;
        let (clock, now) = (*clock, *now);
        let epoch = self.next_epoch();
        self.begin(InfoStore::restore(engine, epoch, now, restoration));
        self.shared.clock.set(clock, now);
        self.cluster = cluster.cluster();
        self.faults = faults.clone();
        self.publish_stages();
        self.directory = directory.clone();
        self.publish_accounts();
        self.holds = holds.copy();
        self.delayed = delayed.clone();
        self.handles_given = *handles_given;
        self.pushes = pushes.clone();
        self.async_waits = async_waits.copy();
        let Connections { clients, groups: _, sessions } = connections;
        let (copies, lost) = Connections::copy(clients, sessions, engine.engine(), (epoch, now));
        let Connections { clients, groups, sessions } = copies;
        self.clients = clients;
        self.sessions = sessions;
        self.groups.extend(groups.into_iter().map(|(id, group)| ((epoch, id), group)));
        for session in lost {
            self.forget_session(session, ErrorCode::EC_EXITING);
            self.store.handle_rundown(now, session);
        }
    }
}

impl Image {
    /// Sessions that do not come back with it.
    pub(crate) fn lost_sessions(&self) -> usize {
        let all = self.engine.engine().counts().sessions;
        all.saturating_sub(self.connections.sessions.len())
    }

    /// The injected clients.
    pub(crate) fn client_count(&self) -> usize {
        self.connections.clients.len()
    }

    /// Bytes that it keeps, about.
    pub(crate) fn weight(&self) -> usize {
        let clients = self.client_count().saturating_mul(CLIENT_BYTES);
        [
            self.engine.weight(),
            self.cluster.weight(),
            clients,
            self.faults.weight(),
            self.directory.weight(),
        ]
        .into_iter()
        .fold(size_of::<Self>(), usize::saturating_add)
    }
}
