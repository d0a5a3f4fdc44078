//! `PATCH /clients/{id}`: an injected client becomes another.

use std::any::Any;

use infostore::ClientId;
use serde::Deserialize;
use server::{ClientUpdate, FakeClient, Respec, View};
use simulator::{
    ClientFields, ClientMode, ClientSpec, ClientVersion, MachineName, ProcessName, SpecError,
    UserName,
};
use utoipa::ToSchema;

use crate::clients::{Client, show, state};
use crate::extract::{Body, Id, NoQuery, Numbered, Store};
use crate::given::Given;
use crate::injection::Simulated;
use crate::precondition::Precondition;
use crate::problem::{FieldError, Problem};
use crate::reply::Reply;
use crate::session_fields::TransportName;

/// What to change of a client; what is absent stays.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClientChange {
    /// The label, or null for none. A session that lives keeps the one under which it was opened.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    group: Given<String>,
    /// The program that it reports, or null for a client that sends no auxiliary block.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "mdl.exe")]
    process: Given<ProcessName>,
    /// Its version.
    #[schema(value_type = Option<String>, example = "11.0.5608.0")]
    client_version: Option<ClientVersion>,
    /// The user; `{n}` stands for the client's id.
    #[schema(value_type = Option<String>, example = "user{n}")]
    user: Option<UserName>,
    /// The computer; `{n}` stands for the client's id.
    #[schema(value_type = Option<String>, example = "WKS{n}")]
    machine: Option<MachineName>,
    /// How it uses its mailbox: `cached` or `classic`.
    #[schema(value_type = Option<String>, example = "cached")]
    mode: Option<ClientMode>,
    /// How its bytes travel.
    transport: Option<TransportName>,
}

impl ClientChange {
    /// The client as it will be.
    fn applied(&self, id: ClientId, spec: &ClientSpec) -> Result<ClientSpec, SpecError> {
        let now = ClientFields::from(spec.clone());
        let changed = ClientSpec::new(ClientFields {
            process: match &self.process {
                Given::Absent => now.process,
                Given::Null => None,
                Given::Value(process) => Some(process.clone()),
            },
            client_version: self.client_version.unwrap_or(now.client_version),
            user: self.user.clone().unwrap_or(now.user),
            machine: self.machine.clone().unwrap_or(now.machine),
            mode: self.mode.unwrap_or(now.mode),
            note: now.note,
        });
        Ok(changed?.numbered(id.0))
    }

    fn update(self, id: ClientId, changes: bool) -> ClientUpdate {
        let group = match self.group.clone() {
            Given::Absent => None,
            Given::Null => Some(None),
            Given::Value(group) => Some(Some(group)),
        };
        let transport = self.transport.map(Into::into);
        let change = move |client: &mut dyn FakeClient| {
            let client: &mut dyn Any = client;
            // INVARIANT: every client of this control plane is one of these.
            if let Some(client) = client.downcast_mut::<Simulated>() {
                // It fitted when it was looked at; whoever changed it since comes first then.
                if let Ok(spec) = self.applied(id, client.spec()) {
                    client.respec(spec);
                }
            }
        };
        let machine = changes.then(|| -> Respec { Box::new(change) });
        ClientUpdate { group, transport, machine }
    }
}

/// The spec of an injected client.
fn spec_of(view: View<'_>, id: ClientId) -> Option<ClientSpec> {
    let client: &dyn Any = view.machine(id)?;
    client.downcast_ref::<Simulated>().map(|client| client.spec().clone())
}

/// Changes an injected client. Its label changes at once. What it says of itself and how its bytes travel it can only say
/// anew: one that is connected disconnects as a client does, with EcDoDisconnect, and connects again; another does when it
/// connects next. Answers when that has happened.
#[utoipa::path(
    patch, path = "/v1/stores/{store}/clients/{id}", tag = "clients", operation_id = "change_client",
    params(("id" = u64, Path, description = "The client's id")),
    request_body = ClientChange,
    responses((status = 200, body = Client)),
)]
pub(crate) async fn change(
    _: NoQuery,
    Store(store): Store,
    Id(id): Id<ClientId>,
    when: Precondition,
    Body(change): Body<ClientChange>,
) -> Result<Reply<Client>, Problem> {
    let spec = store.read(move |view| spec_of(view, id)).await?;
    let spec = spec.ok_or_else(|| ClientId::missing(id.0))?;
    let changed = change.applied(id, &spec).map_err(|error| {
        let field = match &error {
            SpecError::Field { field, .. } => field,
            SpecError::TooOldForProcess { .. } => "process",
        };
        Problem::body(FieldError::at(format!("#/{field}"), error.to_string()))
    })?;
    let changes = changed != spec;
    let store_then = when.on(&store, move |view| state(view, id));
    store_then.update_client(id, change.update(id, changes)).await?;
    show(&store, id).await
}
