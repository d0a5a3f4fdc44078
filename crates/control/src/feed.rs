//! What all streams of one store read: the newest part of its history, each entry written once.
//!
//! A task, the pump, reads the journal and writes it into a ring, where each reader takes it from at its own pace. The store
//! waits for nobody. The pump runs no further than half a ring ahead of the reader that is furthest on, so that a burst is
//! no reason to lose one; a reader that falls a whole ring behind is told so, and has lost its place.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use infostore::Cursor;
use server::{StoreHandle, Told};
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

use crate::frames::{Block, EndReason, Notice};
use crate::recording::{Opportunity, Recorder};

/// Entries read and written at a time.
const BLOCK: usize = 256;

/// The feed of a store, as long as somebody reads it.
pub(crate) struct Feed {
    pub(crate) store: StoreHandle,
    /// What records the store, where it is recorded.
    recorder: Option<Recorder>,
    shared: Arc<Shared>,
    pump: AbortHandle,
}

/// A part of the history, and the place that it leads to.
pub(crate) struct Piece {
    pub(crate) end: Cursor,
    pub(crate) content: Content,
}

/// What a part of the history says.
pub(crate) enum Content {
    Entries(Block),
    Notices(&'static [Notice]),
}

/// What there is for a reader.
pub(crate) enum Taken {
    /// The next part.
    Piece(Arc<Piece>),
    /// Nothing yet.
    Nothing,
    /// The reader's place lies before the ring: the journal has what comes next.
    InTheJournal,
    /// The reader has lost its place.
    FellBehind,
    /// Nothing more will come.
    Over(EndReason),
}

/// A reader's place in the ring.
pub(crate) struct Subscription {
    feed: Arc<Feed>,
    number: u64,
    fell_behind: Arc<Notify>,
    news: watch::Receiver<()>,
}

struct Shared {
    ring: Mutex<Ring>,
    /// Tells readers of a new piece.
    news: watch::Sender<()>,
    /// Tells the pump that somebody has gone on.
    taken: Notify,
}

struct Ring {
    pieces: VecDeque<(Arc<Piece>, usize)>,
    /// The number of the first piece.
    first: u64,
    /// What the pieces weigh, and what they may.
    bytes: usize,
    most: usize,
    /// The place before the first piece, and after the last.
    start: Cursor,
    end: Cursor,
    readers: BTreeMap<u64, Reader>,
    last_reader: u64,
    over: Option<EndReason>,
}

struct Reader {
    /// The number of the piece that it takes next; none before it has come as far as the ring.
    next: Option<u64>,
    fell_behind: Arc<Notify>,
}

impl Feed {
    /// A feed that begins at `start`, and keeps about so many bytes for those who are slower than others.
    pub(crate) fn start(
        store: StoreHandle,
        start: Cursor,
        most: usize,
        draining: watch::Receiver<bool>,
    ) -> Self {
        let ring = Ring {
            pieces: VecDeque::new(),
            first: 0,
            bytes: 0,
            most,
            start,
            end: start,
            readers: BTreeMap::new(),
            last_reader: 0,
            over: None,
        };
        let (news, _) = watch::channel(());
        let shared = Arc::new(Shared { ring: Mutex::new(ring), news, taken: Notify::new() });
        let pump = tokio::spawn(pump(store.clone(), Arc::clone(&shared), draining));
        Self { store, recorder: None, shared, pump: pump.abort_handle() }
    }

    /// Tells what records the store which entries a rule was asked about.
    pub(crate) fn record_with(&mut self, recorder: Option<Recorder>) {
        self.recorder = recorder.filter(|recorder| recorder.records(&self.store));
    }

    /// A place for one more reader.
    pub(crate) fn subscribe(self: Arc<Self>) -> Subscription {
        let fell_behind = Arc::new(Notify::new());
        let news = self.shared.news.subscribe();
        let mut ring = self.shared.ring();
        ring.last_reader = ring.last_reader.saturating_add(1);
        let number = ring.last_reader;
        ring.readers.insert(number, Reader { next: None, fell_behind: Arc::clone(&fell_behind) });
        drop(ring);
        Subscription { feed: self, number, fell_behind, news }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.pump.abort();
    }
}

impl Subscription {
    /// What comes after `place`, which is where this reader is.
    pub(crate) fn take(&mut self, place: Cursor) -> Taken {
        // Before the ring is looked at, so that what comes after that is news.
        self.news.mark_unchanged();
        let taken = self.feed.shared.ring().take(self.number, place);
        if matches!(taken, Taken::Piece(_) | Taken::Nothing) {
            self.feed.shared.taken.notify_one();
        }
        taken
    }

    /// What the journal has after `place`.
    pub(crate) async fn journal_after(&self, place: Cursor) -> Taken {
        match piece(place, self.feed.store.told_after(place, BLOCK).await) {
            Ok(piece) => piece.map_or(Taken::Nothing, |piece| Taken::Piece(Arc::new(piece))),
            Err(Stopped) => Taken::Over(EndReason::StoreStopped),
        }
    }

