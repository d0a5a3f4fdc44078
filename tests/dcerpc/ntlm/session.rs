//! What protects messages: both ends agree whatever was negotiated, and nothing that was changed, dropped,
//! repeated or moved is believed.

use dcerpc::ntlm::{
    BadSignature, NegotiateFlags as F, OutOfMessage, ResponseVersion, SIGNATURE_SIZE,
    SessionSecurity,
};
use proptest::prelude::*;

use super::{STRICT, exchange, initiator, user};

const VERSIONS: [ResponseVersion; 2] = [ResponseVersion::V1, ResponseVersion::V2];

fn ends(flags: F, version: ResponseVersion) -> (SessionSecurity, SessionSecurity) {
    let client = initiator(user("Password"), flags, version);
    let (client, server) = exchange(&client, &STRICT).expect("the password is right");
    (client, server.security)
}

fn privacy() -> (SessionSecurity, SessionSecurity) {
    ends(F::PRIVACY, ResponseVersion::V2)
}

/// Whatever decides how messages are protected, and the character set.
const CHOICES: [F; 8] = [
    F::UNICODE,
    F::SIGN,
    F::SEAL,
    F::EXTENDED_SESSION_SECURITY,
    F::KEY_EXCHANGE,
    F::BITS_128,
    F::BITS_56,
    F::VERSION,
];

fn any_flags() -> impl Strategy<Value = F> {
    prop::collection::vec(any::<bool>(), CHOICES.len()).prop_map(|chosen| {
        let chosen = CHOICES.into_iter().zip(chosen).filter(|(_, chosen)| *chosen);
        chosen.fold(F::OEM | F::NTLM | F::REQUEST_TARGET, |flags, (flag, _)| flags | flag)
    })
}

#[derive(Debug, Clone)]
struct Message {
    from_client: bool,
    bytes: Vec<u8>,
    sealed: bool,
    cut: (usize, usize),
    narrow: bool,
}

fn any_message() -> impl Strategy<Value = Message> {
    (
        any::<bool>(),
        prop::collection::vec(any::<u8>(), 0..80),
        any::<bool>(),
        any::<(usize, usize)>(),
        any::<bool>(),
    )
        .prop_map(|(from_client, bytes, sealed, (a, b), narrow)| {
            let (a, b) = (a % (bytes.len() + 1), b % (bytes.len() + 1));
            Message { from_client, bytes, sealed, cut: (a.min(b), a.max(b)), narrow }
        })
}

/// Passes one message from one end to the other.
fn pass(message: &Message, from: &mut SessionSecurity, to: &mut SessionSecurity) {
    let part = message.cut.0..message.cut.1;
    let whole = 0..message.bytes.len();
    let covered = if message.narrow { part.clone() } else { whole };
    if !message.sealed {
        let signature = from.sign(&message.bytes[covered.clone()]);
        let candidates = [&message.bytes[..], &message.bytes[part]];
        let found = to.verify(&candidates, &signature).expect("one of them is covered");
        assert_eq!(candidates[found], &message.bytes[covered]);
        return;
    }
    let mut bytes = message.bytes.clone();
    let signature = from.seal(&mut bytes, part.clone(), covered).expect("they are in it");
    assert_eq!(bytes[..part.start], message.bytes[..part.start]);
    assert_eq!(bytes[part.end..], message.bytes[part.end..]);
    to.unseal(&mut bytes, part.clone(), Some(part), &signature).expect("it was not changed");
    assert_eq!(bytes, message.bytes);
}

