//! A registry in memory, which the control plane edits and the store polls.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::{KeyPath, KeyStore, KeyStoreError, RegValue, ValueName};

/// A registry in memory. Reads and edits may come from any thread; each is atomic.
#[derive(Debug, Default)]
pub struct MemoryKeyStore {
    keys: RwLock<BTreeMap<KeyPath, Values>>,
}

type Values = BTreeMap<ValueName, RegValue>;

impl MemoryKeyStore {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes a value, creating its key; the value that was there before is returned.
    pub fn set_value(&self, key: &KeyPath, name: &ValueName, value: RegValue) -> Option<RegValue> {
        let mut keys = self.write();
        let values = keys.entry(key.clone()).or_default();
        // Taken out first, so that the name is shown as it was last written.
        let old = values.remove(name);
        values.insert(name.clone(), value);
        old
    }

    /// Deletes a value; `None` when it was not there.
    pub fn delete_value(&self, key: &KeyPath, name: &ValueName) -> Option<RegValue> {
        self.write().get_mut(key)?.remove(name)
    }

    /// The values of a key by name, without case; `None` when there is no such key.
    pub fn list(&self, key: &KeyPath) -> Option<Vec<(ValueName, RegValue)>> {
        let keys = self.read();
        Some(keys.get(key)?.iter().map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    /// Deletes every key.
    pub fn clear(&self) {
        self.write().clear();
    }

    // Every edit is one call on the map, so a poisoned lock still guards a whole map.
    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<KeyPath, Values>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<KeyPath, Values>> {
        self.keys.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeyStore for MemoryKeyStore {
    fn query_value(
        &self,
        key: &KeyPath,
        name: &ValueName,
    ) -> Result<Option<RegValue>, KeyStoreError> {
        Ok(self.read().get(key).and_then(|values| values.get(name)).cloned())
    }
}
