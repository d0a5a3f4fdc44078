//! What the commands say to a server that is there: each noun's story as a transcript, on a manual clock and one seed.

use super::process::{Serving, exstore, scratch};

fn serving() -> Serving {
    Serving::start(&["--clock", "manual", "--now", "2006-04-22T08:00:00Z", "--seed", "7"])
}

/// A command as typed, what it said, and how it ended. `|` begins a line of stderr.
fn tell(serving: &Serving, arguments: &[&str]) -> String {
    let output = exstore().env("EXSTORE_CONTROL", serving.control()).args(arguments).output();
    let output = output.expect("exstore runs");
    let typed = arguments.iter().map(|word| {
        if word.is_empty() || word.contains([' ', ';', '*']) {
            format!("'{word}'")
        } else {
            (*word).to_owned()
        }
    });
    let mut told = format!("$ exstore {}\n", typed.collect::<Vec<_>>().join(" "));
    told.push_str(&String::from_utf8_lossy(&output.stdout));
    for line in String::from_utf8_lossy(&output.stderr).lines() {
        told.push_str(&format!("| {line}\n"));
    }
    match output.status.code() {
        Some(0) => {}
        code => told.push_str(&format!("exit code: {code:?}\n")),
    }
    let port = serving.ready["stores"]["default"]["rpc"].as_str().expect("a port");
    // As wide as a port is, so that columns stay where they are.
    told.replace(port, "127.0.0.1:RPORT")
}

/// A story: commands, one after the other, on a server of its own.
fn assert_story(name: &str, commands: &[&[&str]]) {
    let serving = serving();
    let told: Vec<_> = commands.iter().map(|arguments| tell(&serving, arguments)).collect();
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!(name, told.join("\n"));
    });
}

const MDL: [&str; 4] = ["client", "add", "--process", "mdl.exe"];

#[test]
fn clients_are_injected_told_and_forgotten() {
    assert_story(
        "clients",
        &[
            &["client", "list"],
            &["client", "add", "--process", "OUTLOOK.EXE", "--user", "alice", "--machine", "WKS1"],
            &["client", "add", "--process", "mdl.exe", "--count", "3", "--group", "finance"],
            &[
                "client",
                "add",
                "--no-process",
                "--client-version",
                "10.0.2627.1",
                "--mode",
                "classic",
            ],
            &["client", "add", "--process", "mdl.exe", "--transport", "tcp", "-o", "json"],
            &["client", "list", "--limit", "2"],
            &["client", "list", "--after", "3"],
            &["client", "list", "-o", "jsonl", "--limit", "1"],
            &["client", "show", "2"],
            &["client", "send", "2", "--process", "late.exe"],
            &["client", "disconnect", "2", "99", "3"],
            &["client", "disconnect", "2", "3", "-o", "json"],
            &["client", "connect", "2"],
            &["client", "delete", "2", "3"],
            &["client", "delete", "2"],
        ],
    );
}

#[test]
fn sessions_are_listed_and_ended() {
    assert_story(
        "sessions",
        &[
            &MDL,
            &["client", "add", "--no-process", "--group", "finance"],
            &["session", "list"],
            &["session", "list", "--process", "MDL.EXE", "-o", "jsonl"],
            &["session", "list", "--group", "finance"],
            &["session", "show", "1"],
            &["session", "disconnect", "1", "7"],
            &["session", "show", "1"],
        ],
    );
}

#[test]
fn a_block_list_is_written_with_carets_under_what_looks_wrong() {
    assert_story(
        "block_list",
        &[
            &["block-list", "show", "processes"],
            &["block-list", "set", "processes", "mdl.exe, b.exe;\t\u{65e5}\u{672c}*.exe;; outlook"],
            &MDL,
            &["block-list", "set", "processes", "mdl.exe; beta.exe", "--apply", "now"],
            &["block-list", "show", "processes", "-o", "json"],
            &["block-list", "clear", "processes", "--apply", "next-poll"],
            &["block-list", "clear", "processes", "--apply", "now"],
        ],
    );
}

#[test]
fn polls_and_time_are_told() {
    assert_story(
        "polls_and_time",
        &[
            &["clock", "show"],
            &["poll", "schedule"],
            &["block-list", "set", "processes", "*.exe", "-o", "json"],
            &["clock", "advance", "--by", "1h"],
            &["poll", "list"],
            &["poll", "show", "2"],
            &["poll", "schedule", "--interval", "5m"],
            &["poll", "now"],
            &["clock", "advance", "--next", "poll"],
            &["clock", "advance", "--to", "2006-04-22T08:00:00Z"],
            &["clock", "advance", "--by", "1m", "--next", "poll"],
            &["clock", "set", "warp"],
        ],
    );
}

