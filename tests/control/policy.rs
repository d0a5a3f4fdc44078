//! The policy over HTTP: what is in force, what a text would mean, and why a client is or is not blocked.

use serde_json::json;

use super::Api;

#[tokio::test]
async fn the_policy_in_force_is_shown_with_its_spans() {
    let api = Api::new().await;
    let off = api.get("/policy").await;
    assert_eq!(off, json!({"generation":0,"off":true,"text":"","items":[]}));
    api.put("/block-lists/processes?apply=now", r#"{"data":"é.exe; \"C:\\x\\b.exe\""}"#).await;
    let policy = api.get("/policy").await;
    assert_eq!(policy["generation"], 1);
    assert_eq!(
        policy["items"][1],
        json!({"text":"\"C:\\x\\b.exe\"","key":"B.EXE","ordinal":2,"span":{"start":8,"end":20,"column":8}})
    );
}

#[tokio::test]
async fn a_text_is_validated_without_any_effect() {
    let api = Api::new().await;
    let before = api.events().await;
    let said = api.post("/policy/validate", r#"{"data":"outlook; mad.exe"}"#).await;
    assert_eq!(said["in_force"], false);
    insta::assert_snapshot!(serde_json::to_string_pretty(&said).expect("it is JSON"));
    assert_eq!(api.events().await, before);
}

#[tokio::test]
async fn an_explanation_goes_through_every_item() {
    let api = Api::new().await;
    let list = r#"{"data":"mdl.exe; outlok.exe; mdl; a.exe, b.exe"}"#;
    let off = api.post("/policy/explain", r#"{"process":"MDL.EXE"}"#).await;
    api.put("/block-lists/processes?apply=now", list).await;
    let mut told = format!("off: {}\n", off["summary"]);
    for question in [
        r#"{"process":"MDL.EXE"}"#,
        r#"{"process":"C:\\Office\\mdl.exe"}"#,
        r#"{"process":"outlook.exe","client_version":"12.0.4518.1014"}"#,
        r#"{"process":"b.exe"}"#,
        r#"{"process":"unlike.anything"}"#,
        r#"{"processes":["fine.exe","mdl"]}"#,
        r#"{"processes":[]}"#,
    ] {
        let answer = api.post("/policy/explain", question).await;
        told.push_str(&format!("{question}: {}\n", answer["summary"]));
    }
    insta::assert_snapshot!(told);
    let answer = api.post("/policy/explain", r#"{"process":"b.exe"}"#).await;
    insta::assert_snapshot!(serde_json::to_string_pretty(&answer).expect("it is JSON"));
}

#[tokio::test]
async fn a_client_can_be_explained_whether_it_has_a_session_or_not() {
    let api = Api::new().await;
    api.put("/block-lists/processes?apply=now", r#"{"data":"mdl.exe"}"#).await;
    api.post("/clients", r#"{"process":"mdl.exe"}"#).await;
    let answer = api.post("/policy/explain", r#"{"client":1}"#).await;
    assert_eq!(answer["decision"], "forbidden");
    assert_eq!(answer["matched"]["matched"], "mdl.exe");
    assert_eq!(answer["client_version"], "11.0.5608.0");
}
