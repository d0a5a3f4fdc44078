//! `/fleets`: a company's programs, injected at once.

use std::time::Duration;

use exstore_testing::Store;
use serde_json::{Value, json};

fn company() -> Value {
    json!({
        "name": "a company",
        "groups": [
            { "name": "office", "program": "OUTLOOK.EXE", "clients": 30, "connections": 2,
              "arrive": { "over": "30m", "spread": "random" }, "rops_per_minute": 2,
              "on_disconnect": { "reconnect": "back_off" } },
            { "name": "beta", "process": "mdl.exe", "clients": 20, "lifetime": { "from": "1h", "to": "3h" },
              "on_refused": { "reconnect": "back_off", "at_most": "10m" },
              "on_disconnect": { "reconnect": "fixed", "delay": "1m" } },
        ],
    })
}

/// A company's day, with a list that is set after an hour: the journal.
fn day(seed: u64, transport: &str) -> Vec<Value> {
    let builder = Store::builder().seed(seed);
    let store = if transport == "tcp" { builder.rpc() } else { builder }.start();
    let mut fleet = company();
    fleet["transport"] = json!(transport);
    store.request("POST", "/fleets", Some(&fleet)).unwrap();
    store.advance(Duration::from_secs(3_600));
    store.block_processes("mdl.exe");
    store.advance(Duration::from_secs(3_600));
    let mut events = Vec::new();
    let mut after = 0;
    loop {
        let page =
            store.request("GET", &format!("/events?limit=1000&after={after}"), None).unwrap();
        let items = page["items"].as_array().unwrap();
        events.extend(items.iter().cloned());
        match items.last().and_then(|last| last["seq"].as_u64()) {
            Some(last) if page["more"] == true => after = last,
            _ => return events,
        }
    }
}

#[test]
fn a_fleet_is_told_with_the_ids_of_its_groups_clients() {
    let store = Store::start();
    store.inject("other.exe");
    let told = store.request("POST", "/fleets", Some(&company())).unwrap();
    let expected = json!({
        "name": "a company", "clients": 50, "connections": 80, "first": 2,
        "groups": [
            { "name": "office", "clients": 30, "connections": 60, "first": 2 },
            { "name": "beta", "clients": 20, "connections": 20, "first": 62 },
        ],
    });
    assert_eq!(told, expected);
    let first = store.client(62);
    assert_eq!((first.group.as_deref(), first.state.as_str()), (Some("beta"), "connected"));
    assert_eq!((first.user.as_str(), store.client(2).state.as_str()), ("user31", "idle"));
    store.advance(Duration::from_secs(1_800));
    assert_eq!(store.client(61).state, "connected");
}

#[test]
fn one_seed_gives_one_journal_byte_for_byte_and_another_seed_another() {
    let told = |seed| day(seed, "pipe").iter().map(Value::to_string).collect::<Vec<_>>();
    let first = told(7);
    assert!(300 < first.len(), "{}", first.len());
    assert_eq!(first, told(7));
    assert_ne!(first, told(8));
}

#[test]
fn over_tcp_a_day_has_the_same_entries_by_time_client_and_order_within_the_client() {
    let entries = |transport| {
        let mut entries: Vec<(String, u64, Value)> = day(7, transport)
            .into_iter()
            .map(|mut entry| {
                let fields = entry.as_object_mut().unwrap();
                for differs in ["seq", "transport", "address", "session", "session_id"] {
                    fields.remove(differs);
                }
                let client = fields.get("client_id").and_then(Value::as_u64).unwrap_or_default();
                (fields["at"].as_str().unwrap().to_owned(), client, entry)
            })
            .collect();
        // Stable: the order within a client stays.
        entries.sort_by(|one, other| (&one.0, one.1).cmp(&(&other.0, other.1)));
        entries
    };
    let (pipe, tcp) = (entries("pipe"), entries("tcp"));
    assert_eq!(pipe.len(), tcp.len());
    for (pipe, tcp) in pipe.iter().zip(&tcp) {
        assert_eq!(pipe, tcp);
    }
}

#[test]
fn a_snapshot_in_the_middle_of_a_day_goes_on_as_the_day_would_have() {
    let store = Store::builder().seed(3).start();
    store.request("POST", "/fleets", Some(&company())).unwrap();
    store.advance(Duration::from_secs(1_000));
    let snapshot = store.request("POST", "/snapshots", Some(&json!({}))).unwrap();
    let rest = |store: &Store| {
        store.block_processes("mdl.exe");
        store.advance(Duration::from_secs(5_000));
        let clients = store.clients();
        let shown = clients.iter().map(|client| format!("{client:?}"));
        shown.collect::<Vec<_>>()
    };
    let first = rest(&store);
    let restore = format!("/snapshots/{}/restore", snapshot["id"]);
    store.request("POST", &restore, None).unwrap();
    assert_eq!(first, rest(&store));
}

#[test]
fn a_fleet_over_tcp_of_a_store_without_a_port_is_refused_before_anybody_comes() {
    let store = Store::start();
    let mut fleet = company();
    fleet["transport"] = json!("tcp");
    let refused = store.request("POST", "/fleets", Some(&fleet)).expect_err("it has no port");
    assert_eq!(refused.status, 409, "{refused}");
    assert_eq!(store.clients().len(), 0);
}
