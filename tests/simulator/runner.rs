//! The runner against a store that only notes what it is told, and shows what the test put there.

use clock::SimTime;
use serde_json::json;
use simulator::{
    Check, ClientState, Report, RunError, RunOptions, Scenario, StoreEvent, TimelineEntry,
    Transport, Waited, run,
};

use super::noting_store::{NotedClient, NotedSession, NotingStore};

fn scenario(steps: &str) -> Scenario {
    let head = "name = \"s\"\nabout = \"a\"\nstart = \"2006-04-22T08:00:00Z\"\n";
    Scenario::parse(&format!("{head}steps = [{steps}]")).unwrap()
}

fn play(steps: &str, options: RunOptions, store: &mut NotingStore) -> (Report, Vec<String>) {
    let mut lines = Vec::new();
    let report = run(&scenario(steps), options, store, &mut |entry: TimelineEntry| {
        lines.push(entry.to_string())
    });
    (report.unwrap(), lines)
}

fn event(seq: u64, event_type: &str, process: &str) -> StoreEvent {
    serde_json::from_value(json!({
        "seq": seq, "at": "2006-04-22T08:00:00Z", "cause": "client", "type": event_type, "process": process,
        "group": "g", "client_id": seq, "code": { "name": "ecClientVerDisallowed", "value": 1247 }, "reason": "policy",
    }))
    .unwrap()
}

fn client(group: &'static str, state: ClientState, outcome: Option<&'static str>) -> NotedClient {
    NotedClient { group, state, outcome }
}

fn session(process: Option<&'static str>, group: Option<&'static str>) -> NotedSession {
    NotedSession { process, group }
}

const EVERY_ACTION: &str = r#"
    { say = "1", inject = [{ count = 2, group = "a" }, { user = "bob", transport = "tcp", group = "b" }] },
    { say = "2", inject = [{ group = "a" }] },
    { say = "3", connect = { group = "a" } },
    { say = "4", disconnect = { group = "b" } },
    { say = "5", report = { group = "b", process = "mdl.exe" } },
    { say = "6", touch = { group = "b" } },
    { say = "7", set_value = { name = "n", data = "d" } },
    { say = "8", delete_value = { name = "n" } },
    { say = "9", advance = "15m" },
    { say = "10", poll = true },
    { say = "11", set_value = { name = "n", type = "REG_DWORD", data = 1, node = "NODE2" } },
    { say = "12", delete_value = { name = "n", node = "NODE2" } },
    { say = "13", install_build = "6.5.7226" },
    { say = "14", restart = true },
    { say = "15", install_hotfix = true },
    { say = "16", cluster = "per_node" },
    { say = "17", fail_over = true },
    { say = "18", fail_over = { to = "NODE1" } },
    { say = "19", block = { processes = "mdl.exe", versions = "11", apply = "now" } },
    { say = "20", unblock = { lists = ["versions"] } },
    { say = "21", policy_mode = "audit" },
    { say = "22", settings = { poll_interval = "5m" } },
    { say = "23", fault = { match = { stage = "connect" }, effect = { reset = true } } },
    { say = "24", clear_faults = true },
    { say = "25", snapshot = "before" },
    { say = "26", restore = "before" },
    { say = "27", advance = { to = "2006-04-22T09:00:00Z" } },
    { say = "28", advance = { to = 2006-04-22T09:00:00Z } },
    { say = "29", wait = { until = { event = { type = "poll.completed", since = 2006-04-22T09:00:00Z } }, within = "1h" } },
    { say = "30", fleet = { name = "f", groups = [{ name = "x", process = "x.exe", clients = 2 }] } },
    { say = "31", connect = { group = "x" } },"#;

