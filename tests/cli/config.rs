//! Where what a flag is set to comes from: the command line, a variable, `exstore.toml`, the default; and files that do not fit.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use super::process::{Serving, exstore, scratch};
use crate::workspace::{root, text};

/// A folder of its own, with this `exstore.toml`.
fn folder_of(name: &str, file: &str) -> PathBuf {
    let folder = scratch("config").join(name);
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("exstore.toml"), file).expect("the file is written");
    folder
}

/// The program in a folder, with no environment but this.
fn at(folder: &Path, variables: &[(&str, &str)]) -> Command {
    let mut command = exstore();
    command.current_dir(folder).env_clear().envs(variables.iter().copied());
    command
}

fn ask(folder: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    at(folder, variables).args(arguments).output().expect("exstore runs")
}

fn said(output: &Output) -> String {
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&said).into_owned()
}

/// What `exstore config` says of a flag.
fn row(output: &Output, flag: &str) -> Value {
    let rows = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut rows = rows.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    rows.find(|row| row["flag"] == flag).unwrap_or_else(|| panic!("{flag}: {}", said(output)))
}

const FILE: &str = "\
control = \"http://127.0.0.1:1\"
clock = \"scaled:2\"
seed = 7

[serve]
clock = \"manual\"
allow-shutdown = true
allow_host = [\"a.example\", \"b.example\"]
now = 2006-04-22T08:00:00Z

[client.add]
process = \"mdl.exe\"
count = 2

[wait]
timeout = \"1s\"
";

#[test]
fn a_flag_comes_before_a_variable_a_variable_before_the_file_and_the_file_before_the_default() {
    let folder = folder_of("order", FILE);
    let clock = ("EXSTORE_CLOCK", "real");
    // The command, its environment, a flag, and the value, source and line that it has.
    type Row<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], &'a str, Value, &'a str, Option<u64>);
    let rows: [Row<'_>; 15] = [
        (&["serve", "--clock", "scaled:9"], &[clock], "--clock", "scaled:9".into(), "flag", None),
        (&["serve"], &[clock], "--clock", "real".into(), "variable", None),
        (&["serve"], &[], "--clock", "manual".into(), "file", Some(6)),
        (&["run"], &[], "--clock", "scaled:2".into(), "file", Some(2)),
        (&["run", "--", "true", "--clock"], &[], "--clock", "scaled:2".into(), "file", Some(2)),
        (&["serve"], &[], "--poll-interval", "15m".into(), "default", None),
        (&["serve"], &[], "--control", "127.0.0.1:8135".into(), "default", None),
        (&["client", "list"], &[], "--control", "http://127.0.0.1:1".into(), "file", Some(1)),
        (&["serve"], &[], "--allow-shutdown", true.into(), "file", Some(7)),
        (
            &["serve"],
            &[("EXSTORE_ALLOW_SHUTDOWN", "no")],
            "--allow-shutdown",
            false.into(),
            "variable",
            None,
        ),
        (
            &["serve"],
            &[],
            "--allow-host",
            serde_json::json!(["a.example", "b.example"]),
            "file",
            Some(8),
        ),
        (&["serve"], &[], "--now", "2006-04-22T08:00:00Z".into(), "file", Some(9)),
        (&["serve"], &[("EXSTORE_SEED", "")], "--seed", "7".into(), "file", Some(3)),
        (&["client", "add"], &[], "--count", "2".into(), "file", Some(13)),
        (&["serve"], &[], "--epm", Value::Null, "default", None),
    ];
    for (command, variables, flag, value, source, line) in rows {
        let arguments = [&["config", "-o", "jsonl"], command].concat();
        let output = ask(&folder, variables, &arguments);
        assert_eq!(output.status.code(), Some(0), "{command:?}: {}", said(&output));
        let row = row(&output, flag);
        assert_eq!((&row["value"], &row["source"]), (&value, &source.into()), "{command:?}: {row}");
        assert_eq!(row["line"].as_u64(), line, "{command:?}: {row}");
    }
}

