//! `/client-groups`: injected clients of one kind, as many as are wanted.

use std::any::Any;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use infostore::{ClientId, Transport};
use serde::{Deserialize, Serialize};
use server::{ClientGroup, ClientTemplate, FakeClient, ListedGroup, Scaled, Seed, View};
use simulator::Habits;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::clients::{ClientKind, NewClient};
use crate::extract::{Body, NoQuery, Params, Store, path_parameter};
use crate::injection::Simulated;
use crate::page::{Limit, take_page};
use crate::precondition::Precondition;
use crate::problem::{FieldError, Problem, ProblemType};
use crate::reply::Reply;
use crate::session_fields::TransportName;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list)).routes(routes!(read, set, delete))
}

/// A group of injected clients: those that carry its name as their `group`, whoever injected them.
#[derive(Serialize, ToSchema)]
#[schema(as = ClientGroup)]
struct GroupText {
    /// Its name.
    name: String,
    /// What its clients are like.
    template: TemplateText,
    /// How many there were to be when it was set.
    replicas: usize,
    /// How many there are.
    clients: usize,
    /// How many of them are connected: those that the policy has cut off are not.
    connected: usize,
}

/// What the clients of a group are like.
#[derive(Serialize, ToSchema)]
#[schema(as = ClientTemplate)]
struct TemplateText {
    /// The program they report; null when they send no auxiliary block.
    process: Option<String>,
    /// Their version.
    client_version: String,
    /// The user; `{n}` stands for the client's id.
    user: String,
    /// The computer; `{n}` stands for the client's id.
    machine: String,
    /// How they use their mailbox: `classic` or `cached`.
    mode: &'static str,
    /// How their bytes travel.
    transport: TransportName,
    /// What they do of their own accord, as POST /clients takes it.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    habits: Habits,
}

/// A group as it was set, and what came of it.
#[derive(Serialize, ToSchema)]
struct ScaledGroup {
    #[serde(flatten)]
    group: GroupText,
    /// Clients that have connected for it.
    joined: usize,
    /// Clients that have left.
    left: usize,
}

/// A page of groups, in the order of their names.
#[derive(Serialize, ToSchema)]
struct Groups {
    /// The groups.
    items: Vec<GroupText>,
    /// The `after` of the next page; null when there is nothing more.
    next: Option<String>,
}

/// A page of a list that is ordered by name.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct GroupPage {
    /// Items at the most.
    #[serde(default)]
    #[param(inline, value_type = Option<Limit>)]
    limit: Limit,
    /// The name to begin after: the `next` of the page before.
    after: Option<String>,
}

/// A group to set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GroupChange {
    /// What its clients are like, as POST /clients takes it, without `count` and `group`.
    template: NewClient,
    /// How many there are to be; with 0 the group is there, and empty.
    replicas: usize,
}

/// The group that the path names.
struct GroupName(String);

impl FromRequestParts<App> for GroupName {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        path_parameter(parts, "group").await.map(Self)
    }
}

/// The template of a group, as a store keeps it.
struct Template {
    kind: ClientKind,
    transport: Transport,
    seed: Seed,
}

impl ClientTemplate for Template {
    fn client(&self, id: ClientId) -> Box<dyn FakeClient> {
        Box::new(self.kind.client(id.0, self.seed))
    }

    fn fits(&self, client: &dyn FakeClient, id: ClientId) -> bool {
        let client: &dyn Any = client;
        let client = client.downcast_ref::<Simulated>();
        client.is_some_and(|client| client.is(&self.kind, id.0))
    }

    fn transport(&self) -> Transport {
        self.transport
    }
}

impl GroupChange {
    fn group(self, seed: Seed, most: usize) -> Result<ClientGroup, Problem> {
        if most < self.replicas {
            let detail = format!("it is {}, and can be 0 to {most}", self.replicas);
            return Err(Problem::body(FieldError::at("#/replicas", detail)));
        }
        let transport = self.template.transport();
        let kind = self.template.kind_of_group()?;
        Ok(ClientGroup {
            template: Arc::new(Template { kind, transport, seed }),
            replicas: self.replicas,
        })
    }
}

impl TemplateText {
    fn new(group: &ClientGroup) -> Option<Self> {
        let template: &dyn Any = &*group.template;
        let Template { kind: ClientKind { spec, habits }, transport, seed: _ } =
            template.downcast_ref()?;
        Some(Self {
            process: spec.process().map(ToString::to_string),
            client_version: spec.client_version().to_string(),
            user: spec.user().to_string(),
            machine: spec.machine().to_string(),
            mode: spec.mode().name(),
            transport: (*transport).into(),
            habits: (**habits).clone(),
        })
    }
}

