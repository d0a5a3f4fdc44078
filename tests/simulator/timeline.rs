//! Events in sentences.

use serde_json::{Value, json};
use simulator::{StoreEvent, Timeline, TimelineLine};

fn events(events: Vec<Value>) -> Vec<StoreEvent> {
    let numbered = events.into_iter().zip(1..).map(|(mut event, seq)| {
        event["seq"] = json!(seq);
        if event["at"].is_null() {
            event["at"] = json!("2006-04-22T08:00:00Z");
        }
        if event["cause"].is_null() {
            event["cause"] = json!("control");
        }
        serde_json::from_value(event).unwrap()
    });
    numbered.collect()
}

fn tell(events: &[StoreEvent]) -> Vec<TimelineLine> {
    Timeline::new().tell(events)
}

fn lines(told: Vec<Value>) -> String {
    let lines = tell(&events(told)).into_iter().map(|line| line.to_string());
    lines.collect::<Vec<_>>().join("\n")
}

fn session(event_type: &str, process: Option<&str>, number: u64) -> Value {
    json!({
        "type": event_type, "cause": "client", "session": number, "client_id": number, "group": "g",
        "process": process, "client_version": "11.0.5608.0", "user_dn": format!("/o=O/ou=U/cn=Recipients/cn=user{number}"),
        "machine": format!("WKS{number}"), "generation": 1,
    })
}

fn with(mut event: Value, fields: Value) -> Value {
    let fields = fields.as_object().unwrap().clone();
    event.as_object_mut().unwrap().extend(fields);
    event
}

fn by_item_1() -> Value {
    json!({
        "decision": { "list": "processes", "item": "mdl.exe", "ordinal": 1, "span": { "start": 0, "end": 7 } },
        "code": { "name": "ecClientVerDisallowed", "value": 1247 }, "reason": "policy",
    })
}

const LIST: &str = "Disable MAPI Client Processes";
const POLLED_KEY: &str =
    r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\MSExchangeIS\ParametersSystem";

fn edit(action: &str, name: &str, value: Value) -> Value {
    json!({
        "type": "registry.changed", "node": "NODE1", "action": action, "key": POLLED_KEY, "name": name, "value": value,
    })
}

#[test]
fn a_later_refusal_names_the_poll_that_found_the_policy() {
    let mut timeline = Timeline::new();
    let changed = json!({ "type": "policy.changed", "cause": "poll:2", "generation": 1, "processes": { "added": ["mdl.exe"], "removed": [] } });
    timeline.tell(&events(vec![changed]));
    let refused = with(session("session.refused", Some("mdl.exe"), 3), by_item_1());
    let told = timeline.tell(&events(vec![refused]));
    assert_eq!(
        told[0].because.as_deref(),
        Some(
            "it matches item 1 `mdl.exe` of \"Disable MAPI Client Processes\", found by poll 2 (generation 1)"
        )
    );
}

