//! What the journal says: an entry for everything that changed the store, with its cause.

use std::sync::Arc;

use clock::{ClockMode, SimTime};
use policy::{Lint, PolicyChange};
use registry_poll::{
    ClusterMode, Edit, FaultId, InvalidValue, KeyStoreError, NodeName, Poll, PollNumber, ValueName,
};

use crate::admission::Refusal;
use crate::build::Build;
use crate::fault::{FaultRule, FaultSchedule, FaultTarget, Stage};
use crate::image::{Restoration, SnapshotId};
use crate::journal::Sequence;
use crate::notification::{NotificationKind, Push};
use crate::session::{
    ClientIdentity, DisconnectReason, EndReason, Generation, SessionId, SessionRecord,
};
use crate::settings::{Authentication, DisconnectMode, Pacing, PolicyMode, RegistryWatch};

/// An entry of the journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Its place, from 1 without gaps.
    pub seq: Sequence,
    /// Store time.
    pub at: SimTime,
    /// Who or what caused it.
    pub cause: Cause,
    /// What happened.
    pub event: Event,
}

/// Who or what caused an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// The store service starting.
    Start,
    /// A poll of the registry.
    Poll(PollNumber),
    /// A call of a client.
    Client,
    /// A connection that closed.
    Transport,
    /// A request to the control plane.
    Control,
    /// The store service stopping.
    Stop,
    /// A fault rule.
    Fault(FaultId),
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// The service started; its first read of the registry follows.
    StoreStarted {
        /// The simulated build.
        build: Build,
        /// Time between two polls.
        poll_interval: core::time::Duration,
    },
    /// A setting was changed.
    StoreChanged(SettingChange),
    /// Another build was installed; the service runs it from its next start on.
    BuildChanged {
        /// What was installed before.
        from: Build,
        /// What is installed now.
        to: Build,
    },
    /// The cluster's mode or its active node changed.
    ClusterChanged {
        /// How the nodes share their registries.
        mode: ClusterMode,
        /// The node that the service runs on.
        active: NodeName,
    },
    /// A poll will have no values: the service stopped while they were read.
    PollAbandoned {
        /// The poll.
        poll: Poll,
    },
    /// The checkpoint was restored on a node before the service came online there, and something else that the node had is
    /// lost.
    CheckpointRestored {
        /// The node.
        node: NodeName,
    },
    /// Somebody made so many edits at once that they are counted here and not told one by one, but for what they did to the
    /// values of the block lists.
    RegistryImported {
        /// The node whose registry was edited.
        node: NodeName,
        /// Edits that changed something.
        changed: usize,
    },
    /// Somebody added a fault rule.
    FaultAdded {
        /// Its id.
        fault: FaultId,
        /// The rule.
        rule: Box<FaultRule>,
    },
    /// Somebody paused or resumed a fault rule, or gave it another schedule.
    FaultChanged {
        /// Its id.
        fault: FaultId,
        /// Whether it rests.
        paused: bool,
        /// Its schedule.
        schedule: Box<FaultSchedule>,
    },
    /// Somebody took a fault rule away.
    FaultRemoved {
        /// Its id.
        fault: FaultId,
    },
    /// A fault rule hit.
    FaultHit {
        /// The rule.
        fault: FaultId,
        /// Where.
        stage: Stage,
        /// What it did, by its own word.
        effect: &'static str,
        /// Whom or what it hit.
        target: Box<FaultTarget>,
    },
    /// A tick of the schedule of polls did nothing.
    PollSkipped {
        /// When it was due.
        due: SimTime,
    },
    /// Somebody took a snapshot of the store as it is after the entry before this one.
    SnapshotTaken {
        /// Its id.
        snapshot: SnapshotId,
        /// The name that it was given.
        name: Option<String>,
    },
    /// Somebody added or changed a user of the store.
    UserChanged {
        /// The user's name.
        user: String,
    },
    /// Somebody took a user of the store away.
    UserRemoved {
        /// The user's name.
        user: String,
    },
    /// The store begins this epoch as it was when a snapshot was taken.
    StoreRestored(Restoration),
    /// The oldest entries leave the journal from here on. Said once, before the entry that made the first leave.
    JournalTruncated {
        /// Entries that are kept at the most.
        entries: usize,
        /// Bytes that they may weigh.
        bytes: usize,
    },
    /// The service stopped.
    StoreStopped,
    /// A client was admitted.
    SessionConnected {
        /// The new session.
        session: Arc<SessionRecord>,
        /// The policy in force.
        generation: Generation,
        /// The fault rules in play: those that disturbed its connect, and the last read of the registry.
        faults: Arc<[FaultId]>,
        /// Whether that policy forbids it, and is not acted on: a `SessionWouldBlock` follows.
        listed: bool,
    },
    /// A client was refused; there never was a session.
    SessionRefused {
        /// The client.
        identity: Box<ClientIdentity>,
        /// Why.
        refusal: Refusal,
        /// The policy that it was judged under.
        generation: Generation,
        /// The fault rules in play: those that disturbed its connect, and the last read of the registry.
        faults: Arc<[FaultId]>,
    },
    /// A session reported process names after it was opened (A17).
    SessionIdentified {
        /// The session with all its names.
        session: Arc<SessionRecord>,
        /// Whether it may stay; when not, its [`Event::SessionDisconnected`] follows.
        kept: bool,
        /// The fault rules in play: those that disturbed the last read of the registry.
        faults: Arc<[FaultId]>,
        /// Whether it is kept though the policy forbids it, since that is not acted on. Unless it was forbidden before, a
        /// `SessionWouldBlock` follows.
        listed: bool,
    },
    /// The store ended a session; its [`Event::SessionEnded`] follows.
    SessionDisconnected {
        /// The session.
        session: Arc<SessionRecord>,
        /// Why.
        reason: DisconnectReason,
        /// The policy in force.
        generation: Generation,
        /// The fault rules in play: those that disturbed the last read of the registry.
        faults: Arc<[FaultId]>,
    },
    /// A session ended, whoever ended it.
    SessionEnded {
        /// The session.
        session: Arc<SessionRecord>,
        /// How.
        reason: EndReason,
    },
    /// Something happened in a session's mailbox, and its client asked to be told.
    SessionNotified {
        /// The session.
        session: Arc<SessionRecord>,
        /// What happened.
        kind: NotificationKind,
        /// What became of the datagram that tells of it.
        push: Push,
    },
    /// A policy with other rules is in force; the sweep's entries follow.
    PolicyChanged {
        /// Its generation.
        generation: Generation,
        /// Items that came and went, list by list, as written.
        change: PolicyChange,
    },
    /// The sweep after a change of the policy or its mode is over.
    EnforcementCompleted {
        /// The policy that sessions were held against.
        generation: Generation,
        /// Whether it was acted on.
        mode: PolicyMode,
        /// What the sweep did.
        swept: Swept,
        /// Sessions that stayed, the unidentified among them.
        kept: usize,
        /// Sessions that stayed since they have no process name.
        unidentified: usize,
    },
    /// In audit mode: the policy forbids a session that stays all the same. Said once for as long as it is forbidden.
    SessionWouldBlock {
        /// The session.
        session: Arc<SessionRecord>,
        /// What brought it up.
        trigger: BlockTrigger,
        /// The item that forbids it.
        why: Arc<policy::Cause>,
        /// The policy in force.
        generation: Generation,
        /// The fault rules in play: those that disturbed its connect, when that is what brought it up, and the last read of the
        /// registry.
        faults: Arc<[FaultId]>,
    },
    /// The policy is acted on from here on, or no more.
    PolicyModeChanged {
        /// Whether it is.
        mode: PolicyMode,
        /// The policy in force.
        generation: Generation,
    },
    /// A poll read every value that is watched.
    PollCompleted {
        /// The poll.
        poll: Poll,
        /// Whether a policy with other rules came of it.
        changed: bool,
        /// The policy in force after it.
        generation: Generation,
    },
    /// A poll could not read a value; the last good policy stays (A9), or none after a start (A30).
    PollFailed {
        /// The poll.
        poll: Poll,
        /// The value that could not be read.
        value: ValueName,
        /// Why.
        error: KeyStoreError,
        /// The policy in force after it.
        generation: Generation,
    },
    /// The poll found a value that can't be used as it stands. Said once for each new reading.
    RegistryInvalid {
        /// The value.
        value: ValueName,
        /// What is wrong.
        problem: InvalidPolicy,
    },
    /// Somebody edited the registry; the store knows nothing of it until it polls.
    RegistryChanged(RegistryChange),
    /// The store's clock was set or moved.
    ClockChanged {
        /// How time moves from here on.
        mode: ClockMode,
        /// Where it was told to go, when it was.
        target: Option<SimTime>,
    },
}

