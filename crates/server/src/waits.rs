//! Waits: conditions on a store that its task judges after each input, and the clock that moves for those that ask it to.
//!
//! Checking and subscribing are one step. A wait is registered by a task of the owner, sees every entry of the journal once,
//! in order, and is judged whenever the store has come to rest, so no wake-up can be lost and nothing polls. What a condition
//! is, and what it reports, is the caller's affair: see [`Condition`].

use core::any::Any;
use core::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use clock::{ClockMode, SimTime};
use infostore::{ClientId, Cursor, Entry, Sequence};
use tokio::sync::oneshot;

use crate::client::ListedClient;
use crate::handle::View;
use crate::owner::Owner;

/// What somebody waits for.
///
/// The owner shows it each entry of the journal from its registration on, once and in order, and each injected client that
/// may show itself otherwise than before, and then asks it to look.
pub trait Condition: Send + 'static {
    /// What is told when the wait is over, however it ends.
    type Report: Send;

    /// Sees an entry.
    fn see(&mut self, fact: &Fact<'_, Entry>);

    /// Sees a client that may have changed.
    fn see_client(&mut self, fact: &Fact<'_, ClientChange>);

    /// Says whether it holds now.
    fn look(&mut self, look: Look<'_>) -> Verdict;

    /// The store time at which it may change without anything happening.
    fn next_deadline(&self) -> Option<SimTime>;

    /// Tells how things stand.
    fn report(&self, look: Look<'_>) -> Self::Report;
}

/// A store at which a condition looks.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    /// The store.
    pub view: View<'a>,
    /// Whether it is quiescent.
    pub quiescent: bool,
}

/// Something new, with what one condition made of it for the others to use.
pub struct Fact<'a, T> {
    subject: &'a T,
    told: OnceCell<Box<dyn Any>>,
}

/// An injected client that may show itself otherwise than before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientChange {
    /// Its number.
    pub id: ClientId,
    /// The client as it is now; none when it is gone.
    pub client: Option<ListedClient>,
}

/// What a condition says of a store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It does not hold.
    Open,
    /// It does not hold, and never will.
    Hopeless,
}

/// The terms of a wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WaitTerms {
    /// Store time until it has failed.
    pub within: Option<Duration>,
    /// Whether the store's manual clock moves by itself, from deadline to deadline, no further than `within` allows.
    pub auto: bool,
    /// Whether it is over after the first look.
    pub once: bool,
}

/// How a wait ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum WaitEnd {
    /// The condition holds.
    Met,
    /// It does not, and there was to be one look only.
    NotMet,
    /// Whoever waited gave it up.
    GivenUp,
    /// The store time is over that it had.
    Late,
    /// Nothing is due within the store time that it has.
    Deadlock,
    /// It can't be met any more.
    Hopeless,
    /// Entries left the journal before they could be looked at.
    Missed,
    /// The store began a new epoch.
    Reset,
    /// The service was ended for good.
    Stopped,
}

/// A wait that is over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Waited<R> {
    /// How it ended.
    pub end: WaitEnd,
    /// Where the journal stood.
    pub cursor: Cursor,
    /// Store time when it was registered.
    pub began: SimTime,
    /// Store time when it ended.
    pub now: SimTime,
    /// The earliest thing that was due then.
    pub next_deadline: Option<SimTime>,
    /// What the condition reports.
    pub report: R,
}

/// The number of a wait in its store, from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct WaitId(u64);

/// Waits that a store has at a time.
pub const MAX_WAITS: usize = 10_000;

/// The waits of a store.
#[derive(Default)]
pub(crate) struct Waits {
    waiting: BTreeMap<WaitId, Wait>,
    /// Those that have not been judged yet.
    fresh: BTreeMap<WaitId, Wait>,
    last: u64,
    /// What every wait has seen and looked at.
    judged: Option<Judged>,
    /// When they have to be judged next though nothing happens.
    next: Option<SimTime>,
    /// Whether the service has ended for good, and nothing is worth waiting for.
    closed: bool,
    /// How many ended how, in all epochs.
    ended: BTreeMap<WaitEnd, u64>,
}

