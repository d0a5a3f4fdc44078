//! `/sessions`: every MAPI session, whoever opened it.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::StatusCode;
use infostore::{
    ClientId, Cursor, Generation, Interface, Journal, Origin, Past, SessionId, SessionRecord,
};
use policy::ProcessName;
use serde::{Deserialize, Serialize};
use server::View;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::events::{After, gone, place};
use crate::extract::{Id, NoQuery, Numbered, Params, Store};
use crate::filter::{FilterText, List, Row};
use crate::page::{Limit, take_page};
use crate::precondition::Precondition;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::scalars::{Time, Version};
use crate::session_fields::{ModeName, OriginName, TransportName, labels, process_names};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list)).routes(routes!(read, disconnect))
}

/// A live MAPI session.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Session {
    /// Its number since the last reset, from 1 in order of connection; never used again.
    id: u64,
    /// The injected client; null when foreign.
    client_id: Option<u64>,
    /// The injected client's group; null when foreign, or when it has none.
    group: Option<String>,
    /// Who opened it.
    origin: OriginName,
    /// How its bytes travel.
    transport: TransportName,
    /// The peer's address, without its port; null over the pipe.
    #[schema(value_type = Option<String>)]
    address: Option<IpAddr>,
    /// The user's legacy distinguished name; may be empty.
    user_dn: String,
    /// The user of the store that the client has proved to be; null when it is anonymous.
    user: Option<String>,
    /// The program, as first reported; null when unknown, and then no process list can hit it.
    process: Option<String>,
    /// Every program that the client reported, in order.
    processes: Vec<String>,
    /// The version of the client's MAPI.
    client_version: Version,
    /// How the client uses its mailbox.
    mode: ModeName,
    /// The computer; null when the client did not say.
    machine: Option<String>,
    /// The call that opened it: `EcDoConnectEx`, or `EcDoConnect`, which can't carry a process name.
    #[schema(value_type = String, example = "EcDoConnectEx")]
    interface: &'static str,
    /// When it was opened.
    connected_at: Time,
    /// The session that it asked to be linked to when it was opened, which may have ended since; null without one. What
    /// becomes of one says nothing about the other.
    linked_to: Option<u64>,
    /// The policy that it was last judged under: the one that is, or was, in force.
    generation: u64,
}

/// A page of sessions, in order of connection.
#[derive(Serialize, ToSchema)]
struct Sessions {
    /// The sessions.
    items: Vec<Session>,
    /// The `after` of the next page; null when there is nothing more.
    next: Option<u64>,
    /// Live sessions in all, whatever the filters.
    total: usize,
    /// Those of them without a process name, which no process list can hit.
    unidentified: usize,
}

/// Which sessions to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SessionQuery {
    /// Items at the most.
    #[serde(default)]
    #[param(inline, value_type = Option<Limit>)]
    limit: Limit,
    /// The id to begin after: the `next` of the page before.
    after: Option<u64>,
    /// Only sessions whose client reported this program, compared as the policy does.
    process: Option<String>,
    /// Only sessions of injected clients of this group.
    group: Option<String>,
    /// Only sessions of this injected client.
    client_id: Option<u64>,
    /// The sessions as they were at this place of the journal: a cursor such as `1-42`, or a sequence number of this epoch.
    /// The answer's `Exstore-Cursor` is that place.
    #[param(value_type = Option<String>)]
    at: Option<After>,
    /// Only sessions that this filter lets through, such as `process:mdl.exe version:<11.0 -origin:foreign`; docs/filters.md has
    /// the language.
    #[serde(default)]
    #[param(value_type = Option<String>, example = "process:mdl.exe -origin:foreign")]
    q: FilterText,
}

/// When to look at a session.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AtQuery {
    /// The session as it was at this place of the journal: a cursor such as `1-42`, or a sequence number of this epoch. The
    /// answer's `Exstore-Cursor` is that place.
    #[param(value_type = Option<String>)]
    at: Option<After>,
}

impl Session {
    pub(crate) fn new(record: &SessionRecord, generation: Generation) -> Self {
        let identity = &record.identity;
        let (client_id, group) = labels(&identity.origin);
        let processes = process_names(identity);
        Self {
            id: record.id.0,
            client_id,
            group,
            origin: (&identity.origin).into(),
            transport: identity.transport.into(),
            address: identity.address,
            user_dn: identity.user_dn.clone(),
            user: identity.user.clone(),
            process: processes.first().cloned(),
            processes,
            client_version: Version(identity.subject.version()),
            mode: identity.mode.into(),
            machine: identity.machine.clone(),
            interface: match identity.interface {
                Interface::ConnectEx => "EcDoConnectEx",
                Interface::Connect => "EcDoConnect",
            },
            connected_at: Time(record.connected_at),
            linked_to: record.linked_to.map(|session| session.0),
            generation: generation.0,
        }
    }
}

