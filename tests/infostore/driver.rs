//! A driver for one store: it performs effects, answers reads at once or when told to, and walks through time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use clock::SimTime;
use infostore::{
    Admission, Admitted, AssociationRef, Cause, ClientIdentity, ClientMode, Command, CommandError,
    ConnectFaults, ConnectRequest, ConnectionId, Cursor, Denial, DisconnectReason, Effect,
    EndReason, EngineImage, Entry, Epoch, GroupId, InfoStore, Interface, Journal, Limits, Origin,
    Outcome, PolicyMode, PollToken, PollValues, Refusal, Restoration, Sequence, SessionId,
    SessionRecord, Settings, SnapshotId, StopReason, Transport, list_value,
};
use policy::{BlockList, ClientVersion, ProcessName, Subject};
use registry_poll::{
    Edit, KeyPath, KeyStore, KeyStoreError, MemoryKeyStore, RegValue, Registry, ValueName,
    ValueRead,
};

use super::story::story;

/// The live sessions at some place of a journal, in session order.
pub(crate) type SessionImage = Vec<Arc<SessionRecord>>;

/// The sessions as the journal replays them; none when it does not go back that far.
pub(crate) fn replayed(journal: &Journal, seq: Sequence) -> Option<SessionImage> {
    Some(journal.past(seq)?.sessions_after(None).cloned().collect())
}

/// 2006-04-22T04:43:00Z, when Exosal.dll of the hotfix was built.
pub(crate) const START: SimTime = SimTime::from_micros(1_145_680_980_000_000);

/// So many seconds after the store started.
pub(crate) fn after(seconds: u64) -> SimTime {
    START.saturating_add(Duration::from_secs(seconds))
}

pub(crate) fn value_name() -> ValueName {
    list_value(BlockList::Processes)
}

/// A registry that fails on demand.
#[derive(Debug, Default)]
pub(crate) struct Hive {
    values: MemoryKeyStore,
    failure: Option<KeyStoreError>,
}

impl Hive {
    pub(crate) fn with(text: &str) -> Self {
        let mut hive = Self::default();
        hive.write(RegValue::sz(text));
        hive
    }

    pub(crate) fn failing() -> Self {
        let mut hive = Self::default();
        hive.fail();
        hive
    }

    pub(crate) fn write(&mut self, value: RegValue) {
        let (key, name) = (KeyPath::parameters_system(), value_name());
        self.values.edit(&[Edit::SetValue { key, name, value }]).expect("there is room");
    }

    pub(crate) fn list(&mut self, text: &str) {
        self.write(RegValue::sz(text));
    }

    pub(crate) fn delete(&mut self) {
        let (key, name) = (KeyPath::parameters_system(), value_name());
        self.values.edit(&[Edit::DeleteValue { key, name }]).expect("nothing is refused");
    }

    pub(crate) fn fail(&mut self) {
        self.failure = Some(KeyStoreError::Busy { key: KeyPath::parameters_system() });
    }

    pub(crate) fn recover(&mut self) {
        self.failure = None;
    }

    pub(crate) fn value(&self) -> Result<Option<RegValue>, KeyStoreError> {
        self.query_value(&KeyPath::parameters_system(), &value_name())
    }

    pub(crate) fn values(&self, names: &[ValueName]) -> Vec<ValueRead> {
        self.query_values(&KeyPath::parameters_system(), names)
    }

    pub(crate) fn versions(&mut self, text: &str) {
        let (key, name) = (KeyPath::parameters_system(), list_value(BlockList::Versions));
        let value = RegValue::sz(text);
        self.values.edit(&[Edit::SetValue { key, name, value }]).expect("there is room");
    }
}

impl Clone for Hive {
    fn clone(&self) -> Self {
        let tree = self.values.tree().expect("it is in memory");
        Self { values: MemoryKeyStore::holding(tree), failure: self.failure.clone() }
    }
}

impl KeyStore for Hive {
    fn query_value(
        &self,
        key: &KeyPath,
        name: &ValueName,
    ) -> Result<Option<RegValue>, KeyStoreError> {
        self.failure.clone().map_or_else(|| self.values.query_value(key, name), Err)
    }
}

/// What a client says of itself. Outlook 2003 through EcDoConnectEx, unless said otherwise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Client {
    pub(crate) names: Vec<String>,
    pub(crate) version: ClientVersion,
    pub(crate) interface: Interface,
    pub(crate) denied: Option<Denial>,
}

/// A client that names no program.
pub(crate) fn nameless() -> Client {
    Client {
        names: Vec::new(),
        version: ClientVersion::new(11, 0, 5608, 0),
        interface: Interface::ConnectEx,
        denied: None,
    }
}

