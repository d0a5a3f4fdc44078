//! Which requests are inputs of a store, and what of them is recorded.

use axum::http::Method;
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use serde::Deserialize;
use server::DEFAULT_STORE;

use super::line::Input;
use super::recorder::Recorder;
use crate::problem::{Problem, ProblemType};
use crate::reply::within_store;

/// The ends of the paths of requests that look and change nothing, though they have a body.
const LOOKS: [&str; 4] = ["/assertions", "/policy/validate", "/policy/preview", "/policy/explain"];

/// What of a body says whether time is moved, or made to move by itself.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Movement {
    clock: Option<String>,
    mode: Option<String>,
}

impl Movement {
    fn of(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }
}

/// The path from the store that is recorded on, of a request that may change it.
pub(super) fn route(parts: &Parts) -> Option<&str> {
    let changes = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    if !changes.contains(&parts.method) {
        return None;
    }
    let (store, rest) = within_store(parts.uri.path())?;
    // What a run of a scenario does are requests of its own, each recorded in its turn.
    let of_scenarios = rest.starts_with("/scenarios");
    (store == DEFAULT_STORE && !of_scenarios && !LOOKS.contains(&rest)).then_some(rest)
}

/// Whether the request may change the store, now that its body is known: a wait that does not move time can't.
pub(super) fn changes(route: &str, body: &[u8]) -> bool {
    route != "/waits" || Movement::of(body).clock.is_some()
}

/// Refuses to let time move by itself: what it brings could not be done again at its instant.
pub(super) fn check(route: &str, body: &[u8]) -> Result<(), Problem> {
    let mode = (route == "/clock").then(|| Movement::of(body).mode).flatten();
    if mode.is_none_or(|mode| mode == "manual") {
        return Ok(());
    }
    let detail = "the store is recorded, and what time brings by itself can't be done again";
    Err(Problem::new(ProblemType::Recorded, detail)
        .hint("leave the clock manual, or start the server without --record"))
}

impl Input {
    /// What is recorded of a request: not who asked, and no condition, since it is done again where it was done.
    pub(super) fn new(recorder: &Recorder, parts: &Parts, route: &str, body: &[u8]) -> Self {
        let path = parts.uri.path_and_query().map_or_else(String::new, ToString::to_string);
        let content_type = parts.headers.get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|kind: &HeaderValue| kind.to_str().ok());
        let (body, body_hex) = if body.is_empty() {
            (None, None)
        } else if route.starts_with("/users/") {
            (Some(recorder.hidden(body)), None)
        } else {
            match core::str::from_utf8(body) {
                Ok(text) => (Some(text.to_owned()), None),
                Err(_) => (None, Some(body.iter().map(|byte| format!("{byte:02x}")).collect())),
            }
        };
        Self {
            // It is given when it is known that the request changes something.
            number: 0,
            method: parts.method.to_string(),
            path,
            content_type: content_type.map(str::to_owned),
            body,
            body_hex,
        }
    }

    /// The body, as it was sent.
    pub fn body_bytes(&self) -> Option<Vec<u8>> {
        match (&self.body, &self.body_hex) {
            (Some(text), _) => Some(text.clone().into_bytes()),
            (None, Some(digits)) => {
                let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
                let byte =
                    |pair: &[u8; 2]| u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok();
                rest.is_empty().then(|| pairs.iter().map(byte).collect()).flatten()
            }
            (None, None) => Some(Vec::new()),
        }
    }
}
