//! `/polls`: the ledger of polls, and their schedule.

use std::time::Duration;

use infostore::{ListRead, PollRecord};
use registry_poll::{PollNumber, Reading};
use serde::{Deserialize, Serialize};
use server::{Polled, View};
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::decisions::ids;
use crate::event_words::trigger_text;
use crate::extract::{Body, Id, NoQuery, Nothing, Numbered, OptionalBody, Params, Store};
use crate::list_text::{LintText, ListName, lints};
use crate::page::{Page, take_page};
use crate::precondition::Precondition;
use crate::problem::{FieldError, Problem};
use crate::reply::Reply;
use crate::scalars::{Length, Time};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list, poll_now))
        .routes(routes!(read))
        .routes(routes!(schedule, set_schedule))
}

/// A poll that is over.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Poll {
    /// Its number since the start, from 1.
    number: u64,
    /// Why it ran: `start`, `tick` or `request`.
    trigger: &'static str,
    /// When it was due; of a tick the last instant of the schedule that had passed.
    due: Time,
    /// When it began.
    started: Time,
    /// When its values were in.
    finished: Time,
    /// What each list's value was read as.
    reads: Vec<ReadText>,
    /// The fault rules that disturbed its read.
    faults: Vec<u64>,
    /// Whether a policy with other rules came of it.
    changed: bool,
    /// The policy in force after it.
    generation: u64,
    /// Sessions that it disconnected.
    disconnected: usize,
    /// In audit mode, sessions that it would have disconnected and that were not forbidden before.
    would_block: usize,
}

/// What a poll found in the value of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Read)]
struct ReadText {
    /// The list.
    list: ListName,
    /// What its value was read as.
    reading: ReadingName,
    /// The text that was read; null when there was none to use.
    data: Option<String>,
    /// Why there was none; null when there was one, or no value at all.
    error: Option<String>,
    /// What there is to say about the text.
    lints: Vec<LintText>,
}

/// A poll whose values a fault holds back: it ends when store time gets there.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct HeldPoll {
    /// Its number since the start, from 1.
    number: u64,
    /// Null: its values are not in.
    #[schema(schema_with = null)]
    finished: Option<Time>,
}

/// Nothing but null, which tells a poll that is held back from one that is over.
fn null() -> Object {
    ObjectBuilder::new().schema_type(Type::Null).build()
}

/// What came of asking for a poll.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum PollAnswer {
    /// It is over.
    Over(Poll),
    /// A fault holds its values back.
    Held(HeldPoll),
}

/// What a value was read as.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Reading)]
enum ReadingName {
    /// A list.
    Text,
    /// No value: the policy is off.
    NotFound,
    /// A value that is no text: as good as none.
    Invalid,
    /// The registry could not say: the last good policy stays.
    Unreadable,
    /// It was not read: it was not there when the service started, and `registry_watch` is `armed_at_start`.
    NotWatched,
}

/// A page of the ledger, oldest first.
#[derive(Serialize, ToSchema)]
struct Polls {
    /// The polls.
    items: Vec<Poll>,
    /// The `after` of the next page; null when there is nothing more.
    next: Option<u64>,
}

/// When the registry is polled.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Schedule {
    /// Time between two polls.
    interval: Length,
    /// When the next poll ends, as far as is known: when the values that a fault holds back come, or else the next tick. Null
    /// while the service is stopped.
    next: Option<Time>,
    /// The poll whose values are being read; null most of the time.
    in_flight: Option<u64>,
}

/// A schedule to set: a new grid that begins now.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ScheduleChange {
    /// Time between two polls, at least a millisecond.
    interval: Length,
}

impl From<&PollRecord> for Poll {
    fn from(record: &PollRecord) -> Self {
        Self {
            number: record.poll.number.0,
            trigger: trigger_text(record.poll.trigger),
            due: Time(record.poll.due),
            started: Time(record.poll.started),
            finished: Time(record.finished),
            reads: record.reads.iter().map(ReadText::from).collect(),
            faults: ids(&record.faults),
            changed: record.changed,
            generation: record.generation.0,
            disconnected: record.swept.disconnected,
            would_block: record.swept.would_block,
        }
    }
}

impl From<&ListRead> for ReadText {
    fn from(read: &ListRead) -> Self {
        let (reading, data, error) = match read.reading.as_deref() {
            None => (ReadingName::NotWatched, None, None),
            Some(Reading::Text(text)) => (ReadingName::Text, Some(text.clone()), None),
            Some(Reading::NotFound) => (ReadingName::NotFound, None, None),
            Some(Reading::Invalid(invalid)) => {
                (ReadingName::Invalid, None, Some(invalid.to_string()))
            }
            Some(Reading::Unreadable(error)) => {
                (ReadingName::Unreadable, None, Some(error.to_string()))
            }
        };
        Self { list: read.list.into(), reading, data, error, lints: lints(&*read.lints) }
    }
}

