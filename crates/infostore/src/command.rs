//! What the control plane asks of the engine.

use core::time::Duration;

use clock::{ClockMode, SimTime};
use registry_poll::{PollNumber, PollSchedule, Requested};

use crate::engine::{InfoStore, Phase};
use crate::event::{Cause, Event, RegistryChange};
use crate::session::{DisconnectReason, SessionId};

/// A request to the engine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// Ends a session.
    DisconnectSession(SessionId),
    /// Reads the registry now; the schedule stays.
    Poll,
    /// Starts a new grid of polls now.
    SetPollInterval(Duration),
    /// Writes an edit of the registry into the journal; the store learns of it when it polls.
    NoteRegistryChange(RegistryChange),
    /// Writes a change of the clock into the journal.
    NoteClockChange(ClockMode, Option<SimTime>),
    /// Ends every session and stops the service.
    Stop,
}

/// What came of a [`Command`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It is done.
    Done,
    /// The poll of this number runs, or will when the one in flight is over.
    PollRequested(PollNumber),
}

/// Why a [`Command`] can't be carried out.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CommandError {
    /// There is no such session, or it has ended.
    #[error("session {} is not live", .0.0)]
    NoSuchSession(SessionId),
    /// The service has stopped.
    #[error("the store service has stopped")]
    Stopped,
}

impl InfoStore {
    /// Carries out a command, in one call.
    ///
    /// # Errors
    /// [`CommandError::NoSuchSession`] when the session named is not live, [`CommandError::Stopped`] for anything but a
    /// note after the service has stopped.
    pub fn execute(
        &mut self,
        now: SimTime,
        cause: Cause,
        command: Command,
    ) -> Result<Outcome, CommandError> {
        match command {
            Command::NoteRegistryChange(change) => {
                self.journal.record(now, cause, Event::RegistryChanged(change));
                Ok(Outcome::Done)
            }
            Command::NoteClockChange(mode, target) => {
                self.journal.record(now, cause, Event::ClockChanged { mode, target });
                Ok(Outcome::Done)
            }
            _ if self.phase == Phase::Stopped => Err(CommandError::Stopped),
            Command::DisconnectSession(id) => self.disconnect(now, cause, id),
            Command::Poll => Ok(Outcome::PollRequested(self.request_poll(now))),
            Command::SetPollInterval(interval) => {
                self.schedule.regrid(now, interval);
                // What the schedule made of it: an interval of zero is none.
                let poll_interval = self.schedule.interval();
                self.settings.poll_interval = poll_interval;
                self.journal.record(now, cause, Event::StoreChanged { poll_interval });
                Ok(Outcome::Done)
            }
            Command::Stop => {
                self.stop(now, cause);
                Ok(Outcome::Done)
            }
        }
    }

    fn disconnect(
        &mut self,
        now: SimTime,
        cause: Cause,
        id: SessionId,
    ) -> Result<Outcome, CommandError> {
        if self.table.get(id).is_none() {
            return Err(CommandError::NoSuchSession(id));
        }
        self.drop_session(now, cause, id, DisconnectReason::Admin);
        Ok(Outcome::Done)
    }

    fn request_poll(&mut self, now: SimTime) -> PollNumber {
        match self.schedule.request(now) {
            Requested::Queued(number) => number,
            Requested::Begun(poll) => {
                self.query(poll);
                poll.number
            }
        }
    }

    fn stop(&mut self, now: SimTime, cause: Cause) {
        for id in self.table.ids() {
            self.drop_session(now, cause, id, DisconnectReason::Shutdown);
        }
        self.phase = Phase::Stopped;
        // A schedule without a read in flight: the values of one that was come too late, and nobody waits for them.
        self.schedule = PollSchedule::new(now, self.schedule.interval());
        self.journal.record(now, cause, Event::StoreStopped);
    }
}
