//! The tokens of NTLM and SPNEGO in both roles, and the signatures of messages. The account and the challenge are those of the records in
//! fixtures/wire/foreign/security, so those let their client in.

use dcerpc::ntlm::{Authenticated, Identity};
use dcerpc::spnego::{self, Step};

use super::split;
use super::token_oracle::{ANSWER_EXTRA, One, acceptor, check_clients, check_unsigned};

/// Tokens, each behind its length in two octets; six at most.
fn tokens(mut data: &[u8]) -> Vec<&[u8]> {
    let mut tokens = Vec::new();
    while !data.is_empty() && tokens.len() < 6 {
        let (length, rest) = split(data);
        let length = usize::from(u16::from_le_bytes(length)).min(rest.len());
        let (token, rest) = rest.split_at(length);
        tokens.push(token);
        data = rest;
    }
    tokens
}

/// Whoever is let in is the user who knows the password.
fn check_identity(authenticated: &Authenticated) {
    match &authenticated.identity {
        Identity::User(name) => assert!(name.user.eq_ignore_ascii_case("User")),
        Identity::Anonymous => panic!("nobody lets the anonymous in"),
    }
}

/// A server takes each token where the first is due, and where the last is; clients take each too.
pub(super) fn check_ntlm(data: &[u8]) {
    let tokens = tokens(data);
    let mut server = acceptor();
    for token in &tokens {
        if let Ok(authenticated) = server.authenticate(token, &One) {
            check_identity(&authenticated);
        }
        if let Ok(challenge) = server.negotiate(token) {
            assert!(challenge.len() <= ANSWER_EXTRA);
        }
    }
    check_clients(&tokens);
}

/// After a last word or an error the negotiation is over.
pub(super) fn check_spnego(data: &[u8]) {
    let tokens = tokens(data);
    let mut server = spnego::Acceptor::new(acceptor());
    let mut over = false;
    for token in &tokens {
        match server.step(token, &One) {
            Ok(_) if over => panic!("it was over"),
            Ok(Step::Continue(answer)) => assert!(answer.len() <= ANSWER_EXTRA),
            Ok(Step::Done { token, authenticated }) => {
                check_identity(&authenticated);
                assert!(token.is_none_or(|token| token.len() <= ANSWER_EXTRA));
                over = true;
            }
            Err(_) => over = true,
        }
    }
    check_clients(&tokens);
}

/// Two octets say which part of the message is sealed; then comes a signature, and the message.
pub(super) fn check_signatures(data: &[u8]) {
    let ([start, end], rest) = split(data);
    let (signature, message): ([u8; 16], _) = split(rest);
    check_unsigned(message, &signature, (start.into(), end.into()));
}
