//! Fake MAPI clients, which speak the bytes of real ones.

mod identity;
mod machine;
mod name;
mod spec;
mod version;

pub use machine::{
    Action, AnswerError, CallError, ClientMachine, ClientState, MachineOptions, Outcome,
};
pub use name::{MachineName, ProcessName, UserName};
pub use spec::{ClientFields, ClientMode, ClientSpec, SpecError};
pub use version::ClientVersion;
