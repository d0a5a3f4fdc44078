//! An edit of the registry, as the control plane, an import or a failover makes it.

use crate::{KeyPath, KeyStoreError, MAX_REGISTRY_BYTES, MAX_VALUE_BYTES, RegValue, ValueName};

/// One change to the keys and values of a registry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Edit {
    /// Creates a key, with the keys above it. One that is there stays as it is.
    CreateKey(KeyPath),
    /// Deletes a key with its values and everything below it. One that is not there is no error.
    DeleteKey(KeyPath),
    /// Writes a value, creating its key. The name is shown as it was last written.
    SetValue {
        /// The key.
        key: KeyPath,
        /// The value's name; the empty name is the unnamed value.
        name: ValueName,
        /// Its type and bytes.
        value: RegValue,
    },
    /// Deletes a value. One that is not there is no error.
    DeleteValue {
        /// The key.
        key: KeyPath,
        /// The value's name.
        name: ValueName,
    },
}

/// Why an edit was refused. The registry is as it was before.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EditError {
    /// A predefined key is always there.
    #[error("`{key}` is a predefined key and can't be deleted")]
    PredefinedKey {
        /// The key.
        key: KeyPath,
    },
    /// A value's data is longer than [`MAX_VALUE_BYTES`].
    #[error(
        "the data of value `{name}` has {length} bytes, and at most {MAX_VALUE_BYTES} are stored"
    )]
    ValueTooLong {
        /// The value.
        name: ValueName,
        /// Bytes of its data.
        length: usize,
    },
    /// Everything together would be more than [`MAX_REGISTRY_BYTES`].
    #[error("the registry would have {needed} bytes, and at most {MAX_REGISTRY_BYTES} are stored")]
    RegistryFull {
        /// Bytes that it would have.
        needed: usize,
    },
    /// What holds the registry can't be written.
    #[error("the registry can't be written: {reason}")]
    Unwritable {
        /// Why, one clause.
        reason: String,
    },
    /// The registry can't be read, so nothing is written over what it may hold.
    #[error(transparent)]
    Unreadable(#[from] KeyStoreError),
}
