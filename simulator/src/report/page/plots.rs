//! The plots: sessions as lines, refusals, disconnects and attempts as bars, edits as stretches of time. Each is told apart by
//! dashes, hatching and words, not by colour alone, and each has its data in a table below.

use std::collections::{BTreeMap, BTreeSet};

use clock::SimTime;

use super::escape::{escaped, grouped, short};
use super::frame::{Frame, WIDTH};
use super::table::{Column, scrolled, table};
use crate::report::{
    At, CountSeries, EditRow, JournalReport, Point, SeriesOf, SessionSeries, Took,
};

/// Letters of a name beside its line.
const LABEL: usize = 20;

/// Room between two labels.
const LINE: u64 = 18;

/// Edits that the plot of edits shows: the last.
const EDITS: usize = 20;

/// A plot with its words.
struct Figure<'a> {
    id: &'a str,
    title: &'a str,
    /// What it shows, for who can't see it.
    told: String,
    frame: Frame,
    drawn: String,
    /// What the marks mean.
    legend: String,
    data: String,
}

impl Figure<'_> {
    fn html(&self) -> String {
        let Self { id, title, told, frame, drawn, legend, data } = self;
        let told = escaped(told);
        let region = scrolled(
            &format!("Plot: {title}"),
            &format!(
                "<svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-labelledby=\"{id}-title {id}-told\">\
                 <title id=\"{id}-title\">{title}</title><desc id=\"{id}-told\">{told}</desc>{drawn}</svg>",
                frame.height()
            ),
        );
        format!(
            "<figure id=\"{id}\">\n<h3>{title}</h3>\n{region}\n<figcaption><p>{told}</p>{legend}</figcaption>\n\
             <details><summary>Data of \u{201c}{title}\u{201d}</summary>{data}</details>\n</figure>\n"
        )
    }
}

/// Every plot over time.
pub(super) fn over_time(report: &JournalReport) -> String {
    let over_time = &report.over_time;
    let attempts = CountSeries {
        reason: "attempts".to_owned(),
        total: report.totals.reconnect_attempts,
        points: over_time.reconnect_attempts.clone(),
    };
    let busiest = report.totals.busiest_minute.map(|busiest| {
        format!(" The busiest minute has {}, at {}.", grouped(busiest.count), busiest.at)
    });
    [
        sessions(report),
        counts(report, "refusals", "Refused connections a minute", &over_time.refused, ""),
        counts(report, "disconnects", "Disconnects a minute", &over_time.disconnected, ""),
        counts(
            report,
            "attempts",
            "Reconnect attempts a minute",
            &[attempts],
            &busiest.unwrap_or_default(),
        ),
    ]
    .concat()
}

fn sessions(report: &JournalReport) -> String {
    let series = &report.over_time.sessions;
    if series.is_empty() {
        return nothing("sessions", "Sessions by program", "No session was opened.");
    }
    let points = series.iter().flat_map(|series| &series.points);
    let most = points.map(|point| point.value).max().unwrap_or_default();
    let frame = Frame::new(report, most).with_labels().with_height(320);
    let ends = series.iter().map(|series| frame.y(end(series)));
    let places = spread(&ends.collect::<Vec<_>>(), frame);
    let lines = series.iter().zip(places).enumerate();
    let lines: String = lines.map(|(place, (series, y))| line(series, place, y, frame)).collect();
    let each = series.iter().map(|series| {
        let peak = series.peak.map(|peak| format!("{} at the most, ", grouped(peak)));
        format!(
            "{}: {}{} at the end",
            title(series),
            peak.unwrap_or_default(),
            grouped(end(series))
        )
    });
    let told = format!(
        "Open sessions at the end of every {} in which they changed. {}.",
        report.over_time.session_step,
        each.collect::<Vec<_>>().join("; ")
    );
    Figure {
        id: "sessions",
        title: "Sessions by program",
        told,
        frame,
        drawn: frame.axes() + &frame.marks(report) + &lines,
        legend: String::new(),
        data: session_data(series),
    }
    .html()
}

