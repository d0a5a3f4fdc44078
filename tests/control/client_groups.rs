//! Client groups: as many clients of one kind as are wanted; clients that become others; and the Logons view.

use infostore::Transport;
use serde_json::{Value, json};
use server::StoreOptions;

use super::{Api, options};

fn group(process: &str, replicas: u64) -> String {
    json!({ "template": { "process": process, "user": "u{n}" }, "replicas": replicas }).to_string()
}

/// The clients that carry a label: id, program and state.
async fn members(api: &Api, label: &str) -> Vec<(u64, String, String)> {
    let clients = api.get("/clients?limit=1000").await;
    let clients = clients["items"].as_array().expect("a list").clone();
    let of_group = clients.iter().filter(|client| client["group"] == label);
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let row = |client: &Value| {
        (client["id"].as_u64().expect("an id"), text(&client["process"]), text(&client["state"]))
    };
    of_group.map(row).collect()
}

/// How the sessions ended since a cursor, in order.
async fn ends(api: &Api, after: &str) -> Vec<(u64, String)> {
    let events = api.get(&format!("/events?type=session.ended&after={after}")).await;
    let events = events["items"].as_array().expect("a list").clone();
    let end = |event: &Value| {
        let reason = event["reason"].as_str().expect("a word").to_owned();
        (event["session"].as_u64().expect("a number"), reason)
    };
    events.iter().map(end).collect()
}

async fn cursor(api: &Api) -> String {
    api.get("").await["cursor"].as_str().expect("a cursor").to_owned()
}

fn all(ids: impl IntoIterator<Item = u64>, process: &str) -> Vec<(u64, String, String)> {
    let row = |id| (id, process.to_owned(), "connected".to_owned());
    ids.into_iter().map(row).collect()
}

#[tokio::test]
async fn a_group_is_scaled_up_and_down_and_changed_by_setting_it_again() {
    let api = Api::new().await;
    let made = api.call("PUT", "/client-groups/finance", &group("mdl.exe", 3)).await;
    assert_eq!(made.status, 201);
    assert_eq!(
        made.json(),
        json!({
            "name": "finance", "replicas": 3, "clients": 3, "connected": 3, "joined": 3, "left": 0,
            "template": {
                "process": "mdl.exe", "client_version": "11.0.5608.0", "user": "u{n}",
                "machine": "WKS{n}", "mode": "cached", "transport": "pipe",
            },
        })
    );
    assert_eq!(members(&api, "finance").await, all(1..=3, "mdl.exe"));
    assert_eq!(api.get("/clients/2").await["user"], "u2");

    let again = api.call("PUT", "/client-groups/finance", &group("mdl.exe", 3)).await;
    assert_eq!((again.status.as_u16(), &again.json()["joined"]), (200, &json!(0)), "as it was");
    let up = api.put("/client-groups/finance", &group("mdl.exe", 5)).await;
    assert_eq!((&up["joined"], &up["left"]), (&json!(2), &json!(0)));

    let before = cursor(&api).await;
    let down = api.put("/client-groups/finance", &group("mdl.exe", 2)).await;
    assert_eq!(
        (&down["joined"], &down["left"], &down["connected"]),
        (&json!(0), &json!(3), &json!(2))
    );
    assert_eq!(members(&api, "finance").await, all(1..=2, "mdl.exe"), "the newest have left");
    let expected = [3, 4, 5].map(|session| (session, "client".to_owned()));
    assert_eq!(ends(&api, &before).await, expected, "each with EcDoDisconnect");

    let other = api.put("/client-groups/finance", &group("beta.exe", 2)).await;
    assert_eq!((&other["joined"], &other["left"]), (&json!(2), &json!(2)));
    assert_eq!(members(&api, "finance").await, all(6..=7, "beta.exe"));
    let tcp = api.call(
        "PUT",
        "/client-groups/finance",
        r#"{"template":{"transport":"tcp"},"replicas":1}"#,
    );
    assert_eq!(tcp.await.problem(), "no-rpc-port");
    assert_eq!(members(&api, "finance").await, all(6..=7, "beta.exe"), "nothing was done");
}

