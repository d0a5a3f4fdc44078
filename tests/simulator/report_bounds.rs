//! Reports of journals that are long, torn, hostile, or of more than one history.

use serde_json::json;
use simulator::{CountSeries, JournalReport, SeriesOf, Tally, report_page};

use super::report::{Client, Journal, at, client};

fn sum(series: &CountSeries) -> u64 {
    series.points.iter().map(|point| point.value).sum()
}

#[test]
fn steps_get_wider_with_the_journal_and_every_sum_stays() {
    for (name, gap, refusals, step, session_step) in [
        ("minutes", 1, 600, "1m", "5s"),
        ("hours", 60, 600, "5m", "5m"),
        ("weeks", 3_600, 2_000, "6h", "6h"),
        ("years", 86_400, 5_000, "28d", "28d"),
    ] {
        let mut journal = Journal::default();
        journal.connects(0, client(1, "a.exe"));
        for number in 1..=refusals {
            journal.is_refused(number * gap, client(2, "mdl.exe"));
        }
        journal.ends(refusals * gap, client(1, "a.exe"), "client");
        let report = journal.report();
        let over_time = &report.over_time;
        assert_eq!(over_time.step.to_string(), step, "{name}");
        assert_eq!(over_time.session_step.to_string(), session_step, "{name}");
        assert_eq!(sum(&over_time.refused[0]), refusals, "{name}");
        assert_eq!(over_time.refused[0].total, refusals, "{name}");
        assert!(over_time.refused[0].points.len() <= 500, "{name}");
        let attempts: u64 = over_time.reconnect_attempts.iter().map(|point| point.value).sum();
        assert_eq!(attempts, refusals - 1, "{name}");
        let levels: Vec<u64> =
            over_time.sessions[0].points.iter().map(|point| point.value).collect();
        assert_eq!(levels, [1, 0], "{name}");
    }
}

#[test]
fn a_journal_without_its_beginning_says_so() {
    let mut journal = Journal::default();
    let whole = |seq: u64, fields: serde_json::Value| {
        let mut entry = json!({ "seq": seq });
        entry.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        entry
    };
    journal.add(0, whole(41, json!({ "type": "session.ended", "session": 7, "reason": "client" })));
    journal.add(1, whole(42, json!({ "type": "journal.truncated", "entries": 10, "bytes": 10 })));
    journal.add(2, whole(45, json!({ "type": "store.stopped" })));
    let report = journal.report();
    assert_eq!((report.journal.first_seq, report.journal.missing), (41, 42));
    assert!(report.journal.truncated);
    assert_eq!(
        report.not_said[..3],
        [
            "The store says that its journal lost its oldest entries.",
            "42 entries are missing before or between those that are here: every number may be too small.",
            "1 session ended whose beginning is not in the journal: they are in no plot.",
        ]
    );
    assert_eq!(report.totals.live, 0);
}

