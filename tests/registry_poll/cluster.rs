//! The registries of a cluster's nodes: what an edit comes to when the service moves.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;
use registry_poll::{
    Cluster, ClusterError, ClusterMode, Edit, EditError, KeyPath, KeyStore, KeyStoreError, KeyTree,
    MemoryKeyStore, NodeName, NodeState, RegValue, Registry, Restored, ValueName,
};

use super::tree::{create, set};
use super::{key, name};

const ELSEWHERE: &str = "HKLM\\Software\\Acme";

fn node(node: &str) -> NodeName {
    node.parse().expect(node)
}

fn cluster(mode: ClusterMode) -> Cluster {
    let mut cluster = Cluster::new(Arc::new(MemoryKeyStore::new()));
    cluster.set_mode(mode).expect("the first node is active");
    cluster
}

fn list(text: &str) -> Edit {
    set(KeyPath::parameters_system().as_str(), "list", RegValue::sz(text))
}

fn write(cluster: &mut Cluster, on: Option<&str>, text: &str) {
    let on = on.map(node);
    cluster.edit(on.as_ref(), &[list(text)]).expect("there is room");
}

fn read(cluster: &Cluster, on: &str) -> Option<String> {
    let registry = cluster.node(&node(on)).expect(on).registry();
    let value = registry.query_value(&KeyPath::parameters_system(), &name("list"));
    value.expect("memory can be read").and_then(|value| value.text())
}

