//! The security contexts of a connection (MS-RPCE 2.2.1.1.7, 3.3.1.5.2): how each is opened leg by leg, which of them a
//! request relies on, and what it does to the fragments of its calls.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::bind::PresentationContextId;
use crate::error::PeerMisbehaviour;
use crate::header::PacketType;
use crate::ntlm::{
    self, Accounts, Authenticated, Identity, NtlmError, ServerNames, SessionSecurity, hmac_md5,
};
use crate::protection;
use crate::spnego::{self, SpnegoError, Step};
use crate::trailer::{AuthContextId, AuthLevel, AuthTrailer, AuthType, AuthVerifier};

/// What an association needs to authenticate its client.
#[derive(Debug, Clone)]
pub struct SecurityOptions {
    /// Whom it knows.
    pub accounts: Arc<dyn Accounts>,
    /// What the server is called.
    pub names: Arc<ServerNames>,
    /// The most security contexts that a connection can have; Windows has 2,049.
    pub max_contexts: usize,
}

impl SecurityOptions {
    /// The most security contexts of a connection to a Windows server.
    pub const MAX_CONTEXTS: usize = 2_049;

    /// The most of them that are being opened at a time.
    ///
    /// DEVIATION: Windows is not known to have such a limit. A client opens one after the other.
    pub const MAX_PENDING: usize = 16;
}

/// What the challenges of one connection follow from. Nobody may be able to tell it, and no two connections may share it.
#[derive(Clone, Copy)]
pub struct ChallengeKey([u8; 16]);

impl fmt::Debug for ChallengeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChallengeKey")
    }
}

impl ChallengeKey {
    /// The key of a server's `connection`, each of which has another number. `secret` is the server's own.
    #[must_use]
    pub fn of_connection(secret: &[u8; 16], connection: u64) -> Self {
        Self(hmac_md5(secret, &[&connection.to_le_bytes()]))
    }

    /// The challenge of the connection's `n`th security context.
    fn challenge(&self, n: u64) -> [u8; 8] {
        let [challenge @ .., _, _, _, _, _, _, _, _] = hmac_md5(&self.0, &[&n.to_le_bytes()]);
        challenge
    }
}

/// Who calls, and how that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallSecurity {
    /// How much of the call is protected; [`AuthLevel::NONE`] where nobody was authenticated.
    pub level: AuthLevel,
    /// Who was authenticated.
    pub identity: Option<Arc<Identity>>,
}

impl CallSecurity {
    /// Nobody was authenticated.
    pub const NONE: Self = Self { level: AuthLevel::NONE, identity: None };
}

/// Why a security provider does not take a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecurityError {
    /// NTLM does not.
    #[error("ntlm: {0}")]
    Ntlm(#[from] NtlmError),
    /// SPNEGO does not.
    #[error("spnego: {0}")]
    Spnego(#[from] SpnegoError),
}

/// What a leg of an authentication is answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) trailer: AuthTrailer,
    /// Empty where the provider has no more to say.
    pub(crate) token: Vec<u8>,
}

/// The security contexts of one connection. Without any it holds no memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct SecurityContexts {
    contexts: BTreeMap<AuthContextId, Box<SecurityContext>>,
    /// What requests without a trailer rely on.
    of_bind: Option<AuthContextId>,
    /// What they rely on where the bind opened none: the latest at level connect.
    at_connect: Option<AuthContextId>,
    opened: u64,
}

#[derive(Debug, Clone)]
struct SecurityContext {
    auth_type: AuthType,
    level: AuthLevel,
    state: State,
}

#[derive(Debug, Clone)]
enum State {
    Pending(Provider),
    Established {
        session: SessionSecurity,
        identity: Arc<Identity>,
    },
    /// Why, where it is the provider that said so.
    Failed(Option<SecurityError>),
}

#[derive(Debug, Clone)]
enum Provider {
    /// Before its NEGOTIATE and after it.
    Ntlm {
        acceptor: ntlm::Acceptor,
        challenged: bool,
    },
    Spnego(spnego::Acceptor),
}

