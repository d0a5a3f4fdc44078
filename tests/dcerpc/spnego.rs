//! SPNEGO: how two ends agree on NTLM, what proves what they agreed from, and what is refused.

use dcerpc::ntlm::{
    Authenticated, Identity, NegotiateFlags as F, NtlmError, ResponseVersion, SessionSecurity,
};
use dcerpc::spnego::{
    Acceptor, DerError, DerProblem, Initiator, Offer, Progress, SpnegoError, Step,
};

use super::ntlm::{STRICT, acceptor, hex, initiator, user};

const OFFERS: [Offer; 3] = [Offer::Ntlm, Offer::NtlmLater, Offer::KerberosBefore];

/// `NegTokenResp { accept-completed }`.
const COMPLETED: &str = "a1073005a0030a0100";
/// `NegTokenResp { accept-incomplete, NTLM }`.
const CHOSEN: &str = "a1153013a0030a0101a10c060a2b06010401823702020a";
/// `NegTokenResp { request-mic, NTLM }`.
const CHOSEN_SECOND: &str = "a1153013a0030a0103a10c060a2b06010401823702020a";
/// `NegTokenResp { reject }`.
const REJECTED: &str = "a1073005a0030a0102";

fn client(flags: F, offer: Offer) -> Initiator {
    Initiator::new(initiator(user("Password"), flags, ResponseVersion::V2), offer)
}

fn server() -> Acceptor {
    Acceptor::new(acceptor())
}

/// Both ends once they agree, and every token that passed, the client's first.
fn negotiate(
    client: &mut Initiator,
) -> Result<(SessionSecurity, Authenticated, Vec<Vec<u8>>), SpnegoError> {
    let mut server = server();
    let mut tokens = vec![client.offer()];
    loop {
        let (answer, done) = match server.step(tokens.last().expect("the client's"), &STRICT)? {
            Step::Continue(token) => (token, None),
            Step::Done { token, authenticated } => {
                (token.expect("spnego has an answer"), Some(authenticated))
            }
        };
        tokens.push(answer.clone());
        match (client.step(&answer)?, done) {
            (Progress::Send(token), None) => tokens.push(token),
            (Progress::Done(security), Some(authenticated)) => {
                return Ok((security, authenticated, tokens));
            }
            (progress, done) => panic!("one end is done before the other: {progress:?}, {done:?}"),
        }
    }
}

fn check_messages(client: &mut SessionSecurity, server: &mut SessionSecurity) {
    for text in [&b"first"[..], b"second"] {
        let mut message = text.to_vec();
        let whole = 0..message.len();
        let signature = client.seal(&mut message, whole.clone(), whole.clone()).expect("whole");
        server.unseal(&mut message, whole, None, &signature).expect("it is the client's");
        let signature = server.sign(&message);
        assert_eq!(client.verify(&[text], &signature), Ok(0));
    }
}

#[test]
fn both_ends_agree_from_every_offer() {
    let plain = F::PRIVACY.difference(F::EXTENDED_SESSION_SECURITY);
    for offer in OFFERS {
        for flags in [F::PRIVACY, plain, F::INTEGRITY, F::PRIVACY.difference(F::KEY_EXCHANGE)] {
            let agreed = negotiate(&mut client(flags, offer));
            let (mut ours, mut theirs, _) = agreed.expect("they agree");
            assert!(matches!(theirs.identity, Identity::User(_)));
            check_messages(&mut ours, &mut theirs.security);
        }
    }
}

#[test]
fn what_is_offered_first_decides_how_often_both_speak() {
    let tokens = |offer| negotiate(&mut client(F::PRIVACY, offer)).expect("they agree").2;
    let first = tokens(Offer::Ntlm);
    assert_eq!(first.len(), 4);
    assert_eq!(first[3], hex(COMPLETED));
    let later = tokens(Offer::NtlmLater);
    assert_eq!((later.len(), &later[1]), (6, &hex(CHOSEN)));
    let second = tokens(Offer::KerberosBefore);
    assert_eq!((second.len(), &second[1]), (6, &hex(CHOSEN_SECOND)));
    // Both ends prove what was offered then: 16 bytes each.
    assert_eq!(second[5].len(), hex(COMPLETED).len() + 20);
    assert!(second[4].windows(4).any(|bytes| bytes == [0xa3, 0x12, 0x04, 0x10]));
}

/// Takes a client's own checksum from its last token, which has one.
#[expect(clippy::big_endian_bytes, reason = "lengths in DER are big-endian")]
fn without_mic(token: &[u8]) -> Vec<u8> {
    let mut token = token[..token.len() - 20].to_vec();
    // Both lengths around it have two digits: a1 82 .. .. 30 82 .. ..
    for at in [2, 6] {
        let length = u16::from_be_bytes([token[at], token[at + 1]]) - 20;
        token[at..at + 2].copy_from_slice(&length.to_be_bytes());
    }
    token
}

fn second_choice(change: impl FnOnce(&[u8]) -> Vec<u8>) -> Result<Step, SpnegoError> {
    let (mut client, mut server) = (client(F::PRIVACY, Offer::KerberosBefore), server());
    let mut token = client.offer();
    for _ in 0..2 {
        let Ok(Step::Continue(answer)) = server.step(&token, &STRICT) else { panic!("it goes on") };
        let Ok(Progress::Send(next)) = client.step(&answer) else { panic!("it goes on") };
        token = next;
    }
    server.step(&change(&token), &STRICT)
}

