//! The words of the journal: types of events, causes, triggers.

use infostore::{Cause, Event, EventKind};
use registry_poll::PollTrigger;

/// The types of events, each named once: the list of them can't lack one that an event has.
macro_rules! event_types {
    ($($event:ident => $name:literal,)*) => {
        /// Every type of event, as `type` spells it.
        pub(crate) const EVENT_TYPES: &[&str] = &[$($name),*];

        /// The `type` of events of a kind.
        pub(crate) fn kind_text(kind: EventKind) -> &'static str {
            match kind {
                $(EventKind::$event => $name,)*
            }
        }
    };
}

/// The `type` of an event.
pub(crate) fn event_type(event: &Event) -> &'static str {
    kind_text(event.kind())
}

event_types! {
    StoreStarted => "store.started",
    StoreChanged => "store.changed",
    BuildChanged => "build.changed",
    ClusterChanged => "cluster.changed",
    PollAbandoned => "poll.abandoned",
    CheckpointRestored => "checkpoint.restored",
    RegistryImported => "registry.imported",
    FaultAdded => "fault.added",
    FaultChanged => "fault.changed",
    FaultRemoved => "fault.removed",
    FaultHit => "fault.hit",
    SnapshotTaken => "snapshot.taken",
    UserChanged => "user.changed",
    UserRemoved => "user.removed",
    StoreRestored => "store.restored",
    PollSkipped => "poll.skipped",
    StoreStopped => "store.stopped",
    SessionConnected => "session.connected",
    SessionRefused => "session.refused",
    SessionIdentified => "session.identified",
    SessionDisconnected => "session.disconnected",
    SessionEnded => "session.ended",
    SessionNotified => "session.notified",
    SessionWouldBlock => "session.would_block",
    PolicyChanged => "policy.changed",
    PolicyModeChanged => "policy.mode_changed",
    EnforcementCompleted => "enforcement.completed",
    PollCompleted => "poll.completed",
    PollFailed => "poll.failed",
    RegistryInvalid => "registry.invalid",
    RegistryChanged => "registry.changed",
    ClockChanged => "clock.changed",
    JournalTruncated => "journal.truncated",
}

pub(crate) fn cause_text(cause: Cause) -> String {
    match cause {
        Cause::Start => "start".to_owned(),
        Cause::Poll(number) => format!("poll:{}", number.0),
        Cause::Client => "client".to_owned(),
        Cause::Transport => "transport".to_owned(),
        Cause::Control => "control".to_owned(),
        Cause::Stop => "stop".to_owned(),
        Cause::Fault(fault) => format!("fault:{}", fault.0),
    }
}

pub(crate) fn trigger_text(trigger: PollTrigger) -> &'static str {
    match trigger {
        PollTrigger::Start => "start",
        PollTrigger::Tick => "tick",
        PollTrigger::Request => "request",
    }
}
