//! `/clients/batch`: many clients in one request, each with a result of its own, and one round of the engine for all.

use std::collections::VecDeque;

use axum::extract::{Extension, State};
use axum::http::Uri;
use infostore::{ClientId, Transport};
use serde::Serialize;
use server::{Injection, ListedClient, StoreError, StoreHandle};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::batch_items::{BatchItem, Items};
use crate::batch_verbs;
use crate::clients::{Client, NewClient};
use crate::extract::{NoQuery, Store, parse_object};
use crate::finish::RequestId;
use crate::problem::{Problem, ProblemDocument};
use crate::reply::Reply;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(create_batch)).merge(batch_verbs::routes())
}

/// What became of a batch.
#[derive(Serialize, ToSchema)]
struct BatchResult {
    /// One for each item of the request, in its order.
    items: Vec<ItemResult>,
    /// Clients that were injected.
    injected: usize,
    /// Items that were not taken.
    failed: usize,
}

/// What became of one item of a batch.
#[derive(Serialize, ToSchema)]
struct ItemResult {
    /// Its place in the request, from 0.
    index: usize,
    /// The status that the item would have got alone: 201, or that of its problem.
    status: u16,
    /// The clients that were injected; empty when the item was not taken.
    clients: Vec<Client>,
    /// Why the item was not taken; null when it was.
    problem: Option<ProblemDocument>,
}

impl BatchItem for NewClient {
    const NOUN: &'static str = "a client";

    fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        parse_object(bytes)
    }
}

/// The items that can be injected, in order, and for each item how many clients it has or what is wrong.
struct Plan {
    /// The number of the next client.
    next: u64,
    injections: Vec<Injection>,
    items: Vec<Result<usize, Problem>>,
}

impl Plan {
    fn new(items: Items<NewClient>, first: ClientId, store: &StoreHandle, most: usize) -> Self {
        let mut plan = Self { next: first.0, injections: Vec::new(), items: Vec::new() };
        for item in items.0 {
            let outcome = item.and_then(|new| plan.take(new, store, most));
            plan.items.push(outcome);
        }
        plan
    }

    fn take(&mut self, new: NewClient, store: &StoreHandle, most: usize) -> Result<usize, Problem> {
        if new.transport() == Transport::Tcp && store.rpc_address().is_none() {
            return Err(StoreError::NoRpcPort.into());
        }
        let taken = self.injections.len();
        let clients = new.injections((self.next, store.seed()), most.saturating_sub(taken))?;
        let count = clients.len();
        self.next = self.next.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        self.injections.extend(clients);
        Ok(count)
    }
}

fn result(
    index: usize,
    outcome: Result<usize, Problem>,
    clients: &mut VecDeque<ListedClient>,
    request: (&Uri, &RequestId),
) -> ItemResult {
    match outcome {
        Ok(count) => {
            let taken = clients.drain(..count.min(clients.len()));
            let clients = taken.map(Client::from).collect();
            ItemResult { index, status: 201, clients, problem: None }
        }
        Err(problem) => {
            let status = problem.kind.status().as_u16();
            let (uri, RequestId(id)) = request;
            let problem = problem.below(&format!("#/{index}"));
            let problem = problem.document(uri.path().to_owned(), id.clone());
            ItemResult { index, status, clients: Vec::new(), problem: Some(problem) }
        }
    }
}

/// Injects many clients: a JSON array, or one a line (NDJSON). Items that can't be taken are told so one by one, and the
/// others are injected together.
#[utoipa::path(
    post, path = "/v1/stores/{store}/clients/batch", tag = "clients",
    request_body(content(
        (Vec<NewClient> = "application/json"),
        (NewClient = "application/x-ndjson"),
    )),
    responses((status = 200, body = BatchResult)),
)]
async fn create_batch(
    _: NoQuery,
    State(app): State<App>,
    Store(store): Store,
    uri: Uri,
    Extension(id): Extension<RequestId>,
    items: Items<NewClient>,
) -> Result<Reply<BatchResult>, Problem> {
    let first = store.read(|view| view.next_client()).await?;
    let plan = Plan::new(items, first, &store, app.config().limits.clients_per_request);
    let mut clients: VecDeque<_> = store.inject(plan.injections).await?.into();
    let cursor = store.read(|view| view.cursor()).await?;
    let injected = clients.len();
    let results = plan.items.into_iter().enumerate();
    let items: Vec<_> =
        results.map(|(index, outcome)| result(index, outcome, &mut clients, (&uri, &id))).collect();
    let failed = items.iter().filter(|item| item.problem.is_some()).count();
    Ok(Reply::ok((cursor, BatchResult { items, injected, failed })))
}
