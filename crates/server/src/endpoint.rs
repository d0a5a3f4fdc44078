//! One connection's server side without its transport: DCE/RPC below, EMSMDB above, the store's task beside.
//!
//! Bytes go in and come out, over TCP and over the pipe alike. What only the store's owner may decide leaves as a
//! [`Request`] and comes back as an [`Answer`]; until then later calls of the connection wait. A malformed stub is a fault;
//! a refusal is an ordinary response with a null handle and a code; they never mix.

use std::sync::Arc;

use dcerpc::{Association, AssociationGroupId, Call, CallId, ContextHandle, FaultStatus, RpcEvent};
use emsmdb::{
    EcDoConnectExRequest, EcDoConnectExResponse, EcDoConnectRequest, EcDoConnectResponse,
    EcDoDisconnectResponse, EcDoRpcExt2Request, EcDoRpcExt2Response, EcDoRpcRequest,
    EcDoRpcResponse, EcDummyRpcResponse, EmsmdbRequest, ErrorCode, RequestError, WireVersion,
    decode_request,
};
use infostore::{ClientIdentity, GroupId, SessionLink};
use policy::Subject;

use crate::connected;
use crate::group::{ConnectionControl, Group, Handle};
use crate::identity::{self, Peer};
use crate::session::SessionContext;
use crate::site::Site;

/// A connection's server side.
pub(crate) struct Endpoint {
    association: Association,
    site: Arc<Site>,
    peer: Peer,
    control: Arc<ConnectionControl>,
    group: Option<Arc<Group>>,
    request: Option<Request>,
    parked: Option<Parked>,
}

/// What only the store's owner may do.
#[derive(Debug)]
pub(crate) enum Request {
    /// The connection joins a group, or founds one.
    Join { group: Option<GroupId>, control: Arc<ConnectionControl> },
    /// A client asks for a session in `group`.
    Connect { group: Arc<Group>, identity: Box<ClientIdentity>, link: Option<SessionLink> },
    /// A session's client said more of itself.
    Observe { group: Arc<Group>, handle: ContextHandle, subject: Subject },
    /// A client ends its session.
    Disconnect { group: Arc<Group>, handle: ContextHandle },
}

/// What came of a [`Request`].
#[derive(Debug)]
pub(crate) enum Answer {
    /// The group; none when there is no group of that id.
    Joined(Option<Arc<Group>>),
    /// The session, or the code that tells why there is none.
    Connected(Result<NewSession, ErrorCode>),
    /// It is noted.
    Observed,
    /// The handle is forgotten.
    Disconnected,
}

/// A session just opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewSession {
    pub(crate) handle: ContextHandle,
    pub(crate) index: u16,
    pub(crate) time_stamp: u32,
}

/// The call that waits for an [`Answer`].
enum Parked {
    Bind,
    ConnectEx { call: CallId, request: Box<EcDoConnectExRequest> },
    Connect { call: CallId, request: Box<EcDoConnectRequest> },
    Disconnect { call: CallId },
    RpcExt2 { call: CallId, handle: ContextHandle, request: Box<EcDoRpcExt2Request> },
}

impl Endpoint {
    pub(crate) fn new(site: Arc<Site>, peer: Peer, control: Arc<ConnectionControl>) -> Self {
        let association = Association::new(Arc::clone(&site.association));
        Self { association, site, peer, control, group: None, request: None, parked: None }
    }

    /// The group, once the client has bound.
    pub(crate) fn group(&self) -> Option<&Arc<Group>> {
        self.group.as_ref()
    }

    /// Takes bytes from the client, in any split.
    pub(crate) fn handle_bytes(&mut self, bytes: &[u8]) {
        if let Err(error) = self.association.handle_bytes(bytes) {
            tracing::debug!(%error, "the peer broke the protocol");
        }
        self.pump();
    }

    /// Takes the answer to the request that was polled last.
    pub(crate) fn handle_answer(&mut self, answer: Answer) {
        match (self.parked.take(), answer) {
            (Some(Parked::Bind), Answer::Joined(group)) => self.joined(group),
            (Some(Parked::ConnectEx { call, request }), Answer::Connected(result)) => {
                let response = connect_ex_response(&self.site, &request, result);
                self.respond(call, &response.encode());
            }
            (Some(Parked::Connect { call, request }), Answer::Connected(result)) => {
                let response = connect_response(&self.site, &request, result);
                self.respond(call, &response.encode());
            }
            (Some(Parked::Disconnect { call }), Answer::Disconnected) => self.disconnected(call),
            (Some(Parked::RpcExt2 { call, handle, request }), Answer::Observed) => {
                self.execute_ext2(call, handle, &request);
            }
            // An answer goes to the request it was made for, so this can't be; the call, if any, stays unanswered.
            (parked, answer) => {
                self.parked = parked;
                tracing::error!(?answer, "an answer to no request");
            }
        }
        self.pump();
    }

