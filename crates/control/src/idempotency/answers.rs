//! The answers that were given to requests with a key, and which of them still stand.
//!
//! They are bounded: so many keys of a store, and so many bytes of all stores' answers. The oldest go first, and a key whose answer
//! has gone is as good as new.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use infostore::{Cursor, Epoch};
use tokio::sync::watch;

use crate::app::ControlLimits;
use crate::problem::{Problem, ProblemType};

/// What a kept answer takes beside its bytes, about.
const OVERHEAD: usize = 512;

/// What a key belongs to: a path, which names the store.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Scope {
    path: String,
    key: String,
}

/// What a request is told from others by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Fingerprint(pub(crate) [u8; 32]);

/// The first answer to a key.
#[derive(Clone, Debug)]
pub(crate) struct FirstAnswer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) problem: Option<Problem>,
    pub(crate) body: Bytes,
}

/// How long an answer stands.
#[derive(Clone, Debug)]
pub(crate) enum Life {
    /// As long as the store is in this epoch; not at all when it was gone.
    Epoch(Option<Epoch>),
    /// As long as the store that was made exists; where none was made, as long as it is kept.
    Store(Option<watch::Receiver<Cursor>>),
}

/// What there is to do about a request.
pub(crate) enum Claim {
    /// It is the first: do it, and tell how it went.
    First(watch::Sender<Option<FirstAnswer>>),
    /// It was begun: the answer is there, or will be.
    Again(watch::Receiver<Option<FirstAnswer>>),
}

/// Every key that is remembered.
#[derive(Debug)]
pub(crate) struct Answers {
    keys: usize,
    bytes: usize,
    shelves: Mutex<Shelves>,
}

#[derive(Debug, Default)]
struct Shelves {
    entries: BTreeMap<Scope, Entry>,
    /// Of each store, how many keys it has, and when which was answered.
    stores: BTreeMap<String, Shelf>,
    /// Every key that has been answered, oldest first.
    answered: BTreeMap<u64, Scope>,
    /// Answers so far.
    count: u64,
    /// Bytes that the answers take, about.
    bytes: usize,
}

#[derive(Debug, Default)]
struct Shelf {
    keys: usize,
    answered: BTreeSet<u64>,
}

#[derive(Debug)]
struct Entry {
    fingerprint: Fingerprint,
    answer: watch::Receiver<Option<FirstAnswer>>,
    /// Where it stands among those that have been answered, and for how long; none while it runs.
    place: Option<Place>,
}

#[derive(Debug)]
struct Place {
    number: u64,
    bytes: usize,
    life: Life,
}

impl Scope {
    pub(crate) fn new(path: String, key: String) -> Self {
        Self { path, key }
    }

    /// The name of the store; empty for what is asked of the server.
    fn store(&self) -> &str {
        let rest = self.path.strip_prefix("/v1/stores/").unwrap_or_default();
        rest.split('/').next().unwrap_or_default()
    }
}

impl FirstAnswer {
    /// Bytes that it takes, about.
    fn weight(&self) -> usize {
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| name.as_str().len().saturating_add(value.len()));
        headers.fold(self.body.len().saturating_add(OVERHEAD), usize::saturating_add)
    }
}

impl Life {
    fn stands(&self, present: Option<Epoch>) -> bool {
        match self {
            Self::Epoch(epoch) => epoch.is_some() && *epoch == present,
            Self::Store(None) => true,
            // Its store has stopped when nobody tells any more where it stands.
            Self::Store(Some(store)) => store.has_changed().is_ok(),
        }
    }
}

impl Answers {
    pub(crate) fn new(limits: &ControlLimits) -> Self {
        let (keys, bytes) = (limits.idempotency_keys, limits.idempotency_bytes);
        Self { keys, bytes, shelves: Mutex::default() }
    }

