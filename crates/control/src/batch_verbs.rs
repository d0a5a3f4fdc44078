//! `/clients/batch/{connect,disconnect,delete}`: the same for many clients in one turn of the store, each with a result of its own.

use axum::extract::{Extension, State};
use axum::http::Uri;
use infostore::ClientId;
use serde::Serialize;
use server::{ListedClient, StoreHandle};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::batch_items::{BatchItem, Items};
use crate::clients::Client;
use crate::extract::{NoQuery, Numbered, Store, parse_json};
use crate::finish::RequestId;
use crate::problem::{FieldError, Problem, ProblemDocument};
use crate::reply::Reply;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(connect_batch))
        .routes(routes!(disconnect_batch))
        .routes(routes!(delete_batch))
}

/// What became of many clients.
#[derive(Serialize, ToSchema)]
struct ClientResults {
    /// One for each id of the request, in its order.
    items: Vec<ClientResult>,
    /// Clients to which it was done.
    done: usize,
    /// Ids of the request to which it was not.
    failed: usize,
}

/// What became of one of them.
#[derive(Serialize, ToSchema)]
struct ClientResult {
    /// Its place in the request, from 0.
    index: usize,
    /// Its id; null when there was none in its place.
    id: Option<u64>,
    /// The status that it would have got alone: 200, 204 when it was deleted, or that of its problem.
    status: u16,
    /// The client as it is then; null when it was deleted or there is none.
    client: Option<Client>,
    /// Why it was not done; null when it was.
    problem: Option<ProblemDocument>,
}

impl BatchItem for ClientId {
    const NOUN: &'static str = "an id";

    fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        parse_json(bytes).map(Self)
    }
}

/// What is done to each of the clients.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Connect,
    Disconnect,
    Delete,
}

/// Has many clients connect again: ids as a JSON array, or one a line (NDJSON). One that is connected hangs up first. An id that
/// names none is told so, and the others are told to connect together.
#[utoipa::path(
    post, path = "/v1/stores/{store}/clients/batch/connect", tag = "clients",
    request_body(content((Vec<u64> = "application/json"), (u64 = "application/x-ndjson"))),
    responses((status = 200, body = ClientResults)),
)]
async fn connect_batch(
    _: NoQuery,
    State(app): State<App>,
    Store(store): Store,
    request: About,
    ids: Items<ClientId>,
) -> Result<Reply<ClientResults>, Problem> {
    each(What::Connect, (&app, &store), request, ids).await
}

/// Has many clients disconnect: ids as a JSON array, or one a line (NDJSON). An id that names none is told so, and the others
/// disconnect together.
#[utoipa::path(
    post, path = "/v1/stores/{store}/clients/batch/disconnect", tag = "clients",
    request_body(content((Vec<u64> = "application/json"), (u64 = "application/x-ndjson"))),
    responses((status = 200, body = ClientResults)),
)]
async fn disconnect_batch(
    _: NoQuery,
    State(app): State<App>,
    Store(store): Store,
    request: About,
    ids: Items<ClientId>,
) -> Result<Reply<ClientResults>, Problem> {
    each(What::Disconnect, (&app, &store), request, ids).await
}

/// Disconnects many clients and forgets them: ids as a JSON array, or one a line (NDJSON). An id that names none is told so, and
/// the others go together.
#[utoipa::path(
    post, path = "/v1/stores/{store}/clients/batch/delete", tag = "clients",
    request_body(content((Vec<u64> = "application/json"), (u64 = "application/x-ndjson"))),
    responses((status = 200, body = ClientResults)),
)]
async fn delete_batch(
    _: NoQuery,
    State(app): State<App>,
    Store(store): Store,
    request: About,
    ids: Items<ClientId>,
) -> Result<Reply<ClientResults>, Problem> {
    each(What::Delete, (&app, &store), request, ids).await
}

/// What a problem tells of the request.
type About = (Uri, Extension<RequestId>);

async fn each(
    what: What,
    (app, store): (&App, &StoreHandle),
    (uri, Extension(RequestId(request))): About,
    Items(ids): Items<ClientId>,
) -> Result<Reply<ClientResults>, Problem> {
    let most = app.config().limits.clients_per_request;
    if most < ids.len() {
        let detail = format!("a request is about at most {most} clients");
        return Err(Problem::body(FieldError::at("#", detail)));
    }
    let known = ids.iter().filter_map(|id| id.as_ref().ok().copied()).collect();
    let mut told = act(what, store, known).await?.into_iter();
    let outcomes = ids.into_iter().map(|id| {
        let outcome = id.as_ref().ok().and_then(|_| told.next());
        (id, outcome.flatten())
    });
    let results = outcomes.enumerate().map(|(index, (id, outcome))| match (id, outcome) {
        (Ok(ClientId(id)), Some(told)) => done(index, id, told),
        (Ok(id), None) => failed(index, Some(id.0), ClientId::missing(id.0), (&uri, &request)),
        (Err(problem), _) => failed(index, None, problem, (&uri, &request)),
    });
    let items: Vec<_> = results.collect();
    let cursor = store.read(|view| view.cursor()).await?;
    let done = items.iter().filter(|item| item.problem.is_none()).count();
    let failed = items.len().saturating_sub(done);
    Ok(Reply::ok((cursor, ClientResults { items, done, failed })))
}

/// Of each id what the client is then: nothing when it was deleted; or none where there is no client.
async fn act(
    what: What,
    store: &StoreHandle,
    ids: Vec<ClientId>,
) -> Result<Vec<Option<Option<ListedClient>>>, Problem> {
    let told = match what {
        What::Connect => store.tell_clients(ids, |client, now| client.connect(now)).await?,
        What::Disconnect => store.tell_clients(ids, |client, now| client.disconnect(now)).await?,
        What::Delete => {
            let mut gone = store.delete_clients(ids.iter().copied().collect()).await?;
            let gone = ids.iter().map(|id| gone.remove(id).then_some(None));
            return Ok(gone.collect());
        }
    };
    Ok(told.into_iter().map(|client| client.map(Some)).collect())
}

fn done(index: usize, id: u64, client: Option<ListedClient>) -> ClientResult {
    let status = if client.is_some() { 200 } else { 204 };
    ClientResult { index, id: Some(id), status, client: client.map(Client::from), problem: None }
}

fn failed(
    index: usize,
    id: Option<u64>,
    problem: Problem,
    (uri, request): (&Uri, &str),
) -> ClientResult {
    let status = problem.kind.status().as_u16();
    let problem = problem.below(&format!("#/{index}"));
    let problem = problem.document(uri.path().to_owned(), request.to_owned());
    ClientResult { index, id, status, client: None, problem: Some(problem) }
}
