//! What must hold for any tokens whatever of NTLM and SPNEGO, and for any change of good ones, as functions
//! that tests and fuzz targets call.

use std::sync::Arc;

use dcerpc::ntlm::{
    Acceptor, Accounts, Authenticated, Credentials, Identity, Initiator, NegotiateFlags as F,
    Nonces, NtHash, ResponseVersion, ServerNames, SessionSecurity,
};
use dcerpc::spnego::{self, Offer, Progress, Step};

/// The most that an answer has beyond what it answers, bytes.
pub(crate) const ANSWER_EXTRA: usize = 1024;

/// `User` of `Domain`, and nobody else.
#[derive(Debug)]
pub(crate) struct One;

impl Accounts for One {
    fn nt_hash(&self, domain: &str, user: &str) -> Option<NtHash> {
        let known = domain == "Domain" && user.eq_ignore_ascii_case("User");
        known.then(|| NtHash::of_password("Password"))
    }

    fn lets_anonymous_in(&self) -> bool {
        false
    }
}

pub(crate) fn acceptor() -> Acceptor {
    let names = ServerNames {
        netbios_domain: "Domain".to_owned(),
        netbios_computer: "Server".to_owned(),
        dns_domain: "domain.example".to_owned(),
        dns_computer: "server.domain.example".to_owned(),
    };
    Acceptor::new(Arc::new(names), [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef])
}

fn initiator(flags: F, version: ResponseVersion) -> Initiator {
    let credentials = Credentials::User {
        domain: "Domain".to_owned(),
        user: "User".to_owned(),
        workstation: "COMPUTER".to_owned(),
        hash: NtHash::of_password("Password"),
    };
    let nonces = Nonces { client_challenge: [0xaa; 8], session_key: [0x55; 16], filetime: 0 };
    Initiator::new(credentials, flags, version, nonces)
}

/// What a server without SPNEGO does with any tokens in any order: it authenticates nobody who does not know
/// the password, and what it says is bounded. A token whose first bit is set goes to where the last is due.
pub(crate) fn check_ntlm_server(tokens: &[&[u8]]) {
    let mut server = acceptor();
    for token in tokens {
        let last = token.first().is_some_and(|byte| byte & 0x80 != 0);
        let token = if last { token.get(1..).unwrap_or_default() } else { token };
        if last {
            assert!(server.authenticate(token, &One).is_err(), "nobody knows the password");
        } else if let Ok(challenge) = server.negotiate(token) {
            assert!(challenge.len() <= ANSWER_EXTRA);
        }
    }
}

/// The same of a server with SPNEGO.
pub(crate) fn check_spnego_server(tokens: &[&[u8]]) {
    let mut server = spnego::Acceptor::new(acceptor());
    for token in tokens {
        match server.step(token, &One) {
            Ok(Step::Continue(answer)) => assert!(answer.len() <= ANSWER_EXTRA),
            Ok(Step::Done { .. }) => panic!("nobody knows the password"),
            Err(why) => {
                let again = server.step(token, &One);
                assert!(again.is_err(), "after `{why}` it is over");
            }
        }
    }
}

/// What a client says to any tokens is bounded by what it was told.
pub(crate) fn check_clients(tokens: &[&[u8]]) {
    for (version, offer) in [
        (ResponseVersion::V1, Offer::Ntlm),
        (ResponseVersion::V2, Offer::NtlmLater),
        (ResponseVersion::V2, Offer::KerberosBefore),
    ] {
        let ntlm = initiator(F::CONNECT, version);
        let mut client = spnego::Initiator::new(ntlm.clone(), offer);
        for token in tokens {
            if let Ok((answer, _)) = ntlm.authenticate(token) {
                assert!(answer.len() <= token.len() + ANSWER_EXTRA);
            }
            if let Ok(Progress::Send(answer)) = client.step(token) {
                assert!(answer.len() <= token.len() + ANSWER_EXTRA);
            }
        }
    }
}

/// No message is believed that nobody signed, and none after it.
pub(crate) fn check_unsigned(message: &[u8], signature: &[u8], range: (usize, usize)) {
    for flags in [F::PRIVACY, F::PRIVACY.difference(F::EXTENDED_SESSION_SECURITY)] {
        let (_, accepted) = agree(flags, ResponseVersion::V2).expect("they agree");
        let mut security = accepted.security;
        let mut changed = message.to_vec();
        let range = range.0..range.1;
        let other = Some(range.clone());
        assert!(security.clone().verify(&[message], signature).is_err());
        assert!(security.unseal(&mut changed, range, other, signature).is_err());
        assert!(security.verify(&[message], signature).is_err());
    }
}

