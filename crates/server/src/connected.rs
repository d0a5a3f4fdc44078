//! The answers to clients that have, or just got, a session.

use clock::SimTime;
use emsmdb::aux::{
    AuxClientControl, AuxEndpointCapabilities, AuxExOrgInfo, AuxOsVersionInfo, ServerAuxBlock,
    encode_server_aux,
};
use emsmdb::header_ext::{HEADER_SIZE, HeaderFlags, PAYLOAD_MAX};
use emsmdb::rgb::{decode_rgb_in, encode_rgb_out};
use emsmdb::rop::decode_request_buffer;
use emsmdb::{
    EcDoConnectExRequest, EcDoConnectExResponse, EcDoConnectRequest, EcDoConnectResponse,
    EcDoRpcExt2Request, EcDoRpcExt2Response, EcDoRpcRequest, EcDoRpcResponse, ErrorCode,
    WireVersion,
};
use infostore::Build;

use crate::endpoint::NewSession;
use crate::session::SessionContext;
use crate::site::{DN_PREFIX, Site};

/// The least that rgbIn and rgbOut may have room for: an RPC_HEADER_EXT (R697, R698 of \[MS-OXCRPC\]).
const LEAST_BUFFER: usize = 8;
/// The most that rgbIn has, and the least that rgbOut has room for, where 2007 and later are stricter: a payload of 32 KB less a
/// byte, with its header (R1374, R1924, R2001).
const MOST_OF_LATER: usize = 0x8007;
/// Exchange 2010 Service Pack 2.
const FIRST_OF_2010_SP2: Build = Build::new(14, 2, 0, 0);
/// The oldest client that knows AUX_EXORGINFO, 12.0.3118.
const KNOWS_ORG_INFO: [u16; 4] = [12, 0, 3118, 0];
/// OrgFlags of AUX_EXORGINFO.
const PUBLIC_FOLDERS_ENABLED: u32 = 1;
/// Everything is at this endpoint.
const ONE_ENDPOINT: AuxEndpointCapabilities =
    AuxEndpointCapabilities { endpoint_capability_flag: 1 };
/// AUX_CLIENT_CONTROL: nothing is enabled, since nothing that a client would send then is read yet.
const CLIENT_CONTROL: AuxClientControl =
    AuxClientControl { enable_flags: 0, expiry_time_ms: 86_400_000 };

/// The answer to an admitted EcDoConnectEx.
pub(crate) fn connect_ex(
    site: &Site,
    request: &EcDoConnectExRequest,
    session: NewSession,
) -> EcDoConnectExResponse {
    let blocks = aux_blocks(site.build(), request.client_version);
    EcDoConnectExResponse {
        handle: session.handle.to_bytes(),
        polls_max_ms: session.pacing.polls_max_ms,
        retry: session.pacing.retry,
        retry_delay_ms: session.pacing.retry_delay_ms,
        session_index: session.index,
        dn_prefix: DN_PREFIX.to_vec(),
        display_name: display_name(&request.user_dn).to_vec(),
        server_version: site.server_version(),
        best_version: request.client_version,
        time_stamp: time_stamp(site.build(), session, request.time_stamp),
        aux_out: encode_server_aux(&blocks, request.aux_out_max, HeaderFlags::LAST),
        result: ErrorCode::EC_NONE,
    }
}

/// What the server says of itself and its organization, as far as the build has a block for it and the client knows it.
fn aux_blocks(build: Build, client: WireVersion) -> Vec<ServerAuxBlock> {
    let org_info = Build::EXCHANGE_2007 <= build && KNOWS_ORG_INFO <= client.normalised();
    let blocks = [
        (true, ServerAuxBlock::ClientControl(CLIENT_CONTROL)),
        (
            build < Build::EXCHANGE_2010,
            ServerAuxBlock::OsVersionInfo(AuxOsVersionInfo::WINDOWS_SERVER_2003_SP1),
        ),
        (org_info, ServerAuxBlock::ExOrgInfo(AuxExOrgInfo { org_flags: PUBLIC_FOLDERS_ENABLED })),
        (Build::EXCHANGE_2013 <= build, ServerAuxBlock::EndpointCapabilities(ONE_ENDPOINT)),
    ];
    blocks.into_iter().filter_map(|(is_sent, block)| is_sent.then_some(block)).collect()
}

