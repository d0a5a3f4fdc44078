//! PDUs written byte by byte from the tables of C706 12.6, independent of the codecs under test, and a server
//! to feed them to.

use std::sync::Arc;

use dcerpc::{
    Association, AssociationConfig, AssociationGroupId, Call, PeerMisbehaviour, ProtocolError,
    RpcEvent, SyntaxId, Uuid,
};

pub(crate) const BIND: &[u8] = include_bytes!("../../fixtures/wire/bind.bin");
pub(crate) const BIND_ACK: &[u8] = include_bytes!("../../fixtures/wire/bind_ack.bin");
pub(crate) const EPM_BIND: &[u8] = include_bytes!("../../fixtures/wire/epm_bind.bin");
pub(crate) const EPM_BIND_ACK: &[u8] = include_bytes!("../../fixtures/wire/epm_bind_ack.bin");

pub(crate) const EMSMDB: SyntaxId =
    SyntaxId { uuid: Uuid::from_u128(0xa4f1db00_ca47_1067_b31f_00dd010662da), major: 0, minor: 81 };
pub(crate) const EPM: SyntaxId =
    SyntaxId { uuid: Uuid::from_u128(0xe1af8308_5d1f_11c9_91a4_08002b14a0fa), major: 3, minor: 0 };
pub(crate) const MGMT: SyntaxId =
    SyntaxId { uuid: Uuid::from_u128(0xafa8bd80_7d8a_11c9_bef4_08002b102989), major: 1, minor: 0 };
pub(crate) const UNKNOWN: SyntaxId =
    SyntaxId { uuid: Uuid::from_u128(0x12345678_1234_1234_1234_123456789abc), major: 1, minor: 0 };
pub(crate) const GROUP: AssociationGroupId = AssociationGroupId(0x0001_2345);

pub(crate) const FIRST: u8 = 0x01;
pub(crate) const LAST: u8 = 0x02;
pub(crate) const WHOLE: u8 = 0x03;
pub(crate) const CANCEL: u8 = 0x04;
pub(crate) const MPX: u8 = 0x10;
pub(crate) const NOT_EXECUTED: u8 = 0x20;

/// A PDU of any type, correct in its lengths.
pub(crate) fn pdu(ptype: u8, flags: u8, call: u32, body: &[u8]) -> Vec<u8> {
    let mut out = vec![5, 0, ptype, flags, 0x10, 0, 0, 0];
    out.extend(u16::try_from(16 + body.len()).unwrap().to_le_bytes());
    out.extend([0, 0]);
    out.extend(call.to_le_bytes());
    out.extend(body);
    out
}

/// Adds an authentication trailer with a 4-byte value.
pub(crate) fn with_trailer(mut pdu: Vec<u8>, auth_type: u8, auth_level: u8) -> Vec<u8> {
    pdu.extend([auth_type, auth_level, 0, 0, 1, 0, 0, 0]);
    pdu.extend(*b"none");
    let size = u16::try_from(pdu.len()).unwrap();
    pdu[8..10].copy_from_slice(&size.to_le_bytes());
    pdu[10..12].copy_from_slice(&4_u16.to_le_bytes());
    pdu
}

pub(crate) fn request(flags: u8, call: u32, context: u16, opnum: u16, stub: &[u8]) -> Vec<u8> {
    let hint = u32::try_from(stub.len()).unwrap();
    request_hinting(flags, call, context, (opnum, hint), stub)
}

pub(crate) fn request_hinting(
    flags: u8,
    call: u32,
    context: u16,
    (opnum, hint): (u16, u32),
    stub: &[u8],
) -> Vec<u8> {
    let mut body = hint.to_le_bytes().to_vec();
    body.extend(context.to_le_bytes());
    body.extend(opnum.to_le_bytes());
    body.extend(stub);
    pdu(0, flags, call, &body)
}

pub(crate) fn syntax(id: SyntaxId) -> Vec<u8> {
    let mut out = id.uuid.to_bytes_le().to_vec();
    out.extend(id.major.to_le_bytes());
    out.extend(id.minor.to_le_bytes());
    out
}

/// An offer: context id, interface, transfer syntaxes.
pub(crate) type Offer<'a> = (u16, SyntaxId, &'a [SyntaxId]);

/// A bind (11) or alter_context (14) that offers fragments of `sizes`, in `group`.
pub(crate) struct RawBind<'a> {
    pub(crate) ptype: u8,
    pub(crate) flags: u8,
    pub(crate) call: u32,
    pub(crate) sizes: (u16, u16),
    pub(crate) group: u32,
    pub(crate) offers: &'a [Offer<'a>],
}

impl RawBind<'_> {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut body = self.sizes.0.to_le_bytes().to_vec();
        body.extend(self.sizes.1.to_le_bytes());
        body.extend(self.group.to_le_bytes());
        body.extend([u8::try_from(self.offers.len()).unwrap(), 0xab, 0xce, 0xbf]);
        for (id, interface, transfers) in self.offers {
            body.extend(id.to_le_bytes());
            body.extend([u8::try_from(transfers.len()).unwrap(), 0xbf]);
            body.extend(syntax(*interface));
            body.extend(transfers.iter().copied().flat_map(syntax));
        }
        pdu(self.ptype, self.flags, self.call, &body)
    }
}

