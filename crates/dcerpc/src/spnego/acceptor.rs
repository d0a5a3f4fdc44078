//! The server's role (RFC 4178 section 5, MS-SPNG 3.2.5): NTLM or nothing.

use super::error::SpnegoError;
use super::token::{NTLM, NegState, NegTokenInit, NegTokenResp};
use crate::ntlm::{self, Accounts, Authenticated};

/// What a server does next.
#[derive(Debug, Clone)]
pub enum Step {
    /// Send this, and wait for the client's next token.
    Continue(Vec<u8>),
    /// The client is known.
    Done {
        /// What to send yet; nothing to a client that spoke NTLM alone.
        token: Option<Vec<u8>>,
        /// Who it is, and what protects from here on.
        authenticated: Authenticated,
    },
}

/// One negotiation, seen from the server.
///
/// A client that speaks NTLM without wrapping it, where SPNEGO is due, is understood as Windows understands
/// it.
#[derive(Debug, Clone)]
pub struct Acceptor {
    ntlm: ntlm::Acceptor,
    state: State,
}

#[derive(Debug, Clone)]
enum State {
    Started,
    /// NTLM is chosen, and its NEGOTIATE is due.
    Chosen(Offered),
    /// The CHALLENGE is sent.
    Challenged(Offered),
    /// The same, to a client without SPNEGO.
    ChallengedRaw,
    Over,
}

/// What a client offered.
#[derive(Debug, Clone)]
struct Offered {
    mech_list: Vec<u8>,
    ntlm_first: bool,
}

impl Acceptor {
    /// A server that offers `ntlm`.
    #[must_use]
    pub const fn new(ntlm: ntlm::Acceptor) -> Self {
        Self { ntlm, state: State::Started }
    }

    /// A server that has chosen NTLM from `offer`, and sent its challenge.
    #[cfg(test)]
    pub(super) fn challenged(ntlm: ntlm::Acceptor, offer: &[u8]) -> Self {
        let mech_list = NegTokenInit::decode(offer).expect("an offer").mech_list;
        Self { ntlm, state: State::Challenged(Offered { mech_list, ntlm_first: true }) }
    }

    /// Takes a client's next token. After an error the negotiation is over.
    ///
    /// # Errors
    /// The token is not the one that is due; NTLM is not offered; NTLM itself fails; or the client's checksum
    /// of what it offered is wrong, or missing where NTLM was not its first choice. A peer must not see
    /// which.
    pub fn step(&mut self, token: &[u8], accounts: &dyn Accounts) -> Result<Step, SpnegoError> {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Started if ntlm::is_ntlm(token) => {
                let challenge = self.ntlm.negotiate(token)?;
                self.state = State::ChallengedRaw;
                Ok(Step::Continue(challenge))
            }
            State::Started => self.choose(token),
            State::Chosen(offered) => {
                let response = NegTokenResp::decode(token)?;
                let negotiate = response.response_token.ok_or(SpnegoError::NoMechToken)?;
                self.challenge(negotiate, offered, None)
            }
            State::Challenged(offered) => self.finish(token, &offered, accounts),
            State::ChallengedRaw => {
                let authenticated = self.ntlm.authenticate(token, accounts)?;
                Ok(Step::Done { token: None, authenticated })
            }
            State::Over => Err(SpnegoError::Over),
        }
    }

    /// Chooses NTLM. The token that a client may send along is of the mechanism that it would rather have.
    fn choose(&mut self, token: &[u8]) -> Result<Step, SpnegoError> {
        let NegTokenInit { mech_list, ntlm_at, mech_token } = NegTokenInit::decode(token)?;
        let ntlm_first = ntlm_at.ok_or(SpnegoError::NoNtlm)? == 0;
        let offered = Offered { mech_list, ntlm_first };
        if let (true, Some(negotiate)) = (ntlm_first, mech_token) {
            return self.challenge(negotiate, offered, Some(NTLM));
        }
        let state = if ntlm_first { NegState::AcceptIncomplete } else { NegState::RequestMic };
        let response =
            NegTokenResp { state: Some(state), mechanism: Some(NTLM), ..NegTokenResp::default() };
        self.state = State::Chosen(offered);
        Ok(Step::Continue(response.encode()))
    }

    fn challenge(
        &mut self,
        negotiate: &[u8],
        offered: Offered,
        mechanism: Option<&[u8]>,
    ) -> Result<Step, SpnegoError> {
        let challenge = self.ntlm.negotiate(negotiate)?;
        let response = NegTokenResp {
            state: Some(NegState::AcceptIncomplete),
            mechanism,
            response_token: Some(&challenge),
            mech_list_mic: None,
        };
        self.state = State::Challenged(offered);
        Ok(Step::Continue(response.encode()))
    }

    fn finish(
        &mut self,
        token: &[u8],
        offered: &Offered,
        accounts: &dyn Accounts,
    ) -> Result<Step, SpnegoError> {
        let claim = NegTokenResp::decode(token)?;
        let authenticate = claim.response_token.ok_or(SpnegoError::NoMechToken)?;
        let mut authenticated = self.ntlm.authenticate(authenticate, accounts)?;
        let security = &mut authenticated.security;
        let mic = match claim.mech_list_mic {
            Some(theirs) => {
                security.verify(&[&offered.mech_list], theirs).map_err(SpnegoError::BadMic)?;
                let ours = security.sign(&offered.mech_list);
                security.restart_ciphers();
                Some(ours)
            }
            // Without signatures there is nothing to prove it by (RFC 4178 section 5).
            None if offered.ntlm_first || !security.can_sign() => None,
            None => return Err(SpnegoError::NoMic),
        };
        let response = NegTokenResp {
            state: Some(NegState::AcceptCompleted),
            mech_list_mic: mic.as_ref().map(<[u8; _]>::as_slice),
            ..NegTokenResp::default()
        };
        Ok(Step::Done { token: Some(response.encode()), authenticated })
    }
}
