//! The registry and the block list over HTTP.

use serde_json::{Value, json};

use super::{Api, POLLED_KEY};

#[tokio::test]
async fn values_of_every_type_come_back_as_they_were_written() {
    let api = Api::new().await;
    let rows = [
        json!({"type":"REG_SZ","data":"mdl.exe; b.exe"}),
        json!({"type":"REG_SZ","data":""}),
        json!({"type":"REG_SZ","data":"in\u{0}side \u{1F600}"}),
        json!({"type":"REG_SZ","hex":"6d0064006c00"}),
        json!({"type":"REG_SZ","hex":"6d"}),
        json!({"type":"REG_SZ","hex":"00d80000"}),
        json!({"type":"REG_EXPAND_SZ","data":"%SystemRoot%\\a"}),
        json!({"type":"REG_DWORD","data":0}),
        json!({"type":"REG_DWORD","data":4_294_967_295_u32}),
        json!({"type":"REG_DWORD","hex":"010203"}),
        json!({"type":"REG_MULTI_SZ","data":[]}),
        json!({"type":"REG_MULTI_SZ","data":["a","","b"]}),
        json!({"type":"REG_MULTI_SZ","hex":"610000"}),
        json!({"type":"REG_BINARY","data":""}),
        json!({"type":"REG_BINARY","data":"00ff10"}),
        json!({"type":"REG_QWORD","data":1}),
        json!({"type":"REG_QWORD","data":9_007_199_254_740_991_u64}),
        json!({"type":"REG_QWORD","data":"9007199254740992"}),
        json!({"type":"REG_QWORD","data":"18446744073709551615"}),
        json!({"type":"REG_QWORD","hex":"01000000"}),
        json!({"type":"REG_NONE","data":"00"}),
        json!({"type":"REG_99","data":"beef"}),
    ];
    for (index, row) in rows.iter().enumerate() {
        let path = format!("/registry/HKLM%5CSoftware%5CTest?value=v{index:02}");
        api.put(&path, &row.to_string()).await;
        let mut read = api.get(&path).await;
        assert_eq!(read["key"], "HKEY_LOCAL_MACHINE\\Software\\Test");
        let shown = read.as_object_mut().expect("an object");
        shown.retain(|field, _| ["type", "data", "hex"].contains(&field.as_str()));
        assert_eq!(read, *row);
    }
    let key = api.get("/registry/HKLM%5CSOFTWARE%5CTest").await;
    assert_eq!(key["values"].as_array().map(Vec::len), Some(rows.len()));
}

#[tokio::test]
async fn values_that_do_not_fit_their_type_are_refused_by_the_place() {
    let api = Api::new().await;
    for (body, pointer) in [
        (json!({"type":"REG_SZ","data":1}), "#/data"),
        (json!({"type":"REG_DWORD","data":-1}), "#/data"),
        (json!({"type":"REG_DWORD","data":4_294_967_296_u64}), "#/data"),
        (json!({"type":"REG_DWORD","data":"1"}), "#/data"),
        (json!({"type":"REG_QWORD","data":9_007_199_254_740_992_u64}), "#/data"),
        (json!({"type":"REG_QWORD","data":"0100000000000000"}), "#/data"),
        (json!({"type":"REG_QWORD","data":"18446744073709551616"}), "#/data"),
        (json!({"type":"REG_QWORD","data":-1}), "#/data"),
        (json!({"type":"REG_MULTI_SZ","data":["a",1]}), "#/data"),
        (json!({"type":"REG_BINARY","data":"0"}), "#/data"),
        (json!({"type":"REG_BINARY","data":"0g"}), "#/data"),
        (json!({"type":"REG_BINARY","hex":"+f"}), "#/hex"),
        (json!({"type":"REG_STRING","data":"a"}), "#/type"),
        (json!({"type":"REG_SZ"}), "#"),
        (json!({"type":"REG_SZ","data":"a","hex":"00"}), "#"),
        (json!({"type":"REG_SZ","data":"a","size":2}), "#/size"),
        (json!({"data":"a"}), "#"),
    ] {
        let answer = api.call("PUT", "/registry/HKLM?value=x", &body.to_string()).await;
        assert_eq!(answer.problem(), "invalid-body", "{body}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{body}");
    }
}

