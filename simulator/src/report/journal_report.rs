//! What a journal tells, as data: the JSON of a report, and what the page and the terminal are made of. docs/reports.md
//! says what each number means.

use core::fmt;
use core::time::Duration;
use std::collections::BTreeMap;

use clock::{SimTime, format_duration};
use serde::{Serialize, Serializer};

/// The format that [`JournalReport::format`] names. A field that is added does not change it.
pub const REPORT_FORMAT: &str = "exstore-report/1";

/// What a journal tells.
#[derive(Clone, Debug, Serialize)]
pub struct JournalReport {
    /// [`REPORT_FORMAT`].
    pub format: &'static str,
    /// The answer in sentences: who is cut off, when, what they did next, and whether the store bore it.
    pub summary: Vec<String>,
    /// What the report is made from.
    pub journal: JournalSpan,
    /// How often things happened in all.
    pub totals: Totals,
    /// What changes over time.
    pub over_time: OverTime,
    /// The edits of a block list's value, in order.
    pub edits: Limited<EditRow>,
    /// The policies that came into force, in order.
    pub policies: Limited<PolicyRow>,
    /// Whom the policy hit: those that it hit most often first.
    pub hit: Limited<HitRow>,
    /// What no list reaches, and what may be meant by one and is not.
    pub blind_spots: BlindSpots,
    /// What the journal does not say, in sentences.
    pub not_said: Vec<String>,
}

/// An instant of store time; RFC 3339 in JSON.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct At(pub SimTime);

/// A length of time; as `15m` in JSON.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Took(pub Duration);

/// The first of several, and how many more there are.
#[derive(Clone, Debug, Serialize)]
pub struct Limited<T> {
    /// The first.
    pub rows: Vec<T>,
    /// How many are not shown.
    pub more: u64,
}

/// The entries that a report is made from.
#[derive(Clone, Debug, Serialize)]
pub struct JournalSpan {
    /// Entries of the history that is told.
    pub entries: u64,
    /// The first entry's number; it is 1 when none is missing before it.
    pub first_seq: u64,
    /// The last entry's number.
    pub last_seq: u64,
    /// When the first was written; null when there is none.
    pub start: Option<At>,
    /// When the last was written; null when there is none.
    pub end: Option<At>,
    /// The time between them.
    pub span: Took,
    /// Entries that are missing before or between those that are there.
    pub missing: u64,
    /// Whether the store says that its journal lost its oldest entries.
    pub truncated: bool,
    /// Histories of the store before this one, which ended in a reset or a restored snapshot: they are not told.
    pub earlier_histories: u64,
    /// Entries of those.
    pub earlier_entries: u64,
    /// Whether the last line is cut off; it is not counted.
    pub cut_off: bool,
}

/// How often things happened.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Totals {
    /// Clients that were told apart.
    pub clients: u64,
    /// Of those, the ones that the policy cut off or refused.
    pub clients_hit: u64,
    /// Sessions that were opened.
    pub connected: u64,
    /// Sessions that are open at the end.
    pub live: u64,
    /// Sessions that were open at once at the most.
    pub live_peak: u64,
    /// Refused connections, by why.
    pub refused: BTreeMap<String, u64>,
    /// Sessions that the store ended, by why.
    pub disconnected: BTreeMap<String, u64>,
    /// Sessions that ended by the doing of a client or its connection.
    pub left: u64,
    /// Connections and refusals of clients that had been there before.
    pub reconnect_attempts: u64,
    /// The minute with the most of them.
    pub busiest_minute: Option<BusyMinute>,
    /// Sessions that an audit would have kept out or cut off.
    pub would_block: u64,
    /// Sessions that said only later what they are.
    pub identified_late: u64,
    /// Polls that read every value.
    pub polls: u64,
    /// Polls that could not read one.
    pub polls_failed: u64,
    /// Polls that did not happen, or that were given up.
    pub polls_missed: u64,
    /// Times that the service started.
    pub starts: u64,
    /// Fault rules that hit.
    pub faults: u64,
}

/// A minute, and how much happened in it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct BusyMinute {
    /// Its beginning.
    pub at: At,
    /// How often.
    pub count: u64,
}

/// What changes over time.
#[derive(Clone, Debug, Serialize)]
pub struct OverTime {
    /// The width of a step of `sessions`.
    pub session_step: Took,
    /// Sessions by program, the programs with the most first; then those without a name, then all others together.
    pub sessions: Vec<SessionSeries>,
    /// The width of a step of the counts below.
    pub step: Took,
    /// Refused connections, by why.
    pub refused: Vec<CountSeries>,
    /// Sessions that the store ended, by why.
    pub disconnected: Vec<CountSeries>,
    /// Reconnect attempts.
    pub reconnect_attempts: Vec<Point>,
}

