//! Groups of injected clients.

use infostore::Transport;

use super::{StoreError, StoreHandle};
use crate::client_group::{ClientGroup, Scaled};
use crate::owner::Owner;

impl StoreHandle {
    /// Brings the clients that carry this label to the group's number: those that are not as the template has them leave, and
    /// of the others the newest, where there are too many; then new ones connect. Returns when all that follows has happened.
    ///
    /// # Errors
    /// [`StoreError::NoRpcPort`] or [`StoreError::TooManyConnections`] for TCP clients, before anything is done.
    pub async fn set_client_group(
        &self,
        name: String,
        group: ClientGroup,
    ) -> Result<Scaled, StoreError> {
        if group.template.transport() == Transport::Tcp {
            let (name, group) = (name.clone(), group.clone());
            let replicas = group.replicas;
            let have = self.look(move |owner| owner.clients.fitting(&name, &group)).await?;
            self.check_tcp(replicas.saturating_sub(have))?;
        }
        let scaling = {
            let (name, group) = (name.clone(), group.clone());
            move |owner: &mut Owner| Ok(owner.begin_scaling(&name, &group))
        };
        let scaled =
            self.act(scaling, move |owner, left| owner.finish_scaling(name, group, left)).await?;
        self.settled(|_| ()).await?;
        Ok(scaled)
    }

    /// Has every client of a group leave, and forgets the group. Returns when all that follows has happened.
    ///
    /// # Errors
    /// [`StoreError::NoSuchClientGroup`].
    pub async fn delete_client_group(&self, name: String) -> Result<(), StoreError> {
        let disbanding = {
            let name = name.clone();
            move |owner: &mut Owner| {
                owner.begin_disbanding(&name).ok_or(StoreError::NoSuchClientGroup(name))
            }
        };
        self.act(disbanding, move |owner, left| owner.finish_disbanding(&name, &left)).await?;
        self.settled(|_| ()).await
    }
}
