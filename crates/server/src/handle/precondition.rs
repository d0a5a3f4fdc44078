//! What has to hold of a store for a change to be made, judged in the store's turn together with the change.

use core::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::{StoreError, StoreHandle, View};
use crate::owner::Owner;

type Judge = Box<dyn FnOnce(View<'_>) -> Result<(), StoreError> + Send>;

/// Judged once, with the first change that is asked for; nothing may be demanded at all.
#[derive(Clone, Default)]
pub(super) struct Precondition(Option<Arc<Mutex<Option<Judge>>>>);

impl StoreHandle {
    /// The same store for one change, which is made only if `holds` agrees to the store as it is then. No other change comes
    /// between. Reading the store is not a change.
    pub fn provided(
        &self,
        holds: impl FnOnce(View<'_>) -> Result<(), StoreError> + Send + 'static,
    ) -> Self {
        let judge: Judge = Box::new(holds);
        let precondition = Precondition(Some(Arc::new(Mutex::new(Some(judge)))));
        Self { precondition, ..self.clone() }
    }
}

impl Precondition {
    /// Whether the change may be made.
    pub(super) fn judge(&self, owner: &Owner) -> Result<(), StoreError> {
        let Some(judge) = &self.0 else { return Ok(()) };
        // Nothing is done under the lock but this, so a poisoned one still guards a good value.
        let judge = judge.lock().unwrap_or_else(PoisonError::into_inner).take();
        judge.map_or(Ok(()), |judge| judge(View { owner }))
    }
}

impl fmt::Debug for Precondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Precondition").field(&self.0.is_some()).finish()
    }
}
