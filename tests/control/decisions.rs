//! Decisions over HTTP: which list decided, on which client, page by page.

use serde_json::{Value, json};

use super::Api;

#[tokio::test]
async fn a_decision_names_the_list_that_took_it() {
    let api = Api::new().await;
    api.post("/clients", r#"{"process":"mdl.exe"}"#).await;
    api.post("/clients", r#"{"process":null,"client_version":"8.0.4212.0"}"#).await;
    api.put("/block-lists/processes", r#"{"data":"mdl.exe"}"#).await;
    api.put("/block-lists/versions?apply=now", r#"{"data":"-8.4212.0"}"#).await;
    api.post("/clients/1/connect", "").await;
    api.post("/clients/2/connect", "").await;
    let decisions = api.get("/decisions").await;
    let taken: Vec<_> = decisions["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|decision| {
            let why = &decision["decision"];
            json!([
                decision["client_id"],
                decision["action"],
                why["list"],
                why["item"],
                why["matched"]
            ])
        })
        .collect();
    assert_eq!(
        taken,
        [
            json!([1, "admitted", null, null, null]),
            json!([2, "admitted", null, null, null]),
            json!([1, "disconnected", "processes", "mdl.exe", "mdl.exe"]),
            json!([2, "disconnected", "versions", "-8.4212.0", "8.0.4212.0"]),
            json!([1, "refused", "processes", "mdl.exe", "mdl.exe"]),
            json!([2, "refused", "versions", "-8.4212.0", "8.0.4212.0"]),
        ]
    );
}

#[tokio::test]
async fn the_decisions_on_one_client_are_found_by_its_id() {
    let api = Api::new().await;
    api.post("/clients", r#"{"process":"a.exe","count":3}"#).await;
    api.put("/block-lists/processes?apply=now", r#"{"data":"a.exe"}"#).await;
    let all = api.get("/decisions").await;
    let of_client = |id: u64| {
        let items = all["items"].as_array().expect("a list").iter();
        Value::Array(items.filter(|decision| decision["client_id"] == id).cloned().collect())
    };
    for id in 1..=3 {
        let found = api.get(&format!("/decisions?client_id={id}")).await;
        assert_eq!(found["items"], of_client(id));
        assert_eq!(found["items"].as_array().map(Vec::len), Some(2));
        assert_eq!((&found["next"], &found["more"]), (&all["next"], &json!(false)));
    }
    assert_eq!(api.get("/decisions?client_id=9").await["items"], json!([]));
}

/// As events do: `next` is a cursor, and everything up to it has been looked at.
#[tokio::test]
async fn decisions_are_followed_by_cursor() {
    let api = Api::new().await;
    api.post("/clients", r#"{"process":"a.exe","count":3}"#).await;
    let page = api.get("/decisions?limit=2").await;
    assert_eq!((&page["next"], &page["more"]), (&json!("1-4"), &json!(true)));
    let page = api.get("/decisions?limit=2&after=1-4").await;
    assert_eq!((&page["items"][0]["id"], &page["next"]), (&json!(5), &json!("1-5")));
    api.post("/polls", "").await;
    let page = api.get("/decisions?after=1-5").await;
    assert_eq!((&page["items"], &page["next"]), (&json!([]), &json!("1-6")));
    api.post("/clients", r#"{"process":"b.exe"}"#).await;
    let page = api.get("/decisions?after=1-6").await;
    assert_eq!((&page["items"][0]["process"], &page["more"]), (&json!("b.exe"), &json!(false)));
}