#[tokio::test]
async fn a_value_that_nearly_is_the_one_that_is_read_gets_a_hint() {
    let api = Api::new().await;
    let ours = "Disable%20MAPI%20Client%20Processes";
    let text = r#"{"type":"REG_SZ","data":"mdl.exe"}"#;
    let number = r#"{"type":"REG_DWORD","data":1}"#;
    let polled = |name: &str| format!("/registry/{POLLED_KEY}?value={name}");
    for (path, body, hint) in [
        (polled(ours), text, None),
        (polled("DISABLE%20mapi%20client%20processes"), text, None),
        (polled("Other"), text, None),
        (polled("Disable%20MAPI%20Client%20Process"), text, Some("did you mean")),
        (polled("Disable%20MAPI%20Client"), text, Some("`Disable MAPI Clients`?")),
        (polled("Disable%20MAPI%20Clients"), text, None),
        (polled("DisableMAPIClients"), text, Some("`Disable MAPI Clients`?")),
        (polled(ours), number, Some("takes a REG_DWORD as absent")),
        (polled("Disable%20MAPI%20Clients"), number, Some("takes a REG_DWORD as absent")),
        (
            "/registry/HKLM?value=Disable%20MAPI%20Clients".to_owned(),
            text,
            Some("under `HKEY_LOCAL_MACHINE\\"),
        ),
        (format!("/registry/HKLM?value={ours}"), text, Some("the store reads this value under")),
    ] {
        let written = api.put(&path, body).await;
        match hint {
            None => assert_eq!(written["hint"], Value::Null, "{path}"),
            Some(hint) => assert!(written["hint"].to_string().contains(hint), "{path}: {written}"),
        }
    }
}

