//! What becomes of a client, as JSON: refused, named, disconnected, ended, and with which code.

use std::sync::Arc;

use infostore::{
    BlockTrigger, DisconnectReason, Generation, NotificationKind, Push, Refusal, SessionRecord,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::list_text::Match;
use crate::session_fields::SessionFields;

/// A client that was admitted.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ConnectedFields {
    #[serde(flatten)]
    pub(crate) session: SessionFields,
    /// That a list forbids it all the same, which is only watched: the decision is the `session.would_block` that follows. Left out
    /// of every other.
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    #[schema(required = false)]
    pub(crate) listed: bool,
}

/// A session that said more of itself.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct IdentifiedFields {
    #[serde(flatten)]
    pub(crate) session: SessionFields,
    /// Whether it may stay; when not, its `session.disconnected` follows.
    pub(crate) kept: bool,
    /// That it stays though a list forbids it, which is only watched: the decision is the `session.would_block` that follows, or
    /// one before. Left out of every other.
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    #[schema(required = false)]
    pub(crate) listed: bool,
}

/// A session whose client is told of something.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct NotifiedFields {
    #[serde(flatten)]
    pub(crate) session: SessionFields,
    /// What happened in its mailbox.
    pub(crate) kind: NotificationKindName,
    /// What became of the datagram that tells of it.
    pub(crate) push: PushName,
}

/// What happens in a mailbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, serde::Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = NotificationKind)]
pub(crate) enum NotificationKindName {
    /// A message comes in.
    #[default]
    NewMail,
}

/// What becomes of the datagram that tells a client of pending events.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Push)]
pub(crate) enum PushName {
    /// The client asked for none.
    NotAsked,
    /// It was sent.
    Sent,
    /// The client has had one and has not fetched its events since; the next comes with time.
    Waiting,
    /// It is not sent: the client named an address that is not a loopback address.
    NotLoopback,
}

impl From<NotificationKind> for NotificationKindName {
    fn from(kind: NotificationKind) -> Self {
        match kind {
            NotificationKind::NewMail => Self::NewMail,
        }
    }
}

impl From<NotificationKindName> for NotificationKind {
    fn from(kind: NotificationKindName) -> Self {
        match kind {
            NotificationKindName::NewMail => Self::NewMail,
        }
    }
}

impl From<Push> for PushName {
    fn from(push: Push) -> Self {
        match push {
            Push::NotAsked => Self::NotAsked,
            Push::Sent => Self::Sent,
            Push::Waiting => Self::Waiting,
            Push::NotLoopback => Self::NotLoopback,
        }
    }
}

/// A client that got no session.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RefusedFields {
    #[serde(flatten)]
    client: SessionFields,
    /// Why: `policy`, `version_too_old`, `too_many_names`, `session_limit`, `class_limit`, `not_running` or `fault`; of who the
    /// client is, `not_encrypted`, `level_too_low`, `anonymous`, `account_gone`, `unknown_user`, `other_user` or `not_admin`.
    refusal: &'static str,
    /// What the client was answered.
    code: Code,
    /// The item that forbids it; null when the policy does not.
    decision: Option<Match>,
}

/// A session that the store ended.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct DisconnectedFields {
    #[serde(flatten)]
    session: SessionFields,
    /// Why: `policy`, `admin`, `limit`, `shutdown` or `restart`.
    reason: String,
    /// What the client is answered if it calls again.
    code: Code,
    /// The item that forbids it; null when the policy does not.
    decision: Option<Match>,
}

/// A session that the policy would have kept from opening, or ended.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct WouldBlockFields {
    #[serde(flatten)]
    session: SessionFields,
    /// What brought it up.
    trigger: Trigger,
    /// What the client would have been answered.
    code: Code,
    /// The item that forbids it.
    decision: Match,
}

/// What a decision is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Trigger {
    /// A client that connects.
    Connect,
    /// A session that reported another name.
    LateName,
    /// A policy that came into force.
    PolicyChange,
    /// A policy in force that is acted on from then on.
    ModeChange,
}

