//! One random stream for each rule: the same seed hits the same opportunities, whatever else goes on.

use infostore::Transport;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::TRANSPORTS;
use crate::acceptance::site::Site;
use crate::running::options;

/// What is looked at: clients of one program, every second of which is refused, about.
const CONNECTS: usize = 24;

/// What else goes on between one of them and the next.
fn noise(site: &Site, what: u8) {
    match what {
        0 => drop(site.inject("other.exe")),
        1 => drop(site.post("/polls", &Value::Null)),
        2 => drop(site.foreign("foreign.exe")),
        3 => drop(site.rule(&json!({
            "match": { "stage": "bind", "origin": "injected" }, "effect": { "latency": "1ms" },
        }))),
        4 => site.wait("1m"),
        5 => drop(site.get("/sessions")),
        6 => drop(site.rule(&json!({
            "match": { "process": "other.exe" }, "effect": { "reset": true },
            "schedule": { "probability": 0.5 },
        }))),
        _ => {}
    }
}

/// Which of the clients were refused.
fn outcomes(via: Transport, seed: u64, between: &[u8]) -> Vec<bool> {
    let site = Site::with(via, server::StoreOptions { seed: server::Seed(seed), ..options() });
    site.rule(&json!({
        "match": { "process": "a.exe", "stage": "connect" }, "effect": { "ec": "ecServerBusy" },
        "schedule": { "probability": 0.5 },
    }));
    let mut between = between.iter();
    let outcome = |_| {
        for what in between.by_ref().take(3) {
            noise(&site, *what);
        }
        let client = site.inject("a.exe");
        site.wait("1s");
        site.state(client).0 == "refused"
    };
    (0..CONNECTS).map(outcome).collect()
}

#[test]
fn the_same_seed_hits_the_same_under_shuffled_unrelated_traffic_over_both_transports() {
    let config = Config { cases: 8, failure_persistence: None, ..Config::default() };
    let traffic = prop::collection::vec(0..8_u8, 0..3 * CONNECTS);
    TestRunner::new(config)
        .run(&(any::<u64>(), traffic), |(seed, traffic)| {
            let quiet = outcomes(Transport::Pipe, seed, &[]);
            for via in TRANSPORTS {
                prop_assert_eq!(&quiet, &outcomes(via, seed, &traffic), "over {:?}", via);
            }
            Ok(())
        })
        .expect("nothing else moves an outcome");
}

#[test]
fn another_seed_hits_others_and_a_reset_begins_the_streams_again() {
    let (seven, eight) = (outcomes(Transport::Pipe, 7, &[]), outcomes(Transport::Pipe, 8, &[]));
    assert_ne!(seven, eight);
    let hits = seven.iter().filter(|hit| **hit).count();
    assert!((4..=20).contains(&hits), "{hits}");

    let site = Site::start(Transport::Pipe);
    let draw = |site: &Site| -> Vec<bool> {
        site.rule(&json!({
            "match": { "stage": "connect" }, "effect": { "ec": "ecServerBusy" },
            "schedule": { "probability": 0.5 },
        }));
        (0..CONNECTS).map(|_| site.attempt("a.exe") != Some(emsmdb::ErrorCode::EC_NONE)).collect()
    };
    let first = draw(&site);
    site.post("/reset", &Value::Null);
    assert_eq!(first, draw(&site));
}
