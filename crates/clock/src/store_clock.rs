//! The clock of one store: real, scaled or manual, as a pure function of elapsed wall time.

use core::fmt;
use core::time::Duration;

use crate::SimTime;

/// Wall time since an arbitrary fixed start, measured by whoever drives the clock (a monotonic clock's reading).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Elapsed(pub Duration);

/// How many seconds of store time pass in one second of wall time: 1 to 1,000,000.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scale(u32);

impl Scale {
    /// The largest factor.
    pub const MAX: u32 = 1_000_000;

    /// A factor from 1 to [`Scale::MAX`], else `None`.
    pub fn new(factor: u32) -> Option<Self> {
        (1..=Self::MAX).contains(&factor).then_some(Self(factor))
    }

    /// The factor.
    pub fn factor(self) -> u32 {
        self.0
    }
}

/// How a store's time moves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClockMode {
    /// With the wall clock.
    Real,
    /// Faster than the wall clock, by a whole factor.
    Scaled(Scale),
    /// Only when told to.
    Manual,
}

/// Why store time can't be moved as asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClockError {
    /// Only a manual clock is moved by hand.
    NotManual,
    /// Time goes forwards only.
    Backwards {
        /// Store time now.
        now: SimTime,
        /// The time asked for.
        target: SimTime,
    },
    /// The text form of store time ends with the year 9999.
    OutOfRange,
}

impl core::error::Error for ClockError {}

impl fmt::Display for ClockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotManual => f.write_str("the clock is not manual, so it can't be moved by hand"),
            Self::Backwards { now, target } => {
                write!(f, "store time is {now} and goes forwards only, so it can't go to {target}")
            }
            Self::OutOfRange => f.write_str("store time ends with the year 9999"),
        }
    }
}

/// A store's clock. It holds an anchor, a pair of store time and elapsed wall time, and computes from there; it never
/// goes backwards, not even when its mode changes.
#[derive(Clone, Copy, Debug)]
pub struct StoreClock {
    mode: ClockMode,
    anchor: SimTime,
    anchored_at: Elapsed,
}

impl StoreClock {
    /// A clock that shows `start` at `elapsed`.
    pub fn new(mode: ClockMode, start: SimTime, elapsed: Elapsed) -> Self {
        Self { mode, anchor: start, anchored_at: elapsed }
    }

    /// How time moves.
    pub fn mode(&self) -> ClockMode {
        self.mode
    }

    /// Store time at `elapsed`.
    pub fn now(&self, elapsed: Elapsed) -> SimTime {
        let wall = elapsed.0.saturating_sub(self.anchored_at.0);
        match self.mode {
            ClockMode::Manual => self.anchor,
            ClockMode::Real => self.anchor.saturating_add(wall),
            ClockMode::Scaled(scale) => self.anchor.saturating_add(wall.saturating_mul(scale.0)),
        }
    }

    /// How long the wall has to wait from `elapsed` until store time is `deadline`; `None` on a manual clock, which
    /// never gets there by itself.
    pub fn wall_delay(&self, deadline: SimTime, elapsed: Elapsed) -> Option<Duration> {
        let ahead = deadline.since(self.now(elapsed));
        match self.mode {
            ClockMode::Manual => None,
            ClockMode::Real => Some(ahead),
            ClockMode::Scaled(scale) => Some(div_rounding_up(ahead, scale.0)),
        }
    }

    /// Moves a manual clock to `target`.
    ///
    /// # Errors
    /// [`ClockError::NotManual`] in another mode, [`ClockError::Backwards`] when `target` lies in the past.
    pub fn advance_to(&mut self, target: SimTime) -> Result<(), ClockError> {
        if self.mode != ClockMode::Manual {
            return Err(ClockError::NotManual);
        }
        if target < self.anchor {
            return Err(ClockError::Backwards { now: self.anchor, target });
        }
        self.anchor = target;
        Ok(())
    }

    /// Jumps ahead by so much, at most to the end of store time, in every mode; the time then.
    pub fn jump(&mut self, by: Duration, elapsed: Elapsed) -> SimTime {
        let target = self.now(elapsed).saturating_add(by);
        *self = Self::new(self.mode, target, elapsed);
        target
    }

    /// Changes how time moves from `elapsed` on; store time itself does not jump.
    pub fn set_mode(&mut self, mode: ClockMode, elapsed: Elapsed) {
        *self = Self::new(mode, self.now(elapsed), elapsed);
    }
}

/// Rounds up to whole microseconds, so that a timer that fires after this long never fires before its deadline.
fn div_rounding_up(duration: Duration, by: u32) -> Duration {
    let micros = duration.as_micros().div_ceil(u128::from(by.max(1)));
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}
