//! An edit of the registry, as the control plane, an import or a failover makes it.

use crate::{KeyPath, RegValue, ValueName};

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
