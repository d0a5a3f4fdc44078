//! What the levels of a security context do to the fragments of calls and results, in both roles (MS-RPCE 3.3.1.5.2.2).

use std::borrow::Cow;
use std::ops::Range;

use crate::fragment::Overhead;
use crate::header::{Authentication, Header};
use crate::ntlm::{SIGNATURE_SIZE, SessionSecurity};
use crate::trailer::{AuthLevel, AuthTrailer, AuthVerifier};

/// Bytes of a fragment before its stub: the same in a request without an object and in a response.
pub(crate) const STUB_OFFSET: u16 = 24;

/// What of a fragment is not stub.
pub(crate) const UNSIGNED: Overhead = Overhead::header(STUB_OFFSET);

/// The same with a signature: its stub is padded to 16 bytes, as Windows pads it.
pub(crate) const SIGNED: Overhead = Overhead { bytes: STUB_OFFSET + 8 + 16, align: 16 };

/// Room for the signature of a fragment.
pub(crate) fn room(trailer: AuthTrailer) -> Authentication<'static> {
    Authentication {
        trailer,
        value: &[0; SIGNATURE_SIZE],
        align: SIGNED.align.into(),
        aligned_from: STUB_OFFSET.into(),
    }
}

/// Signs, and at level privacy seals, the fragment that ends with [`room`] for a signature.
pub(crate) fn protect(session: &mut SessionSecurity, level: AuthLevel, pdu: &mut [u8]) {
    let Some(signed) = pdu.len().checked_sub(SIGNATURE_SIZE) else { return };
    let Some((message, room)) = pdu.split_at_mut_checked(signed) else { return };
    let trailer = usize::from(Header::AUTH_TRAILER_SIZE);
    let padded = usize::from(STUB_OFFSET)..message.len().saturating_sub(trailer);
    // Without extended session security a signature covers the stub and its padding alone.
    let covered = if session.is_extended() { 0..message.len() } else { padded.clone() };
    let signature = if level < AuthLevel::PACKET_PRIVACY {
        message.get(covered).map(|covered| session.sign(covered))
    } else {
        session.seal(message, padded, covered).ok()
    };
    let Some(signature) = signature else { return };
    for (byte, signature) in room.iter_mut().zip(signature) {
        *byte = signature;
    }
}

/// Verifies a fragment, and takes its seal away: the part of it that is `stub`, behind which padding may be. What its
/// trailer says of type, level and context is not looked at.
pub(crate) fn open<'a>(
    session: &mut SessionSecurity,
    level: AuthLevel,
    pdu: &'a [u8],
    (verifier, stub): (&AuthVerifier<'_>, Range<usize>),
) -> Option<Cow<'a, [u8]>> {
    let end = verifier.offset.saturating_add(Header::AUTH_TRAILER_SIZE.into());
    let whole = pdu.get(..end)?;
    let padded = stub.start..verifier.offset;
    if level < AuthLevel::PACKET_PRIVACY {
        let covered = [whole, pdu.get(padded)?];
        let found = session.verify(&covered, verifier.value).ok()?;
        let covers_stub = covered.get(found).filter(|_| found != 0);
        if session.is_extended() && covers_stub.is_some_and(|stub| is_signed_pdu(stub)) {
            return None;
        }
        return pdu.get(stub).map(Cow::Borrowed);
    }
    let mut whole = whole.to_vec();
    let other = Some(padded.clone());
    session.unseal(&mut whole, padded, other, verifier.value).ok()?;
    whole.get(stub).map(|stub| Cow::Owned(stub.to_vec()))
}

/// Whether these bytes are a PDU whose signature they lack. A checksum of a stub alone is believed, so whoever sits in
/// between could otherwise take what a client has signed as a whole and have it executed as the stub of another call.
fn is_signed_pdu(covered: &[u8]) -> bool {
    let header = covered.first_chunk().map(Header::decode);
    let length = covered.len().saturating_add(SIGNATURE_SIZE);
    header
        .is_some_and(|header| header.check().is_ok() && usize::from(header.frag_length()) == length)
}