    /// Takes the key for a request, unless it is taken.
    ///
    /// # Errors
    /// Problems, when another request has the key, or when all keys of the store are of requests under way.
    pub(crate) fn claim(
        &self,
        scope: &Scope,
        fingerprint: Fingerprint,
        epoch: Option<Epoch>,
    ) -> Result<Claim, Problem> {
        let mut shelves = self.lock();
        if let Some(entry) = shelves.entries.get(scope) {
            let stands = entry.place.as_ref().is_none_or(|place| place.life.stands(epoch));
            if stands && entry.fingerprint == fingerprint {
                return Ok(Claim::Again(entry.answer.clone()));
            }
            if stands {
                return Err(reused(scope));
            }
            shelves.remove(scope);
        }
        if self.keys <= shelves.keys_of(scope.store()) && !shelves.remove_oldest_of(scope.store()) {
            return Err(full(self.keys));
        }
        let (tell, answer) = watch::channel(None);
        shelves.insert(scope.clone(), Entry { fingerprint, answer, place: None });
        Ok(Claim::First(tell))
    }

    /// Keeps an answer, unless it says that the server could not do what was asked, or is more than can be kept.
    pub(crate) fn settle(&self, scope: Scope, answer: &FirstAnswer, life: Life) {
        let mut shelves = self.lock();
        let bytes = answer.weight();
        if answer.status.is_server_error() || self.bytes < bytes {
            return shelves.remove(&scope);
        }
        shelves.place(scope, bytes, life);
        while self.bytes < shelves.bytes && shelves.remove_oldest() {}
    }

    fn lock(&self) -> MutexGuard<'_, Shelves> {
        // Nothing that is done under the lock fails half-way.
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelves {
    fn keys_of(&self, store: &str) -> usize {
        self.stores.get(store).map_or(0, |shelf| shelf.keys)
    }

    fn insert(&mut self, scope: Scope, entry: Entry) {
        let shelf = self.stores.entry(scope.store().to_owned()).or_default();
        shelf.keys = shelf.keys.saturating_add(1);
        self.entries.insert(scope, entry);
    }

    fn place(&mut self, scope: Scope, bytes: usize, life: Life) {
        let Some(entry) = self.entries.get_mut(&scope) else { return };
        self.count = self.count.saturating_add(1);
        let number = self.count;
        entry.place = Some(Place { number, bytes, life });
        self.bytes = self.bytes.saturating_add(bytes);
        self.stores.entry(scope.store().to_owned()).or_default().answered.insert(number);
        self.answered.insert(number, scope);
    }

    fn remove(&mut self, scope: &Scope) {
        let Some(entry) = self.entries.remove(scope) else { return };
        let place = entry.place;
        if let Some(place) = &place {
            self.bytes = self.bytes.saturating_sub(place.bytes);
            self.answered.remove(&place.number);
        }
        let Some(shelf) = self.stores.get_mut(scope.store()) else { return };
        shelf.keys = shelf.keys.saturating_sub(1);
        if let Some(place) = place {
            shelf.answered.remove(&place.number);
        }
        if shelf.keys == 0 {
            self.stores.remove(scope.store());
        }
    }

    /// Whether there was one.
    fn remove_oldest(&mut self) -> bool {
        let oldest = self.answered.first_key_value().map(|(_, scope)| scope.clone());
        oldest.inspect(|scope| self.remove(scope)).is_some()
    }

    fn remove_oldest_of(&mut self, store: &str) -> bool {
        let oldest = self.stores.get(store).and_then(|shelf| shelf.answered.first());
        let oldest = oldest.and_then(|number| self.answered.get(number)).cloned();
        oldest.inspect(|scope| self.remove(scope)).is_some()
    }
}

fn reused(scope: &Scope) -> Problem {
    let detail = format!("`{}` is the key of another request to this path", scope.key);
    Problem::new(ProblemType::IdempotencyKeyReused, detail)
        .hint("send another key with another request")
}

fn full(keys: usize) -> Problem {
    let detail = format!("{keys} requests with an Idempotency-Key are under way in this store");
    Problem::new(ProblemType::TooManyRequests, detail)
}
