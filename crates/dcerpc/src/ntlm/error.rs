//! Why an NTLM exchange fails: for a log, never for the peer, whom every failure answers alike.

use crate::reader::PduError;

/// What is wrong with a token, or with who sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NtlmError {
    /// A field lies beyond the end of its message.
    #[error(transparent)]
    Malformed(#[from] PduError),
    /// A token does not start with `NTLMSSP`.
    #[error("the token is no ntlm message")]
    NotNtlm,
    /// A message is not the one whose turn it is.
    #[error("an ntlm message of type {actual} came where {expected} was due")]
    WrongMessage {
        /// `MessageType`.
        actual: u32,
        /// The type that was due.
        expected: u32,
    },
    /// A message came before its turn, or after all had come.
    #[error("the ntlm exchange is not at the point where {message} is due")]
    OutOfTurn {
        /// What came.
        message: &'static str,
    },
    /// A client can write neither UTF-16 nor OEM characters.
    #[error("neither unicode nor oem is negotiated")]
    NoCharacterSet,
    /// A name is not UTF-16; or not ASCII, where OEM was negotiated: whose code page it is, nobody knows.
    #[error("{field} is not text in the character set negotiated")]
    NotText {
        /// The field.
        field: &'static str,
    },
    /// One of a server's own names does not fit a challenge.
    #[error("a server name of {length} code units exceeds 255")]
    NameTooLong {
        /// Its length, code units.
        length: usize,
    },
    /// A name or a response is longer than its field can tell.
    #[error("{length} bytes do not fit a field of an ntlm message")]
    FieldTooLong {
        /// Its length, bytes.
        length: usize,
    },
    /// A client answers the challenge with the LM hash alone, or not at all.
    #[error(
        "`{user}` of domain `{domain}` sends no nt response, which an lm response can't replace"
    )]
    NoNtResponse {
        /// The domain.
        domain: String,
        /// The user.
        user: String,
    },
    /// `NtChallengeResponse` is neither NTLM's 24 bytes nor an NTLMv2 response.
    #[error("an nt response of {length} bytes is neither ntlm nor ntlmv2")]
    BadNtResponse {
        /// Its length, bytes.
        length: usize,
    },
    /// The session key that a client picked has not 16 bytes.
    #[error("an encrypted session key of {length} bytes is not of 16")]
    BadSessionKey {
        /// Its length, bytes.
        length: usize,
    },
    /// Nobody may log on as nobody.
    #[error("anonymous logon is not let in")]
    AnonymousRefused,
    /// There is no such account.
    #[error("there is no user `{}` of domain `{}`", .user.escape_debug(), .domain.escape_debug())]
    UnknownUser {
        /// The domain.
        domain: String,
        /// The user.
        user: String,
    },
    /// The response does not come from the account's password.
    #[error("the password of `{}` of domain `{}` is wrong", .user.escape_debug(), .domain.escape_debug())]
    WrongPassword {
        /// The domain.
        domain: String,
        /// The user.
        user: String,
    },
    /// A message of the exchange was changed on its way.
    #[error("the message integrity code does not match the messages")]
    BadMic,
    /// A server does not grant what the client can't do without.
    #[error("the server does not grant {missing:?}")]
    NotGranted {
        /// What it does not grant.
        missing: super::NegotiateFlags,
    },
}
