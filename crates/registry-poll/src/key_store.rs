//! Where registry values come from, and how they are edited.

use core::fmt::Debug;
use std::sync::Arc;

use crate::{Edit, EditError, KeyPath, KeyTree, RegValue, ValueName, ValueRead};

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

    /// Several values of `key`, in the order of their names. A source that can shows all of them at one instant.
    fn query_values(&self, key: &KeyPath, names: &[ValueName]) -> Vec<ValueRead> {
        let read = |name: &ValueName| ValueRead {
            name: name.clone(),
            result: self.query_value(key, name),
        };
        names.iter().map(read).collect()
    }
}

/// A registry that can be shown as a whole and edited.
pub trait Registry: KeyStore + Debug {
    /// Everything in it, at one instant.
    ///
    /// # Errors
    /// When the key store can't say what it holds.
    fn tree(&self) -> Result<Arc<KeyTree>, KeyStoreError>;

    /// Makes all these edits in this order, or none; whether each changed anything.
    ///
    /// # Errors
    /// [`EditError`] for the first edit that is refused.
    fn edit(&self, edits: &[Edit]) -> Result<Vec<bool>, EditError>;

    /// Makes `key` and all below it what they are in `from`, where it may be missing: see [`KeyTree::replace`]. Whether
    /// that changed anything.
    ///
    /// # Errors
    /// [`EditError`] as for [`KeyTree::replace`], or when the registry can't be read or written.
    fn replace(&self, key: &KeyPath, from: &KeyTree) -> Result<bool, EditError>;
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
    /// ERROR_SHARING_VIOLATION: the hive is locked or being written.
    #[error("the hive that holds `{key}` is busy")]
    Busy {
        /// The key.
        key: KeyPath,
    },
    /// ERROR_REGISTRY_CORRUPT: the hive is torn, a part of it is from before a write and a part from after it.
    #[error("the hive that holds `{key}` is corrupt")]
    Corrupt {
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
