//! `/restart`: the store service, stopped and started.

use serde::Serialize;
use server::View;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::{NoQuery, Nothing, OptionalBody, Store};
use crate::polls::{HeldPoll, Poll, PollAnswer};
use crate::problem::Problem;
use crate::reply::Reply;
use crate::scalars::BuildText;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(restart))
}

/// A service that was started anew.
#[derive(Serialize, ToSchema)]
#[schema(as = Restart)]
struct Restarted {
    /// Whether it admits clients. It does once its first poll is over.
    running: bool,
    /// The build that it runs.
    build: BuildText,
    /// The policy in force.
    generation: u64,
    /// Its first poll; null when that has left the ledger.
    poll: Option<PollAnswer>,
}

impl Restarted {
    fn new(view: View<'_>) -> Self {
        let store = view.store();
        let held = store.schedule().in_flight();
        let held = held.map(|poll| PollAnswer::Held(HeldPoll::new(poll.number)));
        let over = || store.polls().next_back().map(|record| PollAnswer::Over(Poll::from(record)));
        Self {
            running: store.is_running(),
            build: BuildText(store.running_build()),
            generation: store.generation().0,
            poll: held.or_else(over),
        }
    }
}

/// Stops and starts the store service: every session ends, the build that is installed runs, and the registry is read
/// before anybody is admitted. Answers when all that follows has happened, or with 202 when a fault holds the values of the
/// first read back: then the service runs once store time gets there. A service that could not start before is started.
#[utoipa::path(
    post, path = "/v1/stores/{store}/restart", tag = "stores",
    request_body(content = Option<Nothing>),
    responses(
        (status = 200, body = Restarted),
        (status = 202, body = Restarted, description = "A fault holds the first read back"),
    ),
)]
async fn restart(
    _: NoQuery,
    Store(store): Store,
    OptionalBody(Nothing {}): OptionalBody<Nothing>,
) -> Result<Reply<Restarted>, Problem> {
    store.restart().await?;
    let (cursor, restarted) = store.read(|view| (view.cursor(), Restarted::new(view))).await?;
    Ok(match restarted.running {
        true => Reply::ok((cursor, restarted)),
        false => Reply::accepted((cursor, restarted)),
    })
}
