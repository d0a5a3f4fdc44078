//! A program that runs all day: a fake client that connects, works, and knows what to do when it is turned away.
//!
//! ```text
//!            arrival            answer               pause, again and again
//! connect ──────────> connecting ─────> connected ──────────────────────────> a call
//!                        │  ^              │  └── lifetime ──> disconnects, and stays away
//!                refused │  └── delay ─────┴── session ended, or connection gone
//! ```
//!
//! A [`Program`] is a [`ClientMachine`] with [`Habits`]; like it, it has no socket, no clock and no source of chance but a
//! stream that it is given.

pub(crate) mod chance;
mod habits;
mod reaction;
mod span;

use std::sync::Arc;

use clock::SimTime;

use crate::machine::{Action, CallError, ClientMachine, ClientState, MachineOptions};
use crate::name::ProcessName;
use crate::spec::{ClientFields, ClientSpec};
use chance::Chance;
pub use habits::{Arrival, HabitFields, Habits, Spread};
pub use reaction::Reaction;
use reaction::{Disguise, SHORTEST};
pub use span::{Length, Span};

/// A fake client with habits.
#[derive(Clone, Debug)]
pub struct Program {
    machine: ClientMachine,
    /// None for one that does nothing of its own accord.
    routine: Option<Box<Routine>>,
}

/// What a program keeps to do as it is used to.
#[derive(Clone, Debug)]
struct Routine {
    habits: Arc<Habits>,
    chance: Chance,
    number: u64,
    /// How long after it was first told to connect it does.
    arrives: Option<core::time::Duration>,
    next: Option<(SimTime, Errand)>,
    /// When it ends its session.
    leaves: Option<SimTime>,
    /// Where the machine was seen last.
    seen: ClientState,
    /// When it began to connect last.
    began: SimTime,
    /// Attempts in a row that opened no session.
    tries: u32,
    calls: u32,
    names: u32,
}

/// What is to be done next.
#[derive(Clone, PartialEq, Debug)]
enum Errand {
    Arrive,
    Return(Option<Disguise>),
    Call,
}

/// What makes a program differ from others of the same habits.
#[derive(Clone, Debug)]
pub(crate) struct Individual {
    /// Its number, for `{n}`.
    pub(crate) number: u64,
    /// How long after it is first told to connect it does.
    pub(crate) arrives: core::time::Duration,
    /// Its chance.
    pub(crate) chance: Chance,
}

impl Program {
    /// One that does nothing of its own accord.
    #[must_use]
    pub fn idle(spec: ClientSpec) -> Self {
        Self { machine: ClientMachine::new(spec, MachineOptions::default()), routine: None }
    }

    /// One with habits that stands alone: as number `number`, whose chance is a stream of `seed` that no client of a fleet has.
    #[must_use]
    pub fn new(spec: ClientSpec, habits: &Arc<Habits>, (number, seed): (u64, u64)) -> Self {
        let mut chance = Chance::new(seed, number | ALONE);
        let arrives = habits.arrives((0, 1), &mut chance);
        Self::individual(spec, habits, Individual { number, arrives, chance })
    }

    pub(crate) fn individual(
        spec: ClientSpec,
        habits: &Arc<Habits>,
        Individual { number, arrives, chance }: Individual,
    ) -> Self {
        let routine = (!habits.are_none()).then(|| {
            Box::new(Routine {
                habits: Arc::clone(habits),
                chance,
                number,
                arrives: Some(arrives).filter(|arrives| !arrives.is_zero()),
                next: None,
                leaves: None,
                seen: ClientState::Idle,
                began: SimTime::EPOCH,
                tries: 0,
                calls: 0,
                names: 0,
            })
        });
        Self { routine, ..Self::idle(spec) }
    }

    /// The client itself.
    #[must_use]
    pub fn machine(&self) -> &ClientMachine {
        &self.machine
    }

    /// What it does all day; none for one that does nothing of its own accord.
    #[must_use]
    pub fn habits(&self) -> Option<&Habits> {
        self.routine.as_ref().map(|routine| &*routine.habits)
    }

    /// Has it be another when it connects next, as [`ClientMachine::respec`].
    pub fn respec(&mut self, spec: ClientSpec) {
        self.machine.respec(spec);
    }

    /// Starts it: the first time when it is used to come, later at once.
    pub fn connect(&mut self, now: SimTime) {
        if let Some(routine) = &mut self.routine {
            routine.tries = 0;
            routine.stay_away();
            routine.began = now;
            if let Some(arrives) = routine.arrives.take() {
                routine.next = Some((now.saturating_add(arrives), Errand::Arrive));
                return;
            }
        }
        self.machine.connect(now);
        self.notice(now);
    }

    /// Ends its session as [`ClientMachine::disconnect`], and it stays away.
    pub fn disconnect(&mut self, now: SimTime) {
        if let Some(routine) = &mut self.routine {
            routine.stay_away();
        }
        self.machine.disconnect(now);
    }

    /// Makes a call that does nothing.
    ///
    /// # Errors
    /// As [`ClientMachine::touch`].
    pub fn touch(&mut self) -> Result<(), CallError> {
        self.machine.touch()
    }

