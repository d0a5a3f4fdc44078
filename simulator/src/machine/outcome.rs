//! What a client knows of how it ended where it is.

use core::fmt;

use dcerpc::{BindRefusal, FaultStatus, ProtocolError};
use emsmdb::ErrorCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::calls::AnswerError;

/// Where a client stands.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ClientState {
    /// Not started, or disconnected on request.
    Idle,
    /// On its way to a session with an open mailbox.
    Connecting,
    /// In a session with an open mailbox.
    Connected,
    /// Told that it gets no session.
    Refused,
    /// The server ended its session.
    Disconnected,
    /// Something went wrong that is neither.
    Failed,
}

/// How a client came to where it stands. Displayed as one clause.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// No session, or no mailbox, with this code.
    Refused(ErrorCode),
    /// An answer brought a null session handle, and this code.
    SessionGone(ErrorCode),
    /// The transport was closed under it; why, as the transport said.
    Closed(String),
    /// The interface could not be bound.
    BindRefused(BindRefusal),
    /// A call failed below its interface.
    Fault(FaultStatus),
    /// A call in the session was answered with an error; the session goes on.
    CallFailed(ErrorCode),
    /// The server broke the protocol.
    Misbehaviour(ProtocolError),
    /// The server's answer to a call is malformed.
    BadAnswer(AnswerError),
}

impl ClientState {
    /// The state as the control plane spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Refused => "refused",
            Self::Disconnected => "disconnected",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for ClientState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(code) => f.write_str(&spelt(*code)),
            Self::SessionGone(ErrorCode::EC_NONE) => f.write_str("the server ended the session"),
            Self::SessionGone(code) => {
                write!(f, "the server ended the session with {}", spelt(*code))
            }
            Self::Closed(why) => f.write_str(why),
            Self::BindRefused(BindRefusal::Nak(reason)) => {
                write!(f, "the bind was refused with reason {}", reason.0)
            }
            Self::BindRefused(BindRefusal::Context { result, reason }) => {
                write!(f, "the bind was refused with result {} and reason {}", result.0, reason.0)
            }
            Self::BindRefused(BindRefusal::Fault(status)) => {
                write!(f, "the bind was answered with fault {status}")
            }
            Self::Fault(status) => write!(f, "a call was answered with fault {status}"),
            Self::CallFailed(code) => write!(f, "a call was answered with {}", spelt(*code)),
            Self::Misbehaviour(error) => write!(f, "the server broke the protocol: {error}"),
            Self::BadAnswer(error) => write!(f, "the server's answer is malformed: {error}"),
        }
    }
}

/// A code by its name alone, as scenarios and people write it.
fn spelt(code: ErrorCode) -> String {
    code.name().map_or_else(|| code.to_string(), ToOwned::to_owned)
}
