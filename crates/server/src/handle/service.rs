//! The service, its settings and its time.

use std::time::Duration;

use clock::ClockMode;
use infostore::{Build, Command, Cursor, DisconnectMode, Pacing, PolicyMode, RegistryWatch};
use registry_poll::{ClusterMode, NodeName};
use tokio::sync::oneshot;

use super::{StoreError, StoreHandle};
use crate::advance::{Advance, Advanced, advance_job};
use crate::owner::Owner;
use crate::users::AuthenticationChange;
use crate::waits::WaitEnd;

/// What is changed of a store's settings; what is not given stays.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SettingsChange {
    /// A new grid of polls, which begins now.
    pub poll_interval: Option<Duration>,
    /// Whether a value created after the start is followed (A13).
    pub registry_watch: Option<RegistryWatch>,
    /// What happens to the connections of sessions that the store ends from now on (A20).
    pub disconnect: Option<DisconnectMode>,
    /// Whether the policy is acted on.
    pub policy_mode: Option<PolicyMode>,
    /// Whom the store lets open sessions from now on.
    pub authentication: AuthenticationChange,
    /// Whether Exchange 2007 gives out handles to wait for events with, from now on.
    pub async_notifications: Option<bool>,
    /// How clients that connect from now on are told to come back.
    pub pacing: PacingChange,
    /// The build that the service runs from its next start on.
    pub build: Option<Build>,
}

/// What is changed of how clients are told to come back; what is not given stays.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PacingChange {
    /// Milliseconds between two polls for events.
    pub polls_max_ms: Option<u32>,
    /// How often a call is made again that found the server too busy.
    pub retry: Option<u32>,
    /// Milliseconds before each.
    pub retry_delay_ms: Option<u32>,
}

impl PacingChange {
    /// What it makes of `pacing`; none where it changes nothing of it.
    #[must_use]
    pub fn made_of(self, pacing: Pacing) -> Option<Pacing> {
        let Self { polls_max_ms, retry, retry_delay_ms } = self;
        (self != Self::default()).then(|| Pacing {
            polls_max_ms: polls_max_ms.unwrap_or(pacing.polls_max_ms),
            retry: retry.unwrap_or(pacing.retry),
            retry_delay_ms: retry_delay_ms.unwrap_or(pacing.retry_delay_ms),
        })
    }
}

impl SettingsChange {
    fn commands(self) -> impl Iterator<Item = Command> {
        let commands = [
            self.poll_interval.map(Command::SetPollInterval),
            self.registry_watch.map(Command::SetRegistryWatch),
            self.disconnect.map(Command::SetDisconnect),
            self.policy_mode.map(Command::SetPolicyMode),
            self.async_notifications.map(Command::SetAsyncNotifications),
            self.build.map(Command::InstallBuild),
        ];
        commands.into_iter().flatten()
    }
}

impl StoreHandle {
    /// Changes several settings at once, and does what `also` has to be done in the same turn. Returns when whoever is cut off
    /// by it is gone.
    ///
    /// # Errors
    /// [`StoreError::Stopped`].
    pub async fn change_settings(
        &self,
        change: SettingsChange,
        also: impl FnOnce() + Send + 'static,
    ) -> Result<(), StoreError> {
        let SettingsChange { authentication, pacing, .. } = change;
        let set = move |owner: &mut Owner| {
            for command in change.commands() {
                owner.execute(command)?;
                owner.perform_effects();
            }
            owner.change_authentication(authentication)?;
            if let Some(pacing) = pacing.made_of(owner.store.settings().pacing) {
                owner.execute(Command::SetPacing(pacing))?;
            }
            also();
            Ok(())
        };
        self.act(set, |_, ()| ()).await
    }

    /// Starts a new grid of polls now.
    ///
    /// # Errors
    /// [`StoreError::Stopped`].
    pub async fn set_poll_interval(&self, interval: Duration) -> Result<(), StoreError> {
        let set = move |owner: &mut Owner| owner.execute(Command::SetPollInterval(interval));
        self.act(set, |_, _| ()).await
    }

    /// Sets whether the policy is acted on. Returns when whoever it cuts off is gone.
    ///
    /// # Errors
    /// [`StoreError::Stopped`].
    pub async fn set_policy_mode(&self, mode: PolicyMode) -> Result<(), StoreError> {
        let set = move |owner: &mut Owner| owner.execute(Command::SetPolicyMode(mode));
        self.act(set, |_, _| ()).await
    }

