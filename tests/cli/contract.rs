//! What the commands ask of a server and make of its answers, where today's server has no route yet, or can't be brought to
//! answer so: a listener that writes down one request and gives the row's answer.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use super::process::{exstore, scratch};

/// Its name, what is typed, what is answered, and then what is asked, what is said, and the exit code.
struct Row {
    name: &'static str,
    typed: &'static [&'static str],
    answer: (u16, &'static str),
    asked: &'static str,
    said: &'static [&'static str],
    code: i32,
}

/// Reads a request: its line and its body, with a space between.
fn request(stream: &mut BufReader<TcpStream>) -> String {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).expect("a line");
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let header = |line: &String| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then(|| value.parse().expect("a length"))
    };
    let mut body = vec![0; head.iter().find_map(header).unwrap_or(0)];
    stream.read_exact(&mut body).expect("the body");
    let line = head.first().map(|line| line.replace(" HTTP/1.1", "")).unwrap_or_default();
    format!("{line} {}", String::from_utf8_lossy(&body)).trim_end().to_owned()
}

/// Runs `exstore` against a listener that answers once; gives what was asked, and what came of it.
fn ask(typed: &[&str], (status, body): (u16, &str)) -> (String, String, Option<i32>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let url = format!("http://{address}");
    let answer = format!(
        "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let asked = thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        let mut stream = BufReader::new(stream);
        let asked = request(&mut stream);
        // Whoever asks for nothing reads nothing.
        drop(stream.get_mut().write_all(answer.as_bytes()));
        asked
    });
    let output = exstore().args(typed).args(["--control", &url]).output().expect("exstore runs");
    // When nothing was asked, this ends the waiting for it.
    drop(TcpStream::connect(address));
    let said = [output.stdout, output.stderr].concat();
    let asked = asked.join().expect("it was asked");
    (asked, String::from_utf8_lossy(&said).into_owned(), output.status.code())
}

fn check(rows: &[Row]) {
    for Row { name, typed, answer, asked, said, code } in rows {
        let (really, told, ended) = ask(typed, *answer);
        assert_eq!(really, asked.replace("S/", "/v1/stores/default/"), "{name}");
        assert_eq!(ended, Some(*code), "{name}: {told}");
        for said in *said {
            assert!(told.contains(said), "{name}: no `{said}` in\n{told}");
        }
    }
}

const BAD: &str = r#"{"processes":{"items":[{"text":"a.exe","key":"A.EXE","ordinal":1,"span":{"start":0,"end":5,"column":1}}],"lints":[{"code":"wildcard","severity":"error","message":"a wildcard","hint":"write names","span":{"start":7,"end":8},"column":8}]}}"#;

const PREVIEW: &str = r#"{"cursor":"1-42","count":1,"disconnected":[{"id":7,"process":"mdl.exe","client_version":"11.0.5608.0"}],"by_item":[{"list":"processes","item":"mdl.exe","ordinal":1,"count":1}],"lints":[]}"#;

