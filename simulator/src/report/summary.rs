//! The answer in sentences, and what a journal does not say.

use std::collections::BTreeMap;

use super::journal_report::{EditOutcome, JournalReport, PolicyRow, Totals};
use super::names::quoted;
use super::tally::History;

/// Programs, and reasons, that a sentence names.
const NAMED: usize = 3;

/// Why connections were refused that the sentences about the policy and the store tell.
const REFUSALS_TOLD: [&str; 5] = ["policy", "session_limit", "class_limit", "not_running", "fault"];

/// Why sessions were ended that they tell.
const ENDS_TOLD: [&str; 2] = ["policy", "limit"];

/// Who is cut off, when, what they did next, and whether the store bore it.
pub(super) fn summary(report: &JournalReport, is_audit: bool) -> Vec<String> {
    if report.journal.entries == 0 {
        return vec!["The journal is empty: nothing has happened.".to_owned()];
    }
    let mut told = vec![who(report, is_audit)];
    told.extend(besides(&report.totals));
    told.extend(next(report));
    told.extend(waiting(report));
    told.extend(unreached(report));
    told.push(store(&report.totals));
    told
}

/// Who, and when.
fn who(report: &JournalReport, is_audit: bool) -> String {
    let totals = &report.totals;
    let cut_off = of(&totals.disconnected, "policy");
    let refused = of(&totals.refused, "policy");
    let whom = programs(report, |row| 0 < row.cut_off || 0 < row.refused);
    match (cut_off, refused) {
        (0, 0) if 0 < totals.would_block => {
            let whom = programs(report, |row| 0 < row.would_block);
            let sessions = counted(totals.would_block, "session", "sessions");
            format!(
                "The policy cut nobody off: it is only watched, and would have blocked {sessions} of {}.",
                whom.text
            )
        }
        (0, 0) if is_audit => "The policy cut nobody off: it is only watched.".to_owned(),
        (0, 0) => "The policy cut nobody off and refused nobody.".to_owned(),
        (0, refused) => {
            let connections = counted(refused, "connection", "connections");
            let are = if refused == 1 { "is" } else { "are" };
            format!("The policy cut nobody off; {connections} of {} {are} refused.", whom.text)
        }
        (cut_off, _) => {
            let whom = programs(report, |row| 0 < row.cut_off);
            let sessions = counted(cut_off, "session", "sessions");
            let are = if whom.is_one { "is" } else { "are" };
            format!("{} {are} cut off: {sessions}{}.", whom.text, when(report))
        }
    }
}

/// Refusals, and ends of sessions, that no other sentence tells.
fn besides(totals: &Totals) -> Option<String> {
    let refused = reasons(&totals.refused, &REFUSALS_TOLD).map(|(count, why)| {
        let were = counted(count, "connection was", "connections were");
        format!("{were} refused ({why})")
    });
    let ended = reasons(&totals.disconnected, &ENDS_TOLD).map(|(count, why)| {
        format!("the store ended {} ({why})", counted(count, "session", "sessions"))
    });
    let told: Vec<String> = refused.into_iter().chain(ended).collect();
    (!told.is_empty()).then(|| format!("For other reasons, {}.", told.join(" and ")))
}

/// The sum of all but some, and how many there are for each of the first reasons: 2 for `version_too_old`.
fn reasons(all: &BTreeMap<String, u64>, but: &[&str]) -> Option<(u64, String)> {
    let is_left =
        |(reason, count): &(&String, &u64)| 0 < **count && !but.contains(&reason.as_str());
    let mut left: Vec<(&String, u64)> =
        all.iter().filter(is_left).map(|(reason, count)| (reason, *count)).collect();
    left.sort_by_key(|(_, count)| core::cmp::Reverse(*count));
    let sum =
        |of: &[(&String, u64)]| of.iter().fold(0_u64, |sum, (_, one)| sum.saturating_add(*one));
    let (first, rest) = left.split_at_checked(NAMED).unwrap_or((&left, &[]));
    let why = |(reason, count): &(&String, u64)| format!("{count} for {}", quoted(reason));
    let mut told: Vec<String> = first.iter().map(why).collect();
    if !rest.is_empty() {
        told.push(format!("{} for others", sum(rest)));
    }
    (!told.is_empty()).then(|| (sum(&left), told.join(", ")))
}

/// Who is spoken of.
struct Whom {
    text: String,
    is_one: bool,
}

