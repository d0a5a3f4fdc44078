//! Floods of connections: whoever asks nothing keeps nobody out.

use std::sync::{Arc, Condvar, Mutex};

use control::{Access, ControlLimits};
use registry_poll::{
    Edit, EditError, KeyPath, KeyStore, KeyStoreError, KeyTree, MemoryKeyStore, RegValue, Registry,
    ValueName,
};
use server::StoreOptions;

use super::{Answer, Peer, Plane, options, outcome};

fn limits(connections: usize) -> ControlLimits {
    ControlLimits { connections, ..ControlLimits::default() }
}

async fn plane(connections: usize) -> Plane {
    Plane::with(Access::default(), limits(connections)).await
}

#[tokio::test]
async fn a_flood_of_connections_that_ask_nothing_locks_nobody_out() {
    let plane = plane(4).await;
    let json = "Content-Type: application/json\r\n";
    let body = format!(
        "POST /v1/stores/default/clients HTTP/1.1\r\nHost: localhost\r\n{json}Content-Length: 9\r\n\r\n{{"
    );
    let rows = [
        ("silent", ""),
        ("in the middle of a head", "GET /v1/info HT"),
        ("in the middle of a body", body.as_str()),
    ];
    for (name, begun) in rows {
        let mut flood = Vec::new();
        for _ in 0..100 {
            let mut peer = plane.connect().await;
            peer.send(begun).await;
            flood.push(peer);
        }
        for _ in 0..8 {
            assert_eq!(plane.get("/v1/info", "").await.status, 200, "{name}");
        }
        // The first of them had to go.
        assert_eq!(flood[0].closed().await, 0, "{name}");
    }
}

#[tokio::test]
async fn whoever_was_answered_before_keeps_the_connection_in_a_flood() {
    let plane = plane(4).await;
    let mut old = plane.connect().await;
    old.is_served().await;
    let mut flood = Vec::new();
    for _ in 0..100 {
        flood.push(plane.connect().await);
    }
    plane.connect().await.is_served().await;
    old.is_served().await;
    // When all have been answered before, the oldest goes.
    let mut others = Vec::new();
    for _ in 0..4 {
        let mut peer = plane.connect().await;
        peer.is_served().await;
        others.push(peer);
    }
    assert_eq!(old.closed().await, 0);
    for peer in &mut others {
        peer.is_served().await;
    }
}

/// A registry that waits needs a thread.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_every_connection_is_busy_another_is_told_so() {
    let answer = server_busy().await;
    assert_eq!(outcome(&answer), (503, "server-busy".to_owned()));
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(answer.header("connection"), "close");
}

/// The answer to one request more than there are connections.
pub(in crate::control) async fn server_busy() -> Answer {
    let gate = Arc::new(Gate::default());
    let registry: Option<Arc<dyn Registry>> = Some(Arc::new(Gated::new(&gate)));
    let options = StoreOptions { registry, ..options() };
    let plane = Plane::over(options, Access::default(), limits(1)).await;
    gate.close();
    let mut busy: Peer = plane.connect().await;
    busy.send("GET /v1/stores/default/registry/HKLM HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let entered = Arc::clone(&gate);
    tokio::task::spawn_blocking(move || entered.wait_for_somebody()).await.expect("no panic");

    let answer = plane.get("/v1/info", "").await;
    gate.open();
    // Whoever was there first is answered, and makes room.
    assert_eq!(busy.answer().await.status, 200);
    assert_eq!(plane.get("/v1/info", "").await.status, 200);
    answer
}

/// What a registry waits at.
#[derive(Debug, Default)]
struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct GateState {
    closed: bool,
    somebody_waits: bool,
}

impl Gate {
    fn close(&self) {
        self.state.lock().unwrap().closed = true;
    }

    fn open(&self) {
        self.state.lock().unwrap().closed = false;
        self.changed.notify_all();
    }

    fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        while state.closed {
            state.somebody_waits = true;
            self.changed.notify_all();
            state = self.changed.wait(state).unwrap();
        }
    }

    fn wait_for_somebody(&self) {
        let state = self.state.lock().unwrap();
        drop(self.changed.wait_while(state, |state| !state.somebody_waits).unwrap());
    }
}

/// A registry whose keys are read when the gate is open.
#[derive(Debug)]
struct Gated {
    gate: Arc<Gate>,
    keys: MemoryKeyStore,
}

impl Gated {
    fn new(gate: &Arc<Gate>) -> Self {
        Self { gate: Arc::clone(gate), keys: MemoryKeyStore::default() }
    }
}

impl KeyStore for Gated {
    fn query_value(
        &self,
        key: &KeyPath,
        name: &ValueName,
    ) -> Result<Option<RegValue>, KeyStoreError> {
        self.keys.query_value(key, name)
    }
}

impl Registry for Gated {
    fn tree(&self) -> Result<Arc<KeyTree>, KeyStoreError> {
        self.gate.pass();
        self.keys.tree()
    }

    fn edit(&self, edits: &[Edit]) -> Result<Vec<bool>, EditError> {
        self.keys.edit(edits)
    }

    fn replace(&self, key: &KeyPath, tree: &KeyTree) -> Result<bool, EditError> {
        self.keys.replace(key, tree)
    }
}