#[test]
fn of_several_histories_the_last_is_told_and_the_others_are_counted() {
    let mut tally = Tally::new();
    let line = |seq: u64, event: &str| {
        format!(r#"{{"seq":{seq},"at":"2006-04-22T08:00:00Z","cause":"start","type":"{event}"}}"#)
    };
    for (seq, event) in [(1, "store.started"), (2, "fault.hit"), (1, "store.restored")] {
        tally.add_line(&line(seq, event)).unwrap();
    }
    let report = tally.report();
    assert_eq!((report.journal.earlier_histories, report.journal.earlier_entries), (1, 2));
    assert_eq!((report.journal.entries, report.totals.faults), (1, 0));
    assert_eq!(tally.entries(), 3);
    assert!(report.not_said[0].contains("1 earlier history of 2 entries"));
    assert!(report.not_said[1].contains("began with a snapshot"));
}

#[test]
fn a_line_that_is_cut_off_is_told() {
    let mut tally = Tally::new();
    tally.cut_off();
    assert!(tally.report().not_said.iter().any(|line| line.contains("The last line is cut off")));
}

/// Programs with names of their own, each once.
fn many(programs: u64) -> JournalReport {
    let mut tally = Tally::new();
    for number in 1..=programs {
        let entry = json!({
            "seq": number, "at": at(number).to_string(), "cause": "client", "type": "session.refused",
            "refusal": format!("reason {number}"), "process": format!("{number}-{}.exe", "x".repeat(1_000)),
            "client_version": format!("11.{number}.0.0"), "group": format!("g{number}"), "client_id": number,
        });
        tally.add_line(&entry.to_string()).unwrap();
    }
    tally.report()
}

#[test]
fn names_that_never_end_make_a_report_no_bigger() {
    let (some, more) = (many(5_000), many(20_000));
    assert_eq!(some.blind_spots.first_seen.rows.len(), more.blind_spots.first_seen.rows.len());
    assert_eq!(more.totals.refused.len(), 33);
    assert_eq!(more.totals.refused.values().sum::<u64>(), 20_000);
    assert_eq!(more.totals.clients, 20_000);
    let size = |report: &JournalReport| serde_json::to_string(report).unwrap().len();
    // Four times the names; what grows is the plot, which has more of its steps.
    assert!(size(&more) * 4 < size(&some) * 5, "{} {}", size(&some), size(&more));
    assert!(more.not_said.iter().any(|line| line.contains("counted together, as \"(others)\"")));
}

#[test]
fn programs_beyond_the_first_are_one_line() {
    let mut journal = Journal::default();
    let names = ["a.exe", "b.exe", "c.exe", "d.exe", "e.exe", "f.exe", "g.exe", "h.exe"];
    for (number, name) in names.into_iter().enumerate() {
        journal.connects(number as u64, client(number as u64, name));
    }
    journal.ends(9, client(7, "h.exe"), "client");
    let series = journal.report().over_time.sessions;
    assert_eq!(series.len(), 7);
    let others = series.last().unwrap();
    assert_eq!(others.of, SeriesOf::Others);
    assert_eq!(others.points.iter().map(|point| point.value).collect::<Vec<_>>(), [1, 2, 1]);
}

#[test]
fn what_clients_are_called_is_text_on_the_page_and_nothing_else() {
    let mut journal = Journal::default();
    let hostile =
        Client { program: Some("<script>alert(1)<!--\u{202e}\u{1b}.exe"), ..client(1, "") };
    journal.connects(0, hostile).is_refused(1, hostile);
    let page = report_page(&journal.report());
    assert!(!page.contains("<script") && !page.contains('\u{202e}') && !page.contains('\u{1b}'));
    assert!(page.contains("&lt;script&gt;alert(1)&lt;!--\\u{202e}\\u{1b}.exe"));
    for outside in ["src=", "url(http", "@import", "<link"] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn a_client_of_ever_other_names_is_counted_once_and_its_names_are_told_together() {
    let mut journal = Journal::default();
    for id in 1..=80 {
        journal.is_refused(id, client(id, "mdl.exe"));
        let name: &'static str = format!("x{id}.exe").leak();
        journal.connects(100 + id, client(id, name));
        for (place, other) in ["a.exe", "b.exe", "c.exe", "d.exe"].into_iter().enumerate() {
            journal.connects(200 + place as u64, client(id, other));
        }
    }
    let report = journal.report();
    let row = &report.hit.rows[0];
    assert_eq!((row.came_as_another, row.got_in_as_another, row.came_back), (80, 80, 0));
    let told: u64 = row.came_as.rows.iter().map(|other| other.clients).sum();
    assert_eq!((told, row.came_as.more), (80 * 5, 0));
    assert!(row.came_as.rows.iter().any(|other| other.program.as_deref() == Some("(others)")));
}

#[test]
fn a_client_in_too_many_rows_is_counted_once_in_each_and_the_rest_is_said_to_be_untold() {
    let mut journal = Journal::default();
    for round in 0..2 {
        for name in ["a", "b", "c", "d", "e", "f", "g", "h", "i"] {
            journal.is_refused(round, client(1, name));
        }
    }
    let report = journal.report();
    let rows: Vec<_> = report.hit.rows.iter().map(|row| (row.clients, row.refused)).collect();
    assert_eq!(rows, [vec![(1, 2); 8], vec![(0, 2)]].concat());
    assert!(report.not_said.iter().any(|line| line.starts_with("2 appearances of clients")));
}
