//! A report for a terminal: sentences, then tables, and over time a line of bars for each program.

use core::fmt::Display;

use serde_json::{Value, json};
use simulator::{
    CountSeries, EditOutcome, EditRow, HitRow, JournalReport, Limited, NearBy, Point, SeriesOf,
    SessionSeries,
};

use crate::colour;
use crate::table::{self, Column, number, text};
use crate::visible::visible;

/// Columns of a line of bars.
const BARS: u64 = 60;

/// From nothing to the most.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Rows of a table; JSON and the page have more.
const ROWS: usize = 20;

/// The report, a line at a time.
pub(crate) fn lines(report: &JournalReport) -> Vec<String> {
    let mut told: Vec<String> = report.summary.iter().map(|line| visible(line)).collect();
    told.extend(section("JOURNAL", journal(report)));
    told.extend(section("SESSIONS BY PROGRAM", sessions(report)));
    told.extend(section("REFUSALS, DISCONNECTS AND RECONNECT ATTEMPTS", counts(report)));
    told.extend(section("EDITS OF THE BLOCK LISTS", edits(report)));
    told.extend(section("WHO WAS HIT", hit(report)));
    told.extend(section("BLIND SPOTS", blind_spots(report)));
    told.extend(section("PROGRAMS FIRST SEEN", first_seen(report)));
    told.extend(section("LINTS", lints(report)));
    let not_said = report.not_said.iter().map(|line| visible(line)).collect();
    told.extend(section("WHAT THE JOURNAL DOES NOT SAY", not_said));
    told
}

/// Lines under a heading; none of nothing.
fn section(heading: &str, lines: Vec<String>) -> Vec<String> {
    if lines.is_empty() {
        return lines;
    }
    [String::new(), colour::head(heading)].into_iter().chain(lines).collect()
}

fn journal(report: &JournalReport) -> Vec<String> {
    let (journal, totals) = (&report.journal, &report.totals);
    let value = json!({
        "entries": journal.entries, "start": journal.start, "end": journal.end, "span": journal.span,
        "clients": totals.clients, "connected": totals.connected, "live": totals.live,
        "peak": totals.live_peak, "left": totals.left, "late": totals.identified_late,
        "polls": format!("{}, {} failed, {} missed", totals.polls, totals.polls_failed, totals.polls_missed),
        "starts": totals.starts, "faults": totals.faults,
    });
    let columns = [
        text("entries", "entries"),
        text("from", "start"),
        text("to", "end"),
        text("span", "span"),
        text("clients", "clients"),
        text("sessions opened", "connected"),
        text("at once", "peak"),
        text("open at the end", "live"),
        text("ended by clients", "left"),
        text("named late", "late"),
        text("polls", "polls"),
        text("service starts", "starts"),
        text("fault rules hit", "faults"),
    ];
    table::block(&columns, &value)
}

fn sessions(report: &JournalReport) -> Vec<String> {
    let series = &report.over_time.sessions;
    let most = series.iter().flat_map(|series| &series.points).map(|point| point.value).max();
    let row = |series: &SessionSeries| {
        json!({
            "program": program_of(series), "peak": series.peak,
            "end": series.points.last().map(|point| point.value),
            "bars": bars(report, &levels(report, &series.points), most.unwrap_or_default()),
        })
    };
    let rows: Vec<Value> = series.iter().map(row).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let columns = [
        text("PROGRAM", "program"),
        number("MOST", "peak"),
        number("AT THE END", "end"),
        text("OVER TIME", "bars"),
    ];
    table::table(&columns, &rows)
}

fn program_of(series: &SessionSeries) -> String {
    match (series.of, &series.program) {
        (SeriesOf::Program, Some(program)) => program.clone(),
        (SeriesOf::Unnamed, _) => "(no name)".to_owned(),
        (SeriesOf::Others | SeriesOf::Program, _) => "(all others)".to_owned(),
    }
}

