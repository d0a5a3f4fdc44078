//! What a scenario needs of a store, and nothing more: the one way in which the runner reaches it.

use core::error::Error;
use core::fmt;
use core::time::Duration;

use clock::SimTime;
use serde::{Deserialize, Serialize};

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

    /// Sets a `REG_SZ` of the key that the store polls.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn set_value(&mut self, name: &str, data: &str) -> Result<(), DriverError>;

    /// Deletes a value of the key that the store polls.
    ///
    /// # Errors
    /// As [`StoreDriver::start_over`].
    fn delete_value(&mut self, name: &str) -> Result<(), DriverError>;

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
pub struct DriverError(Box<dyn Error + Send + Sync>);

impl DriverError {
    /// Takes whatever the driver has, an error or a text.
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(error.into())
    }
}

impl DriverError {
    /// What the driver gave.
    #[must_use]
    pub fn get_ref(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.0
    }
}

impl fmt::Display for DriverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for DriverError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}