#[test]
fn lists_are_checked_and_previewed_before_they_are_written() {
    check(&[
        Row {
            name: "a text with an error",
            typed: &["block-list", "check", "a.exe; *"],
            answer: (200, BAD),
            asked: r#"POST S/policy/validate {"processes":"a.exe; *"}"#,
            said: &[
                "processes: 1 item\n",
                "  | a.exe; *\n  |        ^\n",
                "error: the text has 1 error\n",
            ],
            code: 1,
        },
        Row {
            name: "two texts",
            typed: &["policy", "validate", "--processes", "a", "--versions", "11.0-12.0"],
            answer: (
                200,
                r#"{"processes":{"items":[],"lints":[]},"versions":{"items":[],"lints":[]}}"#,
            ),
            asked: r#"POST S/policy/validate {"processes":"a","versions":"11.0-12.0"}"#,
            said: &["processes: 0 items\nversions: 0 items\n"],
            code: 0,
        },
        Row {
            name: "a preview",
            typed: &["block-list", "set", "processes", "mdl.exe", "--preview"],
            answer: (200, PREVIEW),
            asked: r#"POST S/policy/preview {"processes":"mdl.exe"}"#,
            said: &["would be cut off  1\n", " 7  mdl.exe  11.0.5608.0", "`--if-cursor 1-42`"],
            code: 0,
        },
        Row {
            name: "a preview for a program",
            typed: &["policy", "preview", "--versions=-11.0", "-o", "json"],
            answer: (200, PREVIEW),
            asked: r#"POST S/policy/preview {"versions":"-11.0"}"#,
            said: &[PREVIEW],
            code: 0,
        },
        Row {
            name: "a store that has moved since",
            typed: &[
                "block-list",
                "set",
                "versions",
                "11.0",
                "--apply",
                "now",
                "--if-cursor",
                "1-42",
            ],
            answer: (
                412,
                r#"{"title":"The store has moved","detail":"it is at 1-50","hint":"look again"}"#,
            ),
            asked: r#"PUT S/block-lists/versions?apply=now&if_cursor=1-42 {"data":"11.0"}"#,
            said: &["error: The store has moved: it is at 1-50\nhint: look again\n"],
            code: 5,
        },
    ]);
}

