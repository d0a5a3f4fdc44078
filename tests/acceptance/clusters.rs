//! The registry of a cluster (policy 6.4): acceptance test 14.

use infostore::Transport;
use serde_json::{Value, json};

use super::site::{Site, value_path};

fn write_on(site: &Site, node: &str, text: &str) {
    let path = format!("{}&node={node}", value_path("processes"));
    site.put(&path, &json!({ "type": "REG_SZ", "data": text }));
}

fn fail_over(site: &Site) -> Value {
    site.post("/cluster/failover", &Value::Null)["active"].clone()
}

pub(super) fn t14_an_edit_travels_with_the_service_and_not_with_the_node(via: Transport) {
    let site = Site::start(via);
    site.patch("/cluster", &json!({ "mode": "checkpointed" }));

    // An edit where the service runs goes along, and the failover is the restart that reads it.
    let (mut open, injected) = (site.foreign("mdl.exe"), site.inject("mdl.exe"));
    write_on(&site, "NODE1", "mdl.exe");
    open.is_served();
    assert_eq!(fail_over(&site), "NODE2");
    open.is_closed();
    site.is_cut_off(injected);
    site.refuses("mdl.exe");

    // An edit of the node that stands by is lost when the service comes there.
    write_on(&site, "NODE1", "lost.exe");
    site.tick();
    site.admits("lost.exe");
    assert_eq!(fail_over(&site), "NODE1");
    site.admits("lost.exe");
    site.refuses("mdl.exe");
    assert_eq!(site.get("/block-lists/processes")["data"], "mdl.exe");

    // Without a checkpoint each node has its own.
    site.patch("/cluster", &json!({ "mode": "per_node" }));
    write_on(&site, "NODE2", "beta.exe");
    site.tick();
    site.refuses("mdl.exe");
    site.admits("beta.exe");
    assert_eq!(fail_over(&site), "NODE2");
    site.refuses("beta.exe");
    site.admits("mdl.exe");
    let actives: Vec<_> =
        site.events("cluster.changed").iter().map(|event| event["active"].clone()).collect();
    assert_eq!(actives, ["NODE1", "NODE2", "NODE1", "NODE1", "NODE2"]);
}
