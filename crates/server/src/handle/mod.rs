//! What the control plane and the command line hold of a store, and how they ask its task.

mod client_groups;
mod clients;
mod error;
mod faults;
mod history;
mod precondition;
mod registry;
mod service;
mod snapshots;
mod users;
mod view;
mod waits;

use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};

use clock::{ClockMode, SimTime};
use infostore::{Cursor, Epoch, Note, Sequence};
use tokio::sync::{mpsc, oneshot, watch};

pub use self::error::StoreError;
pub use self::history::Told;
pub(crate) use self::history::{Journals, LastJournals};
use self::precondition::Precondition;
pub use self::registry::Polled;
pub use self::service::{PacingChange, SettingsChange};
pub use self::view::{Activity, View};
pub use self::waits::Waiting;
use crate::budget::Share;
use crate::capture::Capture;
use crate::challenges::Challenges;
use crate::helpers::ClientSockets;
use crate::link::Meters;
use crate::listener::{Listening, Port};
use crate::options::{Seed, StartError, StoreOptions};
use crate::owner::{Input, Job, Owner, Progress, Shared};
use crate::process::Process;
use crate::site::{PortKind, Site};
use crate::sockets::Sockets;
use crate::stores::{DEFAULT_STORE, InUse};
use crate::wall::WallClock;

/// Inputs that may wait for the store's task before whoever sends them has to.
const INBOX: usize = 4_096;

/// A store. Clones reach the same one; it runs until it is stopped. One without an RPC port also ends with its last clone.
#[derive(Clone, Debug)]
pub struct StoreHandle {
    inbox: mpsc::Sender<Input>,
    process: Arc<Process>,
    connections: Arc<Share>,
    sockets: Sockets,
    rpc: Option<SocketAddr>,
    epm: Option<SocketAddr>,
    seed: Seed,
    pub(crate) site: Arc<Site>,
    cursor: watch::Receiver<Cursor>,
    /// What the store leaves behind when it has stopped.
    last: Arc<OnceLock<LastJournals>>,
    /// What has to hold for the change that this handle is for.
    precondition: Precondition,
    /// Held for whoever uses a store that may expire.
    _in_use: Option<Arc<InUse>>,
}

impl StoreHandle {
    /// Starts a store. When this returns, the registry has been read and its ports are open, in this order (A11).
    ///
    /// # Errors
    /// [`StartError::Bind`] when the RPC port can't be had, [`StartError::BindMapper`] when the endpoint mapper's can't;
    /// [`StartError::Random`] when the system gives no random bytes.
    pub async fn start(options: StoreOptions) -> Result<Self, StartError> {
        let process = Process::new(options.max_connections, options.capture.clone());
        Self::start_in(DEFAULT_STORE, options, process, Epoch(1)).await
    }

