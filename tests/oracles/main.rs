//! Each decoder on bytes that were good once, and on any: no panic, no hang, what must hold does, and no more memory than the input accounts for.
//!
//! `cargo test -p exstore-tests --test oracles [-- [NAME ...] [--corpus FOLDER]]`. `PROPTEST_CASES` says how many inputs each decoder gets. What was
//! found once is in `found`, and comes first. `--corpus` writes the good bytes for the fuzz targets of `tests/fuzz` instead. It is a binary of
//! its own because it counts what is allocated, by anybody in the process: so one input at a time, on one thread.
#![allow(
    clippy::print_stdout,
    reason = "which decoders passed, and on how much, is what it is for"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::arithmetic_side_effects,
    reason = "a test stops at the first surprise, and that is its report"
)]
#![allow(dead_code, reason = "what the tests of areas share is not all needed here")]
#![allow(unreachable_pub, reason = "the fuzz targets reach it")]

mod decoders;

use std::alloc::System;
use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};

use decoders::{DECODERS, Decoder};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The longest input of random bytes.
const RANDOM: usize = 600;

/// A change of an input, at some place.
#[derive(Debug, Clone)]
enum Change {
    Set(u8),
    Flip(u8),
    Number(u32, bool),
    Insert(Vec<u8>),
    Remove(u8),
    Truncate,
    /// What stands at that place of another input, instead of what follows.
    Splice(Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    let edge =
        prop::sample::select(vec![0, 1, 0x7F, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, u32::MAX]);
    prop_oneof![
        4 => any::<u8>().prop_map(Change::Set),
        3 => (0..8_u8).prop_map(Change::Flip),
        2 => (prop_oneof![edge, 0..300_u32], any::<bool>()).prop_map(|(n, wide)| Change::Number(n, wide)),
        1 => vec(any::<u8>(), 1..9).prop_map(Change::Insert),
        1 => (1..40_u8).prop_map(Change::Remove),
        1 => Just(Change::Truncate),
        1 => any::<(Index, Index)>().prop_map(|(which, at)| Change::Splice(which, at)),
    ]
}

fn changed(mut bytes: Vec<u8>, at: &Index, change: &Change, corpus: &[Vec<u8>]) -> Vec<u8> {
    let at = at.index(bytes.len() + 1);
    match change {
        Change::Set(value) => bytes[at..].iter_mut().take(1).for_each(|byte| *byte = *value),
        Change::Flip(bit) => bytes[at..].iter_mut().take(1).for_each(|byte| *byte ^= 1 << bit),
        Change::Number(number, wide) => {
            let octets = number.to_le_bytes().into_iter().take(if *wide { 4 } else { 2 });
            bytes[at..].iter_mut().zip(octets).for_each(|(byte, octet)| *byte = octet);
        }
        Change::Insert(more) => drop(bytes.splice(at..at, more.iter().copied())),
        Change::Remove(count) => {
            let end = bytes.len().min(at + usize::from(*count));
            drop(bytes.drain(at..end));
        }
        Change::Truncate => bytes.truncate(at),
        Change::Splice(which, from) => {
            let other = which.get(corpus);
            bytes.truncate(at);
            bytes.extend(&other[from.index(other.len() + 1)..]);
        }
    }
    bytes
}

fn input(corpus: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let changes = vec((any::<Index>(), change()), 0..6);
    let spoilt = (any::<Index>(), changes).prop_map(move |(which, changes)| {
        let good = which.get(&corpus).clone();
        changes.iter().fold(good, |bytes, (at, change)| changed(bytes, at, change, &corpus))
    });
    prop_oneof![7 => spoilt, 1 => vec(any::<u8>(), 0..RANDOM)]
}

/// Bytes that are allocated for this input, all of them together, whether or not they are freed again.
fn allocated(check: fn(&[u8]), bytes: &[u8]) -> usize {
    let region = Region::new(ALLOCATOR);
    check(bytes);
    region.change().bytes_allocated
}

fn check(decoder: Decoder, bytes: &[u8]) -> Result<usize, TestCaseError> {
    let (each, besides) = decoder.memory;
    let used = allocated(decoder.check, bytes);
    let most = each * bytes.len() + besides;
    prop_assert!(used <= most, "{used} bytes were allocated, {most} are the most");
    Ok(used.saturating_sub(each * bytes.len()))
}

/// Inputs that were too much for a decoder once.
fn found(decoder: Decoder) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("oracles/found");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let of_decoder = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.strip_prefix(decoder.name).is_some_and(|rest| rest.starts_with('-'))
    };
    paths.filter(of_decoder).map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

fn run(decoder: Decoder) {
    let Decoder { name, .. } = decoder;
    let corpus = (decoder.corpus)();
    let (inputs, most) = (Cell::new(0_u64), Cell::new(0));
    let checked = |bytes: &[u8]| {
        most.set(check(decoder, bytes)?.max(most.get()));
        inputs.set(inputs.get() + 1);
        Ok(())
    };
    for (path, bytes) in found(decoder) {
        checked(&bytes).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    }
    for bytes in &corpus {
        checked(bytes).unwrap_or_else(|why| panic!("{name}, a good input: {why}"));
    }
    let config = Config { failure_persistence: None, ..Config::default() };
    let ran = TestRunner::new(config).run(&input(corpus), |bytes| checked(&bytes));
    match ran {
        Ok(()) => {}
        Err(TestError::Fail(why, bytes)) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            panic!(
                "{name}: {why}\nthe input, for `xxd -r -p` and tests/oracles/found/{name}-WHAT: {digits}"
            );
        }
        Err(TestError::Abort(why)) => panic!("{name}: {why}"),
    }
    let (each, _) = decoder.memory;
    println!(
        "{name}: {} inputs; at most {each} bytes for each of the input and {} besides were allocated",
        inputs.get(),
        most.get()
    );
}

fn write_corpus(folder: &Path, decoder: Decoder) {
    let folder = folder.join(decoder.name);
    fs::create_dir_all(&folder).unwrap();
    for (number, bytes) in (decoder.corpus)().iter().enumerate() {
        fs::write(folder.join(number.to_string()), bytes).unwrap();
    }
}

fn main() {
    let mut names = Vec::new();
    let mut corpus = None;
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--corpus" => corpus = words.next(),
            // What cargo and its users say to every test binary does not matter to this one.
            option if option.starts_with('-') => {}
            _ => names.push(word),
        }
    }
    let named =
        |decoder: &Decoder| names.is_empty() || names.iter().any(|name| name == decoder.name);
    for decoder in DECODERS.into_iter().filter(named) {
        match &corpus {
            Some(folder) => write_corpus(folder.as_ref(), decoder),
            None => run(decoder),
        }
    }
}
