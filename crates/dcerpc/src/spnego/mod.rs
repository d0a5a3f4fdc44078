//! SPNEGO, both roles, without I/O (RFC 4178, MS-SPNG): two ends agree on a mechanism, and prove to each
//! other what they agreed from. The only mechanism here is [`ntlm`](crate::ntlm).

mod acceptor;
mod der;
mod error;
mod initiator;
#[cfg(test)]
mod stamped;
mod token;

pub use acceptor::{Acceptor, Step};
pub use der::{DerError, DerProblem};
pub use error::SpnegoError;
pub use initiator::{Initiator, Offer, Progress};
