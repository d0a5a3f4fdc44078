//! `/policy/generations`: the policies that came into force, out of the journal.

use infostore::{Event, Journal};
use serde::Serialize;
use server::View;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::event_fields::ListChangeText;
use crate::event_words::cause_text;
use crate::extract::{Params, Store};
use crate::page::{Page, take_page};
use crate::problem::Problem;
use crate::reply::Reply;
use crate::scalars::Time;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list))
}

/// A policy that came into force.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Generation)]
struct GenerationText {
    /// Its number since the start, from 1; 0 is the empty policy before the first.
    generation: u64,
    /// The sequence number of its event, `policy.changed`.
    seq: u64,
    /// Store time.
    at: Time,
    /// What brought it: `poll:N`.
    #[schema(example = "poll:2")]
    cause: String,
    /// What became of the list of programs.
    processes: ListChangeText,
    /// What became of the list of versions.
    versions: ListChangeText,
    /// Sessions that were disconnected when it came into force.
    disconnected: usize,
    /// Sessions that would have been, had it been enforced, and were not forbidden before.
    would_block: usize,
}

/// A page of generations, oldest first.
#[derive(Serialize, ToSchema)]
struct Generations {
    /// The generations.
    items: Vec<GenerationText>,
    /// The `after` of the next page; null when there is nothing more.
    next: Option<u64>,
    /// Older generations that have left the journal.
    forgotten: u64,
}

/// The generations whose change is in the journal, oldest first.
fn kept(journal: &Journal) -> Vec<GenerationText> {
    let mut kept: Vec<GenerationText> = Vec::new();
    for entry in journal.entries() {
        if let Event::PolicyChanged { generation, change } = &entry.event {
            kept.push(GenerationText {
                generation: generation.0,
                seq: entry.seq.0,
                at: Time(entry.at),
                cause: cause_text(entry.cause),
                processes: (&change.processes).into(),
                versions: (&change.versions).into(),
                disconnected: 0,
                would_block: 0,
            });
        } else if let Event::EnforcementCompleted { swept, .. } = &entry.event {
            // It ends the sweep after the change before it, whose entry may have left the journal; or that of a mode.
            let cause = cause_text(entry.cause);
            if let Some(newest) = kept.last_mut().filter(|newest| newest.cause == cause) {
                newest.disconnected = swept.disconnected;
                newest.would_block = swept.would_block;
            }
        }
    }
    kept
}

fn page(view: View<'_>, page: Page) -> Generations {
    let kept = kept(view.store().journal());
    let in_force = view.store().generation().0;
    let first = kept.first().map_or_else(|| in_force.saturating_add(1), |oldest| oldest.generation);
    let after = page.after.unwrap_or(0);
    let wanted = kept.into_iter().filter(|item| after < item.generation);
    let (items, next) = take_page(wanted, page.limit, |item| item.generation);
    Generations { items, next, forgotten: first.saturating_sub(1) }
}

/// Lists the policies that came into force, oldest first, as far as the journal goes back.
#[utoipa::path(
    get, path = "/v1/stores/{store}/policy/generations", tag = "policy", operation_id = "generations",
    params(Page), responses((status = 200, body = Generations)),
)]
async fn list(
    Store(store): Store,
    Params(query): Params<Page>,
) -> Result<Reply<Generations>, Problem> {
    let read = store.read(move |view| (view.cursor(), page(view, query)));
    Ok(Reply::ok(read.await?))
}
