//! Stores beside each other in one process: made, kept apart, and deleted.

use std::collections::BTreeSet;
use std::time::Duration;

use clock::Elapsed;
use serde_json::{Value, json};
use server::StoreOptions;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::{Api, options};
use crate::server::wire_client::PATIENCE;

/// A request about a store of another name.
async fn ask(api: &Api, store: &str, method: &str, path: &str, body: &str) -> Value {
    api.call(method, &format!("/v1/stores/{store}{path}"), body).await.ok()
}

async fn create(api: &Api, body: Value) -> Value {
    api.post("/v1/stores", &body.to_string()).await
}

fn names(list: &Value) -> Vec<&str> {
    list["items"].as_array().expect("a list").iter().filter_map(|s| s["name"].as_str()).collect()
}

#[tokio::test]
async fn a_store_is_made_as_told_and_found_where_the_answer_says() {
    let api = Api::new().await;
    let body = json!({
        "name": "t1", "seed": "0x7", "clock": {"mode": "manual", "now": "2006-05-01T08:00:00Z"},
        "ttl": "10m", "build": "6.5.7638", "poll_interval": "5m", "disconnect": "context",
        "registry_watch": "armed_at_start", "policy_mode": "audit", "limits": {"sessions": 3, "connections": 2},
    });
    let answer = api.call("POST", "/v1/stores", &body.to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(answer.header("location"), "/v1/stores/t1");
    assert_eq!(answer.header("exstore-cursor"), "1-2");
    let made = answer.ok();
    assert_eq!(made, ask(&api, "t1", "GET", "", "").await);
    let told = json!([made["name"], made["rpc"], made["seed"], made["ttl"], made["clock"]["now"]]);
    assert_eq!(told, json!(["t1", null, "0x7", "10m", "2006-05-01T08:00:00Z"]));
    let settings = &made["settings"];
    let told = json!([settings["build"], settings["poll_interval"], settings["disconnect"]]);
    assert_eq!(told, json!(["6.5.7638", "5m", "context"]));
    assert_eq!(settings["registry_watch"], "armed_at_start");
    assert_eq!(settings["policy_mode"], "audit");
    assert_eq!(
        (&settings["limits"]["sessions"], &settings["limits"]["connections"]),
        (&3.into(), &2.into())
    );
}

#[tokio::test]
async fn a_name_alone_is_enough_and_gives_the_same_seed_each_time() {
    let api = Api::new().await;
    let first = create(&api, json!({"name": "t1"})).await;
    let other = create(&api, json!({"name": "t2"})).await;
    assert_eq!(
        json!([first["rpc"], first["ttl"], first["clock"]["mode"]]),
        json!([null, null, "real"])
    );
    assert_ne!(first["seed"], other["seed"]);
    api.call("DELETE", "/v1/stores/t1", "").await.ok();
    let again = create(&api, json!({"name": "t1"})).await;
    assert_eq!(again["seed"], first["seed"], "the server's seed and the name");
    let elsewhere =
        Api::with(StoreOptions { seed: server::Seed(8), ..options() }, Default::default());
    let elsewhere = create(&elsewhere.await, json!({"name": "t1"})).await;
    assert_ne!(elsewhere["seed"], first["seed"], "another server has another");
}

#[tokio::test]
async fn what_does_not_fit_is_refused_by_its_place_and_makes_nothing() {
    let api = Api::new().await;
    let long = "a".repeat(65);
    let rows = [
        ("no name", json!({}), "#"),
        ("an empty name", json!({"name": ""}), "#/name"),
        ("a long name", json!({"name": long}), "#/name"),
        ("a space", json!({"name": "a b"}), "#/name"),
        ("a slash", json!({"name": "a/b"}), "#/name"),
        ("a dot first", json!({"name": ".."}), "#/name"),
        ("a hyphen first", json!({"name": "-a"}), "#/name"),
        ("a letter of another alphabet", json!({"name": "füü"}), "#/name"),
        ("a null", json!({"name": null}), "#/name"),
        ("a seed in words", json!({"name": "t", "seed": "seven"}), "#/seed"),
        ("a seed of 65 bits", json!({"name": "t", "seed": "0x10000000000000000"}), "#/seed"),
        ("no address", json!({"name": "t", "rpc": "localhost"}), "#/rpc"),
        ("an address of others", json!({"name": "t", "rpc": "0.0.0.0:0"}), "#/rpc"),
        ("a short life", json!({"name": "t", "ttl": "999ms"}), "#/ttl"),
        ("a short interval", json!({"name": "t", "poll_interval": "999us"}), "#/poll_interval"),
        ("no clock", json!({"name": "t", "clock": {"mode": "slow"}}), "#/clock/mode"),
        ("no build", json!({"name": "t", "build": "5.5"}), "#/build"),
        ("no limit", json!({"name": "t", "limits": {"sessions": 0}}), "#/limits/sessions"),
        (
            "a high limit",
            json!({"name": "t", "limits": {"journal_entries": 100_001}}),
            "#/limits/journal_entries",
        ),
        (
            "more connections",
            json!({"name": "t", "limits": {"connections": 17}}),
            "#/limits/connections",
        ),
        ("an unknown limit", json!({"name": "t", "limits": {"patience": 1}}), "#/limits/patience"),
        ("an unknown field", json!({"name": "t", "colour": "red"}), "#/colour"),
    ];
    for (row, body, place) in rows {
        let answer = api.call("POST", "/v1/stores", &body.to_string()).await;
        assert_eq!(answer.problem(), "invalid-body", "{row}");
        assert_eq!(answer.json()["errors"][0]["pointer"], place, "{row}: {}", answer.text);
    }
    assert_eq!(names(&api.get("/v1/stores").await), ["default"]);
    for name in ["a", "0", "A-b_c.9", &"a".repeat(64)] {
        create(&api, json!({"name": name})).await;
        assert_eq!(ask(&api, name, "GET", "", "").await["name"], name);
    }
}

#[tokio::test]
async fn the_list_comes_in_pages_by_name() {
    let api = Api::new().await;
    for name in ["t3", "t1", "t2"] {
        create(&api, json!({"name": name})).await;
    }
    let first = api.get("/v1/stores?limit=2").await;
    assert_eq!((names(&first), &first["next"]), (vec!["default", "t1"], &"t1".into()));
    // A store that comes or goes moves no other.
    create(&api, json!({"name": "a0"})).await;
    api.call("DELETE", "/v1/stores/t1", "").await.ok();
    let second = api.get("/v1/stores?limit=2&after=t1").await;
    assert_eq!((names(&second), &second["next"]), (vec!["t2", "t3"], &Value::Null));
    assert_eq!(api.call("GET", "/v1/stores?after=t1&limit=0", "").await.problem(), "invalid-query");
}

#[tokio::test]
async fn a_hundred_stores_of_contradictory_lists_and_times_know_nothing_of_each_other() {
    let api = Api::new().await;
    let day = |n: usize| format!("2006-05-{:02}T{:02}:00:00Z", 1 + n / 24, n % 24);
    for n in 0..100 {
        let clock = json!({"mode": "manual", "now": day(n)});
        create(&api, json!({"name": format!("t{n}"), "clock": clock})).await;
    }
    // Each blocks the program that its neighbour lets through, and one store in three has no list.
    for n in 0..100 {
        let store = format!("t{n}");
        if n % 3 != 0 {
            let list = json!({"data": format!("app{}.exe", n % 3)}).to_string();
            ask(&api, &store, "PUT", "/block-lists/processes", &list).await;
        }
        for process in ["app1.exe", "app2.exe"] {
            let client = json!({"process": process}).to_string();
            ask(&api, &store, "POST", "/clients", &client).await;
        }
    }
    for n in (0..100).rev() {
        let by = json!({"by": format!("{}m", 15 + n % 7)}).to_string();
        let advanced = ask(&api, &format!("t{n}"), "POST", "/clock/advance", &by).await;
        assert_eq!(advanced["disconnected"], usize::from(n % 3 != 0), "t{n}");
    }
    let list = api.get("/v1/stores?limit=1000").await;
    let mut seeds = BTreeSet::new();
    for n in 0..100 {
        let store = format!("t{n}");
        let state = ask(&api, &store, "GET", "", "").await;
        assert!(list["items"].as_array().expect("a list").contains(&state), "{store}");
        seeds.insert(state["seed"].to_string());
        let now = day(n).replace(":00:00Z", &format!(":{:02}:00Z", 15 + n % 7));
        let counts = &state["counts"];
        assert_eq!(state["clock"]["now"], now.as_str(), "{store}");
        let sessions = if n % 3 == 0 { 2 } else { 1 };
        assert_eq!(
            json!([counts["sessions"], counts["admitted"]]),
            json!([sessions, 2]),
            "{store}"
        );
        // Ids and sequence numbers are as in a process of its own.
        let events = ask(&api, &store, "GET", "/events?limit=1000", "").await;
        let events = events["items"].as_array().expect("a list").clone();
        let seqs: Vec<_> = events.iter().filter_map(|event| event["seq"].as_u64()).collect();
        assert!(seqs.iter().copied().eq(1..=seqs.len() as u64), "{store}");
        let cut: Vec<_> = events
            .iter()
            .filter(|e| e["type"] == "session.disconnected")
            .map(|e| &e["process"])
            .collect();
        let expected = format!("app{}.exe", n % 3);
        let expected = if n % 3 == 0 { Vec::new() } else { vec![expected.as_str()] };
        assert_eq!(cut, expected, "{store}");
        assert!(
            events.iter().all(|event| event["at"].as_str() >= Some(day(n).as_str())),
            "{store}"
        );
    }
    assert_eq!(seeds.len(), 100);
    assert_eq!(api.events().await.len(), 2, "`default` has seen nothing of it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_stores_live_through_sixty_four_times_at_once() {
    let api = std::sync::Arc::new(Api::new().await);
    let mut lives = JoinSet::new();
    for n in 0..64_u64 {
        let api = std::sync::Arc::clone(&api);
        lives.spawn(async move {
            let store = format!("t{n}");
            let now = format!("20{:02}-01-01T00:00:00Z", 10 + n);
            let clock = json!({"mode": "manual", "now": now});
            create(&api, json!({"name": store, "clock": clock, "poll_interval": "1m"})).await;
            let blocked = format!("app{n}.exe");
            ask(
                &api,
                &store,
                "POST",
                "/clients",
                &json!({"process": blocked, "count": n + 1}).to_string(),
            )
            .await;
            ask(&api, &store, "POST", "/clients", r#"{"process":"outlook.exe"}"#).await;
            ask(
                &api,
                &store,
                "PUT",
                "/block-lists/processes",
                &json!({"data": blocked}).to_string(),
            )
            .await;
            let minutes = n % 5 + 1;
            let by = json!({"by": format!("{minutes}m")}).to_string();
            let advanced = ask(&api, &store, "POST", "/clock/advance", &by).await;
            let expected = json!({
                "now": format!("20{:02}-01-01T00:{minutes:02}:00Z", 10 + n), "polls_run": minutes,
                "disconnected": n + 1, "foreign_pending": 0,
            });
            assert_eq!(advanced, expected, "{store}");
            assert_eq!(ask(&api, &store, "GET", "/sessions", "").await["total"], 1, "{store}");
        });
    }
    lives.join_all().await;
}

#[tokio::test]
async fn a_name_that_is_taken_again_has_a_new_life_and_no_old_cursor_fits_it() {
    let api = Api::new().await;
    create(&api, json!({"name": "t1"})).await;
    ask(&api, "t1", "POST", "/clients", "{}").await;
    let old = api.call("GET", "/v1/stores/t1/clock", "").await.header("exstore-cursor").to_owned();
    assert_eq!(old, "1-3");
    let gone = api.call("DELETE", "/v1/stores/t1", "").await;
    assert_eq!((gone.status.as_u16(), gone.text.as_str()), (204, ""));
    assert_eq!(api.call("GET", "/v1/stores/t1", "").await.problem(), "store-not-found");
    assert_eq!(api.call("DELETE", "/v1/stores/t1", "").await.problem(), "store-not-found");

    create(&api, json!({"name": "t1"})).await;
    ask(&api, "t1", "POST", "/clients", "{}").await;
    let state = ask(&api, "t1", "GET", "", "").await;
    assert_eq!((&state["cursor"], &state["counts"]["sessions"]), (&"2-3".into(), &1.into()));
    let answer = api.call("GET", &format!("/v1/stores/t1/events?after={old}"), "").await;
    assert_eq!(answer.problem(), "cursor-gone");
    assert_eq!(answer.json()["first_available"], "2-0");
    let if_cursor = format!("/v1/stores/t1/block-lists/processes?if_cursor={old}");
    assert_eq!(api.call("PUT", &if_cursor, r#"{"data":"a.exe"}"#).await.problem(), "store-moved");
    // A reset within a life goes on from there.
    ask(&api, "t1", "POST", "/reset", "").await;
    api.call("DELETE", "/v1/stores/t1", "").await.ok();
    assert_eq!(create(&api, json!({"name": "t1"})).await["cursor"], "4-2");
    assert_eq!(create(&api, json!({"name": "t2"})).await["cursor"], "1-2", "another name");
}

#[tokio::test]
async fn a_deleted_store_answers_who_waits_for_it_and_leaves_no_task() {
    let api = Api::new().await;
    let alive = || Handle::current().metrics().num_alive_tasks();
    let before = alive();
    for n in 0..20 {
        let rpc = if n % 2 == 0 { json!("127.0.0.1:0") } else { Value::Null };
        let body = json!({"name": format!("t{n}"), "rpc": rpc, "clock": {"mode": "manual"}});
        create(&api, body).await;
        let transport = if n % 2 == 0 { "tcp" } else { "pipe" };
        let client = json!({"process": "a.exe", "transport": transport}).to_string();
        ask(&api, &format!("t{n}"), "POST", "/clients", &client).await;
    }
    assert!(before + 20 <= alive(), "each store has a task");
    let held: Vec<_> = (0..20).filter_map(|n| api.stores.get(&format!("t{n}"))).collect();
    for n in 0..20 {
        api.call("DELETE", &format!("/v1/stores/t{n}"), "").await.ok();
    }
    for store in held {
        assert!(store.read(|view| view.cursor()).await.is_err(), "whoever still holds one is told");
    }
    // The tasks have ended; the runtime may have to notice the last of them.
    // A first read of a registry may be on another thread, which takes its time on a busy machine.
    let ended = async {
        while alive() != before {
            tokio::task::yield_now().await;
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, ended).await;
    assert!(in_time.is_ok(), "{} tasks are left of {before}", alive());
}

#[tokio::test]
async fn a_store_that_nobody_holds_ends_by_itself() {
    let alive = || Handle::current().metrics().num_alive_tasks();
    let before = alive();
    for _ in 0..20 {
        drop(server::StoreHandle::start(options()).await.expect("the store starts"));
    }
    // A first read of a registry may be on another thread, which takes its time on a busy machine.
    let ended = async {
        while alive() != before {
            tokio::task::yield_now().await;
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, ended).await;
    assert!(in_time.is_ok(), "{} tasks are left of {before}", alive());
}

fn at(seconds: u64) -> Elapsed {
    Elapsed(Duration::from_secs(seconds))
}

#[tokio::test]
async fn a_store_that_nobody_asks_for_goes_when_its_time_is_over() {
    let api = Api::new().await;
    create(&api, json!({"name": "short", "ttl": "10s"})).await;
    create(&api, json!({"name": "long", "ttl": "1h"})).await;
    create(&api, json!({"name": "stays"})).await;
    let expired = async |seconds| {
        let names = api.stores.expire(at(seconds)).await;
        names.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert!(expired(0).await.is_empty(), "they were just made");
    assert!(expired(100).await.is_empty(), "the first look that finds them unused");
    assert!(expired(109).await.is_empty());
    // What concerns all stores is no request to one.
    api.get("/v1/stores").await;
    api.get("/healthz/ready").await;
    api.get("/v1/info").await;
    assert_eq!(expired(110).await, ["short"]);
    assert_eq!(names(&api.get("/v1/stores").await), ["default", "long", "stays"]);
    ask(&api, "long", "GET", "/clock", "").await;
    assert!(expired(3_700).await.is_empty(), "it was asked for");
    ask(&api, "long", "PATCH", "", r#"{"ttl":null}"#).await;
    assert!(expired(3_701).await.is_empty());
    assert!(expired(900_000).await.is_empty(), "it stays now");
    ask(&api, "stays", "PATCH", "", r#"{"ttl":"1s"}"#).await;
    assert!(expired(900_001).await.is_empty());
    assert!(expired(900_002).await.is_empty());
    assert_eq!(expired(900_003).await, ["stays"]);
}

#[tokio::test]
async fn a_store_with_a_request_under_way_does_not_vanish_under_it() {
    let api = Api::new().await;
    create(&api, json!({"name": "t1", "ttl": "1s"})).await;
    let waiting = api.stores.get("t1").expect("it is there");
    for seconds in [0, 10, 20] {
        assert!(api.stores.expire(at(seconds)).await.is_empty(), "{seconds}");
    }
    assert!(waiting.read(|view| view.cursor()).await.is_ok());
    drop(waiting);
    assert!(api.stores.expire(at(21)).await.is_empty(), "it was in use until now");
    assert_eq!(api.stores.expire(at(22)).await.len(), 1);
}

#[tokio::test]
async fn each_store_has_its_health_checks_and_a_deleted_one_has_none() {
    let api = Api::new().await;
    create(&api, json!({"name": "t1"})).await;
    let health = api.get("/healthz/ready").await;
    let of_t1 = health["checks"].as_array().expect("a list").iter();
    let of_t1: Vec<_> = of_t1.filter(|check| check["store"] == "t1").map(|c| &c["name"]).collect();
    assert_eq!(of_t1, ["running", "first_poll", "registry"]);
    api.call("DELETE", "/v1/stores/t1", "").await.ok();
    assert!(!api.get("/healthz/ready").await.to_string().contains("t1"));
}
