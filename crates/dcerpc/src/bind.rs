//! The PDUs that open and widen an association: bind and alter_context, their answers, and bind_nak
//! (C706 12.6.4.1 to 12.6.4.5).

use std::fmt;

use crate::call::CallId;
use crate::error::PeerMisbehaviour;
use crate::header::{
    Authentication, Header, Heading, PacketFlags, PacketType, PduTooLong, append_authenticated_pdu,
    append_pdu,
};
use crate::reader::{PduError, Reader};
use crate::syntax::{BindTimeFeatures, SyntaxId};

/// Which of a connection's negotiated interfaces a request is for; the client picks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PresentationContextId(pub u16);

/// The association group that a connection belongs to: the connections that share context handles. Never 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AssociationGroupId(pub u32);

impl fmt::Display for AssociationGroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "association group 0x{:08x}", self.0)
    }
}

/// The body of a bind or alter_context PDU.
///
/// | offset | size | field |
/// |---|---|---|
/// | 16 | 2 | `max_xmit_frag`, bytes |
/// | 18 | 2 | `max_recv_frag`, bytes |
/// | 20 | 4 | `assoc_group_id`, 0 for a new one |
/// | 24 | 1 | `n_context_elem` |
/// | 25 | 3 | padding |
/// | 28 | | context elements |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bind {
    /// The largest fragment that the client wants to send, bytes.
    pub max_xmit_frag: u16,
    /// The largest fragment that the client can receive, bytes.
    pub max_recv_frag: u16,
    /// The group to join; `None` asks for a new one.
    pub group: Option<AssociationGroupId>,
    /// What is offered; at most 255.
    pub contexts: Vec<ContextElement>,
}

/// One offer: an interface under an id, with the ways in which the client can encode it.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 2 | `p_cont_id` |
/// | 2 | 1 | `n_transfer_syn` |
/// | 3 | 1 | padding |
/// | 4 | 20 | abstract syntax |
/// | 24 | 20 each | transfer syntaxes |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextElement {
    /// The id that requests will carry.
    pub id: PresentationContextId,
    /// The interface.
    pub abstract_syntax: SyntaxId,
    /// The encodings, most wanted first; at most 255.
    pub transfer_syntaxes: Vec<SyntaxId>,
}

impl ContextElement {
    /// The features offered, where this element negotiates features: its first transfer syntax says so.
    #[must_use]
    pub fn bind_time_features(&self) -> Option<BindTimeFeatures> {
        self.transfer_syntaxes.first().and_then(SyntaxId::as_bind_time_features)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, PduError> {
        reader.enter("p_cont_elem");
        let id = PresentationContextId(reader.u16("p_cont_id")?);
        let count = reader.u8("n_transfer_syn")?;
        reader.skip("reserved", 1)?;
        let abstract_syntax = SyntaxId::read(reader, "abstract_syntax")?;
        let transfer_syntaxes = (0..count)
            .map(|_| SyntaxId::read(reader, "transfer_syntaxes"))
            .collect::<Result<_, _>>()?;
        Ok(Self { id, abstract_syntax, transfer_syntaxes })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.id.0.to_le_bytes());
        out.extend_from_slice(&[count(&self.transfer_syntaxes), 0]);
        self.abstract_syntax.write(out);
        for syntax in &self.transfer_syntaxes {
            syntax.write(out);
        }
    }
}

impl Bind {
    /// The whole PDU, a bind or an alter_context.
    ///
    /// # Errors
    /// There are more than 255 elements or syntaxes in one, or they do not fit a fragment.
    pub fn encode(
        &self,
        packet_type: PacketType,
        call: CallId,
        flags: PacketFlags,
    ) -> Result<Vec<u8>, PduTooLong> {
        let mut out = Vec::new();
        let heading = Heading { packet_type, flags, call_id: call };
        self.append(&mut out, heading)?;
        Ok(out)
    }

