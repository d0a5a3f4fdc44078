//! Fake MAPI clients and the scenarios that they play in.
//!
//! ```text
//! ClientSpec ──> ClientMachine ──> bytes        one client; no socket, no clock, no random source
//! text ──> Scenario ──> run ──> StoreDriver     clients, registry edits and time, against any store
//!                        └──> timeline          what happened, and why, in sentences
//! StoreEvent ──> Tally ──> JournalReport         who was cut off, when, and what they did next, in numbers
//! ```
//!
//! A [`ClientMachine`] speaks the bytes of a real client; whoever owns its transport moves them. The scenario runner
//! knows a store only through [`StoreDriver`], so that a scenario runs within a store's process and over HTTP alike.

mod build;
mod driver;
mod event;
mod fleet;
mod identity;
mod lint;
mod machine;
mod name;
mod program;
mod report;
mod runner;
mod scenario;
mod spec;
mod timeline;
mod version;
mod written_time;

pub use build::{BuildNumber, BuildNumberError, BuildView, FileView};
pub use driver::{
    Apply, BlockList, ClientId, ClientTally, ClockView, ClusterMode, DriverError, FaultRule,
    Injection, OfProcess, PolicyMode, PolicyView, PollView, ReadView, Reading, RegistryData,
    RegistryValue, Selection, SnapshotId, StoreDriver, Transport, ValuePlace, Waited,
};
pub use event::{Scalar, StoreEvent};
pub use fleet::{
    Catalogue, CatalogueProgram, Fleet, FleetFields, FleetGroup, GroupFields, MAX_CONNECTIONS,
    Member, ModeMix, VersionShare,
};
pub use lint::{Finding, FindingSeverity, lint};
pub use machine::{
    Action, AnswerError, CallError, ClientMachine, ClientState, MachineOptions, Outcome,
};
pub use name::{MachineName, ProcessName, UserName};
pub use program::{Arrival, HabitFields, Habits, Length, Program, Reaction, Span, Spread};
pub use report::{
    At, BlindSpots, BusyMinute, CameAs, CountSeries, EditOutcome, EditRow, FirstSeen, HitRow,
    JournalReport, JournalSpan, Limited, LineError, LintRow, NearBy, NearMiss, OverTime, Point,
    PolicyRow, REPORT_FORMAT, SeriesOf, SessionSeries, Tally, Took, Totals, Unnamed,
    UnnamedVersion, Who, report_page,
};
pub use runner::{Audience, Check, Progress, Report, RunError, RunOptions, TimelineEntry, run};
pub use scenario::{
    Advance, Amount, BuildExpectation, ClientExpectation, EventExpectation, Expectation,
    FileExpectation, InjectEntry, LintExpectation, PolicyExpectation, PollExpectation, Scenario,
    ScenarioError, ScenarioPlace, ScenarioTable, SessionExpectation, Step, StepAction, StoreTable,
    Wait, Wrong, locate, schema,
};
pub use spec::{ClientFields, ClientMode, ClientSpec, SpecError};
pub use timeline::{Timeline, TimelineLine, report};
pub use version::ClientVersion;