#[test]
fn the_policy_is_explained_item_by_item() {
    assert_story(
        "policy",
        &[
            &MDL,
            &["policy", "show"],
            &[
                "block-list",
                "set",
                "processes",
                "mdl.exe; outlok.exe",
                "--apply",
                "now",
                "-o",
                "json",
            ],
            &["policy", "show"],
            &[
                "policy",
                "explain",
                "--process",
                "outlook.exe",
                "--client-version",
                "12.0.4518.1014",
            ],
            &["policy", "explain", "--no-process"],
            &["policy", "explain", "--session", "1"],
            &["policy", "explain", "--process", "mdl.exe", "-o", "jsonl"],
            &["policy", "explain", "--client", "9"],
            &["policy", "explain"],
        ],
    );
}

#[test]
fn the_registry_is_read_and_edited() {
    assert_story(
        "registry",
        &[
            &["registry", "list"],
            &["registry", "set", "HKLM/SOFTWARE/Contoso", "", "the unnamed one"],
            &["registry", "set", "HKLM\\SOFTWARE\\Contoso", "Limit", "0x10", "--type", "reg_dword"],
            &[
                "registry",
                "set",
                "HKLM/SOFTWARE/Contoso",
                "Names",
                "a",
                "b c",
                "--type",
                "REG_MULTI_SZ",
            ],
            &["registry", "set", "HKLM/SOFTWARE/Contoso", "Odd", "--hex", "00ff12"],
            &["registry", "set", "HKLM/SOFTWARE/Contoso", "Two", "a", "b"],
            &["registry", "set", "HKLM/SOFTWARE/Contoso", "Limit", "many", "--type", "REG_DWORD"],
            &["registry", "set", "HKLM/SOFTWARE/Contoso", "Odd", "a", "--type", "REG_ODD"],
            &["registry", "get", "HKLM/SOFTWARE/Contoso"],
            &["registry", "get", "HKLM/SOFTWARE/Contoso", "Limit", "-o", "json"],
            &["registry", "delete", "HKLM/SOFTWARE/Contoso", "Limit"],
            &["registry", "get", "HKLM/SOFTWARE/Contoso", "Limit"],
            &["registry", "set", "parameters-system", "Disable MAPI Client Process", "mdl.exe"],
            &["registry", "list"],
            &["registry", "get", "HKEY_OF_MINE/SOFTWARE"],
        ],
    );
}

#[test]
fn what_happened_is_told_with_its_decisions() {
    assert_story(
        "events_and_decisions",
        &[
            &MDL,
            &["block-list", "set", "processes", "mdl.exe", "--apply", "now", "-o", "json"],
            &["client", "connect", "1"],
            &["events", "list"],
            &["events", "list", "--type", "session.refused,policy.changed", "-o", "jsonl"],
            &["events", "list", "--limit", "2"],
            &["events", "list", "--after", "9-1"],
            &["events", "list", "--type", "moon.rose"],
            &["decisions", "list"],
            &["decisions", "show", "3"],
            &["decisions", "show", "1"],
        ],
    );
}

#[test]
fn a_store_is_shown_and_starts_over() {
    assert_story(
        "store",
        &[
            &MDL,
            &["store", "list"],
            &["store", "show"],
            &["store", "reset", "--now", "2006-05-01T00:00:00Z"],
            &["store", "show", "--store", "default"],
            &["store", "show", "--store", "other/../x"],
        ],
    );
}

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
    assert!(said.starts_with("data        mdl.exe; b.exe\n"), "{said}");
}

#[test]
fn each_way_to_fail_has_its_exit_code() {
    let serving = serving();
    let missing = scratch("is-not-there.reg");
    let missing = missing.to_str().expect("a path");
    tell(&serving, &MDL);
    tell(&serving, &["client", "disconnect", "1"]);
    let rows: [(&[&str], i32, &str); 12] = [
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
        (&["registry", "import", missing], 7, "is-not-there.reg"),
    ];
    for (arguments, code, said) in rows {
        let told = tell(&serving, arguments);
        let ended = format!("exit code: {:?}", Some(code));
        assert!(told.contains(&ended) && told.contains(said), "{arguments:?}: {told}");
    }
}
