//! When a list takes effect: A11 to A13, A23 to A25.

use std::sync::{Arc, Barrier};
use std::thread;

use emsmdb::ErrorCode;
use infostore::{Transport, list_value};
use policy::BlockList;
use registry_poll::{Edit, KeyPath, MemoryKeyStore, RegValue, Registry};
use serde_json::{Value, json};
use server::StoreOptions;

use crate::acceptance::site::Site;
use crate::running::options;

pub(super) fn a11_the_first_read_comes_before_the_port_and_then_every_quarter_of_an_hour() {
    let registry = MemoryKeyStore::new();
    let (key, name) = (KeyPath::parameters_system(), list_value(BlockList::Processes));
    let edit = Edit::SetValue { key, name, value: RegValue::sz("mdl.exe") };
    registry.edit(&[edit]).expect("a value fits");
    let options = StoreOptions { registry: Some(Arc::new(registry)), ..options() };
    let site = Site::with(Transport::Tcp, options);
    site.refuses("mdl.exe");
    let events = site.events("");
    let first: Vec<_> = events.iter().take(3).map(|event| &event["type"]).collect();
    assert_eq!(first, ["store.started", "poll.completed", "policy.changed"]);

    assert_eq!(site.go_to(3_599)["polls_run"], 3);
    assert_eq!(site.go_to(3_600)["polls_run"], 1);
    // A poll by request leaves the grid where it is; a restart begins another.
    site.go_to(3_700);
    site.post("/polls", &Value::Null);
    let next = || site.get("/v1/stores/default")["next_poll"].clone();
    assert_eq!(next(), "2006-04-22T09:15:00Z");
    site.restart();
    assert_eq!(next(), "2006-04-22T09:16:40Z");
}

pub(super) fn a12_immediately_is_relative_to_the_poll() {
    for (edited, effective) in
        [(0, 900), (1, 900), (450, 900), (899, 900), (900, 1_800), (901, 1_800)]
    {
        let site = Site::start(Transport::Pipe);
        let open = site.inject("mdl.exe");
        site.go_to(edited);
        site.write("processes", "mdl.exe");
        site.go_to(effective - 1);
        assert!(site.is_connected(open), "{edited}");
        site.go_to(effective);
        site.is_cut_off(open);
    }
    // A restart makes it nothing.
    let site = Site::start(Transport::Pipe);
    site.write("processes", "mdl.exe");
    site.restart();
    site.refuses("mdl.exe");
}

pub(super) fn a13_no_restart_is_needed_unless_the_setting_asks_for_one() {
    let watch = |site: &Site, watch: &str| {
        site.patch("/v1/stores/default", &json!({ "registry_watch": watch }));
    };
    let site = Site::start(Transport::Pipe);
    assert_eq!(site.get("/v1/stores/default")["settings"]["registry_watch"], "always");
    site.go_to(5_000);
    site.write("processes", "mdl.exe");
    site.tick();
    site.refuses("mdl.exe");

    // "Create, then restart": a value is followed when it was there at the last start.
    site.delete("/block-lists/processes");
    watch(&site, "armed_at_start");
    site.restart();
    site.write("processes", "mdl.exe");
    site.tick();
    site.admits("mdl.exe");
    site.restart();
    site.refuses("mdl.exe");
    site.write("processes", "beta.exe");
    site.tick();
    site.refuses("beta.exe");

    // Each value for itself; and that no restart is needed any more takes effect at once.
    site.write("versions", "11.0.0-");
    site.tick();
    site.admits("a.exe");
    watch(&site, "always");
    site.tick();
    site.refuses("a.exe");
}

pub(super) fn a23_only_another_set_is_a_change() {
    let site = Site::start(Transport::Pipe);
    site.apply("processes", "a.exe; b.exe");
    site.apply("versions", "12.0.0-13.0.0");
    let generation = site.generation();
    for (list, text, changed) in [
        ("processes", "B.EXE;a.exe", false),
        ("processes", r"C:\a.exe;;b.exe; a.exe", false),
        ("versions", "12.0.0-12.9.0; 12.9.0-13.0.0", false),
        ("processes", "a.exe; c.exe", true),
        ("versions", "12.0.0-13.0.1", true),
    ] {
        assert_eq!(site.apply(list, text)["poll"]["changed"], changed, "{text}");
    }
    assert_eq!(site.generation(), generation + 2);
}

pub(super) fn a24_a_removed_name_concerns_new_connections_alone() {
    let site = Site::start(Transport::Pipe);
    site.apply("processes", "mdl.exe; beta.exe");
    let (refused, mut outlook) = (site.inject("mdl.exe"), site.foreign("OUTLOOK.EXE"));
    site.write("processes", "beta.exe");
    assert_eq!(site.tick(), 0);
    assert_eq!(site.state(refused).0, "refused");
    outlook.is_served();
    site.admits("mdl.exe");
    site.refuses("beta.exe");
}

pub(super) fn a25_the_new_list_is_in_force_before_the_sweep() {
    let site = Site::start(Transport::Tcp);
    let open: Vec<_> = (0..20).map(|_| site.inject("mdl.exe")).collect();
    site.write("processes", "mdl.exe");
    // Clients that come back at once, until they are refused.
    let start = Barrier::new(3);
    thread::scope(|scope| {
        let hammer = || {
            start.wait();
            let refused = |_| site.attempt("mdl.exe") == Some(ErrorCode::EC_CLIENT_VER_DISALLOWED);
            assert!((0..100_000).any(refused), "the poll comes");
        };
        let hammering = [scope.spawn(hammer), scope.spawn(hammer)];
        start.wait();
        site.tick();
        for hammer in hammering {
            hammer.join().expect("nobody panicked");
        }
    });
    for client in open {
        site.is_cut_off(client);
    }
    let events = site.events("policy.changed,session.connected,session.disconnected");
    let change = events.iter().position(|event| event["type"] == "policy.changed");
    let (before, after) = events.split_at(change.expect("a change"));
    assert!(
        before.iter().all(|event| event["type"] == "session.connected"),
        "nobody is cut before"
    );
    let admitted = |event: &Value| event["type"] == "session.connected";
    assert!(!after.iter().any(admitted), "nobody gets in once it is in force");
    assert_eq!(site.get("/sessions")["total"], 0);
}