#[tokio::test]
async fn a_group_has_whoever_carries_its_label_and_is_not_kept_at_its_number() {
    let api = Api::new().await;
    api.post("/clients", r#"{"process":"mdl.exe","user":"u{n}","group":"g"}"#).await;
    api.post("/clients", r#"{"process":"other.exe","group":"g"}"#).await;
    api.post("/clients", r#"{"process":"mdl.exe","user":"u{n}","group":"h"}"#).await;
    let set = api.put("/client-groups/g", &group("mdl.exe", 2)).await;
    assert_eq!((&set["joined"], &set["left"]), (&json!(1), &json!(1)));
    let ids: Vec<_> = members(&api, "g").await.into_iter().map(|(id, ..)| id).collect();
    assert_eq!(ids, [1, 4], "the first fitted, the second did not, the third is of another group");

    api.put("/block-lists/processes?apply=now", r#"{"data":"mdl.exe"}"#).await;
    let cut = api.get("/client-groups/g").await;
    assert_eq!((&cut["clients"], &cut["connected"]), (&json!(2), &json!(0)));
    let again = api.put("/client-groups/g", &group("mdl.exe", 2)).await;
    assert_eq!((&again["joined"], &again["connected"]), (&json!(0), &json!(0)), "they count");
    api.call("DELETE", "/clients/1", "").await.ok();
    assert_eq!(api.get("/client-groups/g").await["clients"], 1);
}

#[tokio::test]
async fn groups_are_listed_by_name_and_deleted_with_their_clients() {
    let api = Api::new().await;
    for name in ["b", "c%20d", "a"] {
        api.put(&format!("/client-groups/{name}"), &group("x.exe", 1)).await;
    }
    let first = api.get("/client-groups?limit=2").await;
    let names = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().expect("a list").iter();
        items.map(|group| group["name"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!((names(&first), &first["next"]), (vec!["a".into(), "b".into()], &json!("b")));
    assert_eq!(names(&api.get("/client-groups?after=b").await), ["c d"]);

    let before = cursor(&api).await;
    assert_eq!(api.call("DELETE", "/client-groups/c%20d", "").await.status, 204);
    assert_eq!(ends(&api, &before).await, [(2, "client".to_owned())]);
    assert_eq!(members(&api, "c d").await, []);
    for method in ["GET", "DELETE"] {
        let gone = api.call(method, "/client-groups/c%20d", "").await;
        assert_eq!(gone.problem(), "client-group-not-found", "{method}");
    }
    api.post("/reset", "").await;
    assert_eq!(names(&api.get("/client-groups").await), Vec::<String>::new());
}

#[tokio::test]
async fn a_group_that_can_not_be_is_refused_with_the_place() {
    let api = Api::new().await;
    let rows = [
        (r#"{"template":{"group":"h"},"replicas":1}"#, "#/template/group"),
        (r#"{"template":{"count":2},"replicas":1}"#, "#/template/count"),
        (
            r#"{"template":{"process":"a.exe","client_version":"10.0.0.0"},"replicas":1}"#,
            "#/template/process",
        ),
        (r#"{"template":{},"replicas":100001}"#, "#/replicas"),
    ];
    for (body, pointer) in rows {
        let answer = api.call("PUT", "/client-groups/g", body).await;
        assert_eq!(answer.problem(), "invalid-body", "{body}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{body}");
    }
    assert_eq!(api.get("/client-groups").await["items"], json!([]));
}

#[tokio::test]
async fn a_client_becomes_another_and_connects_again_only_where_it_has_to() {
    let api = Api::new().await;
    api.post("/clients", r#"{"process":"a.exe","group":"g"}"#).await;
    let before = cursor(&api).await;
    let labelled = api.call("PATCH", "/clients/1", r#"{"group":"h"}"#).await.ok();
    assert_eq!((&labelled["group"], &labelled["attempts"]), (&json!("h"), &json!(1)));
    let same = api.call("PATCH", "/clients/1", r#"{"process":"a.exe"}"#).await.ok();
    assert_eq!(same["attempts"], 1, "it says that already");
    assert_eq!(ends(&api, &before).await, []);
    assert_eq!(api.get("/sessions/1").await["group"], "g", "a session keeps its label");

    let changed =
        api.call("PATCH", "/clients/1", r#"{"process":"b.exe","mode":"classic","group":null}"#);
    let changed = changed.await.ok();
    assert_eq!((&changed["process"], &changed["state"]), (&json!("b.exe"), &json!("connected")));
    assert_eq!((&changed["attempts"], &changed["group"]), (&json!(2), &Value::Null));
    assert_eq!(ends(&api, &before).await, [(1, "client".to_owned())]);
    let session = api.get("/sessions/2").await;
    assert_eq!((&session["process"], &session["mode"]), (&json!("b.exe"), &json!("classic")));

    api.post("/clients/1/disconnect", "").await;
    let idle =
        api.call("PATCH", "/clients/1", r#"{"process":null,"client_version":"10.0.2627.1"}"#);
    assert_eq!(idle.await.ok()["state"], "idle", "it was told to stay away");
    assert_eq!(api.post("/clients/1/connect", "").await["state"], "connected");
    assert_eq!(api.get("/sessions/3").await["interface"], "EcDoConnect");
    let named = api.call("PATCH", "/clients/1", r#"{"process":"late.exe"}"#).await;
    assert_eq!(named.json()["errors"][0]["pointer"], "#/process", "too old to name one");
    assert_eq!(api.call("PATCH", "/clients/9", "{}").await.problem(), "client-not-found");
    assert_eq!(
        api.call("PATCH", "/clients/1", r#"{"transport":"tcp"}"#).await.problem(),
        "no-rpc-port"
    );
}

#[tokio::test]
async fn groups_are_part_of_a_snapshot() {
    let api = Api::new().await;
    api.put("/client-groups/g", &group("mdl.exe", 2)).await;
    let taken = api.post("/snapshots", "{}").await["id"].clone();
    api.put("/client-groups/g", &group("mdl.exe", 5)).await;
    api.post(&format!("/snapshots/{taken}/restore"), "").await;
    let group = api.get("/client-groups/g").await;
    assert_eq!((&group["replicas"], &group["connected"]), (&json!(2), &json!(2)));
}

#[tokio::test]
async fn the_logons_view_shows_its_columns_and_the_program() {
    let api = Api::new().await;
    api.post(
        "/clients",
        r#"{"process":"mdl.exe","user":"alice","machine":"WKS1","mode":"classic"}"#,
    )
    .await;
    api.post("/clients", r#"{"process":null}"#).await;
    let logons = api.get("/logons").await;
    let dn = "/o=First Organization/ou=First Administrative Group/cn=Recipients/cn=alice";
    assert_eq!(
        logons["items"][0],
        json!({
            "row_id": 1, "logged_on_user_account": "alice", "logged_on_users_mailbox_legacy_dn": dn,
            "client_name": "WKS1", "client_version": "11.0.5608.0", "client_mode": 1, "client_ip": null,
            "logon_time": "2006-04-22T08:00:00Z", "process": "mdl.exe",
        })
    );
    assert_eq!(logons["items"][1]["process"], Value::Null);
    assert_eq!(api.get("/logons?limit=1").await["next"], 1);
    api.call("DELETE", "/sessions/1", "").await.ok();
    assert_eq!(api.get("/logons").await["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_group_over_tcp_leaves_as_it_came() {
    let rpc = Some(([127, 0, 0, 1], 0).into());
    let api = Api::with(StoreOptions { rpc, ..options() }, control::ControlLimits::default()).await;
    let over_tcp = |replicas: u64| {
        json!({ "template": { "process": "a.exe", "transport": "tcp" }, "replicas": replicas })
            .to_string()
    };
    assert_eq!(api.put("/client-groups/g", &over_tcp(4)).await["connected"], 4);
    let transport = api.store.read(|view| {
        let first = view.store().sessions_after(None).next();
        first.map(|session| session.identity.transport)
    });
    assert_eq!(transport.await.expect("it runs"), Some(Transport::Tcp));
    let too_many = api.call("PUT", "/client-groups/g", &over_tcp(17)).await;
    assert_eq!(too_many.problem(), "too-many-connections");
    assert_eq!(api.put("/client-groups/g", &over_tcp(1)).await["connected"], 1);
    assert_eq!(api.get("/sessions").await["total"], 1, "they have left when it answers");
}
