//! The one task that owns a store: its engine, its context handles, its injected clients and its time.
//!
//! Everything that changes a store is an [`Input`] of this task, handled in one synchronous step. After each input the
//! store *settles*: effects are performed, every byte of the injected clients arrives, what is due is done. Jobs are what
//! waits for that: an answer to the control plane leaves when the store is quiescent.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use clock::SimTime;
use infostore::{
    ClientId, ConnectionId, Cursor, Effect, Epoch, FaultRules, GroupId, InfoStore, Journal,
    PollToken, StopReason, StreamSeed, Tally,
};
use registry_poll::{Cluster, KeyPath, MemoryKeyStore, Registry, ValueName, ValueRead};
use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::async_waits::AsyncWaits;
use crate::clients::Clients;
use crate::directory::Directory;
use crate::disturbance::Hold;
use crate::endpoint::{Answer, Request};
use crate::group::Group;
use crate::handle::{Journals, LastJournals};
use crate::hive::{DelayedValues, first_node};
use crate::holds::Holds;
use crate::image::Sessions;
use crate::link::{Meter, Meters};
use crate::notifications::Pushes;
use crate::options::StoreOptions;
use crate::process::Process;
use crate::pump::{DialId, PumpEvent};
use crate::site::Site;
use crate::snapshots::Snapshots;
use crate::sockets::Sockets;
use crate::tap::Tapped;
use crate::totals::Durations;
use crate::waits::{WaitEnd, Waits};
use crate::wall::{Stopwatch, WallClock};

/// Ids of groups begin where nobody hits one by guessing: Samba's suite takes 1 for an id that no group has.
const BEFORE_THE_FIRST_GROUP: GroupId = GroupId(0x0001_0000);

/// What the task is told.
pub(crate) enum Input {
    /// A TCP connection asks.
    Request { connection: ConnectionId, request: Request, reply: oneshot::Sender<Answer> },
    /// A TCP connection waits until what fault rules hold back is let go.
    Hold {
        connection: ConnectionId,
        client: Option<ClientId>,
        hold: Hold,
        reply: oneshot::Sender<()>,
    },
    /// A TCP connection is closed.
    Closed { connection: ConnectionId, group: Option<Arc<Group>>, meter: Option<Arc<Meter>> },
    /// The registry has been read.
    Values { epoch: Epoch, token: PollToken, reads: Vec<ValueRead> },
    /// An injected TCP client's socket has news.
    Pump { client: ClientId, dial: DialId, event: PumpEvent },
    /// The control plane asks.
    Task(Task),
}

/// A step in the owner's order.
pub(crate) type Task = Box<dyn FnOnce(&mut Owner) + Send>;

/// What is done when the store is quiescent, possibly in several steps.
pub(crate) type Job = Box<dyn FnMut(&mut Owner) -> Progress + Send>;

/// Whether a job is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Progress {
    /// It moved something: let the store settle, then go on.
    Again,
    /// It is over.
    Done,
}

/// What the parts of a store share with its task.
pub(crate) struct Shared {
    pub(crate) site: Arc<Site>,
    pub(crate) clock: Arc<WallClock>,
    pub(crate) meters: Arc<Meters>,
    pub(crate) connection_ids: Arc<AtomicU64>,
    pub(crate) inbox: mpsc::WeakSender<Input>,
    pub(crate) sockets: Sockets,
    pub(crate) process: Arc<Process>,
}

/// What a store starts over from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Beginning {
    /// Nothing: the registry of a server on which Exchange was just installed. A registry of somebody else's that the store
    /// was started with is left alone, and no longer read.
    Empty,
    /// What the store was started with.
    Baseline,
}