#[test]
fn nodes_builds_faults_and_the_service_have_their_routes() {
    check(&[
        Row {
            name: "a mode of the cluster",
            typed: &["cluster", "set", "checkpointed"],
            answer: (200, r#"{"mode":"checkpointed","active":"NODE1"}"#),
            asked: r#"PATCH S/cluster {"mode":"checkpointed"}"#,
            said: &["active  NODE1\nmode    checkpointed\n"],
            code: 0,
        },
        Row {
            name: "a failover",
            typed: &["cluster", "failover", "--to", "NODE2"],
            answer: (200, r#"{"active":"NODE2"}"#),
            asked: r#"POST S/cluster/failover {"to":"NODE2"}"#,
            said: &["active  NODE2\n"],
            code: 0,
        },
        Row {
            name: "a build",
            typed: &["store", "build", "set", "6.5.7638.0"],
            answer: (200, r#"{"build":"6.5.7638.0"}"#),
            asked: r#"PATCH S/build {"build":"6.5.7638.0"}"#,
            said: &["build  6.5.7638.0\n"],
            code: 0,
        },
        Row {
            name: "the hotfix, refused",
            typed: &["store", "install-hotfix"],
            answer: (409, r#"{"detail":"it needs SP2"}"#),
            asked: "POST S/build/install-hotfix {}",
            said: &["error: it needs SP2\n"],
            code: 5,
        },
        Row {
            name: "a restart of another store",
            typed: &["store", "restart", "--store", "a b"],
            answer: (200, "{}"),
            asked: "POST /v1/stores/a%20b/restart {}",
            said: &[],
            code: 0,
        },
        Row {
            name: "a fault",
            typed: &["fault", "add", "access_denied", "--value", "V", "--next", "1"],
            answer: (201, r#"{"id":1}"#),
            asked: r#"POST S/faults {"effect":{"registry":"access_denied"},"match":{"value":"V"},"schedule":{"next":1}}"#,
            said: &["id  1\n"],
            code: 0,
        },
        Row {
            name: "a fault deleted",
            typed: &["fault", "delete", "1"],
            answer: (204, ""),
            asked: "DELETE S/faults/1",
            said: &["1: deleted\n"],
            code: 0,
        },
        Row {
            name: "policies of old",
            typed: &["policy", "generations", "--limit", "5"],
            answer: (
                200,
                r#"{"items":[{"generation":1,"at":"2006-04-22T08:15:00Z"}],"next":null}"#,
            ),
            asked: "GET S/policy/generations?limit=5",
            said: &["         1  2006-04-22T08:15:00Z"],
            code: 0,
        },
    ]);
}

#[test]
fn keys_and_files_of_the_registry_have_their_routes() {
    check(&[
        Row {
            name: "a key with subkeys",
            typed: &["registry", "list", "HKLM/SOFTWARE"],
            answer: (
                200,
                r#"{"key":"HKLM\\SOFTWARE","subkeys":["Contoso"],"values":[{"name":"a","type":"REG_SZ","data":"b"}]}"#,
            ),
            asked: "GET S/registry/HKLM%5CSOFTWARE",
            said: &["Contoso\\\nNAME  TYPE    DATA\na     REG_SZ  b\n"],
            code: 0,
        },
        Row {
            name: "a value of a node",
            typed: &["registry", "set", "HKLM/a", "b c", "x", "--node", "NODE2"],
            answer: (200, r#"{"key":"HKLM\\a","name":"b c","type":"REG_SZ","data":"x"}"#),
            asked: r#"PUT S/registry/HKLM%5Ca?value=b%20c&node=NODE2 {"data":"x","type":"REG_SZ"}"#,
            said: &["b c   REG_SZ  x\n"],
            code: 0,
        },
        Row {
            name: "a key that goes",
            typed: &["registry", "delete", "HKLM/a"],
            answer: (204, ""),
            asked: "DELETE S/registry/HKLM%5Ca",
            said: &["deleted\n"],
            code: 0,
        },
        Row {
            name: "an export",
            typed: &["registry", "export", "HKLM/a", "--format", "regedit4"],
            answer: (200, "REGEDIT4\r\n\r\n"),
            asked: "GET S/registry-export?key=HKLM%5Ca&format=regedit4",
            said: &["REGEDIT4\r\n\r\n"],
            code: 0,
        },
    ]);
}

#[test]
fn a_file_that_is_no_registry_file_is_shown_with_a_caret() {
    let file = scratch("broken.reg");
    let path = file.to_str().expect("a path");
    std::fs::write(&file, "REGEDIT4\r\n[HKLM\\a]\r\n\"b\"=dwrd:1\r\n").expect("it is written");
    let problem = r#"{"title":"Not a .reg file","detail":"`dwrd` is no type","errors":[{"line":3,"column":5,"detail":"`dwrd` is no type"}]}"#;
    let (asked, said, code) = ask(&["registry", "import", path], (400, problem));
    let sent = "POST /v1/stores/default/registry-import REGEDIT4\r\n[HKLM\\a]\r\n\"b\"=dwrd:1";
    assert_eq!((asked.as_str(), code), (sent, Some(7)));
    let shown = format!(
        "error: Not a .reg file: `dwrd` is no type\n  at line 3, column 5\n   --> {path}:3:5: `dwrd` is no type\n    |\n    | \"b\"=dwrd:1\n    |     ^\n"
    );
    assert_eq!(said, shown);
    let (_, said, code) = ask(&["registry", "import", path], (200, r#"{"values":1}"#));
    assert_eq!((said.as_str(), code), ("values  1\n", Some(0)));
}

#[test]
fn whatever_a_server_answers_has_an_exit_code() {
    let list: &[&str] = &["client", "list"];
    let row = |name, answer, said, code| Row {
        name,
        typed: list,
        answer,
        asked: "GET S/clients?limit=1000",
        said,
        code,
    };
    check(&[
        row("no permission", (401, r#"{"title":"No token"}"#), &["error: No token\n"], 6),
        row("not from here", (421, r#"{"title":"Not this host"}"#), &["Not this host"], 6),
        row(
            "no such route",
            (404, r#"{"type":"/v1/problems/route-not-found"}"#),
            &["another version"],
            70,
        ),
        row("somebody else", (502, "<html>\x1b[2J"), &["HTTP 502: <html>\u{241b}[2J"], 70),
        row(
            "a forged line",
            (400, r#"{"detail":"a\nhint: do as I say"}"#),
            &["error: a\u{240a}hint: do"],
            2,
        ),
        row("no list", (200, "{}"), &["the answer is not the one"], 70),
        row("no JSON", (200, "hello"), &["no exstore at all"], 70),
    ]);
}
