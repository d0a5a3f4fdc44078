//! The engine, driven as a server drives it: one input, then its effects.
//!
//! `driver` plays the server over a registry in memory that fails on demand; `story` turns journals into lines. A1 to A30
//! and S1 to S18 are the numbered decisions of the policy specification.

mod admission;
mod commands;
mod coverage;
mod driver;
mod enforcement;
mod journal;
mod limits;
mod polls;
mod story;
