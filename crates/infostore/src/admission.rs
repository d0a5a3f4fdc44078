//! A client connects: admitted or refused, in one call.

use std::sync::Arc;

use clock::SimTime;
use policy::ClientVersion;
use registry_poll::FaultId;

use crate::denial::Denial;
use crate::engine::{InfoStore, Phase};
use crate::event::{BlockTrigger, Cause, Event};
use crate::fault::ResultCode;
use crate::session::{
    AssociationRef, ClientIdentity, Generation, Interface, SessionId, SessionIndex, SessionLink,
    SessionRecord,
};
use crate::table::Row;

/// The oldest client that EcDoConnectEx serves, \[MS-OXCRPC\] 3.2.4.1.3.2.
pub const MINIMUM_VERSION: ClientVersion = ClientVersion::new(11, 0, 0, 0);

/// A client asks for a session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConnectRequest {
    /// Where the call came in.
    pub association: AssociationRef,
    /// What the client said of itself.
    pub identity: ClientIdentity,
    /// The session that it wants to be linked to.
    pub link: Option<SessionLink>,
    /// What fault rules do to it.
    pub faults: ConnectFaults,
    /// Why it may not be whom it says it is; none when it may.
    pub denied: Option<Denial>,
}

/// What fault rules do to a connect.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ConnectFaults {
    /// The rules that hit it.
    pub rules: Vec<FaultId>,
    /// The code that it is refused with, whatever the store would say.
    pub refuse: Option<ResultCode>,
}

/// The answer to a [`ConnectRequest`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Admission {
    /// There is a session now.
    Admitted(Admitted),
    /// There is none.
    Refused(Refusal),
}

/// A new session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Admitted {
    /// Its id.
    pub session: SessionId,
    /// Its index in the protocol.
    pub index: SessionIndex,
    /// The policy that permitted it.
    pub generation: Generation,
}

/// Why a client gets no session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// It may not be whom it says it is, or does not prove it well enough. The policy is not asked about it.
    Denied(Denial),
    /// The policy forbids it.
    Policy(Arc<policy::Cause>),
    /// EcDoConnectEx from a client older than [`MINIMUM_VERSION`].
    VersionTooOld,
    /// It reported more process names than [`crate::Limits::names_per_session`].
    TooManyNames,
    /// The store holds [`crate::Limits::sessions`] sessions.
    SessionLimit,
    /// The store knows [`crate::Limits::classes`] kinds of programs, and this is another.
    ClassLimit,
    /// The store service has not read its policy yet, or has stopped.
    NotRunning,
    /// A fault rule refuses it with this code; nothing else was asked.
    Fault(ResultCode),
}

impl Refusal {
    /// The word for it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Denied(denial) => denial.name(),
            Self::Policy(_) => "policy",
            Self::VersionTooOld => "version_too_old",
            Self::TooManyNames => "too_many_names",
            Self::SessionLimit => "session_limit",
            Self::ClassLimit => "class_limit",
            Self::NotRunning => "not_running",
            Self::Fault(_) => "fault",
        }
    }
}

impl InfoStore {
    /// Admits or refuses a client. A fault rule that refuses it comes before everything; then who it is; then the block list is
    /// asked, so that a listed program of somebody who may connect is always refused as listed. In audit mode such a one is admitted, unless something else keeps
    /// it out, and the journal says that it is listed.
    pub fn connect(&mut self, now: SimTime, request: ConnectRequest) -> Admission {
        let listed = self.forbidding(&request.identity.subject);
        let faults = self.in_play(&request.faults.rules);
        let refused_by_fault = request.faults.refuse.map(Refusal::Fault);
        let denied = request.denied.map(Refusal::Denied).filter(|_| self.phase == Phase::Running);
        let refused = refused_by_fault.or(denied);
        match refused.or_else(|| self.refusal(&request.identity, listed.as_ref())) {
            None => {
                let admitted = self.admit(now, request, (listed.is_some(), Arc::clone(&faults)));
                if let Some(why) = listed {
                    let block = (BlockTrigger::Connect, why, faults);
                    self.would_block(now, Cause::Client, admitted.session, block);
                }
                Admission::Admitted(admitted)
            }
            Some(refusal) => {
                let event = Event::SessionRefused {
                    identity: Box::new(request.identity),
                    refusal: refusal.clone(),
                    generation: self.generation,
                    faults,
                };
                self.journal.record(now, Cause::Client, event);
                self.totals.refused = self.totals.refused.saturating_add(1);
                Admission::Refused(refusal)
            }
        }
    }

    fn refusal(
        &self,
        identity: &ClientIdentity,
        listed: Option<&Arc<policy::Cause>>,
    ) -> Option<Refusal> {
        let limits = &self.settings.limits;
        let subject = &identity.subject;
        if self.phase != Phase::Running {
            return Some(Refusal::NotRunning);
        }
        if let Some(why) = listed.filter(|_| self.enforces()) {
            return Some(Refusal::Policy(Arc::clone(why)));
        }
        let too_old =
            identity.interface == Interface::ConnectEx && subject.version() < MINIMUM_VERSION;
        let new_class = !self.table.has_class(subject);
        [
            (too_old, Refusal::VersionTooOld),
            (limits.names_per_session < subject.names().len(), Refusal::TooManyNames),
            (limits.sessions <= self.table.len(), Refusal::SessionLimit),
            (new_class && limits.classes <= self.table.class_count(), Refusal::ClassLimit),
        ]
        .into_iter()
        .find_map(|(applies, refusal)| applies.then_some(refusal))
    }

    /// The fault rules in play in a decision on a connect: those that disturbed it, and the last read of the registry.
    fn in_play(&self, connect: &[FaultId]) -> Arc<[FaultId]> {
        if connect.is_empty() {
            return Arc::clone(&self.read_faults);
        }
        connect.iter().chain(&*self.read_faults).copied().collect()
    }

    fn admit(
        &mut self,
        now: SimTime,
        request: ConnectRequest,
        (listed, faults): (bool, Arc<[FaultId]>),
    ) -> Admitted {
        self.last_session = SessionId(self.last_session.0.saturating_add(1));
        let index = self.table.take_index();
        // A link to nothing is ignored without a word, [MS-OXCRPC] 3.1.4.1.
        let linked_to = request.link.and_then(|link| self.table.linked(link, request.association));
        let record = Arc::new(SessionRecord {
            id: self.last_session,
            index,
            identity: request.identity,
            connected_at: now,
            linked_to,
        });
        let session = Arc::clone(&record);
        self.table.insert(Row { record, association: request.association });
        self.totals.admitted = self.totals.admitted.saturating_add(1);
        self.totals.most_sessions = self.totals.most_sessions.max(self.table.len());
        let generation = self.generation;
        let event = Event::SessionConnected { session, generation, faults, listed };
        self.journal.record(now, Cause::Client, event);
        Admitted { session: self.last_session, index, generation: self.generation }
    }
}
