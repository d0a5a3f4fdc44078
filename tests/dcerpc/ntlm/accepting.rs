//! Who is let in, who is not, and what a server grants.

use dcerpc::ntlm::{
    Accounts, Credentials, Identity, NegotiateFlags as F, NtHash, NtHashError, NtlmError,
    ResponseVersion, ServerNames,
};

use super::{CHALLENGE, OPEN, STRICT, acceptor, account, exchange, initiator, user};

fn flags_of(challenge: &[u8]) -> F {
    let flags = challenge[20..24].try_into().expect("four bytes");
    F::from_bits_retain(u32::from_le_bytes(flags))
}

fn negotiate(flags: u32) -> Vec<u8> {
    [b"NTLMSSP\0\x01\0\0\0".as_slice(), &flags.to_le_bytes()].concat()
}

#[test]
fn the_server_grants_what_it_knows_of_what_is_asked() {
    let all = acceptor().negotiate(&negotiate(u32::MAX)).expect("a negotiate");
    let privacy = F::PRIVACY.difference(F::OEM) | F::TARGET_INFO | F::TARGET_TYPE_DOMAIN;
    assert_eq!(flags_of(&all), privacy);
    assert_eq!(all[24..32], CHALLENGE);
    let little = acceptor().negotiate(&negotiate(2)).expect("a negotiate");
    assert_eq!(flags_of(&little), F::OEM | F::TARGET_INFO);
    let none = acceptor().negotiate(&negotiate(0x8200)).expect_err("it can't write");
    assert_eq!(none, NtlmError::NoCharacterSet);
}

#[test]
fn the_challenge_tells_the_servers_names_in_the_order_of_windows() {
    let challenge = acceptor().negotiate(&negotiate(F::CONNECT.bits())).expect("a negotiate");
    let mut info = Vec::new();
    for (id, name) in [(2, "Domain"), (1, "Server"), (4, "domain.example")]
        .into_iter()
        .chain([(3, "server.domain.example"), (0, "")])
    {
        info.extend([id, 0, 2 * name.len() as u8, 0]);
        info.extend(name.encode_utf16().flat_map(u16::to_le_bytes));
    }
    assert!(challenge.ends_with(&info));
    assert_eq!(challenge[48..56], [5, 2, 0xce, 0x0e, 0, 0, 0, 15]);
}

#[test]
fn each_kind_of_response_lets_the_right_password_in_and_no_other() {
    let without = F::PRIVACY.difference(F::EXTENDED_SESSION_SECURITY);
    for (flags, version) in [
        (F::PRIVACY, ResponseVersion::V2),
        (F::PRIVACY, ResponseVersion::V1),
        (without, ResponseVersion::V2),
        (without, ResponseVersion::V1),
        (F::PRIVACY.difference(F::UNICODE), ResponseVersion::V2),
    ] {
        let (domain, user_name) = ("Domain".to_owned(), "User".to_owned());
        let right = exchange(&initiator(user("Password"), flags, version), &STRICT);
        assert!(matches!(right, Ok((_, a)) if a.identity != Identity::Anonymous), "{flags:?}");
        let wrong = exchange(&initiator(user("password"), flags, version), &STRICT);
        let error = NtlmError::WrongPassword { domain, user: user_name };
        assert_eq!(wrong.err(), Some(error), "{flags:?}");
    }
}

#[test]
fn a_name_in_any_case_proves_the_same_password() {
    for (domain, name) in [("Domain", "USER"), ("DOMAIN", "user"), ("domain", "User")] {
        let client = initiator(account(domain, name, "Password"), F::CONNECT, ResponseVersion::V2);
        let (_, accepted) = exchange(&client, &STRICT).expect("the password is right");
        let Identity::User(told) = accepted.identity else { panic!("it is a user") };
        assert_eq!((&*told.domain, &*told.user), (domain, name), "as the client writes it");
    }
    let client = initiator(account("Domain", "Users", "Password"), F::CONNECT, ResponseVersion::V2);
    let (domain, user) = ("Domain".to_owned(), "Users".to_owned());
    let error = NtlmError::UnknownUser { domain, user };
    assert_eq!(exchange(&client, &STRICT).err(), Some(error));
}

/// Remembers nothing, and gives the hash that stands for unknown users to one that exists.
#[derive(Debug)]
struct Zeros;