fn end(series: &SessionSeries) -> u64 {
    series.points.last().map(|point| point.value).unwrap_or_default()
}

fn title(series: &SessionSeries) -> String {
    match (series.of, &series.program) {
        (SeriesOf::Program, Some(program)) => program.clone(),
        (SeriesOf::Unnamed, _) => "no name".to_owned(),
        (SeriesOf::Others | SeriesOf::Program, _) => "all others".to_owned(),
    }
}

/// A line that changes in steps, and what it is at its end.
fn line(series: &SessionSeries, place: usize, y: u64, frame: Frame) -> String {
    let mut path = format!("M{} {}", frame.left(), frame.y(0));
    for point in &series.points {
        path.push_str(&format!("H{}V{}", frame.x(point.at.0), frame.y(point.value)));
    }
    let (end_x, end_y) = (frame.end(), frame.y(end(series)));
    path.push_str(&format!("H{end_x}"));
    let name = title(series);
    format!(
        "<g class=\"series s{place}\"><title>{}</title><path class=\"line\" d=\"{path}\"/>\
         <path class=\"lead\" d=\"M{end_x} {end_y}L{} {y}\"/><path class=\"line\" d=\"M{} {y}h22\"/>\
         <text class=\"label\" x=\"{}\" y=\"{}\">{} <tspan class=\"count\">{}</tspan></text></g>",
        escaped(&name),
        end_x.saturating_add(12),
        end_x.saturating_add(12),
        end_x.saturating_add(40),
        y.saturating_add(4),
        short(&name, LABEL),
        grouped(end(series)),
    )
}

/// Places for labels, as near to where they belong as there is room, in the same order.
fn spread(wanted: &[u64], frame: Frame) -> Vec<u64> {
    let mut order: Vec<(usize, u64)> = wanted.iter().copied().enumerate().collect();
    order.sort_by_key(|(_, y)| *y);
    let mut free = frame.top();
    for (_, y) in &mut order {
        *y = (*y).max(free);
        free = y.saturating_add(LINE);
    }
    let mut limit = frame.bottom();
    for (_, y) in order.iter_mut().rev() {
        *y = (*y).min(limit);
        limit = y.saturating_sub(LINE);
    }
    order.sort_by_key(|(place, _)| *place);
    order.into_iter().map(|(_, y)| y).collect()
}

fn session_data(series: &[SessionSeries]) -> String {
    let times: BTreeSet<At> =
        series.iter().flat_map(|series| &series.points).map(|point| point.at).collect();
    let by_time = |series: &SessionSeries| -> BTreeMap<At, u64> {
        series.points.iter().map(|point| (point.at, point.value)).collect()
    };
    let by_time: Vec<BTreeMap<At, u64>> = series.iter().map(by_time).collect();
    let mut now = vec![0; series.len()];
    let row = |at: &At| {
        for (now, by_time) in now.iter_mut().zip(&by_time) {
            *now = by_time.get(at).copied().unwrap_or(*now);
        }
        let numbers = now.iter().map(|number| grouped(*number));
        core::iter::once(at.to_string()).chain(numbers).collect()
    };
    let rows: Vec<Vec<String>> = times.iter().map(row).collect();
    let names = series.iter().map(|series| Column::number(escaped(&title(series))));
    let columns: Vec<Column> = core::iter::once(Column::text("From")).chain(names).collect();
    table("Open sessions by program", &columns, &rows)
}

