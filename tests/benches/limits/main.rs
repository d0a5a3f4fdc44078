//! What the store costs beside what it can't cost less than, measured in the same run, one after the other.
//!
//! `cargo bench -p exstore-tests --bench limits [-- [--quick] [--load PATH] [PART ...]]`; the parts are in [`PARTS`]. How to read the
//! tables is in docs/benchmarks.md. No speed is asserted; that every client saw what it must see is.
#![allow(clippy::print_stdout, reason = "the tables are what a bench is for")]
#![allow(
    clippy::disallowed_methods,
    reason = "a bench reads the wall clock: that is what it measures"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::arithmetic_side_effects,
    reason = "a bench stops at the first surprise, and counts far below any overflow"
)]

mod bare;
mod connects;
mod cpu;
mod create;
mod day;
mod decide;
mod figures;
mod keep_alive;
mod load;
mod past;
mod plane;
mod poll;
mod privacy;
mod snapshots;
mod store;
mod streams;

use std::path::PathBuf;

use load::LoadBinary;

/// How much is measured.
#[derive(Clone, Copy)]
struct Scale {
    /// Runs of each side of a decision.
    decision_rounds: usize,
    /// Passes over the clients in one of these runs.
    passes: usize,
    /// Runs of each side of what goes over the network.
    rounds: usize,
    /// Stores that are made in one run.
    stores: usize,
    /// Clients that connect in one run.
    connects: usize,
    /// Sessions that one client opens and ends in one run.
    sessions: usize,
    /// Clients that one poll cuts off.
    held: usize,
    /// Clients of the pipe that a store comes back with.
    arranged: usize,
    /// Clients of the pipe that the largest snapshot holds.
    crowd: usize,
    /// Events that a hundred readers are sent in one run.
    events: usize,
    /// The reference day has one of so many clients.
    day: u32,
}

const FULL: Scale = Scale {
    decision_rounds: 25,
    passes: 50,
    rounds: 9,
    stores: 500,
    connects: 20_000,
    sessions: 2_000,
    held: 10_000,
    arranged: 1_000,
    crowd: 100_000,
    events: 10_000,
    day: 1,
};

/// Enough to see that everything still runs.
const QUICK: Scale = Scale {
    decision_rounds: 3,
    passes: 5,
    rounds: 3,
    stores: 20,
    connects: 500,
    sessions: 50,
    held: 500,
    arranged: 100,
    crowd: 1_000,
    events: 500,
    day: 200,
};

/// What is measured, each by its name.
const PARTS: [&str; 10] = [
    "decide",
    "create",
    "past",
    "snapshots",
    "plane",
    "streams",
    "privacy",
    "day",
    "connects",
    "poll",
];

/// What the command line asks for.
struct Options {
    scale: Scale,
    load: Option<PathBuf>,
    named: Vec<String>,
}

impl Options {
    fn parse(mut words: impl Iterator<Item = String>) -> Self {
        let mut options = Self { scale: FULL, load: None, named: Vec::new() };
        while let Some(word) = words.next() {
            match word.as_str() {
                // Cargo says so to every bench.
                "--bench" => {}
                "--quick" => options.scale = QUICK,
                "--load" => options.load = Some(words.next().expect("--load PATH").into()),
                part if PARTS.contains(&part) => options.named.push(word),
                other => panic!(
                    "`{other}`: the options are --quick, --load PATH, and of the parts {PARTS:?}"
                ),
            }
        }
        options
    }

    fn wants(&self, name: &str) -> bool {
        self.named.is_empty() || self.named.iter().any(|named| named == name)
    }
}

fn main() {
    let options = Options::parse(std::env::args().skip(1));
    let busy = std::fs::read_to_string("/proc/loadavg").expect("Linux, with /proc mounted");
    println!("load average before the first run: {}", busy.trim_end());
    if options.wants("decide") {
        decide::run(options.scale);
    }
    if options.wants("create") {
        create::run(options.scale);
    }
    if options.wants("past") {
        past::run(options.scale);
    }
    if options.wants("snapshots") {
        snapshots::run(options.scale);
    }
    if options.wants("plane") {
        plane::run(options.scale);
    }
    if options.wants("streams") {
        streams::run(options.scale);
    }
    if options.wants("privacy") {
        privacy::run(options.scale);
    }
    if options.wants("day") {
        day::run(options.scale);
    }
    if options.wants("connects") || options.wants("poll") {
        let load = LoadBinary::find(options.load.clone());
        if options.wants("connects") {
            connects::run(options.scale, &load);
        }
        if options.wants("poll") {
            poll::run(options.scale, &load);
        }
    }
}
