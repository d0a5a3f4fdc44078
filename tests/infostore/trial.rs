//! One history on two engines and the model: a journal that holds it whole, one that keeps a few entries, and the naive
//! account of the article, which has to agree with both at every step.

use std::collections::BTreeSet;
use std::time::Duration;

use infostore::{
    Admission, BlockTrigger, Cause, Command, Counts, EndReason, Entry, Event, Generation, Limits,
    PolicyMode, PollToken, SessionId, Settings, StopReason,
};
use registry_poll::{PollNumber, RegType, RegValue, ValueName, ValueRead};

use super::driver::{Client, Driver, Dropped, Hive, START, SessionImage, value_name};
use super::history::{Edit, Step};
use super::model::{Found, Model};
use super::story::{disconnect_name, refusal_name};

const INTERVAL: Duration = Duration::from_secs(900);

/// What one call of the engine did.
pub(crate) struct Done {
    pub(crate) entries: Vec<Entry>,
    pub(crate) dropped: Vec<Dropped>,
}

/// The two engines, the model, and what the last reading was.
pub(crate) struct Trial {
    pub(crate) whole: Driver,
    pub(crate) small: Driver,
    pub(crate) model: Model,
    held: bool,
    found: Option<Found>,
    /// The sessions of which the journal has said that they would be blocked, and that still would be.
    told: BTreeSet<u64>,
}

impl Trial {
    pub(crate) fn new(limits: Limits, small: usize, held: bool) -> Self {
        let driver = |journal_entries| {
            let limits = Limits { journal_entries, ..limits };
            Driver::starting(Settings { limits, ..Settings::default() }, Hive::default())
        };
        let model = Model {
            limits,
            sessions: Vec::new(),
            list: BTreeSet::new(),
            last_id: 0,
            open: false,
            stopped: false,
            audit: false,
            tick: START.saturating_add(INTERVAL),
            interval: INTERVAL,
            reads: 1,
        };
        let (whole, small) = (driver(usize::MAX), driver(small));
        let mut trial = Self { whole, small, model, held, found: None, told: BTreeSet::new() };
        trial.answer_unless_held();
        trial
    }

    pub(crate) fn take(&mut self, step: &Step) {
        match step {
            Step::Connect(client) => self.connect(client),
            Step::Report(which, names) => self.report(*which, names),
            Step::End(which, reason) => self.end(*which, *reason),
            Step::Disconnect(which) => self.disconnect(*which),
            Step::Edit(edit) => self.edit(edit),
            Step::Walk(by) => self.walk(*by),
            Step::Poll => self.poll(),
            Step::Hold => self.held = true,
            Step::Answer => {
                self.held = false;
                self.answer_all();
            }
            Step::AnswerOther => self.answer_other(),
            Step::AnswerStale(number) => self.answer_stale(*number),
            Step::Interval(interval) => self.set_interval(*interval),
            Step::Audit(audit) => self.set_audit(*audit),
            Step::Stop => self.stop(),
        }
    }

    /// Makes one call on both engines and checks what holds after any call.
    fn call<T: PartialEq + core::fmt::Debug>(
        &mut self,
        call: impl Fn(&mut Driver) -> T,
    ) -> (T, Done) {
        let cursor = self.whole.cursor();
        let dropped = self.whole.dropped.len();
        let answer = call(&mut self.whole);
        assert_eq!(answer, call(&mut self.small), "the journal's size decides nothing");
        let done = Done {
            entries: self.whole.entries_after(cursor),
            dropped: self.whole.dropped[dropped..].to_vec(),
        };
        self.check(&done);
        self.check_blocks(&done);
        (answer, done)
    }

    /// A session is said once to be one that would be blocked, in session order, for as long as it is.
    fn check_blocks(&mut self, done: &Done) {
        let told = self.model.told();
        let newly: Vec<_> = told.difference(&self.told).copied().collect();
        assert_eq!(blocks(done), newly, "the model agrees on who would be blocked");
        self.told = told;
    }

    fn connect(&mut self, client: &Client) {
        let expected = self.model.connect(client);
        let (admission, done) = self.call(|driver| driver.connect(client));
        let answer = match &admission {
            Admission::Admitted(admitted) => Ok(admitted.session.0),
            Admission::Refused(refusal) => Err(refusal_name(refusal)),
        };
        assert_eq!(answer, expected, "the model agrees on {client:?}");
        let event = match &done.entries[..] {
            [Entry { event, cause: Cause::Client, .. }] => event,
            [connected, Entry { event: Event::SessionWouldBlock { trigger, .. }, .. }] => {
                assert_eq!((*trigger, self.model.audit), (BlockTrigger::Connect, true));
                &connected.event
            }
            other => panic!("one entry for one client: {other:?}"),
        };
        let generation = self.whole.store.generation();
        match (admission, event) {
            // Invariant 4.
            (Admission::Admitted(admitted), Event::SessionConnected { session, .. }) => {
                assert_eq!(self.whole.store.session(admitted.session), Some(session));
                assert_eq!((session.index, admitted.generation), (admitted.index, generation));
            }
            (
                Admission::Refused(told),
                Event::SessionRefused { refusal, generation: under, .. },
            ) => {
                assert_eq!((refusal, *under), (&told, generation));
            }
            (admission, event) => panic!("{admission:?} is journalled as {event:?}"),
        }
    }

