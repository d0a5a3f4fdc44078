//! `/v1/stores`: the stores of this process, which share nothing but its descriptors.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use server::{
    AuthenticationChange, DEFAULT_STORE, KeepError, SettingsChange, StoreError, StoreHandle, View,
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::{Body, NamedStore, NoQuery, Params};
use crate::given::Given;
use crate::new_store::{NewStore, checked_ttl, pacing_change};
use crate::page::{Limit, take_page};
use crate::polls::checked_interval;
use crate::precondition::Precondition;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::scalars::{BuildText, Length, NameText};
use crate::setting_names::{DisconnectName, LevelName, PolicyModeName, WatchName};
use crate::store_fields::{Known, StoreState};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list, create)).routes(routes!(read, change, delete))
}

/// A page of stores, in the order of their names.
#[derive(Serialize, ToSchema)]
struct StoreList {
    /// The stores.
    items: Vec<StoreState>,
    /// The `after` of the next page; null when there is nothing more.
    next: Option<String>,
}

/// A page of a list that is ordered by name, and stable while the list changes.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct NamePage {
    /// Items at the most.
    #[serde(default)]
    #[param(inline, value_type = Option<Limit>)]
    limit: Limit,
    /// The name to begin after: the `next` of the page before.
    after: Option<String>,
}

/// Settings to change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StoreChange {
    /// How long it lives unless somebody asks for it, at least a second; null for a store that stays.
    #[serde(default)]
    #[schema(value_type = Option<Length>)]
    ttl: Given<Length>,
    /// Time between two polls, at least a millisecond; a new grid begins now.
    poll_interval: Option<Length>,
    /// Whether a value created after the start is followed. That it is takes effect at once, that it isn't at the next
    /// start of the service.
    registry_watch: Option<WatchName>,
    /// What happens to the connections of sessions that the store ends from now on.
    disconnect: Option<DisconnectName>,
    /// Whether the policy is acted on, as PATCH /policy/mode has it.
    policy_mode: Option<PolicyModeName>,
    /// Whether it takes clients that do not say who they are, from now on.
    anonymous: Option<bool>,
    /// How the call that opens a session has to be protected at least, from now on.
    min_auth_level: Option<LevelName>,
    /// Whether a store of Exchange 2007 gives out handles to wait for events with, from now on; those that it has given stay.
    async_notifications: Option<bool>,
    /// How long clients that connect from now on are told to go at most without asking for events, in whole milliseconds.
    polls_max: Option<Length>,
    /// How often they are told to make a call again that found the server too busy.
    #[schema(maximum = 4_294_967_295_u32)]
    retry: Option<u32>,
    /// How long they are told to wait before each, in whole milliseconds.
    retry_delay: Option<Length>,
    /// The build to install, as PATCH /build does.
    build: Option<BuildText>,
}

async fn show(
    app: &App,
    name: &str,
    handle: &StoreHandle,
) -> Result<Reply<StoreState>, StoreError> {
    let state = state(app, name, handle);
    let read = handle.read(move |view| (view.cursor(), state(view)));
    Ok(Reply::ok(read.await?))
}

/// What is shown of a store.
fn state(
    app: &App,
    name: &str,
    handle: &StoreHandle,
) -> impl FnOnce(View<'_>) -> StoreState + Send + use<> {
    let (stores, name, handle) = (Arc::clone(app.stores()), name.to_owned(), handle.clone());
    move |view| {
        let ttl = stores.ttl(&name);
        StoreState::new(view, Known { name, handle, ttl })
    }
}