    /// What to ask the store's owner.
    pub(crate) fn poll_request(&mut self) -> Option<Request> {
        self.request.take()
    }

    /// Appends bytes for the client; false when there are none.
    pub(crate) fn poll_transmit(&mut self, out: &mut Vec<u8>) -> bool {
        self.association.poll_transmit(out)
    }

    /// Whether the protocol wants the connection closed once everything is sent.
    pub(crate) fn is_closing(&self) -> bool {
        self.association.is_closing()
    }

    fn pump(&mut self) {
        while self.parked.is_none() {
            match self.association.poll_event() {
                None => return,
                Some(RpcEvent::Bind { group }) => {
                    let group = group.map(|id| GroupId(id.0));
                    let control = Arc::clone(&self.control);
                    self.park(Parked::Bind, Request::Join { group, control });
                }
                Some(RpcEvent::Call(call)) => self.call(&call),
            }
        }
    }

    fn park(&mut self, parked: Parked, request: Request) {
        self.parked = Some(parked);
        self.request = Some(request);
    }

    fn joined(&mut self, group: Option<Arc<Group>>) {
        match &group {
            Some(group) => self.association.accept_group(AssociationGroupId(group.id.0)),
            None => self.association.reject_group(),
        }
        self.group = group;
    }

    fn call(&mut self, call: &Call) {
        // A call can't come before the bind has been answered, and the answer brings the group.
        let Some(group) = self.group.clone() else {
            return self.fault(call.id, FaultStatus::PROTO_ERROR);
        };
        match decode_request(call.opnum.0, &call.stub) {
            Ok(request) => self.dispatch(call.id, group, request),
            Err(RequestError::UnknownOpnum { .. }) => {
                self.fault(call.id, FaultStatus::OP_RNG_ERROR)
            }
            Err(RequestError::BadStub(error)) => {
                tracing::debug!(%error, "a malformed stub");
                self.fault(call.id, FaultStatus::BAD_STUB_DATA);
            }
        }
    }

    fn dispatch(&mut self, call: CallId, group: Arc<Group>, request: EmsmdbRequest) {
        match request {
            EmsmdbRequest::DummyRpc => {
                let response = EcDummyRpcResponse { result: ErrorCode::EC_NONE };
                self.respond(call, &response.encode());
            }
            EmsmdbRequest::ConnectEx(request) => {
                let identity = Box::new(identity::of_connect_ex(&request, &self.peer));
                let link = identity::link(request.link, request.time_stamp);
                let request = Box::new(request);
                self.park(
                    Parked::ConnectEx { call, request },
                    Request::Connect { group, identity, link },
                );
            }
            EmsmdbRequest::Connect(request) => {
                let identity = Box::new(identity::of_connect(&request, &self.peer));
                let link = identity::link(request.link, request.time_stamp);
                let request = Box::new(request);
                self.park(
                    Parked::Connect { call, request },
                    Request::Connect { group, identity, link },
                );
            }
            EmsmdbRequest::Disconnect(request) => {
                let handle = ContextHandle::from_bytes(request.handle);
                if group.get(handle).is_none() {
                    return self.fault(call, FaultStatus::CONTEXT_MISMATCH);
                }
                self.park(Parked::Disconnect { call }, Request::Disconnect { group, handle });
            }
            EmsmdbRequest::Rpc(request) => self.rpc(call, &group, &request),
            EmsmdbRequest::RpcExt2(request) => self.rpc_ext2(call, group, request),
        }
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
                connected::execute_rpc(&session, request, self.site.now())
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
                let request = Box::new(request);
                self.park(
                    Parked::RpcExt2 { call, handle, request },
                    Request::Observe { group, handle, subject },
                );
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
                connected::execute_rpc_ext2(&session, request, self.site.now())
            }
        };
        self.respond(call, &response.encode());
    }

    fn disconnected(&mut self, call: CallId) {
        self.respond(call, &EcDoDisconnectResponse::CLOSED.encode());
    }

    fn respond(&mut self, call: CallId, stub: &[u8]) {
        if let Err(error) = self.association.respond(call, stub) {
            tracing::debug!(%error, "an answer to a call that is gone");
        }
    }

    fn fault(&mut self, call: CallId, status: FaultStatus) {
        if let Err(error) = self.association.fault(call, status) {
            tracing::debug!(%error, "a fault for a call that is gone");
        }
    }
}

/// The subject with the names that this call brings; none when it brings no new one, which is nearly always.
fn news(session: &SessionContext, request: &EcDoRpcExt2Request) -> Option<Subject> {
    if request.aux_in.is_empty() {
        return None;
    }
    let names = identity::read_aux(&request.aux_in).names;
    let mut state = session.lock();
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
