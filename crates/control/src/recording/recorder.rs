//! Recording as it happens: one input after the other, and between them what the store told its tap.

use core::fmt;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use axum::response::{IntoResponse, Response};
use infostore::{Cursor, Entry};
use serde_json::value::RawValue;
use server::{StoreError, StoreHandle, Tap, Told};
use tokio::sync::{OwnedMutexGuard, oneshot};
use tracing::Instrument;

use super::line::{Answer, Broken, End, Input, Line, Opportunity, RecordedEntry};
use super::secrets::Secrets;
use crate::events::journal_line;
use crate::finish::panicked;
use crate::problem::{Problem, ProblemType};

/// What may be ahead of whoever takes the lines, in pages of entries: the store waits then.
const AHEAD: usize = 64;

/// What happened.
enum Happening {
    /// An input begins. It is a line of the recording when it changes something.
    Begun(Line),
    /// The store has told its journal.
    Told(Told),
    /// The input is over, with this; whether it did what was asked.
    Ended { answer: Answer, is_done: bool },
    /// A request of a replay was no input.
    Unheard,
    /// Nothing that comes after this is recorded.
    Over,
}

/// Records a store: every input takes its turn, and is told with all that it made.
#[derive(Clone)]
pub struct Recorder {
    shared: Arc<Shared>,
    replays: bool,
}

struct Shared {
    store: StoreHandle,
    happenings: SyncSender<Happening>,
    turn: Arc<tokio::sync::Mutex<Turn>>,
    secrets: Mutex<Secrets>,
}

/// Who holds it may change the store.
#[derive(Default)]
struct Turn {
    is_over: bool,
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("replays", &self.replays).finish_non_exhaustive()
    }
}

/// Of a request of a replay: whether it was an input.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard(Arc<AtomicBool>);

impl Heard {
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// The store's tap.
struct Teller(SyncSender<Happening>);

impl Tap for Teller {
    fn take(&mut self, told: Told) -> bool {
        self.0.send(Happening::Told(told)).is_ok()
    }
}

impl Recorder {
    /// Begins to record a store that has just been started. Its lines have to be taken on another thread than those of the
    /// runtime: the store waits while too many are ahead.
    ///
    /// # Errors
    /// [`StoreError::Stopped`].
    pub async fn start(store: &StoreHandle) -> Result<(Self, Happenings), StoreError> {
        Self::begin(store, false).await
    }

    /// The same for a replay: every input is told, and nothing gives up that was met where it was recorded.
    ///
    /// # Errors
    /// [`StoreError::Stopped`].
    pub(super) async fn replay(store: &StoreHandle) -> Result<(Self, Happenings), StoreError> {
        Self::begin(store, true).await
    }

    async fn begin(store: &StoreHandle, replays: bool) -> Result<(Self, Happenings), StoreError> {
        let (happenings, receiver) = sync_channel(AHEAD);
        let shared = Shared {
            store: store.clone(),
            happenings,
            turn: Arc::default(),
            secrets: Mutex::default(),
        };
        let recorder = Self { shared: Arc::new(shared), replays };
        store.at_rest().await?;
        store.tap(Box::new(Teller(recorder.shared.happenings.clone()))).await?;
        let answer = Answer { input: 0, status: None, by_wall: false };
        recorder.tell(Happening::Ended { answer, is_done: true });
        Ok((recorder, Happenings::new(receiver)))
    }

    pub(crate) fn is_replaying(&self) -> bool {
        self.replays
    }

    /// Whether it is this store that is recorded.
    pub(crate) fn records(&self, store: &StoreHandle) -> bool {
        self.shared.store.is(store)
    }

    /// Ends the recording, when the input that has its turn is over; what comes later is not part of it.
    pub async fn finish(&self) {
        let mut turn = self.shared.turn.lock().await;
        // Of a store that has stopped the tap has been told everything.
        drop(self.shared.store.at_rest().await);
        turn.is_over = true;
        self.tell(Happening::Over);
    }

    /// Answers a request when its turn has come. It is carried through, whoever hangs up, so that nothing is done in part.
    pub(super) async fn perform(
        &self,
        input: Input,
        run: impl Future<Output = Response> + Send + 'static,
    ) -> Response {
        let turn = Arc::clone(&self.shared.turn).lock_owned().await;
        if turn.is_over {
            drop(turn);
            return run.await;
        }
        let (reply, answered) = oneshot::channel();
        let carried = self.clone().carry_through(turn, input, run, reply);
        drop(tokio::spawn(carried.in_current_span()));
        answered.await.unwrap_or_else(|_| {
            Problem::new(ProblemType::StoreStopped, "the server leaves").into_response()
        })
    }

    async fn carry_through(
        self,
        turn: OwnedMutexGuard<Turn>,
        input: Input,
        run: impl Future<Output = Response> + Send + 'static,
        reply: oneshot::Sender<Response>,
    ) {
        self.tell(Happening::Begun(Line::Input(input)));
        let ran = tokio::spawn(run.in_current_span()).await;
        let response = ran.unwrap_or_else(|error| match error.try_into_panic() {
            Ok(panic) => panicked(panic),
            Err(_) => Problem::new(ProblemType::StoreStopped, "the server leaves").into_response(),
        });
        let status = response.status();
        let by_wall = response.extensions().get::<Problem>().is_some_and(Problem::is_by_wall);
        drop(reply.send(response));
        drop(self.shared.store.at_rest().await);
        let answer = Answer { input: 0, status: Some(status.as_u16()), by_wall };
        let is_done = self.replays || status.is_success();
        self.tell(Happening::Ended { answer, is_done });
        drop(turn);
    }

