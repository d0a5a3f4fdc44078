//! EcRRegisterPushNotification: where a client wants to be told of events ([MS-OXCRPC] 3.1.4.5).
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc

use std::sync::Arc;

use dcerpc::{CallId, ContextHandle, FaultStatus};
use emsmdb::push::{PUSH_CONTEXT_MAX, callback_address};
use emsmdb::{EcRRegisterPushNotificationRequest, EcRRegisterPushNotificationResponse, ErrorCode};
use infostore::Build;

use super::emsmdb::Parked;
use super::{Endpoint, Request};
use crate::group::{Group, Handle};
use crate::session::Callback;

impl Endpoint {
    pub(super) fn register_push(
        &mut self,
        call: CallId,
        group: Arc<Group>,
        request: &EcRRegisterPushNotificationRequest,
    ) {
        let handle = ContextHandle::from_bytes(request.handle);
        match group.get(handle) {
            None => self.fault(call, FaultStatus::CONTEXT_MISMATCH),
            Some(Handle::Dead(code)) => {
                group.remove(handle);
                self.push_failed(call, ContextHandle::NULL, code);
            }
            Some(Handle::Live(_)) => match callback(self.site.build(), request) {
                Err(code) => self.push_failed(call, handle, code),
                Ok(callback) => {
                    let request = Request::RegisterPush { group, handle, callback };
                    self.park_call(call, Parked::RegisterPush { handle }, request);
                }
            },
        }
    }

    /// The owner has the callback; unless the session ended on the way, which the next call is told.
    pub(super) fn push_registered(
        &mut self,
        call: CallId,
        handle: ContextHandle,
        notification: Option<u32>,
    ) {
        let Some(notification) = notification else {
            return self.push_failed(call, handle, ErrorCode::EC_EXITING);
        };
        let result = ErrorCode::EC_NONE;
        let handle = handle.to_bytes();
        let response = EcRRegisterPushNotificationResponse { handle, notification, result };
        self.respond(call, &response.encode());
    }

    fn push_failed(&mut self, call: CallId, handle: ContextHandle, result: ErrorCode) {
        let handle = handle.to_bytes();
        let response = EcRRegisterPushNotificationResponse { handle, notification: 0, result };
        self.respond(call, &response.encode());
    }
}

/// Where the client wants to be told and by what, or the code that this build refuses it with.
fn callback(
    build: Build,
    request: &EcRRegisterPushNotificationRequest,
) -> Result<Callback, ErrorCode> {
    if Build::EXCHANGE_2010 <= build {
        return Err(ErrorCode::EC_NOT_SUPPORTED);
    }
    if PUSH_CONTEXT_MAX < request.context.len() {
        return Err(ErrorCode::EC_TOO_BIG);
    }
    let address = callback_address(&request.callback_address).map_err(|error| {
        tracing::debug!(%error, "a callback address that is of no use");
        ErrorCode::EC_INVALID_PARAM
    })?;
    // A store of 2003 knows IPv4 alone.
    if address.is_ipv6() && build < Build::EXCHANGE_2007 {
        return Err(ErrorCode::EC_INVALID_PARAM);
    }
    Ok(Callback { context: request.context.clone(), address })
}