impl Accounts for Zeros {
    fn nt_hash(&self, _: &str, user: &str) -> Option<NtHash> {
        (user == "zero").then_some(NtHash::from_bytes([0; 16]))
    }

    fn lets_anonymous_in(&self) -> bool {
        false
    }
}

#[test]
fn the_hash_that_stands_for_unknown_users_opens_nothing() {
    let hash = NtHash::from_bytes([0; 16]);
    let credentials = |user: &str| Credentials::User {
        domain: String::new(),
        user: user.to_owned(),
        workstation: String::new(),
        hash,
    };
    let client = |user| initiator(credentials(user), F::CONNECT, ResponseVersion::V2);
    assert!(exchange(&client("zero"), &Zeros).is_ok());
    let (domain, user) = (String::new(), "other".to_owned());
    let error = NtlmError::UnknownUser { domain, user };
    assert_eq!(exchange(&client("other"), &Zeros).err(), Some(error));
}

#[test]
fn nobody_is_let_in_only_where_nobody_may() {
    for flags in [F::CONNECT, F::PRIVACY] {
        let client = initiator(Credentials::Anonymous, flags, ResponseVersion::V2);
        let refused = exchange(&client, &STRICT).err();
        assert_eq!(refused, Some(NtlmError::AnonymousRefused));
        let (mut ours, mut theirs) = exchange(&client, &OPEN).expect("it is let in");
        assert_eq!(theirs.identity, Identity::Anonymous);
        let signature = ours.sign(b"stub");
        assert_eq!(theirs.security.verify(&[b"stub"], &signature), Ok(0));
    }
}

/// The AUTHENTICATE of a client, with some of its fields emptied.
fn emptied(fields: &[usize]) -> NtlmError {
    let mut server = acceptor();
    let client = initiator(user("Password"), F::CONNECT, ResponseVersion::V2);
    let challenge = server.negotiate(&client.negotiate()).expect("a negotiate");
    let (mut token, _) = client.authenticate(&challenge).expect("a challenge");
    for field in fields {
        token[*field..][..4].fill(0);
    }
    server.authenticate(&token, &OPEN).expect_err("it proves nothing")
}

#[test]
fn an_lm_response_alone_is_refused_and_so_is_none_at_all() {
    let (domain, user) = ("Domain".to_owned(), "User".to_owned());
    let error = NtlmError::NoNtResponse { domain, user };
    assert_eq!(emptied(&[20]), error);
    assert_eq!(emptied(&[12, 20]), error);
    // Without a user but with a response, it is no anonymous logon either.
    let (domain, user) = ("Domain".to_owned(), String::new());
    assert_eq!(emptied(&[36]), NtlmError::UnknownUser { domain, user });
}

#[test]
fn a_response_of_no_known_length_is_refused() {
    for length in [1, 16, 23, 25, 43] {
        let mut server = acceptor();
        let client = initiator(user("Password"), F::CONNECT, ResponseVersion::V2);
        let challenge = server.negotiate(&client.negotiate()).expect("a negotiate");
        let (mut token, _) = client.authenticate(&challenge).expect("a challenge");
        token[20] = length;
        let length = usize::from(length);
        let error = server.authenticate(&token, &STRICT).expect_err("it is cut");
        assert_eq!(error, NtlmError::BadNtResponse { length });
    }
}

#[test]
fn a_session_key_of_another_length_is_refused() {
    let mut server = acceptor();
    let client = initiator(user("Password"), F::PRIVACY, ResponseVersion::V2);
    let challenge = server.negotiate(&client.negotiate()).expect("a negotiate");
    let (mut token, _) = client.authenticate(&challenge).expect("a challenge");
    token[52] = 15;
    let error = server.authenticate(&token, &STRICT).expect_err("it is cut");
    assert_eq!(error, NtlmError::BadSessionKey { length: 15 });
}

