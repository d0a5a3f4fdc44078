//! What the commands say to a server that is there: each noun's story as a transcript, on a manual clock and one seed.

use super::process::{Serving, exstore, scratch};

pub(super) fn serving() -> Serving {
    Serving::start(&["--clock", "manual", "--now", "2006-04-22T08:00:00Z", "--seed", "7"])
}

/// A command as typed, what it said, and how it ended. `|` begins a line of stderr.
pub(super) fn tell(serving: &Serving, arguments: &[&str]) -> String {
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
    let folder = scratch("");
    // As wide as a port is, so that columns stay where they are.
    told.replace(port, "127.0.0.1:RPORT")
        .replace(folder.to_str().expect("a path"), "DIR/")
        .replace('\r', "")
        .lines()
        .map(|line| match line.split_once("\"took\":\"") {
            // Time of the wall.
            Some((before, rest)) => {
                let after = rest.split_once('"').map_or("", |(_, after)| after);
                format!("{before}\"took\":\"TIME\"{after}\n")
            }
            None => format!("{line}\n"),
        })
        .collect()
}

/// A story: commands, one after the other, on a server of its own.
fn assert_story(name: &str, commands: &[&[&str]]) {
    let serving = serving();
    let told = commands.iter().map(|arguments| without_sizes(&tell(&serving, arguments)));
    let told: Vec<_> = told.collect();
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!(name, told.join("\n"));
    });
}

/// How many bytes a snapshot takes is this program's affair, and may be something else tomorrow.
fn without_sizes(told: &str) -> String {
    let line = |line: &str| match line.strip_prefix("bytes  ") {
        Some(_) => "bytes          (some)\n".to_owned(),
        None => format!("{line}\n"),
    };
    told.lines().map(line).collect()
}

pub(super) const MDL: [&str; 4] = ["client", "add", "--process", "mdl.exe"];

/// What is asked for again with its key is answered as before, and done once.
#[test]
fn a_command_with_a_key_is_done_once() {
    let keyed = |command: &[&'static str]| [command, &["--idempotency-key", "k"]].concat();
    let twice = [
        keyed(&["client", "add", "--process", "a.exe"]),
        keyed(&["clock", "advance", "--by", "1m"]),
        keyed(&["fault", "add", "skip_poll"]),
        keyed(&["snapshot", "take", "--name", "s"]),
        keyed(&["store", "create", "t1"]),
    ];
    let serving = serving();
    for command in &twice {
        let tell = || without_sizes(&tell(&serving, command));
        let first = tell();
        assert!(!first.contains("exit code"), "{first}");
        assert_eq!(first, tell());
    }
    for (list, expected) in [("client", 1), ("fault", 1), ("snapshot", 1), ("store", 2)] {
        let listed = tell(&serving, &[list, "list", "-o", "jsonl"]);
        assert_eq!(listed.lines().count(), 1 + expected, "{listed}");
    }
    assert!(tell(&serving, &["clock", "show"]).contains("2006-04-22T08:01:00Z"));
    let other = tell(&serving, &keyed(&["client", "add", "--process", "b.exe"]));
    assert!(other.contains("exit code: Some(2)") && other.contains("another request"), "{other}");
    let none = tell(&serving, &["client", "add", "--no-process", "--idempotency-key", ""]);
    assert!(none.contains("exit code: Some(2)") && none.contains("1 to 255"), "{none}");
}

/// Each client of a file that can't be had is told with its place, and the others are there.
#[test]
fn clients_come_from_a_file() {
    let file = |name: &str, text: &str| {
        let path = scratch(name);
        std::fs::write(&path, text).expect("the file is written");
        path.to_str().expect("a path").to_owned()
    };
    let lines = file(
        "some.ndjson",
        "{\"process\":\"a.exe\"}\n\n{\"proces\":\"b.exe\"}\n{\"process\":\"c.exe\",\"count\":2}\n",
    );
    let array = file("all.json", "[{\"process\":\"d.exe\"}]");
    let wrong = file("none.json", "[{\"count\":0}]");
    let nothing = scratch("nothing.json").to_str().expect("a path").to_owned();
    assert_story(
        "clients_of_a_file",
        &[
            &["client", "add", "--file", &lines],
            &["client", "add", "--file", &array, "-o", "json"],
            &["client", "add", "--file", &wrong],
            &["client", "add", "--file", &nothing],
            &["client", "add", "--file", &array, "--process", "e.exe"],
            &["client", "list"],
        ],
    );
}

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
            &["client", "send", "1", "--process", "late.exe"],
            &["session", "list"],
            &["session", "show", "1"],
            &["session", "disconnect", "1", "7"],
            &["session", "show", "1"],
        ],
    );
}

