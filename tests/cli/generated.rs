//! Completions and manual pages, as a shell and man take them.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use super::process::{Serving, run, scratch};

#[test]
fn bash_completes_commands_flags_and_choices() {
    let script = run(&["completions", "bash"]);
    assert_eq!(script.status.code(), Some(0));
    let rows = [
        ("exstore cli", "client"),
        ("exstore block-list s", "set"),
        ("exstore serve --allow-sh", "--allow-shutdown"),
        ("exstore serve --disconnect con", "connection"),
        ("exstore completions z", "zsh"),
    ];
    for (typed, wanted) in rows {
        let words: Vec<&str> = typed.split(' ').collect();
        let (word, before) = (words[words.len() - 1], words[words.len() - 2]);
        let ask = format!(
            "\nCOMP_WORDS=({typed})\nCOMP_CWORD={}\nCOMPREPLY=()\n_exstore exstore {word} {before}\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
            words.len() - 1
        );
        let mut bash = Command::new("bash")
            .args(["--norc", "-e", "-s"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("bash runs");
        let mut stdin = bash.stdin.take().expect("it is piped");
        stdin.write_all(&script.stdout).and_then(|()| stdin.write_all(ask.as_bytes())).unwrap();
        drop(stdin);
        let output = bash.wait_with_output().expect("it ends");
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(told.lines().any(|line| line == wanted), "{typed}: {told}");
    }
}

#[test]
fn every_shell_has_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = run(&["completions", shell]);
        let script = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(0), "{shell}");
        assert!(
            script.contains("block-list") && script.contains("--clock") || shell == "fish",
            "{shell}"
        );
    }
}

#[test]
fn every_command_has_a_manual_page_of_known_requests() {
    let folder = scratch("man");
    drop(fs::remove_dir_all(&folder));
    assert_eq!(run(&["man", folder.to_str().expect("a path")]).status.code(), Some(0));
    let pages: Vec<_> =
        fs::read_dir(&folder).expect("a folder").map(|page| page.unwrap()).collect();
    assert!(50 < pages.len(), "{}", pages.len());
    for name in ["exstore.1", "exstore-serve.1", "exstore-block-list-set.1"] {
        assert!(folder.join(name).exists(), "{name}");
    }
    let mut known =
        ["TH", "SH", "SS", "TP", "RS", "RE", "PP", "br", "nf", "fi", "ie", "el", "IP", "B"]
            .to_vec();
    known.push("\\\"");
    for page in &pages {
        let text = fs::read_to_string(page.path()).expect("text");
        assert!(text.contains(".TH ") && text.contains(".SH NAME"), "{:?}", page.path());
        for line in text.lines().filter_map(|line| line.strip_prefix('.')) {
            let request = line.split(' ').next().expect("a word");
            assert!(known.contains(&request), "{:?}: .{line}", page.path());
        }
    }
    let first = run(&["man"]);
    assert_eq!(first.stdout, fs::read(folder.join("exstore.1")).expect("it is there"));
}

#[test]
fn the_document_of_a_server_is_printed_as_it_is() {
    let serving = Serving::start(&[]);
    let output = run(&["openapi", "--control", serving.control()]);
    assert_eq!(output.status.code(), Some(0));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(document["openapi"], "3.1.0");
}
