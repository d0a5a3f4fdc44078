//! The answers to clients that have, or just got, a session.

use clock::SimTime;
use emsmdb::aux::{AuxClientControl, AuxOsVersionInfo, ServerAuxBlock, encode_server_aux};
use emsmdb::header_ext::{HEADER_SIZE, HeaderFlags, PAYLOAD_MAX};
use emsmdb::rgb::{decode_rgb_in, encode_rgb_out};
use emsmdb::rop::decode_request_buffer;
use emsmdb::{
    EcDoConnectExRequest, EcDoConnectExResponse, EcDoConnectRequest, EcDoConnectResponse,
    EcDoRpcExt2Request, EcDoRpcExt2Response, EcDoRpcRequest, EcDoRpcResponse, ErrorCode,
};

use crate::endpoint::NewSession;
use crate::session::SessionContext;
use crate::site::{DN_PREFIX, POLLS_MAX_MS, RETRY, RETRY_DELAY_MS, Site};

/// The least that rgbIn and rgbOut may have room for: an RPC_HEADER_EXT (R697, R698 of \[MS-OXCRPC\]).
const LEAST_BUFFER: usize = 8;
/// AUX_CLIENT_CONTROL: nothing is enabled, since nothing that a client would send then is read yet.
const CLIENT_CONTROL: AuxClientControl =
    AuxClientControl { enable_flags: 0, expiry_time_ms: 86_400_000 };

/// The answer to an admitted EcDoConnectEx.
pub(crate) fn connect_ex(
    site: &Site,
    request: &EcDoConnectExRequest,
    session: NewSession,
) -> EcDoConnectExResponse {
    let blocks = [
        ServerAuxBlock::ClientControl(CLIENT_CONTROL),
        ServerAuxBlock::OsVersionInfo(AuxOsVersionInfo::WINDOWS_SERVER_2003_SP1),
    ];
    EcDoConnectExResponse {
        handle: session.handle.to_bytes(),
        polls_max_ms: POLLS_MAX_MS,
        retry: RETRY,
        retry_delay_ms: RETRY_DELAY_MS,
        session_index: session.index,
        dn_prefix: DN_PREFIX.to_vec(),
        display_name: display_name(&request.user_dn).to_vec(),
        server_version: site.server_version(),
        best_version: request.client_version,
        time_stamp: session.time_stamp,
        aux_out: encode_server_aux(&blocks, request.aux_out_max, HeaderFlags::LAST),
        result: ErrorCode::EC_NONE,
    }
}

/// The answer to an admitted EcDoConnect.
pub(crate) fn connect(
    site: &Site,
    request: &EcDoConnectRequest,
    session: NewSession,
) -> EcDoConnectResponse {
    EcDoConnectResponse {
        handle: session.handle.to_bytes(),
        polls_max_ms: POLLS_MAX_MS,
        retry: RETRY,
        retry_delay_ms: RETRY_DELAY_MS,
        session_index: session.index,
        dn_prefix: DN_PREFIX.to_vec(),
        display_name: display_name(&request.user_dn).to_vec(),
        server_version: site.server_version(),
        client_version: request.client_version,
        time_stamp: session.time_stamp,
        result: ErrorCode::EC_NONE,
    }
}

/// Executes an EcDoRpcExt2 on a live session.
pub(crate) fn execute_rpc_ext2(
    session: &SessionContext,
    request: &EcDoRpcExt2Request,
    now: SimTime,
) -> EcDoRpcExt2Response {
    match rgb_out(session, request, now) {
        Err(code) => EcDoRpcExt2Response::failed(request.handle, code),
        Ok(rgb_out) => EcDoRpcExt2Response {
            rgb_out,
            ..EcDoRpcExt2Response::failed(request.handle, ErrorCode::EC_NONE)
        },
    }
}

fn rgb_out(
    session: &SessionContext,
    request: &EcDoRpcExt2Request,
    now: SimTime,
) -> Result<Vec<u8>, ErrorCode> {
    let room = usize::try_from(request.rgb_out_max).unwrap_or(usize::MAX);
    if request.rgb_in.len() < LEAST_BUFFER || room < LEAST_BUFFER {
        return Err(ErrorCode::EC_RPC_FORMAT);
    }
    let payloads = decode_rgb_in(&request.rgb_in).map_err(malformed)?;
    // Chains of requests are for packed uploads, which this version of the protocol has not.
    let [payload] = payloads.as_slice() else {
        return Err(ErrorCode::EC_RPC_FORMAT);
    };
    let payload_room = room.saturating_sub(HEADER_SIZE).min(PAYLOAD_MAX);
    let rops = execute(session, &payload.bytes, payload_room, now)?;
    encode_rgb_out(&rops, request.flags).map_err(malformed)
}

/// Executes an EcDoRpc on a live session.
pub(crate) fn execute_rpc(
    session: &SessionContext,
    request: &EcDoRpcRequest,
    now: SimTime,
) -> EcDoRpcResponse {
    let rops = execute(session, &request.rops, request.max_data.into(), now);
    let (rops, result) = match rops {
        Ok(rops) => (rops, ErrorCode::EC_NONE),
        Err(code) => (Vec::new(), code),
    };
    EcDoRpcResponse { handle: request.handle, max_data: request.max_data, rops, result }
}

/// Executes operations, and tells the client what it is to be told as far as `room` bytes allow. An answer that does not fit
/// by itself tells nothing, so that nothing is lost with it.
fn execute(
    session: &SessionContext,
    payload: &[u8],
    room: usize,
    now: SimTime,
) -> Result<Vec<u8>, ErrorCode> {
    let buffer = decode_request_buffer(payload).map_err(malformed)?;
    let mut state = session.lock();
    let mut answer = state.objects.execute(buffer, now);
    session.tell(&mut state, &mut answer, room);
    let answer = answer.encode();
    if answer.len() <= room { Ok(answer) } else { Err(ErrorCode::EC_BUFFER_TOO_SMALL) }
}

fn malformed(error: impl core::error::Error) -> ErrorCode {
    tracing::debug!(%error, "a malformed buffer");
    ErrorCode::EC_RPC_FORMAT
}

/// The user's name: what follows the last `cn=` of the distinguished name.
fn display_name(user_dn: &[u8]) -> &[u8] {
    let last = user_dn.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    match last.split_at_checked(3) {
        Some((attribute, name)) if attribute.eq_ignore_ascii_case(b"cn=") => name,
        _ => last,
    }
}
