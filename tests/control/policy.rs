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

/// As long a list as the registry may hold is shown in one walk over its text.
#[tokio::test]
async fn a_list_of_forty_thousand_names_is_shown_at_once() {
    let api = Api::new().await;
    let names: Vec<String> = (0..40_000).map(|n| format!("p{n}.exe")).collect();
    let body = json!({ "data": names.join("; ") }).to_string();
    let written = api.call("PUT", "/block-lists/processes?apply=now", &body).await.ok();
    let last = written["items"].as_array().and_then(|items| items.last()).expect("items");
    assert_eq!((&last["ordinal"], &last["text"]), (&json!(40_000), &json!("p39999.exe")));
    assert_eq!(last["span"]["column"], last["span"]["start"].as_u64().unwrap() + 1);
    let answer = api.post("/policy/explain", r#"{"process":"p39999.exe"}"#).await;
    assert_eq!(answer["decision"], "forbidden");
}

#[tokio::test]
async fn a_client_that_was_cut_off_is_explained_by_what_it_had_said() {
    let api = Api::new().await;
    api.post("/clients", r#"{"process":"mdl.exe"}"#).await;
    api.post("/clients/1/send", r#"{"process":"late.exe"}"#).await;
    api.put("/block-lists/processes?apply=now", r#"{"data":"late.exe"}"#).await;
    for whom in [r#"{"client":1}"#, r#"{"session":1}"#] {
        let answer = api.post("/policy/explain", whom).await;
        assert_eq!(answer["decision"], "forbidden", "{whom}");
        assert_eq!(answer["recorded"]["action"], "disconnected", "{whom}");
        assert_eq!(answer["processes"], json!(["mdl.exe", "late.exe"]), "{whom}");
    }
    api.call("DELETE", "/block-lists/processes?apply=now", "").await.ok();
    let answer = api.post("/policy/explain", r#"{"client":1}"#).await;
    assert_eq!(answer["decision"], "permitted", "now");
    assert_eq!(answer["recorded"]["action"], "disconnected", "then");
}