fn fail_over(cluster: &mut Cluster, to: &str) -> Restored {
    cluster.take_offline();
    cluster.bring_online(&node(to)).expect("the service is offline")
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn an_edit_on_a_passive_or_offline_node_is_lost_and_failover_carries_an_online_edit() {
    let mut cluster = cluster(ClusterMode::Checkpointed);
    write(&mut cluster, None, "online");
    write(&mut cluster, Some("NODE2"), "on the passive node");
    assert_eq!(read(&cluster, "NODE2"), text("on the passive node"), "until the failover");
    assert_eq!(fail_over(&mut cluster, "NODE2"), Restored::Overwritten);
    assert_eq!(cluster.active().name(), &node("node2"));
    assert_eq!(read(&cluster, "NODE2"), text("online"), "the failover carries the online edit");

    cluster.take_offline();
    write(&mut cluster, None, "while offline");
    assert_eq!(read(&cluster, "NODE2"), text("while offline"), "until the service comes online");
    assert_eq!(cluster.bring_online(&node("NODE2")), Ok(Restored::Overwritten));
    assert_eq!(read(&cluster, "NODE2"), text("online"));
    assert_eq!(fail_over(&mut cluster, "NODE1"), Restored::Same);
}

#[test]
fn without_a_checkpoint_each_node_keeps_what_was_written_there() {
    let mut cluster = cluster(ClusterMode::PerNode);
    write(&mut cluster, None, "one");
    assert_eq!(fail_over(&mut cluster, "NODE2"), Restored::Nothing);
    assert_eq!(read(&cluster, "NODE2"), None, "nobody configured the second machine");
    cluster.take_offline();
    write(&mut cluster, None, "two");
    write(&mut cluster, Some("node1"), "one again");
    assert_eq!(cluster.bring_online(&node("NODE2")), Ok(Restored::Nothing));
    assert_eq!(read(&cluster, "NODE2"), text("two"), "an edit while offline is found");
    assert_eq!(fail_over(&mut cluster, "NODE1"), Restored::Nothing);
    assert_eq!(read(&cluster, "NODE1"), text("one again"), "an edit on the passive node is found");
}

#[test]
fn a_checkpoint_is_recursive_and_keeps_nothing_but_its_key() {
    let mut cluster = cluster(ClusterMode::Checkpointed);
    let below = KeyPath::parameters_system().joined("Below").expect("a path");
    let above = KeyPath::parameters_system().parent().expect("it has one");
    let edits = [
        set(below.as_str(), "v", RegValue::dword(1)),
        set(above.as_str(), "v", RegValue::dword(2)),
        set(ELSEWHERE, "v", RegValue::dword(3)),
    ];
    assert_eq!(cluster.edit(None, &edits), Ok(vec![true; 3]));
    let only_there = create(&format!("{}\\Only there", KeyPath::parameters_system()));
    cluster.edit(Some(&node("NODE2")), &[only_there]).expect("there is room");
    fail_over(&mut cluster, "NODE2");
    let tree = cluster.active().registry().tree().expect("memory can be read");
    assert_eq!(tree.value(&below, &name("v")), Some(&RegValue::dword(1)));
    assert_eq!(tree.value(&above, &name("v")), None);
    assert!(!tree.contains(&key(ELSEWHERE)));
    let there = tree.key(&KeyPath::parameters_system()).expect("restored");
    assert_eq!(there.subkeys().collect::<Vec<_>>(), ["Below"], "what is not in it goes");
}

#[test]
fn a_checkpoint_is_captured_at_once_and_when_the_service_goes_offline() {
    let mut cluster = Cluster::new(Arc::new(MemoryKeyStore::new()));
    write(&mut cluster, None, "before there was a cluster");
    cluster.set_mode(ClusterMode::Checkpointed).expect("the first node is active");
    fail_over(&mut cluster, "NODE2");
    assert_eq!(read(&cluster, "NODE2"), text("before there was a cluster"));

    let past_the_cluster = Arc::clone(cluster.active().registry());
    past_the_cluster.edit(&[list("by hand")]).expect("there is room");
    fail_over(&mut cluster, "NODE1");
    assert_eq!(read(&cluster, "NODE1"), text("by hand"));
}

#[test]
fn a_key_that_is_gone_from_the_checkpoint_goes_from_the_node() {
    let mut cluster = cluster(ClusterMode::Checkpointed);
    write(&mut cluster, Some("NODE2"), "on the passive node");
    assert_eq!(fail_over(&mut cluster, "NODE2"), Restored::Overwritten);
    assert_eq!(read(&cluster, "NODE2"), None);
}

#[test]
fn the_service_is_taken_offline_before_it_is_brought_online() {
    let mut cluster = cluster(ClusterMode::PerNode);
    let error = cluster.bring_online(&node("NODE2")).expect_err("it is online");
    assert_eq!(error.to_string(), "the service is online on node `NODE1`");
    assert!(cluster.take_offline());
    assert!(!cluster.take_offline(), "it is offline already");
    assert!(!cluster.is_online());
    let error = cluster.bring_online(&node("NODE3")).expect_err("there are two");
    assert_eq!(error.to_string(), "there is no node `NODE3`");
    let error = cluster.edit(Some(&node("NODE3")), &[list("x")]).expect_err("there are two");
    assert_eq!(error, ClusterError::NoSuchNode { node: node("NODE3") });
}

#[test]
fn without_a_cluster_there_is_one_node() {
    let mut cluster = cluster(ClusterMode::None);
    assert!(cluster.node(&node("NODE2")).is_none());
    cluster.set_mode(ClusterMode::PerNode).expect("the first node is active");
    write(&mut cluster, Some("NODE2"), "two");
    fail_over(&mut cluster, "NODE2");
    let error = cluster.set_mode(ClusterMode::None).expect_err("the service is on the second");
    assert_eq!(error.to_string(), "node `NODE2` would go, and the service belongs to it");
    assert_eq!(cluster.mode(), ClusterMode::PerNode);
    fail_over(&mut cluster, "NODE1");
    cluster.set_mode(ClusterMode::None).expect("the first node is active");
    cluster.set_mode(ClusterMode::PerNode).expect("the first node is active");
    assert_eq!(read(&cluster, "NODE2"), None, "it is another machine");
}

#[test]
fn the_status_tells_what_each_node_does_and_what_the_checkpoint_holds() {
    let mut cluster = cluster(ClusterMode::PerNode);
    let states = |cluster: &Cluster| {
        let nodes = cluster.status().nodes.into_iter();
        nodes.map(|node| (node.name.to_string(), node.state)).collect::<Vec<_>>()
    };
    let both = |one, two| vec![("NODE1".to_owned(), one), ("NODE2".to_owned(), two)];
    assert_eq!(states(&cluster), both(NodeState::Online, NodeState::Passive));
    assert_eq!(cluster.status().checkpoint, None);
    cluster.set_mode(ClusterMode::Checkpointed).expect("the first node is active");
    write(&mut cluster, None, "a.exe");
    fail_over(&mut cluster, "NODE2");
    assert_eq!(states(&cluster), both(NodeState::Passive, NodeState::Online));
    cluster.take_offline();
    assert_eq!(states(&cluster), both(NodeState::Passive, NodeState::Offline));
    let checkpoint = cluster.status().checkpoint.expect("this mode keeps one");
    assert_eq!((checkpoint.keys, checkpoint.values, checkpoint.not_captured), (1, 1, None));
    assert_eq!(checkpoint.key, KeyPath::parameters_system());
}

#[test]
fn the_name_of_a_node_is_that_of_a_computer() {
    assert_eq!(node("node-1"), node("NODE-1"));
    for wrong in ["", "a b", "a\\b", "NODE1.example", "sixteen-letters-", "n\u{f6}de"] {
        let error = wrong.parse::<NodeName>().expect_err(wrong).to_string();
        assert!(error.starts_with(&format!("`{wrong}` is no node's name")), "{error}");
    }
}

/// A registry that can't be reached when it is told so.
#[derive(Debug, Default)]
struct Breakable {
    registry: MemoryKeyStore,
    broken: AtomicBool,
}

impl Breakable {
    fn check(&self) -> Result<(), KeyStoreError> {
        if self.broken.load(Ordering::Relaxed) {
            return Err(KeyStoreError::Failed { reason: "the disk is gone".to_owned() });
        }
        Ok(())
    }
}

impl KeyStore for Breakable {
    fn query_value(
        &self,
        key: &KeyPath,
        name: &ValueName,
    ) -> Result<Option<RegValue>, KeyStoreError> {
        self.check()?;
        self.registry.query_value(key, name)
    }
}

impl Registry for Breakable {
    fn tree(&self) -> Result<Arc<KeyTree>, KeyStoreError> {
        self.check()?;
        self.registry.tree()
    }

    fn edit(&self, edits: &[Edit]) -> Result<Vec<bool>, EditError> {
        self.check()?;
        self.registry.edit(edits)
    }

    fn replace(&self, key: &KeyPath, from: &KeyTree) -> Result<bool, EditError> {
        self.check()?;
        self.registry.replace(key, from)
    }
}

#[test]
fn a_restore_that_fails_leaves_everything_as_it_was() {
    let registry = Arc::new(Breakable::default());
    let mut cluster = Cluster::new(Arc::<Breakable>::clone(&registry));
    cluster.set_mode(ClusterMode::Checkpointed).expect("the first node is active");
    fail_over(&mut cluster, "NODE2");
    write(&mut cluster, None, "two");
    cluster.take_offline();
    let before = cluster.status();
    registry.broken.store(true, Ordering::Relaxed);
    let error = cluster.bring_online(&node("NODE1")).expect_err("it can't be written");
    assert_eq!(error.to_string(), "the checkpoint can't be restored on node `NODE1`");
    let source = error.source().expect("it has a cause").to_string();
    assert_eq!(source, "the registry can't be read: the disk is gone");
    assert_eq!(cluster.status(), before);
    registry.broken.store(false, Ordering::Relaxed);
    assert_eq!(read(&cluster, "NODE1"), None);
    assert_eq!(cluster.bring_online(&node("NODE1")), Ok(Restored::Overwritten));
    assert_eq!(read(&cluster, "NODE1"), text("two"));
}

#[test]
fn a_capture_that_fails_keeps_the_checkpoint_before_and_says_so() {
    let registry = Arc::new(Breakable::default());
    let mut cluster = Cluster::new(Arc::<Breakable>::clone(&registry));
    cluster.set_mode(ClusterMode::Checkpointed).expect("the first node is active");
    write(&mut cluster, None, "captured");
    registry.registry.edit(&[list("not captured")]).expect("there is room");
    registry.broken.store(true, Ordering::Relaxed);
    assert_eq!(fail_over(&mut cluster, "NODE2"), Restored::Overwritten);
    assert_eq!(read(&cluster, "NODE2"), text("captured"));
    let failure = |cluster: &Cluster| cluster.status().checkpoint.and_then(|c| c.not_captured);
    assert_eq!(failure(&cluster), None, "captured again on the second node");

    let mut cluster = Cluster::new(Arc::<Breakable>::clone(&registry));
    cluster.set_mode(ClusterMode::Checkpointed).expect("the first node is active");
    let reason = "the disk is gone".to_owned();
    assert_eq!(failure(&cluster), Some(KeyStoreError::Failed { reason }));
    assert_eq!(fail_over(&mut cluster, "NODE2"), Restored::Nothing, "there is no checkpoint");
}

/// A step in a cluster's life.
#[derive(Clone, Debug)]
enum Step {
    Edit { on: Option<usize>, listed: bool, to: u32 },
    Offline,
    Online(usize),
    Mode(ClusterMode),
}

fn steps() -> impl Strategy<Value = Step> {
    let mode = prop::sample::select(
        &[ClusterMode::None, ClusterMode::PerNode, ClusterMode::Checkpointed][..],
    );
    prop_oneof![
        6 => (prop::option::of(0..2_usize), any::<bool>(), 0..9_u32)
            .prop_map(|(on, listed, to)| Step::Edit { on, listed, to }),
        2 => Just(Step::Offline),
        3 => (0..2_usize).prop_map(Step::Online),
        1 => mode.prop_map(Step::Mode),
    ]
}

/// A cluster as plainly as can be: for each node one value under the key and one elsewhere.
struct Model {
    mode: ClusterMode,
    online: bool,
    active: usize,
    listed: [Option<u32>; 2],
    elsewhere: [Option<u32>; 2],
    checkpoint: Option<u32>,
}

impl Model {
    fn nodes(&self) -> usize {
        if self.mode == ClusterMode::None { 1 } else { 2 }
    }

    /// Whether the step can be taken.
    fn take(&mut self, step: &Step) -> bool {
        match *step {
            Step::Edit { on, listed, to } => {
                let on = on.unwrap_or(self.active);
                if self.nodes() <= on {
                    return false;
                }
                let values = if listed { &mut self.listed } else { &mut self.elsewhere };
                values[on] = Some(to);
                if on == self.active && self.online {
                    self.checkpoint = self.listed[on];
                }
            }
            Step::Offline => self.online = false,
            Step::Online(on) => {
                if self.nodes() <= on || self.online {
                    return false;
                }
                if self.mode == ClusterMode::Checkpointed {
                    self.listed[on] = self.checkpoint;
                }
                (self.active, self.online) = (on, true);
            }
            Step::Mode(ClusterMode::None) if self.active == 1 => return false,
            Step::Mode(mode) => {
                if mode == ClusterMode::None {
                    (self.listed[1], self.elsewhere[1]) = (None, None);
                }
                if mode != self.mode {
                    self.checkpoint = self.listed[self.active];
                }
                self.mode = mode;
            }
        }
        true
    }
}

fn take(cluster: &mut Cluster, step: &Step) -> bool {
    let names = ["NODE1", "node2"].map(node);
    match *step {
        Step::Edit { on, listed, to } => {
            let at = KeyPath::parameters_system();
            let at = if listed { at.as_str() } else { ELSEWHERE };
            let edit = set(at, "v", RegValue::dword(to));
            cluster.edit(on.map(|on| &names[on]), &[edit]).is_ok()
        }
        Step::Offline => {
            cluster.take_offline();
            true
        }
        Step::Online(on) => cluster.bring_online(&names[on]).is_ok(),
        Step::Mode(mode) => cluster.set_mode(mode).is_ok(),
    }
}

proptest! {
    /// Whatever happens, each node holds what the plain model says it holds.
    #[test]
    fn the_cluster_does_as_the_model(steps in prop::collection::vec(steps(), 0..60)) {
        let mut cluster = Cluster::new(Arc::new(MemoryKeyStore::new()));
        let mut model = Model {
            mode: ClusterMode::None,
            online: true,
            active: 0,
            listed: [None; 2],
            elsewhere: [None; 2],
            checkpoint: None,
        };
        for step in steps {
            prop_assert_eq!(take(&mut cluster, &step), model.take(&step), "{:?}", step);
            prop_assert_eq!(cluster.mode(), model.mode);
            prop_assert_eq!(cluster.is_online(), model.online);
            prop_assert_eq!(cluster.active().name(), &node(["NODE1", "NODE2"][model.active]));
            for (on, name_of_node) in ["NODE1", "NODE2"].into_iter().enumerate() {
                let Some(node) = cluster.node(&node(name_of_node)) else {
                    prop_assert_eq!((on, model.nodes()), (1, 1));
                    continue;
                };
                let value = |at: &KeyPath| node.registry().query_value(at, &name("v"));
                let expected = |value: Option<u32>| Ok(value.map(RegValue::dword));
                let listed = value(&KeyPath::parameters_system());
                prop_assert_eq!(listed, expected(model.listed[on]), "{} after {:?}", on, step);
                prop_assert_eq!(value(&key(ELSEWHERE)), expected(model.elsewhere[on]));
            }
        }
    }
}
