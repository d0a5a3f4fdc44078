//! What browsers are told about pages of other origins (CORS): nothing, unless an origin was allowed.

use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::access::{Access, Origin};

const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
const REQUEST_HEADERS: &str =
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID";
const RESPONSE_HEADERS: &str = "Allow, ETag, Exstore-Cursor, Exstore-Request-Id, Exstore-Run, Idempotency-Replayed, \
     Location, Retry-After, WWW-Authenticate";

/// Whether a browser asks if it may send a request.
pub(crate) fn is_preflight(request: &Request) -> bool {
    *request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// It may. A preflight never carries a token, so it is answered before one is asked for.
pub(crate) fn preflight() -> Response {
    let told = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    (StatusCode::NO_CONTENT, told).into_response()
}

/// Lets the page read the response. Cookies are not for pages of other origins: no response says that they may be sent.
pub(crate) fn mark(access: &Access, page: Option<&Origin>, mut response: Response) -> Response {
    let headers = response.headers_mut();
    if !access.origins.is_empty() {
        headers.append(header::VARY, HeaderValue::from_static("origin"));
    }
    if let Some(origin) = page.and_then(|page| HeaderValue::from_str(&page.to_string()).ok()) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let exposed = HeaderValue::from_static(RESPONSE_HEADERS);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
    response
}
