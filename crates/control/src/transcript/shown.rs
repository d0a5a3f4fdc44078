//! A packet as it is shown.

use dcerpc::{
    AuthVerifier, Bind, BindAck, Direction, Header, PacketFlags, PacketType, Pdu, SyntaxId, epm,
    mgmt,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::buffers::{Budget, hex};
use super::calls::{self, Fields, fields};
use super::dialogue::{Called, Context};
use super::packets::Packet;
use crate::scalars::Time;

/// Which way a packet went, as the store sees it.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Way {
    /// From the client.
    Received,
    /// To the client.
    Sent,
}

/// What authenticates a PDU.
#[derive(Serialize, ToSchema)]
pub(super) struct Verifier {
    /// `auth_type`: 9 is SPNEGO, 10 NTLM.
    auth_type: u8,
    /// `auth_level`: "connect", "call", "packet", "integrity" or "privacy".
    auth_level: String,
    /// `auth_context_id`.
    auth_context_id: u32,
    /// Bytes of padding.
    auth_pad_length: u8,
    /// Bytes of the token or signature.
    auth_length: usize,
}

/// A PDU that went over one of the store's connections, or bytes that are none.
#[derive(Serialize, ToSchema)]
pub(super) struct Shown {
    /// Its number, in the order in which packets ended; never used again.
    id: u64,
    /// Store time.
    at: Time,
    /// The connection.
    connection: u64,
    /// The injected client at its other end; null when it is foreign.
    client_id: Option<u64>,
    /// The session that it is of; null when it is of none, or that can't be told.
    session: Option<u64>,
    /// Which way it went.
    direction: Way,
    /// Bytes that had gone that way before.
    offset: u64,
    /// Bytes of it.
    length: usize,
    /// `ptype` as C706 names it; "bytes" for bytes that are no PDU.
    r#type: String,
    /// `call_id`.
    call_id: Option<u32>,
    /// `pfc_flags`, by name.
    flags: Vec<&'static str>,
    /// What authenticates it; null when nothing does.
    verifier: Option<Verifier>,
    /// Whether its stub was sealed on the wire. It is shown in clear, where it still can be.
    sealed: bool,
    /// The interface called: "emsmdb", "async_emsmdb", "epm", "mgmt", or its UUID.
    interface: Option<String>,
    /// The operation called.
    opnum: Option<u16>,
    /// Its name.
    operation: Option<&'static str>,
    /// What it says, by the names of the specifications. A call or a result in fragments is taken apart at the last one.
    #[schema(value_type = Option<Object>)]
    decoded: Option<Fields>,
    /// Why it can't be taken apart.
    problem: Option<String>,
    /// All its bytes as they were on the wire, where `?hex=true` asked for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    hex: Option<String>,
}

impl Shown {
    /// A packet with nothing taken apart.
    fn bare(packet: &Packet, r#type: String) -> Self {
        Self {
            id: packet.id,
            at: Time(packet.at),
            connection: packet.connection.0,
            client_id: packet.client.map(|client| client.0),
            session: None,
            direction: match packet.direction {
                Direction::Received => Way::Received,
                Direction::Sent => Way::Sent,
            },
            offset: packet.offset,
            length: packet.bytes.len(),
            r#type,
            call_id: None,
            flags: Vec::new(),
            verifier: None,
            sealed: packet.opened.is_some(),
            interface: None,
            opnum: None,
            operation: None,
            decoded: None,
            problem: None,
            hex: None,
        }
    }

    /// Bytes that are no PDU.
    pub(super) fn bytes(packet: &Packet, problem: String) -> Self {
        let problem = Some(problem);
        Self { problem, ..Self::bare(packet, "bytes".to_owned()) }
    }

    /// A PDU, with what is known of it.
    pub(super) fn pdu(
        packet: &Packet,
        (header, pdu): (&Header, &Pdu<'_>),
        context: &Context,
        budget: &mut Budget,
    ) -> Self {
        let verifier = AuthVerifier::read(header, &packet.bytes).ok().flatten();
        let sealed = verifier.is_some_and(|found| is_sealed(header, &found));
        let hidden = sealed && packet.opened.is_none();
        let called = context.called;
        let operation = called.and_then(operation);
        let (decoded, problem) = match decoded(pdu, context, hidden, budget) {
            Ok(decoded) => (decoded, None),
            Err(problem) => (None, Some(problem)),
        };
        Self {
            session: context.session.map(|session| session.0),
            call_id: Some(header.call_id().0),
            flags: flags(header),
            verifier: verifier.as_ref().map(Verifier::of),
            sealed,
            interface: called.and_then(|called| called.interface).map(interface),
            opnum: called.map(|called| called.opnum),
            operation,
            decoded,
            problem,
            ..Self::bare(packet, header.packet_type().to_string())
        }
    }

    /// The same with its bytes.
    pub(super) fn with_hex(self, packet: &Packet) -> Self {
        Self { hex: Some(hex(&packet.bytes)), ..self }
    }
}

impl Verifier {
    fn of(verifier: &AuthVerifier<'_>) -> Self {
        let trailer = verifier.trailer;
        Self {
            auth_type: trailer.auth_type.0,
            auth_level: trailer.auth_level.to_string(),
            auth_context_id: trailer.context.0,
            auth_pad_length: trailer.pad_length,
            auth_length: verifier.value.len(),
        }
    }
}

fn is_sealed(header: &Header, verifier: &AuthVerifier<'_>) -> bool {
    let has_stub = [PacketType::REQUEST, PacketType::RESPONSE].contains(&header.packet_type());
    has_stub && verifier.trailer.auth_level == dcerpc::AuthLevel::PACKET_PRIVACY
}

fn is_emsmdb(called: Called) -> bool {
    called.interface.is_some_and(|interface| interface.uuid.as_u128() == emsmdb::EMSMDB_UUID)
}

fn is_async(called: Called) -> bool {
    called.interface.is_some_and(|interface| interface.uuid.as_u128() == emsmdb::ASYNC_EMSMDB_UUID)
}

fn operation(called: Called) -> Option<&'static str> {
    match called.opnum {
        emsmdb::async_opnum::EC_DO_ASYNC_WAIT_EX if is_async(called) => Some("EcDoAsyncWaitEx"),
        number if is_emsmdb(called) => calls::operation(number),
        _ => None,
    }
}

