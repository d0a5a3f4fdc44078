//! The stores of a process, by name: made, looked up, and ended when they are deleted or nobody has asked for them.

mod epochs;
mod lease;
mod name;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clock::Elapsed;
use infostore::Epoch;
use tokio::task::JoinSet;

use self::epochs::Epochs;
pub(crate) use self::lease::InUse;
use self::lease::Lease;
pub use self::name::{StoreName, StoreNameError};
use crate::handle::{StoreError, StoreHandle};
use crate::options::{Seed, StartError, StoreOptions};
use crate::process::Process;
use crate::totals::StoreTotals;
use crate::wall::Stopwatch;

/// The name of the store that always exists.
pub const DEFAULT_STORE: &str = "default";

/// Stores of a process, unless told otherwise.
const MOST: usize = 1_000;

/// Between two looks at who is unused.
const LOOK: Duration = Duration::from_secs(1);

/// The stores of a process. One lock guards their names, for the few steps that a look or a change takes; starting and
/// ending a store happens outside of it, with the name held.
#[derive(Debug)]
pub struct Stores {
    register: Mutex<Register>,
    process: Arc<Process>,
    /// What the seeds of stores are derived from that are told none.
    seed: Seed,
    most: usize,
}

#[derive(Debug, Default)]
struct Register {
    places: BTreeMap<StoreName, Place>,
    epochs: Epochs,
    /// What stores have counted that are no more.
    gone: StoreTotals,
}

/// What a name stands for.
#[derive(Debug)]
enum Place {
    /// A store that is starting.
    Starting,
    /// A store.
    Running(Tenant),
    /// A store that is ending; the name is free when its last socket is closed.
    Ending(StoreHandle),
}

#[derive(Debug)]
struct Tenant {
    handle: StoreHandle,
    lease: Lease,
}

/// Why a store can't be made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// A store of this name exists, is starting, or is ending.
    #[error("there is a store `{0}` already")]
    Exists(StoreName),
    /// The process has as many stores as it takes.
    #[error("there are {most} stores, which is as many as this server takes")]
    TooMany {
        /// How many that is.
        most: usize,
    },
    /// It did not start.
    #[error(transparent)]
    Start(#[from] StartError),
}

/// Why a store can't be deleted, or its time to live be changed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeepError {
    /// There is no such store.
    #[error("there is no store `{0}`")]
    NotFound(String),
    /// It is not as it has to be.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It always exists.
    #[error("the store `{DEFAULT_STORE}` always exists")]
    Default,
}

impl Stores {
    /// The stores of a process that begins with `default`.
    pub fn new(default: StoreHandle) -> Self {
        Self::with_most(default, MOST)
    }

    /// The same, of a process that takes so many stores, `default` among them.
    pub fn with_most(default: StoreHandle, most: usize) -> Self {
        let (process, seed) = (default.process(), default.seed());
        let tenant = Tenant { handle: default, lease: Lease::default() };
        let places = BTreeMap::from([(StoreName::default_store(), Place::Running(tenant))]);
        let register = Mutex::new(Register { places, ..Register::default() });
        Self { register, process, seed, most }
    }

    /// How many stores the process takes.
    pub fn most(&self) -> usize {
        self.most
    }

    /// TCP connections that the stores may have at a time, all together.
    pub fn max_connections(&self) -> usize {
        self.process.connections.total()
    }

    /// The seed of a store that is told none: the same name on a server of the same seed has the same.
    pub fn seed_of(&self, name: &StoreName) -> Seed {
        self.seed.derived(name.as_str())
    }

    /// The store of this name, for whoever asks something of it: until the handle and its clones are dropped it does not
    /// expire.
    pub fn get(&self, name: &str) -> Option<StoreHandle> {
        let mut register = self.lock();
        let tenant = register.running(name)?;
        Some(tenant.handle.used_by(tenant.lease.ask()))
    }

    /// Every store with its name, in the order of the names. To look at one here is not to ask for it.
    pub fn all(&self) -> Vec<(StoreName, StoreHandle)> {
        self.after(None)
    }

