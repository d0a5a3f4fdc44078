//! The conditions that are made of no others: events counted, a state that is shown, rest, and an event that never comes.

use core::cell::OnceCell;
use core::time::Duration;
use std::collections::BTreeSet;

use clock::SimTime;
use infostore::{ClientId, Entry, Event, Generation, SessionRecord};
use serde_json::Value;
use server::{ClientChange, Fact, ListedClient, Look, Verdict, View};

use super::field_test::{Known, Where};
use crate::clients::Client;
use crate::event_fields::EventText;
use crate::event_words::event_type;
use crate::sessions::Session;

/// Events and resources that a report shows of one condition.
const SHOWN: usize = 3;

/// How many of something there have to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Count {
    pub(crate) at_least: u64,
    pub(crate) at_most: u64,
}

impl Count {
    /// What is to be said of a number that can only grow.
    fn of_growing(self, count: u64) -> Verdict {
        if self.at_most < count {
            Verdict::Hopeless
        } else if self.at_least <= count {
            Verdict::Holds
        } else {
            Verdict::Open
        }
    }

    pub(crate) fn has(self, count: u64) -> bool {
        (self.at_least..=self.at_most).contains(&count)
    }
}

/// Which events are meant.
#[derive(Clone, Debug)]
pub(crate) struct Events {
    /// Their types; empty for all.
    pub(crate) types: Vec<&'static str>,
    pub(crate) tests: Where,
}

impl Events {
    fn has_type(&self, entry: &Entry) -> bool {
        self.types.is_empty() || self.types.contains(&event_type(&entry.event))
    }

    fn has(&self, fact: &Fact<'_, Entry>) -> bool {
        let client = client_of(fact.subject());
        self.has_type(fact.subject()) && self.tests.passes(client, || fact.told(shown_event))
    }
}

/// Events counted from some place of the journal on.
#[derive(Clone, Debug)]
pub(crate) struct EventLeaf {
    pub(crate) events: Events,
    pub(crate) wanted: Count,
    pub(crate) count: u64,
    /// The first that were counted, then the last.
    pub(crate) seen: Vec<Entry>,
    /// Events of these types that came closest to being counted, with the names of the tests that they failed.
    pub(crate) near: Vec<(Entry, Vec<String>)>,
}

impl EventLeaf {
    pub(crate) fn new(events: Events, wanted: Count) -> Self {
        Self { events, wanted, count: 0, seen: Vec::new(), near: Vec::new() }
    }

    pub(crate) fn see(&mut self, fact: &Fact<'_, Entry>) {
        if self.events.has(fact) {
            self.count = self.count.saturating_add(1);
            if SHOWN <= self.seen.len() {
                self.seen.pop();
            }
            self.seen.push(fact.subject().clone());
        } else if self.events.has_type(fact.subject()) {
            self.miss(fact);
        }
    }

    /// Keeps the misses that failed the fewest tests, the earliest of them.
    fn miss(&mut self, fact: &Fact<'_, Entry>) {
        let worst = self.near.last().map_or(usize::MAX, |(_, failed)| failed.len());
        if self.near.len() == SHOWN && worst <= 1 {
            return;
        }
        let failed = self.events.tests.failed(client_of(fact.subject()), fact.told(shown_event));
        let at = self.near.partition_point(|(_, other)| other.len() <= failed.len());
        self.near.insert(at, (fact.subject().clone(), failed));
        self.near.truncate(SHOWN);
    }

    pub(crate) fn verdict(&self) -> Verdict {
        self.wanted.of_growing(self.count)
    }

    /// Whether it stays as it is once it holds.
    pub(crate) fn is_lasting(&self) -> bool {
        self.wanted.at_most == u64::MAX
    }
}

/// What a state is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Selected {
    /// The live sessions.
    Sessions,
    /// The injected clients.
    Clients,
}

/// How many resources there are now.
#[derive(Clone, Debug)]
pub(crate) struct StateLeaf {
    pub(crate) selected: Selected,
    pub(crate) tests: Where,
    pub(crate) wanted: Count,
    /// How many there were when they were counted last; none when they have to be counted anew.
    count: Option<u64>,
    /// Of clients which they were, since a change does not tell what was before.
    clients: BTreeSet<ClientId>,
}

impl StateLeaf {
    pub(crate) fn new(selected: Selected, tests: Where, wanted: Count) -> Self {
        Self { selected, tests, wanted, count: None, clients: BTreeSet::new() }
    }

    /// Keeps the number of sessions up to date, so that they need not be counted again.
    pub(crate) fn see(&mut self, fact: &Fact<'_, Entry>) {
        if self.selected != Selected::Sessions {
            return;
        }
        let event = &fact.subject().event;
        // What a session was before it was identified is not told, and every session is shown with the policy in force.
        let anew = matches!(event, Event::SessionIdentified { .. })
            || (matches!(event, Event::PolicyChanged { .. }) && self.tests.tests("generation"));
        self.count = self.count.filter(|_| !anew).map(|count| self.counted_with(count, event));
    }

