//! One connection's server side without its transport: DCE/RPC below, the interfaces of its port above, the store's task
//! beside.
//!
//! Bytes go in and come out, over TCP and over the pipe alike. A call goes to the module of the interface that its
//! presentation context names. What only the store's owner may decide leaves as a [`Request`] and comes back as an
//! [`Answer`]; until then later calls of the connection wait. A malformed stub is a fault; a refusal is an ordinary response
//! with a null handle and a code; they never mix.

mod asynchronous;
mod disturbed;
mod emsmdb;
mod epm;
mod mgmt;
mod push;
mod recorded;

use std::collections::VecDeque;
use std::sync::Arc;

use ::emsmdb::ErrorCode;
use dcerpc::epm::EPM;
use dcerpc::mgmt::MGMT;
use dcerpc::{
    Association, AssociationGroupId, Call, CallId, ContextHandle, Direction, FaultStatus, RpcEvent,
    StubError,
};
use infostore::{ClientIdentity, ConnectFaults, GroupId, LateAux, Pacing, SessionId, SessionLink};
use policy::Subject;

use self::disturbed::{Disturbable, Outgoing};
use crate::async_waits::{OpenWait, WaitOver};
use crate::disturbance::{Opportunity, Verdict};
use crate::group::{ConnectionControl, Group};
use crate::identity::Peer;
use crate::judge::Caller;
use crate::session::Callback;
use crate::site::{ASYNC_EMSMDB, EMSMDB, PortKind, Site};
use crate::transcript::{Boundaries, What};

/// A connection's server side.
pub(crate) struct Endpoint {
    association: Association,
    site: Arc<Site>,
    peer: Peer,
    control: Arc<ConnectionControl>,
    group: Option<Arc<Group>>,
    request: Option<Request>,
    parked: Option<Parked>,
    /// Whether fault rules look at it: at the store's own port and at pipes, not at the endpoint mapper's port.
    is_looked_at: bool,
    /// What fault rules do to the bind or call that is being answered.
    verdict: Option<Box<Verdict>>,
    /// What goes out before whatever the association has.
    outgoing: VecDeque<Outgoing>,
    /// Where PDUs begin in what the client sends, and in what it is sent.
    boundaries: [Boundaries; 2],
    /// What its lines in the log are told with.
    span: tracing::Span,
}

/// What only the store's owner may do.
#[derive(Debug)]
pub(crate) enum Request {
    /// Something comes that fault rules look at.
    Disturb(Box<Opportunity>),
    /// The connection joins a group, or founds one.
    Join { group: Option<GroupId>, control: Arc<ConnectionControl> },
    /// A client asks for a session in `group`.
    Connect { group: Arc<Group>, connecting: Box<Connecting> },
    /// A session's client said more of itself.
    Observe { group: Arc<Group>, handle: ContextHandle, subject: Subject },
    /// A session's client wants to be told of events by datagrams.
    RegisterPush { group: Arc<Group>, handle: ContextHandle, callback: Callback },
    /// A session's client wants a handle to wait with.
    AsyncConnect { group: Arc<Group>, handle: ContextHandle },
    /// A client waits for events with this handle.
    AsyncWait { group: Arc<Group>, handle: ContextHandle, wait: OpenWait },
    /// A client ends its session.
    Disconnect { group: Arc<Group>, handle: ContextHandle },
}

/// A client that asks for a session.
#[derive(Debug)]
pub(crate) struct Connecting {
    /// What it says of itself.
    pub(crate) identity: ClientIdentity,
    /// The session that it wants to be linked to.
    pub(crate) link: Option<SessionLink>,
    /// Who it has proved to be.
    pub(crate) caller: Caller,
    /// ulFlags.
    pub(crate) flags: u32,
    pub(crate) disturbed: ConnectDisturbance,
}

/// What fault rules do to a connect.
#[derive(Debug, Default)]
pub(crate) struct ConnectDisturbance {
    pub(crate) faults: ConnectFaults,
    pub(crate) late_aux: Option<LateAux>,
}