#[test]
fn commands_do_what_the_file_says() {
    let folder = folder_of("effects", FILE);
    let serving = Serving::start(&["--clock", "manual"]);
    let control = ("EXSTORE_CONTROL", serving.control());
    // The environment beside the server, the command, its exit code, and what it says.
    type Row<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str], i32, &'a str);
    let rows: [Row<'_>; 8] = [
        (&[], &["client", "add"], 0, "mdl.exe"),
        (&[], &["client", "add", "--process", "b.exe"], 0, "b.exe"),
        (&[], &["client", "add", "--no-process"], 0, "  -  "),
        (&[("EXSTORE_CLIENT_ADD_NO_PROCESS", "1")], &["client", "add"], 0, "  -  "),
        (&[("EXSTORE_CLIENT_ADD_NO_PROCESS", "off")], &["client", "add"], 0, "mdl.exe"),
        (
            &[("EXSTORE_CLIENT_ADD_PROCESS", "c.exe")],
            &["client", "add", "--no-process"],
            0,
            "  -  ",
        ),
        (&[], &["wait", "--sessions", "--exactly", "99"], 1, "1s"),
        (
            &[("EXSTORE_CLIENT_ADD_COUNT", "many")],
            &["client", "add"],
            2,
            "hint: --count is from variable EXSTORE_CLIENT_ADD_COUNT",
        ),
    ];
    for (variables, command, code, told) in rows {
        let variables = [&[control], variables].concat();
        let output = ask(&folder, &variables, command);
        let told_all = said(&output);
        assert_eq!(output.status.code(), Some(code), "{variables:?} {command:?}: {told_all}");
        assert!(told_all.contains(told), "{variables:?} {command:?}: {told_all}");
    }
    let beside =
        ask(&folder, &[], &["run", "--", "/bin/sh", "-c", "\"$EXSTORE_PROGRAM\" clock show"]);
    assert!(
        said(&beside).contains("scaled:2"),
        "a program and its flags stay as they are: {}",
        said(&beside)
    );
    // A file that is named takes the place of the one that is found.
    let none = ask(&folder, &[control], &["client", "add", "--config", "/dev/null"]);
    assert_eq!(none.status.code(), Some(2), "{}", said(&none));
}

