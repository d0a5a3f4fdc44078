//! How a client authenticates itself (MS-RPCE 3.3.1.5.2): what it does, leg by leg, and the signatures afterwards.

use std::borrow::Cow;
use std::ops::Range;

use crate::bind::Bind;
use crate::call::{CallId, Request, Response};
use crate::client::{CONTEXT, ClientAssociation, Negotiated, Phase};
use crate::error::PeerMisbehaviour;
use crate::header::{
    Authentication, Header, Heading, PacketFlags, PacketType, append_authenticated_pdu,
};
use crate::ntlm::{self, SessionSecurity};
use crate::protection;
use crate::security::SecurityError;
use crate::spnego::{self, Progress};
use crate::trailer::{AuthContextId, AuthLevel, AuthTrailer, AuthType, AuthVerifier};

/// As whom a client binds, and how far what it sends is protected.
#[derive(Debug, Clone)]
pub struct ClientSecurity {
    /// Who it is, and the provider that proves it.
    pub provider: ClientProvider,
    /// How much is protected.
    pub level: AuthLevel,
    /// The id of the security context.
    pub context: AuthContextId,
}

/// A security provider in the client's role. Its nonces are the caller's: each bind needs new ones.
#[derive(Debug, Clone)]
pub enum ClientProvider {
    /// NTLM by itself, in a bind, its answer and an auth3. Nothing answers that: a client whom the server does not let in
    /// learns it from the fault of its first call.
    Ntlm(ntlm::Initiator),
    /// SPNEGO, in a bind and alter_contexts until the server has said its last word.
    Spnego(spnego::Initiator),
}

/// A client's end of a security context.
#[derive(Debug, Clone)]
pub(super) struct SecurityEnd {
    trailer: AuthTrailer,
    state: State,
}

#[derive(Debug, Clone)]
enum State {
    Pending(ClientProvider),
    Established(SessionSecurity),
    Failed,
}

/// What follows a token of the server's.
enum Leg {
    Auth3(Vec<u8>),
    Alter(Vec<u8>),
    /// Both ends know each other.
    Over,
}

impl SecurityEnd {
    pub(super) fn new(security: ClientSecurity) -> Self {
        let auth_type = match &security.provider {
            ClientProvider::Ntlm(_) => AuthType::WINNT,
            ClientProvider::Spnego(_) => AuthType::GSS_NEGOTIATE,
        };
        let ClientSecurity { provider, level: auth_level, context } = security;
        let trailer = AuthTrailer { auth_type, auth_level, pad_length: 0, context };
        Self { trailer, state: State::Pending(provider) }
    }

    /// The token of the bind; empty once it was sent.
    fn offer(&self) -> Vec<u8> {
        match &self.state {
            State::Pending(ClientProvider::Ntlm(initiator)) => initiator.negotiate(),
            State::Pending(ClientProvider::Spnego(initiator)) => initiator.offer(),
            State::Established(_) | State::Failed => Vec::new(),
        }
    }

    /// Takes a token of the server's.
    fn step(&mut self, token: &[u8]) -> Result<Leg, PeerMisbehaviour> {
        let failed = |error: SecurityError| PeerMisbehaviour::AuthenticationFailed { error };
        let (leg, session) = match std::mem::replace(&mut self.state, State::Failed) {
            State::Pending(ClientProvider::Ntlm(initiator)) => {
                let answered = initiator.authenticate(token);
                let (token, session) = answered.map_err(|error| failed(error.into()))?;
                (Leg::Auth3(token), session)
            }
            State::Pending(ClientProvider::Spnego(mut initiator)) => {
                match initiator.step(token).map_err(|error| failed(error.into()))? {
                    Progress::Send(token) => {
                        self.state = State::Pending(ClientProvider::Spnego(initiator));
                        return Ok(Leg::Alter(token));
                    }
                    Progress::Done(session) => (Leg::Over, session),
                }
            }
            // No leg is awaited once they are over.
            State::Established(_) | State::Failed => return Ok(Leg::Over),
        };
        if self.trailer.auth_level == AuthLevel::PACKET_PRIVACY && !session.can_seal() {
            let auth_context = self.trailer.context;
            return Err(PeerMisbehaviour::SealNotNegotiated { auth_context });
        }
        self.state = State::Established(session);
        Ok(leg)
    }

    /// Whether calls and results carry signatures.
    pub(super) fn signs(&self) -> bool {
        self.trailer.auth_level.signs()
    }

    fn leg<'a>(&self, value: &'a [u8]) -> Authentication<'a> {
        Authentication { trailer: self.trailer, value, align: 4, aligned_from: 0 }
    }

    /// What ends a PDU of the server's, which must be in this context.
    fn verifier<'a>(
        &self,
        header: &Header,
        bytes: &'a [u8],
    ) -> Result<Option<AuthVerifier<'a>>, PeerMisbehaviour> {
        let packet_type = header.packet_type();
        let verifier = AuthVerifier::read(header, bytes)?;
        let pad_length = 0;
        match &verifier {
            Some(found) if AuthTrailer { pad_length, ..found.trailer } != self.trailer => {
                Err(PeerMisbehaviour::AnswerInAnotherContext { packet_type })
            }
            Some(_) | None => Ok(verifier),
        }
    }
}

