//! The kinds of events: an event without what it tells, to count by.

use crate::event::Event;

/// Names each kind once, so that none can lack in the list.
macro_rules! event_kinds {
    ($($kind:ident,)*) => {
        /// What kind of thing happened.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum EventKind {
            $(#[doc = concat!("[`Event::", stringify!($kind), "`].")] $kind,)*
        }

        impl EventKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$kind),*];
        }

        impl Event {
            /// What kind of event it is.
            pub fn kind(&self) -> EventKind {
                match self {
                    $(Self::$kind { .. } => EventKind::$kind,)*
                }
            }
        }
    };
}

event_kinds! {
    StoreStarted,
    StoreChanged,
    BuildChanged,
    ClusterChanged,
    PollAbandoned,
    CheckpointRestored,
    RegistryImported,
    FaultAdded,
    FaultChanged,
    FaultRemoved,
    FaultHit,
    SnapshotTaken,
    UserChanged,
    UserRemoved,
    StoreRestored,
    StoreStopped,
    SessionConnected,
    SessionRefused,
    SessionIdentified,
    SessionDisconnected,
    SessionEnded,
    SessionWouldBlock,
    SessionNotified,
    PolicyChanged,
    PolicyModeChanged,
    EnforcementCompleted,
    PollCompleted,
    PollFailed,
    PollSkipped,
    RegistryInvalid,
    RegistryChanged,
    ClockChanged,
    JournalTruncated,
}
