//! Tokens on the command line: files that only their owner can read, and what is said when one is missing.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Output, Stdio};

use super::process::{Serving, exstore, run, scratch};

const SHARED: &str = "0123456789abcdef";

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

/// A file that is not there yet.
fn fresh(name: &str) -> String {
    let path = scratch(name);
    drop(fs::remove_file(&path));
    path.to_str().expect("a path").to_owned()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_token_is_made_for_its_owner_alone_and_asked_for() {
    let file = fresh("made.token");
    let serving = Serving::start(&["--token-file", &file]);
    let token = fs::read_to_string(&file).expect("it was made");
    assert_eq!((mode(Path::new(&file)), token.trim().len()), (0o600, 64));
    let ready = serving.ready.to_string();
    assert!(!ready.contains(token.trim()) && !ready.contains("ticket"), "{ready}");

    let other = fresh("other.token");
    fs::write(&other, SHARED).expect("it is written");
    fs::set_permissions(&other, fs::Permissions::from_mode(0o600)).expect("it is ours");
    let control = ["--control", serving.control()];
    let commands: [&[&str]; 4] = [
        &["client", "list"],
        &["health"],
        &["store", "list"],
        &["scenario", "run", "fixtures/scenarios/kb-920185-note.toml"],
    ];
    for command in commands {
        for (file, code) in [(None, 6), (Some(&other), 6), (Some(&file), 0)] {
            let mut exstore = exstore();
            exstore.args(command).args(control).current_dir(crate::workspace::root());
            if let Some(file) = file {
                exstore.args(["--token-file", file]);
            }
            let output = exstore.output().expect("exstore runs");
            let said = said(&output);
            assert_eq!(output.status.code(), Some(code), "{command:?} {file:?}: {said}");
            assert!(code == 0 || said.contains("--token-file FILE"), "{command:?}: {said}");
            assert!(!said.contains(token.trim()) && !said.contains(SHARED), "{command:?}: {said}");
        }
    }
    // The same by variables, and the same token when the server starts again.
    for (variable, value) in
        [("EXSTORE_TOKEN_FILE", file.as_str()), ("EXSTORE_TOKEN", token.trim())]
    {
        let listed = exstore().args(["store", "list"]).args(control).env(variable, value).output();
        assert_eq!(listed.expect("exstore runs").status.code(), Some(0), "{variable}");
    }
    drop(serving);
    let again = Serving::start(&["--token-file", &file]);
    let shown = run(&["store", "list", "--control", again.control(), "--token-file", &file]);
    assert_eq!(shown.status.code(), Some(0), "{}", said(&shown));
}

#[test]
fn a_token_that_others_can_read_is_refused_by_both_sides() {
    for (name, permissions) in [("group", 0o640), ("others", 0o604), ("a writer", 0o620)] {
        let file = fresh("open.token");
        fs::write(&file, SHARED).expect("it is written");
        fs::set_permissions(&file, fs::Permissions::from_mode(permissions)).expect("it is ours");
        let commands: [&[&str]; 2] =
            [&["serve", "--control", "127.0.0.1:0", "--rpc", "127.0.0.1:0"], &["store", "list"]];
        for command in commands {
            let output = exstore().args(command).args(["--token-file", &file]).output();
            let output = output.expect("exstore runs");
            assert_eq!(output.status.code(), Some(7), "{name}: {command:?}");
            let said = said(&output);
            assert!(said.contains("others can read") && said.contains("chmod 600"), "{said}");
            assert!(!said.contains(SHARED), "{said}");
        }
    }
}

#[test]
fn what_is_no_token_is_not_repeated() {
    let file = fresh("broken.token");
    fs::write(&file, "no secret").expect("it is written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("it is ours");
    let output = run(&["store", "list", "--token-file", &file]);
    assert_eq!(output.status.code(), Some(7));
    assert!(said(&output).contains("16 to") && !said(&output).contains("no secret"));
    let missing = run(&["store", "list", "--token-file", &fresh("missing.token")]);
    assert_eq!(missing.status.code(), Some(7));
    let variable = exstore().args(["store", "list"]).env("EXSTORE_TOKEN", "no secret").output();
    let variable = variable.expect("exstore runs");
    assert_eq!(variable.status.code(), Some(2));
    assert!(said(&variable).contains("EXSTORE_TOKEN") && !said(&variable).contains("no secret"));
}

#[test]
fn beyond_loopback_a_token_is_wanted_or_its_absence_is_said_out_loud() {
    let everywhere = ["serve", "--control", "0.0.0.0:0", "--rpc", "127.0.0.1:0"];
    let refused = run(&everywhere);
    assert_eq!(refused.status.code(), Some(2));
    let told = said(&refused);
    assert!(told.contains("other machines") && told.contains("--token-file FILE"), "{told}");

    let file = fresh("everywhere.token");
    let rows: [(&[&str], &str, bool); 2] = [
        (&["--insecure"], "warning: whoever reaches 0.0.0.0", false),
        (&["--token-file", &file], "http://127.0.0.1:", true),
    ];
    for (arguments, line, by_link) in rows {
        let mut child = exstore()
            .args(everywhere)
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("exstore runs");
        let mut told = String::new();
        let stderr = child.stderr.take().expect("it is piped");
        BufReader::new(stderr).read_line(&mut told).expect("a line");
        child.kill().expect("it runs");
        child.wait().expect("it ends");
        assert!(told.contains(line), "{told}");
        assert_eq!(told.contains("/login?ticket="), by_link, "{told}");
        if by_link {
            let token = fs::read_to_string(&file).expect("it was made");
            assert!(!told.contains(token.trim()), "{told}");
        }
    }
}

#[test]
fn names_and_origins_are_checked_when_they_are_given() {
    let rows: [(&[&str], &str); 4] = [
        (&["serve", "--allow-host", "http://a.example"], "without scheme and port"),
        (&["serve", "--allow-origin", "localhost:3000"], "such as `http://localhost:3000`"),
        (&["serve", "--allow-origin", "*"], "such as `http://localhost:3000`"),
        (&["serve", "--allow-origin", "http://a.example/"], "without a path"),
    ];
    for (arguments, told) in rows {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(said(&output).contains(told), "{arguments:?}: {}", said(&output));
    }
}
