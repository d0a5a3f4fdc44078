//! What a scenario needs of a store, and nothing more: the one way in which the runner reaches it.

use core::error::Error;
use core::fmt;

use clock::SimTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::build::{BuildNumber, BuildView};
use crate::event::StoreEvent;
use crate::fleet::Fleet;
use crate::machine::ClientState;
use crate::name::ProcessName;
use crate::scenario::{StoreTable, Wait};
use crate::spec::ClientSpec;
use crate::version::ClientVersion;

/// A store that plays a scenario. Every call returns when the store is quiescent: all that follows from it has happened.
pub trait StoreDriver {
    /// Empties the store and starts it anew: no client, no registry value, an empty journal, a manual clock at `start`.
    ///
    /// # Errors
    /// When the store cannot do it, or cannot be reached; the same holds of every other method.
    fn start_over(&mut self, start: SimTime) -> Result<(), DriverError>;

    /// Injects clients and starts them, in order.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn inject(&mut self, clients: &[Injection]) -> Result<Vec<ClientId>, DriverError>;

    /// Injects a fleet, and gives the clients of each of its groups, in order.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`]; the store refuses more clients than it takes.
    fn deploy(&mut self, fleet: &Fleet) -> Result<Vec<(String, Vec<ClientId>)>, DriverError>;

    /// Tells clients to connect again, in order.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn connect_clients(&mut self, clients: &[ClientId]) -> Result<(), DriverError>;

    /// Tells clients to disconnect, in order.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn disconnect_clients(&mut self, clients: &[ClientId]) -> Result<(), DriverError>;

    /// Lets a client name a program in a call. One that is not connected does nothing.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn report(&mut self, client: ClientId, process: &ProcessName) -> Result<(), DriverError>;

    /// Lets a client make a call that does nothing. One that is not connected does nothing.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn touch(&mut self, client: ClientId) -> Result<(), DriverError>;

    /// Sets a value of the key that the store polls.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn set_value(&mut self, at: &ValuePlace, value: &RegistryValue) -> Result<(), DriverError>;

    /// Deletes a value of the key that the store polls.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn delete_value(&mut self, at: &ValuePlace) -> Result<(), DriverError>;

    /// Writes the text of a block list.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn block(&mut self, list: BlockList, text: &str, apply: Apply) -> Result<(), DriverError>;

    /// Takes a block list away.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn unblock(&mut self, list: BlockList, apply: Apply) -> Result<(), DriverError>;

    /// Sets whether the policy is acted on.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn set_policy_mode(&mut self, mode: PolicyMode) -> Result<(), DriverError>;

    /// Changes settings of the store.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`]; the store refuses what it does not know.
    fn change_settings(&mut self, settings: &StoreTable) -> Result<(), DriverError>;

    /// Adds a fault rule.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`]; the store refuses what it does not know.
    fn add_fault(&mut self, rule: &FaultRule) -> Result<(), DriverError>;

    /// Takes every fault rule away.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn clear_faults(&mut self) -> Result<(), DriverError>;

    /// Takes a snapshot.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn take_snapshot(&mut self, name: &str) -> Result<SnapshotId, DriverError>;

    /// Goes back to a snapshot. The journal begins anew, and so do the `seq` of its events.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`]; the store refuses it when there is no such snapshot.
    fn restore(&mut self, snapshot: SnapshotId) -> Result<(), DriverError>;

    /// Replaces the store's files by those of a build, which runs from the next start on.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn install_build(&mut self, build: BuildNumber) -> Result<(), DriverError>;

    /// Installs the hotfix of KB 920185, which stops and starts the service.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`]; the store refuses it on a build that it is not for.
    fn install_hotfix(&mut self) -> Result<(), DriverError>;

    /// The build, and the files that it consists of.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn build(&mut self) -> Result<BuildView, DriverError>;

    /// Stops the service and starts it: sessions end, and the registry is read before anybody is admitted.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn restart(&mut self) -> Result<(), DriverError>;

