//! The examples of MS-NLMP 4.2, over both roles: `User` of `Domain` at `COMPUTER`, `Plaintext` sealed.

use dcerpc::ntlm::{Identity, Initiator, NegotiateFlags, ResponseVersion, SessionSecurity};

use super::{STRICT, acceptor, exchange, hex, initiator, user};

/// 4.2.2: without extended session security.
const V1_FLAGS: u32 = 0xe202_8233;
/// 4.2.3: with it, without a key exchange, 56 bits.
const EXTENDED_FLAGS: u32 = 0x820a_8233;
/// 4.2.4.
const V2_FLAGS: u32 = 0xe28a_8233;

const V2_CHALLENGE: &str = "4e544c4d53535000 02000000 0c000c0038000000 33828ae2 0123456789abcdef
    0000000000000000 2400240044000000 060070170000000f 530065007200760065007200
    02000c0044006f006d00610069006e00 01000c00530065007200760065007200 00000000";

const V2_AUTHENTICATE: &str = "4e544c4d53535000 03000000 180018006c000000 5400540084000000
    0c000c0048000000 0800080054000000 100010005c000000 10001000d8000000 358288e2 0501280a0000000f
    44006f006d00610069006e00 5500730065007200 43004f004d0050005500540045005200
    86c35097ac9cec102554764a57cccc19 aaaaaaaaaaaaaaaa
    68cd0ab851e51c96aabc927bebef6a1c 0101000000000000 0000000000000000 aaaaaaaaaaaaaaaa 00000000
    02000c0044006f006d00610069006e00 01000c00530065007200760065007200 00000000 00000000
    c5dad2544fc9799094ce1ce90bc9d03e";

fn client(flags: u32, version: ResponseVersion) -> Initiator {
    initiator(user("Password"), NegotiateFlags::from_bits_retain(flags), version)
}

fn plaintext() -> Vec<u8> {
    "Plaintext".encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Seals at one end, compares with the example, and unseals at the other.
fn check_sealed(
    client: &mut SessionSecurity,
    server: &mut SessionSecurity,
    sealed: &str,
    signature: &str,
) {
    let mut message = plaintext();
    let whole = 0..message.len();
    let made = client.seal(&mut message, whole.clone(), whole.clone()).expect("it is whole");
    assert_eq!(message, hex(sealed));
    assert_eq!(made.to_vec(), hex(signature));
    server.unseal(&mut message, whole, None, &made).expect("it is the client's");
    assert_eq!(message, plaintext());
}

fn part(token: &[u8], field: usize) -> &[u8] {
    let number = |at: usize| usize::from(u16::from_le_bytes([token[at], token[at + 1]]));
    &token[number(field + 4)..][..number(field)]
}

#[test]
fn ntlmv2_answers_as_the_specification_does() {
    let client = client(V2_FLAGS, ResponseVersion::V2);
    let (token, mut ours) = client.authenticate(&hex(V2_CHALLENGE)).expect("it is granted");
    let example = hex(V2_AUTHENTICATE);
    for field in [12, 20, 28, 36, 44, 52] {
        assert_eq!(part(&token, field), part(&example, field), "the field at {field}");
    }

    let mut server = acceptor();
    server.negotiate(&client.negotiate()).expect("it is known");
    let mut accepted = server.authenticate(&example, &STRICT).expect("the password is right");
    let Identity::User(name) = accepted.identity else { panic!("it is a user") };
    assert_eq!((&*name.domain, &*name.user, &*name.workstation), ("Domain", "User", "COMPUTER"));
    let sealed = "54e50165bf1936dc996020c1811b0f06fb5f";
    let signature = "010000007fb38ec5c55d497600000000";
    check_sealed(&mut ours, &mut accepted.security, sealed, signature);
}

#[test]
fn ntlmv1_with_extended_session_security_answers_as_the_specification_does() {
    let client = client(EXTENDED_FLAGS, ResponseVersion::V1);
    let challenge = acceptor().negotiate(&client.negotiate()).expect("it is known");
    let (token, _) = client.authenticate(&challenge).expect("it is granted");
    let lm = "aaaaaaaaaaaaaaaa00000000000000000000000000000000";
    assert_eq!(part(&token, 12), hex(lm));
    assert_eq!(part(&token, 20), hex("7537f803ae367128ca458204bde7caf81e97ed2683267232"));
    assert_eq!(part(&token, 52), [0; 0]);

    let (mut ours, mut accepted) = exchange(&client, &STRICT).expect("the password is right");
    let sealed = "a02372f6530273f3aa1eb90190ce5200c99d";
    let signature = "01000000ff2aeb52f681793a00000000";
    check_sealed(&mut ours, &mut accepted.security, sealed, signature);
}

#[test]
fn ntlmv1_answers_as_the_specification_does() {
    let client = client(V1_FLAGS, ResponseVersion::V1);
    let challenge = acceptor().negotiate(&client.negotiate()).expect("it is known");
    let (token, _) = client.authenticate(&challenge).expect("it is granted");
    assert_eq!(part(&token, 20), hex("67c43011f30298a2ad35ece64f16331c44bdbed927841f94"));
    assert_eq!(part(&token, 52), hex("518822b1b3f350c8958682ecbb3e3cb7"));

    let (mut ours, mut accepted) = exchange(&client, &STRICT).expect("the password is right");
    let sealed = "56fe04d861f9319af0d7238a2e3b4d457fb8";
    let signature = "010000000000000009dcd1df2e459d36";
    check_sealed(&mut ours, &mut accepted.security, sealed, signature);
}

#[test]
fn a_message_that_is_signed_and_not_sealed_has_the_same_checksum_under_another_mask() {
    let client = client(EXTENDED_FLAGS, ResponseVersion::V1);
    let (mut ours, _) = exchange(&client, &STRICT).expect("the password is right");
    // Without a key exchange nothing hides the checksum, so sealing changes nothing about it.
    let signature = ours.sign(&plaintext()).to_vec();
    assert_eq!(signature, hex("01000000ff2aeb52f681793a00000000"));
}
