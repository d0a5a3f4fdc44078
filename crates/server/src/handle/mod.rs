//! What the control plane and the command line hold of a store, and how they ask its task.

mod clients;
mod error;
mod registry;
mod service;
mod snapshots;
mod view;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use clock::{ClockMode, SimTime};
use infostore::{Cursor, Note};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

pub use self::error::StoreError;
pub use self::registry::Polled;
pub use self::view::View;
use crate::link::Meters;
use crate::listener::Listening;
use crate::options::{Seed, StartError, StoreOptions};
use crate::owner::{Input, Job, Owner, Progress, Shared};
use crate::site::Site;
use crate::wall::WallClock;

/// Inputs that may wait for the store's task before whoever sends them has to.
const INBOX: usize = 4_096;

/// Connections that the kernel holds until they are accepted.
const BACKLOG: u32 = 4_096;

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
}
