//! What browsers are told about every answer.

use super::Plane;

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
