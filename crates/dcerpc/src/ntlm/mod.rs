//! NTLM, both roles, without I/O, clock or randomness (MS-NLMP): whatever is random or the time comes in.
//!
//! An [`Acceptor`] answers a NEGOTIATE with a CHALLENGE and tells from the AUTHENTICATE who the client is; an
//! [`Initiator`] is the client. Both end with a [`SessionSecurity`], which signs and seals messages.

mod acceptor;
mod channel;
mod error;
mod flags;
mod hash;
mod initiator;
mod message;
mod primitive;
mod response;
mod session;
mod target_info;

pub use acceptor::{Acceptor, Accounts, Authenticated, Identity, UserName};
pub use error::NtlmError;
pub use flags::NegotiateFlags;
pub use hash::{NtHash, NtHashError};
pub use initiator::{Credentials, Initiator, Nonces, ResponseVersion};
pub(crate) use message::is_ntlm;
pub(crate) use primitive::hmac_md5;
pub use session::{BadSignature, OutOfMessage, SIGNATURE_SIZE, SessionSecurity};
pub use target_info::ServerNames;
