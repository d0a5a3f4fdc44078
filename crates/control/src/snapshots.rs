//! `/snapshots`: a store as it was, to go back to.

use axum::http::StatusCode;
use infostore::SnapshotId;
use serde::{Deserialize, Serialize};
use server::{RestoredStore, SnapshotInfo, View};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::clock_mode::Mode;
use crate::extract::{Id, NoQuery, Nothing, Numbered, OptionalBody, Params, Store};
use crate::page::{Page, take_page};
use crate::precondition::Precondition;
use crate::problem::{FieldError, Problem};
use crate::reply::Reply;
use crate::scalars::{CursorText, Time};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list, take))
        .routes(routes!(read, remove))
        .routes(routes!(restore))
}

/// The version of what a snapshot holds.
const FORMAT: u32 = 2;

/// Characters in a snapshot's name.
const MAX_NAME: usize = 100;

/// A snapshot of a store.
#[derive(Serialize, ToSchema)]
#[schema(as = Snapshot)]
struct SnapshotState {
    /// Its id in the store, from 1; never used again, not even after a reset.
    id: u64,
    /// The name that it was given; a label, which several may share.
    name: Option<String>,
    /// The version of what it holds: another one means that snapshots hold more, or less.
    #[schema(example = 2)]
    format: u32,
    /// Where the journal stood when it was taken.
    cursor: CursorText,
    /// Store time when it was taken, which it brings back.
    now: Time,
    /// How time moved, which it brings back too.
    clock: Mode,
    /// Whether it brings the registry back: not so when that is in a file, which stays as its owner has it.
    registry: bool,
    /// What it holds.
    counts: SnapshotCounts,
    /// Bytes that it takes, about. What is shared with other snapshots is counted with each.
    bytes: usize,
}

/// What a snapshot holds.
#[derive(Serialize, ToSchema)]
struct SnapshotCounts {
    /// Injected clients. Those over the pipe come back as they were, those over TCP without their connections.
    clients: usize,
    /// Sessions that come back.
    sessions: usize,
    /// Sessions over TCP, which end when it is restored.
    lost_sessions: usize,
    /// Fault rules, with their counters.
    faults: usize,
    /// The policy in force.
    generation: u64,
}

/// The snapshot to take; every field may be left out.
#[derive(Deserialize, Default, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct NewSnapshot {
    /// A label of 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100, example = "arranged")]
    name: Option<String>,
}

/// A page of snapshots, oldest first.
#[derive(Serialize, ToSchema)]
struct SnapshotPage {
    /// The snapshots.
    items: Vec<SnapshotState>,
    /// The `after` of the next page; null when there is nothing more.
    next: Option<u64>,
}

/// A store that was restored.
#[derive(Serialize, ToSchema)]
#[schema(as = RestoredStore)]
struct Restored {
    /// The place in the journal, in its new epoch.
    cursor: CursorText,
    /// What was restored.
    snapshot: SnapshotState,
    /// Connections of foreign clients that have been told to close and are still open.
    foreign_pending: usize,
}

impl From<&SnapshotInfo> for SnapshotState {
    fn from(info: &SnapshotInfo) -> Self {
        Self {
            id: info.id.0,
            name: info.name.clone(),
            format: FORMAT,
            cursor: CursorText(info.taken_at),
            now: Time(info.now),
            clock: Mode(info.clock),
            registry: !info.keeps_registry,
            counts: SnapshotCounts {
                clients: info.clients,
                sessions: info.sessions.saturating_sub(info.lost_sessions),
                lost_sessions: info.lost_sessions,
                faults: info.faults,
                generation: info.generation.0,
            },
            bytes: info.bytes,
        }
    }
}

impl NewSnapshot {
    fn name(self) -> Result<Option<String>, Problem> {
        let wrong = |detail| Err(Problem::body(FieldError::at("#/name", detail)));
        match self.name {
            Some(name) if name.is_empty() => wrong("it is empty; leave it out, or name it"),
            Some(name) if MAX_NAME < name.chars().count() => {
                wrong("a name has at most 100 characters")
            }
            name => Ok(name),
        }
    }
}

