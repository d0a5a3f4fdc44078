//! Rules that nobody should be able to hurt a store with, and how each is refused.

use infostore::{MAX_FAULTS, Transport};
use serde_json::{Value, json};

use super::TRANSPORTS;
use crate::acceptance::site::Site;

#[test]
fn what_could_never_hit_or_be_kept_is_refused_by_its_place() {
    let site = Site::start(Transport::Pipe);
    let reset = |place: Value| json!({ "match": place, "effect": { "reset": true } });
    let with = |effect: Value| json!({ "effect": effect });
    let when = |schedule: Value| json!({ "effect": { "reset": true }, "schedule": schedule });
    let rows = [
        (with(json!({ "reset": false })), "#/effect/reset"),
        (with(json!({ "reset": true, "hang": true })), "#/effect"),
        (with(json!({ "latency": "0s" })), "#/effect/latency"),
        (with(json!({ "latency": "-1s" })), "#/effect/latency"),
        (with(json!({ "latency": 5 })), "#/effect/latency"),
        (with(json!({ "latency": "999999999999999999999d" })), "#/effect/latency"),
        (with(json!({ "clock_jump": "0s" })), "#/effect/clock_jump"),
        (with(json!({ "slow_bytes": { "bytes": 0, "per": "1s" } })), "#/effect/slow_bytes/bytes"),
        (with(json!({ "slow_bytes": { "bytes": 1, "per": "0s" } })), "#/effect/slow_bytes/per"),
        (with(json!({ "slow_bytes": { "bytes": 1 } })), "#/effect/slow_bytes"),
        (with(json!({ "corrupt": { "mask": 0 } })), "#/effect/corrupt/mask"),
        (with(json!({ "corrupt": { "mask": 256 } })), "#/effect/corrupt/mask"),
        (with(json!({ "corrupt": { "byte": -1 } })), "#/effect/corrupt/byte"),
        (with(json!({ "close_after": -1 })), "#/effect/close_after"),
        (with(json!({ "rpc_fault": "nca_moon" })), "#/effect/rpc_fault"),
        (with(json!({ "rpc_fault": 0 })), "#/effect/rpc_fault"),
        (with(json!({ "rpc_fault": 4_294_967_296_u64 })), "#/effect/rpc_fault"),
        (with(json!({ "ec": "ecNone" })), "#/effect/ec"),
        (with(json!({ "ec": "0x1_0000" })), "#/effect/ec"),
        (with(json!({ "late_aux": "tomorrow" })), "#/effect/late_aux"),
        (with(json!({ "slow_answer": "31s" })), "#/effect/slow_answer"),
        (reset(json!({ "stage": "accept" })), "#/match/stage"),
        (reset(json!({ "stage": "moon" })), "#/match/stage"),
        (reset(json!({ "value": "Disable MAPI Clients" })), "#/match/value"),
        (reset(json!({ "process": "" })), "#/match/process"),
        (reset(json!({ "process": "C:\\dir\\" })), "#/match/process"),
        (reset(json!({ "opnum": 70_000 })), "#/match/opnum"),
        (reset(json!({ "stage": "rpc", "opnum": 10 })), "#/match/opnum"),
        (reset(json!({ "origin": "foreign", "client_id": 1 })), "#/match/client_id"),
        (reset(json!({ "origin": "foreign", "transport": "pipe" })), "#/match/transport"),
        (reset(json!({ "method": "GET" })), "#/match/method"),
        (
            json!({ "match": { "direction": "to_server" }, "effect": { "close_after": 1 } }),
            "#/match/direction",
        ),
        (
            json!({ "match": { "direction": "to_client" }, "effect": { "refuse": true } }),
            "#/match/direction",
        ),
        (json!({ "match": { "route": "/moon" }, "effect": { "drop": true } }), "#/match/route"),
        (json!({ "match": { "route": "/faults" }, "effect": { "drop": true } }), "#/match/route"),
        (
            json!({ "match": { "route": "/polls", "method": "PUT" }, "effect": { "drop": true } }),
            "#/match/method",
        ),
        (json!({ "match": { "method": "MOON" }, "effect": { "drop": true } }), "#/match/method"),
        (when(json!({ "probability": -0.1 })), "#/schedule/probability"),
        (when(json!({ "probability": 1.1 })), "#/schedule/probability"),
        (when(json!({ "probability": 1e308 })), "#/schedule/probability"),
        (when(json!({ "probability": "NaN" })), "#/schedule/probability"),
        (when(json!({ "next": -1 })), "#/schedule/next"),
        (when(json!({ "every": 0 })), "#/schedule/every"),
        (when(json!({ "after": 5, "first": 5 })), "#/schedule/first"),
        (
            when(json!({ "between": ["2006-04-22T09:00:00Z", "2006-04-22T08:00:00Z"] })),
            "#/schedule/between",
        ),
        (when(json!({ "between": ["2006-04-22T09:00:00Z"] })), "#/schedule/between"),
        (
            when(json!({ "between": ["2006-04-22T09:00:00Z", "9999-99-99T00:00:00Z"] })),
            "#/schedule/between/1",
        ),
        (when(json!({ "sequence": [] })), "#/schedule/sequence"),
        (when(json!({ "sequence": vec![true; 10_001] })), "#/schedule/sequence"),
        (when(json!({ "sequence": [true], "every": 2 })), "#/schedule/sequence"),
    ];
    for (rule, pointer) in rows {
        let answer = site.call("POST", "/faults", &rule);
        let text = answer.text();
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (400, "invalid-body"),
            "{rule}: {text}"
        );
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{rule}: {text}");
    }
    let nan = br#"{"effect":{"reset":true},"schedule":{"probability":NaN}}"#;
    let answer = site.send("POST", "/faults", "application/json", nan);
    assert_eq!(answer.problem(), "invalid-json");
    assert_eq!(site.get("/faults")["items"], json!([]));

    let rule = site.fault("connect", &json!({ "reset": true }));
    for (change, pointer) in [
        (json!({ "schedule": { "probability": 2 } }), "#/schedule/probability"),
        (json!({ "schedule": { "first": 1, "after": 1 } }), "#/schedule/first"),
        (json!({ "effect": { "hang": true } }), "#/effect"),
        (json!({ "paused": 1 }), "#/paused"),
    ] {
        let answer = site.call("PATCH", &format!("/faults/{rule}"), &change);
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{}", answer.text());
    }
    assert_eq!(site.call("PATCH", "/faults/9", &json!({})).problem(), "fault-not-found");
}

