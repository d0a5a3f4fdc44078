//! EMSMDB: calls to the store ([MS-OXCRPC] 3.1.4).
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc

use std::sync::Arc;

use dcerpc::{Call, CallId, ContextHandle, FaultStatus};
use emsmdb::header_ext::HEADER_SIZE;
use emsmdb::{
    EcDoAsyncConnectExResponse, EcDoConnectExRequest, EcDoConnectExResponse, EcDoConnectRequest,
    EcDoConnectResponse, EcDoDisconnectResponse, EcDoRpcExt2Request, EcDoRpcExt2Response,
    EcDoRpcRequest, EcDoRpcResponse, EcDummyRpcResponse, EcRRegisterPushNotificationResponse,
    EmsmdbRequest, ErrorCode, RequestError, WireVersion, decode_request, opnum,
};
use infostore::{Build, ClientIdentity, FaultTarget, SessionLink};
use policy::Subject;

use super::{Answer, Connecting, Endpoint, NewSession, Request};
use crate::connected;
use crate::disturbance::Act;
use crate::group::{Group, Handle};
use crate::identity;
use crate::judge::Caller;
use crate::session::SessionContext;
use crate::site::Site;

/// The call that waits for an [`Answer`].
#[derive(Clone)]
pub(super) enum Parked {
    ConnectEx(Box<EcDoConnectExRequest>),
    Connect(Box<EcDoConnectRequest>),
    Disconnect,
    RegisterPush { handle: ContextHandle },
    AsyncConnect,
    AsyncWait,
    RpcExt2 { handle: ContextHandle, request: Box<EcDoRpcExt2Request> },
}

impl Endpoint {
    pub(super) fn call_emsmdb(&mut self, call: &Call, group: Arc<Group>) {
        if let Some(Act::Fault(status)) = self.verdict.as_ref().map(|verdict| &verdict.act) {
            return self.fault(call.id, *status);
        }
        // Whatever its stub is: 2003 has no such operation.
        let is_later = call.opnum.0 == opnum::EC_DO_ASYNC_CONNECT_EX;
        if is_later && self.site.build() < Build::EXCHANGE_2007 {
            return self.fault(call.id, FaultStatus::OP_RNG_ERROR);
        }
        match decode_request(call.opnum.0, &call.stub) {
            Ok(request) => {
                let caller = Caller::from(&call.security);
                if !may_use(&caller, &group, &request) {
                    tracing::debug!("the session is somebody else's");
                    return self.fault(call.id, FaultStatus::ACCESS_DENIED);
                }
                self.dispatch((call.id, caller), group, request);
            }
            Err(RequestError::UnknownOpnum { .. }) => {
                self.fault(call.id, FaultStatus::OP_RNG_ERROR)
            }
            Err(RequestError::BadStub(error)) => {
                tracing::debug!(%error, "a malformed stub");
                self.fault(call.id, FaultStatus::BAD_STUB_DATA);
            }
        }
    }

    /// Takes what the store's owner answers to a call.
    pub(super) fn emsmdb_answered(&mut self, call: CallId, parked: Parked, answer: Answer) {
        if let Answer::Connected(Ok(session)) = &answer {
            self.record_session(session);
        }
        match (parked, answer) {
            (Parked::ConnectEx(request), Answer::Connected(result)) => {
                let response = connect_ex_response(&self.site, &request, result);
                self.respond(call, &response.encode());
            }
            (Parked::Connect(request), Answer::Connected(result)) => {
                let response = connect_response(&self.site, &request, result);
                self.respond(call, &response.encode());
            }
            (Parked::Disconnect, Answer::Disconnected) => {
                self.respond(call, &EcDoDisconnectResponse::CLOSED.encode());
            }
            (Parked::RegisterPush { handle }, Answer::PushRegistered(number)) => {
                self.push_registered(call, handle, number);
            }
            (Parked::AsyncConnect, Answer::AsyncConnected(result)) => {
                self.async_connected(call, result);
            }
            (Parked::AsyncWait, Answer::AsyncWait(wait)) => self.async_wait_answered(call, wait),
            (Parked::RpcExt2 { handle, request }, Answer::Observed) => {
                self.execute_ext2(call, handle, &request);
            }
            // An answer goes to the request it was made for, so this can't be; the call stays unanswered.
            (_, answer) => tracing::error!(?answer, "an answer to no request"),
        }
    }

    /// Whom a fault on this call would hit.
    pub(super) fn target_of(&self, call: &Call) -> FaultTarget {
        let target = FaultTarget { opnum: Some(call.opnum.0), ..self.target() };
        let request = match decode_request(call.opnum.0, &call.stub) {
            Ok(EmsmdbRequest::ConnectEx(request)) => {
                let processes = identity::read_aux(&request.aux_in).names;
                return FaultTarget { processes, ..target };
            }
            Ok(request) => request,
            Err(_) => return target,
        };
        let group = self.group.as_ref();
        let handle = group.and_then(|group| group.get(handle_of(&request)?));
        match handle {
            Some(Handle::Live(session)) => FaultTarget {
                session: Some(session.id),
                processes: session.lock().subject.names().to_vec(),
                ..target
            },
            Some(Handle::Dead(_)) | None => target,
        }
    }

