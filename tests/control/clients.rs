//! Injected clients over HTTP: one, many, and many at once.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use control::ControlLimits;
use server::StoreOptions;

use super::{Answer, Api, STORE, options};

#[tokio::test]
async fn a_client_shows_what_it_was_injected_as() {
    let api = Api::new().await;
    let body = r#"{"process":"mdl.exe","client_version":"11.0.5608.0","user":"alice","machine":"WKS1","mode":"classic",
        "transport":"pipe","count":1,"group":"finance","on_disconnect":{"reconnect":"none"}}"#;
    let created = api.call("POST", "/clients", body).await;
    assert_eq!(created.status, 201);
    let client = created.json();
    assert_eq!(client, api.get("/clients/1").await);
    let expected = serde_json::json!({
        "id":1,"process":"mdl.exe","client_version":"11.0.5608.0","user":"alice","machine":"WKS1","mode":"classic",
        "transport":"pipe","group":"finance","state":"connected","outcome":null,"attempts":1,
    });
    assert_eq!(client, expected);

    let session = api.get("/sessions/1").await;
    let expected = serde_json::json!({
        "id":1,"client_id":1,"group":"finance","origin":"injected","transport":"pipe","address":null,
        "user_dn":"/o=First Organization/ou=First Administrative Group/cn=Recipients/cn=alice",
        "user":null,"process":"mdl.exe","processes":["mdl.exe"],"client_version":"11.0.5608.0","mode":"classic","machine":"WKS1",
        "interface":"EcDoConnectEx","connected_at":"2006-04-22T08:00:00Z","linked_to":null,"generation":0,
    });
    assert_eq!(session, expected);
}

#[tokio::test]
async fn a_number_stands_where_the_body_asks_for_one() {
    let api = Api::new().await;
    let body = r#"{"user":"u{n}","machine":"PC{n}","count":3}"#;
    let clients = api.post("/clients", body).await;
    let users: Vec<_> =
        clients["items"].as_array().expect("a list").iter().map(|c| &c["user"]).collect();
    assert_eq!(users, ["u1", "u2", "u3"]);
}

