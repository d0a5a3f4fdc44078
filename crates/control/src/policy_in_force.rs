//! `/policy`: the rules in force, and what a text would mean.

use infostore::InfoStore;
use policy::{BlockList, Policy};
use registry_poll::{Reading, RegValue};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::{Body, NoQuery, Store};
use crate::list_meaning::{ListMeaning, ReadList};
use crate::list_text::{Item, process_items, version_items};
use crate::problem::{FieldError, Problem};
use crate::reply::Reply;
use crate::setting_names::PolicyModeName;
use crate::{explain, generations, policy_mode, preview};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(read))
        .routes(routes!(validate))
        .merge(policy_mode::routes())
        .merge(generations::routes())
        .merge(preview::routes())
        .merge(explain::routes())
}

/// The policy in force.
#[derive(Serialize, ToSchema)]
struct PolicyInForce {
    /// Its number since the start; 0 is the empty policy before the first.
    generation: u64,
    /// Whether it blocks nobody at all.
    off: bool,
    /// Whether it is acted on.
    mode: PolicyModeName,
    /// The build that runs.
    #[schema(example = "6.5.7651.19")]
    build: String,
    /// The list of programs.
    processes: ListInForce,
    /// The list of versions.
    versions: ListInForce,
}

/// A list of the policy in force.
#[derive(Serialize, ToSchema)]
struct ListInForce {
    /// Whether the build that runs reads the list's value; when not, the list is empty whatever the registry has.
    honoured: bool,
    /// The text that it was read from.
    text: String,
    /// What it blocks.
    items: Vec<Item>,
}

/// Texts to look at: of one list, or of both.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TextsToValidate {
    /// Names of executables, with `;` between them.
    #[schema(example = "mdl.exe, beta.exe")]
    processes: Option<String>,
    /// Versions and ranges, with `,` or `;` between them.
    #[schema(example = "-5.3164.0; 11.0.0-11.5703.0")]
    versions: Option<String>,
}

/// What the texts would mean.
#[derive(Serialize, ToSchema)]
struct Validation {
    /// The text as the list of programs; null when none was given.
    processes: Option<ListMeaning>,
    /// The text as the list of versions; null when none was given.
    versions: Option<ListMeaning>,
}

impl PolicyInForce {
    fn new(store: &InfoStore) -> Self {
        let (policy, build) = (store.policy(), store.running_build());
        let list = |list| ListInForce::new(policy, list, build.honours(list));
        Self {
            generation: store.generation().0,
            off: policy.is_off(),
            mode: store.settings().policy_mode.into(),
            build: build.to_string(),
            processes: list(BlockList::Processes),
            versions: list(BlockList::Versions),
        }
    }
}

impl ListInForce {
    fn new(policy: &Policy, list: BlockList, honoured: bool) -> Self {
        let (text, items) = match list {
            BlockList::Processes => (policy.processes().text(), process_items(policy.processes())),
            BlockList::Versions => (policy.versions().text(), version_items(policy.versions())),
        };
        Self { honoured, text: text.to_owned(), items }
    }
}

/// Shows the policy in force.
#[utoipa::path(
    get, path = "/v1/stores/{store}/policy", tag = "policy",
    responses((status = 200, body = PolicyInForce)),
)]
async fn read(_: NoQuery, Store(store): Store) -> Result<Reply<PolicyInForce>, Problem> {
    let read = store.read(|view| (view.cursor(), PolicyInForce::new(view.store())));
    Ok(Reply::ok(read.await?))
}

/// Says what texts would mean as block lists, and what looks wrong with them. Nothing changes.
#[utoipa::path(
    post, path = "/v1/stores/{store}/policy/validate", tag = "policy",
    request_body = TextsToValidate,
    responses((status = 200, body = Validation)),
)]
async fn validate(
    _: NoQuery,
    Store(store): Store,
    Body(texts): Body<TextsToValidate>,
) -> Result<Reply<Validation>, Problem> {
    let TextsToValidate { processes, versions } = texts;
    if processes.is_none() && versions.is_none() {
        return Err(Problem::body(FieldError::at("#", "give `processes`, `versions` or both")));
    }
    let processes = processes.map(|text| as_written(BlockList::Processes, &text));
    let versions = versions.map(|text| as_written(BlockList::Versions, &text));
    let read = store.read(move |view| {
        let meaning = |list: Option<ReadList>| list.map(|list| list.meaning(view.store()));
        (view.cursor(), Validation { processes: meaning(processes), versions: meaning(versions) })
    });
    Ok(Reply::ok(read.await?))
}

/// The text as a poll would read it, had it been written.
fn as_written(list: BlockList, text: &str) -> ReadList {
    ReadList::new(list, Reading::judge(Ok(Some(RegValue::sz(text)))))
}