    /// Makes the store a cluster, or none.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn set_cluster(&mut self, mode: ClusterMode) -> Result<(), DriverError>;

    /// Moves the service to a node, the passive one unless one is named.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`]; the store refuses it when there is no such node, or no cluster.
    fn fail_over(&mut self, to: Option<&str>) -> Result<(), DriverError>;

    /// Moves the clock on. Everything due on the way happens at its own instant.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`]; the store refuses to go back.
    fn advance_to(&mut self, to: SimTime) -> Result<(), DriverError>;

    /// When the next poll of the registry ends; none while the service is stopped.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn next_poll(&mut self) -> Result<Option<SimTime>, DriverError>;

    /// Polls the registry now.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn poll_now(&mut self) -> Result<(), DriverError>;

    /// Waits until something is so. Events count that come after those that [`StoreDriver::events_after`] gave last.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`]. That it did not come to it is none.
    fn wait(&mut self, wait: &Wait) -> Result<Waited, DriverError>;

    /// Store time, and what is due next.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn clock(&mut self) -> Result<ClockView, DriverError>;

    /// How many live sessions are as `which` says. Its state and outcome are of clients, and of no effect.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn count_sessions(&mut self, which: &Selection) -> Result<u64, DriverError>;

    /// How many injected clients are as `which` says.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn count_clients(&mut self, which: &Selection) -> Result<u64, DriverError>;

    /// How many of the injected clients that are as `which` says stand where, in the order in which each place was met first.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn tally_clients(&mut self, which: &Selection) -> Result<Vec<ClientTally>, DriverError>;

    /// What there is to say about the text of a block list, as it is in the registry: the code of each lint.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn lints(&mut self, list: BlockList) -> Result<Vec<String>, DriverError>;

    /// A poll that is over.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn poll(&mut self, number: u64) -> Result<PollView, DriverError>;

    /// How the policy is acted on, and what that comes to.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn policy(&mut self) -> Result<PolicyView, DriverError>;

    /// Adds the next events whose `seq` is above `seq` to `events`, in order, at most a page of them, and says whether there are
    /// more; 0 begins with the first.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`], and when events after `seq` have left the journal.
    fn events_after(&mut self, seq: u64, events: &mut Vec<StoreEvent>)
    -> Result<bool, DriverError>;
}

/// A client to inject.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Injection {
    /// The client, its number filled in.
    pub spec: ClientSpec,
    /// How its bytes travel.
    pub transport: Transport,
    /// Its label.
    pub group: Option<String>,
}

/// How a client's bytes travel.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// Within the store's process.
    #[default]
    Pipe,
    /// Over a socket.
    Tcp,
}

/// Where a value of the key that the store polls is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ValuePlace {
    /// The value's name.
    pub name: String,
    /// The cluster's node whose registry it is in; none for the one that the store runs on.
    pub node: Option<String>,
}

/// A registry value, as the control plane writes it: `{"type":"REG_SZ","data":"mdl.exe"}`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RegistryValue {
    /// Its type, as `REG_SZ`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it holds.
    pub data: RegistryData,
}

/// What a registry value holds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(untagged)]
pub enum RegistryData {
    /// The text of a `REG_SZ` or a `REG_EXPAND_SZ`, or any other value's bytes in hexadecimal.
    Text(String),
    /// The number of a `REG_DWORD`.
    Number(u32),
    /// The texts of a `REG_MULTI_SZ`.
    Texts(Vec<String>),
}

/// A block list.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum BlockList {
    /// Programs, by the name of their executable.
    Processes,
    /// Versions of the MAPI provider.
    Versions,
}

/// When a change of a block list takes effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Apply {
    /// With the next poll, as the article says.
    #[default]
    NextPoll,
    /// With a poll that runs at once.
    Now,
}

/// Whether the policy is acted on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PolicyMode {
    /// Sessions that it forbids are refused and disconnected.
    Enforce,
    /// What it would do is decided and journalled, and done to nobody.
    Audit,
}

