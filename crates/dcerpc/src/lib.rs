//! Connection-oriented DCE/RPC without I/O: PDUs, fragments, presentation contexts, NDR, and the two ends
//! of a connection (C706 chapters 12 and 14, MS-RPCE); the two interfaces that belong to it rather than to
//! an application: the endpoint mapper ([`epm`]) and remote management ([`mgmt`]); and how its ends prove who
//! they are ([`ntlm`], [`spnego`]).
//!
//! [`Association`] is the server's end, [`ClientAssociation`] the client's. Both take bytes with
//! `handle_bytes`, tell with `poll_event` what came, and give bytes with `poll_transmit`; who moves the
//! bytes, and when, is not their concern.

mod association;
mod bind;
mod call;
mod client;
mod context_handle;
pub mod epm;
mod error;
mod fault;
mod fragment;
mod header;
pub mod mgmt;
pub mod ndr;
pub mod ntlm;
mod pdu;
mod protection;
mod reader;
mod security;
pub mod spnego;
mod stream;
mod syntax;
mod trailer;

pub use association::{
    Association, AssociationConfig, Call, Direction, Opened, PacketCounts, RpcEvent,
};
pub use bind::{
    AssociationGroupId, Bind, BindAck, BindNak, BindNakReason, ContextElement, ContextReason,
    ContextResult, ContextResultCode, PresentationContextId,
};
pub use call::{CallId, Opnum, Request, Response};
pub use client::{
    BindRefusal, ClientAssociation, ClientEvent, ClientOptions, ClientProvider, ClientSecurity,
};
pub use context_handle::ContextHandle;
pub use error::{PeerMisbehaviour, ProtocolError, StubError, UnknownCall};
pub use fault::{Fault, FaultStatus};
pub use header::{
    DataRepresentation, Header, MAX_FRAGMENT, MIN_NEGOTIATED_FRAGMENT, PacketFlags, PacketType,
    PduTooLong,
};
pub use pdu::Pdu;
pub use reader::PduError;
pub use security::{CallSecurity, ChallengeKey, SecurityError, SecurityOptions};
pub use syntax::{BindTimeFeatures, SyntaxId};
pub use trailer::{AuthContextId, AuthLevel, AuthTrailer, AuthType, AuthVerifier};
pub use uuid::Uuid;
