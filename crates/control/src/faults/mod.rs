//! `/faults`: what goes wrong on demand. A rule has a match, an effect and a schedule.

mod effect;
mod matching;
mod rule;
mod schedule;

use axum::extract::State;
use axum::http::StatusCode;
use infostore::FaultMatch;
use registry_poll::FaultId;
use serde::{Deserialize, Serialize};
use server::{FaultChange, StoreHandle, View};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use self::matching::StageName;
pub(crate) use self::rule::FaultRuleText;
use self::rule::{FaultState, NewFault};
pub(crate) use self::schedule::{ScheduleText, pointer};
use crate::api_faults::check_operation;
use crate::app::App;
use crate::extract::{Body, Id, NoQuery, Numbered, Params, Store};
use crate::given;
use crate::page::{Page, take_page};
use crate::precondition::Precondition;
use crate::problem::{FieldError, Problem};
use crate::reply::Reply;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list, add)).routes(routes!(read, change, remove))
}

/// A page of fault rules, oldest first.
#[derive(Serialize, ToSchema)]
struct Faults {
    /// The rules.
    items: Vec<FaultState>,
    /// The `after` of the next page; null when there is nothing more.
    next: Option<u64>,
}

/// What to change of a fault rule; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FaultChange)]
struct ChangeRequest {
    /// Whether it rests: it sees and hits nothing, and lets go of what it holds.
    paused: Option<bool>,
    /// Another schedule in place of the one that it has. It counts from now on; `seen` and `hits` go on.
    #[serde(default, deserialize_with = "given::optional_object")]
    schedule: Option<ScheduleText>,
}

fn at(pointer: &str, detail: impl Into<String>) -> Problem {
    Problem::body(FieldError::at(pointer, detail))
}

fn state(view: View<'_>, id: FaultId) -> Option<FaultState> {
    view.faults().get(id).map(FaultState::from)
}

async fn show(store: &StoreHandle, id: FaultId) -> Result<Reply<FaultState>, Problem> {
    let found = store.read(move |view| Some((view.cursor(), state(view, id)?))).await?;
    found.map(Reply::ok).ok_or_else(|| FaultId::missing(id.0))
}

/// Lists the fault rules, oldest first.
#[utoipa::path(
    get, path = "/v1/stores/{store}/faults", tag = "faults",
    params(Page), responses((status = 200, body = Faults)),
)]
async fn list(Store(store): Store, Params(page): Params<Page>) -> Result<Reply<Faults>, Problem> {
    let read = store.read(move |view| {
        let after = page.after.unwrap_or(0);
        let faults = view.faults().list().iter().filter(|counted| after < counted.id.0);
        let (page, next) = take_page(faults, page.limit, |counted| counted.id.0);
        let items = page.into_iter().map(FaultState::from).collect();
        (view.cursor(), Faults { items, next })
    });
    Ok(Reply::ok(read.await?))
}

/// Adds a fault rule, which sees what happens from now on. Of several rules on one opportunity the oldest that has anything to
/// disturb wins, beside those that add up: delays, late process blocks and jumps of the clock.
#[utoipa::path(
    post, path = "/v1/stores/{store}/faults", tag = "faults",
    request_body = NewFault,
    responses((status = 201, body = FaultState)),
)]
async fn add(
    _: NoQuery,
    State(app): State<App>,
    Store(store): Store,
    Body(new): Body<NewFault>,
) -> Result<Reply<FaultState>, Problem> {
    let rule = new.rule()?;
    if let FaultMatch { method: Some(_), .. } | FaultMatch { route: Some(_), .. } = &rule.matches {
        check_operation(&app, rule.matches.method.as_deref(), rule.matches.route.as_deref())?;
    }
    let id = store.add_fault(rule).await?;
    Ok(show(&store, id).await?.with_status(StatusCode::CREATED))
}

/// Shows a fault rule with its counters.
#[utoipa::path(
    get, path = "/v1/stores/{store}/faults/{id}", tag = "faults",
    params(("id" = u64, Path, description = "The rule's id")),
    responses((status = 200, body = FaultState)),
)]
async fn read(
    _: NoQuery,
    Store(store): Store,
    Id(id): Id<FaultId>,
) -> Result<Reply<FaultState>, Problem> {
    show(&store, id).await
}

/// Pauses or resumes a fault rule, or gives it another schedule. What it applies to and what it does stay: for another match or
/// effect add another rule.
#[utoipa::path(
    patch, path = "/v1/stores/{store}/faults/{id}", tag = "faults",
    params(("id" = u64, Path, description = "The rule's id")),
    request_body = ChangeRequest,
    responses((status = 200, body = FaultState)),
)]
async fn change(
    _: NoQuery,
    Store(store): Store,
    Id(id): Id<FaultId>,
    when: Precondition,
    Body(change): Body<ChangeRequest>,
) -> Result<Reply<FaultState>, Problem> {
    let schedule = change.schedule.map(ScheduleText::schedule).transpose()?;
    let change = FaultChange { paused: change.paused, schedule };
    when.on(&store, move |view| state(view, id)).change_fault(id, change).await?;
    show(&store, id).await
}

/// Takes a fault rule away, without waiting for what it acts on. What it holds back on connections goes on at once; values of the
/// registry that it holds back come when they were to come.
#[utoipa::path(
    delete, path = "/v1/stores/{store}/faults/{id}", tag = "faults",
    params(("id" = u64, Path, description = "The rule's id")),
    responses((status = 204, description = "The rule is gone")),
)]
async fn remove(
    _: NoQuery,
    Store(store): Store,
    Id(id): Id<FaultId>,
    when: Precondition,
) -> Result<StatusCode, Problem> {
    when.on(&store, move |view| state(view, id)).remove_fault(id).await?;
    Ok(StatusCode::NO_CONTENT)
}
