//! The dashboard's files: what they are sent as, who knows them already, and what is no file of it.

use axum::body::{Body, Bytes};
use axum::http::Request;
use axum::http::response::Parts;
use control::Bundle;

use super::{Answer, Api};

const SCRIPT: &str = "render();";
/// No gzip, but bytes that can be told from the script's own.
const COMPRESSED: &[u8] = b"\x1F\x8B compressed";

/// A dashboard with files of every kind, of which the script alone is compressed.
fn bundle() -> Bundle {
    let files: [(&str, &[u8]); 11] = [
        ("index.html", b"<!doctype html><title>t</title>"),
        ("app.js", SCRIPT.as_bytes()),
        ("app.js.gz", COMPRESSED),
        ("app.css", b"a{}"),
        ("icon.svg", b"<svg/>"),
        ("icon.png", b"\x89PNG"),
        ("fonts/text.woff2", b"wOF2"),
        ("site.webmanifest", b"{}"),
        ("notices.txt", b"MIT"),
        (".gitignore", b"*"),
        ("program.exe", b"MZ"),
    ];
    let own = |(name, bytes): (&str, &[u8])| (name.to_owned(), Bytes::copy_from_slice(bytes));
    Bundle::of(files.map(own))
}

async fn with_dashboard() -> Api {
    Api::new().await.showing(bundle())
}

async fn send(api: &Api, method: &str, path: &str, headers: &[(&str, &str)]) -> (Parts, Vec<u8>) {
    let request = Request::builder().method(method).uri(path).header("host", "localhost");
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    api.send_for_bytes(request.body(Body::empty()).expect("a request")).await
}

fn header<'a>(parts: &'a Parts, name: &str) -> &'a str {
    parts.headers.get(name).map_or("", |value| value.to_str().expect("the header is text"))
}

fn answer((parts, bytes): (Parts, Vec<u8>)) -> Answer {
    let text = String::from_utf8(bytes).expect("the body is text");
    Answer { status: parts.status, headers: parts.headers, text }
}