    /// Answers a call that is not made with a code, where a fault rule says so; a connect is the store's to refuse.
    fn answered_with_code(&mut self, call: CallId, request: &EmsmdbRequest) -> bool {
        let Some(Act::Code(code)) = self.verdict.as_ref().map(|verdict| &verdict.act) else {
            return false;
        };
        let code = *code;
        let response = match request {
            EmsmdbRequest::ConnectEx(_) | EmsmdbRequest::Connect(_) => return false,
            EmsmdbRequest::DummyRpc => EcDummyRpcResponse { result: code }.encode(),
            EmsmdbRequest::Disconnect(request) => {
                EcDoDisconnectResponse { handle: request.handle, result: code }.encode()
            }
            EmsmdbRequest::AsyncConnect(_) => EcDoAsyncConnectExResponse::refused(code).encode(),
            EmsmdbRequest::RegisterPush(request) => {
                let handle = request.handle;
                EcRRegisterPushNotificationResponse { handle, notification: 0, result: code }
                    .encode()
            }
            EmsmdbRequest::Rpc(request) => {
                let (handle, max_data) = (request.handle, request.max_data);
                EcDoRpcResponse { handle, max_data, rops: Vec::new(), result: code }.encode()
            }
            EmsmdbRequest::RpcExt2(request) => {
                EcDoRpcExt2Response::failed(request.handle, code).encode()
            }
        };
        self.respond(call, &response);
        true
    }

    fn dispatch(
        &mut self,
        (call, caller): (CallId, Caller),
        group: Arc<Group>,
        request: EmsmdbRequest,
    ) {
        if self.answered_with_code(call, &request) {
            return;
        }
        match request {
            EmsmdbRequest::DummyRpc => {
                let response = EcDummyRpcResponse { result: ErrorCode::EC_NONE };
                self.respond(call, &response.encode());
            }
            EmsmdbRequest::ConnectEx(request) if self.has_short_aux(&request) => {
                let refused = EcDoConnectExResponse::refused(ErrorCode::EC_RPC_FAILED);
                self.respond(call, &refused.encode());
            }
            EmsmdbRequest::ConnectEx(request) => {
                let identity = identity::of_connect_ex(&request, &self.peer);
                let link = self.link(request.link, request.time_stamp);
                let connecting = self.connecting(identity, link, (caller, request.flags));
                self.park_connect(call, Parked::ConnectEx(Box::new(request)), (group, connecting));
            }
            EmsmdbRequest::Connect(request) => {
                let identity = identity::of_connect(&request, &self.peer);
                let link = self.link(request.link, request.time_stamp);
                let connecting = self.connecting(identity, link, (caller, request.flags));
                self.park_connect(call, Parked::Connect(Box::new(request)), (group, connecting));
            }
            EmsmdbRequest::Disconnect(request) => {
                let handle = ContextHandle::from_bytes(request.handle);
                if group.get(handle).is_none() {
                    return self.fault(call, FaultStatus::CONTEXT_MISMATCH);
                }
                let request = Request::Disconnect { group, handle };
                self.park_call(call, Parked::Disconnect, request);
            }
            EmsmdbRequest::AsyncConnect(request) => self.async_connect(call, group, request),
            EmsmdbRequest::RegisterPush(request) => self.register_push(call, group, &request),
            EmsmdbRequest::Rpc(request) => self.rpc(call, &group, &request),
            EmsmdbRequest::RpcExt2(request) => self.rpc_ext2(call, group, request),
        }
    }

    /// The session to link to. Exchange 2010 and later link nothing (R508, R1435).
    fn link(&self, ul_icxr_link: u32, time_stamp: u32) -> Option<SessionLink> {
        let links = self.site.build() < Build::EXCHANGE_2010;
        identity::link(ul_icxr_link, time_stamp).filter(|_| links)
    }

    /// Whether rgbAuxIn is too short for its header, which Exchange 2010 and later fail the call for (R1940). Older ones take
    /// it for none.
    fn has_short_aux(&self, request: &EcDoConnectExRequest) -> bool {
        let is_short = (1..HEADER_SIZE).contains(&request.aux_in.len());
        is_short && Build::EXCHANGE_2010 <= self.site.build()
    }

    fn rpc(&mut self, call: CallId, group: &Group, request: &EcDoRpcRequest) {
        let handle = ContextHandle::from_bytes(request.handle);
        let response = match group.get(handle) {
            None => return self.fault(call, FaultStatus::CONTEXT_MISMATCH),
            Some(Handle::Dead(code)) => {
                group.remove(handle);
                EcDoRpcResponse::session_gone(code, request.max_data)
            }
            Some(Handle::Live(session)) => {
                let now = self.site.now();
                session.lock().last_call = now;
                connected::execute_rpc(&session, request, now)
            }
        };
        self.respond(call, &response.encode());
    }

