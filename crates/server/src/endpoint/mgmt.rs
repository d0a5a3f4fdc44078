//! Remote management: what a port offers, and how much came (C706 appendix Q).

use dcerpc::Call;
use dcerpc::mgmt::{MgmtRequest, MgmtResponse, MgmtStatus};

use super::Endpoint;

impl Endpoint {
    pub(super) fn call_mgmt(&mut self, call: &Call) {
        match MgmtRequest::decode(call.opnum, &call.stub) {
            Ok(request) => {
                let response = self.manage(request);
                self.respond(call.id, &response.encode());
            }
            Err(error) => self.refuse_stub(call.id, &error),
        }
    }

    fn manage(&mut self, request: MgmtRequest) -> MgmtResponse {
        match request {
            MgmtRequest::InqIfIds => MgmtResponse::InqIfIds(self.association.interfaces().to_vec()),
            MgmtRequest::InqStats { count } => {
                self.account();
                MgmtResponse::InqStats { statistics: self.site.traffic.statistics(), count }
            }
            MgmtRequest::IsServerListening => MgmtResponse::IsServerListening,
            // As of any Windows server: nobody stops it from afar.
            MgmtRequest::StopServerListening => {
                MgmtResponse::StopServerListening(MgmtStatus::ACCESS_DENIED)
            }
            MgmtRequest::InqPrincName { size, .. } => {
                let status = MgmtStatus::UNKNOWN_AUTHN_SERVICE;
                MgmtResponse::InqPrincName { size, status }
            }
        }
    }
}
