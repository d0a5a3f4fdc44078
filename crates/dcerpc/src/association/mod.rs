//! The server's end of one connection (C706 12.6, MS-RPCE 3.3): bytes in, events out, bytes out. No socket,
//! no clock; table 1.3 of the wire notes is in `server` (what is done) and `farewell` (how it is refused).

mod authentication;
mod farewell;
mod negotiation;
mod server;

use std::collections::VecDeque;
use std::sync::Arc;

use uuid::Uuid;

use crate::bind::{
    AssociationGroupId, BindAck, BindNak, BindNakReason, ContextResult, PresentationContextId,
};
use crate::call::{CallId, Opnum, Response};
use crate::error::{ProtocolError, UnknownCall};
use crate::fault::{Fault, FaultStatus};
use crate::fragment::{Reassembly, pieces};
use crate::header::{Authentication, Header, Heading, PacketFlags, PacketType, PduTooLong};
use crate::protection::{self, SIGNED, UNSIGNED};
use crate::security::{CallSecurity, ChallengeKey, Reply, SecurityContexts, SecurityOptions};
use crate::stream::Framer;
use crate::syntax::SyntaxId;
use crate::trailer::{AuthContextId, AuthLevel, AuthTrailer};

/// What an association offers and how much it takes. One may be shared by all associations of a port.
#[derive(Debug, Clone)]
pub struct AssociationConfig {
    /// The interfaces that can be bound.
    pub interfaces: Vec<SyntaxId>,
    /// The bound port as text; a bind_ack repeats it.
    pub secondary_address: String,
    /// The most bytes of stub that are kept of incomplete calls, and that one call can have.
    pub max_stub: usize,
    /// The most calls of a multiplexed connection that may be incomplete at once.
    pub max_incomplete_calls: usize,
    /// The most complete calls that may wait for their answer; a further one is told to come back later.
    pub max_pending_calls: usize,
    /// The most presentation contexts that a connection can have.
    pub max_presentation_contexts: usize,
    /// How clients are authenticated; without it, and without an [`Association::authenticating`], none can be.
    pub security: Option<SecurityOptions>,
}

impl Default for AssociationConfig {
    fn default() -> Self {
        Self {
            interfaces: Vec::new(),
            secondary_address: String::new(),
            max_stub: 4 << 20,
            max_incomplete_calls: 16,
            max_pending_calls: 64,
            max_presentation_contexts: 64,
            security: None,
        }
    }
}

/// What an association tells its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RpcEvent {
    /// The first bind arrived. Nothing is sent before [`Association::accept_group`] or
    /// [`Association::reject_group`] answers.
    Bind {
        /// The group to join; `None` asks for a new one.
        group: Option<AssociationGroupId>,
    },
    /// A call is complete and wants [`Association::respond`] or [`Association::fault`].
    Call(Call),
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its identity on this connection until it is answered.
    pub id: CallId,
    /// The interface called, as the server's configuration names it.
    pub interface: SyntaxId,
    /// The presentation context it came through.
    pub presentation_context: PresentationContextId,
    /// The operation; whether the interface has it is for the owner to say.
    pub opnum: Opnum,
    /// The object that the call is about; `None` if the request names none.
    pub object: Option<Uuid>,
    /// Who calls, and how that is known.
    pub security: CallSecurity,
    /// The arguments, NDR 2.0, with whatever the client appended.
    pub stub: Vec<u8>,
}

/// Which way bytes went, as the server sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    /// From the client.
    Received,
    /// To the client.
    Sent,
}

/// The stub of a fragment that was sealed on the wire, in clear and without padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Which way it went.
    pub direction: Direction,
    /// Where its PDU starts in the stream of that direction, bytes.
    pub offset: u64,
    /// The stub.
    pub stub: Vec<u8>,
}

/// What an association has carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PacketCounts {
    /// Calls that were complete.
    pub calls: u32,
    /// PDUs that came.
    pub received: u32,
    /// PDUs that were made for the client.
    pub sent: u32,
}

