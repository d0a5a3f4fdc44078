//! What the server says of itself.

use super::Api;

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
    let api = Api::new().await;
    let info = api.get("/v1/info").await;
    insta::assert_snapshot!(serde_json::to_string_pretty(&info).expect("it is JSON"));
    let stores = api.get("/v1/stores").await;
    assert_eq!(stores["items"][0], api.get("/v1/stores/default").await);
    insta::assert_snapshot!(serde_json::to_string_pretty(&stores).expect("it is JSON"));
}
