//! A report as one page: markup, style and plots in one file, which loads nothing, needs no script, and reads the same in the
//! light and in the dark, with and without colours, with a mouse, a keyboard or a screen reader.

mod escape;
mod frame;
mod plots;
mod table;
mod tables;

use super::journal_report::JournalReport;
use escape::{escaped, grouped, sentence};
use plots::instant;

/// The page may load nothing: what a client is called could ask for it.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The page of a report, whole.
#[must_use]
pub fn report_page(report: &JournalReport) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <title>Who was cut off - exstore report</title>\n<style>\n{}</style>\n</head>\n<body>\n{}{}{}</body>\n</html>\n",
        include_str!("style.css"),
        header(report),
        main(report),
        FOOTER
    )
}

const FOOTER: &str = "<footer><p>Made by <code>exstore report</code> from a journal. All times are store time, in UTC. \
The same report as data: <code>exstore report FILE -o json</code>.</p></footer>\n";

fn header(report: &JournalReport) -> String {
    let journal = &report.journal;
    let when = match (journal.start, journal.end) {
        (Some(start), Some(end)) => {
            format!("{} to {}, {}", instant(start.0), instant(end.0), journal.span)
        }
        (_, _) => "nothing happened".to_owned(),
    };
    let link = |(id, title): &(&str, &str)| format!("<li><a href=\"#{id}\">{title}</a></li>");
    let links: String = PARTS.iter().map(link).collect();
    format!(
        "<header>\n<p class=\"kind\">exstore report</p>\n<h1>Who was cut off</h1>\n\
         <p class=\"when\">{when}; {} entries</p>\n<nav aria-label=\"Parts of the report\"><ul>{links}</ul></nav>\n</header>\n",
        grouped(journal.entries)
    )
}

/// The parts of the page, in order.
const PARTS: [(&str, &str); 6] = [
    ("answer", "The answer"),
    ("time", "Over time"),
    ("lists", "Edits and policies"),
    ("hit", "Who was hit"),
    ("blind", "Blind spots"),
    ("unsaid", "What the journal does not say"),
];

fn main(report: &JournalReport) -> String {
    let bodies = [
        answer(report),
        plots::over_time(report),
        lists(report),
        hit(report),
        blind_spots(report),
        not_said(report),
    ];
    let part = |((id, title), body): (&(&str, &str), String)| {
        format!(
            "<section id=\"{id}\" aria-labelledby=\"{id}-head\">\n<h2 id=\"{id}-head\">{title}</h2>\n{body}</section>\n"
        )
    };
    format!("<main>\n{}</main>\n", PARTS.iter().zip(bodies).map(part).collect::<String>())
}

fn answer(report: &JournalReport) -> String {
    let told = report.summary.iter().map(|line| format!("<p>{}</p>", sentence(line)));
    format!("<div class=\"lede\">{}</div>\n{}", told.collect::<String>(), figures(report))
}

/// The numbers that are asked for first.
fn figures(report: &JournalReport) -> String {
    let totals = &report.totals;
    let of = |reasons: &std::collections::BTreeMap<String, u64>| {
        reasons.get("policy").copied().unwrap_or_default()
    };
    let longest = report.edits.rows.iter().filter_map(|edit| edit.until_last_cut_off).max();
    let blind = &report.blind_spots;
    let figures = [
        ("clients", grouped(totals.clients)),
        ("sessions at once", grouped(totals.live_peak)),
        ("sessions cut off", grouped(of(&totals.disconnected))),
        ("connections refused by a list", grouped(of(&totals.refused))),
        ("reconnect attempts", grouped(totals.reconnect_attempts)),
        (
            "from edit to last disconnect",
            longest.map_or_else(|| "\u{2013}".to_owned(), |took| took.to_string()),
        ),
        ("clients that no list of programs can see", grouped(blind.unnamed.clients)),
        ("names one slip from a listed one", grouped(blind.near_misses.total())),
    ];
    let figure = |(what, number): &(&str, String)| {
        format!("<div><dt>{}</dt><dd>{number}</dd></div>", escaped(what))
    };
    format!("<dl class=\"figures\">{}</dl>\n", figures.iter().map(figure).collect::<String>())
}

fn lists(report: &JournalReport) -> String {
    format!(
        "{}<h3>Policies that came into force</h3>\n{}",
        plots::edits(report),
        tables::policies(report)
    )
}

fn hit(report: &JournalReport) -> String {
    format!(
        "<p>A row is a kind of client: its group, its program and the version of its MAPI. <b>Came back</b> counts clients that \
         were there again as what they were; <b>came as something else</b>, users on their machines that were there for the \
         first time as another program, another version, or without a name, after the policy had hit them.</p>\n{}",
        tables::hit(report)
    )
}

fn blind_spots(report: &JournalReport) -> String {
    let blind = &report.blind_spots;
    let unnamed = &blind.unnamed;
    format!(
        "<h3>Clients that no list of programs can see</h3>\n<p>{} name no program: {} have a MAPI below version 11, which has \
         no way to, and {} another. They opened {} sessions, of which {} named their program later and {} are open at the \
         end.</p>\n{}<h3>Names one slip from a listed one</h3>\n{}<h3>Names first seen</h3>\n{}<h3>Lints</h3>\n{}",
        grouped(unnamed.clients),
        grouped(unnamed.clients_below_11),
        grouped(unnamed.clients_others),
        grouped(unnamed.sessions),
        grouped(unnamed.named_later),
        grouped(unnamed.live),
        tables::unnamed(report),
        tables::near_misses(report),
        tables::first_seen(report),
        tables::lints(report)
    )
}

fn not_said(report: &JournalReport) -> String {
    let told = report.not_said.iter().map(|line| format!("<li>{}</li>", sentence(line)));
    format!("<ul class=\"unsaid\">{}</ul>\n", told.collect::<String>())
}