/// The server's end of one connection. Between calls it holds no buffer.
#[derive(Debug, Clone)]
pub struct Association {
    config: Arc<AssociationConfig>,
    framer: Framer,
    reassembly: Reassembly,
    contexts: Vec<PresentationContext>,
    in_flight: Vec<InFlight>,
    events: VecDeque<RpcEvent>,
    transmit: Vec<u8>,
    /// INVARIANT: while this is `Some`, nothing is transmitted: the bind_ack goes first.
    unanswered_bind: Option<Box<UnansweredBind>>,
    group: Option<AssociationGroupId>,
    counts: PacketCounts,
    security: SecurityContexts,
    challenges: Option<ChallengeKey>,
    /// What seals hid, for a transcript; `None` keeps nothing.
    opened: Option<Vec<Opened>>,
    /// Where the PDU that is being handled starts in the client's stream.
    received_at: u64,
    /// Bytes that were polled of the server's stream.
    transmitted: u64,
    max_fragment: u16,
    bound: bool,
    multiplexed: bool,
    closing: bool,
}

/// A presentation context that was accepted; its transfer syntax is NDR 2.0.
#[derive(Debug, Clone, Copy)]
struct PresentationContext {
    id: PresentationContextId,
    interface: SyntaxId,
}

/// A call that was delivered and not answered.
#[derive(Debug, Clone, Copy)]
struct InFlight {
    id: CallId,
    context: PresentationContextId,
    /// The security context that its answer is signed in.
    protection: Option<AuthContextId>,
}

/// What the bind_ack will say, until the owner names the group.
#[derive(Debug, Clone)]
struct UnansweredBind {
    call: CallId,
    /// What the answer's flags are beside those of a whole PDU.
    flags: PacketFlags,
    results: Vec<ContextResult>,
    reply: Option<Reply>,
    /// Where in `transmit` answers wait for the group's id.
    group_fields: Vec<usize>,
}

impl Association {
    /// An association on a connection that was just accepted.
    pub fn new(config: impl Into<Arc<AssociationConfig>>) -> Self {
        Self {
            config: config.into(),
            framer: Framer::default(),
            reassembly: Reassembly::default(),
            contexts: Vec::new(),
            in_flight: Vec::new(),
            events: VecDeque::new(),
            transmit: Vec::new(),
            unanswered_bind: None,
            group: None,
            counts: PacketCounts::default(),
            security: SecurityContexts::default(),
            challenges: None,
            opened: None,
            received_at: 0,
            transmitted: 0,
            max_fragment: 0,
            bound: false,
            multiplexed: false,
            closing: false,
        }
    }

    /// The same, whose client can authenticate itself as the configuration says. `challenges` must be new and secret.
    #[must_use]
    pub fn authenticating(self, challenges: ChallengeKey) -> Self {
        Self { challenges: Some(challenges), ..self }
    }

    /// The same, which keeps what seals hide for [`Association::take_opened`].
    #[must_use]
    pub fn recording(self) -> Self {
        Self { opened: Some(Vec::new()), ..self }
    }

    /// What was sealed in the PDUs of either direction since this was last asked, in clear.
    pub fn take_opened(&mut self) -> Vec<Opened> {
        self.opened.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Takes bytes from the client. Any split of a stream gives the same events.
    ///
    /// # Errors
    /// The client broke the protocol. The association is closing; events that came before stay to be
    /// polled, and the bind_nak or fault that tells the client, if one does, is to be transmitted.
    pub fn handle_bytes(&mut self, mut bytes: &[u8]) -> Result<(), ProtocolError> {
        while !self.closing {
            match self.framer.next(&mut bytes) {
                Ok(Some(frame)) => self.handle_frame(&frame)?,
                Ok(None) => break,
                Err(bad) => return Err(self.refuse(&bad.header, bad.misbehaviour, bad.offset)),
            }
        }
        Ok(())
    }

    /// The next event, in the order of the client's bytes.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<RpcEvent> {
        let event = self.events.pop_front();
        if self.events.is_empty() {
            self.events = VecDeque::new();
        }
        event
    }

