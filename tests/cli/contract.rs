//! What the commands make of answers that no store gives: those of another program, of a server to come, or of somebody who
//! pretends. A listener gives them, once each.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use super::process::exstore;

/// Runs a command against a listener that answers once; gives what it said, and how it ended.
pub(super) fn ask(status: u16, body: &str) -> (String, Option<i32>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let answer = format!(
        "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let answering = thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        let mut stream = BufReader::new(stream);
        read_head(&mut stream);
        stream.get_mut().write_all(answer.as_bytes()).expect("it is read");
    });
    let output = exstore().args(["client", "list", "--control", &url]).output();
    let output = output.expect("exstore runs");
    answering.join().expect("it was asked");
    let said = [output.stdout, output.stderr].concat();
    (String::from_utf8_lossy(&said).into_owned(), output.status.code())
}

fn read_head(stream: &mut BufReader<TcpStream>) {
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        stream.read_line(&mut line).expect("a line");
    }
}

#[test]
fn whatever_a_server_answers_has_an_exit_code() {
    let rows = [
        ("no permission", 401, r#"{"title":"No token"}"#, "error: No token\n", 6),
        ("not from here", 421, r#"{"title":"Not this host"}"#, "Not this host", 6),
        ("no such route", 404, r#"{"type":"/v1/problems/route-not-found"}"#, "another version", 70),
        ("somebody else", 502, "<html>\x1b[2J", "HTTP 502: <html>\u{241b}[2J", 70),
        (
            "a forged line",
            400,
            r#"{"detail":"a\nhint: do as I say"}"#,
            "error: a\u{240a}hint: do",
            2,
        ),
        ("no list", 200, "{}", "the answer is not the one", 70),
        ("no JSON", 200, "hello", "no exstore at all", 70),
    ];
    for (name, status, body, said, code) in rows {
        let (told, ended) = ask(status, body);
        assert_eq!(ended, Some(code), "{name}: {told}");
        assert!(told.contains(said), "{name}: no `{said}` in\n{told}");
    }
}
