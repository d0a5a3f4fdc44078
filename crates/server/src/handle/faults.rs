//! Fault rules.

use infostore::{FaultRule, Stage};
use registry_poll::FaultId;

use super::{StoreError, StoreHandle};
use crate::faults::{ApiFault, FaultChange};

impl StoreHandle {
    /// Adds a fault rule, which sees what happens from now on.
    ///
    /// # Errors
    /// [`StoreError::FaultRule`] when it could never hit, [`StoreError::TooManyFaults`].
    pub async fn add_fault(&self, rule: FaultRule) -> Result<FaultId, StoreError> {
        self.ask(move |owner| owner.add_fault(rule)).await?
    }

    /// Pauses or resumes a fault rule, or gives it another schedule.
    ///
    /// # Errors
    /// [`StoreError::NoSuchFault`], [`StoreError::FaultRule`] when the schedule can't be kept.
    pub async fn change_fault(&self, id: FaultId, change: FaultChange) -> Result<(), StoreError> {
        self.ask(move |owner| owner.change_fault(id, change)).await?
    }

    /// Takes a fault rule away. What it holds on connections is let go at once; values of the registry that it holds back come
    /// when they were to come.
    ///
    /// # Errors
    /// [`StoreError::NoSuchFault`].
    pub async fn remove_fault(&self, id: FaultId) -> Result<(), StoreError> {
        self.ask(move |owner| owner.remove_fault(id)).await?
    }

    /// What the fault rules do to the answer of a request about the store. `route` is the path from
    /// the store on, with its parameters in braces. While no rule looks at requests the store is not asked.
    ///
    /// # Errors
    /// [`StoreError::Stopped`].
    pub async fn api_fault(&self, method: &str, route: &str) -> Result<ApiFault, StoreError> {
        if !self.site.is_disturbed(Stage::Api) {
            return Ok(ApiFault::default());
        }
        let (method, route) = (method.to_owned(), route.to_owned());
        self.ask(move |owner| owner.disturb_api(method, route)).await
    }

    /// How many of the next `entries` of a stream of events go out before a fault rule breaks it; none when all do. Each entry
    /// that is sent to somebody is an opportunity, and the request that began the stream is none.
    ///
    /// # Errors
    /// [`StoreError::Stopped`].
    pub async fn stream_fault(&self, entries: usize) -> Result<Option<usize>, StoreError> {
        if !self.site.is_disturbed(Stage::Api) {
            return Ok(None);
        }
        self.ask(move |owner| owner.disturb_stream(entries)).await
    }
}
