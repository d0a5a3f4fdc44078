//! Every command is in the reference, and every noun's help has an example.

use super::process::{Serving, exstore, run, scratch};
use crate::workspace::{root, text};

/// The verbs that a command's help lists.
fn verbs(command: &[String]) -> Vec<String> {
    let help = help(command);
    let listed = help.split_once("\nCommands:\n").map_or("", |(_, rest)| rest);
    let listed = listed.lines().take_while(|line| !line.is_empty());
    let names = listed.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names.filter(|name| !name.is_empty() && *name != "help").map(str::to_owned).collect()
}

fn help(command: &[String]) -> String {
    let words: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
    let output = run(&words);
    assert_eq!(output.status.code(), Some(0), "{command:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Every command without verbs of its own, and every one that has some.
fn tree() -> (Vec<Vec<String>>, Vec<Vec<String>>) {
    let (mut leaves, mut branches, mut open) = (Vec::new(), Vec::new(), vec![Vec::new()]);
    while let Some(command) = open.pop() {
        let verbs = verbs(&command);
        let below = |verb: String| command.iter().cloned().chain([verb]).collect::<Vec<_>>();
        if verbs.is_empty() {
            leaves.push(command);
        } else {
            open.extend(verbs.into_iter().map(below));
            branches.push(command);
        }
    }
    (leaves, branches)
}

#[test]
fn every_command_is_in_the_reference() {
    let reference = text(&root().join("docs/cli.md"));
    let (commands, _) = tree();
    assert!(40 <= commands.len(), "only {} commands", commands.len());
    for command in commands {
        let command = command.join(" ");
        let mentioned = [format!("`{command}`"), format!("`{command} ")];
        assert!(mentioned.iter().any(|text| reference.contains(text)), "`{command}` is missing");
    }
}

#[test]
fn the_help_of_every_noun_has_examples_that_do_what_they_say() {
    let folder = scratch("examples");
    std::fs::create_dir_all(&folder).expect("a folder");
    let fleet = "[[groups]]\nname = \"beta\"\nprocess = \"mdl.exe\"\nclients = 2\n";
    for (name, text) in [
        ("alice.password", "secret\n"),
        ("root.hash", "a4f49c406510bdcab6824ee7c30fd852\n"),
        ("company.toml", fleet),
    ] {
        std::fs::write(folder.join(name), text).expect("the file is written");
    }
    let old = ["scenario"];
    let nouns = tree().1.into_iter().filter(|command| command.len() == 1);
    let nouns: Vec<_> = nouns.filter(|noun| !old.contains(&noun[0].as_str())).collect();
    assert_eq!(nouns.len(), 15);
    for noun in nouns {
        let help = help(&noun);
        let examples = help.split_once("Examples:\n").map(|(_, rest)| rest).unwrap_or_default();
        let examples: Vec<_> =
            examples.lines().take_while(|line| line.starts_with("  exstore ")).collect();
        assert!(2 <= examples.len(), "{noun:?}: {help}");
        let serving = busy();
        // What follows the journal ends with ^C only.
        for example in examples.into_iter().filter(|example| !example.ends_with(" follow")) {
            let words = words(example.trim());
            let mut typed = exstore();
            typed.args(words.iter().skip(1)).env("EXSTORE_CONTROL", serving.control());
            let output = typed.current_dir(&folder).output().expect("exstore runs");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(0), "{example}: {said}");
        }
    }
}

/// A server with more clients and a longer journal than any example speaks of.
fn busy() -> Serving {
    let serving = Serving::start(&["--clock", "manual"]);
    let clients = ["client", "add", "--process", "beta.exe", "--count", "50"];
    let output = exstore().args(clients).env("EXSTORE_CONTROL", serving.control()).output();
    assert!(output.expect("exstore runs").status.success());
    serving
}

/// The words of a line; those in quotes may have spaces.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            letter => words.last_mut().expect("a word").push(letter),
        }
    }
    words
}
