//! The program: what it prints, where it listens, how it ends.

mod process;
mod readme;
mod scenarios;
mod serve;
