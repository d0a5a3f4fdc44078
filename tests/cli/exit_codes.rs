//! Every exit code of the table is produced here, and the table is held against what was produced.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::contract::ask;
use super::process::{exstore, run};
use super::transcript::serving;
use crate::workspace::{root, text};

/// The codes that a text lists: of the reference's table, or of `--help`.
fn listed(codes: impl Iterator<Item = String>) -> BTreeSet<i32> {
    codes.filter_map(|code| code.trim().parse().ok()).collect()
}

/// `events follow`, ended by ^C.
fn interrupted(control: &str) -> Option<i32> {
    let mut child = exstore()
        .args(["events", "follow", "--control", control])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("exstore runs");
    let mut line = String::new();
    let mut stderr = BufReader::new(child.stderr.take().expect("it is piped"));
    stderr.read_line(&mut line).expect("it says that it follows");
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().expect("kill runs").success());
    child.wait().expect("it ends").code()
}

#[test]
fn every_exit_code_is_produced_and_listed() {
    let serving = serving();
    let control = serving.control().to_owned();
    let rpc = serving.ready["stores"]["default"]["rpc"].as_str().expect("a port").to_owned();
    let mut made = BTreeSet::new();
    let mut expect = |code: i32, ended: Option<i32>, what: &str| {
        assert_eq!(ended, Some(code), "{what}");
        made.insert(code);
    };
    let rows: [(i32, &[&str]); 10] = [
        (0, &["client", "add", "--process", "mdl.exe"]),
        (0, &["fault", "add", "access_denied", "--next", "1"]),
        (0, &["poll", "now"]),
        (1, &["health"]),
        (2, &["client", "add"]),
        (4, &["client", "show", "9"]),
        (5, &["cluster", "failover"]),
        (7, &["registry", "import", "/is/not/there.reg"]),
        (8, &["client", "delete", "1", "9"]),
        (70, &["serve", "--control", "127.0.0.1:0", "--rpc", &rpc]),
    ];
    for (code, arguments) in rows {
        let ended = exstore().env("EXSTORE_CONTROL", &control).args(arguments).output();
        expect(code, ended.expect("exstore runs").status.code(), &arguments.join(" "));
    }
    let nowhere = ["client", "list", "--control", "http://127.0.0.1:1"];
    expect(3, run(&nowhere).status.code(), "nobody is there");
    expect(6, ask(401, "{}").1, "a server that wants to know who asks");
    expect(130, interrupted(&control), "^C");

    let reference = text(&root().join("docs/cli.md"));
    let (_, table) = reference.split_once("| Code | Meaning |").expect("the table");
    let rows = table.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    assert_eq!(listed(rows.map(str::to_owned)), made, "docs/cli.md");
    let help = String::from_utf8_lossy(&run(&["--help"]).stdout).into_owned();
    let (_, codes) = help.split_once("Exit codes: ").expect("the list");
    let codes = codes.replace('\n', " ");
    let codes = codes.split(", ").filter_map(|code| code.split(' ').next().map(str::to_owned));
    assert_eq!(listed(codes), made, "--help");
}
