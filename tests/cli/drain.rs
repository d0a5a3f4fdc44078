//! How `serve` ends: it drains, and whoever does not let go is left behind.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use serde_json::Value;

use super::process::{Serving, scratch};
use crate::acceptance::http::Http;
use crate::server::wire_client::{PATIENCE, WireClient};

fn events(journal: &Path) -> Vec<Value> {
    let journal = fs::read_to_string(journal).expect("a journal");
    journal.lines().map(|line| serde_json::from_str(line).expect("a whole line")).collect()
}

fn rpc(serving: &Serving) -> std::net::SocketAddr {
    let rpc = serving.ready["stores"]["default"]["rpc"].as_str().expect("an address");
    rpc.parse().expect("an address")
}

/// A request that begins, and whose body never comes.
fn half_a_request(serving: &Serving) -> TcpStream {
    let host = serving.control().strip_prefix("http://").expect("a URL");
    let mut stream = TcpStream::connect(host).expect("it listens");
    let head = format!(
        "POST /v1/stores/default/clients HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).expect("it reads");
    // Its connection has been accepted once one that came later is answered.
    Http::new(serving.control()).send("GET", "/v1/info", "", b"").ok();
    stream
}

#[test]
fn a_signal_ends_every_session_and_waits_for_no_client() {
    for signal in ["-TERM", "-INT"] {
        let file = scratch(&format!("drain{signal}.jsonl"));
        let serving =
            Serving::start(&["--clock", "manual", "--journal", file.to_str().expect("text")]);
        let http = Http::new(serving.control());
        for client in [r#"{"process":"a.exe"}"#, r#"{"process":"b.exe","transport":"tcp"}"#] {
            http.send("POST", "/v1/stores/default/clients", "application/json", client.as_bytes())
                .ok();
        }
        let mut idle = WireClient::bind(rpc(&serving), None);
        idle.connect(Some("OUTLOOK.EXE"));
        let mut deaf = WireClient::bind(rpc(&serving), None);
        deaf.connect(Some("deaf.exe"));
        deaf.send_until_full();
        let _request = half_a_request(&serving);

        assert_eq!(serving.end_within(signal, PATIENCE), Some(0), "{signal}");
        idle.sees_fin_and_nothing_else();
        let events = events(&file);
        let ended: Vec<_> =
            events.iter().filter(|event| event["type"] == "session.ended").collect();
        assert_eq!(ended.len(), 4, "{signal}");
        assert!(ended.iter().all(|event| event["reason"] == "shutdown"), "{ended:?}");
        assert_eq!(events.last().map(|event| &event["type"]), Some(&"store.stopped".into()));
        let seqs: Vec<_> = events.iter().filter_map(|event| event["seq"].as_u64()).collect();
        assert!(seqs.iter().copied().eq(1..=seqs.len() as u64), "the journal is whole");
    }
}

#[test]
fn who_waits_for_a_store_beside_the_default_one_is_answered_too() {
    let serving = Serving::start(&["--clock", "manual"]);
    let http = Http::new(serving.control());
    let json = "application/json";
    http.send(
        "POST",
        "/v1/stores",
        json,
        br#"{"name":"t1","rpc":"127.0.0.1:0","clock":{"mode":"manual"}}"#,
    )
    .ok();
    let control = serving.control().to_owned();
    let waiting = std::thread::spawn(move || {
        let never = br#"{"until":{"event":{"type":"session.refused"}},"timeout":"60s"}"#;
        Http::new(&control).send("POST", "/v1/stores/t1/waits", json, never)
    });
    // A connection on which nothing was asked before the signal is closed without a word.
    let waits = || http.send("GET", "/metrics", "", b"").text();
    while !waits().lines().any(|line| line == r#"exstore_waits_open{store="t1"} 1"#) {
        assert!(!waiting.is_finished(), "it waits");
    }
    assert_eq!(serving.end_within("-TERM", PATIENCE), Some(0));
    let answer = waiting.join().expect("it is answered, and not cut off");
    assert_eq!(answer.problem(), "store-stopped", "{}", answer.text());
}

#[test]
fn a_second_signal_leaves_at_once() {
    for (first, second) in [("-TERM", "-TERM"), ("-INT", "-INT"), ("-TERM", "-INT")] {
        let serving = Serving::start(&["--clock", "manual"]);
        let mut client = WireClient::bind(rpc(&serving), None);
        client.connect(Some("OUTLOOK.EXE"));
        let mut request = half_a_request(&serving);
        serving.signal(first);
        // It drains when the client sees the end; and it is not done, since it waits for the request.
        client.sees_fin_and_nothing_else();
        assert_eq!(serving.end_within(second, PATIENCE), Some(130), "{first} {second}");
        // A reset will do as well as an end.
        drop(request.read(&mut [0]));
    }
}
