//! The routes, and the layers that every request passes.

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use tokio::sync::watch;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;

use crate::api_faults::disturb;
use crate::app::{App, ControlConfig, Signals};
use crate::entity_tag::add_tag;
use crate::finish::{finish, panicked, route_not_found, server_busy, time_out};
use crate::guard::guard;
use crate::idempotency::replay;
use crate::recording::record;
use crate::reply::add_cursor;
use crate::token::require_token;
use crate::{
    block_lists, build, client_groups, clients, cluster, dashboard, decisions, docs, event_totals,
    events, faults, fleets, health, info, logons, metrics, notifications, openapi, policy_in_force,
    polls, problems, reg_file, registry, reset, restart, scenarios, sessions, snapshots, stores,
    stream, time, token, transcript, users, waits,
};

/// The whole control plane as a service, for whoever brings a transport of their own: a test calls it in process.
pub fn router(config: ControlConfig) -> Router {
    let (shutdown, _) = watch::channel(false);
    let (_, draining) = watch::channel(false);
    routers(config, Signals { shutdown, draining }).plane
}

/// What requests are handed to.
#[derive(Clone, Debug)]
pub(crate) struct Routers {
    /// The whole control plane.
    pub(crate) plane: Router,
    /// For those that there is no connection for: it says so.
    pub(crate) busy: Router,
}

/// Both, for a server that can leave.
pub(crate) fn routers(config: ControlConfig, signals: Signals) -> Routers {
    let (routes, api) = routes().split_for_parts();
    let document = openapi::document(api, &config.version);
    let app = App::new(config, document, signals);
    // The last layer is the outermost: an id first, then the guard, the token, and the time that a request has.
    let plane = routes
        .merge(dashboard::routes())
        .merge(docs::routes())
        .fallback(route_not_found)
        .layer(from_fn(add_tag))
        .layer(from_fn_with_state(app.clone(), add_cursor))
        .layer(from_fn_with_state(app.clone(), record))
        .layer(from_fn_with_state(app.clone(), replay))
        .layer(from_fn_with_state(app.clone(), disturb))
        .layer(from_fn_with_state(app.clone(), time_out))
        .layer(from_fn_with_state(app.clone(), require_token))
        .layer(from_fn_with_state(app.clone(), guard))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(app.clone(), finish))
        .with_state(app.clone());
    let busy = Router::new()
        .fallback(server_busy)
        .layer(from_fn_with_state(app.clone(), finish))
        .with_state(app);
    Routers { plane, busy }
}

/// The routes for a scenario's driver within this process: whoever has it run was let in.
pub(crate) fn bare(app: &App) -> Router {
    let (routes, _) = routes().split_for_parts();
    routes
        .fallback(route_not_found)
        .layer(from_fn_with_state(app.clone(), record))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(app.clone(), finish))
        .with_state(app.clone())
}

fn routes() -> OpenApiRouter<App> {
    let modules = [
        info::routes(),
        token::routes(),
        problems::routes(),
        health::routes(),
        metrics::routes(),
        stores::routes(),
        build::routes(),
        restart::routes(),
        cluster::routes(),
        clients::routes(),
        client_groups::routes(),
        fleets::routes(),
        sessions::routes(),
        notifications::routes(),
        logons::routes(),
        transcript::routes(),
        block_lists::routes(),
        registry::routes(),
        reg_file::routes(),
        faults::routes(),
        users::routes(),
        polls::routes(),
        policy_in_force::routes(),
        decisions::routes(),
        time::routes(),
        events::routes(),
        snapshots::routes(),
        waits::routes(),
        stream::routes(),
        event_totals::routes(),
        reset::routes(),
        scenarios::routes(),
    ];
    modules.into_iter().fold(OpenApiRouter::default(), OpenApiRouter::merge)
}