    /// Starts a store beside others of a process, with the first epoch that nobody has a cursor of.
    pub(crate) async fn start_in(
        name: &str,
        mut options: StoreOptions,
        process: Arc<Process>,
        epoch: Epoch,
    ) -> Result<Self, StartError> {
        let listener = process.ports.open(&mut options.rpc);
        let listener =
            listener.map_err(|(address, source)| StartError::Bind { address, source })?;
        let mapper = process.ports.open(&mut options.epm);
        let mapper =
            mapper.map_err(|(address, source)| StartError::BindMapper { address, source })?;
        let (inbox, inputs) = mpsc::channel(INBOX);
        let has_port = listener.is_some() || mapper.is_some();
        let connections = process.connections.share(options.max_connections, has_port);
        let sockets = Sockets::new();
        let (cursor_sender, cursor) = watch::channel(Cursor { epoch, seq: Sequence(0) });
        let (rpc, epm, seed) = (options.rpc, options.epm, options.seed);
        let last = Arc::new(OnceLock::new());
        let left = Arc::clone(&last);
        let clock = Arc::new(WallClock::new(options.clock, options.start));
        let challenges = Challenges::new().map_err(StartError::Random)?;
        let capture = capture(name, &process, options.rpc)?;
        let handle = Self {
            inbox,
            process,
            connections,
            sockets,
            rpc,
            epm,
            seed,
            site: Arc::new(Site::new(name, &options, clock, (challenges, capture))),
            cursor,
            last,
            precondition: Precondition::default(),
            _in_use: None,
        };
        let shared = shared(&handle);
        let listening = Listening {
            site: Arc::clone(&shared.site),
            port: PortKind::Store,
            inbox: handle.inbox.clone(),
            meters: Arc::clone(&shared.meters),
            connection_ids: Arc::clone(&shared.connection_ids),
            connections: Arc::clone(&handle.connections),
            sockets: handle.sockets.clone(),
        };
        tokio::spawn(Owner::new(options, shared, cursor_sender, epoch).run(inputs, left));
        handle.settled(|_| ()).await.map_err(|_| StartError::Stopped)?;
        if let Some(mapper) = mapper {
            let mapper = Port::new(mapper, &handle.sockets);
            let listening = Listening { port: PortKind::Mapper, ..listening.clone() };
            tokio::spawn(Arc::new(listening).run(mapper));
        }
        if let Some(listener) = listener {
            let listener = Port::new(listener, &handle.sockets);
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
        self.connections.left()
    }

    /// TCP connections that the store takes at a time, where that is fewer than the process has for all its stores.
    pub fn max_connections(&self) -> Option<usize> {
        Some(self.connections.most()).filter(|most| *most < self.process.connections.total())
    }

    /// The seed of the random streams.
    pub fn seed(&self) -> Seed {
        self.seed
    }

    /// Says where the sockets of injected TCP clients are, for all stores of the process. It is said once, before there are any.
    pub fn hold_clients_with(&self, sockets: ClientSockets) {
        // Whoever says it again comes too late.
        drop(self.process.client_sockets.set(Arc::new(sockets)));
    }

    /// What the store shares with others of its process.
    pub(crate) fn process(&self) -> Arc<Process> {
        Arc::clone(&self.process)
    }

    /// The same store, held by somebody who uses it.
    pub(crate) fn used_by(&self, in_use: Arc<InUse>) -> Self {
        Self { _in_use: Some(in_use), ..self.clone() }
    }

    /// Waits until the store has no socket open: it has none, or was stopped.
    pub(crate) async fn closed(&self) {
        self.sockets.closed().await;
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
        self.look(move |owner| read(View { owner })).await
    }

    /// Does something in the store's order, at once.
    async fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&mut Owner) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let precondition = self.precondition.clone();
        self.look(move |owner| precondition.judge(owner).map(|()| ask(owner))).await?
    }

    /// The same, whatever the precondition says.
    pub(crate) async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&mut Owner) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.task(Box::new(move |owner| drop(reply.send(look(owner))))).await?;
        answer.await.map_err(|_| StoreError::Stopped)
    }

    /// Does something in the store's order, once it is quiescent.
    pub(crate) async fn settled<T: Send + 'static>(
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
        let precondition = self.precondition.clone();
        self.job(Box::new(move |owner| {
            if let Some(act) = act.take() {
                acted = Some(precondition.judge(owner).and_then(|()| act(owner)));
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

fn shared(handle: &StoreHandle) -> Shared {
    Shared {
        site: Arc::clone(&handle.site),
        clock: Arc::clone(&handle.site.clock),
        meters: Arc::new(Meters::new()),
        connection_ids: Arc::new(AtomicU64::new(1)),
        inbox: handle.inbox.downgrade(),
        sockets: handle.sockets.clone(),
        process: Arc::clone(&handle.process),
    }
}

impl Owner {
    pub(crate) fn cursor(&self) -> Cursor {
        self.store.journal().cursor()
    }

    pub(crate) fn note_clock_change(&mut self, mode: ClockMode, target: Option<SimTime>) {
        self.note(Note::Clock(mode, target));
    }
}

/// What captures the store's connections, where anything does.
fn capture(
    name: &str,
    process: &Process,
    rpc: Option<SocketAddr>,
) -> Result<Option<Arc<Capture>>, StartError> {
    let Some(folder) = &process.capture else { return Ok(None) };
    let capture = Capture::create(folder, name, rpc.map(|address| address.port()));
    let capture = capture.map_err(|(path, source)| StartError::Capture { path, source })?;
    Ok(Some(Arc::new(capture)))
}