#[tokio::test]
async fn keys_are_created_listed_and_deleted_with_all_below_them() {
    let api = Api::new().await;
    let key = "/registry/HKLM%5CSoftware%5CTest";
    let created = api.call("PUT", key, "").await;
    assert_eq!(created.status, 201);
    let empty = json!({"key": "HKEY_LOCAL_MACHINE\\Software\\Test", "subkeys": [], "values": []});
    assert_eq!(created.ok(), empty);
    // One that is there stays as it is.
    let again = api.call("PUT", "/registry/hklm%5Csoftware%5CTEST", "").await;
    assert_eq!((again.status.as_u16(), again.ok()), (200, empty));

    api.call("PUT", "/registry/HKLM%5CSoftware%5CTest%5CB%5CC", "").await.ok();
    api.put(&format!("{key}%5Ca?value=x"), r#"{"type":"REG_SZ","data":"1"}"#).await;
    api.put(&format!("{key}?value=y"), r#"{"type":"REG_DWORD","data":2}"#).await;
    assert_eq!(
        api.get(key).await,
        json!({
            "key": "HKEY_LOCAL_MACHINE\\Software\\Test", "subkeys": ["a", "B"],
            "values": [{
                "key": "HKEY_LOCAL_MACHINE\\Software\\Test", "name": "y", "type": "REG_DWORD", "data": 2,
                "hint": null,
            }],
        })
    );
    assert_eq!(api.get("/registry/HKLM").await["subkeys"], json!(["Software", "System"]));

    assert_eq!(api.call("DELETE", key, "").await.status, 204);
    for path in [key.to_owned(), format!("{key}%5CB"), format!("{key}%5CB%5CC")] {
        assert_eq!(api.call("GET", &path, "").await.problem(), "registry-key-not-found", "{path}");
    }
    assert_eq!(api.call("DELETE", key, "").await.problem(), "registry-key-not-found");
    assert_eq!(api.call("DELETE", "/registry/HKLM", "").await.problem(), "registry-edit-refused");
    let changes: Vec<_> = api.get("/events?type=registry.changed").await["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|event| event["action"].clone())
        .collect();
    assert_eq!(changes.len(), 5, "{changes:?}");
}

#[tokio::test]
async fn a_value_has_a_body_and_a_key_has_none() {
    let api = Api::new().await;
    let value = r#"{"type":"REG_SZ","data":"a"}"#;
    let answer = api.call("PUT", "/registry/HKLM%5CA", value).await;
    assert_eq!(answer.problem(), "invalid-query");
    assert_eq!(answer.json()["errors"][0]["parameter"], "value");
    let answer = api.call("PUT", "/registry/HKLM%5CA?value=x", "").await;
    assert_eq!(answer.problem(), "invalid-body");
    assert_eq!(api.get("/registry/HKLM").await["subkeys"], json!(["System"]));
}

#[tokio::test]
async fn each_node_of_a_cluster_has_a_registry_of_its_own() {
    let api = Api::new().await;
    let value = |node: &str| format!("/registry/HKLM%5CA?value=x&node={node}");
    assert_eq!(api.call("GET", &value("NODE2"), "").await.problem(), "node-not-found");
    assert_eq!(api.call("GET", &value("NO_NODE"), "").await.problem(), "invalid-query");

    api.call("PATCH", "/cluster", r#"{"mode":"per_node"}"#).await.ok();
    api.put(&value("node2"), r#"{"type":"REG_SZ","data":"there"}"#).await;
    assert_eq!(api.get(&value("NODE2")).await["data"], "there");
    assert_eq!(api.call("GET", &value("NODE1"), "").await.problem(), "registry-value-not-found");
    assert_eq!(api.get("/registry/HKLM").await["subkeys"], json!(["System"]));
    let changed = &api.get("/events?type=registry.changed").await["items"][0];
    assert_eq!(changed["node"], "NODE2");
    assert_eq!(api.call("DELETE", "/registry/HKLM%5CA?node=NODE1", "").await.status, 404);
    assert_eq!(api.call("DELETE", "/registry/HKLM%5CA?node=NODE2", "").await.status, 204);
}

#[tokio::test]
async fn what_a_problem_quotes_is_short() {
    let api = Api::new().await;
    let long = "x".repeat(10_000);
    for (method, path, body) in [
        ("GET", format!("/registry/HKLM?node={long}"), String::new()),
        ("GET", format!("/registry/{long}"), String::new()),
        ("GET", format!("/registry-export?key={long}"), String::new()),
        ("PATCH", "/build".to_owned(), json!({"build": long}).to_string()),
        ("PUT", "/registry/HKLM?value=x".to_owned(), json!({"type": long, "data": 1}).to_string()),
        (
            "PUT",
            "/registry/HKLM?value=x".to_owned(),
            json!({"type": "REG_SZ", long: 1}).to_string(),
        ),
    ] {
        let problem = api.call(method, &path, &body).await;
        problem.problem();
        let mut document = problem.json();
        document["instance"] = Value::Null;
        assert!(document.to_string().len() < 2_500, "{path:.60}: {document}");
    }
}

#[tokio::test]
async fn an_empty_name_is_the_unnamed_value() {
    let api = Api::new().await;
    api.put("/registry/HKLM?value=", r#"{"type":"REG_SZ","data":"unnamed"}"#).await;
    assert_eq!(api.get("/registry/HKLM?value=").await["data"], "unnamed");
    assert_eq!(api.get("/registry/HKLM").await["values"][0]["name"], "");
    assert_eq!(api.call("DELETE", "/registry/hklm?value=", "").await.status, 204);
}

#[tokio::test]
async fn the_block_list_is_the_registry_value_and_says_what_is_wrong_with_it() {
    let api = Api::new().await;
    let list = api.get("/block-lists/processes").await;
    assert_eq!((&list["data"], &list["in_force"]), (&Value::Null, &true.into()));

    let list = api.put("/block-lists/processes", r#"{"data":"a.exe, b.exe; *.exe"}"#).await;
    let codes: Vec<_> =
        list["lints"].as_array().expect("lints").iter().map(|l| &l["code"]).collect();
    assert_eq!(codes, ["comma", "wildcard"]);
    let value = format!("/registry/{POLLED_KEY}?value=Disable%20MAPI%20Client%20Processes");
    assert_eq!(api.get(&value).await["data"], "a.exe, b.exe; *.exe");

    api.put(&value, r#"{"type":"REG_DWORD","data":1}"#).await;
    let list = api.get("/block-lists/processes").await;
    assert_eq!(list["problem"], "it is a REG_DWORD and has to be a REG_SZ");
    // A8: as good as absent, which is what is in force.
    assert_eq!((&list["data"], &list["in_force"]), (&Value::Null, &true.into()));

    let again = api.call("DELETE", "/block-lists/processes", "").await.ok();
    assert_eq!(again["problem"], Value::Null);
    api.call("DELETE", "/block-lists/processes", "").await.ok();
}
