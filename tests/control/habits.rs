//! What clients do of their own accord: each keeps to the schedule that it promises, in store time.

use std::time::Duration;

use exstore_testing::Store;
use serde_json::{Value, json};
use simulator::StoreEvent;

/// Seconds after the start of the store at which something of this type happened to a session.
fn seconds(events: &[StoreEvent], event_type: &str) -> Vec<f64> {
    let of_type = events.iter().filter(|event| event.event_type == event_type);
    of_type.map(|event| after_the_start(&event.at)).collect()
}

fn after_the_start(at: &str) -> f64 {
    let (_, time) = at.trim_end_matches('Z').split_once('T').unwrap();
    let parts: Vec<f64> = time.split(':').map(|part| part.parse().unwrap()).collect();
    (parts[0] - 8.0) * 3_600.0 + parts[1] * 60.0 + parts[2]
}

/// What happened to a client with these habits that is refused, from the start of the store to `until`.
fn refused_until(habits: Value, until: &str) -> Vec<StoreEvent> {
    let store = Store::start();
    store.block_processes("mdl.exe");
    store.poll();
    let mut client = json!({ "process": "mdl.exe" });
    client.as_object_mut().unwrap().extend(habits.as_object().unwrap().clone());
    store.request("POST", "/clients", Some(&client)).unwrap();
    store.advance_to(until);
    store.events()
}

#[test]
fn a_refused_client_gives_up_unless_told() {
    let events = refused_until(json!({}), "2006-04-22T17:00:00Z");
    assert_eq!(seconds(&events, "session.refused"), [0.0]);
}

#[test]
fn a_fixed_delay_is_kept_until_the_attempts_are_used_up() {
    let fixed = json!({ "on_refused": { "reconnect": "fixed", "delay": "30s", "attempts": 3 } });
    let events = refused_until(fixed, "2006-04-22T09:00:00Z");
    assert_eq!(seconds(&events, "session.refused"), [0.0, 30.0, 60.0, 90.0]);
}

#[test]
fn a_back_off_without_jitter_doubles_up_to_its_most() {
    let back_off = json!({ "reconnect": "back_off", "delay": "10s", "at_most": "1m", "jitter": 0 });
    let events = refused_until(json!({ "on_refused": back_off }), "2006-04-22T08:05:00Z");
    let expected = [0.0, 10.0, 30.0, 70.0, 130.0, 190.0, 250.0];
    assert_eq!(seconds(&events, "session.refused"), expected);
}

#[test]
fn a_back_off_with_jitter_waits_between_its_share_and_the_whole() {
    let back_off = json!({ "reconnect": "back_off", "delay": "8s", "factor": 1, "at_most": "8s" });
    let events = refused_until(json!({ "on_refused": back_off }), "2006-04-22T08:10:00Z");
    let times = seconds(&events, "session.refused");
    let gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(70 < gaps.len(), "{gaps:?}");
    assert!(gaps.iter().all(|gap| (3.999..=8.001).contains(gap)), "{gaps:?}");
    let spread = |low: f64, high: f64| gaps.iter().filter(|gap| (low..high).contains(*gap)).count();
    assert!(10 < spread(4.0, 6.0) && 10 < spread(6.0, 8.0), "{gaps:?}");
}

#[test]
fn a_storm_comes_at_once_and_again_and_again() {
    let storm = json!({ "on_refused": { "reconnect": "storm", "delay": "2s" } });
    let events = refused_until(storm, "2006-04-22T08:00:07Z");
    let times: Vec<u64> =
        seconds(&events, "session.refused").into_iter().map(|at| (at * 1e6) as u64).collect();
    assert_eq!(times, [0, 1_000, 2_001_000, 4_001_000, 6_001_000]);
}

#[test]
fn a_storm_of_sessions_that_are_cut_at_once_moves_on_with_store_time() {
    let store = Store::start();
    let fault =
        json!({ "match": { "stage": "rpc", "opnum": 11 }, "effect": { "close_after": 100_000 } });
    store.request("POST", "/faults", Some(&fault)).unwrap();
    let storm = json!({ "process": "a.exe", "on_disconnect": { "reconnect": "storm" } });
    store.request("POST", "/clients", Some(&storm)).unwrap();
    store.advance(Duration::from_millis(100));
    let attempts = store.request("GET", "/clients/1", None).unwrap()["attempts"].as_u64().unwrap();
    assert!((2..=101).contains(&attempts), "{attempts}");
}

#[test]
fn a_name_that_does_not_fit_is_not_taken() {
    let rename = json!({ "reconnect": "rename", "process": format!("{}b.exe", "{n}".repeat(80)) });
    let store = Store::start();
    store.block_processes("mdl.exe");
    store.poll();
    store.inject_many("a.exe", 1_000);
    let client = json!({ "process": "mdl.exe", "on_refused": rename });
    store.request("POST", "/clients", Some(&client)).unwrap();
    store.advance(Duration::from_secs(150));
    assert_eq!(store.client(1_001).state, "refused");
}

#[test]
fn a_renamed_program_comes_back_under_the_other_name_and_keeps_it() {
    let rename = json!({ "reconnect": "rename", "process": "notmdl.exe", "delay": "10m" });
    let events = refused_until(json!({ "on_refused": rename }), "2006-04-22T09:00:00Z");
    assert_eq!(seconds(&events, "session.connected"), [600.0]);
    let named: Vec<_> = events.iter().filter_map(StoreEvent::process).collect();
    assert_eq!(named, ["mdl.exe", "notmdl.exe"]);
}

