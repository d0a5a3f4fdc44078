//! The control plane that all stores of a test process share, called without a socket, on a runtime of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, OnceLock, mpsc};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{Request, Response, StatusCode, header};
use clock::{ClockMode, SimTime};
use control::{Access, Bundle, ControlConfig, ControlLimits};
use infostore::Settings;
use serde_json::Value;
use server::{Directory, Seed, StoreHandle, StoreOptions, Stores};
use tokio::runtime::Runtime;
use tower::ServiceExt;

/// Stores at a time, of all the tests of a process.
const STORES: usize = 10_000;

/// TCP connections at a time, of all these stores.
const CONNECTIONS: usize = 1_000;

/// For a request, in wall time. A test may run on a busy machine, and whoever runs it has a limit of their own.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// The one of this process. It lives as long as the process does.
static PLANE: LazyLock<Plane> = LazyLock::new(Plane::start);

/// What every store of the process is reached through.
pub(crate) struct Plane {
    runtime: Runtime,
    router: Router,
    config: ControlConfig,
    url: OnceLock<String>,
    stores_made: AtomicU64,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
}

impl Plane {
    pub(crate) fn shared() -> &'static Self {
        &PLANE
    }

    #[expect(
        clippy::expect_used,
        reason = "a test without a runtime or a first store can say nothing about what it tests"
    )]
    fn start() -> Self {
        let runtime = Runtime::new().expect("a runtime for the stores of this process");
        let default = runtime.block_on(StoreHandle::start(default_store()));
        let default = default.expect("a store without a port starts");
        let config = ControlConfig {
            address: any_port(),
            stores: Arc::new(Stores::with_most(default, STORES)),
            allow_shutdown: false,
            access: Access::default(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            limits: ControlLimits { request_timeout: PATIENCE, ..ControlLimits::default() },
            recorder: None,
            dashboard: Bundle::built_in(),
        };
        let router = control::router(config.clone());
        let stores_made = AtomicU64::new(0);
        Self { runtime, router, config, url: OnceLock::new(), stores_made }
    }

    /// A number that no other store of the process has.
    pub(crate) fn next_number(&self) -> u64 {
        self.stores_made.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }

    /// A request to the control plane, without a socket. The test's thread waits, wherever it is: also within a runtime of
    /// the test's own.
    pub(crate) fn request(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, "application/json");
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let Ok(request) = request.body(body) else {
            let body = format!("`{method} {path}` is no request").into();
            return Answer { status: StatusCode::BAD_REQUEST, body };
        };
        let router = self.router.clone();
        self.wait(async move {
            let response = router.oneshot(request).await.unwrap_or_else(|never| match never {});
            read(response).await
        })
    }

    /// The URL of the control plane, whose port is opened when it is first asked for.
    ///
    /// # Panics
    /// When no port can be had.
    #[expect(clippy::expect_used, reason = "a test that needs a port can't go on without one")]
    #[track_caller]
    pub(crate) fn url(&self) -> &str {
        self.url.get_or_init(|| {
            let config = self.config.clone();
            let bound = self.wait(async move { control::bind(config).await });
            let bound = bound.expect("the control plane finds a port");
            let url = format!("http://{}", bound.local_addr());
            // It serves as long as the process lives.
            drop(self.runtime.spawn(bound.serve(core::future::pending())));
            url
        })
    }

    #[expect(clippy::expect_used, reason = "INVARIANT: the runtime lives as long as the process")]
    fn wait<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        let (done, result) = mpsc::channel();
        // Who waits does not give up.
        self.runtime.spawn(async move { drop(done.send(work.await)) });
        result.recv().expect("the runtime has carried the request through")
    }
}

async fn read(response: Response<Body>) -> Answer {
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_else(|_| Bytes::new());
    let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
    let body = if bytes.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&bytes).unwrap_or_else(|_| text())
    };
    Answer { status: parts.status, body }
}

/// The store that always exists. No test uses it.
fn default_store() -> StoreOptions {
    StoreOptions {
        settings: Settings::default(),
        clock: ClockMode::Manual,
        start: Some(SimTime::EPOCH),
        seed: Seed(0),
        rpc: None,
        epm: None,
        registry: None,
        directory: Directory::default(),
        capture: None,
        max_connections: CONNECTIONS,
    }
}

fn any_port() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}
