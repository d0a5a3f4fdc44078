//! DCE/RPC: the codecs against captures, the rules of an association one by one, and what hostile peers do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking, and its bytes are its own"
)]

mod authentication;
mod bind_rules;
mod call_rules;
mod client;
mod codec;
mod epm;
mod hostile;
mod hostile_tokens;
mod mgmt;
mod multiplexing;
mod ntlm;
mod oracle;
mod pipe;
pub(crate) mod raw;
pub(crate) mod secure;
mod secure_client;
mod security;
mod splits;
mod spnego;
mod token_oracle;