/// The owner of a store.
pub(crate) struct Owner {
    pub(crate) options: StoreOptions,
    pub(crate) shared: Shared,
    pub(crate) store: InfoStore,
    pub(crate) clients: Clients,
    pub(crate) jobs: VecDeque<Job>,
    pub(crate) stopped: bool,
    /// Whether the service has ended for good, until a reset.
    pub(crate) ended: bool,
    /// The registries of the store's nodes.
    pub(crate) cluster: Cluster,
    /// What goes wrong on demand.
    pub(crate) faults: FaultRules,
    /// Whether a fault has moved time, and whatever waits for the task comes before what that makes due.
    pub(crate) gives_way: bool,
    /// Its domain and its users.
    pub(crate) directory: Directory,
    /// What faults hold back on connections.
    pub(crate) holds: Holds,
    /// Values that a fault holds back.
    pub(crate) delayed: Option<DelayedValues>,
    /// Woken when an account of an injected TCP client changes.
    pub(crate) changed: Arc<Notify>,
    /// The journal of the epoch before this one, for those who follow it.
    pub(crate) retired: Option<Journal>,
    /// Who waits for something.
    pub(crate) waits: Waits,
    /// Where the journal stands, for those who follow it.
    pub(crate) cursor: watch::Sender<Cursor>,
    pub(crate) epoch: Epoch,
    /// Those of this epoch, and those of earlier ones whose last connections of others have yet to close.
    pub(crate) groups: BTreeMap<(Epoch, GroupId), Arc<Group>>,
    /// Those of them whose connections of others were asked to close, so that nobody has to look for them among all.
    pub(crate) closing: BTreeSet<(Epoch, GroupId)>,
    pub(crate) last_group: GroupId,
    pub(crate) sessions: Sessions,
    /// Calls that wait for events.
    pub(crate) async_waits: AsyncWaits,
    /// When clients that do not fetch their events are told again.
    pub(crate) pushes: Pushes,
    /// Context handles that were given out: each comes of the seed and of its number.
    pub(crate) handles_given: u64,
    pub(crate) reads_in_flight: usize,
    /// What can be gone back to.
    pub(crate) snapshots: Snapshots,
    /// What the epochs before this one have counted.
    pub(crate) counted: Tally,
    /// Who is told every entry of the journal.
    pub(crate) tap: Tapped,
    /// How long it took to cut clients off.
    pub(crate) enforcement: Durations,
    /// Runs since the task took up what it is doing now.
    pub(crate) at_work: Stopwatch,
}

impl Owner {
    pub(crate) fn new(
        options: StoreOptions,
        shared: Shared,
        cursor: watch::Sender<Cursor>,
        epoch: Epoch,
    ) -> Self {
        let cluster = Cluster::new(first_node(&options));
        let store = InfoStore::start(options.settings.clone(), epoch, shared.clock.now());
        Self {
            faults: FaultRules::new(StreamSeed(options.seed.0)),
            directory: options.directory.clone(),
            options,
            shared,
            store,
            clients: Clients::default(),
            jobs: VecDeque::new(),
            stopped: false,
            ended: false,
            cluster,
            gives_way: false,
            holds: Holds::default(),
            delayed: None,
            changed: Arc::new(Notify::new()),
            retired: None,
            waits: Waits::default(),
            cursor,
            epoch,
            groups: BTreeMap::new(),
            closing: BTreeSet::new(),
            last_group: BEFORE_THE_FIRST_GROUP,
            sessions: Sessions::new(),
            async_waits: AsyncWaits::default(),
            pushes: Pushes::default(),
            handles_given: 0,
            reads_in_flight: 0,
            snapshots: Snapshots::default(),
            counted: Tally::default(),
            tap: Tapped::default(),
            enforcement: Durations::default(),
            at_work: Stopwatch::start(),
        }
    }

    /// Runs until the store is stopped or nobody can reach it any more.
    pub(crate) async fn run(
        mut self,
        mut inbox: mpsc::Receiver<Input>,
        last: Arc<OnceLock<LastJournals>>,
    ) {
        loop {
            let quiescent = self.settle();
            self.cursor.send_if_modified(|last| {
                let cursor = self.store.journal().cursor();
                core::mem::replace(last, cursor) != cursor
            });
            if self.stopped {
                self.end_waits(WaitEnd::Stopped);
                // Before the inbox is closed: whoever finds it so finds them.
                let totals = self.totals();
                let present = self.store.into_journal();
                drop(last.set(LastJournals { present, retired: self.retired, totals }));
                return;
            }
            if quiescent && self.step_once_all_have_come(&mut inbox) {
                tokio::task::yield_now().await;
                continue;
            }
            let deadline = self.next_instant();
            let timer = deadline.and_then(|deadline| self.shared.clock.wall_delay(deadline));
            let changed = Arc::clone(&self.changed);
            let goes_on = core::mem::take(&mut self.gives_way);
            tokio::select! {
                input = inbox.recv() => match input {
                    Some(input) => {
                        self.at_work = Stopwatch::start();
                        self.handle(input);
                    }
                    None => return,
                },
                () = changed.notified() => self.at_work = Stopwatch::start(),
                () = wait(timer) => self.at_work = Stopwatch::start(),
                () = tokio::task::yield_now(), if goes_on => {}
            }
        }
    }

