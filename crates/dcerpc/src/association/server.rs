//! What an association does with each PDU of its client.

use crate::association::authentication::Fragment;
use crate::association::{Association, Call, InFlight, RpcEvent, UnansweredBind};
use crate::bind::{Bind, PresentationContextId};
use crate::call::Request;
use crate::error::{PeerMisbehaviour, ProtocolError};
use crate::fault::{Fault, FaultStatus};
use crate::fragment::{IncompleteCall, negotiated_size};
use crate::header::{Header, PacketFlags, PacketType};
use crate::pdu::Pdu;
use crate::security::Relied;
use crate::stream::Frame;
use crate::syntax::SyntaxId;
use crate::trailer::AuthVerifier;

impl Association {
    pub(super) fn handle_frame(&mut self, frame: &Frame<'_>) -> Result<(), ProtocolError> {
        let header = &frame.header;
        let packet_type = header.packet_type();
        self.counts.received = self.counts.received.wrapping_add(1);
        self.received_at = frame.offset;
        let handled = match (self.bound, packet_type == PacketType::BIND) {
            (false, true) => self.handle_bind(header, &frame.bytes),
            (false, false) => Err(PeerMisbehaviour::FirstPduNotBind { packet_type }),
            (true, true) => Err(PeerMisbehaviour::SecondBind),
            (true, false) => self.handle_bound(header, &frame.bytes),
        };
        handled.map_err(|misbehaviour| self.refuse(header, misbehaviour, frame.offset))
    }

    fn handle_bind(&mut self, header: &Header, bytes: &[u8]) -> Result<(), PeerMisbehaviour> {
        let bind = Bind::decode(header, bytes)?;
        let results = self.negotiate_bind(&bind)?;
        let reply = self.open_security(header, bytes)?;
        self.bound = true;
        self.multiplexed = header.flags().contains(PacketFlags::CONC_MPX);
        self.max_fragment = negotiated_size(bind.max_xmit_frag, bind.max_recv_frag);
        // Header signing too, whether or not anything is signed: as Windows.
        let agreed = PacketFlags::CONC_MPX | PacketFlags::SUPPORT_HEADER_SIGN;
        self.unanswered_bind = Some(Box::new(UnansweredBind {
            call: header.call_id(),
            flags: header.flags() & agreed,
            results,
            reply,
            group_fields: Vec::new(),
        }));
        let group = bind.group;
        self.events.push_back(RpcEvent::Bind { group });
        Ok(())
    }

    fn handle_bound(&mut self, header: &Header, bytes: &[u8]) -> Result<(), PeerMisbehaviour> {
        match Pdu::decode_body(header, bytes)? {
            Pdu::Request(request) => self.handle_request(&Fragment::new(header, bytes, request)?),
            Pdu::AlterContext(alter) => self.handle_alter(header, bytes, &alter),
            Pdu::Auth3 => self.handle_auth3(header, bytes),
            // Windows ignores both, wherever they come.
            Pdu::CoCancel | Pdu::Orphaned => Ok(()),
            Pdu::Bind(_)
            | Pdu::BindAck(_)
            | Pdu::BindNak(_)
            | Pdu::AlterContextResp(_)
            | Pdu::Response(_)
            | Pdu::Fault(_)
            | Pdu::Shutdown
            | Pdu::Unknown(_) => {
                Err(PeerMisbehaviour::UnexpectedPacket { packet_type: header.packet_type() })
            }
        }
    }

    fn handle_alter(
        &mut self,
        header: &Header,
        bytes: &[u8],
        alter: &Bind,
    ) -> Result<(), PeerMisbehaviour> {
        let verifier = AuthVerifier::read(header, bytes)?;
        if let Some(verifier) = &verifier {
            self.check_altering(verifier)?;
        }
        let results = self.negotiate_alter(alter)?;
        let reply = verifier.map(|verifier| self.alter_security(&verifier)).transpose()?;
        self.send_alter_context_resp(header, results, reply.as_ref());
        Ok(())
    }

