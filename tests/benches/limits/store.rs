//! The store that is measured, in this process, on a manual clock.

use std::net::SocketAddr;
use std::sync::Arc;

use clock::ClockMode;
use control::{Access, ControlConfig, ControlLimits};
use infostore::Settings;
use policy::BlockList;
use server::{Advance, Advanced, Directory, ListChange, Seed, StoreHandle, StoreOptions, Stores};
use tokio::runtime::Runtime;

/// A store on a manual clock, with a port.
pub(crate) fn options() -> StoreOptions {
    StoreOptions {
        settings: Settings::default(),
        clock: ClockMode::Manual,
        start: Some("2006-04-22T08:00:00Z".parse().unwrap()),
        seed: Seed(7),
        rpc: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
        epm: None,
        registry: None,
        directory: Directory::default(),
        capture: None,
        max_connections: 19_000,
    }
}

/// The same without a port.
pub(crate) fn without_port() -> StoreOptions {
    StoreOptions { rpc: None, ..options() }
}

/// A control plane over these stores, on any free port.
pub(crate) fn control_config(stores: Arc<Stores>) -> ControlConfig {
    ControlConfig {
        address: ([127, 0, 0, 1], 0).into(),
        stores,
        allow_shutdown: false,
        version: "bench".to_owned(),
        access: Access::default(),
        limits: ControlLimits::default(),
        recorder: None,
        dashboard: control::Bundle::default(),
    }
}

/// A store that has just started.
pub(crate) struct BenchStore<'a> {
    runtime: &'a Runtime,
    handle: StoreHandle,
}

impl<'a> BenchStore<'a> {
    pub(crate) fn start(runtime: &'a Runtime) -> Self {
        let handle = runtime.block_on(StoreHandle::start(options())).expect("the store starts");
        Self { runtime, handle }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.handle.rpc_address().unwrap()
    }

    /// Writes the block list, which nothing heeds before the next poll.
    pub(crate) fn block(&self, list: &str) {
        let change = ListChange::Write(list.to_owned());
        let written = self.handle.change_list(BlockList::Processes, change, None);
        self.runtime.block_on(written).unwrap();
    }

    pub(crate) fn next_poll(&self) -> Advanced {
        self.runtime.block_on(self.handle.advance(Advance::NextPoll)).unwrap()
    }

    pub(crate) fn sessions(&self) -> usize {
        let count = self.handle.read(|view| view.store().counts().sessions);
        self.runtime.block_on(count).unwrap()
    }

    /// Waits until the store has taken note that no client is left.
    pub(crate) fn until_empty(&self) {
        while 0 < self.sessions() {
            std::thread::yield_now();
        }
    }

    /// Waits until every connection that was told to close is closed.
    pub(crate) fn until_closed(&self) {
        let now = || self.handle.advance(Advance::By(std::time::Duration::ZERO));
        while 0 < self.runtime.block_on(now()).unwrap().foreign_pending {
            std::thread::yield_now();
        }
    }

    pub(crate) fn stop(self) {
        self.runtime.block_on(self.handle.stop()).unwrap();
    }
}
