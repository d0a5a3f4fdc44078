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