pub(crate) fn bind(offers: &[Offer<'_>]) -> Vec<u8> {
    bind_flagged(WHOLE, offers)
}

pub(crate) fn bind_flagged(flags: u8, offers: &[Offer<'_>]) -> Vec<u8> {
    RawBind { ptype: 11, flags, call: 1, sizes: (5840, 5840), group: 0, offers }.bytes()
}

pub(crate) fn alter(call: u32, offers: &[Offer<'_>]) -> Vec<u8> {
    RawBind { ptype: 14, flags: WHOLE, call, sizes: (5840, 5840), group: 0, offers }.bytes()
}

/// A fault as in C706 12.6.4.7.
pub(crate) fn fault(flags: u8, call: u32, context: u16, status: u32) -> Vec<u8> {
    let mut body = 32_u32.to_le_bytes().to_vec();
    body.extend(context.to_le_bytes());
    body.extend([0, 0]);
    body.extend(status.to_le_bytes());
    body.extend([0; 4]);
    pdu(3, WHOLE | flags, call, &body)
}

pub(crate) fn bind_nak(call: u32, reason: u16) -> Vec<u8> {
    let [low, high] = reason.to_le_bytes();
    pdu(13, WHOLE, call, &[low, high, 1, 5, 0, 0, 0, 0])
}

/// A bind_ack (12) or alter_context_resp (15): results are `(result, reason, transfer syntax)`.
pub(crate) fn ack(
    ptype: u8,
    flags: u8,
    call: u32,
    size: u16,
    results: &[(u16, u16, SyntaxId)],
) -> Vec<u8> {
    let mut body = size.to_le_bytes().to_vec();
    body.extend(size.to_le_bytes());
    body.extend(GROUP.0.to_le_bytes());
    body.extend(if ptype == 12 { &b"\x05\x001051\0\0"[..] } else { &[0; 4] });
    body.extend([u8::try_from(results.len()).unwrap(), 0, 0, 0]);
    for (result, reason, transfer) in results {
        body.extend(result.to_le_bytes());
        body.extend(reason.to_le_bytes());
        body.extend(syntax(*transfer));
    }
    pdu(ptype, flags, call, &body)
}

/// `nca_s_proto_error`.
pub(crate) const PROTO_ERROR: u32 = 0x1c01_000b;
/// What clients of 2003 offer.
pub(crate) const NDR20: &[SyntaxId] = &[SyntaxId::NDR20];

pub(crate) const ACCEPTED: (u16, u16, SyntaxId) = (0, 0, SyntaxId::NDR20);
pub(crate) const ABSTRACT_REJECTED: (u16, u16, SyntaxId) = (2, 1, SyntaxId::NIL);
pub(crate) const TRANSFER_REJECTED: (u16, u16, SyntaxId) = (2, 2, SyntaxId::NIL);

pub(crate) fn config() -> AssociationConfig {
    AssociationConfig {
        interfaces: vec![EMSMDB, EPM, MGMT],
        secondary_address: "1051".to_owned(),
        ..AssociationConfig::default()
    }
}

/// A server that accepts every group as [`GROUP`] and keeps its calls for the test to answer.
pub(crate) struct Server {
    pub(crate) association: Association,
    pub(crate) calls: Vec<Call>,
    pub(crate) asked: Vec<Option<AssociationGroupId>>,
}

impl Server {
    pub(crate) fn new(config: impl Into<Arc<AssociationConfig>>) -> Self {
        Self { association: Association::new(config), calls: Vec::new(), asked: Vec::new() }
    }

    /// A server whose client has bound EMSMDB as context 0, without multiplexing.
    pub(crate) fn bound() -> Self {
        Self::bound_by(config(), BIND)
    }

    pub(crate) fn bound_by(config: AssociationConfig, bind: &[u8]) -> Self {
        let mut server = Self::new(config);
        let ack = server.feed(bind);
        assert_eq!(ack[2], 12, "bind_ack");
        server
    }

    /// Feeds bytes that break no rule; what the server sends.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<u8> {
        let (sent, error) = self.try_feed(bytes);
        assert_eq!(error, None);
        sent
    }

    /// Feeds bytes that break a rule; what the server sends before it closes.
    pub(crate) fn feed_bad(&mut self, bytes: &[u8]) -> (Vec<u8>, PeerMisbehaviour) {
        let (sent, error) = self.try_feed(bytes);
        let error = error.expect("the bytes break a rule");
        assert!(self.association.is_closing(), "{error}");
        assert_eq!(self.association.held_bytes(), 0);
        assert_eq!(self.try_feed(BIND), (Vec::new(), None), "nothing more is read");
        (sent, error.misbehaviour)
    }

    pub(crate) fn try_feed(&mut self, bytes: &[u8]) -> (Vec<u8>, Option<ProtocolError>) {
        let error = self.association.handle_bytes(bytes).err();
        while let Some(event) = self.association.poll_event() {
            match event {
                RpcEvent::Bind { group } => {
                    self.asked.push(group);
                    self.association.accept_group(GROUP);
                }
                RpcEvent::Call(call) => self.calls.push(call),
            }
        }
        (self.transmitted(), error)
    }

    pub(crate) fn transmitted(&mut self) -> Vec<u8> {
        let mut sent = Vec::new();
        while self.association.poll_transmit(&mut sent) {}
        sent
    }

    /// The one call that came.
    pub(crate) fn call(&mut self) -> Call {
        assert_eq!(self.calls.len(), 1);
        self.calls.remove(0)
    }
}
