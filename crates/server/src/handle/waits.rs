//! Waiting for a condition.

use infostore::Sequence;
use tokio::sync::oneshot;

use super::{StoreError, StoreHandle, View};
use crate::owner::Input;
use crate::waits::{Condition, WaitId, WaitTerms, Waited};

/// A wait that is registered with the store's task. Dropping it ends it.
pub struct Waiting<R> {
    store: StoreHandle,
    /// None once it is over.
    id: Option<WaitId>,
    answer: oneshot::Receiver<Waited<R>>,
}

impl StoreHandle {
    /// Registers a wait for a condition that `condition` makes of the store as it is, with the place in the journal from
    /// which on it sees the entries; or returns why it makes none.
    ///
    /// # Errors
    /// [`StoreError::TooManyWaits`], [`StoreError::Stopped`].
    pub async fn wait<C: Condition, E: Send + 'static>(
        &self,
        terms: WaitTerms,
        condition: impl FnOnce(View<'_>) -> Result<(C, Sequence), E> + Send + 'static,
    ) -> Result<Result<Waiting<C::Report>, E>, StoreError> {
        let (reply, answer) = oneshot::channel();
        let registered = self.ask(move |owner| {
            if !owner.waits.have_room() {
                return Err(StoreError::TooManyWaits);
            }
            let condition = condition(View { owner });
            Ok(condition.map(|(condition, after)| owner.add_wait(terms, (condition, after), reply)))
        });
        Ok(registered.await??.map(|id| Waiting { store: self.clone(), id: Some(id), answer }))
    }
}

impl<R> Waiting<R> {
    /// Waits until it is over.
    ///
    /// # Errors
    /// [`StoreError::Stopped`].
    pub async fn ended(&mut self) -> Result<Waited<R>, StoreError> {
        let waited = (&mut self.answer).await.map_err(|_| StoreError::Stopped);
        self.id = None;
        waited
    }

    /// Gives it up, and learns how things stand; or how it ended, when it has meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Stopped`].
    pub async fn give_up(mut self) -> Result<Waited<R>, StoreError> {
        if let Some(id) = self.id {
            self.store.ask(move |owner| owner.give_up_wait(id)).await?;
        }
        self.ended().await
    }
}

impl<R> Drop for Waiting<R> {
    fn drop(&mut self) {
        let Some(id) = self.id else { return };
        self.answer.close();
        // When the store has more to do than it can take, it finds out by itself that nobody waits.
        drop(self.store.inbox.try_send(Input::Task(Box::new(move |owner| owner.give_up_wait(id)))));
    }
}
