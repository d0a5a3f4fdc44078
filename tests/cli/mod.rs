//! The program: what it prints, where it listens, how it ends.

mod access;
mod config;
mod contract;
mod demo_open;
mod drain;
mod exit_codes;
mod fleets;
mod follow;
mod generated;
mod logs;
pub(crate) mod process;
mod readme;
mod recordings;
mod reference;
mod registry_file;
mod report;
mod run;
mod scenarios;
mod serve;
mod terminal;
mod transcript;
mod usage;
mod users;
