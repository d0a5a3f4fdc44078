//! The pages: what `/docs` shows is what is served, and no page loads or runs anything.

use axum::body::Body;
use axum::http::Request;
use serde_json::Value;

use super::{Answer, Api};

async fn browse(api: &Api, path: &str) -> Answer {
    let request = Request::get(path).header("host", "localhost");
    let accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let request = request.header("accept", accept).body(Body::empty());
    api.send(request.expect("a request")).await
}

#[tokio::test]
async fn every_operation_and_structure_is_on_the_page() {
    let api = Api::new().await;
    let document: Value = api.get("/v1/openapi.json").await;
    let page = browse(&api, "/docs").await.text;
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let id = operation["operationId"].as_str().expect("an id");
            let head = format!("<a href=\"#{id}\"><code>{} {path}</code>", method.to_uppercase());
            assert_eq!(
                page.matches(&head).count(),
                2,
                "{head}: once in the list, once as a section"
            );
        }
    }
    for name in document["components"]["schemas"].as_object().expect("schemas").keys() {
        assert!(page.contains(&format!("<h3 id=\"schema-{name}\">")), "{name}");
    }
    // Each link within the page leads somewhere.
    for target in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(page.contains(&format!("id=\"{target}\"")), "#{target}");
    }
}

#[tokio::test]
async fn no_page_runs_or_loads_anything() {
    let api = Api::new().await;
    for path in ["/", "/docs", "/v1/problems", "/v1/problems/internal"] {
        let answer = browse(&api, path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        for never in ["<script", "<style", " style=", " onclick", "javascript:", "src=", "//cdn"] {
            assert!(!answer.text.contains(never), "{path}: {never}");
        }
        let elsewhere =
            answer.text.split("href=\"").skip(1).filter(|rest| rest.starts_with("http"));
        assert_eq!(elsewhere.count(), 0, "{path}");
    }
    let style = browse(&api, "/docs/style.css").await;
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
    assert!(!style.text.contains("url(") && !style.text.contains("@import"));
}

#[tokio::test]
async fn a_problem_is_explained_as_its_reader_asks() {
    let api = Api::new().await;
    let page = browse(&api, "/v1/problems/invalid-body").await;
    assert!(page.text.contains("<code>errors</code> points at each place"), "{}", page.text);
    assert!(browse(&api, "/v1/problems").await.text.contains("id=\"invalid-body\""));
    let json = api.get("/v1/problems/invalid-body").await;
    assert_eq!(json["type"], "/v1/problems/invalid-body");
}

/// The command of each example, as its words.
fn examples(page: &str) -> Vec<Vec<String>> {
    let blocks = page.split("<pre>").skip(1).filter_map(|rest| rest.split("</pre>").next());
    blocks
        .map(|block| {
            let text = block.replace("&#39;", "'").replace("&quot;", "\"").replace("&amp;", "&");
            let text = text.replace("&lt;", "<").replace("&gt;", ">").replace(" \\\n ", "");
            let quoted = text.split('\'').enumerate().flat_map(|(place, part)| {
                let words: Vec<String> = if place % 2 == 0 {
                    part.split_whitespace().map(str::to_owned).collect()
                } else {
                    vec![part.to_owned()]
                };
                words
            });
            quoted.collect()
        })
        .collect()
}

/// An example may come too soon or too late, and then it is a conflict or nothing is there; it is never malformed. Whoever
/// writes an operation whose smallest body does not fit gives its structure an `example`.
#[tokio::test]
async fn every_example_fits_its_operation() {
    let page = browse(&Api::new().await, "/docs").await.text;
    let examples = examples(&page);
    assert!(60 < examples.len(), "{}", examples.len());
    let mut misfits = Vec::new();
    for words in examples {
        let after = |flag: &str| {
            let place = words.iter().position(|word| word == flag);
            place.and_then(|place| words.get(place + 1)).cloned()
        };
        let url = words.iter().find(|word| word.starts_with("http://")).expect("a URL");
        let path = url.strip_prefix("http://127.0.0.1:8135").expect("our own");
        // Those of a stream never end.
        if path.ends_with("/stream") {
            continue;
        }
        let data = after("-d");
        let method =
            after("-X").unwrap_or_else(|| if data.is_some() { "POST" } else { "GET" }.to_owned());
        let kind =
            after("-H").and_then(|header| header.strip_prefix("content-type: ").map(str::to_owned));
        let mut request =
            Request::builder().method(method.as_str()).uri(path).header("host", "localhost");
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        let body = data.map_or_else(Body::empty, Body::from);
        let (parts, bytes) =
            Api::new().await.send_for_bytes(request.body(body).expect("a request")).await;
        let said = String::from_utf8_lossy(&bytes);
        let status = parts.status.as_u16();
        let nowhere = status == 404 && said.contains("route-not-found");
        if matches!(status, 400 | 405 | 413 | 415 | 500) || nowhere {
            misfits.push(format!("{words:?}: {status} {said}"));
        }
    }
    assert!(misfits.is_empty(), "{}", misfits.join("\n"));
}
