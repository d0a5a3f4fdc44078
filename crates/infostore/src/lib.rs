//! The engine of the information store: who is connected, who may be, and what happened.
//!
//! One owner, no locks: every input is one synchronous call of [`InfoStore`] that decides, changes the session table and
//! writes the journal together, so a policy change can't slip between a check and a registration. Time is an argument,
//! and what has to happen outside leaves as [`Effect`] values and comes back as inputs. Behaviour follows KB 920185; the
//! decisions where the article is silent are numbered A1 to A30 throughout the workspace (docs/ARCHITECTURE.md).

mod admission;
mod build;
mod command;
mod denial;
mod enforce;
mod engine;
mod event;
mod event_kind;
mod fault;
mod identify;
mod image;
mod journal;
mod notification;
mod past;
mod plan;
mod poll;
mod session;
mod settings;
mod table;
mod tally;

pub use admission::{Admission, Admitted, ConnectFaults, ConnectRequest, MINIMUM_VERSION, Refusal};
pub use build::{Build, BuildError, HotfixError, ServiceFile};
pub use command::{Command, CommandError, Note, Outcome, StopReason};
pub use denial::Denial;
pub use engine::{Counts, Effect, InfoStore, PollToken};
pub use event::{
    BlockTrigger, Cause, Entry, Event, InvalidPolicy, RegistryChange, SettingChange, Swept,
};
pub use event_kind::EventKind;
pub use fault::{
    CountedFault, Direction, FaultEffect, FaultField, FaultHit, FaultMatch, FaultRule,
    FaultRuleError, FaultRules, FaultSchedule, FaultTarget, LateAux, MAX_FAULTS, OriginKind,
    Probability, ResultCode, RpcStatus, ScheduleError, Stage, Stages, StreamSeed, TooManyFaults,
    Window,
};
pub use image::{EngineImage, Restoration, SnapshotId};
pub use journal::{Cursor, Epoch, Journal, JournalPage, Sequence};
pub use notification::{NotificationKind, Push};
pub use past::Past;
pub use plan::{Preview, list_value};
pub use poll::{ListRead, PollRecord, PollValues};
pub use session::{
    AssociationRef, ClientId, ClientIdentity, ClientMode, ConnectionId, DisconnectReason,
    EndReason, Generation, GroupId, Interface, Origin, SessionId, SessionIndex, SessionLink,
    SessionRecord, TimeStamp, Transport,
};
pub use settings::{
    Authentication, DisconnectMode, Limits, Pacing, PolicyMode, ProtectionLevel, RegistryWatch,
    Settings,
};
pub use tally::{CountedItem, Judged, Tally};
