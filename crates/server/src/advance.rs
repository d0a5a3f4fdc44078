//! Advancing a manual clock: everything due on the way happens at its own instant.

use std::time::Duration;

use clock::{ClockError, ClockMode, SimTime};
use infostore::Cursor;
use tokio::sync::oneshot;

use crate::handle::StoreError;
use crate::owner::{Job, Owner, Progress};

/// How far to advance a manual clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Advance {
    /// By so much.
    By(Duration),
    /// To this instant.
    To(SimTime),
    /// To the next poll of the registry.
    NextPoll,
}

/// What happened while the clock was advanced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Advanced {
    /// Store time now.
    pub now: SimTime,
    /// Where the journal stands now.
    pub cursor: Cursor,
    /// Polls that ended.
    pub polls_run: u64,
    /// Sessions that the store ended.
    pub disconnected: u64,
    /// Connections of others that have been told to close and are still open.
    pub foreign_pending: usize,
}

/// One step a time, each from quiescence to quiescence: to the next deadline, or to the target. Where the target lies is
/// settled when the job's turn comes, so that one advance after another adds up.
pub(crate) fn advance_job(
    advance: Advance,
    reply: oneshot::Sender<Result<Advanced, StoreError>>,
) -> Job {
    let mut reply = Some(reply);
    let mut begun = None;
    Box::new(move |owner| {
        // Whoever asked has left: time stays where it is, since nobody would learn how far it went.
        if reply.as_ref().is_some_and(oneshot::Sender::is_closed) {
            return Progress::Done;
        }
        let step = match begun {
            Some(begun) => owner.advance_step(begun),
            None => owner.begin_advance(advance).map(|target| {
                begun = Some((target, owner.counted()));
                None
            }),
        };
        let Some(over) = step.transpose() else { return Progress::Again };
        if let Some(reply) = reply.take() {
            // Whoever asked may be gone; the clock is where it was told to go all the same.
            drop(reply.send(over));
        }
        Progress::Done
    })
}

/// Polls that ended and sessions that the store ended, since the start.
type Counted = (u64, u64);

impl Owner {
    /// When the next poll ends: that of the values that a fault holds back, or the next tick. None while the service is
    /// stopped.
    pub(crate) fn next_poll(&self) -> Option<SimTime> {
        let held = self.delayed.as_ref().map(|delayed| delayed.due);
        let tick = (!self.store.is_stopped()).then(|| self.store.schedule().next_tick());
        held.or(tick)
    }

    fn begin_advance(&mut self, advance: Advance) -> Result<SimTime, StoreError> {
        let now = self.now();
        let target = match advance {
            Advance::To(target) => target,
            Advance::By(by) => now.checked_add(by).ok_or(ClockError::OutOfRange)?,
            Advance::NextPoll => self.next_poll().ok_or(StoreError::ServiceStopped)?,
        };
        match self.shared.clock.mode() {
            ClockMode::Manual if now <= target => {}
            ClockMode::Manual => return Err(ClockError::Backwards { now, target }.into()),
            ClockMode::Real | ClockMode::Scaled(_) => return Err(ClockError::NotManual.into()),
        }
        self.note_clock_change(ClockMode::Manual, Some(target));
        Ok(target)
    }

    /// Goes to the next deadline, or says what happened when the target is reached.
    fn advance_step(
        &self,
        (target, counted): (SimTime, Counted),
    ) -> Result<Option<Advanced>, StoreError> {
        if target <= self.now() {
            return Ok(Some(self.advanced_since(counted)));
        }
        let next = self.next_instant().map_or(target, |instant| instant.min(target));
        self.shared.clock.advance_to(next)?;
        Ok(None)
    }

    fn counted(&self) -> Counted {
        let last_poll = self.store.polls().next_back().map_or(0, |record| record.poll.number.0);
        (last_poll, self.store.counts().disconnected)
    }

    fn advanced_since(&self, (polls, disconnected): Counted) -> Advanced {
        let (polls_now, disconnected_now) = self.counted();
        Advanced {
            now: self.now(),
            cursor: self.cursor(),
            polls_run: polls_now.saturating_sub(polls),
            disconnected: disconnected_now.saturating_sub(disconnected),
            foreign_pending: self.foreign_pending(),
        }
    }
}
