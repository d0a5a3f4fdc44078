//! The registry as the store reads it: keys, typed values, where they are kept and edited, what goes wrong with reading
//! them, the registries of a cluster's nodes, and the schedule of the poll.
//! The registry as the store reads it: keys, typed values, key stores, `.reg` files, and the schedule of the poll.
//!
//! *Registry* is the Windows registry only. Values keep their bytes as the registry holds them (`REG_SZ` is UTF-16LE);
//! [`Reading`] is what a read of a text value came to: not found, wrong type and unreadable are three different things
//! (policy A7, A8, A9).

mod cluster;
mod edit;
mod fault;
#[cfg(feature = "file")]
mod file;
mod key_path;
mod key_store;
mod memory;
mod reading;
mod reg_file;
mod schedule;
mod tree;
mod value;

pub use cluster::{
    CheckpointStatus, Cluster, ClusterError, ClusterImage, ClusterMode, ClusterStatus, Node,
    NodeName, NodeNameError, NodeState, NodeStatus, Restored,
};
pub use edit::{Edit, EditError};
pub use fault::{DisturbedReads, FaultId, FaultKind, FiringFault, ReadMemory};
#[cfg(feature = "file")]
pub use file::{FileKeyStore, FileOpenError};
pub use key_path::{KeyPath, NameError, ValueName};
pub use key_store::{KeyStore, KeyStoreError, Registry};
pub use memory::MemoryKeyStore;
pub use reading::{InvalidValue, MAX_TEXT_BYTES, Reading, ValueRead};
pub use reg_file::{
    AnsiCodePage, MAX_REG_FILE_BYTES, MAX_REG_FILE_EDITS, MAX_REG_FILE_ERRORS, RegFile,
    RegFileError, RegFileErrors, RegFileProblem, RegFileVersion, RegFileWriteError,
};
pub use schedule::{Poll, PollNumber, PollSchedule, PollTrigger, Requested};
pub use tree::{Key, KeyTree, MAX_REGISTRY_BYTES, MAX_VALUE_BYTES};
pub use value::{RegType, RegValue};