/// A client that is this program.
pub(crate) fn program(name: &str) -> Client {
    nameless().and(name)
}

impl Client {
    /// The same client with one more name.
    pub(crate) fn and(mut self, name: &str) -> Self {
        self.names.push(name.to_owned());
        self
    }

    pub(crate) fn of_version(mut self, major: u16, build: u16) -> Self {
        self.version = ClientVersion::new(major, 0, build, 0);
        self
    }

    pub(crate) fn through(mut self, interface: Interface) -> Self {
        self.interface = interface;
        self
    }

    /// The same client, which may not be whom it says it is.
    pub(crate) fn denied(mut self, why: Denial) -> Self {
        self.denied = Some(why);
        self
    }

    pub(crate) fn subject(&self) -> Subject {
        Subject::new(self.version, parsed(&self.names))
    }

    fn identity(&self) -> ClientIdentity {
        ClientIdentity {
            subject: self.subject(),
            user_dn: "/o=First Organization/cn=alice".to_owned(),
            user: None,
            machine: Some("WKS1".to_owned()),
            mode: ClientMode::Cached,
            address: None,
            origin: Origin::Foreign,
            transport: Transport::Pipe,
            interface: self.interface,
        }
    }
}

fn parsed(names: &[String]) -> impl Iterator<Item = ProcessName> {
    names.iter().filter_map(|name| ProcessName::parse(name))
}

/// A `DropSession` that the driver was told to perform.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Dropped {
    pub(crate) session: SessionId,
    pub(crate) association: AssociationRef,
    pub(crate) reason: DisconnectReason,
}

/// A read that the store waits for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Read {
    pub(crate) token: PollToken,
    pub(crate) names: Vec<ValueName>,
}

/// One store and its surroundings.
#[derive(Debug)]
pub(crate) struct Driver {
    pub(crate) store: InfoStore,
    pub(crate) hive: Hive,
    pub(crate) now: SimTime,
    /// The sessions dropped so far.
    pub(crate) dropped: Vec<Dropped>,
    /// The reads that wait for [`Driver::answer`]; empty unless reads are held.
    pub(crate) reads: VecDeque<Read>,
    /// Whether reads wait, as on a slow registry.
    pub(crate) held: bool,
    associations: u32,
}

impl Driver {
    /// A store whose first read is over.
    pub(crate) fn start(settings: Settings, hive: Hive) -> Self {
        let mut driver = Self::starting(settings, hive);
        driver.held = false;
        driver.answer();
        driver
    }

    /// A store whose first read waits, as all reads do until `held` is cleared.
    pub(crate) fn starting(settings: Settings, hive: Hive) -> Self {
        let mut driver = Self {
            store: InfoStore::start(settings, Epoch(1), START),
            hive,
            now: START,
            dropped: Vec::new(),
            reads: VecDeque::new(),
            held: true,
            associations: 0,
        };
        driver.perform_effects();
        driver
    }

    /// A store with this block list and the article's settings.
    pub(crate) fn blocking(list: &str) -> Self {
        Self::start(Settings::default(), Hive::with(list))
    }

    /// A store with this block list that only watches it.
    pub(crate) fn auditing(list: &str) -> Self {
        let policy_mode = PolicyMode::Audit;
        Self::start(Settings { policy_mode, ..Settings::default() }, Hive::with(list))
    }

    /// A store without block list and with these limits.
    pub(crate) fn limited(limits: Limits) -> Self {
        let settings = Settings { limits, ..Settings::default() };
        Self::start(settings, Hive::default())
    }

    /// The same surroundings with the store of an image, in the next epoch.
    pub(crate) fn restored(&self, image: &EngineImage, taken_at: Cursor) -> Self {
        let restoration = Restoration { snapshot: SnapshotId(1), name: None, taken_at };
        let epoch = Epoch(self.store.journal().cursor().epoch.0 + 1);
        Self {
            store: InfoStore::restore(image, epoch, self.now, restoration),
            hive: self.hive.clone(),
            now: self.now,
            dropped: Vec::new(),
            reads: self.reads.clone(),
            held: self.held,
            associations: self.associations,
        }
    }

    pub(crate) fn connect(&mut self, client: &Client) -> Admission {
        self.associations += 1;
        let association = AssociationRef {
            group: GroupId(self.associations),
            connection: ConnectionId(u64::from(self.associations)),
        };
        self.connect_disturbed(client, association, ConnectFaults::default())
    }

    /// Connects a client whose connect fault rules disturb.
    pub(crate) fn connect_disturbed(
        &mut self,
        client: &Client,
        association: AssociationRef,
        faults: ConnectFaults,
    ) -> Admission {
        let identity = client.identity();
        let denied = client.denied;
        let request = ConnectRequest { association, identity, link: None, faults, denied };
        let admission = self.store.connect(self.now, request);
        self.perform_effects();
        admission
    }

