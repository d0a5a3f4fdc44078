//! How each misbehaviour of a client is answered before the association closes: the wire notes' table 1.3,
//! read from left to right.

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
        match *misbehaviour {
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
            M::FragmentTooShort { .. } | M::FragmentTooLong { .. } => proto_error(call, NO_CONTEXT),
            // Windows says of a bind that it cannot read that its version is wrong.
            M::AuthTrailerOverrun { .. } | M::Malformed(_) if during_bind => {
                Farewell::BindNak(BindNakReason::PROTOCOL_VERSION_NOT_SUPPORTED)
            }
            M::AuthTrailerOverrun { .. } | M::Malformed(_) if during_alter => {
                not_executed(call, FaultStatus::PROTO_ERROR)
            }
            M::AuthTrailerOverrun { .. } | M::Malformed(_) => proto_error(call, NO_CONTEXT),
            M::NoContextOffered | M::NoTransferSyntaxOffered { .. } if during_alter => {
                not_executed(call, FaultStatus::PROTO_ERROR)
            }
            M::NoContextOffered
            | M::NoTransferSyntaxOffered { .. }
            | M::FeaturesNegotiatedTwice
            | M::SecondBind
            | M::InvalidAuthLevel { .. } => Farewell::BindNak(BindNakReason::NOT_SPECIFIED),
            M::UnrecognisedAuthType { .. } => {
                Farewell::BindNak(BindNakReason::AUTHENTICATION_TYPE_NOT_RECOGNIZED)
            }
            M::ContextAltered { .. } if during_bind => {
                Farewell::BindNak(BindNakReason::NOT_SPECIFIED)
            }
            M::ContextAltered { .. } | M::UnexpectedPacket { .. } => {
                not_executed(call, FaultStatus::PROTO_ERROR)
            }
            M::UnexpectedAuthTrailer { .. } if during_alter => {
                not_executed(call, FaultStatus::ACCESS_DENIED)
            }
            M::CancelOnFirstFragment { .. } => not_executed(call, FaultStatus::NO_CALL_ACTIVE),
            M::UnexpectedAuthTrailer { context, .. }
            | M::AllocHintTooLarge { context, .. }
            | M::StubTooLarge { context, .. } => refused(call, context, FaultStatus::ACCESS_DENIED),
            // Without multiplexing the client waits for the call that is incomplete, not for the new one.
            M::CallWhileIncomplete { incomplete, context, .. }
            | M::FragmentOfAnotherCall { incomplete, context, .. } => {
                proto_error(incomplete, context)
            }
            M::FirstFragmentRepeated { context, .. } | M::CallIdInUse { context, .. } => {
                proto_error(call, context)
            }
            M::UnknownContextWhileIncomplete { .. }
            | M::FragmentOfNoCall { .. }
            | M::TooManyIncompleteCalls { .. } => proto_error(call, NO_CONTEXT),
            // A client's findings about a server.
            M::NoContextResult
            | M::GroupZero
            | M::FragmentsTooSmall { .. }
            | M::AnswerToNoCall { .. }
            | M::ResultWithoutFirst { .. } => Farewell::Silence,
        }
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
