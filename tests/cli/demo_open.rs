//! `demo --open`: a store for somebody with a browser. No test opens one.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command, Stdio};

use serde_json::Value;

use super::process::{exstore, run, scratch};
use crate::workspace::root;

/// What tells the program that there is a display, or which browser is meant.
const DISPLAYS: [&str; 5] =
    ["BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME", "EXSTORE_BROWSER"];

/// One that runs, killed with the test.
struct Demo {
    child: Child,
    stderr: BufReader<ChildStderr>,
    /// What it said on stdout.
    told: Vec<String>,
}

impl Demo {
    /// Starts it on free ports, on a machine without a display.
    fn start(arguments: &[&str], change: impl FnOnce(&mut Command)) -> Self {
        let mut command = exstore();
        command.args(["demo", "--open", "--control", "127.0.0.1:0", "--rpc", "127.0.0.1:0"]);
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        for name in DISPLAYS {
            command.env_remove(name);
        }
        change(&mut command);
        let mut child = command.spawn().expect("exstore runs");
        let stderr = BufReader::new(child.stderr.take().expect("it is piped"));
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let mut told = Vec::new();
        for line in lines {
            told.push(line.expect("a line"));
            if told.last().is_some_and(|line| line.starts_with("  seed")) {
                break;
            }
        }
        Self { child, stderr, told }
    }

    /// What it said under this name.
    fn said(&self, name: &str) -> &str {
        let line = self.told.iter().find_map(|line| line.trim_start().strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name}: {:?}", self.told)).trim_start()
    }

    /// A line of stderr that has this in it.
    fn warns(&mut self, text: &str) -> bool {
        let mut line = String::new();
        while 0 < self.stderr.read_line(&mut line).expect("a line") {
            if line.contains(text) {
                return true;
            }
            line.clear();
        }
        false
    }

    /// What the store answers to a command.
    fn ask(&self, arguments: &[&str]) -> Value {
        let control = self.said("control plane");
        let output = run(&[arguments, &["--control", control, "-o", "json"]].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// Ends it as Ctrl-C does; its exit code, and the rest of what it said on stderr.
    fn end(mut self) -> (Option<i32>, String) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().expect("kill runs").success());
        let mut rest = String::new();
        self.stderr.read_to_string(&mut rest).expect("text");
        (self.child.wait().expect("it ends").code(), rest)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn the_story_begins_in_the_morning_with_nobody_connected() {
    let journal = scratch("demo-open.jsonl");
    let demo = Demo::start(&["--no-browser", "--journal", journal.to_str().unwrap()], |_| ());
    let control = demo.said("control plane").to_owned();
    assert!(demo.told[0].ends_with(" is ready"), "{:?}", demo.told);
    assert_eq!(demo.said("dashboard"), format!("{control}/#/story"));
    let store = demo.ask(&["store", "show"]);
    assert_eq!(
        (&store["clock"]["mode"], &store["clock"]["now"]),
        (&"manual".into(), &"2006-04-22T08:00:00Z".into())
    );
    assert_eq!(store["settings"]["build"], "6.5.7638", "SP2, without the hotfix");
    assert_eq!(demo.ask(&["registry", "list"])["values"].as_array().map(Vec::len), Some(0));
    assert_eq!(store["counts"]["clients"], 0, "the story has them connect");
    let (code, said) = demo.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("browser"), "nobody asked for one: {said}");
    let written = fs::read_to_string(journal).expect("the journal");
    assert!(written.trim_end().ends_with('}') && written.contains("\"store.stopped\""));
}

#[test]
fn the_program_that_a_variable_names_is_told_the_address() {
    let seen = scratch("browser.pipe");
    drop(fs::remove_file(&seen));
    assert!(Command::new("mkfifo").arg(&seen).status().expect("mkfifo runs").success());
    let mut demo = Demo::start(&[], |command| {
        command
            .env("EXSTORE_BROWSER", root().join("tests/cli/browser.sh"))
            .env("BROWSER_SEES", &seen);
    });
    assert_eq!(fs::read_to_string(&seen).expect("it was run").trim_end(), demo.said("dashboard"));
    // It ends with 3, which is told.
    assert!(demo.warns("browser.sh` ended with exit status: 3"));
    assert_eq!(demo.ask(&["health"])["ok"], true, "and fails nobody");

    // The variable that other programs heed too may name several.
    let stand_in = root().join("tests/cli/browser.sh");
    let several = format!("/nowhere/firefox:{} %s:false", stand_in.display());
    let demo = Demo::start(&[], |command| {
        command.env("BROWSER", several).env("BROWSER_SEES", &seen);
    });
    assert_eq!(fs::read_to_string(&seen).expect("it was run").trim_end(), demo.said("dashboard"));
}

#[test]
fn that_no_browser_can_be_opened_is_said_and_fails_nothing() {
    let mut demo = Demo::start(&[], |_| ());
    assert!(demo.warns("no browser was opened: there is no display"));
    assert_eq!(demo.end().0, Some(0));
    let mut demo = Demo::start(&["--browser", "/nowhere/firefox"], |_| ());
    assert!(demo.warns("no browser was opened: `/nowhere/firefox` can't be run"));
    assert_eq!(demo.end().0, Some(0));
}

#[test]
fn what_does_not_go_together_is_refused() {
    let rows: [(&[&str], &str); 5] = [
        (&["--open", "--act", "one"], "cannot be used with"),
        (&["--open", "--transport", "tcp"], "cannot be used with"),
        (&["--open", "--no-browser", "--browser", "firefox"], "cannot be used with"),
        (&["--open", "--control", "0.0.0.0:0"], "other machines are for `exstore serve`"),
        (&["--open", "--control", "8135"], "it is such as 127.0.0.1:8135"),
    ];
    for (arguments, said) in rows {
        let output = run(&[&["demo"], arguments].concat());
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr.contains(said), "{arguments:?}: {stderr}");
    }
}
