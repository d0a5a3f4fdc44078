//! What the control plane asks of the engine.

use core::time::Duration;
use std::sync::Arc;

use clock::{ClockMode, SimTime};
use registry_poll::{ClusterMode, FaultId, NodeName, PollNumber, Requested};

use crate::build::Build;
use crate::engine::{InfoStore, Phase};
use crate::event::{Cause, Event, RegistryChange, SettingChange};
use crate::fault::{FaultRule, FaultSchedule, FaultTarget, Stage};
use crate::image::SnapshotId;
use crate::notification::{NotificationKind, Push};
use crate::plan::{Watch, Watched};
use crate::session::{DisconnectReason, SessionId, SessionRecord};
use crate::settings::{
    Authentication, DisconnectMode, Pacing, PolicyMode, RegistryWatch, Settings,
};

/// A request to the engine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// Ends a session.
    DisconnectSession(SessionId),
    /// Reads the registry now; the schedule stays.
    Poll,
    /// Starts a new grid of polls now.
    SetPollInterval(Duration),
    /// Sets whether a value created after the start is followed. That it is takes effect at once, that it isn't at the next
    /// start.
    SetRegistryWatch(RegistryWatch),
    /// Sets what happens to the connections of sessions that the store ends from now on.
    SetDisconnect(DisconnectMode),
    /// Sets whether the policy is acted on. That it is ends every session that it forbids, in this call.
    SetPolicyMode(PolicyMode),
    /// Sets whom the store lets open sessions from now on; those that are open stay.
    SetAuthentication(Authentication),
    /// Sets whether Exchange 2007 gives out handles to wait for events with; those that it has given stay.
    SetAsyncNotifications(bool),
    /// Sets how clients that connect from now on are told to come back.
    SetPacing(Pacing),
    /// Replaces the files of the service; it runs them from its next start on.
    InstallBuild(Build),
    /// Ends every session and stops the service.
    Stop(StopReason),
    /// Starts the service after a stop.
    Start,
    /// Writes something that happened beside the engine into the journal.
    Note(Note),
}

/// What happened beside the engine, for the journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Note {
    /// An edit of the registry; the store learns of it when it polls.
    Registry(RegistryChange),
    /// A change of the clock, and where it was told to go.
    Clock(ClockMode, Option<SimTime>),
    /// Another mode of the cluster, or another active node.
    Cluster(ClusterMode, NodeName),
    /// A restored checkpoint overwrote what a node had.
    CheckpointRestored(NodeName),
    /// So many edits were made at once that they are counted.
    RegistryImported(NodeName, usize),
    /// A fault rule was added.
    FaultAdded(FaultId, Box<FaultRule>),
    /// A fault rule was paused or resumed, or has another schedule.
    FaultChanged {
        /// The rule.
        fault: FaultId,
        /// Whether it rests.
        paused: bool,
        /// Its schedule.
        schedule: Box<FaultSchedule>,
    },
    /// A fault rule was taken away.
    FaultRemoved(FaultId),
    /// A fault rule hit.
    FaultHit {
        /// The rule.
        fault: FaultId,
        /// Where.
        stage: Stage,
        /// What it did, by its own word.
        effect: &'static str,
        /// Whom or what it hit.
        target: Box<FaultTarget>,
    },
    /// A snapshot was taken, and may have a name.
    SnapshotTaken(SnapshotId, Option<String>),
    /// Something happened in a session's mailbox, and its client is told.
    SessionNotified(Arc<SessionRecord>, NotificationKind, Push),
    /// A user was added or changed.
    UserChanged(String),
    /// A user was taken away.
    UserRemoved(String),
}

/// Why the service stops.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StopReason {
    /// For good.
    Shutdown,
    /// To start again.
    Restart,
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
    /// The service runs.
    #[error("the store service is running")]
    Running,
}

impl InfoStore {
    /// Carries out a command, in one call.
    ///
    /// # Errors
    /// [`CommandError::NoSuchSession`] when the session named is not live, [`CommandError::Running`] for
    /// a start of a service that runs, [`CommandError::Stopped`] for what only a service that runs can do. Nothing has changed
    /// then.
    pub fn execute(
        &mut self,
        now: SimTime,
        cause: Cause,
        command: Command,
    ) -> Result<Outcome, CommandError> {
        match command {
            Command::Note(note) => self.journal.record(now, cause, note.into()),
            Command::SetPollInterval(interval) => self.set_poll_interval(now, cause, interval),
            Command::SetRegistryWatch(watch) => self.set_registry_watch(now, cause, watch),
            Command::SetDisconnect(mode) => {
                self.set(now, cause, SettingChange::Disconnect(mode));
            }
            Command::SetAuthentication(authentication) => {
                self.set(now, cause, SettingChange::Authentication(authentication));
            }
            Command::SetAsyncNotifications(given) => {
                self.set(now, cause, SettingChange::AsyncNotifications(given));
            }
            Command::SetPacing(pacing) => self.set(now, cause, SettingChange::Pacing(pacing)),
            Command::SetPolicyMode(mode) => self.set_policy_mode(now, cause, mode),
            Command::InstallBuild(build) => self.install(now, cause, build),
            Command::Start if self.phase != Phase::Stopped => return Err(CommandError::Running),
            Command::Start => self.start_service(now),
            _ if self.phase == Phase::Stopped => return Err(CommandError::Stopped),
            Command::DisconnectSession(id) => self.disconnect(now, cause, id)?,
            Command::Poll => return Ok(Outcome::PollRequested(self.request_poll(now))),
            Command::Stop(reason) => self.stop(now, cause, reason),
        }
        Ok(Outcome::Done)
    }

