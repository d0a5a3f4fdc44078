//! `/metrics`: what is counted, that nothing of it gets lost, and that no peer makes it longer.

use axum::body::Body;
use axum::http::Request;
use control::{Access, ControlLimits, Secret};
use infostore::{Limits, Settings};
use serde_json::json;
use server::StoreOptions;

use super::{Answer, Api, STORE, options};

/// The metrics, to be asked for a series.
struct Page(String);

impl Page {
    async fn of(api: &Api) -> Self {
        let answer = api.call("GET", "/metrics", "").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        assert_eq!(answer.header("content-type"), kind);
        assert!(answer.text.ends_with("\n# EOF\n"), "{}", answer.text);
        Self(answer.text)
    }

    /// What a series is at, 0 when it is not there.
    fn at(&self, series: &str) -> f64 {
        let row = self.0.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        row.map_or(0.0, |value| value.parse().expect("a number"))
    }

    /// What the series of a family of `default` add up to.
    fn sum(&self, family: &str) -> f64 {
        let start = format!("{family}_total{{store=\"default\"");
        let rows = self.0.lines().filter(|line| line.starts_with(&start));
        let value =
            |line: &str| line.rsplit(' ').next().and_then(|value| value.parse::<f64>().ok());
        rows.map(|line| value(line).expect("a number")).sum()
    }

    /// Which series there are.
    fn series(&self) -> Vec<&str> {
        self.0
            .lines()
            .map(|line| line.rsplit_once(' ').map_or(line, |(series, _)| series))
            .collect()
    }
}

