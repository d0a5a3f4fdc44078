//! The server's role: it challenges, and tells from the answer who the client is (MS-NLMP 3.2.5).

use std::fmt;
use std::sync::Arc;

use subtle::{Choice, ConstantTimeEq as _};

use super::error::NtlmError;
use super::flags::NegotiateFlags;
use super::hash::{NtHash, utf16};
use super::message::{Authenticate, Challenge, Negotiate, without_mic};
use super::primitive::{KEY_SIZE, Key, Rc4, hmac_md5};
use super::response::{Account, NtResponse};
use super::session::{Role, SessionSecurity};
use super::target_info::{AvId, HAS_MIC, ServerNames, pairs};

/// Who may log on. An account is looked up as its client writes it: an implementation knows which spellings
/// are the same account.
pub trait Accounts: fmt::Debug + Send + Sync {
    /// The hash of the account's password; `None` where there is no such account.
    fn nt_hash(&self, domain: &str, user: &str) -> Option<NtHash>;

    /// Whether a client may log on as nobody.
    fn lets_anonymous_in(&self) -> bool;
}

/// Who a client proved to be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Identity {
    /// Nobody: it did not say who it is, and was let in so.
    Anonymous,
    /// The holder of an account's password.
    User(UserName),
}

/// An account as its client wrote it, and where that says it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UserName {
    /// The domain; empty where the client named none.
    pub domain: String,
    /// The user.
    pub user: String,
    /// The client's machine; nothing proves it.
    pub workstation: String,
}

/// The end of an exchange that succeeded.
#[derive(Debug, Clone)]
pub struct Authenticated {
    /// Who the client is.
    pub identity: Identity,
    /// What signs and seals from here on.
    pub security: SessionSecurity,
}

/// One exchange, seen from the server. Each is for one client and one try: a challenge is answered once.
#[derive(Debug, Clone)]
pub struct Acceptor {
    names: Arc<ServerNames>,
    challenge: [u8; 8],
    state: State,
}

#[derive(Clone)]
enum State {
    Started,
    Challenged(Sent),
    Over,
}

/// What has gone over the wire.
#[derive(Clone)]
struct Sent {
    negotiate: Vec<u8>,
    challenge: Vec<u8>,
    granted: NegotiateFlags,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Started => "Started",
            Self::Challenged(_) => "Challenged",
            Self::Over => "Over",
        })
    }
}

/// The AUTHENTICATE of an exchange, with what it says of itself as text.
struct Claim<'a> {
    message: Authenticate<'a>,
    flags: NegotiateFlags,
    name: UserName,
}

impl Acceptor {
    /// A server of these names, which challenges with `challenge`: eight bytes that no client could foresee.
    #[must_use]
    pub const fn new(names: Arc<ServerNames>, challenge: [u8; 8]) -> Self {
        Self { names, challenge, state: State::Started }
    }

    /// A server that has sent a challenge of another's making.
    #[cfg(test)]
    pub(crate) fn challenged(self, negotiate: Vec<u8>, challenge: Vec<u8>) -> Self {
        let granted = NegotiateFlags::all();
        Self { state: State::Challenged(Sent { negotiate, challenge, granted }), ..self }
    }

    /// Answers a NEGOTIATE with a CHALLENGE, which grants what the client asked for and is known here.
    ///
    /// # Errors
    /// The token is no NEGOTIATE or not the first token, it asks for no character set, or a name of the
    /// server is too long to be told.
    pub fn negotiate(&mut self, token: &[u8]) -> Result<Vec<u8>, NtlmError> {
        let State::Started = std::mem::replace(&mut self.state, State::Over) else {
            return Err(NtlmError::OutOfTurn { message: "NEGOTIATE" });
        };
        let asked = Negotiate::decode(token)?.flags;
        let unicode = asked.unicode().ok_or(NtlmError::NoCharacterSet)?;
        let granted = granted(asked, unicode);
        let target_name = match (granted.contains(NegotiateFlags::REQUEST_TARGET), unicode) {
            (false, _) => Vec::new(),
            (true, true) => utf16(&self.names.netbios_domain),
            (true, false) => self.names.netbios_domain.clone().into_bytes(),
        };
        let target_info = self.names.target_info()?;
        let challenge =
            Challenge { flags: granted, challenge: self.challenge, target_name, target_info };
        let challenge = challenge.encode()?;
        let negotiate = token.to_vec();
        self.state = State::Challenged(Sent { negotiate, challenge: challenge.clone(), granted });
        Ok(challenge)
    }

    /// Tells from an AUTHENTICATE who the client is. Whatever comes of it, the exchange is over.
    ///
    /// An unknown user costs the work of a wrong password.
    ///
    /// # Errors
    /// The token is no AUTHENTICATE, or comes when none is due; there is no such account, or the response is
    /// not of its password; it has an LM response alone; it is anonymous and `accounts` let nobody in so; its
    /// MIC does not match, or its session key has a wrong length. A peer must not see which.
    pub fn authenticate(
        &mut self,
        token: &[u8],
        accounts: &dyn Accounts,
    ) -> Result<Authenticated, NtlmError> {
        let State::Challenged(sent) = std::mem::replace(&mut self.state, State::Over) else {
            return Err(NtlmError::OutOfTurn { message: "AUTHENTICATE" });
        };
        let claim = Claim::read(token, sent.granted)?;
        let (identity, key, signs_exchange) = if claim.is_anonymous() {
            if !accounts.lets_anonymous_in() {
                return Err(NtlmError::AnonymousRefused);
            }
            (Identity::Anonymous, [0; KEY_SIZE], false)
        } else {
            let (key, signs_exchange) = claim.prove(self.challenge, accounts)?;
            (Identity::User(claim.name.clone()), key, signs_exchange)
        };
        let key = claim.session_key(key)?;
        if signs_exchange {
            let mic = claim.message.mic.ok_or(NtlmError::BadMic)?;
            let [before, zeros, after] = without_mic(token);
            let parts = [&sent.negotiate, &sent.challenge, before, zeros, after];
            if !bool::from(hmac_md5(&key, &parts).ct_eq(&mic)) {
                return Err(NtlmError::BadMic);
            }
        }
        let security = SessionSecurity::new(Role::Acceptor, claim.flags, &key);
        Ok(Authenticated { identity, security })
    }
}

