//! Everything in a registry, as data: keys, the values in them, and what an edit does to them (policy 6.1).
//!
//! Links are not followed: `CurrentControlSet` and the `ControlSet001` that it stands for on a real machine are two keys
//! here, and nothing written under one name is seen under the other. Nor are there access rights, and a key may be created
//! directly below `HKEY_LOCAL_MACHINE`, where Windows allows hives alone.

use core::iter;
use core::ops::{Bound, Range};
use std::collections::{BTreeMap, btree_map};

use crate::{Edit, EditError, KeyPath, RegValue, ValueName, ValueRead};

/// Bytes of a value's data at the most. More than the 1 MiB that a Windows registry of the time held, so that a list which
/// is too long can be stored, and the store that reads it has something to judge (policy A26).
pub const MAX_VALUE_BYTES: usize = 2 << 20;
/// Bytes of a whole registry at the most: of each key its path, of each value its name and data, all names in UTF-8, and
/// for each key and value a small constant.
pub const MAX_REGISTRY_BYTES: usize = 16 << 20;
/// What a key or a value counts beside its name and data.
const ENTRY_BYTES: usize = 64;

/// Everything in a registry. The predefined keys are always there.
///
/// Two trees are equal when they hold the same keys, names and values, whatever the case of names.
#[derive(Clone, Debug)]
pub struct KeyTree {
    keys: BTreeMap<KeyPath, Values>,
    bytes: usize,
}

type Values = BTreeMap<ValueName, RegValue>;

/// A key in a tree.
#[derive(Clone, Copy, Debug)]
pub struct Key<'a> {
    path: &'a KeyPath,
    values: &'a Values,
    tree: &'a KeyTree,
}

impl KeyTree {
    /// A value, if there is one of this name.
    pub fn value(&self, key: &KeyPath, name: &ValueName) -> Option<&RegValue> {
        self.keys.get(key)?.get(name)
    }

