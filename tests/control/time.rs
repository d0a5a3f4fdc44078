//! Time and polls over HTTP.

use super::Api;

#[tokio::test]
async fn a_manual_clock_goes_where_it_is_told() {
    let api = Api::new().await;
    let by = api.post("/clock/advance", r#"{"by":"1h"}"#).await;
    assert_eq!((&by["now"], &by["polls_run"]), (&"2006-04-22T09:00:00Z".into(), &4.into()));
    let to = api.post("/clock/advance", r#"{"to":"2006-04-22T09:10:00.5Z"}"#).await;
    assert_eq!((&to["now"], &to["polls_run"]), (&"2006-04-22T09:10:00.500Z".into(), &0.into()));
    let clock = api.get("/clock").await;
    assert_eq!(clock["next_deadline"], "2006-04-22T09:15:00Z");
    let same = api.post("/clock/advance", r#"{"by":"0s"}"#).await;
    assert_eq!(same["now"], to["now"]);
}

#[tokio::test]
async fn the_schedule_can_be_changed_in_either_place() {
    let api = Api::new().await;
    let changed = api.call("PATCH", "/polls/schedule", r#"{"interval":"1m"}"#).await.ok();
    assert_eq!(
        (&changed["interval"], &changed["next"]),
        (&"1m".into(), &"2006-04-22T08:01:00Z".into())
    );
    let store = api.call("PATCH", "/v1/stores/default", r#"{"poll_interval":"15m"}"#).await.ok();
    assert_eq!(store["settings"]["poll_interval"], "15m");
    assert_eq!(store["next_poll"], "2006-04-22T08:15:00Z");
    assert_eq!(
        api.call("PATCH", "/v1/stores/default", "{}").await.ok()["next_poll"],
        store["next_poll"]
    );
}

#[tokio::test]
async fn the_ledger_tells_what_each_poll_found() {
    let api = Api::new().await;
    api.put("/block-lists/processes", r#"{"data":"*.exe"}"#).await;
    let poll = api.call("POST", "/polls", "").await;
    assert_eq!(poll.status, 201);
    assert_eq!(poll.json(), api.get("/polls/2").await);
    let polls = api.get("/polls").await;
    insta::assert_snapshot!(serde_json::to_string_pretty(&polls).expect("it is JSON"));
}

#[tokio::test]
async fn a_clock_changes_its_mode_without_a_jump() {
    let api = Api::new().await;
    let scaled = api.call("PATCH", "/clock", r#"{"mode":"scaled:60"}"#).await.ok();
    assert_eq!(scaled["mode"], "scaled:60");
    let manual = api.call("PATCH", "/clock", r#"{"mode":"manual"}"#).await.ok();
    assert_eq!(manual["mode"], "manual");
    let time = |text: &str| text.parse::<clock::SimTime>().expect("a time");
    let now = manual["now"].as_str().expect("a time");
    assert!(time("2006-04-22T08:00:00Z") <= time(now));
}