    fn handle_request(&mut self, fragment: &Fragment<'_>) -> Result<(), PeerMisbehaviour> {
        if fragment.header.flags().contains(PacketFlags::FIRST_FRAG) {
            self.handle_first_fragment(fragment)
        } else {
            self.handle_later_fragment(fragment)
        }
    }

    fn handle_first_fragment(&mut self, fragment: &Fragment<'_>) -> Result<(), PeerMisbehaviour> {
        let Fragment { header, request, .. } = fragment;
        let (id, context) = (header.call_id(), request.context);
        self.reassembly.forget_refused(id, self.multiplexed);
        self.check_call_may_start(fragment)?;
        if header.flags().contains(PacketFlags::PENDING_CANCEL) {
            return Err(PeerMisbehaviour::CancelOnFirstFragment { call: id });
        }
        if self.in_flight.iter().any(|call| call.id == id) {
            return Err(PeerMisbehaviour::CallIdInUse { call: id, context });
        }
        let Some(known) = self.presentation_context(context) else {
            self.refuse_unknown_context(header);
            return Ok(());
        };
        let interface = known.interface;
        let relied = self.security.relied_on(fragment.verifier.as_ref(), context)?;
        let stub = self.open_fragment(fragment, relied.protection, context)?;
        self.start_call(fragment, &stub, (interface, relied))
    }

    /// Whether the calls that are incomplete leave room for another.
    fn check_call_may_start(&mut self, fragment: &Fragment<'_>) -> Result<(), PeerMisbehaviour> {
        let (started, context) = (fragment.header.call_id(), fragment.request.context);
        if let Some(same) = self.reassembly.find(started) {
            let (call, context, protection) = (same.id, same.context, same.protection);
            if protection.is_some() && fragment.verifier.is_some() {
                self.open_fragment(fragment, protection, context)?;
            }
            return Err(PeerMisbehaviour::FirstFragmentRepeated { call, context });
        }
        let Some(oldest) = self.reassembly.oldest() else {
            return Ok(());
        };
        if !self.multiplexed {
            return Err(PeerMisbehaviour::CallWhileIncomplete {
                incomplete: oldest.id,
                context: oldest.context,
                started,
            });
        }
        // Alone, such a call is refused and the connection stays; Windows closes it here.
        if self.presentation_context(context).is_none() {
            return Err(PeerMisbehaviour::UnknownContextWhileIncomplete { started, context });
        }
        if oldest.protection.is_some() && fragment.verifier.is_none() {
            return Err(PeerMisbehaviour::UnsignedWhileIncomplete { started });
        }
        let limit = self.config.max_incomplete_calls;
        if limit <= self.reassembly.len() {
            return Err(PeerMisbehaviour::TooManyIncompleteCalls { limit });
        }
        Ok(())
    }

    fn refuse_unknown_context(&mut self, header: &Header) {
        let status = FaultStatus::UNK_IF;
        let context = PresentationContextId(0);
        let id = header.call_id();
        if !header.flags().contains(PacketFlags::LAST_FRAG) {
            self.reassembly.refuse(id);
        }
        self.send_fault(id, Fault { context, status }, true);
    }

    fn start_call(
        &mut self,
        fragment: &Fragment<'_>,
        stub: &[u8],
        (interface, relied): (SyntaxId, Relied),
    ) -> Result<(), PeerMisbehaviour> {
        let Fragment { header, request, .. } = fragment;
        let whole = header.flags().contains(PacketFlags::LAST_FRAG);
        if !whole {
            self.check_alloc_hint(request)?;
        }
        self.check_stub_size(stub, request.context)?;
        let call = IncompleteCall {
            id: header.call_id(),
            interface,
            context: request.context,
            opnum: request.opnum,
            object: request.object,
            protection: relied.protection,
            security: relied.security,
            stub: stub.to_vec(),
        };
        if whole {
            self.deliver(call);
        } else {
            self.reassembly.start(call);
        }
        Ok(())
    }

