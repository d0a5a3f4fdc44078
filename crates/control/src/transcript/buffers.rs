//! What the buffers inside EMSMDB's stubs say: extended buffers, remote operations and auxiliary blocks, by the names of
//! [MS-OXCRPC] and [MS-OXCROPS].
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc
//! [MS-OXCROPS]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrops

use emsmdb::aux::{AuxBlock, AuxPerfClientInfo, AuxPerfProcessInfo, decode_aux};
use emsmdb::rgb::decode_rgb_in;
use emsmdb::rop::{
    RopBuffer, RopId, RopRequest, RopResponse, RopResponseBuffer, decode_request_buffer,
    decode_response_buffer,
};
use serde_json::{Value, json};

/// Bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        let halves = [byte >> 4, byte & 0x0f];
        digits.extend(halves.iter().filter_map(|half| char::from_digit(u32::from(*half), 16)));
    }
    digits
}

/// Bytes that one answer takes apart at the most, unpacked. A peer chooses how much a byte of its buffers unpacks to, and each
/// becomes a good deal of text.
const BUDGET: usize = 1 << 20;

/// What is left of it.
pub(super) struct Budget(usize);

impl Budget {
    /// That of an answer.
    pub(super) fn of_an_answer() -> Self {
        Self(BUDGET)
    }

    /// Takes so many bytes, or says that there are not as many.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), String> {
        self.0 = self.0.checked_sub(bytes).ok_or_else(|| {
            "more than 1 MiB would be taken apart in this answer: ask for fewer packets".to_owned()
        })?;
        Ok(())
    }
}

/// A chain of extended buffers, each unpacked; or why it can't be.
pub(super) fn extended(
    chain: &[u8],
    budget: &mut Budget,
    payload: fn(&[u8]) -> Value,
) -> Result<Value, String> {
    if chain.is_empty() {
        return Ok(json!([]));
    }
    let payloads = match decode_rgb_in(chain) {
        Err(error) => return Ok(json!([{ "problem": error.to_string(), "hex": hex(chain) }])),
        Ok(payloads) => payloads,
    };
    budget.take(payloads.iter().map(|unpacked| unpacked.bytes.len()).sum())?;
    let said = payloads
        .iter()
        .map(|unpacked| json!({ "Flags": unpacked.flags.0, "payload": payload(&unpacked.bytes) }));
    Ok(said.collect())
}

/// The remote operations of a request.
pub(super) fn requests(payload: &[u8]) -> Value {
    match decode_request_buffer(payload) {
        Err(error) => json!({ "problem": error.to_string(), "hex": hex(payload) }),
        Ok(RopBuffer { rops, handles }) => {
            json!({ "rops": rops.iter().map(request).collect::<Vec<_>>(), "handles": handles })
        }
    }
}

/// The remote operations of a response.
pub(super) fn responses(payload: &[u8]) -> Value {
    match decode_response_buffer(payload) {
        Err(error) => json!({ "problem": error.to_string(), "hex": hex(payload) }),
        Ok(RopResponseBuffer { responses, handles }) => {
            let responses: Vec<_> = responses.iter().map(response).collect();
            json!({ "rops": responses, "handles": handles })
        }
    }
}

/// The remote operations of an EcDoRpc, which has no extended buffer.
pub(super) fn plain_requests(payload: &[u8]) -> Value {
    if payload.is_empty() { json!({}) } else { requests(payload) }
}

/// The same of its response.
pub(super) fn plain_responses(payload: &[u8]) -> Value {
    if payload.is_empty() { json!({}) } else { responses(payload) }
}

/// The blocks of an auxiliary buffer.
pub(super) fn aux(buffer: &[u8]) -> Value {
    let reading = decode_aux(buffer);
    let blocks: Vec<_> = reading.blocks.iter().map(block).collect();
    match reading.problem {
        None => json!(blocks),
        Some(problem) => {
            json!({ "blocks": blocks, "problem": problem.to_string(), "hex": hex(buffer) })
        }
    }
}

fn request(rop: &RopRequest) -> Value {
    match rop {
        RopRequest::Logon(logon) => json!({
            "rop": "RopLogon",
            "LogonId": logon.logon_id,
            "OutputHandleIndex": logon.output_index,
            "LogonFlags": logon.logon_flags.0,
            "OpenFlags": logon.open_flags.0,
            "StoreState": logon.store_state,
            "Essdn": logon.essdn.as_deref().map(|essdn| String::from_utf8_lossy(essdn).into_owned()),
        }),
        RopRequest::RegisterNotification(request) => {
            json!({ "rop": "RopRegisterNotification", "fields": format!("{request:?}") })
        }
        RopRequest::Release { logon_id, input_index } => {
            json!({ "rop": "RopRelease", "LogonId": logon_id, "InputHandleIndex": input_index })
        }
        RopRequest::Unsupported { rop_id, logon_id, input_index, rest } => json!({
            "rop": name(*rop_id),
            "LogonId": logon_id,
            "InputHandleIndex": input_index,
            "rest": hex(rest),
        }),
    }
}

