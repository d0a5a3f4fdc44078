//! Requests to a control plane: JSON goes there, and comes back with the place in the journal that it reflects.

use std::io::{self, BufRead, BufReader};
use std::time::Duration;

use control::Secret;
use serde::de::DeserializeOwned;
use ureq::http::{Request, Response};
use ureq::{Agent, Body, BodyReader};

use crate::problem::Problem;

/// Longer than any request takes: a wait has ten minutes at the most.
const TIMEOUT: Duration = Duration::from_secs(660);

/// Longer than a stream says nothing: it has a heartbeat.
const SILENCE: Duration = Duration::from_secs(60);

/// A control plane.
#[derive(Clone)]
pub(crate) struct Client {
    agent: Agent,
    base: String,
    token: Option<Secret>,
    /// The Idempotency-Key of what it posts.
    key: Option<String>,
}

/// What a request does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// What a request carries.
#[derive(Clone, Debug)]
pub(crate) enum Payload {
    Nothing,
    Json(serde_json::Value),
    /// Bytes of this type as they are.
    Bytes(&'static str, Vec<u8>),
}

/// What a server answered, when it did what it was asked.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The body as it came.
    pub(crate) body: Vec<u8>,
}

/// An answer that has no end.
pub(crate) struct Lines {
    /// The place in the journal that it begins after.
    pub(crate) cursor: String,
    pub(crate) lines: io::Lines<BufReader<BodyReader<'static>>>,
}

/// Why a request failed.
#[derive(Debug)]
pub(crate) enum RequestError {
    /// Nobody answered.
    Unreachable {
        /// The URL that was tried.
        base: String,
        /// Why.
        why: String,
    },
    /// The server said no.
    Refused(Box<Problem>),
    /// The answer is not one of this API.
    Unknown(String),
}

impl Client {
    /// The control plane at `base`, such as `http://127.0.0.1:8135`, and what it may want to be told.
    pub(crate) fn new(base: &str, token: Option<Secret>) -> Self {
        // A control plane is beside its user, and no proxy is in between, whatever the environment says.
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(TIMEOUT))
            // Nor does it send anybody elsewhere, and the token goes nowhere else.
            .max_redirects(0)
            .proxy(None);
        let base = base.trim_end_matches('/').to_owned();
        Self { agent: config.build().new_agent(), base, token, key: None }
    }

    /// The same, whose POSTs have this key.
    pub(crate) fn keyed(&self, key: Option<String>) -> Self {
        Self { key, ..self.clone() }
    }

    /// The status of a GET, whatever it is.
    pub(crate) fn status(&self, path: &str) -> Result<(u16, String), RequestError> {
        let mut response = self.call(Method::Get, path, Payload::Nothing)?;
        let text = response.body_mut().read_to_string();
        Ok((response.status().as_u16(), text.map_err(|error| self.unreachable(&error))?))
    }

    /// The answer to a request, or the problem that came instead.
    pub(crate) fn send(
        &self,
        method: Method,
        path: &str,
        payload: Payload,
    ) -> Result<Answer, RequestError> {
        let mut response = self.call(method, path, payload)?;
        let status = response.status();
        let body = response.body_mut().with_config().limit(u64::MAX).read_to_vec();
        let body = body.map_err(|error| self.unreachable(&error))?;
        if status.is_success() {
            return Ok(Answer { body });
        }
        Err(RequestError::Refused(Box::new(Problem::read(status.as_u16(), &body))))
    }

    /// The lines of an answer that has no end, and the place in the journal that they begin after.
    pub(crate) fn lines(&self, path: &str) -> Result<Lines, RequestError> {
        let request = Request::get(format!("{}{path}", self.base)).body(());
        let answer = request.map(|request| {
            // A stream ends when it ends; that it is still there, its heartbeats say.
            let request = self.agent.configure_request(request).timeout_global(None);
            self.agent.run(request.timeout_per_read(Some(SILENCE)).build())
        });
        let answer = answer.unwrap_or_else(|error| Err(error.into()));
        let mut answer = answer.map_err(|error| self.unreachable(&error))?;
        if !answer.status().is_success() {
            let body = answer.body_mut().read_to_vec().map_err(|error| self.unreachable(&error))?;
            let problem = Problem::read(answer.status().as_u16(), &body);
            return Err(RequestError::Refused(Box::new(problem)));
        }
        let cursor = answer.headers().get("exstore-cursor").and_then(|value| value.to_str().ok());
        let cursor = cursor.unwrap_or_default().to_owned();
        Ok(Lines { cursor, lines: BufReader::new(answer.into_body().into_reader()).lines() })
    }

    fn call(
        &self,
        method: Method,
        path: &str,
        payload: Payload,
    ) -> Result<Response<Body>, RequestError> {
        let request = Request::builder().method(method.name()).uri(format!("{}{path}", self.base));
        let request = match &self.token {
            Some(token) => request.header("authorization", format!("Bearer {}", token.expose())),
            None => request,
        };
        let request = match &self.key {
            Some(key) if method == Method::Post => request.header("idempotency-key", key),
            Some(_) | None => request,
        };
        let answer = match payload {
            Payload::Nothing => request.body(()).map(|request| self.agent.run(request)),
            Payload::Json(body) => request
                .header("content-type", "application/json")
                .body(body.to_string())
                .map(|request| self.agent.run(request)),
            Payload::Bytes(kind, body) => request
                .header("content-type", kind)
                .body(body)
                .map(|request| self.agent.run(request)),
        };
        let answer = answer.unwrap_or_else(|error| Err(error.into()));
        answer.map_err(|error| self.unreachable(&error))
    }

    fn unreachable(&self, error: &ureq::Error) -> RequestError {
        RequestError::Unreachable { base: self.base.clone(), why: error.to_string() }
    }
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl RequestError {
    /// The name of the problem that the server answered with.
    pub(crate) fn problem(&self) -> Option<&str> {
        match self {
            Self::Refused(problem) => Some(problem.name()),
            Self::Unreachable { .. } | Self::Unknown(_) => None,
        }
    }
}

impl Answer {
    /// The body as one of this API.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, RequestError> {
        serde_json::from_slice(&self.body).map_err(|error| unknown(&error))
    }
}

/// An answer that this program can't read.
pub(crate) fn unknown(error: &serde_json::Error) -> RequestError {
    RequestError::Unknown(error.to_string())
}

impl core::fmt::Display for RequestError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Unreachable { base, why } => {
                write!(f, "the server at {base} can't be reached: {why}")
            }
            Self::Refused(problem) => write!(f, "{problem}"),
            Self::Unknown(why) => {
                write!(f, "the answer is not the one that this program knows: {why}")
            }
        }
    }
}

impl core::error::Error for RequestError {}

/// Waits between two questions to a server that can't say when it has more.
#[expect(
    clippy::disallowed_methods,
    reason = "another process can only be asked again, after a pause"
)]
pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}