/// Which security context protects a call, and who calls.
#[derive(Debug, Clone)]
pub(crate) struct Relied {
    /// The context whose signatures the fragments carry; `None` at a level that signs nothing.
    pub(crate) protection: Option<AuthContextId>,
    pub(crate) security: CallSecurity,
}

impl SecurityContexts {
    /// Opens the context that a bind asks for.
    pub(crate) fn bind(
        &mut self,
        offered: (&SecurityOptions, &ChallengeKey),
        verifier: &AuthVerifier<'_>,
    ) -> Result<Reply, PeerMisbehaviour> {
        let AuthTrailer { auth_type, auth_level, context, .. } = verifier.trailer;
        let (options, _) = offered;
        check_type(auth_type, auth_level)?;
        let opened = self.open(offered, verifier)?;
        self.contexts.insert(context, opened);
        self.of_bind = Some(context);
        let reply = self.step(options.accounts.as_ref(), verifier)?;
        self.prefer(context);
        Ok(reply)
    }

    /// Opens another context, or takes the next leg of one that is being opened.
    pub(crate) fn alter(
        &mut self,
        offered: (&SecurityOptions, &ChallengeKey),
        verifier: &AuthVerifier<'_>,
    ) -> Result<Reply, PeerMisbehaviour> {
        let AuthTrailer { auth_type, auth_level, context, .. } = verifier.trailer;
        let (options, _) = offered;
        match self.contexts.get(&context) {
            None => {
                check_type(auth_type, auth_level)?;
                self.check_room(options)?;
                let opened = self.open(offered, verifier)?;
                self.contexts.insert(context, opened);
            }
            Some(known) if !matches!(known.state, State::Pending(_)) => {
                return Err(PeerMisbehaviour::SecurityContextReused { auth_context: context });
            }
            Some(known) if known.auth_type != auth_type => {
                return Err(PeerMisbehaviour::AuthTypeChanged { auth_context: context, auth_type });
            }
            Some(known) if known.level != auth_level => {
                return Err(PeerMisbehaviour::AuthLevelChanged {
                    auth_context: context,
                    auth_level,
                });
            }
            Some(_) => {}
        }
        let reply = self.step(options.accounts.as_ref(), verifier)?;
        self.prefer(context);
        Ok(reply)
    }

    /// Takes the last leg of a context in an auth3, which nothing can answer. A token that is not taken, or would have to
    /// be answered, leaves a context that has failed, as the next request learns.
    pub(crate) fn auth3(
        &mut self,
        accounts: &dyn Accounts,
        verifier: &AuthVerifier<'_>,
    ) -> Result<(), PeerMisbehaviour> {
        let AuthTrailer { auth_type, auth_level, context, .. } = verifier.trailer;
        let unexpected = || PeerMisbehaviour::UnexpectedPacket { packet_type: PacketType::AUTH3 };
        let known = self.contexts.get(&context).ok_or_else(unexpected)?;
        let pending = matches!(known.state, State::Pending(_));
        if !pending || (known.auth_type, known.level) != (auth_type, auth_level) {
            return Err(unexpected());
        }
        match self.step(accounts, verifier) {
            Ok(reply) if reply.token.is_empty() => self.prefer(context),
            Ok(_) => self.fail(context),
            // The context has failed already, and keeps why.
            Err(_) => {}
        }
        Ok(())
    }

    /// Whether any context was opened.
    pub(crate) fn is_empty(&self) -> bool {
        self.contexts.is_empty()
    }

    /// What a request on the presentation context `context` relies on.
    pub(crate) fn relied_on(
        &self,
        verifier: Option<&AuthVerifier<'_>>,
        context: PresentationContextId,
    ) -> Result<Relied, PeerMisbehaviour> {
        let Some(verifier) = verifier else {
            return self.relied_on_without_trailer(context);
        };
        let AuthTrailer { auth_type, auth_level, context: id, .. } = verifier.trailer;
        let known = self.contexts.get(&id);
        let known = known.filter(|known| (known.auth_type, known.level) == (auth_type, auth_level));
        let packet_type = PacketType::REQUEST;
        let known =
            known.ok_or(PeerMisbehaviour::UnexpectedAuthTrailer { packet_type, context })?;
        known.relied_on(id, context)
    }

