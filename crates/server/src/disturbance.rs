//! What fault rules do to one message of a connection, as the store's task decides it and the connection carries it out.

use std::time::Duration;

use clock::SimTime;
use dcerpc::FaultStatus;
use emsmdb::ErrorCode;
use infostore::{Direction, FaultEffect, FaultHit, FaultTarget, LateAux, Stage};
use registry_poll::FaultId;

/// Something that a fault rule may disturb.
#[derive(Clone, Debug)]
pub(crate) struct Opportunity {
    pub(crate) stage: Stage,
    pub(crate) target: FaultTarget,
}

/// What the rules that hit do to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verdict {
    /// The rules.
    pub(crate) rules: Vec<FaultId>,
    /// What holds the request back.
    pub(crate) request: Option<Hold>,
    /// What holds the answer back.
    pub(crate) answer: Option<Hold>,
    pub(crate) act: Act,
    pub(crate) late_aux: Option<LateAux>,
}

/// What happens beside delays. One rule's effect at the most.
#[derive(Clone, Debug, Default)]
pub(crate) enum Act {
    /// Nothing.
    #[default]
    Pass,
    /// The connection or its bind is turned away.
    Refuse,
    /// The connection is reset before the store sees the request.
    ResetRequest,
    /// The connection is reset where the answer would come.
    ResetAnswer,
    /// The connection is closed after so many bytes of the answer.
    CloseAfter(usize),
    /// The answer comes a few bytes at a time.
    Slow(Pace),
    /// A byte of the answer is another.
    Corrupt(Flip),
    /// The call is not made, and answered with a fault.
    Fault(FaultStatus),
    /// The call is not made, and answered with a code.
    Code(ErrorCode),
}

/// How slowly an answer comes, and by whose doing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    rule: FaultId,
    bytes: usize,
    per: Duration,
    /// When the first of these spans begins.
    from: SimTime,
}

/// Which bits of an answer are flipped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flip {
    /// The byte; none is drawn.
    at: Option<u64>,
    /// Its bits; none is one that is drawn.
    mask: Option<u8>,
    /// What is drawn from.
    bits: u64,
}

/// Bytes that fault rules hold back: until the end of all their delays, or until the rules are gone.
#[derive(Clone, Debug)]
pub(crate) struct Hold {
    from: SimTime,
    parts: Vec<(FaultId, Option<Duration>)>,
}

/// What a connection does next.
#[derive(Clone, Debug)]
pub(crate) enum Output {
    /// Sends bytes.
    Bytes(Vec<u8>),
    /// Sends and reads nothing until this is over.
    Hold(Hold),
    /// Ends.
    End(End),
}

/// How a fault ends a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End {
    /// As either side ends one.
    Close,
    /// With an error for the client.
    Reset,
}

/// An answer that is on its way a few bytes at a time.
#[derive(Clone, Debug)]
pub(crate) struct Trickle {
    left: Vec<u8>,
    pace: Pace,
    /// Spans that have begun.
    spans: u32,
    is_held: bool,
}

impl Verdict {
    /// What comes of these hits at `stage`.
    pub(crate) fn new(now: SimTime, stage: Stage, hits: Vec<FaultHit>) -> Self {
        let mut verdict = Self::default();
        let (mut request, mut answer) = (Vec::new(), Vec::new());
        for hit in hits {
            verdict.rules.push(hit.fault);
            let before = stage == Stage::Accept || hit.direction == Some(Direction::ToServer);
            let held = if before { &mut request } else { &mut answer };
            if hit.effect == FaultEffect::Hang {
                held.push((hit.fault, None));
            } else if let FaultEffect::Latency(by) = hit.effect {
                held.push((hit.fault, Some(by)));
            } else if let FaultEffect::LateAux(late) = hit.effect {
                verdict.late_aux = Some(late);
            } else if !matches!(hit.effect, FaultEffect::ClockJump(_)) {
                verdict.act = Act::new(hit.effect, (hit.fault, hit.bits), before);
            }
        }
        let request = Hold { from: now, parts: request };
        let answer = Hold { from: request.due().unwrap_or(SimTime::MAX), parts: answer };
        if let Act::Slow(pace) = &mut verdict.act {
            pace.from = answer.due().unwrap_or(SimTime::MAX);
        }
        verdict.request = request.some();
        verdict.answer = answer.some();
        verdict
    }
}

