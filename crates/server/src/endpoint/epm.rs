//! The endpoint mapper: where EMSMDB is (MS-RPCE 2.2.1.2).
//!
//! One interface is registered, so one answer holds all there is, and no lookup handle is ever given out: whoever brings
//! one brings a foreign one.

use dcerpc::epm::{
    EpmRequest, EptLookupHandleFreeResponse, EptLookupRequest, EptLookupResponse, EptMapRequest,
    EptMapResponse, EptStatus, Registration,
};
use dcerpc::{Call, ContextHandle, FaultStatus};

use super::Endpoint;

impl Endpoint {
    pub(super) fn call_epm(&mut self, call: &Call) {
        let request = match EpmRequest::decode(call.opnum, &call.stub) {
            Ok(request) => request,
            Err(error) => return self.refuse_stub(call.id, &error),
        };
        if !handle_of(&request).is_null() {
            return self.fault(call.id, FaultStatus::CONTEXT_MISMATCH);
        }
        let registered = self.site.registered(self.peer.reached);
        self.respond(call.id, &answer(registered.as_ref(), &request));
    }
}

fn handle_of(request: &EpmRequest) -> ContextHandle {
    match request {
        EpmRequest::Lookup(request) => request.handle,
        EpmRequest::Map(request) => request.handle,
        EpmRequest::LookupHandleFree(request) => request.handle,
    }
}

fn answer(registered: Option<&Registration>, request: &EpmRequest) -> Vec<u8> {
    match request {
        EpmRequest::Map(request) => map(registered, request).encode(),
        EpmRequest::Lookup(request) => lookup(registered, request).encode(),
        EpmRequest::LookupHandleFree(_) => {
            EptLookupHandleFreeResponse { handle: ContextHandle::NULL, status: EptStatus::OK }
                .encode()
        }
    }
}

fn map(registered: Option<&Registration>, request: &EptMapRequest) -> EptMapResponse {
    let found = registered.and_then(|registered| registered.map(request));
    let status = status(found.is_some());
    EptMapResponse {
        handle: ContextHandle::NULL,
        max_towers: request.max_towers,
        towers: (0..request.max_towers).zip(found).map(|(_, tower)| tower).collect(),
        status,
    }
}

fn lookup(registered: Option<&Registration>, request: &EptLookupRequest) -> EptLookupResponse {
    let listed = |registered: &&Registration| registered.is_listed_by(request);
    let makes_sense = registered.as_ref().is_none_or(|registered| listed(registered).is_some());
    let found = registered.filter(|registered| listed(registered) == Some(true));
    let entries = (0..request.max_entries).zip(found).map(|(_, found)| found.entry());
    EptLookupResponse {
        handle: ContextHandle::NULL,
        max_entries: request.max_entries,
        entries: entries.collect(),
        status: if makes_sense { status(found.is_some()) } else { EptStatus::CANT_PERFORM_OP },
    }
}

/// Who asks for no result at all is still told whether there is one.
fn status(found: bool) -> EptStatus {
    if found { EptStatus::OK } else { EptStatus::NOT_REGISTERED }
}
