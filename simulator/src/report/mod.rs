//! What a journal tells of a run: who was cut off, when, what they did next, and whether the store bore it.
//!
//! ```text
//! StoreEvent ──┐
//!              ├──> Tally ──> JournalReport ──> JSON
//! line ────────┘                  └──────────> page
//! ```
//! A [`Tally`] is fed entry by entry, while a run lasts or out of a file, and keeps counts alone: its size does not follow
//! that of the journal. docs/reports.md says what each number means.

mod axis;
mod clients;
mod edits;
mod journal_report;
mod names;
mod nearness;
mod page;
mod programs;
mod seen;
mod summary;
mod tally;
mod telling;

pub use journal_report::{
    At, BlindSpots, BusyMinute, CameAs, CountSeries, EditOutcome, EditRow, FirstSeen, HitRow,
    JournalReport, JournalSpan, Limited, LintRow, NearBy, NearMiss, OverTime, Point, PolicyRow,
    REPORT_FORMAT, SeriesOf, SessionSeries, Took, Totals, Unnamed, UnnamedVersion, Who,
};
pub use page::report_page;
pub use tally::{LineError, Tally};
