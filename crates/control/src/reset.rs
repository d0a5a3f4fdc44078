//! `/reset` and `/v1/shutdown`: starting over, and leaving.

use axum::extract::State;
use axum::http::StatusCode;
use infostore::SnapshotId;
use serde::{Deserialize, Serialize};
use server::Beginning;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::{NoQuery, Nothing, OptionalBody, Store};
use crate::problem::{FieldError, Problem, ProblemType};
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
    /// What to go back to; `baseline` unless told.
    to: ResetTarget,
    /// Leaves the store with a manual clock at this time. Without it the clock is as at the start of the server. A snapshot has
    /// a clock of its own.
    now: Option<Time>,
}

/// What a reset goes back to.
#[derive(Clone, Copy, Serialize, Deserialize, Default, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ResetTarget {
    /// A store without any registry value. A registry in a file is left alone, and not read until a reset to the baseline.
    Empty,
    /// The store as it was started: with what its registry was given then, or with the file that it is in, as that is now.
    #[default]
    Baseline,
    /// The snapshot of this id, as POST /snapshots/{id}/restore does.
    Snapshot(u64),
}

/// Starts over: every session ends, clients, fault rules and the second node go, settings, users and build are as at the start, time
/// and the random streams start again, and so does the journal, in a new epoch. What is in the registry then is for `to` to
/// say. Snapshots stay. Answers when the store is quiescent.
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
    let ResetRequest { to, now } = request;
    let manual = now.map(|Time(now)| now);
    let cursor = match to {
        ResetTarget::Empty => store.reset_to(Beginning::Empty, manual).await?,
        ResetTarget::Baseline => store.reset_to(Beginning::Baseline, manual).await?,
        ResetTarget::Snapshot(_) if manual.is_some() => {
            let detail = "a snapshot brings its own time back";
            return Err(Problem::body(FieldError::at("#/now", detail)));
        }
        ResetTarget::Snapshot(id) => store.restore_snapshot(SnapshotId(id)).await?.cursor,
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
