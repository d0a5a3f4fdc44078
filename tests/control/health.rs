//! What the server says of itself.

use control::ControlLimits;
use server::StoreOptions;

use super::{Api, options};

#[tokio::test]
async fn a_healthy_server_says_so_check_by_check() {
    let api = Api::new().await;
    for (path, checks) in [
        ("/healthz/live", vec!["control"]),
        ("/healthz/startup", vec!["control", "running", "first_poll"]),
        ("/healthz/ready", vec!["control", "running", "first_poll", "registry"]),
    ] {
        let answer = api.call("GET", path, "").await;
        assert_eq!(answer.status, 200, "{path}");
        let health = answer.json();
        assert_eq!(health["ok"], true, "{path}");
        let names: Vec<_> =
            health["checks"].as_array().expect("a list").iter().map(|c| &c["name"]).collect();
        assert_eq!(names, checks, "{path}");
    }
}

#[tokio::test]
async fn a_store_that_has_stopped_is_not_ready_and_the_server_lives() {
    let api = Api::new().await;
    api.store.stop().await.expect("it stops once");
    assert_eq!(api.call("GET", "/healthz/live", "").await.status, 200);
    for path in ["/healthz/startup", "/healthz/ready"] {
        let answer = api.call("GET", path, "").await;
        assert_eq!(answer.status, 503, "{path}");
        assert_eq!(answer.json()["checks"][1]["detail"], "the store has stopped");
    }
}

#[tokio::test]
async fn the_server_tells_what_it_is() {
    let api = Api::with(options(), ControlLimits::default()).await;
    let mut info = api.get("/v1/info").await;
    // It is another one each time.
    let run = std::mem::replace(&mut info["run"], "0123456789abcdef".into());
    assert!(run.as_str().is_some_and(|run| run.len() == 16), "{run}");
    insta::assert_snapshot!(serde_json::to_string_pretty(&info).expect("it is JSON"));
    let stores = api.get("/v1/stores").await;
    assert_eq!(stores["items"][0], api.get("/v1/stores/default").await);
    insta::assert_snapshot!(serde_json::to_string_pretty(&stores).expect("it is JSON"));
}

#[tokio::test]
async fn the_server_tells_each_open_port() {
    let any_port = Some(([127, 0, 0, 1], 0).into());
    let options = StoreOptions { rpc: any_port, epm: any_port, ..options() };
    let api = Api::with(options, ControlLimits::default()).await;
    let info = api.get("/v1/info").await;
    let listeners = info["listeners"].as_array().expect("a list");
    let told = |index: usize| {
        let listener = &listeners[index];
        (listener["kind"].as_str().unwrap(), listener["address"].as_str().unwrap().to_owned())
    };
    assert_eq!(listeners.len(), 3);
    assert_eq!(told(1), ("rpc", api.store.rpc_address().unwrap().to_string()));
    assert_eq!(told(2), ("epm", api.store.epm_address().unwrap().to_string()));
}
