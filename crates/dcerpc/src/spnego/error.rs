//! Why a negotiation fails: for a log, never for the peer.

use super::der::DerError;
use crate::ntlm::{BadSignature, NtlmError};

/// What is wrong with a token, or with who sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpnegoError {
    /// A token is not the one that was due, or is cut.
    #[error("the token is not spnego's: {0}")]
    Malformed(#[from] DerError),
    /// A client does not offer NTLM, or a server does not choose it.
    #[error("ntlm is not among the mechanisms")]
    NoNtlm,
    /// A token came after the last.
    #[error("the negotiation is over")]
    Over,
    /// A token brings nothing of the mechanism where something was due.
    #[error("the token has no ntlm message, and one was due")]
    NoMechToken,
    /// A peer did not prove which mechanisms were offered, though NTLM was not the first of them.
    #[error("the mechanisms offered are not proved by a checksum")]
    NoMic,
    /// The mechanisms offered are not those that the peer knows of.
    #[error("the checksum of the mechanisms offered fails: {0}")]
    BadMic(#[source] BadSignature),
    /// The mechanism itself fails.
    #[error(transparent)]
    Ntlm(#[from] NtlmError),
    /// The server refuses the client.
    #[error("the server rejects the negotiation")]
    Rejected,
    /// The server does not say that it accepts once the client has proved all.
    #[error("the server does not accept, and the client has no more to prove")]
    Unfinished,
    /// The server says that it has accepted before it could.
    #[error("the server accepts before the client has proved anything")]
    AcceptedEarly,
}