    fn report(&mut self, which: usize, names: &[String]) {
        let id = self.id(which);
        let known = self.model.sessions.clone();
        let reason = self.model.report(id.0, names);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let ((), done) = self.call(|driver| driver.report(id, &names));
        let expected: Vec<_> = reason.map(|reason| (id.0, reason)).into_iter().collect();
        assert_eq!(cuts(&done), expected, "the model agrees on {names:?}");
        if known == self.model.sessions {
            assert_eq!(done.entries, [], "no news");
        } else {
            assert_eq!(done.entries.len(), 1 + 2 * expected.len() + blocks(&done).len());
            assert!(matches!(done.entries[0].event, Event::SessionIdentified { .. }));
        }
    }

    fn end(&mut self, which: usize, reason: EndReason) {
        let id = self.id(which);
        let lived = self.model.end(id.0).is_some();
        let ((), done) = self.call(|driver| driver.end(id, reason));
        let ends = done.entries.iter().map(|entry| match &entry.event {
            Event::SessionEnded { session, reason } => (session.id, *reason, entry.cause),
            other => panic!("a client's own end is no more than that: {other:?}"),
        });
        let cause = match reason {
            EndReason::Transport => Cause::Transport,
            _ => Cause::Client,
        };
        let expected = lived.then_some((id, reason, cause));
        assert_eq!(ends.collect::<Vec<_>>(), expected.into_iter().collect::<Vec<_>>());
        assert_eq!(done.dropped, []);
    }

    fn disconnect(&mut self, which: usize) {
        let id = self.id(which);
        let lived = self.model.end(id.0).is_some();
        let (answer, done) = self.call(|driver| driver.execute(Command::DisconnectSession(id)));
        assert_eq!(answer.is_ok(), lived);
        assert_eq!(cuts(&done), if lived { vec![(id.0, "admin")] } else { vec![] });
    }

    fn edit(&mut self, edit: &Edit) {
        let ((), done) = self.call(|driver| {
            let hive = &mut driver.hive;
            match edit {
                Edit::List(names) => hive.list(&names.join(" ; ")),
                Edit::Dword => hive.write(RegValue::dword(1)),
                Edit::OddBytes => hive.write(RegValue::new(RegType::SZ, b"a\0.".to_vec())),
                Edit::Delete => hive.delete(),
                Edit::Fail => hive.fail(),
                Edit::Recover => hive.recover(),
            }
        });
        assert_eq!(done.entries, [], "the store knows nothing of an edit");
    }

    fn walk(&mut self, by: Duration) {
        let target = self.whole.now.saturating_add(by);
        while let Some(due) = self.model.deadline().filter(|due| *due <= target) {
            let now = self.whole.now.max(due);
            self.model.time_out(now);
            let ((), done) = self.call(|driver| {
                driver.now = now;
                driver.time_out();
            });
            assert_eq!(done.entries, [], "a tick only asks");
            self.answer_unless_held();
        }
        let ((), done) = self.call(|driver| driver.walk_to(target));
        assert_eq!(done.entries, [], "nothing was due but what the model knew of");
    }

    fn poll(&mut self) {
        if !self.model.stopped {
            self.model.reads = (self.model.reads + 1).min(2);
        }
        let (answer, done) = self.call(|driver| driver.execute(Command::Poll));
        assert_eq!(answer.is_ok(), !self.model.stopped);
        assert_eq!(done.entries, []);
        self.answer_unless_held();
    }

    fn answer_unless_held(&mut self) {
        if !self.held {
            self.answer_all();
        }
    }

    fn answer_all(&mut self) {
        while !self.whole.reads.is_empty() {
            let found = found(&self.whole.hive);
            self.answer_as(found, Driver::answer);
        }
    }

    fn answer_other(&mut self) {
        if self.whole.reads.is_empty() {
            return;
        }
        let name: ValueName = "Disable MAPI Clients".parse().expect("a value name");
        let read = ValueRead { name, result: Ok(None) };
        self.answer_as(Found::Unreadable, |driver| driver.answer_with(vec![read.clone()]));
    }

