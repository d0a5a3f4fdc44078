//! `/v1/info` and the OpenAPI document: what this server is.

use std::net::SocketAddr;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use infostore::Limits;
use serde::Serialize;
use server::DEFAULT_STORE;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::clock_mode::Mode;
use crate::extract::NoQuery;
use crate::problem::{Problem, ProblemType};
use crate::scalars::{Length, SeedText};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(info)).routes(routes!(openapi))
}

/// What this server is, and how its default store was set up.
#[derive(Serialize, ToSchema)]
struct Info {
    /// The program's version.
    version: String,
    /// This run of the server, which every answer has as `Exstore-Run`. After a restart it is another, and cursors that were told
    /// before mean nothing.
    #[schema(example = "9f3c0a61d2b8e475")]
    run: String,
    /// Every open port.
    listeners: Vec<Listener>,
    /// The seed of the default store's random streams, in hexadecimal.
    seed: SeedText,
    /// How the default store's time moves.
    clock: Mode,
    /// The simulated build of Store.exe.
    #[schema(example = "6.5.7651.19")]
    build: String,
    /// How much the server and the default store take.
    limits: InfoLimits,
}

/// An open port.
#[derive(Serialize, ToSchema)]
struct Listener {
    /// `control`, or `rpc` or `epm` (its endpoint mapper) of a store.
    kind: &'static str,
    /// The store; null for the control plane.
    store: Option<String>,
    /// Address and port.
    #[schema(value_type = String, example = "127.0.0.1:8135")]
    address: SocketAddr,
}

/// How much the server and the default store take.
#[derive(Serialize, ToSchema)]
struct InfoLimits {
    /// Sessions at a time.
    sessions: usize,
    /// Distinct combinations of process names and version at a time.
    classes: usize,
    /// Process names that one session may report.
    names_per_session: usize,
    /// Entries that the journal keeps.
    journal_entries: usize,
    /// Polls that the ledger keeps.
    polls_kept: usize,
    /// Bytes that they may weigh, with the texts of the lists.
    polls_bytes: usize,
    /// Stores in the process, `default` among them.
    stores: usize,
    /// TCP connections of all stores together.
    rpc_connections: usize,
    /// Bytes of a request's body.
    body_bytes: usize,
    /// Bytes of a body that is a `.reg` file.
    reg_file_bytes: usize,
    /// Clients that one request may inject.
    clients_per_request: usize,
    /// Bytes of all bodies that are under way.
    bodies_bytes: usize,
    /// Bytes of a request's first line and headers.
    head_bytes: usize,
    /// Headers of a request.
    headers: usize,
    /// Connections to the control plane at a time.
    connections: usize,
    /// For the head of a request to come, from its first byte on.
    head_timeout: Length,
    /// For a body to come.
    body_timeout: Length,
    /// Until a connection is closed on which nothing is asked.
    idle_timeout: Length,
    /// Until a connection is closed whose peer takes nothing of what it asked for.
    write_timeout: Length,
    /// Until a request is answered with a problem.
    request_timeout: Length,
    /// Requests with an Idempotency-Key that are remembered of a store.
    idempotency_keys: usize,
    /// Bytes that the answers to them take, about, over all stores.
    idempotency_bytes: usize,
    /// Streams of events at a time, over all stores.
    streams: usize,
    /// Bytes of events that may wait for a stream's reader, about, before it is closed.
    stream_backlog_bytes: usize,
    /// Wall time after which a stream on which nothing happens says so.
    stream_heartbeat: Length,
}

impl InfoLimits {
    fn new(store: Limits, app: &App) -> Self {
        let (control, stores) = (app.config().limits, app.stores());
        Self {
            stores: stores.most(),
            rpc_connections: stores.max_connections(),
            sessions: store.sessions,
            classes: store.classes,
            names_per_session: store.names_per_session,
            journal_entries: store.journal_entries,
            polls_kept: store.polls_kept,
            polls_bytes: store.polls_bytes,
            body_bytes: control.body_bytes,
            reg_file_bytes: control.reg_file_bytes,
            clients_per_request: control.clients_per_request,
            bodies_bytes: control.bodies_bytes,
            head_bytes: control.head_bytes,
            headers: control.headers,
            connections: control.connections,
            head_timeout: Length(control.head_timeout),
            body_timeout: Length(control.body_timeout),
            idle_timeout: Length(control.idle_timeout),
            write_timeout: Length(control.write_timeout),
            request_timeout: Length(control.request_timeout),
            idempotency_keys: control.idempotency_keys,
            idempotency_bytes: control.idempotency_bytes,
            streams: control.streams,
            stream_backlog_bytes: control.stream_backlog_bytes,
            stream_heartbeat: Length(control.stream_heartbeat),
        }
    }
}

fn listeners(app: &App) -> Vec<Listener> {
    let control = Listener { kind: "control", store: None, address: app.config().address };
    let stores = app.stores().all().into_iter().flat_map(|(name, store)| {
        let ports = [("rpc", store.rpc_address()), ("epm", store.epm_address())];
        ports.into_iter().filter_map(move |(kind, address)| {
            Some(Listener { kind, store: Some(name.to_string()), address: address? })
        })
    });
    std::iter::once(control).chain(stores).collect()
}

/// Says what this server is.
#[utoipa::path(get, path = "/v1/info", tag = "server", responses((status = 200, body = Info)))]
async fn info(_: NoQuery, State(app): State<App>) -> Result<Json<Info>, Problem> {
    let store = app.stores().get(DEFAULT_STORE);
    let gone = || Problem::new(ProblemType::StoreStopped, "the default store is gone");
    let store = store.ok_or_else(gone)?;
    let (mode, settings) =
        store.read(|view| (view.clock_mode(), view.store().settings().clone())).await?;
    Ok(Json(Info {
        version: app.config().version.clone(),
        run: app.run(),
        listeners: listeners(&app),
        seed: SeedText(store.seed()),
        clock: Mode(mode),
        build: settings.build.to_string(),
        limits: InfoLimits::new(settings.limits, &app),
    }))
}

/// Describes every route, parameter, body and answer, as OpenAPI 3.1.
#[utoipa::path(
    get, path = "/v1/openapi.json", tag = "server",
    responses((status = 200, description = "The OpenAPI document", content_type = "application/json")),
)]
async fn openapi(_: NoQuery, State(app): State<App>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], app.openapi().to_owned()).into_response()
}