async fn block_and_poll(api: &Api, list: &str) {
    api.put("/block-lists/processes", &json!({ "data": list }).to_string()).await;
    api.post("/clock/advance", r#"{"next":"poll"}"#).await;
}

#[tokio::test]
async fn the_counters_tell_the_story() {
    let api = Api::new().await;
    api.post("/clients", r#"{"process":"mdl.exe","count":3}"#).await;
    api.post("/clients", r#"{"process":"outlook.exe","count":2}"#).await;
    block_and_poll(&api, "mdl.exe").await;
    api.post("/clients", r#"{"process":"mdl.exe"}"#).await;
    api.post("/assertions", r#"{"until":{"quiescent":true}}"#).await;
    let page = Page::of(&api).await;
    for (series, expected) in [
        (r#"exstore_build_info{version="1.2.3"}"#, 1.0),
        ("exstore_stores", 1.0),
        (r#"exstore_store_running{store="default"}"#, 1.0),
        (r#"exstore_sessions{store="default"}"#, 2.0),
        (r#"exstore_clients{store="default"}"#, 6.0),
        (r#"exstore_policy_items{store="default",list="processes"}"#, 1.0),
        (r#"exstore_policy_enforced{store="default"}"#, 1.0),
        (r#"exstore_decisions_total{store="default",action="admitted",list="none"}"#, 5.0),
        (r#"exstore_decisions_total{store="default",action="disconnected",list="processes"}"#, 3.0),
        (r#"exstore_decisions_total{store="default",action="refused",list="processes"}"#, 1.0),
        (
            r#"exstore_item_hits_total{store="default",action="disconnected",list="processes",item="mdl.exe"}"#,
            3.0,
        ),
        (r#"exstore_refusals_total{store="default",reason="policy"}"#, 1.0),
        (r#"exstore_sessions_ended_total{store="default",reason="policy"}"#, 3.0),
        (r#"exstore_polls_total{store="default",outcome="completed"}"#, 2.0),
        (r#"exstore_policy_changes_total{store="default"}"#, 1.0),
        (r#"exstore_enforcements_total{store="default"}"#, 1.0),
        (r#"exstore_enforcement_seconds_count{store="default"}"#, 3.0),
        (r#"exstore_enforcement_seconds_bucket{le="+Inf",store="default"}"#, 3.0),
        (r#"exstore_waits_total{store="default",outcome="met"}"#, 1.0),
        (r#"exstore_msexchangeis_user_count{store="default"}"#, 2.0),
        (r#"exstore_msexchangeis_maximum_users{store="default"}"#, 5.0),
        (r#"exstore_msexchangeis_connection_count{store="default"}"#, 2.0),
    ] {
        assert_eq!(page.at(series), expected, "{series} in {}", page.0);
    }
    let events = api.get("/events/totals").await["total"].as_f64().expect("a number");
    assert_eq!(page.sum("exstore_journal_events"), events);
    let decided = api.get("/decisions?limit=1000").await["items"].as_array().unwrap().len();
    assert_eq!(page.sum("exstore_decisions"), decided as f64);
}

#[tokio::test]
async fn who_calls_within_ten_minutes_is_active() {
    let api = Api::new().await;
    api.post("/clients", r#"{"process":"outlook.exe","count":2}"#).await;
    let active = r#"exstore_msexchangeis_active_user_count{store="default"}"#;
    let connections = r#"exstore_msexchangeis_active_connection_count{store="default"}"#;
    assert_eq!(Page::of(&api).await.at(active), 2.0);
    api.post("/clock/advance", r#"{"by":"601s"}"#).await;
    assert_eq!(Page::of(&api).await.at(active), 0.0);
    api.post("/clients/1/send", "{}").await;
    let page = Page::of(&api).await;
    assert_eq!((page.at(active), page.at(connections)), (1.0, 1.0));
}

#[tokio::test]
async fn what_has_left_the_journal_and_what_a_reset_ended_stays_counted() {
    let limits = Limits { journal_entries: 10, ..Limits::default() };
    let settings = Settings { limits, ..Settings::default() };
    let api = Api::with(StoreOptions { settings, ..options() }, ControlLimits::default()).await;
    api.post("/clients", r#"{"process":"outlook.exe","count":50}"#).await;
    let before = Page::of(&api).await;
    let admitted = r#"exstore_decisions_total{store="default",action="admitted",list="none"}"#;
    assert_eq!(before.at(admitted), 50.0);
    assert!(40.0 < before.at(r#"exstore_journal_evicted_total{store="default"}"#));
    api.post("/reset", "").await;
    api.post("/clients", r#"{"process":"outlook.exe","count":7}"#).await;
    let after = Page::of(&api).await;
    assert_eq!(after.at(admitted), 57.0);
    assert_eq!(after.at(r#"exstore_store_epoch{store="default"}"#), 2.0);
    for series in before.series().iter().filter(|series| series.contains("_total{")) {
        assert!(before.at(series) <= after.at(series), "{series}");
    }
}

#[tokio::test]
async fn a_restored_store_counts_nothing_twice() {
    let api = Api::new().await;
    api.post("/clients", r#"{"process":"outlook.exe","count":5}"#).await;
    let snapshot = api.post("/snapshots", "{}").await["id"].as_u64().expect("an id");
    api.post(&format!("/snapshots/{snapshot}/restore"), "").await;
    let page = Page::of(&api).await;
    let admitted = r#"exstore_decisions_total{store="default",action="admitted",list="none"}"#;
    assert_eq!(page.at(admitted), 5.0);
    assert_eq!(page.at(r#"exstore_sessions{store="default"}"#), 5.0);
}

#[tokio::test]
async fn a_deleted_store_is_counted_with_those_that_are_no_more() {
    let api = Api::new().await;
    for round in 1..=2_u32 {
        api.post("/v1/stores", r#"{"name":"gone"}"#).await;
        api.post("/v1/stores/gone/clients", r#"{"process":"outlook.exe","count":4}"#).await;
        let admitted = |store: &str| {
            format!(r#"exstore_decisions_total{{store="{store}",action="admitted",list="none"}}"#)
        };
        assert_eq!(Page::of(&api).await.at(&admitted("gone")), 4.0);
        api.call("DELETE", "/v1/stores/gone", "").await.ok();
        let page = Page::of(&api).await;
        assert!(!page.0.contains("store=\"gone\""));
        assert_eq!(page.at(&admitted("(deleted)")), f64::from(4 * round));
    }
}

#[tokio::test]
async fn ten_thousand_names_of_programs_make_no_series() {
    let api = Api::new().await;
    block_and_poll(&api, "listed.exe").await;
    // One of each kind that follows: what has not been counted yet has no series.
    let one = |process: &str| json!({ "process": process }).to_string();
    api.post("/clients", &one("listed.exe")).await;
    api.post("/clients", &one("quoted\"{x}.exe")).await;
    let before = Page::of(&api).await;
    let crowd: Vec<_> =
        (0..10_000).map(|number| json!({ "process": format!("p{number}\"}}.exe") })).collect();
    let batch = Request::post(format!("{STORE}/clients/batch")).header("host", "localhost");
    let batch = batch.header("content-type", "application/json");
    let answer = api.send(batch.body(Body::from(json!(crowd).to_string())).unwrap()).await;
    assert!(answer.status.is_success(), "{}", answer.text);
    let after = Page::of(&api).await;
    let grown: Vec<_> =
        after.series().into_iter().filter(|series| !before.series().contains(series)).collect();
    let words = ["reason=\"class_limit\"", "list=\"none\""];
    assert!(grown.iter().all(|series| words.iter().any(|word| series.contains(word))), "{grown:?}");
    assert!(9_990.0 < after.at(r#"exstore_sessions{store="default"}"#));
    assert!(!after.0.contains("p9999"), "{}", after.0);
}

#[tokio::test]
async fn items_past_the_first_hundred_are_counted_together() {
    let api = Api::new().await;
    let names: Vec<_> = (0..150).map(|number| format!("p{number}.exe")).collect();
    let long = format!("{}.exe", "x".repeat(200));
    block_and_poll(&api, &format!("{}; {long}", names.join("; "))).await;
    for name in names.iter().chain([&long]) {
        api.post("/clients", &json!({ "process": name }).to_string()).await;
    }
    let page = Page::of(&api).await;
    let rows =
        page.series().iter().filter(|row| row.starts_with("exstore_item_hits_total")).count();
    assert_eq!(rows, 101);
    let other = r#"exstore_item_hits_total{store="default",action="refused",list="processes",item="(other)"}"#;
    assert_eq!(page.at(other), 51.0);
    assert_eq!(page.sum("exstore_item_hits"), 151.0);
}

#[tokio::test]
async fn sixty_four_stores_are_told_at_once() {
    let api = Api::new().await;
    for number in 1..64 {
        api.post("/v1/stores", &json!({ "name": format!("s{number}") }).to_string()).await;
        let path = format!("/v1/stores/s{number}/clients");
        let clients = json!({ "process": "outlook.exe", "count": number });
        api.post(&path, &clients.to_string()).await;
    }
    let page = Page::of(&api).await;
    assert_eq!(page.at("exstore_stores"), 64.0);
    for number in 1..64 {
        let sessions = format!("exstore_sessions{{store=\"s{number}\"}}");
        assert_eq!(page.at(&sessions), f64::from(number), "{sessions}");
    }
}

#[tokio::test]
async fn whoever_has_no_token_is_told_nothing() {
    let token = Some(Secret::parse("correct-horse-battery-staple").expect("a secret"));
    let access = Access { token, ..Access::default() };
    let api = Api::for_whom(options(), ControlLimits::default(), access).await;
    let refused = api.call("GET", "/metrics", "").await;
    assert_eq!(refused.problem(), "not-authorised");
    let asked = |host: &str| {
        let request = Request::get("/metrics").header("host", host);
        let request = request.header("authorization", "Bearer correct-horse-battery-staple");
        request.body(Body::empty()).expect("the request is one")
    };
    let told: Answer = api.send(asked("localhost")).await;
    assert_eq!(told.status, 200);
    assert_eq!(api.send(asked("evil.example")).await.problem(), "host-not-allowed");
}
