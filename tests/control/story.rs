//! The article's story over HTTP: a list is written, nothing happens, the poll comes, and it does.

use super::Api;

#[tokio::test]
async fn a_listed_program_is_disconnected_with_the_poll_and_refused_from_then_on() {
    let api = Api::new().await;

    let outlook = r#"{"process":"OUTLOOK.EXE","user":"bob","machine":"WKS2"}"#;
    let mdl =
        r#"{"process":"mdl.exe","user":"alice","machine":"WKS1","count":2,"group":"finance"}"#;
    assert_eq!(api.post("/clients", outlook).await["state"], "connected");
    let injected = api.post("/clients", mdl).await;
    assert_eq!(injected["items"].as_array().expect("two clients").len(), 2);

    // S13: the store learns of the list with its next poll, and not before.
    let written = api.put("/block-lists/processes", r#"{"data":"beta.exe; MDL.EXE"}"#).await;
    assert_eq!(written["in_force"], false);
    assert_eq!(
        written["items"][1]["span"],
        serde_json::json!({"start":10,"end":17,"column":11,"end_column":18})
    );
    assert_eq!(api.get("/sessions").await["total"], 3);
    let advanced = api.post("/clock/advance", r#"{"by":"14m59s"}"#).await;
    assert_eq!((&advanced["polls_run"], &advanced["disconnected"]), (&0.into(), &0.into()));

    // S14, S15: with the poll those sessions end, and only those.
    let advanced = api.post("/clock/advance", r#"{"next":"poll"}"#).await;
    assert_eq!(advanced["now"], "2006-04-22T08:15:00Z");
    assert_eq!((&advanced["polls_run"], &advanced["disconnected"]), (&1.into(), &2.into()));
    let sessions = api.get("/sessions").await;
    assert_eq!(sessions["total"], 1);
    assert_eq!(sessions["items"][0]["process"], "OUTLOOK.EXE");
    assert_eq!(api.get("/block-lists/processes").await["in_force"], true);
    let client = api.get("/clients/2").await;
    assert_eq!((&client["state"], &client["group"]), (&"disconnected".into(), &"finance".into()));

    // S16: who comes back is refused, and told with which code.
    let refused = api.post("/clients/2/connect", "").await;
    assert_eq!(refused["state"], "refused");
    assert_eq!(refused["outcome"], "ecClientVerDisallowed");

    // Why, as it was decided and as it would be now.
    let decisions = api.get("/decisions").await;
    let decisions = decisions["items"].as_array().expect("a list");
    let actions: Vec<_> = decisions.iter().map(|decision| &decision["action"]).collect();
    let admitted = ["admitted"; 3];
    let expected = [&admitted[..], &["disconnected", "disconnected", "refused"][..]].concat();
    assert_eq!(actions, expected);
    let last = decisions.last().expect("a decision");
    assert_eq!(last["code"], serde_json::json!({"name":"ecClientVerDisallowed","value":1247}));
    assert_eq!(last["decision"]["item"], "MDL.EXE");
    let question = format!(r#"{{"decision":{}}}"#, last["id"]);
    let answer = api.post("/policy/explain", &question).await;
    assert_eq!(answer["decision"], "forbidden");
    assert_eq!(answer["recorded"]["action"], "refused");
    insta::assert_snapshot!(answer["summary"].as_str().expect("a sentence"));

    // A7, A24: the value goes, and with the next poll the client may come back.
    let deleted = api.call("DELETE", "/block-lists/processes?apply=now", "").await.ok();
    assert_eq!((&deleted["data"], &deleted["in_force"]), (&serde_json::Value::Null, &true.into()));
    assert_eq!(deleted["poll"]["changed"], true);
    assert_eq!(api.post("/clients/2/connect", "").await["state"], "connected");
    assert_eq!(api.get("/sessions?process=MDL.exe").await["items"][0]["group"], "finance");
}

#[tokio::test]
async fn a_program_that_is_named_late_is_judged_as_if_it_had_been_named_at_once() {
    let api = Api::new().await;
    api.put("/block-lists/processes?apply=now", r#"{"data":"late.exe"}"#).await;
    let client = api.post("/clients", r#"{"process":"early.exe"}"#).await;
    assert_eq!(client["state"], "connected");

    let touched = api.post("/clients/1/send", "{}").await;
    assert_eq!(touched["state"], "connected");
    let other = api.post("/clients/1/send", r#"{"process":"other.exe"}"#).await;
    assert_eq!(other["state"], "connected");
    let processes = &api.get("/sessions/1").await["processes"];
    assert_eq!(*processes, serde_json::json!(["early.exe", "other.exe"]));

    let told = api.post("/clients/1/send", r#"{"process":"LATE.EXE"}"#).await;
    assert_eq!(told["state"], "disconnected");
    assert_eq!(told["outcome"], "the server ended the session with ecClientVerDisallowed");
    let decisions = api.get("/decisions?after=0").await;
    let last = decisions["items"].as_array().and_then(|items| items.last()).expect("a decision");
    assert_eq!((&last["action"], &last["trigger"]), (&"disconnected".into(), &"late_name".into()));
    assert_eq!(last["decision"]["matched"], "LATE.EXE");
    let told: Vec<_> =
        decisions["items"].as_array().unwrap().iter().map(|it| &it["action"]).collect();
    assert_eq!(told, ["admitted", "admitted", "disconnected"], "nobody was admitted as late.exe");
}

#[tokio::test]
async fn a_client_without_a_name_stays_and_is_counted() {
    let api = Api::new().await;
    api.post("/clients", r#"{"process":null}"#).await;
    api.post("/clients", r#"{"client_version":"8.0.4212.0"}"#).await;
    api.post("/clients", r#"{"process":"mdl.exe"}"#).await;
    api.put("/block-lists/processes?apply=now", r#"{"data":"mdl.exe"}"#).await;

    let sessions = api.get("/sessions").await;
    assert_eq!((&sessions["total"], &sessions["unidentified"]), (&2.into(), &2.into()));
    assert_eq!(sessions["items"][1]["interface"], "EcDoConnect");
    assert_eq!(api.get("/v1/stores/default").await["counts"]["unidentified"], 2);
    let answer = api.post("/policy/explain", r#"{"session":1}"#).await;
    assert_eq!(answer["identified"], false);
    insta::assert_snapshot!(answer["summary"].as_str().expect("a sentence"));
}

#[tokio::test]
async fn equal_runs_write_equal_journals_to_the_byte() {
    let mut journals = Vec::new();
    for _ in 0..2 {
        let api = Api::new().await;
        for body in [
            r#"{"process":"mdl.exe","count":3,"group":"g"}"#,
            r#"{"process":"OUTLOOK.EXE","client_version":"12.0.4518.1014"}"#,
        ] {
            api.post("/clients", body).await;
        }
        api.put("/block-lists/processes", r#"{"data":"mdl.exe; *.exe"}"#).await;
        api.post("/clock/advance", r#"{"by":"40m"}"#).await;
        api.post("/clients/1/connect", "").await;
        api.call("DELETE", "/clients/4", "").await.ok();
        let lines = api.store.read(|view| {
            let lines = view.store().journal().entries().map(control::journal_line);
            lines.collect::<Vec<_>>().join("\n")
        });
        let lines = lines.await.expect("the store runs");
        let shown: Vec<serde_json::Value> =
            lines.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
        assert_eq!(shown, api.events().await);
        journals.push(lines);
    }
    assert_eq!(journals[0], journals[1]);
    insta::assert_snapshot!(journals[0]);
}