fn counts(report: &JournalReport) -> Vec<String> {
    let over_time = &report.over_time;
    let row = |what: String, total: u64, points: &[Point]| {
        let sums = sums(report, points);
        let most = sums.iter().copied().max().unwrap_or_default();
        json!({ "what": what, "total": total, "bars": bars(report, &sums, most) })
    };
    let of = |what: &'static str| {
        move |series: &CountSeries| {
            row(format!("{what}: {}", series.reason), series.total, &series.points)
        }
    };
    let refused = over_time.refused.iter().map(of("refused"));
    let disconnected = over_time.disconnected.iter().map(of("disconnected"));
    let attempts = report.totals.reconnect_attempts;
    let again = (0 < attempts)
        .then(|| row("reconnect attempts".to_owned(), attempts, &over_time.reconnect_attempts));
    let rows: Vec<Value> = refused.chain(disconnected).chain(again).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let columns = [text("WHAT", "what"), number("TIMES", "total"), text("OVER TIME", "bars")];
    let mut told = table::table(&columns, &rows);
    if let Some(busiest) = report.totals.busiest_minute {
        told.push(format!(
            "most reconnect attempts a minute: {}, at {}",
            busiest.count, busiest.at
        ));
    }
    told
}

/// The place among the bars of an instant.
fn place(report: &JournalReport, point: &Point) -> usize {
    let (Some(start), span) = (report.journal.start, report.journal.span.0.as_micros()) else {
        return 0;
    };
    let since = point.at.0.since(start.0).as_micros();
    let place = since.saturating_mul(u128::from(BARS)).checked_div(span.max(1)).unwrap_or(0);
    usize::try_from(place.min(u128::from(BARS.saturating_sub(1)))).unwrap_or(0)
}

fn empty() -> Vec<u64> {
    vec![0; usize::try_from(BARS).unwrap_or(0)]
}

/// What a number that stays until it changes was at each bar.
fn levels(report: &JournalReport, points: &[Point]) -> Vec<u64> {
    let mut levels = empty();
    for point in points {
        let place = place(report, point);
        levels.iter_mut().skip(place).for_each(|level| *level = point.value);
    }
    levels
}

/// What fell into each bar.
fn sums(report: &JournalReport, points: &[Point]) -> Vec<u64> {
    let mut sums = empty();
    for point in points {
        if let Some(sum) = sums.get_mut(place(report, point)) {
            *sum = sum.saturating_add(point.value);
        }
    }
    sums
}

/// A bar for each number, a blank for nothing. A journal of one instant has no time to show.
fn bars(report: &JournalReport, numbers: &[u64], most: u64) -> String {
    if report.journal.span.0.is_zero() {
        return String::new();
    }
    let bar = |number: &u64| {
        let last = u64::try_from(HEIGHTS.len()).unwrap_or(1).saturating_sub(1);
        let height = number.saturating_mul(last).checked_div(most.max(1)).unwrap_or(0);
        let height = usize::try_from(height).ok().and_then(|height| HEIGHTS.get(height));
        if *number == 0 { ' ' } else { height.copied().unwrap_or('█') }
    };
    format!("{}|", numbers.iter().map(bar).collect::<String>())
}

fn edits(report: &JournalReport) -> Vec<String> {
    let row = |edit: &EditRow| {
        json!({
            "at": edit.at, "list": edit.list, "text": edit.text.as_deref().unwrap_or("(deleted)"),
            "outcome": outcome(edit.outcome), "read": edit.until_read, "cut_off": edit.cut_off,
            "last": edit.until_last_cut_off,
        })
    };
    let columns = [
        text("AT", "at"),
        text("LIST", "list"),
        text("OUTCOME", "outcome"),
        text("READ AFTER", "read"),
        number("CUT OFF", "cut_off"),
        text("LAST AFTER", "last"),
        text("TEXT", "text"),
    ];
    limited(&columns, &report.edits, row)
}

fn outcome(outcome: EditOutcome) -> &'static str {
    match outcome {
        EditOutcome::InForce => "in force",
        EditOutcome::NoDifference => "no difference",
        EditOutcome::Superseded => "superseded",
        EditOutcome::Elsewhere => "on another node",
        EditOutcome::NotInForceYet => "not in force yet",
    }
}