    /// Installs another build; the service runs it from its next start on.
    ///
    /// # Errors
    /// [`StoreError::Stopped`].
    pub async fn install_build(&self, build: Build) -> Result<(), StoreError> {
        let install = move |owner: &mut Owner| owner.execute(Command::InstallBuild(build));
        self.act(install, |_, _| ()).await
    }

    /// Installs the hotfix of KB 920185: the service stops, its files are replaced, it starts. Returns when all that
    /// follows has happened.
    ///
    /// # Errors
    /// [`StoreError::Hotfix`] when it does not go on the build that is installed.
    pub async fn install_hotfix(&self) -> Result<(), StoreError> {
        self.act(Owner::install_hotfix, |_, ()| ()).await
    }

    /// Stops and starts the service. Returns when the values have been read and all that follows has happened.
    ///
    /// # Errors
    /// [`StoreError::Cluster`] when the registry can't be restored.
    pub async fn restart(&self) -> Result<(), StoreError> {
        self.act(Owner::restart, |_, ()| ()).await
    }

    /// Makes the store a cluster of another kind.
    ///
    /// # Errors
    /// [`StoreError::Cluster`].
    pub async fn set_cluster_mode(&self, mode: ClusterMode) -> Result<(), StoreError> {
        self.act(move |owner| owner.set_cluster_mode(mode), |_, ()| ()).await
    }

    /// Moves the service to another node: it stops here and starts there.
    ///
    /// # Errors
    /// [`StoreError::Cluster`] when there is no other node, or when its registry can't be restored.
    pub async fn fail_over(&self, to: Option<NodeName>) -> Result<(), StoreError> {
        self.act(move |owner| owner.fail_over(to), |_, ()| ()).await
    }

    /// Changes how time moves.
    ///
    /// # Errors
    /// [`StoreError::Stopped`].
    pub async fn set_clock_mode(&self, mode: ClockMode) -> Result<(), StoreError> {
        self.ask(move |owner| {
            owner.shared.clock.set_mode(mode);
            owner.note_clock_change(mode, None);
        })
        .await
    }

    /// Advances a manual clock: everything due on the way happens at its own instant. Returns when the store is
    /// quiescent at the end. Whoever drops this future stops the clock where it has got to.
    ///
    /// # Errors
    /// [`StoreError::Clock`] when the clock is not manual, the target lies in the past or past the year 9999;
    /// [`StoreError::ServiceStopped`] when there is no next poll.
    pub async fn advance(&self, advance: Advance) -> Result<Advanced, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.job(advance_job(advance, reply)).await?;
        answer.await.map_err(|_| StoreError::Stopped)?
    }

    /// Ends the service: every session ends, every connection is closed, nobody is admitted any more. The store can still
    /// be read. Returns when all that follows has happened.
    ///
    /// # Errors
    /// [`StoreError::Stopped`] when the store has stopped already.
    pub async fn end_service(&self) -> Result<Cursor, StoreError> {
        self.ask(Owner::stop_service).await?;
        self.settled(|owner| {
            owner.end_waits(WaitEnd::Stopped);
            owner.cursor()
        })
        .await
    }

    /// Ends the service at once if `begin` says that it may be, in the same turn.
    ///
    /// # Errors
    /// [`StoreError::Stopped`] when the store has stopped already.
    pub(crate) async fn begin_stop<T: Send + 'static>(
        &self,
        begin: impl FnOnce() -> Option<T> + Send + 'static,
    ) -> Result<Option<T>, StoreError> {
        self.ask(move |owner| begin().inspect(|_| owner.stop_service())).await
    }

    /// Ends the service and stops the store, whatever it is at: what was asked of it and is not answered yet never is.
    /// Returns when every socket is closed, its own clients' too, and the ports are given back to the system.
    ///
    /// # Errors
    /// [`StoreError::Stopped`] when the store has stopped already.
    pub async fn stop(&self) -> Result<(), StoreError> {
        self.process.ports.retire(self.rpc);
        self.process.ports.retire(self.epm);
        self.ask(Owner::stop_service).await?;
        self.ask(|owner| owner.stopped = true).await?;
        self.closed().await;
        Ok(())
    }
}