#[test]
fn every_type_of_event_has_a_sentence() {
    let disconnected = with(
        session("session.disconnected", Some("mdl.exe"), 3),
        json!({ "cause": "poll:2", "user": "alice" }),
    );
    let told = lines(vec![
        json!({ "type": "store.started", "cause": "start", "build": "6.5.7651.19", "poll_interval": "15m" }),
        json!({ "type": "poll.completed", "poll": { "number": 1, "trigger": "start" }, "changed": false }),
        session("session.connected", Some("OUTLOOK.EXE"), 1),
        session("session.connected", None, 2),
        with(session("session.identified", Some("notes.exe"), 2), json!({})),
        edit("set_value", LIST, json!({ "type": "REG_SZ", "data": "mdl.exe; program2.exe" })),
        edit("delete_value", LIST, Value::Null),
        json!({ "type": "store.changed", "poll_interval": "1m", "registry_watch": null, "disconnect": null }),
        json!({ "type": "store.changed", "poll_interval": null, "registry_watch": "always", "disconnect": null }),
        json!({ "type": "store.changed", "poll_interval": null, "registry_watch": "armed_at_start", "disconnect": null }),
        json!({ "type": "store.changed", "poll_interval": null, "registry_watch": null, "disconnect": "connection" }),
        json!({ "type": "store.changed", "poll_interval": null, "registry_watch": null, "disconnect": "context" }),
        json!({ "type": "store.changed", "poll_interval": null, "anonymous": false, "min_auth_level": "privacy" }),
        json!({ "type": "store.changed", "poll_interval": null, "anonymous": true, "min_auth_level": "none" }),
        json!({ "type": "store.changed", "poll_interval": null, "async_notifications": false }),
        json!({ "type": "store.changed", "poll_interval": null, "async_notifications": true }),
        json!({ "type": "store.changed", "poll_interval": null, "polls_max": "1s", "retry": 2, "retry_delay": "3s" }),
        json!({ "type": "clock.changed", "mode": "manual", "target": "2006-04-22T08:15:00Z" }),
        json!({ "type": "clock.changed", "mode": "real", "target": null }),
        json!({ "type": "poll.completed", "poll": { "number": 2, "trigger": "tick" }, "changed": true }),
        json!({ "type": "policy.changed", "cause": "poll:2", "generation": 1,
            "processes": { "added": ["mdl.exe", "program2.exe"], "removed": [] }, "versions": { "added": [], "removed": [] } }),
        json!({ "type": "policy.changed", "cause": "poll:3", "generation": 2,
            "processes": { "added": ["a.exe"], "removed": ["b.exe"] }, "versions": { "added": ["-5.3164.0"], "removed": [] } }),
        with(disconnected, by_item_1()),
        with(session("session.refused", Some("MDL.EXE"), 4), by_item_1()),
        with(
            session("session.refused", Some("a.exe"), 5),
            json!({ "refusal": "session_limit",
            "code": { "name": "ecSessionLimit", "value": 2_147_746_066_u32 } }),
        ),
        with(
            session("session.disconnected", Some("a.exe"), 6),
            json!({ "reason": "admin", "decision": null }),
        ),
        with(session("session.ended", Some("a.exe"), 6), json!({ "reason": "admin" })),
        with(
            session("session.disconnected", Some("a.exe"), 6),
            json!({ "reason": "restart", "decision": null }),
        ),
        with(session("session.ended", Some("a.exe"), 6), json!({ "reason": "restart" })),
        with(session("session.ended", Some("a.exe"), 7), json!({ "reason": "client" })),
        with(session("session.ended", None, 8), json!({ "reason": "transport" })),
        with(session("session.would_block", Some("mdl.exe"), 9), by_item_1()),
        json!({ "type": "enforcement.completed", "generation": 1, "disconnected": 1, "kept": 5, "unidentified": 2 }),
        json!({ "type": "poll.failed", "poll": { "number": 3, "trigger": "request" },
            "value": LIST, "error": "access to it is denied", "generation": 1 }),
        json!({ "type": "poll.failed", "poll": { "number": 4, "trigger": "start" },
            "value": LIST, "error": "access to it is denied", "generation": 2 }),
        json!({ "type": "policy.mode_changed", "mode": "audit" }),
        json!({ "type": "registry.invalid", "value": LIST, "problem": "it is a REG_DWORD", "lints": [] }),
        json!({ "type": "registry.invalid", "value": LIST, "lints": [],
            "problem": "build 6.5.7638 (Exchange Server 2003 SP2) does not read it" }),
        json!({ "type": "registry.invalid", "value": LIST, "problem": "it has items that can't mean what was meant",
            "lints": [{ "code": "wildcard", "message": "`*` is a letter here" }] }),
        json!({ "type": "build.changed", "from": "6.5.7638", "to": "6.5.7651.19" }),
        json!({ "type": "cluster.changed", "mode": "per_node", "active": "NODE1" }),
        json!({ "type": "poll.abandoned", "poll": { "number": 9 } }),
        json!({ "type": "checkpoint.restored", "node": "NODE2" }),
        json!({ "type": "registry.imported", "node": "NODE1", "changed": 1000 }),
        json!({ "type": "fault.added", "fault": 4, "match": { "value": null }, "effect": { "registry": "access_denied" } }),
        json!({ "type": "fault.removed", "fault": 4 }),
        json!({ "type": "user.changed", "name": "alice" }),
        json!({ "type": "user.removed", "name": "alice" }),
        with(
            session("session.refused", Some("a.exe"), 5),
            json!({ "refusal": "other_user",
            "code": { "name": "ecAccessDenied", "value": 2_147_942_405_u32 } }),
        ),
        json!({ "type": "snapshot.taken", "snapshot": 1, "name": null }),
        json!({ "type": "store.restored", "snapshot": 1, "name": "arranged", "taken_at": "1-9" }),
        json!({ "type": "fault.hit", "fault": 4, "value": LIST, "effect": "access_denied" }),
        json!({ "type": "journal.truncated" }),
        json!({ "type": "store.stopped", "cause": "stop" }),
        json!({ "type": "mailbox.full", "mailbox": { "name": "alice" } }),
    ]);
    assert!(!told.contains(['{', '}', '[', ']']), "raw JSON in\n{told}");
    insta::assert_snapshot!(told, @r#"
    2006-04-22T08:00:00Z  the store starts as build 6.5.7651.19 and polls every 15m
    2006-04-22T08:00:00Z  poll 1, as the store started, finds the policy unchanged
    2006-04-22T08:00:00Z  OUTLOOK.EXE of user1@WKS1 connects  because no list in force names that program (generation 1)
    2006-04-22T08:00:00Z  an unnamed program of user2@WKS2 connects  because no program is named that a list could forbid
    2006-04-22T08:00:00Z  notes.exe of user2@WKS2 is known by its name now  because a call brought it
    2006-04-22T08:00:00Z  "Disable MAPI Client Processes" is set to `mdl.exe; program2.exe`, to be read at the next poll
    2006-04-22T08:00:00Z  "Disable MAPI Client Processes" is deleted, to be noticed at the next poll
    2006-04-22T08:00:00Z  the store polls every 1m from now on
    2006-04-22T08:00:00Z  the store follows values whenever they are created
    2006-04-22T08:00:00Z  the store follows the values that are there when it starts, and no others
    2006-04-22T08:00:00Z  whoever is disconnected loses the connection from now on
    2006-04-22T08:00:00Z  whoever is disconnected keeps the connection from now on, and is told at the next call
    2006-04-22T08:00:00Z  the store takes whoever says who they are with protection `privacy` or better from now on
    2006-04-22T08:00:00Z  the store takes whoever comes from now on
    2006-04-22T08:00:00Z  the store gives out no handles to wait for events with from now on
    2006-04-22T08:00:00Z  the store gives out handles to wait for events with from now on
    2006-04-22T08:00:00Z  clients are told to ask for events every 1s, and to retry 2 times after 3s, from now on
    2006-04-22T08:00:00Z  the clock is moved to 2006-04-22T08:15:00Z
    2006-04-22T08:00:00Z  the clock is real now
    2006-04-22T08:00:00Z  poll 2, when it was due, finds a changed policy
    2006-04-22T08:00:00Z  the policy changes (generation 1): processes `mdl.exe`, `program2.exe` added  because poll 2 read another list
    2006-04-22T08:00:00Z  the policy changes (generation 2): processes `a.exe` added, `b.exe` removed; versions `-5.3164.0` added  because poll 3 read another list
    2006-04-22T08:00:00Z  mdl.exe of alice@WKS3 is disconnected  because it matches item 1 `mdl.exe` of "Disable MAPI Client Processes", found by poll 2 (generation 1)
    2006-04-22T08:00:00Z  MDL.EXE of user4@WKS4 is refused with ecClientVerDisallowed (0x4DF)  because it matches item 1 `mdl.exe` of "Disable MAPI Client Processes", found by poll 2 (generation 1)
    2006-04-22T08:00:00Z  a.exe of user5@WKS5 is refused with ecSessionLimit (0x80040112)  because the store holds as many sessions as it may
    2006-04-22T08:00:00Z  a.exe of user6@WKS6 is disconnected  because somebody asked for it through the control plane
    2006-04-22T08:00:00Z  a.exe of user6@WKS6 is disconnected  because the store restarts
    2006-04-22T08:00:00Z  a.exe of user7@WKS7 ends its session
    2006-04-22T08:00:00Z  an unnamed program of user8@WKS8 is gone  because the connection closed
    2006-04-22T08:00:00Z  mdl.exe of user9@WKS9 would be blocked  because it matches item 1 `mdl.exe` of "Disable MAPI Client Processes", found by poll 2 (generation 1)
    2006-04-22T08:00:00Z  the sweep ends: 1 disconnected, 5 kept, 2 of them unidentified
    2006-04-22T08:00:00Z  poll 3, on request, cannot read "Disable MAPI Client Processes"; what was last read stays in force  because access to it is denied
    2006-04-22T08:00:00Z  poll 4, as the store started, cannot read "Disable MAPI Client Processes"; nothing is in force of it  because access to it is denied
    2006-04-22T08:00:00Z  the policy is only watched now: nobody is turned away
    2006-04-22T08:00:00Z  "Disable MAPI Client Processes" needs attention  because it is a REG_DWORD
    2006-04-22T08:00:00Z  "Disable MAPI Client Processes" needs attention  because build 6.5.7638 (Exchange Server 2003 SP2) does not read it
    2006-04-22T08:00:00Z  "Disable MAPI Client Processes" needs attention  because it has items that can't mean what was meant: `*` is a letter here
    2006-04-22T08:00:00Z  build 6.5.7651.19 is installed over 6.5.7638, to run from the next start on
    2006-04-22T08:00:00Z  the store is a cluster, on NODE1 now, and what is written on a node stays there
    2006-04-22T08:00:00Z  poll 9 comes to nothing, as the service stops
    2006-04-22T08:00:00Z  the checkpoint is restored on NODE2, and what was written there besides is lost
    2006-04-22T08:00:00Z  1000 edits of the registry are made, to be noticed at the next poll
    2006-04-22T08:00:00Z  fault rule 4 is added: access denied
    2006-04-22T08:00:00Z  fault rule 4 is taken away
    2006-04-22T08:00:00Z  user `alice` is set
    2006-04-22T08:00:00Z  user `alice` is taken away
    2006-04-22T08:00:00Z  a.exe of user5@WKS5 is refused with ecAccessDenied (0x80070005)  because the distinguished name is another user's
    2006-04-22T08:00:00Z  snapshot 1 is taken
    2006-04-22T08:00:00Z  snapshot 1 "arranged" is restored
    2006-04-22T08:00:00Z  fault rule 4 disturbs the read of "Disable MAPI Client Processes": access denied
    2006-04-22T08:00:00Z  the oldest events leave the journal
    2006-04-22T08:00:00Z  the store stops
    2006-04-22T08:00:00Z  an event of type `mailbox.full`
    "#);
}

#[test]
fn an_edit_says_where_it_is_and_whether_the_store_will_see_it() {
    let listed = || edit("set_value", LIST, json!({ "type": "REG_SZ", "data": "mdl.exe" }));
    let key = |action| json!({ "type": "registry.changed", "node": "NODE1", "action": action, "key": "HKEY_LOCAL_MACHINE\\A", "name": null, "value": null });
    let cluster = |mode: &str, active: &str| json!({ "type": "cluster.changed", "mode": mode, "active": active });
    let told = lines(vec![
        listed(),
        edit("set_value", LIST, json!({ "type": "REG_DWORD", "data": 1 })),
        edit("set_value", LIST, json!({ "type": "REG_SZ", "hex": "6d0064" })),
        edit("set_value", "Another", json!({ "type": "REG_SZ", "data": "mdl.exe" })),
        with(listed(), json!({ "key": "HKEY_LOCAL_MACHINE\\A" })),
        key("create_key"),
        key("delete_key"),
        cluster("checkpointed", "NODE1"),
        listed(),
        with(listed(), json!({ "node": "NODE2" })),
        with(edit("delete_value", LIST, Value::Null), json!({ "node": "NODE2" })),
        cluster("checkpointed", "NODE2"),
        with(listed(), json!({ "node": "NODE2" })),
        listed(),
        cluster("none", "NODE1"),
        listed(),
    ]);
    insta::assert_snapshot!(told, @r#"
    2006-04-22T08:00:00Z  "Disable MAPI Client Processes" is set to `mdl.exe`, to be read at the next poll
    2006-04-22T08:00:00Z  "Disable MAPI Client Processes" is set to the REG_DWORD `1`, to be read at the next poll
    2006-04-22T08:00:00Z  "Disable MAPI Client Processes" is set to the REG_SZ of bytes `6d0064`, to be read at the next poll
    2006-04-22T08:00:00Z  "Another" is set to `mdl.exe`
    2006-04-22T08:00:00Z  "Disable MAPI Client Processes" of key `HKEY_LOCAL_MACHINE\A` is set to `mdl.exe`
    2006-04-22T08:00:00Z  key `HKEY_LOCAL_MACHINE\A` is created
    2006-04-22T08:00:00Z  key `HKEY_LOCAL_MACHINE\A` is deleted with all below it
    2006-04-22T08:00:00Z  the store is a cluster, on NODE1 now, and takes its registry key along from node to node
    2006-04-22T08:00:00Z  "Disable MAPI Client Processes" is set to `mdl.exe` on NODE1, to be read at the next poll
    2006-04-22T08:00:00Z  "Disable MAPI Client Processes" is set to `mdl.exe` on NODE2, where the store does not run
    2006-04-22T08:00:00Z  "Disable MAPI Client Processes" is deleted on NODE2, where the store does not run
    2006-04-22T08:00:00Z  the store moves to NODE2
    2006-04-22T08:00:00Z  "Disable MAPI Client Processes" is set to `mdl.exe` on NODE2, to be read at the next poll
    2006-04-22T08:00:00Z  "Disable MAPI Client Processes" is set to `mdl.exe` on NODE1, where the store does not run
    2006-04-22T08:00:00Z  the store is no cluster
    2006-04-22T08:00:00Z  "Disable MAPI Client Processes" is set to `mdl.exe`, to be read at the next poll
    "#);
}

#[test]
fn five_like_events_are_one_line_and_four_are_not() {
    let run = |process: Option<&str>, numbers: std::ops::Range<u64>| -> Vec<Value> {
        numbers.map(|number| session("session.connected", process, number)).collect()
    };
    let cut_off = (1..=500).flat_map(|number| {
        let event = |event_type| {
            let event = with(session(event_type, Some("mdl.exe"), number), by_item_1());
            with(event, json!({ "at": "2006-04-22T08:15:00Z", "cause": "poll:2" }))
        };
        [event("session.disconnected"), event("session.ended")]
    });
    let mut all = run(Some("a.exe"), 0..4);
    all.extend(run(Some("b.exe"), 4..9));
    all.extend(run(None, 9..20));
    all.extend(cut_off);
    let told = tell(&events(all.clone()));
    let counts: Vec<usize> = told.iter().map(|line| line.events).collect();
    assert_eq!(counts, [1, 1, 1, 1, 5, 11, 500]);
    insta::assert_snapshot!(lines(all), @r#"
    2006-04-22T08:00:00Z  a.exe of user0@WKS0 connects  because no list in force names that program (generation 1)
    2006-04-22T08:00:00Z  a.exe of user1@WKS1 connects  because no list in force names that program (generation 1)
    2006-04-22T08:00:00Z  a.exe of user2@WKS2 connects  because no list in force names that program (generation 1)
    2006-04-22T08:00:00Z  a.exe of user3@WKS3 connects  because no list in force names that program (generation 1)
    2006-04-22T08:00:00Z  5 b.exe clients connect  because no list in force names that program (generation 1)
    2006-04-22T08:00:00Z  11 unnamed clients connect  because no program is named that a list could forbid
    2006-04-22T08:15:00Z  500 mdl.exe clients are disconnected  because it matches item 1 `mdl.exe` of "Disable MAPI Client Processes", found by poll 2 (generation 1)
    "#);
}

#[test]
fn an_event_that_lacks_what_it_should_have_is_told_all_the_same() {
    let types = [
        "store.started",
        "session.connected",
        "session.refused",
        "session.disconnected",
        "session.ended",
        "session.would_block",
        "session.identified",
        "session.notified",
        "enforcement.completed",
        "poll.completed",
        "poll.failed",
        "policy.changed",
        "policy.mode_changed",
        "registry.changed",
        "registry.invalid",
        "build.changed",
        "cluster.changed",
        "clock.changed",
        "poll.abandoned",
        "checkpoint.restored",
        "registry.imported",
        "fault.added",
        "fault.removed",
        "fault.hit",
        "snapshot.taken",
        "user.changed",
        "user.removed",
        "store.restored",
    ];
    for event_type in types {
        let told = tell(&events(vec![json!({ "type": event_type })]));
        assert!(told.iter().all(|line| !line.what.is_empty()), "{event_type}");
    }
    let one = json!({ "type": "session.connected", "session": 7 });
    assert_eq!(tell(&events(vec![one]))[0].what, "an unnamed program of session 7 connects");
}
