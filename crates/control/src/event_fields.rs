//! The journal's entries as JSON: `seq`, `at`, `cause`, `type`, then the fields of the type, in one fixed order.

use infostore::{Entry, Event, FaultTarget, InvalidPolicy, Restoration, Stage};
use policy::{Lint, ListChange};
use registry_poll::{FaultId, Poll};
use serde::Serialize;
use utoipa::ToSchema;

use crate::clock_mode::Mode;
use crate::event_changes::{registry_changed, store_changed};
use crate::event_words::{cause_text, trigger_text};
use crate::faults::{FaultRuleText, ScheduleText, StageName};
use crate::list_text::{LintText, lints};
use crate::outcome_fields::{
    ConnectedFields, DisconnectedFields, EndedFields, IdentifiedFields, NotifiedFields,
    RefusedFields, WouldBlockFields, of_session,
};
use crate::reg_value::ValueText;
use crate::scalars::{CursorText, Length, Time};
use crate::session_fields::{OriginName, SessionFields, TransportName, labels};
use crate::setting_names::{ClusterModeName, DisconnectName, LevelName, PolicyModeName, WatchName};

/// An entry of the journal.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub(crate) struct EventText {
    /// Its place in the epoch, from 1 without gaps.
    seq: u64,
    /// Store time.
    at: Time,
    /// Who or what caused it: `start`, `poll:N`, `client`, `transport`, `control`, `stop` or `fault:N`.
    #[schema(example = "poll:2")]
    cause: String,
    #[serde(flatten)]
    fields: EventFields,
}

