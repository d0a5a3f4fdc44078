//! What the control plane and the command line hold of a store.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use clock::{ClockError, ClockMode, SimTime};
use infostore::{
    Build, ClientId, Command, CommandError, Cursor, DisconnectMode, Epoch, HotfixError, InfoStore,
    Journal, Note, Outcome, PollRecord, Preview, RegistryWatch, SessionId, Transport,
};
use policy::BlockList;
use registry_poll::{
    Cluster, ClusterError, ClusterMode, Edit, EditError, FaultId, KeyStoreError, KeyTree, NodeName,
    PollNumber, ReadFaults, RegistryFault, TooManyFaults,
};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use crate::advance::{Advance, Advanced, advance_job};
use crate::client::{FakeClient, Injection, ListedClient};
use crate::hive::ListChange;
use crate::link::Meters;
use crate::listener::Listening;
use crate::options::{Seed, StartError, StoreOptions};
use crate::owner::{Input, Job, Owner, Progress, Shared};
use crate::site::Site;
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
    /// The store has moved since whoever asks looked at it.
    #[error("the store has moved on to cursor {}-{}", .cursor.epoch.0, .cursor.seq.0)]
    Moved {
        /// Where it stands now.
        cursor: Cursor,
    },
    /// The hotfix does not go on the build that is installed.
    #[error(transparent)]
    Hotfix(#[from] HotfixError),
    /// The registry can't be read.
    #[error(transparent)]
    Registry(#[from] KeyStoreError),
    /// The registry refuses an edit.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The cluster refuses.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// There is one node, and nowhere to move the service to.
    #[error("the store is no cluster, so there is no other node")]
    NoCluster,
    /// The service is on this node.
    #[error("the service is on node `{0}` already")]
    AlreadyActive(NodeName),
    /// There are as many fault rules as a store holds.
    #[error(transparent)]
    TooManyFaults(#[from] TooManyFaults),
    /// There is no such fault rule.
    #[error("there is no fault rule {}", .0.0)]
    NoSuchFault(FaultId),
}

/// What came of asking for a poll.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Polled {
    /// It is over.
    Over(Box<PollRecord>),
    /// A fault holds its values back; it ends when store time gets there.
    Held(PollNumber),
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

    /// The registries of the store's nodes.
    pub fn cluster(&self) -> &Cluster {
        &self.owner.cluster
    }

    /// What disturbs the reads of the registry.
    pub fn faults(&self) -> &ReadFaults {
        &self.owner.faults
    }

    /// Everything in a node's registry, the active one's unless another is named.
    ///
    /// # Errors
    /// [`StoreError::Registry`] when it can't be read, [`StoreError::Cluster`] when there is no such node.
    pub fn registry(&self, node: Option<&NodeName>) -> Result<Arc<KeyTree>, StoreError> {
        self.owner.registry_tree(node)
    }

    /// What a poll would do now if these changes had been made; faults don't disturb it.
    ///
    /// # Errors
    /// [`StoreError::Registry`] when the registry can't be read, [`StoreError::Edit`] when it would refuse a change.
    pub fn preview(&self, changes: &[(BlockList, ListChange)]) -> Result<Preview, StoreError> {
        self.owner.preview(changes)
    }
}

/// A store. Clones reach the same one; it runs until it is stopped. One without an RPC port also ends with its last clone.
#[derive(Clone)]
pub struct StoreHandle {
    inbox: mpsc::Sender<Input>,
    permits: Arc<Semaphore>,
    rpc: Option<SocketAddr>,
    epm: Option<SocketAddr>,
    seed: Seed,
    cursor: watch::Receiver<Cursor>,
}

impl StoreHandle {
    /// Starts a store. When this returns, the registry has been read and its ports are open, in this order (A11).
    ///
    /// # Errors
    /// [`StartError::Bind`] when the RPC port can't be had, [`StartError::BindMapper`] when the endpoint mapper's can't.
    pub async fn start(mut options: StoreOptions) -> Result<Self, StartError> {
        let listener = open(&mut options.rpc)
            .map_err(|(address, source)| StartError::Bind { address, source })?;
        let mapper = open(&mut options.epm)
            .map_err(|(address, source)| StartError::BindMapper { address, source })?;
        let (inbox, inputs) = mpsc::channel(INBOX);
        let permits = Arc::new(Semaphore::new(options.max_connections));
        let (cursor_sender, cursor) = watch::channel(Cursor::START);
        let (rpc, epm, seed) = (options.rpc, options.epm, options.seed);
        let handle = Self { inbox, permits, rpc, epm, seed, cursor };
        let shared = shared(&options, &handle.inbox);
        let listening = Listening {
            site: Arc::clone(&shared.site),
            port: Arc::clone(&shared.site.store_port),
            inbox: handle.inbox.clone(),
            meters: Arc::clone(&shared.meters),
            connection_ids: Arc::clone(&shared.connection_ids),
            permits: Arc::clone(&handle.permits),
        };
        tokio::spawn(Owner::new(options, shared, cursor_sender).run(inputs));
        handle.settled(|_| ()).await.map_err(|_| StartError::Stopped)?;
        if let Some(mapper) = mapper {
            let port = Arc::clone(&listening.site.mapper_port);
            tokio::spawn(Arc::new(Listening { port, ..listening.clone() }).run(mapper));
        }
        if let Some(listener) = listener {
            tokio::spawn(Arc::new(listening).run(listener));
        }
        Ok(handle)
    }

    /// The RPC port's address.
    pub fn rpc_address(&self) -> Option<SocketAddr> {
        self.rpc
    }

    /// The address of the endpoint mapper's own port.
    pub fn epm_address(&self) -> Option<SocketAddr> {
        self.epm
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

    /// Edits a node's registry, the active one's unless another is named: all these edits in this order, or none. Says of
    /// each whether it changed anything. The store learns of it when it polls.
    ///
    /// # Errors
    /// [`StoreError::Edit`] when an edit is refused, [`StoreError::Cluster`] when there is no such node.
    pub async fn edit_registry(
        &self,
        node: Option<NodeName>,
        edits: Vec<Edit>,
    ) -> Result<(Vec<bool>, Cursor), StoreError> {
        self.ask(move |owner| {
            let changed = owner.edit_registry(node.as_ref(), edits)?;
            Ok((changed, owner.cursor()))
        })
        .await?
    }

    /// Writes or deletes the value of a block list. With `if_cursor` only when the store has not moved since. The store
    /// learns of it when it polls.
    ///
    /// # Errors
    /// [`StoreError::Moved`], [`StoreError::Edit`].
    pub async fn change_list(
        &self,
        list: BlockList,
        change: ListChange,
        if_cursor: Option<Cursor>,
    ) -> Result<(), StoreError> {
        self.ask(move |owner| owner.change_list(list, change, if_cursor)).await?
    }

    /// Writes or deletes the value of a block list and polls, in one step: nobody comes in between. With `if_cursor` only
    /// when the store has not moved since.
    ///
    /// # Errors
    /// [`StoreError::Moved`], [`StoreError::Edit`].
    pub async fn apply_list(
        &self,
        list: BlockList,
        change: ListChange,
        if_cursor: Option<Cursor>,
    ) -> Result<Polled, StoreError> {
        self.poll_after(move |owner| owner.change_list(list, change, if_cursor)).await
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
    pub async fn poll_now(&self) -> Result<Polled, StoreError> {
        self.poll_after(|_| Ok(())).await
    }

    async fn poll_after(
        &self,
        first: impl FnOnce(&mut Owner) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<Polled, StoreError> {
        let poll = |owner: &mut Owner| {
            first(owner)?;
            owner.execute(Command::Poll)
        };
        let polled = |owner: &mut Owner, outcome| match outcome {
            Outcome::Done => Err(StoreError::Stopped),
            Outcome::PollRequested(number) => Ok(owner.polled(number)),
        };
        self.act(poll, polled).await?
    }

    /// Starts a new grid of polls now.
    ///
    /// # Errors
    /// [`StoreError::Stopped`].
    pub async fn set_poll_interval(&self, interval: Duration) -> Result<(), StoreError> {
        let set = move |owner: &mut Owner| owner.execute(Command::SetPollInterval(interval));
        self.act(set, |_, _| ()).await
    }

    /// Sets whether a value created after the start is followed (A13).
    ///
    /// # Errors
    /// [`StoreError::Stopped`].
    pub async fn set_registry_watch(&self, watch: RegistryWatch) -> Result<(), StoreError> {
        let set = move |owner: &mut Owner| owner.execute(Command::SetRegistryWatch(watch));
        self.act(set, |_, _| ()).await
    }

    /// Sets what happens to the connections of sessions that the store ends from now on (A20).
    ///
    /// # Errors
    /// [`StoreError::Stopped`].
    pub async fn set_disconnect(&self, mode: DisconnectMode) -> Result<(), StoreError> {
        let set = move |owner: &mut Owner| owner.execute(Command::SetDisconnect(mode));
        self.act(set, |_, _| ()).await
    }

    /// Installs another build; the service runs it from its next start on.
    ///
    /// # Errors
    /// [`StoreError::Stopped`].
    pub async fn install_build(&self, build: Build) -> Result<(), StoreError> {
        let install = move |owner: &mut Owner| owner.execute(Command::InstallBuild(build));
        self.act(install, |_, _| ()).await
    }

    /// Installs the hotfix of KB 920185: the service stops, its files are replaced, it starts. Returns when all that
    /// follows has happened.
    ///
    /// # Errors
    /// [`StoreError::Hotfix`] when it does not go on the build that is installed.
    pub async fn install_hotfix(&self) -> Result<(), StoreError> {
        self.act(Owner::install_hotfix, |_, ()| ()).await
    }

    /// Stops and starts the service. Returns when the values have been read and all that follows has happened.
    ///
    /// # Errors
    /// [`StoreError::Cluster`] when the registry can't be restored.
    pub async fn restart(&self) -> Result<(), StoreError> {
        self.act(Owner::restart, |_, ()| ()).await
    }

    /// Makes the store a cluster of another kind.
    ///
    /// # Errors
    /// [`StoreError::Cluster`].
    pub async fn set_cluster_mode(&self, mode: ClusterMode) -> Result<(), StoreError> {
        self.act(move |owner| owner.set_cluster_mode(mode), |_, ()| ()).await
    }

    /// Moves the service to another node: it stops here and starts there.
    ///
    /// # Errors
    /// [`StoreError::Cluster`] when there is no other node, or when its registry can't be restored.
    pub async fn fail_over(&self, to: Option<NodeName>) -> Result<(), StoreError> {
        self.act(move |owner| owner.fail_over(to), |_, ()| ()).await
    }

    /// Adds a fault rule.
    ///
    /// # Errors
    /// [`StoreError::TooManyFaults`].
    pub async fn add_fault(&self, fault: RegistryFault) -> Result<FaultId, StoreError> {
        Ok(self.ask(move |owner| owner.faults.add(fault)).await??)
    }

    /// Takes a fault rule away. Values that it holds back come when they were to come.
    ///
    /// # Errors
    /// [`StoreError::NoSuchFault`].
    pub async fn remove_fault(&self, id: FaultId) -> Result<(), StoreError> {
        self.ask(move |owner| owner.remove_fault(id)).await?
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

/// Opens a port, where one is wanted, and notes its number.
fn open(port: &mut Option<SocketAddr>) -> Result<Option<TcpListener>, (SocketAddr, io::Error)> {
    let Some(address) = *port else {
        return Ok(None);
    };
    let listener = listen(address).map_err(|source| (address, source))?;
    *port = Some(listener.local_addr().map_err(|source| (address, source))?);
    Ok(Some(listener))
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
    let site = Site::new(options, Arc::clone(&clock));
    Shared {
        site: Arc::new(site),
        clock,
        meters: Arc::new(Meters::new()),
        connection_ids: Arc::new(AtomicU64::new(1)),
        inbox: inbox.downgrade(),
    }
}

impl Owner {
    pub(crate) fn cursor(&self) -> Cursor {
        self.store.journal().cursor()
    }

    pub(crate) fn note_clock_change(&mut self, mode: ClockMode, target: Option<SimTime>) {
        self.note(Note::Clock(mode, target));
    }

    /// What came of a poll that was asked for, once the store has settled.
    fn polled(&self, number: PollNumber) -> Polled {
        match self.store.poll_record(number) {
            Some(record) => Polled::Over(Box::new(record.clone())),
            None => Polled::Held(number),
        }
    }

    fn tell(
        &mut self,
        id: ClientId,
        tell: impl FnOnce(&mut dyn FakeClient, SimTime),
    ) -> Result<(), StoreError> {
        let now = self.now();
        self.clients.tell(id, |client| tell(client, now)).ok_or(StoreError::NoSuchClient(id))
    }
}
