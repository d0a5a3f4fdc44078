//! `/clients`: injected clients. They send the bytes of real ones.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use infostore::{ClientId, Transport};
use serde::{Deserialize, Serialize};
use server::{Injection, ListedClient, Seed, StoreHandle, View};
use simulator::{
    Arrival, CallError, ClientFields, ClientMode, ClientSpec, ClientVersion, HabitFields, Habits,
    MachineName, ProcessName, Program, Reaction, Span, SpecError, UserName,
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::{Body, Id, NoQuery, Nothing, Numbered, OptionalBody, Params, Store};
use crate::filter::{FilterText, List, Row};
use crate::given;
use crate::injection::{Errand, ErrandError, Simulated, send};
use crate::page::{Limit, take_page};
use crate::precondition::Precondition;
use crate::problem::{FieldError, Problem, ProblemType};
use crate::reply::Reply;
use crate::session_fields::TransportName;
use crate::{batch, client_change};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list, create))
        .routes(routes!(read, client_change::change, delete))
        .routes(routes!(connect))
        .routes(routes!(disconnect))
        .routes(routes!(make_call))
        .merge(batch::routes())
}

/// An injected client.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Client {
    /// Its number since the last reset, from 1.
    id: u64,
    /// The program it reports; null when it sends no auxiliary block.
    process: Option<String>,
    /// Its version.
    client_version: String,
    /// The user.
    user: String,
    /// The computer.
    machine: String,
    /// How it uses its mailbox: `classic` or `cached`.
    mode: &'static str,
    /// How its bytes travel.
    transport: TransportName,
    /// Its owner's label, which no decision sees.
    group: Option<String>,
    /// Where it stands: `idle`, `connecting`, `connected`, `refused`, `disconnected` or `failed`.
    state: &'static str,
    /// How it came there, as the client understood it: an error code, or a clause. Null when all went well.
    #[schema(example = "ecClientVerDisallowed")]
    outcome: Option<String>,
    /// How often it began to connect.
    attempts: u64,
}

/// A page of clients, in the order of their injection.
#[derive(Serialize, ToSchema)]
struct Clients {
    /// The clients.
    items: Vec<Client>,
    /// The `after` of the next page; null when there is nothing more.
    next: Option<u64>,
}

/// What one request injected.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum Injected {
    /// One client: `count` was absent or 1.
    One(Client),
    /// Several, in order.
    Many {
        /// The clients.
        items: Vec<Client>,
    },
}

/// Which clients to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ClientQuery {
    /// Items at the most.
    #[serde(default)]
    #[param(inline, value_type = Option<Limit>)]
    limit: Limit,
    /// The id to begin after: the `next` of the page before.
    after: Option<u64>,
    /// Only clients that this filter lets through, such as `process:mdl.exe version:<11.0 -origin:foreign`; docs/filters.md has
    /// the language.
    #[serde(default)]
    #[param(value_type = Option<String>, example = "process:mdl.exe state:refused")]
    q: FilterText,
}

/// A client to inject. It connects at once.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewClient {
    /// The program it reports; null or absent for a client that sends no auxiliary block. A path is taken as it is.
    #[schema(value_type = Option<String>, example = "mdl.exe")]
    process: Option<ProcessName>,
    /// Its version; one below 11 connects with opnum 0, which has no place for a process name.
    #[schema(value_type = Option<String>, example = "11.0.5608.0")]
    client_version: Option<ClientVersion>,
    /// The user, the last part of the distinguished name; `{n}` stands for the client's id.
    #[schema(value_type = Option<String>, example = "user{n}")]
    user: Option<UserName>,
    /// The computer; `{n}` stands for the client's id.
    #[schema(value_type = Option<String>, example = "WKS{n}")]
    machine: Option<MachineName>,
    /// How it uses its mailbox: `cached`, unless told, or `classic`.
    #[schema(value_type = Option<String>, example = "cached")]
    mode: Option<ClientMode>,
    /// For people; it is neither sent nor shown again.
    note: Option<String>,
    /// How its bytes travel.
    #[serde(default)]
    transport: TransportName,
    /// How many of them, from 1.
    #[serde(default = "one")]
    #[schema(minimum = 1, default = 1)]
    count: usize,
    /// A label, which no decision sees.
    group: Option<String>,
    /// When it is started, at once unless told.
    #[serde(default, deserialize_with = "given::optional_object")]
    #[schema(value_type = Option<Object>, example = json!({ "after": "1m" }))]
    arrive: Option<Arrival>,
    /// The time between a call and the next, as `10s`, or any from `from` to `to`.
    #[schema(value_type = Option<Object>, example = json!({ "from": "5s", "to": "15s" }))]
    think: Option<Span>,
    /// Calls a minute on average, instead of `think`.
    rops_per_minute: Option<f64>,
    /// How many calls in all; without it, for as long as it is connected.
    rops: Option<u32>,
    /// How long a session lasts before the client ends it, and stays away.
    #[schema(value_type = Option<Object>, example = "8h")]
    lifetime: Option<Span>,
    /// What it does when it is refused: docs/fleets.md has every way to connect again.
    #[serde(default, deserialize_with = "given::object")]
    #[schema(value_type = Object, example = json!({ "reconnect": "fixed", "delay": "30s" }))]
    on_refused: Reaction,
    /// What it does after the store has ended its session, or when the connection breaks.
    #[serde(default, deserialize_with = "given::object")]
    #[schema(value_type = Object, example = json!({ "reconnect": "none" }))]
    on_disconnect: Reaction,
}

