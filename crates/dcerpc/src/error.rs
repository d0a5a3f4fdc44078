//! What a peer can do wrong, by name. One enum for both roles, so that a log line tells the same story
//! on either side.

use crate::bind::PresentationContextId;
use crate::call::{CallId, Opnum};
use crate::epm::TowerError;
use crate::fault::FaultStatus;
use crate::header::{MAX_FRAGMENT, PacketType};
use crate::ndr::NdrError;
use crate::reader::PduError;
use crate::security::SecurityError;
use crate::trailer::{AuthContextId, AuthLevel, AuthType};

/// The peer broke the protocol: what it did, and where in the stream of its bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{misbehaviour}, in the pdu at stream offset {offset}")]
pub struct ProtocolError {
    /// Bytes that the peer had sent before the PDU that is at fault.
    pub offset: u64,
    /// What the PDU does wrong.
    pub misbehaviour: PeerMisbehaviour,
}

/// One way to break the protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeerMisbehaviour {
    /// `rpc_vers` is not 5, or `rpc_vers_minor` neither 0 nor 1.
    #[error("protocol version {major}.{minor} is not 5.0 or 5.1")]
    UnsupportedVersion {
        /// `rpc_vers`.
        major: u8,
        /// `rpc_vers_minor`.
        minor: u8,
    },
    /// Big-endian integers, EBCDIC characters or floats that are not IEEE.
    #[error(
        "data representation {drep:02x?} of a {packet_type} is not little-endian, ascii and ieee"
    )]
    UnsupportedDataRepresentation {
        /// `packed_drep`.
        drep: [u8; 4],
        /// The type of the PDU.
        packet_type: PacketType,
    },
    /// A PDU says that it ends within its own header.
    #[error("fragment length {frag_length} is less than a header")]
    FragmentTooShort {
        /// `frag_length`, bytes.
        frag_length: u16,
    },
    /// A PDU is longer than any that is read.
    #[error("fragment length {frag_length} exceeds {MAX_FRAGMENT}")]
    FragmentTooLong {
        /// `frag_length`, bytes.
        frag_length: u16,
    },
    /// The authentication trailer would reach back into the header.
    #[error(
        "an authentication value of {auth_length} bytes does not fit a fragment of {frag_length}"
    )]
    AuthTrailerOverrun {
        /// `frag_length`, bytes.
        frag_length: u16,
        /// `auth_length`, bytes.
        auth_length: u16,
    },
    /// A field lies beyond the end of its PDU.
    #[error("{0}")]
    Malformed(PduError),
    /// The first PDU of a connection is something else than a bind.
    #[error("the first pdu is a {packet_type}, not a bind")]
    FirstPduNotBind {
        /// What it is.
        packet_type: PacketType,
    },
    /// A connection binds once; more contexts come with alter_context.
    #[error("a second bind")]
    SecondBind,
    /// A bind or alter_context without a context element.
    #[error("no presentation context is offered")]
    NoContextOffered,
    /// A context element without a transfer syntax.
    #[error("presentation context {} is offered without a transfer syntax", .context.0)]
    NoTransferSyntaxOffered {
        /// The element's id.
        context: PresentationContextId,
    },
    /// Two context elements of one bind negotiate features.
    #[error("features are negotiated twice in one bind")]
    FeaturesNegotiatedTwice,
    /// A presentation context that exists is offered with another interface or encoding.
    #[error("presentation context {} is offered with another syntax", .context.0)]
    ContextAltered {
        /// The element's id.
        context: PresentationContextId,
    },
    /// A bind asks for an authentication type that is not offered.
    #[error("authentication type {} is not recognised", .auth_type.0)]
    UnrecognisedAuthType {
        /// `auth_type`.
        auth_type: AuthType,
    },
    /// A bind asks for an authentication level that none can have.
    #[error("authentication level {} is not valid", .auth_level.0)]
    InvalidAuthLevel {
        /// `auth_level`.
        auth_level: AuthLevel,
    },
    /// An authentication trailer though none was negotiated.
    #[error("a {packet_type} has an authentication trailer though none was negotiated")]
    UnexpectedAuthTrailer {
        /// What carries it.
        packet_type: PacketType,
        /// The call's presentation context, or 0.
        context: PresentationContextId,
    },
    /// A bind asks for a level that its authentication type does not have.
    #[error("authentication type {} has no level {auth_level}", .auth_type.0)]
    UnsupportedAuthLevel {
        /// `auth_type`.
        auth_type: AuthType,
        /// `auth_level`.
        auth_level: AuthLevel,
    },
    /// The padding before a trailer would reach back beyond what can be padded.
    #[error("{auth_pad_length} bytes of authentication padding do not fit {available}")]
    AuthPaddingOverrun {
        /// `auth_pad_length`, bytes.
        auth_pad_length: u8,
        /// Bytes that could be padding.
        available: usize,
    },
    /// The security provider does not take a token.
    #[error("authentication failed: {error}")]
    AuthenticationFailed {
        /// Why, for the log: a client is not told.
        error: SecurityError,
    },
    /// Authentication starts again with the id of a security context that there is.
    #[error("security context {} is there already", .auth_context.0)]
    SecurityContextReused {
        /// The id.
        auth_context: AuthContextId,
    },
    /// A leg of an authentication names another provider than the one before.
    #[error("security context {} changes to authentication type {}", .auth_context.0, .auth_type.0)]
    AuthTypeChanged {
        /// The security context.
        auth_context: AuthContextId,
        /// `auth_type`.
        auth_type: AuthType,
    },
    /// A leg of an authentication names another level than the one before.
    #[error("security context {} changes to authentication level {auth_level}", .auth_context.0)]
    AuthLevelChanged {
        /// The security context.
        auth_context: AuthContextId,
        /// `auth_level`.
        auth_level: AuthLevel,
    },
    /// A client wants its calls sealed, and has not negotiated with the provider that they can be.
    #[error("security context {} can not seal", .auth_context.0)]
    SealNotNegotiated {
        /// The security context.
        auth_context: AuthContextId,
    },
    /// A connection has as many security contexts as it may.
    #[error("{limit} security contexts are there already")]
    TooManySecurityContexts {
        /// The limit.
        limit: usize,
    },
    /// A call before the authentication that it relies on has ended.
    #[error("a call comes before its authentication has ended")]
    AuthenticationUnfinished,
    /// A call on a connection whose authentication has failed.
    #[error("a call relies on an authentication that has failed{}", because(.error.as_ref()))]
    NotAuthenticated {
        /// The call's presentation context.
        context: PresentationContextId,
        /// Why it failed, for the log: a client is not told.
        error: Option<SecurityError>,
    },
    /// A call without the trailer that its connection's level asks for.
    #[error(
        "a request has no authentication trailer, and its connection was bound at level {auth_level}"
    )]
    AuthTrailerMissing {
        /// The level.
        auth_level: AuthLevel,
        /// The call's presentation context.
        context: PresentationContextId,
    },
    /// A later fragment of a call that is signed is not.
    #[error("a later fragment of {call} is not signed")]
    UnsignedFragment {
        /// The call.
        call: CallId,
        /// Its presentation context.
        context: PresentationContextId,
    },
    /// A multiplexed call starts without a trailer while one with a signature is incomplete.
    #[error("{started} starts without a trailer while a signed call is incomplete")]
    UnsignedWhileIncomplete {
        /// The call that starts.
        started: CallId,
    },
    /// A signature or a seal is not the client's: the fragment was altered, replayed, dropped or moved.
    #[error("the signature of a fragment of {call} does not verify")]
    BadSignature {
        /// The call.
        call: CallId,
        /// Its presentation context.
        context: PresentationContextId,
    },
    /// A PDU that this role never receives, or that does not exist.
    #[error("a {packet_type} is not expected")]
    UnexpectedPacket {
        /// What it is.
        packet_type: PacketType,
    },
    /// A new call starts while another is incomplete, without multiplexing.
    #[error("{started} starts while {incomplete} is incomplete")]
    CallWhileIncomplete {
        /// The call that is incomplete.
        incomplete: CallId,
        /// Its presentation context.
        context: PresentationContextId,
        /// The call that starts.
        started: CallId,
    },
    /// A multiplexed call starts on an unknown context while another is incomplete.
    #[error("{started} starts on unknown presentation context {} while another is incomplete", .context.0)]
    UnknownContextWhileIncomplete {
        /// The call that starts.
        started: CallId,
        /// The context that does not exist.
        context: PresentationContextId,
    },
    /// A call starts twice before it is complete.
    #[error("the first fragment of {call} is repeated")]
    FirstFragmentRepeated {
        /// The call.
        call: CallId,
        /// Its presentation context.
        context: PresentationContextId,
    },
    /// A call has the id of another that waits for its answer.
    #[error("the id of {call} is that of a call in flight")]
    CallIdInUse {
        /// The call.
        call: CallId,
        /// The new call's presentation context.
        context: PresentationContextId,
    },
    /// A later fragment of a call that has no first one.
    #[error("a later fragment belongs to {call}, which has not started")]
    FragmentOfNoCall {
        /// The call.
        call: CallId,
    },
    /// A multiplexed call has no first fragment, and no other call is incomplete.
    #[error("{call} starts with a later fragment")]
    CallWithoutFirst {
        /// The call.
        call: CallId,
        /// Its presentation context.
        context: PresentationContextId,
    },
    /// A later fragment of another call than the one that is incomplete, without multiplexing.
    #[error("a later fragment belongs to {call}, while {incomplete} is incomplete")]
    FragmentOfAnotherCall {
        /// The fragment's call.
        call: CallId,
        /// The call that is incomplete.
        incomplete: CallId,
        /// Its presentation context.
        context: PresentationContextId,
    },
    /// A call starts with its cancel.
    #[error("the first fragment of {call} has a cancel pending")]
    CancelOnFirstFragment {
        /// The call.
        call: CallId,
    },
    /// A first fragment announces more stub than is taken.
    #[error("{alloc_hint} bytes of stub are announced, {limit} are the limit")]
    AllocHintTooLarge {
        /// `alloc_hint`, bytes.
        alloc_hint: u32,
        /// The limit, bytes.
        limit: usize,
        /// The call's presentation context.
        context: PresentationContextId,
    },
    /// A call's fragments add up to more stub than is taken.
    #[error("{size} bytes of incomplete stubs have come, {limit} are the limit")]
    StubTooLarge {
        /// Bytes with this fragment.
        size: usize,
        /// The limit, bytes.
        limit: usize,
        /// The call's presentation context.
        context: PresentationContextId,
    },
    /// More multiplexed calls are incomplete than may be.
    #[error("{limit} calls are incomplete already")]
    TooManyIncompleteCalls {
        /// The limit.
        limit: usize,
    },
    /// A server accepts a bind without saying what became of the context offered.
    #[error("a bind_ack has no result for the context offered")]
    NoContextResult,
    /// A server accepts a bind into group 0, which does not exist.
    #[error("a bind_ack names association group 0")]
    GroupZero,
    /// A server negotiates fragments that are smaller than any peer must take.
    #[error("fragments of {size} bytes are negotiated, less than {limit}")]
    FragmentsTooSmall {
        /// `max_recv_frag`, bytes.
        size: u16,
        /// The least that a peer must take, bytes.
        limit: u16,
    },
    /// A server answers a client that authenticates itself without a token or a signature.
    #[error("a {packet_type} has no authentication trailer, and the client authenticates itself")]
    AnswerWithoutTrailer {
        /// What it is.
        packet_type: PacketType,
    },
    /// A server answers in a security context that is not the client's.
    #[error("the authentication trailer of a {packet_type} is of another security context")]
    AnswerInAnotherContext {
        /// What it is.
        packet_type: PacketType,
    },
    /// An answer to no call.
    #[error("a {packet_type} belongs to {call}, which is not in flight")]
    AnswerToNoCall {
        /// What it is.
        packet_type: PacketType,
        /// The call.
        call: CallId,
    },
    /// A result does not start with its first fragment.
    #[error("the result of {call} starts with a later fragment")]
    ResultWithoutFirst {
        /// The call.
        call: CallId,
    },
}

fn because(error: Option<&SecurityError>) -> String {
    error.map(|error| format!(": {error}")).unwrap_or_default()
}

impl From<PduError> for PeerMisbehaviour {
    fn from(error: PduError) -> Self {
        Self::Malformed(error)
    }
}

/// An answer to a call that was never delivered, or that has been answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{call} is not in flight")]
pub struct UnknownCall {
    /// The call.
    pub call: CallId,
}

/// A stub of the endpoint mapper or of the management interface does not hold what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StubError {
    /// The operation is not offered.
    #[error("{opnum} is not offered")]
    UnknownOpnum {
        /// The operation.
        opnum: Opnum,
    },
    /// A parameter is missing or out of its range.
    #[error(transparent)]
    BadStub(#[from] NdrError),
    /// A tower's octets make no sense.
    #[error(transparent)]
    BadTower(#[from] TowerError),
}

impl StubError {
    /// The fault that answers a request that is so.
    #[must_use]
    pub const fn fault(&self) -> FaultStatus {
        match self {
            Self::UnknownOpnum { .. } => FaultStatus::OP_RNG_ERROR,
            Self::BadStub(_) | Self::BadTower(_) => FaultStatus::BAD_STUB_DATA,
        }
    }
}