/// Lists the stores of this process, by name. A store that is shown here is not asked for: its time to live goes on.
#[utoipa::path(
    get, path = "/v1/stores", tag = "stores",
    params(NamePage), responses((status = 200, body = StoreList)),
)]
async fn list(
    State(app): State<App>,
    Params(page): Params<NamePage>,
) -> Result<Json<StoreList>, Problem> {
    let stores = app.stores().after(page.after.as_deref()).into_iter();
    let (page, next) = take_page(stores, page.limit, |(name, _)| name.to_string());
    let mut items = Vec::new();
    for (name, handle) in page {
        match show(&app, name.as_str(), &handle).await {
            Ok(shown) => items.push(shown.into_body()),
            // It was deleted meanwhile.
            Err(StoreError::Stopped) if !app.stores().contains(name.as_str()) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Json(StoreList { items, next }))
}

/// Makes a store with a registry, a clock, a seed, sessions, faults, a journal and counters of its own, and an RPC port
/// where one is wanted. Answers when it has read its registry and its port is open.
#[utoipa::path(
    post, path = "/v1/stores", tag = "stores",
    request_body = NewStore,
    responses((
        status = 201, body = StoreState,
        headers(("Location" = String, description = "The path of the store")),
    )),
)]
async fn create(
    _: NoQuery,
    State(app): State<App>,
    Body(mut new): Body<NewStore>,
) -> Result<Response, Problem> {
    let options = new.options(app.stores(), reach(&app))?;
    let ttl = new.ttl()?;
    let NameText(name) = new.name;
    let path = format!("/v1/stores/{name}");
    let handle = Arc::clone(app.stores()).create(name.clone(), options, ttl).await?;
    let mut response =
        show(&app, name.as_str(), &handle).await?.with_status(StatusCode::CREATED).into_response();
    if let Ok(path) = HeaderValue::from_str(&path) {
        response.headers_mut().insert(header::LOCATION, path);
    }
    Ok(response)
}

/// The address on which `default` can be reached.
fn reach(app: &App) -> IpAddr {
    let rpc = app.stores().all().into_iter().find(|(name, _)| name.as_str() == DEFAULT_STORE);
    let rpc = rpc.and_then(|(_, store)| store.rpc_address());
    rpc.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.ip())
}

/// Shows a store.
#[utoipa::path(
    get, path = "/v1/stores/{store}", tag = "stores",
    responses((status = 200, body = StoreState)),
)]
async fn read(
    _: NoQuery,
    State(app): State<App>,
    store: NamedStore,
) -> Result<Reply<StoreState>, Problem> {
    Ok(show(&app, &store.name, &store.handle).await?)
}

/// Changes a store's settings: those that are named, and only if all of them can be. Its limits are fixed.
#[utoipa::path(
    patch, path = "/v1/stores/{store}", tag = "stores",
    request_body = StoreChange,
    responses((status = 200, body = StoreState)),
)]
async fn change(
    _: NoQuery,
    State(app): State<App>,
    store: NamedStore,
    when: Precondition,
    Body(change): Body<StoreChange>,
) -> Result<Reply<StoreState>, Problem> {
    let interval = change.poll_interval.map(|interval| checked_interval("poll_interval", interval));
    let interval = interval.transpose()?;
    let ttl = match change.ttl {
        Given::Absent => None,
        _ if store.name == DEFAULT_STORE => return Err(KeepError::Default.into()),
        Given::Null => Some(None),
        Given::Value(ttl) => Some(Some(checked_ttl(ttl)?)),
    };
    let settings = SettingsChange {
        poll_interval: interval,
        registry_watch: change.registry_watch.map(WatchName::into),
        disconnect: change.disconnect.map(DisconnectName::into),
        policy_mode: change.policy_mode.map(PolicyModeName::into),
        authentication: AuthenticationChange {
            anonymous: change.anonymous,
            min_level: change.min_auth_level.map(LevelName::into),
        },
        async_notifications: change.async_notifications,
        pacing: pacing_change(change.polls_max, change.retry, change.retry_delay)?,
        build: change.build.map(|BuildText(build)| build),
    };
    let (stores, name) = (Arc::clone(app.stores()), store.name.clone());
    let set_ttl = move || {
        if let Some(ttl) = ttl {
            // Whoever deletes the store meanwhile has no use for it.
            drop(stores.set_ttl(&name, ttl));
        }
    };
    let shown = state(&app, &store.name, &store.handle);
    let store_if = when.on(&store.handle, |view| Some(shown(view)));
    store_if.change_settings(settings, set_ttl).await?;
    Ok(show(&app, &store.name, &store.handle).await?)
}

/// Ends a store and forgets it: its sessions, its connections, its port. Answers when the last socket is closed and the
/// name is free. Another store of this name begins a new epoch, and none gets the port by asking for any.
#[utoipa::path(
    delete, path = "/v1/stores/{store}", tag = "stores",
    responses((status = 204, description = "The store is gone")),
)]
async fn delete(
    _: NoQuery,
    State(app): State<App>,
    store: NamedStore,
    when: Precondition,
) -> Result<StatusCode, Problem> {
    if when.is_given() {
        let shown = state(&app, &store.name, &store.handle);
        let store_if = when.on(&store.handle, |view| Some(shown(view)));
        app.stores().delete_if(&store.name, store_if).await?;
    } else {
        app.stores().delete(&store.name).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
