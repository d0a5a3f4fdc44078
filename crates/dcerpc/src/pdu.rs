//! Any PDU, decoded: what an association works on and what a transcript shows.

use crate::bind::{Bind, BindAck, BindNak};
use crate::call::{Request, Response};
use crate::error::PeerMisbehaviour;
use crate::fault::Fault;
use crate::header::{Header, PacketType};
use crate::reader::{PduError, Reader};

/// The body of a PDU, by its type. An authentication trailer is not part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pdu<'a> {
    /// A fragment of a call.
    Request(Request<'a>),
    /// A fragment of a result.
    Response(Response<'a>),
    /// The failure of a call.
    Fault(Fault),
    /// The offer that opens an association.
    Bind(Bind),
    /// The answer to a bind.
    BindAck(BindAck),
    /// The refusal of a bind.
    BindNak(BindNak),
    /// A further offer.
    AlterContext(Bind),
    /// The answer to a further offer.
    AlterContextResp(BindAck),
    /// The third leg of an authentication; all of it is in its trailer.
    Auth3,
    /// A server's wish that the client closes.
    Shutdown,
    /// The wish to cancel a call.
    CoCancel,
    /// The notice that nobody waits for a call.
    Orphaned,
    /// A type that does not exist over TCP.
    Unknown(PacketType),
}

impl<'a> Pdu<'a> {
    /// Decodes one whole PDU, `bytes`, which may be longer than the PDU says it is.
    ///
    /// # Errors
    /// The header breaks a rule of [`Header::check`], the authentication trailer does not fit, or a field
    /// of the body is missing.
    pub fn decode(bytes: &'a [u8]) -> Result<(Header, Self), PeerMisbehaviour> {
        let available = bytes.len();
        let header = bytes.first_chunk().ok_or(PduError {
            structure: "pdu",
            field: "header",
            offset: 0,
            needed: Header::SIZE,
            available,
        })?;
        let header = Header::decode(header);
        header.check()?;
        Ok((header, Self::decode_body(&header, bytes)?))
    }

    /// Decodes the body of a PDU whose header has been judged.
    pub(crate) fn decode_body(header: &Header, bytes: &'a [u8]) -> Result<Self, PeerMisbehaviour> {
        let body = header.body(bytes)?;
        let read = |structure| Reader::new(structure, body, Header::SIZE);
        Ok(match header.packet_type() {
            PacketType::REQUEST => {
                Self::Request(Request::read(&mut read("request"), header.flags())?)
            }
            PacketType::RESPONSE => Self::Response(Response::read(&mut read("response"))?),
            PacketType::FAULT => Self::Fault(Fault::read(&mut read("fault"))?),
            PacketType::BIND => Self::Bind(Bind::read(&mut read("bind"))?),
            PacketType::BIND_ACK => Self::BindAck(BindAck::read(&mut read("bind_ack"))?),
            PacketType::BIND_NAK => Self::BindNak(BindNak::read(&mut read("bind_nak"))?),
            PacketType::ALTER_CONTEXT => {
                Self::AlterContext(Bind::read(&mut read("alter_context"))?)
            }
            PacketType::ALTER_CONTEXT_RESP => {
                Self::AlterContextResp(BindAck::read(&mut read("alter_context_resp"))?)
            }
            PacketType::AUTH3 => Self::Auth3,
            PacketType::SHUTDOWN => Self::Shutdown,
            PacketType::CO_CANCEL => Self::CoCancel,
            PacketType::ORPHANED => Self::Orphaned,
            other => Self::Unknown(other),
        })
    }
}
