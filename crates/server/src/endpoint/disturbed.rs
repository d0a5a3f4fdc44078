//! Where fault rules come in: before a connection, a bind and a call are looked at, and before their answer is sent.
//!
//! While no rule looks at a stage nothing here asks anybody. What is held back holds the whole connection: it reads and
//! sends nothing more until it goes on, as if the network stood still.

use dcerpc::{Association, Call, Direction};
use infostore::{ConnectFaults, FaultTarget, GroupId, ResultCode, Stage};

use super::{ConnectDisturbance, EMSMDB, Endpoint, Parked, Request};
use crate::disturbance::{Act, End, Opportunity, Output, Trickle, Verdict};

/// What fault rules may disturb.
#[derive(Clone)]
pub(super) enum Disturbable {
    Connection,
    Bind(Option<GroupId>),
    Call(Call),
}

/// What goes out before whatever the association has.
#[derive(Clone)]
pub(super) enum Outgoing {
    Ready(Output),
    Slow(Trickle),
}

impl Endpoint {
    /// The connection is there, and not a byte of it is read.
    pub(crate) fn open(&mut self) {
        if self.looks_at(Stage::Accept) {
            self.ask_whether(Disturbable::Connection, Stage::Accept, self.target());
        }
    }

    /// What goes out next, in order; none when it waits for the client.
    pub(crate) fn poll_output(&mut self) -> Option<Output> {
        self.answer_waits();
        let output = self.next_output();
        if let Some(Output::Bytes(bytes)) = &output {
            self.account();
            self.record_bytes(Direction::Sent, bytes);
        }
        output
    }

    fn next_output(&mut self) -> Option<Output> {
        loop {
            let next = match self.outgoing.front_mut() {
                None => return self.ready_bytes().map(Output::Bytes),
                Some(Outgoing::Slow(trickle)) => trickle.next(),
                Some(Outgoing::Ready(_)) => match self.outgoing.pop_front() {
                    Some(Outgoing::Ready(output)) => return Some(output),
                    Some(Outgoing::Slow(_)) | None => None,
                },
            };
            if next.is_some() {
                return next;
            }
            self.outgoing.pop_front();
        }
    }

    /// What held the connection back is over.
    pub(crate) fn let_go(&mut self) {
        if !self.outgoing.is_empty() {
            return;
        }
        match self.parked.take() {
            Some(Parked::Held(what, verdict)) => {
                self.go_on(what, verdict);
                self.pump();
                self.account();
            }
            parked => self.parked = parked,
        }
    }

    pub(super) fn bind(&mut self, group: Option<GroupId>) {
        if self.looks_at(Stage::Bind) {
            self.ask_whether(Disturbable::Bind(group), Stage::Bind, self.target());
        } else {
            self.join(group);
        }
    }

    pub(super) fn call(&mut self, call: Call) {
        self.record_interface(&call);
        let stage = Stage::of_call(call.opnum.0);
        if call.interface == EMSMDB && self.looks_at(stage) {
            let target = self.target_of(&call);
            self.ask_whether(Disturbable::Call(call), stage, target);
        } else {
            self.make_call(&call);
        }
    }

    /// The rules have been asked.
    pub(super) fn disturbed(&mut self, what: Disturbable, mut verdict: Box<Verdict>) {
        match verdict.request.take() {
            None => self.go_on(what, verdict),
            Some(hold) => {
                self.push_ready_bytes();
                self.push(Output::Hold(hold));
                self.parked = Some(Parked::Held(what, verdict));
            }
        }
    }

    /// Has the association answer, and does to the answer what fault rules say.
    pub(super) fn answer(&mut self, answer: impl FnOnce(&mut Association)) {
        let Some(verdict) = self.verdict.take() else {
            return answer(&mut self.association);
        };
        self.push_ready_bytes();
        answer(&mut self.association);
        let bytes = self.ready_bytes().unwrap_or_default();
        self.send_disturbed(bytes, *verdict);
    }

    /// What the rules make of a connect.
    pub(super) fn connect_disturbance(&self) -> ConnectDisturbance {
        let Some(verdict) = &self.verdict else { return ConnectDisturbance::default() };
        let refuse = match &verdict.act {
            Act::Code(code) => Some(ResultCode(code.0)),
            Act::Pass
            | Act::Refuse
            | Act::ResetRequest
            | Act::ResetAnswer
            | Act::CloseAfter(_)
            | Act::Slow(_)
            | Act::Corrupt(_)
            | Act::Fault(_) => None,
        };
        let faults = ConnectFaults { rules: verdict.rules.clone(), refuse };
        ConnectDisturbance { faults, late_aux: verdict.late_aux }
    }

    fn looks_at(&self, stage: Stage) -> bool {
        self.is_looked_at && self.site.is_disturbed(stage)
    }

    /// Whom a fault would hit, as far as the connection knows by itself.
    pub(super) fn target(&self) -> FaultTarget {
        FaultTarget {
            origin: Some(self.peer.origin.clone()),
            transport: Some(self.peer.transport),
            ..FaultTarget::default()
        }
    }

    fn ask_whether(&mut self, what: Disturbable, stage: Stage, target: FaultTarget) {
        let opportunity = Box::new(Opportunity { stage, target });
        self.park(Parked::Disturbed(what), Request::Disturb(opportunity));
    }

    fn go_on(&mut self, what: Disturbable, verdict: Box<Verdict>) {
        match (what, &verdict.act) {
            (_, Act::ResetRequest) | (Disturbable::Connection, Act::Refuse) => self.end(End::Reset),
            (Disturbable::Connection, _) => {}
            (Disturbable::Bind(_), Act::Refuse) => {
                self.answer(Association::reject_group);
            }
            (Disturbable::Bind(group), _) => {
                self.verdict = Some(verdict);
                self.join(group);
            }
            (Disturbable::Call(call), _) => {
                self.verdict = Some(verdict);
                self.make_call(&call);
            }
        }
    }

    fn send_disturbed(&mut self, mut bytes: Vec<u8>, verdict: Verdict) {
        if bytes.is_empty() {
            // The association is closing, and sends no answer.
            return;
        }
        if let Some(hold) = verdict.answer {
            self.push(Output::Hold(hold));
        }
        match verdict.act {
            Act::Pass | Act::Refuse | Act::ResetRequest | Act::Fault(_) | Act::Code(_) => {
                self.push(Output::Bytes(bytes));
            }
            Act::ResetAnswer => self.end(End::Reset),
            Act::CloseAfter(count) => {
                bytes.truncate(count);
                self.push(Output::Bytes(bytes));
                self.end(End::Close);
            }
            Act::Slow(pace) => {
                self.outgoing.push_back(Outgoing::Slow(Trickle::new(bytes, pace)));
            }
            Act::Corrupt(flip) => {
                flip.apply(&mut bytes);
                self.push(Output::Bytes(bytes));
            }
        }
    }

    /// Nothing of the connection is read any more.
    fn end(&mut self, how: End) {
        self.association.close();
        self.push(Output::End(how));
    }

    fn push(&mut self, output: Output) {
        self.outgoing.push_back(Outgoing::Ready(output));
    }

    /// What the association has goes before what comes now.
    fn push_ready_bytes(&mut self) {
        if let Some(bytes) = self.ready_bytes() {
            self.push(Output::Bytes(bytes));
        }
    }

    fn ready_bytes(&mut self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        while self.association.poll_transmit(&mut bytes) {}
        (!bytes.is_empty()).then_some(bytes)
    }
}
