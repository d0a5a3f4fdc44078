//! The injected clients of a store, stepped by its task in client order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use clock::SimTime;
use infostore::{ClientId, ConnectionId, Origin, Transport};
use tokio::sync::mpsc;

use crate::client::{ClientAction, FakeClient, Injection, ListedClient};
use crate::client_group::ClientGroup;
use crate::disturbance::{End, Output};
use crate::endpoint::Endpoint;
use crate::group::{ConnectionControl, GroupCopies};
use crate::identity::Peer;
use crate::link::{Meter, widen};
use crate::owner::Owner;
use crate::pump::{Dial, DialId, PumpEvent, RESET};
use crate::site::PortKind;

/// The injected clients.
#[derive(Default)]
pub(crate) struct Clients {
    /// Boxed: one is taken out and put back at each of its steps, and the tree moves its neighbours then.
    clients: BTreeMap<ClientId, Box<Client>>,
    last: u64,
    /// Clients that may have something to do.
    runnable: BTreeSet<ClientId>,
    /// TCP clients whose bytes may be under way.
    uneven: BTreeSet<ClientId>,
    timers: BTreeSet<(SimTime, ClientId)>,
    /// Clients that may show themselves otherwise than when they were looked at last.
    changed: BTreeSet<ClientId>,
    /// The groups, as they were set last.
    pub(crate) groups: BTreeMap<String, ClientGroup>,
}

/// An injected client with its transport.
struct Client {
    id: ClientId,
    machine: Box<dyn FakeClient>,
    transport: Transport,
    group: Option<String>,
    link: Link,
    /// Its last dial over TCP.
    dial: Option<DialId>,
    /// The server is closing the connection, and the client has not seen it yet.
    close_expected: bool,
    /// A fault holds the connection back: what the client has sent need not be handled.
    is_held: bool,
    timer: Option<SimTime>,
}

/// What connects a client and the store.
enum Link {
    None,
    Pipe(Box<Pipe>),
    Dialing(TcpLink),
    Tcp(TcpLink),
    /// Closed on the client's side; the server's has yet to notice.
    Closing(Arc<Meter>),
}

struct Pipe {
    connection: ConnectionId,
    endpoint: Endpoint,
    control: Arc<ConnectionControl>,
    /// What the client has sent and the endpoint, which waits for something else, has not taken.
    unread: Vec<u8>,
    /// Whether a fault holds it back.
    stands: Stands,
}

/// Whether a pipe goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stands {
    Open,
    Held,
    /// It was held, and may go on.
    Released,
}

struct TcpLink {
    meter: Arc<Meter>,
    outgoing: mpsc::UnboundedSender<Vec<u8>>,
    sent: u64,
    received: u64,
}

impl Client {
    fn label(&self) -> Origin {
        Origin::Injected { client: self.id, group: self.group.clone() }
    }

    /// The same client for a copied store, with a pipe of its own when it has one. A connection over TCP can't be copied:
    /// the client learns at `now` that it is gone.
    fn copy(&self, now: SimTime, groups: &mut GroupCopies) -> Self {
        let Self {
            id,
            machine,
            transport,
            group,
            link,
            dial: _,
            close_expected: _,
            is_held: _,
            timer,
        } = self;
        let mut machine = machine.copy();
        let link = match link {
            Link::Pipe(pipe) => Link::Pipe(Box::new(pipe.copy(groups))),
            Link::Dialing(_) | Link::Tcp(_) => {
                machine.handle_closed(now, "the store was restored from a snapshot");
                Link::None
            }
            Link::Closing(_) | Link::None => Link::None,
        };
        Self {
            id: *id,
            machine,
            transport: *transport,
            group: group.clone(),
            link,
            dial: None,
            close_expected: false,
            is_held: false,
            timer: *timer,
        }
    }

    /// Whether every byte has arrived, and every close been seen.
    fn is_even(&self) -> bool {
        match &self.link {
            Link::None | Link::Pipe(_) => true,
            Link::Dialing(_) => false,
            // The server counts what it has written before what it has handled.
            Link::Tcp(link) => {
                (self.is_held || link.sent == link.meter.handled())
                    && link.received == link.meter.written()
                    && !self.close_expected
            }
            Link::Closing(meter) => meter.is_closed(),
        }
    }
}

