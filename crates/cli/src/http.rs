//! Requests to a control plane, and what its problems mean here.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::http::Response;
use ureq::{Agent, Body};

use crate::exit::{Code, Failure};

/// Longer than any request takes: advancing a clock returns when the store is quiescent.
const TIMEOUT: Duration = Duration::from_secs(120);

/// A control plane.
pub(crate) struct Client {
    agent: Agent,
    base: String,
}

/// Why a request failed.
#[derive(Debug)]
pub(crate) enum RequestError {
    /// Nobody answered.
    Unreachable(String),
    /// The answer was a problem, or no answer of this API.
    Refused {
        /// HTTP's number.
        status: u16,
        /// What the server said.
        detail: String,
    },
}

impl Client {
    /// The control plane at `base`, such as `http://127.0.0.1:8135`.
    pub(crate) fn new(base: &str) -> Self {
        let config =
            Agent::config_builder().http_status_as_error(false).timeout_global(Some(TIMEOUT));
        Self { agent: config.build().new_agent(), base: base.trim_end_matches('/').to_owned() }
    }

    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, RequestError> {
        self.read(self.agent.get(self.url(path)).call())
    }

    /// The status of a GET, whatever it is.
    pub(crate) fn status(&self, path: &str) -> Result<(u16, String), RequestError> {
        let mut response = self.agent.get(self.url(path)).call().map_err(unreachable)?;
        let text = response.body_mut().read_to_string().map_err(unreachable)?;
        Ok((response.status().as_u16(), text))
    }

    pub(crate) fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, RequestError> {
        self.read(self.agent.post(self.url(path)).send_json(body))
    }

    pub(crate) fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, RequestError> {
        self.read(self.agent.put(self.url(path)).send_json(body))
    }

    pub(crate) fn delete(&self, path: &str) -> Result<(), RequestError> {
        let mut response = self.agent.delete(self.url(path)).call().map_err(unreachable)?;
        let status = response.status();
        if status.is_success() { Ok(()) } else { Err(refused(status.as_u16(), &mut response)) }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn read<T: DeserializeOwned>(
        &self,
        answer: Result<Response<Body>, ureq::Error>,
    ) -> Result<T, RequestError> {
        let mut response = answer.map_err(unreachable)?;
        let status = response.status();
        if !status.is_success() {
            return Err(refused(status.as_u16(), &mut response));
        }
        let body = response.body_mut().with_config().limit(u64::MAX).read_json();
        body.map_err(|error| RequestError::Refused {
            status: status.as_u16(),
            detail: format!("the answer is not the one that this program knows: {error}"),
        })
    }
}

impl core::fmt::Display for RequestError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Unreachable(why) => write!(f, "the server can't be reached: {why}"),
            Self::Refused { status, detail } => write!(f, "{detail} (HTTP {status})"),
        }
    }
}

impl core::error::Error for RequestError {}

impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Self {
        let code = match error {
            RequestError::Unreachable(_) => Code::Unreachable,
            RequestError::Refused { .. } => Code::Internal,
        };
        Self::from_error(code, &error)
    }
}

fn unreachable(error: ureq::Error) -> RequestError {
    RequestError::Unreachable(error.to_string())
}

/// A problem's detail with its hint, or whatever came instead.
fn refused(status: u16, response: &mut Response<Body>) -> RequestError {
    let body = response.body_mut().read_to_string().unwrap_or_default();
    let problem: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
    let field = |name: &str| problem.get(name).and_then(|value| value.as_str()).map(str::to_owned);
    let mut detail = field("detail").or_else(|| field("title")).unwrap_or(body);
    if let Some(hint) = field("hint") {
        detail = format!("{detail}; {hint}");
    }
    RequestError::Refused { status, detail }
}
