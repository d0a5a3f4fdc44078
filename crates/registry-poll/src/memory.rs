//! A registry in memory, which the control plane edits and the store polls.

use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use crate::{
    Edit, EditError, KeyPath, KeyStore, KeyStoreError, KeyTree, RegValue, Registry, ValueName,
    ValueRead,
};

/// A registry in memory. Reads and edits may come from any thread; each is atomic, and a picture that was taken stays as it
/// is.
#[derive(Debug, Default)]
pub struct MemoryKeyStore {
    tree: RwLock<Arc<KeyTree>>,
}

impl MemoryKeyStore {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// The registry of a machine on which Exchange was just installed: the key that the store polls is there, and nothing in
    /// it.
    pub fn of_a_server() -> Self {
        let mut tree = KeyTree::default();
        // An empty tree has room for a key.
        drop(tree.apply(&Edit::CreateKey(KeyPath::parameters_system())));
        Self { tree: RwLock::new(Arc::new(tree)) }
    }

    /// A registry that holds what a picture shows.
    pub fn holding(tree: Arc<KeyTree>) -> Self {
        Self { tree: RwLock::new(tree) }
    }

    // INVARIANT: every edit leaves a whole tree, done or not; so a poisoned lock still guards one.
    fn picture(&self) -> Arc<KeyTree> {
        Arc::clone(&self.tree.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self) -> RwLockWriteGuard<'_, Arc<KeyTree>> {
        self.tree.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeyStore for MemoryKeyStore {
    fn query_value(
        &self,
        key: &KeyPath,
        name: &ValueName,
    ) -> Result<Option<RegValue>, KeyStoreError> {
        Ok(self.picture().value(key, name).cloned())
    }

    fn query_values(&self, key: &KeyPath, names: &[ValueName]) -> Vec<ValueRead> {
        self.picture().read_values(key, names)
    }
}

impl Registry for MemoryKeyStore {
    fn tree(&self) -> Result<Arc<KeyTree>, KeyStoreError> {
        Ok(self.picture())
    }

    fn edit(&self, edits: &[Edit]) -> Result<Vec<bool>, EditError> {
        Arc::make_mut(&mut self.write()).apply_all(edits)
    }

    fn replace(&self, key: &KeyPath, from: &KeyTree) -> Result<bool, EditError> {
        Arc::make_mut(&mut self.write()).replace(key, from)
    }
}