/// Where one bit has two names, the PDU's type says which it is.
fn flags(header: &Header) -> Vec<&'static str> {
    let signs_headers = [
        PacketType::BIND,
        PacketType::BIND_ACK,
        PacketType::ALTER_CONTEXT,
        PacketType::ALTER_CONTEXT_RESP,
        PacketType::AUTH3,
    ];
    let two_names = signs_headers.contains(&header.packet_type());
    let names = [
        (PacketFlags::FIRST_FRAG, "first_frag"),
        (PacketFlags::LAST_FRAG, "last_frag"),
        (
            PacketFlags::PENDING_CANCEL,
            if two_names { "support_header_sign" } else { "pending_cancel" },
        ),
        (PacketFlags::CONC_MPX, "conc_mpx"),
        (PacketFlags::DID_NOT_EXECUTE, "did_not_execute"),
        (PacketFlags::MAYBE, "maybe"),
        (PacketFlags::OBJECT_UUID, "object_uuid"),
    ];
    let set = names.into_iter().filter(|(flag, _)| header.flags().contains(*flag));
    set.map(|(_, name)| name).collect()
}

fn interface(id: SyntaxId) -> String {
    match id {
        epm::EPM => "epm".to_owned(),
        mgmt::MGMT => "mgmt".to_owned(),
        _ if id.uuid.as_u128() == emsmdb::EMSMDB_UUID => "emsmdb".to_owned(),
        _ if id.uuid.as_u128() == emsmdb::ASYNC_EMSMDB_UUID => "async_emsmdb".to_owned(),
        _ => id.uuid.to_string(),
    }
}

fn decoded(
    pdu: &Pdu<'_>,
    context: &Context,
    hidden: bool,
    budget: &mut Budget,
) -> Result<Option<Fields>, String> {
    Ok(match pdu {
        Pdu::Bind(bind) | Pdu::AlterContext(bind) => Some(offer(bind)),
        Pdu::BindAck(ack) | Pdu::AlterContextResp(ack) => Some(answer(ack)),
        Pdu::BindNak(nak) => Some(fields(json!({ "provider_reject_reason": nak.reason.0 }))),
        Pdu::Fault(fault) => Some(fields(json!({
            "p_cont_id": fault.context.0,
            "status": fault.status.to_string(),
        }))),
        Pdu::Request(_) if hidden => return Err("what is sealed is not known any more".to_owned()),
        Pdu::Response(_) if hidden => return Err("what is sealed is not known any more".to_owned()),
        Pdu::Request(_) => stub(context, (calls::request, calls::async_request), budget)?,
        Pdu::Response(_) => stub(context, (calls::response, calls::async_response), budget)?,
        Pdu::Auth3 | Pdu::Shutdown | Pdu::CoCancel | Pdu::Orphaned | Pdu::Unknown(_) => None,
    })
}

/// Takes a whole stub apart.
type Decode = fn(u16, &[u8], &mut Budget) -> Result<Fields, String>;

fn stub(
    context: &Context,
    (decode, decode_async): (Decode, Decode),
    budget: &mut Budget,
) -> Result<Option<Fields>, String> {
    match (context.called, &context.whole) {
        (Some(called), Some(stub)) if is_async(called) => {
            decode_async(called.opnum, stub, budget).map(Some)
        }
        (Some(called), Some(stub)) if is_emsmdb(called) => {
            decode(called.opnum, stub, budget).map(Some)
        }
        _ => Ok(None),
    }
}

fn offer(bind: &Bind) -> Fields {
    let contexts: Vec<Value> = bind
        .contexts
        .iter()
        .map(|element| {
            json!({
                "p_cont_id": element.id.0,
                "abstract_syntax": element.abstract_syntax.to_string(),
                "transfer_syntaxes": element.transfer_syntaxes.iter().map(ToString::to_string).collect::<Vec<_>>(),
            })
        })
        .collect();
    fields(json!({
        "max_xmit_frag": bind.max_xmit_frag,
        "max_recv_frag": bind.max_recv_frag,
        "assoc_group_id": bind.group.map_or(0, |group| group.0),
        "p_context_elem": contexts,
    }))
}

fn answer(ack: &BindAck) -> Fields {
    let results: Vec<Value> = ack
        .results
        .iter()
        .map(|result| {
            json!({
                "result": result.result.0,
                "reason": result.reason.0,
                "transfer_syntax": result.transfer_syntax.to_string(),
            })
        })
        .collect();
    fields(json!({
        "max_xmit_frag": ack.max_xmit_frag,
        "max_recv_frag": ack.max_recv_frag,
        "assoc_group_id": ack.group.0,
        "sec_addr": ack.secondary_address,
        "p_result_list": results,
    }))
}