/// Bars on top of each other, a kind for each reason.
fn counts(
    report: &JournalReport,
    id: &str,
    title: &str,
    series: &[CountSeries],
    more: &str,
) -> String {
    let total = series.iter().fold(0_u64, |sum, series| sum.saturating_add(series.total));
    if total == 0 {
        return nothing(id, title, "There were none.");
    }
    let step = report.over_time.step;
    let minutes = (step.0.as_secs() / 60).max(1);
    let stacked = stacked(series);
    let most = stacked.values().map(|parts| parts.iter().sum::<u64>()).max().unwrap_or_default();
    let frame = Frame::new(report, most.div_ceil(minutes));
    let bars: String = (0..series.len()).map(|place| bars(&stacked, place, step, frame)).collect();
    let each = series.iter().map(|series| format!("{} {}", grouped(series.total), series.reason));
    let each = each.collect::<Vec<_>>().join(", ");
    let average = if 1 < minutes { format!(", on average over {step}") } else { String::new() };
    let sum = if 1 < series.len() { format!("{} in all: ", grouped(total)) } else { String::new() };
    let told = format!("{sum}{each}. How many a minute{average}.{more}");
    Figure {
        id,
        title,
        told,
        frame,
        drawn: hatches(id, series.len())
            + &frame.axes()
            + &filled(id, &bars)
            + &frame.marks(report),
        legend: legend(id, series),
        data: count_data(title, series, step),
    }
    .html()
}

/// What happened in each step, reason by reason.
fn stacked(series: &[CountSeries]) -> BTreeMap<At, Vec<u64>> {
    let mut stacked: BTreeMap<At, Vec<u64>> = BTreeMap::new();
    for (place, series) in series.iter().enumerate() {
        for Point { at, value } in &series.points {
            let parts = stacked.entry(*at).or_default();
            parts.resize(place, 0);
            parts.push(*value);
        }
    }
    stacked
}

/// The bars of one reason, as one shape.
fn bars(stacked: &BTreeMap<At, Vec<u64>>, place: usize, step: Took, frame: Frame) -> String {
    let minutes = (step.0.as_secs() / 60).max(1);
    let mut shape = String::new();
    for (at, parts) in stacked {
        let Some(part) = parts.get(place).filter(|part| 0 < **part) else { continue };
        let below = parts.iter().take(place).fold(0_u64, |sum, part| sum.saturating_add(*part));
        let above = below.saturating_add(*part);
        let y = |count: u64| frame.y(count.div_ceil(minutes));
        let from = frame.x(at.0);
        let to = frame.x(at.0.saturating_add(step.0)).max(from.saturating_add(3));
        shape.push_str(&format!("M{from} {}H{to}V{}H{from}z", y(below), y(above)));
    }
    format!("<path class=\"bar b{place}\" d=\"{shape}\"/>", place = place.min(KINDS))
}

/// Kinds of bars that are told apart, less one.
const KINDS: usize = 5;

/// The bars with the hatching of their plot.
fn filled(id: &str, bars: &str) -> String {
    let fill = |bars: String, kind: usize| {
        let class = format!("class=\"bar b{kind}\"");
        bars.replace(&class, &format!("{class} fill=\"url(#{id}-h{kind})\""))
    };
    (0..=KINDS).fold(bars.to_owned(), fill)
}

/// Hatching, for as many kinds as there are.
fn hatches(id: &str, kinds: usize) -> String {
    let drawn = [
        "",
        "<path d=\"M0 8L8 0\"/>",
        "<path d=\"M0 4H8\"/>",
        "<path d=\"M0 0L8 8\"/>",
        "<path d=\"M4 0V8\"/>",
        "<path d=\"M0 8L8 0M0 0L8 8\"/>",
    ];
    let hatch = |(kind, lines): (usize, &&str)| {
        format!(
            "<pattern id=\"{id}-h{kind}\" class=\"hatch b{kind}\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\">\
             <rect width=\"8\" height=\"8\"/>{lines}</pattern>"
        )
    };
    let hatches: String = drawn.iter().enumerate().take(kinds).map(hatch).collect();
    format!("<defs>{hatches}</defs>")
}

fn legend(id: &str, series: &[CountSeries]) -> String {
    let item = |(place, series): (usize, &CountSeries)| {
        let kind = place.min(KINDS);
        format!(
            "<li><svg class=\"swatch\" viewBox=\"0 0 24 16\" aria-hidden=\"true\"><rect class=\"bar b{kind}\" \
             fill=\"url(#{id}-h{kind})\" x=\"1\" y=\"1\" width=\"22\" height=\"14\"/></svg> {} <b>{}</b></li>",
            escaped(&series.reason),
            grouped(series.total)
        )
    };
    if series.len() < 2 {
        return String::new();
    }
    format!("<ul class=\"legend\">{}</ul>", series.iter().enumerate().map(item).collect::<String>())
}