    fn relied_on_without_trailer(
        &self,
        context: PresentationContextId,
    ) -> Result<Relied, PeerMisbehaviour> {
        let find =
            |id: Option<AuthContextId>| id.and_then(|id| Some((id, self.contexts.get(&id)?)));
        let Some((id, known)) = find(self.of_bind).or_else(|| find(self.at_connect)) else {
            return Ok(Relied { protection: None, security: CallSecurity::NONE });
        };
        let relied = known.relied_on(id, context)?;
        match relied.protection {
            None => Ok(relied),
            Some(_) => {
                Err(PeerMisbehaviour::AuthTrailerMissing { auth_level: known.level, context })
            }
        }
    }

    /// Verifies a fragment, and takes its seal away: the part of it from `stub` on, without padding. What its trailer says
    /// of type, level and context is not looked at: it is the first fragment's that count.
    pub(crate) fn open_fragment<'a>(
        &mut self,
        id: AuthContextId,
        pdu: &'a [u8],
        (verifier, stub): (&AuthVerifier<'_>, Range<usize>),
    ) -> Option<Cow<'a, [u8]>> {
        let context = self.contexts.get_mut(&id)?;
        let State::Established { session, .. } = &mut context.state else { return None };
        protection::open(session, context.level, pdu, (verifier, stub))
    }

    /// The trailer of what is sent in a context.
    pub(crate) fn trailer(&self, id: AuthContextId) -> Option<AuthTrailer> {
        let context = self.contexts.get(&id)?;
        let (auth_type, auth_level) = (context.auth_type, context.level);
        Some(AuthTrailer { auth_type, auth_level, pad_length: 0, context: id })
    }

    /// Signs, and at level privacy seals, the fragment that ends with room for a signature.
    pub(crate) fn protect(&mut self, id: AuthContextId, pdu: &mut [u8]) {
        let Some(context) = self.contexts.get_mut(&id) else { return };
        let State::Established { session, .. } = &mut context.state else { return };
        protection::protect(session, context.level, pdu);
    }

    /// Whether another context can be opened. Of those whose client is not known yet there are few: each keeps its tokens.
    fn check_room(&self, options: &SecurityOptions) -> Result<(), PeerMisbehaviour> {
        let pending =
            self.contexts.values().filter(|known| matches!(known.state, State::Pending(_)));
        let limits = [
            (self.contexts.len(), options.max_contexts),
            (pending.count(), SecurityOptions::MAX_PENDING),
        ];
        match limits.into_iter().find(|(count, limit)| limit <= count) {
            None => Ok(()),
            Some((_, limit)) => Err(PeerMisbehaviour::TooManySecurityContexts { limit }),
        }
    }

    fn open(
        &mut self,
        (options, key): (&SecurityOptions, &ChallengeKey),
        verifier: &AuthVerifier<'_>,
    ) -> Result<Box<SecurityContext>, PeerMisbehaviour> {
        let AuthTrailer { auth_type, auth_level, .. } = verifier.trailer;
        let acceptor = ntlm::Acceptor::new(Arc::clone(&options.names), key.challenge(self.opened));
        self.opened = self.opened.wrapping_add(1);
        let provider = match auth_type {
            AuthType::WINNT => Provider::Ntlm { acceptor, challenged: false },
            AuthType::GSS_NEGOTIATE => Provider::Spnego(spnego::Acceptor::new(acceptor)),
            _ => return Err(PeerMisbehaviour::UnrecognisedAuthType { auth_type }),
        };
        let state = State::Pending(provider);
        Ok(Box::new(SecurityContext { auth_type, level: auth_level, state }))
    }

    fn step(
        &mut self,
        accounts: &dyn Accounts,
        verifier: &AuthVerifier<'_>,
    ) -> Result<Reply, PeerMisbehaviour> {
        let trailer = AuthTrailer { pad_length: 0, ..verifier.trailer };
        let id = trailer.context;
        let unexpected = PeerMisbehaviour::SecurityContextReused { auth_context: id };
        let context = self.contexts.get_mut(&id).ok_or(unexpected)?;
        let token = context.step(id, accounts, verifier.value)?;
        Ok(Reply { trailer, token })
    }

    /// Requests without a trailer rely on this context from now on, if it is established at level connect.
    fn prefer(&mut self, id: AuthContextId) {
        let known = self.contexts.get(&id);
        let known = known.filter(|known| known.level == AuthLevel::CONNECT);
        if known.is_some_and(|known| matches!(known.state, State::Established { .. })) {
            self.at_connect = Some(id);
        }
    }

    fn fail(&mut self, id: AuthContextId) {
        if let Some(context) = self.contexts.get_mut(&id) {
            context.state = State::Failed(None);
        }
    }
}

