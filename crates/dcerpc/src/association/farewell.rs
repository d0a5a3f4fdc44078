//! How each misbehaviour of a client is answered before the association closes: the wire notes' table 1.3,
//! read from left to right.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "each of the three tables names what it has an answer for, and hands the rest on"
)]

use crate::association::Association;
use crate::bind::{BindNakReason, PresentationContextId};
use crate::call::CallId;
use crate::error::{PeerMisbehaviour, ProtocolError};
use crate::fault::{Fault, FaultStatus};
use crate::header::{Header, PacketType};

/// The last PDU that a misbehaving client gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Farewell {
    Silence,
    BindNak(BindNakReason),
    Fault {
        call: CallId,
        context: PresentationContextId,
        status: FaultStatus,
        did_not_execute: bool,
    },
}

/// What no presentation context is.
const NO_CONTEXT: PresentationContextId = PresentationContextId(0);

impl Association {
    /// Answers a misbehaviour and closes.
    pub(super) fn refuse(
        &mut self,
        header: &Header,
        misbehaviour: PeerMisbehaviour,
        offset: u64,
    ) -> ProtocolError {
        match self.farewell(header, &misbehaviour) {
            Farewell::Silence => {}
            Farewell::BindNak(reason) => self.send_bind_nak(header.call_id(), reason),
            Farewell::Fault { call, context, status, did_not_execute } => {
                self.send_fault(call, Fault { context, status }, did_not_execute)
            }
        }
        self.close();
        ProtocolError { offset, misbehaviour }
    }

    fn farewell(&self, header: &Header, misbehaviour: &PeerMisbehaviour) -> Farewell {
        use PeerMisbehaviour as M;
        let during_bind = !self.bound && header.packet_type() == PacketType::BIND;
        let during_alter = header.packet_type() == PacketType::ALTER_CONTEXT;
        let call = header.call_id();
        match misbehaviour {
            _ if during_bind => Farewell::BindNak(nak_reason(misbehaviour)),
            M::UnsupportedVersion { .. } if self.bound => Farewell::Silence,
            M::UnsupportedVersion { .. } => {
                Farewell::BindNak(BindNakReason::PROTOCOL_VERSION_NOT_SUPPORTED)
            }
            M::UnsupportedDataRepresentation { .. } if header.packet_type() == PacketType::BIND => {
                Farewell::BindNak(BindNakReason::NOT_SPECIFIED)
            }
            M::UnsupportedDataRepresentation { .. } | M::FirstPduNotBind { .. } => {
                Farewell::Silence
            }
            M::SecondBind => Farewell::BindNak(BindNakReason::NOT_SPECIFIED),
            M::AuthPaddingOverrun { .. } if header.packet_type() == PacketType::AUTH3 => {
                not_executed(call, FaultStatus::REMOTE_NO_MEMORY)
            }
            M::AuthTrailerOverrun { .. } | M::AuthPaddingOverrun { .. } | M::Malformed(_)
                if during_alter =>
            {
                not_executed(call, FaultStatus::PROTO_ERROR)
            }
            M::NoContextOffered
            | M::NoTransferSyntaxOffered { .. }
            | M::FeaturesNegotiatedTwice
            | M::ContextAltered { .. }
            | M::TooManySecurityContexts { .. }
            | M::AuthenticationUnfinished
            | M::UnexpectedPacket { .. } => not_executed(call, FaultStatus::PROTO_ERROR),
            M::UnexpectedAuthTrailer { .. } if during_alter => {
                not_executed(call, FaultStatus::ACCESS_DENIED)
            }
            M::InvalidAuthLevel { .. }
            | M::UnrecognisedAuthType { .. }
            | M::UnsupportedAuthLevel { .. }
            | M::AuthenticationFailed { .. }
            | M::SecurityContextReused { .. }
            | M::AuthLevelChanged { .. } => not_executed(call, FaultStatus::ACCESS_DENIED),
            M::AuthTypeChanged { .. } | M::SealNotNegotiated { .. } => {
                not_executed(call, FaultStatus::SEC_PKG_ERROR)
            }
            M::CancelOnFirstFragment { .. } => not_executed(call, FaultStatus::NO_CALL_ACTIVE),
            _ => refusal_of_a_fragment(call, misbehaviour),
        }
    }
}

/// Why a bind is refused. Windows says of one that it can't read that its version is wrong.
fn nak_reason(misbehaviour: &PeerMisbehaviour) -> BindNakReason {
    use PeerMisbehaviour as M;
    match misbehaviour {
        M::UnsupportedVersion { .. }
        | M::AuthTrailerOverrun { .. }
        | M::AuthPaddingOverrun { .. }
        | M::Malformed(_) => BindNakReason::PROTOCOL_VERSION_NOT_SUPPORTED,
        M::UnrecognisedAuthType { .. } => BindNakReason::AUTHENTICATION_TYPE_NOT_RECOGNIZED,
        M::UnsupportedAuthLevel { .. }
        | M::AuthenticationFailed { .. }
        | M::SealNotNegotiated { .. } => BindNakReason::INVALID_CHECKSUM,
        _ => BindNakReason::NOT_SPECIFIED,
    }
}

/// How a fragment of a call is refused: such a call may have been run.
fn refusal_of_a_fragment(call: CallId, misbehaviour: &PeerMisbehaviour) -> Farewell {
    use PeerMisbehaviour as M;
    match misbehaviour {
        M::UnexpectedAuthTrailer { context, .. }
        | M::NotAuthenticated { context, .. }
        | M::AuthTrailerMissing { context, .. }
        | M::AllocHintTooLarge { context, .. }
        | M::StubTooLarge { context, .. } => refused(call, *context, FaultStatus::ACCESS_DENIED),
        M::BadSignature { context, .. } => refused(call, *context, FaultStatus::SEC_PKG_ERROR),
        // Without multiplexing the client waits for the call that is incomplete, not for the new one.
        M::CallWhileIncomplete { incomplete, context, .. }
        | M::FragmentOfAnotherCall { incomplete, context, .. } => {
            proto_error(*incomplete, *context)
        }
        M::FirstFragmentRepeated { context, .. }
        | M::CallIdInUse { context, .. }
        | M::UnsignedFragment { context, .. }
        | M::CallWithoutFirst { context, .. } => proto_error(call, *context),
        M::FragmentTooShort { .. }
        | M::FragmentTooLong { .. }
        | M::AuthTrailerOverrun { .. }
        | M::AuthPaddingOverrun { .. }
        | M::Malformed(_)
        | M::UnknownContextWhileIncomplete { .. }
        | M::UnsignedWhileIncomplete { .. }
        | M::FragmentOfNoCall { .. }
        | M::TooManyIncompleteCalls { .. } => proto_error(call, NO_CONTEXT),
        // A client's findings about a server, and what is refused above.
        _ => Farewell::Silence,
    }
}

fn proto_error(call: CallId, context: PresentationContextId) -> Farewell {
    refused(call, context, FaultStatus::PROTO_ERROR)
}

fn refused(call: CallId, context: PresentationContextId, status: FaultStatus) -> Farewell {
    let did_not_execute = false;
    Farewell::Fault { call, context, status, did_not_execute }
}

fn not_executed(call: CallId, status: FaultStatus) -> Farewell {
    Farewell::Fault { call, context: NO_CONTEXT, status, did_not_execute: true }
}
