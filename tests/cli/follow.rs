//! `events follow`: what happens, as it happens.

use std::io::{BufRead, BufReader, Lines, Read};
use std::process::{Child, ChildStdout, Command, Stdio};

use super::process::{Serving, exstore};

struct Following {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Following {
    fn start(serving: &Serving, arguments: &[&str]) -> Self {
        let mut child = exstore()
            .args(["events", "follow", "--control", serving.control()])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("exstore runs");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        Self { child, lines }
    }

    fn next(&mut self) -> String {
        self.lines.next().expect("another line").expect("text")
    }

    /// Waits for its end; gives the exit code and what was said on stderr.
    fn end(mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        let mut stderr = self.child.stderr.take().expect("it is piped");
        stderr.read_to_string(&mut said).expect("text");
        (self.child.wait().expect("it ends").code(), said)
    }

    /// Presses ^C; gives the exit code and what was said on stderr.
    fn interrupt(self) -> (Option<i32>, String) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().expect("kill runs").success());
        self.end()
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn on(serving: &Serving, arguments: &[&str]) {
    let output = exstore().args(arguments).args(["--control", serving.control()]).output();
    let output = output.expect("exstore runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_journal_is_followed_until_interrupted() {
    let serving = Serving::start(&["--clock", "manual"]);
    let mut following = Following::start(&serving, &["--after", "0"]);
    assert!(following.next().contains("store.started"));
    assert!(following.next().contains("poll.completed"));
    on(&serving, &["client", "add", "--process", "mdl.exe"]);
    let line = following.next();
    assert!(line.contains("session.connected") && line.contains("process=mdl.exe"), "{line}");
    let (code, said) = following.interrupt();
    assert_eq!((code, said.as_str()), (Some(130), "following the journal after 0; ^C ends it\n"));
}

#[test]
fn a_reset_is_said_and_followed_through() {
    let serving = Serving::start(&["--clock", "manual"]);
    let mut following =
        Following::start(&serving, &["--after", "0", "--type", "store.started", "-o", "jsonl"]);
    assert!(following.next().starts_with("{\"seq\":1,"));
    on(&serving, &["store", "reset"]);
    assert!(following.next().starts_with("{\"seq\":1,"), "of the new epoch");
    let (code, said) = following.interrupt();
    assert_eq!(code, Some(130));
    assert_eq!(said, "reset: a new epoch begins after 2-0\n");
}

#[test]
fn a_server_that_leaves_ends_it() {
    let serving = Serving::start(&["--clock", "manual"]);
    let mut following = Following::start(&serving, &["--after", "0"]);
    following.next();
    assert_eq!(serving.end_with("-TERM"), Some(0));
    assert!(following.lines.any(|line| line.expect("text").contains("store.stopped")));
    let (code, said) = following.end();
    assert_eq!(code, Some(3));
    assert!(said.ends_with("error: the server has shut down\n"), "{said}");
}

#[test]
fn what_is_gone_is_said() {
    let serving = Serving::start(&["--clock", "manual"]);
    for _ in 0..2 {
        on(&serving, &["store", "reset"]);
    }
    let mut following = Following::start(&serving, &["--after", "1-1", "-o", "jsonl"]);
    assert!(following.next().starts_with("{\"seq\":1,"));
    let (_, said) = following.interrupt();
    assert!(said.starts_with("gap: entries before 2-0 are gone\n"), "{said}");
}

#[test]
fn what_is_done_to_the_server_is_followed_too() {
    let serving = Serving::start(&["--clock", "manual"]);
    let types =
        "fault.added,fault.hit,build.changed,cluster.changed,registry.changed,policy.changed";
    let mut following = Following::start(&serving, &["--after", "0", "--type", types]);
    let commands: [(&[&str], &str); 5] = [
        (
            &["block-list", "set", "versions", "11.0.0-11.5703.0"],
            "registry.changed       node=NODE1 action=set_value name=\"Disable MAPI Clients\"",
        ),
        (&["poll", "now"], "policy.changed         generation=1 versions=\"+ 11.0.0-11.5703.0\""),
        (
            &["store", "build", "set", "6.5.7638"],
            "build.changed          from=6.5.7651.19 to=6.5.7638",
        ),
        (&["cluster", "set", "per_node"], "cluster.changed        mode=per_node active=NODE1"),
        (
            &["fault", "add", "torn", "--list", "versions"],
            "fault.added            fault=1 effect=torn value=\"Disable MAPI Clients\"",
        ),
    ];
    for (command, told) in commands {
        on(&serving, command);
        let line = following.next();
        assert!(line.contains(told), "{line}");
    }
    on(&serving, &["poll", "now"]);
    let line = following.next();
    let told = "fault.hit              fault=1 effect=torn value=\"Disable MAPI Clients\"";
    assert!(line.contains(told), "{line}");
}