/// The whole of the policy, so that whoever loosens it changes this line too.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[tokio::test]
async fn the_page_may_run_what_this_server_serves_and_nothing_else() {
    let api = with_dashboard().await;
    let page = answer(send(&api, "GET", "/", &[]).await);
    assert_eq!(
        (page.status.as_u16(), page.text.as_str()),
        (200, "<!doctype html><title>t</title>")
    );
    let told = [
        ("content-type", "text/html; charset=utf-8"),
        ("content-security-policy", POLICY),
        ("cache-control", "no-cache"),
        ("vary", "Accept-Encoding"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
    ];
    for (name, value) in told {
        assert_eq!(page.header(name), value, "{name}");
    }
    assert!(!POLICY.contains("unsafe") && !POLICY.contains("http"), "{POLICY}");
    // A browser that is told that it knows the page takes the headers of that answer for the page's.
    let again = send(&api, "GET", "/", &[("if-none-match", page.header("etag"))]).await.0;
    assert_eq!(again.status, 304);
    for (name, value) in told.iter().skip(1) {
        assert_eq!(header(&again, name), *value, "{name}");
    }
}

#[tokio::test]
async fn every_file_says_what_it_is_and_what_is_of_no_known_kind_is_none() {
    let api = with_dashboard().await;
    for (path, kind) in [
        ("app.js", "text/javascript; charset=utf-8"),
        ("app.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
        ("icon.png", "image/png"),
        ("fonts/text.woff2", "font/woff2"),
        ("site.webmanifest", "application/manifest+json"),
        ("notices.txt", "text/plain; charset=utf-8"),
    ] {
        let (parts, _) = send(&api, "GET", &format!("/dashboard/{path}"), &[]).await;
        assert_eq!((parts.status.as_u16(), header(&parts, "content-type")), (200, kind), "{path}");
        assert_eq!(header(&parts, "x-content-type-options"), "nosniff", "{path}");
        // Whoever opens a picture by itself runs nothing that is in it.
        let policy = header(&parts, "content-security-policy");
        assert_eq!(policy, "default-src 'none'; frame-ancestors 'none'", "{path}");
    }
    for path in [
        "",
        "app.j",
        "App.js",
        "app.js/",
        "app.js.gz",
        "nothing.js",
        ".gitignore",
        "program.exe",
        // The page is at `/` alone.
        "index.html",
        "fonts",
        "/app.js",
        "./app.js",
        "fonts/../app.js",
        "../Cargo.toml",
        "../../../../../../etc/passwd",
        "%2e%2e/Cargo.toml",
        "%2e%2e%2fCargo.toml",
        "..%2fCargo.toml",
        "..%5cCargo.toml",
        "%252e%252e/Cargo.toml",
        "fonts%2ftext.woff2",
        "%61pp.js",
        "app.js%00",
        "app.js%00.css",
        "%ff.js",
    ] {
        let path = format!("/dashboard/{path}");
        let missing = answer(send(&api, "GET", &path, &[]).await);
        assert_eq!(
            (missing.status.as_u16(), missing.problem()),
            (404, "route-not-found".to_owned()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_file_is_compressed_for_those_who_take_that_and_each_form_has_a_tag() {
    let api = with_dashboard().await;
    let get = async |coding: &str| {
        send(&api, "GET", "/dashboard/app.js", &[("accept-encoding", coding)]).await
    };
    let (plain, bytes) = get("identity").await;
    assert_eq!((bytes.as_slice(), header(&plain, "content-encoding")), (SCRIPT.as_bytes(), ""));
    let (gzip, bytes) = get("gzip, deflate, br, zstd").await;
    assert_eq!((bytes.as_slice(), header(&gzip, "content-encoding")), (COMPRESSED, "gzip"));
    assert_eq!(header(&gzip, "content-type"), "text/javascript; charset=utf-8");
    assert_eq!(get("gzip;q=0, *").await.1, SCRIPT.as_bytes());
    assert_eq!(
        (header(&plain, "vary"), header(&gzip, "vary")),
        ("Accept-Encoding", "Accept-Encoding")
    );
    // What has no compressed form is sent as it is.
    let (style, bytes) =
        send(&api, "GET", "/dashboard/app.css", &[("accept-encoding", "gzip")]).await;
    assert_eq!((bytes.as_slice(), header(&style, "content-encoding")), (&b"a{}"[..], ""));

    let (of_plain, of_gzip) = (header(&plain, "etag"), header(&gzip, "etag"));
    assert_ne!(of_plain, of_gzip);
    let weak = format!("W/{of_gzip}, \"other\"");
    let rows = [
        ("gzip", of_gzip, 304),
        ("gzip", weak.as_str(), 304),
        ("gzip", "*", 304),
        ("gzip", of_plain, 200),
        ("identity", of_plain, 304),
        ("identity", of_gzip, 200),
        ("identity", "\"other\"", 200),
        ("identity", "none", 400),
    ];
    for (coding, known, status) in rows {
        let headers = [("accept-encoding", coding), ("if-none-match", known)];
        let (parts, bytes) = send(&api, "GET", "/dashboard/app.js", &headers).await;
        assert_eq!(parts.status, status, "{coding} {known}");
        if status == 304 {
            let tag = if coding == "gzip" { of_gzip } else { of_plain };
            assert_eq!(
                (header(&parts, "etag"), header(&parts, "cache-control")),
                (tag, "no-cache")
            );
            assert!(bytes.is_empty() && header(&parts, "content-encoding").is_empty());
        }
    }
}

#[tokio::test]
async fn a_head_has_no_body_and_nothing_is_written() {
    let api = with_dashboard().await;
    for path in ["/", "/dashboard/app.js"] {
        let (full, bytes) = send(&api, "GET", path, &[]).await;
        let (head, none) = send(&api, "HEAD", path, &[]).await;
        assert_eq!((head.status.as_u16(), none.len()), (200, 0), "{path}");
        assert_eq!(header(&head, "content-length"), bytes.len().to_string(), "{path}");
        for name in ["content-type", "etag", "vary", "content-security-policy"] {
            assert_eq!(header(&head, name), header(&full, name), "{path}: {name}");
        }
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            let refused = answer(send(&api, method, path, &[]).await);
            assert_eq!(refused.problem(), "method-not-allowed", "{method} {path}");
            assert_eq!(refused.header("allow"), "GET,HEAD", "{method} {path}");
        }
        let asked = answer(send(&api, "GET", &format!("{path}?v=2"), &[]).await);
        assert_eq!(asked.problem(), "invalid-query", "{path}");
    }
}

#[tokio::test]
async fn a_program_without_a_dashboard_says_how_to_get_one() {
    let api = Api::new().await.showing(Bundle::default());
    let page = answer(send(&api, "GET", "/", &[("accept", "text/html")]).await);
    assert_eq!(
        (page.status.as_u16(), page.header("content-type")),
        (200, "text/html; charset=utf-8")
    );
    for said in [
        "no dashboard",
        "<code>make demo-web</code>",
        "<code>make dashboard</code>",
        "href=\"/docs\"",
    ] {
        assert!(page.text.contains(said), "{said}: {}", page.text);
    }
    let script = answer(send(&api, "GET", "/dashboard/app.js", &[]).await);
    assert_eq!(script.problem(), "route-not-found");
    // Nobody has to have one to be served.
    assert_eq!(send(&api, "GET", "/docs", &[]).await.0.status, 200);
}

/// The bundle is not in the repository, so it is held to what every bundle has to be, where there is one.
#[tokio::test]
async fn what_this_program_was_compiled_with_is_a_dashboard_or_nothing() {
    let api = Api::new().await.showing(Bundle::built_in());
    let page = answer(send(&api, "GET", "/", &[]).await);
    assert_eq!(page.status, 200);
    if page.text.contains("This build has no dashboard") {
        return;
    }
    assert_eq!(page.header("content-security-policy"), POLICY);
    for (path, kind) in [("app.js", "text/javascript"), ("app.css", "text/css")] {
        assert!(page.text.contains(&format!("\"/dashboard/{path}\"")), "{path}: {}", page.text);
        let headers = [("accept-encoding", "gzip")];
        let (parts, bytes) = send(&api, "GET", &format!("/dashboard/{path}"), &headers).await;
        assert_eq!(parts.status, 200, "{path}");
        assert!(header(&parts, "content-type").starts_with(kind), "{path}");
        assert_eq!(header(&parts, "content-encoding"), "gzip", "{path}");
        assert!(bytes.starts_with(&[0x1F, 0x8B]), "{path} is compressed");
    }
    for never in ["<style", " style=", " onclick", "javascript:", "=\"http"] {
        assert!(!page.text.contains(never), "{never}: {}", page.text);
    }
}
