//! Authentication on an association (MS-RPCE 3.3.1.5.2): its legs in bind, alter_context and auth3, and the signatures of
//! requests.

use std::borrow::Cow;
use std::ops::Range;

use crate::association::{Association, Direction, Opened};
use crate::bind::PresentationContextId;
use crate::call::Request;
use crate::error::PeerMisbehaviour;
use crate::header::{Header, PacketType};
use crate::security::{ChallengeKey, Reply, SecurityOptions};
use crate::trailer::{AuthContextId, AuthType, AuthVerifier};

/// Where padding can begin at the earliest: behind the fixed part of a bind, an alter_context or a request.
const FIXED_PART: usize = 24;

/// A fragment of a request, as it came.
pub(super) struct Fragment<'a> {
    pub(super) header: &'a Header,
    pub(super) request: Request<'a>,
    pub(super) verifier: Option<AuthVerifier<'a>>,
    bytes: &'a [u8],
    /// Where its stub is, without padding.
    stub: Range<usize>,
}

impl<'a> Fragment<'a> {
    pub(super) fn new(
        header: &'a Header,
        bytes: &'a [u8],
        request: Request<'a>,
    ) -> Result<Self, PeerMisbehaviour> {
        let verifier = AuthVerifier::read(header, bytes)?;
        let body_end = usize::from(header.body_end()?);
        let start = body_end.saturating_sub(request.stub.len());
        let end = verifier.as_ref().map_or(Ok(body_end), |found| found.padding_starts(start))?;
        Ok(Self { header, request, verifier, bytes, stub: start..end })
    }
}

impl Association {
    /// Opens the security context that a bind asks for.
    pub(super) fn open_security(
        &mut self,
        header: &Header,
        bytes: &[u8],
    ) -> Result<Option<Reply>, PeerMisbehaviour> {
        let Some(verifier) = AuthVerifier::read(header, bytes)? else {
            return Ok(None);
        };
        let (auth_type, auth_level) = (verifier.trailer.auth_type, verifier.trailer.auth_level);
        if !auth_level.is_valid() {
            return Err(PeerMisbehaviour::InvalidAuthLevel { auth_level });
        }
        verifier.padding_starts(FIXED_PART)?;
        let config = std::sync::Arc::clone(&self.config);
        let offered = offered(config.security.as_ref(), self.challenges.as_ref());
        let offered = offered.ok_or(PeerMisbehaviour::UnrecognisedAuthType { auth_type })?;
        self.security.bind(offered, &verifier).map(Some)
    }

    /// Whether a trailer can be on an alter_context at all, before what it offers is looked at.
    pub(super) fn check_altering(
        &self,
        verifier: &AuthVerifier<'_>,
    ) -> Result<(), PeerMisbehaviour> {
        let offers = self.config.security.is_some() && self.challenges.is_some();
        if !offers || verifier.trailer.auth_type == AuthType::NONE {
            return Err(unexpected_trailer());
        }
        verifier.padding_starts(FIXED_PART).map(|_| ())
    }

    /// Opens another security context, or takes the next leg of one.
    pub(super) fn alter_security(
        &mut self,
        verifier: &AuthVerifier<'_>,
    ) -> Result<Reply, PeerMisbehaviour> {
        let config = std::sync::Arc::clone(&self.config);
        let offered = offered(config.security.as_ref(), self.challenges.as_ref());
        self.security.alter(offered.ok_or_else(unexpected_trailer)?, verifier)
    }

    /// Takes the last leg of an authentication, which is never answered.
    pub(super) fn handle_auth3(
        &mut self,
        header: &Header,
        bytes: &[u8],
    ) -> Result<(), PeerMisbehaviour> {
        let unexpected = || PeerMisbehaviour::UnexpectedPacket { packet_type: PacketType::AUTH3 };
        let verifier = AuthVerifier::read(header, bytes)?.ok_or_else(unexpected)?;
        let config = std::sync::Arc::clone(&self.config);
        let options = config.security.as_ref().filter(|_| !self.security.is_empty());
        let options = options.ok_or_else(unexpected)?;
        verifier.padding_starts(FIXED_PART)?;
        self.security.auth3(options.accounts.as_ref(), &verifier)
    }

    /// The stub of a fragment, verified and without its seal where `protection` asks for that.
    pub(super) fn open_fragment<'a>(
        &mut self,
        fragment: &Fragment<'a>,
        protection: Option<AuthContextId>,
        context: PresentationContextId,
    ) -> Result<Cow<'a, [u8]>, PeerMisbehaviour> {
        let call = fragment.header.call_id();
        let stub = fragment.stub.clone();
        match (protection, &fragment.verifier) {
            (None, _) => Ok(Cow::Borrowed(fragment.bytes.get(stub).unwrap_or_default())),
            (Some(_), None) => Err(PeerMisbehaviour::UnsignedFragment { call, context }),
            (Some(protection), Some(verifier)) => {
                let opened =
                    self.security.open_fragment(protection, fragment.bytes, (verifier, stub));
                let stub = opened.ok_or(PeerMisbehaviour::BadSignature { call, context })?;
                if let Cow::Owned(stub) = &stub {
                    self.note_opened(stub);
                }
                Ok(stub)
            }
        }
    }

    /// Keeps what a seal hid.
    fn note_opened(&mut self, stub: &[u8]) {
        if let Some(opened) = &mut self.opened {
            let (direction, offset) = (Direction::Received, self.received_at);
            opened.push(Opened { direction, offset, stub: stub.to_vec() });
        }
    }
}

fn offered<'a>(
    options: Option<&'a SecurityOptions>,
    challenges: Option<&'a ChallengeKey>,
) -> Option<(&'a SecurityOptions, &'a ChallengeKey)> {
    options.zip(challenges)
}

fn unexpected_trailer() -> PeerMisbehaviour {
    let (packet_type, context) = (PacketType::ALTER_CONTEXT, PresentationContextId(0));
    PeerMisbehaviour::UnexpectedAuthTrailer { packet_type, context }
}
