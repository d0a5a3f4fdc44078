//! The registries of a cluster's nodes, of which one runs the store (policy 6.4).
//!
//! Each node has a registry of its own, and the store reads that of the node it runs on. What happens to the polled key at
//! a failover depends on whether the cluster keeps a checkpoint of it, which for Exchange 2003 is not established; so both
//! are here. A checkpoint is one key with all below it, kept on the quorum disk:
//!
//! | | [`ClusterMode::PerNode`] | [`ClusterMode::Checkpointed`] |
//! |---|---|---|
//! | an edit on the active node, service online | stays on that node | is in the checkpoint at once |
//! | an edit on the active node, service offline | is found there | is lost when the service comes online |
//! | an edit on the passive node | is found at a failover | is lost at a failover |
//! | a failover | the other node's own values | the values of the checkpoint |
//!
//! Nothing here knows time, or reads on its own: a registry that somebody edits past [`Cluster::edit`], such as a file, is
//! captured at the next edit and when the service goes offline.

mod image;

use core::cmp::Ordering;
use core::fmt;
use core::str::FromStr;
use std::sync::Arc;

use crate::{Edit, EditError, KeyPath, KeyStoreError, KeyTree, MemoryKeyStore, Registry};

pub use image::ClusterImage;

/// Characters in a node's name: that of a NetBIOS computer.
const MAX_NODE_NAME: usize = 15;

/// How a cluster treats the polled key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClusterMode {
    /// There is no cluster: one node, whose registry is the store's.
    None,
    /// Two nodes, each with what was written there.
    PerNode,
    /// Two nodes and a checkpoint.
    Checkpointed,
}

/// The name of a node, compared without case: ASCII letters, digits and hyphens.
#[derive(Clone, Debug)]
pub struct NodeName(String);

/// Why a text names no node.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{name}` is no node's name: 1 to {MAX_NODE_NAME} letters, digits and hyphens")]
pub struct NodeNameError {
    /// The text.
    pub name: String,
}

/// A node: a machine with a registry.
#[derive(Clone, Debug)]
pub struct Node {
    name: NodeName,
    registry: Arc<dyn Registry>,
}

/// The nodes of a cluster, and which of them the store runs on.
#[derive(Debug)]
pub struct Cluster {
    mode: ClusterMode,
    online: bool,
    active: Node,
    passive: Option<Node>,
    checkpoint: Option<KeyTree>,
    /// Why the checkpoint is older than it should be.
    not_captured: Option<KeyStoreError>,
}

/// What coming online did to the node's registry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Restored {
    /// There is no checkpoint.
    Nothing,
    /// The node had what the checkpoint has.
    Same,
    /// The node had something else, which is lost.
    Overwritten,
}

/// Why something can't be done with a cluster.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ClusterError {
    /// There is no such node; without a cluster there is one.
    #[error("there is no node `{node}`")]
    NoSuchNode {
        /// The name.
        node: NodeName,
    },
    /// A service that is online is taken offline first.
    #[error("the service is online on node `{node}`")]
    Online {
        /// The node that it runs on.
        node: NodeName,
    },
    /// Without a cluster the first node is left, so the service has to be there.
    #[error("node `{node}` would go, and the service belongs to it")]
    ActiveNodeWouldGo {
        /// The node.
        node: NodeName,
    },
    /// The registry refused the edit.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The checkpoint could not be restored, so the service did not come online.
    #[error("the checkpoint can't be restored on node `{node}`")]
    Restore {
        /// The node.
        node: NodeName,
        /// Why.
        source: EditError,
    },
}

/// A cluster, to be shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClusterStatus {
    /// How it treats the polled key.
    pub mode: ClusterMode,
    /// Its nodes, by name.
    pub nodes: Vec<NodeStatus>,
    /// The checkpoint, in the mode that keeps one.
    pub checkpoint: Option<CheckpointStatus>,
}

/// A node, to be shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NodeStatus {
    /// Its name.
    pub name: NodeName,
    /// What it does.
    pub state: NodeState,
}

