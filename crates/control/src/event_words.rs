//! The words of the journal: types of events, causes, triggers.

use infostore::{Cause, Event};
use registry_poll::PollTrigger;

/// Every type of event, as `type` spells it.
pub(crate) const EVENT_TYPES: [&str; 23] = [
    "store.started",
    "store.changed",
    "build.changed",
    "cluster.changed",
    "poll.abandoned",
    "checkpoint.restored",
    "registry.imported",
    "fault.added",
    "fault.removed",
    "fault.hit",
    "store.stopped",
    "session.connected",
    "session.refused",
    "session.identified",
    "session.disconnected",
    "session.ended",
    "policy.changed",
    "enforcement.completed",
    "poll.completed",
    "poll.failed",
    "registry.invalid",
    "registry.changed",
    "clock.changed",
];

/// The `type` of an event.
pub(crate) fn event_type(event: &Event) -> &'static str {
    match event {
        Event::StoreStarted { .. } => "store.started",
        Event::StoreChanged(_) => "store.changed",
        Event::BuildChanged { .. } => "build.changed",
        Event::ClusterChanged { .. } => "cluster.changed",
        Event::PollAbandoned { .. } => "poll.abandoned",
        Event::CheckpointRestored { .. } => "checkpoint.restored",
        Event::RegistryImported { .. } => "registry.imported",
        Event::FaultAdded { .. } => "fault.added",
        Event::FaultRemoved { .. } => "fault.removed",
        Event::FaultHit { .. } => "fault.hit",
        Event::StoreStopped => "store.stopped",
        Event::SessionConnected { .. } => "session.connected",
        Event::SessionRefused { .. } => "session.refused",
        Event::SessionIdentified { .. } => "session.identified",
        Event::SessionDisconnected { .. } => "session.disconnected",
        Event::SessionEnded { .. } => "session.ended",
        Event::PolicyChanged { .. } => "policy.changed",
        Event::EnforcementCompleted { .. } => "enforcement.completed",
        Event::PollCompleted { .. } => "poll.completed",
        Event::PollFailed { .. } => "poll.failed",
        Event::RegistryInvalid { .. } => "registry.invalid",
        Event::RegistryChanged(_) => "registry.changed",
        Event::ClockChanged { .. } => "clock.changed",
    }
}

pub(crate) fn cause_text(cause: Cause) -> String {
    match cause {
        Cause::Start => "start".to_owned(),
        Cause::Poll(number) => format!("poll:{}", number.0),
        Cause::Client => "client".to_owned(),
        Cause::Transport => "transport".to_owned(),
        Cause::Control => "control".to_owned(),
        Cause::Stop => "stop".to_owned(),
    }
}

pub(crate) fn trigger_text(trigger: PollTrigger) -> &'static str {
    match trigger {
        PollTrigger::Start => "start",
        PollTrigger::Tick => "tick",
        PollTrigger::Request => "request",
    }
}
