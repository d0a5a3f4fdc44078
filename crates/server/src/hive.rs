//! The registries of a store's nodes as its task holds them: edits, previews, and the faults that disturb reads.

use std::sync::Arc;

use clock::SimTime;
use infostore::{
    Cause, Cursor, FaultTarget, Note, PollToken, PollValues, Preview, RegistryChange, Stage,
    list_value,
};
use policy::BlockList;
use registry_poll::{
    ClusterError, DisturbedReads, Edit, KeyPath, KeyTree, MemoryKeyStore, NodeName, RegValue,
    Registry, ValueRead,
};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

use crate::handle::StoreError;
use crate::options::StoreOptions;
use crate::owner::Owner;

/// Values that a fault holds back until some store time.
#[derive(Clone, Debug)]
pub(crate) struct DelayedValues {
    pub(crate) due: SimTime,
    values: PollValues,
}

/// A change of one block list's value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ListChange {
    /// Writes the text as a `REG_SZ`.
    Write(String),
    /// Deletes the value.
    Delete,
}

/// Edits of one request that are journalled one by one.
const EDITS_TOLD: usize = 1_000;

/// The last of these edits that wrote or deleted the value of a list.
fn last_edit(list: BlockList, edits: &[Edit]) -> Option<Edit> {
    let (polled, value) = (KeyPath::parameters_system(), list_value(list));
    let concerns = |edit: &&Edit| match edit {
        Edit::SetValue { key, name, .. } | Edit::DeleteValue { key, name } => {
            *key == polled && *name == value
        }
        Edit::CreateKey(_) | Edit::DeleteKey(_) => false,
    };
    edits.iter().rev().find(concerns).cloned()
}

/// The registry of the first node.
pub(crate) fn first_node(options: &StoreOptions) -> Arc<dyn Registry> {
    options.registry.clone().unwrap_or_else(|| Arc::new(MemoryKeyStore::of_a_server()))
}

/// Does what may wait for a disk, in the store's order: its task waits. Where the runtime has other threads it is told to
/// let them go on with what else this one would do. The registries of the store's own are in memory, and need none of it.
pub(crate) fn blocking<T>(options: &StoreOptions, work: impl FnOnce() -> T) -> T {
    let has_others = || Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread;
    if options.registry.is_some() && has_others() { block_in_place(work) } else { work() }
}

impl ListChange {
    fn edit(self, list: BlockList) -> Edit {
        let (key, name) = (KeyPath::parameters_system(), list_value(list));
        match self {
            Self::Write(text) => Edit::SetValue { key, name, value: RegValue::sz(&text) },
            Self::Delete => Edit::DeleteValue { key, name },
        }
    }
}

impl Owner {
    /// Makes these edits on a node, the active one unless another is named: all or none. Each that changes something is
    /// an entry of the journal.
    pub(crate) fn edit_registry(
        &mut self,
        node: Option<&NodeName>,
        edits: Vec<Edit>,
    ) -> Result<Vec<bool>, StoreError> {
        let changed = blocking(&self.options, || self.cluster.edit(node, &edits))?;
        // By its own spelling, whatever case it was asked for in.
        let node = node.and_then(|name| self.cluster.node(name));
        let node = node.unwrap_or_else(|| self.cluster.active()).name().clone();
        let made = edits.into_iter().zip(&changed).filter_map(|(edit, made)| made.then_some(edit));
        self.note_edits(&node, made.collect());
        Ok(changed)
    }

    /// An entry for each edit; of very many, which would drive everything else out of the journal, their number and what
    /// became of the values of the block lists.
    fn note_edits(&mut self, node: &NodeName, edits: Vec<Edit>) {
        let told = if edits.len() <= EDITS_TOLD {
            edits
        } else {
            self.note(Note::RegistryImported(node.clone(), edits.len()));
            BlockList::ALL.into_iter().filter_map(|list| last_edit(list, &edits)).collect()
        };
        for edit in told {
            self.note(Note::Registry(RegistryChange { node: node.clone(), edit }));
        }
    }

    /// Writes or deletes the value of a block list, unless the store has moved since `if_cursor`.
    pub(crate) fn change_list(
        &mut self,
        list: BlockList,
        change: ListChange,
        if_cursor: Option<Cursor>,
    ) -> Result<(), StoreError> {
        let cursor = self.cursor();
        if if_cursor.is_some_and(|expected| expected != cursor) {
            return Err(StoreError::Moved { cursor });
        }
        self.edit_registry(None, vec![change.edit(list)]).map(drop)
    }

    /// Everything in a node's registry.
    pub(crate) fn registry_tree(
        &self,
        node: Option<&NodeName>,
    ) -> Result<Arc<KeyTree>, StoreError> {
        let node = match node {
            None => self.cluster.active(),
            Some(name) => self
                .cluster
                .node(name)
                .ok_or_else(|| ClusterError::NoSuchNode { node: name.clone() })?,
        };
        Ok(blocking(&self.options, || node.registry().tree())?)
    }

    /// What a poll would do now if these changes had been made.
    pub(crate) fn preview(
        &self,
        changes: &[(BlockList, ListChange)],
    ) -> Result<Preview, StoreError> {
        let mut tree = KeyTree::clone(&*self.registry_tree(None)?);
        for (list, change) in changes {
            tree.apply(&change.clone().edit(*list))?;
        }
        let key = KeyPath::parameters_system();
        let read = |list| {
            let name = list_value(list);
            ValueRead { result: Ok(tree.value(&key, &name).cloned()), name }
        };
        let reads = BlockList::ALL.map(read);
        Ok(self.store.preview(&reads))
    }

    /// The registry has been read: what the faults leave of it goes to the engine, at once or later.
    pub(crate) fn take_values(&mut self, token: PollToken, reads: Vec<ValueRead>) {
        // Nobody waits for the values of a service that has stopped since, and no fault is used up by them.
        if self.store.schedule().in_flight().is_none_or(|poll| poll.number != token.0) {
            return;
        }
        let key = KeyPath::parameters_system();
        let DisturbedReads { reads, delay, hits } =
            self.faults.disturb_reads(self.now(), &key, reads);
        let mut in_play = Vec::new();
        for (fault, value) in hits {
            if !in_play.contains(&fault) {
                in_play.push(fault);
            }
            let effect = self.faults.get(fault).map_or("", |counted| counted.rule.effect.name());
            let target = FaultTarget { value: Some(value), ..FaultTarget::default() };
            self.note_hit(fault, Cause::Poll(token.0), effect, (Stage::Registry, target));
        }
        let now = self.now();
        let values = PollValues { token, reads, faults: in_play };
        if delay.is_zero() {
            self.store.handle_values(now, values);
        } else {
            let due = now.saturating_add(delay);
            // One read is in flight at a time; what was held back for an earlier one is of no interest any more.
            self.delayed = Some(DelayedValues { due, values });
        }
    }

    /// Lets go of values that were held back until now.
    pub(crate) fn release_values(&mut self, now: SimTime) {
        if let Some(delayed) = self.delayed.take_if(|delayed| delayed.due <= now) {
            self.store.handle_values(now, delayed.values);
        }
    }
}