/// pulTimeStamp: the session's, or since Exchange 2010, which links nothing, what the client sent.
fn time_stamp(build: Build, session: NewSession, sent: u32) -> u32 {
    if build < Build::EXCHANGE_2010 { session.time_stamp } else { sent }
}

/// The answer to an admitted EcDoConnect.
pub(crate) fn connect(
    site: &Site,
    request: &EcDoConnectRequest,
    session: NewSession,
) -> EcDoConnectResponse {
    EcDoConnectResponse {
        handle: session.handle.to_bytes(),
        polls_max_ms: session.pacing.polls_max_ms,
        retry: session.pacing.retry,
        retry_delay_ms: session.pacing.retry_delay_ms,
        session_index: session.index,
        dn_prefix: DN_PREFIX.to_vec(),
        display_name: display_name(&request.user_dn).to_vec(),
        server_version: site.server_version(),
        client_version: request.client_version,
        time_stamp: time_stamp(site.build(), session, request.time_stamp),
        result: ErrorCode::EC_NONE,
    }
}

/// Executes an EcDoRpcExt2 on a live session.
pub(crate) fn execute_rpc_ext2(
    site: &Site,
    session: &SessionContext,
    request: &EcDoRpcExt2Request,
) -> EcDoRpcExt2Response {
    let build = site.build();
    let (rgb_out, result) = match rgb_out(build, session, request, site.now()) {
        Err(code) => (Vec::new(), code),
        Ok(rgb_out) => (rgb_out, ErrorCode::EC_NONE),
    };
    let is_2010 = Build::EXCHANGE_2010 <= build && build < Build::EXCHANGE_2013;
    // 2010 alone repeats what it was sent (R1899).
    let flags = if is_2010 { request.flags.0 } else { 0 };
    EcDoRpcExt2Response { flags, rgb_out, ..EcDoRpcExt2Response::failed(request.handle, result) }
}

/// Whether a build has no use for buffers of these sizes, in bytes, and the code that it says so with.
fn refused_sizes(build: Build, request: &EcDoRpcExt2Request, room: usize) -> Option<ErrorCode> {
    let sent = request.rgb_in.len();
    let is_short = sent < LEAST_BUFFER || room < LEAST_BUFFER;
    if build < Build::EXCHANGE_2007 {
        return is_short.then_some(ErrorCode::EC_RPC_FORMAT);
    }
    let is_long = MOST_OF_LATER < sent;
    if build < Build::EXCHANGE_2010 {
        let fits = !is_short && !is_long && MOST_OF_LATER <= room;
        return (!fits).then_some(ErrorCode::EC_RPC_FORMAT);
    }
    // The first builds of 2010 still said so of what is long (R1374, R2001).
    if is_long && build < FIRST_OF_2010_SP2 {
        return Some(ErrorCode::EC_RPC_FORMAT);
    }
    let short_aux = (1..LEAST_BUFFER).contains(&request.aux_in.len());
    let nothing_is_asked = Build::EXCHANGE_2013 <= build && LEAST_BUFFER <= sent;
    let is_short = is_short && !nothing_is_asked;
    (is_short || is_long || short_aux).then_some(ErrorCode::EC_RPC_FAILED)
}

fn rgb_out(
    build: Build,
    session: &SessionContext,
    request: &EcDoRpcExt2Request,
    now: SimTime,
) -> Result<Vec<u8>, ErrorCode> {
    let room = usize::try_from(request.rgb_out_max).unwrap_or(usize::MAX);
    if let Some(code) = refused_sizes(build, request, room) {
        return Err(code);
    }
    // Of 2013: nothing is executed for a client that takes no answer (R2002).
    if room < LEAST_BUFFER {
        return Ok(Vec::new());
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