#[test]
fn an_exchange_has_one_order_and_one_try() {
    let client = initiator(user("Password"), F::CONNECT, ResponseVersion::V2);
    let mut server = acceptor();
    let out_of_turn = |message| Some(NtlmError::OutOfTurn { message });
    let early = server.authenticate(&client.negotiate(), &STRICT).err();
    assert_eq!(early, out_of_turn("AUTHENTICATE"));
    assert_eq!(server.negotiate(&client.negotiate()), Err(out_of_turn("NEGOTIATE").unwrap()));

    let mut server = acceptor();
    let challenge = server.negotiate(&client.negotiate()).expect("a negotiate");
    let (token, _) = client.authenticate(&challenge).expect("a challenge");
    let mut clone = server.clone();
    let wrong = NtlmError::WrongMessage { actual: 1, expected: 3 };
    assert_eq!(clone.authenticate(&client.negotiate(), &STRICT).err(), Some(wrong));
    assert_eq!(clone.authenticate(&token, &STRICT).err(), out_of_turn("AUTHENTICATE"));
    assert!(server.authenticate(&token, &STRICT).is_ok());
    assert_eq!(server.authenticate(&token, &STRICT).err(), out_of_turn("AUTHENTICATE"));
}

#[test]
fn flags_that_were_not_negotiated_are_not_granted() {
    let client = initiator(user("Password"), F::INTEGRITY, ResponseVersion::V2);
    let mut server = acceptor();
    let challenge = server.negotiate(&client.negotiate()).expect("a negotiate");
    let (mut token, _) = client.authenticate(&challenge).expect("a challenge");
    token[60] |= 0x20 | 0x80;
    let accepted = server.authenticate(&token, &STRICT).expect("the password is right");
    assert!(accepted.security.can_sign());
    assert!(!accepted.security.can_seal());
    assert!(!accepted.security.flags().contains(F::LM_KEY));
}

#[test]
fn windows_95_leaves_its_flags_out_and_is_let_in() {
    let flags = F::OEM | F::NTLM | F::SIGN | F::KEY_EXCHANGE;
    let client = initiator(user("Password"), flags, ResponseVersion::V1);
    let mut server = acceptor();
    let challenge = server.negotiate(&client.negotiate()).expect("a negotiate");
    let (token, _) = client.authenticate(&challenge).expect("a challenge");
    let mut short = token[..52].to_vec();
    for field in [12, 20, 28, 36, 44] {
        let offset = u32::from(token[field + 4]) - 20;
        short[field + 4..field + 8].copy_from_slice(&offset.to_le_bytes());
    }
    short.extend_from_slice(&token[72..]);
    let accepted = server.authenticate(&short, &STRICT).expect("the password is right");
    assert!(accepted.security.can_sign());
    assert!(!accepted.security.flags().contains(F::KEY_EXCHANGE));
}

#[test]
fn a_name_that_is_not_text_is_refused() {
    let mut server = acceptor();
    let client = initiator(user("Password"), F::CONNECT, ResponseVersion::V2);
    let challenge = server.negotiate(&client.negotiate()).expect("a negotiate");
    let (mut token, _) = client.authenticate(&challenge).expect("a challenge");
    token[36] -= 1;
    let field = "UserName";
    assert_eq!(server.authenticate(&token, &OPEN).err(), Some(NtlmError::NotText { field }));

    let oem = F::CONNECT.difference(F::UNICODE);
    let client = initiator(account("Domain", "Usér", "Password"), oem, ResponseVersion::V2);
    assert_eq!(exchange(&client, &OPEN).err(), Some(NtlmError::NotText { field }));
}

#[test]
fn a_server_name_that_no_challenge_can_tell_is_refused() {
    let long = "n".repeat(256);
    let names = ServerNames { dns_domain: long, ..(*super::names()).clone() };
    let mut server = dcerpc::ntlm::Acceptor::new(names.into(), CHALLENGE);
    let error = server.negotiate(&negotiate(1)).expect_err("it is too long");
    assert_eq!(error, NtlmError::NameTooLong { length: 256 });
}

#[test]
fn a_hash_is_read_from_its_digits_and_shows_nowhere() {
    let hash = NtHash::of_password("Password");
    assert_eq!("A4F49c406510bdcab6824ee7c30fd852".parse(), Ok(hash));
    assert_eq!("a4f4".parse::<NtHash>(), Err(NtHashError::Length { length: 4 }));
    let bad = "a4f49c406510bdcab6824ee7c30fd85g".parse::<NtHash>();
    assert_eq!(bad, Err(NtHashError::Digit { position: 32 }));
    let client = initiator(user("Password"), F::PRIVACY, ResponseVersion::V2);
    let (security, accepted) = exchange(&client, &STRICT).expect("the password is right");
    let shown = format!("{hash:?} {client:?} {security:?} {accepted:?}");
    for secret in ["164, 244", "85, 85", "170, 170", "a4f4"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
