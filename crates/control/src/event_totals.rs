//! `/events/totals`: how many events of each type there were, whatever has left the journal since.

use std::collections::BTreeMap;

use infostore::{Cursor, EventKind, Journal, Sequence};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::event_words::kind_text;
use crate::extract::{NoQuery, Store};
use crate::problem::Problem;
use crate::reply::Reply;
use crate::scalars::CursorText;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(read))
}

/// The events of an epoch, counted.
#[derive(Serialize, ToSchema)]
struct EventTotals {
    /// The epoch, which began when the store started or was last reset.
    epoch: u64,
    /// Events of it in all, which is the sequence number of the newest.
    total: u64,
    /// How many of each type there were, kept or not. Every type is named.
    #[schema(value_type = BTreeMap<String, u64>)]
    by_type: BTreeMap<&'static str, u64>,
    /// Entries that the journal keeps.
    kept: usize,
    /// Bytes that they weigh, about.
    kept_bytes: usize,
    /// Entries that have left it, the oldest first.
    evicted: u64,
    /// The first place that pages and `at` can begin with.
    first_available: CursorText,
}

impl From<&Journal> for EventTotals {
    fn from(journal: &Journal) -> Self {
        let Cursor { epoch, seq } = journal.cursor();
        let total = |kind: &EventKind| (kind_text(*kind), journal.total(*kind));
        Self {
            epoch: epoch.0,
            total: seq.0,
            by_type: EventKind::ALL.iter().map(total).collect(),
            kept: journal.entries().len(),
            kept_bytes: journal.bytes(),
            evicted: journal.evicted(),
            first_available: CursorText(Cursor { epoch, seq: Sequence(journal.evicted()) }),
        }
    }
}

/// Counts the events of this epoch by type. The journal forgets its oldest entries; these counts forget nothing.
#[utoipa::path(
    get, path = "/v1/stores/{store}/events/totals", tag = "events", operation_id = "event_totals",
    responses((status = 200, body = EventTotals)),
)]
async fn read(_: NoQuery, Store(store): Store) -> Result<Reply<EventTotals>, Problem> {
    let read = store.read(|view| (view.cursor(), EventTotals::from(view.store().journal())));
    Ok(Reply::ok(read.await?))
}