#[test]
fn a_file_that_does_not_fit_is_refused_with_the_place() {
    let rows: [(&str, &str, &[&str]); 15] = [
        (
            "no TOML",
            "[serve]\nclock = manual\n",
            &["this is no TOML", "exstore.toml:2:9", "| clock = manual"],
        ),
        ("never closed", "[serve", &["this is no TOML", "exstore.toml:1:"]),
        (
            "a key that there is not",
            "[serve]\nclok = \"real\"\n",
            &[
                "`clok` is no flag of serve",
                "exstore.toml:2:1",
                "| ^^^^\n",
                "hint: did you mean `clock`?",
            ],
        ),
        ("at the top", "contrl = \"x\"\n", &["exstore.toml:1:1", "did you mean `control`?"]),
        (
            "a command that there is not",
            "[serv]\nclock = \"real\"\n",
            &["exstore.toml:1:2", "did you mean `serve`?"],
        ),
        (
            "one of all commands",
            "[client.add]\ncontrol = \"http://a\"\n",
            &["stands at the top of the file"],
        ),
        ("one of another command", "[serve]\nhex = \"00\"\n", &["put it into [registry.set]"]),
        ("nothing like it", "[serve]\nzzz = 1\n", &["`exstore COMMAND --help`"]),
        (
            "a number for a switch",
            "[serve]\ninsecure = 1\n",
            &["`insecure` can't be a number", "exstore.toml:2:12", "`insecure = true`"],
        ),
        (
            "a switch for a text",
            "store = true\n",
            &["`store` can't be true or false", "`store = \"NAME\"`"],
        ),
        (
            "a list for one",
            "[serve]\nclock = [\"real\", \"manual\"]\n",
            &["`clock` can't be such a list"],
        ),
        (
            "no such choice",
            "[serve]\nclock = \"fast\"\n",
            &["exstore.toml:2:9", "`real`, `manual`, or `scaled:N`"],
        ),
        ("none of the words", "output = \"xml\"\n", &["it is one of text, json, jsonl"]),
        (
            "no number",
            "[client.add]\ncount = \"some\"\n",
            &["`count` can't be this: invalid digit"],
        ),
        (
            "twice",
            "[serve]\nallow-shutdown = true\nallow_shutdown = false\n",
            &["`allow_shutdown` is there twice", "exstore.toml:3:1"],
        ),
    ];
    for (name, file, told) in rows {
        // Whatever is run: a part of a file that is wrong is not waited for.
        for command in [&["client", "list"][..], &["config"]] {
            let output = ask(&folder_of("bad", file), &[], command);
            let told_all = said(&output);
            assert_eq!(output.status.code(), Some(7), "{name}: {told_all}");
            for told in told {
                assert!(told_all.contains(told), "{name}: no `{told}` in\n{told_all}");
            }
            assert!(told_all.contains("hint: "), "{name}: {told_all}");
        }
    }
    let gone = ask(&folder_of("gone", ""), &[], &["config", "--config", "is-not-there.toml"]);
    assert_eq!(gone.status.code(), Some(7), "{}", said(&gone));
    let folder = folder_of("no-text", "");
    fs::write(folder.join("exstore.toml"), b"control = \"\xff\"\n").expect("it is written");
    let no_text = ask(&folder, &[], &["config"]);
    assert!(said(&no_text).contains("UTF-8"), "{}", said(&no_text));
    assert_eq!(no_text.status.code(), Some(7));
    let help = ask(&folder_of("bad", "["), &[], &["serve", "--help"]);
    assert_eq!(help.status.code(), Some(0), "help is given whatever a file says");
}

#[test]
fn no_secret_is_shown() {
    let folder = folder_of("secrets", "token_file = \"token\"\n");
    let variables = [
        ("EXSTORE_TOKEN", "0123456789abcdef0123456789abcdef"),
        ("EXSTORE_CONTROL", "http://me:hunter2@127.0.0.1:1"),
    ];
    for output in ["text", "json", "jsonl"] {
        for command in [&[][..], &["client", "list"], &["serve"]] {
            let told =
                said(&ask(&folder, &variables, &[&["config", "-o", output], command].concat()));
            assert!(!told.contains("0123456789abcdef") && !told.contains("hunter2"), "{told}");
            assert!(told.contains("token"), "the file is named: {told}");
        }
    }
    let key = ask(&folder_of("secrets-within", "token = \"0123\"\n"), &[], &["config"]);
    assert_eq!(key.status.code(), Some(7), "a token has no place in the file");
}

#[test]
fn without_a_command_everything_that_is_set_is_shown() {
    let folder = folder_of("overview", FILE);
    let output = ask(&folder, &[("EXSTORE_POLL_LIST_LIMIT", "3")], &["config"]);
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("overview", said(&output));
    });
    let wrong = ask(&folder, &[], &["config", "serve", "--clok", "real"]);
    assert_eq!(wrong.status.code(), Some(2), "{}", said(&wrong));
}

/// The file of the reference fits, and is read as it says.
#[test]
fn the_file_of_the_reference_fits() {
    let reference = text(&root().join("docs/cli.md"));
    let (_, rest) = reference.split_once("```toml\n").expect("a file");
    let (file, _) = rest.split_once("```").expect("its end");
    let output = ask(&folder_of("reference", file), &[], &["config", "-o", "jsonl"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let set = String::from_utf8_lossy(&output.stdout).matches("\"source\":\"file\"").count();
    let keys = file.lines().filter(|line| line.contains(" = ")).count();
    assert_eq!(set, keys, "{}", said(&output));
}
