//! Waits and assertions: every condition, every end, and what a failure tells.

use std::time::Duration;

use axum::http::StatusCode;
use clock::ClockMode;
use control::ControlLimits;
use infostore::{Limits, Settings};
use serde_json::{Value, json};
use server::StoreOptions;

use super::{Answer, Api, options};

async fn wait(api: &Api, body: Value) -> Answer {
    api.call("POST", "/waits", &body.to_string()).await
}

async fn assert(api: &Api, until: Value) -> Answer {
    api.call("POST", "/assertions", &json!({ "after": "1-0", "until": until }).to_string()).await
}

/// Two programs and one without a name; mdl.exe is listed and cut off.
async fn story() -> Api {
    let api = Api::new().await;
    api.post("/clients", r#"{"process":"mdl.exe","user":"alice","group":"finance","count":3}"#)
        .await;
    api.post("/clients", r#"{"process":"OUTLOOK.EXE","group":"sales"}"#).await;
    api.post("/clients", r#"{"group":"sales","client_version":"11.0.6000.0"}"#).await;
    api.put("/block-lists/processes", r#"{"data":"mdl.exe"}"#).await;
    api.post("/clock/advance", r#"{"next":"poll"}"#).await;
    api.post("/clients/1/connect", "").await;
    api
}

fn event(kind: &str, tests: Value) -> Value {
    json!({ "event": { "type": kind, "where": tests } })
}

#[tokio::test]
async fn each_condition_holds_when_it_should_and_not_otherwise() {
    let api = story().await;
    let disconnected = |tests| event("session.disconnected", tests);
    let counted = |count| json!({ "event": { "type": "session.disconnected", "count": count } });
    let sessions =
        |tests, count| json!({ "state": { "select": "sessions", "where": tests, "count": count } });
    let clients =
        |tests, count| json!({ "state": { "select": "clients", "where": tests, "count": count } });
    let connected = event("session.connected", json!({ "group": "sales" }));
    let refused = event("session.refused", json!({}));
    let rows = [
        ("an event that came", true, disconnected(json!({}))),
        ("of one program, in another case", true, disconnected(json!({ "process": "MDL.exe" }))),
        ("of another program", false, disconnected(json!({ "process": "OUTLOOK.EXE" }))),
        ("of one of two programs", true, disconnected(json!({ "process": ["a.exe", "mdl.exe"] }))),
        ("of a client without a name", false, disconnected(json!({ "process": null }))),
        ("of a group", true, disconnected(json!({ "group": "finance" }))),
        ("of a client", true, disconnected(json!({ "client_id": 2 }))),
        (
            "of a field further down",
            true,
            disconnected(json!({ "decision": { "list": "processes" } })),
        ),
        ("of the other list", false, disconnected(json!({ "decision": { "list": "versions" } }))),
        ("with its code", true, disconnected(json!({ "code": { "value": 1247 } }))),
        ("of a cause", true, disconnected(json!({ "cause": "poll:2", "reason": "policy" }))),
        (
            "a version, in another spelling",
            true,
            event("session.connected", json!({ "client_version": "11.0.6000" })),
        ),
        ("any event", true, json!({ "event": {} })),
        (
            "of either type",
            true,
            event("session.identified,session.refused", json!({ "process": "mdl.exe" })),
        ),
        ("at least as many", true, counted(json!({ "at_least": 3 }))),
        ("at least more", false, counted(json!({ "at_least": 4 }))),
        ("at most as many", true, counted(json!({ "at_most": 3 }))),
        ("at most fewer", false, counted(json!({ "at_most": 2 }))),
        ("exactly as many", true, counted(json!({ "exactly": 3 }))),
        ("exactly others", false, counted(json!({ "exactly": 2 }))),
        ("within a range", true, counted(json!({ "at_least": 2, "at_most": 4 }))),
        ("sessions", true, sessions(json!({}), json!({ "exactly": 2 }))),
        (
            "sessions of a group",
            true,
            sessions(json!({ "group": "sales" }), json!({ "exactly": 2 })),
        ),
        (
            "no session of a program",
            true,
            sessions(json!({ "process": "mdl.exe" }), json!({ "exactly": 0 })),
        ),
        (
            "sessions without a name",
            true,
            sessions(json!({ "process": null }), json!({ "exactly": 1 })),
        ),
        (
            "sessions under the policy",
            true,
            sessions(json!({ "generation": 1 }), json!({ "exactly": 2 })),
        ),
        ("sessions under another policy", false, sessions(json!({ "generation": 0 }), json!({}))),
        ("clients", true, clients(json!({}), json!({ "exactly": 5 }))),
        (
            "clients that were refused",
            true,
            clients(json!({ "state": "refused", "process": "MDL.EXE" }), json!({ "exactly": 1 })),
        ),
        (
            "clients of a group",
            true,
            clients(
                json!({ "group": "finance", "state": "disconnected" }),
                json!({ "exactly": 2 }),
            ),
        ),
        ("rest", true, json!({ "quiescent": true })),
        ("no rest", false, json!({ "quiescent": false })),
        ("all", true, json!({ "all": [refused, connected] })),
        ("all but one", false, json!({ "all": [refused, event("store.stopped", json!({}))] })),
        ("any", true, json!({ "any": [event("store.stopped", json!({})), refused] })),
        ("none of any", false, json!({ "any": [event("store.stopped", json!({}))] })),
        ("not", true, json!({ "not": event("store.stopped", json!({})) })),
        ("not what is", false, json!({ "not": refused })),
        ("one after the other", true, json!({ "sequence": [connected, refused] })),
        ("in the other order", false, json!({ "sequence": [refused, connected] })),
        (
            "twice, one after the other",
            true,
            json!({ "sequence": [connected, connected, refused] }),
        ),
        ("three times", false, json!({ "sequence": [connected, connected, connected] })),
        (
            "a step of two at once, then another",
            true,
            json!({ "sequence": [{ "all": [connected, counted(json!({"at_least": 3}))] }, refused] }),
        ),
        (
            "an absence that lasted",
            true,
            json!({ "never": { "event": { "type": "session.refused" }, "for": "14m" } }),
        ),
        (
            "an absence that has not lasted yet",
            false,
            json!({ "never": { "event": { "type": "store.stopped" }, "for": "16m" } }),
        ),
        (
            "an absence that was broken",
            false,
            json!({ "never": { "event": { "type": "session.refused" }, "for": "15m" } }),
        ),
    ];
    for (row, holds, until) in rows {
        let answer = assert(&api, until.clone()).await;
        if holds {
            assert_eq!(answer.status, StatusCode::OK, "{row}: {}", answer.text);
        } else {
            assert_eq!(answer.problem(), "assertion-not-met", "{row}: {}", answer.text);
        }
        // A wait that is given no time says the same, whatever it calls it.
        let body = json!({ "after": "1-0", "timeout": "0s", "until": until });
        let waited = wait(&api, body).await;
        assert_eq!(waited.status.is_success(), holds, "{row}: {}", waited.text);
        let ends = ["wait-timeout", "wait-hopeless"];
        assert!(holds || ends.contains(&waited.problem().as_str()), "{row}: {}", waited.text);
    }
}

#[tokio::test]
async fn one_request_proves_that_500_sessions_are_cut_off_by_the_poll() {
    let api = Api::new().await;
    let finance = r#"{"process":"mdl.exe","group":"finance","count":500}"#;
    api.post("/clients", finance).await;
    api.post("/clients", r#"{"process":"OUTLOOK.EXE","count":20}"#).await;
    let written = api.call("PUT", "/block-lists/processes", r#"{"data":"mdl.exe"}"#).await;
    let body = json!({
        "after": written.header("exstore-cursor"), "timeout": "30s", "within": "16m", "clock": "auto",
        "until": { "all": [
            { "event": { "type": "session.disconnected", "where": { "group": "finance" }, "count": { "at_least": 500 } } },
            { "state": { "select": "sessions", "where": { "process": "mdl.exe" }, "count": { "exactly": 0 } } },
            { "quiescent": true },
        ] }
    });
    let answer = wait(&api, body).await;
    let report = answer.ok();
    assert_eq!(report["elapsed"], "15m");
    assert_eq!(report["now"], "2006-04-22T08:15:00Z");
    assert_eq!(answer.header("exstore-cursor"), report["cursor"].as_str().unwrap());
    let [cut, left, rest] = report["conditions"].as_array().unwrap().as_slice() else {
        panic!("{report}");
    };
    assert_eq!((&cut["pointer"], &cut["count"]), (&json!("#/until/all/0"), &json!(500)));
    assert_eq!(cut["events"].as_array().unwrap().len(), 3);
    assert_eq!((&left["holds"], &left["count"]), (&json!(true), &json!(0)));
    assert_eq!(rest["summary"], "the store is quiescent");
    assert_eq!(api.get("/sessions").await["total"], 20);
    // The clock stops where the condition holds.
    assert_eq!(api.get("/clock").await["now"], "2006-04-22T08:15:00Z");
}

#[tokio::test]
async fn a_failure_explains_itself() {
    let api = story().await;
    let body = json!({
        "after": "1-0", "timeout": "0s",
        "until": { "all": [
            { "event": { "type": "session.disconnected", "where": { "group": "finance", "process": "mdl.exe" }, "count": { "at_least": 5 } } },
            { "event": { "type": "session.disconnected", "where": { "group": "sales", "machine": "WKS9" } } },
            { "state": { "select": "sessions", "where": { "group": "sales" }, "count": { "exactly": 0 } } },
        ] }
    });
    let answer = wait(&api, body).await;
    assert_eq!(answer.problem(), "wait-timeout");
    let problem = answer.json();
    assert_eq!(
        problem["detail"],
        "not within 0s of the wall: #/until/all/0: 3 session.disconnected, at least 5 wanted; \
         #/until/all/1: 0 session.disconnected, at least 1 wanted; \
         #/until/all/2: 2 sessions, exactly 0 wanted"
    );
    assert_eq!(problem["hint"], "the next deadline is 2006-04-22T08:30:00Z");
    insta::assert_snapshot!(
        serde_json::to_string_pretty(&problem["report"]["conditions"])
            .unwrap()
            .replace(problem["request_id"].as_str().unwrap(), "R")
    );
}

#[tokio::test]
async fn a_wait_ends_as_soon_as_it_is_met_missed_or_hopeless() {
    let api = story().await;
    let never =
        |span: &str, kind: &str| json!({ "never": { "event": { "type": kind }, "for": span } });
    let rows = [
        (
            "nothing is due in time",
            "wait-deadlock",
            json!({ "within": "14m", "until": event("store.stopped", json!({})) }),
        ),
        (
            "its time passes",
            "wait-deadlock",
            json!({ "within": "40m", "until": event("store.stopped", json!({})) }),
        ),
        (
            "too many came",
            "wait-hopeless",
            json!({ "within": "40m", "until": { "all": [
                event("store.stopped", json!({})),
                { "event": { "type": "poll.completed", "count": { "at_most": 1 } } },
            ] } }),
        ),
        (
            "what was not to come came",
            "wait-hopeless",
            json!({ "within": "40m", "until": never("20m", "poll.completed") }),
        ),
        (
            "what was not to come stays away",
            "",
            json!({ "within": "40m", "until": never("20m", "session.refused") }),
        ),
        (
            "until its very end",
            "",
            json!({ "within": "20m", "until": never("20m", "session.refused") }),
        ),
        (
            "but not longer",
            "wait-deadlock",
            json!({ "within": "19m", "until": never("20m", "session.refused") }),
        ),
    ];
    for (row, end, mut body) in rows {
        let before = api.get("/clock").await["now"].clone();
        body["clock"] = json!("auto");
        let answer = wait(&api, body).await;
        if end.is_empty() {
            assert_eq!(answer.ok()["elapsed"], "20m", "{row}");
        } else {
            assert_eq!(answer.problem(), end, "{row}: {}", answer.text);
            assert_eq!(answer.json()["report"]["began"], before, "{row}");
        }
    }
}

#[tokio::test]
async fn several_that_move_the_clock_share_one_stepper() {
    let api = Api::new().await;
    let poll = |count: u64, within: &str| {
        let until =
            json!({ "event": { "type": "poll.completed", "count": { "at_least": count } } });
        json!({ "clock": "auto", "within": within, "until": until })
    };
    let (one, four, late) = tokio::join!(
        wait(&api, poll(1, "20m")),
        wait(&api, poll(4, "2h")),
        wait(&api, poll(2, "20m"))
    );
    assert_eq!(one.ok()["elapsed"], "15m");
    assert_eq!(four.ok()["elapsed"], "1h");
    assert_eq!(late.problem(), "wait-deadlock", "{}", late.text);
    let moved: Vec<_> =
        api.events().await.into_iter().filter(|event| event["type"] == "clock.changed").collect();
    let targets: Vec<_> = moved.iter().map(|event| event["target"].as_str().unwrap()).collect();
    let polls = [
        "2006-04-22T08:15:00Z",
        "2006-04-22T08:30:00Z",
        "2006-04-22T08:45:00Z",
        "2006-04-22T09:00:00Z",
    ];
    assert_eq!(targets, polls);
}

#[tokio::test]
async fn a_wait_on_a_manual_clock_is_woken_by_whoever_moves_it() {
    let api = Api::new().await;
    let until = json!({ "never": { "event": { "type": "session.refused" }, "for": "20m" } });
    let body = json!({ "timeout": "30s", "until": until });
    let late =
        json!({ "timeout": "30s", "within": "22m", "until": event("store.stopped", json!({})) });
    let (waited, late, advanced) = tokio::join!(
        wait(&api, body),
        wait(&api, late),
        api.post("/clock/advance", r#"{"by":"50m"}"#)
    );
    assert_eq!(waited.ok()["now"], "2006-04-22T08:20:00Z");
    assert_eq!(late.problem(), "wait-timeout");
    assert_eq!(late.json()["report"]["now"], "2006-04-22T08:22:00Z");
    assert_eq!(advanced["polls_run"], 3);
}

#[tokio::test]
async fn a_wait_on_a_clock_that_runs_ends_with_store_time() {
    let start =
        StoreOptions { clock: ClockMode::Scaled(clock::Scale::new(1_000).unwrap()), ..options() };
    let api = Api::with(start, ControlLimits::default()).await;
    let until = json!({ "never": { "event": { "type": "session.refused" }, "for": "10s" } });
    assert_eq!(
        wait(&api, json!({ "timeout": "30s", "until": until })).await.status,
        StatusCode::OK
    );
    let late =
        json!({ "timeout": "30s", "within": "10s", "until": event("store.stopped", json!({})) });
    assert_eq!(wait(&api, late).await.problem(), "wait-timeout");
    let auto = json!({ "clock": "auto", "within": "1m", "until": { "quiescent": true } });
    assert_eq!(wait(&api, auto).await.problem(), "clock-not-manual");
}

#[tokio::test]
async fn a_reset_a_restore_a_journal_that_is_full_and_an_end_of_the_service_end_a_wait() {
    let small = Limits { journal_entries: 20, ..Limits::default() };
    let settings = Settings { limits: small, ..Settings::default() };
    let api = Api::with(StoreOptions { settings, ..options() }, ControlLimits::default()).await;
    let never = json!({ "timeout": "30s", "until": event("build.changed", json!({})) });

    let (waited, _) = tokio::join!(wait(&api, never.clone()), api.post("/reset", ""));
    assert_eq!(waited.problem(), "cursor-gone", "{}", waited.text);
    let first = waited.json()["first_available"].clone();
    assert!(first.as_str().unwrap().starts_with("1-"), "{first}");
    // Going back to a snapshot begins an epoch too.
    api.post("/snapshots", "").await;
    let restore = api.post("/snapshots/1/restore", "");
    let (waited, _) = tokio::join!(wait(&api, never.clone()), restore);
    assert_eq!(waited.problem(), "cursor-gone", "{}", waited.text);

    // A sweep of so many sessions drives its own first entries out of the journal, and nobody can tell what they were.
    api.post("/clients", r#"{"process":"mdl.exe","count":40}"#).await;
    api.put("/block-lists/processes", r#"{"data":"mdl.exe"}"#).await;
    let (waited, _) = tokio::join!(wait(&api, never.clone()), api.post("/polls", ""));
    assert_eq!(waited.problem(), "cursor-gone", "{}", waited.text);
    let gone = json!({ "after": "3-1", "until": { "quiescent": true } });
    assert_eq!(wait(&api, gone).await.problem(), "cursor-gone");

    let stop = async { api.store.end_service().await.expect("the store stops once") };
    let (waited, _) = tokio::join!(wait(&api, never.clone()), stop);
    assert_eq!(waited.problem(), "store-stopped", "{}", waited.text);
    // Nothing is worth waiting for any more.
    assert_eq!(wait(&api, never).await.problem(), "store-stopped");
}

#[tokio::test]
async fn a_body_that_makes_no_sense_is_refused_where_it_does_not() {
    let api = Api::new().await;
    let deep = (0..40).fold(json!({ "quiescent": true }), |inner, _| json!({ "not": inner }));
    let wide = json!({ "all": vec![json!({ "quiescent": true }); 200] });
    let rows = [
        ("no condition", json!({}), "#", "until"),
        ("an empty condition", json!({ "until": {} }), "#/until", "exactly one"),
        ("an unknown one", json!({ "until": { "evnt": {} } }), "#/until/evnt", "unknown variant"),
        (
            "two at once",
            json!({ "until": { "quiescent": true, "event": {} } }),
            "#/until",
            "exactly one",
        ),
        ("an empty list", json!({ "until": { "all": [] } }), "#/until/all", "at least one"),
        (
            "an unknown type",
            json!({ "until": event("session.exploded", json!({})) }),
            "#/until/event/type",
            "no type of event",
        ),
        (
            "an unknown field",
            json!({ "until": event("session.ended", json!({ "colour": 1 })) }),
            "#/until/event/where/colour",
            "there are `at`, `cause`",
        ),
        (
            "a field of another type",
            json!({ "until": event("session.ended", json!({ "code": 1 })) }),
            "#/until/event/where/code",
            "no field `code`",
        ),
        (
            "a field below a value",
            json!({ "until": event("session.ended", json!({ "reason": { "x": 1 } })) }),
            "#/until/event/where/reason/x",
            "no fields",
        ),
        (
            "a program that is none",
            json!({ "until": event("session.ended", json!({ "process": "" })) }),
            "#/until/event/where/process",
            "name of a program",
        ),
        (
            "a group that is a number",
            json!({ "until": event("session.ended", json!({ "group": 7 })) }),
            "#/until/event/where/group",
            "a text or null",
        ),
        (
            "nothing to be any of",
            json!({ "until": event("session.ended", json!({ "reason": [] })) }),
            "#/until/event/where/reason",
            "pass nothing",
        ),
        (
            "a list in a list",
            json!({ "until": event("session.ended", json!({ "reason": [[]] })) }),
            "#/until/event/where/reason",
            "texts, numbers",
        ),
        (
            "an unknown field of a session",
            json!({ "until": { "state": { "select": "sessions", "where": { "reason": "x" } } } }),
            "#/until/state/where/reason",
            "no field",
        ),
        ("no selection", json!({ "until": { "state": {} } }), "#/until/state", "select"),
        (
            "exactly and at least",
            json!({ "until": { "event": { "count": { "exactly": 1, "at_least": 1 } } } }),
            "#/until/event/count",
            "goes without",
        ),
        (
            "an impossible range",
            json!({ "until": { "event": { "count": { "at_least": 2, "at_most": 1 } } } }),
            "#/until/event/count",
            "no number",
        ),
        (
            "a negative count",
            json!({ "until": { "event": { "count": { "at_least": -1 } } } }),
            "#/until/event/count/at_least",
            "invalid value",
        ),
        (
            "automatic without an end",
            json!({ "clock": "auto", "until": { "quiescent": true } }),
            "#/within",
            "missing",
        ),
        (
            "another clock",
            json!({ "clock": "swiss", "until": { "quiescent": true } }),
            "#/clock",
            "auto",
        ),
        (
            "too long",
            json!({ "timeout": "11m", "until": { "quiescent": true } }),
            "#/timeout",
            "at most 10m",
        ),
        ("an unknown field of the wait", json!({ "untill": {} }), "#/untill", "unknown field"),
        ("too deep", json!({ "until": deep }), "#/until/not", "steps below"),
        ("too wide", json!({ "until": wide }), "#/until/all/99", "at most 100"),
    ];
    for (row, body, pointer, detail) in rows {
        let answer = wait(&api, body).await;
        assert_eq!(answer.problem(), "invalid-body", "{row}: {}", answer.text);
        let error = answer.json()["errors"][0].clone();
        assert!(error["pointer"].as_str().unwrap().starts_with(pointer), "{row}: {error}");
        assert!(error["detail"].as_str().unwrap().contains(detail), "{row}: {error}");
    }
    let nested = format!("{{\"until\":{}", "{\"not\":".repeat(5_000));
    let answer = api.call("POST", "/waits", &nested).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text);
    let ahead = json!({ "after": "1-900", "until": { "quiescent": true } });
    assert_eq!(wait(&api, ahead).await.problem(), "invalid-query");
}

#[tokio::test]
async fn a_wait_may_take_longer_than_other_requests() {
    let limits = ControlLimits { request_timeout: Duration::ZERO, ..ControlLimits::default() };
    let api = Api::with(options(), limits).await;
    let body = json!({ "timeout": "10ms", "until": event("store.stopped", json!({})) });
    assert_eq!(wait(&api, body).await.problem(), "wait-timeout");
}