fn response(rop: &RopResponse) -> Value {
    match rop {
        RopResponse::Logon(logon) => json!({
            "rop": "RopLogon",
            "OutputHandleIndex": logon.output_index,
            "ReturnValue": "ecNone (0x00000000)",
            "LogonFlags": logon.logon_flags.0,
            "ResponseFlags": logon.response_flags,
            "MailboxGuid": hex(&logon.mailbox_guid),
            "ReplId": logon.repl_id,
            "ReplGuid": hex(&logon.repl_guid),
            "GwartTime": logon.gwart_time,
            "StoreState": logon.store_state,
        }),
        RopResponse::NotificationRegistered { output_index } => {
            json!({ "rop": "RopRegisterNotification", "OutputHandleIndex": output_index })
        }
        RopResponse::NotifyNewMail(notify) => {
            json!({ "rop": "RopNotify", "fields": format!("{notify:?}") })
        }
        RopResponse::Pending { session_index } => {
            json!({ "rop": "RopPending", "SessionIndex": session_index })
        }
        RopResponse::Failed { rop_id, handle_index, error } => {
            json!({ "rop": name(*rop_id), "HandleIndex": handle_index, "ReturnValue": error.to_string() })
        }
    }
}

fn name(id: RopId) -> String {
    match id {
        RopId::LOGON => "RopLogon".to_owned(),
        RopId::RELEASE => "RopRelease".to_owned(),
        RopId::REGISTER_NOTIFICATION => "RopRegisterNotification".to_owned(),
        RopId(id) => format!("0x{id:02X}"),
    }
}

fn block(block: &AuxBlock) -> Value {
    let named = |name: &str| json!({ "block": name });
    match block {
        AuxBlock::ProcessInfo(info) => process_info(info),
        AuxBlock::ClientInfo(info) => client_info(info),
        AuxBlock::SessionInfo(info) => json!({
            "block": if info.connection_id.is_some() { "AUX_PERF_SESSIONINFO_V2" } else { "AUX_PERF_SESSIONINFO" },
            "SessionID": info.session_id,
            "SessionGuid": hex(&info.session_guid),
            "ConnectionID": info.connection_id,
        }),
        AuxBlock::ClientControl(control) => json!({
            "block": "AUX_CLIENT_CONTROL",
            "EnableFlags": control.enable_flags,
            "ExpiryTime": control.expiry_time_ms,
        }),
        AuxBlock::OsVersionInfo(os) => json!({
            "block": "AUX_OSVERSIONINFO",
            "MajorVersion": os.major,
            "MinorVersion": os.minor,
            "BuildNumber": os.build,
            "ServicePackMajor": os.service_pack_major,
            "ServicePackMinor": os.service_pack_minor,
        }),
        AuxBlock::RequestId(_) => named("AUX_PERF_REQUESTID"),
        AuxBlock::ServerInfo(_) => named("AUX_PERF_SERVERINFO"),
        AuxBlock::DefMdbSuccess(_) => named("AUX_PERF_DEFMDB_SUCCESS"),
        AuxBlock::DefGcSuccess(_) => named("AUX_PERF_DEFGC_SUCCESS"),
        AuxBlock::MdbSuccess(_) => named("AUX_PERF_MDB_SUCCESS"),
        AuxBlock::GcSuccess(_) => named("AUX_PERF_GC_SUCCESS"),
        AuxBlock::Failure(_) => named("AUX_PERF_FAILURE"),
        AuxBlock::ExOrgInfo(_) => named("AUX_EXORGINFO"),
        AuxBlock::AccountInfo(_) => named("AUX_PERF_ACCOUNTINFO"),
        AuxBlock::ServerCapabilities(_) => named("AUX_SERVER_CAPABILITIES"),
        AuxBlock::EndpointCapabilities(_) => named("AUX_ENDPOINT_CAPABILITIES"),
        AuxBlock::ExceptionTrace(_) => named("AUX_EXCEPTION_TRACE"),
        AuxBlock::ClientConnectionInfo(_) => named("AUX_CLIENT_CONNECTION_INFO"),
        AuxBlock::ServerSessionInfo(_) => named("AUX_SERVER_SESSION_INFO"),
        AuxBlock::ProtocolDeviceIdentification(_) => named("AUX_PROTOCOL_DEVICE_IDENTIFICATION"),
        AuxBlock::Skipped(skipped) => json!({ "block": "skipped", "header": skipped.to_string() }),
    }
}

fn process_info(info: &AuxPerfProcessInfo) -> Value {
    json!({
        "block": "AUX_PERF_PROCESSINFO",
        "Version": info.version,
        "ProcessID": info.process_id,
        "ProcessGuid": hex(&info.process_guid),
        "ProcessName": info.name_lossy(),
    })
}

fn client_info(info: &AuxPerfClientInfo) -> Value {
    let text = |text: &Option<Vec<u16>>| text.as_deref().map(String::from_utf16_lossy);
    json!({
        "block": "AUX_PERF_CLIENTINFO",
        "AdapterSpeed": info.adapter_speed_kbit,
        "ClientID": info.client_id,
        "MachineName": text(&info.machine_name),
        "UserName": text(&info.user_name),
        "ClientIP": hex(&info.client_ip),
        "ClientIPMask": hex(&info.client_ip_mask),
        "AdapterName": text(&info.adapter_name),
        "MacAddress": hex(&info.mac_address),
        "ClientMode": info.client_mode.0,
    })
}
