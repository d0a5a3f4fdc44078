//! A recording: what a store was asked and what it did, in one file that can be played again.
//!
//! Inputs are requests to the control plane, taken one at a time by a layer of its router; what they made follows each, told by
//! the store's tap. To replay a recording is to record again, over the same layer, and to hold one against the other: so there
//! is nothing that one writes and the other does not understand.

mod chain;
mod entries;
mod input;
mod layer;
mod line;
mod reader;
mod recorder;
mod replay;
mod secrets;
mod setup;

pub use chain::Chain;
pub use entries::{Entries, EntryText};
pub(crate) use layer::{disturbed, record};
pub use line::{Answer, Broken, End, Header, Input, Line, Opportunity, RecordedEntry};
pub use reader::{Reader, RecordedLine, RecordingError};
pub use recorder::{Happenings, Recorder};
pub use replay::{Replay, ReplayError};
pub use setup::{Setup, SetupError};