impl Pipe {
    fn copy(&self, groups: &mut GroupCopies) -> Self {
        let Self { connection, endpoint, control, unread, stands } = self;
        let control = Arc::new(control.copy());
        let group = endpoint.group().map(|group| groups.copy_of(group));
        if let Some(group) = &group {
            group.join(*connection, Arc::clone(&control));
        }
        let endpoint = endpoint.copy(group, Arc::clone(&control));
        let (unread, stands) = (unread.clone(), *stands);
        Self { connection: *connection, endpoint, control, unread, stands }
    }
}

impl Clients {
    /// The same clients for a copied store; the groups of their pipes are copied on the way. Those that were connected over
    /// TCP have something to do: they have just learnt that they no longer are.
    pub(crate) fn copy(&self, now: SimTime, groups: &mut GroupCopies) -> Self {
        // Waits end with the epoch, so nobody is to be told what has changed.
        let Self { clients, last, runnable, uneven: _, timers, changed: _, groups: templates } =
            self;
        let cut = |client: &&Client| matches!(client.link, Link::Dialing(_) | Link::Tcp(_));
        let cut = clients.values().map(|client| &**client).filter(cut).map(|client| client.id);
        let runnable = runnable.iter().copied().chain(cut).collect();
        let clients =
            clients.values().map(|client| (client.id, Box::new(client.copy(now, groups))));
        Self {
            clients: clients.collect(),
            last: *last,
            runnable,
            uneven: BTreeSet::new(),
            timers: timers.clone(),
            changed: BTreeSet::new(),
            groups: templates.clone(),
        }
    }

    pub(crate) fn add(&mut self, injection: Injection, now: SimTime) -> ClientId {
        let id = self.next();
        self.last = id.0;
        let Injection { client: mut machine, transport, group } = injection;
        machine.connect(now);
        let client = Box::new(Client {
            id,
            machine,
            transport,
            group,
            link: Link::None,
            dial: None,
            close_expected: false,
            is_held: false,
            timer: None,
        });
        self.clients.insert(id, client);
        self.runnable.insert(id);
        id
    }

    /// Tells a client something; `None` when there is none of this id.
    pub(crate) fn tell(
        &mut self,
        id: ClientId,
        tell: impl FnOnce(&mut dyn FakeClient),
    ) -> Option<()> {
        tell(&mut *self.clients.get_mut(&id)?.machine);
        self.runnable.insert(id);
        Some(())
    }

    /// Gives a client another label, or another transport for its next connection.
    pub(crate) fn relabel(
        &mut self,
        id: ClientId,
        group: Option<Option<String>>,
        transport: Option<Transport>,
    ) {
        if let Some(client) = self.clients.get_mut(&id) {
            client.group = group.unwrap_or_else(|| client.group.take());
            client.transport = transport.unwrap_or(client.transport);
            self.changed.insert(id);
        }
    }

    /// What a client is, without its transport.
    pub(crate) fn machine(&self, id: ClientId) -> Option<&dyn FakeClient> {
        self.clients.get(&id).map(|client| &*client.machine)
    }

    /// The clients with this label, in client order.
    pub(crate) fn members(
        &self,
        label: &str,
    ) -> impl Iterator<Item = (ClientId, &dyn FakeClient, Transport)> {
        let members =
            self.clients.values().filter(move |client| client.group.as_deref() == Some(label));
        members.map(|client| (client.id, &*client.machine, client.transport))
    }

    /// The number that the next client gets.
    pub(crate) fn next(&self) -> ClientId {
        ClientId(self.last.saturating_add(1))
    }

    pub(crate) fn len(&self) -> usize {
        self.clients.len()
    }

    /// The clients that may show themselves otherwise than at the last call.
    pub(crate) fn take_changed(&mut self) -> BTreeSet<ClientId> {
        core::mem::take(&mut self.changed)
    }