impl Act {
    fn new(effect: FaultEffect, (rule, bits): (FaultId, u64), before: bool) -> Self {
        match effect {
            FaultEffect::Refuse => Self::Refuse,
            FaultEffect::Reset if before => Self::ResetRequest,
            FaultEffect::Reset => Self::ResetAnswer,
            FaultEffect::CloseAfter(bytes) => Self::CloseAfter(clamp(bytes)),
            FaultEffect::SlowBytes(bytes, per) => {
                let bytes = clamp(bytes.get());
                Self::Slow(Pace { rule, bytes, per, from: SimTime::EPOCH })
            }
            FaultEffect::Corrupt(at, mask) => {
                Self::Corrupt(Flip { at, mask: mask.map(core::num::NonZeroU8::get), bits })
            }
            FaultEffect::RpcFault(status) => Self::Fault(FaultStatus(status.0)),
            FaultEffect::Code(code) => Self::Code(ErrorCode(code.0)),
            // What goes beside an act, and what never comes to a connection.
            FaultEffect::Hang
            | FaultEffect::Latency(_)
            | FaultEffect::LateAux(_)
            | FaultEffect::ClockJump(_)
            | FaultEffect::Read(_)
            | FaultEffect::SkipPoll
            | FaultEffect::SlowAnswer(_)
            | FaultEffect::Drop => Self::Pass,
        }
    }
}

fn clamp(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

impl Hold {
    /// When it is over; none when it is not before a rule goes, or store time ends first.
    pub(crate) fn due(&self) -> Option<SimTime> {
        self.parts.iter().try_fold(self.from, |due, (_, delay)| {
            Some(due.saturating_add((*delay)?)).filter(|due| *due < SimTime::MAX)
        })
    }

    /// Whether anything holds it still, once rules that `is_gone` knows are left out.
    pub(crate) fn without(&mut self, is_gone: impl Fn(FaultId) -> bool) -> bool {
        self.parts.retain(|(rule, _)| !is_gone(*rule));
        !self.parts.is_empty()
    }

    /// It begins at `now` at the latest.
    pub(crate) fn begin(&mut self, now: SimTime) {
        self.from = self.from.min(now);
    }

    fn some(self) -> Option<Self> {
        (!self.parts.is_empty()).then_some(self)
    }
}

impl Flip {
    /// Flips bits of one byte. In an answer that is shorter it is the last.
    pub(crate) fn apply(self, answer: &mut [u8]) {
        let Some(last) = answer.len().checked_sub(1) else { return };
        let drawn = usize::try_from(self.bits & u64::from(u32::MAX)).unwrap_or_default();
        let drawn = drawn.checked_rem(answer.len()).unwrap_or_default();
        let at = self.at.map_or(drawn, |at| clamp(at).min(last));
        let mask = self.mask.unwrap_or(1 << ((self.bits >> 32) & 7));
        if let Some(byte) = answer.get_mut(at) {
            *byte ^= mask;
        }
    }
}

impl Trickle {
    pub(crate) fn new(answer: Vec<u8>, pace: Pace) -> Self {
        Self { left: answer, pace, spans: 0, is_held: false }
    }

    /// A span of waiting and a few bytes, in turn, until there are none left.
    pub(crate) fn next(&mut self) -> Option<Output> {
        if self.left.is_empty() {
            return None;
        }
        self.is_held = !self.is_held;
        let Pace { rule, bytes, per, from } = self.pace;
        if self.is_held {
            self.spans = self.spans.saturating_add(1);
            let parts = vec![(rule, Some(per.saturating_mul(self.spans)))];
            return Some(Output::Hold(Hold { from, parts }));
        }
        let rest = self.left.split_off(bytes.min(self.left.len()));
        Some(Output::Bytes(core::mem::replace(&mut self.left, rest)))
    }
}
