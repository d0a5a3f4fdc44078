//! What a scenario needs of a store, and nothing more: the one way in which the runner reaches it.

use core::error::Error;
use core::fmt;
use core::time::Duration;

use clock::SimTime;
use serde::{Deserialize, Serialize};

use crate::build::{BuildNumber, BuildView};
use crate::event::StoreEvent;
use crate::machine::ClientState;
use crate::name::ProcessName;
use crate::spec::ClientSpec;

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

    /// Tells a client to connect again.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn connect_client(&mut self, client: ClientId) -> Result<(), DriverError>;

    /// Tells a client to disconnect.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn disconnect_client(&mut self, client: ClientId) -> Result<(), DriverError>;

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

    /// Moves the clock on.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn advance(&mut self, by: Duration) -> Result<(), DriverError>;

    /// Polls the registry now.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn poll_now(&mut self) -> Result<(), DriverError>;

    /// Store time.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn now(&mut self) -> Result<SimTime, DriverError>;

    /// The live sessions.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn sessions(&mut self) -> Result<Vec<SessionView>, DriverError>;

    /// The injected clients.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn clients(&mut self) -> Result<Vec<ClientView>, DriverError>;

    /// The events whose `seq` is above `seq`, in order, all of them; 0 gives the whole journal since the start.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`], and when events after `seq` have left the journal.
    fn events_after(&mut self, seq: u64) -> Result<Vec<StoreEvent>, DriverError>;
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
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
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

/// How the nodes of a cluster share the key that the store polls.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
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

/// A live session, as far as a scenario looks at it. Other fields of the control plane's answer are ignored.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct SessionView {
    /// The program; none when the store knows of none, and then the session is unidentified.
    pub process: Option<String>,
    /// The client's label.
    pub group: Option<String>,
}

/// An injected client, as far as a scenario looks at it. Other fields of the control plane's answer are ignored.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct ClientView {
    /// Its label.
    pub group: Option<String>,
    /// Where it stands.
    pub state: ClientState,
    /// How it came there, in its own words.
    pub outcome: Option<String>,
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
