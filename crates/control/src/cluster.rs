//! `/cluster`: the nodes of the store, the one that its service runs on, and the checkpoint of the polled key (policy 6.4).

use registry_poll::{CheckpointStatus, ClusterStatus, NodeState, NodeStatus};
use serde::{Deserialize, Serialize};
use server::{StoreHandle, View};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::{Body, NoQuery, OptionalBody, Store};
use crate::precondition::Precondition;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::scalars::NodeText;
use crate::setting_names::ClusterModeName;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(read, change)).routes(routes!(fail_over))
}

/// The cluster of a store. Without one there is one node.
#[derive(Serialize, ToSchema)]
#[schema(as = Cluster)]
struct ClusterState {
    /// How its nodes share their registries.
    mode: ClusterModeName,
    /// The node that the service belongs to, whether it runs or not.
    active: NodeText,
    /// Its nodes, by name.
    nodes: Vec<ClusterNode>,
    /// The checkpoint; null in the modes that keep none.
    checkpoint: Option<Checkpoint>,
}

/// A node of a cluster: a machine with a registry.
#[derive(Serialize, ToSchema)]
struct ClusterNode {
    /// Its name.
    name: NodeText,
    /// What it does.
    state: NodeStateName,
}

/// What a node does.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = NodeState)]
enum NodeStateName {
    /// The service runs on it.
    Online,
    /// The service ran on it last, and has stopped.
    Offline,
    /// It stands by.
    Passive,
}

/// What the cluster keeps of a node's registry, to restore it wherever the service comes online.
#[derive(Serialize, ToSchema)]
struct Checkpoint {
    /// The key that is kept, with all below it.
    key: String,
    /// How many keys it has; 0 when there was no such key.
    keys: usize,
    /// How many values are in them.
    values: usize,
    /// Why the last capture failed, so that the checkpoint is an older one; null when it did not.
    not_captured: Option<String>,
}

/// Another kind of cluster.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ClusterChange {
    /// How its nodes share their registries.
    mode: ClusterModeName,
}

/// Where to move the service.
#[derive(Deserialize, Default, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct Failover {
    /// The node; the one that stands by unless told.
    to: Option<NodeText>,
}

impl From<(ClusterStatus, NodeText)> for ClusterState {
    fn from((status, active): (ClusterStatus, NodeText)) -> Self {
        let ClusterStatus { mode, nodes, checkpoint } = status;
        Self {
            mode: mode.into(),
            active,
            nodes: nodes.into_iter().map(ClusterNode::from).collect(),
            checkpoint: checkpoint.map(Checkpoint::from),
        }
    }
}

impl From<NodeStatus> for ClusterNode {
    fn from(NodeStatus { name, state }: NodeStatus) -> Self {
        let state = match state {
            NodeState::Online => NodeStateName::Online,
            NodeState::Offline => NodeStateName::Offline,
            NodeState::Passive => NodeStateName::Passive,
        };
        Self { name: NodeText(name), state }
    }
}

impl From<CheckpointStatus> for Checkpoint {
    fn from(CheckpointStatus { key, keys, values, not_captured }: CheckpointStatus) -> Self {
        let not_captured = not_captured.map(|error| error.to_string());
        Self { key: key.to_string(), keys, values, not_captured }
    }
}

fn state(view: View<'_>) -> ClusterState {
    let cluster = view.cluster();
    ClusterState::from((cluster.status(), NodeText(cluster.active().name().clone())))
}

async fn show(store: &StoreHandle) -> Result<Reply<ClusterState>, Problem> {
    Ok(Reply::ok(store.read(|view| (view.cursor(), state(view))).await?))
}

/// Shows the nodes, the one that the service runs on, and the checkpoint.
#[utoipa::path(
    get, path = "/v1/stores/{store}/cluster", tag = "cluster",
    responses((status = 200, body = ClusterState)),
)]
async fn read(_: NoQuery, Store(store): Store) -> Result<Reply<ClusterState>, Problem> {
    show(&store).await
}

/// Makes the store a cluster, or one of another kind. The second node begins with an empty registry, and goes with it when
/// there is to be no cluster.
#[utoipa::path(
    patch, path = "/v1/stores/{store}/cluster", tag = "cluster",
    request_body = ClusterChange,
    responses((status = 200, body = ClusterState)),
)]
async fn change(
    _: NoQuery,
    Store(store): Store,
    when: Precondition,
    Body(change): Body<ClusterChange>,
) -> Result<Reply<ClusterState>, Problem> {
    when.on(&store, |view| Some(state(view))).set_cluster_mode(change.mode.into()).await?;
    show(&store).await
}

/// Moves the service to another node: it stops here, the checkpoint is restored there if one is kept, and it starts there.
/// Answers when all that follows has happened. When the checkpoint can't be restored there, it starts where it was, and the
/// sessions have ended all the same.
#[utoipa::path(
    post, path = "/v1/stores/{store}/cluster/failover", tag = "cluster",
    request_body(content = Option<Failover>),
    responses((status = 200, body = ClusterState)),
)]
async fn fail_over(
    _: NoQuery,
    Store(store): Store,
    OptionalBody(Failover { to }): OptionalBody<Failover>,
) -> Result<Reply<ClusterState>, Problem> {
    store.fail_over(to.map(|NodeText(node)| node)).await?;
    show(&store).await
}
