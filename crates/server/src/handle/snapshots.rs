//! Starting over: empty, as at the start, or from a snapshot.

use clock::SimTime;
use infostore::{Cursor, SnapshotId};

use super::{StoreError, StoreHandle};
use crate::owner::{Beginning, Owner};
use crate::snapshots::{RestoredStore, SnapshotInfo};

impl StoreHandle {
    /// Takes a snapshot of the whole store when it is quiescent.
    ///
    /// # Errors
    /// [`StoreError::TooManySnapshots`], [`StoreError::SnapshotsTooLarge`], [`StoreError::Stopped`] when the service has ended.
    pub async fn take_snapshot(&self, name: Option<String>) -> Result<SnapshotInfo, StoreError> {
        self.act(move |owner| owner.take_snapshot(name), |_, info| info).await
    }

    /// Drops a snapshot.
    ///
    /// # Errors
    /// [`StoreError::NoSuchSnapshot`].
    pub async fn delete_snapshot(&self, id: SnapshotId) -> Result<(), StoreError> {
        self.ask(move |owner| owner.delete_snapshot(id)).await?
    }

    /// Ends the service as a stop does, and goes on in a new epoch as the store was when the snapshot was taken: clients over
    /// the pipe are connected as they were, and sessions over TCP end. Returns when the store is quiescent.
    ///
    /// # Errors
    /// [`StoreError::NoSuchSnapshot`], before anything is done.
    pub async fn restore_snapshot(&self, id: SnapshotId) -> Result<RestoredStore, StoreError> {
        let make_way = move |owner: &mut Owner| owner.make_way_for(id);
        let restored =
            self.act(make_way, |owner, snapshot| owner.restore_snapshot(&snapshot)).await?;
        self.settled(|owner| RestoredStore {
            cursor: owner.cursor(),
            snapshot: restored,
            foreign_pending: owner.foreign_pending(),
        })
        .await
    }

    /// Starts over as at the first start: see [`Beginning::Baseline`].
    ///
    /// # Errors
    /// [`StoreError::Stopped`].
    pub async fn reset(&self) -> Result<Cursor, StoreError> {
        self.reset_to(Beginning::Baseline, None).await
    }

    /// Ends the service as a stop does, and starts over in a new epoch: every session ends, clients and faults go, time, the
    /// random streams and the journal begin again. With `manual` the store is left with a manual clock at that time. Snapshots
    /// stay.
    ///
    /// # Errors
    /// [`StoreError::Stopped`].
    pub async fn reset_to(
        &self,
        beginning: Beginning,
        manual: Option<SimTime>,
    ) -> Result<Cursor, StoreError> {
        let stop = |owner: &mut Owner| {
            owner.stop_service();
            Ok(())
        };
        self.act(stop, move |owner, ()| owner.start_over(beginning, manual)).await?;
        self.settled(|owner| owner.cursor()).await
    }
}
