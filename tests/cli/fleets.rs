//! `fleet run`, `fleet lint` and `fleet deploy`.

use std::fs;
use std::process::Command;

use serde_json::Value;

use super::process::{Serving, exstore, run, scratch};
use crate::workspace::root;

const COMPANY: &str = r#"
name = "a company"

[[groups]]
name = "office"
program = "OUTLOOK.EXE"
clients = 6
connections = 2
arrive = { over = "20m", spread = "random" }

[[groups]]
name = "beta"
process = "mdl.exe"
clients = 4
on_refused = { reconnect = "back_off", delay = "1m" }
on_disconnect = { reconnect = "fixed", delay = "10s" }
"#;

fn file(name: &str, text: &str) -> String {
    let path = scratch(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn said(words: &[&str]) -> String {
    let output = run(words);
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{words:?}: {out}{err}");
    out.into_owned()
}

/// The report of a day of the company in which `mdl.exe` is listed after half an hour.
fn report(more: &[&str]) -> Value {
    let fleet = file(&format!("company{}.toml", more.join("").replace('/', "")), COMPANY);
    let day = ["fleet", "run", &fleet, "--block", "mdl.exe", "--block-after", "30m", "--for", "2h"];
    serde_json::from_str(&said(&[&day[..], &["-o", "json"], more].concat())).unwrap()
}

#[test]
fn a_day_of_a_fleet_tells_who_was_hit_and_is_the_same_each_time() {
    let first = report(&[]);
    let hit = &first["hit"]["rows"][0];
    assert_eq!(
        (&hit["group"], &hit["program"], &hit["cut_off"]),
        (&"beta".into(), &"mdl.exe".into(), &4.into()),
        "{first:#}"
    );
    assert_eq!(first["totals"]["connected"], 16, "{first:#}");
    assert_eq!(first, report(&[]));
    assert_ne!(first, report(&["--seed", "0x1"]));
}

#[test]
fn a_day_over_tcp_and_on_a_running_server_comes_to_the_same_report() {
    let pipe = report(&[]);
    assert_eq!(pipe, report(&["--transport", "tcp"]));
    let serving = Serving::start(&["--clock", "manual", "--seed", "0x0"]);
    let fleet = file("company-there.toml", COMPANY);
    let day = ["fleet", "run", &fleet, "--block", "mdl.exe", "--block-after", "30m", "--for", "2h"];
    let there = said(&[&day[..], &["-o", "json", "--control", serving.control()]].concat());
    assert_eq!(serde_json::from_str::<Value>(&there).unwrap()["hit"], pipe["hit"]);
}

/// A process that may have 2,048 descriptors can't have both ends of 1,040 connections: the clients' are with a process that it
/// starts.
#[test]
fn a_helper_that_holds_the_clients_sockets_changes_nothing_of_the_report() {
    let crowd = "[[groups]]\nname = \"beta\"\nprocess = \"mdl.exe\"\nclients = 1040\n";
    let crowd = file("crowd.toml", crowd);
    let day = ["fleet", "run", &crowd, "--block", "mdl.exe", "--block-after", "10m"];
    let day = [&day[..], &["--for", "20m", "-o", "json"]].concat();
    let limited = Command::new("sh")
        .args(["-c", "ulimit -n 2048 && exec \"$0\" \"$@\""])
        .arg(exstore().get_program())
        .args(&day)
        .args(["--transport", "tcp"])
        .output()
        .expect("sh runs");
    let err = String::from_utf8_lossy(&limited.stderr).into_owned();
    assert_eq!(limited.status.code(), Some(0), "{err}");
    let held: Value = serde_json::from_slice(&limited.stdout).unwrap();
    assert_eq!(held["totals"]["connected"], 1_040, "{held:#}");
    assert_eq!(held, serde_json::from_str::<Value>(&said(&day)).unwrap());
}

#[test]
fn the_journal_of_a_day_gives_the_report_again_and_its_record_is_replayed() {
    let paths = ["day.jsonl", "day.recording", "day.html"].map(scratch);
    let [journal, record, page] = paths.each_ref().map(|path| path.to_str().unwrap());
    let first = report(&["--journal", journal, "--record", record, "--html", page]);
    let again = said(&["report", journal, "-o", "json"]);
    assert_eq!(serde_json::from_str::<Value>(&again).unwrap()["hit"], first["hit"]);
    assert!(fs::read_to_string(page).unwrap().contains("<svg"));
    let replayed = said(&["replay", record]);
    assert!(replayed.contains("the same"), "{replayed}");
}

#[test]
fn lint_tells_who_is_in_a_fleet_and_where_one_is_wrong() {
    let told = said(&["fleet", "lint", &file("company-lint.toml", COMPANY)]);
    assert!(told.contains("10 clients with 16 connections"), "{told}");
    let wrong = file("wrong.toml", "[[groups]]\nname = \"a\"\nclients = 1\nprogramm = \"x\"\n");
    let output = run(&["fleet", "lint", &wrong]);
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(7), "{err}");
    assert!(err.contains("line 4, column 1") && err.contains("^"), "{err}");
    for path in crate::workspace::files(&root().join("fixtures/fleets"), ".toml") {
        said(&["fleet", "lint", path.to_str().unwrap()]);
    }
}

#[test]
fn deploy_brings_a_fleet_into_a_store_that_goes_on() {
    let serving = Serving::start(&["--clock", "manual"]);
    let fleet = file("company-deployed.toml", COMPANY);
    let told = said(&["fleet", "deploy", "--control", serving.control(), &fleet]);
    assert!(told.contains("office") && told.contains("beta"), "{told}");
    let clients = said(&["client", "list", "--control", serving.control(), "-o", "jsonl"]);
    assert_eq!(clients.lines().count(), 16);
}

#[test]
fn a_list_that_is_written_after_the_day_is_a_usage_error() {
    let fleet = file("company-late.toml", COMPANY);
    let output = run(&["fleet", "run", &fleet, "--block", "mdl.exe", "--for", "1h"]);
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{err}");
    assert!(err.contains("--block-after"), "{err}");
}
