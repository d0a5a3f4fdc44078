//! What a connection leaves in its store's transcript.

use dcerpc::{Call, Direction};

use super::{Endpoint, NewSession};
use crate::transcript::What;

impl Endpoint {
    /// The connection is closed.
    pub(crate) fn closed(&mut self) {
        self.account();
        self.record(What::Closed);
    }

    pub(super) fn record_bytes(&mut self, direction: Direction, bytes: &[u8]) {
        let [received, sent] = &mut self.boundaries;
        let boundaries = match direction {
            Direction::Received => received,
            Direction::Sent => sent,
        };
        let chunk = boundaries.chunk(direction, bytes);
        self.record(What::Bytes(chunk));
    }

    pub(super) fn record_session(&self, session: &NewSession) {
        self.site.transcripts.opened(self.peer.connection, session.id, session.handle);
    }

    pub(super) fn record_interface(&self, call: &Call) {
        let (context, interface) = (call.presentation_context, call.interface);
        self.site.transcripts.called(self.peer.connection, context, interface);
    }

    pub(super) fn record(&self, what: What) {
        let whose = (&self.peer, self.control.client);
        self.site.transcripts.record(self.site.now(), whose, what);
    }
}
