//! A cluster over HTTP: two nodes, their registries, and the checkpoint (policy 6.4).

use serde_json::{Value, json};

use super::{Api, POLLED_KEY};

const LIST: &str = "Disable%20MAPI%20Client%20Processes";

fn nodes(first: &str, second: &str) -> Value {
    json!([{"name": "NODE1", "state": first}, {"name": "NODE2", "state": second}])
}

async fn set_mode(api: &Api, mode: &str) -> Value {
    api.call("PATCH", "/cluster", &json!({"mode": mode}).to_string()).await.ok()
}

#[tokio::test]
async fn a_store_is_one_node_until_it_is_made_a_cluster() {
    let api = Api::new().await;
    let one = json!({
        "mode": "none", "active": "NODE1", "nodes": [{"name": "NODE1", "state": "online"}],
        "checkpoint": null,
    });
    assert_eq!(api.get("/cluster").await, one);
    let two = set_mode(&api, "per_node").await;
    assert_eq!((&two["mode"], &two["nodes"]), (&"per_node".into(), &nodes("online", "passive")));
    assert_eq!(two["checkpoint"], Value::Null);
    assert_eq!(set_mode(&api, "none").await, one);
    let events = api.get("/events?type=cluster.changed").await;
    assert_eq!(events["items"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_failover_without_a_checkpoint_finds_what_the_other_node_has() {
    let api = Api::new().await;
    api.put("/block-lists/processes?apply=now", r#"{"data":"mdl.exe"}"#).await;
    set_mode(&api, "per_node").await;
    api.post("/clients", r#"{"process":"outlook.exe"}"#).await;

    let moved = api.post("/cluster/failover", "").await;
    assert_eq!((&moved["active"], &moved["nodes"]), (&"NODE2".into(), &nodes("passive", "online")));
    assert_eq!(api.get("/sessions").await["total"], 0);
    // Nobody has configured the second machine.
    assert_eq!(api.get("/block-lists/processes").await["data"], Value::Null);
    assert_eq!(api.get("/policy").await["generation"], 2);

    api.post("/cluster/failover", r#"{"to":"node1"}"#).await;
    assert_eq!(api.get("/block-lists/processes").await["data"], "mdl.exe");
}

#[tokio::test]
async fn a_failover_with_a_checkpoint_takes_the_values_along() {
    let api = Api::new().await;
    set_mode(&api, "checkpointed").await;
    api.put("/block-lists/processes?apply=now", r#"{"data":"mdl.exe"}"#).await;
    let checkpoint = &api.get("/cluster").await["checkpoint"];
    let key =
        "HKEY_LOCAL_MACHINE\\System\\CurrentControlSet\\Services\\MSExchangeIS\\ParametersSystem";
    assert_eq!(*checkpoint, json!({"key": key, "keys": 1, "values": 1, "not_captured": null}));

    // What is written on the node that stands by is lost.
    let path = format!("/registry/{POLLED_KEY}?value={LIST}&node=NODE2");
    api.put(&path, r#"{"type":"REG_SZ","data":"other.exe"}"#).await;
    api.post("/cluster/failover", "{}").await;
    assert_eq!(api.get(&path).await["data"], "mdl.exe");
    assert_eq!(api.get("/block-lists/processes").await["in_force"], true);
}
