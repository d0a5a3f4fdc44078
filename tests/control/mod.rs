//! The control plane in process: requests against its router, a store without a port, a clock that only moves when told.

mod audit;
mod block_lists;
mod client_groups;
mod client_sockets;
mod clients;
mod cluster;
mod conditional;
mod dashboard;
mod decisions;
mod docs;
mod events;
mod explain;
mod faults;
mod filters;
mod fleets;
mod habits;
mod health;
mod idempotency;
mod lifecycle;
mod listening;
mod metrics;
mod openapi;
mod past;
mod policy;
mod preview;
mod problems;
mod recordings;
mod reg_files;
mod registry;
mod requests;
mod safety;
mod scenario_runs;
mod scenarios;
mod snapshots_api;
mod snapshots_replay;
mod stores;
mod story;
mod stream_connections;
mod streams;
mod time;
mod transcript;
mod users;
mod waits;
mod waits_races;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::response::Parts;
use axum::http::{HeaderMap, Request, StatusCode};
use clock::ClockMode;
use control::{Access, Bundle, ControlConfig, ControlLimits, router};
use infostore::Settings;
use serde_json::Value;
use server::{Directory, Seed, StoreHandle, StoreOptions, Stores};
use tower::ServiceExt;

/// Where the store's resources are.
const STORE: &str = "/v1/stores/default";

/// `HKEY_LOCAL_MACHINE\...\ParametersSystem` as a path has it.
const POLLED_KEY: &str =
    "HKLM%5CSystem%5CCurrentControlSet%5CServices%5CMSExchangeIS%5CParametersSystem";

/// A control plane over one store, and those that are made beside it.
struct Api {
    router: Router,
    store: StoreHandle,
    stores: Arc<Stores>,
}

/// What came back.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("the header is text"))
    }

    /// The slug of the problem.
    fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        let document = self.json();
        assert_eq!(document["status"], self.status.as_u16());
        assert_eq!(document["request_id"], self.header("exstore-request-id"));
        let slug = document["type"].as_str().and_then(|kind| kind.strip_prefix("/v1/problems/"));
        slug.expect("a problem has a type").to_owned()
    }

    /// The body, when all went well.
    fn ok(&self) -> Value {
        assert!(self.status.is_success(), "{}: {}", self.status, self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }
}

impl Api {
    async fn new() -> Self {
        Self::with(options(), limits()).await
    }

    async fn with(options: StoreOptions, limits: ControlLimits) -> Self {
        Self::for_whom(options, limits, Access::default()).await
    }

    async fn for_whom(options: StoreOptions, limits: ControlLimits, access: Access) -> Self {
        let store = StoreHandle::start(options).await.expect("the store starts");
        let stores = Arc::new(Stores::new(store.clone()));
        Self { router: router(config(&stores, limits, access)), store, stores }
    }

    /// The same, with room for so many stores.
    fn taking(self, most: usize) -> Self {
        let stores = Arc::new(Stores::with_most(self.store.clone(), most));
        Self { router: router(config(&stores, limits(), Access::default())), stores, ..self }
    }

    /// The same, with this dashboard.
    fn showing(self, dashboard: Bundle) -> Self {
        let config = config(&self.stores, ControlLimits::default(), Access::default());
        Self { router: router(ControlConfig { dashboard, ..config }), ..self }
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, bytes) = self.send_for_bytes(request).await;
        let text = String::from_utf8(bytes).expect("the body is text");
        Answer { status: parts.status, headers: parts.headers, text }
    }

    async fn send_for_bytes(&self, request: Request<Body>) -> (Parts, Vec<u8>) {
        let response = self.router.clone().oneshot(request).await.expect("a router always answers");
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.expect("the body is whole");
        (parts, bytes.to_vec())
    }

    /// A request with a JSON body, or without one when it is empty. A path that begins with `/` alone is the store's.
    async fn call(&self, method: &str, path: &str, body: &str) -> Answer {
        let request = Request::builder().method(method).uri(full(path)).header("host", "localhost");
        let request = match body {
            "" => request.body(Body::empty()),
            body => request.header("content-type", "application/json").body(body.to_owned().into()),
        };
        self.send(request.expect("the request is one")).await
    }

    async fn get(&self, path: &str) -> Value {
        self.call("GET", path, "").await.ok()
    }

    async fn post(&self, path: &str, body: &str) -> Value {
        self.call("POST", path, body).await.ok()
    }

    async fn put(&self, path: &str, body: &str) -> Value {
        self.call("PUT", path, body).await.ok()
    }

    /// Every event of the store, as JSON.
    async fn events(&self) -> Vec<Value> {
        self.get("/events?limit=1000").await["items"].as_array().expect("a list").clone()
    }
}

fn config(stores: &Arc<Stores>, limits: ControlLimits, access: Access) -> ControlConfig {
    ControlConfig {
        address: ([127, 0, 0, 1], 8135).into(),
        stores: Arc::clone(stores),
        allow_shutdown: false,
        access,
        version: "1.2.3".to_owned(),
        limits,
        recorder: None,
        dashboard: Bundle::default(),
    }
}

/// The limits of a test: nothing that it asks is cut off by the wall, or told of it, however busy the machine is.
fn limits() -> ControlLimits {
    let long = Duration::from_secs(3_600);
    ControlLimits { request_timeout: long, stream_heartbeat: long, ..ControlLimits::default() }
}

/// Paths are the store's, unless they begin at the top.
fn full(path: &str) -> String {
    if path.starts_with("/v1")
        || path.starts_with("/healthz")
        || ["/login", "/metrics", "/nowhere"].iter().any(|top| path.starts_with(top))
    {
        path.to_owned()
    } else {
        format!("{STORE}{path}")
    }
}

/// A store without a port, on a manual clock, at eight in the morning of the hotfix's day.
fn options() -> StoreOptions {
    StoreOptions {
        settings: Settings::default(),
        clock: ClockMode::Manual,
        start: Some("2006-04-22T08:00:00Z".parse().expect("it is a time")),
        seed: Seed(7),
        rpc: None,
        registry: None,
        directory: Directory::default(),
        epm: None,
        capture: None,
        max_connections: 16,
    }
}