    /// Moves the clock for those who wait for it, when everybody who has asked for something before has come to it: nobody
    /// stands behind a clock that moves by itself.
    fn step_once_all_have_come(&mut self, inbox: &mut mpsc::Receiver<Input>) -> bool {
        if !self.waits.want_time() {
            return false;
        }
        let mut quiescent = true;
        for _ in 0..inbox.len() {
            let Ok(input) = inbox.try_recv() else { break };
            self.at_work = Stopwatch::start();
            self.handle(input);
            quiescent = self.settle();
        }
        quiescent && !self.stopped && self.step_for_waits()
    }

    /// What is told of what happened.
    pub(crate) fn journals(&self) -> Journals<'_> {
        Journals { present: self.store.journal(), retired: self.retired.as_ref() }
    }

    /// Store time.
    pub(crate) fn now(&self) -> SimTime {
        self.shared.clock.now()
    }

    /// The earliest thing that is due: in the engine, with an injected client, or what a fault holds back.
    pub(crate) fn next_deadline(&self) -> Option<SimTime> {
        let delayed = self.delayed.as_ref().map(|delayed| delayed.due);
        let held = self.holds.poll_timeout();
        let told = [self.pushes.poll_timeout(), self.async_waits.poll_timeout()];
        let due = [self.store.poll_timeout(), self.clients.poll_timeout(), delayed, held];
        due.into_iter().chain(told).flatten().min()
    }

    /// The earliest instant at which there is something to do, or to judge.
    pub(crate) fn next_instant(&self) -> Option<SimTime> {
        [self.next_deadline(), self.waits.next_deadline()].into_iter().flatten().min()
    }

    /// How many connections of others have been told to close and are still open.
    pub(crate) fn foreign_pending(&self) -> usize {
        let closing = self.closing.iter().filter_map(|id| self.groups.get(id));
        closing.map(|group| group.foreign_closing()).sum()
    }

    /// Does what there is to do, until more input or more time is needed. Whether the store is quiescent then.
    fn settle(&mut self) -> bool {
        loop {
            self.perform_effects();
            self.tell_tap();
            if self.is_waiting() {
                self.judge_waits(false);
                return false;
            }
            if let Some(client) = self.clients.next_runnable() {
                self.step(client);
                continue;
            }
            if 0 < self.reads_in_flight {
                self.judge_waits(false);
                return false;
            }
            if self.next_deadline().is_some_and(|deadline| deadline <= self.now()) {
                self.handle_timeout();
                continue;
            }
            self.judge_waits(true);
            let Some(mut job) = self.jobs.pop_front() else {
                return true;
            };
            if job(self) == Progress::Again {
                self.jobs.push_front(job);
            }
        }
    }

    /// Whether no client may act yet: others have their turn first, bytes are under way, or the service starts, and its ports
    /// are closed until the lists have been read (A11).
    fn is_waiting(&mut self) -> bool {
        self.gives_way
            || !self.clients.links_are_even()
            || (0 < self.reads_in_flight && !self.store.is_running())
    }

    fn handle_timeout(&mut self) {
        // The next comes when what this one was has arrived.
        if self.release_hold(self.now()) {
            return;
        }
        self.disturb_tick(self.now());
        let now = self.now();
        self.release_values(now);
        self.store.handle_timeout(now);
        self.push_again(now);
        self.end_long_waits(now);
        self.clients.handle_timeout(now);
    }

    fn handle(&mut self, input: Input) {
        match input {
            Input::Request { connection, request, reply } => {
                let answer = self.answer(connection, request);
                // The connection may have been dropped meanwhile; it then reports itself closed.
                drop(reply.send(answer));
            }
            Input::Hold { connection, client, hold, reply } => {
                self.hold_back_tcp(connection, client, hold, reply);
            }
            Input::Closed { connection, group, meter } => {
                self.holds.forget(connection);
                self.close(connection, group.as_deref());
                if let Some(meter) = meter {
                    meter.close();
                }
            }
            Input::Values { epoch, token, reads } => {
                self.reads_in_flight = self.reads_in_flight.saturating_sub(1);
                if epoch == self.epoch {
                    self.take_values(token, reads);
                }
            }
            Input::Pump { client, dial, event } => self.handle_pump(client, dial, event),
            Input::Task(task) => task(self),
        }
    }

    // === what connections ask ===

    /// Does what a connection asks, with all that follows from it in the store.
    pub(crate) fn answer(&mut self, connection: ConnectionId, request: Request) -> Answer {
        let answer = match request {
            Request::Join { group, control } => {
                Answer::Joined(self.join(connection, group, control))
            }
            Request::Disturb(opportunity) => {
                Answer::Disturbed(Box::new(self.disturb(&opportunity)))
            }
            Request::Connect { group, connecting } => {
                self.connect((connection, group), *connecting)
            }
            Request::Observe { group, handle, subject } => self.observe(&group, handle, subject),
            Request::RegisterPush { group, handle, callback } => {
                self.register_push(&group, handle, callback)
            }
            Request::AsyncConnect { group, handle } => self.async_connect(&group, handle),
            Request::AsyncWait { group, handle, wait } => self.async_wait(&group, handle, wait),
            Request::Disconnect { group, handle } => self.disconnect(&group, handle),
        };
        self.perform_effects();
        answer
    }

    // === what the engine wants done ===

    pub(crate) fn perform_effects(&mut self) {
        while let Some(effect) = self.store.poll_effect() {
            match effect {
                Effect::QueryValues { token, names } => self.query(token, names),
                Effect::DropSession { session, reason, .. } => self.drop_session(session, &reason),
            }
        }
    }

    /// Reads the registry where blocking is allowed; the values come back as an input.
    fn query(&mut self, token: PollToken, names: Vec<ValueName>) {
        let Some(inbox) = self.shared.inbox.upgrade() else {
            return;
        };
        let registry = Arc::clone(self.cluster.active().registry());
        let epoch = self.epoch;
        self.reads_in_flight = self.reads_in_flight.saturating_add(1);
        tokio::task::spawn_blocking(move || {
            let reads = registry.query_values(&KeyPath::parameters_system(), &names);
            // The store may have stopped meanwhile.
            drop(inbox.blocking_send(Input::Values { epoch, token, reads }));
        });
    }

    // === starting over ===

    /// Ends the service: every session, every connection.
    pub(crate) fn stop_service(&mut self) {
        self.ended = true;
        self.stop_for(StopReason::Shutdown);
    }

    /// Closes every connection, whatever it is used for; also those that have not bound yet and are in no group.
    pub(crate) fn close_all(&mut self) {
        self.shared.site.close_unbound();
        self.clients.close_unbound_pipes();
        for group in self.groups.values().cloned().collect::<Vec<_>>() {
            self.close_connections(&group);
        }
    }

    /// A new epoch with no client, no fault, one node, the settings, the build and the random stream as at the start, and the
    /// clock too unless a manual one is wanted.
    pub(crate) fn start_over(&mut self, beginning: Beginning, manual: Option<SimTime>) {
        let registry: Arc<dyn Registry> = match beginning {
            Beginning::Empty => Arc::new(MemoryKeyStore::of_a_server()),
            Beginning::Baseline => first_node(&self.options),
        };
        self.shared.clock.restart(manual);
        self.cluster = Cluster::new(registry);
        self.faults = FaultRules::new(StreamSeed(self.options.seed.0));
        self.publish_stages();
        self.holds = Holds::default();
        self.delayed = None;
        self.clients = Clients::default();
        self.sessions.clear();
        self.pushes = Pushes::default();
        self.async_waits = AsyncWaits::default();
        self.handles_given = 0;
        let settings = self.options.settings.clone();
        self.begin(InfoStore::start(settings, self.next_epoch(), self.now()));
        self.directory = self.options.directory.clone();
        self.publish_accounts();
    }

    pub(crate) fn next_epoch(&self) -> Epoch {
        Epoch(self.epoch.0.saturating_add(1))
    }

    /// Begins the epoch of a new engine. The journal of the one before is kept for those who follow it, and of its groups those
    /// that others are still connected to.
    pub(crate) fn begin(&mut self, store: InfoStore) {
        self.end_waits(WaitEnd::Reset);
        self.epoch = store.journal().cursor().epoch;
        self.shared.site.transcripts.clear();
        self.ended = false;
        self.groups.retain(|_, group| 0 < group.foreign_closing());
        self.closing.retain(|id| self.groups.contains_key(id));
        self.shared.site.run_build(store.running_build());
        self.counted.add(self.store.journal().tally());
        self.retired = Some(core::mem::replace(&mut self.store, store).into_journal());
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "in the real and scaled modes store time follows the wall"
)]
pub(crate) async fn wait(timer: Option<Duration>) {
    match timer {
        Some(delay) => tokio::time::sleep(delay).await,
        None => core::future::pending().await,
    }
}
