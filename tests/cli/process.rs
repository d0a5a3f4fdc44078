//! Runs `exstore` as a user would.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

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
    pub(crate) ready: serde_json::Value,
}

impl Serving {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = exstore()
            .args(["serve", "--control", "127.0.0.1:0", "--rpc", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("exstore runs");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).expect("the ready object");
        let ready = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: `{line}`"));
        Self { child, ready }
    }

    pub(crate) fn control(&self) -> &str {
        self.ready["control"].as_str().expect("a URL")
    }

    /// Sends a signal and gives the exit code.
    pub(crate) fn end_with(mut self, signal: &str) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().expect("kill runs").success());
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
