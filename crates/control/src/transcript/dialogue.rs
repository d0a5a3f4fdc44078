//! What PDUs say of each other: which interface a call is for, which operation a response answers, which session it is of,
//! and the whole of a call that came in fragments.

use std::collections::BTreeMap;

use dcerpc::{
    CallId, ContextHandle, Direction, Header, PacketFlags, Pdu, PresentationContextId, Request,
    Response, SyntaxId,
};
use infostore::{ConnectionId, SessionId};
use server::Transcript;

use super::packets::Packet;

/// A call, as its request told it.
#[derive(Clone, Copy)]
pub(super) struct Called {
    pub(super) interface: Option<SyntaxId>,
    pub(super) opnum: u16,
}

/// What is known of a packet from those before it.
#[derive(Default)]
pub(super) struct Context {
    pub(super) called: Option<Called>,
    pub(super) session: Option<SessionId>,
    /// All fragments' stubs, at the last.
    pub(super) whole: Option<Vec<u8>>,
}

/// The connections of a transcript, read from its beginning.
pub(super) struct Dialogue<'a> {
    transcript: &'a Transcript,
    handles: BTreeMap<ContextHandle, SessionId>,
    calls: BTreeMap<(ConnectionId, CallId), Called>,
    sessions: BTreeMap<(ConnectionId, CallId), SessionId>,
    /// Stubs whose last fragment has not come.
    stubs: BTreeMap<(ConnectionId, Direction, CallId), Vec<u8>>,
}

impl<'a> Dialogue<'a> {
    pub(super) fn new(transcript: &'a Transcript) -> Self {
        let remembered = transcript.connections.values().flat_map(|known| &known.sessions);
        let sessions = remembered.chain(&transcript.live);
        Self {
            transcript,
            handles: sessions.map(|(session, handle)| (*handle, *session)).collect(),
            calls: BTreeMap::new(),
            sessions: BTreeMap::new(),
            stubs: BTreeMap::new(),
        }
    }

    /// What is known of the next packet.
    pub(super) fn next(&mut self, packet: &Packet, header: &Header, pdu: &Pdu<'_>) -> Context {
        let key = (packet.connection, header.call_id());
        match pdu {
            Pdu::Request(request) => self.request(packet, header, request),
            Pdu::Response(response) => self.response(packet, header, response),
            Pdu::Fault(_) => Context {
                called: self.calls.remove(&key),
                session: self.sessions.remove(&key),
                whole: None,
            },
            Pdu::Bind(_)
            | Pdu::BindAck(_)
            | Pdu::BindNak(_)
            | Pdu::AlterContext(_)
            | Pdu::AlterContextResp(_)
            | Pdu::Auth3
            | Pdu::Shutdown
            | Pdu::CoCancel
            | Pdu::Orphaned
            | Pdu::Unknown(_) => Context::default(),
        }
    }

    fn request(&mut self, packet: &Packet, header: &Header, request: &Request<'_>) -> Context {
        let key = (packet.connection, header.call_id());
        if header.flags().contains(PacketFlags::FIRST_FRAG) {
            let interface = self.interface(packet.connection, request.context);
            self.calls.insert(key, Called { interface, opnum: request.opnum.0 });
        }
        let stub = packet.opened.as_deref().unwrap_or(request.stub);
        let whole = self.whole(packet, header, stub);
        self.note_session(key, whole.as_deref());
        let called = self.calls.get(&key).copied();
        Context { called, session: self.sessions.get(&key).copied(), whole }
    }

    fn response(&mut self, packet: &Packet, header: &Header, response: &Response<'_>) -> Context {
        let key = (packet.connection, header.call_id());
        let stub = packet.opened.as_deref().unwrap_or(response.stub);
        let whole = self.whole(packet, header, stub);
        self.note_session(key, whole.as_deref());
        let (called, session) = (self.calls.get(&key), self.sessions.get(&key));
        let context = Context { called: called.copied(), session: session.copied(), whole };
        if context.whole.is_some() {
            self.calls.remove(&key);
            self.sessions.remove(&key);
        }
        context
    }

    fn whole(&mut self, packet: &Packet, header: &Header, stub: &[u8]) -> Option<Vec<u8>> {
        let key = (packet.connection, packet.direction, header.call_id());
        let flags = header.flags();
        if flags.contains(PacketFlags::FIRST_FRAG) {
            self.stubs.insert(key, Vec::new());
        }
        // A call whose first fragment has left the ring can't be read.
        self.stubs.get_mut(&key)?.extend_from_slice(stub);
        if flags.contains(PacketFlags::LAST_FRAG) { self.stubs.remove(&key) } else { None }
    }

    /// Nearly every call of EMSMDB begins with the handle of its session, and so does the answer of a connect.
    fn note_session(&mut self, key: (ConnectionId, CallId), stub: Option<&[u8]>) {
        let handle = stub.and_then(<[u8]>::first_chunk).copied().map(ContextHandle::from_bytes);
        if let Some(session) = handle.and_then(|handle| self.handles.get(&handle)) {
            self.sessions.insert(key, *session);
        }
    }

    fn interface(&self, on: ConnectionId, context: PresentationContextId) -> Option<SyntaxId> {
        self.transcript.connections.get(&on)?.interfaces.get(&context).copied()
    }
}