#[tokio::test]
async fn a_client_comes_and_goes_as_it_is_told() {
    let api = Api::new().await;
    api.post("/clients", r#"{"process":"a.exe"}"#).await;
    assert_eq!(api.post("/clients/1/disconnect", "{}").await["state"], "idle");
    assert_eq!(api.get("/sessions").await["total"], 0);
    let again = api.post("/clients/1/connect", "").await;
    assert_eq!((&again["state"], &again["attempts"]), (&"connected".into(), &2.into()));
    assert_eq!(api.call("DELETE", "/clients/1", "").await.status, 204);
    assert_eq!(api.get("/sessions").await["total"], 0);
    assert_eq!(api.call("GET", "/clients/1", "").await.problem(), "client-not-found");
}

#[tokio::test]
async fn an_admin_disconnects_a_session() {
    let api = Api::new().await;
    api.post("/clients", r#"{"process":"a.exe"}"#).await;
    assert_eq!(api.call("DELETE", "/sessions/1", "").await.status, 204);
    assert_eq!(api.get("/clients/1").await["state"], "disconnected");
    let ended = &api.get("/events?type=session.ended").await["items"][0];
    assert_eq!(ended["reason"], "admin");
    // The policy had no part in it, so it is no decision.
    assert_eq!(api.get("/decisions").await["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_batch_takes_what_it_can_and_says_what_it_could_not() {
    let api = Api::new().await;
    let array = r#"[{"process":"a.exe"},{"proces":"b.exe"},{"process":"c.exe","count":2},{"transport":"tcp"}]"#;
    let lines = "{\"process\":\"a.exe\"}\n\n{\"proces\":\"b.exe\"}\n{\"process\":\"c.exe\",\"count\":2}\n{\"transport\":\"tcp\"}";
    for (kind, body) in [("application/json", array), ("application/x-ndjson", lines)] {
        let request = Request::post(format!("{STORE}/clients/batch")).header("host", "localhost");
        let request = request.header("content-type", kind).body(Body::from(body));
        let result = api.send(request.expect("a request")).await.ok();
        assert_eq!((&result["injected"], &result["failed"]), (&3.into(), &2.into()), "{kind}");
        let items = result["items"].as_array().expect("a list");
        let statuses: Vec<_> = items.iter().map(|item| &item["status"]).collect();
        assert_eq!(statuses, [201, 400, 201, 409], "{kind}");
        assert_eq!(items[1]["problem"]["errors"][0]["pointer"], "#/1/proces", "{kind}");
        // Of an array's item the line is not known; of a line it is.
        let line = items[1]["problem"]["errors"][0]["line"].as_u64();
        assert_eq!(line, (kind == "application/x-ndjson").then_some(3));
        assert_eq!(items[2]["clients"][1]["process"], "c.exe", "{kind}");
    }
    assert_eq!(api.get("/clients").await["items"].as_array().map(Vec::len), Some(6));
}

async fn batch(api: &Api, verb: &str, (kind, body): (&str, &str)) -> Answer {
    let request = Request::post(format!("{STORE}/clients/batch/{verb}"));
    let request = request.header("host", "localhost").header("content-type", kind);
    api.send(request.body(body.to_owned().into()).expect("a request")).await
}

#[tokio::test]
async fn many_clients_are_told_the_same_and_each_has_a_result() {
    for (kind, body) in [
        ("application/json", r#"[2, 9, "two", 3, 2]"#),
        ("application/x-ndjson", "2\n9\n\n\"two\"\n3\n2\n"),
    ] {
        let api = Api::new().await;
        api.post("/clients", r#"{"process":"a.exe","count":4}"#).await;
        for (verb, state, statuses) in [
            ("disconnect", "idle", [200, 404, 400, 200, 200]),
            ("connect", "connected", [200, 404, 400, 200, 200]),
            // What is deleted is not there a second time.
            ("delete", "", [204, 404, 400, 204, 404]),
        ] {
            let result = batch(&api, verb, (kind, body)).await.ok();
            let items = result["items"].as_array().expect("a list");
            let found: Vec<_> = items.iter().map(|item| item["status"].as_u64()).collect();
            assert_eq!(found, statuses.map(Some), "{verb} {kind}");
            let failed = statuses.iter().filter(|status| 400 <= **status).count();
            assert_eq!(result["failed"], failed, "{verb} {kind}");
            assert_eq!(result["done"], statuses.len() - failed, "{verb} {kind}");
            for (index, item) in items.iter().enumerate() {
                assert_eq!(item["index"], index);
                let shown = item["client"]["state"].as_str().unwrap_or_default();
                assert_eq!(shown, if item["status"] == 200 { state } else { "" }, "{verb} {kind}");
                assert_eq!(item["problem"].is_null(), item["status"].as_u64() < Some(400));
            }
            assert_eq!(items[1]["problem"]["type"], "/v1/problems/client-not-found");
            assert_eq!((&items[1]["id"], &items[2]["id"]), (&9.into(), &serde_json::Value::Null));
            assert_eq!(items[2]["problem"]["errors"][0]["pointer"], "#/2", "{verb} {kind}");
        }
        let left = api.get("/clients").await;
        let left: Vec<_> = left["items"].as_array().expect("a list").iter().collect();
        assert_eq!(left.iter().map(|client| &client["id"]).collect::<Vec<_>>(), [1, 4]);
        assert_eq!(api.get("/sessions").await["total"], 2);
    }
}

#[tokio::test]
async fn a_batch_of_ids_is_bounded_and_a_batch_of_anything_else_is_refused() {
    let limits = ControlLimits { clients_per_request: 2, ..ControlLimits::default() };
    let api = Api::with(options(), limits).await;
    api.post("/clients", r#"{"count":2}"#).await;
    let json = "application/json";
    assert_eq!(batch(&api, "delete", (json, "[1,2,3]")).await.problem(), "invalid-body");
    assert_eq!(batch(&api, "delete", (json, "{}")).await.problem(), "invalid-body");
    assert_eq!(batch(&api, "delete", (json, "[1")).await.problem(), "invalid-json");
    let octets = batch(&api, "delete", ("application/octet-stream", "1")).await;
    assert_eq!(octets.problem(), "unsupported-media-type");
    assert!(octets.text.contains("an id a line"), "{}", octets.text);
    assert_eq!(batch(&api, "delete", (json, "[]")).await.ok()["done"], 0);
    assert_eq!(batch(&api, "delete", (json, "[1,2]")).await.ok()["done"], 2);
}

#[tokio::test]
async fn sessions_are_found_by_program_group_and_client() {
    let api = Api::new().await;
    api.post("/clients", r#"{"process":"C:\\x\\MDL.exe","group":"a"}"#).await;
    api.post("/clients", r#"{"process":"mdl.exe","group":"b"}"#).await;
    api.post("/clients", r#"{"process":"other.exe","group":"b"}"#).await;
    for (filter, ids) in [
        ("process=mdl.exe", vec![1, 2]),
        ("group=b", vec![2, 3]),
        ("process=mdl.exe&group=b", vec![2]),
        ("client_id=3", vec![3]),
        ("process=nobody.exe", vec![]),
    ] {
        let page = api.get(&format!("/sessions?{filter}")).await;
        let items = page["items"].as_array().expect("a list");
        let found: Vec<_> = items.iter().filter_map(|session| session["id"].as_u64()).collect();
        assert_eq!(found, ids, "{filter}");
        assert_eq!(page["total"], 3);
    }
}

/// The store ends the old connection's session before the new connection's begins, however the requests overlap.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tcp_client_is_told_to_connect_while_its_session_is_ended() {
    let options = StoreOptions { rpc: Some(([127, 0, 0, 1], 0).into()), ..options() };
    let api = Api::with(options, ControlLimits::default()).await;
    api.post("/clients", r#"{"process":"a.exe","transport":"tcp"}"#).await;
    for _ in 0..100 {
        let (connect, end) = tokio::join!(
            api.call("POST", "/clients/1/connect", ""),
            api.call("DELETE", "/sessions/1", "")
        );
        connect.ok();
        // Whichever came first ended it.
        assert!(end.status.is_success() || end.status == StatusCode::NOT_FOUND, "{}", end.text);
        let client = api.post("/clients/1/connect", "").await;
        assert_eq!(client["state"], "connected", "{client}");
        let sessions = api.get("/sessions").await;
        assert_eq!(sessions["total"], 1, "{sessions}");
        let live = sessions["items"][0]["id"].as_u64().expect("an id");
        api.call("DELETE", &format!("/sessions/{live}"), "").await.ok();
        let client = api.get("/clients/1").await;
        assert_eq!(client["state"], "disconnected", "{client}");
        api.post("/reset", "").await;
        api.post("/clients", r#"{"process":"a.exe","transport":"tcp"}"#).await;
    }
}