    /// Answers [`RpcEvent::Bind`]: the connection is in `group`, whose id is not 0. Without an unanswered
    /// bind nothing happens.
    pub fn accept_group(&mut self, group: AssociationGroupId) {
        let Some(bind) = self.unanswered_bind.take() else {
            return;
        };
        self.group = Some(group);
        for field in &bind.group_fields {
            let field = self.transmit.get_mut(*field..).unwrap_or_default();
            for (byte, id) in field.iter_mut().zip(group.0.to_le_bytes()) {
                *byte = id;
            }
        }
        let behind = std::mem::take(&mut self.transmit);
        self.send_bind_ack(*bind, group);
        self.transmit.extend(behind);
    }

    /// Answers [`RpcEvent::Bind`]: no such group. The client gets a bind_nak and the association closes.
    pub fn reject_group(&mut self) {
        let Some(bind) = self.unanswered_bind.take() else {
            return;
        };
        self.transmit = Vec::new();
        self.events = VecDeque::new();
        self.in_flight = Vec::new();
        self.send_bind_nak(bind.call, BindNakReason::NOT_SPECIFIED);
        self.close();
    }

    /// Answers a call with its results. On a closing association the answer is dropped.
    ///
    /// # Errors
    /// The call was never delivered, or it was answered.
    pub fn respond(&mut self, call: CallId, stub: &[u8]) -> Result<(), UnknownCall> {
        let InFlight { id, context, protection } = self.land(call)?;
        if self.closing {
            return Ok(());
        }
        // Windows echoes the low octet of the context, in a response though not in a fault.
        let context = PresentationContextId(context.0 & 0xff);
        let protection = protection.and_then(|id| Some((id, self.security.trailer(id)?)));
        let overhead = if protection.is_some() { SIGNED } else { UNSIGNED };
        for piece in pieces(stub, self.max_fragment, overhead) {
            let response = Response { alloc_hint: piece.alloc_hint, context, stub: piece.stub };
            match protection {
                None => {
                    let appended = response.append(&mut self.transmit, id, piece.flags);
                    self.note_sent(appended);
                }
                Some(protection) => self.send_protected(&response, (id, piece.flags), protection),
            }
        }
        Ok(())
    }

    /// Sends a fragment of a response, signed.
    fn send_protected(
        &mut self,
        response: &Response<'_>,
        (call, flags): (CallId, PacketFlags),
        (protection, trailer): (AuthContextId, AuthTrailer),
    ) {
        let start = self.transmit.len();
        if let Some(opened) = &mut self.opened
            && trailer.auth_level == AuthLevel::PACKET_PRIVACY
        {
            let offset = u64::try_from(start).unwrap_or(u64::MAX).saturating_add(self.transmitted);
            let stub = response.stub.to_vec();
            opened.push(Opened { direction: Direction::Sent, offset, stub });
        }
        let room = protection::room(trailer);
        let appended = response.append_authenticated(&mut self.transmit, (call, flags), &room);
        self.note_sent(appended);
        let pdu = self.transmit.get_mut(start..).unwrap_or_default();
        self.security.protect(protection, pdu);
    }

    /// Answers a call with a fault, which says whether the call was run as
    /// [`FaultStatus::did_not_execute`] knows it. On a closing association the answer is dropped.
    ///
    /// # Errors
    /// The call was never delivered, or it was answered.
    pub fn fault(&mut self, call: CallId, status: FaultStatus) -> Result<(), UnknownCall> {
        let InFlight { id, context, protection: _ } = self.land(call)?;
        if !self.closing {
            self.send_fault(id, Fault { context, status }, status.did_not_execute());
        }
        Ok(())
    }

    /// Reads nothing more. What was queued for the client stays to be transmitted.
    pub fn close(&mut self) {
        self.closing = true;
        self.framer.clear();
        self.reassembly.clear();
    }

