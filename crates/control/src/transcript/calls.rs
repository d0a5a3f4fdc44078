//! What the stubs of EMSMDB's calls say, by the names of [MS-OXCRPC].
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc

use dcerpc::ContextHandle;
use emsmdb::{
    EcDoAsyncConnectExResponse, EcDoAsyncWaitExRequest, EcDoAsyncWaitExResponse,
    EcDoConnectExRequest, EcDoConnectExResponse, EcDoConnectRequest, EcDoConnectResponse,
    EcDoDisconnectResponse, EcDoRpcExt2Request, EcDoRpcExt2Response, EcDoRpcRequest,
    EcDoRpcResponse, EcDummyRpcResponse, EcRRegisterPushNotificationRequest,
    EcRRegisterPushNotificationResponse, EmsmdbRequest, ErrorCode, WireVersion, decode_request,
    opnum,
};
use serde_json::{Map, Value, json};

use super::buffers::{Budget, aux, extended, hex, plain_requests, plain_responses};
use super::buffers::{requests, responses};

/// The fields of a structure, in its order.
pub(super) type Fields = Map<String, Value>;

/// The name of an operation of EMSMDB.
pub(super) fn operation(number: u16) -> Option<&'static str> {
    Some(match number {
        opnum::EC_DO_CONNECT => "EcDoConnect",
        opnum::EC_DO_DISCONNECT => "EcDoDisconnect",
        opnum::EC_DO_RPC => "EcDoRpc",
        opnum::EC_R_REGISTER_PUSH_NOTIFICATION => "EcRRegisterPushNotification",
        opnum::EC_DUMMY_RPC => "EcDummyRpc",
        opnum::EC_DO_CONNECT_EX => "EcDoConnectEx",
        opnum::EC_DO_RPC_EXT2 => "EcDoRpcExt2",
        opnum::EC_DO_ASYNC_CONNECT_EX => "EcDoAsyncConnectEx",
        _ => return None,
    })
}

/// What a request says; or why it can't be read.
pub(super) fn request(number: u16, stub: &[u8], budget: &mut Budget) -> Result<Fields, String> {
    budget.take(stub.len())?;
    let request = decode_request(number, stub).map_err(|error| error.to_string())?;
    Ok(fields(match request {
        EmsmdbRequest::ConnectEx(request) => connect_ex(&request),
        EmsmdbRequest::Connect(request) => connect(&request),
        EmsmdbRequest::Disconnect(request) => json!({ "pcxh": handle(request.handle) }),
        EmsmdbRequest::Rpc(request) => rpc(&request),
        EmsmdbRequest::RpcExt2(request) => rpc_ext2(&request, budget)?,
        EmsmdbRequest::RegisterPush(request) => register_push(&request),
        EmsmdbRequest::DummyRpc => json!({}),
        EmsmdbRequest::AsyncConnect(request) => json!({ "cxh": handle(request.handle) }),
    }))
}

/// What a response says; or why it can't be read.
pub(super) fn response(number: u16, stub: &[u8], budget: &mut Budget) -> Result<Fields, String> {
    budget.take(stub.len())?;
    let said = match number {
        opnum::EC_DO_CONNECT_EX => EcDoConnectExResponse::decode(stub).map(|r| connected_ex(&r)),
        opnum::EC_DO_CONNECT => EcDoConnectResponse::decode(stub).map(|r| connected(&r)),
        opnum::EC_DO_DISCONNECT => EcDoDisconnectResponse::decode(stub)
            .map(|r| json!({ "pcxh": handle(r.handle), "ReturnValue": code(r.result) })),
        opnum::EC_DO_RPC => EcDoRpcResponse::decode(stub).map(|r| rpc_answered(&r)),
        opnum::EC_DO_RPC_EXT2 => {
            let response = EcDoRpcExt2Response::decode(stub).map_err(|error| error.to_string())?;
            Ok(ext2_answered(&response, budget)?)
        }
        opnum::EC_DUMMY_RPC => {
            EcDummyRpcResponse::decode(stub).map(|r| json!({ "ReturnValue": code(r.result) }))
        }
        opnum::EC_R_REGISTER_PUSH_NOTIFICATION => {
            EcRRegisterPushNotificationResponse::decode(stub).map(|r| push_registered(&r))
        }
        opnum::EC_DO_ASYNC_CONNECT_EX => EcDoAsyncConnectExResponse::decode(stub)
            .map(|r| json!({ "pacxh": handle(r.async_handle), "ReturnValue": code(r.result) })),
        _ => return Ok(Fields::new()),
    };
    said.map(fields).map_err(|error| error.to_string())
}

/// What a request of AsyncEMSMDB says.
pub(super) fn async_request(_: u16, stub: &[u8], budget: &mut Budget) -> Result<Fields, String> {
    budget.take(stub.len())?;
    let request = EcDoAsyncWaitExRequest::decode(stub).map_err(|error| error.to_string())?;
    Ok(fields(json!({ "acxh": handle(request.async_handle), "ulFlagsIn": request.flags })))
}

/// What a response of AsyncEMSMDB says.
pub(super) fn async_response(_: u16, stub: &[u8], budget: &mut Budget) -> Result<Fields, String> {
    budget.take(stub.len())?;
    let response = EcDoAsyncWaitExResponse::decode(stub).map_err(|error| error.to_string())?;
    let pending = u32::from(response.notification_pending);
    Ok(fields(json!({ "pulFlagsOut": pending, "ReturnValue": code(response.result) })))
}

