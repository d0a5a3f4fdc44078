//! Where the simulator's client meets the store's idea of one: the same methods under two roofs.

use std::any::Any;

use clock::SimTime;
use infostore::ClientId;
use server::{ClientAction, ClientView, FakeClient, ListedClient, StoreError, StoreHandle};
use simulator::{Action, CallError, ClientMachine, ClientSpec, MachineOptions, ProcessName};
use tokio::sync::oneshot;

/// A simulated client, as a store injects it.
pub(crate) struct Simulated {
    machine: ClientMachine,
}

impl Simulated {
    pub(crate) fn new(spec: ClientSpec) -> Self {
        Self { machine: ClientMachine::new(spec, MachineOptions::default()) }
    }

    /// What it simulates.
    pub(crate) fn spec(&self) -> &ClientSpec {
        self.machine.spec()
    }

    /// Has it be another when it connects next; it has no connection now.
    pub(crate) fn respec(&mut self, spec: ClientSpec) {
        self.machine.respec(spec);
    }

    fn run(&mut self, errand: Errand) -> Result<(), CallError> {
        match errand {
            Errand::Touch => self.machine.touch(),
            Errand::Report(process) => self.machine.report(&process),
        }
    }
}

impl FakeClient for Simulated {
    fn connect(&mut self, now: SimTime) {
        self.machine.connect(now);
    }

    fn disconnect(&mut self, now: SimTime) {
        self.machine.disconnect(now);
    }

    fn handle_connected(&mut self, now: SimTime) {
        self.machine.handle_connected(now);
    }

    fn handle_bytes(&mut self, now: SimTime, bytes: &[u8]) {
        self.machine.handle_bytes(now, bytes);
    }

    fn handle_closed(&mut self, now: SimTime, why: &str) {
        self.machine.handle_closed(now, why);
    }

    fn handle_timeout(&mut self, now: SimTime) {
        self.machine.handle_timeout(now);
    }

    fn poll_timeout(&self) -> Option<SimTime> {
        self.machine.poll_timeout()
    }

    fn poll_action(&mut self) -> Option<ClientAction> {
        Some(match self.machine.poll_action()? {
            Action::Dial => ClientAction::Dial,
            Action::Send(bytes) => ClientAction::Send(bytes),
            Action::HangUp => ClientAction::HangUp,
        })
    }

    fn copy(&self) -> Box<dyn FakeClient> {
        Box::new(Self { machine: self.machine.clone() })
    }

    fn view(&self) -> ClientView {
        let spec = self.machine.spec();
        ClientView {
            process: spec.process().map(ToString::to_string),
            client_version: spec.client_version().to_string(),
            user: spec.user().to_string(),
            machine: spec.machine().to_string(),
            mode: spec.mode().name(),
            state: self.machine.state().name(),
            outcome: self.machine.outcome().map(ToString::to_string),
            attempts: self.machine.attempts(),
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
