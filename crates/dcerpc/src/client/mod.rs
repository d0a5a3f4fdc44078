//! The client's end of one connection, for simulated clients and tests: bytes in, events out, bytes out.

mod security;

use std::collections::VecDeque;

pub use security::{ClientProvider, ClientSecurity};

use self::security::SecurityEnd;
use crate::bind::{
    AssociationGroupId, Bind, BindAck, BindNakReason, ContextElement, ContextReason,
    ContextResultCode, PresentationContextId,
};
use crate::call::{CallId, Opnum, Request, Response};
use crate::error::{PeerMisbehaviour, ProtocolError};
use crate::fault::{Fault, FaultStatus};
use crate::fragment::pieces;
use crate::header::{Header, Heading, MAX_FRAGMENT, PacketFlags, PacketType};
use crate::pdu::Pdu;
use crate::protection::{SIGNED, UNSIGNED};
use crate::stream::{Frame, Framer};
use crate::syntax::{BindTimeFeatures, SyntaxId};

/// The least fragment size that every peer must take, bytes (C706 12.6.3.1 `MustRecvFragSize`).
const MUST_RECV_FRAGMENT: u16 = 1432;

/// How a client binds.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// The fragment size offered for both directions, bytes.
    pub max_fragment: u16,
    /// The features offered in an element of their own; `None` offers no such element.
    pub features: Option<BindTimeFeatures>,
    /// Whether to ask for several calls in flight.
    pub multiplexed: bool,
    /// The most bytes of stub that results in flight can have together.
    pub max_stub: usize,
    /// As whom it binds; `None` as nobody.
    pub security: Option<ClientSecurity>,
}

impl Default for ClientOptions {
    /// As a client of Windows XP or later over TCP.
    fn default() -> Self {
        Self {
            max_fragment: MAX_FRAGMENT,
            features: Some(BindTimeFeatures::all()),
            multiplexed: false,
            max_stub: 4 << 20,
            security: None,
        }
    }
}

/// What a client learns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientEvent {
    /// The bind is accepted, and the last leg of the authentication, if there is one, is sent or answered.
    Bound {
        /// The group that the connection is in.
        group: AssociationGroupId,
    },
    /// The bind, or a leg of its authentication, is refused; there is nothing to call.
    BindRefused(BindRefusal),
    /// A call's results.
    Response {
        /// The call.
        call: CallId,
        /// The results, NDR 2.0.
        stub: Vec<u8>,
    },
    /// A call failed.
    Fault {
        /// The call.
        call: CallId,
        /// Why.
        status: FaultStatus,
    },
}

/// How a bind was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BindRefusal {
    /// As a whole, with a bind_nak.
    Nak(BindNakReason),
    /// The interface was, with a bind_ack; the connection stays.
    Context {
        /// How.
        result: ContextResultCode,
        /// Why.
        reason: ContextReason,
    },
    /// With a fault.
    Fault(FaultStatus),
}

/// The client's end of one connection, bound to one interface.
#[derive(Debug, Clone)]
pub struct ClientAssociation {
    interface: SyntaxId,
    options: ClientOptions,
    security: Option<Box<SecurityEnd>>,
    framer: Framer,
    phase: Phase,
    last_call: CallId,
    outstanding: Vec<Outstanding>,
    /// Calls that must not be sent yet: the bind is not accepted, or another call is in flight.
    waiting: VecDeque<(CallId, Opnum, Vec<u8>)>,
    events: VecDeque<ClientEvent>,
    transmit: Vec<u8>,
    closing: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Unbound,
    Binding(CallId),
    /// The answer to an alter_context is due.
    Authenticating {
        leg: CallId,
        bound: Negotiated,
    },
    Bound(Negotiated),
    Refused,
}

/// What the bind_ack said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Negotiated {
    group: AssociationGroupId,
    max_fragment: u16,
    multiplexed: bool,
}

/// A call that was sent, with the part of its results that has come.
#[derive(Debug, Clone)]
struct Outstanding {
    id: CallId,
    stub: Option<Vec<u8>>,
}

/// The id under which the interface is offered.
const CONTEXT: PresentationContextId = PresentationContextId(0);

impl ClientAssociation {
    /// A client that will bind to `interface`.
    #[must_use]
    pub fn new(interface: SyntaxId, mut options: ClientOptions) -> Self {
        let security = options.security.take();
        Self {
            interface,
            options,
            security: security.map(|security| Box::new(SecurityEnd::new(security))),
            framer: Framer::default(),
            phase: Phase::Unbound,
            last_call: CallId(0),
            outstanding: Vec::new(),
            waiting: VecDeque::new(),
            events: VecDeque::new(),
            transmit: Vec::new(),
            closing: false,
        }
    }

    /// Sends the bind, to join `group` or, with `None`, a new one. Only the first bind is sent.
    pub fn bind(&mut self, group: Option<AssociationGroupId>) {
        if self.phase != Phase::Unbound {
            return;
        }
        let call_id = self.next_call();
        self.phase = Phase::Binding(call_id);
        let mut flags = PacketFlags::WHOLE;
        flags.set(PacketFlags::CONC_MPX, self.options.multiplexed);
        let heading = Heading { packet_type: PacketType::BIND, flags, call_id };
        self.send_bind(&self.offer(group), heading);
    }

