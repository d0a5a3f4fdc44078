//! The answer in sentences, and what a journal does not say.

use super::journal_report::{EditOutcome, JournalReport, PolicyRow, Totals};
use super::tally::History;

/// Programs that a sentence names.
const NAMED: usize = 3;

/// Who is cut off, when, what they did next, and whether the store bore it.
pub(super) fn summary(report: &JournalReport, is_audit: bool) -> Vec<String> {
    if report.journal.entries == 0 {
        return vec!["The journal is empty: nothing has happened.".to_owned()];
    }
    let mut told = vec![who(report, is_audit)];
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
                "Nobody is cut off: the policy is only watched, and would have blocked {sessions} of {whom}."
            )
        }
        (0, 0) if is_audit => "Nobody is cut off: the policy is only watched.".to_owned(),
        (0, 0) => "Nobody is cut off or refused: no list in force names a client.".to_owned(),
        (0, refused) => {
            let connections = counted(refused, "connection", "connections");
            format!("Nobody is cut off; {connections} of {whom} are refused.")
        }
        (cut_off, _) => {
            let whom = programs(report, |row| 0 < row.cut_off);
            let sessions = counted(cut_off, "session", "sessions");
            format!("{whom} {} cut off: {sessions}{}.", are(&whom), when(report))
        }
    }
}

fn are(whom: &str) -> &'static str {
    if whom.contains(" and ") { "are" } else { "is" }
}

/// `mdl.exe`, `notes.exe` and 3 other programs.
fn programs(
    report: &JournalReport,
    is_hit: impl Fn(&super::journal_report::HitRow) -> bool,
) -> String {
    let mut names: Vec<&str> = Vec::new();
    for row in report.hit.rows.iter().filter(|row| is_hit(row)) {
        let name = row.program.as_deref().unwrap_or("nameless clients");
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let others = names.len().saturating_sub(NAMED);
    let mut named: Vec<String> = names.iter().take(NAMED).map(|name| quoted(name)).collect();
    if 0 < others {
        named.push(counted(count(others), "other program", "other programs"));
    }
    match named.split_last() {
        None => "clients".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
    }
}

fn quoted(name: &str) -> String {
    if name == "nameless clients" { name.to_owned() } else { format!("`{name}`") }
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

fn of(reasons: &std::collections::BTreeMap<String, u64>, reason: &str) -> u64 {
    reasons.get(reason).copied().unwrap_or_default()
}

fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
