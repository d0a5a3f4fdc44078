//! What the control plane and the command line hold of a store.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use clock::{ClockError, ClockMode, SimTime};
use dcerpc::{AssociationConfig, SyntaxId, Uuid};
use infostore::{
    Cause, ClientId, Command, CommandError, Cursor, Epoch, InfoStore, Journal, Outcome, PollRecord,
    RegistryChange, SessionId, Transport,
};
use registry_poll::{Edit, EditError, KeyPath, MemoryKeyStore, RegValue, Registry, ValueName};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use crate::advance::{Advance, Advanced, advance_job};
use crate::client::{FakeClient, Injection, ListedClient};
use crate::link::Meters;
use crate::listener::Listening;
use crate::options::{Seed, StartError, StoreOptions};
use crate::owner::{Input, Job, Owner, Progress, Shared};
use crate::site::{Site, server_version};
use crate::wall::WallClock;

/// Inputs that may wait for the store's task before whoever sends them has to.
const INBOX: usize = 4_096;

/// Why a request to a store failed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StoreError {
    /// The store has stopped.
    #[error("the store has stopped")]
    Stopped,
    /// The engine refused the command.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The clock can't be moved so.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// There is no such client.
    #[error("there is no client {}", .0.0)]
    NoSuchClient(ClientId),
    /// The registry refused the edit.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// TCP clients need an RPC port.
    #[error("the store has no RPC port, so it takes no TCP clients")]
    NoRpcPort,
    /// More TCP clients than connections are left.
    #[error("{asked} TCP clients need as many connections, and {left} are left")]
    TooManyConnections {
        /// Clients to inject.
        asked: usize,
        /// Connections left.
        left: usize,
    },
}

/// Connections that the kernel holds until they are accepted.
const BACKLOG: u32 = 4_096;

/// A store as it is between two inputs, for reading.
#[derive(Clone, Copy)]
pub struct View<'a> {
    owner: &'a Owner,
}

impl View<'_> {
    /// The engine.
    pub fn store(&self) -> &InfoStore {
        &self.owner.store
    }

    /// Store time.
    pub fn now(&self) -> SimTime {
        self.owner.now()
    }

    /// How time moves.
    pub fn clock_mode(&self) -> ClockMode {
        self.owner.shared.clock.mode()
    }

    /// The earliest thing that is due.
    pub fn next_deadline(&self) -> Option<SimTime> {
        self.owner.next_deadline()
    }

    /// The journal of an epoch: the present one, or the one before it.
    pub fn journal(&self, epoch: Epoch) -> Option<&Journal> {
        let journals = [Some(self.store().journal()), self.owner.retired.as_ref()];
        journals.into_iter().flatten().find(|journal| journal.cursor().epoch == epoch)
    }

    /// Where the journal stands.
    pub fn cursor(&self) -> Cursor {
        self.store().journal().cursor()
    }

    /// The injected clients after `after`, in client order.
    pub fn clients_after(&self, after: Option<ClientId>) -> impl Iterator<Item = ListedClient> {
        self.owner.clients.after(after)
    }

    /// How many injected clients there are.
    pub fn client_count(&self) -> usize {
        self.owner.clients.len()
    }

    /// The number that the next injected client gets.
    pub fn next_client(&self) -> ClientId {
        self.owner.clients.next()
    }

    /// An injected client.
    pub fn client(&self, id: ClientId) -> Option<ListedClient> {
        self.owner.clients.get(id)
    }

    /// The values of a key; none when there is no such key.
    pub fn key(&self, key: &KeyPath) -> Option<Vec<(ValueName, RegValue)>> {
        let tree = self.owner.shared.registry.tree().ok()?;
        let values = tree.key(key)?.values();
        Some(values.map(|(name, value)| (name.clone(), value.clone())).collect())
    }
}

/// A store. Clones reach the same one; it runs until it is stopped. One without an RPC port also ends with its last clone.
#[derive(Clone)]
pub struct StoreHandle {
    inbox: mpsc::Sender<Input>,
    permits: Arc<Semaphore>,
    rpc: Option<SocketAddr>,
    seed: Seed,
    cursor: watch::Receiver<Cursor>,
}

impl StoreHandle {
    /// Starts a store. When this returns, the registry has been read and the RPC port is open, in this order (A11).
    ///
    /// # Errors
    /// [`StartError::Bind`] when the RPC port can't be had.
    pub async fn start(mut options: StoreOptions) -> Result<Self, StartError> {
        let listener = match options.rpc {
            None => None,
            Some(address) => {
                let bind = |source| StartError::Bind { address, source };
                let listener = listen(address).map_err(bind)?;
                options.rpc = Some(listener.local_addr().map_err(bind)?);
                Some(listener)
            }
        };
        let (inbox, inputs) = mpsc::channel(INBOX);
        let permits = Arc::new(Semaphore::new(options.max_connections));
        let (cursor_sender, cursor) = watch::channel(Cursor::START);
        let handle = Self { inbox, permits, rpc: options.rpc, seed: options.seed, cursor };
        let shared = shared(&options, &handle.inbox);
        let listening = Listening {
            site: Arc::clone(&shared.site),
            inbox: handle.inbox.clone(),
            meters: Arc::clone(&shared.meters),
            connection_ids: Arc::clone(&shared.connection_ids),
            permits: Arc::clone(&handle.permits),
        };
        tokio::spawn(Owner::new(options, shared, cursor_sender).run(inputs));
        handle.settled(|_| ()).await.map_err(|_| StartError::Stopped)?;
        if let Some(listener) = listener {
            tokio::spawn(Arc::new(listening).run(listener));
        }
        Ok(handle)
    }