fn state(view: View<'_>, id: SnapshotId) -> Option<SnapshotState> {
    view.snapshot(id).map(SnapshotState::from)
}

/// Lists the snapshots, oldest first.
#[utoipa::path(
    get, path = "/v1/stores/{store}/snapshots", tag = "snapshots",
    params(Page), responses((status = 200, body = SnapshotPage)),
)]
async fn list(
    Store(store): Store,
    Params(page): Params<Page>,
) -> Result<Reply<SnapshotPage>, Problem> {
    let read = store.read(move |view| {
        let after = page.after.map(SnapshotId);
        let (items, next) = take_page(view.snapshots_after(after), page.limit, |info| info.id.0);
        let items = items.into_iter().map(SnapshotState::from).collect();
        (view.cursor(), SnapshotPage { items, next })
    });
    Ok(Reply::ok(read.await?))
}

/// Takes a snapshot of the whole store once it is quiescent: settings, users, policy, sessions, registry, fault rules, time,
/// random
/// streams, injected clients. It belongs to the store: a reset leaves it, and it goes with the store.
#[utoipa::path(
    post, path = "/v1/stores/{store}/snapshots", tag = "snapshots",
    request_body(content = Option<NewSnapshot>),
    responses((status = 201, body = SnapshotState)),
)]
async fn take(
    _: NoQuery,
    Store(store): Store,
    OptionalBody(new): OptionalBody<NewSnapshot>,
) -> Result<Reply<SnapshotState>, Problem> {
    let info = store.take_snapshot(new.name()?).await?;
    let cursor = store.read(|view| view.cursor()).await?;
    Ok(Reply::created((cursor, SnapshotState::from(&info))))
}

/// Shows a snapshot.
#[utoipa::path(
    get, path = "/v1/stores/{store}/snapshots/{id}", tag = "snapshots",
    params(("id" = u64, Path, description = "The snapshot's id")),
    responses((status = 200, body = SnapshotState)),
)]
async fn read(
    _: NoQuery,
    Store(store): Store,
    Id(id): Id<SnapshotId>,
) -> Result<Reply<SnapshotState>, Problem> {
    let read = store.read(move |view| Some((view.cursor(), state(view, id)?)));
    read.await?.map(Reply::ok).ok_or_else(|| SnapshotId::missing(id.0))
}

/// Drops a snapshot.
#[utoipa::path(
    delete, path = "/v1/stores/{store}/snapshots/{id}", tag = "snapshots",
    params(("id" = u64, Path, description = "The snapshot's id")),
    responses((status = 204, description = "The snapshot is gone")),
)]
async fn remove(
    _: NoQuery,
    Store(store): Store,
    Id(id): Id<SnapshotId>,
    when: Precondition,
) -> Result<StatusCode, Problem> {
    when.on(&store, move |view| state(view, id)).delete_snapshot(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Goes back to a snapshot. The service ends, and with it every connection over TCP; then the store goes on as it was when the
/// snapshot was taken, in a new epoch whose first event is `store.restored`. Clients over the pipe are connected as they were,
/// in the same sessions; those over TCP find their connections gone, and their sessions end with the reason `transport`. Store
/// time goes back too, and moves on from there. Answers when the store is quiescent.
#[utoipa::path(
    post, path = "/v1/stores/{store}/snapshots/{id}/restore", tag = "snapshots",
    params(("id" = u64, Path, description = "The snapshot's id")),
    request_body(content = Option<Nothing>),
    responses((status = 200, body = Restored)),
)]
async fn restore(
    _: NoQuery,
    Store(store): Store,
    Id(id): Id<SnapshotId>,
    OptionalBody(Nothing {}): OptionalBody<Nothing>,
) -> Result<Reply<Restored>, Problem> {
    let RestoredStore { cursor, snapshot, foreign_pending } = store.restore_snapshot(id).await?;
    let restored =
        Restored { cursor: CursorText(cursor), snapshot: (&snapshot).into(), foreign_pending };
    Ok(Reply::ok((cursor, restored)))
}
