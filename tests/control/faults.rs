//! Fault rules over HTTP, what a store makes of them (policy A7 to A10, A30), and what health says meanwhile.

use serde_json::{Value, json};

use super::{Answer, Api};

async fn add(api: &Api, fault: Value) -> Value {
    let answer = api.call("POST", "/faults", &fault.to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()
}

async fn ready(api: &Api) -> (u16, Value) {
    let answer = api.call("GET", "/healthz/ready", "").await;
    let check = answer.json()["checks"].as_array().and_then(|checks| checks.last().cloned());
    (answer.status.as_u16(), check.expect("a check")["detail"].clone())
}

#[tokio::test]
async fn a_rule_is_shown_as_it_can_be_sent_again() {
    let api = Api::new().await;
    let rows = [
        (json!({"effect": {"registry": "missing"}}), Value::Null, Value::Null),
        (json!({"effect": {"registry": "wrong_type"}}), json!("REG_DWORD"), Value::Null),
        (
            json!({"effect": {"registry": "wrong_type", "type": "REG_99"}}),
            json!("REG_99"),
            Value::Null,
        ),
        (json!({"effect": {"registry": "access_denied"}, "match": {}}), Value::Null, Value::Null),
        (json!({"effect": {"registry": "torn"}, "schedule": {}}), Value::Null, Value::Null),
        (
            json!({"effect": {"registry": "busy"}, "schedule": {"next": null}}),
            Value::Null,
            Value::Null,
        ),
        (json!({"effect": {"registry": "slow", "delay": "30s"}}), Value::Null, json!("30s")),
        (json!({"effect": {"registry": "stale"}}), Value::Null, Value::Null),
    ];
    for (sent, kind, delay) in rows {
        let shown = add(&api, sent.clone()).await;
        let mut effect = json!({"registry": sent["effect"]["registry"]});
        for (name, value) in [("type", kind), ("delay", delay)] {
            if !value.is_null() {
                effect[name] = value;
            }
        }
        assert_eq!(shown["effect"], effect, "{sent}");
        assert_eq!((&shown["match"], &shown["schedule"]), (&json!({}), &json!({})));
        let again = json!({"match": shown["match"], "effect": shown["effect"], "schedule": shown["schedule"]});
        assert_eq!(add(&api, again).await["effect"], effect);
    }
    let page = api.get("/faults?limit=3&after=2").await;
    let ids: Vec<_> =
        page["items"].as_array().expect("a list").iter().map(|rule| &rule["id"]).collect();
    assert_eq!((ids, &page["next"]), (vec![&json!(3), &json!(4), &json!(5)], &json!(5)));
}

#[tokio::test]
async fn a_rule_that_could_never_hit_is_refused_by_the_place() {
    let api = Api::new().await;
    for (fault, pointer) in [
        (json!({}), "#"),
        (json!({"effect": {}}), "#/effect"),
        (json!({"effect": {"registry": "explode"}}), "#/effect/registry"),
        (json!({"effect": {"registry": "slow"}}), "#/effect/delay"),
        (json!({"effect": {"registry": "slow", "delay": "0s"}}), "#/effect/delay"),
        (json!({"effect": {"registry": "slow", "delay": "soon"}}), "#/effect/delay"),
        (json!({"effect": {"registry": "torn", "delay": "1s"}}), "#/effect/delay"),
        (json!({"effect": {"registry": "torn", "type": "REG_SZ"}}), "#/effect/type"),
        (json!({"effect": {"registry": "wrong_type", "type": "REG_STRING"}}), "#/effect/type"),
        (json!({"match": {"value": "Other"}, "effect": {"registry": "torn"}}), "#/match/value"),
        (json!({"match": {"stage": "connect"}, "effect": {"registry": "torn"}}), "#/match/stage"),
        (json!({"effect": {"registry": "torn"}, "schedule": {"next": 0}}), "#/schedule/next"),
        (json!({"effect": {"registry": "torn"}, "schedule": {"first": 0}}), "#/schedule/first"),
        (
            json!({"effect": {"registry": "torn"}, "schedule": {"first": 1, "after": 1}}),
            "#/schedule/first",
        ),
    ] {
        let answer = api.call("POST", "/faults", &fault.to_string()).await;
        assert_eq!(answer.problem(), "invalid-body", "{fault}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{fault}: {}", answer.text);
    }
    assert_eq!(api.get("/faults").await["items"], json!([]));
}

#[tokio::test]
async fn what_cannot_be_read_stays_as_it_was_and_health_says_so_until_it_can() {
    let api = Api::new().await;
    api.put("/block-lists/processes?apply=now", r#"{"data":"mdl.exe"}"#).await;
    assert_eq!(ready(&api).await, (200, Value::Null));
    let name = "disable mapi client processes";
    let fault = add(&api, json!({
        "match": {"value": name}, "effect": {"registry": "access_denied"}, "schedule": {"next": 2},
    })).await;
    assert_eq!(fault["match"]["value"], "Disable MAPI Client Processes");
    assert_eq!(
        (&fault["id"], &fault["seen"], &fault["hits_left"]),
        (&json!(1), &json!(0), &json!(2))
    );

    let poll = api.post("/polls", "").await;
    assert_eq!(poll["reads"][0]["reading"], "unreadable");
    assert_eq!(poll["reads"][1]["reading"], "not_found");
    let key =
        "HKEY_LOCAL_MACHINE\\System\\CurrentControlSet\\Services\\MSExchangeIS\\ParametersSystem";
    let (status, detail) = ready(&api).await;
    assert_eq!(status, 503);
    assert_eq!(
        detail,
        json!(format!(
            "poll 3 could not read `Disable MAPI Client Processes`: access to `{key}` is denied; the list as it was last read \
             is in force"
        ))
    );
    assert_eq!(api.call("GET", "/healthz/startup", "").await.status, 200);
    let failed = &api.get("/events?type=poll.failed").await["items"][0];
    assert_eq!(failed["value"], "Disable MAPI Client Processes");
    let hit = &api.get("/events?type=fault.hit").await["items"][0];
    assert_eq!((&hit["fault"], &hit["effect"]), (&json!(1), &json!("access_denied")));
    let refused = api.post("/clients", r#"{"process":"mdl.exe"}"#).await;
    assert_eq!(refused["outcome"], "ecClientVerDisallowed");

    // A start keeps nothing (A30).
    api.post("/restart", "").await;
    let (status, detail) = ready(&api).await;
    assert_eq!(status, 503);
    let since = "it has not been read since the service started, so the list is off";
    assert!(detail.to_string().contains(since), "{detail}");
    let admitted = api.post("/clients", r#"{"process":"mdl.exe"}"#).await;
    assert_eq!(admitted["outcome"], Value::Null);
    let used_up = api.get("/faults/1").await;
    assert_eq!(json!([used_up["seen"], used_up["hits"], used_up["hits_left"]]), json!([2, 2, 0]));

    let poll = api.post("/polls", "").await;
    assert_eq!((&poll["reads"][0]["data"], &poll["disconnected"]), (&json!("mdl.exe"), &json!(1)));
    assert_eq!(ready(&api).await, (200, Value::Null));
    assert_eq!(api.call("DELETE", "/faults/1", "").await.status, 204);
    assert_eq!(api.call("GET", "/faults/1", "").await.problem(), "fault-not-found");
}

#[tokio::test]
async fn each_effect_reads_as_its_word_says() {
    for (effect, reading, in_force) in [
        ("missing", "not_found", false),
        ("wrong_type", "invalid", false),
        ("access_denied", "unreadable", true),
        ("torn", "unreadable", true),
        ("busy", "unreadable", true),
        ("stale", "text", true),
    ] {
        let api = Api::new().await;
        api.put("/block-lists/processes?apply=now", r#"{"data":"mdl.exe"}"#).await;
        add(&api, json!({"effect": {"registry": effect}})).await;
        let poll = api.post("/polls", "").await;
        assert_eq!(poll["reads"][0]["reading"], reading, "{effect}");
        assert_eq!(api.get("/block-lists/processes").await["in_force"], in_force, "{effect}");
    }
}

#[tokio::test]
async fn a_poll_whose_values_come_later_is_over_when_the_clock_gets_there() {
    let api = Api::new().await;
    api.put("/block-lists/processes", r#"{"data":"mdl.exe"}"#).await;
    add(&api, json!({"effect": {"registry": "slow", "delay": "30s"}, "schedule": {"next": 1}}))
        .await;

    let held = api.call("POST", "/polls", "").await;
    assert_eq!(held.status, 202);
    assert_eq!(held.json(), json!({"number": 2, "finished": null}));
    assert_eq!(api.get("/polls/schedule").await["in_flight"], 2);
    assert_eq!(api.get("/polls/2").await, json!({"number": 2, "finished": null}));
    // One more waits for it.
    assert_eq!(api.call("POST", "/polls", "").await.json()["number"], 3);

    let advanced = api.post("/clock/advance", r#"{"by":"30s"}"#).await;
    assert_eq!(advanced["polls_run"], 2);
    let poll = api.get("/polls/2").await;
    assert_eq!(poll["started"], "2006-04-22T08:00:00Z");
    assert_eq!(poll["finished"], "2006-04-22T08:00:30Z");
    assert_eq!(poll["reads"][0]["data"], "mdl.exe");
}

#[tokio::test]
async fn a_start_whose_first_read_comes_later_admits_nobody_before() {
    let api = Api::new().await;
    add(&api, json!({"effect": {"registry": "slow", "delay": "1m"}, "schedule": {"next": 1}}))
        .await;
    let restarted: Answer = api.call("POST", "/restart", "").await;
    assert_eq!(restarted.status, 202);
    assert_eq!(
        restarted.json(),
        json!({
            "running": false, "build": "6.5.7651.19", "generation": 0,
            "poll": {"number": 2, "finished": null},
        })
    );
    assert_eq!(api.call("GET", "/healthz/startup", "").await.status, 503);
    api.post("/clock/advance", r#"{"by":"1m"}"#).await;
    assert_eq!(api.get("/v1/stores/default").await["running"], true);
    assert_eq!(api.call("GET", "/healthz/startup", "").await.status, 200);
}
