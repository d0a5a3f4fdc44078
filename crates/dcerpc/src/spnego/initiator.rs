//! The client's role (RFC 4178 section 5), which can do NTLM alone whatever it offers.

use super::error::SpnegoError;
use super::token::{KERBEROS, NTLM, NegState, NegTokenInit, NegTokenResp, mech_list};
use crate::ntlm::{self, SessionSecurity};

/// What a client offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// NTLM, with its first message.
    Ntlm,
    /// NTLM, without.
    NtlmLater,
    /// Kerberos rather than NTLM, as a client of a domain does.
    KerberosBefore,
}

/// What a client does next.
#[derive(Debug, Clone)]
pub enum Progress {
    /// Send this, and wait for the server's next token.
    Send(Vec<u8>),
    /// Both ends are known to each other: what protects from here on.
    Done(SessionSecurity),
}

/// One negotiation, seen from the client.
#[derive(Debug, Clone)]
pub struct Initiator {
    ntlm: ntlm::Initiator,
    offer: Offer,
    state: State,
}

#[derive(Debug, Clone)]
enum State {
    /// The server's choice, or its CHALLENGE where NTLM's first message went along, is due.
    Offered {
        mic_wanted: bool,
    },
    /// NTLM's first message is sent, and the CHALLENGE due.
    Negotiating {
        mic_wanted: bool,
    },
    /// All is sent, and the server's word due.
    Proved {
        security: SessionSecurity,
        mic_sent: bool,
    },
    Over,
}

impl Initiator {
    /// A client that makes `offer`, and does `ntlm`.
    #[must_use]
    pub const fn new(ntlm: ntlm::Initiator, offer: Offer) -> Self {
        let mic_wanted = matches!(offer, Offer::KerberosBefore);
        let state = match offer {
            Offer::Ntlm => State::Negotiating { mic_wanted },
            Offer::NtlmLater | Offer::KerberosBefore => State::Offered { mic_wanted },
        };
        Self { ntlm, offer, state }
    }

    /// The first token.
    #[must_use]
    pub fn offer(&self) -> Vec<u8> {
        let negotiate = self.ntlm.negotiate();
        let mech_token = (self.offer == Offer::Ntlm).then_some(negotiate.as_slice());
        NegTokenInit { mech_list: self.mech_list(), ntlm_at: None, mech_token }.encode()
    }

    /// Takes the server's next token. After an error the negotiation is over.
    ///
    /// # Errors
    /// The token is not the one that is due; the server rejects the client, chooses something else than NTLM,
    /// or accepts too early; NTLM itself fails; or the server's checksum of what was offered is missing or
    /// wrong.
    pub fn step(&mut self, token: &[u8]) -> Result<Progress, SpnegoError> {
        let state = std::mem::replace(&mut self.state, State::Over);
        let answer = NegTokenResp::decode(token)?;
        if answer.state == Some(NegState::Reject) {
            return Err(SpnegoError::Rejected);
        }
        if answer.mechanism.is_some_and(|mechanism| mechanism != NTLM) {
            return Err(SpnegoError::NoNtlm);
        }
        match state {
            State::Offered { mic_wanted } => {
                let mic_wanted = mic_wanted || answer.state == Some(NegState::RequestMic);
                self.state = State::Negotiating { mic_wanted };
                let negotiate = self.ntlm.negotiate();
                let response_token = Some(negotiate.as_slice());
                let response = NegTokenResp { response_token, ..NegTokenResp::default() };
                Ok(Progress::Send(response.encode()))
            }
            State::Negotiating { mic_wanted } => {
                let mic_wanted = mic_wanted || answer.state == Some(NegState::RequestMic);
                self.prove(&answer, mic_wanted)
            }
            State::Proved { security, mic_sent } => self.finish(&answer, security, mic_sent),
            State::Over => Err(SpnegoError::Over),
        }
    }

    fn prove(
        &mut self,
        answer: &NegTokenResp<'_>,
        mic_wanted: bool,
    ) -> Result<Progress, SpnegoError> {
        if answer.state == Some(NegState::AcceptCompleted) {
            return Err(SpnegoError::AcceptedEarly);
        }
        let challenge = answer.response_token.ok_or(SpnegoError::NoMechToken)?;
        let (authenticate, mut security) = self.ntlm.authenticate(challenge)?;
        let mic_sent = mic_wanted && security.can_sign();
        let mic = mic_sent.then(|| security.sign(&self.mech_list()));
        let response = NegTokenResp {
            response_token: Some(&authenticate),
            mech_list_mic: mic.as_ref().map(<[u8; _]>::as_slice),
            ..NegTokenResp::default()
        };
        self.state = State::Proved { security, mic_sent };
        Ok(Progress::Send(response.encode()))
    }

    fn finish(
        &self,
        answer: &NegTokenResp<'_>,
        mut security: SessionSecurity,
        mic_sent: bool,
    ) -> Result<Progress, SpnegoError> {
        if answer.state != Some(NegState::AcceptCompleted) {
            return Err(SpnegoError::Unfinished);
        }
        if mic_sent {
            let mic = answer.mech_list_mic.ok_or(SpnegoError::NoMic)?;
            security.verify(&[&self.mech_list()], mic).map_err(SpnegoError::BadMic)?;
            security.restart_ciphers();
        }
        Ok(Progress::Done(security))
    }

    fn mech_list(&self) -> Vec<u8> {
        match self.offer {
            Offer::Ntlm | Offer::NtlmLater => mech_list(&[NTLM]),
            Offer::KerberosBefore => mech_list(&[KERBEROS, NTLM]),
        }
    }
}
