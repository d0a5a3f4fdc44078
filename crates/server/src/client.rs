//! What the store's task needs of an injected client.
//!
//! The client itself is the simulator's; here it is a machine that takes bytes and gives bytes. Its bytes go through
//! the same association as everybody's, over the in-process pipe or over TCP.

use std::any::Any;

use clock::SimTime;
use infostore::{ClientId, Transport};

/// An injected client: a machine with one connection at a time, no time of its own and no socket.
///
/// After each input the driver drains [`FakeClient::poll_action`]. It is [`Any`], so that whoever injected it can ask it for
/// what this trait does not know of, and [`Sync`], since a snapshot holds copies.
pub trait FakeClient: Any + Send + Sync {
    /// The program is started, or told to connect again.
    fn connect(&mut self, now: SimTime);
    /// The program is told to disconnect.
    fn disconnect(&mut self, now: SimTime);
    /// The connection that it asked for is there.
    fn handle_connected(&mut self, now: SimTime);
    /// Bytes have come in.
    fn handle_bytes(&mut self, now: SimTime, bytes: &[u8]);
    /// The connection is gone, or could not be made; `why` is one clause.
    fn handle_closed(&mut self, now: SimTime, why: &str);
    /// A deadline has been reached.
    fn handle_timeout(&mut self, now: SimTime);
    /// The next deadline.
    fn poll_timeout(&self) -> Option<SimTime>;
    /// What it does next.
    fn poll_action(&mut self) -> Option<ClientAction>;
    /// The same client with a life of its own, for a snapshot: it goes on from here as this one would.
    fn copy(&self) -> Box<dyn FakeClient>;
    /// What it shows of itself.
    fn view(&self) -> ClientView;
}

/// What a client asks of its transport.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ClientAction {
    /// Open a connection.
    Dial,
    /// Send bytes.
    Send(Vec<u8>),
    /// Close the connection.
    HangUp,
}

/// A client to inject.
pub struct Injection {
    /// The machine.
    pub client: Box<dyn FakeClient>,
    /// How its bytes travel.
    pub transport: Transport,
    /// Its owner's label, which no decision sees.
    pub group: Option<String>,
}

/// What an injected client shows of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientView {
    /// The program it reports; none when it sends no auxiliary block.
    pub process: Option<String>,
    /// Four parts.
    pub client_version: String,
    /// The user's name.
    pub user: String,
    /// The computer's name.
    pub machine: String,
    /// "classic" or "cached".
    pub mode: &'static str,
    /// "idle", "connecting", "connected", "refused", "disconnected" or "failed".
    pub state: &'static str,
    /// The last error code, or what went wrong, as the client understood it.
    pub outcome: Option<String>,
    /// How often it began to connect.
    pub attempts: u64,
}

/// An injected client as the store's task lists it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedClient {
    /// Its number.
    pub id: ClientId,
    /// How its bytes travel.
    pub transport: Transport,
    /// Its owner's label.
    pub group: Option<String>,
    /// What it shows of itself.
    pub view: ClientView,
}