    pub(crate) fn get(&self, id: ClientId) -> Option<ListedClient> {
        self.clients.get(&id).map(|client| listed(client))
    }

    pub(crate) fn after(&self, after: Option<ClientId>) -> impl Iterator<Item = ListedClient> {
        let from = after.map_or(core::ops::Bound::Unbounded, core::ops::Bound::Excluded);
        self.clients.range((from, core::ops::Bound::Unbounded)).map(|(_, client)| listed(client))
    }

    /// A client may have something to do.
    pub(crate) fn wake(&mut self, id: ClientId) {
        if self.clients.contains_key(&id) {
            self.runnable.insert(id);
        }
    }

    pub(crate) fn next_runnable(&mut self) -> Option<ClientId> {
        self.runnable.pop_first()
    }

    /// The server has begun to close this client's connection.
    pub(crate) fn expect_close(&mut self, id: ClientId) {
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        match client.link {
            Link::Pipe(_) => drop(self.runnable.insert(id)),
            Link::Dialing(_) | Link::Tcp(_) => {
                client.close_expected = true;
                self.uneven.insert(id);
            }
            Link::None | Link::Closing(_) => {}
        }
    }

    /// A fault holds this client's connection back, or no longer does.
    pub(crate) fn set_held(&mut self, id: ClientId, is_held: bool) {
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        client.is_held = is_held;
        match &mut client.link {
            Link::Pipe(pipe) if !is_held => {
                pipe.stands = Stands::Released;
                self.runnable.insert(id);
            }
            Link::Tcp(_) | Link::Dialing(_) => drop(self.uneven.insert(id)),
            Link::Pipe(_) | Link::None | Link::Closing(_) => {}
        }
    }

    /// Closes the pipes that have not bound: they belong to no group.
    pub(crate) fn close_unbound_pipes(&mut self) {
        for (id, client) in &self.clients {
            if let Link::Pipe(pipe) = &client.link
                && pipe.endpoint.group().is_none()
            {
                pipe.control.close();
                self.runnable.insert(*id);
            }
        }
    }

    /// Whether no byte of any TCP client is under way. The cost follows the clients that were busy since the last call.
    pub(crate) fn links_are_even(&mut self) -> bool {
        while let Some(id) = self.uneven.first().copied() {
            let Some(client) = self.clients.get_mut(&id) else {
                self.uneven.remove(&id);
                continue;
            };
            if !client.is_even() {
                return false;
            }
            if matches!(client.link, Link::Closing(_)) {
                client.link = Link::None;
            }
            self.uneven.remove(&id);
        }
        true
    }

    pub(crate) fn poll_timeout(&self) -> Option<SimTime> {
        self.timers.first().map(|(at, _)| *at)
    }

    pub(crate) fn handle_timeout(&mut self, now: SimTime) {
        while let Some((at, id)) = self.timers.first().copied().filter(|(at, _)| *at <= now) {
            self.timers.remove(&(at, id));
            if let Some(client) = self.clients.get_mut(&id) {
                client.timer = None;
                client.machine.handle_timeout(now);
                self.runnable.insert(id);
            }
        }
    }

    /// Puts a client back after its step, with its timer as it is now.
    fn put_back(&mut self, mut client: Box<Client>, now: SimTime) {
        self.changed.insert(client.id);
        if let Some(old) = client.timer.take() {
            self.timers.remove(&(old, client.id));
        }
        // A deadline in the past is handled at the next instant, so that time goes on whatever a machine says.
        let earliest = now.saturating_add(Duration::from_micros(1));
        client.timer = client.machine.poll_timeout().map(|at| at.max(earliest));
        if let Some(at) = client.timer {
            self.timers.insert((at, client.id));
        }
        if !client.is_even() || matches!(client.link, Link::Closing(_)) {
            self.uneven.insert(client.id);
        }
        self.clients.insert(client.id, client);
    }
}

fn listed(client: &Client) -> ListedClient {
    ListedClient {
        id: client.id,
        transport: client.transport,
        group: client.group.clone(),
        view: client.machine.view(),
    }
}

