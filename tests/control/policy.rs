//! The policy over HTTP: what is in force, how it came to be, and what a text would mean.

use control::ControlLimits;
use infostore::{Build, Limits, Settings};
use serde_json::{Value, json};
use server::StoreOptions;

use super::{Api, options};

/// A store that runs this build.
async fn running(build: Build) -> Api {
    let settings = Settings { build, ..Settings::default() };
    Api::with(StoreOptions { settings, ..options() }, ControlLimits::default()).await
}

#[tokio::test]
async fn the_policy_in_force_is_shown_list_by_list_with_its_spans() {
    let api = Api::new().await;
    let empty = json!({"honoured":true,"text":"","items":[]});
    let off = json!({
        "generation":0,"off":true,"mode":"enforce","build":"6.5.7651.19",
        "processes":empty,"versions":empty,
    });
    assert_eq!(api.get("/policy").await, off);

    api.put("/block-lists/processes?apply=now", r#"{"data":"é.exe; \"C:\\x\\b.exe\""}"#).await;
    api.put("/block-lists/versions?apply=now", r#"{"data":"-5.3164.0;11.5608.0"}"#).await;
    let policy = api.get("/policy").await;
    assert_eq!((&policy["generation"], &policy["off"]), (&json!(2), &json!(false)));
    let span = json!({"start":8,"end":20,"column":8,"end_column":20});
    let item = json!({"text":"\"C:\\x\\b.exe\"","key":"B.EXE","ordinal":2,"span":span});
    assert_eq!(policy["processes"]["items"][1], item);
    assert_eq!(policy["versions"]["text"], "-5.3164.0;11.5608.0");
    let keys: Vec<_> =
        policy["versions"]["items"].as_array().expect("items").iter().map(|i| &i["key"]).collect();
    assert_eq!(keys, ["-5.0.3164.0", "11.0.5608.0-11.0.5608.0"]);
}

#[tokio::test]
async fn a_list_that_the_build_does_not_read_is_not_in_force() {
    for (build, honoured) in [
        ("6.5.6944", [false, true]),
        ("6.5.7638", [false, true]),
        ("6.5.7651.19", [true, true]),
        ("6.5.7654.4", [true, true]),
        ("8.0.685.25", [false, true]),
        ("15.0.516.32", [false, true]),
    ] {
        let api = running(build.parse().expect("a build")).await;
        api.put("/block-lists/processes", r#"{"data":"mdl.exe"}"#).await;
        api.put("/block-lists/versions?apply=now", r#"{"data":"11.5608.0"}"#).await;
        let policy = api.get("/policy").await;
        assert_eq!(policy["build"], build);
        for (list, honoured) in ["processes", "versions"].into_iter().zip(honoured) {
            assert_eq!(policy[list]["honoured"], honoured, "{build} {list}");
            let items = policy[list]["items"].as_array().expect("items").len();
            assert_eq!(items, usize::from(honoured), "{build} {list}");
        }
    }
}

#[tokio::test]
async fn texts_are_validated_without_any_effect() {
    let api = Api::new().await;
    let before = api.events().await;
    let body = r#"{"processes":"outlook; é.exe; mad.exe","versions":"11.0.5608; outlook.exe"}"#;
    let said = api.post("/policy/validate", body).await;
    insta::assert_snapshot!(serde_json::to_string_pretty(&said).expect("it is JSON"));
    for (body, absent) in
        [(r#"{"processes":"a.exe"}"#, "versions"), (r#"{"versions":"11.5608.0"}"#, "processes")]
    {
        let said = api.post("/policy/validate", body).await;
        assert_eq!(said[absent], Value::Null);
    }
    assert_eq!(api.events().await, before);
}

#[tokio::test]
async fn a_text_is_validated_as_the_store_would_take_it() {
    let api = running(Build::SP2).await;
    let said = api.post("/policy/validate", r#"{"processes":"*.exe","versions":""}"#).await;
    let processes = &said["processes"];
    assert_eq!(processes["lints"][0]["code"], "ignored-by-build");
    assert_eq!(processes["lints"][1]["code"], "wildcard");
    assert_eq!(processes["in_force"], false);
    assert_eq!(said["versions"]["in_force"], true, "no list is what is in force");

    let long = json!({ "processes": "a".repeat(600_000) }).to_string();
    let said = api.post("/policy/validate", &long).await;
    assert!(said["processes"]["problem"].is_string(), "A26: {}", said["processes"]["problem"]);
    assert_eq!(said["processes"]["items"], json!([]));
}

#[tokio::test]
async fn what_is_to_be_validated_has_to_be_given() {
    let api = Api::new().await;
    for (body, pointer) in [
        ("{}", "#"),
        (r#"{"processes":null,"versions":null}"#, "#"),
        (r#"{"data":"a.exe"}"#, "#/data"),
        (r#"{"versions":11}"#, "#/versions"),
    ] {
        let answer = api.call("POST", "/policy/validate", body).await;
        assert_eq!(answer.problem(), "invalid-body", "{body}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{body}");
    }
}

#[tokio::test]
async fn generations_say_what_each_policy_changed_and_whom_it_cut_off() {
    let api = Api::new().await;
    let none = api.get("/policy/generations").await;
    assert_eq!(none, json!({"items":[],"next":null,"forgotten":0}));
    api.post("/clients", r#"{"process":"mdl.exe","count":2}"#).await;
    api.put("/block-lists/processes?apply=now", r#"{"data":"mdl.exe; b.exe"}"#).await;
    api.put("/block-lists/processes?apply=now", r#"{"data":"B.EXE;MDL.EXE"}"#).await;
    api.put("/block-lists/processes", r#"{"data":"b.exe"}"#).await;
    api.put("/block-lists/versions", r#"{"data":"-5.3164.0"}"#).await;
    api.post("/clock/advance", r#"{"next":"poll"}"#).await;

    let all = api.get("/policy/generations").await;
    let item = |number: u64, at: &str, cause: &str, lists: [&[&str]; 4], disconnected: u64| {
        let [added, removed, more, fewer] = lists;
        json!({
            "generation":number,"at":at,"cause":cause,"disconnected":disconnected,
            "would_block":0,
            "processes":{"added":added,"removed":removed},"versions":{"added":more,"removed":fewer},
        })
    };
    let mut shown = all["items"].clone();
    for generation in shown.as_array_mut().expect("items") {
        let seq = generation.as_object_mut().and_then(|item| item.remove("seq")).expect("a seq");
        let after = seq.as_u64().expect("a number") - 1;
        let event = &api.get(&format!("/events?after={after}&limit=1")).await["items"][0];
        assert_eq!(event["type"], "policy.changed");
    }
    let first = [&["mdl.exe", "b.exe"][..], &[], &[], &[]];
    let second = [&[][..], &["MDL.EXE"], &["-5.3164.0"], &[]];
    let expected = [
        item(1, "2006-04-22T08:00:00Z", "poll:2", first, 2),
        item(2, "2006-04-22T08:15:00Z", "poll:4", second, 0),
    ];
    assert_eq!(shown, json!(expected), "the third poll found the same rules");

    let page = api.get("/policy/generations?limit=1").await;
    assert_eq!((&page["items"][0], &page["next"]), (&all["items"][0], &json!(1)));
    let page = api.get("/policy/generations?limit=1&after=1").await;
    assert_eq!((&page["items"][0], &page["next"]), (&all["items"][1], &Value::Null));
}

#[tokio::test]
async fn generations_that_have_left_the_journal_are_counted() {
    let limits = Limits { journal_entries: 9, ..Limits::default() };
    let settings = Settings { limits, ..Settings::default() };
    let api = Api::with(StoreOptions { settings, ..options() }, ControlLimits::default()).await;
    for number in 1..=5 {
        let body = format!(r#"{{"data":"p{number}.exe"}}"#);
        api.put("/block-lists/processes?apply=now", &body).await;
    }
    let page = api.get("/policy/generations").await;
    // Each has four entries: the edit, the poll, the change, the end of the sweep. Of the third only the last is left.
    let kept: Vec<_> =
        page["items"].as_array().expect("items").iter().map(|i| &i["generation"]).collect();
    assert_eq!((kept, &page["forgotten"]), (vec![&json!(4), &json!(5)], &json!(3)));
    api.post("/clients", r#"{"process":"a.exe","count":10}"#).await;
    let page = api.get("/policy/generations").await;
    assert_eq!(page, json!({"items":[],"next":null,"forgotten":5}));
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