#[test]
fn a_second_choice_must_be_proved() {
    assert!(second_choice(<[u8]>::to_vec).is_ok());
    assert_eq!(second_choice(without_mic).err(), Some(SpnegoError::NoMic));
    let changed = second_choice(|token| [&token[..token.len() - 1], &[9]].concat());
    assert!(matches!(changed.err(), Some(SpnegoError::BadMic(_))));
    let connect = negotiate(&mut client(F::CONNECT, Offer::KerberosBefore));
    assert_eq!(connect.expect("nothing can prove it").2.len(), 6);
}

#[test]
fn an_offer_that_was_changed_on_its_way_is_found_out() {
    let (mut client, mut server) = (client(F::PRIVACY, Offer::KerberosBefore), server());
    let mut token = client.offer();
    let kerberos = token.windows(2).position(|bytes| bytes == [0x2a, 0x86]).expect("it is there");
    token[kerberos] ^= 1;
    let refused = loop {
        match server.step(&token, &STRICT) {
            Ok(Step::Continue(answer)) => {
                let Ok(Progress::Send(next)) = client.step(&answer) else { panic!("it goes on") };
                token = next;
            }
            Ok(Step::Done { .. }) => panic!("nobody noticed"),
            Err(why) => break why,
        }
    };
    assert!(matches!(refused, SpnegoError::BadMic(_)));
}

#[test]
fn ntlm_without_spnego_is_understood() {
    let client = initiator(user("Password"), F::PRIVACY, ResponseVersion::V2);
    let mut server = server();
    let Ok(Step::Continue(challenge)) = server.step(&client.negotiate(), &STRICT) else {
        panic!("it is challenged");
    };
    let (token, mut ours) = client.authenticate(&challenge).expect("it is granted");
    let done = server.step(&token, &STRICT).expect("the password is right");
    let Step::Done { token: None, mut authenticated } = done else { panic!("it is done") };
    check_messages(&mut ours, &mut authenticated.security);
    assert_eq!(server.step(&token, &STRICT).err(), Some(SpnegoError::Over));
}

#[test]
fn hints_and_flags_in_an_offer_are_passed_over() {
    // NegTokenInit2 { mechTypes { NTLM }, reqFlags, mechToken "x", negHints { hintName } }
    let offer = "605306062b0601050502a0493047a00e300c060a2b06010401823702020aa104
        03020780a203040178a32a3028a0261b246e6f745f646566696e65645f696e5f5246433431373840
        706c656173655f69676e6f7265";
    let refused = server().step(&hex(offer), &STRICT).err();
    // It came as far as the mechanism's token.
    assert_eq!(refused, Some(SpnegoError::Ntlm(NtlmError::NotNtlm)));
}

#[test]
fn an_offer_without_ntlm_is_refused() {
    // NegTokenInit { mechTypes { Kerberos } }
    let offer = "601b 0606 2b0601050502 a011 300f a00d 300b 0609 2a864886f712010202";
    assert_eq!(server().step(&hex(offer), &STRICT).err(), Some(SpnegoError::NoNtlm));
}

#[test]
fn a_token_that_is_not_the_one_that_is_due_is_refused() {
    let malformed =
        |field, offset, problem| Some(SpnegoError::Malformed(DerError { field, offset, problem }));
    let due = DerProblem::Tag { expected: 0x60 };
    for token in [&[][..], &hex(COMPLETED)] {
        let refused = server().step(token, &STRICT).err();
        assert_eq!(refused, malformed("InitialContextToken", 0, due));
    }
    let offer = client(F::PRIVACY, Offer::Ntlm).offer();
    let trailing = server().step(&[&offer[..], &[0]].concat(), &STRICT).err();
    let end = offer.len();
    assert_eq!(trailing, malformed("InitialContextToken", end, DerProblem::Trailing));
    let cut = server().step(&offer[..end - 1], &STRICT).err();
    assert_eq!(cut, malformed("InitialContextToken", 0, DerProblem::Length));

    let mut server = server();
    assert!(server.step(&offer, &STRICT).is_ok());
    assert_eq!(server.step(&hex(COMPLETED), &STRICT).err(), Some(SpnegoError::NoMechToken));
    assert_eq!(server.step(&hex(COMPLETED), &STRICT).err(), Some(SpnegoError::Over));
}

#[test]
fn a_client_believes_no_server_that_goes_astray() {
    for (answer, why) in [
        (REJECTED, SpnegoError::Rejected),
        (COMPLETED, SpnegoError::AcceptedEarly),
        (CHOSEN, SpnegoError::NoMechToken),
        // accept-incomplete, Kerberos
        ("a1143012a0030a0101a10b06092a864886f712010202", SpnegoError::NoNtlm),
    ] {
        let refused = client(F::PRIVACY, Offer::Ntlm).step(&hex(answer)).err();
        assert_eq!(refused, Some(why), "{answer}");
    }
    // A server that does not prove what was offered.
    let (mut client, mut server) = (client(F::PRIVACY, Offer::KerberosBefore), server());
    let mut token = client.offer();
    for _ in 0..2 {
        let Ok(Step::Continue(answer)) = server.step(&token, &STRICT) else { panic!("it goes on") };
        let Ok(Progress::Send(next)) = client.step(&answer) else { panic!("it goes on") };
        token = next;
    }
    assert_eq!(client.clone().step(&hex(COMPLETED)).err(), Some(SpnegoError::NoMic));
    assert_eq!(client.step(&hex(CHOSEN)).err(), Some(SpnegoError::Unfinished));
}
