//! `/block-lists/{list}`: the two registry values that matter, by short names.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use infostore::{Cursor, list_value};
use policy::BlockList;
use registry_poll::{KeyPath, Reading, RegValue};
use serde::{Deserialize, Serialize};
use server::{ListChange, Polled, StoreError, StoreHandle, View};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::{Body, NoQuery, Params, Store, path_parameter};
use crate::list_meaning::{ListMeaning, ReadList};
use crate::list_text::ListName;
use crate::polls::PollAnswer;
use crate::precondition::{Precondition, Present};
use crate::problem::{Problem, ProblemType};
use crate::reply::Reply;
use crate::scalars::CursorText;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(read, write, delete))
}

/// A block list as the registry has it; the store learns of a change when it polls.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = BlockListState)]
struct ListState {
    /// The list.
    list: ListName,
    /// The name of the registry value.
    value: &'static str,
    /// The text; null when there is no value, or none to use.
    data: Option<String>,
    #[serde(flatten)]
    meaning: ListMeaning,
    /// The policy in force.
    generation: u64,
    /// The poll that applied this change; null unless `apply=now` asked for it.
    poll: Option<PollAnswer>,
}

/// A list to write.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ListText {
    /// Names of executables with `;` between them, or versions and ranges with `,` or `;`. It is written as a REG_SZ.
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
    /// Only when the store has not moved since this cursor, such as that of a preview; else 412.
    #[param(value_type = Option<String>, example = "1-42")]
    if_cursor: Option<CursorText>,
}

/// The list that the path names.
struct Named(BlockList);

impl FromRequestParts<App> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let name = path_parameter(parts, "list").await?;
        let list = BlockList::ALL.into_iter().find(|list| list.to_string() == name);
        list.map(Self).ok_or_else(|| {
            let name: String = name.chars().take(80).collect();
            let detail = format!("there is no block list `{name}`");
            Problem::new(ProblemType::BlockListNotFound, detail)
        })
    }
}

impl ListState {
    fn new(view: View<'_>, list: BlockList, poll: Option<PollAnswer>) -> Result<Self, StoreError> {
        let store = view.store();
        let read = ReadList::new(list, Reading::judge(Ok(value(view, list)?)));
        Ok(Self {
            list: list.into(),
            value: list.value_name(),
            data: read.text().map(ToOwned::to_owned),
            meaning: read.meaning(store),
            generation: store.generation().0,
            poll,
        })
    }
}

/// What is there: the list, whether or not the registry has a value of it.
fn present(view: View<'_>, list: BlockList) -> Result<Option<Present>, StoreError> {
    let is_written = value(view, list)?.is_some();
    let state = ListState::new(view, list, None)?;
    Ok(Some(Present::new(&state).written_if(is_written)))
}

fn value(view: View<'_>, list: BlockList) -> Result<Option<RegValue>, StoreError> {
    let tree = view.registry(None)?;
    Ok(tree.value(&KeyPath::parameters_system(), &list_value(list)).cloned())
}

/// Makes the change, polls if it is to be applied at once, and shows the list.
async fn changed(
    (store, when): (&StoreHandle, Precondition),
    list: BlockList,
    change: ListChange,
    ChangeQuery { apply, if_cursor }: ChangeQuery,
) -> Result<Reply<ListState>, Problem> {
    let store_if = when.on_present(store, move |view| present(view, list));
    let if_cursor: Option<Cursor> = if_cursor.map(|CursorText(cursor)| cursor);
    match apply {
        Apply::NextPoll => {
            store_if.change_list(list, change, if_cursor).await?;
            Ok(Reply::ok(shown(store, list, None).await?))
        }
        Apply::Now => {
            let polled = store_if.apply_list(list, change, if_cursor).await?;
            let shown = shown(store, list, Some(PollAnswer::from(&polled))).await?;
            Ok(match polled {
                Polled::Over(_) => Reply::ok(shown),
                Polled::Held(_) => Reply::accepted(shown),
            })
        }
    }
}

async fn shown(
    store: &StoreHandle,
    list: BlockList,
    poll: Option<PollAnswer>,
) -> Result<(Cursor, ListState), Problem> {
    store.read(move |view| Ok((view.cursor(), ListState::new(view, list, poll)?))).await?
}

/// Shows a block list as the registry has it, what it means, and whether it is in force.
#[utoipa::path(
    get, path = "/v1/stores/{store}/block-lists/{list}", tag = "block lists",
    params(("list" = ListName, Path, description = "`processes` or `versions`")),
    responses((status = 200, body = ListState)),
)]
async fn read(
    _: NoQuery,
    Store(store): Store,
    Named(list): Named,
) -> Result<Reply<ListState>, Problem> {
    shown(&store, list, None).await.map(Reply::ok)
}

/// Writes a block list. With `apply=now` the answer is 202 when a fault holds the poll's values back.
#[utoipa::path(
    put, path = "/v1/stores/{store}/block-lists/{list}", tag = "block lists",
    params(("list" = ListName, Path, description = "`processes` or `versions`"), ChangeQuery),
    request_body = ListText,
    responses((status = 200, body = ListState), (status = 202, body = ListState)),
)]
async fn write(
    Store(store): Store,
    Named(list): Named,
    Params(query): Params<ChangeQuery>,
    when: Precondition,
    Body(ListText { data }): Body<ListText>,
) -> Result<Reply<ListState>, Problem> {
    changed((&store, when), list, ListChange::Write(data), query).await
}

/// Deletes a block list's value. Where there is none, nothing changes. With `apply=now` the answer is 202 when a fault
/// holds the poll's values back.
#[utoipa::path(
    delete, path = "/v1/stores/{store}/block-lists/{list}", tag = "block lists",
    params(("list" = ListName, Path, description = "`processes` or `versions`"), ChangeQuery),
    responses((status = 200, body = ListState), (status = 202, body = ListState)),
)]
async fn delete(
    Store(store): Store,
    Named(list): Named,
    Params(query): Params<ChangeQuery>,
    when: Precondition,
) -> Result<Reply<ListState>, Problem> {
    changed((&store, when), list, ListChange::Delete, query).await
}