impl SecurityContext {
    /// Takes the client's token; what to answer, which is nothing where the provider has no more to say.
    fn step(
        &mut self,
        id: AuthContextId,
        accounts: &dyn Accounts,
        token: &[u8],
    ) -> Result<Vec<u8>, PeerMisbehaviour> {
        let provider = match std::mem::replace(&mut self.state, State::Failed(None)) {
            State::Pending(provider) => provider,
            other @ (State::Established { .. } | State::Failed(_)) => {
                self.state = other;
                return Err(PeerMisbehaviour::SecurityContextReused { auth_context: id });
            }
        };
        let (provider, step) = provider.step(token, accounts).map_err(|error| {
            self.state = State::Failed(Some(error.clone()));
            PeerMisbehaviour::AuthenticationFailed { error }
        })?;
        match step {
            Step::Continue(reply) => {
                self.state = State::Pending(provider);
                Ok(reply)
            }
            Step::Done { token, authenticated: Authenticated { identity, security } } => {
                if self.level == AuthLevel::PACKET_PRIVACY && !security.can_seal() {
                    return Err(PeerMisbehaviour::SealNotNegotiated { auth_context: id });
                }
                let identity = Arc::new(identity);
                self.state = State::Established { session: security, identity };
                Ok(token.unwrap_or_default())
            }
        }
    }

    fn relied_on(
        &self,
        id: AuthContextId,
        context: PresentationContextId,
    ) -> Result<Relied, PeerMisbehaviour> {
        match &self.state {
            State::Pending(_) => Err(PeerMisbehaviour::AuthenticationUnfinished),
            State::Failed(error) => {
                Err(PeerMisbehaviour::NotAuthenticated { context, error: error.clone() })
            }
            State::Established { identity, .. } => Ok(Relied {
                protection: self.level.signs().then_some(id),
                security: CallSecurity { level: self.level, identity: Some(Arc::clone(identity)) },
            }),
        }
    }
}

impl Provider {
    fn step(
        mut self,
        token: &[u8],
        accounts: &dyn Accounts,
    ) -> Result<(Self, Step), SecurityError> {
        let step = match &mut self {
            Self::Ntlm { acceptor, challenged: challenged @ false } => {
                *challenged = true;
                Step::Continue(acceptor.negotiate(token)?)
            }
            Self::Ntlm { acceptor, challenged: true } => {
                let authenticated = acceptor.authenticate(token, accounts)?;
                Step::Done { token: None, authenticated }
            }
            Self::Spnego(acceptor) => acceptor.step(token, accounts)?,
        };
        Ok((self, step))
    }
}

/// Whether there is such a provider, and whether it has that level. Windows has no level "call" in SPNEGO.
fn check_type(auth_type: AuthType, auth_level: AuthLevel) -> Result<(), PeerMisbehaviour> {
    if !auth_level.is_valid() {
        return Err(PeerMisbehaviour::InvalidAuthLevel { auth_level });
    }
    match auth_type {
        AuthType::GSS_NEGOTIATE if auth_level == AuthLevel::CALL => {
            Err(PeerMisbehaviour::UnsupportedAuthLevel { auth_type, auth_level })
        }
        AuthType::GSS_NEGOTIATE | AuthType::WINNT => Ok(()),
        _ => Err(PeerMisbehaviour::UnrecognisedAuthType { auth_type }),
    }
}
