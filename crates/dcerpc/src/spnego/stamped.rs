//! A server that tells the time in its challenge is answered with checksums, NTLM's of its messages and
//! SPNEGO's of the mechanisms. Ours tells none, so the exchanges with Samba's client that were recorded with a
//! time in the challenge go on from that challenge.

use std::sync::Arc;

use super::acceptor::{Acceptor, Step};
use super::token::{NegTokenInit, NegTokenResp};
use crate::ntlm::{self, Accounts, Authenticated, NtHash, NtlmError, ServerNames};

const RAW: &str =
    include_str!("../../../../fixtures/wire/foreign/security/samba-stamped-ntlm-v2-seal.txt");
const SEALED: &str =
    include_str!("../../../../fixtures/wire/foreign/security/samba-stamped-spnego-v2-seal.txt");
const SIGNED: &str =
    include_str!("../../../../fixtures/wire/foreign/security/samba-stamped-spnego-v1-sign.txt");

#[derive(Debug)]
struct One;

impl Accounts for One {
    fn nt_hash(&self, domain: &str, user: &str) -> Option<NtHash> {
        ((domain, user) == ("DOMAIN", "User")).then(|| NtHash::of_password("Password"))
    }

    fn lets_anonymous_in(&self) -> bool {
        false
    }
}

/// The hexadecimal words of every line of `record` that starts with `kind`.
fn all(record: &str, kind: &str) -> Vec<Vec<Vec<u8>>> {
    let byte = |digits: &[u8]| {
        let digits = str::from_utf8(digits).expect("ascii");
        u8::from_str_radix(digits, 16).expect("two digits")
    };
    let word = |word: &str| word.as_bytes().chunks(2).map(byte).collect();
    let lines = record.lines().filter_map(|line| line.strip_prefix(kind)?.strip_prefix(' '));
    lines.map(|line| line.split(' ').map(word).collect()).collect()
}

fn tokens(record: &str, kind: &str) -> Vec<Vec<u8>> {
    all(record, kind).into_iter().flatten().collect()
}

fn challenged(negotiate: &[u8], challenge: &[u8]) -> ntlm::Acceptor {
    let name = String::new;
    let names = ServerNames {
        netbios_domain: name(),
        netbios_computer: name(),
        dns_domain: name(),
        dns_computer: name(),
    };
    let challenge_bytes = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];
    let acceptor = ntlm::Acceptor::new(Arc::new(names), challenge_bytes);
    acceptor.challenged(negotiate.to_vec(), challenge.to_vec())
}

/// The messages of a record pass as they did.
fn check_messages(record: &str, authenticated: Authenticated) {
    let mut security = authenticated.security;
    let from_client = all(record, "from-client");
    let from_server = all(record, "from-server");
    assert_eq!((from_client.len(), from_server.len()), (3, 3));
    for (theirs, ours) in from_client.into_iter().zip(from_server) {
        let (plain, mut wire, signature) = (&theirs[0], theirs[1].clone(), &theirs[2]);
        if *plain == wire {
            security.verify(&[plain], signature).expect("the client signed it");
        } else {
            let whole = 0..wire.len();
            security.unseal(&mut wire, whole, None, signature).expect("the client sealed it");
            assert_eq!(*plain, wire);
        }
        let (mut plain, wire, signature) = (ours[0].clone(), &ours[1], &ours[2]);
        let whole = 0..plain.len();
        let made = if plain == *wire {
            security.sign(&plain)
        } else {
            security.seal(&mut plain, whole.clone(), whole).expect("it is whole")
        };
        assert_eq!((&plain, made.as_slice()), (wire, signature.as_slice()));
    }
}

#[test]
fn the_checksum_of_ntlm_s_messages_is_verified() {
    let (client, server) = (tokens(RAW, "client"), tokens(RAW, "server"));
    let [negotiate, authenticate] = client.try_into().expect("two tokens");
    let accepted = challenged(&negotiate, &server[0]).authenticate(&authenticate, &One);
    check_messages(RAW, accepted.expect("nothing was changed"));

    // A change of any message, even where nothing else would tell.
    let mut flags = negotiate.clone();
    flags[12] ^= 0x80;
    let mut version = authenticate.clone();
    version[64] ^= 1;
    let mut target = server[0].clone();
    target[56] ^= 1;
    for (negotiate, challenge, authenticate) in [
        (&flags, &server[0], &authenticate),
        (&negotiate, &target, &authenticate),
        (&negotiate, &server[0], &version),
    ] {
        let refused = challenged(negotiate, challenge).authenticate(authenticate, &One);
        assert_eq!(refused.err(), Some(NtlmError::BadMic));
    }
}

#[test]
fn samba_and_the_server_prove_the_mechanisms_to_each_other() {
    for record in [SEALED, SIGNED] {
        let (client, server) = (tokens(record, "client"), tokens(record, "server"));
        let offer = NegTokenInit::decode(&client[0]).expect("an offer");
        let answer = NegTokenResp::decode(&server[0]).expect("an answer");
        let negotiate = offer.mech_token.expect("ntlm's first message");
        let challenge = answer.response_token.expect("a challenge");
        let ntlm = challenged(negotiate, challenge);
        let mut acceptor = Acceptor::challenged(ntlm, &client[0]);
        let done = acceptor.step(&client[1], &One).expect("nothing was changed");
        let Step::Done { token, authenticated } = done else { panic!("it was the last") };
        assert_eq!(token.as_ref(), Some(&server[1]));
        check_messages(record, authenticated);
    }
}
