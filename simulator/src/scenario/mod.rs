//! Scenarios: a start and steps, as a TOML file.
//!
//! ```toml
//! name = "block-one-program"
//! about = "A listed program is cut off at the next poll."
//! start = "2006-04-22T08:00:00Z"
//!
//! [[steps]]
//! say = "A beta program connects."
//! inject = [{ process = "mdl.exe", count = 2, group = "beta" }]
//!
//! [[steps]]
//! say = "It is put on the list."
//! set_value = { name = "Disable MAPI Client Processes", data = "mdl.exe" }
//!
//! [[steps]]
//! say = "The store polls."
//! advance = "15m"
//!
//! [[steps]]
//! say = "The program is gone."
//! expect = { sessions = [{ group = "beta", count = 0 }], clients = [{ group = "beta", state = "disconnected" }] }
//! ```
//!
//! Each step says in one sentence what it is, for the timeline, and has exactly one action. Clients are numbered from 1
//! through the whole scenario; `{n}` in a user's or machine's name stands for the number.

mod error;
mod expectation;
mod parse;

use core::time::Duration;

use clock::SimTime;

use crate::driver::Transport;
use crate::name::ProcessName;
use crate::spec::ClientSpec;
pub use error::ScenarioError;
pub use expectation::{ClientExpectation, EventExpectation, Expectation, SessionExpectation};

/// A scenario.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// What it shows.
    pub about: String,
    /// Store time when it starts.
    pub start: SimTime,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// A step of a scenario.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// One sentence for the timeline.
    pub say: String,
    /// What is done.
    pub action: StepAction,
}

/// What a step does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StepAction {
    /// Injects clients and starts them.
    Inject(Vec<InjectEntry>),
    /// Tells the clients of a group to connect again.
    Connect {
        /// The group's label.
        group: String,
    },
    /// Tells the clients of a group to disconnect.
    Disconnect {
        /// The group's label.
        group: String,
    },
    /// Lets the clients of a group name a program in a call.
    Report {
        /// The group's label.
        group: String,
        /// The program.
        process: ProcessName,
    },
    /// Lets the clients of a group make a call that does nothing.
    Touch {
        /// The group's label.
        group: String,
    },
    /// Sets a `REG_SZ` of the key that the store polls.
    SetValue {
        /// The value's name.
        name: String,
        /// Its text.
        data: String,
    },
    /// Deletes a value of the key that the store polls.
    DeleteValue {
        /// The value's name.
        name: String,
    },
    /// Moves the clock on.
    Advance(Duration),
    /// Polls the registry now.
    Poll,
    /// Looks whether the store is as it should be.
    Expect(Expectation),
}

/// Clients of one kind to inject.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InjectEntry {
    /// What they are.
    pub spec: ClientSpec,
    /// How many, 1 to 100,000.
    pub count: u32,
    /// How their bytes travel.
    pub transport: Transport,
    /// Their label, by which later steps name them.
    pub group: Option<String>,
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// When the text is no TOML, has a field that is unknown, missing or of a wrong value, a step without exactly one
    /// action, or a step that names a group no earlier one injects. The error says where.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        parse::parse(text)
    }
}