    /// Connects a client that has to be admitted.
    pub(crate) fn admit(&mut self, client: &Client) -> Admitted {
        match self.connect(client) {
            Admission::Admitted(admitted) => admitted,
            Admission::Refused(refusal) => panic!("{client:?} was refused: {refusal:?}"),
        }
    }

    /// Connects a client that has to be refused.
    pub(crate) fn refuse(&mut self, client: &Client) -> Refusal {
        match self.connect(client) {
            Admission::Refused(refusal) => refusal,
            Admission::Admitted(_) => panic!("{client:?} was admitted"),
        }
    }

    /// A live session reports more names.
    pub(crate) fn report(&mut self, session: SessionId, names: &[&str]) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let known = self.store.session(session).map(|record| record.identity.subject.clone());
        let known = known.unwrap_or_else(|| nameless().subject());
        self.store.observe(self.now, session, known.with_names(parsed(&names)));
        self.perform_effects();
    }

    pub(crate) fn end(&mut self, session: SessionId, reason: EndReason) {
        match reason {
            EndReason::Client => self.store.handle_disconnect(self.now, session),
            EndReason::Transport => self.store.handle_rundown(self.now, session),
            reason => panic!("{reason} is the store's own doing"),
        }
        self.perform_effects();
    }

    pub(crate) fn execute(&mut self, command: Command) -> Result<Outcome, CommandError> {
        let stop = Command::Stop(StopReason::Shutdown);
        let cause = if command == stop { Cause::Stop } else { Cause::Control };
        let outcome = self.store.execute(self.now, cause, command);
        self.perform_effects();
        outcome
    }

    /// Answers the read that has waited longest with what the registry holds now.
    pub(crate) fn answer(&mut self) {
        let read = self.reads.front().expect("a read is in flight");
        let values = self.hive.values(&read.names);
        self.answer_with(values);
    }

    pub(crate) fn answer_with(&mut self, values: Vec<ValueRead>) {
        let read = self.reads.pop_front().expect("a read is in flight");
        self.answer_token(read.token, values);
    }

    /// Answers a poll that need not be the one in flight.
    pub(crate) fn answer_token(&mut self, token: PollToken, values: Vec<ValueRead>) {
        let values = PollValues { token, reads: values, faults: Vec::new() };
        self.store.handle_values(self.now, values);
        self.perform_effects();
    }

    /// Serves what is due now.
    pub(crate) fn time_out(&mut self) {
        self.store.handle_timeout(self.now);
        self.perform_effects();
    }

    /// Serves every deadline up to `time`, in order, each at its own instant.
    pub(crate) fn walk_to(&mut self, time: SimTime) {
        while let Some(due) = self.store.poll_timeout().filter(|due| *due <= time) {
            self.now = self.now.max(due);
            self.time_out();
            assert_ne!(self.store.poll_timeout(), Some(due), "a deadline that was served is over");
        }
        self.now = self.now.max(time);
    }

    /// Walks to the next tick and serves it.
    pub(crate) fn tick(&mut self) {
        self.walk_to(self.store.poll_timeout().expect("a tick is due some time"));
    }

    pub(crate) fn cursor(&self) -> Sequence {
        self.store.journal().cursor().seq
    }

    /// The entries after `cursor`.
    pub(crate) fn entries_after(&self, cursor: Sequence) -> Vec<Entry> {
        let page = self.store.journal().page(cursor, usize::MAX);
        page.expect("nothing was evicted").entries
    }

    /// The entries after `cursor`, as lines.
    pub(crate) fn story_after(&self, cursor: Sequence) -> Vec<String> {
        self.entries_after(cursor).iter().map(story).collect()
    }

    /// The lines that `act` adds to the journal.
    pub(crate) fn story_of(&mut self, act: impl FnOnce(&mut Self)) -> Vec<String> {
        let before = self.cursor();
        act(self);
        self.story_after(before)
    }

    pub(crate) fn live(&self) -> Vec<SessionId> {
        self.store.sessions_after(None).map(|session| session.id).collect()
    }

    /// The live sessions, in the form that the journal replays them.
    pub(crate) fn image(&self) -> SessionImage {
        self.store.sessions_after(None).cloned().collect()
    }

    fn perform_effects(&mut self) {
        while let Some(effect) = self.store.poll_effect() {
            match effect {
                Effect::QueryValues { token, names } => self.reads.push_back(Read { token, names }),
                Effect::DropSession { session, association, reason } => {
                    self.dropped.push(Dropped { session, association, reason });
                }
            }
        }
        if !self.held && !self.reads.is_empty() {
            self.answer();
        }
    }
}
