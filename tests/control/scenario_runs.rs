//! Scenarios as resources: kept with a store, played on it, and watched.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use server::{Tap, Told};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tower::ServiceExt;

use super::{Api, STORE};
use crate::workspace::{root, text};

const SMALL: &str = r#"
name = "small"
about = "One program is cut off."
start = "2006-04-22T08:00:00Z"

[[steps]]
say = "It connects."
inject = [{ process = "mdl.exe", group = "beta" }]

[[steps]]
say = "It is listed."
block = { processes = "mdl.exe", apply = "now" }

[[steps]]
say = "It is gone."
expect = { clients = [{ group = "beta", state = "disconnected" }] }
"#;

/// Steps that take long, each a request or more.
fn long() -> Value {
    let days = vec![json!({ "say": "a day", "advance": "30d" }); 1_000];
    json!({ "name": "long", "about": "a", "start": "2006-04-22T08:00:00Z", "steps": days })
}

/// A step that makes hundreds of entries at least within one request: a client comes again and again that is refused.
pub(super) fn busy() -> Value {
    let storm = json!({ "name": "beta", "process": "mdl.exe", "clients": 1,
        "on_refused": { "reconnect": "storm", "delay": "100ms" } });
    let steps = json!([
        { "say": "a", "block": { "processes": "mdl.exe", "apply": "now" } },
        { "say": "b", "fleet": { "groups": [storm] } },
        { "say": "c", "advance": "1d" },
    ]);
    json!({ "name": "busy", "about": "a", "start": "2006-04-22T08:00:00Z", "steps": steps })
}

/// Holds a store up in the midst of what it does, once so many clients have been refused.
struct Holds {
    left: usize,
    held: Option<oneshot::Sender<()>>,
    go_on: mpsc::Receiver<()>,
}

impl Tap for Holds {
    fn take(&mut self, told: Told) -> bool {
        if let Told::Entries(entries) = told {
            let is_refusal = |entry: &&infostore::Entry| {
                matches!(entry.event, infostore::Event::SessionRefused { .. })
            };
            let refused = entries.iter().filter(is_refusal).count();
            self.left = self.left.saturating_sub(refused);
        }
        if let Some(held) = self.held.take_if(|_| self.left == 0) {
            held.send(()).unwrap();
            // Of a test that has failed nobody says so.
            self.go_on.recv().ok();
        }
        true
    }
}

