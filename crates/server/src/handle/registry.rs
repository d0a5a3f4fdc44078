//! The registry, and the polls that read it.

use infostore::{Command, Cursor, Outcome, PollRecord};
use policy::BlockList;
use registry_poll::{Edit, NodeName, PollNumber};

use super::{StoreError, StoreHandle};
use crate::hive::ListChange;
use crate::owner::Owner;

/// What came of asking for a poll.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Polled {
    /// It is over.
    Over(Box<PollRecord>),
    /// A fault holds its values back; it ends when store time gets there.
    Held(PollNumber),
}

impl StoreHandle {
    /// Edits a node's registry, the active one's unless another is named: all these edits in this order, or none. Says of
    /// each whether it changed anything. The store learns of it when it polls.
    ///
    /// # Errors
    /// [`StoreError::Edit`] when an edit is refused, [`StoreError::Cluster`] when there is no such node.
    pub async fn edit_registry(
        &self,
        node: Option<NodeName>,
        edits: Vec<Edit>,
    ) -> Result<(Vec<bool>, Cursor), StoreError> {
        self.ask(move |owner| {
            let changed = owner.edit_registry(node.as_ref(), edits)?;
            Ok((changed, owner.cursor()))
        })
        .await?
    }

    /// Writes or deletes the value of a block list. With `if_cursor` only when the store has not moved since. The store
    /// learns of it when it polls.
    ///
    /// # Errors
    /// [`StoreError::Moved`], [`StoreError::Edit`].
    pub async fn change_list(
        &self,
        list: BlockList,
        change: ListChange,
        if_cursor: Option<Cursor>,
    ) -> Result<(), StoreError> {
        self.ask(move |owner| owner.change_list(list, change, if_cursor)).await?
    }

    /// Writes or deletes the value of a block list and polls: no other request comes in between, though a client may while
    /// the values are read, and is then judged by them. With `if_cursor` only when the store has not moved since.
    ///
    /// # Errors
    /// [`StoreError::Moved`], [`StoreError::Edit`].
    pub async fn apply_list(
        &self,
        list: BlockList,
        change: ListChange,
        if_cursor: Option<Cursor>,
    ) -> Result<Polled, StoreError> {
        self.poll_after(move |owner| owner.change_list(list, change, if_cursor)).await
    }

    /// Polls the registry now, without moving the schedule. Returns when the poll and all that follows are over.
    ///
    /// # Errors
    /// [`StoreError::Stopped`].
    pub async fn poll_now(&self) -> Result<Polled, StoreError> {
        self.poll_after(|_| Ok(())).await
    }

    async fn poll_after(
        &self,
        first: impl FnOnce(&mut Owner) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<Polled, StoreError> {
        let poll = |owner: &mut Owner| {
            // First, so that nothing is half done.
            if owner.store.is_stopped() {
                return Err(StoreError::ServiceStopped);
            }
            first(owner)?;
            owner.execute(Command::Poll)
        };
        let polled = |owner: &mut Owner, outcome| match outcome {
            Outcome::Done => Err(StoreError::Stopped),
            Outcome::PollRequested(number) => Ok(owner.polled(number)),
        };
        self.act(poll, polled).await?
    }
}

impl Owner {
    /// What came of a poll that was asked for, once the store has settled.
    fn polled(&self, number: PollNumber) -> Polled {
        match self.store.poll_record(number) {
            Some(record) => Polled::Over(Box::new(record.clone())),
            None => Polled::Held(number),
        }
    }
}