#[test]
fn delays_past_the_end_of_store_time_never_end_and_do_no_harm() {
    for via in TRANSPORTS {
        let site = Site::start(via);
        for (stage, effect) in [
            ("bind", json!({ "latency": "200000000d" })),
            ("connect", json!({ "latency": "2920000d" })),
            ("rpc", json!({ "slow_bytes": { "bytes": 1, "per": "213503982d" } })),
        ] {
            let rule = site.fault(stage, &effect);
            let client = site.inject("a.exe");
            site.wait("1d");
            assert_eq!(site.state(client).0, "connecting", "{effect}");
            site.remove(rule);
            site.settle();
            site.is_through(client);
        }
        let rule = site.fault("connect", &json!({ "latency": "1d" }));
        let client = site.inject("a.exe");
        site.patch("/polls/schedule", &json!({ "interval": "1000000d" }));
        site.post("/clock/advance", &json!({ "to": "9999-12-31T23:59:59Z" }));
        site.is_through(client);
        site.reconnect(client);
        assert_eq!(site.state(client).0, "connecting", "there is no day left");
        site.remove(rule);
    }
}

#[test]
fn of_ten_thousand_rules_a_store_takes_what_it_can_look_through() {
    let site = Site::start(Transport::Pipe);
    let rule = json!({
        "match": { "process": "a.exe" }, "effect": { "latency": "1ms" },
        "schedule": { "probability": 0.5 },
    });
    let mut refused = 0;
    for _ in 0..10_000 {
        refused += usize::from(site.call("POST", "/faults", &rule).status == 409);
    }
    assert_eq!(refused, 10_000 - MAX_FAULTS);
    // They are all looked at, and about half of them hit.
    let client = site.inject("a.exe");
    site.wait("10s");
    site.is_through(client);
    let faults = site.get("/faults?limit=1000");
    let sum = |field: &str| -> u64 {
        faults["items"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|rule| rule[field].as_u64())
            .sum()
    };
    // Its connect, and its logon.
    assert_eq!(sum("seen"), 2 * MAX_FAULTS as u64);
    assert!((850..1_150).contains(&sum("hits")), "{}", sum("hits"));
}
