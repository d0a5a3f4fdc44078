//! What a rule holds back: it is settled while it is held, time lets it go, and so does whoever takes the rule away.

use std::thread;

use infostore::Transport;
use serde_json::{Value, json};

use super::{RESET, TRANSPORTS};
use crate::acceptance::site::Site;

/// Effects that hold something back for longer than any test goes on.
fn holding() -> [Value; 3] {
    let slow = json!({ "slow_bytes": { "bytes": 1, "per": "1000d" } });
    [json!({ "hang": true }), json!({ "latency": "1000d" }), slow]
}

/// Rules, one of which holds a connection back at each stage and in each direction that there is.
fn places() -> Vec<Value> {
    let mut rules = Vec::new();
    for effect in holding() {
        for stage in ["accept", "bind", "connect", "rpc"] {
            for direction in [None, Some("to_client"), Some("to_server")] {
                let is_slow = effect.get("slow_bytes").is_some();
                let never = match direction {
                    None => is_slow && stage == "accept",
                    Some("to_server") => is_slow || stage == "accept",
                    Some(_) => stage == "accept",
                };
                if !never {
                    let mut place = json!({ "stage": stage });
                    if let Some(direction) = direction {
                        place["direction"] = json!(direction);
                    }
                    rules.push(json!({ "match": place, "effect": effect }));
                }
            }
        }
    }
    rules
}

#[test]
fn what_a_rule_holds_goes_on_when_the_rule_is_removed_or_paused() {
    for via in TRANSPORTS {
        let site = Site::start(via);
        for rule in places() {
            for ends in ["deleted", "paused"] {
                let id = site.rule(&rule);
                let client = site.inject("a.exe");
                assert_eq!(site.state(client).0, "connecting", "{rule} over {via:?}");
                match ends {
                    "deleted" => site.remove(id),
                    _ => drop(site.patch(&format!("/faults/{id}"), &json!({ "paused": true }))),
                }
                site.settle();
                assert_eq!(site.state(client).0, "connected", "{rule} {ends} over {via:?}");
                if ends == "paused" {
                    site.remove(id);
                }
                site.delete(&format!("/clients/{client}"));
            }
        }
        assert_eq!(site.get("/sessions")["total"], 0);
    }
}

#[test]
fn a_hold_of_two_rules_goes_on_when_both_are_gone() {
    for via in TRANSPORTS {
        let site = Site::start(via);
        let rules = [
            site.fault("connect", &json!({ "latency": "10s" })),
            site.fault("connect", &json!({ "hang": true })),
            site.fault("connect", &json!({ "latency": "20s" })),
        ];
        let client = site.inject("a.exe");
        site.wait("1h");
        assert_eq!(site.state(client).0, "connecting");
        site.remove(rules[1]);
        site.settle();
        site.is_through(client);

        site.reconnect(client);
        site.wait("5s");
        site.remove(rules[0]);
        site.wait("14s");
        assert_eq!(site.state(client).0, "connecting", "20 s are not over");
        site.wait("1s");
        site.is_through(client);
    }
}