/// What is wrong with a value that the policy is read from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum InvalidPolicy {
    /// It is no text: as good as absent (A8).
    Value(InvalidValue),
    /// It has items that can't mean what was meant, or that hit Exchange itself (A5, A21); they are honoured literally.
    Items(Vec<Lint>),
    /// The build that runs does not read the value.
    Ignored(Build),
}

/// What brought up that a session is forbidden.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BlockTrigger {
    /// It was opened.
    Connect,
    /// It reported another name.
    LateName,
    /// A policy came into force.
    PolicyChange,
}

/// What a sweep did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Swept {
    /// Sessions that it disconnected; none in audit mode.
    pub disconnected: usize,
    /// Sessions that it would have disconnected and that were not forbidden before; none while the policy is enforced.
    pub would_block: usize,
}

/// An edit of the registry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegistryChange {
    /// The node whose registry was edited.
    pub node: NodeName,
    /// What was done.
    pub edit: Edit,
}

/// A setting as it is now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SettingChange {
    /// Time between two polls, on a new grid that starts now.
    PollInterval(core::time::Duration),
    /// Whether a value created later is followed.
    RegistryWatch(RegistryWatch),
    /// What happens to the connections of sessions that the store ended.
    Disconnect(DisconnectMode),
    /// Whom it lets open sessions.
    Authentication(Authentication),
    /// Whether Exchange 2007 gives out handles to wait for events with.
    AsyncNotifications(bool),
    /// How clients that connect are told to come back.
    Pacing(Pacing),
}