/// What came of a [`Request`].
#[derive(Debug)]
pub(crate) enum Answer {
    /// What the fault rules do to it.
    Disturbed(Box<Verdict>),
    /// The group; none when there is no group of that id.
    Joined(Option<Arc<Group>>),
    /// The session, or the code that tells why there is none.
    Connected(Result<NewSession, ErrorCode>),
    /// It is noted.
    Observed,
    /// The number of the callback; none when the session has ended.
    PushRegistered(Option<u32>),
    /// The handle to wait with, or the code that tells why there is none.
    AsyncConnected(Result<ContextHandle, ErrorCode>),
    /// How a wait begins.
    AsyncWait(AsyncWait),
    /// The handle is forgotten.
    Disconnected,
}

/// How a wait for events begins.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AsyncWait {
    /// It goes on, and its end is told to the connection's control.
    Begun,
    /// It is over already.
    Over(WaitOver),
    /// There is no such handle.
    UnknownHandle,
    /// The handle is that of a session of another user.
    SomebodyElses,
}

/// A session just opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewSession {
    pub(crate) id: SessionId,
    pub(crate) handle: ContextHandle,
    pub(crate) index: u16,
    pub(crate) time_stamp: u32,
    pub(crate) pacing: Pacing,
}

/// What waits for an [`Answer`].
#[derive(Clone)]
enum Parked {
    /// Whether and how fault rules disturb this.
    Disturbed(Disturbable),
    /// This, until what holds it back is over.
    Held(Disturbable, Box<Verdict>),
    Bind,
    Call {
        call: CallId,
        waits: emsmdb::Parked,
    },
}

impl Endpoint {
    /// A connection to a port of this kind.
    pub(crate) fn new(
        site: Arc<Site>,
        kind: PortKind,
        peer: Peer,
        control: Arc<ConnectionControl>,
    ) -> Self {
        let is_looked_at = kind == PortKind::Store;
        let port = Arc::clone(site.port(kind));
        let span = span_of(&site, &peer);
        let challenges = site.challenges.key(peer.connection);
        Self {
            association: Association::new(port).authenticating(challenges).recording(),
            site,
            peer,
            control,
            group: None,
            request: None,
            parked: None,
            is_looked_at,
            verdict: None,
            outgoing: VecDeque::new(),
            boundaries: Default::default(),
            span,
        }
    }

    /// The same connection of a copied store, where `group` and `control` take the place of its own. What it asked the owner
    /// is not copied: over the pipe nothing is left to ask between two steps.
    pub(crate) fn copy(&self, group: Option<Arc<Group>>, control: Arc<ConnectionControl>) -> Self {
        let Self {
            association,
            site,
            peer,
            control: _,
            group: _,
            request: _,
            parked,
            is_looked_at,
            verdict,
            outgoing,
            boundaries,
            span,
        } = self;
        Self {
            association: association.clone(),
            site: Arc::clone(site),
            peer: peer.clone(),
            control,
            group,
            request: None,
            parked: parked.clone(),
            is_looked_at: *is_looked_at,
            verdict: verdict.clone(),
            outgoing: outgoing.clone(),
            boundaries: boundaries.clone(),
            span: span.clone(),
        }
    }

    /// What the connection's lines in the log are told with.
    pub(crate) fn span(&self) -> &tracing::Span {
        &self.span
    }

    /// What the client calls its program is in the log from here on. It may be anything.
    fn log_program(&self, subject: &Subject) {
        let names = subject.names().iter().map(|name| name.reported().escape_debug().to_string());
        let names: Vec<String> = names.collect();
        if !names.is_empty() {
            self.span.record("program", names.join("; "));
        }
    }

    /// The group, once the client has bound.
    pub(crate) fn group(&self) -> Option<&Arc<Group>> {
        self.group.as_ref()
    }

    /// Takes bytes from the client, in any split.
    pub(crate) fn handle_bytes(&mut self, bytes: &[u8]) {
        let span = self.span.clone();
        let _entered = span.enter();
        self.record_bytes(Direction::Received, bytes);
        if let Err(error) = self.association.handle_bytes(bytes) {
            tracing::debug!(%error, "the peer broke the protocol");
        }
        self.pump();
        self.account();
    }

