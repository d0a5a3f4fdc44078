//! `/events/stream`: the journal as it grows, as server-sent events or as lines of JSON.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::{IntoResponse, Response};
use infostore::{Cursor, Epoch, Sequence};
use serde::Deserialize;
use server::StoreHandle;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::events::{After, Types, place_of};
use crate::extract::{Params, Store};
use crate::filter::{FilterText, List};
use crate::frames::{Format, NoticeText};
use crate::problem::{Problem, ProblemType};
use crate::reply::with_cursor;
use crate::seats::Seat;
use crate::stream_reader::{Line, Wanted, body};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(stream))
}

/// Epochs count from 1.
const BEFORE_EVERY_EPOCH: Cursor = Cursor { epoch: Epoch(0), seq: Sequence(0) };

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// What to send.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct StreamQuery {
    /// The place to begin after: a cursor such as `1-42`, a sequence number of this epoch, or `start` for the oldest entry
    /// kept; unless told, what happens from now on. A Last-Event-ID header goes before it.
    #[param(value_type = Option<String>)]
    after: Option<After>,
    /// Only these types, joined by commas.
    #[serde(default)]
    #[param(value_type = Option<String>, example = "session.refused,session.disconnected")]
    r#type: Types,
    /// `sse` or `ndjson`; unless told, the Accept header says it.
    #[param(inline)]
    format: Option<FormatName>,
    /// Only entries that this filter lets through, such as `process:mdl.exe version:<11.0 -origin:foreign`; docs/filters.md has
    /// the language.
    #[serde(default)]
    #[param(value_type = Option<String>, example = "process:mdl.exe type:session.*")]
    q: FilterText,
}

/// How a stream is written.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum FormatName {
    Sse,
    Ndjson,
}

/// Sends what happens, as it happens.
///
/// Each entry is an event whose `data` is what GET /events shows of it, to the byte, and whose `id` is its cursor; or one
/// line with `Accept: application/x-ndjson`. After a Last-Event-ID or an `after` it goes on from there: every entry that is
/// kept comes once and in order. What is said of the stream itself is an event with a name, or a line whose `type` begins with
/// `stream.`: `gap` when entries are gone that were not sent, with the first place available; `reset` when a new epoch
/// begins; `slow` when the reader takes less than happens and is closed; `end` when the store stops or the server leaves. Each
/// has an id to resume from. Every 15 seconds there is a comment, or a line `stream.heartbeat`.
#[utoipa::path(
    get, path = "/v1/stores/{store}/events/stream", tag = "events",
    params(
        StreamQuery,
        ("Last-Event-ID" = Option<String>, Header, description = "The cursor to begin after, as a browser sends it"),
    ),
    responses((
        status = 200, description = "The events, without an end",
        content((String = "text/event-stream"), (NoticeText = "application/x-ndjson")),
    )),
)]
async fn stream(
    State(app): State<App>,
    Store(store): Store,
    Params(query): Params<StreamQuery>,
    seat: Option<Extension<Arc<Seat>>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let format = query.format.map_or_else(|| accepted(&headers), Format::from);
    let filter = query.q.of(List::Events)?;
    let permit = app.stream_permit().ok_or_else(too_many)?;
    let (after, now) = begin(&store, &headers, query.after).await?;
    let wanted = Wanted { after, format, types: query.r#type, filter };
    let line = Line {
        seat: seat.map(|Extension(seat)| seat),
        heartbeat: app.config().limits.stream_heartbeat,
        draining: app.draining(),
        _permit: permit,
    };
    let subscription = app.feed(&store, now).subscribe();
    let kind = match format {
        Format::Sse => "text/event-stream",
        Format::Ndjson => "application/x-ndjson",
    };
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")];
    Ok(with_cursor((headers, body(subscription, wanted, line)).into_response(), after))
}

/// The place to begin after, and the newest one.
async fn begin(
    store: &StoreHandle,
    headers: &HeaderMap,
    after: Option<After>,
) -> Result<(Cursor, Cursor), Problem> {
    let last_id = last_event_id(headers)?;
    let (name, after) = match last_id {
        Some(id) => ("Last-Event-ID", Some(id)),
        None => ("after", after),
    };
    let read = store.read(move |view| {
        let now = view.cursor();
        let after = after.map(|after| place_of(view.store().journal(), after)).transpose();
        after.map(|after| (after.map_or(now, |after| known(after, now)), now))
    });
    read.await?.map_err(|detail| match name {
        "after" => Problem::query(name, detail),
        _ => Problem::header(name, detail),
    })
}

/// A place that this server knows of. What is of a later epoch than the present one is of another run of the server, so
/// everything is new.
fn known(place: Cursor, now: Cursor) -> Cursor {
    if place.epoch <= now.epoch { place } else { BEFORE_EVERY_EPOCH }
}

/// The id that a browser sends when it connects again; an empty one is none.
fn last_event_id(headers: &HeaderMap) -> Result<Option<After>, Problem> {
    let Some(value) = headers.get(LAST_EVENT_ID).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(value.as_bytes());
    text.parse().map(Some).map_err(|detail: String| Problem::header("Last-Event-ID", detail))
}

/// Of the two formats the one that the Accept header names first.
fn accepted(headers: &HeaderMap) -> Format {
    let accept =
        headers.get_all(header::ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
    let kinds = accept.flat_map(|value| value.split(','));
    let kinds = kinds.map(|kind| kind.split(';').next().unwrap_or_default().trim());
    let mut known = kinds.filter_map(|kind| match kind.to_ascii_lowercase().as_str() {
        "text/event-stream" => Some(Format::Sse),
        "application/x-ndjson" => Some(Format::Ndjson),
        _ => None,
    });
    known.next().unwrap_or(Format::Sse)
}

fn too_many() -> Problem {
    Problem::new(ProblemType::TooManyStreams, "as many streams are open as the server takes")
        .hint("close one, or ask for pages: GET /events?wait=20s")
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Sse => Self::Sse,
            FormatName::Ndjson => Self::Ndjson,
        }
    }
}
