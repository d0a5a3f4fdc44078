//! NTLM: the known answers of MS-NLMP 4.2, who is let in and who is not, and what protects the messages.

mod accepting;
mod foreign;
mod known_answers;
mod session;

use std::sync::Arc;

use dcerpc::ntlm::{
    Acceptor, Accounts, Authenticated, Credentials, Initiator, NegotiateFlags, Nonces, NtHash,
    NtlmError, ResponseVersion, ServerNames, SessionSecurity,
};

/// The challenge of MS-NLMP 4.2.1, and of every test that does not say otherwise.
pub(super) const CHALLENGE: [u8; 8] = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];

/// One account: MS-NLMP's `User` of `Domain`, in any case.
#[derive(Debug)]
pub(super) struct One {
    pub(super) anonymous: bool,
    pub(super) password: &'static str,
}

impl Accounts for One {
    fn nt_hash(&self, domain: &str, user: &str) -> Option<NtHash> {
        (domain.eq_ignore_ascii_case("Domain") && user.eq_ignore_ascii_case("User"))
            .then(|| NtHash::of_password(self.password))
    }

    fn lets_anonymous_in(&self) -> bool {
        self.anonymous
    }
}

pub(super) const STRICT: One = One { anonymous: false, password: "Password" };
pub(super) const OPEN: One = One { anonymous: true, password: "Password" };

pub(super) fn names() -> Arc<ServerNames> {
    Arc::new(ServerNames {
        netbios_domain: "Domain".to_owned(),
        netbios_computer: "Server".to_owned(),
        dns_domain: "domain.example".to_owned(),
        dns_computer: "server.domain.example".to_owned(),
    })
}

pub(super) fn acceptor() -> Acceptor {
    Acceptor::new(names(), CHALLENGE)
}

pub(super) fn user(password: &str) -> Credentials {
    account("Domain", "User", password)
}

pub(super) fn account(domain: &str, user: &str, password: &str) -> Credentials {
    Credentials::User {
        domain: domain.to_owned(),
        user: user.to_owned(),
        workstation: "COMPUTER".to_owned(),
        hash: NtHash::of_password(password),
    }
}

/// What MS-NLMP 4.2.1 takes for chance.
pub(super) const NONCES: Nonces =
    Nonces { client_challenge: [0xaa; 8], session_key: [0x55; 16], filetime: 0 };

pub(super) fn initiator(
    credentials: Credentials,
    flags: NegotiateFlags,
    version: ResponseVersion,
) -> Initiator {
    Initiator::new(credentials, flags, version, NONCES)
}

/// Runs an exchange to its end on both sides.
pub(super) fn exchange(
    client: &Initiator,
    accounts: &dyn Accounts,
) -> Result<(SessionSecurity, Authenticated), NtlmError> {
    let mut server = acceptor();
    let challenge = server.negotiate(&client.negotiate())?;
    let (token, security) = client.authenticate(&challenge)?;
    Ok((security, server.authenticate(&token, accounts)?))
}

pub(super) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16).expect("a digit") as u8)
        .collect();
    assert_eq!(digits.len() % 2, 0, "whole bytes");
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