impl SessionQuery {
    fn page(&self, view: View<'_>) -> Result<(Cursor, Sessions), Problem> {
        let (store, after) = (view.store(), self.after.map(SessionId));
        let filter = self.q.of(List::Sessions)?;
        let passes =
            |session: &&Arc<SessionRecord>| filter.passes(&Row::session(session, store.policy()));
        let Some(at) = self.at else {
            let counts = store.counts();
            let sessions = store.sessions_after(after).filter(passes);
            let generation = store.generation();
            let counted = (counts.sessions, counts.unidentified);
            return Ok((view.cursor(), self.sessions(sessions, generation, counted)));
        };
        let (cursor, past) = past(store.journal(), at)?;
        let counted = (past.session_count(), past.unidentified());
        Ok((
            cursor,
            self.sessions(past.sessions_after(after).filter(passes), past.generation(), counted),
        ))
    }

    fn sessions<'a>(
        &self,
        sessions: impl Iterator<Item = &'a Arc<SessionRecord>>,
        generation: Generation,
        (total, unidentified): (usize, usize),
    ) -> Sessions {
        let key = self.process.as_deref().map(ProcessName::parse);
        let wanted = sessions.filter(|session| self.has_labels(&session.identity.origin)).filter(
            |session| match &key {
                None => true,
                Some(name) => has_name(session, name.as_ref()),
            },
        );
        let (page, next) = take_page(wanted, self.limit, |session| session.id.0);
        let items = page.into_iter().map(|session| Session::new(session, generation)).collect();
        Sessions { items, next, total, unidentified }
    }

    fn has_labels(&self, origin: &Origin) -> bool {
        let (client, group) = match origin {
            Origin::Injected { client, group } => (Some(client), group.as_deref()),
            Origin::Foreign => (None, None),
        };
        self.client_id.is_none_or(|id| client == Some(&ClientId(id)))
            && self.group.as_deref().is_none_or(|wanted| group == Some(wanted))
    }
}

/// The store as it was at a place of its journal.
fn past(journal: &Journal, at: After) -> Result<(Cursor, Past<'_>), Problem> {
    let seq = place(journal, at, "at")?;
    let cursor = Cursor { seq, ..journal.cursor() };
    journal.past(seq).map(|past| (cursor, past)).ok_or_else(|| gone(journal, cursor, "at"))
}

fn has_name(session: &SessionRecord, wanted: Option<&ProcessName>) -> bool {
    let names = session.identity.subject.names();
    wanted.is_some_and(|wanted| names.iter().any(|name| name.key() == wanted.key()))
}

fn live(view: View<'_>, id: SessionId) -> Option<Session> {
    let store = view.store();
    store.session(id).map(|session| Session::new(session, store.generation()))
}

/// Lists the live sessions, in order of connection; or those that were live, at a place of the journal.
#[utoipa::path(
    get, path = "/v1/stores/{store}/sessions", tag = "sessions",
    params(SessionQuery), responses((status = 200, body = Sessions)),
)]
async fn list(
    Store(store): Store,
    Params(query): Params<SessionQuery>,
) -> Result<Reply<Sessions>, Problem> {
    store.read(move |view| query.page(view)).await?.map(Reply::ok)
}

/// Shows a live session; or one that was live, at a place of the journal.
#[utoipa::path(
    get, path = "/v1/stores/{store}/sessions/{id}", tag = "sessions",
    params(("id" = u64, Path, description = "The session's id"), AtQuery),
    responses((status = 200, body = Session)),
)]
async fn read(
    Store(store): Store,
    Id(id): Id<SessionId>,
    Params(AtQuery { at }): Params<AtQuery>,
) -> Result<Reply<Session>, Problem> {
    let read = move |view: View<'_>| {
        let store = view.store();
        let missing = || SessionId::missing(id.0);
        let Some(at) = at else {
            return Ok((view.cursor(), live(view, id).ok_or_else(missing)?));
        };
        let (cursor, past) = past(store.journal(), at)?;
        let session = past.session(id).ok_or_else(missing)?;
        Ok((cursor, Session::new(session, past.generation())))
    };
    store.read(read).await?.map(Reply::ok)
}

/// Disconnects a session. Its client is not told that the policy did it, since it did not.
#[utoipa::path(
    delete, path = "/v1/stores/{store}/sessions/{id}", tag = "sessions",
    params(("id" = u64, Path, description = "The session's id")),
    responses((status = 204, description = "The session has ended")),
)]
async fn disconnect(
    _: NoQuery,
    Store(store): Store,
    Id(id): Id<SessionId>,
    when: Precondition,
) -> Result<StatusCode, Problem> {
    when.on(&store, move |view| live(view, id)).disconnect_session(id).await?;
    Ok(StatusCode::NO_CONTENT)
}