    /// A key.
    pub fn key(&self, key: &KeyPath) -> Option<Key<'_>> {
        let (path, values) = self.keys.get_key_value(key)?;
        Some(Key { path, values, tree: self })
    }

    /// Whether there is such a key.
    pub fn contains(&self, key: &KeyPath) -> bool {
        self.keys.contains_key(key)
    }

    /// The key and all below it, each before those below it; none when there is no such key.
    pub fn keys_below(&self, key: &KeyPath) -> impl Iterator<Item = Key<'_>> {
        self.range(key).map(|(path, values)| Key { path, values, tree: self })
    }

    /// Every key, each predefined one followed by all below it.
    pub fn keys(&self) -> impl Iterator<Item = Key<'_>> {
        self.keys.iter().map(|(path, values)| Key { path, values, tree: self })
    }

    /// Bytes that it counts towards [`MAX_REGISTRY_BYTES`].
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Makes an edit. Whether it changed anything: writing the same type and bytes under the same spelling does not.
    ///
    /// # Errors
    /// [`EditError::PredefinedKey`] for deleting one, [`EditError::ValueTooLong`], [`EditError::RegistryFull`]. Nothing is
    /// changed then.
    pub fn apply(&mut self, edit: &Edit) -> Result<bool, EditError> {
        match edit {
            Edit::CreateKey(key) => self.create_key(key),
            Edit::DeleteKey(key) if key.is_predefined() => {
                Err(EditError::PredefinedKey { key: key.clone() })
            }
            Edit::DeleteKey(key) => Ok(self.delete_key(key)),
            Edit::SetValue { key, name, value } => self.set_value(key, name, value),
            Edit::DeleteValue { key, name } => Ok(self.delete_value(key, name)),
        }
    }

    /// Makes all these edits in this order, or none; whether each changed anything.
    ///
    /// # Errors
    /// As for [`KeyTree::apply`], for the first edit that is refused.
    pub fn apply_all(&mut self, edits: &[Edit]) -> Result<Vec<bool>, EditError> {
        let mut edited = self.clone();
        let changed = edits.iter().map(|edit| edited.apply(edit)).collect::<Result<_, _>>()?;
        *self = edited;
        Ok(changed)
    }

    /// Makes `key` and all below it what they are in `from`: also missing, when it is missing there (a predefined key is
    /// left without values then). Whether that changed anything.
    ///
    /// # Errors
    /// [`EditError::RegistryFull`]. Nothing is changed then.
    pub fn replace(&mut self, key: &KeyPath, from: &Self) -> Result<bool, EditError> {
        let mut replaced = self.clone();
        replaced.delete_key(key);
        replaced.delete_values(key);
        for key in from.keys_below(key) {
            replaced.create_key(key.path)?;
            for (name, value) in key.values {
                replaced.set_value(key.path, name, value)?;
            }
        }
        let changed = replaced != *self;
        *self = replaced;
        Ok(changed)
    }

    /// A tree of this key and all below it alone.
    pub fn subtree(&self, key: &KeyPath) -> Self {
        let mut subtree = Self::default();
        for (path, values) in self.range(key) {
            subtree.insert_key(path);
            subtree.bytes = subtree.bytes.saturating_add(bytes_of_values(values));
            subtree.keys.insert(path.clone(), values.clone());
        }
        subtree
    }

    /// Whether it is equal, also in the case of every name.
    #[cfg(feature = "file")]
    pub(crate) fn is_spelt_like(&self, other: &Self) -> bool {
        let key = |(a, b): (Key<'_>, Key<'_>)| {
            let mut names = a.values().zip(b.values());
            a.path().as_str() == b.path().as_str()
                && names.all(|((a, _), (b, _))| a.as_str() == b.as_str())
        };
        self == other && self.keys().zip(other.keys()).all(key)
    }

    /// These values of `key`, as a key store that is never in trouble reads them.
    pub(crate) fn read_values(&self, key: &KeyPath, names: &[ValueName]) -> Vec<ValueRead> {
        let read = |name: &ValueName| ValueRead {
            name: name.clone(),
            result: Ok(self.value(key, name).cloned()),
        };
        names.iter().map(read).collect()
    }

    fn create_key(&mut self, key: &KeyPath) -> Result<bool, EditError> {
        self.check_room(self.bytes_of_missing(key), 0)?;
        Ok(self.insert_key(key))
    }

    fn delete_key(&mut self, key: &KeyPath) -> bool {
        let gone = self.keys.extract_if(key.subtree(), |path, _| !path.is_predefined());
        let freed = gone.map(|(path, values)| bytes_of_key(&path, &values)).sum();
        self.bytes = self.bytes.saturating_sub(freed);
        0 < freed
    }

    fn set_value(
        &mut self,
        key: &KeyPath,
        name: &ValueName,
        value: &RegValue,
    ) -> Result<bool, EditError> {
        let length = value.data().len();
        if MAX_VALUE_BYTES < length {
            return Err(EditError::ValueTooLong { name: name.clone(), length });
        }
        let old = self.keys.get(key).and_then(|values| values.get_key_value(name));
        if old.is_some_and(|(known, old)| known.as_str() == name.as_str() && old == value) {
            return Ok(false);
        }
        let freed = old.map_or(0, |(name, value)| bytes_of_value(name, value));
        let added = bytes_of_value(name, value);
        self.check_room(self.bytes_of_missing(key).saturating_add(added), freed)?;
        self.insert_key(key);
        let values = self.keys.entry(key.clone()).or_default();
        // Taken out first, so that the name is shown as it was last written.
        values.remove(name);
        values.insert(name.clone(), value.clone());
        self.bytes = self.bytes.saturating_sub(freed).saturating_add(added);
        Ok(true)
    }

    fn delete_value(&mut self, key: &KeyPath, name: &ValueName) -> bool {
        let gone = self.keys.get_mut(key).and_then(|values| values.remove_entry(name));
        let freed = gone.map_or(0, |(name, value)| bytes_of_value(&name, &value));
        self.bytes = self.bytes.saturating_sub(freed);
        0 < freed
    }

    fn delete_values(&mut self, key: &KeyPath) {
        let gone = self.keys.get_mut(key).map(core::mem::take).unwrap_or_default();
        self.bytes = self.bytes.saturating_sub(bytes_of_values(&gone));
    }

    fn range(&self, key: &KeyPath) -> btree_map::Range<'_, KeyPath, Values> {
        self.keys.range(key.subtree())
    }

    /// The key and those above it that are not there, the deepest first.
    fn missing(&self, key: &KeyPath) -> impl Iterator<Item = KeyPath> {
        let upwards = iter::successors(Some(key.clone()), KeyPath::parent);
        upwards.take_while(|path| !self.contains(path))
    }

    fn bytes_of_missing(&self, key: &KeyPath) -> usize {
        self.missing(key).map(|path| bytes_of_path(&path)).sum()
    }

    /// Creates what is missing of the key and those above it, the keys that are there spelt as they are. There has to be
    /// room for it. Whether anything was missing.
    fn insert_key(&mut self, key: &KeyPath) -> bool {
        let mut missing: Vec<_> = self.missing(key).collect();
        missing.reverse();
        for path in &missing {
            let above = path.parent().and_then(|above| self.keys.get_key_value(&above));
            let path = above.map_or_else(|| path.clone(), |(above, _)| path.respelt(above));
            self.bytes = self.bytes.saturating_add(bytes_of_path(&path));
            self.keys.insert(path, Values::new());
        }
        !missing.is_empty()
    }

    fn check_room(&self, added: usize, freed: usize) -> Result<(), EditError> {
        let needed = self.bytes.saturating_sub(freed).saturating_add(added);
        if needed <= MAX_REGISTRY_BYTES { Ok(()) } else { Err(EditError::RegistryFull { needed }) }
    }
}