/// What a node does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NodeState {
    /// The service runs on it.
    Online,
    /// The service ran on it last, and is offline.
    Offline,
    /// It stands by.
    Passive,
}

/// A checkpoint, to be shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CheckpointStatus {
    /// The key that is kept, with all below it.
    pub key: KeyPath,
    /// How many keys the checkpoint has: none when the key was not there, or was never captured.
    pub keys: usize,
    /// How many values are in them.
    pub values: usize,
    /// Why the last capture failed; the checkpoint is that of the one before.
    pub not_captured: Option<KeyStoreError>,
}

impl Cluster {
    /// One node, `NODE1`, with this registry and no cluster. The service is online.
    pub fn new(registry: Arc<dyn Registry>) -> Self {
        Self {
            mode: ClusterMode::None,
            online: true,
            active: Node { name: NodeName::first(), registry },
            passive: None,
            checkpoint: None,
            not_captured: None,
        }
    }

    /// How the polled key is treated.
    pub fn mode(&self) -> ClusterMode {
        self.mode
    }

    /// Changes how the polled key is treated.
    ///
    /// A cluster is formed by a second machine, `NODE2`, on which nobody has configured anything yet: its registry is empty,
    /// and what was written on the first is not there. That is the trap of [`ClusterMode::PerNode`]; the checkpoint is what
    /// saves from it, and it is captured at once when it comes to be kept. Between the two modes of a cluster the
    /// registries stay as they are. Without a cluster the second machine goes, and its registry with it.
    ///
    /// # Errors
    /// [`ClusterError::ActiveNodeWouldGo`] when the service belongs to `NODE2` and there is to be no cluster.
    pub fn set_mode(&mut self, mode: ClusterMode) -> Result<(), ClusterError> {
        match mode {
            ClusterMode::None if self.active.name != NodeName::first() => {
                return Err(ClusterError::ActiveNodeWouldGo { node: self.active.name.clone() });
            }
            ClusterMode::None => self.passive = None,
            ClusterMode::PerNode | ClusterMode::Checkpointed => {
                self.passive.get_or_insert_with(Node::second);
            }
        }
        if mode != self.mode {
            self.mode = mode;
            (self.checkpoint, self.not_captured) = (None, None);
            self.capture();
        }
        Ok(())
    }

    /// The node that the service belongs to, online or not.
    pub fn active(&self) -> &Node {
        &self.active
    }

    /// Whether the service runs.
    pub fn is_online(&self) -> bool {
        self.online
    }

    /// A node.
    pub fn node(&self, name: &NodeName) -> Option<&Node> {
        self.nodes().find(|node| node.name == *name)
    }

    /// Edits the registry of a node, or without a name of the active one. Whether each edit changed anything.
    ///
    /// # Errors
    /// [`ClusterError::NoSuchNode`]; [`ClusterError::Edit`], and no edit is made.
    pub fn edit(
        &mut self,
        node: Option<&NodeName>,
        edits: &[Edit],
    ) -> Result<Vec<bool>, ClusterError> {
        let name = node.unwrap_or(&self.active.name);
        let on_active = *name == self.active.name;
        let changed = self.find(name)?.registry.edit(edits)?;
        if on_active && self.online {
            self.capture();
        }
        Ok(changed)
    }

    /// Takes the service offline; the checkpoint is captured a last time. Whether it was online.
    pub fn take_offline(&mut self) -> bool {
        if self.online {
            self.capture();
        }
        core::mem::take(&mut self.online)
    }

    /// Brings the service online on a node, which is a failover when it is the other one. The checkpoint is restored
    /// before, where the cluster keeps one ([MS-CMRP] 3.1.1.1.1.1).
    ///
    /// # Errors
    /// [`ClusterError::NoSuchNode`]; [`ClusterError::Online`]; [`ClusterError::Restore`]. The service stays where it was,
    /// and the registries as they were.
    pub fn bring_online(&mut self, node: &NodeName) -> Result<Restored, ClusterError> {
        let target = self.find(node)?;
        if self.online {
            return Err(ClusterError::Online { node: self.active.name.clone() });
        }
        let restored = self.restore(target)?;
        if let Some(passive) = self.passive.as_mut().filter(|passive| passive.name == *node) {
            core::mem::swap(&mut self.active, passive);
        }
        self.online = true;
        self.capture();
        Ok(restored)
    }

