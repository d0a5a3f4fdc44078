//! `/policy`: the rules in force, and what a text would mean.

use policy::ProcessList;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::explain;
use crate::extract::{Body, NoQuery, Store};
use crate::list_text::{Item, LintText, lints, process_items};
use crate::problem::Problem;
use crate::reply::Reply;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(read))
        .routes(routes!(validate))
        .merge(explain::routes())
}

/// The policy in force.
#[derive(Serialize, ToSchema)]
struct PolicyInForce {
    /// Its number since the start; 0 is the empty policy before the first.
    generation: u64,
    /// Whether it blocks nobody at all.
    off: bool,
    /// The text that it was read from.
    text: String,
    /// The programs that it blocks.
    items: Vec<Item>,
}

/// A text to look at.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TextToValidate {
    /// Names of executables, with `;` between them.
    #[schema(example = "mdl.exe, beta.exe")]
    data: String,
}

/// What a text would mean.
#[derive(Serialize, ToSchema)]
struct Validation {
    /// The programs that it would block.
    items: Vec<Item>,
    /// What there is to say about it.
    lints: Vec<LintText>,
    /// Whether the policy in force blocks exactly these programs.
    in_force: bool,
}

/// Shows the policy in force.
#[utoipa::path(
    get, path = "/v1/stores/{store}/policy", tag = "policy",
    responses((status = 200, body = PolicyInForce)),
)]
async fn read(_: NoQuery, Store(store): Store) -> Result<Reply<PolicyInForce>, Problem> {
    let read = store.read(|view| {
        let policy = view.store().policy();
        let shown = PolicyInForce {
            generation: view.store().generation().0,
            off: policy.is_off(),
            text: policy.processes().text().to_owned(),
            items: process_items(policy.processes()),
        };
        (view.cursor(), shown)
    });
    Ok(Reply::ok(read.await?))
}

/// Says what a text would mean as a list of programs, and what looks wrong with it. Nothing changes.
#[utoipa::path(
    post, path = "/v1/stores/{store}/policy/validate", tag = "policy",
    request_body = TextToValidate,
    responses((status = 200, body = Validation)),
)]
async fn validate(
    _: NoQuery,
    Store(store): Store,
    Body(text): Body<TextToValidate>,
) -> Result<Reply<Validation>, Problem> {
    let parsed = ProcessList::parse(&text.data);
    let (items, lints) = (process_items(&parsed.value), lints(&parsed.lints));
    let read = store.read(move |view| {
        let in_force = *view.store().policy().processes() == parsed.value;
        (view.cursor(), Validation { items, lints, in_force })
    });
    Ok(Reply::ok(read.await?))
}
