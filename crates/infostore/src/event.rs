//! What the journal says: an entry for everything that changed the store, with its cause.

use std::sync::Arc;

use clock::{ClockMode, SimTime};
use policy::{Lint, ListChange, PolicyChange};
use registry_poll::{InvalidValue, KeyPath, KeyStoreError, Poll, PollNumber, RegValue, ValueName};

use crate::admission::Refusal;
use crate::journal::Sequence;
use crate::session::{
    ClientIdentity, DisconnectReason, EndReason, Generation, SessionId, SessionRecord,
};
use crate::settings::Build;

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
    StoreChanged {
        /// Time between two polls, on a new grid that starts now.
        poll_interval: core::time::Duration,
    },
    /// The service stopped.
    StoreStopped,
    /// A client was admitted.
    SessionConnected {
        /// The new session.
        session: Arc<SessionRecord>,
        /// The policy that permitted it.
        generation: Generation,
    },
    /// A client was refused; there never was a session.
    SessionRefused {
        /// The client.
        identity: Box<ClientIdentity>,
        /// Why.
        refusal: Refusal,
        /// The policy that it was judged under.
        generation: Generation,
    },
    /// A session reported process names after it was opened (A17).
    SessionIdentified {
        /// The session with all its names.
        session: Arc<SessionRecord>,
        /// Whether it may stay; when not, its [`Event::SessionDisconnected`] follows.
        kept: bool,
    },
    /// The store ended a session; its [`Event::SessionEnded`] follows.
    SessionDisconnected {
        /// The session.
        session: Arc<SessionRecord>,
        /// Why.
        reason: DisconnectReason,
        /// The policy in force.
        generation: Generation,
    },
    /// A session ended, whoever ended it.
    SessionEnded {
        /// The session.
        session: Arc<SessionRecord>,
        /// How.
        reason: EndReason,
    },
    /// A policy with other rules is in force; the sweep's entries follow.
    PolicyChanged {
        /// Its generation.
        generation: Generation,
        /// What it adds to the policy before it, and what is gone.
        change: PolicyChange,
    },
    /// The sweep after a policy change is over.
    EnforcementCompleted {
        /// The policy enforced.
        generation: Generation,
        /// Sessions disconnected.
        disconnected: usize,
        /// Sessions that stayed, the unidentified among them.
        kept: usize,
        /// Sessions that stayed since they have no process name.
        unidentified: usize,
    },
    /// A poll read every value.
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
}

/// An edit of the registry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegistryChange {
    /// The key.
    pub key: KeyPath,
    /// The value's name.
    pub name: ValueName,
    /// The new value; none when it was deleted.
    pub value: Option<RegValue>,
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
            | Self::SessionEnded { session, .. } => session.identity.weight(),
            Self::SessionRefused { identity, .. } => identity.weight(),
            Self::PolicyChanged { change: PolicyChange { processes, versions }, .. } => {
                weight(processes).saturating_add(weight(versions))
            }
            Self::RegistryChanged(change) => {
                change.value.as_ref().map_or(0, |value| value.data().len())
            }
            Self::RegistryInvalid { problem: InvalidPolicy::Items(lints), .. } => {
                lints.iter().map(|lint| lint.message.len().saturating_add(lint.hint.len())).sum()
            }
            Self::RegistryInvalid { problem: InvalidPolicy::Value(_), .. }
            | Self::StoreStarted { .. }
            | Self::StoreChanged { .. }
            | Self::StoreStopped
            | Self::EnforcementCompleted { .. }
            | Self::PollCompleted { .. }
            | Self::PollFailed { .. }
            | Self::ClockChanged { .. } => 0,
        };
        chosen.saturating_add(size_of::<Entry>())
    }

    /// The session that the event is about, and whether it is live afterwards.
    pub(crate) fn effect_on_table(&self) -> Option<(SessionId, Option<&Arc<SessionRecord>>)> {
        match self {
            Self::SessionConnected { session, .. } | Self::SessionIdentified { session, .. } => {
                Some((session.id, Some(session)))
            }
            Self::SessionEnded { session, .. } => Some((session.id, None)),
            Self::StoreStarted { .. }
            | Self::StoreChanged { .. }
            | Self::StoreStopped
            | Self::SessionRefused { .. }
            | Self::SessionDisconnected { .. }
            | Self::PolicyChanged { .. }
            | Self::EnforcementCompleted { .. }
            | Self::PollCompleted { .. }
            | Self::PollFailed { .. }
            | Self::RegistryInvalid { .. }
            | Self::RegistryChanged(_)
            | Self::ClockChanged { .. } => None,
        }
    }
}

fn weight(ListChange { added, removed }: &ListChange) -> usize {
    added.iter().chain(removed).map(|item| item.len().saturating_add(ITEM)).sum()
}
