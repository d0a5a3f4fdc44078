//! `/clock`: how store time moves, and moving it.

use clock::SimTime;
use serde::{Deserialize, Serialize};
use server::{Advance, View};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::clock_mode::Mode;
use crate::extract::{Body, NoQuery, Store};
use crate::precondition::Precondition;
use crate::problem::{FieldError, Problem};
use crate::reply::Reply;
use crate::scalars::{Length, Time};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(read, change)).routes(routes!(advance))
}

/// A store's clock.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = Clock)]
pub(crate) struct ClockState {
    /// How time moves.
    mode: Mode,
    /// Store time.
    now: Time,
    /// The earliest thing that is due, a poll or a client's own deadline; null when nothing is.
    next_deadline: Option<Time>,
}

/// A change of the clock.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ClockChange {
    /// How time moves from here on; store time itself does not jump.
    mode: Mode,
}

/// How far to advance a manual clock. Exactly one of the fields.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AdvanceRequest {
    /// By so much.
    by: Option<Length>,
    /// To this instant.
    to: Option<Time>,
    /// To the next of these.
    next: Option<Next>,
}

/// What a clock is advanced to.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AdvanceTarget)]
enum Next {
    /// The next poll of the registry.
    Poll,
}

/// What happened while the clock was advanced.
#[derive(Serialize, ToSchema)]
struct Advanced {
    /// Store time now.
    now: Time,
    /// Polls that ended.
    polls_run: u64,
    /// Sessions that the store ended.
    disconnected: u64,
    /// Connections of foreign clients that were told to close and are still open.
    foreign_pending: usize,
}

impl ClockState {
    pub(crate) fn new(view: View<'_>) -> Self {
        let next = view.next_deadline().filter(|deadline| *deadline < SimTime::MAX);
        Self { mode: Mode(view.clock_mode()), now: Time(view.now()), next_deadline: next.map(Time) }
    }
}

impl AdvanceRequest {
    fn advance(self) -> Result<Advance, Problem> {
        match (self.by, self.to, self.next) {
            (Some(Length(by)), None, None) => Ok(Advance::By(by)),
            (None, Some(Time(to)), None) => Ok(Advance::To(to)),
            (None, None, Some(Next::Poll)) => Ok(Advance::NextPoll),
            _ => {
                let detail = "give exactly one of `by`, `to` and `next`";
                Err(Problem::body(FieldError::at("#", detail)))
            }
        }
    }
}

/// Shows the clock.
#[utoipa::path(
    get, path = "/v1/stores/{store}/clock", tag = "clock",
    responses((status = 200, body = ClockState)),
)]
async fn read(_: NoQuery, Store(store): Store) -> Result<Reply<ClockState>, Problem> {
    Ok(Reply::ok(store.read(|view| (view.cursor(), ClockState::new(view))).await?))
}

/// Changes how time moves.
#[utoipa::path(
    patch, path = "/v1/stores/{store}/clock", tag = "clock",
    request_body = ClockChange,
    responses((status = 200, body = ClockState)),
)]
async fn change(
    _: NoQuery,
    Store(store): Store,
    when: Precondition,
    Body(change): Body<ClockChange>,
) -> Result<Reply<ClockState>, Problem> {
    when.on(&store, |view| Some(ClockState::new(view))).set_clock_mode(change.mode.0).await?;
    Ok(Reply::ok(store.read(|view| (view.cursor(), ClockState::new(view))).await?))
}

/// Advances a manual clock. Everything due on the way happens at its own instant, and the answer comes when the store is
/// quiescent at the end.
#[utoipa::path(
    post, path = "/v1/stores/{store}/clock/advance", tag = "clock",
    request_body = AdvanceRequest,
    responses((status = 200, body = Advanced)),
)]
async fn advance(
    _: NoQuery,
    Store(store): Store,
    Body(request): Body<AdvanceRequest>,
) -> Result<Reply<Advanced>, Problem> {
    let advanced = store.advance(request.advance()?).await?;
    let body = Advanced {
        now: Time(advanced.now),
        polls_run: advanced.polls_run,
        disconnected: advanced.disconnected,
        foreign_pending: advanced.foreign_pending,
    };
    Ok(Reply::ok((advanced.cursor, body)))
}