#[test]
fn every_action_reaches_the_store_in_order() {
    let mut store = NotingStore::default();
    let (report, _) = play(EVERY_ACTION, RunOptions::default(), &mut store);
    assert!(report.met());
    assert_eq!(report.steps, 31);
    insta::assert_snapshot!(store.told.join("\n"), @r#"
    start over at 2006-04-22T08:00:00Z
    inject user1@WKS1 over Pipe as Some("a")
    inject user2@WKS2 over Pipe as Some("a")
    inject bob@WKS3 over Tcp as Some("b")
    inject user4@WKS4 over Pipe as Some("a")
    connect [101, 102, 104]
    disconnect [103]
    report mdl.exe by 103
    touch 103
    set n on None to {"type":"REG_SZ","data":"d"}
    delete n on None
    advance to 2006-04-22T08:15:00Z
    poll
    set n on Some("NODE2") to {"type":"REG_DWORD","data":1}
    delete n on Some("NODE2")
    install 6.5.7226
    restart
    install the hotfix
    be a cluster of mode PerNode
    fail over to None
    fail over to Some("NODE1")
    write `mdl.exe` as Processes, NextPoll
    write `11` as Versions, Now
    take away Versions, NextPoll
    Audit the policy
    change {"poll_interval":"5m"}
    add fault {"match":{"stage":"connect"},"effect":{"reset":true},"schedule":{}}
    clear faults
    take snapshot `before`
    restore 7
    advance to 2006-04-22T09:00:00Z
    advance to 2006-04-22T09:00:00Z
    wait 3600s of None for {"event":{"since":"2006-04-22T09:00:00Z","type":"poll.completed"}}
    deploy `f` over Pipe
    connect [900]
    "#);
}

#[test]
fn a_run_can_put_every_client_on_one_transport() {
    for (transport, word) in [(Transport::Tcp, "over Tcp"), (Transport::Pipe, "over Pipe")] {
        let options = RunOptions { transport: Some(transport), ..RunOptions::default() };
        let mut store = NotingStore::default();
        play(EVERY_ACTION, options, &mut store);
        let injected: Vec<_> =
            store.told.iter().filter(|told| told.starts_with("inject")).collect();
        assert_eq!(injected.len(), 4);
        assert!(injected.iter().all(|told| told.contains(word)), "{injected:?}");
    }
}

/// A store with two sessions and four clients, after three refusals.
fn store() -> NotingStore {
    NotingStore {
        sessions: vec![session(Some("MDL.EXE"), Some("g")), session(None, None)],
        clients: vec![
            client("g", ClientState::Connected, None),
            client("h", ClientState::Refused, Some("ecClientVerDisallowed")),
            client("h", ClientState::Refused, Some("ecClientVerDisallowed")),
            client("h", ClientState::Failed, Some("nobody listens")),
        ],
        pending: vec![
            event(1, "session.refused", "mdl.exe"),
            event(2, "session.refused", "mdl.exe"),
            event(3, "session.refused", "b.exe"),
        ],
        lints: vec!["wildcard", "path"],
        ..NotingStore::default()
    }
}

fn check(expect: &str) -> Check {
    let steps = format!(
        r#"{{ say = "x", inject = [{{ group = "g" }}, {{ group = "h" }}] }}, {{ say = "y", expect = {{ {expect} }} }}"#
    );
    let mut store = store();
    play(&steps, RunOptions::default(), &mut store).0.checks.remove(0)
}

#[test]
fn an_expectation_is_met_or_says_what_there_was() {
    let met = |expected: &str, found: &str| (true, expected.to_owned(), found.to_owned());
    let unmet = |expected: &str, found: &str| (false, expected.to_owned(), found.to_owned());
    let rows = [
        ("sessions = [{ count = 2 }]", met("2 sessions", "2")),
        ("sessions = [{ process = \"mdl.exe\", count = 1 }]", met("1 session of mdl.exe", "1")),
        (
            "sessions = [{ process = \"mdl.exe\", group = \"h\", count = 1 }]",
            unmet("1 session of mdl.exe in group `h`", "0"),
        ),
        ("unidentified = 1", met("1 session without a process name", "1")),
        ("unidentified = 0", unmet("0 sessions without a process name", "1")),
        (
            "clients = [{ group = \"g\", state = \"connected\" }]",
            met("every client in group `g` connected", "1"),
        ),
        (
            "clients = [{ group = \"h\", state = \"refused\", outcome = \"ecClientVer\" }]",
            unmet(
                "every client in group `h` refused by `ecClientVer`",
                "2 of 3: 2 refused by `ecClientVerDisallowed`, 1 failed by `nobody listens`",
            ),
        ),
        (
            "clients = [{ group = \"h\", state = \"refused\", count = 2 }]",
            met("2 clients in group `h` refused", "2"),
        ),
        ("clients = [{ state = \"idle\", count = 0 }]", met("0 clients idle", "0")),
        (
            "events = [{ type = \"session.refused\", process = \"MDL.EXE\", code = \"ecClientVerDisallowed\", count = 2 }]",
            met("2 events `session.refused` of MDL.EXE with ecClientVerDisallowed", "2"),
        ),
        (
            "events = [{ type = \"session.refused\", group = \"g\" }]",
            met("at least 1 event `session.refused` in group `g`", "3"),
        ),
        (
            "events = [{ type = \"session.refused\", code = \"ecExiting\" }]",
            unmet("at least 1 event `session.refused` with ecExiting", "0"),
        ),
        (
            "build = { installed = \"6.5.7638.0\", running = \"6.5.7638\" }",
            met(
                "build 6.5.7638 installed, build 6.5.7638 running",
                "build 6.5.7638 installed, build 6.5.7638 running",
            ),
        ),
        (
            "build = { running = \"6.5.7651.19\" }",
            unmet("build 6.5.7651.19 running", "build 6.5.7638 installed, build 6.5.7638 running"),
        ),
        (
            "files = [{ name = \"STORE.EXE\", version = \"6.5.7638\" }]",
            met("STORE.EXE, 6.5.7638", "Store.exe, 6.5.7638"),
        ),
        (
            "files = [{ name = \"Exosal.dll\", bytes = 70144, built = 2006-04-22T04:43:00Z }]",
            unmet("Exosal.dll, 70,144 bytes, 22-Apr-2006 04:43 UTC", "Exosal.dll"),
        ),
        ("files = [{ name = \"Mad.exe\" }]", unmet("Mad.exe", "no such file")),
        ("sessions = [{ count = { at_least = 2 } }]", met("at least 2 sessions", "2")),
        (
            "sessions = [{ group = \"g\", count = { at_least = 2, at_most = 3 } }]",
            unmet("2 to 3 sessions in group `g`", "1"),
        ),
        ("unidentified = { at_most = 1 }", met("at most 1 sessions without a process name", "1")),
        ("lints = [{ list = \"processes\" }]", met("at least 1 lint of the process list", "2")),
        (
            "lints = [{ list = \"processes\", code = \"comma\", count = 1 }]",
            unmet("1 lint `comma` of the process list", "0 of 2: wildcard, path"),
        ),
        ("poll = { disconnected = 1 }", unmet("the last poll: disconnected 1", "no poll yet")),
        (
            "policy = { mode = \"audit\", would_block = { at_least = 5 } }",
            met(
                "the policy: watched only, would be blocked at least 5",
                "watched only, would be blocked 5",
            ),
        ),
        (
            "policy = { mode = \"enforce\", forbidden = 2 }",
            unmet("the policy: enforced, forbidden 2", "watched only, forbidden 2"),
        ),
    ];
    for (expect, (met, expected, found)) in rows {
        assert_eq!(check(expect), Check { step: 2, expected, found, met }, "{expect}");
    }
}

#[test]
fn every_client_of_nobody_is_not_met() {
    let mut store = NotingStore::default();
    let steps = r#"{ say = "x", expect = { clients = [{ state = "connected" }] } }"#;
    assert!(!play(steps, RunOptions::default(), &mut store).0.met());
}

#[test]
fn events_are_those_of_the_last_step_that_did_something() {
    let expect = |count| {
        format!(
            r#"{{ say = "e", expect = {{ events = [{{ type = "session.refused", count = {count} }}] }} }}"#
        )
    };
    let steps = [
        r#"{ say = "a", poll = true }"#,
        &expect(3),
        &expect(3),
        r#"{ say = "b", poll = true }"#,
        &expect(0),
    ];
    let (report, _) = play(&steps.join(","), RunOptions::default(), &mut store());
    assert!(report.met(), "{report:?}");
}

#[test]
fn a_run_stops_where_an_expectation_is_not_met_unless_told_to_go_on() {
    let steps = r#"
        { say = "look", expect = { unidentified = 7, sessions = [{ count = 2 }] } },
        { say = "go on", poll = true }"#;
    for (keep_going, steps_played) in [(false, 1), (true, 2)] {
        let options = RunOptions { keep_going, ..RunOptions::default() };
        let (report, _) = play(steps, options, &mut store());
        assert!(!report.met());
        assert_eq!((report.steps, report.checks.len()), (steps_played, 2));
    }
}

#[test]
fn a_run_shows_its_steps_what_happened_and_what_was_looked_at() {
    let steps = r#"
        { say = "A program tries to connect.", inject = [{ group = "g" }] },
        { say = "It is refused.", expect = { unidentified = 1, sessions = [{ count = 0 }] } }"#;
    let (_, lines) = play(steps, RunOptions::default(), &mut store());
    insta::assert_snapshot!(lines.join("\n"), @r#"
    2006-04-22T08:00:00Z  1. A program tries to connect.
    2006-04-22T08:00:00Z      mdl.exe of client 1 is refused with ecClientVerDisallowed (0x4DF)  because the policy forbids the program
    2006-04-22T08:00:00Z      mdl.exe of client 2 is refused with ecClientVerDisallowed (0x4DF)  because the policy forbids the program
    2006-04-22T08:00:00Z      b.exe of client 3 is refused with ecClientVerDisallowed (0x4DF)  because the policy forbids the program
    2006-04-22T08:00:00Z  2. It is refused.
    2006-04-22T08:00:00Z      NOT AS EXPECTED: wanted 0 sessions, found 2
    2006-04-22T08:00:00Z      as expected: 1 session without a process name
    "#);
}

#[test]
fn a_step_that_replaces_files_shows_them_as_the_article_does() {
    let steps = r#"
        { say = "Apply the hotfix.", install_hotfix = true },
        { say = "Apply it again.", install_build = "6.5.7651.19" },
        { say = "Go back.", install_build = "6.5.7226" }"#;
    let (_, lines) = play(steps, RunOptions::default(), &mut NotingStore::default());
    insta::assert_snapshot!(lines.join("\n"), @"
    2006-04-22T08:00:00Z  1. Apply the hotfix.
    2006-04-22T08:00:00Z      Exosal.dll  6.5.7651.19     70,144 bytes  22-Apr-2006 04:43 UTC  instead of a version that is not documented
    2006-04-22T08:00:00Z      Mdbmsg.dll  6.5.7651.19  3,361,280 bytes  22-Apr-2006 03:58 UTC  instead of a version that is not documented
    2006-04-22T08:00:00Z      Store.exe   6.5.7651.19  5,256,704 bytes  22-Apr-2006 04:46 UTC  instead of 6.5.7638
    2006-04-22T08:00:00Z  2. Apply it again.
    2006-04-22T08:00:00Z  3. Go back.
    2006-04-22T08:00:00Z      Exosal.dll  of which nothing is documented  instead of 6.5.7651.19
    2006-04-22T08:00:00Z      Mdbmsg.dll  of which nothing is documented  instead of 6.5.7651.19
    2006-04-22T08:00:00Z      Store.exe   6.5.7226  instead of 6.5.7651.19
    ");
}

#[test]
fn a_refusal_that_is_expected_is_told_and_any_other_end_is_not_met() {
    let step = r#"{ say = "Too early.", install_hotfix = true, refused = "hotfix-needs-sp2" }"#;
    let rows = [
        (Some(("install", "hotfix-needs-sp2")), true, "`hotfix-needs-sp2`"),
        (Some(("install", "hotfix-installed")), false, "`hotfix-installed`"),
        (None, false, "none"),
    ];
    for (refuses, met, found) in rows {
        let mut store = NotingStore { refuses, ..NotingStore::default() };
        let (report, lines) = play(step, RunOptions::default(), &mut store);
        let expected = "a refusal with `hotfix-needs-sp2`".to_owned();
        assert_eq!(report.checks, [Check { step: 1, expected, found: found.to_owned(), met }]);
        let told =
            lines.iter().any(|line| line.ends_with("the store refuses  because it can't be done"));
        assert_eq!(told, refuses.is_some(), "{lines:?}");
    }
    let mut store = NotingStore { fails: Some("install"), ..NotingStore::default() };
    let error = run(&scenario(step), RunOptions::default(), &mut store, &mut |_: TimelineEntry| {})
        .unwrap_err();
    assert!(matches!(error, RunError::Step { step: 1, .. }), "nobody refused: {error}");
}

#[test]
fn a_scenario_of_another_build_begins_with_the_start_of_that_build() {
    let text = "name = \"s\"\nabout = \"a\"\nstart = \"2006-04-22T08:00:00Z\"\nbuild = \"6.5.7226\"\nsteps = []";
    let started = |seq: u64, build: &str| -> StoreEvent {
        let event = json!({ "seq": seq, "at": "2006-04-22T08:00:00Z", "cause": "start", "type": "store.started", "build": build });
        serde_json::from_value(event).unwrap()
    };
    let pending = vec![started(1, "6.5.7651.19"), started(2, "6.5.7226")];
    let mut store = NotingStore { pending, ..NotingStore::default() };
    let mut lines = Vec::new();
    let scenario = Scenario::parse(text).unwrap();
    let mut show = |entry: TimelineEntry| lines.push(entry.to_string());
    run(&scenario, RunOptions::default(), &mut store, &mut show).unwrap();
    assert_eq!(store.told[1..], ["install 6.5.7226", "restart"]);
    assert_eq!(lines, ["2006-04-22T08:00:00Z      the store starts as build 6.5.7226"]);
}

#[test]
fn a_store_that_fails_is_an_error_that_names_the_step() {
    let scenario = scenario(EVERY_ACTION);
    let mut show = |_: TimelineEntry| {};
    let mut fails = |fails| {
        let mut store = NotingStore { fails: Some(fails), ..NotingStore::default() };
        let error = run(&scenario, RunOptions::default(), &mut store, &mut show).unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(source, "the store is gone");
        error
    };
    assert!(matches!(fails("start over"), RunError::Start(_)));
    let error = fails("delete");
    assert!(matches!(error, RunError::Step { step: 8, .. }));
    assert_eq!(error.to_string(), "step 8 could not be carried out");
}

#[test]
fn a_long_advance_is_made_in_slices_and_none_shorter_than_what_is_due() {
    let due = |text: &str| -> SimTime { text.parse().unwrap() };
    let mut store = NotingStore {
        due: vec![
            due("2006-04-22T08:00:10Z"),
            due("2006-04-22T08:00:20Z"),
            due("2006-04-22T08:15:00Z"),
        ],
        ..NotingStore::default()
    };
    let steps = r#"{ say = "x", advance = "1h" }, { say = "y", advance = { next = "poll" }, refused = "clock-backwards" }"#;
    play(steps, RunOptions::default(), &mut store);
    let advanced: Vec<_> = store.told.iter().filter(|told| told.starts_with("advance")).collect();
    assert_eq!(
        advanced,
        [
            "advance to 2006-04-22T08:01:00Z",
            "advance to 2006-04-22T08:15:00Z",
            "advance to 2006-04-22T09:00:00Z",
            "advance to 2006-04-22T08:15:00Z",
        ]
    );
}

#[test]
fn a_wait_is_met_or_says_why_not() {
    let step = r#"{ say = "x", wait = { until = { quiescent = true }, within = "1h" } }"#;
    let mut store = NotingStore::default();
    assert!(play(step, RunOptions::default(), &mut store).0.met());
    store.waited = Waited::NotMet("nothing is due".to_owned());
    let (report, _) = play(step, RunOptions::default(), &mut store);
    assert!(!report.met());
    assert_eq!(report.checks[0].found, "nothing is due");
}

#[test]
fn the_last_poll_is_the_one_that_the_journal_told_of_last() {
    let poll = json!({
        "seq": 1, "at": "2006-04-22T08:15:00Z", "cause": "poll:2", "type": "poll.completed", "poll": { "number": 2 },
    });
    let pending = vec![serde_json::from_value(poll).unwrap()];
    let mut store = NotingStore { pending, ..NotingStore::default() };
    let steps = r#"
        { say = "a", poll = true },
        { say = "b", expect = { poll = { processes = "text", versions = "not_found", disconnected = 3 } } }"#;
    let (report, _) = play(steps, RunOptions::default(), &mut store);
    assert!(report.met(), "{report:?}");
}
