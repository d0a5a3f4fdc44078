//! The tables of a page: edits, policies, who was hit, and the blind spots.

use super::escape::{grouped, name};
use super::plots::instant;
use super::table::{Column, table};
use crate::report::{
    CameAs, EditOutcome, EditRow, FirstSeen, HitRow, JournalReport, Limited, LintRow, NearBy,
    NearMiss, PolicyRow, UnnamedVersion, Who,
};

/// What clients came back as that is shown at once.
const FACES: usize = 3;

/// Rows of a table; the JSON has more.
const ROWS: usize = 200;

pub(super) fn edits(report: &JournalReport) -> String {
    let columns = [
        Column::text("Edited at"),
        Column::text("List"),
        Column::wide("Its text since"),
        Column::text("What became of it"),
        Column::text("Read after"),
        Column::number("Cut off"),
        Column::text("Last after"),
        Column::number("Failed polls"),
    ];
    let row = |edit: &EditRow| {
        vec![
            instant(edit.at.0),
            edit.list.to_owned(),
            edit.text.as_deref().map_or_else(|| "<i>deleted</i>".to_owned(), name),
            outcome(edit.outcome).to_owned(),
            edit.until_read.map_or_else(dash, |took| took.to_string()),
            grouped(edit.cut_off),
            edit.until_last_cut_off.map_or_else(dash, |took| took.to_string()),
            grouped(edit.failed_polls),
        ]
    };
    limited("Edits of the block lists", &columns, &report.edits, row)
}

pub(super) fn outcome(outcome: EditOutcome) -> &'static str {
    match outcome {
        EditOutcome::InForce => "in force",
        EditOutcome::NoDifference => "read, no difference",
        EditOutcome::Superseded => "edited again first",
        EditOutcome::Elsewhere => "on another node",
        EditOutcome::NotInForceYet => "not in force yet",
    }
}

pub(super) fn policies(report: &JournalReport) -> String {
    let columns = [
        Column::number("Generation"),
        Column::text("In force at"),
        Column::text("Found by"),
        Column::text("Added"),
        Column::text("Removed"),
        Column::number("Cut off"),
        Column::number("Cut off later"),
        Column::number("Refused"),
        Column::number("Would block"),
    ];
    let row = |policy: &PolicyRow| {
        vec![
            policy.generation.to_string(),
            instant(policy.at.0),
            name(&policy.cause),
            items(&policy.added),
            items(&policy.removed),
            grouped(policy.cut_off),
            grouped(policy.cut_off_later),
            grouped(policy.refused),
            grouped(policy.would_block),
        ]
    };
    limited("Policies that came into force", &columns, &report.policies, row)
}

/// Names, and how many more.
fn items(items: &Limited<String>) -> String {
    let named: Vec<String> = items.rows.iter().map(|item| name(item)).collect();
    match (named.is_empty(), items.more) {
        (true, _) => dash(),
        (false, 0) => named.join(", "),
        (false, more) => format!("{} and {} more", named.join(", "), grouped(more)),
    }
}

pub(super) fn hit(report: &JournalReport) -> String {
    let columns = [
        Column::text("Group"),
        Column::text("Program"),
        Column::text("Version"),
        Column::number("Clients"),
        Column::number("Cut off"),
        Column::number("Refused"),
        Column::number("Came back"),
        Column::number("Got in again"),
        Column::wide("Came as something else"),
        Column::number("Would block"),
        Column::text("Because of"),
        Column::wide("Who"),
    ];
    let row = |row: &HitRow| {
        vec![
            row.group.as_deref().map_or_else(|| "<i>no group</i>".to_owned(), name),
            program(row.program.as_deref()),
            row.version.as_deref().map_or_else(dash, name),
            grouped(row.clients),
            grouped(row.cut_off),
            grouped(row.refused),
            grouped(row.came_back),
            grouped(row.let_in_again),
            came_as(row),
            grouped(row.would_block),
            row.because.as_deref().map_or_else(dash, name),
            who(&row.who),
        ]
    };
    limited("Whom the policy hit", &columns, &report.hit, row)
}

fn program(program: Option<&str>) -> String {
    program.map_or_else(|| "<i>no name</i>".to_owned(), name)
}

fn came_as(row: &HitRow) -> String {
    let other = |other: &CameAs| {
        let version = other.version.as_deref().map(|version| format!(" {}", name(version)));
        format!(
            "<li>{}{}: {}, {} got in</li>",
            program(other.program.as_deref()),
            version.unwrap_or_default(),
            grouped(other.clients),
            grouped(other.let_in)
        )
    };
    let others = &row.came_as.rows;
    if others.is_empty() {
        return dash();
    }
    let (came, got_in) = (grouped(row.came_as_another), grouped(row.got_in_as_another));
    let told: String = others.iter().take(FACES).map(other).collect();
    let (hidden, rest) = others.split_at(others.len().min(FACES));
    let more: String = rest.iter().map(other).collect();
    let more = match rest.is_empty() {
        true => String::new(),
        false => format!(
            "<details><summary>{} more</summary><ul>{more}</ul></details>",
            grouped(row.came_as.total().saturating_sub(count(hidden)))
        ),
    };
    format!("{came}, {got_in} got in:<ul>{told}</ul>{more}")
}

