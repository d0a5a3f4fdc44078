//! The outermost layer: it gives every request its id, and writes problems out.

use std::any::Any;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use crate::app::{App, ControlLimits};
use crate::problem::{Problem, ProblemType};

/// The id of the request, in every response.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("exstore-request-id");

/// The run of the server, in every response.
const RUN: HeaderName = HeaderName::from_static("exstore-run");

/// The id of a request, for whoever handles it.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) String);

/// Numbers the request, runs it, and writes the problem out when it came to one.
pub(crate) async fn finish(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = app.next_request_id();
    request.extensions_mut().insert(RequestId(id.clone()));
    let instance = request.uri().path().to_owned();
    let span = span_of(&request, &id);
    let method = request.method().clone();
    let mut response = next.run(request).instrument(span.clone()).await;
    span.in_scope(|| tracing::debug!(status = response.status().as_u16(), "answered"));
    if let Some(problem) = problem_of(&mut response, &method) {
        write_problem(&mut response, problem, instance, id.clone());
    }
    for (name, value) in [(REQUEST_ID, id), (RUN, app.run())] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    confine(response.headers_mut());
    response
}

/// What a request's lines in the log are told with: of the level of an error, so that it is whatever is logged. Of what was asked
/// it has the template of the route alone: a path can hold anything, and a query a secret.
fn span_of(request: &Request, id: &str) -> tracing::Span {
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
    let method = request.method().as_str().escape_debug().to_string();
    tracing::error_span!("request", id, method, route)
}

/// What a browser may do with an answer: read it as what it says it is, keep no copy, and show it in no other page. A page has
/// a policy of its own.
fn confine(headers: &mut HeaderMap) {
    const ALWAYS: [(HeaderName, &str); 4] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    const UNLESS_SAID: [(HeaderName, &str); 2] = [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ];
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    for (name, value) in UNLESS_SAID {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

/// Ends a request that takes too long. What it has asked of a store goes on, but for an advance.
pub(crate) async fn time_out(State(app): State<App>, request: Request, next: Next) -> Response {
    let ControlLimits { request_timeout, wait_timeout, .. } = app.config().limits;
    // A wait has a time of its own, and is given a moment more to tell how it went.
    let waits = request.uri().path().ends_with("/waits");
    let limit = if waits { request_timeout.saturating_add(wait_timeout) } else { request_timeout };
    tokio::time::timeout(limit, next.run(request)).await.unwrap_or_else(|_| {
        let after = clock::format_duration(limit);
        let detail = format!("there was no answer within {after}");
        let hint = "ask for less at a time; GET /events tells what was done";
        Problem::new(ProblemType::RequestTimeout, detail).hint(hint).into_response()
    })
}

/// A handler has panicked: a defect, which the log tells about and the client does not hear.
#[expect(clippy::needless_pass_by_value, reason = "the layer calls it with the panic's own box")]
pub(crate) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = text.unwrap_or("no message"), "a request broke");
    Problem::new(ProblemType::Internal, "the request broke in the server").into_response()
}

/// No route is here.
pub(crate) async fn route_not_found(request: Request) -> Problem {
    let path = request.uri().path();
    Problem::new(ProblemType::RouteNotFound, format!("nothing is served at `{path}`"))
        .hint("GET /v1/openapi.json lists every route")
}

/// There is no connection left for this request. Another one may find one.
pub(crate) async fn server_busy() -> Response {
    let detail = "a request is being answered on every connection that the server has";
    let problem = Problem::new(ProblemType::ServerBusy, detail).into_response();
    ([(header::CONNECTION, "close"), (header::RETRY_AFTER, "1")], problem).into_response()
}

/// The problem that a response stands for: our own, or the router's 405. Its Allow header is put on further out.
fn problem_of(response: &mut Response, method: &Method) -> Option<Problem> {
    let ours = response.extensions_mut().remove::<Problem>();
    ours.or_else(|| {
        (response.status() == StatusCode::METHOD_NOT_ALLOWED).then(|| {
            let detail = format!("`{method}` is not served here");
            Problem::new(ProblemType::MethodNotAllowed, detail)
                .hint("the Allow header lists the methods that are")
        })
    })
}

fn write_problem(response: &mut Response, problem: Problem, instance: String, id: String) {
    if let Some((name, value)) = problem.kind.header() {
        response.headers_mut().insert(name, value);
    }
    let document = problem.document(instance, id);
    let written = serde_json::to_vec(&document).unwrap_or_default();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    let kind = HeaderValue::from_static("application/problem+json");
    headers.insert(header::CONTENT_TYPE, kind);
    *response.body_mut() = written.into();
}
