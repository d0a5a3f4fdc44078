//! `exstore run`: a program beside a store of its own.

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

use super::process::{exstore, run, scratch};

fn beside_a_store(flags: &[&str], script: &str) -> Output {
    let command = ["--", "sh", "-euc", script];
    exstore().arg("run").args(flags).args(command).output().expect("exstore runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_program_finds_its_store_without_a_flag() {
    let script = r#"
        "$EXSTORE_PROGRAM" client add --process mdl.exe -o jsonl
        "$EXSTORE_PROGRAM" block-list set processes mdl.exe -o jsonl >/dev/null
        "$EXSTORE_PROGRAM" clock advance --next poll -o jsonl
        echo "$EXSTORE_CONTROL $EXSTORE_RPC $EXSTORE_STORE ${EXSTORE_EPM-none}"
    "#;
    let output = beside_a_store(&["--now", "2006-04-22T08:00:00Z"], script);
    let said = stdout(&output);
    assert!(output.status.success(), "{said}{}", stderr(&output));
    assert_eq!(stderr(&output), "", "nothing is told of a program that is content");
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].contains("\"state\":\"connected\""), "{said}");
    assert!(
        lines[1].contains("\"now\":\"2006-04-22T08:15:00Z\",\"polls_run\":1,\"disconnected\":1"),
        "{said}"
    );
    let words: Vec<&str> = lines[2].split(' ').collect();
    assert!(
        words[0].starts_with("http://127.0.0.1:") && words[1].starts_with("127.0.0.1:"),
        "{said}"
    );
    assert_eq!(words[2..], ["default", "none"]);
    let with_mapper = beside_a_store(&["--epm", "127.0.0.1:0"], r#"echo "$EXSTORE_EPM""#);
    assert!(stdout(&with_mapper).starts_with("127.0.0.1:"));
}

#[test]
fn the_exit_code_is_the_program_s() {
    let rows = [
        ("content", "exit 0", 0),
        ("not content", "exit 3", 3),
        ("the highest", "exit 255", 255),
        ("ended by a signal", "kill -TERM $$", 143),
        ("killed", "kill -KILL $$", 137),
    ];
    for (row, script, code) in rows {
        assert_eq!(beside_a_store(&[], script).status.code(), Some(code), "{row}");
    }
    let file = scratch("not-a-program");
    std::fs::write(&file, "#!/bin/sh\n").expect("the file is written");
    let missing = run(&["run", "--", "exstore-is-not-there"]);
    assert_eq!(missing.status.code(), Some(127));
    assert!(
        stderr(&missing).contains("`exstore-is-not-there` can't be run"),
        "{}",
        stderr(&missing)
    );
    let not_run = run(&["run", "--", file.to_str().expect("a path")]);
    assert_eq!(not_run.status.code(), Some(126), "it has no right to be run");
    assert_eq!(run(&["run"]).status.code(), Some(2), "no program");
    assert_eq!(run(&["run", "--control", "0.0.0.0:0", "--", "true"]).status.code(), Some(2));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("an address").to_string();
    assert_eq!(run(&["run", "--rpc", &taken, "--", "true"]).status.code(), Some(70));
}

#[test]
fn of_a_program_that_fails_it_is_told_what_happened_in_every_store() {
    let script = r#"
        exec >/dev/null
        "$EXSTORE_PROGRAM" block-list set processes mdl.exe --apply now
        "$EXSTORE_PROGRAM" client add --process mdl.exe
        "$EXSTORE_PROGRAM" store create other
        "$EXSTORE_PROGRAM" client add --process b.exe --store other
        exit 1
    "#;
    let output = beside_a_store(&[], script);
    assert_eq!(output.status.code(), Some(1));
    let told = stderr(&output);
    let (default, other) = told
        .strip_prefix("what happened in the store `default`:\n")
        .and_then(|told| told.split_once("what happened in the store `other`:\n"))
        .unwrap_or_else(|| panic!("{told}"));
    let why = "because it matches item 1 `mdl.exe` of \"Disable MAPI Client Processes\"";
    assert!(default.contains("is refused") && default.contains(why), "{told}");
    assert!(other.contains("b.exe of user1@WKS1 connects"), "{told}");
}

#[test]
fn stdin_is_the_program_s_and_so_is_what_it_says() {
    let mut child = exstore()
        .args(["run", "--", "cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("exstore runs");
    use std::io::Write;
    child.stdin.take().expect("it is piped").write_all(b"as it is\n").expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((stdout(&output).as_str(), output.status.code()), ("as it is\n", Some(0)));
}

#[test]
fn signals_are_handed_on() {
    for (signal, code) in [("TERM", 41), ("HUP", 42), ("INT", 43), ("QUIT", 44)] {
        // A shell runs its trap between two commands.
        let script =
            format!("trap 'exit {code}' {signal}; echo ready; while :; do sleep 0.05; done");
        let mut child = exstore()
            .args(["run", "--", "sh", "-c", &script])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("exstore runs");
        let mut line = String::new();
        let mut said = BufReader::new(child.stdout.take().expect("it is piped"));
        said.read_line(&mut line).expect("it is ready");
        let id = child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{signal}"), &id]).status();
        assert!(sent.expect("kill runs").success());
        assert_eq!(child.wait().expect("it ends").code(), Some(code), "{signal}");
    }
}

#[test]
fn the_journal_is_written_as_serve_writes_it() {
    let file = scratch("run.jsonl");
    let output = beside_a_store(
        &["--journal", file.to_str().expect("a path")],
        r#""$EXSTORE_PROGRAM" poll now"#,
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let journal = std::fs::read_to_string(&file).expect("a journal");
    assert_eq!(journal.matches("\"type\":\"poll.completed\"").count(), 2, "{journal}");
    assert!(journal.lines().last().is_some_and(|line| line.contains("store.stopped")), "{journal}");
}