    /// The number of sessions after an event that opens or ends one.
    fn counted_with(&self, count: u64, event: &Event) -> u64 {
        let counted = |session: &SessionRecord| {
            u64::from(self.has_session(session, || shown_session(session, Generation::default())))
        };
        if let Event::SessionConnected { session, .. } = event {
            count.saturating_add(counted(session))
        } else if let Event::SessionEnded { session, .. } = event {
            count.saturating_sub(counted(session))
        } else {
            count
        }
    }

    /// Keeps the number of clients up to date.
    pub(crate) fn see_client(&mut self, fact: &Fact<'_, ClientChange>) {
        if self.selected != Selected::Clients || self.count.is_none() {
            return;
        }
        let ClientChange { id, client } = fact.subject();
        let shown = || fact.told(|change| change.client.clone().map(shown_client))?.as_ref();
        let is_one = client
            .as_ref()
            .is_some_and(|client| self.tests.passes(Some(Known::Injected(client)), shown));
        if is_one {
            self.clients.insert(*id);
        } else {
            self.clients.remove(id);
        }
        self.count = Some(as_count(self.clients.len()));
    }

    pub(crate) fn verdict(&mut self, look: Look<'_>) -> Verdict {
        let count = self.count.unwrap_or_else(|| self.count_anew(look.view));
        self.count = Some(count);
        if self.wanted.has(count) { Verdict::Holds } else { Verdict::Open }
    }

    fn count_anew(&mut self, view: View<'_>) -> u64 {
        if self.selected == Selected::Clients {
            self.clients = self.clients(view).map(|(id, _)| id).collect();
        }
        self.counted(view)
    }

    /// How many there are.
    pub(crate) fn counted(&self, view: View<'_>) -> u64 {
        as_count(match self.selected {
            Selected::Sessions if self.tests.is_empty() => view.store().counts().sessions,
            Selected::Clients if self.tests.is_empty() => view.client_count(),
            Selected::Sessions => self.sessions(view).count(),
            Selected::Clients => self.clients(view).count(),
        })
    }

    /// The first of them, as they are shown.
    pub(crate) fn first(&self, view: View<'_>) -> Vec<Value> {
        match self.selected {
            Selected::Sessions => {
                let generation = view.store().generation();
                let shown = |session: &SessionRecord| shown_session(session, generation);
                self.sessions(view).map(shown).take(SHOWN).collect()
            }
            Selected::Clients => self.clients(view).map(|(_, shown)| shown).take(SHOWN).collect(),
        }
    }

    fn sessions<'v>(&self, view: View<'v>) -> impl Iterator<Item = &'v SessionRecord> {
        let store = view.store();
        let generation = store.generation();
        let sessions = store.sessions_after(None).map(|session| &**session);
        sessions
            .filter(move |session| self.has_session(session, || shown_session(session, generation)))
    }

    fn clients(&self, view: View<'_>) -> impl Iterator<Item = (ClientId, Value)> {
        view.clients_after(None).filter_map(move |client| {
            let shown = shown_client(client.clone());
            let passes = self.tests.passes(Some(Known::Injected(&client)), || Some(&shown));
            passes.then_some((client.id, shown))
        })
    }

    fn has_session(&self, session: &SessionRecord, shown: impl FnOnce() -> Value) -> bool {
        let client = Some(Known::Connected(&session.identity));
        let written = OnceCell::new();
        self.tests.passes(client, || Some(written.get_or_init(shown)))
    }
}

/// An event that does not come for some store time.
#[derive(Clone, Debug)]
pub(crate) struct NeverLeaf {
    pub(crate) events: Events,
    pub(crate) span: Duration,
    /// The last instant at which it must not come.
    pub(crate) until: SimTime,
    /// The one that came.
    pub(crate) came: Option<Entry>,
}

impl NeverLeaf {
    pub(crate) fn new(events: Events, span: Duration) -> Self {
        Self { events, span, until: SimTime::MAX, came: None }
    }

    pub(crate) fn begin(&mut self, at: SimTime) {
        self.until = at.saturating_add(self.span);
    }

    pub(crate) fn see(&mut self, fact: &Fact<'_, Entry>) {
        if self.came.is_none() && fact.subject().at <= self.until && self.events.has(fact) {
            self.came = Some(fact.subject().clone());
        }
    }

    pub(crate) fn verdict(&self, look: Look<'_>) -> Verdict {
        let now = look.view.now();
        if self.came.is_some() {
            Verdict::Hopeless
        } else if self.until < now || (self.until == now && look.quiescent) {
            Verdict::Holds
        } else {
            Verdict::Open
        }
    }
}

fn client_of(entry: &Entry) -> Option<Known<'_>> {
    entry.event.client().map(|(_, identity)| Known::Connected(identity))
}

/// An entry as `/events` shows it.
pub(crate) fn shown_event(entry: &Entry) -> Value {
    serde_json::to_value(EventText::from(entry)).unwrap_or_default()
}

fn shown_client(client: ListedClient) -> Value {
    serde_json::to_value(Client::from(client)).unwrap_or_default()
}

fn as_count(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn shown_session(session: &SessionRecord, generation: Generation) -> Value {
    serde_json::to_value(Session::new(session, generation)).unwrap_or_default()
}
