//! Journals as lines, and the names of every variant that a journal can show.

use infostore::{
    BlockTrigger, Cause, DisconnectReason, EndReason, Entry, Event, InvalidPolicy, PolicyMode,
    Refusal, Swept,
};
use policy::{ListChange, PolicyChange};
use registry_poll::PollTrigger;

/// Names each variant of an enum once. A new variant breaks the build here, and then the coverage test.
macro_rules! variants {
    ($all:ident, $name:ident, $of:ty: $($pattern:pat => $variant:literal,)+) => {
        pub(crate) const $all: &[&str] = &[$($variant),+];

        pub(crate) fn $name(value: &$of) -> &'static str {
            match value {
                $($pattern => $variant,)+
            }
        }
    };
}

variants! { EVENTS, event_name, Event:
    Event::StoreStarted { .. } => "store.started",
    Event::StoreChanged(_) => "store.changed",
    Event::BuildChanged { .. } => "build.changed",
    Event::ClusterChanged { .. } => "cluster.changed",
    Event::PollAbandoned { .. } => "poll.abandoned",
    Event::CheckpointRestored { .. } => "checkpoint.restored",
    Event::RegistryImported { .. } => "registry.imported",
    Event::FaultAdded { .. } => "fault.added",
    Event::FaultChanged { .. } => "fault.changed",
    Event::FaultRemoved { .. } => "fault.removed",
    Event::FaultHit { .. } => "fault.hit",
    Event::SnapshotTaken { .. } => "snapshot.taken",
    Event::UserChanged { .. } => "user.changed",
    Event::UserRemoved { .. } => "user.removed",
    Event::StoreRestored(_) => "store.restored",
    Event::PollSkipped { .. } => "poll.skipped",
    Event::StoreStopped => "store.stopped",
    Event::SessionConnected { .. } => "session.connected",
    Event::SessionRefused { .. } => "session.refused",
    Event::SessionIdentified { .. } => "session.identified",
    Event::SessionDisconnected { .. } => "session.disconnected",
    Event::SessionEnded { .. } => "session.ended",
    Event::SessionNotified { .. } => "session.notified",
    Event::SessionWouldBlock { .. } => "session.would_block",
    Event::PolicyChanged { .. } => "policy.changed",
    Event::PolicyModeChanged { .. } => "policy.mode_changed",
    Event::EnforcementCompleted { .. } => "enforcement.completed",
    Event::PollCompleted { .. } => "poll.completed",
    Event::PollFailed { .. } => "poll.failed",
    Event::RegistryInvalid { .. } => "registry.invalid",
    Event::RegistryChanged(_) => "registry.changed",
    Event::ClockChanged { .. } => "clock.changed",
    Event::JournalTruncated { .. } => "journal.truncated",
}

variants! { REFUSALS, refusal_name, Refusal:
    Refusal::Denied(_) => "denied",
    Refusal::Policy(_) => "policy",
    Refusal::VersionTooOld => "version too old",
    Refusal::TooManyNames => "too many names",
    Refusal::SessionLimit => "session limit",
    Refusal::ClassLimit => "class limit",
    Refusal::NotRunning => "not running",
    Refusal::Fault(_) => "fault",
}

variants! { DISCONNECT_REASONS, disconnect_name, DisconnectReason:
    DisconnectReason::Policy(_) => "policy",
    DisconnectReason::Admin => "admin",
    DisconnectReason::Limit => "limit",
    DisconnectReason::Shutdown => "shutdown",
    DisconnectReason::Restart => "restart",
}

variants! { END_REASONS, end_name, EndReason:
    EndReason::Policy => "policy",
    EndReason::Admin => "admin",
    EndReason::Limit => "limit",
    EndReason::Shutdown => "shutdown",
    EndReason::Restart => "restart",
    EndReason::Client => "client",
    EndReason::Transport => "transport",
}

variants! { CAUSES, cause_name, Cause:
    Cause::Start => "start",
    Cause::Poll(_) => "poll",
    Cause::Client => "client",
    Cause::Transport => "transport",
    Cause::Control => "control",
    Cause::Stop => "stop",
    Cause::Fault(_) => "fault",
}

variants! { INVALID_POLICIES, invalid_name, InvalidPolicy:
    InvalidPolicy::Value(_) => "value",
    InvalidPolicy::Items(_) => "items",
    InvalidPolicy::Ignored(_) => "ignored",
}