    /// Names a program in a call.
    ///
    /// # Errors
    /// As [`ClientMachine::report`].
    pub fn report(&mut self, process: &ProcessName) -> Result<(), CallError> {
        self.machine.report(process)
    }

    /// The connection that it asked for is there.
    pub fn handle_connected(&mut self, now: SimTime) {
        self.machine.handle_connected(now);
        self.notice(now);
    }

    /// Bytes have come in.
    pub fn handle_bytes(&mut self, now: SimTime, bytes: &[u8]) {
        self.machine.handle_bytes(now, bytes);
        self.notice(now);
    }

    /// The connection is gone, or could not be made; `why` is one clause.
    pub fn handle_closed(&mut self, now: SimTime, why: &str) {
        self.machine.handle_closed(now, why);
        self.notice(now);
    }

    /// A deadline has been reached.
    pub fn handle_timeout(&mut self, now: SimTime) {
        let Some(routine) = &mut self.routine else { return };
        if routine.leaves.is_some_and(|leaves| leaves <= now) {
            routine.stay_away();
            self.machine.disconnect(now);
        } else if let Some((_, errand)) = routine.next.take_if(|(due, _)| *due <= now) {
            self.run(now, errand);
        }
        self.notice(now);
    }

    /// The next deadline.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<SimTime> {
        let routine = self.routine.as_ref()?;
        let next = routine.next.as_ref().map(|(due, _)| *due);
        [next, routine.leaves].into_iter().flatten().min()
    }

    /// What it does next.
    #[must_use]
    pub fn poll_action(&mut self) -> Option<Action> {
        self.machine.poll_action()
    }

    fn run(&mut self, now: SimTime, errand: Errand) {
        let Some(routine) = &mut self.routine else { return };
        match errand {
            Errand::Arrive => {
                routine.began = now;
                self.machine.connect(now);
            }
            Errand::Return(disguise) => {
                routine.began = now;
                routine.tries = routine.tries.saturating_add(1);
                if let Some(disguise) = disguise
                    && let Some(spec) = routine.disguised(self.machine.spec(), &disguise)
                {
                    self.machine.respec(spec);
                }
                self.machine.connect(now);
            }
            Errand::Call => {
                // One whose last call has no answer yet waits for it.
                if self.machine.work() {
                    routine.calls = routine.calls.saturating_add(1);
                }
                routine.plan_call(now);
            }
        }
    }

    /// Does what follows from where the client has come to stand.
    fn notice(&mut self, now: SimTime) {
        let Some(routine) = &mut self.routine else { return };
        let state = self.machine.state();
        if core::mem::replace(&mut routine.seen, state) == state {
            return;
        }
        match state {
            ClientState::Connected => routine.settle_in(now),
            ClientState::Refused => routine.turned_away(now, Turned::Refused),
            ClientState::Disconnected | ClientState::Failed => {
                routine.turned_away(now, Turned::CutOff);
            }
            ClientState::Idle => routine.stay_away(),
            ClientState::Connecting => {}
        }
    }
}

/// How a program was turned away.
#[derive(Clone, Copy)]
enum Turned {
    Refused,
    CutOff,
}

impl Routine {
    fn settle_in(&mut self, now: SimTime) {
        self.tries = 0;
        self.plan_call(now);
        let lifetime = self.habits.lifetime(&mut self.chance);
        self.leaves = lifetime.map(|lifetime| now.saturating_add(lifetime));
    }

    fn plan_call(&mut self, now: SimTime) {
        let pause = self.habits.next_call(self.calls, &mut self.chance);
        self.next = pause.map(|pause| (now.saturating_add(pause), Errand::Call));
    }

    fn turned_away(&mut self, now: SimTime, turned: Turned) {
        self.stay_away();
        let habits = Arc::clone(&self.habits);
        let reaction = match turned {
            Turned::Refused => habits.on_refused(),
            Turned::CutOff => habits.on_disconnect(),
        };
        if let Some(again) = reaction.after(self.tries, &mut self.chance) {
            let errand = Errand::Return(again.disguise.cloned());
            // Whatever the habit: store time has to move on.
            let earliest = self.began.saturating_add(SHORTEST);
            self.next = Some((now.saturating_add(again.after).max(earliest), errand));
        }
    }

    fn stay_away(&mut self) {
        self.next = None;
        self.leaves = None;
    }

    /// Who it is from now on; none when it stays who it was, or can't be who it would.
    fn disguised(&mut self, spec: &ClientSpec, disguise: &Disguise) -> Option<ClientSpec> {
        let was = ClientFields::from(spec.clone());
        let fields = match disguise {
            Disguise::Process(process) => {
                self.names = self.names.saturating_add(1);
                let process = process.filled_in(self.number, self.names).ok()?;
                ClientFields { process: Some(process), ..was }
            }
            Disguise::Version(client_version) => {
                let process = was.process.filter(|_| client_version.has_auxiliary_buffer());
                ClientFields { process, client_version: *client_version, ..was }
            }
        };
        ClientSpec::new(fields).ok().filter(|new| new != spec)
    }
}

/// What the streams of programs that stand alone have in their numbers.
const ALONE: u64 = 1 << 62;
