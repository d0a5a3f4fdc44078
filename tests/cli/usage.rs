//! What holds for every command: pages, the environment, stdin, and the exit codes.

use super::process::{exstore, scratch};
use super::transcript::{MDL, serving, tell};

#[test]
fn a_list_of_many_pages_is_read_to_its_end() {
    let serving = serving();
    tell(&serving, &["client", "add", "--process", "mdl.exe", "--count", "2500"]);
    for output in ["text", "json", "jsonl"] {
        let told = tell(&serving, &["client", "list", "-o", output]);
        assert!(told.contains("WKS2500"), "{output}");
        if output == "json" {
            let list: serde_json::Value =
                serde_json::from_str(told.lines().nth(1).expect("a line")).expect("JSON");
            assert_eq!(list["items"].as_array().map(Vec::len), Some(2_500));
            assert!(list["next"].is_null());
        }
    }
    let limited = tell(&serving, &["client", "list", "-o", "jsonl", "--limit", "1200"]);
    assert_eq!(limited.lines().filter(|line| line.starts_with('{')).count(), 1_200);
}

#[test]
fn the_environment_says_where_and_how() {
    let serving = serving();
    let with = |name: &str, value: &str| {
        let output = exstore()
            .args(["clock", "show", "--control", serving.control()])
            .env(name, value)
            .output()
            .expect("exstore runs");
        (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code())
    };
    let (said, code) = with("EXSTORE_OUTPUT", "json");
    assert!(said.starts_with("{\"mode\":\"manual\"") && code == Some(0), "{said}");
    assert_eq!(with("EXSTORE_STORE", "other").1, Some(4));
    let (said, code) = with("EXSTORE_CONTROL", "http://127.0.0.1:1");
    assert!(said.starts_with("mode ") && code == Some(0), "the flag comes first");
}

#[test]
fn each_command_has_variables_of_its_own() {
    let serving = serving();
    let with = |arguments: &[&str], name: &str, value: &str| {
        let mut command = exstore();
        command.args(arguments).env("EXSTORE_CONTROL", serving.control()).env(name, value);
        let output = command.output().expect("exstore runs");
        (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code())
    };
    let add = ["client", "add", "-o", "jsonl"];
    let (said, code) = with(&add, "EXSTORE_CLIENT_ADD_PROCESS", "mdl.exe");
    assert!(said.contains("\"process\":\"mdl.exe\"") && code == Some(0), "a flag it needs: {said}");
    let (said, code) = with(&add, "EXSTORE_CLIENT_ADD_NO_PROCESS", "yes");
    assert!(said.contains("\"process\":null") && code == Some(0), "a flag without a value: {said}");
    assert_eq!(with(&add, "EXSTORE_CLIENT_ADD_NO_PROCESS", "perhaps").1, Some(2));
    assert_eq!(with(&add, "EXSTORE_SESSION_LIST_PROCESS", "mdl.exe").1, Some(2), "another's");
    let slow = ["fault", "add", "slow", "--delay", "1m", "-o", "json"];
    let (from, until) = ("2006-04-22T09:00:00Z", "2006-04-22T10:00:00Z");
    let (said, code) = with(&slow, "EXSTORE_FAULT_ADD_BETWEEN", &format!("{from},{until}"));
    assert!(said.contains(from) && said.contains(until) && code == Some(0), "two values: {said}");
    let list = ["session", "list", "-o", "jsonl"];
    let lines =
        |process: &str| with(&list, "EXSTORE_SESSION_LIST_PROCESS", process).0.lines().count();
    assert_eq!((lines("mdl.exe"), lines("b.exe")), (1, 0));
}

#[test]
fn the_help_of_a_command_names_the_variable_of_every_flag() {
    for command in [&["serve"][..], &["client", "add"], &["fault", "set"], &["wait"]] {
        let output = exstore().args(command).arg("--help").env("EXSTORE_STORE", "hidden").output();
        let help = String::from_utf8_lossy(&output.expect("exstore runs").stdout).into_owned();
        let flags = help.lines().filter(|line| line.trim_start().starts_with('-'));
        let flags = flags.filter(|line| line.contains(" --")).count();
        let named = help.matches("[env: EXSTORE_").count();
        assert_eq!(named + 1, flags, "all but --help: {help}");
        assert!(!help.contains("hidden"), "{help}");
    }
}

#[test]
fn a_block_list_comes_from_stdin_too() {
    use std::io::Write;
    use std::process::Stdio;

    let serving = serving();
    let mut child = exstore()
        .args(["block-list", "set", "processes", "-", "--control", serving.control()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("exstore runs");
    child.stdin.take().expect("it is piped").write_all(b"mdl.exe; b.exe\n").expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("\ndata        mdl.exe; b.exe\n"), "{said}");
}

#[test]
fn each_way_to_fail_has_its_exit_code() {
    let serving = serving();
    let missing = scratch("is-not-there.reg");
    let missing = missing.to_str().expect("a path");
    tell(&serving, &MDL);
    tell(&serving, &["client", "disconnect", "1"]);
    let rows: [(&[&str], i32, &str); 17] = [
        (&["client", "add"], 2, "--process <NAME>"),
        (&["client", "show", "one"], 2, "invalid digit"),
        (&["client", "list", "--limit", "0"], 2, "--limit"),
        (&["client", "list", "--control", "localhost"], 2, "no http:// URL"),
        (&["block-list", "show", "programs"], 2, "processes, versions"),
        (&["client", "add", "--process", "a.exe", "--count", "0"], 2, "at #/count"),
        (&["client", "list", "--control", "http://127.0.0.1:1"], 3, "hint: start a store with"),
        (&["client", "show", "9"], 4, "request: "),
        (&["poll", "show", "99"], 4, "hint: `exstore poll list`"),
        (&["clock", "advance", "--to", "2006-01-01T00:00:00Z"], 2, "exstore store reset --now"),
        (&["client", "send", "1"], 5, "hint: `exstore client connect ID`"),
        (&["block-list", "clear", "processes", "--if-cursor", "1-0"], 5, "hint: look at it again"),
        (&["store", "install-hotfix"], 5, "hint: `exstore store build show`"),
        (&["cluster", "failover"], 5, "hint: make it one: `exstore cluster set"),
        (&["fault", "delete", "1"], 4, "hint: `exstore fault list`"),
        (&["registry", "list", "--node", "NODE2"], 4, "hint: `exstore cluster show`"),
        (&["registry", "import", missing], 7, "is-not-there.reg"),
    ];
    for (arguments, code, said) in rows {
        let told = tell(&serving, arguments);
        let ended = format!("exit code: {:?}", Some(code));
        assert!(told.contains(&ended) && told.contains(said), "{arguments:?}: {told}");
    }
}
