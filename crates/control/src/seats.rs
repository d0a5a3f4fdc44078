//! Who has a connection. When all are taken, a new one gets the place of whoever has kept one longest without being answered: first
//! of those that never asked anything, then of those that are idle. So peers that connect and say nothing, or say it slowly,
//! or do not read what they asked for, keep nobody out.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::app::ControlLimits;

/// What a connection is at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// Between two requests.
    Idle,
    /// The head of a request has begun.
    Head,
    /// The head is there, and its body has begun.
    Body,
    /// The request is there, and is being answered.
    Answering,
}

/// A connection's place.
#[derive(Debug)]
pub(crate) struct Seat {
    state: Mutex<SeatState>,
    changed: Notify,
}

#[derive(Debug)]
struct SeatState {
    stage: Stage,
    /// Whether the peer does not take what is sent to it.
    stalled: bool,
    /// Whether a request was answered here already.
    served: bool,
    /// Whether the place was given to somebody else.
    lost: bool,
}

/// The place was given to somebody else, so nothing begins any more.
#[derive(Debug, thiserror::Error)]
#[error("the connection was closed to make room")]
pub(crate) struct SeatLost;

/// What a connection has to do next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Patience {
    /// To close.
    Over,
    /// To wait this long for the next change.
    For(Duration),
    /// To wait: the request itself has a limit.
    Endless,
}

impl Seat {
    fn new() -> Self {
        let state = SeatState { stage: Stage::Idle, stalled: false, served: false, lost: false };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }

    /// Bytes have come.
    pub(crate) fn read(&self) {
        self.change(|state| {
            if state.stage == Stage::Idle {
                state.stage = Stage::Head;
            }
        });
    }

    /// Bytes were sent, or could not be since the peer takes none.
    pub(crate) fn wrote(&self, stalled: bool) {
        self.change(|state| state.stalled = stalled);
    }

    /// A request's head is there.
    ///
    /// # Errors
    /// When the place was given to somebody else meanwhile.
    pub(crate) fn begin(&self, has_body: bool) -> Result<(), SeatLost> {
        self.change(|state| state.stage = if has_body { Stage::Body } else { Stage::Answering });
        if self.lock().lost { Err(SeatLost) } else { Ok(()) }
    }

    /// The body is there too.
    pub(crate) fn arrived(&self) {
        self.change(|state| {
            if state.stage == Stage::Body {
                state.stage = Stage::Answering;
            }
        });
    }

    /// The answer is on its way.
    pub(crate) fn answered(&self) {
        self.change(|state| {
            state.stage = Stage::Idle;
            state.served = true;
        });
    }

    /// How long the connection may stay as it is.
    pub(crate) fn patience(&self, limits: &ControlLimits) -> Patience {
        let state = self.lock();
        match state.stage {
            _ if state.lost => Patience::Over,
            _ if state.stalled => Patience::For(limits.write_timeout),
            Stage::Idle => Patience::For(limits.idle_timeout),
            Stage::Head => Patience::For(limits.head_timeout),
            Stage::Body | Stage::Answering => Patience::Endless,
        }
    }

    /// Returns when the patience may be another than before.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Takes the place away from a peer that does not take what is sent to it.
    pub(crate) fn lose_if_stalled(&self) {
        let mut state = self.lock();
        state.lost |= state.stalled;
        drop(state);
        self.changed.notify_one();
    }

    /// Takes the place away unless a request is being answered, or was answered before and such are to be spared; whether it
    /// did.
    fn lose(&self, spare_served: bool) -> bool {
        let mut state = self.lock();
        let answering = state.stage == Stage::Answering && !state.stalled;
        if answering || (spare_served && state.served) {
            return false;
        }
        state.lost = true;
        drop(state);
        self.changed.notify_one();
        true
    }

    fn change(&self, change: impl FnOnce(&mut SeatState)) {
        let mut state = self.lock();
        let before = (state.stage, state.stalled);
        change(&mut state);
        let changed = before != (state.stage, state.stalled);
        drop(state);
        if changed {
            self.changed.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, SeatState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All places.
#[derive(Debug)]
pub(crate) struct Seats {
    most: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    /// In the order in which they were taken.
    seats: BTreeMap<u64, Arc<Seat>>,
    next: u64,
}

/// A place that is given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Seated {
    seats: Arc<Seats>,
    number: u64,
    pub(crate) seat: Arc<Seat>,
}

impl Seats {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, taken: Mutex::new(Taken::default()) }
    }

    /// A place, if need be that of the one who has had it longest without asking anything. None when each of them is being
    /// answered.
    pub(crate) fn take(self: &Arc<Self>) -> Option<Seated> {
        let mut taken = self.lock();
        if self.most <= taken.seats.len() && !taken.make_room() {
            return None;
        }
        let (number, seat) = (taken.next, Arc::new(Seat::new()));
        taken.next = number.saturating_add(1);
        taken.seats.insert(number, Arc::clone(&seat));
        Some(Seated { seats: Arc::clone(self), number, seat })
    }

    /// Closes the connection that has kept its place longest without asking anything.
    pub(crate) fn make_room(&self) {
        self.lock().make_room();
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    fn make_room(&mut self) -> bool {
        let lose = |spare_served| {
            let mut seats = self.seats.iter();
            seats.find(|(_, seat)| seat.lose(spare_served)).map(|(number, _)| *number)
        };
        let lost = lose(true).or_else(|| lose(false));
        lost.and_then(|number| self.seats.remove(&number)).is_some()
    }
}

impl Drop for Seated {
    fn drop(&mut self) {
        self.seats.lock().seats.remove(&self.number);
    }
}