    fn answer_as(&mut self, found: Found, answer: impl Fn(&mut Driver)) {
        let before = self.picture();
        let list = self.model.list.clone();
        let cut = self.model.answer(&found);
        let ((), done) = self.call(answer);
        let expected: Vec<_> = cut.into_iter().map(|id| (id, "policy")).collect();
        assert_eq!(cuts(&done), expected, "the model agrees on whom {found:?} cuts off");
        let Some(Entry { event: first, .. }) = done.entries.first() else {
            assert!(self.model.stopped, "a poll is journalled");
            return assert_eq!(self.picture(), before);
        };
        // Invariant 7.
        let changed = list != self.model.list;
        if found == Found::Unreadable {
            let failed = |entry: &Entry| matches!(entry.event, Event::PollFailed { .. });
            assert!(done.entries.iter().all(failed), "{:?}", done.entries);
            assert_eq!(self.picture(), before);
            return;
        }
        let Event::PollCompleted { changed: told, .. } = first else {
            panic!("the poll comes first: {first:?}");
        };
        assert_eq!(*told, changed);
        if changed {
            self.check_sweep(&done);
            let poll = self.whole.store.polls().next_back().expect("over");
            let cause = Cause::Poll(poll.poll.number);
            assert!(done.entries.iter().all(|entry| entry.cause == cause));
            assert_eq!(poll.swept.would_block, blocks(&done).len());
        } else {
            assert_eq!(self.picture(), before);
        }
        if self.found.replace(found.clone()) == Some(found) {
            assert_eq!(done.entries.len(), 1, "an unchanged value: {:?}", done.entries);
        }
    }

    fn answer_stale(&mut self, number: u64) {
        if self.whole.reads.front().is_some_and(|read| read.token.0 == PollNumber(number)) {
            return;
        }
        let before = self.picture();
        let list = RegValue::sz("a.exe; b.exe; c.exe");
        let read = ValueRead { name: value_name(), result: Ok(Some(list)) };
        let token = PollToken(PollNumber(number));
        let ((), done) = self.call(|driver| driver.answer_token(token, vec![read.clone()]));
        assert_eq!(done.entries, []);
        assert_eq!(self.picture(), before);
    }

    fn set_interval(&mut self, interval: Duration) {
        self.model.interval = interval;
        self.model.tick = self.whole.now.saturating_add(interval);
        let (answer, done) = self.call(|driver| driver.execute(Command::SetPollInterval(interval)));
        assert!(answer.is_ok(), "a stopped service is set up for its next start");
        assert_eq!(done.entries.len(), 1);
    }

    fn set_audit(&mut self, audit: bool) {
        let changed = audit != self.model.audit;
        let cut = self.model.set_audit(audit);
        let mode = if audit { PolicyMode::Audit } else { PolicyMode::Enforce };
        let (answer, done) = self.call(|driver| driver.execute(Command::SetPolicyMode(mode)));
        assert!(answer.is_ok(), "a stopped service is set up for its next start");
        let expected: Vec<_> = cut.into_iter().map(|id| (id, "policy")).collect();
        assert_eq!(cuts(&done), expected, "the model agrees on whom the mode cuts off");
        assert_eq!(blocks(&done).len(), 0, "nobody is news");
        let first = done.entries.first().map(|entry| &entry.event);
        let generation = self.whole.store.generation();
        let said = Event::PolicyModeChanged { mode, generation };
        assert_eq!(first, changed.then_some(&said));
        if changed && !audit {
            self.check_sweep(&done);
        } else {
            assert_eq!(done.entries.len(), usize::from(changed));
        }
    }

    fn stop(&mut self) {
        let stopped = self.model.stopped;
        let cut = self.model.stop();
        let (answer, done) =
            self.call(|driver| driver.execute(Command::Stop(StopReason::Shutdown)));
        assert_eq!(answer.is_ok(), !stopped);
        let expected: Vec<_> = cut.into_iter().map(|id| (id, "shutdown")).collect();
        assert_eq!(cuts(&done), expected);
    }

    /// A session that was, is, or never will be.
    fn id(&self, which: usize) -> SessionId {
        let ever = usize::try_from(self.model.last_id).expect("few") + 1;
        SessionId(u64::try_from(which % ever).expect("few") + 1)
    }

    /// All that a reading without news leaves as it is.
    fn picture(&self) -> (Generation, Vec<String>, SessionImage, Counts) {
        let store = &self.whole.store;
        let items = store.policy().processes().items().iter();
        let mut keys: Vec<_> = items.map(|item| item.key().to_owned()).collect();
        keys.sort();
        (store.generation(), keys, self.whole.image(), store.counts())
    }
}

fn cuts(done: &Done) -> Vec<(u64, &'static str)> {
    let cuts = done.dropped.iter().map(|drop| (drop.session.0, disconnect_name(&drop.reason)));
    cuts.collect()
}

/// The sessions that would be blocked, in the order that the call says it in.
pub(crate) fn blocks(done: &Done) -> Vec<u64> {
    let blocks = done.entries.iter().filter_map(|entry| match &entry.event {
        Event::SessionWouldBlock { session, .. } => Some(session.id.0),
        _ => None,
    });
    blocks.collect()
}

/// What the registry holds, without the help of what the engine reads it with.
fn found(hive: &Hive) -> Found {
    let Ok(value) = hive.value() else {
        return Found::Unreadable;
    };
    value.map_or(Found::Absent, |value| match value.kind() {
        RegType::SZ => value.text().map_or(Found::NoText(RegType::SZ), Found::Text),
        other => Found::NoText(other),
    })
}
