//! The stores of a process, by name.

use dashmap::DashMap;

use crate::handle::StoreHandle;

/// The name of the store that always exists.
pub const DEFAULT_STORE: &str = "default";

/// The stores of a process. Many tasks look one up at once, and nobody needs a consistent picture of all.
#[derive(Default)]
pub struct Stores {
    stores: DashMap<String, StoreHandle>,
}

impl Stores {
    /// The stores of a process that begins with `default`.
    pub fn new(default: StoreHandle) -> Self {
        let stores = DashMap::new();
        stores.insert(DEFAULT_STORE.to_owned(), default);
        Self { stores }
    }

    /// The store of this name.
    pub fn get(&self, name: &str) -> Option<StoreHandle> {
        self.stores.get(name).map(|store| store.clone())
    }

    /// Every store with its name, in the order of the names.
    pub fn all(&self) -> Vec<(String, StoreHandle)> {
        let mut all: Vec<_> =
            self.stores.iter().map(|entry| (entry.key().clone(), entry.value().clone())).collect();
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        all
    }
}