    /// The RPC port's address.
    pub fn rpc_address(&self) -> Option<SocketAddr> {
        self.rpc
    }

    /// How many more TCP connections the store takes.
    pub fn free_connections(&self) -> usize {
        self.permits.available_permits()
    }

    /// The seed of the random streams.
    pub fn seed(&self) -> Seed {
        self.seed
    }

    /// Where the journal stands, as it moves; it ends with the store.
    pub fn follow(&self) -> watch::Receiver<Cursor> {
        self.cursor.clone()
    }

    /// Reads the store as it is between two inputs.
    ///
    /// # Errors
    /// [`StoreError::Stopped`].
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(View<'_>) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        self.ask(move |owner| read(View { owner })).await
    }

    /// Writes a registry value. The store learns of it when it polls.
    ///
    /// # Errors
    /// [`StoreError::Edit`] when the registry has no room for it; [`StoreError::Stopped`].
    pub async fn set_value(
        &self,
        key: KeyPath,
        name: ValueName,
        value: RegValue,
    ) -> Result<Cursor, StoreError> {
        self.ask(move |owner| {
            let (at, named, to) = (key.clone(), name.clone(), value.clone());
            owner.shared.registry.edit(&[Edit::SetValue { key: at, name: named, value: to }])?;
            Ok(owner.note_registry_change(RegistryChange { key, name, value: Some(value) }))
        })
        .await?
    }

    /// Deletes a registry value; false when it was not there.
    ///
    /// # Errors
    /// [`StoreError::Stopped`].
    pub async fn delete_value(
        &self,
        key: KeyPath,
        name: ValueName,
    ) -> Result<(bool, Cursor), StoreError> {
        self.ask(move |owner| {
            let edit = Edit::DeleteValue { key: key.clone(), name: name.clone() };
            if owner.shared.registry.edit(&[edit])? == [false] {
                return Ok((false, owner.cursor()));
            }
            Ok((true, owner.note_registry_change(RegistryChange { key, name, value: None })))
        })
        .await?
    }

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

    fn check_tcp(&self, asked: usize) -> Result<(), StoreError> {
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

    /// Ends a session. Returns when all that follows has happened.
    ///
    /// # Errors
    /// [`StoreError::Command`] when it is not live.
    pub async fn disconnect_session(&self, id: SessionId) -> Result<(), StoreError> {
        self.act(move |owner| owner.execute(Command::DisconnectSession(id)), |_, _| ()).await
    }

    /// Polls the registry now, without moving the schedule. Returns when the poll and all that follows are over.
    ///
    /// # Errors
    /// [`StoreError::Stopped`].
    pub async fn poll_now(&self) -> Result<PollRecord, StoreError> {
        let record = |owner: &mut Owner, outcome| match outcome {
            Outcome::PollRequested(number) => owner.store.poll_record(number).cloned(),
            Outcome::Done => None,
        };
        let polled = self.act(|owner| owner.execute(Command::Poll), record).await?;
        polled.ok_or(StoreError::Stopped)
    }

    /// Starts a new grid of polls now.
    ///
    /// # Errors
    /// [`StoreError::Stopped`].
    pub async fn set_poll_interval(&self, interval: Duration) -> Result<(), StoreError> {
        let set = move |owner: &mut Owner| owner.execute(Command::SetPollInterval(interval));
        self.act(set, |_, _| ()).await
    }

    /// Changes how time moves.
    ///
    /// # Errors
    /// [`StoreError::Stopped`].
    pub async fn set_clock_mode(&self, mode: ClockMode) -> Result<(), StoreError> {
        self.ask(move |owner| {
            owner.shared.clock.set_mode(mode);
            owner.note_clock_change(mode, None);
        })
        .await
    }

    /// Advances a manual clock: everything due on the way happens at its own instant. Returns when the store is
    /// quiescent at the end. Whoever drops this future stops the clock where it has got to.
    ///
    /// # Errors
    /// [`StoreError::Clock`] when the clock is not manual, the target lies in the past or past the year 9999.
    pub async fn advance(&self, advance: Advance) -> Result<Advanced, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.job(advance_job(advance, reply)).await?;
        Ok(answer.await.map_err(|_| StoreError::Stopped)??)
    }

    /// Empties the store: every session ends, clients and values go, and the random streams and the journal start again, in
    /// a new epoch. So does time, as at the first start.
    ///
    /// # Errors
    /// [`StoreError::Stopped`].
    pub async fn reset(&self) -> Result<Cursor, StoreError> {
        self.reset_clock(None).await
    }

