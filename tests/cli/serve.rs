//! `serve` and `health`.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Stdio;

use super::process::{Serving, exstore, run, scratch};
use crate::workspace::root;

#[test]
fn the_ready_object_is_true_when_it_is_printed() {
    let file = scratch("ready.json");
    let serving = Serving::start(&["--ready-file", file.to_str().unwrap(), "--seed", "0x7"]);
    let ready = &serving.ready;
    assert_eq!((&ready["event"], &ready["seed"]), (&"ready".into(), &"0x7".into()));
    let rpc: SocketAddr = ready["stores"]["default"]["rpc"].as_str().unwrap().parse().unwrap();
    assert!(TcpStream::connect(rpc).is_ok(), "the RPC port is open");
    let written: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(&written, ready);
    let health = run(&["health", "--control", serving.control()]);
    assert_eq!(health.status.code(), Some(0), "{}", String::from_utf8_lossy(&health.stderr));
}

#[test]
fn a_port_for_the_endpoint_mapper_is_told_where_one_is_wanted() {
    let default = |serving: &Serving| serving.ready["stores"]["default"].clone();
    let serving = Serving::start(&["--epm", "127.0.0.1:0"]);
    let epm = default(&serving)["epm"].as_str().expect("an address").to_owned();
    assert!(TcpStream::connect(&epm).is_ok(), "it is open");
    assert!(default(&Serving::start(&[])).get("epm").is_none(), "none by default");

    let second = ["serve", "--control", "127.0.0.1:0", "--rpc", "127.0.0.1:0", "--epm", &epm];
    let second = run(&second);
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(70));
    assert!(said.contains(&epm) && said.contains("another address with --epm"), "{said}");
}

#[test]
fn every_port_may_be_any_and_each_store_is_there_when_it_is_told() {
    let file = scratch("ready-all.json");
    // What is there already is replaced whole.
    fs::write(&file, "{\"event\":").unwrap();
    let ready_file = file.to_str().unwrap();
    let serving = Serving::start(&["--epm", "127.0.0.1:0", "--ready-file", ready_file]);
    let ready = &serving.ready;
    let written = fs::read_to_string(&file).unwrap();
    let object: serde_json::Value = serde_json::from_str(&written).unwrap();
    assert_eq!((&object, written.lines().count()), (ready, 1), "the same object, and nothing else");
    assert!(!file.with_extension("json.part").exists(), "it was moved into place");
    let default = &ready["stores"]["default"];
    let control = serving.control().strip_prefix("http://").unwrap();
    let mut addresses: Vec<SocketAddr> = vec![control.parse().unwrap()];
    addresses.extend(
        ["rpc", "epm"].map(|port| default[port].as_str().unwrap().parse::<SocketAddr>().unwrap()),
    );
    for name in ["t1", "t2", "t3"] {
        let made =
            run(&["store", "create", name, "--rpc", "--control", serving.control(), "-o", "json"]);
        let made: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
        addresses.push(made["rpc"].as_str().unwrap().parse().unwrap());
    }
    for address in &addresses {
        assert_ne!(address.port(), 0);
        assert!(TcpStream::connect(address).is_ok(), "{address} is open");
    }
    addresses.sort_unstable();
    addresses.dedup();
    assert_eq!(addresses.len(), 6);
    let health = run(&["health", "--control", serving.control()]);
    assert_eq!(health.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&health.stdout).matches("first_poll").count(), 4);
}

