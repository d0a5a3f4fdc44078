//! What the stores of one process share, and nothing else: descriptors, and ports.

use std::sync::Arc;

use crate::budget::Budget;
use crate::ports::Ports;

/// What the stores of one process share.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) connections: Arc<Budget>,
    pub(crate) ports: Ports,
}

impl Process {
    /// A process whose stores have at most so many connections together.
    pub(crate) fn new(connections: usize) -> Arc<Self> {
        Arc::new(Self { connections: Budget::new(connections), ports: Ports::default() })
    }
}