/// The fields of an object; there are none of anything else.
pub(super) fn fields(value: Value) -> Fields {
    match value {
        Value::Object(fields) => fields,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Fields::new()
        }
    }
}

fn connect_ex(request: &EcDoConnectExRequest) -> Value {
    json!({
        "szUserDN": ansi(&request.user_dn),
        "ulFlags": request.flags,
        "ulConMod": request.con_mod,
        "cbLimit": request.limit,
        "ulCpid": request.code_page,
        "ulLcidString": request.lcid_string,
        "ulLcidSort": request.lcid_sort,
        "ulIcxrLink": request.link,
        "usFCanConvertCodePages": request.can_convert_code_pages,
        "rgwClientVersion": version(request.client_version),
        "pulTimeStamp": request.time_stamp,
        "rgbAuxIn": aux(&request.aux_in),
        "pcbAuxOut": request.aux_out_max,
    })
}

fn connect(request: &EcDoConnectRequest) -> Value {
    json!({
        "szUserDN": ansi(&request.user_dn),
        "ulFlags": request.flags,
        "ulConMod": request.con_mod,
        "cbLimit": request.limit,
        "ulCpid": request.code_page,
        "ulLcidString": request.lcid_string,
        "ulLcidSort": request.lcid_sort,
        "ulIcxrLink": request.link,
        "usFCanConvertCodePages": request.can_convert_code_pages,
        "rgwClientVersion": version(request.client_version),
        "pulTimeStamp": request.time_stamp,
    })
}

fn connected_ex(response: &EcDoConnectExResponse) -> Value {
    json!({
        "pcxh": handle(response.handle),
        "pcmsPollsMax": response.polls_max_ms,
        "pcRetry": response.retry,
        "pcmsRetryDelay": response.retry_delay_ms,
        "picxr": response.session_index,
        "szDNPrefix": ansi(&response.dn_prefix),
        "szDisplayName": ansi(&response.display_name),
        "rgwServerVersion": version(response.server_version),
        "rgwBestVersion": version(response.best_version),
        "pulTimeStamp": response.time_stamp,
        "rgbAuxOut": aux(&response.aux_out),
        "ReturnValue": code(response.result),
    })
}

fn connected(response: &EcDoConnectResponse) -> Value {
    json!({
        "pcxh": handle(response.handle),
        "pcmsPollsMax": response.polls_max_ms,
        "pcRetry": response.retry,
        "pcmsRetryDelay": response.retry_delay_ms,
        "picxr": response.session_index,
        "szDNPrefix": ansi(&response.dn_prefix),
        "szDisplayName": ansi(&response.display_name),
        "rgwServerVersion": version(response.server_version),
        "rgwClientVersion": version(response.client_version),
        "pulTimeStamp": response.time_stamp,
        "ReturnValue": code(response.result),
    })
}

fn rpc(request: &EcDoRpcRequest) -> Value {
    json!({
        "pcxh": handle(request.handle),
        "rgb": plain_requests(&request.rops),
        "max_data": request.max_data,
    })
}

fn rpc_answered(response: &EcDoRpcResponse) -> Value {
    json!({
        "pcxh": handle(response.handle),
        "rgb": plain_responses(&response.rops),
        "ReturnValue": code(response.result),
    })
}

fn rpc_ext2(request: &EcDoRpcExt2Request, budget: &mut Budget) -> Result<Value, String> {
    Ok(json!({
        "pcxh": handle(request.handle),
        "pulFlags": request.flags.0,
        "rgbIn": extended(&request.rgb_in, budget, requests)?,
        "cbIn": request.rgb_in.len(),
        "pcbOut": request.rgb_out_max,
        "rgbAuxIn": aux(&request.aux_in),
        "cbAuxIn": request.aux_in.len(),
        "pcbAuxOut": request.aux_out_max,
    }))
}

fn ext2_answered(response: &EcDoRpcExt2Response, budget: &mut Budget) -> Result<Value, String> {
    Ok(json!({
        "pcxh": handle(response.handle),
        "pulFlags": response.flags,
        "rgbOut": extended(&response.rgb_out, budget, responses)?,
        "pcbOut": response.rgb_out.len(),
        "rgbAuxOut": aux(&response.aux_out),
        "pulTransTime": response.trans_time_ms,
        "ReturnValue": code(response.result),
    }))
}

fn register_push(request: &EcRRegisterPushNotificationRequest) -> Value {
    json!({
        "pcxh": handle(request.handle),
        "iRpc": request.rpc,
        "rgbContext": hex(&request.context),
        "grbitAdviseBits": request.advise_bits,
        "rgbCallbackAddress": hex(&request.callback_address),
    })
}

fn push_registered(response: &EcRRegisterPushNotificationResponse) -> Value {
    json!({
        "pcxh": handle(response.handle),
        "hNotification": response.notification,
        "ReturnValue": code(response.result),
    })
}

/// A context handle as its UUID; null is null.
fn handle(bytes: [u8; 20]) -> Option<String> {
    let handle = ContextHandle::from_bytes(bytes);
    (!handle.is_null()).then(|| handle.uuid().to_string())
}

/// 8-bit characters, one for one: the code page is the client's affair.
fn ansi(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

fn code(code: ErrorCode) -> String {
    code.to_string()
}

/// Three words as sent, and what they say.
fn version(version: WireVersion) -> Value {
    let [major, minor, build, revision] = version.normalised();
    let WireVersion([first, second, third]) = version;
    json!({
        "words": format!("{first:04X} {second:04X} {third:04X}"),
        "version": format!("{major}.{minor}.{build}.{revision}"),
    })
}
