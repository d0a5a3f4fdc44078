//! `/faults`: what goes wrong on demand. A rule has a match, an effect and a schedule; the effects so far are those on reads
//! of the registry (policy A7 to A10, A30).

use std::num::NonZeroU64;
use std::time::Duration;

use axum::http::StatusCode;
use infostore::list_value;
use policy::BlockList;
use registry_poll::{CountedFault, FaultId, FaultKind, RegType, RegistryFault, ValueName};
use serde::{Deserialize, Serialize};
use server::{StoreHandle, View};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::{Body, Id, NoQuery, Numbered, Params, Store};
use crate::page::{Page, take_page};
use crate::problem::{FieldError, Problem};
use crate::reg_value::{type_name, type_of};
use crate::reply::Reply;
use crate::scalars::Length;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list, add)).routes(routes!(read, remove))
}

/// A fault rule. What is shown of one can be sent again, but for its id and its counters.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Fault)]
struct FaultState {
    /// Its id since the last reset, from 1; never used again.
    id: u64,
    #[serde(flatten)]
    rule: FaultRule,
    /// Reads that it was there for since it was added: those that a poll makes together are one.
    seen: u64,
    /// Those of them that it disturbed.
    hits: u64,
    /// Reads that it will still disturb; null when there is no end to them. A rule that is used up stays until it is deleted.
    reads_left: Option<u64>,
}

/// A fault rule, as it was added.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FaultRule {
    /// What it applies to.
    r#match: FaultMatch,
    /// What goes wrong.
    effect: FaultEffect,
    /// How often.
    schedule: FaultSchedule,
}

/// A fault rule to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewFault)]
struct NewFault {
    /// What it applies to; everything that the effect can be had on unless told.
    #[serde(default)]
    r#match: FaultMatch,
    /// What goes wrong.
    effect: FaultEffect,
    /// How often; every time until it is deleted unless told.
    #[serde(default)]
    schedule: FaultSchedule,
}

/// What a fault rule applies to.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct FaultMatch {
    /// The registry value that is read, `Disable MAPI Client Processes` or `Disable MAPI Clients`; null is both.
    #[schema(example = "Disable MAPI Client Processes")]
    value: Option<String>,
}

/// What goes wrong.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FaultEffect {
    /// What goes wrong with a read of the registry.
    registry: RegistryEffect,
    /// Of `wrong_type` the type that the value has: `REG_DWORD` unless told. Null for the others.
    #[serde(default)]
    #[schema(example = "REG_DWORD")]
    r#type: Option<String>,
    /// Of `slow` the store time until the values come. Null for the others.
    #[serde(default)]
    delay: Option<Length>,
}

/// What goes wrong with a read of the registry.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RegistryEffect {
    /// The value is not there: its list is off.
    Missing,
    /// The value has the same bytes and another type: its list is off, and that is an error.
    WrongType,
    /// Access to the key is denied: the list as it was last read stays, and after a start there is none.
    AccessDenied,
    /// The hive is half written: the same.
    Torn,
    /// The hive is in somebody else's hands: the same.
    Busy,
    /// The values come later; the grid of polls stays.
    Slow,
    /// The value is what the last undisturbed read returned: an edit is not seen yet.
    Stale,
}

/// How often a fault rule hits.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct FaultSchedule {
    /// The next so many times, at least 1; null is until it is deleted.
    #[schema(value_type = Option<u64>, minimum = 1)]
    next: Option<NonZeroU64>,
}

/// A page of fault rules, oldest first.
#[derive(Serialize, ToSchema)]
struct Faults {
    /// The rules.
    items: Vec<FaultState>,
    /// The `after` of the next page; null when there is nothing more.
    next: Option<u64>,
}

impl From<&CountedFault> for FaultState {
    fn from(counted: &CountedFault) -> Self {
        let CountedFault { id, fault, seen, hits } = counted;
        Self {
            id: id.0,
            rule: fault.into(),
            seen: *seen,
            hits: *hits,
            reads_left: counted.reads_left(),
        }
    }
}

impl From<&RegistryFault> for FaultRule {
    fn from(RegistryFault { kind, value, reads }: &RegistryFault) -> Self {
        Self {
            r#match: FaultMatch { value: value.as_ref().map(ToString::to_string) },
            effect: (*kind).into(),
            schedule: FaultSchedule { next: *reads },
        }
    }
}