    fn rpc_ext2(&mut self, call: CallId, group: Arc<Group>, request: EcDoRpcExt2Request) {
        let handle = ContextHandle::from_bytes(request.handle);
        let subject = match group.get(handle) {
            None => return self.fault(call, FaultStatus::CONTEXT_MISMATCH),
            Some(Handle::Dead(_)) => None,
            Some(Handle::Live(session)) => news(&session, &request),
        };
        match subject {
            None => self.execute_ext2(call, handle, &request),
            Some(subject) => {
                self.log_program(&subject);
                tracing::debug!("the client names another program");
                let waits = Parked::RpcExt2 { handle, request: Box::new(request) };
                self.park_call(call, waits, Request::Observe { group, handle, subject });
            }
        }
    }

    /// Executes an EcDoRpcExt2 as its session stands now: it may have ended while the call was parked.
    fn execute_ext2(&mut self, call: CallId, handle: ContextHandle, request: &EcDoRpcExt2Request) {
        let Some(group) = &self.group else { return };
        let response = match group.get(handle) {
            None => return self.fault(call, FaultStatus::CONTEXT_MISMATCH),
            Some(Handle::Dead(code)) => {
                group.remove(handle);
                EcDoRpcExt2Response::session_gone(code)
            }
            Some(Handle::Live(session)) => {
                let now = self.site.now();
                session.lock().last_call = now;
                connected::execute_rpc_ext2(&self.site, &session, request)
            }
        };
        self.respond(call, &response.encode());
    }

    fn connecting(
        &mut self,
        identity: ClientIdentity,
        link: Option<SessionLink>,
        (caller, flags): (Caller, u32),
    ) -> Box<Connecting> {
        let disturbed = self.connect_disturbance();
        Box::new(Connecting { identity, link, caller, flags, disturbed })
    }

    fn park_connect(
        &mut self,
        call: CallId,
        waits: Parked,
        (group, connecting): (Arc<Group>, Box<Connecting>),
    ) {
        self.log_program(&connecting.identity.subject);
        tracing::debug!("the client asks for a session");
        self.park_call(call, waits, Request::Connect { group, connecting });
    }

    pub(super) fn park_call(&mut self, call: CallId, waits: Parked, request: Request) {
        self.park(super::Parked::Call { call, waits }, request);
    }
}

/// Whether a call is made by the user whose session it is about. A context handle is good on every connection of the group, and so for
/// whoever joins it.
fn may_use(caller: &Caller, group: &Group, request: &EmsmdbRequest) -> bool {
    let handle = handle_of(request).and_then(|handle| group.get(handle));
    match handle {
        Some(Handle::Live(session)) => session.opener.is_the_same_user(caller),
        Some(Handle::Dead(_)) | None => true,
    }
}

/// The context handle that a call comes with.
fn handle_of(request: &EmsmdbRequest) -> Option<ContextHandle> {
    let handle = match request {
        EmsmdbRequest::Disconnect(request) => request.handle,
        EmsmdbRequest::Rpc(request) => request.handle,
        EmsmdbRequest::RpcExt2(request) => request.handle,
        EmsmdbRequest::RegisterPush(request) => request.handle,
        EmsmdbRequest::AsyncConnect(request) => request.handle,
        EmsmdbRequest::ConnectEx(_) | EmsmdbRequest::Connect(_) | EmsmdbRequest::DummyRpc => {
            return None;
        }
    };
    Some(ContextHandle::from_bytes(handle))
}

/// The subject with the names that this call brings; none when it brings no new one, which is nearly always.
fn news(session: &SessionContext, request: &EcDoRpcExt2Request) -> Option<Subject> {
    let mut state = session.lock();
    if request.aux_in.is_empty() && state.withheld.is_empty() {
        return None;
    }
    let withheld = core::mem::take(&mut state.withheld);
    let names = withheld.into_iter().chain(identity::read_aux(&request.aux_in).names);
    let subject = state.subject.with_names(names);
    if subject == state.subject {
        return None;
    }
    state.subject = subject.clone();
    Some(subject)
}

fn connect_ex_response(
    site: &Site,
    request: &EcDoConnectExRequest,
    result: Result<NewSession, ErrorCode>,
) -> EcDoConnectExResponse {
    match result {
        Ok(session) => connected::connect_ex(site, request, session),
        Err(code) => EcDoConnectExResponse {
            best_version: best_version(code),
            ..EcDoConnectExResponse::refused(code)
        },
    }
}

fn connect_response(
    site: &Site,
    request: &EcDoConnectRequest,
    result: Result<NewSession, ErrorCode>,
) -> EcDoConnectResponse {
    match result {
        Ok(session) => connected::connect(site, request, session),
        Err(code) => EcDoConnectResponse::refused(code),
    }
}

/// rgwBestVersion of a refusal: the oldest version that would do, where the version is what was wrong.
fn best_version(code: ErrorCode) -> WireVersion {
    let wrong_version = code == ErrorCode::EC_VERSION_MISMATCH;
    if wrong_version { WireVersion::BEST_FOR_TOO_OLD } else { WireVersion([0; 3]) }
}
