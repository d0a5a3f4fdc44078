//! What looks wrong with a scenario that can be played.

use control::lint_scenario;
use simulator::{FindingSeverity, Scenario, locate};

use crate::workspace::{files, root, text};

const HEAD: &str = "name = \"s\"\nabout = \"a\"\nstart = \"2006-04-22T08:00:00Z\"\n";

/// A name, steps, and what is found: how bad, which kind, in which line.
type Row = (&'static str, Vec<String>, &'static [(&'static str, &'static str, usize)]);

/// Codes and lines of what is found in these steps.
fn found(steps: &str) -> Vec<(String, &'static str, usize)> {
    let text = format!("{HEAD}{steps}");
    let findings = lint_scenario(&Scenario::parse(&text).unwrap());
    let found = findings.into_iter().map(|finding| {
        let line = locate(&text, &finding.pointer).line;
        (finding.severity.to_string(), finding.code, line)
    });
    found.collect()
}

#[test]
fn each_thing_that_looks_wrong_is_found_in_its_line() {
    let mdl = r#"{ say = "i", inject = [{ process = "mdl.exe", count = 2, group = "g" }] }"#;
    let look = r#"{ say = "l", expect = { unidentified = 0 } }"#;
    let rows: &[Row] = &[
        ("nothing", vec![mdl.into(), look.into()], &[]),
        ("nothing expected", vec![mdl.into()], &[("warning", "nothing-expected", 1)]),
        (
            "an edit that is not taken up",
            vec![mdl.into(), look.into(), r#"{ say = "b", block = { processes = "mdl.exe" } }"#.into()],
            &[("warning", "edit-not-taken-up", 7)],
        ),
        (
            "an edit that is, by a restart",
            vec![
                look.into(),
                r#"{ say = "b", set_value = { name = "Disable MAPI Client Processes", data = "mdl.exe" } }"#.into(),
                r#"{ say = "r", restart = true }"#.into(),
            ],
            &[],
        ),
        (
            "an effect of an edit alone",
            vec![
                mdl.into(),
                r#"{ say = "b", block = { processes = "mdl.exe" } }"#.into(),
                r#"{ say = "e", expect = { events = [{ type = "session.disconnected", count = 2 }] } }"#.into(),
                r#"{ say = "p", poll = true }"#.into(),
            ],
            &[("error", "expected-of-an-edit", 7)],
        ),
        (
            "no effect of an edit alone",
            vec![
                mdl.into(),
                r#"{ say = "b", block = { processes = "mdl.exe" } }"#.into(),
                r#"{ say = "e", expect = { events = [{ type = "session.disconnected", count = 0 }] } }"#.into(),
                r#"{ say = "p", poll = true }"#.into(),
            ],
            &[],
        ),
        (
            "a slip in a list",
            vec![mdl.into(), look.into(), r#"{ say = "b", block = { processes = "b.exe; mld.exe", apply = "now" } }"#.into()],
            &[("warning", "nearly-a-process", 7)],
        ),
        (
            "a slip in an expectation",
            vec![mdl.into(), r#"{ say = "e", expect = { sessions = [{ process = "ndl.exe", count = 0 }] } }"#.into()],
            &[("warning", "nearly-a-process", 6)],
        ),
        (
            "a program that is never there",
            vec![mdl.into(), r#"{ say = "e", expect = { sessions = [{ process = "notes.exe", count = 0 }] } }"#.into()],
            &[("warning", "unknown-process", 6)],
        ),
        (
            "a program that has to be there and never is",
            vec![mdl.into(), r#"{ say = "e", expect = { sessions = [{ process = "notes.exe", count = 1 }] } }"#.into()],
            &[("error", "unknown-process", 6)],
        ),
        (
            "more than there are",
            vec![mdl.into(), r#"{ say = "e", expect = { clients = [{ group = "g", state = "connected", count = 3 }] } }"#.into()],
            &[("error", "too-many-expected", 6)],
        ),
        (
            "back in time",
            vec![look.into(), r#"{ say = "a", advance = { to = "2006-04-22T07:00:00Z" } }"#.into()],
            &[("error", "time-backwards", 6)],
        ),
        (
            "back in time, as is expected",
            vec![look.into(), r#"{ say = "a", advance = { to = "2006-04-22T07:00:00Z" }, refused = "clock-backwards" }"#.into()],
            &[],
        ),
        (
            "a wait for no event",
            vec![r#"{ say = "w", wait = { until = { all = [{ event = { type = "session.lost" } }] }, within = "1h" } }"#.into()],
            &[("error", "unknown-event", 5)],
        ),
        (
            "a wait for no condition",
            vec![r#"{ say = "w", wait = { until = { events = [] }, within = "1h" } }"#.into()],
            &[("error", "no-condition", 5)],
        ),
        (
            "a value that nobody reads",
            vec![
                look.into(),
                r#"{ say = "b", set_value = { name = "Disable MAPI Client Process", data = "mdl.exe" } }"#.into(),
                r#"{ say = "p", poll = true }"#.into(),
            ],
            &[("warning", "unread-value", 6)],
        ),
        (
            "a list with a lint",
            vec![look.into(), r#"{ say = "b", block = { versions = "5.1.0-7.0.0", processes = "*.exe", apply = "now" } }"#.into()],
            &[("warning", "wildcard", 6), ("warning", "exchange-version", 6)],
        ),
        (
            "a list whose lints are looked at",
            vec![
                r#"{ say = "b", block = { processes = "*.exe", apply = "now" } }"#.into(),
                r#"{ say = "e", expect = { lints = [{ list = "processes", code = "wildcard" }] } }"#.into(),
            ],
            &[],
        ),
    ];
    for (name, steps, wanted) in rows {
        let steps = format!("steps = [\n{},\n]", steps.join(",\n"));
        let found = found(&steps);
        let found: Vec<_> =
            found.iter().map(|(severity, code, line)| (severity.as_str(), *code, *line)).collect();
        assert_eq!(found, *wanted, "{name}");
    }
}

#[test]
fn no_scenario_of_the_fixtures_has_an_error() {
    for file in files(&root().join("fixtures/scenarios"), ".toml") {
        let scenario = Scenario::parse(&text(&file)).unwrap();
        let errors: Vec<_> = lint_scenario(&scenario)
            .into_iter()
            .filter(|finding| finding.severity == FindingSeverity::Error)
            .collect();
        assert_eq!(errors, [], "{}", file.display());
    }
}