/// Bytes of a text beside its characters.
const ITEM: usize = size_of::<String>();

impl Event {
    /// Bytes that the entry takes, about: what clients and administrators choose the length of, and a constant. A session's
    /// entries share one record, which each is charged with.
    pub(crate) fn weight(&self) -> usize {
        let chosen = match self {
            Self::SessionConnected { session, .. }
            | Self::SessionIdentified { session, .. }
            | Self::SessionDisconnected { session, .. }
            | Self::SessionWouldBlock { session, .. }
            | Self::SessionNotified { session, .. }
            | Self::SessionEnded { session, .. } => session.identity.weight(),
            Self::SessionRefused { identity, .. } => identity.weight(),
            Self::PolicyChanged { change, .. } => {
                let lists = [&change.processes, &change.versions].into_iter();
                let items = lists.flat_map(|list| list.added.iter().chain(&list.removed));
                items.map(|item| item.len().saturating_add(ITEM)).sum()
            }
            Self::RegistryChanged(change) => edit_weight(&change.edit),
            Self::FaultAdded { rule, .. } => rule.weight(),
            Self::FaultChanged { schedule, .. } => schedule.weight(),
            Self::FaultHit { target, .. } => target.weight(),
            Self::RegistryInvalid { problem: InvalidPolicy::Items(lints), .. } => {
                lints.iter().map(lint_weight).sum()
            }
            Self::PollFailed { error, .. } => error_weight(error),
            Self::UserChanged { user } | Self::UserRemoved { user } => user.len(),
            Self::SnapshotTaken { name, .. } | Self::StoreRestored(Restoration { name, .. }) => {
                name.as_ref().map_or(0, String::len)
            }
            Self::RegistryInvalid {
                problem: InvalidPolicy::Value(_) | InvalidPolicy::Ignored(_),
                ..
            }
            | Self::StoreStarted { .. }
            | Self::StoreChanged(_)
            | Self::BuildChanged { .. }
            | Self::ClusterChanged { .. }
            | Self::PollAbandoned { .. }
            | Self::CheckpointRestored { .. }
            | Self::RegistryImported { .. }
            | Self::FaultRemoved { .. }
            | Self::PollSkipped { .. }
            | Self::JournalTruncated { .. }
            | Self::PolicyModeChanged { .. }
            | Self::StoreStopped
            | Self::EnforcementCompleted { .. }
            | Self::PollCompleted { .. }
            | Self::ClockChanged { .. } => 0,
        };
        chosen.saturating_add(size_of::<Entry>())
    }

