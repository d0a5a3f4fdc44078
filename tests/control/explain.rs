//! Why a client is or is not blocked, over HTTP: item by item, by both lists, and by the build that runs.

use control::ControlLimits;
use infostore::{Build, Settings};
use serde_json::{Value, json};
use server::StoreOptions;

use super::{Api, options};

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

#[tokio::test]
async fn both_lists_are_held_against_a_client_and_either_is_enough() {
    let api = Api::new().await;
    api.put("/block-lists/processes", r#"{"data":"mdl.exe"}"#).await;
    let versions = r#"{"data":"-5.3164.0; 11.5608.0, 12.0.6600-"}"#;
    api.put("/block-lists/versions?apply=now", versions).await;
    let mut told = String::new();
    for question in [
        r#"{"process":"mdl.exe","client_version":"11.0.5608.0"}"#,
        r#"{"process":"outlook.exe","client_version":"11.0.5608.0"}"#,
        r#"{"process":"outlook.exe","client_version":"11.0.6353.0"}"#,
        r#"{"process":"mdi.exe","client_version":"12.0.4518.1014"}"#,
        r#"{"process":null}"#,
        r#"{"process":null,"client_version":"5.0.2653.12"}"#,
        r#"{"process":null,"client_version":"8.0.4212.0"}"#,
    ] {
        let answer = api.post("/policy/explain", question).await;
        let code = &answer["code"];
        told.push_str(&format!("{question}: {}\n    {code}\n", answer["summary"]));
        let lists: Vec<_> =
            answer["items"].as_array().expect("items").iter().map(|i| &i["list"]).collect();
        assert_eq!(lists, ["processes", "versions", "versions", "versions"], "{question}");
        assert_eq!(answer["matched"].is_null(), code.is_null(), "{question}");
    }
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn near_misses_of_versions_say_what_keeps_them_apart() {
    let api = Api::new().await;
    let list = r#"{"data":"11.0.5608; 11.5608.1-; -11.5607.9, 11.6353.0"}"#;
    api.put("/block-lists/versions?apply=now", list).await;
    api.put(
        "/block-lists/versions?apply=now",
        r#"{"data":"11.0.5608; 11.5608.1-11.5608.9; 11.6353.0"}"#,
    )
    .await;
    let answer =
        api.post("/policy/explain", r#"{"client_version":"11.0.5608.0","process":null}"#).await;
    assert_eq!(answer["decision"], "permitted");
    let near: Vec<_> = answer["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|i| &i["near_miss"]["kind"])
        .collect();
    assert_eq!(near, ["reported_form", "just_below", "one_version"]);
    let first = &answer["items"][0]["near_miss"];
    assert_eq!((&first["version"], &first["name"]), (&json!("11.0.5608.0"), &Value::Null));
}

#[tokio::test]
async fn a_client_that_names_no_program_is_asked_about_with_null() {
    let api = Api::new().await;
    let unnamed = api.post("/policy/explain", r#"{"process":null}"#).await;
    assert_eq!(unnamed, api.post("/policy/explain", r#"{"processes":[]}"#).await);
    assert_eq!((&unnamed["identified"], &unnamed["processes"]), (&json!(false), &json!([])));
    for body in ["{}", r#"{"process":null,"session":1}"#, r#"{"client_version":"11.0.0.0"}"#] {
        let answer = api.call("POST", "/policy/explain", body).await;
        assert_eq!(answer.problem(), "invalid-body", "{body}");
    }
}

#[tokio::test]
async fn a_build_that_does_not_read_a_list_is_part_of_the_answer() {
    let settings = Settings { build: Build::SP2, ..Settings::default() };
    let api = Api::with(StoreOptions { settings, ..options() }, ControlLimits::default()).await;
    api.put("/block-lists/processes?apply=now", r#"{"data":"mdl.exe"}"#).await;
    let answer = api.post("/policy/explain", r#"{"process":"mdl.exe"}"#).await;
    assert_eq!(answer["decision"], "permitted");
    assert_eq!(answer["build"], "6.5.7638");
    assert_eq!(answer["honoured"], json!({"processes":false,"versions":true}));
    insta::assert_snapshot!(answer["summary"].as_str().expect("a sentence"));
    api.put("/block-lists/versions?apply=now", r#"{"data":"11.5608.0"}"#).await;
    let answer = api.post("/policy/explain", r#"{"process":"mdl.exe"}"#).await;
    assert_eq!(
        (&answer["decision"], &answer["matched"]["list"]),
        (&json!("forbidden"), &json!("versions"))
    );
    assert_eq!(answer["code"], json!({"name":"ecClientVerDisallowed","value":1247}));
}
