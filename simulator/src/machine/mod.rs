//! A fake MAPI client: dials, binds, connects, opens its mailbox, and stays until somebody ends it.
//!
//! ```text
//! connect ─> Dial ─> bind ─> EcDoConnectEx ─> RopLogon ─> connected ──disconnect──> EcDoDisconnect ─> idle
//!              │       │          │               │           ├── null handle, or the transport closes ─> disconnected
//!              └───────┴─ failed  └─── refused ───┘           └── fault, or bytes that make no sense ─> failed
//! ```
//!
//! It is a machine without socket, clock or random source: whoever owns it feeds it inputs and drains
//! [`ClientMachine::poll_action`] after each. The bytes are those of a real client, through [`dcerpc`] and [`emsmdb`].

mod calls;
mod outcome;

use std::collections::VecDeque;

use clock::SimTime;
use dcerpc::{CallId, ClientAssociation, ClientEvent, ClientOptions, SyntaxId, Uuid};
use emsmdb::rop::NO_HANDLE;
use emsmdb::{EMSMDB_UUID, EMSMDB_VERSION, ErrorCode};

use crate::name::ProcessName;
use crate::spec::ClientSpec;
use calls::{Answer, Calls, FIRST_PROCESS_ID, Handle, Request};
pub use calls::{AnswerError, MachineOptions};
pub use outcome::{ClientState, Outcome};

/// What a client asks of its transport.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Open a connection.
    Dial,
    /// Send bytes.
    Send(Vec<u8>),
    /// Close the connection.
    HangUp,
}

/// Why a call was not made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CallError {
    /// There is no session to make it in, or it is being closed.
    #[error("the client is {state}, and only a connected one makes calls")]
    NotConnected {
        /// Where the client stands.
        state: ClientState,
    },
    /// A client below version 11 names no program.
    #[error("a client below version 11 has no auxiliary buffer to name a program in")]
    NoAuxiliaryBuffer,
}

/// One fake client, with one connection at a time.
#[derive(Clone, Debug)]
pub struct ClientMachine {
    spec: ClientSpec,
    options: MachineOptions,
    state: ClientState,
    since: Option<SimTime>,
    outcome: Option<Outcome>,
    attempts: u64,
    link: Link,
    actions: VecDeque<Action>,
}

#[derive(Clone, Debug)]
enum Link {
    Down,
    Dialing,
    Up(Box<Conversation>),
}

#[derive(Clone, Debug)]
struct Conversation {
    association: ClientAssociation,
    handle: Option<Handle>,
    /// The server object that the logon opened.
    logon: u32,
    calls: Vec<(CallId, Purpose)>,
    last_process_id: u16,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Purpose {
    Connect,
    Logon,
    Call,
    Disconnect,
}

impl ClientMachine {
    /// A client that has not been started.
    #[must_use]
    pub fn new(spec: ClientSpec, options: MachineOptions) -> Self {
        Self {
            spec,
            options,
            state: ClientState::Idle,
            since: None,
            outcome: None,
            attempts: 0,
            link: Link::Down,
            actions: VecDeque::new(),
        }
    }

    /// What it simulates.
    #[must_use]
    pub fn spec(&self) -> &ClientSpec {
        &self.spec
    }

    /// Has it be another when it connects next. One that has a connection, or asks for one, stays what it is.
    pub fn respec(&mut self, spec: ClientSpec) {
        if matches!(self.link, Link::Down) {
            self.spec = spec;
        }
    }

    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> ClientState {
        self.state
    }

    /// Since when it stands there; none before the first input.
    #[must_use]
    pub fn since(&self) -> Option<SimTime> {
        self.since
    }

    /// How it came there; none when all went as it should, or nothing happened yet.
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// How often it began to connect.
    #[must_use]
    pub fn attempts(&self) -> u64 {
        self.attempts
    }

    /// Starts the client. One that is connected, or about to be, hangs up first.
    pub fn connect(&mut self, now: SimTime) {
        self.hang_up();
        self.attempts = self.attempts.saturating_add(1);
        self.enter(now, ClientState::Connecting, None);
        self.link = Link::Dialing;
        self.actions.push_back(Action::Dial);
    }

    /// Ends the session as a client does, and hangs up once that is answered. One that is still connecting hangs up at
    /// once; nothing happens to one without a connection.
    pub fn disconnect(&mut self, now: SimTime) {
        match &self.link {
            Link::Down => {}
            Link::Up(conversation) if conversation.is_closing() => {}
            Link::Up(_) if self.state == ClientState::Connected => {
                self.call_in_session(Purpose::Disconnect, |calls, conversation| {
                    conversation.handle.map(|handle| calls.disconnect(handle))
                });
            }
            Link::Dialing | Link::Up(_) => self.leave(now, ClientState::Idle, None),
        }
    }

