//! The fold: an entry of a journal after another, in little time and a space that no journal and no client makes big.

use std::collections::BTreeMap;

use clock::SimTime;

use super::axis::{Axis, Counter, Factor};
use super::clients::{Appearance, Clients, Face, Fate};
use super::edits::Edits;
use super::journal_report::{At, JournalReport, JournalSpan, Limited, LintRow, Took};
use super::names::{NameId, Names, cut, with_whole_quotes};
use super::programs::{By, First, Moment, Programs};
use super::seen::{Line, Seen};
use crate::event::{Scalar, StoreEvent};

/// Versions, and groups, that are told apart.
const NAMES: usize = 4_096;

/// Reasons that are counted each.
const REASONS: usize = 32;

/// Lints that are told.
const LINTS: usize = 100;

/// Counts what a journal tells, entry by entry. [`Tally::report`] may be asked for at any time.
///
/// Where the numbers of the entries fall, as after a reset or a restored snapshot, another history begins, and what was
/// counted is forgotten: a report is of one history, the last.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    history: Option<History>,
    earlier_histories: u64,
    earlier_entries: u64,
    is_cut_off: bool,
}

/// Why a line is none of a journal.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// It is no JSON, or misses what every entry has.
    #[error("it is no entry of a journal, which has `seq`, `at`, `cause` and `type`")]
    Entry(#[source] serde_json::Error),
    /// Its time is none.
    #[error("its `at` is no time")]
    Time(#[source] clock::TimeError),
}

/// What is known of one history.
#[derive(Clone, Debug)]
pub(super) struct History {
    first_seq: u64,
    last_seq: u64,
    pub(super) entries: u64,
    start: SimTime,
    end: SimTime,
    missing: u64,
    is_truncated: bool,
    pub(super) fine: Axis,
    pub(super) coarse: Axis,
    pub(super) programs: Programs,
    pub(super) clients: Clients,
    pub(super) edits: Edits,
    pub(super) groups: Names,
    pub(super) versions: Names,
    pub(super) counts: Counts,
    pub(super) lints: Limited<LintRow>,
    pub(super) is_audit: bool,
    pub(super) is_restored: bool,
}

/// What is only counted.
#[derive(Clone, Default, Debug)]
pub(super) struct Counts {
    pub(super) connected: u64,
    pub(super) refused: BTreeMap<String, Counter>,
    pub(super) disconnected: BTreeMap<String, Counter>,
    pub(super) reconnects: Counter,
    pub(super) left: u64,
    pub(super) would_block: u64,
    pub(super) identified: u64,
    pub(super) polls: u64,
    pub(super) polls_failed: u64,
    pub(super) polls_missed: u64,
    pub(super) starts: u64,
    pub(super) faults: u64,
}

impl Tally {
    /// A tally of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The next entry. One whose time can't be read counts as of the time of the one before it.
    pub fn add(&mut self, event: &StoreEvent) {
        let seen = Seen::from(event);
        let at = seen.at.parse().ok();
        self.take(&seen, at, || Some(event.clone()));
    }

    /// The next line of a journal, as `serve --journal` writes them. A blank one is nothing.
    ///
    /// # Errors
    /// When the line is no entry of a journal. It is not counted then.
    pub fn add_line(&mut self, line: &str) -> Result<(), LineError> {
        if line.trim().is_empty() {
            return Ok(());
        }
        let entry: Line<'_> = serde_json::from_str(line).map_err(LineError::Entry)?;
        let seen = entry.seen();
        let at = seen.at.parse().map_err(LineError::Time)?;
        // Few lines are about no session, and only those are read whole.
        self.take(&seen, Some(at), || serde_json::from_str(line).ok());
        Ok(())
    }

    /// The last line of the journal is cut off, as of a server that was killed while it wrote.
    pub fn cut_off(&mut self) {
        self.is_cut_off = true;
    }

    /// Entries that were counted, also those of earlier histories.
    pub fn entries(&self) -> u64 {
        let here = self.history.as_ref().map(|history| history.entries);
        self.earlier_entries.saturating_add(here.unwrap_or_default())
    }

    /// What the entries tell.
    #[must_use]
    pub fn report(&self) -> JournalReport {
        let nothing = History::new(1, SimTime::EPOCH);
        let history = self.history.as_ref().unwrap_or(&nothing);
        super::telling::report(history, self.span(history))
    }

    fn span(&self, history: &History) -> JournalSpan {
        let is_empty = history.entries == 0;
        let before = history.first_seq.saturating_sub(1);
        JournalSpan {
            entries: history.entries,
            first_seq: history.first_seq,
            last_seq: history.last_seq,
            start: (!is_empty).then_some(At(history.start)),
            end: (!is_empty).then_some(At(history.end)),
            span: Took(history.end.since(history.start)),
            missing: history.missing.saturating_add(before),
            truncated: history.is_truncated,
            earlier_histories: self.earlier_histories,
            earlier_entries: self.earlier_entries,
            cut_off: self.is_cut_off,
        }
    }

    fn take(
        &mut self,
        seen: &Seen<'_>,
        at: Option<SimTime>,
        whole: impl FnOnce() -> Option<StoreEvent>,
    ) {
        self.begin(seen, at);
        let Some(history) = &mut self.history else { return };
        let moment = history.moment(seen, at);
        match seen.event_type {
            "session.connected"
            | "session.refused"
            | "session.disconnected"
            | "session.would_block"
            | "session.identified" => history.client(seen, moment),
            "session.ended" => history.ended(seen, moment),
            "session.notified" => {}
            // A rule that disturbs a poll is read whole: it may hold back what the poll has read.
            "fault.hit" if !seen.cause.starts_with(POLL) => history.fault_hit(),
            _ => {
                if let Some(event) = whole() {
                    history.service(&event, moment);
                }
            }
        }
    }

    /// Another history begins where the numbers do not rise.
    fn begin(&mut self, seen: &Seen<'_>, at: Option<SimTime>) {
        let is_over = |history: &History| seen.seq <= history.last_seq;
        if let Some(over) = self.history.take_if(|history| is_over(history)) {
            self.earlier_histories = self.earlier_histories.saturating_add(1);
            self.earlier_entries = self.earlier_entries.saturating_add(over.entries);
        }
        self.history.get_or_insert_with(|| History::new(seen.seq, at.unwrap_or_default()));
    }
}

impl History {
    fn new(first_seq: u64, start: SimTime) -> Self {
        Self {
            first_seq,
            last_seq: first_seq.saturating_sub(1),
            entries: 0,
            start,
            end: start,
            missing: 0,
            is_truncated: false,
            fine: Axis::fine(start),
            coarse: Axis::coarse(start),
            programs: Programs::new(),
            clients: Clients::default(),
            edits: Edits::default(),
            groups: Names::new(NAMES),
            versions: Names::new(NAMES),
            counts: Counts::default(),
            lints: Limited::default(),
            is_audit: false,
            is_restored: false,
        }
    }

    /// Counts the entry, and makes room for its time. Time never goes back within a history.
    fn moment(&mut self, seen: &Seen<'_>, at: Option<SimTime>) -> Moment {
        self.entries = self.entries.saturating_add(1);
        let gap = seen.seq.saturating_sub(self.last_seq).saturating_sub(1);
        self.missing = self.missing.saturating_add(gap);
        self.last_seq = seen.seq;
        self.end = at.unwrap_or(self.end).max(self.end);
        if let Some(factor) = self.fine.reach(self.end) {
            self.programs.widen(factor);
        }
        if let Some(factor) = self.coarse.reach(self.end) {
            self.counts.widen(factor);
        }
        let (fine, coarse) = (self.fine.step(self.end), self.coarse.step(self.end));
        Moment { seq: seen.seq, at: self.end, fine, coarse }
    }

    fn client(&mut self, seen: &Seen<'_>, moment: Moment) {
        let by = match seen.event_type {
            "session.refused" => By::Refused,
            "session.identified" => By::Named,
            _ => By::Connected,
        };
        let first = First::new(moment, by, self.edits.have_a_list());
        let program = self.programs.see(seen.process, first);
        let face = Face { program, version: self.versions.id(seen.version) };
        let who = Appearance { seen, at: moment.at, face, group: self.groups.id(seen.group) };
        match seen.event_type {
            "session.connected" => self.connected(&who, moment),
            "session.refused" => self.refused(&who, moment),
            "session.disconnected" => self.disconnected(&who, moment),
            "session.would_block" => self.would_block(&who),
            _ => self.identified(&who, moment),
        }
    }

    fn connected(&mut self, who: &Appearance<'_>, moment: Moment) {
        self.counts.connected = self.counts.connected.saturating_add(1);
        self.programs.connected(who.seen.session, who.face.program, moment);
        let is_newly_nameless = self.comes(who, Fate::LetIn, moment);
        if who.face.program == NameId::NONE {
            self.programs.nameless(who.face.version, is_newly_nameless);
        }
    }

    fn refused(&mut self, who: &Appearance<'_>, moment: Moment) {
        let refusal = who.seen.refusal.unwrap_or(UNSAID);
        count(&mut self.counts.refused, refusal, moment);
        self.programs.refused(who.face.program);
        let by_policy = refusal == "policy";
        if by_policy {
            self.edits.refused(who.seen.generation);
        }
        self.comes(who, if by_policy { Fate::Refused } else { Fate::TurnedAway }, moment);
    }

    /// Whether the client is here without a name for the first time.
    fn comes(&mut self, who: &Appearance<'_>, fate: Fate, moment: Moment) -> bool {
        let returns = self.clients.comes(who, fate);
        if returns.is_again {
            self.counts.reconnects.add(moment.coarse, moment.at);
        }
        returns.is_newly_nameless
    }

    fn disconnected(&mut self, who: &Appearance<'_>, moment: Moment) {
        let reason = who.seen.reason.unwrap_or(UNSAID);
        count(&mut self.counts.disconnected, reason, moment);
        if reason == "policy" {
            self.edits.cut_off(who.seen, moment);
            self.clients.is_hit(who, Fate::CutOff);
        }
    }

    fn would_block(&mut self, who: &Appearance<'_>) {
        self.counts.would_block = self.counts.would_block.saturating_add(1);
        self.edits.would_block(who.seen.generation);
        self.clients.is_hit(who, Fate::WouldBlock);
    }

    fn identified(&mut self, who: &Appearance<'_>, moment: Moment) {
        self.counts.identified = self.counts.identified.saturating_add(1);
        self.programs.named(who.seen.session, who.face.program, moment);
        self.clients.is_named(who);
    }

    fn ended(&mut self, seen: &Seen<'_>, moment: Moment) {
        self.programs.ended(seen.session, moment);
        self.clients.ended(seen.session);
        if matches!(seen.reason, Some("client" | "transport")) {
            self.counts.left = self.counts.left.saturating_add(1);
        }
    }

    fn fault_hit(&mut self) {
        self.counts.faults = self.counts.faults.saturating_add(1);
    }

    fn service(&mut self, event: &StoreEvent, moment: Moment) {
        self.edits.note(event, moment);
        let counts = &mut self.counts;
        let counted = match event.event_type.as_str() {
            "poll.completed" => Some(&mut counts.polls),
            "poll.failed" => Some(&mut counts.polls_failed),
            "poll.abandoned" | "poll.skipped" => Some(&mut counts.polls_missed),
            "store.started" => Some(&mut counts.starts),
            "fault.hit" => Some(&mut counts.faults),
            _ => None,
        };
        if let Some(count) = counted {
            *count = count.saturating_add(1);
        }
        match event.event_type.as_str() {
            "journal.truncated" => self.is_truncated = true,
            "store.restored" => self.is_restored = true,
            "policy.mode_changed" => {
                self.is_audit = event.field("mode").text() == Some("audit");
            }
            "registry.invalid" => self.lints.push(lint(event, moment), LINTS),
            _ => {}
        }
    }
}

impl Counts {
    fn widen(&mut self, by: Factor) {
        let reasons = self.refused.values_mut().chain(self.disconnected.values_mut());
        reasons.chain([&mut self.reconnects]).for_each(|counter| counter.widen(by));
    }
}

/// What the cause of everything that a poll does begins with.
const POLL: &str = "poll:";

/// What the journal has no word for.
const UNSAID: &str = "unsaid";

/// What there is no room to count by itself.
const OTHER: &str = "other";

fn count(reasons: &mut BTreeMap<String, Counter>, reason: &str, moment: Moment) {
    let is_known = reasons.contains_key(reason) || reasons.len() < REASONS;
    let reason = if is_known { cut(reason) } else { OTHER };
    match reasons.get_mut(reason) {
        Some(counter) => counter.add(moment.coarse, moment.at),
        None => {
            let counter = reasons.entry(reason.to_owned()).or_default();
            counter.add(moment.coarse, moment.at);
        }
    }
}

fn lint(event: &StoreEvent, moment: Moment) -> LintRow {
    let text = |field: &str| event.field(field).text().map(cut);
    let items = match event.field("lints") {
        Scalar::List(lints) => lints.as_slice(),
        Scalar::Null
        | Scalar::Bool(_)
        | Scalar::Integer(_)
        | Scalar::Float(_)
        | Scalar::Text(_)
        | Scalar::Object(_) => &[],
    };
    let messages = items.iter().take(LINTS).filter_map(|lint| lint.field("message").text());
    let messages = messages.map(cut);
    LintRow {
        seq: moment.seq,
        at: At(moment.at),
        value: text("value").unwrap_or_default().to_owned(),
        problem: text("problem").into_iter().chain(messages).map(with_whole_quotes).collect(),
    }
}
