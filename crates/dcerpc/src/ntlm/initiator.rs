//! The client's role: it says what it can do, and answers the challenge (MS-NLMP 3.1.5).

use std::fmt;

use super::error::NtlmError;
use super::flags::NegotiateFlags;
use super::hash::{NtHash, utf16};
use super::message::{Authenticate, Challenge, MIC_OFFSET, Negotiate, without_mic};
use super::primitive::{KEY_SIZE, Key, Rc4, hmac_md5};
use super::response::{Account, NtResponse};
use super::session::{Role, SessionSecurity};
use super::target_info::{AvId, HAS_MIC, append, pairs};

/// Who a client says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Nobody.
    Anonymous,
    /// An account.
    User {
        /// Its domain.
        domain: String,
        /// Its name.
        user: String,
        /// The client's machine.
        workstation: String,
        /// Of the account's password.
        hash: NtHash,
    },
}

/// How a client answers a challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseVersion {
    /// NTLM; whether with a challenge of its own, extended session security decides.
    V1,
    /// NTLMv2.
    V2,
}

/// What of an exchange must be new each time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Nonces {
    /// The client's own challenge.
    pub client_challenge: [u8; 8],
    /// The session key, where the client picks it.
    pub session_key: [u8; KEY_SIZE],
    /// The time, as FILETIME: units of 100 ns since 1601. A server's time stamp goes before it.
    pub filetime: u64,
}

impl fmt::Debug for Nonces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nonces").field("filetime", &self.filetime).finish_non_exhaustive()
    }
}

/// One exchange, seen from the client.
#[derive(Debug, Clone)]
pub struct Initiator {
    credentials: Credentials,
    wanted: NegotiateFlags,
    version: ResponseVersion,
    nonces: Nonces,
}

/// The parts of an AUTHENTICATE that answer a challenge.
#[derive(Default)]
struct Answered {
    lm: Vec<u8>,
    nt: Vec<u8>,
    /// `KeyExchangeKey`.
    key: Key,
    has_mic: bool,
}

impl Initiator {
    /// A client that asks for `wanted`.
    #[must_use]
    pub const fn new(
        credentials: Credentials,
        wanted: NegotiateFlags,
        version: ResponseVersion,
        nonces: Nonces,
    ) -> Self {
        Self { credentials, wanted, version, nonces }
    }

    /// The NEGOTIATE: what the client can do.
    #[must_use]
    pub fn negotiate(&self) -> Vec<u8> {
        Negotiate { flags: self.wanted }.encode()
    }

    /// Answers a CHALLENGE with the AUTHENTICATE, after which both ends have what signs and seals.
    ///
    /// # Errors
    /// The token is no CHALLENGE; the server does not grant to sign or seal what the client wants signed or
    /// sealed, or chooses no character set; a name is not ASCII where it chose OEM; or something does not fit its
    /// field.
    pub fn authenticate(&self, challenge: &[u8]) -> Result<(Vec<u8>, SessionSecurity), NtlmError> {
        let server = Challenge::decode(challenge)?;
        let mut flags = server.flags & self.wanted;
        let needed = NegotiateFlags::SIGN | NegotiateFlags::SEAL;
        let missing = (self.wanted & needed).difference(flags);
        if !missing.is_empty() {
            return Err(NtlmError::NotGranted { missing });
        }
        let unicode = flags.unicode().ok_or(NtlmError::NoCharacterSet)?;
        if unicode {
            flags.remove(NegotiateFlags::OEM);
        }
        let answered = match &self.credentials {
            Credentials::Anonymous => {
                flags |= NegotiateFlags::ANONYMOUS;
                Answered { lm: vec![0], ..Answered::default() }
            }
            Credentials::User { domain, user, hash, .. } => {
                let account = Account { domain, user, hash: *hash };
                self.answer(&server, flags, &account)?
            }
        };
        let (exported, session_key) = self.session_key(flags, &answered.key);
        let [domain, user, workstation] = self.names(unicode)?;
        let message = Authenticate {
            lm: &answered.lm,
            nt: &answered.nt,
            domain: &domain,
            user: &user,
            workstation: &workstation,
            session_key: &session_key,
            flags: Some(flags),
            mic: answered.has_mic.then_some([0; KEY_SIZE]),
        };
        let mut token = message.encode()?;
        if answered.has_mic {
            let [before, zeros, after] = without_mic(&token);
            let negotiate = self.negotiate();
            let mic = hmac_md5(&exported, &[&negotiate, challenge, before, zeros, after]);
            if let Some(place) = token.get_mut(MIC_OFFSET..).and_then(<[u8]>::first_chunk_mut) {
                *place = mic;
            }
        }
        Ok((token, SessionSecurity::new(Role::Initiator, flags, &exported)))
    }