    /// Empties the store as [`StoreHandle::reset`] does, and leaves it with a manual clock at `now`.
    ///
    /// # Errors
    /// [`StoreError::Stopped`].
    pub async fn reset_to(&self, now: SimTime) -> Result<Cursor, StoreError> {
        self.reset_clock(Some(now)).await
    }

    async fn reset_clock(&self, manual: Option<SimTime>) -> Result<Cursor, StoreError> {
        let stop = |owner: &mut Owner| {
            owner.stop_service();
            Ok(())
        };
        self.act(stop, move |owner, ()| owner.start_over(manual)).await?;
        self.settled(|owner| owner.cursor()).await
    }

    /// Ends the service: every session ends, every connection is closed, nobody is admitted any more. The store can still
    /// be read. Returns when all that follows has happened.
    ///
    /// # Errors
    /// [`StoreError::Stopped`] when the store has stopped already.
    pub async fn end_service(&self) -> Result<Cursor, StoreError> {
        self.ask(Owner::stop_service).await?;
        self.settled(|owner| owner.cursor()).await
    }

    /// Ends the service and stops the store; its port is given back.
    ///
    /// # Errors
    /// [`StoreError::Stopped`] when the store has stopped already.
    pub async fn stop(&self) -> Result<(), StoreError> {
        self.end_service().await?;
        self.settled(|owner| owner.stopped = true).await
    }

    /// Does something in the store's order, at once.
    async fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&mut Owner) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.task(Box::new(move |owner| drop(reply.send(ask(owner))))).await?;
        answer.await.map_err(|_| StoreError::Stopped)
    }

    /// Does something in the store's order, once it is quiescent.
    async fn settled<T: Send + 'static>(
        &self,
        then: impl FnOnce(&mut Owner) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        self.act(|_| Ok(()), |owner, ()| then(owner)).await
    }

    /// Acts once the store is quiescent, and answers when all that follows has happened. It is one job: no other comes in
    /// between, and it is carried through whether or not whoever asked still waits.
    async fn act<S: Send + 'static, T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Owner) -> Result<S, StoreError> + Send + 'static,
        then: impl FnOnce(&mut Owner, S) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let (mut act, mut acted, mut then) = (Some(act), None, Some((then, reply)));
        self.job(Box::new(move |owner| {
            if let Some(act) = act.take() {
                acted = Some(act(owner));
                return Progress::Again;
            }
            if let (Some(acted), Some((then, reply))) = (acted.take(), then.take()) {
                drop(reply.send(acted.map(|acted| then(owner, acted))));
            }
            Progress::Done
        }))
        .await?;
        answer.await.map_err(|_| StoreError::Stopped)?
    }

    async fn job(&self, job: Job) -> Result<(), StoreError> {
        self.task(Box::new(move |owner| owner.jobs.push_back(job))).await
    }

    async fn task(&self, task: Box<dyn FnOnce(&mut Owner) + Send>) -> Result<(), StoreError> {
        self.inbox.send(Input::Task(task)).await.map_err(|_| StoreError::Stopped)
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A port that was in use a moment ago may be taken again at once.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn shared(options: &StoreOptions, inbox: &mpsc::Sender<Input>) -> Shared {
    let clock = Arc::new(WallClock::new(options.clock, options.start));
    let (major, minor) = emsmdb::EMSMDB_VERSION;
    let interface = SyntaxId { uuid: Uuid::from_u128(emsmdb::EMSMDB_UUID), major, minor };
    let association = AssociationConfig {
        interfaces: vec![interface],
        secondary_address: options.rpc.map_or_else(String::new, |rpc| rpc.port().to_string()),
        ..AssociationConfig::default()
    };
    let server_version = server_version(options.settings.build);
    let site =
        Site { clock: Arc::clone(&clock), association: Arc::new(association), server_version };
    Shared {
        site: Arc::new(site),
        clock,
        registry: Arc::new(MemoryKeyStore::new()),
        meters: Arc::new(Meters::new()),
        connection_ids: Arc::new(AtomicU64::new(1)),
        inbox: inbox.downgrade(),
    }
}

impl Owner {
    fn cursor(&self) -> Cursor {
        self.store.journal().cursor()
    }

    fn note_registry_change(&mut self, change: RegistryChange) -> Cursor {
        self.note(Command::NoteRegistryChange(change))
    }

    pub(crate) fn note_clock_change(&mut self, mode: ClockMode, target: Option<SimTime>) {
        self.note(Command::NoteClockChange(mode, target));
    }

    fn execute(&mut self, command: Command) -> Result<Outcome, StoreError> {
        let now = self.now();
        Ok(self.store.execute(now, Cause::Control, command)?)
    }

    fn tell(
        &mut self,
        id: ClientId,
        tell: impl FnOnce(&mut dyn FakeClient, SimTime),
    ) -> Result<(), StoreError> {
        let now = self.now();
        self.clients.tell(id, |client| tell(client, now)).ok_or(StoreError::NoSuchClient(id))
    }

    fn note(&mut self, note: Command) -> Cursor {
        let now = self.now();
        // The engine takes notes in every state.
        let _ = self.store.execute(now, Cause::Control, note);
        self.cursor()
    }
}
