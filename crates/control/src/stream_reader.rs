//! One reader of a store's events: it takes what there is from the feed, and from the journal what came before that, and
//! sends it at the pace of the connection.

use std::cell::Cell;
use std::future::pending;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use http_body::Frame;
use infostore::{Cursor, Entry};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};
use tokio::time::{Interval, interval, timeout};

use crate::events::Types;
use crate::feed::{Content, Piece, Subscription, Taken, leaves};
use crate::filter::{Filter, Row};
use crate::frames::{EndReason, Format, Notice};
use crate::scalars::CursorText;
use crate::seats::Seat;

/// Parts that are handed to the connection ahead of it.
const AHEAD: usize = 2;

/// How long a reader that takes nothing is waited for when the server leaves, and then once more until it has heard why its
/// stream ends.
const FAREWELL: Duration = Duration::from_millis(300);

/// The least time between two heartbeats.
const SHORTEST: Duration = Duration::from_millis(1);

/// Milliseconds after which a browser connects again.
const RETRY: u32 = 1_000;

/// What a reader wants.
pub(crate) struct Wanted {
    /// The place to begin after.
    pub(crate) after: Cursor,
    pub(crate) format: Format,
    pub(crate) types: Types,
    pub(crate) filter: Filter,
}

impl Wanted {
    fn has(&self, entry: &Entry) -> bool {
        self.types.has(entry) && self.filter.passes(&Row::event(entry))
    }
}

/// What a reader sends over.
pub(crate) struct Line {
    /// The connection's place, where there is a connection.
    pub(crate) seat: Option<Arc<Seat>>,
    pub(crate) heartbeat: Duration,
    /// Whether the server leaves.
    pub(crate) draining: watch::Receiver<bool>,
    /// Makes room for another stream at the end.
    pub(crate) _permit: OwnedSemaphorePermit,
}

/// Why a stream ends.
enum Ending {
    /// Nobody reads any more.
    Left,
    /// The reader takes less than happens.
    TooSlow,
    /// A fault rule breaks it off.
    Broken,
    /// Nothing more will come.
    Over(EndReason),
}

struct Reader {
    subscription: Subscription,
    /// The reader has been sent everything up to here.
    place: Cursor,
    wanted: Wanted,
    line: Line,
    heartbeats: Interval,
    body: mpsc::Sender<Bytes>,
}

/// A body that a task of its own writes, until it is read no more.
pub(crate) fn body(subscription: Subscription, wanted: Wanted, line: Line) -> Body {
    let (body, parts) = mpsc::channel(AHEAD);
    let (say_last, last) = oneshot::channel();
    let (unread, read) = oneshot::channel();
    let heartbeats = interval(line.heartbeat.max(SHORTEST));
    let reader = Reader { subscription, place: wanted.after, wanted, line, heartbeats, body };
    tokio::spawn(reader.run(Farewell { say_last, read }));
    Body::new(StreamBody { parts, last, _unread: unread })
}

/// How a stream ends.
struct Farewell {
    /// Takes the last word, which waits for the reader without holding up anything.
    say_last: oneshot::Sender<io::Result<Bytes>>,
    /// Ends when nobody reads the body any more.
    read: oneshot::Receiver<()>,
}

impl Reader {
    async fn run(mut self, farewell: Farewell) {
        let notice = match self.read().await {
            Ending::Left => return,
            Ending::TooSlow => Some(Notice::Slow),
            Ending::Over(reason) => Some(Notice::End(reason)),
            Ending::Broken => None,
        };
        let last = notice.map(|notice| notice.write(self.place, self.wanted.format));
        let last = last.ok_or_else(|| io::ErrorKind::ConnectionAborted.into());
        drop(farewell.say_last.send(last));
        let Self { subscription, line, body, .. } = self;
        drop((subscription, body));
        // Whether or not it is read to the end, what waits for this reader waits no longer.
        drop(timeout(FAREWELL, farewell.read).await);
        if let Some(seat) = line.seat {
            seat.lose_if_stalled();
        }
    }

