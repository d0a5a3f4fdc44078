//! The log as objects: each line is told with its request or its association, and nobody can break or widen one.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use serde_json::Value;

use super::process::{exstore, scratch};

const TOKEN: &str = "correct-horse-battery-staple";

/// A server that logs everything, and what it has logged when it has left.
struct Logging {
    child: Child,
    control: String,
}

impl Logging {
    fn start(token_file: &str) -> Self {
        let mut child = exstore()
            .args(["serve", "-o", "json", "--control", "127.0.0.1:0", "--rpc", "127.0.0.1:0"])
            .args(["--clock", "manual", "--log-format", "json", "--token-file", token_file])
            .args(["--exit-on-stdin-close"])
            .env("RUST_LOG", "server=debug,control=debug")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("exstore runs");
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.as_mut().expect("it is piped"));
        stdout.read_line(&mut line).expect("the ready object");
        let ready: Value = serde_json::from_str(&line).expect("it is JSON");
        let url = ready["control"].as_str().expect("a URL").to_owned();
        let control = url.strip_prefix("http://").expect("it is HTTP").to_owned();
        Self { child, control }
    }

    /// Sends a request over a connection of its own, and gives the answer.
    fn ask(&self, method: &str, target: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.control).expect("it listens");
        let (length, host) = (body.len(), &self.control);
        let request = format!(
            "{method} {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
             authorization: Bearer {TOKEN}\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        answer
    }

    /// Has it leave, and gives what it has logged, raw and line by line.
    fn end(mut self) -> (String, Vec<Value>) {
        drop(self.child.stdin.take());
        let mut log = String::new();
        let mut stderr = self.child.stderr.take().expect("it is piped");
        stderr.read_to_string(&mut log).expect("the log is UTF-8");
        self.child.wait().expect("it ends");
        let read = |line: &str| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: `{line}`"))
        };
        // The link for a browser is for whoever started it, and no part of the log.
        let is_log = |line: &&str| !line.starts_with("to use it in a browser");
        let lines = log.lines().filter(is_log).map(read).collect();
        (log, lines)
    }
}

/// The spans of this name that lines are told with, each with its line.
fn spans<'a>(lines: &'a [Value], name: &str) -> Vec<(&'a Value, &'a Value)> {
    let of_line = |line: &'a Value| {
        let spans = line["spans"].as_array().into_iter().flatten();
        spans.map(move |span| (span, line))
    };
    lines.iter().flat_map(of_line).filter(|(span, _)| span["name"] == name).collect()
}

#[test]
fn every_line_is_told_with_its_request_or_association_and_no_secret_is_in_any() {
    let file = scratch("logs-token");
    std::fs::write(&file, format!("{TOKEN}\n")).expect("it can be written");
    make_private(&file);
    let server = Logging::start(file.to_str().expect("a path"));
    let client = r#"{"process":"C:\\x\\\"quoted\" {name}.exe","transport":"TRANSPORT"}"#;
    for transport in ["pipe", "tcp"] {
        let body = client.replace("TRANSPORT", transport);
        let answer = server.ask("POST", "/v1/stores/default/clients", &body);
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    }
    let hostile = format!("/v1/stores/%0A%0D%1B[31m%22%7D/sessions?token={TOKEN}");
    assert!(server.ask("GET", &hostile, "").starts_with("HTTP/1.1 40"));
    assert!(server.ask("GET", &format!("/nowhere%0A/{TOKEN}"), "").starts_with("HTTP/1.1 404"));
    let (log, lines) = server.end();

    assert!(!log.contains("horse"), "a secret is in the log: {log}");
    assert!(!log.contains('\u{1b}'), "{log}");
    let requests = spans(&lines, "request");
    let answered: Vec<_> = requests
        .iter()
        .filter(|(_, line)| line["fields"]["message"] == "answered")
        .map(|(span, line)| {
            let text = |name: &str| span[name].as_str().expect("text").to_owned();
            (text("id"), text("method"), text("route"), line["fields"]["status"].as_u64())
        })
        .collect();
    let clients = "/v1/stores/{store}/clients";
    let row = |id: &str, method: &str, route: &str, status| {
        (id.to_owned(), method.to_owned(), route.to_owned(), Some(status))
    };
    let expected = [
        row("r1", "POST", clients, 201),
        row("r2", "POST", clients, 201),
        row("r3", "GET", "/v1/stores/{store}/sessions", 404),
        row("r4", "GET", "none", 404),
    ];
    assert_eq!(answered, expected);

    let program = r#"C:\\x\\\"quoted\" {name}.exe"#;
    for peer in ["pipe", "127.0.0.1"] {
        let told = spans(&lines, "association");
        let found = told.iter().find(|(span, line)| {
            span["peer"] == peer && line["fields"]["message"] == "the client asks for a session"
        });
        let (span, _) = found.unwrap_or_else(|| panic!("no line of {peer}: {log}"));
        assert_eq!(span["store"], "default");
        assert!(span["id"].is_u64(), "{span}");
        assert_eq!(span["program"], program, "{span}");
    }
}

#[cfg(unix)]
fn make_private(file: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    let private = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(file, private).expect("they can be set");
}