impl From<FaultKind> for FaultEffect {
    fn from(kind: FaultKind) -> Self {
        let effect = |registry| Self { registry, r#type: None, delay: None };
        match kind {
            FaultKind::Missing => effect(RegistryEffect::Missing),
            FaultKind::WrongType(kind) => {
                Self { r#type: Some(type_name(kind)), ..effect(RegistryEffect::WrongType) }
            }
            FaultKind::AccessDenied => effect(RegistryEffect::AccessDenied),
            FaultKind::Torn => effect(RegistryEffect::Torn),
            FaultKind::Busy => effect(RegistryEffect::Busy),
            FaultKind::Slow(delay) => {
                Self { delay: Some(Length(delay)), ..effect(RegistryEffect::Slow) }
            }
            FaultKind::Stale => effect(RegistryEffect::Stale),
        }
    }
}

impl NewFault {
    fn fault(self) -> Result<RegistryFault, Problem> {
        let kind = self.effect.kind()?;
        Ok(RegistryFault { kind, value: self.r#match.value()?, reads: self.schedule.next })
    }
}

impl FaultMatch {
    /// A rule for a value that is never read would never hit.
    fn value(self) -> Result<Option<ValueName>, Problem> {
        let Some(text) = self.value else { return Ok(None) };
        let name = text.parse().ok();
        let read =
            BlockList::ALL.map(list_value).into_iter().find(|read| Some(read) == name.as_ref());
        read.map(Some).ok_or_else(|| {
            let [processes, versions] = BlockList::ALL.map(BlockList::value_name);
            let detail =
                format!("the store reads no `{text}`; it reads `{processes}` and `{versions}`");
            at("#/match/value", detail)
        })
    }
}

impl FaultEffect {
    fn kind(self) -> Result<FaultKind, Problem> {
        let Self { registry, r#type, delay } = self;
        if r#type.is_some() && registry != RegistryEffect::WrongType {
            return Err(at("#/effect/type", "it goes with `wrong_type`"));
        }
        if delay.is_some() && registry != RegistryEffect::Slow {
            return Err(at("#/effect/delay", "it goes with `slow`"));
        }
        Ok(match registry {
            RegistryEffect::Missing => FaultKind::Missing,
            RegistryEffect::WrongType => FaultKind::WrongType(wrong_type(r#type)?),
            RegistryEffect::AccessDenied => FaultKind::AccessDenied,
            RegistryEffect::Torn => FaultKind::Torn,
            RegistryEffect::Busy => FaultKind::Busy,
            RegistryEffect::Slow => FaultKind::Slow(slowness(delay)?),
            RegistryEffect::Stale => FaultKind::Stale,
        })
    }
}

fn wrong_type(name: Option<String>) -> Result<RegType, Problem> {
    let Some(name) = name else { return Ok(RegType::DWORD) };
    type_of(&name).ok_or_else(|| at("#/effect/type", format!("`{name}` is no registry type")))
}

fn slowness(delay: Option<Length>) -> Result<Duration, Problem> {
    match delay {
        None => Err(at("#/effect/delay", "it is missing: how much later do the values come?")),
        Some(Length(Duration::ZERO)) => Err(at("#/effect/delay", "it has to be more than nothing")),
        Some(Length(delay)) => Ok(delay),
    }
}

fn at(pointer: &str, detail: impl Into<String>) -> Problem {
    Problem::body(FieldError::at(pointer, detail))
}

async fn show(store: &StoreHandle, id: FaultId) -> Result<Reply<FaultState>, Problem> {
    let read =
        move |view: View<'_>| Some((view.cursor(), FaultState::from(view.faults().get(id)?)));
    let found = store.read(read).await?;
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

/// Adds a fault rule. It disturbs reads from the next one on; of several rules the oldest that has anything to disturb wins,
/// beside those that are slow: these add up.
#[utoipa::path(
    post, path = "/v1/stores/{store}/faults", tag = "faults",
    request_body = NewFault,
    responses((status = 201, body = FaultState)),
)]
async fn add(
    _: NoQuery,
    Store(store): Store,
    Body(new): Body<NewFault>,
) -> Result<Reply<FaultState>, Problem> {
    let id = store.add_fault(new.fault()?).await?;
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

/// Takes a fault rule away. Values that it holds back come when they were to come.
#[utoipa::path(
    delete, path = "/v1/stores/{store}/faults/{id}", tag = "faults",
    params(("id" = u64, Path, description = "The rule's id")),
    responses((status = 204, description = "The rule is gone")),
)]
async fn remove(
    _: NoQuery,
    Store(store): Store,
    Id(id): Id<FaultId>,
) -> Result<StatusCode, Problem> {
    store.remove_fault(id).await?;
    Ok(StatusCode::NO_CONTENT)
}