fn hit(report: &JournalReport) -> Vec<String> {
    let row = |row: &HitRow| {
        let who = row.who.rows.first().map(|who| {
            let user = who.user.as_deref().unwrap_or("?");
            format!("{user}@{}", who.machine.as_deref().unwrap_or("?"))
        });
        let more = row.who.total().saturating_sub(1);
        let who = who.map(|who| if 0 < more { format!("{who} +{more}") } else { who });
        json!({
            "group": row.group, "program": row.program.as_deref().unwrap_or("(no name)"),
            "version": row.version, "clients": row.clients, "cut_off": row.cut_off,
            "refused": row.refused, "came_back": row.came_back, "in": row.let_in_again,
            "as": came_as(row), "would": row.would_block, "who": who,
        })
    };
    let columns = [
        text("GROUP", "group"),
        text("PROGRAM", "program"),
        text("VERSION", "version"),
        number("CLIENTS", "clients"),
        number("CUT OFF", "cut_off"),
        number("REFUSED", "refused"),
        number("CAME BACK", "came_back"),
        number("GOT IN", "in"),
        number("WOULD BLOCK", "would"),
        text("CAME AS ANOTHER", "as"),
        text("WHO", "who"),
    ];
    limited(&columns, &report.hit, row)
}

/// How many came as something else and got in, and as what the most of them.
fn came_as(row: &HitRow) -> Option<String> {
    let other = row.came_as.rows.first()?;
    let program = other.program.as_deref().unwrap_or("(no name)");
    let version = other.version.as_deref().unwrap_or("?");
    let face = if other.program == row.program { version } else { program };
    let more = row.came_as.total().saturating_sub(1);
    let more = if 0 < more { format!(" +{more}") } else { String::new() };
    Some(format!("{}, {} in, as {face}{more}", row.came_as_another, row.got_in_as_another))
}

fn blind_spots(report: &JournalReport) -> Vec<String> {
    let blind = &report.blind_spots;
    let unnamed = &blind.unnamed;
    let mut told = vec![
        format!(
            "{} clients name no program: {} with a MAPI below version 11, which can't, and {} others",
            unnamed.clients, unnamed.clients_below_11, unnamed.clients_others
        ),
        format!("{} programs first seen", blind.first_seen.total()),
        format!("{} programs one slip from a listed name", blind.near_misses.total()),
    ];
    let near = |miss: &simulator::NearMiss| {
        let by = match miss.by {
            NearBy::OneLetter => "one letter",
            NearBy::Exe => ".exe",
        };
        json!({
            "program": miss.program, "listed": miss.listed, "by": by, "connected": miss.connected,
            "at": miss.at,
        })
    };
    let columns = [
        text("PROGRAM", "program"),
        text("LISTED", "listed"),
        text("BY", "by"),
        number("SESSIONS", "connected"),
        text("FIRST SEEN", "at"),
    ];
    told.extend(limited(&columns, &blind.near_misses, near));
    told
}

fn first_seen(report: &JournalReport) -> Vec<String> {
    let columns = [
        text("AT", "at"),
        text("BY", "by"),
        number("SESSIONS", "connected"),
        number("REFUSED", "refused"),
        text("AFTER A LIST", "after_a_list"),
        text("PROGRAM", "program"),
    ];
    limited(&columns, &report.blind_spots.first_seen, |seen| json!(seen))
}

fn lints(report: &JournalReport) -> Vec<String> {
    let columns = [text("AT", "at"), text("VALUE", "value"), text("PROBLEM", "problem")];
    limited(&columns, &report.blind_spots.lints, |lint| json!(lint))
}

/// A table of the first rows; none of nothing.
fn limited<T>(columns: &[Column], all: &Limited<T>, row: impl Fn(&T) -> Value) -> Vec<String> {
    let rows: Vec<Value> = all.rows.iter().take(ROWS).map(row).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let shown = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    let mut told = table::table(columns, &rows);
    let hidden = all.total().saturating_sub(shown);
    if 0 < hidden {
        told.push(more(hidden));
    }
    told
}

fn more(hidden: impl Display) -> String {
    format!("and {hidden} more")
}