fn count<T>(rows: &[T]) -> u64 {
    u64::try_from(rows.len()).unwrap_or(u64::MAX)
}

fn who(clients: &Limited<Who>) -> String {
    let client = |who: &Who| {
        let user = who.user.as_deref().map_or_else(|| "?".to_owned(), name);
        let machine = who.machine.as_deref().map(|machine| format!(" on {}", name(machine)));
        let id = who.client_id.map(|id| format!(" (client {id})"));
        format!("{user}{}{}", machine.unwrap_or_default(), id.unwrap_or_default())
    };
    let mut told: Vec<String> = clients.rows.iter().map(client).collect();
    if 0 < clients.more {
        told.push(format!("and {} more", grouped(clients.more)));
    }
    match told.split_first() {
        None => dash(),
        Some((first, [])) => first.clone(),
        Some((first, rest)) => {
            let rest: String = rest.iter().map(|one| format!("<li>{one}</li>")).collect();
            let count = grouped(clients.total().saturating_sub(1));
            format!("{first}<details><summary>{count} more</summary><ul>{rest}</ul></details>")
        }
    }
}

pub(super) fn unnamed(report: &JournalReport) -> String {
    let columns =
        [Column::text("Version of MAPI"), Column::number("Clients"), Column::number("Sessions")];
    let row = |row: &UnnamedVersion| {
        let version = row.version.as_deref().map_or_else(dash, name);
        vec![version, grouped(row.clients), grouped(row.sessions)]
    };
    limited("Clients that name no program", &columns, &report.blind_spots.unnamed.versions, row)
}

pub(super) fn first_seen(report: &JournalReport) -> String {
    let columns = [
        Column::text("Program"),
        Column::text("First seen"),
        Column::text("How"),
        Column::text("After a list was in force"),
        Column::number("Sessions"),
        Column::number("At once"),
        Column::number("Refused"),
    ];
    let row = |seen: &FirstSeen| {
        vec![
            name(&seen.program),
            instant(seen.at.0),
            seen.by.to_owned(),
            if seen.after_a_list { "yes" } else { "no" }.to_owned(),
            grouped(seen.connected),
            grouped(seen.peak),
            grouped(seen.refused),
        ]
    };
    limited(
        "Programs, in the order in which they came",
        &columns,
        &report.blind_spots.first_seen,
        row,
    )
}

pub(super) fn near_misses(report: &JournalReport) -> String {
    let columns = [
        Column::text("Program"),
        Column::text("Listed name"),
        Column::text("They differ by"),
        Column::number("Sessions"),
        Column::text("First seen"),
    ];
    let row = |miss: &NearMiss| {
        let by = match miss.by {
            NearBy::OneLetter => "one letter",
            NearBy::Exe => "<code>.exe</code>",
        };
        vec![
            name(&miss.program),
            name(&miss.listed),
            by.to_owned(),
            grouped(miss.connected),
            instant(miss.at.0),
        ]
    };
    limited("Programs one slip from a listed name", &columns, &report.blind_spots.near_misses, row)
}

pub(super) fn lints(report: &JournalReport) -> String {
    let columns = [Column::text("Value"), Column::text("At"), Column::wide("What is wrong")];
    let row = |lint: &LintRow| {
        let problem: Vec<String> =
            lint.problem.iter().map(|problem| super::escape::sentence(problem)).collect();
        vec![name(&lint.value), instant(lint.at.0), problem.join("<br>")]
    };
    limited("Values that need attention", &columns, &report.blind_spots.lints, row)
}

/// A table of the first rows; a sentence where there is none.
fn limited<T>(
    caption: &str,
    columns: &[Column],
    all: &Limited<T>,
    row: impl Fn(&T) -> Vec<String>,
) -> String {
    let rows: Vec<Vec<String>> = all.rows.iter().take(ROWS).map(row).collect();
    if rows.is_empty() {
        return "<p>None.</p>\n".to_owned();
    }
    let shown = count(&rows);
    let hidden = all.total().saturating_sub(shown);
    let more = format!("<p>{} more are not shown here.</p>", grouped(hidden));
    let more = if 0 < hidden { more } else { String::new() };
    format!("{}{more}\n", table(caption, columns, &rows))
}

fn dash() -> String {
    "\u{2013}".to_owned()
}
