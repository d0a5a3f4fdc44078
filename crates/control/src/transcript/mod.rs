//! `/transcript` and `/sessions/{id}/transcript`: what went over the store's connections, taken apart when it is read.

mod buffers;
mod calls;
mod dialogue;
mod packets;
mod shown;

use std::collections::BTreeMap;

use dcerpc::{Direction, Pdu};
use infostore::{ConnectionId, SessionId};
use serde::{Deserialize, Serialize};
use server::{Transcript, View};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::dialogue::{Context, Dialogue};
use self::packets::{Packet, packets};
use self::shown::Shown;
use crate::app::App;
use crate::extract::{Id, Numbered as _, Params, Store};
use crate::page::{Limit, take_page};
use crate::problem::Problem;
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
struct Asked {
    limit: Limit,
    after: Option<u64>,
    hex: bool,
}

/// A packet, and what those before it say of it.
struct Read {
    packet: Packet,
    context: Context,
    shown: Shown,
}

/// Takes every packet apart, in order: each says something of those after it.
fn read(transcript: &Transcript) -> (Vec<Read>, Dialogue<'_>) {
    let mut dialogue = Dialogue::new(transcript);
    let read = packets(transcript).into_iter().map(|packet| {
        let (context, shown) = match Pdu::decode(&packet.bytes) {
            Err(problem) => (Context::default(), Shown::bytes(&packet, problem.to_string())),
            Ok((header, pdu)) => {
                let context = dialogue.next(&packet, &header, &pdu);
                let shown = Shown::pdu(&packet, (&header, &pdu), &context);
                (context, shown)
            }
        };
        Read { packet, context, shown }
    });
    let mut read: Vec<Read> = read.collect();
    attribute_requests(&mut read);
    (read, dialogue)
}

/// Gives a request that names no session the one that its response names: a connect, which opens it.
fn attribute_requests(read: &mut [Read]) {
    let mut asked: BTreeMap<(ConnectionId, Option<u32>), Vec<usize>> = BTreeMap::new();
    let mut found = Vec::new();
    for (index, each) in read.iter().enumerate() {
        let key = (each.packet.connection, each.shown.call_id());
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
            each.shown.set_session(session);
        }
    }
}

fn page(read: Vec<Read>, dropped: u64, asked: &Asked) -> Packets {
    let later =
        read.into_iter().filter(|read| asked.after.is_none_or(|after| after < read.packet.id));
    let (page, next) = take_page(later, asked.limit, |read| read.packet.id);
    let items = page.into_iter().map(
        |Read { packet, shown, .. }| {
            if asked.hex { shown.with_hex(&packet) } else { shown }
        },
    );
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
    let (mut read, _) = read(&transcript);
    read.retain(|read| {
        let packet = &read.packet;
        query.connection.is_none_or(|wanted| packet.connection.0 == wanted)
            && query.client.is_none_or(|wanted| packet.client.is_some_and(|id| id.0 == wanted))
    });
    let asked = Asked { limit: query.limit, after: query.after, hex: query.hex };
    Ok(Reply::ok((cursor, page(read, transcript.dropped, &asked))))
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
    let (cursor, transcript) =
        store.read(|view: View<'_>| (view.cursor(), view.transcript())).await?;
    let (mut read, dialogue) = read(&transcript);
    let connections: Vec<ConnectionId> = dialogue.opened_on(id);
    if connections.is_empty() {
        return Err(SessionId::missing(id.0));
    }
    read.retain(|read| match read.context.session {
        Some(session) => session == id,
        None => connections.contains(&read.packet.connection),
    });
    let asked = Asked { limit: query.limit, after: query.after, hex: query.hex };
    Ok(Reply::ok((cursor, page(read, transcript.dropped, &asked))))
}
