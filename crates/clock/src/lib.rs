//! Store time: instants, durations as text, and a clock that reads no clock.
//!
//! The store's time is an argument everywhere. [`SimTime`] is an instant of it, [`StoreClock`] turns the wall's
//! elapsed time (handed in, never read here) into store time in the three modes of a store: real, scaled and manual.

mod civil;
mod duration;
mod sim_time;
mod store_clock;

pub use duration::{DurationError, format_duration, parse_duration};
pub use sim_time::{CivilTime, SimTime, TimeError};
pub use store_clock::{ClockError, ClockMode, Elapsed, Scale, StoreClock};
