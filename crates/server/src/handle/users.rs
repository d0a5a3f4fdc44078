//! Users.

use super::{StoreError, StoreHandle};
use crate::users::UserChange;

impl StoreHandle {
    /// Adds a user, or sets the one of this name, for whoever connects from now on. Whether it is new.
    ///
    /// # Errors
    /// [`StoreError::NoPassword`] when it is new and has none, [`StoreError::TooManyUsers`], and [`StoreError::User`] when its
    /// name makes no distinguished name.
    pub async fn put_user(&self, change: UserChange) -> Result<bool, StoreError> {
        self.ask(move |owner| owner.put_user(change)).await?
    }

    /// Takes a user away. Sessions that it has opened stay.
    ///
    /// # Errors
    /// [`StoreError::NoSuchUser`].
    pub async fn remove_user(&self, name: String) -> Result<(), StoreError> {
        self.ask(move |owner| owner.remove_user(&name)).await?
    }
}
