//! Users on the command line: out of a file or of stdin, never out of an argument, and never shown again.

use std::io::Write;
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use super::process::{Serving, exstore, run, scratch};

const SECRET: &str = "correct horse battery";

fn file(name: &str, text: &str) -> String {
    let path = scratch(name);
    std::fs::write(&path, text).expect("the file is written");
    path.to_str().expect("a path").to_owned()
}

fn said(output: &Output) -> String {
    let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    let said = said.concat();
    assert!(!said.contains(SECRET), "{said}");
    said
}

fn ask(serving: &Serving, arguments: &[&str], stdin: &str) -> (Option<i32>, String) {
    let mut command = exstore();
    command.env("EXSTORE_CONTROL", serving.control()).args(arguments);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("exstore runs");
    // One that does not read its stdin may have left.
    drop(child.stdin.take().expect("it is piped").write_all(stdin.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    (output.status.code(), said(&output))
}

#[test]
fn a_password_comes_by_a_file_or_by_stdin() {
    let serving = Serving::start(&["--clock", "manual"]);
    let password = file("alice.password", &format!("{SECRET}\n"));
    let hash = file("bob.hash", "a4f49c406510bdcab6824ee7c30fd852\r\n");
    let done = |arguments: &[&str], stdin: &str| {
        let (code, told) = ask(&serving, arguments, stdin);
        assert_eq!(code, Some(0), "{arguments:?}: {told}");
        told
    };
    done(&["user", "set", "alice", "--password-file", &password], "");
    done(&["user", "put", "bob", "--nt-hash-file", &hash, "--admin"], "");
    done(&["user", "set", "carol", "--password-file", "-", "--dn", "/o=x/cn=c"], SECRET);
    done(&["user", "set", "alice", "--admin"], "");
    let listed = done(&["user", "list"], "");
    let rows: Vec<Vec<&str>> =
        listed.lines().skip(1).map(|line| line.split_whitespace().take(4).collect()).collect();
    assert_eq!(
        rows,
        [
            ["alice", "EXSTORE", "yes", "2"],
            ["bob", "EXSTORE", "yes", "1"],
            ["carol", "EXSTORE", "no", "1"],
        ]
    );
    assert!(done(&["user", "get", "CAROL"], "").contains("/o=x/cn=c"));
    done(&["user", "delete", "alice", "bob"], "");
    let nothing = scratch("not.there").to_str().expect("a path").to_owned();
    for (arguments, stdin, code, told) in [
        (&["user", "show", "alice"][..], "", 4, "`exstore user list`"),
        (&["user", "set", "dave"], "", 2, "`password` or an `nt_hash`"),
        (&["user", "set", "dave", "--password-file", "-"], "\n", 7, "no password in stdin"),
        (&["user", "set", "dave", "--password-file", &nothing], "", 7, "can't read"),
        (&["user", "set", "dave", "--nt-hash-file", &password], "", 2, "32 hexadecimal digits"),
        (
            &["user", "set", "dave", "--nt-hash-file", &hash, "--password-file", &password],
            "",
            2,
            "cannot be used with",
        ),
        (&["user", "delete", "carol", "alice"], "", 8, "No such user"),
    ] {
        let (ended, said) = ask(&serving, arguments, stdin);
        assert_eq!(ended, Some(code), "{arguments:?}: {said}");
        assert!(said.contains(told), "{arguments:?}: {said}");
    }
}

#[test]
fn a_server_starts_with_the_users_and_settings_of_a_file() {
    let users = format!(
        "[[user]]\nname = \"alice\"\npassword = \"{SECRET}\"\n\n\
         [[user]]\nname = \"root\"\nnt_hash = \"a4f49c406510bdcab6824ee7c30fd852\"\nadmin = true\n"
    );
    let users = file("users.toml", &users);
    let config = format!(
        "[serve]\nusers = \"{users}\"\ndomain = \"corp\"\nanonymous = false\nmin_auth_level = \"packet\"\n\
         async_notifications = false\npolls_max = \"5s\"\nretry = 2\nretry_delay = \"3s\"\n"
    );
    let config = file("with-users.toml", &config);
    let serving = Serving::start(&["--clock", "manual", "--config", &config]);
    let (_, listed) = ask(&serving, &["user", "list", "-o", "jsonl"], "");
    assert!(listed.contains("\"alice\"") && listed.contains("\"root\""), "{listed}");
    assert!(listed.contains("\"CORP\""), "{listed}");
    let (_, shown) = ask(&serving, &["store", "show"], "");
    for line in ["anonymous", "least auth level", "domain", "users"] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    assert!(shown.contains("packet") && shown.contains("CORP"), "{shown}");
    let settings = |arguments: &[&str]| {
        let (code, shown) = ask(&serving, arguments, "");
        assert_eq!(code, Some(0), "{shown}");
        let shown: Value = serde_json::from_str(&shown).expect("one object");
        ["async_notifications", "polls_max", "retry", "retry_delay"]
            .map(|field| shown["settings"][field].clone())
    };
    let started = settings(&["store", "show", "-o", "json"]);
    assert_eq!(started, [json!(false), json!("5s"), json!(2), json!("3s")]);
    let given = ["--async-notifications", "true", "--polls-max", "1s", "--retry", "0"];
    let set = [&["store", "set", "-o", "json", "--retry-delay", "2ms"][..], &given].concat();
    assert_eq!(settings(&set), [json!(true), json!("1s"), json!(0), json!("2ms")]);
    let created = [&["store", "create", "t0", "-o", "json"][..], &given].concat();
    assert_eq!(settings(&created), [json!(true), json!("1s"), json!(0), json!("10s")]);
    let (_, set) =
        ask(&serving, &["store", "set", "--anonymous", "true", "--min-auth-level", "none"], "");
    assert!(set.contains("none"), "{set}");
    let create =
        ["store", "create", "t1", "--users", &users, "--domain", "lab", "--anonymous", "false"];
    let (code, made) = ask(&serving, &create, "");
    assert_eq!(code, Some(0), "{made}");
    let (_, listed) = ask(&serving, &["user", "list", "--store", "t1", "-o", "jsonl"], "");
    assert!(listed.contains("\"LAB\"") && listed.contains("\"root\""), "{listed}");
    let shown = said(&run(&["config", "serve", "--config", &config]));
    assert!(shown.contains("users.toml") && shown.contains("corp"), "{shown}");
}

#[test]
fn a_file_that_is_wrong_is_told_with_its_place_and_without_its_text() {
    for (name, text, place) in [
        ("unquoted.toml", format!("[[user]]\nname = \"alice\"\npassword = {SECRET}\n"), ":3:"),
        ("number.toml", "[[user]]\nname = \"alice\"\npassword = 1234\n".to_owned(), ":3:12"),
        (
            "twice.toml",
            format!("[[user]]\nname = \"a\"\npassword = \"{SECRET}\"\n").repeat(2),
            ":4:1",
        ),
    ] {
        let users = file(name, &text);
        let output =
            run(&["serve", "--control", "127.0.0.1:0", "--rpc", "127.0.0.1:0", "--users", &users]);
        let told = said(&output);
        assert_eq!(output.status.code(), Some(7), "{told}");
        assert!(told.contains(&format!("{name}{place}")) && told.contains("[[user]]"), "{told}");
    }
    let output =
        run(&["serve", "--control", "127.0.0.1:0", "--rpc", "127.0.0.1:0", "--domain", "a.b"]);
    let told = said(&output);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("a domain has 1 to 15 characters"), "{told}");
}

#[test]
fn the_log_tells_of_requests_for_users_and_of_no_password() {
    let users = format!("[[user]]\nname = \"alice\"\npassword = \"{SECRET}\"\n");
    let users = file("logged.toml", &users);
    let log = scratch("users.log");
    let stderr = std::fs::File::create(&log).expect("the log is made");
    let mut child = exstore()
        .args(["serve", "-o", "json", "--control", "127.0.0.1:0", "--rpc", "127.0.0.1:0"])
        .args(["--users", &users, "--exit-on-stdin-close", "--journal"])
        .arg(scratch("users.journal"))
        .env("RUST_LOG", "trace")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(stderr)
        .spawn()
        .expect("exstore runs");
    let mut line = String::new();
    let stdout = child.stdout.as_mut().expect("it is piped");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).expect("ready");
    let ready: serde_json::Value = serde_json::from_str(&line).expect("it is JSON");
    let control = ready["control"].as_str().expect("a URL");
    for (arguments, code) in [
        (&["user", "set", "bob", "--password-file", "-"][..], 0),
        (&["user", "set", "b@d", "--password-file", "-"], 2),
        (&["user", "set", "bob", "--nt-hash-file", "-"], 2),
    ] {
        let mut command = exstore();
        command.env("EXSTORE_CONTROL", control).env("RUST_LOG", "trace").args(arguments);
        let mut asking =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let asking = asking.as_mut().expect("exstore runs");
        let mut stdin = asking.stdin.take().expect("it is piped");
        stdin.write_all(SECRET.as_bytes()).expect("it reads");
        drop(stdin);
        assert_eq!(asking.wait().expect("it ends").code(), Some(code), "{arguments:?}");
    }
    drop(child.stdin.take());
    child.wait().expect("it ends");
    let log = std::fs::read_to_string(log).expect("the log");
    let journal = std::fs::read_to_string(scratch("users.journal")).expect("the journal");
    assert!(log.contains("/users/{user}") && journal.contains("user.changed"), "{log}\n{journal}");
    assert!(!log.contains(SECRET) && !journal.contains(SECRET), "{log}\n{journal}");
}