impl Default for KeyTree {
    fn default() -> Self {
        let mut tree = Self { keys: BTreeMap::new(), bytes: 0 };
        for key in KeyPath::predefined() {
            tree.insert_key(&key);
        }
        tree
    }
}

impl PartialEq for KeyTree {
    fn eq(&self, other: &Self) -> bool {
        self.keys == other.keys
    }
}

impl Eq for KeyTree {}

impl<'a> Key<'a> {
    /// Its path, each name as it was first written.
    pub fn path(&self) -> &'a KeyPath {
        self.path
    }

    /// Its values, by name without case.
    pub fn values(&self) -> impl Iterator<Item = (&'a ValueName, &'a RegValue)> + use<'a> {
        self.values.iter()
    }

    /// The names of the keys directly below it, in order without case.
    pub fn subkeys(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let tree = self.tree;
        let Range { start, end } = self.path.subtree();
        let mut from = Bound::Excluded(start);
        // INVARIANT: the keys above a key are there too; so the next key behind one and all below it is on its level.
        iter::from_fn(move || {
            let rest = (from.clone(), Bound::Excluded(end.clone()));
            let (subkey, _) = tree.keys.range(rest).next()?;
            from = Bound::Included(subkey.subtree().end);
            Some(subkey.name())
        })
    }
}

fn bytes_of_key(path: &KeyPath, values: &Values) -> usize {
    bytes_of_path(path).saturating_add(bytes_of_values(values))
}

fn bytes_of_values(values: &Values) -> usize {
    values.iter().map(|(name, value)| bytes_of_value(name, value)).sum()
}

fn bytes_of_path(path: &KeyPath) -> usize {
    path.as_str().len().saturating_add(ENTRY_BYTES)
}

fn bytes_of_value(name: &ValueName, value: &RegValue) -> usize {
    name.as_str().len().saturating_add(value.data().len()).saturating_add(ENTRY_BYTES)
}