    async fn read(&mut self) -> Ending {
        // The first tick comes at once.
        self.heartbeats.tick().await;
        if self.wanted.format == Format::Sse {
            // There is room for it.
            drop(self.body.try_send(opening(self.place)));
        }
        loop {
            if let Err(ending) = self.step().await {
                return ending;
            }
        }
    }

    async fn step(&mut self) -> Result<(), Ending> {
        let taken = match self.subscription.take(self.place) {
            Taken::InTheJournal => self.subscription.journal_after(self.place).await,
            taken @ (Taken::Piece(_) | Taken::Nothing | Taken::FellBehind | Taken::Over(_)) => {
                taken
            }
        };
        match taken {
            Taken::Piece(piece) => self.tell(&piece).await,
            Taken::Nothing | Taken::InTheJournal => self.wait().await,
            Taken::FellBehind => Err(Ending::TooSlow),
            Taken::Over(reason) => Err(Ending::Over(reason)),
        }
    }

    /// Sends what is wanted of a piece that the reader has not been sent.
    async fn tell(&mut self, piece: &Piece) -> Result<(), Ending> {
        if piece.end <= self.place {
            return Ok(());
        }
        let block = match &piece.content {
            Content::Entries(block) => block,
            Content::Notices(notices) => {
                let write = |notice: &Notice| notice.write(piece.end, self.wanted.format);
                self.send(notices.iter().flat_map(write).collect()).await?;
                self.place = piece.end;
                return Ok(());
            }
        };
        let wanted = block.count_after(self.place, |entry| self.wanted.has(entry));
        let broken = self.subscription.breaks_after(wanted).await;
        let left = Cell::new(broken.unwrap_or(usize::MAX));
        let text = block.after(self.place, self.wanted.format, |entry| {
            let is_wanted = self.wanted.has(entry);
            let left = left.replace(left.get().saturating_sub(usize::from(is_wanted)));
            is_wanted && 0 < left
        });
        if let Some(text) = text {
            self.send(text).await?;
        }
        if broken.is_some() {
            return Err(Ending::Broken);
        }
        self.place = piece.end;
        Ok(())
    }

    /// Waits for something new, and says now and then that there is nothing.
    async fn wait(&mut self) -> Result<(), Ending> {
        tokio::select! {
            () = self.subscription.news() => Ok(()),
            _ = self.heartbeats.tick() => {
                self.send(Notice::Heartbeat.write(self.place, self.wanted.format)).await
            }
            () = self.body.closed() => Err(Ending::Left),
        }
    }

    /// Hands a part to the connection, unless the reader is too slow for that.
    async fn send(&mut self, text: Bytes) -> Result<(), Ending> {
        let text = match self.body.try_send(text) {
            Ok(()) => return Ok(()),
            Err(TrySendError::Closed(_)) => return Err(Ending::Left),
            Err(TrySendError::Full(text)) => text,
        };
        let sent = async {
            tokio::select! {
                sent = self.body.send(text) => sent.map_err(|_| Ending::Left),
                () = self.subscription.fell_behind() => Err(Ending::TooSlow),
                () = given_up(&mut self.line.draining) => Err(Ending::TooSlow),
            }
        };
        let patience = self.line.heartbeat.saturating_mul(2);
        timeout(patience, sent).await.unwrap_or(Err(Ending::TooSlow))
    }
}

/// Ends when the server leaves, and a reader has had its time.
async fn given_up(draining: &mut watch::Receiver<bool>) {
    leaves(draining).await;
    drop(timeout(FAREWELL, pending::<()>()).await);
}

/// What a browser is told at first: when to connect again, and where.
fn opening(place: Cursor) -> Bytes {
    format!("retry: {RETRY}\nid: {}\n\n", CursorText(place)).into()
}

/// The parts as they come, then the last word.
struct StreamBody {
    parts: mpsc::Receiver<Bytes>,
    last: oneshot::Receiver<io::Result<Bytes>>,
    /// Tells the reader's task that nobody reads any more.
    _unread: oneshot::Sender<()>,
}

impl HttpBody for StreamBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let part = match ready!(self.parts.poll_recv(context)) {
            Some(part) => Some(Ok(part)),
            // It is there by now, or will never be.
            None => self.last.try_recv().ok(),
        };
        Poll::Ready(part.map(|part| part.map(Frame::data)))
    }
}