proptest! {
    #[test]
    fn both_ends_agree_whatever_was_negotiated(
        flags in any_flags(),
        version in prop::sample::select(VERSIONS.as_slice()),
        messages in prop::collection::vec(any_message(), 1..8),
    ) {
        let (mut client, mut server) = ends(flags, version);
        prop_assert_eq!(client.flags() & F::PRIVACY, server.flags() & F::PRIVACY);
        for message in &messages {
            let (from, to) = if message.from_client {
                (&mut client, &mut server)
            } else {
                (&mut server, &mut client)
            };
            pass(message, from, to);
        }
    }

    #[test]
    fn no_change_is_believed_nor_anything_after_it(
        flags in any_flags(),
        bytes in prop::collection::vec(any::<u8>(), 1..40),
        at in any::<prop::sample::Index>(),
        bit in 0..8_u32,
        in_signature in any::<bool>(),
    ) {
        let (mut client, mut server) = ends(flags, ResponseVersion::V2);
        let mut message = bytes.clone();
        let whole = 0..message.len();
        let mut signature = client.seal(&mut message, whole.clone(), whole.clone()).expect("whole");
        // Of a signature without extended session security, four bytes say nothing.
        let says_nothing = !server.is_extended();
        if in_signature {
            let at = at.index(SIGNATURE_SIZE);
            prop_assume!(!(says_nothing && (4..8).contains(&at)));
            signature[at] ^= 1 << bit;
        } else {
            let at = at.index(message.len());
            message[at] ^= 1 << bit;
        }
        prop_assert!(server.unseal(&mut message, whole, None, &signature).is_err());
        let good = client.sign(b"next");
        prop_assert_eq!(server.verify(&[b"next"], &good), Err(BadSignature::AfterFailure));
        let nothing = server.unseal(&mut [], 0..0, None, &good);
        prop_assert_eq!(nothing, Err(BadSignature::AfterFailure));
    }
}

#[test]
fn a_repeated_message_is_not_believed() {
    let (mut client, mut server) = ends(F::PRIVACY.difference(F::KEY_EXCHANGE), VERSIONS[1]);
    let signature = client.sign(b"stub");
    assert_eq!(server.verify(&[b"stub"], &signature), Ok(0));
    let repeated = server.verify(&[b"stub"], &signature);
    assert_eq!(repeated, Err(BadSignature::Sequence { actual: 0, expected: 1 }));
}

#[test]
fn a_message_after_one_that_was_dropped_is_not_believed() {
    for flags in [F::PRIVACY, F::PRIVACY.difference(F::EXTENDED_SESSION_SECURITY)] {
        let (mut client, mut server) = ends(flags, ResponseVersion::V2);
        let _dropped = client.sign(b"first");
        let second = client.sign(b"second");
        let verified = server.verify(&[b"second"], &second);
        assert!(matches!(verified, Err(BadSignature::Sequence { expected: 0, .. })));
    }
}

#[test]
fn messages_in_another_order_are_not_believed() {
    let (mut client, mut server) = privacy();
    let first = client.sign(b"stub");
    let second = client.sign(b"stub");
    assert!(server.verify(&[b"stub"], &second).is_err());
    assert_eq!(server.verify(&[b"stub"], &first), Err(BadSignature::AfterFailure));
}

#[test]
fn a_message_sent_back_to_its_sender_is_not_believed() {
    let (mut client, _) = privacy();
    let signature = client.sign(b"stub");
    assert_eq!(client.verify(&[b"stub"], &signature), Err(BadSignature::Checksum));
}

#[test]
fn a_signature_of_another_form_is_not_believed() {
    for (signature, why) in [
        (&[][..], BadSignature::Length { length: 0 }),
        (&[1; 3], BadSignature::Length { length: 3 }),
        (&[1; 15], BadSignature::Length { length: 15 }),
        (&[1; 17], BadSignature::Length { length: 17 }),
        (&[2; 16], BadSignature::Version),
    ] {
        let (_, mut server) = privacy();
        assert_eq!(server.verify(&[b""], signature), Err(why));
    }
}

#[test]
fn a_range_beyond_the_message_changes_nothing_that_is_sent() {
    let (mut client, mut server) = privacy();
    let mut message = *b"stub";
    let error = OutOfMessage { range: 2..5, length: 4 };
    assert_eq!(client.seal(&mut message, 2..5, 0..4), Err(error.clone()));
    assert_eq!(client.seal(&mut message, 0..4, 2..5), Err(error.clone()));
    assert_eq!(message, *b"stub");
    let signature = client.seal(&mut message, 0..4, 0..4).expect("it is whole");
    let mut clone = server.clone();
    server.unseal(&mut message, 0..4, Some(2..4), &signature).expect("nothing was lost");
    assert_eq!(clone.unseal(&mut message, 2..5, None, &signature), Err(error.into()));
}

#[test]
fn a_clone_goes_on_by_itself() {
    let (mut client, mut server) = privacy();
    let mut other = (client.clone(), server.clone());
    for (client, server) in [(&mut client, &mut server), (&mut other.0, &mut other.1)] {
        let signature = client.sign(b"stub");
        assert_eq!(server.verify(&[b"stub"], &signature), Ok(0));
    }
}
