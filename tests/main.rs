//! The integration tests: one binary, a module per area of the workspace.
#![allow(missing_docs, reason = "a test's name says what it shows")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at the first surprise, and that is its report"
)]

mod acceptance;
mod cli;
mod clock;
mod control;
mod dcerpc;
mod decisions;
mod docs_examples;
mod emsmdb;
mod faults;
mod foreign;
mod infostore;
mod policy;
mod registry_poll;
mod running;
mod server;
mod simulator;
mod testing;
mod workspace;