    /// The stores whose names come after this one.
    pub fn after(&self, after: Option<&str>) -> Vec<(StoreName, StoreHandle)> {
        let from = after.map_or(Unbounded, Excluded);
        let register = self.lock();
        let places = register.places.range::<str, _>((from, Unbounded));
        let running = places.filter_map(|(name, place)| match place {
            Place::Running(tenant) => Some((name.clone(), tenant.handle.clone())),
            Place::Starting | Place::Ending(_) => None,
        });
        running.collect()
    }

    /// Every store that counts, also one that is ending, and what stores have counted that are no more: each store is in
    /// one of both.
    pub fn counted(&self) -> (Vec<(StoreName, StoreHandle)>, StoreTotals) {
        let register = self.lock();
        let counting = register.places.iter().filter_map(|(name, place)| match place {
            Place::Running(Tenant { handle, .. }) | Place::Ending(handle) => {
                Some((name.clone(), handle.clone()))
            }
            Place::Starting => None,
        });
        (counting.collect(), register.gone.clone())
    }

    /// Whether a store of this name exists, without asking for it.
    pub fn contains(&self, name: &str) -> bool {
        self.lock().running(name).is_some()
    }

    /// How long a store lives unless somebody asks for it; none when it stays.
    pub fn ttl(&self, name: &str) -> Option<Duration> {
        self.lock().running(name)?.lease.ttl
    }

    /// Changes how long a store lives unless somebody asks for it.
    ///
    /// # Errors
    /// [`KeepError`]: there is no such store, or it is the one that always exists.
    pub fn set_ttl(&self, name: &str, ttl: Option<Duration>) -> Result<(), KeepError> {
        if name == DEFAULT_STORE {
            return Err(KeepError::Default);
        }
        let mut register = self.lock();
        let tenant = register.running(name).ok_or_else(|| KeepError::NotFound(name.to_owned()))?;
        tenant.lease.ttl = ttl;
        Ok(())
    }

    /// Starts a store, which shares nothing with the others but the process's connections. It is carried through whether
    /// or not whoever asked still waits.
    ///
    /// # Errors
    /// [`CreateError`], and then there is no such store.
    pub async fn create(
        self: &Arc<Self>,
        name: StoreName,
        options: StoreOptions,
        ttl: Option<Duration>,
    ) -> Result<StoreHandle, CreateError> {
        let epoch = self.claim(&name)?;
        let stores = Arc::clone(self);
        let started = tokio::spawn(async move {
            let process = Arc::clone(&stores.process);
            let started = StoreHandle::start_in(name.as_str(), options, process, epoch).await;
            stores.settle(name, started, ttl)
        });
        started.await.unwrap_or(Err(StartError::Stopped)).map_err(CreateError::from)
    }

    /// Takes the name for a store that is to start.
    fn claim(&self, name: &StoreName) -> Result<Epoch, CreateError> {
        let mut register = self.lock();
        if register.places.contains_key(name) {
            return Err(CreateError::Exists(name.clone()));
        }
        if self.most <= register.places.len() {
            return Err(CreateError::TooMany { most: self.most });
        }
        register.places.insert(name.clone(), Place::Starting);
        Ok(register.epochs.first_of(name))
    }

    /// Gives the name to the store that has started, or back.
    fn settle(
        &self,
        name: StoreName,
        started: Result<StoreHandle, StartError>,
        ttl: Option<Duration>,
    ) -> Result<StoreHandle, StartError> {
        let mut register = self.lock();
        let handle = started.inspect_err(|_| drop(register.places.remove(&name)))?;
        let mut lease = Lease::new(ttl);
        let used = handle.used_by(lease.ask());
        register.places.insert(name, Place::Running(Tenant { handle, lease }));
        Ok(used)
    }

    /// Ends a store: its sessions, its connections, its task. Returns when its last socket is closed and its name is free.
    /// It is carried through whether or not whoever asked still waits.
    ///
    /// # Errors
    /// [`KeepError`]: there is no such store, or it is the one that always exists.
    pub async fn delete(self: &Arc<Self>, name: &str) -> Result<(), KeepError> {
        if name == DEFAULT_STORE {
            return Err(KeepError::Default);
        }
        let (name, handle) =
            self.lock().begin_end(name).ok_or_else(|| KeepError::NotFound(name.to_owned()))?;
        let stores = Arc::clone(self);
        // A task that panicked has said so; the name then stays taken, by a store that never ended.
        drop(tokio::spawn(async move { stores.end(name, handle).await }).await);
        Ok(())
    }