#[test]
fn a_server_whose_stdin_ends_drains_and_leaves() {
    let file = scratch("stdin.jsonl");
    let mut child = exstore()
        .args([
            "serve",
            "--control",
            "127.0.0.1:0",
            "--rpc",
            "127.0.0.1:0",
            "--exit-on-stdin-close",
        ])
        .args(["--journal", file.to_str().unwrap()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("exstore runs");
    let mut stdin = child.stdin.take().expect("it is piped");
    let mut ready = String::new();
    BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut ready).unwrap();
    // What is written there is of no interest.
    stdin.write_all(b"still here\n").unwrap();
    drop(stdin);
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    assert!(fs::read_to_string(&file).unwrap().contains("store.stopped"), "the journal is whole");
    // Without the flag nobody looks at stdin.
    let serving = Serving::start(&[]);
    assert_eq!(serving.end_with("-TERM"), Some(0));
}

#[test]
fn whoever_asks_for_text_is_told_where_to_go() {
    let mut child = exstore()
        .args(["serve", "--output", "text", "--control", "127.0.0.1:0", "--rpc", "127.0.0.1:0"])
        .args(["--seed", "0x7", "--exit-on-stdin-close"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("exstore runs");
    let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let lines: Vec<_> = lines.take(5).map(|line| line.expect("a line")).collect();
    assert!(lines[0].starts_with("exstore ") && lines[0].ends_with(" is ready"), "{lines:?}");
    let control = lines[1].strip_prefix("  control plane    ").expect("the control plane");
    assert_eq!(lines[2], format!("  documentation    {control}/docs"));
    let rpc = lines[3].strip_prefix("  RPC              ").expect("the RPC port");
    assert!(rpc.parse::<SocketAddr>().is_ok_and(|rpc| rpc.port() != 0), "{rpc}");
    assert_eq!(lines[4], "  seed             0x7");
    let health = run(&["health", "--control", control]);
    assert_eq!(health.status.code(), Some(0), "it is where it says");
    drop(child.stdin.take());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_store_that_is_not_there_is_unreachable() {
    let health = run(&["health", "--control", "http://127.0.0.1:1"]);
    assert_eq!(health.status.code(), Some(3));
    let said = String::from_utf8_lossy(&health.stderr).into_owned();
    assert!(said.contains("can't be reached") && said.contains("hint: start a store"), "{said}");
}

#[test]
fn a_signal_ends_the_service_and_the_journal_is_whole() {
    for signal in ["-INT", "-TERM"] {
        let file = scratch(&format!("journal{signal}.jsonl"));
        let serving = Serving::start(&["--clock", "manual", "--journal", file.to_str().unwrap()]);
        assert_eq!(serving.end_with(signal), Some(0), "{signal}");
        let journal = fs::read_to_string(&file).unwrap();
        let types: Vec<String> = journal
            .lines()
            .map(|line| {
                serde_json::from_str::<serde_json::Value>(line).unwrap()["type"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        assert_eq!(types, ["store.started", "poll.completed", "store.stopped"], "{signal}");
    }
}

#[test]
fn wrong_arguments_say_what_would_be_right() {
    let rows: [(&[&str], &str); 9] = [
        (&["serve", "--control", "0.0.0.0:0"], "other machines"),
        (&["health", "--control", "127.0.0.1:1"], "is no http:// URL"),
        (&["serve", "--clock", "fast"], "`real`, `manual`, or `scaled:N`"),
        (&["serve", "--seed", "seven"], "64-bit number"),
        (&["serve", "--poll-interval", "15"], "`d`, `h`, `m`, `s`, `ms` and `us`"),
        (&["serve", "--poll-interval", "0s"], "would never end"),
        (&["serve", "--now", "today"], "RFC 3339"),
        (&["demo", "--transport", "carrier-pigeon"], "`pipe` or `tcp`"),
        (&["demo", "--act", "three"], "one, two, both"),
    ];
    for (arguments, said) in rows {
        let output = run(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr.contains(said), "{arguments:?}: {stderr}");
    }
}

#[test]
fn a_port_that_is_taken_is_named_with_what_to_do() {
    let serving = Serving::start(&[]);
    let rpc = serving.ready["stores"]["default"]["rpc"].as_str().unwrap();
    let second = run(&["serve", "--control", "127.0.0.1:0", "--rpc", rpc]);
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(70));
    assert!(said.contains(rpc) && said.contains("port 0 takes any free one"), "{said}");
}

#[test]
fn the_journal_goes_on_through_a_reset() {
    let file = scratch("through-a-reset.jsonl");
    let serving = Serving::start(&["--clock", "manual", "--journal", file.to_str().unwrap()]);
    let note = root().join("fixtures/scenarios/kb-920185-note.toml");
    let played = run(&["scenario", "run", note.to_str().unwrap(), "--control", serving.control()]);
    assert_eq!(played.status.code(), Some(0));
    assert_eq!(serving.end_with("-TERM"), Some(0));
    let journal = fs::read_to_string(&file).unwrap();
    let count = |kind: &str| journal.matches(&format!("\"type\":\"{kind}\"")).count();
    assert_eq!((count("store.started"), count("store.stopped")), (2, 2));
    assert_eq!((count("session.refused"), count("enforcement.completed")), (7, 2));
}

#[test]
fn what_is_logged_to_no_terminal_has_no_colours() {
    let logged = exstore()
        .args(["health", "--control", "http://127.0.0.1:1"])
        .env("RUST_LOG", "trace")
        .output()
        .expect("exstore runs");
    let said = String::from_utf8_lossy(&logged.stderr).into_owned();
    assert!(said.contains(" DEBUG ") && !said.contains('\u{1b}'), "{said}");
}

#[test]
fn a_choice_is_taken_as_the_api_spells_it_too() {
    for watch in ["armed-at-start", "armed_at_start"] {
        let serving = Serving::start(&["--registry-watch", watch]);
        let shown = run(&["store", "show", "--control", serving.control()]);
        let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
        assert!(shown.contains("registry watch          armed_at_start\n"), "{watch}: {shown}");
    }
}
