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
        json!({"type":"REG_QWORD","data":"0100000000000000"}),
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
        (polled(ours), number, Some("takes a REG_DWORD as absent")),
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