fn count_data(title: &str, series: &[CountSeries], step: Took) -> String {
    let rows = stacked(series).into_iter().map(|(at, mut parts)| {
        parts.resize(series.len(), 0);
        let numbers = parts.iter().map(|number| grouped(*number));
        core::iter::once(at.to_string()).chain(numbers).collect()
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let names = series.iter().map(|series| Column::number(escaped(&series.reason)));
    let columns: Vec<Column> = core::iter::once(Column::text("From")).chain(names).collect();
    table(&format!("{title}, counted over {step}"), &columns, &rows)
}

/// How long it took from each edit until the last session that it cut off was gone.
pub(super) fn edits(report: &JournalReport) -> String {
    let rows = &report.edits.rows;
    let title = "From each edit to the last disconnect";
    if rows.is_empty() {
        return nothing("edits", title, "The journal shows no edit of a block list.");
    }
    let shown: Vec<&EditRow> = rows.iter().skip(rows.len().saturating_sub(EDITS)).collect();
    let count = u64::try_from(shown.len()).unwrap_or(1);
    let height = count.saturating_mul(34).saturating_add(76);
    let frame = Frame::new(report, 1).with_labels().with_height(height);
    let drawn: String =
        shown.iter().zip(1..).map(|(edit, line)| stretch(edit, line, frame)).collect();
    let took = rows.iter().filter_map(|edit| edit.until_last_cut_off).max();
    let took = match took {
        Some(took) => format!("The longest took {took}"),
        None => "None cut anybody off".to_owned(),
    };
    let told = format!(
        "A circle is an edit, a bar the time until a poll took it up, a square the last disconnect that came of it. {took}."
    );
    Figure {
        id: "edits",
        title,
        told,
        frame,
        drawn: frame.times() + &drawn,
        legend: String::new(),
        data: super::tables::edits(report),
    }
    .html()
}

fn stretch(edit: &EditRow, line: u64, frame: Frame) -> String {
    let y = frame.top().saturating_add(line.saturating_mul(34)).saturating_sub(20);
    let from = frame.x(edit.at.0);
    let until = |at: Option<At>| at.map(|at| frame.x(at.0));
    let bar =
        until(edit.read_at).map(|to| format!("<path class=\"stretch\" d=\"M{from} {y}H{to}\"/>"));
    let waits = edit.read_at.is_none();
    let open =
        waits.then(|| format!("<path class=\"stretch open\" d=\"M{from} {y}H{}\"/>", frame.end()));
    let last = until(edit.last_cut_off).map(|x| {
        let (x, y) = (x.saturating_sub(6), y.saturating_sub(6));
        format!("<rect class=\"last\" x=\"{x}\" y=\"{y}\" width=\"12\" height=\"12\"/>")
    });
    let said = match (edit.until_last_cut_off, edit.cut_off) {
        (Some(took), cut_off) => format!("{} cut off, {took}", grouped(cut_off)),
        (None, _) => super::tables::outcome(edit.outcome).to_owned(),
    };
    format!(
        "<g class=\"edit-row\">{}{}<circle class=\"edit-dot\" cx=\"{from}\" cy=\"{y}\" r=\"6\"/>{}\
         <text class=\"label\" x=\"{}\" y=\"{}\">{}</text></g>",
        bar.unwrap_or_default(),
        open.unwrap_or_default(),
        last.unwrap_or_default(),
        frame.end().saturating_add(14),
        y.saturating_add(4),
        escaped(&said)
    )
}

/// A plot of nothing is a sentence.
fn nothing(id: &str, title: &str, told: &str) -> String {
    format!("<section class=\"figure\" id=\"{id}\"><h3>{title}</h3><p>{told}</p></section>\n")
}

/// An instant, in a sentence of a page.
pub(super) fn instant(at: SimTime) -> String {
    format!("<time datetime=\"{at}\">{at}</time>")
}