/// A call to make.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct CallRequest {
    /// A program to name in the call, as a client does whose auxiliary block comes late; absent for a plain call.
    #[schema(value_type = Option<String>, example = "late.exe")]
    process: Option<ProcessName>,
}

/// What clients of one kind are, and do.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct ClientKind {
    pub(crate) spec: ClientSpec,
    pub(crate) habits: Arc<Habits>,
}

impl ClientKind {
    /// A client of this number.
    pub(crate) fn client(&self, number: u64, seed: Seed) -> Simulated {
        let spec = self.spec.numbered(number);
        Simulated(Program::new(spec, &self.habits, (number, seed.0)))
    }
}

fn one() -> usize {
    1
}

impl From<ListedClient> for Client {
    fn from(client: ListedClient) -> Self {
        let ListedClient { id, transport, group, view } = client;
        Self {
            id: id.0,
            process: view.process,
            client_version: view.client_version,
            user: view.user,
            machine: view.machine,
            mode: view.mode,
            transport: transport.into(),
            group,
            state: view.state,
            outcome: view.outcome,
            attempts: view.attempts,
        }
    }
}

impl NewClient {
    pub(crate) fn transport(&self) -> Transport {
        self.transport.into()
    }

    /// The clients to inject, the first of them with the number `first`; at most `most`.
    pub(crate) fn injections(
        self,
        (first, seed): (u64, Seed),
        most: usize,
    ) -> Result<Vec<Injection>, Problem> {
        if !(1..=most).contains(&self.count) {
            let detail = format!("it is {}, and can be 1 to {most} here", self.count);
            return Err(Problem::body(FieldError::at("#/count", detail)));
        }
        let (transport, group, count) = (self.transport(), self.group.clone(), self.count);
        let kind = self.kind("#")?;
        let clients = (first..).take(count).map(|number| Injection {
            client: Box::new(kind.client(number, seed)),
            transport,
            group: group.clone(),
        });
        Ok(clients.collect())
    }

    /// What clients of a group are like: a body in `template`, where the group's name and number are said elsewhere.
    pub(crate) fn kind_of_group(self) -> Result<ClientKind, Problem> {
        for (field, given) in [("group", self.group.is_some()), ("count", self.count != 1)] {
            if given {
                let detail =
                    "a template has none: the path names the group, and `replicas` counts it";
                return Err(Problem::body(FieldError::at(format!("#/template/{field}"), detail)));
            }
        }
        self.kind("#/template")
    }

    /// What is at this place of a body.
    fn kind(self, place: &str) -> Result<ClientKind, Problem> {
        let habits = Habits::new(HabitFields {
            arrive: self.arrive,
            think: self.think,
            rops_per_minute: self.rops_per_minute,
            rops: self.rops,
            lifetime: self.lifetime,
            on_refused: self.on_refused.clone(),
            on_disconnect: self.on_disconnect.clone(),
        });
        let habits = habits.map_err(|error| Problem::body(FieldError::at(place, error)))?;
        Ok(ClientKind { spec: self.spec(place)?, habits: Arc::new(habits) })
    }

    fn spec(self, place: &str) -> Result<ClientSpec, Problem> {
        let defaults = ClientFields::default();
        let fields = ClientFields {
            process: self.process,
            client_version: self.client_version.unwrap_or(defaults.client_version),
            user: self.user.unwrap_or(defaults.user),
            machine: self.machine.unwrap_or(defaults.machine),
            mode: self.mode.unwrap_or(defaults.mode),
            note: self.note,
        };
        ClientSpec::new(fields).map_err(|error| {
            let field = match &error {
                SpecError::Field { field, .. } => field,
                SpecError::TooOldForProcess { .. } => "process",
            };
            Problem::body(FieldError::at(format!("{place}/{field}"), error.to_string()))
        })
    }
}

/// Lists the injected clients, in the order of their injection.
#[utoipa::path(
    get, path = "/v1/stores/{store}/clients", tag = "clients",
    params(ClientQuery), responses((status = 200, body = Clients)),
)]
async fn list(
    Store(store): Store,
    Params(query): Params<ClientQuery>,
) -> Result<Reply<Clients>, Problem> {
    let filter = query.q.of(List::Clients)?;
    let read = store.read(move |view| {
        let policy = view.store().policy();
        let clients = view.clients_after(query.after.map(ClientId));
        let clients = clients.filter(|client| filter.passes(&Row::client(client, policy)));
        let (page, next) = take_page(clients, query.limit, |client| client.id.0);
        (view.cursor(), Clients { items: page.into_iter().map(Client::from).collect(), next })
    });
    Ok(Reply::ok(read.await?))
}