/// The sessions of a program.
#[derive(Clone, Debug, Serialize)]
pub struct SessionSeries {
    /// Whose they are.
    pub of: SeriesOf,
    /// The program; null unless they are of one.
    pub program: Option<String>,
    /// The most that there were at once; null of several together.
    pub peak: Option<u64>,
    /// How many there were at the end of each step in which that changed.
    pub points: Vec<Point>,
}

/// Whose sessions a series tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SeriesOf {
    /// Of one program.
    Program,
    /// Of clients that name no program.
    Unnamed,
    /// Of all other programs.
    Others,
}

/// How often something happened in each step in which it did.
#[derive(Clone, Debug, Serialize)]
pub struct CountSeries {
    /// Why.
    pub reason: String,
    /// How often in all.
    pub total: u64,
    /// How often in each step.
    pub points: Vec<Point>,
}

/// A step, and a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Point {
    /// The beginning of the step.
    pub at: At,
    /// The number.
    pub value: u64,
}

/// An edit of a block list's value.
#[derive(Clone, Debug, Serialize)]
pub struct EditRow {
    /// Its entry.
    pub seq: u64,
    /// When.
    pub at: At,
    /// Whose registry it is.
    pub node: String,
    /// `processes` or `versions`.
    pub list: &'static str,
    /// What it holds since; null when it was deleted.
    pub text: Option<String>,
    /// What became of it.
    pub outcome: EditOutcome,
    /// The policy that it led to; null when there is none.
    pub generation: Option<u64>,
    /// When a poll took it up; null when none did.
    pub read_at: Option<At>,
    /// How long that took.
    pub until_read: Option<Took>,
    /// Sessions that were cut off for it when it came into force.
    pub cut_off: u64,
    /// When the last of them was.
    pub last_cut_off: Option<At>,
    /// The time from the edit to that.
    pub until_last_cut_off: Option<Took>,
    /// Polls that could not read while it waited.
    pub failed_polls: u64,
}

/// What became of an edit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EditOutcome {
    /// A policy came of it.
    InForce,
    /// It was read, and changed no rule.
    NoDifference,
    /// Another edit of the value came before the next poll.
    Superseded,
    /// It is on a node that the service does not run on.
    Elsewhere,
    /// No poll has read it.
    NotInForceYet,
}

/// A policy that came into force.
#[derive(Clone, Debug, Serialize)]
pub struct PolicyRow {
    /// Its number.
    pub generation: u64,
    /// When.
    pub at: At,
    /// What found it, as `poll:2`.
    pub cause: String,
    /// Programs and versions that are listed since: the first, and how many more.
    pub added: Limited<String>,
    /// Those that are listed no more.
    pub removed: Limited<String>,
    /// Sessions that were cut off as it came into force.
    pub cut_off: u64,
    /// Sessions that were cut off under it later, since they said only then what they are.
    pub cut_off_later: u64,
    /// Connections that were refused under it.
    pub refused: u64,
    /// Sessions that it would have kept out or cut off, in audit mode.
    pub would_block: u64,
}

/// Clients of one kind that the policy hit.
#[derive(Clone, Debug, Serialize)]
pub struct HitRow {
    /// Their group; null when they have none.
    pub group: Option<String>,
    /// Their program; null when they name none.
    pub program: Option<String>,
    /// The version of their MAPI.
    pub version: Option<String>,
    /// The list and the item that hit first.
    pub because: Option<String>,
    /// How many clients.
    pub clients: u64,
    /// Sessions of theirs that were cut off.
    pub cut_off: u64,
    /// Connections of theirs that were refused.
    pub refused: u64,
    /// How many of them were there again after that, as what they were.
    pub came_back: u64,
    /// How many of them got in again, as what they were.
    pub let_in_again: u64,
    /// How many users on their machines came as something else: another program, another version, or nameless.
    pub came_as_another: u64,
    /// How many of them got in as that.
    pub got_in_as_another: u64,
    /// As what they came.
    pub came_as: Limited<CameAs>,
    /// Sessions that an audit would have kept out or cut off.
    pub would_block: u64,
    /// Some of the clients, and how many more there are.
    pub who: Limited<Who>,
}