    /// Starts the service: the build installed runs, nothing is known of any value, and nobody is admitted before the first
    /// read is over. The policy of an earlier run stays in sight until that read says what comes of it.
    pub(crate) fn start_service(&mut self, now: SimTime) {
        let Settings { build, poll_interval, .. } = self.settings;
        self.phase = Phase::Starting;
        self.running = build;
        self.totals.most_sessions = 0;
        self.watched = Watched::all();
        self.schedule.regrid(now, poll_interval);
        self.journal.record(now, Cause::Start, Event::StoreStarted { build, poll_interval });
        let first = self.schedule.begin_first(now);
        self.query(first);
    }

    fn stop(&mut self, now: SimTime, cause: Cause, reason: StopReason) {
        for id in self.table.ids() {
            let reason = match reason {
                StopReason::Shutdown => DisconnectReason::Shutdown,
                StopReason::Restart => DisconnectReason::Restart,
            };
            self.drop_session(now, cause, id, reason);
        }
        self.phase = Phase::Stopped;
        // The values of a read that was in flight come too late.
        if let Some(poll) = self.schedule.in_flight().copied() {
            self.journal.record(now, cause, Event::PollAbandoned { poll });
        }
        self.schedule.stop();
        self.journal.record(now, cause, Event::StoreStopped);
    }

    fn install(&mut self, now: SimTime, cause: Cause, build: Build) {
        let from = core::mem::replace(&mut self.settings.build, build);
        if from != build {
            self.journal.record(now, cause, Event::BuildChanged { from, to: build });
        }
    }

    /// Keeps a setting, and writes it into the journal.
    fn set(&mut self, now: SimTime, cause: Cause, change: SettingChange) {
        match change {
            SettingChange::PollInterval(interval) => self.settings.poll_interval = interval,
            SettingChange::RegistryWatch(watch) => self.settings.registry_watch = watch,
            SettingChange::Disconnect(mode) => self.settings.disconnect = mode,
            SettingChange::Authentication(asked) => self.settings.authentication = asked,
            SettingChange::AsyncNotifications(given) => self.settings.async_notifications = given,
            SettingChange::Pacing(pacing) => self.settings.pacing = pacing,
        }
        self.journal.record(now, cause, Event::StoreChanged(change));
    }

    fn set_poll_interval(&mut self, now: SimTime, cause: Cause, interval: Duration) {
        self.schedule.regrid(now, interval);
        // What the schedule made of it: an interval of zero is none.
        let interval = self.schedule.interval();
        self.set(now, cause, SettingChange::PollInterval(interval));
    }

    fn set_registry_watch(&mut self, now: SimTime, cause: Cause, watch: RegistryWatch) {
        if watch == RegistryWatch::Always {
            for watched in &mut self.watched {
                if watched.watch == Watch::NotArmed {
                    watched.watch = Watch::Armed;
                }
            }
        }
        self.set(now, cause, SettingChange::RegistryWatch(watch));
    }

    fn disconnect(
        &mut self,
        now: SimTime,
        cause: Cause,
        id: SessionId,
    ) -> Result<(), CommandError> {
        if self.table.get(id).is_none() {
            return Err(CommandError::NoSuchSession(id));
        }
        self.drop_session(now, cause, id, DisconnectReason::Admin);
        Ok(())
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
}

impl From<Note> for Event {
    fn from(note: Note) -> Self {
        match note {
            Note::Registry(change) => Self::RegistryChanged(change),
            Note::Clock(mode, target) => Self::ClockChanged { mode, target },
            Note::Cluster(mode, active) => Self::ClusterChanged { mode, active },
            Note::CheckpointRestored(node) => Self::CheckpointRestored { node },
            Note::RegistryImported(node, changed) => Self::RegistryImported { node, changed },
            Note::FaultAdded(fault, rule) => Self::FaultAdded { fault, rule },
            Note::FaultRemoved(fault) => Self::FaultRemoved { fault },
            Note::UserChanged(user) => Self::UserChanged { user },
            Note::UserRemoved(user) => Self::UserRemoved { user },
            Note::SnapshotTaken(snapshot, name) => Self::SnapshotTaken { snapshot, name },
            Note::SessionNotified(session, kind, push) => {
                Self::SessionNotified { session, kind, push }
            }
            Note::FaultChanged { fault, paused, schedule } => {
                Self::FaultChanged { fault, paused, schedule }
            }
            Note::FaultHit { fault, stage, effect, target } => {
                Self::FaultHit { fault, stage, effect, target }
            }
        }
    }
}