impl Owner {
    /// Takes a client out, with whatever connection it still has.
    pub(crate) fn forget_client(&mut self, id: ClientId) {
        let Some(mut client) = self.clients.clients.remove(&id) else {
            return;
        };
        self.clients.changed.insert(id);
        if let Some(timer) = client.timer {
            self.clients.timers.remove(&(timer, id));
        }
        self.clients.runnable.remove(&id);
        self.clients.uneven.remove(&id);
        self.hang_up(&mut client);
    }

    /// Lets a client do what it has to do, until it waits.
    pub(crate) fn step(&mut self, id: ClientId) {
        let Some(mut client) = self.clients.clients.remove(&id) else {
            return;
        };
        self.go_on(&mut client);
        self.drive_pipe(&mut client);
        loop {
            if matches!(client.link, Link::Closing(_)) {
                // Both ends have to be closed before it goes on: then the old session's end comes before what follows.
                self.clients.runnable.insert(id);
                break;
            }
            match client.machine.poll_action() {
                Some(ClientAction::Dial) => self.dial(&mut client),
                Some(ClientAction::Send(bytes)) => self.carry(&mut client, bytes),
                Some(ClientAction::HangUp) => self.hang_up(&mut client),
                None if server_closes(&client) => self.server_closed(&mut client),
                None => break,
            }
        }
        let now = self.now();
        self.clients.put_back(client, now);
    }

    fn dial(&mut self, client: &mut Client) {
        self.hang_up(client);
        match client.transport {
            Transport::Pipe => self.dial_pipe(client),
            Transport::Tcp => self.dial_tcp(client),
        }
    }

    fn dial_pipe(&mut self, client: &mut Client) {
        let connection = ConnectionId(self.shared.connection_ids.fetch_add(1, Ordering::Relaxed));
        let control = Arc::new(ConnectionControl::new(Some(client.id)));
        let peer = Peer {
            connection,
            origin: client.label(),
            transport: Transport::Pipe,
            address: None,
            reached: None,
        };
        let site = Arc::clone(&self.shared.site);
        let endpoint = Endpoint::new(site, PortKind::Store, peer, Arc::clone(&control));
        let mut pipe =
            Pipe { connection, endpoint, control, unread: Vec::new(), stands: Stands::Open };
        pipe.endpoint.open();
        client.link = Link::Pipe(Box::new(pipe));
        client.machine.handle_connected(self.now());
        self.drive_pipe(client);
    }

    fn dial_tcp(&mut self, client: &mut Client) {
        let (Some(server), Some(inbox)) = (self.options.rpc, self.shared.inbox.upgrade()) else {
            return client.machine.handle_closed(self.now(), "the store has no RPC port");
        };
        let (outgoing, queue) = mpsc::unbounded_channel();
        let meter = Arc::new(Meter::new(client.id, client.label(), Arc::clone(&self.changed)));
        client.link =
            Link::Dialing(TcpLink { meter: Arc::clone(&meter), outgoing, sent: 0, received: 0 });
        let meters = Arc::clone(&self.shared.meters);
        let id = DialId(self.shared.connection_ids.fetch_add(1, Ordering::Relaxed));
        client.dial = Some(id);
        let sockets = self.shared.process.client_sockets.get().cloned();
        let _open = self.shared.sockets.open();
        let client = client.id;
        let dial = Dial { client, id, server, meter, meters, inbox, sockets, _open };
        tokio::spawn(dial.run(queue));
    }

    fn carry(&mut self, client: &mut Client, bytes: Vec<u8>) {
        match &mut client.link {
            Link::Pipe(pipe) => {
                pipe.unread.extend_from_slice(&bytes);
                self.drive_pipe(client);
            }
            Link::Tcp(link) => {
                link.sent = link.sent.saturating_add(widen(bytes.len()));
                // A pump that is gone has said so already, or will.
                drop(link.outgoing.send(bytes));
            }
            // What a client sends into a connection that is gone is lost, as on a wire.
            Link::None | Link::Dialing(_) | Link::Closing(_) => {}
        }
    }