/// Whoever ends a connection or the service ends what a fault holds too.
#[test]
fn nothing_that_ends_a_connection_waits_for_a_fault() {
    type End = (&'static str, fn(&Site, u64));
    let ends: [End; 7] = [
        ("the client is deleted", |site, client| {
            site.delete(&format!("/clients/{client}"));
        }),
        ("the client disconnects", |site, client| {
            site.post(&format!("/clients/{client}/disconnect"), &Value::Null);
        }),
        ("the client connects again", |site, client| {
            site.delete("/faults/1");
            site.post("/faults", &json!({ "effect": { "skip_poll": true } }));
            site.reconnect(client);
        }),
        ("the service restarts", |site, _| site.restart()),
        ("the store is reset", |site, _| drop(site.post("/reset", &Value::Null))),
        ("a snapshot is restored", |site, _| {
            let id = site.post("/snapshots", &json!({}))["id"].clone();
            site.post(&format!("/snapshots/{id}/restore"), &Value::Null);
        }),
        ("the program is listed", |site, _| drop(site.apply("processes", "a.exe"))),
    ];
    for via in TRANSPORTS {
        for rule in places() {
            for (end, ends) in &ends {
                let site = Site::start(via);
                site.rule(&rule);
                let client = site.inject("a.exe");
                ends(&site, client);
                // Whatever still waited would keep this from being answered.
                let settled = site.call("POST", "/clock/advance", &json!({ "by": "0s" }));
                assert_eq!(settled.status, 200, "{end}, {rule} over {via:?}");
            }
        }
    }
}

/// Over the pipe a snapshot brings back what is held, and it goes on when its time has come.
#[test]
fn a_snapshot_keeps_what_is_held() {
    let site = Site::start(Transport::Pipe);
    site.fault_requests("connect", &json!({ "latency": "30s" }));
    let client = site.inject("a.exe");
    site.wait("10s");
    let id = site.post("/snapshots", &json!({}))["id"].clone();
    site.wait("1h");
    site.is_through(client);
    for _ in 0..2 {
        site.post(&format!("/snapshots/{id}/restore"), &Value::Null);
        site.wait("19s");
        assert_eq!(site.state(client).0, "connecting");
        site.wait("1s");
        site.is_through(client);
    }
}

#[test]
fn a_server_with_connections_that_hang_leaves_when_it_is_told_to() {
    for via in TRANSPORTS {
        let site = Site::start(via);
        for rule in places() {
            let id = site.rule(&rule);
            site.inject("a.exe");
            site.patch(&format!("/faults/{id}"), &json!({ "schedule": { "probability": 0.0 } }));
        }
        // Dropping it stops it.
        drop(site);
    }
}

/// The same steps over both transports: clients whose messages are late in every way, and a policy that changes meanwhile.
fn a_late_morning(via: Transport) -> Vec<Value> {
    let site = Site::start(via);
    for (stage, direction, latency, every) in [
        ("bind", "to_client", "3s", 2),
        ("connect", "to_server", "5s", 3),
        ("connect", "to_client", "7s", 2),
        ("rpc", "to_server", "2s", 3),
        ("rpc", "to_client", "4s", 4),
        ("disconnect", "to_server", "30s", 2),
    ] {
        site.rule(&json!({
            "match": { "stage": stage, "direction": direction },
            "effect": { "latency": latency }, "schedule": { "every": every },
        }));
    }
    site.rule(&json!({
        "match": { "stage": "bind" }, "effect": { "slow_bytes": { "bytes": 20, "per": "1s" } },
        "schedule": { "every": 5 },
    }));
    let clients: Vec<_> = (0..12)
        .map(|n| {
            let client = site.inject(["a.exe", "mdl.exe", "b.exe"][n % 3]);
            site.wait("1s");
            client
        })
        .collect();
    site.write("processes", "mdl.exe");
    site.wait("4s");
    for client in &clients[..6] {
        site.post(&format!("/clients/{client}/disconnect"), &Value::Null);
    }
    site.wait("20m");
    for client in clients {
        site.reconnect(client);
    }
    site.wait("1h");
    let mut events = site.events("");
    for event in &mut events {
        event.as_object_mut().expect("an object").remove("transport");
    }
    events
}

#[test]
fn time_crosses_what_is_held_in_the_same_order_over_both_transports() {
    let pipe = a_late_morning(Transport::Pipe);
    let hits = pipe.iter().filter(|event| event["type"] == "fault.hit").count();
    assert!(20 < hits, "{hits}");
    assert_eq!(pipe, a_late_morning(Transport::Pipe), "it is deterministic");
    let tcp = a_late_morning(Transport::Tcp);
    for (n, (pipe, tcp)) in pipe.iter().zip(&tcp).enumerate() {
        assert_eq!(pipe, tcp, "entry {n}");
    }
    assert_eq!(pipe.len(), tcp.len());
}

/// While one connection hangs, everybody else is served, and time moves.
#[test]
fn a_connection_that_hangs_holds_nobody_up() {
    for via in TRANSPORTS {
        let site = Site::start(via);
        site.rule(&json!({ "match": { "process": "a.exe" }, "effect": { "hang": true } }));
        let hung: Vec<_> = (0..5).map(|_| site.inject("a.exe")).collect();
        site.admits("b.exe");
        site.write("processes", "b.exe");
        assert!(0 < site.tick());
        for client in hung {
            assert_eq!(site.state(client).0, "connecting");
        }
    }
}

/// In real time what is held follows the wall; nobody moves the clock.
#[test]
fn in_a_scaled_store_latency_passes_by_itself() {
    for via in TRANSPORTS {
        let site = Site::start(via);
        site.patch("/clock", &json!({ "mode": "scaled:1000000" }));
        let rule = site.fault("connect", &json!({ "latency": "1h" }));
        // An hour is 3.6 ms.
        let client = site.inject("a.exe");
        let through = (0..10_000).any(|_| {
            thread::yield_now();
            site.is_connected(client)
        });
        assert!(through, "over {via:?}");
        assert_eq!(site.counters(rule), (1, 1));
    }
}

#[test]
fn a_client_that_is_reset_while_others_are_held_is_told_at_once() {
    for via in TRANSPORTS {
        let site = Site::start(via);
        site.rule(&json!({ "match": { "process": "a.exe" }, "effect": { "hang": true } }));
        site.rule(&json!({ "match": { "process": "b.exe" }, "effect": { "reset": true } }));
        let (held, reset) = (site.inject("a.exe"), site.inject("b.exe"));
        site.stands(reset, "failed", RESET);
        assert_eq!(site.state(held).0, "connecting");
    }
}