    /// The session that the event is about, as it is afterwards.
    pub fn session(&self) -> Option<&Arc<SessionRecord>> {
        match self {
            Self::SessionConnected { session, .. }
            | Self::SessionIdentified { session, .. }
            | Self::SessionDisconnected { session, .. }
            | Self::SessionWouldBlock { session, .. }
            | Self::SessionNotified { session, .. }
            | Self::SessionEnded { session, .. } => Some(session),
            Self::StoreStarted { .. }
            | Self::StoreChanged(_)
            | Self::BuildChanged { .. }
            | Self::ClusterChanged { .. }
            | Self::PollAbandoned { .. }
            | Self::CheckpointRestored { .. }
            | Self::RegistryImported { .. }
            | Self::FaultAdded { .. }
            | Self::FaultChanged { .. }
            | Self::FaultRemoved { .. }
            | Self::FaultHit { .. }
            | Self::SnapshotTaken { .. }
            | Self::UserChanged { .. }
            | Self::UserRemoved { .. }
            | Self::StoreRestored(_)
            | Self::PollSkipped { .. }
            | Self::JournalTruncated { .. }
            | Self::PolicyModeChanged { .. }
            | Self::StoreStopped
            | Self::SessionRefused { .. }
            | Self::PolicyChanged { .. }
            | Self::EnforcementCompleted { .. }
            | Self::PollCompleted { .. }
            | Self::PollFailed { .. }
            | Self::RegistryInvalid { .. }
            | Self::RegistryChanged(_)
            | Self::ClockChanged { .. } => None,
        }
    }

    /// The client that the event is about, and its session when it has one.
    pub fn client(&self) -> Option<(Option<SessionId>, &ClientIdentity)> {
        if let Self::SessionRefused { identity, .. } = self {
            return Some((None, identity));
        }
        self.session().map(|session| (Some(session.id), &session.identity))
    }

    /// The session whose entry in the table the event changes, and what it is afterwards. One that was cut off stays
    /// until it ends.
    pub(crate) fn effect_on_table(&self) -> Option<(SessionId, Option<&Arc<SessionRecord>>)> {
        let session = self.session()?;
        if matches!(
            self,
            Self::SessionDisconnected { .. }
                | Self::SessionWouldBlock { .. }
                | Self::SessionNotified { .. }
        ) {
            return None;
        }
        let live = !matches!(self, Self::SessionEnded { .. });
        Some((session.id, live.then_some(session)))
    }
}

/// Bytes of a lint's texts.
pub(crate) fn lint_weight(lint: &Lint) -> usize {
    let texts = lint.message.len().saturating_add(lint.hint.len());
    texts.saturating_add(size_of::<Lint>())
}

/// Bytes of an error's texts, which may quote what could not be read.
pub(crate) fn error_weight(error: &KeyStoreError) -> usize {
    match error {
        KeyStoreError::Failed { reason } => reason.len(),
        KeyStoreError::AccessDenied { key }
        | KeyStoreError::Busy { key }
        | KeyStoreError::Corrupt { key } => key.as_str().len(),
    }
}

/// Bytes that whoever made the edit chose the number of. Names are kept as written and as compared.
fn edit_weight(edit: &Edit) -> usize {
    let (key, name, data) = match edit {
        Edit::CreateKey(key) | Edit::DeleteKey(key) => (key, None, 0),
        Edit::SetValue { key, name, value } => (key, Some(name), value.data().len()),
        Edit::DeleteValue { key, name } => (key, Some(name), 0),
    };
    let names = key.as_str().len().saturating_add(name.map_or(0, |name| name.as_str().len()));
    names.saturating_mul(2).saturating_add(data)
}
