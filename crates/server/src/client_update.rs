//! An injected client becomes another: its label at once, what it says of itself when it connects again.

use infostore::{ClientId, Transport};

use crate::client::FakeClient;
use crate::handle::StoreError;
use crate::owner::Owner;

/// What is done to a client to make it another.
pub type Respec = Box<dyn FnOnce(&mut dyn FakeClient) + Send>;

/// What changes of an injected client.
#[derive(Default)]
pub struct ClientUpdate {
    /// Its owner's label, or none. A session that lives keeps the one under which it was opened.
    pub group: Option<Option<String>>,
    /// How its bytes travel.
    pub transport: Option<Transport>,
    /// What it says of itself: done to the client while it has no connection.
    pub machine: Option<Respec>,
}

/// A client whose update has begun: it has hung up if it has to connect again.
pub(crate) struct Updating {
    id: ClientId,
    update: ClientUpdate,
    /// Whether it connects again.
    reconnect: bool,
}

impl Owner {
    /// Has a client that is connected disconnect, as a client does, where it has to connect again.
    pub(crate) fn begin_update(
        &mut self,
        id: ClientId,
        update: ClientUpdate,
    ) -> Result<Updating, StoreError> {
        let client = self.clients.get(id).ok_or(StoreError::NoSuchClient(id))?;
        let moves = update.transport.is_some_and(|transport| transport != client.transport);
        let live = ["connecting", "connected"].contains(&client.view.state);
        let reconnect = live && (moves || update.machine.is_some());
        if reconnect {
            let now = self.now();
            self.clients.tell(id, |client| client.disconnect(now));
        }
        Ok(Updating { id, update, reconnect })
    }

    /// Changes what is to be changed, and has the client connect again if it was connected.
    pub(crate) fn finish_update(&mut self, Updating { id, update, reconnect }: Updating) {
        let ClientUpdate { group, transport, machine } = update;
        self.clients.relabel(id, group, transport);
        let now = self.now();
        self.clients.tell(id, |client| {
            if let Some(change) = machine {
                change(client);
            }
            if reconnect {
                client.connect(now);
            }
        });
    }
}
