//! A listed program is cut off at the next poll. In a Rust test, with a store inside its process.

use std::time::Duration;

use exstore_testing::{Client, Store};
use serde_json::json;

#[test]
fn a_listed_program_is_cut_off_at_the_next_poll_and_refused_from_then_on() {
    let store = Store::start();
    let outlook = store.inject(Client::of("OUTLOOK.EXE").user("alice"));
    let mdl = store.inject("mdl.exe");
    assert_eq!((outlook.state.as_str(), mdl.state.as_str()), ("connected", "connected"));

    store.block_processes("mdl.exe; b.exe");
    assert_eq!(
        store.advance(Duration::from_secs(14 * 60)).disconnected,
        0,
        "nothing has polled yet"
    );
    assert_eq!(store.advance_to_next_poll().disconnected, 1);

    assert_eq!(store.client(mdl.id).state, "disconnected");
    assert_eq!(store.connect(mdl.id).outcome.as_deref(), Some("ecClientVerDisallowed"));
    let left: Vec<_> = store.sessions().into_iter().map(|session| session.process).collect();
    assert_eq!(left, [Some("OUTLOOK.EXE".to_owned())]);
}

#[test]
fn one_request_waits_for_the_poll_and_moves_time_there() {
    let store = Store::start();
    store.inject_many("mdl.exe", 500);
    store.block_processes("mdl.exe");
    let met = store.wait(&json!({
        "clock": "auto", "within": "16m",
        "until": {"all": [
            {"event": {"type": "session.disconnected", "count": {"exactly": 500}}},
            {"state": {"select": "sessions", "count": {"exactly": 0}}},
        ]},
    }));
    assert_eq!(met["elapsed"], "15m");
}

#[test]
fn without_the_hotfix_the_list_means_nothing() {
    let store = Store::builder().build("6.5.7638").start();
    store.inject("mdl.exe");
    store.block_processes("mdl.exe");
    assert_eq!(store.advance_to_next_poll().disconnected, 0);
}
