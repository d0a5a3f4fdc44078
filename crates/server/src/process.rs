//! What the stores of one process share, and nothing else: descriptors, ports, and where captures go.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use crate::budget::Budget;
use crate::helpers::ClientSockets;
use crate::ports::Ports;

/// What the stores of one process share.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) connections: Arc<Budget>,
    pub(crate) ports: Ports,
    /// The folder of captures.
    pub(crate) capture: Option<PathBuf>,
    /// Where the sockets of injected TCP clients are, once somebody says so.
    pub(crate) client_sockets: OnceLock<Arc<ClientSockets>>,
}

impl Process {
    /// A process whose stores have at most so many connections together, which are captured into files of a folder.
    pub(crate) fn new(connections: usize, capture: Option<PathBuf>) -> Arc<Self> {
        let connections = Budget::new(connections);
        Arc::new(Self {
            connections,
            ports: Ports::default(),
            capture,
            client_sockets: OnceLock::new(),
        })
    }
}