    fn handle_later_fragment(&mut self, fragment: &Fragment<'_>) -> Result<(), PeerMisbehaviour> {
        let header = fragment.header;
        let call = header.call_id();
        let Some(known) = self.reassembly.find(call) else {
            return self.handle_stray_fragment(fragment);
        };
        // Opnum, context and security are the first fragment's, whatever this one says.
        let (context, protection) = (known.context, known.protection);
        if protection.is_none() && !known.is_authenticated() && fragment.verifier.is_some() {
            let packet_type = header.packet_type();
            return Err(PeerMisbehaviour::UnexpectedAuthTrailer { packet_type, context });
        }
        let stub = self.open_fragment(fragment, protection, context)?;
        self.check_stub_size(&stub, context)?;
        self.reassembly.extend(call, &stub);
        if header.flags().contains(PacketFlags::LAST_FRAG)
            && let Some(whole) = self.reassembly.finish(call)
        {
            self.deliver(whole);
        }
        Ok(())
    }

    /// A later fragment of a call that is not incomplete.
    fn handle_stray_fragment(&mut self, fragment: &Fragment<'_>) -> Result<(), PeerMisbehaviour> {
        let Fragment { header, request, .. } = fragment;
        let (call, context) = (header.call_id(), request.context);
        if self.reassembly.is_refused(call, header.flags()) {
            return Ok(());
        }
        match self.reassembly.oldest() {
            Some(oldest) if !self.multiplexed => Err(PeerMisbehaviour::FragmentOfAnotherCall {
                call,
                incomplete: oldest.id,
                context: oldest.context,
            }),
            // Windows takes it for the start of a call, and only then misses the flag.
            None if self.multiplexed => {
                if self.presentation_context(context).is_none() {
                    self.refuse_unknown_context(header);
                    return Ok(());
                }
                let relied = self.security.relied_on(fragment.verifier.as_ref(), context)?;
                self.open_fragment(fragment, relied.protection, context)?;
                Err(PeerMisbehaviour::CallWithoutFirst { call, context })
            }
            Some(_) | None => Err(PeerMisbehaviour::FragmentOfNoCall { call }),
        }
    }

    /// The hint is judged where more fragments follow: of a whole call clients announce any nonsense.
    fn check_alloc_hint(&self, request: &Request<'_>) -> Result<(), PeerMisbehaviour> {
        let limit = self.config.max_stub;
        let alloc_hint = request.alloc_hint;
        let within = usize::try_from(alloc_hint).is_ok_and(|hint| hint <= limit);
        let context = request.context;
        within.then_some(()).ok_or(PeerMisbehaviour::AllocHintTooLarge {
            alloc_hint,
            limit,
            context,
        })
    }

    /// Whether the stubs of incomplete calls and this part of one stay within the limit.
    fn check_stub_size(
        &self,
        stub: &[u8],
        context: PresentationContextId,
    ) -> Result<(), PeerMisbehaviour> {
        let limit = self.config.max_stub;
        let size = self.reassembly.held().saturating_add(stub.len());
        (size <= limit).then_some(()).ok_or(PeerMisbehaviour::StubTooLarge { size, limit, context })
    }

    fn deliver(&mut self, call: IncompleteCall) {
        let IncompleteCall { id, context, protection, .. } = call;
        if self.config.max_pending_calls <= self.in_flight.len() {
            let status = FaultStatus::SERVER_TOO_BUSY;
            self.send_fault(id, Fault { context, status }, status.did_not_execute());
            return;
        }
        self.counts.calls = self.counts.calls.wrapping_add(1);
        self.in_flight.push(InFlight { id, context, protection });
        self.events.push_back(RpcEvent::Call(Call {
            id,
            interface: call.interface,
            presentation_context: context,
            opnum: call.opnum,
            object: call.object,
            security: call.security,
            stub: call.stub,
        }));
    }
}
