//! The examples of docs/examples and the Python fixture, run as their readers would run them.

#[path = "../../docs/examples/mapi_policy.rs"]
mod mapi_policy;

use std::path::PathBuf;
use std::process::{Command, Output};

use crate::cli::process::exstore;
use crate::workspace::{root, text};

fn folder() -> PathBuf {
    root().join("docs/examples")
}

fn program() -> PathBuf {
    PathBuf::from(exstore().get_program())
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr]
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .concat()
}

/// Python of the virtual environment, which has pytest, with the fixture on its path and exstore named.
fn python(arguments: &[&str]) -> Command {
    let python = root().join(".venv/bin/python");
    assert!(python.exists(), "{} is not there: run tests/setup", python.display());
    let mut command = Command::new(python);
    command
        .args(arguments)
        .env("PYTHONPATH", root().join("fixtures/python"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("EXSTORE_PROGRAM", program())
        .env_remove("EXSTORE_CONTROL")
        .current_dir(root());
    command
}

const PYTEST: [&str; 6] = ["-m", "pytest", "-q", "-p", "exstore_fixture", "-pno:cacheprovider"];

fn run(mut command: Command) -> String {
    let output = command.output().expect("the example runs");
    assert!(output.status.success(), "{command:?}: {}", said(&output));
    said(&output)
}

/// Runs an example by the name of its file.
fn run_example(name: &str) {
    let file = folder().join(name);
    let path = file.to_str().expect("a path");
    let told = match name {
        // It is a part of this program, which runs its tests.
        "mapi_policy.rs" => return,
        "test_mapi_policy.py" => run(python(&[&PYTEST[..], &[path]].concat())),
        "unittest_mapi_policy.py" => run(python(&[path])),
        "mapi_policy.sh" => {
            let mut command = exstore();
            command.args(["run", "--", path]);
            run(command)
        }
        "Makefile" => {
            let mut command = Command::new("make");
            command.args(["-f", path]).arg(format!("EXSTORE={}", program().display()));
            run(command)
        }
        other => panic!("nothing runs docs/examples/{other}"),
    };
    let done = ["7 passed", "OK\n", "mdl.exe is cut off and refused", "job: deleted"];
    assert!(done.iter().any(|done| told.contains(done)), "{name}: {told}");
}

#[test]
fn each_example_runs_and_the_overview_names_it() {
    let overview = text(&folder().join("README.md"));
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .expect("the examples")
        .map(|file| file.expect("a file").file_name().into_string().expect("a name"))
        .filter(|name| name != "README.md" && name != "__pycache__")
        .collect();
    names.sort_unstable();
    assert!(5 <= names.len(), "{names:?}");
    for name in names {
        assert!(overview.contains(&format!("]({name})")), "the overview does not name {name}");
        run_example(&name);
    }
}

/// A file of tests in a folder of its own.
fn tests_of(source: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("test_it.py"), source).expect("the file is written");
    folder
}

#[test]
fn the_report_of_a_failing_pytest_has_the_timeline_and_the_store_is_gone() {
    let tests = tests_of(
        "def test_that_fails(exstore):\n    \
             exstore.block('mdl.exe', apply='now')\n    \
             exstore.inject('mdl.exe')\n    \
             assert False, 'as it should'\n\n\
         def test_that_comes_after(exstore_server, exstore):\n    \
             names = [store['name'] for store in exstore_server.request('GET', '/v1/stores')[0]['items']]\n    \
             assert sorted(names) == ['default', exstore.name]\n",
    );
    let path = tests.path().to_str().expect("a path");
    let output = python(&[&PYTEST[..], &[path]].concat()).output().expect("pytest runs");
    let told = said(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("1 failed, 1 passed"), "{told}");
    assert!(told.contains("as it should") && told.contains("- exstore -"), "{told}");
    assert!(told.contains("session.refused        mdl.exe  because "), "{told}");
}

#[test]
fn the_report_of_a_failing_unittest_has_it_too() {
    let tests = tests_of(
        "import unittest, exstore_fixture\n\
         class It(exstore_fixture.TestCase):\n    \
             settings = {'clock': {'mode': 'manual', 'now': '2007-01-01T00:00:00Z'}}\n    \
             def test_that_fails(self):\n        \
                 self.exstore.inject('mdl.exe')\n        \
                 self.fail('as it should')\n    \
             def test_that_passes(self):\n        \
                 self.assertEqual(len(self.exstore.clients()), 0)\n\
         if __name__ == '__main__':\n    unittest.main()\n",
    );
    let file = tests.path().join("test_it.py");
    let output = python(&[file.to_str().expect("a path")]).output().expect("python runs");
    let told = said(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("FAILED (failures=1)"), "{told}");
    assert!(
        told.contains("2007-01-01T00:00:00Z  client     session.connected      mdl.exe"),
        "{told}"
    );
    assert_eq!(told.matches("what happened in the store").count(), 1, "{told}");
}

#[test]
fn a_run_beside_exstore_run_takes_its_server() {
    let tests = tests_of(
        "import os\n\
         def test_it(exstore_server, exstore):\n    \
             assert exstore_server.control == os.environ['EXSTORE_CONTROL']\n    \
             assert exstore_server.ready is None\n",
    );
    let inner = python(&[&PYTEST[..], &[tests.path().to_str().expect("a path")]].concat());
    let mut command = exstore();
    command.args(["run", "--"]).arg(inner.get_program()).args(inner.get_args());
    command.env("PYTHONPATH", root().join("fixtures/python")).env("PYTHONDONTWRITEBYTECODE", "1");
    assert!(run(command).contains("1 passed"));
}