    pub(crate) fn append(&self, out: &mut Vec<u8>, heading: Heading) -> Result<(), PduTooLong> {
        self.check()?;
        append_pdu(out, heading, |out| self.write(out))
    }

    pub(crate) fn append_authenticated(
        &self,
        out: &mut Vec<u8>,
        heading: Heading,
        authentication: &Authentication<'_>,
    ) -> Result<(), PduTooLong> {
        self.check()?;
        append_authenticated_pdu(out, heading, authentication, |out| self.write(out))
    }

    /// Whether its elements and their syntaxes can be counted.
    fn check(&self) -> Result<(), PduTooLong> {
        let longest = self.contexts.iter().map(|c| c.transfer_syntaxes.len());
        let longest = longest.chain([self.contexts.len()]).max().unwrap_or(0);
        if 255 < longest { Err(PduTooLong::new(longest)) } else { Ok(()) }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.max_xmit_frag.to_le_bytes());
        out.extend_from_slice(&self.max_recv_frag.to_le_bytes());
        let group = self.group.map_or(0, |group| group.0);
        out.extend_from_slice(&group.to_le_bytes());
        out.extend_from_slice(&[count(&self.contexts), 0, 0, 0]);
        for element in &self.contexts {
            element.write(out);
        }
    }

    /// Reads the body of a PDU that is known to be a bind.
    pub(crate) fn decode(header: &Header, bytes: &[u8]) -> Result<Self, PeerMisbehaviour> {
        let body = header.body(bytes)?;
        Ok(Self::read(&mut Reader::new("bind", body, Header::SIZE))?)
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, PduError> {
        let max_xmit_frag = reader.u16("max_xmit_frag")?;
        let max_recv_frag = reader.u16("max_recv_frag")?;
        let group = reader.u32("assoc_group_id")?;
        let count = reader.u8("n_context_elem")?;
        if 0 < count {
            // Padding to the first element: Samba sends none where none follows.
            reader.skip("reserved", 3)?;
        }
        let contexts =
            (0..count).map(|_| ContextElement::read(reader)).collect::<Result<_, _>>()?;
        Ok(Self {
            max_xmit_frag,
            max_recv_frag,
            group: (group != 0).then_some(AssociationGroupId(group)),
            contexts,
        })
    }
}

/// The body of a bind_ack or alter_context_resp PDU.
///
/// | offset | size | field |
/// |---|---|---|
/// | 16 | 2 | `max_xmit_frag`, bytes |
/// | 18 | 2 | `max_recv_frag`, bytes |
/// | 20 | 4 | `assoc_group_id` |
/// | 24 | 2 | `sec_addr` length, its NUL included, or 0 |
/// | 26 | | `sec_addr`, ASCII, NUL-terminated; then padding to 4 |
/// | | 1 | `n_results`, then 3 of padding |
/// | | 24 each | results |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindAck {
    /// The largest fragment that the server will send, bytes.
    pub max_xmit_frag: u16,
    /// The largest fragment that the server wants, bytes.
    pub max_recv_frag: u16,
    /// The group that the connection is now in.
    pub group: AssociationGroupId,
    /// The bound port as text; empty on an alter_context_resp.
    pub secondary_address: String,
    /// One for each element that was offered, in the same order.
    pub results: Vec<ContextResult>,
}

impl BindAck {
    /// Where `assoc_group_id` is in the PDU.
    pub(crate) const GROUP_OFFSET: usize = 20;

    /// The whole PDU, a bind_ack or an alter_context_resp.
    ///
    /// # Errors
    /// There are more than 255 results, or they and the address do not fit a fragment.
    pub fn encode(
        &self,
        packet_type: PacketType,
        call: CallId,
        flags: PacketFlags,
    ) -> Result<Vec<u8>, PduTooLong> {
        let mut out = Vec::new();
        let heading = Heading { packet_type, flags, call_id: call };
        self.append(&mut out, heading)?;
        Ok(out)
    }

