//! Where the simulator's client meets the store's idea of one: the same methods under two roofs.

use std::any::Any;

use clock::SimTime;
use infostore::ClientId;
use server::{ClientAction, ClientView, FakeClient, ListedClient, StoreError, StoreHandle};
use simulator::{Action, CallError, ClientSpec, Habits, ProcessName, Program};
use tokio::sync::oneshot;

use crate::clients::ClientKind;

/// A simulated client, as a store injects it.
pub(crate) struct Simulated(pub(crate) Program);

impl Simulated {
    /// What it simulates.
    pub(crate) fn spec(&self) -> &ClientSpec {
        self.0.machine().spec()
    }

    /// Whether it is a client of this kind and number; whoever took another name is not.
    pub(crate) fn is(&self, kind: &ClientKind, number: u64) -> bool {
        let none = Habits::default();
        *self.spec() == kind.spec.numbered(number)
            && *self.0.habits().unwrap_or(&none) == *kind.habits
    }

    /// Has it be another when it connects next; it has no connection now.
    pub(crate) fn respec(&mut self, spec: ClientSpec) {
        self.0.respec(spec);
    }

    fn run(&mut self, errand: Errand) -> Result<(), CallError> {
        match errand {
            Errand::Touch => self.0.touch(),
            Errand::Report(process) => self.0.report(&process),
        }
    }
}

impl FakeClient for Simulated {
    fn connect(&mut self, now: SimTime) {
        self.0.connect(now);
    }

    fn disconnect(&mut self, now: SimTime) {
        self.0.disconnect(now);
    }

    fn handle_connected(&mut self, now: SimTime) {
        self.0.handle_connected(now);
    }

    fn handle_bytes(&mut self, now: SimTime, bytes: &[u8]) {
        self.0.handle_bytes(now, bytes);
    }

    fn handle_closed(&mut self, now: SimTime, why: &str) {
        self.0.handle_closed(now, why);
    }

    fn handle_timeout(&mut self, now: SimTime) {
        self.0.handle_timeout(now);
    }

    fn poll_timeout(&self) -> Option<SimTime> {
        self.0.poll_timeout()
    }

    fn poll_action(&mut self) -> Option<ClientAction> {
        Some(match self.0.poll_action()? {
            Action::Dial => ClientAction::Dial,
            Action::Send(bytes) => ClientAction::Send(bytes),
            Action::HangUp => ClientAction::HangUp,
        })
    }

    fn copy(&self) -> Box<dyn FakeClient> {
        Box::new(Self(self.0.clone()))
    }

    fn view(&self) -> ClientView {
        let spec = self.0.machine().spec();
        ClientView {
            process: spec.process().map(ToString::to_string),
            client_version: spec.client_version().to_string(),
            user: spec.user().to_string(),
            machine: spec.machine().to_string(),
            mode: spec.mode().name(),
            state: self.0.machine().state().name(),
            outcome: self.0.machine().outcome().map(ToString::to_string),
            attempts: self.0.machine().attempts(),
        }
    }
}

/// A call that a client is asked to make.
#[derive(Debug)]
pub(crate) enum Errand {
    /// A call that does nothing.
    Touch,
    /// A call that names a program.
    Report(ProcessName),
}

/// Why a client did not make the call.
#[derive(Debug)]
pub(crate) enum ErrandError {
    /// The store has no such client, or has stopped.
    Store(StoreError),
    /// The client could not.
    Client(CallError),
}

impl From<StoreError> for ErrandError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Has a client make a call, and returns when all that follows from it has happened.
pub(crate) async fn send(
    store: &StoreHandle,
    id: ClientId,
    errand: Errand,
) -> Result<ListedClient, ErrandError> {
    let (reply, result) = oneshot::channel();
    let tell = move |client: &mut dyn FakeClient, _| {
        let client: &mut dyn Any = client;
        // INVARIANT: every client of this control plane is one of these.
        if let Some(client) = client.downcast_mut::<Simulated>() {
            // Whoever asked may be gone.
            let _ = reply.send(client.run(errand));
        }
    };
    let listed = store.tell_client(id, tell).await?;
    match result.await {
        Ok(Err(error)) => Err(ErrandError::Client(error)),
        Ok(Ok(())) | Err(_) => Ok(listed),
    }
}