/// Where the store stood when its waits were judged last.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Judged {
    cursor: Cursor,
    quiescent: bool,
}

struct Wait {
    waiter: Box<dyn Waiter>,
    limit: Option<SimTime>,
    auto: bool,
    once: bool,
}

/// A condition with whoever waits for it, whatever it reports.
trait Waiter: Send {
    fn see(&mut self, fact: &Fact<'_, Entry>);
    fn see_client(&mut self, fact: &Fact<'_, ClientChange>);
    fn look(&mut self, look: Look<'_>) -> Verdict;
    fn next_deadline(&self) -> Option<SimTime>;
    /// Whether nobody waits any more.
    fn is_abandoned(&self) -> bool;
    fn finish(&mut self, end: WaitEnd, look: Look<'_>);
}

struct Reply<C: Condition> {
    condition: C,
    began: SimTime,
    reply: Option<oneshot::Sender<Waited<C::Report>>>,
}

impl<'a, T> Fact<'a, T> {
    fn new(subject: &'a T) -> Self {
        Self { subject, told: OnceCell::new() }
    }

    /// What it is about.
    pub fn subject(&self) -> &'a T {
        self.subject
    }

    /// What `tell` makes of it: once, for every condition that asks. None when another kind of thing was made of it.
    pub fn told<R: 'static>(&self, tell: impl FnOnce(&T) -> R) -> Option<&R> {
        self.told.get_or_init(|| Box::new(tell(self.subject))).downcast_ref()
    }
}

impl<C: Condition> Waiter for Reply<C> {
    fn see(&mut self, fact: &Fact<'_, Entry>) {
        self.condition.see(fact);
    }

    fn see_client(&mut self, fact: &Fact<'_, ClientChange>) {
        self.condition.see_client(fact);
    }

    fn look(&mut self, look: Look<'_>) -> Verdict {
        self.condition.look(look)
    }

    fn next_deadline(&self) -> Option<SimTime> {
        self.condition.next_deadline()
    }

    fn is_abandoned(&self) -> bool {
        self.reply.as_ref().is_none_or(oneshot::Sender::is_closed)
    }

    fn finish(&mut self, end: WaitEnd, look: Look<'_>) {
        let Some(reply) = self.reply.take() else { return };
        // Whoever waited may have gone this instant.
        drop(reply.send(Waited {
            end,
            cursor: look.view.cursor(),
            began: self.began,
            now: look.view.now(),
            next_deadline: look.view.next_deadline(),
            report: self.condition.report(look),
        }));
    }
}

impl Wait {
    /// When it has to be judged though nothing happens.
    fn next_deadline(&self) -> Option<SimTime> {
        [self.waiter.next_deadline(), self.limit].into_iter().flatten().min()
    }

    /// Looks at the store, and says how it ends if it does; `missed` is whether it can't know any more.
    fn end(&mut self, look: Look<'_>, missed: bool) -> Option<WaitEnd> {
        let closed = look.view.owner.waits.closed.then_some(WaitEnd::Stopped);
        let end = if missed { Some(WaitEnd::Missed) } else { self.judge(look).or(closed) };
        match end {
            None => self.waiter.is_abandoned().then_some(WaitEnd::GivenUp),
            Some(end) => {
                self.waiter.finish(end, look);
                Some(end)
            }
        }
    }

    /// How it ends now; none when it goes on.
    fn judge(&mut self, look: Look<'_>) -> Option<WaitEnd> {
        let now = look.view.now();
        match self.waiter.look(look) {
            Verdict::Holds => Some(WaitEnd::Met),
            _ if self.once => Some(WaitEnd::NotMet),
            Verdict::Hopeless => Some(WaitEnd::Hopeless),
            // At the very end of its time it may still be met, until the store has come to rest.
            Verdict::Open if self.limit.is_some_and(|limit| limit < now) => Some(WaitEnd::Late),
            Verdict::Open if look.quiescent && self.limit == Some(now) => Some(WaitEnd::Late),
            Verdict::Open => None,
        }
    }

    /// Where an automatic clock may go for it; none when nothing is due within its time.
    fn next_step(&self, due: Option<SimTime>, now: SimTime) -> Option<SimTime> {
        let own = self.waiter.next_deadline().filter(|at| now < *at);
        let next = [due, own].into_iter().flatten().min()?;
        (self.limit.is_none_or(|limit| next <= limit) && next < SimTime::MAX).then_some(next)
    }
}

impl Waits {
    /// The next instant at which a wait has to be judged though nothing happens.
    pub(crate) fn next_deadline(&self) -> Option<SimTime> {
        self.next
    }

    /// Whether a wait wants the clock to move.
    pub(crate) fn want_time(&self) -> bool {
        self.waiting.values().any(|wait| wait.auto)
    }

    /// Whether there is room for another wait.
    pub(crate) fn have_room(&mut self) -> bool {
        if MAX_WAITS <= self.len() {
            self.forget_abandoned();
        }
        self.len() < MAX_WAITS
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len().saturating_add(self.fresh.len())
    }

    /// How many ended how.
    pub(crate) fn ended(&self) -> &BTreeMap<WaitEnd, u64> {
        &self.ended
    }

    fn count(&mut self, end: WaitEnd) {
        let count = self.ended.entry(end).or_default();
        *count = count.saturating_add(1);
    }

    fn remove(&mut self, id: WaitId) -> Option<Wait> {
        self.waiting.remove(&id).or_else(|| self.fresh.remove(&id))
    }

    fn forget_abandoned(&mut self) {
        let before = self.len();
        for waits in [&mut self.waiting, &mut self.fresh] {
            waits.retain(|_, wait| !wait.waiter.is_abandoned());
        }
        for _ in self.len()..before {
            self.count(WaitEnd::GivenUp);
        }
    }
}

impl Owner {
    /// Registers a wait that has seen what came after some place, which is judged for the first time when this input is over.
    pub(crate) fn add_wait<C: Condition>(
        &mut self,
        terms: WaitTerms,
        (mut condition, after): (C, Sequence),
        reply: oneshot::Sender<Waited<C::Report>>,
    ) -> WaitId {
        for entry in self.store.journal().entries_after(after) {
            condition.see(&Fact::new(entry));
        }
        let began = self.now();
        let limit = terms.within.map(|within| began.saturating_add(within));
        let waiter = Box::new(Reply { condition, began, reply: Some(reply) });
        self.waits.last = self.waits.last.saturating_add(1);
        let id = WaitId(self.waits.last);
        let WaitTerms { auto, once, .. } = terms;
        if self.waits.len() == 0 {
            self.waits.judged = Some(self.judged(false));
        }
        self.waits.fresh.insert(id, Wait { waiter, limit, auto, once });
        id
    }

    /// Ends a wait as it stands; nothing happens when it is over.
    pub(crate) fn give_up_wait(&mut self, id: WaitId) {
        if let Some(mut wait) = self.waits.remove(id) {
            // As it was at the last look: a task alone changes nothing.
            let quiescent = self.waits.judged.is_some_and(|judged| judged.quiescent);
            let look = Look { view: View { owner: self }, quiescent };
            wait.waiter.finish(WaitEnd::GivenUp, look);
            self.waits.count(WaitEnd::GivenUp);
        }
    }

    /// Ends every wait.
    pub(crate) fn end_waits(&mut self, end: WaitEnd) {
        let Waits { waiting, fresh, last, ended, .. } = core::mem::take(&mut self.waits);
        let closed = end == WaitEnd::Stopped;
        let mut left = Waits { last, closed, ended, ..Waits::default() };
        for mut wait in waiting.into_values().chain(fresh.into_values()) {
            let look = Look { view: View { owner: self }, quiescent: false };
            wait.waiter.finish(end, look);
            left.count(end);
        }
        self.waits = left;
    }

    /// Shows the waits what is new, and ends those that are over. Costs next to nothing when nothing has changed, and when
    /// there is only a new wait, what that one costs.
    pub(crate) fn judge_waits(&mut self, quiescent: bool) {
        let changed = self.clients.take_changed();
        if self.waits.len() == 0 {
            return;
        }
        let (now, judged) = (self.now(), self.judged(quiescent));
        let before = self.waits.judged.replace(judged);
        let due = self.waits.next.is_some_and(|next| next <= now);
        // Out of the owner while they look at it.
        let mut judged_now = core::mem::take(&mut self.waits.fresh);
        let anything_new = before != Some(judged) || !changed.is_empty() || due;
        if anything_new {
            self.waits.next = None;
            judged_now.append(&mut core::mem::take(&mut self.waits.waiting));
        }
        let seen = before.map_or(judged.cursor.seq, |before| before.cursor.seq);
        let missed = !self.show_news(seen, &mut judged_now);
        self.show_clients(changed, &mut judged_now);
        let look = Look { view: View { owner: self }, quiescent };
        let mut ends = Vec::new();
        judged_now.retain(|_, wait| {
            let end = wait.end(look, missed);
            ends.extend(end);
            end.is_none()
        });
        ends.into_iter().for_each(|end| self.waits.count(end));
        let next = judged_now.values().filter_map(Wait::next_deadline).filter(|at| now < *at).min();
        self.waits.next = [self.waits.next, next].into_iter().flatten().min();
        self.waits.waiting.extend(judged_now);
    }

    /// Shows every wait the entries after `seen`; false when some have left the journal already.
    fn show_news(&self, seen: Sequence, waiting: &mut BTreeMap<WaitId, Wait>) -> bool {
        let journal = self.store.journal();
        let mut next = seen;
        for entry in journal.entries_after(seen) {
            if next.0.checked_add(1) != Some(entry.seq.0) {
                return false;
            }
            next = entry.seq;
            let fact = Fact::new(entry);
            for wait in waiting.values_mut() {
                wait.waiter.see(&fact);
            }
        }
        true
    }

    /// Shows every wait the clients that may have changed.
    fn show_clients(&self, changed: BTreeSet<ClientId>, waiting: &mut BTreeMap<WaitId, Wait>) {
        for id in changed {
            let change = ClientChange { id, client: self.clients.get(id) };
            let fact = Fact::new(&change);
            for wait in waiting.values_mut() {
                wait.waiter.see_client(&fact);
            }
        }
    }

    fn judged(&self, quiescent: bool) -> Judged {
        Judged { cursor: self.cursor(), quiescent }
    }

    /// Moves a manual clock to the next instant that a wait with an automatic clock allows, once the store is quiescent.
    /// Those of them within whose time nothing is due end. Whether the clock has moved.
    pub(crate) fn step_for_waits(&mut self) -> bool {
        if self.shared.clock.mode() != ClockMode::Manual {
            return false;
        }
        let (now, due) = (self.now(), self.next_deadline());
        let mut next: Option<SimTime> = None;
        let mut waiting = core::mem::take(&mut self.waits.waiting);
        let look = Look { view: View { owner: self }, quiescent: true };
        let mut deadlocks: u64 = 0;
        waiting.retain(|_, wait| {
            if !wait.auto {
                return true;
            }
            let Some(step) = wait.next_step(due, now) else {
                wait.waiter.finish(WaitEnd::Deadlock, look);
                deadlocks = deadlocks.saturating_add(1);
                return false;
            };
            next = Some(next.map_or(step, |next| next.min(step)));
            true
        });
        self.waits.waiting = waiting;
        (0..deadlocks).for_each(|_| self.waits.count(WaitEnd::Deadlock));
        let Some(next) = next else { return false };
        self.note_clock_change(ClockMode::Manual, Some(next));
        // INVARIANT: the clock is manual, and `next` lies ahead, so it moves.
        self.shared.clock.advance_to(next).is_ok()
    }
}
