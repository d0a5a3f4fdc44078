//! The snapshots of a store: taken, listed, restored, dropped. They belong to the store and not to an epoch.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use clock::{ClockMode, SimTime};
use infostore::{Cursor, Generation, Note, Restoration, SnapshotId};

use crate::handle::StoreError;
use crate::image::Image;
use crate::owner::Owner;

/// What there is to know of a snapshot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SnapshotInfo {
    /// Its id.
    pub id: SnapshotId,
    /// The name that it was given.
    pub name: Option<String>,
    /// Where the journal stood.
    pub taken_at: Cursor,
    /// Store time.
    pub now: SimTime,
    /// How time moved.
    pub clock: ClockMode,
    /// The policy in force.
    pub generation: Generation,
    /// Injected clients.
    pub clients: usize,
    /// Live sessions.
    pub sessions: usize,
    /// Those of them that came over TCP, and end when it is restored.
    pub lost_sessions: usize,
    /// Fault rules.
    pub faults: usize,
    /// Whether a registry belongs to somebody else, such as a file, and stays as its owner has it.
    pub keeps_registry: bool,
    /// Bytes that it keeps, about.
    pub bytes: usize,
}

/// What a restored store is like.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RestoredStore {
    /// Where its journal stands, in its new epoch.
    pub cursor: Cursor,
    /// The snapshot.
    pub snapshot: SnapshotInfo,
    /// Connections of others that have been told to close and are still open.
    pub foreign_pending: usize,
}

/// The snapshots of a store.
#[derive(Default)]
pub(crate) struct Snapshots {
    taken: BTreeMap<SnapshotId, Arc<Snapshot>>,
    last: u64,
}

/// A snapshot.
pub(crate) struct Snapshot {
    info: SnapshotInfo,
    image: Image,
}

impl Snapshots {
    pub(crate) fn get(&self, id: SnapshotId) -> Option<&SnapshotInfo> {
        self.taken.get(&id).map(|snapshot| &snapshot.info)
    }

    pub(crate) fn after(&self, after: Option<SnapshotId>) -> impl Iterator<Item = &SnapshotInfo> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.taken.range((from, Bound::Unbounded)).map(|(_, snapshot)| &snapshot.info)
    }

    fn find(&self, id: SnapshotId) -> Result<Arc<Snapshot>, StoreError> {
        self.taken.get(&id).cloned().ok_or(StoreError::NoSuchSnapshot(id))
    }

    fn bytes(&self) -> usize {
        self.after(None).map(|info| info.bytes).fold(0, usize::saturating_add)
    }
}

impl SnapshotInfo {
    fn new(id: SnapshotId, name: Option<String>, taken_at: Cursor, image: &Image) -> Self {
        let engine = image.engine.engine();
        Self {
            id,
            name,
            taken_at,
            now: image.now,
            clock: image.clock,
            generation: engine.generation(),
            clients: image.client_count(),
            sessions: engine.counts().sessions,
            lost_sessions: image.lost_sessions(),
            faults: image.faults.list().len(),
            keeps_registry: image.cluster.has_theirs(),
            bytes: image.weight(),
        }
    }
}

impl Owner {
    /// Takes a snapshot; the store is quiescent.
    pub(crate) fn take_snapshot(
        &mut self,
        name: Option<String>,
    ) -> Result<SnapshotInfo, StoreError> {
        if self.ended {
            return Err(StoreError::Stopped);
        }
        let limits = self.store.settings().limits;
        if limits.snapshots <= self.snapshots.taken.len() {
            return Err(StoreError::TooManySnapshots { limit: limits.snapshots });
        }
        let id = SnapshotId(self.snapshots.last.saturating_add(1));
        let image = self.image()?;
        let info = SnapshotInfo::new(id, name, self.cursor(), &image);
        let (needed, limit) =
            (self.snapshots.bytes().saturating_add(info.bytes), limits.snapshot_bytes);
        if limit < needed {
            return Err(StoreError::SnapshotsTooLarge { needed, limit });
        }
        self.snapshots.last = id.0;
        self.snapshots.taken.insert(id, Arc::new(Snapshot { info: info.clone(), image }));
        self.note(Note::SnapshotTaken(id, info.name.clone()));
        Ok(info)
    }

    /// Drops a snapshot.
    pub(crate) fn delete_snapshot(&mut self, id: SnapshotId) -> Result<(), StoreError> {
        self.snapshots.taken.remove(&id).map(drop).ok_or(StoreError::NoSuchSnapshot(id))
    }

    /// Stops what there is, so that a snapshot can take its place.
    pub(crate) fn make_way_for(&mut self, id: SnapshotId) -> Result<Arc<Snapshot>, StoreError> {
        let snapshot = self.snapshots.find(id)?;
        self.stop_service();
        Ok(snapshot)
    }

    /// Goes on from a snapshot, in a new epoch.
    pub(crate) fn restore_snapshot(&mut self, snapshot: &Snapshot) -> SnapshotInfo {
        let Snapshot { info, image } = snapshot;
        let SnapshotInfo { id, name, taken_at, .. } = info.clone();
        self.restore(image, Restoration { snapshot: id, name, taken_at });
        info.clone()
    }
}