variants! { BLOCK_TRIGGERS, block_trigger_name, BlockTrigger:
    BlockTrigger::Connect => "connect",
    BlockTrigger::LateName => "late name",
    BlockTrigger::PolicyChange => "policy change",
}

variants! { TRIGGERS, trigger_name, PollTrigger:
    PollTrigger::Start => "start",
    PollTrigger::Tick => "tick",
    PollTrigger::Request => "request",
}

/// One entry as one line: its event, then what tells it from others of its kind.
pub(crate) fn story(entry: &Entry) -> String {
    format!("{} {}", event_name(&entry.event), details(&entry.event)).trim_end().to_owned()
}

fn details(event: &Event) -> String {
    match event {
        Event::SessionConnected { session, generation, .. } => {
            format!("{} under {}", session.id.0, generation.0)
        }
        Event::SessionRefused { refusal, generation, .. } => {
            format!("({}) under {}", refusal_name(refusal), generation.0)
        }
        Event::SessionIdentified { session, kept, .. } => {
            format!("{}{}", session.id.0, if *kept { "" } else { " (not kept)" })
        }
        Event::SessionDisconnected { session, reason, generation, faults: _ } => {
            format!("{} ({}) under {}", session.id.0, disconnect_name(reason), generation.0)
        }
        Event::SessionEnded { session, reason } => {
            format!("{} ({reason})", session.id.0)
        }
        Event::PolicyChanged { generation, change: PolicyChange { processes, versions } } => {
            let said = |list: &ListChange| format!("+{:?} -{:?}", list.added, list.removed);
            let versions =
                if versions.is_empty() { String::new() } else { format!(" v{}", said(versions)) };
            format!("to {}: {}{versions}", generation.0, said(processes))
        }
        Event::EnforcementCompleted { generation, mode, swept, kept, unidentified } => {
            let Swept { disconnected, would_block } = swept;
            let done = match mode {
                PolicyMode::Enforce => format!("-{disconnected}"),
                PolicyMode::Audit => format!("audited -{disconnected} !{would_block}"),
            };
            format!("of {}: {done} ={kept} ?{unidentified}", generation.0)
        }
        Event::SessionWouldBlock { session, trigger, why, generation, faults: _ } => {
            let (trigger, item) = (block_trigger_name(trigger), &why.item.text);
            format!("{} ({trigger}) by {item} under {}", session.id.0, generation.0)
        }
        Event::SessionNotified { session, kind, push } => {
            format!("{} ({}, {})", session.id.0, kind.name(), push.name())
        }
        Event::PolicyModeChanged { mode: PolicyMode::Audit, .. } => "to audit".to_owned(),
        Event::PolicyModeChanged { mode: PolicyMode::Enforce, .. } => "to enforce".to_owned(),
        Event::PollCompleted { poll, changed, generation } => {
            let changed = if *changed { "changed" } else { "unchanged" };
            let trigger = trigger_name(&poll.trigger);
            format!("{} ({trigger}) {changed} {}", poll.number.0, generation.0)
        }
        Event::PollFailed { poll, generation, .. } => {
            let trigger = trigger_name(&poll.trigger);
            format!("{} ({trigger}) keeps {}", poll.number.0, generation.0)
        }
        Event::RegistryInvalid { problem, .. } => format!("({})", invalid_name(problem)),
        Event::BuildChanged { from, to } => format!("{from} to {to}"),
        Event::StoreStarted { .. }
        | Event::StoreChanged(_)
        | Event::ClusterChanged { .. }
        | Event::PollAbandoned { .. }
        | Event::CheckpointRestored { .. }
        | Event::RegistryImported { .. }
        | Event::FaultAdded { .. }
        | Event::FaultRemoved { .. }
        | Event::FaultChanged { .. }
        | Event::FaultHit { .. }
        | Event::SnapshotTaken { .. }
        | Event::UserChanged { .. }
        | Event::UserRemoved { .. }
        | Event::StoreRestored(_)
        | Event::PollSkipped { .. }
        | Event::StoreStopped
        | Event::JournalTruncated { .. }
        | Event::RegistryChanged(_)
        | Event::ClockChanged { .. } => String::new(),
    }
}