impl From<&Polled> for PollAnswer {
    fn from(polled: &Polled) -> Self {
        match polled {
            Polled::Over(record) => Self::Over(Poll::from(&**record)),
            Polled::Held(number) => Self::Held(HeldPoll::new(*number)),
        }
    }
}

impl HeldPoll {
    pub(crate) fn new(number: PollNumber) -> Self {
        Self { number: number.0, finished: None }
    }
}

impl Schedule {
    fn new(view: View<'_>) -> Self {
        let schedule = view.store().schedule();
        Self {
            interval: Length(schedule.interval()),
            next: view.next_poll().map(Time),
            in_flight: schedule.in_flight().map(|poll| poll.number.0),
        }
    }
}

/// Shorter, and a minute of store time would be all polls.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(1);

/// The time between two polls that a body has in `field`, when it is long enough.
pub(crate) fn checked_interval(field: &str, Length(interval): Length) -> Result<Duration, Problem> {
    if SHORTEST_INTERVAL <= interval {
        return Ok(interval);
    }
    let detail = "the shortest time between two polls is `1ms`";
    Err(Problem::body(FieldError::at(format!("#/{field}"), detail)))
}

/// Lists the polls that are remembered, oldest first.
#[utoipa::path(
    get, path = "/v1/stores/{store}/polls", tag = "polls",
    params(Page), responses((status = 200, body = Polls)),
)]
async fn list(Store(store): Store, Params(page): Params<Page>) -> Result<Reply<Polls>, Problem> {
    let read = store.read(move |view| {
        let after = page.after.unwrap_or(0);
        let polls = view.store().polls().filter(|record| after < record.poll.number.0);
        let (page, next) = take_page(polls, page.limit, |record| record.poll.number.0);
        (view.cursor(), Polls { items: page.into_iter().map(Poll::from).collect(), next })
    });
    Ok(Reply::ok(read.await?))
}

/// Polls the registry now, without moving the schedule; answers when the poll and all that follows from it are over, or
/// with 202 when a fault holds its values back.
#[utoipa::path(
    post, path = "/v1/stores/{store}/polls", tag = "polls",
    request_body(content = Option<Nothing>),
    responses((status = 201, body = Poll), (status = 202, body = HeldPoll)),
)]
async fn poll_now(
    _: NoQuery,
    Store(store): Store,
    OptionalBody(Nothing {}): OptionalBody<Nothing>,
) -> Result<Reply<PollAnswer>, Problem> {
    let polled = store.poll_now().await?;
    let answer = (store.read(|view| view.cursor()).await?, PollAnswer::from(&polled));
    Ok(match polled {
        Polled::Over(_) => Reply::created(answer),
        Polled::Held(_) => Reply::accepted(answer),
    })
}

/// Shows a poll: one that is over, or, with `finished` null, the one whose values are not in yet.
#[utoipa::path(
    get, path = "/v1/stores/{store}/polls/{number}", tag = "polls",
    params(("number" = u64, Path, description = "The poll's number")),
    responses((status = 200, body = PollAnswer)),
)]
async fn read(
    _: NoQuery,
    Store(store): Store,
    Id(number): Id<PollNumber>,
) -> Result<Reply<PollAnswer>, Problem> {
    let read = move |view: View<'_>| {
        let over = view.store().poll_record(number).map(|record| PollAnswer::Over(record.into()));
        let in_flight = view.store().schedule().in_flight();
        let held = in_flight
            .filter(|poll| poll.number == number)
            .map(|_| PollAnswer::Held(HeldPoll { number: number.0, finished: None }));
        over.or(held).map(|poll| (view.cursor(), poll))
    };
    let found = store.read(read).await?;
    found.map(Reply::ok).ok_or_else(|| PollNumber::missing(number.0))
}

/// Shows when the registry is polled.
#[utoipa::path(
    get, path = "/v1/stores/{store}/polls/schedule", tag = "polls",
    responses((status = 200, body = Schedule)),
)]
async fn schedule(_: NoQuery, Store(store): Store) -> Result<Reply<Schedule>, Problem> {
    Ok(Reply::ok(store.read(|view| (view.cursor(), Schedule::new(view))).await?))
}

/// Starts a new grid of polls now.
#[utoipa::path(
    patch, path = "/v1/stores/{store}/polls/schedule", tag = "polls",
    request_body = ScheduleChange,
    responses((status = 200, body = Schedule)),
)]
async fn set_schedule(
    _: NoQuery,
    Store(store): Store,
    when: Precondition,
    Body(change): Body<ScheduleChange>,
) -> Result<Reply<Schedule>, Problem> {
    let interval = checked_interval("interval", change.interval)?;
    when.on(&store, |view| Some(Schedule::new(view))).set_poll_interval(interval).await?;
    Ok(Reply::ok(store.read(|view| (view.cursor(), Schedule::new(view))).await?))
}
