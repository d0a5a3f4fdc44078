//! Waiting for events in a call that stays open, as Exchange 2007 and later offer it ([MS-OXCRPC] 3.1.4.4 and 3.3.4.1).
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc

use std::sync::Arc;

use dcerpc::{Call, CallId, ContextHandle, FaultStatus};
use emsmdb::asynchronous::decode_async_request;
use emsmdb::{
    EcDoAsyncConnectExRequest, EcDoAsyncConnectExResponse, EcDoAsyncWaitExResponse, ErrorCode,
    RequestError,
};

use super::emsmdb::Parked;
use super::{AsyncWait, Endpoint, Request};
use crate::async_waits::{OpenWait, WaitOver};
use crate::group::{Group, Handle};
use crate::judge::Caller;

impl Endpoint {
    pub(super) fn async_connect(
        &mut self,
        call: CallId,
        group: Arc<Group>,
        request: EcDoAsyncConnectExRequest,
    ) {
        let handle = ContextHandle::from_bytes(request.handle);
        match group.get(handle) {
            None => self.fault(call, FaultStatus::CONTEXT_MISMATCH),
            // The handle is no parameter that comes back, so the next call on it is told of the end.
            Some(Handle::Dead(code)) => self.async_connected(call, Err(code)),
            Some(Handle::Live(_)) => {
                let request = Request::AsyncConnect { group, handle };
                self.park_call(call, Parked::AsyncConnect, request);
            }
        }
    }

    pub(super) fn async_connected(
        &mut self,
        call: CallId,
        result: Result<ContextHandle, ErrorCode>,
    ) {
        let response = match result {
            Ok(handle) => EcDoAsyncConnectExResponse {
                async_handle: handle.to_bytes(),
                result: ErrorCode::EC_NONE,
            },
            Err(code) => EcDoAsyncConnectExResponse::refused(code),
        };
        self.respond(call, &response.encode());
    }

    /// A call of AsyncEMSMDB.
    pub(super) fn call_async_emsmdb(&mut self, call: &Call, group: Arc<Group>) {
        match decode_async_request(call.opnum.0, &call.stub) {
            Ok(request) => {
                let handle = ContextHandle::from_bytes(request.async_handle);
                let (connection, control) = (self.peer.connection, Arc::clone(&self.control));
                let caller = Caller::from(&call.security);
                let wait = OpenWait { connection, call: call.id, caller, control };
                let request = Request::AsyncWait { group, handle, wait };
                self.park_call(call.id, Parked::AsyncWait, request);
            }
            Err(RequestError::UnknownOpnum { .. }) => {
                self.fault(call.id, FaultStatus::OP_RNG_ERROR);
            }
            Err(RequestError::BadStub(error)) => {
                tracing::debug!(%error, "a malformed stub");
                self.fault(call.id, FaultStatus::BAD_STUB_DATA);
            }
        }
    }

    /// What the owner says of a wait. One that has begun leaves the connection to its other calls.
    pub(super) fn async_wait_answered(&mut self, call: CallId, wait: AsyncWait) {
        match wait {
            AsyncWait::Begun => {}
            AsyncWait::Over(over) => self.respond(call, &over_response(over).encode()),
            AsyncWait::SomebodyElses => self.fault(call, FaultStatus::ACCESS_DENIED),
            AsyncWait::UnknownHandle => self.fault(call, FaultStatus::CONTEXT_MISMATCH),
        }
    }

    /// Answers the calls whose waits are over. No fault rule looks at them: what disturbs a connection holds them back too.
    pub(super) fn answer_waits(&mut self) {
        for (call, over) in self.control.take_ended_waits() {
            let answered = self.association.respond(call, &over_response(over).encode());
            if let Err(error) = answered {
                tracing::debug!(%error, "an answer to a call that is gone");
            }
        }
    }
}

fn over_response(over: WaitOver) -> EcDoAsyncWaitExResponse {
    let WaitOver { has_events, result } = over;
    EcDoAsyncWaitExResponse { notification_pending: has_events, result }
}