fn agree(flags: F, version: ResponseVersion) -> Option<(SessionSecurity, Authenticated)> {
    let (_, ours, accepted) = exchange(flags, version, |_, _| ())?;
    Some((ours, accepted))
}

/// An exchange in which `change` may do what it likes to each token, which it gets with its number, on its
/// way; and the last token as the client sent it. `None` where one of the ends does not go on.
fn exchange(
    flags: F,
    version: ResponseVersion,
    mut change: impl FnMut(usize, &mut Vec<u8>),
) -> Option<(Vec<u8>, SessionSecurity, Authenticated)> {
    let (client, mut server) = (initiator(flags, version), acceptor());
    let mut negotiate = client.negotiate();
    change(0, &mut negotiate);
    let mut challenge = server.negotiate(&negotiate).ok()?;
    change(1, &mut challenge);
    let (sent, ours) = client.authenticate(&challenge).ok()?;
    let mut authenticate = sent.clone();
    change(2, &mut authenticate);
    let accepted = server.authenticate(&authenticate, &One).ok()?;
    Some((sent, ours, accepted))
}

/// Flips one bit of one token of a good exchange. Whoever is authenticated then is still the user, by the
/// response that the user gave; and where the ends no longer agree on how messages are protected, they don't
/// believe each other's. Tells whether the token has such a bit.
pub(crate) fn check_flipped(flags: F, version: ResponseVersion, token: usize, bit: usize) -> bool {
    let mut flipped = false;
    let flip = |number: usize, bytes: &mut Vec<u8>| {
        if let (true, Some(byte)) = (number == token, bytes.get_mut(bit / 8)) {
            *byte ^= 1 << (bit % 8);
            flipped = true;
        }
    };
    let Some((sent, mut ours, accepted)) = exchange(flags, version, flip) else {
        return flipped;
    };
    let Identity::User(name) = accepted.identity else { panic!("it came to be nobody") };
    assert!(name.user.eq_ignore_ascii_case("User") && name.domain == "Domain");
    let at = bit / 8;
    if token == 1 {
        assert!(!(24..32).contains(&at), "the answer is to another challenge");
    }
    if token == 2 {
        let covered = covered(&sent, version, flags);
        let folded = name.user != "User";
        assert!(folded || !covered.contains(&at), "byte {at} of {covered:?} is not covered");
    }
    let mut theirs = accepted.security;
    let mut message = *b"stub";
    let signature = ours.seal(&mut message, 0..4, 0..4).expect("it is whole");
    let believed = theirs.unseal(&mut message, 0..4, None, &signature).is_ok();
    let key = token == 2 && field(&sent, 52).contains(&at);
    let mut ways = F::EXTENDED_SESSION_SECURITY | F::KEY_EXCHANGE | F::BITS_128;
    // Without extended session security, a key is never shortened.
    ways.set(F::BITS_128, ours.is_extended());
    let agreed = (ours.flags() & ways) == (theirs.flags() & ways);
    assert!(!believed || (agreed && !key), "flip {bit} of token {token} goes unnoticed");
    assert!(!believed || message == *b"stub");
    flipped
}

/// Where the payload of a field is that stands at `at`.
fn field(token: &[u8], at: usize) -> std::ops::Range<usize> {
    let number = |at: usize| usize::from(u16::from_le_bytes([token[at], token[at + 1]]));
    number(at + 4)..number(at + 4) + number(at)
}

/// The bytes of an AUTHENTICATE without which nobody is authenticated. Its lengths come twice, of which the
/// second is not looked at.
fn covered(token: &[u8], version: ResponseVersion, flags: F) -> Vec<usize> {
    let mut covered: Vec<usize> = (0..12).chain(20..22).chain(24..28).collect();
    covered.extend(field(token, 20));
    match version {
        ResponseVersion::V2 => {
            covered.extend(field(token, 28).chain(field(token, 36)));
        }
        ResponseVersion::V1 if flags.contains(F::EXTENDED_SESSION_SECURITY) => {
            covered.extend(field(token, 12).take(8));
        }
        ResponseVersion::V1 => (),
    }
    covered
}
