//! The two tokens of SPNEGO (RFC 4178 4.2), as far as they are needed to agree on NTLM.

use super::der::{Der, DerError, DerProblem, element, tag};

/// 1.3.6.1.5.5.2, SPNEGO itself.
const SPNEGO: &[u8] = &[0x2b, 6, 1, 5, 5, 2];
/// 1.3.6.1.4.1.311.2.2.10, NTLM.
pub(super) const NTLM: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 0x0a];
/// 1.2.840.113554.1.2.2, Kerberos.
pub(super) const KERBEROS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 1, 2, 2];

/// How far a negotiation is: `NegState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NegState {
    AcceptCompleted,
    AcceptIncomplete,
    Reject,
    RequestMic,
}

impl NegState {
    const fn code(self) -> u8 {
        match self {
            Self::AcceptCompleted => 0,
            Self::AcceptIncomplete => 1,
            Self::Reject => 2,
            Self::RequestMic => 3,
        }
    }

    const fn from_code(code: &[u8]) -> Option<Self> {
        Some(match code {
            [0] => Self::AcceptCompleted,
            [1] => Self::AcceptIncomplete,
            [2] => Self::Reject,
            [3] => Self::RequestMic,
            _ => return None,
        })
    }
}

/// `NegTokenInit`, a client's first token. `NegTokenInit2`, which has hints before its MIC, is read too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NegTokenInit<'a> {
    /// The `MechTypeList`, its tag and length included: the two ends' MICs are of it as it was sent.
    pub(super) mech_list: Vec<u8>,
    /// Where NTLM stands among the mechanisms, from 0.
    pub(super) ntlm_at: Option<usize>,
    pub(super) mech_token: Option<&'a [u8]>,
}

impl<'a> NegTokenInit<'a> {
    pub(super) fn decode(token: &'a [u8]) -> Result<Self, DerError> {
        let mut outer = Der::new(token);
        let mut inner = outer.enter("InitialContextToken", tag::APPLICATION)?;
        outer.finish("InitialContextToken")?;
        let mechanism = inner.enter("thisMech", tag::OBJECT_IDENTIFIER)?;
        if mechanism.bytes() != SPNEGO {
            return Err(mechanism.wrong("thisMech", DerProblem::Value));
        }
        let mut choice = inner.enter("negTokenInit", tag::context(0))?;
        inner.finish("negTokenInit")?;
        let mut fields = choice.enter("negTokenInit", tag::SEQUENCE)?;
        let mut list = fields.enter("mechTypes", tag::context(0))?;
        let mech_list = list.bytes().to_vec();
        let mut mechanisms = list.enter("mechTypes", tag::SEQUENCE)?;
        list.finish("mechTypes")?;
        let mut ntlm_at = None;
        let mut count = 0_usize;
        while !mechanisms.bytes().is_empty() {
            let mechanism = mechanisms.enter("mechTypes", tag::OBJECT_IDENTIFIER)?;
            if mechanism.bytes() == NTLM {
                ntlm_at = ntlm_at.or(Some(count));
            }
            count = count.saturating_add(1);
        }
        fields.enter_if("reqFlags", tag::context(1))?;
        let mech_token = octets(&mut fields, "mechToken", 2)?;
        // What may follow, hints and a MIC that nothing backs yet, is not looked at.
        Ok(Self { mech_list, ntlm_at, mech_token })
    }

    /// Writes what a client offers: the list as it is, and a token of its first mechanism.
    pub(super) fn encode(&self) -> Vec<u8> {
        let list = element(tag::context(0), &[&self.mech_list]);
        let token = self.mech_token.map_or_else(Vec::new, |token| field(2, token));
        let fields = element(tag::SEQUENCE, &[&list, &token]);
        let choice = element(tag::context(0), &[&fields]);
        element(tag::APPLICATION, &[&element(tag::OBJECT_IDENTIFIER, &[SPNEGO]), &choice])
    }
}

/// A `MechTypeList`.
pub(super) fn mech_list(mechanisms: &[&[u8]]) -> Vec<u8> {
    let mechanisms: Vec<u8> = mechanisms
        .iter()
        .flat_map(|mechanism| element(tag::OBJECT_IDENTIFIER, &[mechanism]))
        .collect();
    element(tag::SEQUENCE, &[&mechanisms])
}

/// `NegTokenResp`, every other token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct NegTokenResp<'a> {
    pub(super) state: Option<NegState>,
    pub(super) mechanism: Option<&'a [u8]>,
    pub(super) response_token: Option<&'a [u8]>,
    pub(super) mech_list_mic: Option<&'a [u8]>,
}

impl<'a> NegTokenResp<'a> {
    pub(super) fn decode(token: &'a [u8]) -> Result<Self, DerError> {
        let mut outer = Der::new(token);
        let mut choice = outer.enter("negTokenResp", tag::context(1))?;
        outer.finish("negTokenResp")?;
        let mut fields = choice.enter("negTokenResp", tag::SEQUENCE)?;
        choice.finish("negTokenResp")?;
        let state = match fields.enter_if("negState", tag::context(0))? {
            Some(mut state) => {
                let state = state.enter("negState", tag::ENUMERATED)?;
                let code = NegState::from_code(state.bytes());
                Some(code.ok_or_else(|| state.wrong("negState", DerProblem::Value))?)
            }
            None => None,
        };
        let mechanism = match fields.enter_if("supportedMech", tag::context(1))? {
            Some(mut mechanism) => {
                Some(mechanism.enter("supportedMech", tag::OBJECT_IDENTIFIER)?.bytes())
            }
            None => None,
        };
        let response_token = octets(&mut fields, "responseToken", 2)?;
        let mech_list_mic = octets(&mut fields, "mechListMIC", 3)?;
        Ok(Self { state, mechanism, response_token, mech_list_mic })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let state = self.state.map_or_else(Vec::new, |state| {
            element(tag::context(0), &[&element(tag::ENUMERATED, &[&[state.code()]])])
        });
        let mechanism = self.mechanism.map_or_else(Vec::new, |mechanism| {
            element(tag::context(1), &[&element(tag::OBJECT_IDENTIFIER, &[mechanism])])
        });
        let token = self.response_token.map_or_else(Vec::new, |token| field(2, token));
        let mic = self.mech_list_mic.map_or_else(Vec::new, |mic| field(3, mic));
        let fields = element(tag::SEQUENCE, &[&state, &mechanism, &token, &mic]);
        element(tag::context(1), &[&fields])
    }
}

/// `[number] OCTET STRING OPTIONAL`. An empty one counts as none, as for Windows.
fn octets<'a>(
    fields: &mut Der<'a>,
    field: &'static str,
    number: u8,
) -> Result<Option<&'a [u8]>, DerError> {
    let Some(mut wrapped) = fields.enter_if(field, tag::context(number))? else {
        return Ok(None);
    };
    let octets = wrapped.enter(field, tag::OCTET_STRING)?.bytes();
    wrapped.finish(field)?;
    Ok(Some(octets).filter(|octets| !octets.is_empty()))
}

fn field(number: u8, octets: &[u8]) -> Vec<u8> {
    element(tag::context(number), &[&element(tag::OCTET_STRING, &[octets])])
}