/// What happened.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "type")]
pub(crate) enum EventFields {
    /// The store started; its first read of the registry follows.
    #[serde(rename = "store.started")]
    StoreStarted {
        /// The simulated build of Store.exe.
        build: String,
        /// Time between two polls.
        poll_interval: Length,
    },
    /// The store stopped.
    #[serde(rename = "store.stopped")]
    StoreStopped {},
    /// A client was admitted.
    #[serde(rename = "session.connected")]
    SessionConnected(ConnectedFields),
    /// A client was refused.
    #[serde(rename = "session.refused")]
    SessionRefused(RefusedFields),
    /// A session reported process names after it was opened.
    #[serde(rename = "session.identified")]
    SessionIdentified(IdentifiedFields),
    /// The store ended a session; its `session.ended` follows.
    #[serde(rename = "session.disconnected")]
    SessionDisconnected(DisconnectedFields),
    /// A session ended, whoever ended it.
    #[serde(rename = "session.ended")]
    SessionEnded(EndedFields),
    /// Something happened in a session's mailbox, and its client asked to be told.
    #[serde(rename = "session.notified")]
    SessionNotified(NotifiedFields),
    /// A policy with other rules is in force; the sweep's entries follow.
    #[serde(rename = "policy.changed")]
    PolicyChanged {
        /// The policy's number.
        generation: u64,
        /// What became of the list of programs.
        processes: ListChangeText,
        /// What became of the list of versions.
        versions: ListChangeText,
    },
    /// In audit mode: the policy forbids a session that stays all the same. Said once for as long as it is forbidden.
    #[serde(rename = "session.would_block")]
    SessionWouldBlock(WouldBlockFields),
    /// The policy is acted on from here on, or no more. Where it is, the sweep's entries follow.
    #[serde(rename = "policy.mode_changed")]
    PolicyModeChanged {
        /// Whether it is acted on.
        mode: PolicyModeName,
        /// The policy in force.
        generation: u64,
    },
    /// The sweep after a change of the policy or its mode is over.
    #[serde(rename = "enforcement.completed")]
    EnforcementCompleted {
        /// The policy that sessions were held against.
        generation: u64,
        /// Whether it was acted on.
        mode: PolicyModeName,
        /// Sessions disconnected; none in audit mode.
        disconnected: usize,
        /// Sessions that would have been disconnected and that were not forbidden before; none when the policy is enforced.
        would_block: usize,
        /// Sessions that stayed, the unidentified among them.
        kept: usize,
        /// Sessions that stayed since they have no process name.
        unidentified: usize,
    },
    /// A poll read every value.
    #[serde(rename = "poll.completed")]
    PollCompleted {
        /// The poll.
        poll: PollFields,
        /// Whether a policy with other rules came of it.
        changed: bool,
        /// The policy in force after it.
        generation: u64,
    },
    /// A poll could not read a value; the last good policy stays.
    #[serde(rename = "poll.failed")]
    PollFailed {
        /// The poll.
        poll: PollFields,
        /// The name of the value.
        value: String,
        /// Why.
        error: String,
        /// The policy in force after it.
        generation: u64,
    },
    /// The poll found a value that can't be used as it stands. Said once for each new reading.
    #[serde(rename = "registry.invalid")]
    RegistryInvalid {
        /// The name of the value.
        value: String,
        /// What is wrong.
        problem: String,
        /// The items that are wrong; empty when the value is no text at all.
        lints: Vec<LintText>,
    },
    /// Somebody edited the registry; the store knows nothing of it until it polls.
    #[serde(rename = "registry.changed")]
    RegistryChanged {
        /// The node whose registry it is.
        node: String,
        /// `set_value`, `delete_value`, `create_key` or `delete_key`.
        action: &'static str,
        /// The key.
        key: String,
        /// The value's name; null when it is about a key.
        name: Option<String>,
        /// What the value holds now; null when it was deleted, or when it is about a key.
        value: Option<ValueText>,
    },
    /// A setting of the store was changed: the one that is not null. Whom it lets in are two, and how clients are told to come
    /// back three, told together.
    #[serde(rename = "store.changed")]
    StoreChanged {
        /// Time between two polls, on a new grid that starts now.
        poll_interval: Option<Length>,
        /// Whether a value created later is followed.
        registry_watch: Option<WatchName>,
        /// What happens to the connections of sessions that the store ended.
        disconnect: Option<DisconnectName>,
        /// Whether it takes clients that do not say who they are.
        anonymous: Option<bool>,
        /// How the call that opens a session has to be protected at least.
        min_auth_level: Option<LevelName>,
        /// Whether a store of Exchange 2007 gives out handles to wait for events with.
        async_notifications: Option<bool>,
        /// How long clients are told to go at most without asking for events.
        polls_max: Option<Length>,
        /// How often clients are told to make a call again that found the server too busy.
        retry: Option<u32>,
        /// How long they are told to wait before each.
        retry_delay: Option<Length>,
    },
    /// Another build was installed; the service runs it from its next start on.
    #[serde(rename = "build.changed")]
    BuildChanged {
        /// What was installed before.
        from: String,
        /// What is installed now.
        to: String,
    },
    /// The cluster's mode or its active node changed.
    #[serde(rename = "cluster.changed")]
    ClusterChanged {
        /// How the nodes share their registries.
        mode: ClusterModeName,
        /// The node that the service runs on.
        active: String,
    },
    /// A poll will have no values: the service stopped while they were read.
    #[serde(rename = "poll.abandoned")]
    PollAbandoned {
        /// The poll.
        poll: PollFields,
    },
    /// The checkpoint was restored on a node before the service came online there; something else that it had is lost.
    #[serde(rename = "checkpoint.restored")]
    CheckpointRestored {
        /// The node.
        node: String,
    },
    /// Somebody made so many edits at once that they are counted, and only those of the block lists' values told.
    #[serde(rename = "registry.imported")]
    RegistryImported {
        /// The node whose registry it is.
        node: String,
        /// Edits that changed something.
        changed: usize,
    },
    /// Somebody added a fault rule.
    #[serde(rename = "fault.added")]
    FaultAdded {
        /// Its id.
        fault: u64,
        #[serde(flatten)]
        rule: FaultRuleText,
    },
    /// Somebody paused or resumed a fault rule, or gave it another schedule.
    #[serde(rename = "fault.changed")]
    FaultChanged {
        /// Its id.
        fault: u64,
        /// Whether it rests.
        paused: bool,
        /// Its schedule.
        schedule: ScheduleText,
    },
    /// Somebody took a fault rule away.
    #[serde(rename = "fault.removed")]
    FaultRemoved {
        /// Its id.
        fault: u64,
    },
    /// A fault rule hit.
    #[serde(rename = "fault.hit")]
    FaultHit(HitFields),
    /// A tick of the schedule of polls did nothing, by the doing of a fault rule.
    #[serde(rename = "poll.skipped")]
    PollSkipped {
        /// When it was due.
        due: Time,
    },
    /// Somebody added or changed a user of the store.
    #[serde(rename = "user.changed")]
    UserChanged {
        /// The user's name.
        name: String,
    },
    /// Somebody took a user of the store away.
    #[serde(rename = "user.removed")]
    UserRemoved {
        /// The user's name.
        name: String,
    },
    /// Somebody took a snapshot of the store as it is after the event before this one.
    #[serde(rename = "snapshot.taken")]
    SnapshotTaken {
        /// Its id.
        snapshot: u64,
        /// The name that it was given.
        name: Option<String>,
    },
    /// The store begins this epoch as it was when a snapshot was taken. The sessions that came back are live from here on.
    #[serde(rename = "store.restored")]
    StoreRestored {
        /// The snapshot.
        snapshot: u64,
        /// Its name.
        name: Option<String>,
        /// Where the journal stood when it was taken.
        taken_at: CursorText,
    },
    /// The store's clock was set or moved.
    #[serde(rename = "clock.changed")]
    ClockChanged {
        /// How time moves from here on.
        mode: Mode,
        /// Where it was told to go; null when it was set.
        target: Option<Time>,
    },
    /// The oldest entries leave the journal from here on. Said once in an epoch; `/events/totals` counts on.
    #[serde(rename = "journal.truncated")]
    JournalTruncated {
        /// Entries that are kept at the most.
        entries: usize,
        /// Bytes that they may weigh.
        bytes: usize,
    },
}

