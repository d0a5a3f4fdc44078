//! Exchanges with clients that are not ours, as they were recorded: fixtures/wire/foreign/security.

use std::fs;

use dcerpc::ntlm::{Authenticated, Identity, NtlmError, SessionSecurity};
use dcerpc::spnego::{self, SpnegoError, Step};

use super::{One, acceptor, hex};
use crate::workspace::{files, root};

/// A line of a record: what it is of, and its words.
type Line = (String, Vec<String>);

/// Every exchange without a time stamp, which our own challenges don't have.
fn records() -> Vec<(String, Vec<Line>)> {
    let paths = files(&root().join("fixtures/wire/foreign/security"), ".txt");
    let named = paths.into_iter().map(|path| {
        let name = path.file_stem().expect("a name").to_str().expect("text").to_owned();
        let text = fs::read_to_string(&path).expect("it was listed");
        let lines = text.lines().map(|line| {
            let mut words = line.split(' ').map(str::to_owned);
            (words.next().expect("a word"), words.collect())
        });
        (name, lines.collect())
    });
    named.filter(|(name, _)| !name.contains("stamped")).collect()
}

fn all<'a>(lines: &'a [Line], kind: &str) -> Vec<&'a [String]> {
    lines.iter().filter(|(of, _)| of == kind).map(|(_, words)| words.as_slice()).collect()
}

/// Answers the client of a record with what `accounts` hold.
fn replay(lines: &[Line], accounts: &One) -> Result<Authenticated, SpnegoError> {
    // The acceptor takes NTLM as it is where SPNEGO is due, so it serves both.
    let mut server = spnego::Acceptor::new(acceptor());
    let mut answers = all(lines, "server").into_iter();
    for token in all(lines, "client") {
        let (token, done) = match server.step(&hex(&token[0]), accounts)? {
            Step::Continue(token) => (Some(token), None),
            Step::Done { token, authenticated } => (token, Some(authenticated)),
        };
        let expected = answers.next().map(|words| hex(&words[0]));
        assert_eq!(token, expected, "the server answers as it did");
        if let Some(authenticated) = done {
            return Ok(authenticated);
        }
    }
    panic!("the exchange does not end");
}

fn known(lines: &[Line]) -> One {
    One { anonymous: all(lines, "identity")[0] == ["-"], password: "Password" }
}

#[test]
fn foreign_clients_are_known_by_their_passwords() {
    let records = records();
    assert!(16 <= records.len(), "the records are there");
    for (name, lines) in &records {
        let accepted = replay(lines, &known(lines)).unwrap_or_else(|why| panic!("{name}: {why}"));
        let identity = match accepted.identity {
            Identity::Anonymous => "-".to_owned(),
            Identity::User(user) => {
                assert_eq!(user.workstation, "COMPUTER");
                format!("{} {}", user.domain, user.user)
            }
        };
        assert_eq!(identity, all(lines, "identity")[0].join(" "), "{name}");
    }
}

#[test]
fn foreign_clients_with_another_password_are_refused() {
    for (name, lines) in records() {
        let other = One { anonymous: false, password: "password" };
        let refused = replay(&lines, &other).expect_err(&name);
        let SpnegoError::Ntlm(why) = refused else { panic!("{name}: {refused}") };
        let expected = matches!(why, NtlmError::WrongPassword { .. } | NtlmError::AnonymousRefused);
        assert!(expected, "{name}: {why}");
    }
}

/// One message of a record, sealed or signed as its client did.
fn receive(security: &mut SessionSecurity, words: &[String]) {
    let [plain, wire, signature] = words else { panic!("three words") };
    let (plain, mut wire, signature) = (hex(plain), hex(wire), hex(signature));
    if plain == wire {
        assert_eq!(security.verify(&[&plain], &signature), Ok(0));
    } else {
        let whole = 0..wire.len();
        security.unseal(&mut wire, whole, None, &signature).expect("the client sealed it");
        assert_eq!(plain, wire);
    }
}

/// One message that the client of a record believed.
fn send(security: &mut SessionSecurity, words: &[String]) {
    let [plain, wire, signature] = words else { panic!("three words") };
    let (mut plain, wire, signature) = (hex(plain), hex(wire), hex(signature));
    let made = if plain == wire {
        security.sign(&plain)
    } else {
        let whole = 0..plain.len();
        security.seal(&mut plain, whole.clone(), whole).expect("it is whole")
    };
    assert_eq!((plain, made.to_vec()), (wire, signature));
}

#[test]
fn foreign_clients_and_the_server_believe_each_others_messages() {
    let mut messages = 0;
    for (_, lines) in records() {
        let mut security = replay(&lines, &known(&lines)).expect("it is known").security;
        for (kind, words) in &lines {
            match kind.as_str() {
                "from-client" => receive(&mut security, words),
                "from-server" => send(&mut security, words),
                _ => continue,
            }
            messages += 1;
        }
    }
    assert!(80 <= messages, "only {messages} messages passed");
}
