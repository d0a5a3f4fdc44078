//! The wall clock: the one place of the workspace that reads it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clock::{ClockError, ClockMode, Elapsed, SimTime, StoreClock};

/// A store's clock driven by the wall, shared by the store's task and its connections.
#[derive(Debug)]
pub(crate) struct WallClock {
    origin: Instant,
    mode: ClockMode,
    start: SimTime,
    clock: Mutex<StoreClock>,
}

impl WallClock {
    /// A clock that shows `start`, or the wall's time when there is none.
    pub(crate) fn new(mode: ClockMode, start: Option<SimTime>) -> Self {
        let start = start.unwrap_or_else(wall_time);
        let clock = StoreClock::new(mode, start, Elapsed::default());
        Self { origin: monotonic(), mode, start, clock: Mutex::new(clock) }
    }

    /// Sets the clock as it was at first, or as a manual one that shows `manual`.
    pub(crate) fn restart(&self, manual: Option<SimTime>) {
        let (mode, start) = manual.map_or((self.mode, self.start), |now| (ClockMode::Manual, now));
        self.set(mode, start);
    }

    /// Sets the clock: it shows `at` now, and moves on from there.
    pub(crate) fn set(&self, mode: ClockMode, at: SimTime) {
        self.with(|clock, elapsed| *clock = StoreClock::new(mode, at, elapsed));
    }

    /// Store time.
    pub(crate) fn now(&self) -> SimTime {
        self.with(|clock, elapsed| clock.now(elapsed))
    }

    /// How time moves.
    pub(crate) fn mode(&self) -> ClockMode {
        self.with(|clock, _| clock.mode())
    }

    /// How long to wait until `deadline`; `None` when waiting does not help.
    pub(crate) fn wall_delay(&self, deadline: SimTime) -> Option<Duration> {
        self.with(|clock, elapsed| clock.wall_delay(deadline, elapsed))
    }

    /// Moves a manual clock.
    pub(crate) fn advance_to(&self, target: SimTime) -> Result<(), ClockError> {
        self.with(|clock, _| clock.advance_to(target))
    }

    /// Jumps ahead in every mode; the time then.
    pub(crate) fn jump(&self, by: Duration) -> SimTime {
        self.with(|clock, elapsed| clock.jump(by, elapsed))
    }

    /// Changes how time moves.
    pub(crate) fn set_mode(&self, mode: ClockMode) {
        self.with(|clock, elapsed| clock.set_mode(mode, elapsed));
    }

    fn with<T>(&self, use_clock: impl FnOnce(&mut StoreClock, Elapsed) -> T) -> T {
        // The clock is a few words that each call leaves whole, so a poisoned lock still guards a good one.
        let mut clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed = monotonic().saturating_duration_since(self.origin);
        use_clock(&mut clock, Elapsed(elapsed))
    }
}

/// Measures time of the wall, for those who are told how long something took. Nothing is decided by it.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Begins to measure.
    pub fn start() -> Self {
        Self(monotonic())
    }

    /// Time since it began.
    pub fn elapsed(&self) -> Duration {
        monotonic().saturating_duration_since(self.0)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "store time in the real and scaled modes follows the wall, and so does a time to live"
)]
fn monotonic() -> Instant {
    Instant::now()
}

/// The time of the wall, where a store begins that is told no other.
#[expect(
    clippy::disallowed_methods,
    reason = "a store that is told no start begins at the wall's time"
)]
pub fn wall_time() -> SimTime {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    SimTime::from_micros(u64::try_from(since_epoch.as_micros()).unwrap_or(u64::MAX))
}