    /// How many of the next entries are sent before a fault rule breaks the stream; none when all are.
    pub(crate) async fn breaks_after(&self, entries: usize) -> Option<usize> {
        let Feed { store, recorder, .. } = &*self.feed;
        let asked = match recorder {
            Some(recorder) if store.disturbs_requests() => {
                let store = store.clone();
                let ask = async move { store.stream_fault(entries).await };
                recorder.opportunity(Opportunity::of_a_stream(entries), ask).await
            }
            Some(_) | None => store.stream_fault(entries).await,
        };
        // A store that has stopped has no rules any more.
        asked.unwrap_or_default()
    }

    /// Waits until there is something new.
    pub(crate) async fn news(&mut self) {
        // The sender lives as long as this.
        drop(self.news.changed().await);
    }

    /// Waits until the reader has lost its place.
    pub(crate) async fn fell_behind(&self) {
        self.fell_behind.notified().await;
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.feed.shared.ring().readers.remove(&self.number);
        self.feed.shared.taken.notify_one();
    }
}

impl Shared {
    /// The ring. Each use leaves it whole, so a poisoned lock still guards a good one.
    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a reader wants more.
    async fn room(&self) {
        while !self.ring().wants_more() {
            self.taken.notified().await;
        }
    }

    fn push(&self, piece: Piece) {
        self.ring().push(Arc::new(piece));
        self.news.send_replace(());
    }

    fn end(&self, reason: EndReason) {
        self.ring().over = Some(reason);
        self.news.send_replace(());
    }
}

impl Ring {
    fn take(&mut self, reader: u64, place: Cursor) -> Taken {
        let Some(reader) = self.readers.get_mut(&reader) else {
            return Taken::FellBehind;
        };
        let next = match reader.next {
            None if place < self.start => return Taken::InTheJournal,
            None => self.first,
            Some(next) => next,
        };
        reader.next = Some(next);
        let Some(index) = next.checked_sub(self.first).and_then(|n| usize::try_from(n).ok()) else {
            return Taken::FellBehind;
        };
        match self.pieces.get(index) {
            Some((piece, _)) => {
                reader.next = Some(next.saturating_add(1));
                Taken::Piece(Arc::clone(piece))
            }
            None => self.over.map_or(Taken::Nothing, Taken::Over),
        }
    }

    /// Whether a reader has come so far that it needs more soon.
    fn wants_more(&self) -> bool {
        let Some(furthest) = self.readers.values().filter_map(|reader| reader.next).max() else {
            return false;
        };
        let taken = usize::try_from(furthest.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let unread: usize = self.pieces.iter().skip(taken).map(|(_, weight)| weight).sum();
        unread <= self.most / 2
    }

    fn push(&mut self, piece: Arc<Piece>) {
        self.end = piece.end;
        let weight = piece.weight();
        self.bytes = self.bytes.saturating_add(weight);
        self.pieces.push_back((piece, weight));
        while self.most < self.bytes && 1 < self.pieces.len() {
            self.evict();
        }
    }

    fn evict(&mut self) {
        let Some((piece, weight)) = self.pieces.pop_front() else { return };
        self.bytes = self.bytes.saturating_sub(weight);
        self.start = piece.end;
        self.first = self.first.saturating_add(1);
        let lost = self.readers.values().filter(|r| r.next.is_some_and(|next| next < self.first));
        lost.for_each(|reader| reader.fell_behind.notify_one());
    }
}

impl Piece {
    fn weight(&self) -> usize {
        match &self.content {
            Content::Entries(block) => block.weight(),
            Content::Notices(_) => size_of::<Self>(),
        }
    }
}

/// Fills the ring until the store stops or the server leaves.
async fn pump(store: StoreHandle, shared: Arc<Shared>, mut draining: watch::Receiver<bool>) {
    let mut moved = store.follow();
    loop {
        shared.room().await;
        // Before the journal is looked at, so that what comes after that is noticed.
        moved.mark_unchanged();
        let leaving = *draining.borrow();
        let end = shared.ring().end;
        match piece(end, store.told_after(end, BLOCK).await) {
            Ok(Some(piece)) => shared.push(piece),
            Ok(None) if leaving => return shared.end(EndReason::Shutdown),
            // An error is the store's end, which the next look tells.
            Ok(None) => tokio::select! {
                _ = moved.changed() => {}
                () = leaves(&mut draining) => {}
            },
            Err(Stopped) => return shared.end(EndReason::StoreStopped),
        }
    }
}

/// Waits until the server leaves.
pub(crate) async fn leaves(draining: &mut watch::Receiver<bool>) {
    if draining.wait_for(|leaving| *leaving).await.is_err() {
        // A server without an end.
        core::future::pending::<()>().await;
    }
}

/// The store has stopped, and there is nothing more.
struct Stopped;

/// What the journal tells after a place, if there is anything.
fn piece(place: Cursor, told: Told) -> Result<Option<Piece>, Stopped> {
    let notices = |end, notices| Some(Piece { end, content: Content::Notices(notices) });
    Ok(match told {
        Told::Entries(entries) => {
            let block = Block::new(place.epoch, entries);
            block.end().map(|end| Piece { end, content: Content::Entries(block) })
        }
        Told::Gap(to) if to.epoch == place.epoch => notices(to, &[Notice::Gap]),
        Told::Gap(to) => notices(to, &[Notice::Gap, Notice::Reset]),
        Told::Reset(to) => notices(to, &[Notice::Reset]),
        Told::UpToDate => None,
        Told::Ended => return Err(Stopped),
    })
}