    /// Takes the answer to the request that was polled last.
    pub(crate) fn handle_answer(&mut self, answer: Answer) {
        let span = self.span.clone();
        let _entered = span.enter();
        match (self.parked.take(), answer) {
            (Some(Parked::Disturbed(what)), Answer::Disturbed(verdict)) => {
                self.disturbed(what, verdict);
            }
            (Some(Parked::Bind), Answer::Joined(group)) => self.joined(group),
            (Some(Parked::Call { call, waits }), answer) => {
                self.emsmdb_answered(call, waits, answer)
            }
            // An answer goes to the request it was made for, so this can't be; the bind, if any, stays unanswered.
            (parked, answer) => {
                self.parked = parked;
                tracing::error!(?answer, "an answer to no request");
            }
        }
        self.pump();
        self.account();
    }

    /// What to ask the store's owner.
    pub(crate) fn poll_request(&mut self) -> Option<Request> {
        self.request.take()
    }

    /// Whether the protocol wants the connection closed once everything is sent.
    pub(crate) fn is_closing(&self) -> bool {
        self.association.is_closing()
    }

    fn pump(&mut self) {
        while self.parked.is_none() {
            match self.association.poll_event() {
                None => return,
                Some(RpcEvent::Bind { group }) => self.bind(group.map(|id| GroupId(id.0))),
                Some(RpcEvent::Call(call)) => self.call(call),
            }
        }
    }

    fn park(&mut self, parked: Parked, request: Request) {
        self.parked = Some(parked);
        self.request = Some(request);
    }

    fn join(&mut self, group: Option<GroupId>) {
        let control = Arc::clone(&self.control);
        self.park(Parked::Bind, Request::Join { group, control });
    }

    fn joined(&mut self, group: Option<Arc<Group>>) {
        self.answer(|association| match &group {
            Some(group) => association.accept_group(AssociationGroupId(group.id.0)),
            None => association.reject_group(),
        });
        self.group = group;
    }

    fn make_call(&mut self, call: &Call) {
        // A call can't come before the bind has been answered, and the answer brings the group.
        let Some(group) = self.group.clone() else {
            return self.fault(call.id, FaultStatus::PROTO_ERROR);
        };
        match call.interface {
            EMSMDB => self.call_emsmdb(call, group),
            ASYNC_EMSMDB => self.call_async_emsmdb(call, group),
            EPM => self.call_epm(call),
            MGMT => self.call_mgmt(call),
            // A port offers nothing else, and no other call gets this far.
            _ => self.fault(call.id, FaultStatus::UNK_IF),
        }
    }

    /// Adds what came and went to the server's statistics.
    fn account(&mut self) {
        self.site.traffic.add(self.association.take_packet_counts());
        for opened in self.association.take_opened() {
            self.record(What::Opened(Arc::new(opened)));
        }
    }

    /// Answers a stub that can't be decoded.
    fn refuse_stub(&mut self, call: CallId, error: &StubError) {
        tracing::debug!(%error, "a malformed stub");
        self.fault(call, error.fault());
    }

    fn respond(&mut self, call: CallId, stub: &[u8]) {
        self.answer(|association| {
            if let Err(error) = association.respond(call, stub) {
                tracing::debug!(%error, "an answer to a call that is gone");
            }
        });
    }

    fn fault(&mut self, call: CallId, status: FaultStatus) {
        self.answer(|association| {
            if let Err(error) = association.fault(call, status) {
                tracing::debug!(%error, "a fault for a call that is gone");
            }
        });
    }
}

/// Of the level of an error, so that whatever is logged is told with it. A pipe's peer is the injected client.
fn span_of(site: &Site, peer: &Peer) -> tracing::Span {
    let address = peer.address.map_or_else(|| "pipe".to_owned(), |address| address.to_string());
    tracing::error_span!(
        "association",
        id = peer.connection.0,
        peer = address,
        store = site.name,
        program = tracing::field::Empty,
    )
}
