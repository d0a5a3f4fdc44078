//! `/v1/stores`: the stores of this process.

use std::net::SocketAddr;

use axum::Json;
use axum::extract::State;
use infostore::{InfoStore, Limits};
use serde::{Deserialize, Serialize};
use server::{StoreHandle, View};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::{Body, NamedStore, NoQuery};
use crate::info::seed_text;
use crate::polls::set_interval;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::scalars::{BuildText, CursorText, Length, Time};
use crate::setting_names::{DisconnectName, WatchName};
use crate::time::ClockState;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list)).routes(routes!(read, change))
}

/// A store.
#[derive(Serialize, ToSchema)]
#[schema(as = Store)]
struct StoreState {
    /// Its name.
    name: String,
    /// Its RPC port; null when it has none.
    #[schema(value_type = Option<String>, example = "127.0.0.1:8136")]
    rpc: Option<SocketAddr>,
    /// The seed of its random streams, in hexadecimal.
    #[schema(example = "0x7")]
    seed: String,
    /// Where its journal stands.
    cursor: CursorText,
    /// Whether it admits clients.
    running: bool,
    /// The policy in force.
    generation: u64,
    /// Its clock.
    clock: ClockState,
    /// When the next poll ends, as far as is known; null while the service is stopped.
    next_poll: Option<Time>,
    /// Its settings.
    settings: StoreSettings,
    /// How many there are, and were.
    counts: StoreCounts,
}

/// The settings of a store.
#[derive(Serialize, ToSchema)]
struct StoreSettings {
    /// The build of the store service that is installed; it runs from the next start of the service on.
    build: BuildText,
    /// Time between two polls.
    poll_interval: Length,
    /// Whether a value that was not there when the service started is followed later.
    registry_watch: WatchName,
    /// What happens to the connections of sessions that the store ended.
    disconnect: DisconnectName,
    /// How much it takes; fixed when it was made.
    limits: StoreLimits,
}

/// How much a store takes.
#[derive(Serialize, ToSchema)]
struct StoreLimits {
    /// Sessions at a time.
    sessions: usize,
    /// Distinct combinations of process names and version at a time.
    classes: usize,
    /// Process names that one session may report.
    names_per_session: usize,
    /// Entries that the journal keeps.
    journal_entries: usize,
    /// Bytes that they may weigh.
    journal_bytes: usize,
    /// Polls that the ledger keeps.
    polls_kept: usize,
    /// Bytes that they may weigh.
    polls_bytes: usize,
    /// Snapshots that it holds.
    snapshots: usize,
    /// Bytes that they may weigh together.
    snapshot_bytes: usize,
}

/// How many there are, and were.
#[derive(Serialize, ToSchema)]
struct StoreCounts {
    /// Injected clients.
    clients: usize,
    /// Live sessions.
    sessions: usize,
    /// Live sessions without a process name, which no process list can hit.
    unidentified: usize,
    /// Distinct combinations of process names and version among the live sessions.
    classes: usize,
    /// Clients admitted since the start.
    admitted: u64,
    /// Clients refused since the start.
    refused: u64,
    /// Sessions that the store ended since the start.
    disconnected: u64,
}

/// The stores, by name.
#[derive(Serialize, ToSchema)]
struct StoreList {
    /// The stores.
    items: Vec<StoreState>,
}

/// Settings to change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StoreChange {
    /// Time between two polls, at least a millisecond; a new grid begins now.
    poll_interval: Option<Length>,
    /// Whether a value created after the start is followed. That it is takes effect at once, that it isn't at the next
    /// start of the service.
    registry_watch: Option<WatchName>,
    /// What happens to the connections of sessions that the store ends from now on.
    disconnect: Option<DisconnectName>,
    /// The build to install, as PATCH /build does.
    build: Option<BuildText>,
}

impl From<&InfoStore> for StoreSettings {
    fn from(store: &InfoStore) -> Self {
        let settings = store.settings();
        Self {
            build: BuildText(settings.build),
            poll_interval: Length(store.schedule().interval()),
            registry_watch: settings.registry_watch.into(),
            disconnect: settings.disconnect.into(),
            limits: settings.limits.into(),
        }
    }
}

impl From<Limits> for StoreLimits {
    fn from(limits: Limits) -> Self {
        Self {
            sessions: limits.sessions,
            classes: limits.classes,
            names_per_session: limits.names_per_session,
            journal_entries: limits.journal_entries,
            journal_bytes: limits.journal_bytes,
            polls_kept: limits.polls_kept,
            polls_bytes: limits.polls_bytes,
            snapshots: limits.snapshots,
            snapshot_bytes: limits.snapshot_bytes,
        }
    }
}

/// What the store's task knows, to be completed by what its handle knows.
fn state_of(view: View<'_>, name: String, handle: &StoreHandle) -> StoreState {
    let store = view.store();
    let counts = store.counts();
    StoreState {
        name,
        rpc: handle.rpc_address(),
        seed: seed_text(handle.seed()),
        cursor: CursorText(view.cursor()),
        running: store.is_running(),
        generation: store.generation().0,
        clock: ClockState::new(view),
        next_poll: view.next_poll().map(Time),
        settings: store.into(),
        counts: StoreCounts {
            clients: view.client_count(),
            sessions: counts.sessions,
            unidentified: counts.unidentified,
            classes: counts.classes,
            admitted: counts.admitted,
            refused: counts.refused,
            disconnected: counts.disconnected,
        },
    }
}

async fn show(name: String, handle: &StoreHandle) -> Result<Reply<StoreState>, Problem> {
    let known = handle.clone();
    let read = handle.read(move |view| (view.cursor(), state_of(view, name, &known)));
    Ok(Reply::ok(read.await?))
}

/// Lists the stores of this process.
#[utoipa::path(
    get, path = "/v1/stores", tag = "stores",
    responses((status = 200, body = StoreList)),
)]
async fn list(_: NoQuery, State(app): State<App>) -> Result<Json<StoreList>, Problem> {
    let mut items = Vec::new();
    for (name, handle) in app.stores().all() {
        items.push(show(name, &handle).await?.into_body());
    }
    Ok(Json(StoreList { items }))
}

/// Shows a store.
#[utoipa::path(
    get, path = "/v1/stores/{store}", tag = "stores",
    responses((status = 200, body = StoreState)),
)]
async fn read(_: NoQuery, store: NamedStore) -> Result<Reply<StoreState>, Problem> {
    show(store.name, &store.handle).await
}

/// Changes a store's settings: those that are named, and only if all of them can be.
#[utoipa::path(
    patch, path = "/v1/stores/{store}", tag = "stores",
    request_body = StoreChange,
    responses((status = 200, body = StoreState)),
)]
async fn change(
    _: NoQuery,
    store: NamedStore,
    Body(change): Body<StoreChange>,
) -> Result<Reply<StoreState>, Problem> {
    if let Some(interval) = change.poll_interval {
        set_interval(&store.handle, "poll_interval", interval).await?;
    }
    if let Some(watch) = change.registry_watch {
        store.handle.set_registry_watch(watch.into()).await?;
    }
    if let Some(mode) = change.disconnect {
        store.handle.set_disconnect(mode.into()).await?;
    }
    if let Some(BuildText(build)) = change.build {
        store.handle.install_build(build).await?;
    }
    show(store.name, &store.handle).await
}