impl ClientAssociation {
    /// Appends the bind, with the first token where the client authenticates itself.
    pub(super) fn send_bind(&mut self, bind: &Bind, mut heading: Heading) {
        let appended = match &self.security {
            None => bind.append(&mut self.transmit, heading),
            Some(security) => {
                // What NTLM signs begins with the header, unless both ends are of the nineties.
                heading.flags.set(PacketFlags::SUPPORT_HEADER_SIGN, security.signs());
                let token = security.offer();
                bind.append_authenticated(&mut self.transmit, heading, &security.leg(&token))
            }
        };
        self.closing |= appended.is_err();
    }

    /// Goes on with the authentication, by the server's token in its answer to the bind or an alter_context.
    pub(super) fn handle_leg(
        &mut self,
        header: &Header,
        bytes: &[u8],
        bound: Negotiated,
    ) -> Result<(), PeerMisbehaviour> {
        let packet_type = header.packet_type();
        let Some(security) = &mut self.security else {
            self.bound(bound);
            return Ok(());
        };
        let verifier = security.verifier(header, bytes)?;
        let verifier = verifier.ok_or(PeerMisbehaviour::AnswerWithoutTrailer { packet_type })?;
        match security.step(verifier.value)? {
            Leg::Auth3(token) => {
                let call_id = header.call_id();
                let flags = PacketFlags::WHOLE;
                let heading = Heading { packet_type: PacketType::AUTH3, flags, call_id };
                let leg = security.leg(&token);
                // Four bytes that mean nothing are all there is before the trailer.
                let appended = append_authenticated_pdu(&mut self.transmit, heading, &leg, |out| {
                    out.extend_from_slice(&[0; 4]);
                });
                self.closing |= appended.is_err();
                self.bound(bound);
            }
            Leg::Alter(token) => self.send_alter_context(&token, bound),
            Leg::Over => self.bound(bound),
        }
        Ok(())
    }

    fn send_alter_context(&mut self, token: &[u8], bound: Negotiated) {
        let leg = self.next_call();
        self.phase = Phase::Authenticating { leg, bound };
        let mut offer = self.offer(Some(bound.group));
        // Features are a bind's to negotiate.
        offer.contexts.truncate(1);
        let flags = PacketFlags::WHOLE;
        let heading = Heading { packet_type: PacketType::ALTER_CONTEXT, flags, call_id: leg };
        let Some(security) = &self.security else { return };
        let appended =
            offer.append_authenticated(&mut self.transmit, heading, &security.leg(token));
        self.closing |= appended.is_err();
    }

    /// Appends a fragment of a call, signed where the level asks for it.
    pub(super) fn send_fragment(
        &mut self,
        request: &Request<'_>,
        (call, flags): (CallId, PacketFlags),
    ) {
        let security = self.security.as_deref_mut().filter(|security| security.signs());
        let appended = match security {
            None => request.append(&mut self.transmit, call, flags),
            Some(SecurityEnd { trailer, state }) => {
                let start = self.transmit.len();
                let room = protection::room(*trailer);
                let appended =
                    request.append_authenticated(&mut self.transmit, (call, flags), &room);
                let pdu = self.transmit.get_mut(start..).unwrap_or_default();
                if let State::Established(session) = state {
                    protection::protect(session, trailer.auth_level, pdu);
                }
                appended
            }
        };
        self.closing |= appended.is_err();
    }

    /// The stub of a fragment of a result, verified and without its seal where the level asks for that.
    pub(super) fn open_fragment<'a>(
        &mut self,
        header: &Header,
        bytes: &'a [u8],
        response: &Response<'a>,
    ) -> Result<Cow<'a, [u8]>, PeerMisbehaviour> {
        let Some(security) = &mut self.security else {
            return Ok(Cow::Borrowed(response.stub));
        };
        let packet_type = header.packet_type();
        let verifier = match security.verifier(header, bytes)? {
            Some(verifier) => verifier,
            None if security.signs() => {
                return Err(PeerMisbehaviour::AnswerWithoutTrailer { packet_type });
            }
            None => return Ok(Cow::Borrowed(response.stub)),
        };
        let start = verifier.offset.saturating_sub(response.stub.len());
        let stub: Range<usize> = start..verifier.padding_starts(start)?;
        // At level connect Windows' signatures are there too, and sign nothing.
        if !security.signs() {
            return Ok(Cow::Borrowed(bytes.get(stub).unwrap_or_default()));
        }
        let (call, context) = (header.call_id(), CONTEXT);
        let bad = PeerMisbehaviour::BadSignature { call, context };
        let State::Established(session) = &mut security.state else { return Err(bad) };
        protection::open(session, security.trailer.auth_level, bytes, (&verifier, stub)).ok_or(bad)
    }
}
