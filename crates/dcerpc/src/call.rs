//! Calls: their identities, and the request and response PDUs (C706 12.6.4.9, 12.6.4.10).

use std::fmt;

use uuid::Uuid;

use crate::bind::PresentationContextId;
use crate::header::{
    Authentication, Heading, PacketFlags, PacketType, PduTooLong, append_authenticated_pdu,
    append_pdu,
};
use crate::reader::{PduError, Reader};

/// Which call of an association a PDU belongs to; the client picks it and the server echoes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub u32);

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "call {}", self.0)
    }
}

/// Which operation of an interface is called, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Opnum(pub u16);

impl fmt::Display for Opnum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "opnum {}", self.0)
    }
}

/// The body of a request PDU.
///
/// | offset | size | field |
/// |---|---|---|
/// | 16 | 4 | `alloc_hint`: bytes of stub from here on, a hint |
/// | 20 | 2 | `p_cont_id` |
/// | 22 | 2 | `opnum` |
/// | 24 | 16 | object UUID, if the header has `OBJECT_UUID` |
/// | 24 or 40 | to the end | stub |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// How many bytes of stub the sender announces; never trusted for an allocation.
    pub alloc_hint: u32,
    /// Which interface is called.
    pub context: PresentationContextId,
    /// Which of its operations.
    pub opnum: Opnum,
    /// The object that the call is about; `None` without the flag.
    pub object: Option<Uuid>,
    /// This fragment's part of the arguments.
    pub stub: &'a [u8],
}

impl<'a> Request<'a> {
    /// Bytes before the stub, without an object UUID.
    pub const STUB_OFFSET: u16 = 24;

    /// The whole PDU. `flags` need not hold `OBJECT_UUID`.
    ///
    /// # Errors
    /// The stub does not fit a fragment.
    pub fn encode(&self, call: CallId, flags: PacketFlags) -> Result<Vec<u8>, PduTooLong> {
        let mut out = Vec::new();
        self.append(&mut out, call, flags)?;
        Ok(out)
    }

    pub(crate) fn append(
        &self,
        out: &mut Vec<u8>,
        call_id: CallId,
        flags: PacketFlags,
    ) -> Result<(), PduTooLong> {
        append_pdu(out, self.heading(call_id, flags), |out| self.write(out))
    }

    pub(crate) fn append_authenticated(
        &self,
        out: &mut Vec<u8>,
        (call_id, flags): (CallId, PacketFlags),
        authentication: &Authentication<'_>,
    ) -> Result<(), PduTooLong> {
        let heading = self.heading(call_id, flags);
        append_authenticated_pdu(out, heading, authentication, |out| self.write(out))
    }

    fn heading(&self, call_id: CallId, mut flags: PacketFlags) -> Heading {
        flags.set(PacketFlags::OBJECT_UUID, self.object.is_some());
        Heading { packet_type: PacketType::REQUEST, flags, call_id }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.alloc_hint.to_le_bytes());
        out.extend_from_slice(&self.context.0.to_le_bytes());
        out.extend_from_slice(&self.opnum.0.to_le_bytes());
        if let Some(object) = self.object {
            out.extend_from_slice(&object.to_bytes_le());
        }
        out.extend_from_slice(self.stub);
    }

    pub(crate) fn read(reader: &mut Reader<'a>, flags: PacketFlags) -> Result<Self, PduError> {
        let alloc_hint = reader.u32("alloc_hint")?;
        let context = PresentationContextId(reader.u16("p_cont_id")?);
        let opnum = Opnum(reader.u16("opnum")?);
        let object =
            flags.contains(PacketFlags::OBJECT_UUID).then(|| reader.uuid("object")).transpose()?;
        let stub = reader.left();
        Ok(Self { alloc_hint, context, opnum, object, stub })
    }
}

/// The body of a response PDU.
///
/// | offset | size | field |
/// |---|---|---|
/// | 16 | 4 | `alloc_hint`: bytes of stub from here on |
/// | 20 | 2 | `p_cont_id` |
/// | 22 | 1 | `cancel_count`, 0 |
/// | 23 | 1 | reserved |
/// | 24 | to the end | stub |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Response<'a> {
    /// How many bytes of stub this fragment and the later ones hold.
    pub alloc_hint: u32,
    /// The request's presentation context; Windows echoes its low octet only.
    pub context: PresentationContextId,
    /// This fragment's part of the results.
    pub stub: &'a [u8],
}

impl<'a> Response<'a> {
    /// Bytes before the stub.
    pub const STUB_OFFSET: u16 = 24;

    /// The whole PDU.
    ///
    /// # Errors
    /// The stub does not fit a fragment.
    pub fn encode(&self, call: CallId, flags: PacketFlags) -> Result<Vec<u8>, PduTooLong> {
        let mut out = Vec::new();
        self.append(&mut out, call, flags)?;
        Ok(out)
    }

    pub(crate) fn append(
        &self,
        out: &mut Vec<u8>,
        call_id: CallId,
        flags: PacketFlags,
    ) -> Result<(), PduTooLong> {
        append_pdu(out, Self::heading(call_id, flags), |out| self.write(out))
    }

    pub(crate) fn append_authenticated(
        &self,
        out: &mut Vec<u8>,
        (call_id, flags): (CallId, PacketFlags),
        authentication: &Authentication<'_>,
    ) -> Result<(), PduTooLong> {
        let heading = Self::heading(call_id, flags);
        append_authenticated_pdu(out, heading, authentication, |out| self.write(out))
    }

    fn heading(call_id: CallId, flags: PacketFlags) -> Heading {
        Heading { packet_type: PacketType::RESPONSE, flags, call_id }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.alloc_hint.to_le_bytes());
        out.extend_from_slice(&self.context.0.to_le_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(self.stub);
    }

    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, PduError> {
        let alloc_hint = reader.u32("alloc_hint")?;
        let context = PresentationContextId(reader.u16("p_cont_id")?);
        reader.skip("cancel_count", 1)?;
        reader.skip("reserved", 1)?;
        let stub = reader.left();
        Ok(Self { alloc_hint, context, stub })
    }
}