#[test]
fn waits_and_assertions_say_how_everything_stands() {
    let outlook = ["client", "add", "--process", "OUTLOOK.EXE", "--group", "sales"];
    let finance = ["client", "add", "--process", "mdl.exe", "--count", "3", "--group", "finance"];
    let cut = ["--event", "session.disconnected", "--where", "group=finance"];
    let auto = ["--after", "1-2", "--auto", "--within", "16m"];
    let wait = |flags: &[&'static str]| [&["wait"], &cut[..], &auto, flags].concat();
    assert_story(
        "waits",
        &[
            &finance,
            &outlook,
            &["block-list", "set", "processes", "mdl.exe"],
            &wait(&["--exactly", "3", "--quiescent"]),
            &wait(&["--at-least", "4"]),
            &["wait", "--sessions", "--where", "process=MDL.EXE", "--exactly", "0", "-o", "json"],
            &[
                "wait",
                "--clients",
                "--where",
                "state=disconnected",
                "--at-most",
                "2",
                "--timeout",
                "0s",
            ],
            &["wait", "--never", "session.refused", "--for", "1h", "--auto", "--within", "1h"],
            &["wait", "--never", "poll.completed", "--for", "1h", "--auto", "--within", "1h"],
            &[
                "wait",
                r#"{"sequence":[{"event":{"type":"session.disconnected"}},{"quiescent":true}]}"#,
                "--after",
                "1-0",
            ],
            &["assert", "--sessions", "--where", "client_id=4"],
            &[
                "assert",
                "--event",
                "session.disconnected",
                "--where",
                "decision.list=versions",
                "--after",
                "1-0",
            ],
            &["assert", "--quiescent"],
            &["assert", "--event", "session.exploded"],
            &["assert", "--sessions", "--where", "colour=red"],
            &["assert", "{"],
            &["assert"],
            &["wait", "--sessions", "--auto"],
            &["wait", "--sessions", "--where", "red"],
            &["assert", "--event", "session.ended", "--after", "9-1"],
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
            &["block-list", "set", "versions", "-5.3164.0; 12.0-11.0, 65.0.1", "--apply", "now"],
            &["block-list", "show", "versions"],
            &["block-list", "check", "a.exe; *"],
            &["block-list", "check", "--list", "versions", "11.0.0-11.5703.0"],
            &["block-list", "check", "versions", "-5.3164.0", "-o", "json"],
            &["block-list", "check", "--list", "versions", "-5.3164.0", "-o", "json"],
            &["block-list", "check", "versions", "--list", "processes", "a.exe"],
            &["block-list", "check", "programs", "a.exe"],
            &["block-list", "check", "-5.3164.0", "--list", "versions", "-o", "jsonl"],
            &["block-list", "check", "versions"],
            &["registry", "set", "parameters-system", PARAMETERS[1], "5", "--type", "REG_DWORD"],
            &["block-list", "show", "processes"],
            &["block-list", "set", "processes", "", "--apply", "next_poll"],
        ],
    );
}

#[test]
fn a_list_is_previewed_before_it_is_written() {
    assert_story(
        "previews",
        &[
            &["client", "add", "--process", "mdl.exe", "--count", "2"],
            &["client", "add", "--process", "OUTLOOK.EXE", "--client-version", "12.0.4518.1014"],
            &["client", "add", "--no-process", "--group", "finance"],
            &["block-list", "set", "processes", "mdl.exe; beta.exe", "--preview"],
            &["block-list", "set", "processes", "mdl.exe; beta.exe", "--if-cursor", "1-6"],
            &["block-list", "set", "processes", "mdl.exe", "--apply", "now", "--if-cursor", "1-6"],
            &["block-list", "set", "processes", "mdl.exe", "--if-cursor", "then"],
            &["policy", "preview", "--processes", "mdl", "--versions", "12.0.0-12.65535.65535"],
            &["policy", "preview", "--versions", "12.0.0-", "-o", "json"],
            &["block-list", "set", "processes", "mdl.exe", "--apply", "now", "-o", "jsonl"],
            &["block-list", "clear", "processes", "--preview"],
            &["block-list", "clear", "processes", "--preview", "--apply", "now"],
            &["policy", "validate", "--processes", "a.exe", "--versions", "-11.0"],
            &["policy", "validate", "--versions", "11.0.0-12.0.0", "-o", "jsonl"],
            &["policy", "validate"],
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
            &["block-list", "set", "versions", "12.6000.0", "--apply", "now", "-o", "json"],
            &["policy", "show"],
            &["policy", "generations"],
            &["policy", "generations", "--after", "1", "-o", "jsonl"],
            &[
                "policy",
                "explain",
                "--process",
                "outlook.exe",
                "--client-version",
                "12.0.4518.1014",
            ],
            &["policy", "explain", "--no-process"],
            &["policy", "explain", "--no-process", "--client-version", "12.0.6000.0"],
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
            &["registry", "set", "HKLM/SOFTWARE/Contoso/Sub", "Q", "0x10", "--type", "REG_QWORD"],
            &["registry", "set", "HKLM/SOFTWARE/Contoso/Sub", "D", "-1", "--type", "REG_DWORD"],
            &[
                "registry",
                "set",
                "HKLM/SOFTWARE/Contoso/Sub",
                "E",
                "%P%",
                "--type",
                "REG_EXPAND_SZ",
            ],
            &["registry", "set", "HKLM/SOFTWARE/Contoso/Sub", "B", "00ff", "--type", "REG_BINARY"],
            &[
                "registry",
                "set",
                "HKLM/SOFTWARE/Contoso/Sub",
                "N",
                "--hex",
                "",
                "--type",
                "REG_NONE",
            ],
            &["registry", "set", "HKLM/SOFTWARE/Contoso/Sub", "U", "01", "--type", "REG_77"],
            &["registry", "create", "HKLM/SOFTWARE/Contoso/Empty"],
            &["registry", "list", "HKLM/SOFTWARE/Contoso"],
            &["registry", "list", "HKLM/SOFTWARE/Contoso/Sub"],
            &["registry", "delete", "HKLM/SOFTWARE/Contoso"],
            &["registry", "delete", "HKLM/SOFTWARE/Contoso"],
            &["registry", "delete", "HKLM"],
        ],
    );
}

#[test]
fn reg_files_are_exchanged() {
    let lists = scratch("lists.reg");
    let lists = lists.to_str().expect("a path");
    let broken = scratch("broken-in-many-ways.reg");
    let long = format!("\"{}\t\u{65e5}\u{672c}\"=dwrd:1", "long".repeat(60));
    let key = "[HKEY_LOCAL_MACHINE\\Software]";
    let text = format!("REGEDIT4\r\n\r\n[HKLM\\a]\r\n{key}\r\n{long}\r\n\"c\"=\"d\" e\r\n");
    std::fs::write(&broken, text).expect("it is written");
    let broken = broken.to_str().expect("a path");
    let hello = scratch("hello.reg");
    std::fs::write(&hello, "hello\n").expect("it is written");
    let hello = hello.to_str().expect("a path");
    assert_story(
        "reg_files",
        &[
            &["block-list", "set", "processes", "mdl.exe", "-o", "json"],
            &["registry", "set", "HKLM/SOFTWARE/Contoso", "\u{e9}", "caf\u{e9}"],
            &["registry", "export", "--format", "regedit4"],
            &["registry", "export", "--out", lists],
            &["registry", "export", "HKLM/SOFTWARE", "--format", "regedit4", "--code-page", "932"],
            &["registry", "export", "HKLM/SOFTWARE", "--code-page", "932"],
            &["registry", "export", "HKLM/SOFTWARE/Nobody"],
            &["registry", "import", lists],
            &["store", "reset"],
            &["registry", "import", lists],
            &["registry", "list"],
            &["registry", "import", lists, "-o", "json"],
            &["registry", "import", broken],
            &["registry", "import", hello],
            &["registry", "import", lists, "--code-page", "7"],
            &["registry", "import", lists, "--node", "NODE2"],
            &["events", "list", "--type", "registry.changed"],
        ],
    );
}

const PARAMETERS: [&str; 2] = ["parameters-system", "Disable MAPI Client Processes"];

#[test]
fn nodes_have_registries_of_their_own_and_a_service_that_moves() {
    let [key, name] = PARAMETERS;
    assert_story(
        "cluster",
        &[
            &["cluster", "show"],
            &["cluster", "failover"],
            &["cluster", "set", "twins"],
            &["cluster", "set", "per_node", "-o", "json"],
            &["cluster", "set", "per-node"],
            &["registry", "set", "--node", "NODE2", key, name, "mdl.exe"],
            &["registry", "list"],
            &["registry", "list", "--node", "NODE2"],
            &["registry", "list", "--node", "NODE9"],
            &MDL,
            &["cluster", "failover"],
            &["client", "connect", "1"],
            &["cluster", "failover", "--to", "NODE2"],
            &["cluster", "failover", "--to", "NODE9"],
            &["cluster", "set", "none"],
            &["cluster", "set", "checkpointed"],
            &["cluster", "failover", "--to", "NODE1", "-o", "json"],
            &["registry", "get", key, name, "--node", "NODE1"],
            &["events", "list", "--type", "cluster.changed,registry.changed"],
        ],
    );
}

#[test]
fn builds_are_installed_and_run_from_the_next_start_on() {
    assert_story(
        "builds",
        &[
            &["store", "build", "show"],
            &["store", "install-hotfix"],
            &["store", "build", "set", "6.5.7226"],
            &["store", "install-hotfix"],
            &["store", "build", "set", "6.5.7638", "-o", "json"],
            &["block-list", "set", "processes", "mdl.exe", "-o", "json"],
            &["store", "restart"],
            &["policy", "show"],
            &["policy", "explain", "--process", "mdl.exe"],
            &["store", "install-hotfix"],
            &["poll", "show", "3"],
            &["store", "build", "set", "8.0.685.24", "-o", "jsonl"],
            &["store", "install-hotfix"],
            &["store", "build", "set", "9"],
            &["store", "restart", "-o", "json"],
            &["store", "restart", "--store", "a b"],
            &["events", "list", "--type", "build.changed,registry.invalid,policy.changed"],
        ],
    );
}

#[test]
fn reads_fail_on_demand() {
    assert_story(
        "faults",
        &[
            &["fault", "add", "access_denied", "--list", "processes", "--next", "1"],
            &["fault", "add", "wrong_type", "--type", "REG_QWORD", "--next", "1", "-o", "json"],
            &["fault", "add", "slow"],
            &["fault", "add", "moon"],
            &["fault", "add", "--json", "no-such-file.json"],
            &["fault", "add", "torn", "--value", "Limit"],
            &["fault", "set", "2", "--pause", "--first", "3", "--every", "2"],
            &["fault", "set", "2", "--resume", "--next", "1"],
            &["fault", "list"],
            &["block-list", "set", "versions", "11.0.0-11.5703.0", "-o", "json"],
            &["poll", "now"],
            &["poll", "list"],
            &["fault", "show", "1"],
            &["fault", "delete", "1", "2", "9"],
            &["fault", "show", "1"],
            &["fault", "add", "slow", "--delay", "20m", "--next", "1"],
            &MDL,
            &["block-list", "set", "processes", "mdl.exe", "--apply", "now"],
            &["poll", "schedule"],
            &["poll", "show", "3"],
            &["clock", "advance", "--by", "20m"],
            &["poll", "show", "3"],
            &["fault", "add", "slow", "--delay", "5m", "--next", "2"],
            &["poll", "now"],
            &["clock", "advance", "--by", "5m"],
            &["store", "restart"],
            &["store", "show"],
            &["events", "list", "--type", "fault.added,fault.removed,fault.hit,poll.failed"],
        ],
    );
}

#[test]
fn a_store_goes_back_to_a_snapshot() {
    assert_story(
        "snapshots",
        &[
            &MDL,
            &["fault", "add", "torn", "--next", "3", "-o", "json"],
            &["snapshot", "take", "--name", "arranged"],
            &["clock", "advance", "--by", "1h", "-o", "json"],
            &["session", "disconnect", "1"],
            &["snapshot", "take"],
            &["snapshot", "list"],
            &["snapshot", "restore", "1"],
            &["clock", "show"],
            &["session", "list"],
            &["fault", "list"],
            &["events", "list"],
            &["snapshot", "show", "2"],
            &["snapshot", "delete", "2", "9"],
            &["snapshot", "show", "2"],
            &["store", "reset", "--to", "empty"],
            &["store", "reset", "--to", "snapshot:1"],
            &["store", "reset", "--to", "snapshot:1", "--now", "2006-05-01T00:00:00Z"],
            &["store", "reset", "--to", "snapshot:9"],
            &["store", "reset", "--to", "yesterday"],
            &["session", "list", "-o", "jsonl"],
            &["snapshot", "take", "--name", ""],
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
            &["events", "list", "--filter", "type:session.* -is:blocked"],
            &["client", "list", "-q", "process:mdl.exe versio:<11"],
            &["decisions", "list"],
            &["client", "add", "--process", "beta.exe", "-o", "json"],
            &["decisions", "list", "--client", "2"],
            &["decisions", "list", "--client-id", "1", "--limit", "1"],
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
            &["store", "set", "--poll-interval", "5m", "--registry-watch", "armed-at-start"],
            &["store", "set", "--registry-watch", "armed_at_start", "-o", "json"],
            &["store", "set", "--disconnect", "context", "--build", "6.5.7638", "-o", "json"],
            &["store", "set", "--poll-interval", "0s", "--disconnect", "connection"],
            &["store", "set", "--disconnect", "never"],
            &["store", "set"],
            &["store", "restart"],
            &["policy", "preview", "--versions", "11.0.0-"],
            &["events", "list", "--type", "store.changed,build.changed,store.started"],
        ],
    );
}

#[test]
fn stores_are_made_beside_each_other_and_deleted() {
    assert_story(
        "stores",
        &[
            &[
                "store",
                "create",
                "t1",
                "--clock",
                "manual",
                "--now",
                "2006-05-01T00:00:00Z",
                "--ttl",
                "10m",
            ],
            &["client", "add", "--process", "mdl.exe", "--store", "t1"],
            &["client", "list"],
            &["store", "create", "t1"],
            &["store", "create", "t 2"],
            &["store", "create", "t2", "--rpc", "10.0.0.1:0"],
            &["store", "create", "t2", "--limit", "sessions"],
            &["store", "create", "t2", "--limit", "sessions=0"],
            &[
                "store",
                "create",
                "t2",
                "--clock",
                "manual",
                "--now",
                "2006-06-01T00:00:00Z",
                "--seed",
                "0x2",
                "--build",
                "6.5.7638",
                "--poll-interval",
                "5m",
                "--registry-watch",
                "armed-at-start",
                "--disconnect",
                "context",
                "--limit",
                "sessions=5",
                "--limit",
                "classes=2",
                "-o",
                "json",
            ],
            &["store", "list"],
            &["store", "list", "--limit", "1", "-o", "jsonl"],
            &["store", "list", "--after", "t1"],
            &["store", "set", "--store", "t1", "--no-ttl"],
            &["store", "set", "--store", "t2", "--ttl", "1h", "-o", "json"],
            &["store", "set", "--ttl", "1h"],
            &["store", "delete", "t1", "t3", "t2"],
            &["store", "delete", "default"],
            &["store", "list", "-o", "json"],
        ],
    );
}

#[test]
fn health_is_told_check_by_check() {
    assert_story(
        "health",
        &[
            &["health"],
            &["health", "-o", "json"],
            &["fault", "add", "access_denied", "--next", "1"],
            &["poll", "now", "-o", "json"],
            &["health"],
            &["health", "-o", "json", "--wait", "100ms"],
            &["poll", "now", "-o", "json"],
            &["health", "--wait", "1s"],
            &["fault", "add", "slow", "--delay", "5m", "--next", "2"],
            &["store", "restart"],
            &["health"],
            &["clock", "advance", "--by", "5m", "-o", "json"],
            &["health"],
        ],
    );
}

#[test]
fn a_policy_is_watched_and_then_enforced() {
    assert_story(
        "audit",
        &[
            &["policy", "mode"],
            &["policy", "mode", "audit"],
            &["block-list", "set", "processes", "mdl.exe", "--apply", "now"],
            &MDL,
            &["client", "add", "--process", "OUTLOOK.EXE"],
            &["events", "list", "--type", "session.would_block,policy.mode_changed"],
            &["decisions", "list"],
            &["policy", "explain", "--session", "1"],
            &["poll", "list"],
            &["policy", "mode", "enforce"],
            &["session", "list"],
            &["session", "list", "--at", "1-8"],
            &["session", "show", "1", "--at", "8"],
            &["session", "list", "--at", "1-800"],
            &["events", "totals"],
            &["store", "set", "--policy-mode", "audit"],
        ],
    );
}
