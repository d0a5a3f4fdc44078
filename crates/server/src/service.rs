//! The service of a store: stopped and started, with another build or on another node.

use infostore::{Build, Cause, Command, Note, Outcome, StopReason};
use registry_poll::{ClusterError, ClusterMode, NodeName, Restored};

use crate::handle::StoreError;
use crate::hive::blocking;
use crate::owner::Owner;

impl Owner {
    /// Carries out a command of the control plane.
    pub(crate) fn execute(&mut self, command: Command) -> Result<Outcome, StoreError> {
        let now = self.now();
        Ok(self.store.execute(now, Cause::Control, command)?)
    }

    /// Ends every session and closes every connection, and the service is stopped.
    pub(crate) fn stop_for(&mut self, reason: StopReason) {
        let now = self.now();
        let cause = match reason {
            StopReason::Shutdown => Cause::Stop,
            StopReason::Restart => Cause::Control,
        };
        // A service that has stopped already has no session to end, but may have been connected to since.
        drop(self.store.execute(now, cause, Command::Stop(reason)));
        self.perform_effects();
        self.close_all();
        // What was held back was meant for the service that has stopped.
        self.delayed = None;
        blocking(&self.options, || self.cluster.take_offline());
    }

    /// Starts the service on a node, whose registry is restored first. One that can't be restored leaves the service where it
    /// was, and stopped if it can't be restored there either.
    fn start_on(&mut self, node: &NodeName) -> Result<(), StoreError> {
        let old = self.cluster.active().name().clone();
        let mut moved = self.bring_online(node);
        if moved.is_err() && *node != old {
            moved = self.bring_online(&old).and(moved);
        }
        if *self.cluster.active().name() != old {
            self.note_cluster();
        }
        if self.cluster.is_online() {
            self.execute(Command::Start)?;
            self.shared.site.run_build(self.store.running_build());
        }
        moved
    }

    /// Restores the node's registry, and says so where something is lost by it.
    fn bring_online(&mut self, node: &NodeName) -> Result<(), StoreError> {
        let restored = blocking(&self.options, || self.cluster.bring_online(node))?;
        if restored == Restored::Overwritten {
            self.note(Note::CheckpointRestored(self.cluster.active().name().clone()));
        }
        Ok(())
    }

    /// Stops and starts the service; one that could not start before is started.
    pub(crate) fn restart(&mut self) -> Result<(), StoreError> {
        self.stop_to_start()?;
        let node = self.cluster.active().name().clone();
        self.start_on(&node)
    }

    /// Installs the hotfix as its setup does.
    pub(crate) fn install_hotfix(&mut self) -> Result<(), StoreError> {
        self.store.settings().build.takes_hotfix()?;
        self.stop_to_start()?;
        self.execute(Command::InstallBuild(Build::KB_920185))?;
        let node = self.cluster.active().name().clone();
        self.start_on(&node)
    }

    fn stop_to_start(&mut self) -> Result<(), StoreError> {
        if self.ended {
            return Err(StoreError::Stopped);
        }
        self.stop_for(StopReason::Restart);
        Ok(())
    }

    /// Makes the store a cluster of another kind.
    pub(crate) fn set_cluster_mode(&mut self, mode: ClusterMode) -> Result<(), StoreError> {
        if mode != self.cluster.mode() {
            blocking(&self.options, || self.cluster.set_mode(mode))?;
            self.note_cluster();
        }
        Ok(())
    }

    /// Moves the service to another node, the passive one unless one is named.
    pub(crate) fn fail_over(&mut self, to: Option<NodeName>) -> Result<(), StoreError> {
        let to = self.failover_target(to)?;
        self.stop_to_start()?;
        self.start_on(&to)?;
        Ok(())
    }

    fn failover_target(&self, to: Option<NodeName>) -> Result<NodeName, StoreError> {
        let active = self.cluster.active().name();
        let status = self.cluster.status();
        let names = status.nodes.into_iter().map(|node| node.name);
        match to {
            None => names.into_iter().find(|name| name != active).ok_or(StoreError::NoCluster),
            Some(to) if self.cluster.node(&to).is_none() => {
                Err(ClusterError::NoSuchNode { node: to }.into())
            }
            Some(to) if to == *active => Err(StoreError::AlreadyActive(to)),
            Some(to) => Ok(to),
        }
    }

    fn note_cluster(&mut self) {
        let (mode, active) = (self.cluster.mode(), self.cluster.active().name().clone());
        self.note(Note::Cluster(mode, active));
    }
}
