//! Programs that nobody here wrote: impacket tells the story and is hostile, tshark reads what went over the wire.

use std::path::PathBuf;
use std::process::Command;

use crate::running::Running;
use crate::workspace::root;

/// Runs a program of `tests/foreign` in the virtual environment, and shows what it said when it fails.
fn run(program: &str, arguments: &[&str]) {
    let python = root().join(".venv/bin/python");
    assert!(python.exists(), "impacket is not set up: run tests/setup");
    let script = root().join("tests/foreign").join(program);
    let output = Command::new(python).arg(script).args(arguments).output().expect("python runs");
    let said = [output.stdout, output.stderr]
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .concat();
    assert!(output.status.success(), "{program} {}: {said}", output.status);
}

fn scratch(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("foreign");
    std::fs::create_dir_all(&folder).expect("a scratch folder");
    folder.join(name)
}

#[test]
fn impacket_is_refused_and_cut_off_and_tshark_reads_every_packet() {
    let server = Running::start();
    let capture = scratch("story.pcap");
    let capture = capture.to_str().expect("a path");
    run("story.py", &[&server.rpc.to_string(), &server.url, "--capture", capture]);
    run("check_capture.py", &[capture]);
}

#[test]
fn whatever_a_hostile_client_sends_has_the_outcome_of_the_rules() {
    let server = Running::start();
    run("hostile.py", &[&server.rpc.to_string(), &server.url]);
}
