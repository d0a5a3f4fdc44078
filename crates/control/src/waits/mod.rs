//! `/waits` and `/assertions`: waiting without races, and looking once.
//!
//! A wait is registered with the store's own task: checking and subscribing are one step, so nothing is missed between a write
//! and the wait that begins at its cursor. A failure tells how every condition stands.

mod condition;
mod field_test;
mod leaves;
mod report;
mod request;
mod shape;

use std::time::Duration;

use axum::extract::State;
use clock::ClockMode;
use infostore::{Cursor, Sequence};
use server::{Stopwatch, StoreHandle, View, WaitEnd, WaitTerms, Waited};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::condition::{Awaited, Node};
pub(crate) use self::report::Report;
use self::report::Standing;
use self::request::{WaitClock, WaitRequest};
use crate::app::{App, ControlConfig};
use crate::events::{After, begin_after};
use crate::extract::{Body, NoQuery, Store};
use crate::problem::{FieldError, Problem, ProblemType};
use crate::recording::Recorder;
use crate::reply::Reply;
use crate::scalars::{CursorText, Length};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(wait)).routes(routes!(assert))
}

/// Time of the wall that a wait has unless told.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What is left of a request when its condition has been read.
struct Terms {
    after: Option<CursorText>,
    terms: WaitTerms,
    node: Node,
}

/// Waits until a condition holds. Registering is one step of the store: whatever happens after the cursor `after` counts,
/// whether it came before the wait or after.
#[utoipa::path(
    post, path = "/v1/stores/{store}/waits", tag = "waits",
    request_body = WaitRequest,
    responses((status = 200, body = Report, description = "The condition holds")),
)]
async fn wait(
    _: NoQuery,
    State(app): State<App>,
    Store(store): Store,
    Body(request): Body<WaitRequest>,
) -> Result<Reply<Report>, Problem> {
    let ControlConfig { limits, recorder, .. } = app.config();
    let longest = limits.wait_timeout;
    let timeout = request.timeout.map_or(TIMEOUT, |Length(timeout)| timeout);
    if longest < timeout {
        let detail = format!("a wait takes at most {}", Length(longest));
        return Err(Problem::body(FieldError::at("#/timeout", detail)));
    }
    let terms = terms(request, false)?;
    // What was met where it was recorded is met again, however long this machine takes.
    let replays = recorder.as_ref().is_some_and(Recorder::is_replaying);
    run(&store, terms, if replays { longest } else { timeout }).await
}

/// Looks once whether a condition holds, and does not wait: `timeout`, `within` and `clock` are for waits, and of no effect.
#[utoipa::path(
    post, path = "/v1/stores/{store}/assertions", tag = "waits",
    request_body = WaitRequest,
    responses((status = 200, body = Report, description = "The condition holds")),
)]
async fn assert(
    _: NoQuery,
    Store(store): Store,
    Body(request): Body<WaitRequest>,
) -> Result<Reply<Report>, Problem> {
    run(&store, terms(request, true)?, TIMEOUT).await
}

fn terms(request: WaitRequest, once: bool) -> Result<Terms, Problem> {
    let WaitRequest { after, within, clock, until, .. } = request;
    let auto = clock == Some(WaitClock::Auto) && !once;
    if auto && within.is_none() {
        let detail = "it is missing: how far may the clock move?";
        return Err(Problem::body(FieldError::at("#/within", detail)));
    }
    let within = within.filter(|_| !once).map(|Length(within)| within);
    Ok(Terms { after, terms: WaitTerms { within, auto, once }, node: until.node()? })
}

async fn run(
    store: &StoreHandle,
    terms: Terms,
    timeout: Duration,
) -> Result<Reply<Report>, Problem> {
    let stopwatch = Stopwatch::start();
    let Terms { after, terms, node } = terms;
    let begin = move |view: View<'_>| begin(view, after, terms.auto, node);
    let mut waiting = store.wait(terms, begin).await??;
    let waited = match tokio::time::timeout(timeout, waiting.ended()).await {
        Ok(waited) => waited?,
        Err(_) => waiting.give_up().await?,
    };
    answer(waited, stopwatch.elapsed(), timeout)
}

/// The condition, counted from a place in the journal on.
fn begin(
    view: View<'_>,
    after: Option<CursorText>,
    auto: bool,
    node: Node,
) -> Result<(Awaited, Sequence), Problem> {
    if auto && view.clock_mode() != ClockMode::Manual {
        return Err(server::StoreError::Clock(clock::ClockError::NotManual).into());
    }
    let journal = view.store().journal();
    let after = after.map_or_else(|| journal.cursor(), |CursorText(cursor)| cursor);
    let seq = begin_after(journal, Some(After::Cursor(after)))?;
    // The last instant at which the store stood there.
    let left = journal.entries_after(seq).next().map(|entry| entry.at);
    Ok((Awaited::new(node, after, left.unwrap_or_else(|| view.now())), seq))
}

fn answer(
    waited: Waited<Standing>,
    took: Duration,
    timeout: Duration,
) -> Result<Reply<Report>, Problem> {
    let (end, cursor) = (waited.end, waited.cursor);
    let report = Report::new(waited, took);
    let (kind, what) = match end {
        WaitEnd::Met => return Ok(Reply::ok((cursor, report))),
        WaitEnd::NotMet => (ProblemType::AssertionNotMet, "not so".to_owned()),
        WaitEnd::GivenUp => {
            (ProblemType::WaitTimeout, format!("not within {} of the wall", Length(timeout)))
        }
        WaitEnd::Late => {
            (ProblemType::WaitTimeout, "not within the store time that it had".to_owned())
        }
        WaitEnd::Deadlock => (
            ProblemType::WaitDeadlock,
            "nothing is due within the store time that it has".to_owned(),
        ),
        WaitEnd::Hopeless => (ProblemType::WaitHopeless, "it can't be met any more".to_owned()),
        WaitEnd::Missed => return Err(gone(cursor, "entries left the journal unseen")),
        WaitEnd::Reset => return Err(gone(cursor, "the store began a new epoch")),
        WaitEnd::Stopped => return Err(server::StoreError::Stopped.into()),
    };
    let problem = Problem::new(kind, format!("{what}: {}", report.why()));
    let problem = if end == WaitEnd::GivenUp { problem.by_wall() } else { problem };
    let problem = match report.next_deadline() {
        Some(at) => problem.hint(format!("the next deadline is {at}")),
        None => problem,
    };
    Err(problem.report(serde_json::to_value(report).unwrap_or_default()))
}

/// What was waited for can't be told any more.
fn gone(cursor: Cursor, why: &str) -> Problem {
    Problem::new(ProblemType::CursorGone, format!("{why} while somebody waited"))
        .hint("begin again at the store's cursor")
        .first_available(CursorText(cursor).to_string())
}
