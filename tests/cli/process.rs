//! Runs `exstore` as a user would.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// The program that `cargo build` made beside this test.
pub(crate) fn exstore() -> Command {
    let test = std::env::current_exe().expect("this test's own path");
    let profile = test.parent().and_then(|deps| deps.parent()).expect("target/PROFILE/deps");
    let program = profile.join("exstore");
    assert!(program.exists(), "the program is not built: run cargo build --workspace");
    Command::new(program)
}

pub(crate) fn run(arguments: &[&str]) -> Output {
    exstore().args(arguments).output().expect("exstore runs")
}

pub(crate) fn scratch(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cli");
    std::fs::create_dir_all(&folder).expect("a scratch folder");
    folder.join(name)
}

/// A server, killed with the test.
pub(crate) struct Serving {
    child: Child,
    stdout: Option<BufReader<ChildStdout>>,
    pub(crate) ready: serde_json::Value,
}

impl Serving {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = exstore()
            .args(["serve", "-o", "json", "--control", "127.0.0.1:0", "--rpc", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("exstore runs");
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        stdout.read_line(&mut line).expect("the ready object");
        let ready = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: `{line}`"));
        Self { child, stdout: Some(stdout), ready }
    }

    pub(crate) fn control(&self) -> &str {
        self.ready["control"].as_str().expect("a URL")
    }

    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().expect("kill runs").success());
    }

    /// Sends a signal and gives the exit code.
    pub(crate) fn end_with(mut self, signal: &str) -> Option<i32> {
        self.signal(signal);
        self.child.wait().expect("it ends").code()
    }

    /// Sends a signal and gives the exit code of a program that ends within `time`: its end is the end of its output.
    pub(crate) fn end_within(mut self, signal: &str, time: Duration) -> Option<i32> {
        let mut stdout = self.stdout.take().expect("it is asked once");
        let (ended, end) = mpsc::channel();
        self.signal(signal);
        let waiting = thread::spawn(move || {
            drop(stdout.read_to_end(&mut Vec::new()));
            // Nobody listens any more when it comes too late.
            let _ = ended.send(());
        });
        end.recv_timeout(time).expect("it ends in time");
        waiting.join().expect("nobody panicked");
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
