//! A store that goes back to a snapshot, beside one that is arranged anew: over the control plane in process, so that what
//! is measured is the store and not HTTP.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use control::router;
use serde_json::Value;
use server::{StoreHandle, Stores};
use tokio::runtime::Runtime;
use tower::ServiceExt;

use crate::Scale;
use crate::figures::{Figures, print};
use crate::store::{control_config, without_port};

/// A store without ports on a manual clock.
struct Api<'a> {
    runtime: &'a Runtime,
    router: Router,
}

impl<'a> Api<'a> {
    fn new(runtime: &'a Runtime) -> Self {
        let store = StoreHandle::start(without_port());
        let store = runtime.block_on(store).expect("the store starts");
        let config = control_config(Arc::new(Stores::new(store)));
        Self { runtime, router: router(config) }
    }

    fn call(&self, method: &str, path: &str, body: &str) -> Value {
        let request = Request::builder().method(method).header("host", "localhost");
        let request = request.uri(format!("/v1/stores/default{path}"));
        let request = request.header("content-type", "application/json");
        let request = request.body(Body::from(body.to_owned())).unwrap();
        self.runtime.block_on(async {
            let response = self.router.clone().oneshot(request).await.unwrap();
            assert!(response.status().is_success(), "{method} {path}: {}", response.status());
            let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
            serde_json::from_slice(&body).unwrap_or_default()
        })
    }

    /// The list that a suite arranges, and its clients.
    fn arrange(&self, clients: usize) {
        self.call("PUT", "/block-lists/processes?apply=now", r#"{"data":"beta.exe"}"#);
        let body = format!(r#"{{"process":"mdl.exe","count":{clients}}}"#);
        self.call("POST", "/clients", &body);
        self.check(clients);
    }

    fn check(&self, clients: usize) {
        let sessions = self.call("GET", "/sessions?limit=1", "");
        assert_eq!(sessions["total"], clients, "every client is connected");
    }
}

/// Milliseconds that something takes.
fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let done = work();
    (start.elapsed().as_secs_f64() * 1e3, done)
}

/// Bytes of memory that the process has.
fn resident() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: f64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4_096.0
}

pub(crate) fn run(scale: Scale) {
    let runtime = Runtime::new().unwrap();
    go_back(scale, &runtime);
    take(scale, &runtime);
}

fn go_back(scale: Scale, runtime: &Runtime) {
    let (mut anew, mut back) = (Figures::default(), Figures::default());
    let api = Api::new(runtime);
    api.arrange(scale.arranged);
    api.call("POST", "/snapshots", "{}");
    for _ in 0..scale.decision_rounds {
        anew.add(
            timed(|| {
                api.call("POST", "/reset", "{}");
                api.arrange(scale.arranged);
            })
            .0,
        );
        back.add(timed(|| api.call("POST", "/snapshots/1/restore", "{}")).0);
        api.check(scale.arranged);
    }
    let title = format!(
        "snapshots: {} runs, each until a store has {} clients again",
        scale.decision_rounds, scale.arranged
    );
    let rows = [
        vec!["reset, list, poll, clients (limit)".to_owned(), anew.to_string(), anew.ratio(&anew)],
        vec!["restore".to_owned(), back.to_string(), back.ratio(&anew)],
    ];
    print(&title, &["way", "ms", "ratio"], &rows);
}

fn take(scale: Scale, runtime: &Runtime) {
    let mut rows = Vec::new();
    for clients in [scale.arranged, scale.crowd / 10, scale.crowd] {
        let api = Api::new(runtime);
        let (connect, ()) = timed(|| api.arrange(clients));
        let (mut taking, mut restoring) = (Figures::default(), Figures::default());
        let before = resident();
        let said = api.call("POST", "/snapshots", "{}")["bytes"].as_f64().unwrap();
        let grown = (resident() - before) / said;
        for _ in 0..scale.rounds {
            let (took, taken) = timed(|| api.call("POST", "/snapshots", "{}"));
            taking.add(took);
            api.call("DELETE", &format!("/snapshots/{}", taken["id"]), "");
            restoring.add(timed(|| api.call("POST", "/snapshots/1/restore", "{}")).0);
            api.check(clients);
        }
        rows.push(vec![
            clients.to_string(),
            format!("{connect:.0}"),
            taking.to_string(),
            restoring.to_string(),
            format!("{:.1}", said / 1e6),
            format!("{grown:.2}"),
        ]);
    }
    let heading = [
        "clients",
        "connecting them, ms",
        "taking a snapshot, ms",
        "restoring it, ms",
        "MB that it says it takes",
        "of them resident",
    ];
    print("snapshots: what one costs", &heading, &rows);
}