    /// The cluster as it is, without reading any registry.
    pub fn status(&self) -> ClusterStatus {
        let state = |node: &Node| match (node.name == self.active.name, self.online) {
            (false, _) => NodeState::Passive,
            (true, false) => NodeState::Offline,
            (true, true) => NodeState::Online,
        };
        let status = |node: &Node| NodeStatus { name: node.name.clone(), state: state(node) };
        let mut nodes: Vec<_> = self.nodes().map(status).collect();
        nodes.sort_by(|a, b| a.name.cmp(&b.name));
        let keeps_one = self.mode == ClusterMode::Checkpointed;
        let checkpoint = keeps_one.then(|| self.checkpoint_status());
        ClusterStatus { mode: self.mode, nodes, checkpoint }
    }

    fn checkpoint_status(&self) -> CheckpointStatus {
        let key = checkpointed_key();
        let tree = self.checkpoint.iter();
        let values: Vec<_> =
            tree.flat_map(|tree| tree.keys_below(&key)).map(|key| key.values().count()).collect();
        CheckpointStatus {
            keys: values.len(),
            values: values.iter().sum(),
            not_captured: self.not_captured.clone(),
            key,
        }
    }

    fn nodes(&self) -> impl Iterator<Item = &Node> {
        [Some(&self.active), self.passive.as_ref()].into_iter().flatten()
    }

    fn find(&self, name: &NodeName) -> Result<&Node, ClusterError> {
        self.node(name).ok_or_else(|| ClusterError::NoSuchNode { node: name.clone() })
    }

    /// Takes the checkpoint anew, where one is kept. One that can't be taken leaves the one before.
    fn capture(&mut self) {
        if self.mode != ClusterMode::Checkpointed {
            return;
        }
        match self.active.registry.tree() {
            Ok(tree) => {
                self.checkpoint = Some(tree.subtree(&checkpointed_key()));
                self.not_captured = None;
            }
            Err(error) => self.not_captured = Some(error),
        }
    }

    fn restore(&self, node: &Node) -> Result<Restored, ClusterError> {
        let Some(checkpoint) = &self.checkpoint else {
            return Ok(Restored::Nothing);
        };
        let restored = node.registry.replace(&checkpointed_key(), checkpoint);
        let restored = restored.map(|o| if o { Restored::Overwritten } else { Restored::Same });
        restored.map_err(|source| ClusterError::Restore { node: node.name.clone(), source })
    }
}

impl Node {
    fn second() -> Self {
        Self { name: NodeName::second(), registry: Arc::new(MemoryKeyStore::of_a_server()) }
    }

    /// Its name.
    pub fn name(&self) -> &NodeName {
        &self.name
    }

    /// Its registry. Edits go through [`Cluster::edit`], or the checkpoint misses them.
    pub fn registry(&self) -> &Arc<dyn Registry> {
        &self.registry
    }
}

impl NodeName {
    /// `NODE1`, the node that is there without a cluster.
    pub fn first() -> Self {
        Self("NODE1".to_owned())
    }

    /// `NODE2`.
    pub fn second() -> Self {
        Self("NODE2".to_owned())
    }
}

impl FromStr for NodeName {
    type Err = NodeNameError;

    fn from_str(name: &str) -> Result<Self, NodeNameError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if (1..=MAX_NODE_NAME).contains(&name.len()) && name.bytes().all(allowed) {
            Ok(Self(name.to_owned()))
        } else {
            Err(NodeNameError { name: name.to_owned() })
        }
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq for NodeName {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for NodeName {}

impl Ord for NodeName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.to_ascii_uppercase().cmp(&other.0.to_ascii_uppercase())
    }
}

impl PartialOrd for NodeName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The one key that a checkpoint keeps, with all below it.
fn checkpointed_key() -> KeyPath {
    KeyPath::parameters_system()
}