    /// Calls an operation. The call is sent when the bind is accepted and, unless the server agreed to
    /// multiplexing, when earlier calls are answered; once the bind was refused it is not sent.
    pub fn call(&mut self, opnum: Opnum, stub: &[u8]) -> CallId {
        let id = self.next_call();
        if self.phase != Phase::Refused {
            self.waiting.push_back((id, opnum, stub.to_vec()));
            self.send_waiting();
        }
        id
    }

    /// Takes bytes from the server.
    ///
    /// # Errors
    /// The server broke the protocol; the association is closing.
    pub fn handle_bytes(&mut self, mut bytes: &[u8]) -> Result<(), ProtocolError> {
        while !self.closing {
            let (offset, handled) = match self.framer.next(&mut bytes) {
                Ok(None) => break,
                Ok(Some(frame)) => (frame.offset, self.handle_frame(&frame)),
                Err(bad) => (bad.offset, Err(bad.misbehaviour)),
            };
            handled.map_err(|misbehaviour| {
                self.close();
                ProtocolError { offset, misbehaviour }
            })?;
        }
        Ok(())
    }

    /// The next event, in the order of the server's bytes.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<ClientEvent> {
        self.events.pop_front()
    }

    /// Appends to `out` the bytes that are ready for the server; `false` when there are none.
    #[must_use]
    pub fn poll_transmit(&mut self, out: &mut Vec<u8>) -> bool {
        let ready = std::mem::take(&mut self.transmit);
        let any = !ready.is_empty();
        out.extend(ready);
        any
    }

    /// Reads nothing more.
    pub fn close(&mut self) {
        self.closing = true;
        self.framer.clear();
    }

    /// Whether nothing more is read: the transport can be closed.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.closing
    }

    /// Whether a call waits for its answer, or to be sent.
    #[must_use]
    pub fn has_call_in_flight(&self) -> bool {
        !self.outstanding.is_empty() || !self.waiting.is_empty()
    }

    fn next_call(&mut self) -> CallId {
        self.last_call = CallId(self.last_call.0.wrapping_add(1));
        self.last_call
    }

    fn offer(&self, group: Option<AssociationGroupId>) -> Bind {
        let element = |id, transfer_syntax| ContextElement {
            id,
            abstract_syntax: self.interface,
            transfer_syntaxes: vec![transfer_syntax],
        };
        let features = self.options.features.map(SyntaxId::bind_time_features);
        let features = features.map(|syntax| element(PresentationContextId(1), syntax));
        Bind {
            max_xmit_frag: self.options.max_fragment,
            max_recv_frag: self.options.max_fragment,
            group,
            contexts: [element(CONTEXT, SyntaxId::NDR20)].into_iter().chain(features).collect(),
        }
    }

    /// Sends the calls that may be in flight now.
    fn send_waiting(&mut self) {
        let Phase::Bound(Negotiated { max_fragment, multiplexed, .. }) = self.phase else {
            return;
        };
        while multiplexed || self.outstanding.is_empty() {
            let Some((id, opnum, stub)) = self.waiting.pop_front() else {
                return;
            };
            self.send_call(id, opnum, &stub, max_fragment);
        }
    }

    fn send_call(&mut self, id: CallId, opnum: Opnum, stub: &[u8], max_fragment: u16) {
        let signs = self.security.as_ref().is_some_and(|security| security.signs());
        let overhead = if signs { SIGNED } else { UNSIGNED };
        for piece in pieces(stub, max_fragment, overhead) {
            let request = Request {
                alloc_hint: piece.alloc_hint,
                context: CONTEXT,
                opnum,
                object: None,
                stub: piece.stub,
            };
            self.send_fragment(&request, (id, piece.flags));
        }
        self.outstanding.push(Outstanding { id, stub: None });
    }

    fn handle_frame(&mut self, frame: &Frame<'_>) -> Result<(), PeerMisbehaviour> {
        let header = &frame.header;
        let (call, packet_type) = (header.call_id(), header.packet_type());
        let pdu = Pdu::decode_body(header, &frame.bytes)?;
        let carries = matches!(pdu, Pdu::BindAck(_) | Pdu::AlterContextResp(_) | Pdu::Response(_));
        if header.has_auth_trailer() && (self.security.is_none() || !carries) {
            let context = CONTEXT;
            return Err(PeerMisbehaviour::UnexpectedAuthTrailer { packet_type, context });
        }
        match (pdu, self.phase) {
            (Pdu::BindAck(ack), Phase::Binding(bind)) if bind == call => {
                self.handle_ack(header, &frame.bytes, &ack)
            }
            (Pdu::BindNak(nak), Phase::Binding(bind)) if bind == call => {
                self.refused(BindRefusal::Nak(nak.reason));
                Ok(())
            }
            (Pdu::AlterContextResp(ack), Phase::Authenticating { leg, bound }) if leg == call => {
                if self.is_accepted(&ack)? {
                    self.handle_leg(header, &frame.bytes, bound)?;
                }
                Ok(())
            }
            (Pdu::Fault(fault), Phase::Binding(leg) | Phase::Authenticating { leg, .. })
                if leg == call =>
            {
                self.refused(BindRefusal::Fault(fault.status));
                Ok(())
            }
            (Pdu::Response(response), _) => self.handle_response(header, &frame.bytes, &response),
            // A fault is not signed, at any level.
            (Pdu::Fault(fault), _) => self.handle_fault(header, fault),
            // A server that shuts down closes next; there is nothing to do before that.
            (Pdu::Shutdown, _) => Ok(()),
            (
                Pdu::BindAck(_)
                | Pdu::BindNak(_)
                | Pdu::Bind(_)
                | Pdu::AlterContext(_)
                | Pdu::AlterContextResp(_)
                | Pdu::Request(_)
                | Pdu::Auth3
                | Pdu::CoCancel
                | Pdu::Orphaned
                | Pdu::Unknown(_),
                _,
            ) => Err(PeerMisbehaviour::UnexpectedPacket { packet_type }),
        }
    }

    /// Whether the interface is; if not, the client has been told.
    fn is_accepted(&mut self, ack: &BindAck) -> Result<bool, PeerMisbehaviour> {
        let first = ack.results.first();
        let first = first.ok_or(PeerMisbehaviour::NoContextResult)?;
        let (result, reason) = (first.result, first.reason);
        let accepted = result == ContextResultCode::ACCEPTANCE;
        if !accepted {
            self.refused(BindRefusal::Context { result, reason });
        }
        Ok(accepted)
    }

    fn handle_ack(
        &mut self,
        header: &Header,
        bytes: &[u8],
        ack: &BindAck,
    ) -> Result<(), PeerMisbehaviour> {
        if !self.is_accepted(ack)? {
            return Ok(());
        }
        let group = ack.group;
        if group == AssociationGroupId(0) {
            return Err(PeerMisbehaviour::GroupZero);
        }
        let (size, limit) = (ack.max_recv_frag, MUST_RECV_FRAGMENT);
        if size < limit {
            return Err(PeerMisbehaviour::FragmentsTooSmall { size, limit });
        }
        let max_fragment = size.min(self.options.max_fragment.max(limit));
        let multiplexed = header.flags().contains(PacketFlags::CONC_MPX);
        self.handle_leg(header, bytes, Negotiated { group, max_fragment, multiplexed })
    }

    fn bound(&mut self, bound: Negotiated) {
        self.events.push_back(ClientEvent::Bound { group: bound.group });
        self.phase = Phase::Bound(bound);
        self.send_waiting();
    }

    fn refused(&mut self, refusal: BindRefusal) {
        self.phase = Phase::Refused;
        self.waiting = VecDeque::new();
        self.events.push_back(ClientEvent::BindRefused(refusal));
    }

    fn handle_response(
        &mut self,
        header: &Header,
        bytes: &[u8],
        response: &Response<'_>,
    ) -> Result<(), PeerMisbehaviour> {
        let (call, flags) = (header.call_id(), header.flags());
        let index = self.find(header)?;
        let part = self.open_fragment(header, bytes, response)?;
        let size = self.held().saturating_add(part.len());
        let limit = self.options.max_stub;
        let Some(outstanding) = self.outstanding.get_mut(index) else {
            return Ok(());
        };
        let context = response.context;
        match (&outstanding.stub, flags.contains(PacketFlags::FIRST_FRAG)) {
            (None, false) => return Err(PeerMisbehaviour::ResultWithoutFirst { call }),
            (Some(_), true) => {
                return Err(PeerMisbehaviour::FirstFragmentRepeated { call, context });
            }
            (None, true) | (Some(_), false) => {}
        }
        if limit < size {
            return Err(PeerMisbehaviour::StubTooLarge { size, limit, context });
        }
        let stub = outstanding.stub.get_or_insert_default();
        stub.extend_from_slice(&part);
        if flags.contains(PacketFlags::LAST_FRAG) {
            let stub = std::mem::take(stub);
            self.outstanding.remove(index);
            self.events.push_back(ClientEvent::Response { call, stub });
            self.send_waiting();
        }
        Ok(())
    }

    fn handle_fault(&mut self, header: &Header, fault: Fault) -> Result<(), PeerMisbehaviour> {
        let index = self.find(header)?;
        self.outstanding.remove(index);
        let (call, status) = (header.call_id(), fault.status);
        self.events.push_back(ClientEvent::Fault { call, status });
        self.send_waiting();
        Ok(())
    }

    /// The outstanding call that a PDU answers.
    fn find(&self, header: &Header) -> Result<usize, PeerMisbehaviour> {
        let call = header.call_id();
        self.outstanding.iter().position(|outstanding| outstanding.id == call).ok_or_else(|| {
            PeerMisbehaviour::AnswerToNoCall { packet_type: header.packet_type(), call }
        })
    }

    /// Bytes of results that are incomplete.
    fn held(&self) -> usize {
        let stubs = self.outstanding.iter().filter_map(|call| call.stub.as_ref());
        stubs.map(Vec::len).fold(0, usize::saturating_add)
    }
}