    pub(crate) fn append(&self, out: &mut Vec<u8>, heading: Heading) -> Result<(), PduTooLong> {
        let address_size = self.check()?;
        append_pdu(out, heading, |out| self.write(out, address_size))
    }

    pub(crate) fn append_authenticated(
        &self,
        out: &mut Vec<u8>,
        heading: Heading,
        authentication: &Authentication<'_>,
    ) -> Result<(), PduTooLong> {
        let address_size = self.check()?;
        append_authenticated_pdu(out, heading, authentication, |out| self.write(out, address_size))
    }

    /// Bytes of the address with its NUL, where it and the results can be counted.
    fn check(&self) -> Result<u16, PduTooLong> {
        let terminated = match self.secondary_address.len() {
            0 => 0,
            length => length.saturating_add(1),
        };
        if 255 < self.results.len() {
            return Err(PduTooLong::new(self.results.len()));
        }
        u16::try_from(terminated).map_err(|_| PduTooLong::new(terminated))
    }

    fn write(&self, out: &mut Vec<u8>, address_size: u16) {
        out.extend_from_slice(&self.max_xmit_frag.to_le_bytes());
        out.extend_from_slice(&self.max_recv_frag.to_le_bytes());
        out.extend_from_slice(&self.group.0.to_le_bytes());
        out.extend_from_slice(&address_size.to_le_bytes());
        out.extend_from_slice(self.secondary_address.as_bytes());
        // The address starts two bytes past a multiple of four.
        let padded = usize::from(address_size).saturating_add(2).next_multiple_of(4);
        let zeros = padded.saturating_sub(2).saturating_sub(self.secondary_address.len());
        out.extend(std::iter::repeat_n(0, zeros));
        out.extend_from_slice(&[count(&self.results), 0, 0, 0]);
        for result in &self.results {
            result.write(out);
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, PduError> {
        let max_xmit_frag = reader.u16("max_xmit_frag")?;
        let max_recv_frag = reader.u16("max_recv_frag")?;
        let group = AssociationGroupId(reader.u32("assoc_group_id")?);
        let size = reader.u16("sec_addr.length")?;
        let address = reader.take("sec_addr.port_spec", size.into())?;
        reader.align4("pad2")?;
        let count = reader.u8("n_results")?;
        reader.skip("reserved", 3)?;
        let results = (0..count).map(|_| ContextResult::read(reader)).collect::<Result<_, _>>()?;
        let text = address.split(|&byte| byte == 0).next().unwrap_or_default();
        Ok(Self {
            max_xmit_frag,
            max_recv_frag,
            group,
            secondary_address: String::from_utf8_lossy(text).into_owned(),
            results,
        })
    }
}

/// How an offer ended, and why.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 2 | `result` |
/// | 2 | 2 | `reason`, or the accepted feature bits |
/// | 4 | 20 | the transfer syntax accepted, else zero |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContextResult {
    /// How it ended.
    pub result: ContextResultCode,
    /// Why it was rejected, or which features were accepted.
    pub reason: ContextReason,
    /// What was accepted; [`SyntaxId::NIL`] otherwise.
    pub transfer_syntax: SyntaxId,
}

impl ContextResult {
    pub(crate) const ACCEPTED: Self = Self {
        result: ContextResultCode::ACCEPTANCE,
        reason: ContextReason::NOT_SPECIFIED,
        transfer_syntax: SyntaxId::NDR20,
    };

    pub(crate) fn rejected(reason: ContextReason) -> Self {
        Self {
            result: ContextResultCode::PROVIDER_REJECTION,
            reason,
            transfer_syntax: SyntaxId::NIL,
        }
    }

