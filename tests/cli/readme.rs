//! The screens of curl and of commands in the README and beside it, run as they stand.

use std::path::PathBuf;
use std::process::{Command, Output};

use super::process::{Serving, exstore};
use crate::workspace::{root, text};

/// The block of the README that begins so.
fn screen(beginning: &str) -> String {
    screen_of("README.md", beginning)
}

fn screen_of(document: &str, beginning: &str) -> String {
    let document = text(&root().join(document));
    let mut blocks = document.split("```sh\n").filter_map(|block| block.split("```").next());
    blocks.find(|block| block.starts_with(beginning)).expect("the screen").to_owned()
}

/// What each curl of a screen answered, against a server of its own.
fn answers(screen: &str) -> Vec<String> {
    let serving = Serving::start(&["--clock", "manual"]);
    let screen = screen.replace("http://127.0.0.1:8135", serving.control());
    // Each command's answer on a line of its own.
    let screen = screen.replace("\ncurl ", "\necho; curl ");
    let said = said(&Command::new("bash").args(["-euc", &screen]).output().expect("bash and curl"));
    said.lines().skip(1).map(str::to_owned).collect()
}

fn said(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

#[test]
fn the_screen_of_curl_tells_the_story() {
    let answers = answers(&screen("S="));
    let told = [
        "\"state\":\"connected\"",
        "\"state\":\"connected\"",
        "\"in_force\":false",
        "\"total\":4",
        "\"disconnected\":3",
        "\"type\":\"session.disconnected\"",
        "\"state\":\"refused\",\"outcome\":\"ecClientVerDisallowed\"",
        "\"decision\":\"forbidden\"",
        "\"action\":\"refused\"",
        "\"items\":[]",
        "\"changed\":true",
        "\"state\":\"connected\"",
    ];
    assert_tells(&answers, &told);
}

fn assert_tells(answers: &[String], told: &[&str]) {
    assert_eq!(answers.len(), told.len(), "{answers:#?}");
    for (answer, told) in answers.iter().zip(told) {
        assert!(answer.contains(told), "no `{told}` in {answer}");
    }
}

#[test]
fn the_screen_of_snapshots_goes_back() {
    let told = [
        "\"in_force\":true",
        "\"state\":\"connected\"",
        "\"polls_run\":0",
        "\"name\":\"arranged\"",
        "\"in_force\":false",
        "\"disconnected\":3",
        "\"total\":0",
        "\"cursor\":\"2-1\"",
        "\"total\":3",
        "\"state\":\"connected\"",
    ];
    assert_tells(&answers(&screen_of("docs/snapshots.md", "S=")), &told);
}

#[test]
fn the_screen_of_commands_tells_it_too() {
    let serving = Serving::start(&["--clock", "manual"]);
    let program = PathBuf::from(exstore().get_program());
    let folder = program.parent().expect("its folder").display().to_string();
    let screen = format!("PATH={folder}:$PATH\n{}", screen("exstore client"));
    let output = Command::new("bash")
        .args(["-euc", &screen])
        .env("EXSTORE_CONTROL", serving.control())
        .output()
        .expect("bash runs");
    let said = said(&output);
    for told in
        ["  | ^^^^^^^", "disconnected     3", "Forbidden: ", "\"type\":\"session.disconnected\""]
    {
        assert!(said.contains(told), "no `{told}` in {said}");
    }
}
