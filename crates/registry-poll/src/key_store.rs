//! Where registry values come from.

use crate::{KeyPath, RegValue, ValueName};

/// A source of registry values. It may block: whoever calls it does so where that is allowed.
pub trait KeyStore: Send + Sync {
    /// The value `name` of `key`; `Ok(None)` when the key or the value does not exist, which is never an error.
    ///
    /// # Errors
    /// When the key store can't say whether the value exists or what it holds.
    fn query_value(
        &self,
        key: &KeyPath,
        name: &ValueName,
    ) -> Result<Option<RegValue>, KeyStoreError>;
}

/// Why a key store could not answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyStoreError {
    /// ERROR_ACCESS_DENIED.
    #[error("access to `{key}` is denied")]
    AccessDenied {
        /// The key.
        key: KeyPath,
    },
    /// The hive is locked, torn or being written.
    #[error("the hive that holds `{key}` is busy")]
    Busy {
        /// The key.
        key: KeyPath,
    },
    /// The source itself failed.
    #[error("the registry can't be read: {reason}")]
    Failed {
        /// What went wrong, one clause.
        reason: String,
    },
}
