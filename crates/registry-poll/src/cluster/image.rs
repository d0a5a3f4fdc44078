//! A cluster as it was at some moment, to be set up again.

use std::sync::Arc;

use crate::{KeyStoreError, KeyTree, MemoryKeyStore, Registry};

use super::{Cluster, ClusterMode, Node, NodeName};

/// A cluster as it was at some moment.
#[derive(Clone, Debug)]
pub struct ClusterImage {
    mode: ClusterMode,
    online: bool,
    active: NodeImage,
    passive: Option<NodeImage>,
    checkpoint: Option<KeyTree>,
    not_captured: Option<KeyStoreError>,
}

#[derive(Clone, Debug)]
struct NodeImage {
    name: NodeName,
    held: Held,
}

/// What was in a node's registry.
#[derive(Clone, Debug)]
enum Held {
    /// This.
    Tree(Arc<KeyTree>),
    /// It belongs to somebody else, and stays as its owner has it.
    Theirs(Arc<dyn Registry>),
}

impl Cluster {
    /// The cluster as it is. Of `theirs`, a registry that belongs to somebody else, nothing is kept but that it is there.
    ///
    /// # Errors
    /// When another registry can't be read; those in memory always can.
    pub fn image(&self, theirs: Option<&Arc<dyn Registry>>) -> Result<ClusterImage, KeyStoreError> {
        let Self { mode, online, active, passive, checkpoint, not_captured } = self;
        let image = |node: &Node| node.image(theirs);
        Ok(ClusterImage {
            mode: *mode,
            online: *online,
            active: image(active)?,
            passive: passive.as_ref().map(image).transpose()?,
            checkpoint: checkpoint.clone(),
            not_captured: not_captured.clone(),
        })
    }
}

impl Node {
    fn image(&self, theirs: Option<&Arc<dyn Registry>>) -> Result<NodeImage, KeyStoreError> {
        let is_theirs = theirs.is_some_and(|theirs| Arc::ptr_eq(theirs, &self.registry));
        let held = match is_theirs {
            true => Held::Theirs(Arc::clone(&self.registry)),
            false => Held::Tree(self.registry.tree()?),
        };
        Ok(NodeImage { name: self.name.clone(), held })
    }
}

impl ClusterImage {
    /// The cluster as it was, with registries in memory that hold what its nodes' held. One that belongs to somebody else
    /// is there again as its owner has it now.
    pub fn cluster(&self) -> Cluster {
        let Self { mode, online, active, passive, checkpoint, not_captured } = self;
        Cluster {
            mode: *mode,
            online: *online,
            active: active.node(),
            passive: passive.as_ref().map(NodeImage::node),
            checkpoint: checkpoint.clone(),
            not_captured: not_captured.clone(),
        }
    }

    /// Whether a node's registry belongs to somebody else.
    pub fn has_theirs(&self) -> bool {
        self.nodes().any(|node| matches!(node.held, Held::Theirs(_)))
    }

    /// Bytes that it keeps, about.
    pub fn weight(&self) -> usize {
        let trees = self.nodes().filter_map(|node| match &node.held {
            Held::Tree(tree) => Some(&**tree),
            Held::Theirs(_) => None,
        });
        trees.chain(&self.checkpoint).map(KeyTree::bytes).fold(0, usize::saturating_add)
    }

    fn nodes(&self) -> impl Iterator<Item = &NodeImage> {
        std::iter::once(&self.active).chain(&self.passive)
    }
}

impl NodeImage {
    fn node(&self) -> Node {
        let registry: Arc<dyn Registry> = match &self.held {
            Held::Tree(tree) => Arc::new(MemoryKeyStore::holding(Arc::clone(tree))),
            Held::Theirs(registry) => Arc::clone(registry),
        };
        Node { name: self.name.clone(), registry }
    }
}