    /// Asks the rules of requests, and records that they were asked. That is carried through too, whoever hangs up: what has
    /// begun has an answer.
    ///
    /// # Errors
    /// That of asking, and [`StoreError::Stopped`] when the server leaves.
    pub(crate) async fn opportunity<T: Send + 'static>(
        &self,
        at: Opportunity,
        ask: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let turn = Arc::clone(&self.shared.turn).lock_owned().await;
        if turn.is_over {
            drop(turn);
            return ask.await;
        }
        let carried = self.clone().carry_opportunity(turn, at, ask);
        tokio::spawn(carried.in_current_span()).await.unwrap_or(Err(StoreError::Stopped))
    }

    async fn carry_opportunity<T>(
        self,
        turn: OwnedMutexGuard<Turn>,
        at: Opportunity,
        ask: impl Future<Output = T>,
    ) -> T {
        self.tell(Happening::Begun(Line::Opportunity(at)));
        let asked = ask.await;
        drop(self.shared.store.at_rest().await);
        let answer = Answer { input: 0, status: None, by_wall: false };
        self.tell(Happening::Ended { answer, is_done: true });
        drop(turn);
        asked
    }

    /// Asks the rules again what they were asked when a store was recorded.
    ///
    /// # Errors
    /// [`StoreError::Stopped`].
    pub(super) async fn repeat(&self, at: Opportunity) -> Result<(), StoreError> {
        let store = self.shared.store.clone();
        let Opportunity { method, route, events, .. } = at.clone();
        self.opportunity(at, async move {
            match events {
                Some(events) => store.stream_fault(events).await.map(drop),
                None => store.api_fault(&method, &route).await.map(drop),
            }
        })
        .await
    }

    /// A request of a replay has been answered and was no input here, so that nobody waits for one.
    pub(super) fn unheard(&self) {
        self.tell(Happening::Unheard);
    }

    /// The body of a request that sets a user, as it may be written. What a replay does is written so already.
    pub(super) fn hidden(&self, body: &[u8]) -> String {
        if self.replays {
            return String::from_utf8_lossy(body).into_owned();
        }
        // A number is given whole, so a poisoned lock still guards a good list.
        self.shared.secrets.lock().unwrap_or_else(PoisonError::into_inner).hidden(body)
    }

    fn tell(&self, happening: Happening) {
        // Whoever takes the lines says why no more are taken.
        drop(self.shared.happenings.send(happening));
    }
}

/// The lines of a recording after its first, as they come.
pub struct Happenings {
    receiver: Receiver<Happening>,
    /// What began, and has changed nothing yet.
    begun: Option<Line>,
    /// Entries that have been told, with their epoch.
    told: VecDeque<(u64, Entry)>,
    ready: VecDeque<Line>,
    place: Cursor,
    inputs: u64,
    entries: u64,
    is_over: bool,
}

impl fmt::Debug for Happenings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, inputs, entries, .. } = self;
        f.debug_struct("Happenings")
            .field("place", place)
            .field("inputs", inputs)
            .field("entries", entries)
            .finish_non_exhaustive()
    }
}

impl Happenings {
    fn new(receiver: Receiver<Happening>) -> Self {
        Self {
            receiver,
            begun: None,
            told: VecDeque::new(),
            ready: VecDeque::new(),
            place: Cursor::START,
            inputs: 0,
            entries: 0,
            is_over: false,
        }
    }

    fn take(&mut self, happening: Happening) {
        match happening {
            Happening::Begun(line) => self.begun = Some(line),
            Happening::Told(Told::Entries(entries)) => {
                self.begin();
                let epoch = self.place.epoch.0;
                self.told.extend(entries.into_iter().map(|entry| (epoch, entry)));
            }
            Happening::Told(Told::Reset(place)) => self.place = place,
            Happening::Told(Told::Gap(_)) => {
                let reason = "one step of the store made more than its journal keeps".to_owned();
                self.ready.push_back(Line::Broken(Broken { reason }));
                self.is_over = true;
            }
            Happening::Told(Told::UpToDate | Told::Ended) => {}
            Happening::Ended { answer, is_done } => self.answer(answer, is_done),
            Happening::Unheard => {
                let answer = Answer { input: self.inputs, status: None, by_wall: false };
                self.ready.push_back(Line::Answer(answer));
            }
            Happening::Over => {
                self.ready.push_back(Line::End(End { inputs: self.inputs, entries: self.entries }));
                self.is_over = true;
            }
        }
    }

    /// What was begun has changed something.
    fn begin(&mut self) {
        let Some(mut line) = self.begun.take() else { return };
        self.inputs = self.inputs.saturating_add(1);
        match &mut line {
            Line::Input(input) => input.number = self.inputs,
            Line::Opportunity(at) => at.number = self.inputs,
            Line::Recording(_)
            | Line::Entry(_)
            | Line::Answer(_)
            | Line::Broken(_)
            | Line::End(_) => {}
        }
        self.ready.push_back(line);
    }

    /// What was refused and made no entry has changed nothing.
    fn answer(&mut self, answer: Answer, is_done: bool) {
        if is_done {
            self.begin();
        }
        if self.begun.take().is_none() {
            self.ready.push_back(Line::Answer(Answer { input: self.inputs, ..answer }));
        }
    }
}

impl Iterator for Happenings {
    type Item = Line;

    /// The next line, when it is there; none after the last.
    fn next(&mut self) -> Option<Line> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Some(line);
            }
            if let Some((epoch, entry)) = self.told.pop_front() {
                self.entries = self.entries.saturating_add(1);
                let event = RawValue::from_string(journal_line(&entry)).ok()?;
                return Some(Line::Entry(RecordedEntry { epoch, event }));
            }
            if self.is_over {
                return None;
            }
            let happening = self.receiver.recv().ok()?;
            self.take(happening);
        }
    }
}
