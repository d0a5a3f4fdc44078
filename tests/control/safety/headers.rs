//! What browsers are told about every answer.

use super::Plane;

/// Cursors of one run mean nothing in another, so whoever keeps one has to be able to tell.
#[tokio::test]
async fn every_answer_tells_which_run_of_the_server_it_is_of() {
    let (one, two) = (Plane::new().await, Plane::new().await);
    let run = one.get("/v1/info", "").await.json()["run"].clone();
    for path in ["/", "/v1/info", "/nowhere", "/healthz/live", "/v1/stores/default/events"] {
        assert_eq!(one.get(path, "").await.header("exstore-run"), run, "{path}");
    }
    assert_ne!(two.get("/v1/info", "").await.header("exstore-run"), run);
}

#[tokio::test]
async fn no_answer_is_guessed_at_kept_or_framed() {
    let plane = Plane::new().await;
    for path in ["/v1/info", "/v1/openapi.json", "/nowhere", "/v1/stores/default/events"] {
        let answer = plane.get(path, "").await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        let policy = answer.header("content-security-policy");
        assert_eq!(policy, "default-src 'none'; frame-ancestors 'none'", "{path}");
    }
}