/// A session that ended.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct EndedFields {
    #[serde(flatten)]
    pub(crate) session: SessionFields,
    /// How: `policy`, `admin`, `limit`, `shutdown`, `restart`, `client` or `transport`.
    pub(crate) reason: String,
}

/// An error code of the protocol.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Code {
    /// Microsoft's name for it; null when it has none here.
    #[schema(example = "ecClientVerDisallowed")]
    name: Option<&'static str>,
    /// The 32 bits on the wire.
    #[schema(example = 1247)]
    value: u32,
}

/// The policy's reason to refuse a client, if it is the policy that did.
pub(crate) fn refusal_cause(refusal: &Refusal) -> Option<&Arc<policy::Cause>> {
    match refusal {
        Refusal::Policy(cause) => Some(cause),
        Refusal::Denied(_)
        | Refusal::VersionTooOld
        | Refusal::TooManyNames
        | Refusal::SessionLimit
        | Refusal::ClassLimit
        | Refusal::NotRunning
        | Refusal::Fault(_) => None,
    }
}

/// The policy's reason to end a session, if it is the policy that did.
pub(crate) fn disconnect_cause(reason: &DisconnectReason) -> Option<&Arc<policy::Cause>> {
    match reason {
        DisconnectReason::Policy(cause) => Some(cause),
        DisconnectReason::Admin
        | DisconnectReason::Limit
        | DisconnectReason::Shutdown
        | DisconnectReason::Restart => None,
    }
}

impl RefusedFields {
    pub(crate) fn new(client: SessionFields, refusal: &Refusal) -> Self {
        Self {
            client,
            refusal: refusal.name(),
            code: Code::of_refusal(refusal),
            decision: refusal_cause(refusal).map(|cause| Match::from(&**cause)),
        }
    }
}

impl DisconnectedFields {
    pub(crate) fn new(session: SessionFields, reason: &DisconnectReason) -> Self {
        Self {
            session,
            reason: reason.end().to_string(),
            code: Code::of_disconnect(reason),
            decision: disconnect_cause(reason).map(|cause| Match::from(&**cause)),
        }
    }
}

impl WouldBlockFields {
    pub(crate) fn new(
        session: SessionFields,
        trigger: BlockTrigger,
        why: &Arc<policy::Cause>,
    ) -> Self {
        let code = Code::of_block(trigger, why);
        Self { session, trigger: trigger.into(), code, decision: Match::from(&**why) }
    }
}

impl From<BlockTrigger> for Trigger {
    fn from(trigger: BlockTrigger) -> Self {
        match trigger {
            BlockTrigger::Connect => Self::Connect,
            BlockTrigger::LateName => Self::LateName,
            BlockTrigger::PolicyChange => Self::PolicyChange,
        }
    }
}

impl Code {
    /// What would have been answered, had the policy been enforced.
    pub(crate) fn of_block(trigger: BlockTrigger, why: &Arc<policy::Cause>) -> Self {
        match trigger {
            BlockTrigger::Connect => Self::of_refusal(&Refusal::Policy(Arc::clone(why))),
            BlockTrigger::LateName | BlockTrigger::PolicyChange => {
                Self::of_disconnect(&DisconnectReason::Policy(Arc::clone(why)))
            }
        }
    }

    pub(crate) fn of_refusal(refusal: &Refusal) -> Self {
        let code = server::refusal_code(refusal);
        Self { name: code.name(), value: code.0 }
    }

    pub(crate) fn of_disconnect(reason: &DisconnectReason) -> Self {
        let code = server::disconnect_code(reason);
        Self { name: code.name(), value: code.0 }
    }
}

pub(crate) fn of_session(session: &SessionRecord, generation: Option<Generation>) -> SessionFields {
    SessionFields::new(Some(session.id), &session.identity, generation)
}
