//! `report`.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use super::process::{exstore, run, scratch};
use crate::workspace::root;

/// The journal of a scenario of the fixtures, in a file of its own.
fn journal(scenario: &str, name: &str) -> String {
    let path = scratch(name).to_str().unwrap().to_owned();
    let scenario = root().join("fixtures/scenarios").join(scenario);
    let output = run(&["scenario", "run", scenario.to_str().unwrap(), "--journal", &path]);
    assert_eq!(output.status.code(), Some(0));
    path
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_article_s_story_is_told_from_its_journal() {
    let journal = journal("kb-920185-note.toml", "report-note.jsonl");
    let output = run(&["report", &journal]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    insta::assert_snapshot!(text(&output.stdout));
}

#[test]
fn json_has_what_the_text_tells_and_the_page_is_one_file() {
    let journal = journal("restart-instead-of-waiting.toml", "report-restart.jsonl");
    let page = scratch("report-restart.html");
    let output = run(&["report", &journal, "-o", "json", "--html", page.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["format"], "exstore-report/1");
    assert!(1 <= report["totals"]["disconnected"]["restart"].as_u64().unwrap());
    let page = fs::read_to_string(page).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
    assert!(!page.contains("<script"));
}

#[test]
fn the_same_journal_makes_the_same_report() {
    let journal = journal("failover-per-node.toml", "report-twice.jsonl");
    let report = || run(&["report", &journal, "-o", "jsonl"]).stdout;
    assert_eq!(text(&report()), text(&report()));
}

#[test]
fn a_recording_makes_the_report_of_the_journal_of_the_same_run() {
    let [journal, recording] = ["report-same.jsonl", "report-same.rec"].map(scratch);
    let [journal, recording] = [&journal, &recording].map(|path| path.to_str().unwrap());
    let scenario = root().join("fixtures/scenarios/kb-920185-note.toml");
    let scenario = scenario.to_str().unwrap();
    let output = run(&["scenario", "run", scenario, "--journal", journal, "--record", recording]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let report = |file: &str| run(&["report", file, "-o", "json"]);
    let [of_journal, of_recording] = [report(journal), report(recording)];
    assert_eq!(of_recording.status.code(), Some(0), "{}", text(&of_recording.stderr));
    assert!(!of_journal.stdout.is_empty());
    assert_eq!(text(&of_recording.stdout), text(&of_journal.stdout));

    let whole = fs::read(recording).unwrap();
    fs::write(recording, &whole[..whole.len() - 10]).unwrap();
    let told: Value = serde_json::from_slice(&report(recording).stdout).unwrap();
    assert_eq!(told["journal"]["cut_off"], true);
}

#[test]
fn stdin_is_read_and_a_last_line_that_is_cut_off_is_told() {
    let journal = fs::read(journal("late-name.toml", "report-stdin.jsonl")).unwrap();
    let mut child = exstore()
        .args(["report", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&journal[..journal.len() - 10]).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("The last line is cut off, and is not counted."));
}

#[test]
fn a_file_that_is_no_journal_is_refused_with_its_line() {
    let path = scratch("report-bad.jsonl");
    let good = r#"{"seq":1,"at":"2006-04-22T08:00:00Z","cause":"start","type":"store.started"}"#;
    fs::write(&path, format!("{good}\n{{\"seq\": two}}\n{good}\n")).unwrap();
    let path = path.to_str().unwrap();
    for (file, said) in [
        (path, format!("`{path}` line 2: it is no entry of a journal")),
        ("/no/such.journal", "can't read `/no/such.journal`".to_owned()),
    ] {
        let output = run(&["report", file]);
        assert_eq!(output.status.code(), Some(7), "{file}");
        let stderr = text(&output.stderr);
        assert!(stderr.contains(&said) && stderr.contains("hint:"), "{stderr}");
        assert!(output.stdout.is_empty());
    }
}
