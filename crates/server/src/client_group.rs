//! Groups of injected clients: a template, and how many clients there are to be of it.
//!
//! A group's clients are those that carry its name as their label, whoever injected them. A group is brought to its number
//! when it is set; nothing keeps it there, so that a client that the policy has cut off stays cut off.

use std::any::Any;
use std::sync::Arc;

use infostore::{ClientId, Transport};

use crate::client::{FakeClient, Injection};
use crate::clients::Clients;
use crate::owner::Owner;

/// What the clients of a group are like. It is [`Any`], so that whoever set it can show it again.
pub trait ClientTemplate: Any + Send + Sync {
    /// A client of this number, as the template has it.
    fn client(&self, id: ClientId) -> Box<dyn FakeClient>;
    /// Whether a client of this number is as the template has it.
    fn fits(&self, client: &dyn FakeClient, id: ClientId) -> bool;
    /// How its bytes travel.
    fn transport(&self) -> Transport;
}

/// A group as it was set.
#[derive(Clone)]
pub struct ClientGroup {
    /// What its clients are like.
    pub template: Arc<dyn ClientTemplate>,
    /// How many there are to be.
    pub replicas: usize,
}

/// A group as the store's task lists it.
#[derive(Clone)]
pub struct ListedGroup {
    /// Its name, which is the label of its clients.
    pub name: String,
    /// As it was set.
    pub group: ClientGroup,
    /// Its clients.
    pub clients: usize,
    /// Those of them that are connected.
    pub connected: usize,
}

/// What came of setting a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scaled {
    /// Whether there was none of this name.
    pub created: bool,
    /// Clients that have come.
    pub joined: usize,
    /// Clients that have left.
    pub left: usize,
}

impl Clients {
    /// A group of this name, as it was set last.
    pub(crate) fn group(&self, name: &str) -> Option<ListedGroup> {
        self.groups.get(name).map(|group| self.listed_group(name, group))
    }

    /// The groups after `after`, in the order of their names.
    pub(crate) fn groups_after(&self, after: Option<&str>) -> impl Iterator<Item = ListedGroup> {
        let groups = self.groups.iter().filter(move |(name, _)| after < Some(name.as_str()));
        groups.map(|(name, group)| self.listed_group(name, group))
    }

    fn listed_group(&self, name: &str, group: &ClientGroup) -> ListedGroup {
        let states = || self.members(name).map(|(_, client, _)| client.view().state);
        ListedGroup {
            name: name.to_owned(),
            group: group.clone(),
            clients: states().count(),
            connected: states().filter(|state| *state == "connected").count(),
        }
    }

    /// How many clients of a group are as its template has them, at the most as many as there are to be.
    pub(crate) fn fitting(&self, name: &str, group: &ClientGroup) -> usize {
        self.members(name).count().saturating_sub(self.beyond(name, group).len())
    }

    /// The clients that a group is not to have: those that are not as the template has them, and of the others the newest.
    fn beyond(
        &self,
        name: &str,
        ClientGroup { template, replicas }: &ClientGroup,
    ) -> Vec<ClientId> {
        let (fitting, others): (Vec<_>, Vec<_>) =
            self.members(name).partition(|(id, client, transport)| {
                *transport == template.transport() && template.fits(*client, *id)
            });
        let newest = fitting.into_iter().skip(*replicas);
        others.into_iter().chain(newest).map(|(id, ..)| id).collect()
    }
}

impl Owner {
    /// Has those leave that a group is not to have, each as a client does.
    pub(crate) fn begin_scaling(&mut self, name: &str, group: &ClientGroup) -> Vec<ClientId> {
        let leaving = self.clients.beyond(name, group);
        self.have_leave(&leaving);
        leaving
    }

    /// Has every client of a group leave; none when there is no group of this name.
    pub(crate) fn begin_disbanding(&mut self, name: &str) -> Option<Vec<ClientId>> {
        self.clients.groups.get(name)?;
        let leaving: Vec<_> = self.clients.members(name).map(|(id, ..)| id).collect();
        self.have_leave(&leaving);
        Some(leaving)
    }

    fn have_leave(&mut self, leaving: &[ClientId]) {
        let now = self.now();
        for id in leaving {
            self.clients.tell(*id, |client| client.disconnect(now));
        }
    }

    /// Forgets those that have left, and injects those that are missing.
    pub(crate) fn finish_scaling(
        &mut self,
        name: String,
        group: ClientGroup,
        left: Vec<ClientId>,
    ) -> Scaled {
        self.forget_clients(&left);
        let now = self.now();
        let joined = group.replicas.saturating_sub(self.clients.members(&name).count());
        for _ in 0..joined {
            let injection = Injection {
                client: group.template.client(self.clients.next()),
                transport: group.template.transport(),
                group: Some(name.clone()),
            };
            self.clients.add(injection, now);
        }
        let created = self.clients.groups.insert(name, group).is_none();
        Scaled { created, joined, left: left.len() }
    }

    /// Forgets a group and its clients, which have left.
    pub(crate) fn finish_disbanding(&mut self, name: &str, left: &[ClientId]) {
        self.forget_clients(left);
        self.clients.groups.remove(name);
    }

    fn forget_clients(&mut self, left: &[ClientId]) {
        for id in left {
            self.forget_client(*id);
        }
    }
}