    /// Accepts those of the offered features that exist.
    pub(crate) fn negotiated(offered: BindTimeFeatures) -> Self {
        let bits = (offered & BindTimeFeatures::all()).bits();
        Self {
            result: ContextResultCode::NEGOTIATE_ACK,
            reason: ContextReason(u16::try_from(bits).unwrap_or(0)),
            transfer_syntax: SyntaxId::NIL,
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, PduError> {
        reader.enter("p_result");
        Ok(Self {
            result: ContextResultCode(reader.u16("result")?),
            reason: ContextReason(reader.u16("reason")?),
            transfer_syntax: SyntaxId::read(reader, "transfer_syntax")?,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.result.0.to_le_bytes());
        out.extend_from_slice(&self.reason.0.to_le_bytes());
        self.transfer_syntax.write(out);
    }
}

/// How an offered presentation context ended. Unknown values survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContextResultCode(pub u16);

impl ContextResultCode {
    /// The context can be used.
    pub const ACCEPTANCE: Self = Self(0);
    /// The server's application refuses it.
    pub const USER_REJECTION: Self = Self(1);
    /// The server's run time refuses it.
    pub const PROVIDER_REJECTION: Self = Self(2);
    /// Features were negotiated (MS-RPCE 2.2.2.4); there is no context.
    pub const NEGOTIATE_ACK: Self = Self(3);
}

/// Why an offered presentation context was rejected. Unknown values survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContextReason(pub u16);

impl ContextReason {
    /// No reason.
    pub const NOT_SPECIFIED: Self = Self(0);
    /// The server does not have the interface.
    pub const ABSTRACT_SYNTAX_NOT_SUPPORTED: Self = Self(1);
    /// The server knows none of the encodings, or has accepted another context of the same offer.
    pub const TRANSFER_SYNTAXES_NOT_SUPPORTED: Self = Self(2);
    /// The connection has as many contexts as it may.
    pub const LOCAL_LIMIT_EXCEEDED: Self = Self(3);
}

/// Why a bind was refused as a whole (C706 12.6.4.5, MS-RPCE 2.2.2.5). Unknown values survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BindNakReason(pub u16);

impl BindNakReason {
    /// No reason.
    pub const NOT_SPECIFIED: Self = Self(0);
    /// Try again later.
    pub const TEMPORARY_CONGESTION: Self = Self(1);
    /// A limit of the server.
    pub const LOCAL_LIMIT_EXCEEDED: Self = Self(2);
    /// The protocol version; Windows also says so of a bind that it cannot read.
    pub const PROTOCOL_VERSION_NOT_SUPPORTED: Self = Self(4);
    /// The authentication type.
    pub const AUTHENTICATION_TYPE_NOT_RECOGNIZED: Self = Self(8);
    /// The checksum.
    pub const INVALID_CHECKSUM: Self = Self(9);
}

/// The body of a bind_nak PDU.
///
/// | offset | size | field |
/// |---|---|---|
/// | 16 | 2 | `provider_reject_reason` |
/// | 18 | 1 | number of versions, 1 |
/// | 19 | 2 | the version supported: 5, 0 |
/// | 21 | 3 | padding |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BindNak {
    /// Why.
    pub reason: BindNakReason,
}

impl BindNak {
    /// The whole PDU.
    ///
    /// # Errors
    /// Never in practice: a bind_nak has one size.
    pub fn encode(&self, call: CallId) -> Result<Vec<u8>, PduTooLong> {
        let mut out = Vec::new();
        self.append(&mut out, call)?;
        Ok(out)
    }

    pub(crate) fn append(&self, out: &mut Vec<u8>, call_id: CallId) -> Result<(), PduTooLong> {
        let heading =
            Heading { packet_type: PacketType::BIND_NAK, flags: PacketFlags::WHOLE, call_id };
        append_pdu(out, heading, |out| {
            out.extend_from_slice(&self.reason.0.to_le_bytes());
            out.extend_from_slice(&[1, 5, 0, 0, 0, 0]);
        })
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, PduError> {
        // The versions and the extended error that may follow change nothing for a client.
        let reason = BindNakReason(reader.u16("provider_reject_reason")?);
        Ok(Self { reason })
    }
}

/// The length of a list whose caller has made sure that it fits an octet.
fn count<T>(list: &[T]) -> u8 {
    u8::try_from(list.len()).unwrap_or(u8::MAX)
}
