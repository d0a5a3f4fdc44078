//! Injected clients, and sessions.

use std::collections::BTreeSet;

use clock::SimTime;
use infostore::{ClientId, Command, Cursor, SessionId, Transport};

use super::{StoreError, StoreHandle};
use crate::client::{FakeClient, Injection, ListedClient};
use crate::client_update::ClientUpdate;
use crate::notifications::Notified;
use crate::owner::Owner;

impl StoreHandle {
    /// Injects clients, which connect at once, in this order. Returns when they have, or have failed.
    ///
    /// # Errors
    /// [`StoreError::NoRpcPort`] or [`StoreError::TooManyConnections`] for TCP clients, before any is injected.
    pub async fn inject(&self, clients: Vec<Injection>) -> Result<Vec<ListedClient>, StoreError> {
        self.check_tcp(clients.iter().filter(|client| client.transport == Transport::Tcp).count())?;
        self.act(
            move |owner| {
                let now = owner.now();
                let ids = clients.into_iter().map(|client| owner.clients.add(client, now));
                Ok(ids.collect::<Vec<_>>())
            },
            |owner, ids| ids.into_iter().filter_map(|id| owner.clients.get(id)).collect(),
        )
        .await
    }

    pub(super) fn check_tcp(&self, asked: usize) -> Result<(), StoreError> {
        let left = self.free_connections();
        match (asked, self.rpc) {
            (0, _) => Ok(()),
            (_, None) => Err(StoreError::NoRpcPort),
            (asked, Some(_)) if left < asked => Err(StoreError::TooManyConnections { asked, left }),
            _ => Ok(()),
        }
    }

    /// Has a client connect again.
    ///
    /// # Errors
    /// [`StoreError::NoSuchClient`].
    pub async fn connect_client(&self, id: ClientId) -> Result<ListedClient, StoreError> {
        self.tell_client(id, |client, now| client.connect(now)).await
    }

    /// Has a client disconnect.
    ///
    /// # Errors
    /// [`StoreError::NoSuchClient`].
    pub async fn disconnect_client(&self, id: ClientId) -> Result<ListedClient, StoreError> {
        self.tell_client(id, |client, now| client.disconnect(now)).await
    }

    /// Disconnects a client and forgets it.
    ///
    /// # Errors
    /// [`StoreError::NoSuchClient`].
    pub async fn delete_client(&self, id: ClientId) -> Result<(), StoreError> {
        let disconnect =
            move |owner: &mut Owner| owner.tell(id, |client, now| client.disconnect(now));
        self.act(disconnect, move |owner, ()| owner.forget_client(id)).await?;
        self.settled(|_| ()).await
    }

    /// Tells a client something, and returns when all that follows from it has happened.
    ///
    /// # Errors
    /// [`StoreError::NoSuchClient`].
    pub async fn tell_client(
        &self,
        id: ClientId,
        tell: impl FnOnce(&mut dyn FakeClient, SimTime) + Send + 'static,
    ) -> Result<ListedClient, StoreError> {
        let told =
            self.act(move |owner| owner.tell(id, tell), move |owner, ()| owner.clients.get(id));
        told.await?.ok_or(StoreError::NoSuchClient(id))
    }

    /// Tells several clients the same in one turn, and returns when all that follows from it has happened: each client as it is
    /// then, none where there is none.
    ///
    /// # Errors
    /// [`StoreError::Stopped`].
    pub async fn tell_clients(
        &self,
        ids: Vec<ClientId>,
        tell: impl Fn(&mut dyn FakeClient, SimTime) + Send + 'static,
    ) -> Result<Vec<Option<ListedClient>>, StoreError> {
        let told = move |owner: &mut Owner| {
            for id in &ids {
                // Whom there is none of is left out of what is shown.
                drop(owner.tell(*id, &tell));
            }
            Ok(ids)
        };
        self.act(told, |owner, ids| ids.into_iter().map(|id| owner.clients.get(id)).collect()).await
    }

    /// Disconnects several clients and forgets them. Returns those that there were, when they are gone.
    ///
    /// # Errors
    /// [`StoreError::Stopped`].
    pub async fn delete_clients(
        &self,
        ids: BTreeSet<ClientId>,
    ) -> Result<BTreeSet<ClientId>, StoreError> {
        let disconnect = move |owner: &mut Owner| {
            let tell =
                |id: &ClientId| owner.tell(*id, |client, now| client.disconnect(now)).is_ok();
            Ok(ids.into_iter().filter(tell).collect::<BTreeSet<_>>())
        };
        let forget = |owner: &mut Owner, ids: BTreeSet<ClientId>| {
            for id in &ids {
                owner.forget_client(*id);
            }
            ids
        };
        let gone = self.act(disconnect, forget).await?;
        self.settled(|_| gone).await
    }

    /// Changes what a client is. One that is connected and says of itself or of its transport something else connects again.
    /// Returns when all that follows has happened.
    ///
    /// # Errors
    /// [`StoreError::NoSuchClient`]; [`StoreError::NoRpcPort`] or [`StoreError::TooManyConnections`] where it is to use TCP.
    pub async fn update_client(
        &self,
        id: ClientId,
        update: ClientUpdate,
    ) -> Result<(), StoreError> {
        self.check_tcp(usize::from(update.transport == Some(Transport::Tcp)))?;
        let begin = move |owner: &mut Owner| owner.begin_update(id, update);
        self.act(begin, Owner::finish_update).await?;
        self.settled(|_| ()).await
    }

    /// Ends a session. Returns when all that follows has happened.
    ///
    /// # Errors
    /// [`StoreError::Command`] when it is not live.
    pub async fn disconnect_session(&self, id: SessionId) -> Result<(), StoreError> {
        self.act(move |owner| owner.execute(Command::DisconnectSession(id)), |_, _| ()).await
    }

    /// New mail of this message class comes in for a session. Returns when all that follows has happened.
    ///
    /// # Errors
    /// [`StoreError::Command`] when it is not live; [`StoreError::NotRegistered`] when its client has not asked to be told of
    /// new mail, [`StoreError::TooManyEvents`] when it fetches nothing of what it is told.
    pub async fn notify_session(
        &self,
        id: SessionId,
        message_class: String,
    ) -> Result<(Notified, Cursor), StoreError> {
        let notify = move |owner: &mut Owner| owner.notify_session(id, &message_class);
        self.act(notify, |owner, notified| (notified, owner.cursor())).await
    }
}

impl Owner {
    fn tell(
        &mut self,
        id: ClientId,
        tell: impl FnOnce(&mut dyn FakeClient, SimTime),
    ) -> Result<(), StoreError> {
        let now = self.now();
        self.clients.tell(id, |client| tell(client, now)).ok_or(StoreError::NoSuchClient(id))
    }
}