impl Api {
    async fn toml(&self, body: &str) -> super::Answer {
        let request = Request::builder()
            .method("POST")
            .uri(format!("{STORE}/scenarios"))
            .header("host", "localhost")
            .header("content-type", "application/toml");
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    /// The run at a path, when it is over.
    async fn over(&self, path: &str) -> Value {
        loop {
            let run = self.get(&format!("{path}?wait=20s")).await;
            if !["starting", "running"].contains(&run["state"].as_str().unwrap()) {
                return run;
            }
        }
    }
}

fn empty(name: &str) -> String {
    json!({ "name": name, "about": "a", "start": "2006-04-22T08:00:00Z", "steps": [] }).to_string()
}

/// A scenario `s` without steps, and a run of it that is over.
pub(super) async fn run_of_nothing(api: &Api) {
    api.post("/scenarios", &empty("s")).await;
    let begun = api.call("POST", "/scenarios/s/runs", "").await;
    api.over(begun.header("location")).await;
}

pub(super) async fn invalid_scenario() -> super::Answer {
    Api::new().await.toml("name = 7").await
}

pub(super) async fn too_many_scenarios() -> super::Answer {
    let api = Api::new().await;
    for number in 0..100 {
        api.post("/scenarios", &empty(&format!("s{number}"))).await;
    }
    api.call("POST", "/scenarios", &empty("one more")).await
}

pub(super) async fn scenario_exists() -> super::Answer {
    let api = Api::new().await;
    api.post("/scenarios", &empty("s")).await;
    api.call("POST", "/scenarios", &empty("s")).await
}

pub(super) async fn run_not_found() -> super::Answer {
    let api = Api::new().await;
    api.post("/scenarios", &empty("s")).await;
    api.call("GET", "/scenarios/s/runs/1", "").await
}

pub(super) async fn scenario_running() -> super::Answer {
    let api = Api::new().await;
    api.post("/scenarios", &long().to_string()).await;
    let begun = api.call("POST", "/scenarios/long/runs", "").await;
    let refused = api.call("POST", "/scenarios/long/runs", "").await;
    api.call("DELETE", begun.header("location"), "").await;
    refused
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scenario_is_kept_run_and_told_of() {
    let api = Api::new().await;
    let kept = api.toml(SMALL).await;
    assert_eq!(
        (kept.status.as_u16(), kept.header("location")),
        (201, "/v1/stores/default/scenarios/small")
    );
    let shown = api.get("/scenarios/small").await;
    assert_eq!((&shown["text"], &shown["format"]), (&json!(SMALL), &json!("application/toml")));
    let before = api.get("/v1/stores/default").await["cursor"].clone();
    let begun = api.call("POST", "/scenarios/small/runs", "").await;
    assert_eq!(begun.status.as_u16(), 202, "{}", begun.text);
    let path = begun.header("location").to_owned();
    assert_eq!(path, "/v1/stores/default/scenarios/small/runs/1");
    let run = api.over(&path).await;
    assert_eq!(
        (&run["state"], &run["met"], &run["step"], &run["steps"]),
        (&json!("met"), &json!(1), &json!(3), &json!(3)),
        "{run:#}"
    );
    assert_eq!(run["checks"][0]["found"], "1");
    let lines = run["lines"].as_array().unwrap();
    assert!(
        lines
            .iter()
            .any(|line| line.as_str().unwrap().contains("mdl.exe of user1@WKS1 is disconnected")),
        "{lines:?}"
    );
    // The store started over, and is as the run left it.
    assert_ne!(before, api.get("/v1/stores/default").await["cursor"]);
    assert_eq!(api.get("/clients").await["items"][0]["state"], "disconnected");
    let listed = api.get("/scenarios").await;
    assert_eq!(
        (&listed["items"][0]["name"], &listed["items"][0]["runs"]),
        (&json!("small"), &json!(1))
    );
    assert_eq!(api.get("/scenarios/small/runs").await["items"].as_array().unwrap().len(), 1);
    assert_eq!(api.call("DELETE", "/scenarios/small", "").await.status.as_u16(), 204);
    assert_eq!(api.call("GET", &path, "").await.problem(), "scenario-not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_not_met_says_what_was_found() {
    let api = Api::new().await;
    let steps = json!([{ "say": "x", "expect": { "sessions": [{ "count": 3 }] } }]);
    let scenario =
        json!({ "name": "s", "about": "a", "start": "2006-04-22T08:00:00Z", "steps": steps });
    api.post("/scenarios", &scenario.to_string()).await;
    let begun = api.call("POST", "/scenarios/s/runs", r#"{"keep_going":true}"#).await;
    let run = api.over(begun.header("location")).await;
    assert_eq!(
        (&run["state"], &run["checks"][0]["found"], &run["checks"][0]["met"]),
        (&json!("not_met"), &json!("0"), &json!(false))
    );
    // What only the store knows is told when it is played.
    let steps = json!([{ "say": "x", "fault": { "effect": { "explode": true } } }]);
    let scenario =
        json!({ "name": "bad", "about": "a", "start": "2006-04-22T08:00:00Z", "steps": steps });
    api.post("/scenarios", &scenario.to_string()).await;
    let begun = api.call("POST", "/scenarios/bad/runs", "").await;
    let run = api.over(begun.header("location")).await;
    assert_eq!(run["state"], "failed");
    assert!(run["error"].as_str().unwrap().contains("unknown field `explode`"), "{run}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_run_of_a_store_is_under_way_and_can_be_cancelled() {
    let api = Api::new().await;
    api.toml(SMALL).await.ok();
    api.post("/scenarios", &long().to_string()).await;
    let begun = api.call("POST", "/scenarios/long/runs", "").await;
    let path = begun.header("location").to_owned();
    let second = api.call("POST", "/scenarios/small/runs", "").await;
    assert_eq!(second.problem(), "scenario-running");
    assert_eq!(api.call("DELETE", &path, "").await.status.as_u16(), 204);
    assert_eq!(api.get(&path).await["state"], "cancelled");
    let begun = api.call("POST", "/scenarios/small/runs", "").await;
    assert_eq!(api.over(begun.header("location")).await["state"], "met");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_run_is_shown_and_cancelled_in_the_midst_of_an_advance() {
    let api = Arc::new(Api::new().await);
    api.post("/scenarios", &busy().to_string()).await;
    let (held, is_held) = oneshot::channel();
    let (go_on, goes_on) = mpsc::channel();
    let holds = Holds { left: 100, held: Some(held), go_on: goes_on };
    api.store.tap(Box::new(holds)).await.unwrap();
    let mut deletes = JoinSet::new();
    let meanwhile = async {
        let begun = api.call("POST", "/scenarios/busy/runs", "").await;
        let path = begun.header("location").to_owned();
        is_held.await.unwrap();
        // The store answers nobody now.
        let shown = api.call("GET", &path, "").await;
        assert!(shown.header("exstore-cursor").starts_with("2-"), "{:?}", shown.headers);
        let run = shown.ok();
        assert_eq!((&run["state"], &run["step"]), (&json!("running"), &json!(3)), "{run}");
        assert_eq!(api.get("/scenarios/busy/runs").await["items"][0], run);
        let (asking, cancelled) = (Arc::clone(&api), path.clone());
        deletes.spawn(async move { asking.call("DELETE", &cancelled, "").await.status });
        assert_eq!(api.over(&path).await["state"], "cancelled");
    };
    timeout(Duration::from_secs(120), meanwhile).await.expect("nobody waits");
    go_on.send(()).unwrap();
    assert_eq!(deletes.join_next().await.unwrap().unwrap().as_u16(), 204);
    let clock = api.get("/clock").await;
    let now = clock["now"].as_str().unwrap();
    assert!(now.starts_with("2006-04-22T08:00:"), "it went on to {now}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_scenario_is_refused_with_its_place() {
    let api = Api::new().await;
    let toml = api.toml("name = \"s\"\nabout = \"a\"\nstart = \"2006-04-22T08:00:00Z\"\nsteps = [{ say = \"x\" }]\n").await;
    assert_eq!(toml.problem(), "invalid-scenario");
    let error = &toml.json()["errors"][0];
    assert_eq!((&error["line"], &error["column"]), (&json!(4), &json!(18)), "{error}");
    let steps = json!([{ "say": "x", "poll": true }, { "say": "y", "connect": { "group": "g" } }]);
    let scenario =
        json!({ "name": "s", "about": "a", "start": "2006-04-22T08:00:00Z", "steps": steps });
    let json = api.call("POST", "/scenarios", &scenario.to_string()).await;
    assert_eq!(json.problem(), "invalid-body");
    assert_eq!(json.json()["errors"][0]["pointer"], "#/steps/1/connect/group");
    assert_eq!(api.get("/scenarios").await["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_of_a_run_tells_every_line_once_and_ends() {
    let api = Api::new().await;
    api.toml(&text(&root().join("fixtures/scenarios/kb-920185-note.toml"))).await.ok();
    let begun = api.call("POST", "/scenarios/kb-920185-note/runs", "").await;
    let path = begun.header("location").to_owned();
    let told = |after: &str| {
        let request = Request::builder()
            .uri(format!("{path}/stream"))
            .header("host", "localhost")
            .header("last-event-id", after.to_owned());
        let (router, request) = (api.router.clone(), request.body(Body::empty()).unwrap());
        async move {
            let response = router.oneshot(request).await.unwrap();
            let body = axum::body::to_bytes(response.into_body(), usize::MAX);
            let body = tokio::time::timeout(Duration::from_secs(60), body).await.unwrap().unwrap();
            String::from_utf8(body.to_vec()).unwrap()
        }
    };
    let all = told("").await;
    let run = api.over(&path).await;
    let lines = |told: &str| -> Vec<String> {
        let lines = told.lines().filter_map(|line| line.strip_prefix("data: {\"line\":"));
        lines.map(|line| serde_json::from_str(line.strip_suffix('}').unwrap()).unwrap()).collect()
    };
    assert_eq!(json!(lines(&all)), run["lines"]);
    assert!(all.contains("event: end\n"), "{all}");
    // Whoever knows the first five goes on from there.
    assert_eq!(lines(&told("5").await)[..], lines(&all)[5..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_asked_for_again_with_its_key_is_not_begun_again() {
    let api = Api::new().await;
    api.toml(SMALL).await.ok();
    let ask = || {
        let request = Request::builder()
            .method("POST")
            .uri(format!("{STORE}/scenarios/small/runs"))
            .header("host", "localhost")
            .header("idempotency-key", "k");
        request.body(Body::empty()).unwrap()
    };
    let first = api.send(ask()).await;
    assert_eq!(first.status.as_u16(), 202, "{}", first.text);
    api.over(first.header("location")).await;
    let again = api.send(ask()).await;
    assert_eq!((again.header("idempotency-replayed"), &again.text), ("true", &first.text));
    assert_eq!(api.get("/scenarios/small/runs").await["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_store_keeps_so_many_scenarios_in_the_order_of_their_names() {
    let api = Api::new().await;
    for number in 0..100 {
        api.post("/scenarios", &empty(&format!("s{number}"))).await;
    }
    let page = api.get("/scenarios?limit=2&after=s10").await;
    assert_eq!((&page["items"][0]["name"], &page["next"]), (&json!("s11"), &json!("s12")));
}