/// `mdl.exe`, `notes.exe` and 3 other programs.
fn programs(
    report: &JournalReport,
    is_hit: impl Fn(&super::journal_report::HitRow) -> bool,
) -> Whom {
    let mut names: Vec<Option<&str>> = Vec::new();
    for row in report.hit.rows.iter().filter(|row| is_hit(row)) {
        let name = row.program.as_deref();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let others = names.len().saturating_sub(NAMED);
    let mut named: Vec<String> = names.iter().take(NAMED).map(|name| called(*name)).collect();
    if 0 < others {
        named.push(counted(count(others), "other program", "other programs"));
    }
    let text = match named.split_last() {
        None => "clients".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
    };
    Whom { text, is_one: matches!(names.as_slice(), [Some(_)]) }
}

fn called(name: Option<&str>) -> String {
    name.map_or_else(|| "nameless clients".to_owned(), quoted)
}

/// At which instants, and how long after which edit.
fn when(report: &JournalReport) -> String {
    let hit = |policy: &&PolicyRow| 0 < policy.cut_off;
    let policies: Vec<&PolicyRow> = report.policies.rows.iter().filter(hit).collect();
    let (Some(first), last) = (policies.first(), policies.last()) else { return String::new() };
    let edit = report.edits.rows.iter().find(|edit| edit.generation == Some(first.generation));
    let took = edit.and_then(|edit| edit.until_last_cut_off);
    let after = took.map(|took| format!(", {took} after the edit")).unwrap_or_default();
    match last {
        Some(last) if last.generation != first.generation => {
            format!(
                " by {} policies, first at {}{after}, last at {}",
                policies.len(),
                first.at,
                last.at
            )
        }
        Some(_) | None => format!(" at {}{after}", first.at),
    }
}

/// What they did next.
fn next(report: &JournalReport) -> Option<String> {
    let sum = |number: fn(&super::journal_report::HitRow) -> u64| {
        report.hit.rows.iter().fold(0_u64, |sum, row| sum.saturating_add(number(row)))
    };
    let came = sum(|row| row.came_as_another);
    let let_in = sum(|row| row.got_in_as_another);
    let hit = report.totals.clients_hit;
    if hit == 0 {
        return None;
    }
    let back = sum(|row| row.came_back);
    let busiest = report.totals.busiest_minute.as_ref().map(|minute| {
        format!(
            ", at most {} a minute of all clients",
            counted(minute.count, "attempt", "attempts")
        )
    });
    let again = match sum(|row| row.let_in_again) {
        0 => "none got in again as what it was".to_owned(),
        some => format!("{some} got in again as what they were"),
    };
    let other = match came {
        0 => String::new(),
        _ => format!("; {came} came as something else, of whom {let_in} got in"),
    };
    let of = counted(hit, "client that was hit", "clients that were hit");
    Some(match back {
        0 => format!("Of {of}, none came back as what it was{other}."),
        back => {
            format!("Of {of}, {back} came back{}: {again}{other}.", busiest.unwrap_or_default())
        }
    })
}

fn waiting(report: &JournalReport) -> Option<String> {
    let mut waits =
        report.edits.rows.iter().filter(|edit| edit.outcome == EditOutcome::NotInForceYet);
    let edit = waits.next_back()?;
    Some(format!("The edit of {} is not in force yet: no poll has read it.", edit.at))
}

fn unreached(report: &JournalReport) -> Option<String> {
    let unnamed = &report.blind_spots.unnamed;
    let clients = counted(unnamed.clients, "client names", "clients name");
    (0 < unnamed.clients)
        .then(|| format!("{clients} no program, so that no list of programs can reach them."))
}

/// Whether the store bore it.
fn store(totals: &Totals) -> String {
    let refused = |reason: &str| of(&totals.refused, reason);
    let full = refused("session_limit").saturating_add(refused("class_limit"));
    let strains = [
        (full, "connection refused for want of room", "connections refused for want of room"),
        (
            refused("not_running"),
            "refused while the service was stopped",
            "refused while the service was stopped",
        ),
        (refused("fault"), "refused by a fault rule", "refused by fault rules"),
        (
            of(&totals.disconnected, "limit"),
            "session ended for want of room",
            "sessions ended for want of room",
        ),
        (totals.polls_failed, "poll that could not read", "polls that could not read"),
        (totals.polls_missed, "poll missed", "polls missed"),
    ];
    let told = strains.iter().filter(|(count, _, _)| 0 < *count);
    let told: Vec<String> = told.map(|(count, one, many)| counted(*count, one, many)).collect();
    let peak = counted(totals.live_peak, "session", "sessions");
    if told.is_empty() {
        format!(
            "The store bore it, with {peak} at most: it refused nobody for want of room, and every poll read."
        )
    } else {
        format!("The store was strained, with {peak} at most: {}.", told.join(", "))
    }
}

/// What can't be known from this journal.
pub(super) fn not_said(report: &JournalReport, history: &History) -> Vec<String> {
    let journal = &report.journal;
    let mut told = Vec::new();
    let mut say = |is_so: bool, what: &dyn Fn() -> String| {
        if is_so {
            told.push(what());
        }
    };
    say(journal.truncated, &|| {
        "The store says that its journal lost its oldest entries.".to_owned()
    });
    say(0 < journal.missing, &|| {
        let entries = counted(journal.missing, "entry is", "entries are");
        format!(
            "{entries} missing before or between those that are here: every number may be too small."
        )
    });
    say(journal.cut_off, &|| "The last line is cut off, and is not counted.".to_owned());
    say(0 < journal.earlier_histories, &|| {
        let histories = counted(journal.earlier_histories, "earlier history", "earlier histories");
        let entries = counted(journal.earlier_entries, "entry", "entries");
        format!(
            "The journal begins with {histories} of {entries}, which a reset, a restored snapshot or another store ended; only what came after is told."
        )
    });
    say(history.is_restored, &|| {
        "This history began with a snapshot: sessions that came back with it are not in the journal.".to_owned()
    });
    let unknown = history.programs.unknown_ends();
    say(0 < unknown, &|| {
        let sessions = counted(unknown, "session", "sessions");
        format!("{sessions} ended whose beginning is not in the journal: they are in no plot.")
    });
    let is_full =
        history.programs.is_full() || history.versions.is_full() || history.groups.is_full();
    say(is_full, &|| {
        "There are more programs, versions or groups than are told apart: the last are counted together, as \"(others)\".".to_owned()
    });
    let untold = history.clients.untold();
    say(0 < untold, &|| {
        let times = counted(untold, "appearance", "appearances");
        format!("{times} of clients are not told apart: there are too many.")
    });
    told.push(ALWAYS.to_owned());
    told
}

const ALWAYS: &str = "A journal has store time alone: how long the store took to answer is not in it. A client is told from \
others by its number when it was injected, and else by user, machine and program, as it says them itself.";

fn of(reasons: &BTreeMap<String, u64>, reason: &str) -> u64 {
    reasons.get(reason).copied().unwrap_or_default()
}

fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
