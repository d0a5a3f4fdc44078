//! `/policy/mode`: whether the policy is acted on, or only watched.

use infostore::InfoStore;
use serde::{Deserialize, Serialize};
use server::StoreHandle;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::{Body, NoQuery, Store};
use crate::precondition::Precondition;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::setting_names::PolicyModeName;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(read, change))
}

/// Whether the policy is acted on, and what that comes to.
#[derive(Serialize, ToSchema)]
#[schema(as = PolicyModeState)]
struct ModeState {
    /// Whether it is acted on.
    mode: PolicyModeName,
    /// The policy in force.
    generation: u64,
    /// Live sessions that the policy forbids: those that `enforce` would end at once. None while it is enforced.
    forbidden: usize,
    /// Sessions that the policy would have kept from opening or ended since the start, had it been enforced.
    would_block: u64,
}

/// The mode to set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ModeChange {
    /// `enforce` ends every session that the policy forbids; `audit` brings nobody back.
    mode: PolicyModeName,
}

impl From<&InfoStore> for ModeState {
    fn from(store: &InfoStore) -> Self {
        Self {
            mode: store.settings().policy_mode.into(),
            generation: store.generation().0,
            forbidden: store.forbidden_count(),
            would_block: store.counts().would_block,
        }
    }
}

async fn show(store: &StoreHandle) -> Result<Reply<ModeState>, Problem> {
    Ok(Reply::ok(store.read(|view| (view.cursor(), view.store().into())).await?))
}

/// Shows whether the policy is acted on, and whom it would end if it were from now on.
#[utoipa::path(
    get, path = "/v1/stores/{store}/policy/mode", tag = "policy", operation_id = "policy_mode",
    responses((status = 200, body = ModeState)),
)]
async fn read(_: NoQuery, Store(store): Store) -> Result<Reply<ModeState>, Problem> {
    show(&store).await
}

/// Sets whether the policy is acted on. With `audit` everything is decided and journalled as `session.would_block`, and
/// nobody is refused or disconnected for it. With `enforce` every session that the policy forbids is ended: the answer comes
/// when they are gone. The mode outlasts a restart of the service; a reset brings back that of the start.
#[utoipa::path(
    patch, path = "/v1/stores/{store}/policy/mode", tag = "policy", operation_id = "set_policy_mode",
    request_body = ModeChange,
    responses((status = 200, body = ModeState)),
)]
async fn change(
    _: NoQuery,
    Store(store): Store,
    when: Precondition,
    Body(change): Body<ModeChange>,
) -> Result<Reply<ModeState>, Problem> {
    let store_if = when.on(&store, |view| Some(ModeState::from(view.store())));
    store_if.set_policy_mode(change.mode.into()).await?;
    show(&store).await
}
