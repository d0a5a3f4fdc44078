//! `/metrics`: what every store counts, in the text format of OpenMetrics. docs/metrics.md lists the families.
//!
//! No label holds what a peer sent: they are names of stores, items of the block lists as far as they are few and short, and
//! words of closed sets.

mod families;

use core::time::Duration;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use clock::SimTime;
use infostore::{Counts, Epoch, PolicyMode};
use policy::BlockList;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use server::{Activity, StoreTotals, View};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::NoQuery;
use crate::problem::{Problem, ProblemType};

/// The media type of the text format.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Where stores are counted that are no more. No store can be called so.
const DELETED: &str = "(deleted)";

/// How long ago the last call of a session is that Exchange calls active.
const ACTIVE: Duration = Duration::from_secs(600);

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(read))
}

/// Everything that one answer tells.
#[derive(Debug)]
struct Scrape {
    version: String,
    stores: Vec<Sample>,
}

/// A store, or all those that are no more.
#[derive(Debug)]
struct Sample {
    store: String,
    totals: StoreTotals,
    /// What a store is now; none of one that has ended.
    state: Option<StoreState>,
}

/// What a store is at one moment.
#[derive(Clone, Copy, Debug)]
struct StoreState {
    epoch: Epoch,
    now: SimTime,
    running: bool,
    counts: Counts,
    activity: Activity,
    clients: usize,
    waits: usize,
    fault_rules: usize,
    generation: u64,
    enforced: bool,
    items: [(BlockList, usize); 2],
    journal_entries: usize,
    journal_bytes: usize,
    last_poll: Option<SimTime>,
    next_poll: Option<SimTime>,
}

impl StoreState {
    fn of(view: View<'_>) -> Self {
        let store = view.store();
        let (journal, policy, now) = (store.journal(), store.policy(), view.now());
        let active_since = now.as_micros().saturating_sub(micros(ACTIVE));
        Self {
            epoch: view.cursor().epoch,
            now,
            running: store.is_running(),
            counts: store.counts(),
            activity: view.activity(SimTime::from_micros(active_since)),
            clients: view.client_count(),
            waits: view.wait_count(),
            fault_rules: view.faults().list().len(),
            generation: store.generation().0,
            enforced: store.settings().policy_mode == PolicyMode::Enforce,
            items: [
                (BlockList::Processes, policy.processes().items().len()),
                (BlockList::Versions, policy.versions().items().len()),
            ],
            journal_entries: journal.entries().len(),
            journal_bytes: journal.bytes(),
            last_poll: store.polls().next_back().map(|record| record.finished),
            next_poll: view.next_poll(),
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

impl Scrape {
    async fn of(app: &App) -> Self {
        let (counting, gone) = app.stores().counted();
        let mut stores = Vec::new();
        for (name, handle) in counting {
            let (totals, state) = handle.totals_with(StoreState::of).await;
            stores.push(Sample { store: name.to_string(), totals, state });
        }
        stores.push(Sample { store: DELETED.to_owned(), totals: gone, state: None });
        Self { version: app.config().version.clone(), stores }
    }

    fn into_text(self) -> Result<String, core::fmt::Error> {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self));
        let mut text = String::new();
        encode(&mut text, &registry)?;
        Ok(text)
    }
}

/// Tells what every store counts and is, in the text format of OpenMetrics 1.0, for Prometheus and its like. A reset sets no
/// counter back; what a deleted store has counted is told as that of the store `(deleted)`. docs/metrics.md lists the families.
#[utoipa::path(
    get, path = "/metrics", tag = "server", operation_id = "metrics",
    responses((
        status = 200, description = "The metrics", body = String,
        content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8",
    )),
)]
async fn read(_: NoQuery, State(app): State<App>) -> Result<Response, Problem> {
    let text = Scrape::of(&app).await.into_text().map_err(|error| {
        tracing::error!(%error, "the metrics can't be written");
        Problem::new(ProblemType::Internal, "the metrics can't be written")
    })?;
    Ok(([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response())
}
