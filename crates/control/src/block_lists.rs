//! `/block-lists/processes`: the one registry value that matters, by a short name.

use infostore::process_list_value;
use policy::ProcessList;
use registry_poll::{KeyPath, Reading, RegValue};
use serde::{Deserialize, Serialize};
use server::{StoreHandle, View};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::{Body, NoQuery, Params, Store};
use crate::list_text::{Item, LintText, items, lints};
use crate::polls::Poll;
use crate::problem::Problem;
use crate::reply::Reply;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(read, write, delete))
}

/// The list of programs as the registry has it; the store learns of a change when it polls.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ProcessList)]
struct ProcessListState {
    /// The text; null when there is no value, or none to use.
    data: Option<String>,
    /// Why the value can't be used; null when it can, or when there is none.
    problem: Option<String>,
    /// The programs that the text names.
    items: Vec<Item>,
    /// What there is to say about the text.
    lints: Vec<LintText>,
    /// Whether the policy in force blocks exactly these programs.
    in_force: bool,
    /// The policy in force.
    generation: u64,
    /// The poll that applied this change; null unless `apply=now` asked for it.
    poll: Option<Poll>,
}

/// A list to write.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProcessListText {
    /// Names of executables, with `;` between them. It is written as a REG_SZ.
    #[schema(example = "mdl.exe; beta.exe")]
    data: String,
}

/// When a change takes effect.
#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Apply {
    /// With the next poll, as the article says.
    #[default]
    NextPoll,
    /// With a poll that runs at once; the answer waits for it.
    Now,
}

/// How to change the list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ChangeQuery {
    /// When the change takes effect: `next_poll` unless told.
    #[serde(default)]
    #[param(inline, value_type = Option<Apply>)]
    apply: Apply,
}

impl ProcessListState {
    fn new(view: View<'_>, poll: Option<Poll>) -> Self {
        let reading = Reading::judge(Ok(value(view)));
        let parsed = ProcessList::parse(reading.text().unwrap_or_default());
        let said = if reading.text().is_some() { lints(&parsed.lints) } else { Vec::new() };
        let items = items(&parsed.value);
        let store = view.store();
        Self {
            data: reading.text().map(ToOwned::to_owned),
            problem: match &reading {
                Reading::Invalid(invalid) => Some(invalid.to_string()),
                Reading::Unreadable(error) => Some(error.to_string()),
                Reading::NotFound | Reading::Text(_) => None,
            },
            items,
            lints: said,
            in_force: *store.policy().processes() == parsed.value,
            generation: store.generation().0,
            poll,
        }
    }
}

fn value(view: View<'_>) -> Option<RegValue> {
    let values = view.key(&KeyPath::parameters_system())?;
    let name = process_list_value();
    values.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// Polls, if the change is to be applied at once, and shows the list.
async fn applied(store: &StoreHandle, apply: Apply) -> Result<Reply<ProcessListState>, Problem> {
    let poll = match apply {
        Apply::NextPoll => None,
        Apply::Now => Some(Poll::from(&store.poll_now().await?)),
    };
    let read = |view: View<'_>| (view.cursor(), ProcessListState::new(view, poll));
    Ok(Reply::ok(store.read(read).await?))
}

/// Shows the list of programs as the registry has it, what it means, and whether it is in force.
#[utoipa::path(
    get, path = "/v1/stores/{store}/block-lists/processes", tag = "block lists",
    responses((status = 200, body = ProcessListState)),
)]
async fn read(_: NoQuery, Store(store): Store) -> Result<Reply<ProcessListState>, Problem> {
    applied(&store, Apply::NextPoll).await
}

/// Writes the list of programs.
#[utoipa::path(
    put, path = "/v1/stores/{store}/block-lists/processes", tag = "block lists",
    params(ChangeQuery), request_body = ProcessListText,
    responses((status = 200, body = ProcessListState)),
)]
async fn write(
    Store(store): Store,
    Params(query): Params<ChangeQuery>,
    Body(list): Body<ProcessListText>,
) -> Result<Reply<ProcessListState>, Problem> {
    let value = RegValue::sz(&list.data);
    store.set_value(KeyPath::parameters_system(), process_list_value(), value).await?;
    applied(&store, query.apply).await
}

/// Deletes the value. Where there is none, nothing changes.
#[utoipa::path(
    delete, path = "/v1/stores/{store}/block-lists/processes", tag = "block lists",
    params(ChangeQuery),
    responses((status = 200, body = ProcessListState)),
)]
async fn delete(
    Store(store): Store,
    Params(query): Params<ChangeQuery>,
) -> Result<Reply<ProcessListState>, Problem> {
    store.delete_value(KeyPath::parameters_system(), process_list_value()).await?;
    applied(&store, query.apply).await
}