impl GroupText {
    /// A group of this control plane.
    fn new(ListedGroup { name, group, clients, connected }: ListedGroup) -> Option<Self> {
        let template = TemplateText::new(&group)?;
        Some(Self { name, template, replicas: group.replicas, clients, connected })
    }
}

fn state(view: View<'_>, name: &str) -> Option<GroupText> {
    view.client_group(name).and_then(GroupText::new)
}

fn missing(name: &str) -> Problem {
    Problem::new(ProblemType::ClientGroupNotFound, format!("there is no client group `{name}`"))
}

/// Lists the groups of injected clients, by name.
#[utoipa::path(
    get, path = "/v1/stores/{store}/client-groups", tag = "clients", operation_id = "client_groups",
    params(GroupPage), responses((status = 200, body = Groups)),
)]
async fn list(
    Store(store): Store,
    Params(page): Params<GroupPage>,
) -> Result<Reply<Groups>, Problem> {
    let read = store.read(move |view| {
        let groups = view.client_groups_after(page.after.as_deref());
        let (items, next) =
            take_page(groups.filter_map(GroupText::new), page.limit, |group| group.name.clone());
        (view.cursor(), Groups { items, next })
    });
    Ok(Reply::ok(read.await?))
}

/// Shows a group of injected clients.
#[utoipa::path(
    get, path = "/v1/stores/{store}/client-groups/{group}", tag = "clients",
    operation_id = "client_group",
    params(("group" = String, Path, description = "The group's name")),
    responses((status = 200, body = GroupText)),
)]
async fn read(
    _: NoQuery,
    Store(store): Store,
    GroupName(name): GroupName,
) -> Result<Reply<GroupText>, Problem> {
    let wanted = name.clone();
    let read = store.read(move |view| Some((view.cursor(), state(view, &wanted)?)));
    read.await?.map(Reply::ok).ok_or_else(|| missing(&name))
}

/// Sets a group: afterwards as many clients as are wanted carry its label, each as the template has it. Those that are not
/// leave first, and of the others the newest where there are too many, with EcDoDisconnect; then new ones connect. Clients
/// that the policy has cut off stay as they are, and count. Answers when all that has happened; nothing keeps the group at
/// its number then.
#[utoipa::path(
    put, path = "/v1/stores/{store}/client-groups/{group}", tag = "clients",
    operation_id = "set_client_group",
    params(("group" = String, Path, description = "The group's name")),
    request_body = GroupChange,
    responses(
        (status = 200, description = "The group was there", body = ScaledGroup),
        (status = 201, description = "The group is new", body = ScaledGroup),
    ),
)]
async fn set(
    _: NoQuery,
    State(app): State<App>,
    Store(store): Store,
    GroupName(name): GroupName,
    when: Precondition,
    Body(change): Body<GroupChange>,
) -> Result<Reply<ScaledGroup>, Problem> {
    let group = change.group(store.seed(), app.config().limits.clients_per_request)?;
    let wanted = name.clone();
    let provided = when.on(&store, move |view| state(view, &wanted));
    let Scaled { created, joined, left } = provided.set_client_group(name.clone(), group).await?;
    let wanted = name.clone();
    let read = store.read(move |view| {
        let group = state(view, &wanted)?;
        Some((view.cursor(), ScaledGroup { group, joined, left }))
    });
    let answer = read.await?.map(Reply::ok).ok_or_else(|| missing(&name))?;
    Ok(if created { answer.with_status(StatusCode::CREATED) } else { answer })
}

/// Has every client of a group leave, with EcDoDisconnect, and forgets the group.
#[utoipa::path(
    delete, path = "/v1/stores/{store}/client-groups/{group}", tag = "clients",
    operation_id = "delete_client_group",
    params(("group" = String, Path, description = "The group's name")),
    responses((status = 204, description = "The group and its clients are gone")),
)]
async fn delete(
    _: NoQuery,
    Store(store): Store,
    GroupName(name): GroupName,
    when: Precondition,
) -> Result<StatusCode, Problem> {
    let wanted = name.clone();
    when.on(&store, move |view| state(view, &wanted)).delete_client_group(name).await?;
    Ok(StatusCode::NO_CONTENT)
}
