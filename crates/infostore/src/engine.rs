//! The engine itself: its state, its getters and its outputs. The inputs are in the modules named after them.

use std::collections::VecDeque;
use std::sync::Arc;

use clock::SimTime;
use policy::{BlockList, Policy};
use registry_poll::{FaultId, PollNumber, PollSchedule, ValueName};

use crate::build::Build;
use crate::journal::{Epoch, Journal};
use crate::plan::{Watch, Watched};
use crate::poll::PollRecord;
use crate::session::{AssociationRef, DisconnectReason, Generation, SessionId, SessionRecord};
use crate::settings::Settings;
use crate::table::SessionTable;

/// The engine of one store.
///
/// Four kinds of methods: getters; inputs (`connect`, `observe`, `handle_*`); the control plane's [`InfoStore::execute`];
/// outputs (`poll_*`). `now` never decreases from call to call. After each input drain [`InfoStore::poll_effect`], and call
/// [`InfoStore::handle_timeout`] when [`InfoStore::poll_timeout`] is reached.
#[derive(Debug)]
pub struct InfoStore {
    pub(crate) settings: Settings,
    pub(crate) phase: Phase,
    pub(crate) policy: Policy,
    pub(crate) generation: Generation,
    pub(crate) table: SessionTable,
    pub(crate) last_session: SessionId,
    pub(crate) schedule: PollSchedule,
    /// The build that runs: the one that was installed when the service started.
    pub(crate) running: Build,
    pub(crate) watched: Vec<Watched>,
    /// The fault rules that disturbed the last read of the registry: they are in play in every decision until the next one.
    pub(crate) read_faults: Arc<[FaultId]>,
    pub(crate) polls: VecDeque<PollRecord>,
    /// What they weigh.
    pub(crate) polls_bytes: usize,
    pub(crate) journal: Journal,
    pub(crate) effects: VecDeque<Effect>,
    pub(crate) totals: Totals,
}

/// Where the service stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    /// The first read of the registry is in flight; nobody is admitted.
    Starting,
    /// Clients come and go.
    Running,
    /// Nobody is admitted, nothing is polled.
    Stopped,
}

/// Identifies the poll whose values come back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PollToken(pub PollNumber);

/// What has to happen outside the engine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Read these values of the polled key and bring them to [`InfoStore::handle_values`].
    QueryValues {
        /// Goes back with the values.
        token: PollToken,
        /// The values to read.
        names: Vec<ValueName>,
    },
    /// A session has ended by the store's doing: its context handle is dead from now on (A20).
    DropSession {
        /// The session.
        session: SessionId,
        /// Where its context handle lives.
        association: AssociationRef,
        /// Why it ended.
        reason: DisconnectReason,
    },
}

/// Counts since the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) admitted: u64,
    pub(crate) refused: u64,
    pub(crate) disconnected: u64,
    pub(crate) would_block: u64,
    /// Sessions at a time, since the service started.
    pub(crate) most_sessions: usize,
}

/// How many there are, and were.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counts {
    /// Live sessions.
    pub sessions: usize,
    /// Live sessions without a process name, which no process list can hit (A15).
    pub unidentified: usize,
    /// The most sessions at a time since the service started.
    pub most_sessions: usize,
    /// Distinct combinations of process names and version among the live sessions.
    pub classes: usize,
    /// Clients admitted since the start.
    pub admitted: u64,
    /// Clients refused since the start.
    pub refused: u64,
    /// Sessions that the store ended since the start.
    pub disconnected: u64,
    /// Sessions that the policy would have kept from opening or ended since the start, had it been enforced.
    pub would_block: u64,
}

impl InfoStore {
    /// Starts the service: the first effect reads the registry, and nobody is admitted before its values are in (A11).
    pub fn start(settings: Settings, epoch: Epoch, now: SimTime) -> Self {
        let mut store = Self {
            phase: Phase::Stopped,
            policy: Policy::default(),
            generation: Generation::default(),
            table: SessionTable::default(),
            last_session: SessionId(0),
            schedule: PollSchedule::new(now, settings.poll_interval),
            running: settings.build,
            watched: Watched::all(),
            read_faults: Arc::default(),
            polls: VecDeque::new(),
            polls_bytes: 0,
            journal: Journal::new(epoch, settings.limits.journal_capacity()),
            effects: VecDeque::new(),
            totals: Totals::default(),
            settings,
        };
        store.start_service(now);
        store
    }

    /// What the store is set up with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The build that runs: the one that was installed when the service started.
    pub fn running_build(&self) -> Build {
        self.running
    }

    /// Whether the list has been read since the service started.
    pub fn knows(&self, list: BlockList) -> bool {
        self.watched.iter().any(|watched| watched.list == list && watched.watch != Watch::Undecided)
    }

    /// Whether clients are admitted.
    pub fn is_running(&self) -> bool {
        self.phase == Phase::Running
    }

    /// Whether the service has stopped.
    pub fn is_stopped(&self) -> bool {
        self.phase == Phase::Stopped
    }

    /// The policy in force.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The generation of the policy in force.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// When the registry is polled.
    pub fn schedule(&self) -> &PollSchedule {
        &self.schedule
    }

    /// What happened.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// What happened, when the rest is of no use any more.
    pub fn into_journal(self) -> Journal {
        self.journal
    }

    /// A live session.
    pub fn session(&self, id: SessionId) -> Option<&Arc<SessionRecord>> {
        self.table.get(id).map(|row| &row.record)
    }

    /// The live sessions after `after`, in session order.
    pub fn sessions_after(
        &self,
        after: Option<SessionId>,
    ) -> impl Iterator<Item = &Arc<SessionRecord>> {
        self.table.rows_after(after).map(|row| &row.record)
    }

    /// How many there are.
    pub fn counts(&self) -> Counts {
        Counts {
            sessions: self.table.len(),
            unidentified: self.table.unidentified(),
            most_sessions: self.totals.most_sessions,
            classes: self.table.class_count(),
            admitted: self.totals.admitted,
            refused: self.totals.refused,
            disconnected: self.totals.disconnected,
            would_block: self.totals.would_block,
        }
    }

    /// When [`InfoStore::handle_timeout`] has something to do.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<SimTime> {
        self.schedule.poll_timeout().filter(|_| self.phase != Phase::Stopped)
    }

    /// The next thing to do outside.
    #[must_use]
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }
}