/// A fault rule, as POST /faults takes it. What its tables hold is for the store to know.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// What it applies to; everything that the effect can be had on unless told.
    #[serde(default)]
    pub r#match: StoreTable,
    /// What goes wrong.
    pub effect: StoreTable,
    /// How often; every time unless told.
    #[serde(default)]
    pub schedule: StoreTable,
}

/// A snapshot's number, as the store gives it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SnapshotId(pub u64);

/// How a wait ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Waited {
    /// What was waited for is so.
    Met,
    /// It is not; why, in the store's words.
    NotMet(String),
}

/// A poll that is over, as far as a scenario looks at it. Other fields of the control plane's answer are ignored.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct PollView {
    /// What was read.
    pub reads: Vec<ReadView>,
    /// Whether a policy with other rules came of it.
    pub changed: bool,
    /// The policy in force after it.
    pub generation: u64,
    /// Sessions that it disconnected.
    pub disconnected: u64,
    /// In audit mode, sessions that it would have disconnected.
    pub would_block: u64,
}

/// What a poll found in the value of a list.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct ReadView {
    /// The list.
    pub list: BlockList,
    /// What its value was read as.
    pub reading: Reading,
}

/// What a value was read as.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// A list.
    Text,
    /// No value: the policy is off.
    NotFound,
    /// A value that is no text: as good as none.
    Invalid,
    /// The registry could not say: the last good policy stays.
    Unreadable,
    /// It was not read: it was not there when the service started, and `registry_watch` is `armed_at_start`.
    NotWatched,
}

/// How the policy is acted on. Other fields of the control plane's answer are ignored.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
pub struct PolicyView {
    /// Whether it is.
    pub mode: PolicyMode,
    /// The policy in force.
    pub generation: u64,
    /// Live sessions that it forbids.
    pub forbidden: u64,
    /// Sessions that it would have kept out or ended since the start.
    pub would_block: u64,
}

/// How the nodes of a cluster share the key that the store polls.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClusterMode {
    /// There is no cluster: one node.
    None,
    /// Each node has what was written there.
    PerNode,
    /// A checkpoint goes from node to node.
    Checkpointed,
}

/// An injected client's number, as the store gives it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientId(pub u64);

/// Which sessions or clients are meant: those that are all of this.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Selection {
    /// The program.
    pub process: OfProcess,
    /// The label; none for any.
    pub group: Option<String>,
    /// The version; none for any.
    pub client_version: Option<ClientVersion>,
    /// Where a client stands; none for anywhere.
    pub state: Option<ClientState>,
}

/// Which program is meant.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum OfProcess {
    /// Any, and none.
    #[default]
    Any,
    /// No name is known.
    Unnamed,
    /// This one, in any case.
    Named(String),
}

impl OfProcess {
    /// The program of this name, or any.
    pub(crate) fn named(name: Option<&str>) -> Self {
        name.map_or(Self::Any, |name| Self::Named(name.to_owned()))
    }
}

/// Store time, and what is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClockView {
    /// Store time.
    pub now: SimTime,
    /// The earliest thing that is due; none when nothing is.
    pub next_deadline: Option<SimTime>,
}

/// Clients that stand in one place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientTally {
    /// Where they stand.
    pub state: ClientState,
    /// How they came there, in their own words.
    pub outcome: Option<String>,
    /// How many.
    pub count: u64,
}

/// Why a store did not do what it was told, in the driver's own words.
#[derive(Debug)]
pub struct DriverError {
    error: Box<dyn Error + Send + Sync>,
    problem: Option<String>,
}

impl DriverError {
    /// Takes whatever the driver has, an error or a text.
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { error: error.into(), problem: None }
    }

    /// The store was reached and refused. `problem` is the name of the problem type, as `hotfix-needs-sp2`.
    pub fn refused(
        problem: impl Into<String>,
        error: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { error: error.into(), problem: Some(problem.into()) }
    }

    /// What the driver gave.
    #[must_use]
    pub fn get_ref(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.error
    }

    /// The name of the problem type, when the store refused.
    #[must_use]
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }
}

impl fmt::Display for DriverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Error for DriverError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}