    fn answer(
        &self,
        server: &Challenge,
        flags: NegotiateFlags,
        account: &Account<'_>,
    ) -> Result<Answered, NtlmError> {
        let client_challenge = self.nonces.client_challenge;
        let mut blob = Vec::new();
        let mut has_mic = false;
        let extended = flags.contains(NegotiateFlags::EXTENDED_SESSION_SECURITY);
        let (response, lm) = match self.version {
            ResponseVersion::V2 => {
                has_mic = self.write_blob(&server.target_info, &mut blob)?;
                let key = account.hash.of_user(account.domain, account.user);
                let proof = hmac_md5(&key, &[&server.challenge, &client_challenge]);
                // With a time stamp, the LMv2 response is left out (MS-NLMP 3.1.5.1.2).
                let lm =
                    if has_mic { vec![0; 24] } else { [&proof[..], &client_challenge].concat() };
                (NtResponse::V2 { blob: &blob }, lm)
            }
            ResponseVersion::V1 if extended => {
                let lm = [&client_challenge[..], &[0; 16]].concat();
                (NtResponse::V1Extended { client_challenge }, lm)
            }
            ResponseVersion::V1 => (NtResponse::V1, Vec::new()),
        };
        let answer = response.answer(server.challenge, account);
        // Without a hash of its own, the LM response repeats the other (MS-NLMP 3.3.1, NoLMResponseNTLMv1).
        let lm = if lm.is_empty() { answer.response.clone() } else { lm };
        Ok(Answered { lm, nt: answer.response, key: answer.key, has_mic })
    }

    /// `NTLMv2_CLIENT_CHALLENGE` (MS-NLMP 2.2.2.7). Tells whether the AUTHENTICATE is to have a MIC, which a
    /// server's time stamp asks for.
    fn write_blob(&self, target_info: &[u8], blob: &mut Vec<u8>) -> Result<bool, NtlmError> {
        let told = pairs(target_info)?;
        let stamp = told.iter().find(|(id, _)| *id == AvId::TIMESTAMP);
        let stamp = stamp.and_then(|(_, value)| value.first_chunk::<8>()).copied();
        let time = stamp.unwrap_or_else(|| self.nonces.filetime.to_le_bytes());
        blob.extend_from_slice(&[1, 1, 0, 0, 0, 0, 0, 0]);
        blob.extend_from_slice(&time);
        blob.extend_from_slice(&self.nonces.client_challenge);
        blob.extend_from_slice(&[0; 4]);
        for (id, value) in told.into_iter().filter(|(id, _)| *id != AvId::FLAGS) {
            append(blob, id, value);
        }
        if stamp.is_some() {
            append(blob, AvId::FLAGS, &HAS_MIC.to_le_bytes());
        }
        append(blob, AvId::END, &[]);
        blob.extend_from_slice(&[0; 4]);
        Ok(stamp.is_some())
    }

    /// The key of the session, and what of it is sent.
    fn session_key(&self, flags: NegotiateFlags, key: &Key) -> (Key, Vec<u8>) {
        if !flags.contains(NegotiateFlags::KEY_EXCHANGE) {
            return (*key, Vec::new());
        }
        let mut encrypted = self.nonces.session_key;
        Rc4::new(key).apply(&mut encrypted);
        (self.nonces.session_key, encrypted.to_vec())
    }

    fn names(&self, unicode: bool) -> Result<[Vec<u8>; 3], NtlmError> {
        let Credentials::User { domain, user, workstation, .. } = &self.credentials else {
            return Ok([const { Vec::new() }; 3]);
        };
        let write = |field, name: &str| match (unicode, name.is_ascii()) {
            (true, _) => Ok(utf16(name)),
            (false, true) => Ok(name.as_bytes().to_vec()),
            (false, false) => Err(NtlmError::NotText { field }),
        };
        Ok([
            write("DomainName", domain)?,
            write("UserName", user)?,
            write("Workstation", workstation)?,
        ])
    }
}
