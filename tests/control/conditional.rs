//! ETags, and changes that are made only to what they were meant for.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use super::{Answer, Api, full};

/// What a tag can be that nothing has.
const OTHER: &str = "\"0123456789abcdef0123456789abcdef\"";

const LIST: &str = "/block-lists/processes";

const VALUE: &str = "/registry/HKLM%5CSoftware%5CTest?value=v";

/// Every change of a single resource: its method, path and body.
const CHANGES: &[(&str, &str, &str)] = &[
    ("PATCH", "/v1/stores/t1", r#"{"poll_interval":"5m","ttl":"1h"}"#),
    ("DELETE", "/v1/stores/t1", ""),
    ("PATCH", "/build", r#"{"build":"6.5.7638"}"#),
    ("PATCH", "/clock", r#"{"mode":"manual"}"#),
    ("PATCH", "/cluster", r#"{"mode":"checkpointed"}"#),
    ("PATCH", "/policy/mode", r#"{"mode":"audit"}"#),
    ("PATCH", "/polls/schedule", r#"{"interval":"5m"}"#),
    ("PUT", LIST, r#"{"data":"b.exe"}"#),
    ("PUT", "/block-lists/processes?apply=now", r#"{"data":"c.exe"}"#),
    ("DELETE", LIST, ""),
    ("PUT", VALUE, r#"{"type":"REG_SZ","data":"b"}"#),
    ("DELETE", VALUE, ""),
    ("PUT", "/registry/HKLM%5CSoftware%5CTest", ""),
    ("DELETE", "/registry/HKLM%5CSoftware%5CTest", ""),
    ("PATCH", "/faults/1", r#"{"paused":true}"#),
    ("DELETE", "/faults/1", ""),
    ("DELETE", "/sessions/1", ""),
    ("PATCH", "/clients/1", r#"{"process":"b.exe"}"#),
    ("DELETE", "/clients/1", ""),
    ("PUT", "/client-groups/g", r#"{"template":{"process":"b.exe"},"replicas":2}"#),
    ("DELETE", "/client-groups/g", ""),
    ("DELETE", "/snapshots/1", ""),
    ("DELETE", "/scenarios/s", ""),
    ("DELETE", "/scenarios/s/runs/1", ""),
    ("PUT", "/users/alice", r#"{"admin":true}"#),
    ("DELETE", "/users/alice", ""),
];

/// A store with one of everything, beside another one.
async fn arranged() -> Api {
    let api = Api::new().await;
    // First, since a run has the store start over.
    super::scenario_runs::run_of_nothing(&api).await;
    api.post("/v1/stores", r#"{"name":"t1","clock":{"mode":"manual"}}"#).await;
    api.post("/clients", r#"{"process":"a.exe"}"#).await;
    api.put("/client-groups/g", r#"{"template":{"process":"a.exe"},"replicas":1}"#).await;
    api.put(LIST, r#"{"data":"mdl.exe"}"#).await;
    api.put(VALUE, r#"{"type":"REG_SZ","data":"a"}"#).await;
    api.post("/faults", r#"{"effect":{"registry":"torn"},"schedule":{"after":9}}"#).await;
    api.post("/snapshots", "").await;
    api.put("/users/alice", r#"{"password":"x"}"#).await;
    api
}

fn request(method: &str, path: &str, (name, value): (&str, &str), body: &str) -> Request<Body> {
    let request = Request::builder().method(method).uri(full(path)).header("host", "localhost");
    let request = request.header("content-type", "application/json").header(name, value);
    request.body(body.to_owned().into()).expect("a request")
}

impl Api {
    async fn if_match(&self, change: (&str, &str, &str), tag: &str) -> Answer {
        let (method, path, body) = change;
        self.send(request(method, path, ("if-match", tag), body)).await
    }

    async fn if_none_match(&self, change: (&str, &str, &str), tag: &str) -> Answer {
        let (method, path, body) = change;
        self.send(request(method, path, ("if-none-match", tag), body)).await
    }

    async fn tag(&self, path: &str) -> String {
        let path = path.trim_end_matches("?apply=now");
        let tag = self.call("GET", path, "").await.header("etag").to_owned();
        assert!(tag.starts_with('"') && 2 < tag.len(), "{path}: {tag}");
        tag
    }
}

pub(super) async fn precondition_failed() -> Answer {
    Api::new().await.if_match(("PUT", LIST, r#"{"data":"a.exe"}"#), OTHER).await
}

#[tokio::test]
async fn a_change_is_made_only_to_what_has_the_tag() {
    let api = arranged().await;
    for change in CHANGES.iter().copied() {
        let (method, path, _) = change;
        let before = (api.get("/events?limit=1000").await, api.tag(path).await);
        let refused = api.if_match(change, OTHER).await;
        assert_eq!(refused.problem(), "precondition-failed", "{method} {path}");
        assert_eq!(refused.json()["etag"], *before.1, "{method} {path}");
        assert!(refused.text.contains("GET it again"), "{}", refused.text);
        // A weak tag says nothing of the bytes, and a known tag is what this one was not to have.
        let weak = api.if_match(change, &format!("W/{}", before.1)).await;
        assert_eq!(weak.problem(), "precondition-failed", "{method} {path}");
        let known = api.if_none_match(change, &format!("{OTHER}, W/{}", before.1)).await;
        assert_eq!(known.problem(), "precondition-failed", "{method} {path}");
        let after = (api.get("/events?limit=1000").await, api.tag(path).await);
        assert_eq!(before, after, "{method} {path}: something was done");
    }
    for change in CHANGES.iter().copied() {
        let (method, path, _) = change;
        // What was deleted by an earlier row is there again.
        let api = arranged().await;
        let tag = api.tag(path).await;
        api.if_match(change, &format!("{OTHER} , {tag}")).await.ok();
        let api = arranged().await;
        let done = api.if_match(change, "*").await;
        assert!(done.status.is_success(), "{method} {path}: {}", done.text);
    }
}

#[tokio::test]
async fn every_change_of_a_single_resource_is_in_the_table() {
    let document = Api::new().await.get("/v1/openapi.json").await;
    let mut conditional = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let takes = |name: &str| {
                let parameters = operation["parameters"].as_array();
                parameters.into_iter().flatten().any(|parameter| parameter["name"] == name)
            };
            let changes = ["put", "patch", "delete"].contains(&method.as_str());
            let is_told = operation["responses"]["412"].is_object();
            assert_eq!(takes("If-Match"), changes, "{method} {path}");
            assert_eq!(is_told, changes, "{method} {path}");
            if changes {
                conditional.insert((method.to_uppercase(), path.clone()));
            }
        }
    }
    let is = |template: &str, path: &str| {
        let path = full(path);
        let path = path.split('?').next().unwrap_or_default();
        let (parts, wanted) = (template.split('/'), path.split('/'));
        template.split('/').count() == path.split('/').count()
            && parts.zip(wanted).all(|(part, given)| part.starts_with('{') || part == given)
    };
    for (method, template) in conditional {
        let found = CHANGES.iter().any(|(m, path, _)| *m == method && is(&template, path));
        assert!(found, "{method} {template} has no row");
    }
}

#[tokio::test]
async fn what_is_known_is_not_shown_again() {
    let api = arranged().await;
    let paths = [
        "/v1/info",
        "/v1/problems/internal",
        "/v1/stores/default",
        LIST,
        "/build",
        "/clients/1",
        "/clock",
        "/cluster",
        "/decisions/3",
        "/faults/1",
        "/policy",
        "/policy/mode",
        "/polls/schedule",
        "/polls/1",
        VALUE,
        "/registry/HKLM",
        "/sessions/1",
        "/sessions/1?at=3",
        "/snapshots/1",
    ];
    for path in paths {
        let shown = api.call("GET", path, "").await;
        shown.ok();
        let tag = shown.header("etag").to_owned();
        for known in [tag.clone(), format!("W/{tag}"), format!("{OTHER},{tag}"), "*".to_owned()] {
            let answer = api.if_none_match(("GET", path, ""), &known).await;
            assert_eq!(
                (answer.status.as_u16(), answer.text.as_str()),
                (304, ""),
                "{path}: {known}"
            );
            assert_eq!(answer.header("etag"), tag, "{path}");
            assert_eq!(answer.header("exstore-cursor"), shown.header("exstore-cursor"), "{path}");
            assert_eq!(answer.header("content-type"), "", "{path}");
        }
        let answer = api.if_none_match(("GET", path, ""), OTHER).await;
        assert_eq!((answer.status.as_u16(), &answer.text), (200, &shown.text), "{path}");
        let head = api.call("HEAD", path, "").await;
        assert_eq!((head.header("etag"), head.text.as_str()), (tag.as_str(), ""), "{path}");
    }
}

#[tokio::test]
async fn lists_and_problems_have_no_tag() {
    let api = arranged().await;
    for path in ["/clients", "/events", "/v1/stores", "/registry/HKLM%5CNowhere", "/healthz/ready"]
    {
        let answer = api.call("GET", path, "").await;
        assert_eq!(answer.header("etag"), "", "{path}");
    }
}

#[tokio::test]
async fn a_tag_is_that_of_what_is_shown() {
    let api = arranged().await;
    let first = api.tag(LIST).await;
    api.put(LIST, r#"{"data":"other.exe"}"#).await;
    let second = api.tag(LIST).await;
    assert_ne!(first, second);
    // What comes back has the tag that it had: the tag is of the bytes, and not of a number of changes.
    api.put(LIST, r#"{"data":"mdl.exe"}"#).await;
    assert_eq!(api.tag(LIST).await, first);
}

#[tokio::test]
async fn a_star_makes_what_is_not_there_and_nothing_else() {
    let api = Api::new().await;
    for (path, body) in [
        (LIST, r#"{"data":"a.exe"}"#),
        (VALUE, r#"{"type":"REG_SZ","data":"a"}"#),
        ("/registry/HKLM%5CSoftware%5CKey", ""),
    ] {
        let nothing = api.if_match(("PUT", path, body), "*").await;
        assert_eq!(nothing.problem(), "precondition-failed", "{path}");
        api.if_none_match(("PUT", path, body), "*").await.ok();
        let there = api.if_none_match(("PUT", path, body), "*").await;
        assert_eq!(there.problem(), "precondition-failed", "{path}");
        assert_eq!(there.json()["etag"], *api.tag(path).await, "{path}");
        api.call("DELETE", path, "").await.ok();
        api.if_none_match(("PUT", path, body), "*").await.ok();
    }
    // Where nothing is, there is no tag to tell.
    let nothing =
        api.if_match(("PUT", "/registry/HKLM?value=none", r#"{"type":"REG_SZ","data":""}"#), OTHER);
    assert_eq!(nothing.await.json()["etag"], Value::Null);
}

#[tokio::test]
async fn what_is_missing_is_missing_whatever_the_tag() {
    let api = Api::new().await;
    for (method, path, body, expected) in [
        ("DELETE", "/clients/9", "", "client-not-found"),
        ("DELETE", VALUE, "", "registry-value-not-found"),
        ("PATCH", "/faults/9", "{}", "fault-not-found"),
        ("PATCH", "/v1/stores/none", "{}", "store-not-found"),
        ("PUT", "/block-lists/none", r#"{"data":""}"#, "block-list-not-found"),
        ("PUT", LIST, "{}", "invalid-body"),
        ("DELETE", "/v1/stores/default", "", "default-store"),
    ] {
        assert_eq!(api.if_match((method, path, body), OTHER).await.problem(), expected, "{path}");
    }
}

#[tokio::test]
async fn a_header_that_is_no_list_of_tags_is_refused() {
    let api = Api::new().await;
    let change = ("PUT", LIST, r#"{"data":"a.exe"}"#);
    for wrong in ["", "a", "\"a", "*, \"a\"", "\"a\" \"b\"", "\"a b\""] {
        let answer = api.if_match(change, wrong).await;
        assert_eq!(answer.problem(), "invalid-header", "{wrong}");
        assert_eq!(answer.json()["errors"][0]["parameter"], "If-Match", "{wrong}");
        let answer = api.if_none_match(("GET", LIST, ""), wrong).await;
        assert_eq!(answer.problem(), "invalid-header", "{wrong}");
        assert_eq!(answer.json()["errors"][0]["parameter"], "If-None-Match", "{wrong}");
    }
    assert_eq!(api.get(LIST).await["data"], Value::Null);
}

/// However they fall, one change is made to what was looked at.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_changes_with_one_tag_one_is_made() {
    const MANY: usize = 50;
    let change = |path: &str, n: usize| match path {
        LIST => json!({ "data": format!("p{n}.exe") }),
        "/block-lists/processes?apply=now" => json!({ "data": format!("q{n}.exe") }),
        VALUE => json!({ "type": "REG_SZ", "data": format!("{n}") }),
        "/v1/stores/t1" => json!({ "ttl": format!("{}s", n + 60) }),
        _ => json!({ "interval": format!("{}s", n + 1) }),
    };
    for (method, path) in [
        ("PUT", LIST),
        ("PUT", "/block-lists/processes?apply=now"),
        ("PUT", VALUE),
        ("PATCH", "/v1/stores/t1"),
        ("PATCH", "/polls/schedule"),
    ] {
        let api = arranged().await;
        let tag = api.tag(path).await;
        let asked: Vec<_> = (0..MANY)
            .map(|n| {
                let request =
                    request(method, path, ("if-match", &tag), &change(path, n).to_string());
                tokio::spawn(tower::ServiceExt::oneshot(api.router.clone(), request))
            })
            .collect();
        let mut made = Vec::new();
        for (n, asked) in asked.into_iter().enumerate() {
            let answer = asked.await.expect("it is answered").expect("a router always answers");
            match answer.status().as_u16() {
                200 => made.push(n),
                status => assert_eq!(status, 412, "{method} {path}"),
            }
        }
        let [made] = made[..] else { panic!("{method} {path}: {made:?}") };
        let shown = api.get(path.trim_end_matches("?apply=now")).await;
        for (field, value) in change(path, made).as_object().expect("an object") {
            let shown = shown[field].as_str().unwrap_or_default();
            let is_it = shown == value || field == "ttl" || field == "interval";
            assert!(is_it, "{method} {path}: {shown} is not {value}");
        }
        let next = api.tag(path).await;
        assert_ne!(next, tag, "{method} {path}");
    }
}

/// A store that is not what it was stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_is_deleted_only_as_it_was_looked_at() {
    let api = arranged().await;
    let tag = api.tag("/v1/stores/t1").await;
    api.call("PATCH", "/v1/stores/t1", r#"{"poll_interval":"7m"}"#).await.ok();
    let stays = api.if_match(("DELETE", "/v1/stores/t1", ""), &tag).await;
    assert_eq!(stays.problem(), "precondition-failed");
    let tag = api.tag("/v1/stores/t1").await;
    let delete = || {
        let request = request("DELETE", "/v1/stores/t1", ("if-match", &tag), "");
        tokio::spawn(tower::ServiceExt::oneshot(api.router.clone(), request))
    };
    let mut statuses = Vec::new();
    for deleted in (0..8).map(|_| delete()).collect::<Vec<_>>() {
        let answer = deleted.await.expect("it is answered").expect("a router always answers");
        statuses.push(answer.status().as_u16());
    }
    assert_eq!(statuses.iter().filter(|status| **status == 204).count(), 1, "{statuses:?}");
    // The others came too late to find it, or found it stopping.
    assert!(statuses.iter().all(|status| [204, 404, 412, 503].contains(status)), "{statuses:?}");
    api.post("/v1/stores", r#"{"name":"t1"}"#).await;
}
