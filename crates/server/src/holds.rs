//! What fault rules hold back on connections: each connection waits for one thing at a time.
//!
//! A connection that is held counts as settled: nothing of it is under way until store time gets there or its rules go.
//! Holds are let go one by one, each when what came of the one before has happened, so that their order is that of time and
//! connections over both transports.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use clock::SimTime;
use infostore::{ClientId, ConnectionId};
use registry_poll::FaultId;
use tokio::sync::oneshot;

use crate::disturbance::Hold;
use crate::owner::Owner;

/// What is held back.
#[derive(Default)]
pub(crate) struct Holds {
    held: BTreeMap<ConnectionId, Held>,
    due: BTreeSet<(SimTime, ConnectionId)>,
    /// The TCP connections among them, which wait.
    waiting: HashMap<ConnectionId, oneshot::Sender<()>>,
}

#[derive(Clone, Debug)]
struct Held {
    hold: Hold,
    due: Option<SimTime>,
    /// The injected client at the other end.
    client: Option<ClientId>,
}

impl Holds {
    /// When the first is to be let go.
    pub(crate) fn poll_timeout(&self) -> Option<SimTime> {
        self.due.first().map(|(due, _)| *due)
    }

    /// What holds pipes, for a copied store; whoever came over TCP is not in it.
    pub(crate) fn copy(&self) -> Self {
        let mut copy = Self::default();
        for (connection, held) in &self.held {
            if !self.waiting.contains_key(connection) {
                copy.insert(*connection, held.clone());
            }
        }
        copy
    }

    fn insert(&mut self, connection: ConnectionId, held: Held) {
        self.forget(connection);
        if let Some(due) = held.due {
            self.due.insert((due, connection));
        }
        self.held.insert(connection, held);
    }

    /// The connection is gone, or let go.
    pub(crate) fn forget(&mut self, connection: ConnectionId) -> Option<ClientId> {
        self.waiting.remove(&connection);
        let held = self.held.remove(&connection)?;
        if let Some(due) = held.due {
            self.due.remove(&(due, connection));
        }
        held.client
    }

    /// The client has hung up: what its connection waits for does not come.
    pub(crate) fn forget_client(&mut self, client: ClientId) {
        let of_client = self.held.iter().find(|(_, held)| held.client == Some(client));
        if let Some(connection) = of_client.map(|(connection, _)| *connection) {
            self.forget(connection);
        }
    }

    /// A rule holds nothing any more. What nothing else holds is due `now`.
    fn let_go(&mut self, rule: FaultId, now: SimTime) {
        for (connection, held) in &mut self.held {
            let still = held.hold.without(|of| of == rule);
            let due = if still { held.hold.due() } else { Some(now) };
            if let Some(old) = core::mem::replace(&mut held.due, due) {
                self.due.remove(&(old, *connection));
            }
            if let Some(due) = due {
                self.due.insert((due, *connection));
            }
        }
    }
}

impl Owner {
    /// Holds a connection back. False when there is nothing to wait for: its time has come, or its rules are gone.
    pub(crate) fn hold_back(
        &mut self,
        connection: ConnectionId,
        client: Option<ClientId>,
        mut hold: Hold,
    ) -> bool {
        let now = self.now();
        hold.begin(now);
        let acts = |rule| self.faults.get(rule).is_some_and(|counted| !counted.paused);
        let due = hold.without(|rule| !acts(rule)).then(|| hold.due());
        match due {
            None => false,
            Some(Some(due)) if due <= now => false,
            Some(due) => {
                self.holds.insert(connection, Held { hold, due, client });
                true
            }
        }
    }

    /// The same for a TCP connection, whose task waits for `reply`.
    pub(crate) fn hold_back_tcp(
        &mut self,
        connection: ConnectionId,
        client: Option<ClientId>,
        hold: Hold,
        reply: oneshot::Sender<()>,
    ) {
        if self.hold_back(connection, client, hold) {
            self.holds.waiting.insert(connection, reply);
            if let Some(client) = client {
                self.clients.set_held(client, true);
            }
        } else {
            // The connection may be gone meanwhile; it then reports itself closed.
            let _ = reply.send(());
        }
    }

    /// Lets the first go whose time has come; whether there was one.
    pub(crate) fn release_hold(&mut self, now: SimTime) -> bool {
        let Some((_, connection)) = self.holds.due.first().copied().filter(|(due, _)| *due <= now)
        else {
            return false;
        };
        let reply = self.holds.waiting.remove(&connection);
        let client = self.holds.forget(connection);
        if let Some(client) = client {
            self.clients.set_held(client, false);
        }
        if let Some(reply) = reply {
            // The connection may be gone meanwhile; it then reports itself closed.
            let _ = reply.send(());
        }
        true
    }

    /// A rule is gone, or rests: what it holds is let go at once.
    pub(crate) fn let_go(&mut self, rule: FaultId) {
        let now = self.now();
        self.holds.let_go(rule, now);
    }
}
