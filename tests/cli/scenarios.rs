//! `demo` and `scenario run`.

use std::fs;

use super::process::{Serving, run, scratch};
use crate::workspace::{files, root};

fn demo(transport: &str, journal: &str) -> (String, String) {
    acts("both", transport, journal)
}

fn acts(act: &str, transport: &str, journal: &str) -> (String, String) {
    let journal = scratch(journal);
    let how = ["--act", act, "--transport", transport, "--journal", journal.to_str().unwrap()];
    let output = run(&[&["demo"][..], &how].concat());
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}{}", String::from_utf8_lossy(&output.stderr));
    (said, fs::read_to_string(journal).unwrap())
}

#[test]
fn the_demo_twice_gives_byte_identical_journals() {
    let (first, second) = (demo("pipe", "first.jsonl"), demo("pipe", "second.jsonl"));
    assert_eq!(first.1, second.1);
    assert_eq!(first.0, second.0);
    assert!(30 < first.1.lines().count());
}

#[test]
fn the_demo_over_tcp_tells_the_same_story() {
    let (pipe, tcp) = (demo("pipe", "pipe.jsonl"), demo("tcp", "tcp.jsonl"));
    let same = |journal: &str| {
        let lines = journal.lines().map(|line| {
            let mut entry: serde_json::Value = serde_json::from_str(line).unwrap();
            // What differs is what differs: how the bytes travelled, and from where.
            let fields = entry.as_object_mut().unwrap();
            fields.remove("transport");
            fields.remove("address");
            entry.to_string()
        });
        lines.collect::<Vec<_>>()
    };
    assert_eq!(same(&pipe.1), same(&tcp.1));
    assert_eq!(pipe.0, tcp.0);
}

#[test]
fn every_line_of_the_story_has_its_time_and_every_end_its_reason() {
    let (said, _) = demo("pipe", "story.jsonl");
    let timed = |line: &str| line.starts_with("2006-04-22T08:");
    assert!(said.lines().all(timed), "{said}");
    let ends: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("disconnected") && line.contains("mdl.exe of"))
        .collect();
    assert!(!ends.is_empty(), "{said}");
    for line in ends {
        let told = line.trim_start().starts_with("2006-04-22T08:15:00Z")
            && line.contains("because")
            && line.contains("poll 2");
        assert!(told, "{line}");
    }
}

#[test]
fn act_one_goes_by_the_procedure_of_the_article() {
    let (said, _) = acts("one", "pipe", "act-one.jsonl");
    let in_order = [
        "ACT ONE",
        "the store starts as build 6.5.7638 ",
        "needs attention  because build 6.5.7638",
        "the store stops",
        "build 6.5.7651.19 is installed over 6.5.7638",
        "the store starts as build 6.5.7651.19 ",
        "Exosal.dll  6.5.7651.19     70,144 bytes  22-Apr-2006 04:43 UTC",
        "Mdbmsg.dll  6.5.7651.19  3,361,280 bytes  22-Apr-2006 03:58 UTC",
        "Store.exe   6.5.7651.19  5,256,704 bytes  22-Apr-2006 04:46 UTC  instead of 6.5.7638",
        "set to `program1.exe; program2.exe`",
        "the store stops",
        "processes `program1.exe`, `program2.exe` added",
        "program1.exe of bob@WKS2 is refused with ecClientVerDisallowed",
        "program2.exe of carol@WKS3 is refused with ecClientVerDisallowed",
        "OUTLOOK.EXE of alice@WKS1 connects",
    ];
    let mut rest = said.as_str();
    for told in in_order {
        let (_, after) = rest.split_once(told).unwrap_or_else(|| panic!("no `{told}` in\n{rest}"));
        rest = after;
    }
    insta::assert_snapshot!(said);
}

#[test]
fn the_demo_is_its_two_acts_one_after_the_other() {
    let act = |act| acts(act, "pipe", &format!("act-{act}-alone.jsonl"));
    let (one, two, both) = (act("one"), act("two"), act("both"));
    assert_eq!(both.0, one.0 + &two.0);
    assert_eq!(both.1, one.1 + &two.1);
}

#[test]
fn every_scenario_of_the_fixtures_is_met() {
    let scenarios = files(&root().join("fixtures/scenarios"), ".toml");
    assert!(!scenarios.is_empty());
    let paths: Vec<&str> = scenarios.iter().map(|path| path.to_str().unwrap()).collect();
    for transport in ["pipe", "tcp"] {
        let how = ["scenario", "run", "--transport", transport];
        let output = run(&[&how, paths.as_slice()].concat());
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{transport}: {said}{why}");
    }
}

