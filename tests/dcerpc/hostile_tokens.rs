//! Tokens of NTLM and SPNEGO that are garbage, cut or changed: no panic, bounded answers, nobody let in.

use dcerpc::ntlm::{
    Credentials, Initiator, NegotiateFlags as F, NtHash, NtlmError, ResponseVersion,
};
use dcerpc::spnego::{self, Offer};
use proptest::prelude::*;

use super::ntlm::{NONCES, acceptor, account, initiator, user};
use super::token_oracle::{
    check_clients, check_flipped, check_ntlm_server, check_spnego_server, check_unsigned,
};

/// Each kind of response, each kind of signature, with and without a key exchange and Unicode.
const WAYS: [(F, ResponseVersion); 3] = [
    (F::PRIVACY, ResponseVersion::V2),
    (F::PRIVACY.difference(F::KEY_EXCHANGE), ResponseVersion::V1),
    (
        F::PRIVACY.difference(F::EXTENDED_SESSION_SECURITY).difference(F::UNICODE),
        ResponseVersion::V1,
    ),
];

fn check_all(tokens: &[&[u8]]) {
    check_ntlm_server(tokens);
    check_spnego_server(tokens);
    check_clients(tokens);
}

#[test]
fn every_flipped_bit_lets_nobody_else_in() {
    for (flags, version) in WAYS {
        for token in 0..3 {
            let there = |bit: &usize| check_flipped(flags, version, token, *bit);
            let bits = (0..).take_while(there).count();
            assert!(40 * 8 <= bits && bits.is_multiple_of(8), "{bits} bits were flipped");
        }
    }
}

/// One token of each kind, from a client that does not know the password.
fn good() -> Vec<Vec<u8>> {
    let client = initiator(user("guess"), F::PRIVACY, ResponseVersion::V2);
    let challenge = acceptor().negotiate(&client.negotiate()).expect("a negotiate");
    let (authenticate, _) = client.authenticate(&challenge).expect("a challenge");
    let offers = [Offer::Ntlm, Offer::NtlmLater, Offer::KerberosBefore];
    let mut tokens: Vec<_> =
        offers.map(|offer| spnego::Initiator::new(client.clone(), offer).offer()).into();
    let accounts = super::ntlm::STRICT;
    let mut server = spnego::Acceptor::new(acceptor());
    if let Ok(spnego::Step::Continue(answer)) = server.step(&tokens[0], &accounts) {
        let mut client = spnego::Initiator::new(client.clone(), Offer::Ntlm);
        if let Ok(spnego::Progress::Send(last)) = client.step(&answer) {
            tokens.push(last);
        }
        tokens.push(answer);
    }
    let last = [&[0x80][..], &authenticate].concat();
    tokens.extend([client.negotiate(), challenge, authenticate, last]);
    assert_eq!(tokens.len(), 9);
    tokens
}

#[test]
fn every_truncation_of_a_token_is_refused_or_harmless() {
    let good = good();
    for token in &good {
        for size in 0..token.len() {
            check_all(&[&token[..size]]);
            check_all(&[&good[0], &token[..size]]);
            check_all(&[&good[5], &token[..size]]);
        }
    }
}

#[test]
fn a_field_may_point_anywhere_in_its_message_and_nowhere_else() {
    let good = good();
    let last = &good[8];
    for field in [12, 20, 28, 36, 44, 52] {
        for number in [0, 1, 11, 63, 64, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, u32::MAX] {
            let mut token = last.clone();
            let low = number.to_le_bytes();
            token[1 + field..][..2].copy_from_slice(&low[..2]);
            check_ntlm_server(&[&good[5], &token]);
            token[1 + field + 4..][..4].copy_from_slice(&low);
            check_ntlm_server(&[&good[5], &token]);
        }
    }
}

#[test]
fn what_no_field_can_hold_is_not_sent() {
    let long = "u".repeat(40_000);
    let client = initiator(account("Domain", &long, "Password"), F::CONNECT, ResponseVersion::V2);
    let challenge = acceptor().negotiate(&client.negotiate()).expect("a negotiate");
    let error = client.authenticate(&challenge).expect_err("it is too long");
    assert_eq!(error, NtlmError::FieldTooLong { length: 80_000 });

    // A server's own list can be so long that a response with it is too long.
    let mut told = challenge[..56].to_vec();
    told[40..48].copy_from_slice(&[0xff, 0xff, 0xff, 0xff, 56, 0, 0, 0]);
    told.extend([9, 0, 0xfb, 0xff]);
    told.resize(56 + 0xffff, 0);
    let credentials = Credentials::User {
        domain: String::new(),
        user: String::new(),
        workstation: String::new(),
        hash: NtHash::of_password(""),
    };
    let client = Initiator::new(credentials, F::CONNECT, ResponseVersion::V2, NONCES);
    let error = client.authenticate(&told).expect_err("it is too long");
    assert!(matches!(error, NtlmError::FieldTooLong { length } if 0xffff < length));
}

/// A token that is made of good ones.
fn spoiled() -> impl Strategy<Value = Vec<u8>> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6);
    let spoilt = (prop::sample::select(good()), changes, 0..4_usize).prop_map(
        |(mut token, changes, cut)| {
            for (at, byte) in changes {
                let at = at.index(token.len());
                token[at] = byte;
            }
            token.truncate(token.len() - cut);
            token
        },
    );
    prop_oneof![3 => spoilt, 1 => prop::collection::vec(any::<u8>(), 0..200)]
}

proptest! {
    #[test]
    fn tokens_of_any_kind_in_any_order_let_nobody_in(
        tokens in prop::collection::vec(spoiled(), 1..5),
    ) {
        let tokens: Vec<&[u8]> = tokens.iter().map(Vec::as_slice).collect();
        check_all(&tokens);
    }

    #[test]
    fn a_message_that_nobody_signed_is_not_believed(
        message in prop::collection::vec(any::<u8>(), 0..100),
        signature in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..20),
            prop::collection::vec(any::<u8>(), 8).prop_map(|checksum| {
                [&[1, 0, 0, 0][..], &checksum, &[0; 4]].concat()
            }),
        ],
        range in (0..120_usize, 0..120_usize),
    ) {
        check_unsigned(&message, &signature, range);
    }
}
