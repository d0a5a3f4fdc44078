//! The two block lists over HTTP: what a text means, when it takes effect, and only if nobody came in between.

use std::time::Duration;

use control::ControlLimits;
use infostore::{Build, FaultEffect, Settings};
use registry_poll::{FaultKind, RegType};
use serde_json::{Value, json};
use server::StoreOptions;

use super::{Api, POLLED_KEY, options};
use crate::running::always;

/// Both lists: the name, the value's name as a path has it, and a text that cuts off Outlook 2003 as released.
const LISTS: [(&str, &str, &str); 2] = [
    ("processes", "Disable%20MAPI%20Client%20Processes", "outlook.exe"),
    ("versions", "Disable%20MAPI%20Clients", "11.5608.0"),
];

fn codes(list: &Value) -> Vec<&str> {
    let lints = list["lints"].as_array().expect("lints");
    lints.iter().map(|lint| lint["code"].as_str().expect("a code")).collect()
}

#[tokio::test]
async fn a_list_takes_effect_with_the_poll_and_not_before() {
    for (list, name, text) in LISTS {
        let api = Api::new().await;
        api.post("/clients", r#"{"process":"OUTLOOK.EXE"}"#).await;
        let path = format!("/block-lists/{list}");
        let body = json!({ "data": text }).to_string();
        let written = api.put(&path, &body).await;
        assert_eq!((&written["list"], &written["data"]), (&json!(list), &json!(text)));
        assert_eq!((&written["in_force"], &written["poll"]), (&json!(false), &Value::Null));
        assert_eq!(written["items"][0]["ordinal"], 1);
        assert_eq!(api.get("/sessions").await["total"], 1, "{list}");
        let value = api.get(&format!("/registry/{POLLED_KEY}?value={name}")).await;
        assert_eq!((&value["type"], &value["data"]), (&json!("REG_SZ"), &json!(text)));
        assert_eq!(value["name"], written["value"], "{list}");

        api.post("/clock/advance", r#"{"by":"15m"}"#).await;
        assert_eq!(api.get("/sessions").await["total"], 0, "{list}");
        let shown = api.get(&path).await;
        assert_eq!((&shown["in_force"], &shown["generation"]), (&json!(true), &json!(1)));

        let deleted = api.call("DELETE", &format!("{path}?apply=now"), "").await.ok();
        assert_eq!((&deleted["data"], &deleted["items"]), (&Value::Null, &json!([])));
        assert_eq!((&deleted["generation"], &deleted["lints"]), (&json!(2), &json!([])));
        assert_eq!(api.post("/clients/1/connect", "").await["state"], "connected", "A7, {list}");
    }
}

#[tokio::test]
async fn lints_say_where_in_bytes_and_in_columns() {
    let api = Api::new().await;
    for (list, text, code, span) in [
        ("processes", "é.exe; *.exe", "wildcard", [8, 13, 8, 13]),
        ("processes", "ü.exe;;", "empty-item", [7, 7, 7, 7]),
        ("processes", "ä.exe, ö.exe", "comma", [0, 14, 1, 13]),
        ("versions", "11.5608.0; é", "bad-version", [11, 13, 12, 13]),
        ("versions", "11.0.5608", "kept-zero", [0, 9, 1, 10]),
        ("versions", "12.0.0-11.0.0", "reversed-range", [0, 13, 1, 14]),
    ] {
        let body = json!({ "data": text }).to_string();
        let written = api.put(&format!("/block-lists/{list}"), &body).await;
        let lints = written["lints"].as_array().expect("lints").iter();
        let found: Vec<_> = lints.filter(|lint| lint["code"] == code).collect();
        let [start, end, column, end_column] = span;
        let span = json!({"start":start,"end":end,"column":column,"end_column":end_column});
        assert!(found.iter().any(|lint| lint["span"] == span), "{list} `{text}`: {written}");
    }
}

#[tokio::test]
async fn the_poll_and_the_journal_show_the_same_lints_at_the_same_places() {
    let api = Api::new().await;
    for (list, text) in [("processes", "é.exe; *.exe"), ("versions", "11.5608.0; é")] {
        let body = json!({ "data": text }).to_string();
        let written = api.put(&format!("/block-lists/{list}?apply=now"), &body).await;
        let reads = written["poll"]["reads"].as_array().expect("reads");
        let read = reads.iter().find(|read| read["list"] == list).expect("its read");
        assert_eq!(read["lints"], written["lints"]);
        let invalid = api.get("/events?type=registry.invalid").await;
        let newest = invalid["items"].as_array().and_then(|items| items.last()).expect("an event");
        let errors = written["lints"].as_array().expect("lints").iter();
        let errors: Vec<_> = errors.filter(|lint| lint["severity"] == "error").cloned().collect();
        assert_eq!(newest["lints"], Value::Array(errors), "{list}");
    }
}

#[tokio::test]
async fn a_value_of_another_type_is_as_good_as_none_and_says_so() {
    for (list, name, _) in LISTS {
        for (kind, data) in [
            ("REG_DWORD", json!(1)),
            ("REG_MULTI_SZ", json!(["mdl.exe"])),
            ("REG_EXPAND_SZ", json!("mdl.exe")),
            ("REG_BINARY", json!("00")),
        ] {
            let api = Api::new().await;
            let body = json!({"type":kind,"data":data}).to_string();
            api.put(&format!("/registry/{POLLED_KEY}?value={name}"), &body).await;
            let shown = api.get(&format!("/block-lists/{list}")).await;
            let problem = format!("it is a {kind} and has to be a REG_SZ");
            assert_eq!(shown["problem"], problem, "{list}");
            assert_eq!((&shown["data"], &shown["items"]), (&Value::Null, &json!([])));
            assert_eq!((&shown["lints"], &shown["in_force"]), (&json!([]), &json!(true)));
            let poll = api.post("/polls", "").await;
            let reads = poll["reads"].as_array().expect("reads");
            let read = reads.iter().find(|read| read["list"] == list).expect("its read");
            assert_eq!((&read["reading"], &read["error"]), (&json!("invalid"), &json!(problem)));
        }
    }
}

#[tokio::test]
async fn a_list_that_the_build_does_not_read_says_so_first() {
    let settings = Settings { build: Build::SP2, ..Settings::default() };
    let api = Api::with(StoreOptions { settings, ..options() }, ControlLimits::default()).await;
    api.post("/clients", r#"{"process":"mdl.exe"}"#).await;
    let preview = api.post("/policy/preview", r#"{"processes":"mdl.exe; *"}"#).await;
    assert_eq!((&preview["count"], &preview["kept"]), (&json!(0), &json!(1)));
    let written = api.put("/block-lists/processes?apply=now", r#"{"data":"mdl.exe; *"}"#).await;
    assert_eq!(codes(&written)[..2], ["ignored-by-build", "wildcard"]);
    assert_eq!(preview["lints"]["processes"], written["lints"]);
    let lint = &written["lints"][0];
    assert_eq!(lint["span"], json!({"start":0,"end":10,"column":1,"end_column":11}));
    let message =
        "build 6.5.7638 (Exchange Server 2003 SP2) does not read `Disable MAPI Client Processes`";
    assert_eq!(lint["message"], message);
    assert_eq!(
        (&written["in_force"], &written["poll"]["disconnected"]),
        (&json!(false), &json!(0))
    );
    assert_eq!(codes(&written["poll"]["reads"][0])[0], "ignored-by-build");

    let written = api.put("/block-lists/versions?apply=now", r#"{"data":"11.5608.0"}"#).await;
    assert_eq!((codes(&written), &written["in_force"]), (vec![], &json!(true)));
    assert_eq!(written["poll"]["disconnected"], 1);
}

#[tokio::test]
async fn a_change_is_refused_when_the_store_has_moved_since_the_cursor() {
    for (list, name, text) in LISTS {
        for (method, apply) in [("PUT", "now"), ("PUT", "next_poll"), ("DELETE", "now")] {
            let api = Api::new().await;
            let old = api.call("GET", "/policy", "").await.header("exstore-cursor").to_owned();
            api.post("/clients", r#"{"process":"new.exe"}"#).await;
            let before = api.events().await;
            let body = json!({ "data": text }).to_string();
            let body = if method == "PUT" { body.as_str() } else { "" };
            let path = format!("/block-lists/{list}?apply={apply}&if_cursor={old}");
            let refused = api.call(method, &path, body).await;
            assert_eq!(refused.problem(), "store-moved", "{method} {path}");
            let now = refused.header("exstore-cursor").to_owned();
            let detail = format!("the store has moved on to cursor {now}");
            assert_eq!(refused.json()["detail"], detail);
            assert!(refused.json()["hint"].to_string().contains("preview again"));
            assert_eq!(api.events().await, before, "nothing was done");
            let value = format!("/registry/{POLLED_KEY}?value={name}");
            assert_eq!(api.call("GET", &value, "").await.status, 404);

            let path = format!("/block-lists/{list}?apply={apply}&if_cursor={now}");
            api.call(method, &path, body).await.ok();
        }
    }
}

#[tokio::test]
async fn a_cursor_is_of_its_epoch() {
    let api = Api::new().await;
    api.post("/reset", "").await;
    let cursor = api.call("GET", "/policy", "").await.header("exstore-cursor").to_owned();
    assert_eq!(cursor, "2-2");
    for (cursor, slug) in [("1-2", "store-moved"), ("2-3", "store-moved"), ("2", "invalid-query")] {
        let path = format!("/block-lists/processes?if_cursor={cursor}");
        assert_eq!(api.call("PUT", &path, r#"{"data":"a.exe"}"#).await.problem(), slug, "{cursor}");
    }
    api.put("/block-lists/processes?if_cursor=2-2", r#"{"data":"a.exe"}"#).await;
}

#[tokio::test]
async fn applied_now_answers_with_the_poll() {
    for (list, _, text) in LISTS {
        let api = Api::new().await;
        api.post("/clients", r#"{"process":"OUTLOOK.EXE","count":3}"#).await;
        let body = json!({ "data": text }).to_string();
        let answer = api.call("PUT", &format!("/block-lists/{list}?apply=now"), &body).await;
        assert_eq!(answer.status, 200);
        let poll = &answer.ok()["poll"];
        assert_eq!(*poll, api.get("/polls/2").await, "{list}");
        assert_eq!((&poll["trigger"], &poll["disconnected"]), (&json!("request"), &json!(3)));
        assert_eq!(
            (&answer.ok()["in_force"], &answer.ok()["generation"]),
            (&json!(true), &json!(1))
        );
    }
}

/// The value is written at once; what the poll makes of it comes when the fault lets go.
#[tokio::test]
async fn applied_now_while_a_fault_holds_the_read_is_accepted() {
    for (list, _, text) in LISTS {
        let api = Api::new().await;
        api.post("/clients", r#"{"process":"OUTLOOK.EXE"}"#).await;
        let kind = FaultKind::Slow(Duration::from_secs(60));
        api.store.add_fault(always(FaultEffect::Read(kind))).await.expect("there is room");
        let body = json!({ "data": text }).to_string();
        let answer = api.call("PUT", &format!("/block-lists/{list}?apply=now"), &body).await;
        assert_eq!(answer.status, 202);
        let written = answer.ok();
        assert_eq!(written["poll"], json!({"number":2,"finished":null}));
        assert_eq!((&written["data"], &written["in_force"]), (&json!(text), &json!(false)));
        assert_eq!(api.get("/sessions").await["total"], 1);
        api.post("/clock/advance", r#"{"by":"60s"}"#).await;
        assert_eq!(api.get("/sessions").await["total"], 0, "{list}");
        assert_eq!(api.get("/polls/2").await["finished"], "2006-04-22T08:01:00Z");
    }
}

#[tokio::test]
async fn the_list_shows_the_registry_and_not_what_a_fault_makes_of_it() {
    let api = Api::new().await;
    let fault = always(FaultEffect::Read(FaultKind::WrongType(RegType::DWORD)));
    api.store.add_fault(fault).await.expect("there is room");
    let written = api.put("/block-lists/processes?apply=now", r#"{"data":"mdl.exe"}"#).await;
    assert_eq!((&written["data"], &written["problem"]), (&json!("mdl.exe"), &Value::Null));
    assert_eq!(written["in_force"], false);
    assert_eq!(written["poll"]["reads"][0]["reading"], "invalid");
}
