//! How a scenario's driver reaches a control plane: over HTTP from outside, or the router itself.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, header};
use infostore::Cursor;
use serde::Deserialize;
use serde_json::Value;
use simulator::DriverError;
use tokio::runtime::Handle;
use tower::ServiceExt;

use crate::reply::cursor_of;

/// A control plane that takes one request at a time.
pub trait ControlPlane {
    /// Makes a request, and gives the body of its answer.
    ///
    /// # Errors
    /// When nobody answers, or the answer is a problem; of that [`DriverError::problem`] has the name.
    fn call(&mut self, request: &PlaneRequest) -> Result<Vec<u8>, DriverError>;
}

/// A request to a control plane.
#[derive(Clone, PartialEq, Debug)]
pub struct PlaneRequest {
    /// What it does.
    pub verb: Verb,
    /// The path with its query, from `/v1` on.
    pub path: String,
    /// The JSON that it carries.
    pub body: Option<Value>,
}

/// What a request does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verb {
    /// GET.
    Get,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
}

/// A control plane within this process. It is called from a thread that may block, such as one of `spawn_blocking`.
#[derive(Clone, Debug)]
pub struct RouterPlane {
    router: Router,
    runtime: Handle,
}

/// What a request came to.
pub(super) struct PlaneAnswer {
    pub(super) body: Vec<u8>,
    /// The place in the store's journal that it reflects.
    pub(super) cursor: Option<Cursor>,
}

/// A problem, as far as it is told on.
#[derive(Deserialize)]
struct Refused {
    r#type: String,
    detail: String,
}

impl RouterPlane {
    /// The plane behind a router, whose requests are handled on this runtime.
    pub fn new(router: Router, runtime: Handle) -> Self {
        Self { router, runtime }
    }

    /// Makes a request. When `stop` says why nobody waits for its answer any more, the request is dropped, as if whoever made it
    /// had hung up: an advance and a wait end then, and anything else that the store has begun is carried through.
    pub(super) fn call_unless(
        &self,
        request: &PlaneRequest,
        stop: impl Future<Output = &'static str>,
    ) -> Result<PlaneAnswer, DriverError> {
        let answer = Self::answer(self.router.clone(), request_of(request)?);
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                why = stop => Err(DriverError::new(why)),
                answer = answer => answer,
            }
        })
    }

    async fn answer(router: Router, request: Request<Body>) -> Result<PlaneAnswer, DriverError> {
        let response = router.oneshot(request).await.map_err(|never| match never {})?;
        let status = response.status();
        let cursor = cursor_of(response.headers());
        let body = to_bytes(response.into_body(), usize::MAX).await.map_err(DriverError::new)?;
        if status.is_success() {
            return Ok(PlaneAnswer { body: body.into(), cursor });
        }
        Err(match serde_json::from_slice(&body) {
            Ok(Refused { r#type, detail }) => {
                DriverError::refused(problem_name(&r#type).to_owned(), detail)
            }
            Err(_) => DriverError::new(format!("the control plane answered {status}")),
        })
    }
}

impl ControlPlane for RouterPlane {
    fn call(&mut self, request: &PlaneRequest) -> Result<Vec<u8>, DriverError> {
        self.call_unless(request, core::future::pending()).map(|answer| answer.body)
    }
}

fn request_of(
    PlaneRequest { verb, path, body }: &PlaneRequest,
) -> Result<Request<Body>, DriverError> {
    let request =
        Request::builder().method(Method::from(*verb)).uri(path).header(header::HOST, "localhost");
    let request = match body {
        Some(body) => request
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string())),
        None => request.body(Body::empty()),
    };
    request.map_err(DriverError::new)
}

impl From<Verb> for Method {
    fn from(verb: Verb) -> Self {
        match verb {
            Verb::Get => Self::GET,
            Verb::Post => Self::POST,
            Verb::Put => Self::PUT,
            Verb::Patch => Self::PATCH,
            Verb::Delete => Self::DELETE,
        }
    }
}

/// The stable name in a problem's type, which is a URI: its last segment.
pub(super) fn problem_name(problem_type: &str) -> &str {
    problem_type.rsplit('/').next().unwrap_or_default()
}