/// As what a client came that had been hit as something else.
#[derive(Clone, Debug, Serialize)]
pub struct CameAs {
    /// The program; null when it names none.
    pub program: Option<String>,
    /// The version of its MAPI.
    pub version: Option<String>,
    /// How many users on their machines.
    pub clients: u64,
    /// How many of them got in.
    pub let_in: u64,
}

/// A client.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Who {
    /// The user, by the best that the journal has.
    pub user: Option<String>,
    /// The computer.
    pub machine: Option<String>,
    /// The injected client's number.
    pub client_id: Option<u64>,
    /// When the policy hit it first.
    pub at: At,
}

/// What no list reaches, and what may be meant by one and is not.
#[derive(Clone, Debug, Serialize)]
pub struct BlindSpots {
    /// Clients that name no program, so that no list of programs can reach them.
    pub unnamed: Unnamed,
    /// Programs, in the order in which they were first seen.
    pub first_seen: Limited<FirstSeen>,
    /// Programs that are one letter, or the end `.exe`, from a listed name, and are not listed.
    pub near_misses: Limited<NearMiss>,
    /// What the store found wrong with the lists.
    pub lints: Limited<LintRow>,
}

/// Clients that name no program.
#[derive(Clone, Debug, Serialize)]
pub struct Unnamed {
    /// How many clients opened a session without a name.
    pub clients: u64,
    /// Of those, with a MAPI below version 11, which has no way to name the program.
    pub clients_below_11: u64,
    /// Of those, with another MAPI.
    pub clients_others: u64,
    /// Sessions opened without a name.
    pub sessions: u64,
    /// Sessions among them that named their program later.
    pub named_later: u64,
    /// Sessions without a name that are open at the end.
    pub live: u64,
    /// By version of the MAPI, those with the most clients first.
    pub versions: Limited<UnnamedVersion>,
}

/// Clients of one version that name no program.
#[derive(Clone, Debug, Serialize)]
pub struct UnnamedVersion {
    /// The version; null when it is not told.
    pub version: Option<String>,
    /// Clients.
    pub clients: u64,
    /// Sessions that they opened.
    pub sessions: u64,
}

/// A program, and when it was first seen.
#[derive(Clone, Debug, Serialize)]
pub struct FirstSeen {
    /// Its name, as it was first reported, without its path.
    pub program: String,
    /// When.
    pub at: At,
    /// The entry.
    pub seq: u64,
    /// How it was seen first: it `connected`, was `refused`, or was `named` by a session later.
    pub by: &'static str,
    /// Whether that was after a list first came into force.
    pub after_a_list: bool,
    /// Sessions that it opened.
    pub connected: u64,
    /// Connections of it that were refused.
    pub refused: u64,
    /// The most sessions that it had at once.
    pub peak: u64,
}

/// A program that is nearly a listed one.
#[derive(Clone, Debug, Serialize)]
pub struct NearMiss {
    /// The program.
    pub program: String,
    /// The name that is or was listed.
    pub listed: String,
    /// What they differ by.
    pub by: NearBy,
    /// Sessions that it opened.
    pub connected: u64,
    /// When it was first seen.
    pub at: At,
}

/// What two names differ by.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NearBy {
    /// A letter that is added, left out or replaced, or two neighbours that are swapped.
    OneLetter,
    /// One of them has `.exe` at its end, and the other has not.
    Exe,
}

/// What the store found wrong with a list.
#[derive(Clone, Debug, Serialize)]
pub struct LintRow {
    /// The entry.
    pub seq: u64,
    /// When.
    pub at: At,
    /// The name of the value.
    pub value: String,
    /// What is wrong, in sentences.
    pub problem: Vec<String>,
}

impl<T> Default for Limited<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), more: 0 }
    }
}

impl<T> Limited<T> {
    /// At most `limit` of what there is.
    pub(super) fn first(all: impl IntoIterator<Item = T>, limit: usize) -> Self {
        let mut all = all.into_iter();
        let rows: Vec<T> = all.by_ref().take(limit).collect();
        Self { rows, more: u64::try_from(all.count()).unwrap_or(u64::MAX) }
    }

    /// How many there are in all.
    pub fn total(&self) -> u64 {
        u64::try_from(self.rows.len()).unwrap_or(u64::MAX).saturating_add(self.more)
    }

    pub(super) fn push(&mut self, row: T, limit: usize) {
        if self.rows.len() < limit {
            self.rows.push(row);
        } else {
            self.more = self.more.saturating_add(1);
        }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Took {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_duration(self.0))
    }
}

impl Serialize for At {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Took {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