    /// Carries what there is over a pipe, both ways, until it waits.
    fn drive_pipe(&mut self, client: &mut Client) {
        while let Link::Pipe(pipe) = &mut client.link {
            if pipe.stands != Stands::Open {
                return;
            }
            if let Some(request) = pipe.endpoint.poll_request() {
                let answer = self.answer(pipe.connection, request);
                pipe.endpoint.handle_answer(answer);
                continue;
            }
            match pipe.endpoint.poll_output() {
                Some(Output::Bytes(bytes)) => client.machine.handle_bytes(self.now(), &bytes),
                Some(Output::Hold(hold)) => {
                    if self.hold_back(pipe.connection, Some(client.id), hold) {
                        pipe.stands = Stands::Held;
                    } else {
                        pipe.endpoint.let_go();
                    }
                }
                Some(Output::End(End::Close)) => self.server_closed(client),
                Some(Output::End(End::Reset)) => {
                    self.hang_up(client);
                    client.machine.handle_closed(self.now(), RESET);
                }
                None if pipe.unread.is_empty() => return,
                None => {
                    let bytes = core::mem::take(&mut pipe.unread);
                    pipe.endpoint.handle_bytes(&bytes);
                }
            }
        }
    }

    /// Lets a pipe go on that was held.
    fn go_on(&mut self, client: &mut Client) {
        if let Link::Pipe(pipe) = &mut client.link
            && pipe.stands == Stands::Released
        {
            pipe.stands = Stands::Open;
            pipe.endpoint.let_go();
            self.drive_pipe(client);
        }
    }

    fn hang_up(&mut self, client: &mut Client) {
        self.holds.forget_client(client.id);
        client.is_held = false;
        match core::mem::replace(&mut client.link, Link::None) {
            Link::Pipe(mut pipe) => {
                pipe.endpoint.closed();
                self.close(pipe.connection, pipe.endpoint.group().map(|group| &**group))
            }
            Link::Tcp(link) => client.link = Link::Closing(link.meter),
            // What is still being dialled is given up by its number.
            Link::Dialing(_) | Link::None => {}
            Link::Closing(meter) => client.link = Link::Closing(meter),
        }
        client.close_expected = false;
    }

    /// The server side has closed a pipe.
    fn server_closed(&mut self, client: &mut Client) {
        self.hang_up(client);
        client.machine.handle_closed(self.now(), "the server closed the connection");
    }

    /// An injected TCP client's socket has news. News of an earlier connection is of no interest.
    pub(crate) fn handle_pump(&mut self, id: ClientId, dial: DialId, event: PumpEvent) {
        let now = self.now();
        let Some(client) = self.clients.clients.get_mut(&id) else {
            return;
        };
        if client.dial != Some(dial) {
            return;
        }
        match (core::mem::replace(&mut client.link, Link::None), event) {
            (Link::Dialing(link), PumpEvent::Connected) => {
                client.link = Link::Tcp(link);
                client.machine.handle_connected(now);
            }
            (Link::Tcp(mut link), PumpEvent::Bytes(bytes)) => {
                link.received = link.received.saturating_add(widen(bytes.len()));
                client.link = Link::Tcp(link);
                client.machine.handle_bytes(now, &bytes);
            }
            (Link::Tcp(link), PumpEvent::Closed(why)) => {
                client.link = Link::Closing(link.meter);
                client.close_expected = false;
                client.machine.handle_closed(now, &why);
            }
            (Link::Dialing(_), PumpEvent::Closed(why)) => client.machine.handle_closed(now, &why),
            (link, _) => client.link = link,
        }
        self.clients.runnable.insert(id);
        self.clients.uneven.insert(id);
    }
}

/// Whether the server side wants this pipe closed. Whatever it had to say has been carried already.
fn server_closes(client: &Client) -> bool {
    match &client.link {
        Link::Pipe(pipe) => {
            let is_over = pipe.stands == Stands::Open && pipe.endpoint.is_closing();
            pipe.control.is_closing() || is_over
        }
        Link::None | Link::Dialing(_) | Link::Tcp(_) | Link::Closing(_) => false,
    }
}
