//! `/healthz`: whether the server lives, has started, and is of use, each with the list of what was checked.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use registry_poll::Reading;
use serde::Serialize;
use server::View;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::NoQuery;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(live)).routes(routes!(startup)).routes(routes!(ready))
}

/// The result of a health check: 200 when every check holds, else 503.
#[derive(Serialize, ToSchema)]
struct Health {
    /// Whether every check holds.
    ok: bool,
    /// What was checked.
    checks: Vec<Check>,
}

/// One thing that was checked.
#[derive(Clone, Serialize, ToSchema)]
struct Check {
    /// What was checked: `control`, `running`, `first_poll` or `registry`.
    name: &'static str,
    /// The store; null when it is not about one.
    store: Option<String>,
    /// Whether it holds.
    ok: bool,
    /// What is wrong, when it does not hold.
    detail: Option<String>,
}

impl Check {
    fn new(name: &'static str, problem: Option<String>) -> Self {
        Self { name, store: None, ok: problem.is_none(), detail: problem }
    }
}

impl IntoResponse for Health {
    fn into_response(self) -> Response {
        let status = if self.ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        (status, Json(self)).into_response()
    }
}

impl Health {
    fn of(checks: Vec<Check>) -> Self {
        Self { ok: checks.iter().all(|check| check.ok), checks }
    }

    /// The same checks on every store.
    async fn of_stores(app: &App, check: fn(View<'_>) -> Vec<Check>) -> Self {
        let mut checks = vec![Check::new("control", None)];
        for (name, store) in app.stores().all() {
            let of_store = match store.read(check).await {
                Ok(of_store) => of_store,
                // It was deleted meanwhile.
                Err(_) if !app.stores().contains(name.as_str()) => continue,
                Err(error) => vec![Check::new("running", Some(error.to_string()))],
            };
            let named = |check: Check| Check { store: Some(name.to_string()), ..check };
            checks.extend(of_store.into_iter().map(named));
        }
        Self::of(checks)
    }
}

/// The store has started: it has read the registry once, and admits clients.
fn started(view: View<'_>) -> Vec<Check> {
    let problem = |holds: bool, problem: &str| (!holds).then(|| problem.to_owned());
    let first_poll = view.store().polls().len() > 0;
    vec![
        Check::new("running", problem(view.store().is_running(), "the store admits nobody")),
        Check::new("first_poll", problem(first_poll, "the registry has not been read yet")),
    ]
}

/// The store is of use: it has started, and its last poll could read the registry.
fn usable(view: View<'_>) -> Vec<Check> {
    let mut checks = started(view);
    checks.push(Check::new("registry", unreadable(view)));
    checks
}

/// What the last poll could not read, and what is in force therefore (A9, A30).
fn unreadable(view: View<'_>) -> Option<String> {
    let last = view.store().polls().next_back()?;
    let failed = last.reads.iter().find_map(|read| match read.reading.as_deref() {
        Some(Reading::Unreadable(error)) => Some((read.list, error)),
        Some(Reading::NotFound | Reading::Invalid(_) | Reading::Text(_)) | None => None,
    });
    let (list, error) = failed?;
    let value = list.value_name();
    let in_force = if view.store().knows(list) {
        "the list as it was last read is in force"
    } else {
        "it has not been read since the service started, so the list is off"
    };
    Some(format!("poll {} could not read `{value}`: {error}; {in_force}", last.poll.number.0))
}

/// Says whether the server answers at all.
#[utoipa::path(
    get, path = "/healthz/live", tag = "health",
    responses((status = 200, body = Health)),
)]
async fn live(_: NoQuery) -> Health {
    Health::of(vec![Check::new("control", None)])
}

/// Says whether every store has started: the registry was read, and clients are admitted.
#[utoipa::path(
    get, path = "/healthz/startup", tag = "health",
    responses((status = 200, body = Health), (status = 503, body = Health, description = "A check does not hold")),
)]
async fn startup(_: NoQuery, State(app): State<App>) -> Health {
    Health::of_stores(&app, started).await
}

/// Says whether every store is of use: it has started, and its last poll could read the registry. A store whose last poll
/// could not is not ready even while it goes by a list that it read before: it sees no edit.
#[utoipa::path(
    get, path = "/healthz/ready", tag = "health",
    responses((status = 200, body = Health), (status = 503, body = Health, description = "A check does not hold")),
)]
async fn ready(_: NoQuery, State(app): State<App>) -> Health {
    Health::of_stores(&app, usable).await
}
