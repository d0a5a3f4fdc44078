//! `--record` and `replay`.

use std::fs;
use std::path::PathBuf;

use control::recording::{Chain, Line};
use serde_json::Value;

use super::process::{Serving, exstore, run, scratch};
use crate::server::wire_client::WireClient;
use crate::workspace::root;

fn scenario(name: &str) -> String {
    root().join("fixtures/scenarios").join(name).to_str().expect("a path").to_owned()
}

/// A scenario, recorded.
fn recorded(name: &str, transport: &str, file: &str) -> PathBuf {
    let path = scratch(file);
    let record = path.to_str().expect("a path");
    let scenario = scenario(name);
    let output = run(&["scenario", "run", &scenario, "--transport", transport, "--record", record]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    path
}

/// The exit code of a replay, what it said on stdout, and on stderr.
fn replay(path: &PathBuf, more: &[&str]) -> (Option<i32>, String, String) {
    let output = exstore().arg("replay").arg(path).args(more).output().expect("exstore runs");
    let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    (output.status.code(), out, err)
}

/// The recording with something else in one line, and every hash as it would be then.
fn rewritten(text: &str, what: &str, instead: &str) -> (String, usize) {
    let (mut chain, mut changed) = (Chain::default(), 0);
    let lines = text.lines().enumerate().map(|(at, line)| {
        let (line, _) = line.rsplit_once(",\"hash\":").expect("it has a hash");
        let mut line = format!("{line}}}");
        if changed == 0 && line.contains(what) {
            line = line.replacen(what, instead, 1);
            changed = at + 1;
        }
        let line: Line = serde_json::from_str(&line).expect("a line");
        chain.seal(&line) + "\n"
    });
    (lines.collect(), changed)
}

#[test]
fn a_scenario_recorded_twice_gives_one_file_and_both_transports_are_replayed() {
    for transport in ["pipe", "tcp"] {
        let name = |number: u32| format!("{transport}-{number}.rec");
        let [first, second] =
            [1, 2].map(|number| recorded("kb-920185-note.toml", transport, &name(number)));
        assert_eq!(fs::read(&first).unwrap(), fs::read(&second).unwrap(), "{transport}");
        let (code, out, err) = replay(&first, &[]);
        assert_eq!(code, Some(0), "{transport}: {out}{err}");
        assert!(out.contains("entries, the same hashes: ") && err.is_empty(), "{out}{err}");
    }
}

/// The commands that docs/recordings.md begins with, and what it shows that they say.
#[test]
fn the_first_example_of_the_document_is_true() {
    let document = crate::workspace::text(&root().join("docs/recordings.md"));
    let (_, example) = document.split_once("```console\n").expect("an example");
    let mut lines = example.lines();
    let records = "$ exstore scenario run fixtures/scenarios/kb-920185-note.toml --record note.rec";
    assert_eq!(lines.next(), Some(records));
    assert_eq!(lines.next(), Some("$ exstore replay note.rec"));
    let shown = lines.next().and_then(|line| line.strip_suffix('…')).expect("the first of a hash");
    let path = recorded("kb-920185-note.toml", "pipe", "document.rec");
    let (code, out, err) = replay(&path, &[]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.starts_with(shown), "{out} is not {shown}");
}

#[test]
fn a_replay_says_as_json_what_came_of_it() {
    let path = recorded("failover-checkpointed.toml", "pipe", "json.rec");
    let (code, out, _) = replay(&path, &["-o", "json"]);
    let report: Value = serde_json::from_str(&out).expect("an object");
    let text = fs::read_to_string(&path).unwrap();
    let end = text.lines().last().expect("it ends");
    let end: Value = serde_json::from_str(end).expect("a line");
    assert_eq!(code, Some(0));
    assert_eq!((&report["same"], &report["whole"]), (&true.into(), &true.into()));
    assert_eq!(report["entries"], end["end"]["entries"]);
    assert_eq!(report["inputs"], end["end"]["inputs"]);
    assert_eq!(report["hash"], end["hash"]);
}

#[test]
fn a_changed_byte_is_named_with_its_line_and_nothing_is_replayed() {
    let path = recorded("kb-920185-note.toml", "pipe", "changed.rec");
    let text = fs::read_to_string(&path).unwrap();
    let (before, _) = text.split_once("session.refused").expect("somebody is refused");
    let line = before.lines().count();
    fs::write(&path, text.replacen("session.refused", "session.refusee", 1)).unwrap();
    let (code, out, err) = replay(&path, &[]);
    assert_eq!(code, Some(7), "{err}");
    assert!(err.contains(&format!("line {line} was changed after it was recorded")), "{err}");
    assert!(out.is_empty());
}

#[test]
fn an_entry_altered_with_all_hashes_is_the_first_that_differs() {
    let path = recorded("kb-920185-note.toml", "pipe", "altered.rec");
    let text = fs::read_to_string(&path).unwrap();
    let (altered, line) = rewritten(&text, r#""reason":"policy""#, r#""reason":"admin""#);
    assert_ne!(line, 0);
    fs::write(&path, altered).unwrap();
    let (code, _, err) = replay(&path, &[]);
    assert_eq!(code, Some(1), "{err}");
    for said in [
        &format!("is not what was recorded in line {line}"),
        "reason: recorded admin, replayed policy",
        "after input 5 (line ",
        "POST /v1/stores/default/clock/advance",
    ] {
        assert!(err.contains(said), "`{said}` in {err}");
    }
    let (_, out, _) = replay(&path, &["-o", "json"]);
    let report: Value = serde_json::from_str(&out).expect("an object");
    assert_eq!(report["same"], false);
    assert_eq!(report["difference"]["line"], line);
    let reason = &report["difference"]["fields"][0];
    assert_eq!(reason["name"], "reason");
    assert_eq!(reason["replayed"], "policy");
}

#[test]
fn an_input_altered_or_left_out_shows_in_what_follows() {
    let path = recorded("kb-920185-note.toml", "pipe", "input.rec");
    let text = fs::read_to_string(&path).unwrap();
    let (altered, line) =
        rewritten(&text, "2006-04-22T08:15:00Z\\\"}", "2006-04-22T08:16:00Z\\\"}");
    fs::write(&path, altered).unwrap();
    let (code, _, err) = replay(&path, &[]);
    assert_eq!(code, Some(1), "{err}");
    assert_ne!(line, 0);
    assert!(err.contains("target: recorded") && err.contains("clock/advance"), "{err}");
    // Of another version that has no such route.
    let (altered, _) = rewritten(&text, "/clock/advance", "/clock/gone");
    fs::write(&path, altered).unwrap();
    let (code, _, err) = replay(&path, &[]);
    assert_eq!(code, Some(1), "{err}");
}

#[test]
fn one_that_breaks_off_is_replayed_as_far_as_it_goes() {
    let path = recorded("kb-920185-note.toml", "pipe", "torn.rec");
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let of_entry = lines.iter().position(|line| line.contains("session.disconnected")).unwrap();
    let whole: String = lines[..=of_entry].iter().map(|line| format!("{line}\n")).collect();
    fs::write(&path, &whole).unwrap();
    let (code, out, err) = replay(&path, &[]);
    assert_eq!(code, Some(7), "{err}");
    assert!(err.contains("note: the recording was not ended"), "{err}");
    assert!(err.contains("error: the recording is not whole"), "{err}");
    assert!(out.contains("5 inputs") && out.contains("the same as far as it goes: "), "{out}");
    assert!(!out.contains("the same hashes"), "{out}");
    let (code, json, _) = replay(&path, &["-o", "json"]);
    let report: Value = serde_json::from_str(&json).expect("an object");
    assert_eq!((&report["same"], &report["whole"]), (&true.into(), &false.into()));
    assert_eq!(code, Some(7));
    // What comes before the entry that is asked for is all there.
    assert_eq!(replay(&path, &["--until", "2-7"]).0, Some(0));
    fs::write(&path, format!("{whole}{}", lines[of_entry + 1].split_at(40).0)).unwrap();
    let (code, again, err) = replay(&path, &[]);
    assert_eq!(code, Some(7), "{err}");
    assert!(err.contains(&format!("breaks off in line {}", of_entry + 2)), "{err}");
    assert_eq!(again, out);
}

#[test]
fn one_that_could_not_be_recorded_any_more_is_not_whole() {
    let path = recorded("kb-920185-note.toml", "pipe", "broken.rec");
    let text = fs::read_to_string(&path).unwrap();
    let (end, _) =
        text.trim_end().rsplit_once('\n').expect("lines").1.rsplit_once(",\"hash\":").unwrap();
    let (broken, line) = rewritten(&text, end, r#"{"broken":{"reason":"the disk is full"}"#);
    assert_eq!(line, text.lines().count());
    fs::write(&path, broken).unwrap();
    let (code, out, err) = replay(&path, &[]);
    assert_eq!(code, Some(7), "{err}");
    assert!(out.contains("the same as far as it goes: "), "{out}");
    assert!(err.contains(&format!("ended early, in line {line}: the disk is full")), "{err}");
}

#[test]
fn a_replay_stops_where_it_is_told() {
    let path = recorded("kb-920185-note.toml", "pipe", "until.rec");
    let (code, out, _) = replay(&path, &["--until", "2-7"]);
    assert_eq!(code, Some(0));
    assert!(out.starts_with("2 inputs, 10 entries"), "{out}");
    let (code, _, err) = replay(&path, &["--until", "3-1"]);
    assert_eq!(code, Some(4), "{err}");
    assert_eq!(replay(&path, &["--until", "soon"]).0, Some(2));
}

#[test]
fn what_is_no_recording_is_refused() {
    let path = scratch("none.rec");
    fs::write(&path, "{\"seq\":1}\n").unwrap();
    let (code, _, err) = replay(&path, &[]);
    assert_eq!(code, Some(7));
    assert!(err.contains("it is no recording") && err.contains("--record"), "{err}");
}

#[test]
fn only_a_manual_clock_is_recorded() {
    let path = scratch("real.rec");
    let record = path.to_str().expect("a path");
    let output =
        run(&["serve", "--control", "127.0.0.1:0", "--rpc", "127.0.0.1:0", "--record", record]);
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{err}");
    assert!(err.contains("manual clock") && err.contains("--clock manual"), "{err}");
}

#[test]
fn a_server_s_recording_ends_with_it_and_one_that_is_killed_leaves_what_was_done() {
    for (signal, ended) in [("-TERM", true), ("-KILL", false)] {
        let code = ended.then_some(0);
        let path = scratch(&format!("serve{signal}.rec"));
        let record = path.to_str().expect("a path");
        let serving = Serving::start(&["--clock", "manual", "--record", record]);
        let add = ["client", "add", "--process", "mdl.exe", "--control", serving.control()];
        assert_eq!(run(&add).status.code(), Some(0));
        let advance = ["clock", "advance", "--by", "1h", "--control", serving.control()];
        assert_eq!(run(&advance).status.code(), Some(0));
        assert_eq!(serving.end_with(signal), code);
        let (code, out, err) = replay(&path, &[]);
        assert_eq!(code, Some(if ended { 0 } else { 7 }), "{signal}: {err}");
        assert!(out.starts_with("2 inputs"), "{signal}: {out}");
        assert_eq!(err.is_empty(), ended, "{signal}: {err}");
    }
}

#[test]
fn a_client_that_nobody_injected_is_named_before_anything_is_replayed() {
    let path = scratch("foreign.rec");
    let record = path.to_str().expect("a path");
    let serving = Serving::start(&["--clock", "manual", "--record", record]);
    let rpc = serving.ready["stores"]["default"]["rpc"].as_str().expect("a port");
    drop(WireClient::bind(rpc.parse().expect("an address"), None).connect(Some("real.exe")));
    let add = ["client", "add", "--process", "a.exe", "--control", serving.control()];
    assert_eq!(run(&add).status.code(), Some(0));
    assert_eq!(serving.end_with("-TERM"), Some(0));
    let (code, _, err) = replay(&path, &[]);
    assert_eq!(code, Some(1), "{err}");
    let (note, difference) =
        (err.find("a client connected that was not injected"), err.find("error: "));
    assert!(note.is_some() && note < difference, "{err}");
}
