//! A store with its control plane, both listening, inside the test's process.

use std::net::SocketAddr;
use std::sync::Arc;

use clock::ClockMode;
use control::{Access, ControlConfig, ControlLimits};
use infostore::{FaultEffect, FaultMatch, FaultRule, FaultSchedule, Settings};
use server::{Directory, Seed, StoreHandle, StoreOptions, Stores};
use tokio::runtime::Runtime;

/// Goes with the test.
pub(crate) struct Running {
    /// Dropped last: it runs the other two.
    _runtime: Runtime,
    pub(crate) rpc: SocketAddr,
    /// The endpoint mapper's own port.
    pub(crate) epm: SocketAddr,
    pub(crate) url: String,
}

fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// A store on a manual clock with an RPC port of its own.
pub(crate) fn options() -> StoreOptions {
    StoreOptions {
        settings: Settings::default(),
        clock: ClockMode::Manual,
        start: Some("2006-04-22T08:00:00Z".parse().unwrap()),
        seed: Seed(7),
        rpc: Some(any_port()),
        epm: Some(any_port()),
        registry: None,
        directory: Directory::default(),
        capture: None,
        max_connections: 4_000,
    }
}

/// A rule that hits whatever its effect can be had on, until it is taken away.
pub(crate) fn always(effect: FaultEffect) -> FaultRule {
    let (matches, schedule) = (FaultMatch::default(), FaultSchedule::default());
    FaultRule { matches, effect, schedule }
}

impl Running {
    /// A store on a manual clock at 2006-04-22T08:00:00Z.
    pub(crate) fn start() -> Self {
        Self::with(options())
    }

    pub(crate) fn with(options: StoreOptions) -> Self {
        Self::for_whom(options, Access::default())
    }

    pub(crate) fn for_whom(options: StoreOptions, access: Access) -> Self {
        let runtime = Runtime::new().unwrap();
        let (store, bound) = runtime.block_on(async {
            let store = StoreHandle::start(options).await.expect("the store starts");
            let config = ControlConfig {
                address: any_port(),
                stores: Arc::new(Stores::new(store.clone())),
                allow_shutdown: false,
                access,
                version: "test".to_owned(),
                limits: ControlLimits::default(),
                recorder: None,
                dashboard: control::Bundle::built_in(),
            };
            (store, control::bind(config).await.expect("the control plane listens"))
        });
        let rpc = store.rpc_address().expect("it has a port");
        let epm = store.epm_address().expect("so has its endpoint mapper");
        let url = format!("http://{}", bound.local_addr());
        drop(runtime.spawn(bound.serve(core::future::pending())));
        Self { _runtime: runtime, rpc, epm, url }
    }
}
