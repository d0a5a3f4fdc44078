//! `/transcript` and `/sessions/{id}/transcript`: what went over the store's connections, taken apart when it is read.

mod buffers;
mod calls;
mod dialogue;
mod packets;
mod shown;

use std::collections::BTreeMap;

use dcerpc::{CallId, Direction, Pdu};
use infostore::{ConnectionId, SessionId};
use serde::{Deserialize, Serialize};
use server::{Transcript, View};
use tokio::sync::Semaphore;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::buffers::Budget;
use self::dialogue::{Context, Dialogue};
use self::packets::{Packet, packets};
use self::shown::Shown;
use crate::app::App;
use crate::extract::{Id, Numbered as _, Params, Store};
use crate::page::{Limit, take_page};
use crate::problem::{Problem, ProblemType};
use crate::reply::Reply;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list)).routes(routes!(of_session))
}

/// Which packets, and how much of each.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct TranscriptQuery {
    /// Packets at the most.
    #[serde(default)]
    #[param(inline, value_type = Option<Limit>)]
    limit: Limit,
    /// The packet to begin after: the `next` of the page before.
    after: Option<u64>,
    /// Only those of this connection.
    connection: Option<u64>,
    /// Only those of this injected client.
    client: Option<u64>,
    /// Whether each is shown with all its bytes.
    #[serde(default)]
    hex: bool,
}

/// The same for one session.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SessionTranscriptQuery {
    /// Packets at the most.
    #[serde(default)]
    #[param(inline, value_type = Option<Limit>)]
    limit: Limit,
    /// The packet to begin after: the `next` of the page before.
    after: Option<u64>,
    /// Whether each is shown with all its bytes.
    #[serde(default)]
    hex: bool,
}

/// A page of packets, in the order in which they ended.
#[derive(Serialize, ToSchema)]
struct Packets {
    /// The packets.
    items: Vec<Shown>,
    /// The `after` of the next page; null when there is nothing more.
    next: Option<u64>,
    /// How many of the store's reads and writes have left the transcript, which holds 4 MiB.
    dropped: u64,
}

/// What is asked of a transcript.
#[derive(Clone, Copy)]
struct Asked {
    limit: Limit,
    after: Option<u64>,
    hex: bool,
}

/// A packet, and what those before it say of it.
struct Read {
    packet: Packet,
    call: Option<CallId>,
    context: Context,
}

/// Transcripts that are taken apart at a time: each takes a processor for a while.
static READERS: Semaphore = Semaphore::const_new(2);

/// Reads a transcript beside the server's other work.
async fn apart(read: impl FnOnce() -> Packets + Send + 'static) -> Result<Packets, Problem> {
    let broken = || Problem::new(ProblemType::Internal, "the transcript could not be read");
    let _reader = READERS.acquire().await.map_err(|_| broken())?;
    tokio::task::spawn_blocking(read).await.map_err(|_| broken())
}

/// Every packet in order, with what those before it say of it: nothing is taken apart further yet.
fn read(transcript: &Transcript) -> Vec<Read> {
    let mut dialogue = Dialogue::new(transcript);
    let read = packets(transcript).into_iter().map(|packet| {
        let (call, context) = match Pdu::decode(&packet.bytes) {
            Err(_) => (None, Context::default()),
            Ok((header, pdu)) => (Some(header.call_id()), dialogue.next(&packet, &header, &pdu)),
        };
        Read { packet, call, context }
    });
    let mut read: Vec<Read> = read.collect();
    attribute_requests(&mut read);
    read
}

/// Gives a request that names no session the one that its response names: a connect, which opens it.
fn attribute_requests(read: &mut [Read]) {
    let mut asked: BTreeMap<(ConnectionId, Option<CallId>), Vec<usize>> = BTreeMap::new();
    let mut found = Vec::new();
    for (index, each) in read.iter().enumerate() {
        let key = (each.packet.connection, each.call);
        match (each.packet.direction, each.context.session) {
            (Direction::Received, None) if each.context.called.is_some() => {
                asked.entry(key).or_default().push(index);
            }
            (Direction::Received, Some(_) | None) => {}
            (Direction::Sent, session) => {
                let requests = asked.remove(&key).unwrap_or_default();
                found.extend(requests.into_iter().zip(core::iter::repeat(session)));
            }
        }
    }
    for (index, session) in found {
        if let Some(each) = read.get_mut(index) {
            each.context.session = session;
        }
    }
}

