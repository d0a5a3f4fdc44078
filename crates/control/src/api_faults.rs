//! Where fault rules come in on requests about a store: their answers come late, or break off.
//!
//! What a request asks for is done at once and whole; only its answer is disturbed. The routes of the rules themselves are left
//! alone, so that a rule can always be taken away.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use hyper::body::Frame;
use serde_json::Value;
use server::{ApiFault, StoreError, StoreHandle};

use crate::app::App;
use crate::problem::{FieldError, Problem};
use crate::recording::{Opportunity, disturbed};
use crate::reply::store_of;

/// What the paths of a store's resources begin with.
const STORE: &str = "/v1/stores/{store}";

/// Asks the store's fault rules about the request, and does to its answer what they say.
pub(crate) async fn disturb(State(app): State<App>, request: Request, next: Next) -> Response {
    let fault = match opportunity(&app, &request) {
        None => ApiFault::default(),
        // A store that has stopped has no rules any more.
        Some((store, method, route)) => asked(&app, store, method, route).await.unwrap_or_default(),
    };
    let response = next.run(request).await;
    if !fault.delay.is_zero() {
        wait(fault.delay).await;
    }
    if fault.drops { Response::new(Body::new(Broken)) } else { response }
}

/// What the rules do to the answer. Of a store that is recorded this is an input.
async fn asked(
    app: &App,
    store: StoreHandle,
    method: Method,
    route: String,
) -> Result<ApiFault, StoreError> {
    let Some(recorder) = disturbed(app, &store) else {
        return store.api_fault(method.as_str(), &route).await;
    };
    if recorder.is_replaying() {
        // They are asked by an input of their own.
        return Ok(ApiFault::default());
    }
    let method = method.to_string();
    let at = Opportunity { number: 0, method: method.clone(), route: route.clone(), events: None };
    recorder.opportunity(at, async move { store.api_fault(&method, &route).await }).await
}

/// The store that a request is about, and what it asks for.
fn opportunity(app: &App, request: &Request) -> Option<(StoreHandle, Method, String)> {
    let path = request.extensions().get::<MatchedPath>()?.as_str();
    let route = path.strip_prefix(STORE)?;
    if route.starts_with("/faults") {
        return None;
    }
    let store = store_of(app, request.uri().path())?;
    Some((store, request.method().clone(), route.to_owned()))
}

/// Refuses a rule for a request that nobody can make.
pub(crate) fn check_operation(
    app: &App,
    method: Option<&str>,
    route: Option<&str>,
) -> Result<(), Problem> {
    let document: Value = serde_json::from_str(app.openapi()).unwrap_or_default();
    let paths = document.get("paths").and_then(Value::as_object);
    let routes = paths.into_iter().flatten().filter_map(|(path, operations)| {
        let path = path.strip_prefix(STORE)?;
        (!path.starts_with("/faults")).then_some((path, operations))
    });
    let mut of_route =
        routes.filter(|(path, _)| route.is_none_or(|route| route == *path)).peekable();
    if of_route.peek().is_none() {
        let detail = "it is no route of a store that a rule can disturb, such as `/sessions/{id}`";
        return Err(Problem::body(FieldError::at("#/match/route", detail)));
    }
    let method = method.map(str::to_ascii_lowercase);
    if method
        .is_some_and(|method| of_route.all(|(_, operations)| operations.get(&method).is_none()))
    {
        let detail = "the route has no such method";
        return Err(Problem::body(FieldError::at("#/match/method", detail)));
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the effect of a rule is that an answer takes wall time"
)]
async fn wait(delay: Duration) {
    tokio::time::sleep(delay).await;
}

/// The body of an answer that breaks off.
struct Broken;

impl HttpBody for Broken {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())))
    }
}