    /// Makes a call that does nothing, so that the server can say what it thinks of the session.
    ///
    /// # Errors
    /// `NotConnected` without a session, or when it is being closed.
    pub fn touch(&mut self) -> Result<(), CallError> {
        self.check_connected()?;
        self.call_in_session(Purpose::Call, |calls, conversation| {
            conversation.handle.map(|handle| calls.touch(handle))
        });
        Ok(())
    }

    /// Makes a call that has the store do something: register for new mail, and take that back. One without a session, or
    /// whose last call has no answer yet, makes none; whether it made one.
    pub fn work(&mut self) -> bool {
        let ready = self.check_connected().is_ok();
        if !ready || matches!(&self.link, Link::Up(conversation) if !conversation.calls.is_empty())
        {
            return false;
        }
        self.call_in_session(Purpose::Call, |calls, conversation| {
            conversation.handle.map(|handle| calls.work(handle, conversation.logon))
        });
        true
    }

    /// Names a program in a call, as a client does whose auxiliary block comes late.
    ///
    /// # Errors
    /// `NotConnected` without a session, or when it is being closed; `NoAuxiliaryBuffer` below version 11.
    pub fn report(&mut self, process: &ProcessName) -> Result<(), CallError> {
        self.check_connected()?;
        if !self.spec.client_version().has_auxiliary_buffer() {
            return Err(CallError::NoAuxiliaryBuffer);
        }
        self.call_in_session(Purpose::Call, |calls, conversation| {
            let id = conversation.next_process_id();
            calls.report(conversation.handle?, id, process)
        });
        Ok(())
    }

    /// The connection that it asked for is there.
    pub fn handle_connected(&mut self, _now: SimTime) {
        if !matches!(self.link, Link::Dialing) {
            return;
        }
        let mut association = ClientAssociation::new(emsmdb_interface(), ClientOptions::default());
        association.bind(None);
        self.link = Link::Up(Box::new(Conversation {
            association,
            handle: None,
            logon: NO_HANDLE,
            calls: Vec::new(),
            last_process_id: FIRST_PROCESS_ID,
        }));
        // It goes out once the bind is accepted.
        self.call_in_session(Purpose::Connect, |calls, _| Some(calls.connect()));
    }

    /// Bytes have come in. Those that come without a connection are of no interest.
    pub fn handle_bytes(&mut self, now: SimTime, bytes: &[u8]) {
        let Link::Up(conversation) = &mut self.link else {
            return;
        };
        let broken = conversation.association.handle_bytes(bytes).err();
        while let Link::Up(conversation) = &mut self.link {
            match conversation.association.poll_event() {
                Some(event) => self.handle_event(now, event),
                None => break,
            }
        }
        if let Some(error) = broken.filter(|_| matches!(self.link, Link::Up(_))) {
            self.fail(now, Outcome::Misbehaviour(error));
        }
        self.flush();
    }

    /// The connection is gone, or could not be made; `why` is one clause.
    pub fn handle_closed(&mut self, now: SimTime, why: &str) {
        let had_session = match core::mem::replace(&mut self.link, Link::Down) {
            Link::Down => return,
            Link::Dialing => false,
            Link::Up(conversation) if conversation.is_closing() => {
                return self.enter(now, ClientState::Idle, None);
            }
            Link::Up(conversation) => conversation.handle.is_some(),
        };
        let state = if had_session { ClientState::Disconnected } else { ClientState::Failed };
        self.enter(now, state, Some(Outcome::Closed(why.to_owned())));
    }

    /// A deadline has been reached; there is none yet.
    pub fn handle_timeout(&mut self, _now: SimTime) {}

    /// The next deadline; there is none yet.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<SimTime> {
        None
    }

    /// What it does next.
    #[must_use]
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    fn handle_event(&mut self, now: SimTime, event: ClientEvent) {
        match event {
            ClientEvent::Bound { .. } => {}
            ClientEvent::BindRefused(refusal) => self.fail(now, Outcome::BindRefused(refusal)),
            ClientEvent::Fault { status, .. } => self.fail(now, Outcome::Fault(status)),
            ClientEvent::Response { call, stub } => {
                if let Some(purpose) = self.answered(call) {
                    self.handle_answer(now, purpose, &stub)
                        .unwrap_or_else(|error| self.fail(now, Outcome::BadAnswer(error)));
                }
            }
        }
    }

    fn handle_answer(
        &mut self,
        now: SimTime,
        purpose: Purpose,
        stub: &[u8],
    ) -> Result<(), AnswerError> {
        let calls = self.calls();
        match purpose {
            Purpose::Connect => match calls.read_connect(stub)? {
                Ok(handle) => self.open_mailbox(handle),
                Err(code) => self.refused(now, code),
            },
            Purpose::Logon => {
                let answer = calls.read_rpc(stub)?;
                self.handle_logon(now, &answer)?;
            }
            Purpose::Call => {
                let answer = calls.read_rpc(stub)?;
                self.handle_call(now, &answer);
            }
            Purpose::Disconnect => {
                calls.read_disconnect(stub)?;
                self.leave(now, ClientState::Idle, None);
            }
        }
        Ok(())
    }