/// Injects clients, which connect at once. Answers when they have, or have failed: one client, or with a `count` above 1
/// all of them as `items`.
#[utoipa::path(
    post, path = "/v1/stores/{store}/clients", tag = "clients",
    request_body = NewClient,
    responses((status = 201, body = Injected)),
)]
async fn create(
    _: NoQuery,
    State(app): State<App>,
    Store(store): Store,
    Body(new): Body<NewClient>,
) -> Result<Reply<Injected>, Problem> {
    // Whoever injects at the same moment may get the same number into a name; ids are the store's.
    let ClientId(first) = store.read(|view| view.next_client()).await?;
    let injections =
        new.injections((first, store.seed()), app.config().limits.clients_per_request)?;
    let clients = store.inject(injections).await?;
    let cursor = store.read(|view| view.cursor()).await?;
    let items: Vec<_> = clients.into_iter().map(Client::from).collect();
    let injected = match <[Client; 1]>::try_from(items) {
        Ok([client]) => Injected::One(client),
        Err(items) => Injected::Many { items },
    };
    Ok(Reply::created((cursor, injected)))
}

/// Shows an injected client.
#[utoipa::path(
    get, path = "/v1/stores/{store}/clients/{id}", tag = "clients",
    params(("id" = u64, Path, description = "The client's id")),
    responses((status = 200, body = Client)),
)]
async fn read(
    _: NoQuery,
    Store(store): Store,
    Id(id): Id<ClientId>,
) -> Result<Reply<Client>, Problem> {
    show(&store, id).await
}

/// Disconnects an injected client and forgets it.
#[utoipa::path(
    delete, path = "/v1/stores/{store}/clients/{id}", tag = "clients",
    params(("id" = u64, Path, description = "The client's id")),
    responses((status = 204, description = "The client is gone")),
)]
async fn delete(
    _: NoQuery,
    Store(store): Store,
    Id(id): Id<ClientId>,
    when: Precondition,
) -> Result<StatusCode, Problem> {
    when.on(&store, move |view| state(view, id)).delete_client(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Has a client connect again. One that is connected hangs up first.
#[utoipa::path(
    post, path = "/v1/stores/{store}/clients/{id}/connect", tag = "clients",
    params(("id" = u64, Path, description = "The client's id")),
    request_body(content = Option<Nothing>),
    responses((status = 200, body = Client)),
)]
async fn connect(
    _: NoQuery,
    Store(store): Store,
    Id(id): Id<ClientId>,
    OptionalBody(Nothing {}): OptionalBody<Nothing>,
) -> Result<Reply<Client>, Problem> {
    store.connect_client(id).await?;
    show(&store, id).await
}

/// Has a client disconnect.
#[utoipa::path(
    post, path = "/v1/stores/{store}/clients/{id}/disconnect", tag = "clients",
    params(("id" = u64, Path, description = "The client's id")),
    request_body(content = Option<Nothing>),
    responses((status = 200, body = Client)),
)]
async fn disconnect(
    _: NoQuery,
    Store(store): Store,
    Id(id): Id<ClientId>,
    OptionalBody(Nothing {}): OptionalBody<Nothing>,
) -> Result<Reply<Client>, Problem> {
    store.disconnect_client(id).await?;
    show(&store, id).await
}

/// Has a client make a call: a plain one, or one that names another program.
#[utoipa::path(
    post, path = "/v1/stores/{store}/clients/{id}/send", tag = "clients", operation_id = "send",
    params(("id" = u64, Path, description = "The client's id")),
    request_body(content = Option<CallRequest>),
    responses((status = 200, body = Client)),
)]
async fn make_call(
    _: NoQuery,
    Store(store): Store,
    Id(id): Id<ClientId>,
    OptionalBody(call): OptionalBody<CallRequest>,
) -> Result<Reply<Client>, Problem> {
    let errand = call.process.map_or(Errand::Touch, Errand::Report);
    send(&store, id, errand).await?;
    show(&store, id).await
}

pub(crate) fn state(view: View<'_>, id: ClientId) -> Option<Client> {
    view.client(id).map(Client::from)
}

pub(crate) async fn show(store: &StoreHandle, id: ClientId) -> Result<Reply<Client>, Problem> {
    let found = store.read(move |view| Some((view.cursor(), state(view, id)?))).await?;
    found.map(Reply::ok).ok_or_else(|| ClientId::missing(id.0))
}

impl From<ErrandError> for Problem {
    fn from(error: ErrandError) -> Self {
        match error {
            ErrandError::Store(error) => error.into(),
            ErrandError::Client(error @ CallError::NotConnected { .. }) => {
                Self::new(ProblemType::ClientNotConnected, error.to_string())
                    .hint("POST /clients/{id}/connect has it connect again")
            }
            ErrandError::Client(error @ CallError::NoAuxiliaryBuffer) => {
                Self::body(FieldError::at("#/process", error.to_string()))
            }
        }
    }
}
