//! Answers about a store: a body, and the place in the journal that it reflects.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use infostore::Cursor;
use serde::Serialize;
use server::StoreHandle;

use crate::app::App;
use crate::scalars::CursorText;

/// The journal position that a response's body reflects, `<epoch>-<seq>`.
pub(crate) const CURSOR: HeaderName = HeaderName::from_static("exstore-cursor");

/// What a handler answers about a store.
pub(crate) struct Reply<T> {
    status: StatusCode,
    cursor: Cursor,
    body: T,
}

impl<T> Reply<T> {
    /// 200, with a body that reflects the store at `cursor`.
    pub(crate) fn ok((cursor, body): (Cursor, T)) -> Self {
        Self { status: StatusCode::OK, cursor, body }
    }

    /// 201, with what was made.
    pub(crate) fn created(at: (Cursor, T)) -> Self {
        Self::ok(at).with_status(StatusCode::CREATED)
    }

    /// 202, with what is under way.
    pub(crate) fn accepted(at: (Cursor, T)) -> Self {
        Self::ok(at).with_status(StatusCode::ACCEPTED)
    }

    /// The same answer under another status.
    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The body alone, to be part of another.
    pub(crate) fn into_body(self) -> T {
        self.body
    }
}

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        with_cursor((self.status, Json(self.body)).into_response(), self.cursor)
    }
}

/// Puts the store's cursor on the answers that have none yet: problems, and answers without a body.
pub(crate) async fn add_cursor(State(app): State<App>, request: Request, next: Next) -> Response {
    let store = store_of(&app, request.uri().path());
    let response = next.run(request).await;
    let Some(store) = store.filter(|_| !response.headers().contains_key(CURSOR)) else {
        return response;
    };
    match store.read(|view| view.cursor()).await {
        Ok(cursor) => with_cursor(response, cursor),
        Err(_stopped) => response,
    }
}

/// The store that a path is about.
pub(crate) fn store_of(app: &App, path: &str) -> Option<StoreHandle> {
    app.stores().get(&within_store(path)?.0)
}

/// The name of the store that a path is about, as its route takes it, and the path from there on.
pub(crate) fn within_store(path: &str) -> Option<(String, &str)> {
    let path = path.strip_prefix("/v1/stores/")?;
    let (name, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
    Some((decoded(name)?, rest))
}

/// A segment of a path without its escapes (RFC 3986, 2.1).
fn decoded(segment: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::with_capacity(segment.len()), segment.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let (byte, after) = escaped(rest).unwrap_or((*first, after));
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

/// The byte that an escape stands for, and what comes after it.
fn escaped(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let [b'%', high, low, after @ ..] = bytes else { return None };
    let digit = |digit: &u8| char::from(*digit).to_digit(16);
    let byte = (digit(high)? << 4) | digit(low)?;
    Some((u8::try_from(byte).ok()?, after))
}

/// The place that an answer says it reflects.
pub(crate) fn cursor_of(headers: &HeaderMap) -> Option<Cursor> {
    let CursorText(cursor) = headers.get(CURSOR)?.to_str().ok()?.parse().ok()?;
    Some(cursor)
}

pub(crate) fn with_cursor(mut response: Response, cursor: Cursor) -> Response {
    if let Ok(value) = HeaderValue::from_str(&CursorText(cursor).to_string()) {
        response.headers_mut().insert(CURSOR, value);
    }
    response
}
