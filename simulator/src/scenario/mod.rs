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
//!
//! A JSON Schema of this is made from the types that read it ([`schema()`]); the control plane takes the same as JSON.
//!
//! A scenario may begin on another build than the store's own, `build = "6.5.7638"` beside `start`. A step that the store
//! has to refuse says with which problem: `install_hotfix = true` and `refused = "hotfix-needs-sp2"`.

mod action_tables;
mod amount;
mod error;
mod expectation;
mod inject_table;
mod parse;
mod place;
mod schema;
mod step_table;
mod written;

use core::time::Duration;

use clock::SimTime;

use crate::build::BuildNumber;
use crate::driver::{
    Apply, BlockList, ClusterMode, FaultRule, PolicyMode, RegistryValue, Transport, ValuePlace,
};
use crate::fleet::Fleet;
use crate::name::ProcessName;
use crate::spec::ClientSpec;
pub use amount::Amount;
pub use error::{ScenarioError, Wrong};
pub use expectation::{
    BuildExpectation, ClientExpectation, EventExpectation, Expectation, FileExpectation,
    LintExpectation, PolicyExpectation, PollExpectation, SessionExpectation,
};
pub use parse::ScenarioTable;
pub use place::{ScenarioPlace, locate};
pub use schema::schema;
pub use written::StoreTable;

/// A scenario.
#[derive(Clone, PartialEq, Debug)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// What it shows.
    pub about: String,
    /// Store time when it starts.
    pub start: SimTime,
    /// The build that the store starts with; none for its own.
    pub build: Option<BuildNumber>,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// A step of a scenario.
#[derive(Clone, PartialEq, Debug)]
pub struct Step {
    /// One sentence for the timeline.
    pub say: String,
    /// What is done.
    pub action: StepAction,
    /// The name of the problem type that the store has to refuse it with; none when it has to do it.
    pub refused: Option<String>,
}

/// What a step does.
#[derive(Clone, PartialEq, Debug)]
pub enum StepAction {
    /// Injects clients and starts them.
    Inject(Vec<InjectEntry>),
    /// Injects a fleet, whose clients come and go of their own accord.
    Fleet(Box<Fleet>),
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
    /// Sets a value of the key that the store polls.
    SetValue {
        /// Where.
        at: ValuePlace,
        /// To what.
        value: RegistryValue,
    },
    /// Deletes a value of the key that the store polls.
    DeleteValue {
        /// Where.
        at: ValuePlace,
    },
    /// Replaces the store's files by those of a build, which runs from the next start on.
    InstallBuild(BuildNumber),
    /// Installs the hotfix of KB 920185, which stops and starts the service.
    InstallHotfix,
    /// Stops the service and starts it.
    Restart,
    /// Makes the store a cluster, or none.
    Cluster(ClusterMode),
    /// Moves the service to another node of the cluster.
    FailOver {
        /// Its name; none for the passive one.
        to: Option<String>,
    },
    /// Writes block lists.
    Block {
        /// Which, and what is written.
        lists: Vec<(BlockList, String)>,
        /// When it takes effect.
        apply: Apply,
    },
    /// Takes block lists away.
    Unblock {
        /// Which.
        lists: Vec<BlockList>,
        /// When it takes effect.
        apply: Apply,
    },
    /// Sets whether the policy is acted on.
    PolicyMode(PolicyMode),
    /// Changes settings of the store.
    Settings(StoreTable),
    /// Adds a fault rule.
    Fault(FaultRule),
    /// Takes every fault rule away.
    ClearFaults,
    /// Takes a snapshot of this name.
    Snapshot(String),
    /// Goes back to the last snapshot of this name.
    Restore(String),
    /// Moves the clock on.
    Advance(Advance),
    /// Polls the registry now.
    Poll,
    /// Waits until something is so.
    Wait(Wait),
    /// Looks whether the store is as it should be.
    Expect(Box<Expectation>),
}

/// How far the clock moves on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Advance {
    /// By a span.
    By(Duration),
    /// To a time.
    To(SimTime),
    /// To the next poll of the registry.
    NextPoll,
}

/// What is waited for, and how long.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wait {
    /// The condition, as POST /waits takes it.
    pub until: StoreTable,
    /// Store time that it may take. The clock is moved meanwhile.
    pub within: Duration,
    /// Time of the wall that it may take; none for as long as the driver allows.
    pub timeout: Option<Duration>,
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
    /// action, a look that is to be refused, or a step that names a group no earlier one injects. The error says where.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        parse::parse(text)
    }
}
