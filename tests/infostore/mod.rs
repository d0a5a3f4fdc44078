//! The engine, driven as a server drives it: one input, then its effects.
//!
//! `driver` plays the server over a registry in memory that fails on demand; `story` turns journals into lines. For the
//! random histories, `history` makes them up, `model` is the article said naively, `trial` plays a history on engine
//! and model, and `invariants` says what has to hold after each call. A1 to A30 and S1 to S18 are the numbered decisions
//! of the policy specification.

mod admission;
mod audit;
mod commands;
mod coverage;
mod driver;
mod enforcement;
pub(crate) mod fault_rules;
mod fault_schedules;
mod history;
mod images;
mod interleavings;
mod invariants;
mod journal;
mod lifecycle;
mod limits;
mod model;
mod polls;
mod previews;
mod read_faults;
pub(crate) mod story;
mod trial;