#[test]
fn a_scenario_runs_on_a_server_that_is_there() {
    let serving = Serving::start(&["--clock", "manual"]);
    let fixture = |name: &str| {
        let path = root().join("fixtures/scenarios").join(name);
        path.to_str().unwrap().to_owned()
    };
    // Neither a build nor a cluster is left to the next scenario.
    let [note, procedure, failover] =
        ["kb-920185-note.toml", "kb-920185-procedure.toml", "failover-per-node.toml"].map(fixture);
    for transport in ["pipe", "tcp"] {
        let played = ["scenario", "run", &procedure, &failover, &note];
        let on = ["--control", serving.control(), "--transport", transport];
        let output = run(&[&played[..], &on].concat());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let nobody = run(&["scenario", "run", &note, "--control", "http://127.0.0.1:1"]);
    assert_eq!(nobody.status.code(), Some(3), "{}", String::from_utf8_lossy(&nobody.stderr));
}

#[test]
fn a_scenario_that_is_not_met_fails_and_says_what_was_found() {
    let file = scratch("not-met.toml");
    let text = r#"
name = "not met"
about = "an expectation that is wrong"
start = "2006-04-22T08:00:00Z"

[[steps]]
say = "there is a session"
expect = { sessions = [{ count = 1 }] }
"#;
    fs::write(&file, text).unwrap();
    let output = run(&["scenario", "run", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stderr).contains("not as expected: not met"));
}

#[test]
fn a_file_that_is_no_scenario_is_named_with_line_and_column() {
    let file = scratch("broken.toml");
    fs::write(&file, "name = \"broken\"\nabout = 7\n").unwrap();
    let output = run(&["scenario", "run", file.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(7), "{said}");
    assert!(said.contains("broken.toml") && said.contains("line 2"), "{said}");
}

#[test]
fn a_scenario_that_is_built_in_runs_by_its_name_and_every_fixture_is_one() {
    let output = run(&["scenario", "run", "audit-first"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let listed = run(&["scenario", "list", "-o", "json"]);
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    let folder = root().join("fixtures/scenarios");
    let of_folder = run(&["scenario", "list", folder.to_str().unwrap(), "-o", "json"]);
    let of_folder: serde_json::Value = serde_json::from_slice(&of_folder.stdout).unwrap();
    let names = |list: &serde_json::Value| {
        let names = list["items"].as_array().unwrap().iter().map(|item| item["name"].to_string());
        names.collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(names(&listed), names(&of_folder));
    assert!(15 <= names(&listed).len());
    let nothing = run(&["scenario", "run", "no-such-scenario"]);
    let said = String::from_utf8_lossy(&nothing.stderr).into_owned();
    assert_eq!(nothing.status.code(), Some(7), "{said}");
    assert!(said.contains("exstore scenario list"), "{said}");
}

#[test]
fn lint_says_what_looks_wrong_with_line_column_and_carets() {
    let file = scratch("lint.toml");
    let text = r#"name = "slips"
about = "two slips"
start = "2006-04-22T08:00:00Z"

[[steps]]
say = "a program"
inject = [{ process = "mdl.exe" }]

[[steps]]
say = "listed with a slip"
block = { processes = "mld.exe" }

[[steps]]
say = "gone at once"
expect = { events = [{ type = "session.disconnected" }] }
"#;
    fs::write(&file, text).unwrap();
    let output = run(&["scenario", "lint", file.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stdout).replace(file.to_str().unwrap(), "lint.toml");
    assert_eq!(output.status.code(), Some(7), "{said}");
    insta::assert_snapshot!(said, @"
    warning[nearly-a-process]: no client names `mld.exe`
     --> lint.toml:11:23
      |
      | block = { processes = \"mld.exe\" }
      |                       ^^^^^^^^^
      = hint: did you mean `mdl.exe`?

    warning[edit-not-taken-up]: nothing takes this edit up before the end: the store looks at its next poll
     --> lint.toml:11:9
      |
      | block = { processes = \"mld.exe\" }
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^
      = hint: advance the clock, poll or restart after it, or leave it out

    error[expected-of-an-edit]: the step before is an edit, which causes no `session.disconnected`: the store has not looked
     --> lint.toml:15:22
      |
      | expect = { events = [{ type = \"session.disconnected\" }] }
      |                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = hint: advance the clock, poll or restart in between
    ");
    let json = run(&["scenario", "lint", file.to_str().unwrap(), "-o", "jsonl"]);
    let first = String::from_utf8_lossy(&json.stdout).lines().next().unwrap().to_owned();
    let first: serde_json::Value = serde_json::from_str(&first).unwrap();
    assert_eq!((&first["line"], &first["code"]), (&11.into(), &"nearly-a-process".into()));
    let broken = scratch("broken-lint.toml");
    fs::write(&broken, "name = \"broken\"\nabout = 7\n").unwrap();
    let output = run(&["scenario", "lint", broken.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(7), "{said}");
    assert!(said.contains("  | about = 7\n  |         ^"), "{said}");
}

#[test]
fn the_schema_is_printed() {
    let output = run(&["scenario", "schema"]);
    let schema: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(schema, simulator::schema());
}