/// What is granted of what is asked for. Of the two character sets, one.
fn granted(asked: NegotiateFlags, unicode: bool) -> NegotiateFlags {
    let mut granted = asked & NegotiateFlags::GRANTED | NegotiateFlags::TARGET_INFO;
    if unicode {
        granted.remove(NegotiateFlags::OEM);
    }
    granted
        .set(NegotiateFlags::TARGET_TYPE_DOMAIN, granted.contains(NegotiateFlags::REQUEST_TARGET));
    granted
}

impl<'a> Claim<'a> {
    fn read(token: &'a [u8], granted: NegotiateFlags) -> Result<Self, NtlmError> {
        let message = Authenticate::decode(token)?;
        // The short form exchanges no key, since it has no place for one.
        let short = granted.difference(NegotiateFlags::KEY_EXCHANGE);
        let flags = message.flags.map_or(short, |flags| flags & granted);
        let told = message.flags.and_then(NegotiateFlags::unicode);
        let unicode = told.or_else(|| granted.unicode()).unwrap_or(true);
        let name = UserName {
            domain: text("DomainName", message.domain, unicode)?,
            user: text("UserName", message.user, unicode)?,
            workstation: shortened(text("Workstation", message.workstation, unicode)?),
        };
        Ok(Self { message, flags, name })
    }

    /// MS-NLMP 3.2.5.1.2: no user, no NT response, and an LM response of nothing or of one zero.
    fn is_anonymous(&self) -> bool {
        self.message.user.is_empty()
            && self.message.nt.is_empty()
            && matches!(self.message.lm, [] | [0])
    }

    /// Compares the response with that of the account, and gives the key that both ends have; and whether
    /// the client says that its message has a MIC.
    fn prove(&self, challenge: [u8; 8], accounts: &dyn Accounts) -> Result<(Key, bool), NtlmError> {
        let UserName { domain, user, .. } = &self.name;
        let named = || (domain.clone(), user.clone());
        if self.message.nt.is_empty() {
            let (domain, user) = named();
            return Err(NtlmError::NoNtResponse { domain, user });
        }
        let response = NtResponse::of(self.message.nt, self.message.lm, self.flags)?;
        let found = accounts.nt_hash(domain, user);
        // Nobody's hash, so that a client can't tell by the time it takes whether an account exists.
        let hash = found.unwrap_or(NtHash::from_bytes([0; KEY_SIZE]));
        let answer = response.answer(challenge, &Account { domain, user, hash });
        let right = answer.response.ct_eq(self.message.nt);
        let known = Choice::from(u8::from(found.is_some()));
        if !bool::from(right & known) {
            let (domain, user) = named();
            return Err(if found.is_some() {
                NtlmError::WrongPassword { domain, user }
            } else {
                NtlmError::UnknownUser { domain, user }
            });
        }
        let flags = pairs(response.pairs())?.into_iter().find(|(id, _)| *id == AvId::FLAGS);
        let flags = flags.and_then(|(_, value)| value.first_chunk().copied());
        let flags = flags.map_or(0, u32::from_le_bytes);
        Ok((answer.key, flags & HAS_MIC != 0))
    }

    /// `ExportedSessionKey`.
    fn session_key(&self, key: Key) -> Result<Key, NtlmError> {
        let encrypted = self.message.session_key;
        let protects = self.flags.intersects(NegotiateFlags::SIGN | NegotiateFlags::SEAL);
        let exchanged = self.flags.contains(NegotiateFlags::KEY_EXCHANGE);
        if !exchanged || (!protects && encrypted.is_empty()) {
            return Ok(key);
        }
        let length = encrypted.len();
        let mut exported: Key =
            encrypted.try_into().map_err(|_| NtlmError::BadSessionKey { length })?;
        Rc4::new(&key).apply(&mut exported);
        Ok(exported)
    }
}

fn text(field: &'static str, bytes: &[u8], unicode: bool) -> Result<String, NtlmError> {
    let not_text = NtlmError::NotText { field };
    if !unicode {
        let ascii = bytes.is_ascii().then(|| bytes.iter().copied().map(char::from).collect());
        return ascii.ok_or(not_text);
    }
    let (units, rest) = bytes.as_chunks();
    let units = units.iter().copied().map(u16::from_le_bytes);
    let text = char::decode_utf16(units).collect::<Result<String, _>>();
    text.ok().filter(|_| rest.is_empty()).ok_or(not_text)
}

/// Characters of a workstation's name that are kept. NetBIOS names have 15; a client can send a fragment of them.
const WORKSTATION_KEPT: usize = 64;

fn shortened(workstation: String) -> String {
    match workstation.char_indices().nth(WORKSTATION_KEPT) {
        None => workstation,
        Some((end, _)) => workstation.get(..end).unwrap_or_default().to_owned(),
    }
}