#[test]
fn a_program_can_take_a_new_name_each_time() {
    let store = Store::start();
    store.block_processes("mdl.exe; mdl1.exe; mdl2.exe");
    store.poll();
    let rename = json!({ "reconnect": "rename", "process": "mdl{k}.exe", "delay": "1m" });
    let client = json!({ "process": "mdl.exe", "on_refused": rename });
    store.request("POST", "/clients", Some(&client)).unwrap();
    store.advance(Duration::from_secs(3_600));
    let events = store.events();
    let named: Vec<_> = events.iter().filter_map(StoreEvent::process).collect();
    assert_eq!(named, ["mdl.exe", "mdl1.exe", "mdl2.exe", "mdl3.exe"]);
}

#[test]
fn an_older_interface_has_no_name_to_be_listed() {
    let fall_back =
        json!({ "reconnect": "fall_back", "client_version": "5.0.3144.0", "delay": "5m" });
    let events = refused_until(json!({ "on_refused": fall_back }), "2006-04-22T09:00:00Z");
    assert_eq!(seconds(&events, "session.connected"), [300.0]);
    let last = events.iter().rfind(|event| event.event_type == "session.connected").unwrap();
    assert_eq!((last.process(), last.field("client_version").text()), (None, Some("5.0.3144.0")));
}

#[test]
fn who_is_cut_off_comes_back_by_one_habit_and_who_is_refused_by_the_other() {
    let store = Store::start();
    let client = json!({
        "process": "mdl.exe",
        "on_disconnect": { "reconnect": "fixed", "delay": "20s" },
        "on_refused": { "reconnect": "fixed", "delay": "5m", "attempts": 2 },
    });
    store.request("POST", "/clients", Some(&client)).unwrap();
    store.block_processes("mdl.exe");
    store.advance_to("2006-04-22T09:00:00Z");
    let events = store.events();
    assert_eq!(seconds(&events, "session.disconnected"), [900.0]);
    // The attempt after the disconnection counts as one in a row.
    assert_eq!(seconds(&events, "session.refused"), [920.0, 1_220.0]);
}

#[test]
fn a_session_begins_the_count_anew() {
    let store = Store::start();
    let client = json!({
        "process": "mdl.exe",
        "on_disconnect": { "reconnect": "back_off", "delay": "10s", "jitter": 0, "attempts": 1 },
    });
    store.request("POST", "/clients", Some(&client)).unwrap();
    for _ in 0..3 {
        store.request("POST", "/restart", None).unwrap();
        store.advance(Duration::from_secs(60));
    }
    assert_eq!(seconds(&store.events(), "session.connected"), [0.0, 10.0, 70.0, 130.0]);
}

/// How often the first session's client has registered for new mail: what a working client does.
fn operations_done(store: &Store) -> usize {
    let packets = store.request("GET", "/sessions/1/transcript", None).unwrap();
    let done = packets["items"].as_array().unwrap().iter().filter(|packet| {
        let payload = &packet["decoded"]["rgbOut"][0]["payload"];
        let registered = json!([{ "rop": "RopRegisterNotification", "OutputHandleIndex": 1 }]);
        payload["rops"] == registered && payload["handles"][1].is_u64()
    });
    done.count()
}

#[test]
fn a_client_comes_works_and_goes_when_it_is_used_to() {
    let store = Store::start();
    let client = json!({
        "process": "a.exe", "arrive": { "after": "10m" }, "think": "1m", "rops": 5, "lifetime": "1h",
        "on_disconnect": { "reconnect": "storm" },
    });
    store.request("POST", "/clients", Some(&client)).unwrap();
    assert_eq!(store.client(1).state, "idle");
    store.advance(Duration::from_secs(600));
    assert_eq!(store.client(1).state, "connected");
    store.advance(Duration::from_secs(150));
    assert_eq!(operations_done(&store), 2);
    store.advance(Duration::from_secs(3_000));
    assert_eq!(operations_done(&store), 5, "it makes no more than it is to");
    store.advance(Duration::from_secs(7_200));
    let events = store.events();
    assert_eq!(seconds(&events, "session.ended"), [600.0 + 3_600.0]);
    assert_eq!(seconds(&events, "session.connected"), [600.0], "it stays away");
    assert_eq!(store.client(1).state, "idle");
}

#[test]
fn who_is_told_to_leave_does_not_come_back() {
    let store = Store::start();
    let client =
        json!({ "process": "a.exe", "on_disconnect": { "reconnect": "storm" }, "think": "1s" });
    store.request("POST", "/clients", Some(&client)).unwrap();
    store.request("POST", "/clients/1/disconnect", None).unwrap();
    store.advance(Duration::from_secs(600));
    assert_eq!(store.client(1).state, "idle");
    store.connect(1);
    assert_eq!(store.client(1).state, "connected");
}

#[test]
fn habits_that_contradict_each_other_are_refused_with_their_place() {
    let store = Store::start();
    let rows = [
        ("/clients", json!({ "rops": 1 }), "#"),
        ("/clients", json!({ "on_refused": { "reconnect": "rename" } }), "#/on_refused"),
        ("/clients", json!({ "think": { "from": "2s", "to": "1s" } }), "#"),
        ("/fleets", json!({ "groups": [] }), "#"),
        ("/fleets", json!({ "groups": [{ "name": "a", "clients": 0 }] }), "#/groups"),
    ];
    for (path, body, pointer) in rows {
        let refused = store.request("POST", path, Some(&body)).expect_err("it contradicts itself");
        assert_eq!((refused.status, &*refused.problem), (400, "invalid-body"), "{body}");
        assert_eq!(refused.document["errors"][0]["pointer"], pointer, "{}", refused.document);
    }
}