    /// Whether nothing more is read: transmit what is left, then close the transport.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.closing
    }

    /// Whether a complete call was delivered that can still be answered and was not.
    #[must_use]
    pub fn has_call_in_flight(&self) -> bool {
        !self.closing && !self.in_flight.is_empty()
    }

    /// The group that the connection is in; `None` before [`Association::accept_group`].
    #[must_use]
    pub fn group(&self) -> Option<AssociationGroupId> {
        self.group
    }

    /// The interfaces that can be bound.
    #[must_use]
    pub fn interfaces(&self) -> &[SyntaxId] {
        &self.config.interfaces
    }

    /// What was carried since this was last asked.
    pub fn take_packet_counts(&mut self) -> PacketCounts {
        std::mem::take(&mut self.counts)
    }

    /// Bytes of the client's that are held: the beginning of a PDU and the stubs of incomplete calls.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.framer.held().saturating_add(self.reassembly.held())
    }

    /// Appends to `out` the bytes that are ready for the client; `false` when there are none.
    #[must_use]
    pub fn poll_transmit(&mut self, out: &mut Vec<u8>) -> bool {
        if self.unanswered_bind.is_some() || self.transmit.is_empty() {
            return false;
        }
        let ready = std::mem::take(&mut self.transmit);
        let size = u64::try_from(ready.len()).unwrap_or(u64::MAX);
        self.transmitted = self.transmitted.saturating_add(size);
        if out.is_empty() && out.capacity() < ready.len() {
            *out = ready;
        } else {
            out.extend(ready);
        }
        true
    }

    /// Takes a call out of those in flight.
    fn land(&mut self, call: CallId) -> Result<InFlight, UnknownCall> {
        let index = self.in_flight.iter().position(|known| known.id == call);
        let landed = index.map(|index| self.in_flight.remove(index));
        if self.in_flight.is_empty() {
            self.in_flight = Vec::new();
        }
        landed.ok_or(UnknownCall { call })
    }

    fn send_bind_ack(&mut self, bind: UnansweredBind, group: AssociationGroupId) {
        let ack = BindAck {
            max_xmit_frag: self.max_fragment,
            max_recv_frag: self.max_fragment,
            group,
            secondary_address: self.config.secondary_address.clone(),
            results: bind.results,
        };
        let flags = PacketFlags::WHOLE.union(bind.flags);
        let heading = Heading { packet_type: PacketType::BIND_ACK, flags, call_id: bind.call };
        self.send_ack(&ack, heading, bind.reply.as_ref());
    }

    /// The answer to an alter_context repeats what the bind negotiated. Before the bind is answered the
    /// group is not known, and its field is left to be filled.
    fn send_alter_context_resp(
        &mut self,
        alter: &Header,
        results: Vec<ContextResult>,
        reply: Option<&Reply>,
    ) {
        if let Some(bind) = &mut self.unanswered_bind {
            let start = self.transmit.len();
            bind.group_fields.push(start.saturating_add(BindAck::GROUP_OFFSET));
        }
        let ack = BindAck {
            max_xmit_frag: self.max_fragment,
            max_recv_frag: self.max_fragment,
            group: self.group.unwrap_or(AssociationGroupId(0)),
            secondary_address: String::new(),
            results,
        };
        // Header signing is agreed to, multiplexing not: that is the bind's.
        let agreed = alter.flags() & PacketFlags::SUPPORT_HEADER_SIGN;
        let flags = PacketFlags::WHOLE.union(agreed);
        let packet_type = PacketType::ALTER_CONTEXT_RESP;
        self.send_ack(&ack, Heading { packet_type, flags, call_id: alter.call_id() }, reply);
    }

    fn send_ack(&mut self, ack: &BindAck, heading: Heading, reply: Option<&Reply>) {
        let appended = match reply {
            None => ack.append(&mut self.transmit, heading),
            Some(Reply { trailer, token }) => {
                let (trailer, value) = (*trailer, token.as_slice());
                let reply = Authentication { trailer, value, align: 4, aligned_from: 0 };
                ack.append_authenticated(&mut self.transmit, heading, &reply)
            }
        };
        self.note_sent(appended);
    }

    fn send_bind_nak(&mut self, call: CallId, reason: BindNakReason) {
        let appended = BindNak { reason }.append(&mut self.transmit, call);
        self.note_sent(appended);
    }

    fn send_fault(&mut self, call: CallId, fault: Fault, did_not_execute: bool) {
        let appended = fault.append(&mut self.transmit, call, did_not_execute);
        self.note_sent(appended);
    }

    fn note_sent(&mut self, appended: Result<(), PduTooLong>) {
        self.closing |= appended.is_err();
        self.counts.sent = self.counts.sent.wrapping_add(1);
    }
}
