//! The sockets of a store: who ends the store waits until the last of them is closed.

use tokio::sync::watch;

/// Counts what holds a socket of a store: its listeners, its connections, its injected TCP clients.
#[derive(Clone, Debug)]
pub(crate) struct Sockets(watch::Sender<()>);

/// Held by a task for as long as it has a socket. In a structure it comes after the socket: fields are dropped in order.
#[derive(Debug)]
pub(crate) struct OpenSocket {
    _counted: watch::Receiver<()>,
}

impl Sockets {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(()))
    }

    /// One more.
    pub(crate) fn open(&self) -> OpenSocket {
        OpenSocket { _counted: self.0.subscribe() }
    }

    /// Waits until all are closed.
    pub(crate) async fn closed(&self) {
        self.0.closed().await;
    }
}