    /// The same, if what the handle was [provided](StoreHandle::provided) holds when the store's turn comes: the service ends in
    /// the same turn.
    ///
    /// # Errors
    /// [`KeepError`].
    pub async fn delete_if(
        self: &Arc<Self>,
        name: &str,
        store: StoreHandle,
    ) -> Result<(), KeepError> {
        if name == DEFAULT_STORE {
            return Err(KeepError::Default);
        }
        let (stores, name) = (Arc::clone(self), name.to_owned());
        let deleted = tokio::spawn(async move {
            let (register, named) = (Arc::clone(&stores), name.clone());
            let begun = store.begin_stop(move || register.lock().begin_end(&named)).await?;
            let (name, handle) = begun.ok_or(KeepError::NotFound(name))?;
            stores.end(name, handle).await;
            Ok(())
        });
        // A task that panicked has said so.
        deleted.await.unwrap_or(Ok(()))
    }

    async fn end(&self, name: StoreName, handle: StoreHandle) {
        // One that has stopped by itself has its sockets closed just as well.
        drop(handle.stop().await);
        handle.closed().await;
        let last = handle.follow().borrow().epoch;
        let mut register = self.lock();
        register.places.remove(&name);
        register.gone.add(&handle.last_totals());
        register.epochs.retire(name, last);
    }

    /// Deletes the stores whose time to live is over `now`, and gives their names. Time counts from the first call that
    /// finds a store unused.
    pub async fn expire(self: &Arc<Self>, now: Elapsed) -> Vec<StoreName> {
        let over = self.lock().begin_end_of_those_over(now);
        let names = over.iter().map(|(name, _)| name.clone()).collect();
        let mut ending = JoinSet::new();
        for (name, handle) in over {
            let stores = Arc::clone(self);
            ending.spawn(async move { stores.end(name, handle).await });
        }
        ending.join_all().await;
        names
    }

    /// Looks once a second for stores whose time to live is over, and deletes them.
    pub async fn keep_expiring(self: Arc<Self>) -> Infallible {
        let uptime = Stopwatch::start();
        loop {
            crate::owner::wait(Some(LOOK)).await;
            for name in self.expire(Elapsed(uptime.elapsed())).await {
                tracing::info!(store = %name, "nobody asked for the store in its time to live");
            }
        }
    }

    /// Ends the service of every store, as [`StoreHandle::end_service`] does; all of them can still be read.
    pub async fn end_services(&self) {
        self.each(|store| async move { drop(store.end_service().await) }).await;
    }

    /// Stops every store, and returns when the last socket is closed.
    pub async fn stop(&self) {
        self.each(|store| async move { drop(store.stop().await) }).await;
    }

    async fn each<F: Future<Output = ()> + Send + 'static>(&self, act: impl Fn(StoreHandle) -> F) {
        let acting: JoinSet<()> = self.all().into_iter().map(|(_, store)| act(store)).collect();
        acting.join_all().await;
    }

    fn lock(&self) -> MutexGuard<'_, Register> {
        // Nothing that is done under the lock fails half-way.
        self.register.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Register {
    fn running(&mut self, name: &str) -> Option<&mut Tenant> {
        match self.places.get_mut(name)? {
            Place::Running(tenant) => Some(tenant),
            Place::Starting | Place::Ending(_) => None,
        }
    }

    /// Nobody gets this store any more; its name stays taken.
    fn begin_end(&mut self, name: &str) -> Option<(StoreName, StoreHandle)> {
        let handle = self.running(name)?.handle.clone();
        let (name, _) = self.places.get_key_value(name)?;
        let name = name.clone();
        self.places.insert(name.clone(), Place::Ending(handle.clone()));
        Some((name, handle))
    }

    fn begin_end_of_those_over(&mut self, now: Elapsed) -> Vec<(StoreName, StoreHandle)> {
        let over = self.places.iter_mut().filter_map(|(name, place)| match place {
            Place::Running(tenant) => tenant.lease.is_over(now).then(|| name.clone()),
            Place::Starting | Place::Ending(_) => None,
        });
        let over: Vec<StoreName> = over.collect();
        over.iter().filter_map(|name| self.begin_end(name.as_str())).collect()
    }
}
