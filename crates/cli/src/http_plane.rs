//! The control plane that a scenario is played on, over HTTP.

use control::{ControlPlane, PlaneRequest, ScenarioDriver, Secret, Verb};
use simulator::DriverError;

use crate::http::{Client, Method, Payload, RequestError};

/// A store of a server, for scenarios.
pub(crate) type HttpDriver = ScenarioDriver<HttpPlane>;

/// A server's control plane.
#[derive(Clone)]
pub(crate) struct HttpPlane(Client);

/// The store `store` of a server that wants this token, if any.
pub(crate) fn driver(base: &str, token: Option<Secret>, store: &str) -> HttpDriver {
    ScenarioDriver::new(HttpPlane(Client::new(base, token)), store)
}

impl ControlPlane for HttpPlane {
    fn call(&mut self, request: &PlaneRequest) -> Result<Vec<u8>, DriverError> {
        let method = match request.verb {
            Verb::Get => Method::Get,
            Verb::Post => Method::Post,
            Verb::Put => Method::Put,
            Verb::Patch => Method::Patch,
            Verb::Delete => Method::Delete,
        };
        let payload = request.body.clone().map_or(Payload::Nothing, Payload::Json);
        let answer = self.0.send(method, &request.path, payload);
        answer.map(|answer| answer.body).map_err(failed)
    }
}

/// A refusal keeps the name of its problem.
fn failed(error: RequestError) -> DriverError {
    match error.problem().map(str::to_owned) {
        Some(problem) => DriverError::refused(problem, error),
        None => DriverError::new(error),
    }
}
