//! `/reset` and `/v1/shutdown`: starting over, and leaving.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::{NoQuery, Nothing, OptionalBody, Store};
use crate::problem::{Problem, ProblemType};
use crate::reply::Reply;
use crate::scalars::{CursorText, Time};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(reset)).routes(routes!(shutdown))
}

/// Where a store that was reset begins.
#[derive(Serialize, ToSchema)]
#[schema(as = Reset)]
struct ResetDone {
    /// The place in the journal, in its new epoch.
    cursor: CursorText,
}

/// How to start over; every field may be left out.
#[derive(Deserialize, Default, ToSchema)]
#[schema(as = ResetRequest)]
#[serde(deny_unknown_fields, default)]
struct ResetRequest {
    /// Leaves the store with a manual clock at this time. Without it the clock is as at the start of the server.
    now: Option<Time>,
}

/// Empties the store: every session ends, clients, registry values, fault rules and the second node go, settings and build
/// are as at the start, time and the random streams start again, and so does the journal, in a new epoch. A registry in a
/// file stays as it is.
#[utoipa::path(
    post, path = "/v1/stores/{store}/reset", tag = "stores",
    request_body(content = Option<ResetRequest>),
    responses((status = 200, body = ResetDone)),
)]
async fn reset(
    _: NoQuery,
    Store(store): Store,
    OptionalBody(request): OptionalBody<ResetRequest>,
) -> Result<Reply<ResetDone>, Problem> {
    let cursor = match request.now {
        Some(Time(now)) => store.reset_to(now).await?,
        None => store.reset().await?,
    };
    Ok(Reply::ok((cursor, ResetDone { cursor: CursorText(cursor) })))
}

/// Asks the server to drain and leave.
#[utoipa::path(
    post, path = "/v1/shutdown", tag = "server",
    request_body(content = Option<Nothing>),
    responses((status = 202, description = "The server is leaving")),
)]
async fn shutdown(
    _: NoQuery,
    State(app): State<App>,
    OptionalBody(Nothing {}): OptionalBody<Nothing>,
) -> Result<StatusCode, Problem> {
    if !app.config().allow_shutdown {
        let detail = "this server was not started with the permission to be shut down";
        return Err(Problem::new(ProblemType::ShutdownNotAllowed, detail));
    }
    app.request_shutdown();
    Ok(StatusCode::ACCEPTED)
}
