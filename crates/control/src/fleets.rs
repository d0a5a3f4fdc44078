//! `/fleets`: a company's programs, injected at once.

use axum::extract::State;
use infostore::ClientId;
use serde::Serialize;
use server::{Injection, StoreHandle};
use simulator::{Fleet, FleetGroup, Transport};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::{Body, NoQuery, Store};
use crate::injection::Simulated;
use crate::problem::{FieldError, Problem};
use crate::reply::Reply;
use crate::session_fields::TransportName;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(deploy))
}

/// A fleet to inject; docs/fleets.md has every field of a group.
#[derive(ToSchema)]
#[schema(as = NewFleet, example = json!({
    "name": "a small company",
    "groups": [
        { "name": "office", "program": "OUTLOOK.EXE", "clients": 8, "arrive": { "over": "30m" } },
        { "name": "beta", "process": "mdl.exe", "clients": 2, "on_refused": { "reconnect": "storm" } },
    ],
}))]
#[expect(dead_code, reason = "it only shows what a fleet of the simulator looks like")]
struct FleetShape {
    /// Its name.
    #[schema(default = "")]
    name: Option<String>,
    /// What it is.
    #[schema(default = "")]
    about: Option<String>,
    /// How the bytes of all its clients travel.
    #[schema(default = "pipe")]
    transport: Option<TransportName>,
    /// Its clients, in the order in which they get their ids.
    #[schema(min_items = 1)]
    groups: Vec<GroupShape>,
}

/// A group of clients of one kind; docs/fleets.md has the rest of its fields.
#[derive(ToSchema)]
#[schema(as = NewFleetGroup)]
#[expect(dead_code, reason = "as above")]
struct GroupShape {
    /// Its name, which is the label of its clients.
    name: String,
    /// How many clients.
    #[schema(minimum = 1, maximum = 100_000)]
    clients: u32,
    /// A program of the catalogue.
    program: Option<String>,
    /// A program of any name. Without this and `program`, the clients send no name.
    process: Option<String>,
    /// How many connections each opens.
    #[schema(minimum = 1, maximum = 16, default = 1)]
    connections: Option<u32>,
}

/// A fleet that was injected.
#[derive(Serialize, ToSchema)]
#[schema(as = Fleet)]
struct Deployed {
    /// Its name; empty when it has none.
    name: String,
    /// How many clients it has.
    clients: u64,
    /// How many connections they open. Each is an injected client of the store.
    connections: u64,
    /// The id of the first of these; the others follow without a gap, in the order of the groups.
    first: u64,
    /// Its groups, in order.
    groups: Vec<DeployedGroup>,
}

/// A group of a fleet.
#[derive(Serialize, ToSchema)]
#[schema(as = FleetGroup)]
struct DeployedGroup {
    /// Its name, which is the label of its clients.
    name: String,
    /// How many clients it has.
    clients: u64,
    /// How many connections they open.
    connections: u64,
    /// The id of the first of these.
    first: u64,
}

impl Deployed {
    fn new(fleet: &Fleet, first: ClientId) -> Self {
        let groups = fleet.groups().iter().scan(first.0, |next, group| {
            let first = *next;
            *next = next.saturating_add(group.all_connections());
            Some(DeployedGroup::new(group, first))
        });
        Self {
            groups: groups.collect(),
            name: fleet.name().to_owned(),
            clients: fleet.clients(),
            connections: fleet.connections(),
            first: first.0,
        }
    }
}

impl DeployedGroup {
    fn new(group: &FleetGroup, first: u64) -> Self {
        Self {
            name: group.name().to_owned(),
            clients: group.clients(),
            connections: group.all_connections(),
            first,
        }
    }
}

/// The clients of a fleet, as a store injects them.
fn injections(fleet: &Fleet, store: &StoreHandle) -> Vec<Injection> {
    let members = fleet.members(store.seed().0);
    let injections = members.map(|member| Injection {
        client: Box::new(Simulated(member.program)),
        transport: match member.transport {
            Transport::Pipe => infostore::Transport::Pipe,
            Transport::Tcp => infostore::Transport::Tcp,
        },
        group: Some(member.group.to_owned()),
    });
    injections.collect()
}

/// Injects a fleet: groups of clients, each with its programs, versions and habits, as docs/fleets.md describes them. They come
/// when they are used to come, and do what they do of their own accord as store time moves. Answers when those that come at
/// once have connected, or have failed. The same fleet on a store of the same seed does the same.
#[utoipa::path(
    post, path = "/v1/stores/{store}/fleets", tag = "clients", operation_id = "deploy_fleet",
    request_body = FleetShape,
    responses((status = 201, body = Deployed)),
)]
async fn deploy(
    _: NoQuery,
    State(app): State<App>,
    Store(store): Store,
    Body(fleet): Body<Fleet>,
) -> Result<Reply<Deployed>, Problem> {
    let (most, connections) = (app.config().limits.clients_per_request, fleet.connections());
    if u64::try_from(most).is_ok_and(|most| most < connections) {
        let detail = format!("they open {connections} connections, and can open {most} here");
        return Err(Problem::body(FieldError::at("#/groups", detail)));
    }
    let injected = store.inject(injections(&fleet, &store)).await?;
    let first = injected.first().map_or(ClientId(0), |client| client.id);
    let cursor = store.read(|view| view.cursor()).await?;
    Ok(Reply::created((cursor, Deployed::new(&fleet, first))))
}