/// Takes the packets of a page apart.
fn page(read: Vec<Read>, dropped: u64, asked: Asked) -> Packets {
    let is_later = |read: &Read| asked.after.is_none_or(|after| after < read.packet.id);
    let later = read.into_iter().filter(is_later);
    let (page, next) = take_page(later, asked.limit, |read| read.packet.id);
    let mut budget = Budget::of_an_answer();
    let items = page.iter().map(|Read { packet, context, .. }| {
        let shown = match Pdu::decode(&packet.bytes) {
            Err(problem) => Shown::bytes(packet, problem.to_string()),
            Ok((header, pdu)) => Shown::pdu(packet, (&header, &pdu), context, &mut budget),
        };
        if asked.hex { shown.with_hex(packet) } else { shown }
    });
    Packets { items: items.collect(), next, dropped }
}

/// Lists what went over the store's connections, oldest first, as far as it is still there: each PDU taken apart, with the
/// calls, remote operations and auxiliary blocks in it. What was sealed is shown in clear.
#[utoipa::path(
    get, path = "/v1/stores/{store}/transcript", tag = "sessions", operation_id = "transcript",
    params(TranscriptQuery), responses((status = 200, body = Packets)),
)]
async fn list(
    Store(store): Store,
    Params(query): Params<TranscriptQuery>,
) -> Result<Reply<Packets>, Problem> {
    let (cursor, transcript) =
        store.read(|view: View<'_>| (view.cursor(), view.transcript())).await?;
    let asked = Asked { limit: query.limit, after: query.after, hex: query.hex };
    let packets = apart(move || {
        let mut read = read(&transcript);
        read.retain(|read| {
            let packet = &read.packet;
            query.connection.is_none_or(|wanted| packet.connection.0 == wanted)
                && query.client.is_none_or(|wanted| packet.client.is_some_and(|id| id.0 == wanted))
        });
        page(read, transcript.dropped, asked)
    });
    Ok(Reply::ok((cursor, packets.await?)))
}

/// Lists what went over the wire for one session, as far as it is still there: its calls, wherever they came, and of the
/// connections that it was used on what belongs to no other session. A session that has ended is known as long as its
/// connection is.
#[utoipa::path(
    get, path = "/v1/stores/{store}/sessions/{id}/transcript", tag = "sessions",
    operation_id = "session_transcript",
    params(("id" = u64, Path, description = "The session's id"), SessionTranscriptQuery),
    responses((status = 200, body = Packets)),
)]
async fn of_session(
    Store(store): Store,
    Id(id): Id<SessionId>,
    Params(query): Params<SessionTranscriptQuery>,
) -> Result<Reply<Packets>, Problem> {
    let (cursor, transcript, mut connections) = store
        .read(move |view: View<'_>| (view.cursor(), view.transcript(), view.connections_of(id)))
        .await?;
    connections.extend(opened_on(&transcript, id));
    if connections.is_empty() {
        return Err(SessionId::missing(id.0));
    }
    let asked = Asked { limit: query.limit, after: query.after, hex: query.hex };
    let packets = apart(move || {
        let mut read = read(&transcript);
        read.retain(|read| match read.context.session {
            Some(session) => session == id,
            None => connections.contains(&read.packet.connection),
        });
        page(read, transcript.dropped, asked)
    });
    Ok(Reply::ok((cursor, packets.await?)))
}

/// The connections that a session is remembered to have been opened on.
fn opened_on(transcript: &Transcript, session: SessionId) -> Vec<ConnectionId> {
    let known = transcript.connections.iter();
    let here = known.filter(|(_, known)| known.sessions.iter().any(|(id, _)| *id == session));
    here.map(|(connection, _)| *connection).collect()
}
