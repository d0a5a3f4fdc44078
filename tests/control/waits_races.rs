//! No wake-up is lost: a wait that is registered before, between or after what it waits for ends alike, and what it tells is
//! what the journal holds up to its cursor.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Answer, Api};

type Call<'a> = Pin<Box<dyn Future<Output = Answer> + 'a>>;

/// What happens to the store, step by step: three sessions open, one is cut off, one more is refused.
const STEPS: [(&str, &str, &str); 5] = [
    ("POST", "/clients", r#"{"process":"mdl.exe","group":"g"}"#),
    ("POST", "/clients", r#"{"process":"outlook.exe","group":"g","count":2}"#),
    ("PUT", "/block-lists/processes", r#"{"data":"mdl.exe"}"#),
    ("POST", "/polls", ""),
    ("POST", "/clients/1/connect", ""),
];

/// The conditions, with whether the steps bring them about.
fn conditions() -> [(Value, bool); 5] {
    let event = |kind: &str, at_least: u64| json!({ "event": { "type": kind, "where": { "group": "g" }, "count": { "at_least": at_least } } });
    let none = json!({ "state": { "select": "sessions", "where": { "process": "mdl.exe" }, "count": { "exactly": 0 } } });
    [
        (event("session.connected", 3), true),
        (
            json!({ "sequence": [event("session.connected", 1), event("session.disconnected", 1), event("session.refused", 1)] }),
            true,
        ),
        (json!({ "all": [event("session.refused", 1), none, { "quiescent": true }] }), true),
        (event("session.connected", 4), false),
        (
            json!({ "sequence": [event("session.refused", 1), event("session.connected", 1)] }),
            false,
        ),
    ]
}

/// Every place of the registration: before a step, between any two turns that the step takes, and after it.
#[tokio::test]
async fn a_wait_registered_anywhere_among_the_steps_ends_alike() {
    for (until, comes) in conditions() {
        let timeout = if comes { "30s" } else { "0s" };
        let body = json!({ "after": "1-2", "timeout": timeout, "until": until }).to_string();
        everywhere(&body, |row, answer| {
            if comes {
                assert!(answer.status.is_success(), "{row}: {}", answer.text);
            } else {
                assert_eq!(answer.problem(), "wait-timeout", "{row}: {}", answer.text);
            }
        })
        .await;
    }
}

/// Sends a wait at every place, each time to a store of its own, and checks what it counts.
async fn everywhere(wait: &str, check: impl Fn(&str, &Answer)) {
    let mut places = 0;
    for step in 0..STEPS.len() {
        let (mut turns, mut over) = (0, false);
        while !over {
            let api = Api::new().await;
            let row = format!("{wait} in step {step}, after {turns} turns");
            let answer;
            (answer, over) = run(&api, step, turns, wait).await;
            check(&row, &answer);
            check_counts(&api, &answer, &row).await;
            turns += 1;
            places += 1;
        }
    }
    assert!(
        4 * STEPS.len() <= places,
        "only {places} places: the steps take fewer turns than they should"
    );
}

/// Takes the steps, and sends the wait when the step `place` has had so many turns. Everything runs on this thread, so the
/// store's task runs only when this one waits, and one turn is as little as it can do. Says whether the step was over then.
async fn run(api: &Api, place: usize, turns: usize, wait: &str) -> (Answer, bool) {
    let (mut waiting, mut over) = (None, false);
    for (index, (method, path, body)) in STEPS.iter().enumerate() {
        let mut step: Call<'_> = Box::pin(api.call(method, path, body));
        if index == place {
            for _ in 0..turns {
                (step, over) = enter(step);
                tokio::task::yield_now().await;
            }
            waiting = Some(enter(Box::pin(api.call("POST", "/waits", wait))).0);
        }
        step.await.ok();
    }
    (waiting.expect("a step was chosen").await, over)
}

/// Polls a call once, and says whether it is over.
fn enter(mut call: Call<'_>) -> (Call<'_>, bool) {
    let mut context = Context::from_waker(Waker::noop());
    match call.as_mut().poll(&mut context) {
        Poll::Pending => (call, false),
        Poll::Ready(answer) => (Box::pin(core::future::ready(answer)), true),
    }
}

/// What a report counts is what the journal has between its two cursors.
async fn check_counts(api: &Api, answer: &Answer, row: &str) {
    let body = answer.json();
    let report = if answer.status.is_success() { &body } else { &body["report"] };
    let seq = |cursor: &Value| -> u64 {
        cursor.as_str().unwrap().split_once('-').unwrap().1.parse().unwrap()
    };
    let (after, cursor) = (seq(&report["after"]), seq(&report["cursor"]));
    let events = api.events().await;
    for leaf in report["conditions"].as_array().unwrap() {
        let pointer = leaf["pointer"].as_str().unwrap();
        let kind =
            leaf["summary"].as_str().unwrap().split(' ').nth(1).unwrap().trim_end_matches(',');
        // The steps of a sequence count from where the one before them held.
        if !kind.contains('.') || pointer.contains("sequence") {
            continue;
        }
        let counted = events.iter().filter(|event| {
            let seq = event["seq"].as_u64().unwrap();
            event["type"] == kind && event["group"] == "g" && after < seq && seq <= cursor
        });
        assert_eq!(leaf["count"], counted.count(), "{row}: {leaf}");
    }
}

/// A wait whose time is over when it begins tells how things stand, and never counts less than it should.
#[tokio::test]
async fn giving_up_and_being_met_at_once_never_lose_an_event() {
    let (until, _) = conditions()[0].clone();
    let body = json!({ "after": "1-2", "timeout": "0s", "until": until }).to_string();
    everywhere(&body, |_, _| {}).await;
}

const WAITS: usize = 1_000;

/// A thousand waits on a store where clients come, go and are refused all the time: every one is met. `make deep` runs this a
/// hundred times.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_waits_on_a_busy_store_are_all_met() {
    let api = Arc::new(Api::new().await);
    api.put("/block-lists/processes", r#"{"data":"mdl.exe"}"#).await;
    api.post("/polls", "").await;
    api.post("/clients", r#"{"process":"outlook.exe","count":200,"group":"crowd"}"#).await;
    let waits: Vec<_> = (0..WAITS)
        .map(|index| {
            let api = Arc::clone(&api);
            tokio::spawn(async move { api.call("POST", "/waits", &one_of_many(index)).await })
        })
        .collect();
    for index in 0..100 {
        let refused = format!(r#"{{"process":"mdl.exe","group":"g{index}","count":5}}"#);
        api.post("/clients", &refused).await;
        api.post(&format!("/clients/{}/disconnect", index + 1), "").await;
        api.post(&format!("/clients/{}/connect", index + 1), "").await;
    }
    for (index, wait) in waits.into_iter().enumerate() {
        let answer = wait.await.expect("a wait does not panic");
        assert!(answer.status.is_success(), "wait {index}: {}", answer.text);
    }
}

/// Waits of different kinds, each for something of its own that comes.
fn one_of_many(index: usize) -> String {
    let until = match index % 4 {
        0 => {
            json!({ "event": { "type": "session.refused", "where": { "group": format!("g{}", index % 100) }, "count": { "exactly": 5 } } })
        }
        1 => {
            json!({ "event": { "type": "session.ended", "where": { "client_id": index % 100 + 1 } } })
        }
        2 => json!({ "sequence": [
            { "event": { "type": "session.ended", "where": { "client_id": index % 100 + 1 } } },
            { "event": { "type": "session.connected", "where": { "client_id": index % 100 + 1 } } },
            { "state": { "select": "sessions", "where": { "client_id": index % 100 + 1 }, "count": { "exactly": 1 } } },
        ] }),
        _ => json!({ "all": [
            { "state": { "select": "clients", "where": { "state": "refused", "group": format!("g{}", index % 100) }, "count": { "exactly": 5 } } },
            { "quiescent": true },
        ] }),
    };
    json!({ "after": "1-0", "timeout": "5m", "until": until }).to_string()
}