    fn open_mailbox(&mut self, handle: Handle) {
        if let Link::Up(conversation) = &mut self.link {
            conversation.handle = Some(handle);
        }
        self.call_in_session(Purpose::Logon, |calls, _| Some(calls.logon(handle)));
    }

    fn handle_logon(&mut self, now: SimTime, answer: &Answer) -> Result<(), AnswerError> {
        if answer.session_gone() {
            self.session_gone(now, answer.result);
            return Ok(());
        }
        let logon = match answer.result {
            ErrorCode::EC_NONE => answer.logon()?,
            code => Err(code),
        };
        match logon {
            Ok(object) => {
                if let Link::Up(conversation) = &mut self.link {
                    conversation.logon = object;
                }
                self.enter(now, ClientState::Connected, None);
            }
            Err(code) => self.refused(now, code),
        }
        Ok(())
    }

    fn handle_call(&mut self, now: SimTime, answer: &Answer) {
        if answer.session_gone() {
            self.session_gone(now, answer.result);
        } else if !answer.result.is_none() {
            self.outcome = Some(Outcome::CallFailed(answer.result));
        }
    }

    fn refused(&mut self, now: SimTime, code: ErrorCode) {
        self.leave(now, ClientState::Refused, Some(Outcome::Refused(code)));
    }

    fn session_gone(&mut self, now: SimTime, code: ErrorCode) {
        let outcome = Some(Outcome::SessionGone(code));
        self.leave(now, ClientState::Disconnected, outcome);
    }

    fn fail(&mut self, now: SimTime, outcome: Outcome) {
        self.leave(now, ClientState::Failed, Some(outcome));
    }

    fn leave(&mut self, now: SimTime, state: ClientState, outcome: Option<Outcome>) {
        self.hang_up();
        self.enter(now, state, outcome);
    }

    fn enter(&mut self, now: SimTime, state: ClientState, outcome: Option<Outcome>) {
        self.since = Some(now);
        self.state = state;
        self.outcome = outcome;
    }

    fn hang_up(&mut self) {
        if !matches!(self.link, Link::Down) {
            self.link = Link::Down;
            self.actions.push_back(Action::HangUp);
        }
    }

    fn check_connected(&self) -> Result<(), CallError> {
        let state = self.state;
        match &self.link {
            Link::Up(conversation)
                if state == ClientState::Connected && !conversation.is_closing() =>
            {
                Ok(())
            }
            Link::Down | Link::Dialing | Link::Up(_) => Err(CallError::NotConnected { state }),
        }
    }

    /// Makes the call that `write` gives.
    fn call_in_session(
        &mut self,
        purpose: Purpose,
        write: impl FnOnce(&Calls<'_>, &mut Conversation) -> Option<Request>,
    ) {
        let (spec, options) = (&self.spec, self.options);
        if let Link::Up(conversation) = &mut self.link
            && let Some(request) = write(&Calls { spec, options }, conversation)
        {
            let call = conversation.association.call(request.opnum, &request.stub);
            conversation.calls.push((call, purpose));
        }
        self.flush();
    }

    /// What the answered call was made for.
    fn answered(&mut self, call: CallId) -> Option<Purpose> {
        let Link::Up(conversation) = &mut self.link else {
            return None;
        };
        let index = conversation.calls.iter().position(|(id, _)| *id == call)?;
        Some(conversation.calls.remove(index).1)
    }

    fn calls(&self) -> Calls<'_> {
        Calls { spec: &self.spec, options: self.options }
    }

    fn flush(&mut self) {
        if let Link::Up(conversation) = &mut self.link {
            let mut bytes = Vec::new();
            if conversation.association.poll_transmit(&mut bytes) {
                self.actions.push_back(Action::Send(bytes));
            }
        }
    }
}

impl Conversation {
    /// Whether the client has asked for its session's end.
    fn is_closing(&self) -> bool {
        let mut purposes = self.calls.iter().map(|(_, purpose)| *purpose);
        purposes.any(|purpose| purpose == Purpose::Disconnect)
    }

    fn next_process_id(&mut self) -> u16 {
        self.last_process_id = self.last_process_id.wrapping_add(1);
        self.last_process_id
    }
}

fn emsmdb_interface() -> SyntaxId {
    let (major, minor) = EMSMDB_VERSION;
    SyntaxId { uuid: Uuid::from_u128(EMSMDB_UUID), major, minor }
}