/// Whom or what a fault rule hit, as far as was known there.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FaultHit)]
pub(crate) struct HitFields {
    /// The rule.
    fault: u64,
    /// Where.
    stage: StageName,
    /// What it did.
    effect: &'static str,
    /// The name of the value of the registry; null unless one was read.
    value: Option<String>,
    /// The session; null unless the call was about one.
    session: Option<u64>,
    /// The program, as first reported; null when it was not known.
    process: Option<String>,
    /// The operation of EMSMDB; null unless one was called.
    opnum: Option<u16>,
    /// Who opened the connection; null unless there was one.
    origin: Option<OriginName>,
    /// How its bytes travel; null unless there was one.
    transport: Option<TransportName>,
    /// The injected client; null when there was none.
    client_id: Option<u64>,
    /// The injected client's group; null when there was none, or when it has none.
    group: Option<String>,
    /// The method of the request to the control plane; null unless it was one.
    method: Option<String>,
    /// The route of the request to the control plane; null unless it was one.
    route: Option<String>,
}

/// What a policy changed of one list.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ListChange)]
pub(crate) struct ListChangeText {
    /// Items that the policy before it had not, as written.
    added: Vec<String>,
    /// Items of the policy before it that are gone, as written.
    removed: Vec<String>,
}

/// A poll, in an event.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PollFields {
    /// Its number since the start, from 1.
    number: u64,
    /// Why it ran: `start`, `tick` or `request`.
    trigger: &'static str,
    /// When it was due.
    due: Time,
}

impl From<&ListChange> for ListChangeText {
    fn from(change: &ListChange) -> Self {
        Self { added: change.added.clone(), removed: change.removed.clone() }
    }
}

impl From<&Entry> for EventText {
    fn from(entry: &Entry) -> Self {
        Self {
            seq: entry.seq.0,
            at: Time(entry.at),
            cause: cause_text(entry.cause),
            fields: (&entry.event).into(),
        }
    }
}

impl From<&Event> for EventFields {
    fn from(event: &Event) -> Self {
        match event {
            Event::StoreStarted { build, poll_interval } => Self::StoreStarted {
                build: build.to_string(),
                poll_interval: Length(*poll_interval),
            },
            Event::StoreStopped => Self::StoreStopped {},
            Event::SessionConnected { session, generation, listed, faults: _ } => {
                let session = of_session(session, Some(*generation));
                Self::SessionConnected(ConnectedFields { session, listed: *listed })
            }
            Event::SessionRefused { identity, refusal, generation, .. } => {
                let client = SessionFields::new(None, identity, Some(*generation));
                Self::SessionRefused(RefusedFields::new(client, refusal))
            }
            Event::SessionIdentified { session, kept, listed, faults: _ } => {
                let session = of_session(session, None);
                Self::SessionIdentified(IdentifiedFields { session, kept: *kept, listed: *listed })
            }
            Event::SessionDisconnected { session, reason, generation, faults: _ } => {
                let session = of_session(session, Some(*generation));
                Self::SessionDisconnected(DisconnectedFields::new(session, reason))
            }
            Event::SessionNotified { session, kind, push } => {
                Self::SessionNotified(NotifiedFields {
                    session: of_session(session, None),
                    kind: (*kind).into(),
                    push: (*push).into(),
                })
            }
            Event::SessionEnded { session, reason } => Self::SessionEnded(EndedFields {
                session: of_session(session, None),
                reason: reason.to_string(),
            }),
            Event::PolicyChanged { generation, change } => Self::PolicyChanged {
                generation: generation.0,
                processes: (&change.processes).into(),
                versions: (&change.versions).into(),
            },
            Event::EnforcementCompleted { generation, mode, swept, kept, unidentified } => {
                Self::EnforcementCompleted {
                    generation: generation.0,
                    mode: (*mode).into(),
                    disconnected: swept.disconnected,
                    would_block: swept.would_block,
                    kept: *kept,
                    unidentified: *unidentified,
                }
            }
            Event::SessionWouldBlock { session, trigger, why, generation, faults: _ } => {
                let session = of_session(session, Some(*generation));
                Self::SessionWouldBlock(WouldBlockFields::new(session, *trigger, why))
            }
            Event::PolicyModeChanged { mode, generation } => {
                Self::PolicyModeChanged { mode: (*mode).into(), generation: generation.0 }
            }
            Event::JournalTruncated { entries, bytes } => {
                Self::JournalTruncated { entries: *entries, bytes: *bytes }
            }
            Event::PollCompleted { poll, changed, generation } => Self::PollCompleted {
                poll: poll.into(),
                changed: *changed,
                generation: generation.0,
            },
            Event::PollFailed { poll, value, error, generation } => Self::PollFailed {
                poll: poll.into(),
                value: value.to_string(),
                error: error.to_string(),
                generation: generation.0,
            },
            Event::RegistryInvalid { value, problem } => Self::RegistryInvalid {
                value: value.to_string(),
                problem: problem_text(problem),
                lints: lints(problem_lints(problem)),
            },
            Event::RegistryChanged(change) => registry_changed(change),
            Event::StoreChanged(change) => store_changed(*change),
            Event::BuildChanged { from, to } => {
                Self::BuildChanged { from: from.to_string(), to: to.to_string() }
            }
            Event::ClusterChanged { mode, active } => {
                Self::ClusterChanged { mode: (*mode).into(), active: active.to_string() }
            }
            Event::PollAbandoned { poll } => Self::PollAbandoned { poll: poll.into() },
            Event::CheckpointRestored { node } => {
                Self::CheckpointRestored { node: node.to_string() }
            }
            Event::RegistryImported { node, changed } => {
                Self::RegistryImported { node: node.to_string(), changed: *changed }
            }
            Event::FaultAdded { fault, rule } => {
                Self::FaultAdded { fault: fault.0, rule: (&**rule).into() }
            }
            Event::FaultChanged { fault, paused, schedule } => Self::FaultChanged {
                fault: fault.0,
                paused: *paused,
                schedule: (&**schedule).into(),
            },
            Event::FaultRemoved { fault } => Self::FaultRemoved { fault: fault.0 },
            Event::FaultHit { fault, stage, effect, target } => {
                Self::FaultHit(HitFields::new(*fault, *stage, effect, target))
            }
            Event::UserChanged { user } => Self::UserChanged { name: user.clone() },
            Event::UserRemoved { user } => Self::UserRemoved { name: user.clone() },
            Event::SnapshotTaken { snapshot, name } => {
                Self::SnapshotTaken { snapshot: snapshot.0, name: name.clone() }
            }
            Event::StoreRestored(Restoration { snapshot, name, taken_at }) => Self::StoreRestored {
                snapshot: snapshot.0,
                name: name.clone(),
                taken_at: CursorText(*taken_at),
            },
            Event::PollSkipped { due } => Self::PollSkipped { due: Time(*due) },
            Event::ClockChanged { mode, target } => {
                Self::ClockChanged { mode: Mode(*mode), target: target.map(Time) }
            }
        }
    }
}

impl HitFields {
    fn new(fault: FaultId, stage: Stage, effect: &'static str, target: &FaultTarget) -> Self {
        let (client_id, group) = target.origin.as_ref().map(labels).unwrap_or_default();
        Self {
            fault: fault.0,
            stage: stage.into(),
            effect,
            value: target.value.as_ref().map(ToString::to_string),
            session: target.session.map(|id| id.0),
            process: target.processes.first().map(|name| name.reported().to_owned()),
            opnum: target.opnum,
            origin: target.origin.as_ref().map(OriginName::from),
            transport: target.transport.map(TransportName::from),
            client_id,
            group,
            method: target.method.clone(),
            route: target.route.clone(),
        }
    }
}

impl From<&Poll> for PollFields {
    fn from(poll: &Poll) -> Self {
        Self { number: poll.number.0, trigger: trigger_text(poll.trigger), due: Time(poll.due) }
    }
}

fn problem_text(problem: &InvalidPolicy) -> String {
    match problem {
        InvalidPolicy::Value(invalid) => invalid.to_string(),
        InvalidPolicy::Items(_) => "it has items that can't mean what was meant".to_owned(),
        InvalidPolicy::Ignored(build) => {
            format!("build {build} ({}) does not read it", build.product())
        }
    }
}

fn problem_lints(problem: &InvalidPolicy) -> &[Lint] {
    match problem {
        InvalidPolicy::Value(_) | InvalidPolicy::Ignored(_) => &[],
        InvalidPolicy::Items(lints) => lints,
    }
}
