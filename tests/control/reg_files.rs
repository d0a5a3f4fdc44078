//! `.reg` files over HTTP: export, import, and the way there and back.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use axum::http::response::Parts;
use registry_poll::{AnsiCodePage, FileKeyStore, Registry};
use serde_json::json;
use server::StoreOptions;

use super::{Answer, Api, POLLED_KEY, STORE, options};

async fn import(api: &Api, query: &str, kind: &str, file: impl Into<Body>) -> Answer {
    let request = Request::post(format!("{STORE}/registry-import{query}"));
    let request = request.header("host", "localhost").header("content-type", kind);
    api.send(request.body(file.into()).expect("a request")).await
}

async fn export(api: &Api, query: &str) -> (Parts, Vec<u8>) {
    let request = Request::get(format!("{STORE}/registry-export{query}"));
    let request = request.header("host", "localhost").body(Body::empty());
    api.send_for_bytes(request.expect("a request")).await
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

const LISTS: &str = "Windows Registry Editor Version 5.00\r\n\r\n\
    [HKEY_LOCAL_MACHINE\\System\\CurrentControlSet\\Services\\MSExchangeIS\\ParametersSystem]\r\n\
    \"Disable MAPI Client Processes\"=\"mdl.exe\"\r\n\"Disable MAPI Clients\"=\"-11.0.0\"\r\n\r\n\
    [HKEY_LOCAL_MACHINE\\Software\\New]\r\n\"gone\"=-\r\n";

#[tokio::test]
async fn an_imported_list_counts_from_the_next_poll_on() {
    let api = Api::new().await;
    api.post("/clients", r#"{"process":"mdl.exe"}"#).await;
    let imported = import(&api, "", "text/x-ms-regedit", LISTS).await.ok();
    let polled =
        "HKEY_LOCAL_MACHINE\\System\\CurrentControlSet\\Services\\MSExchangeIS\\ParametersSystem";
    let keys = json!([polled, "HKEY_LOCAL_MACHINE\\Software\\New"]);
    assert_eq!(imported, json!({"edits": 5, "changed": 3, "keys": keys}));
    let changed = api.get("/events?type=registry.changed").await;
    // The polled key was there.
    assert_eq!(changed["items"].as_array().map(Vec::len), Some(3));
    assert_eq!(api.get("/sessions").await["total"], 1);
    assert_eq!(api.post("/polls", "").await["disconnected"], 1);

    // Once more changes nothing.
    let imported = import(&api, "", "application/octet-stream", LISTS).await.ok();
    assert_eq!(imported, json!({"edits": 5, "changed": 0, "keys": []}));
}

#[tokio::test]
async fn an_export_is_the_file_that_regedit_writes() {
    let api = Api::new().await;
    import(&api, "", "text/x-ms-regedit", LISTS).await.ok();
    let (parts, bytes) = export(&api, "?key=HKLM%5CSystem%5CCurrentControlSet%5CServices").await;
    let header = |name: &str| parts.headers[name].to_str().expect("text").to_owned();
    assert_eq!(header("content-type"), "text/x-ms-regedit; charset=utf-16le");
    assert_eq!(header("content-disposition"), "attachment; filename=\"registry.reg\"");
    assert_eq!(header("exstore-cursor"), "1-5");
    let services = "[HKEY_LOCAL_MACHINE\\System\\CurrentControlSet\\Services";
    let text = format!(
        "\u{feff}Windows Registry Editor Version 5.00\r\n\r\n{services}]\r\n\r\n{services}\\MSExchangeIS]\r\n\r\n\
         {services}\\MSExchangeIS\\ParametersSystem]\r\n\"Disable MAPI Client Processes\"=\"mdl.exe\"\r\n\
         \"Disable MAPI Clients\"=\"-11.0.0\"\r\n\r\n"
    );
    assert_eq!(bytes, utf16(&text));
}

#[tokio::test]
async fn what_is_exported_is_imported_into_the_same_registry() {
    let api = Api::new().await;
    for (index, value) in [
        json!({"type":"REG_SZ","data":"in\u{e4}\\ \"quotes\""}),
        json!({"type":"REG_EXPAND_SZ","data":"%a%"}),
        json!({"type":"REG_DWORD","data":7}),
        json!({"type":"REG_QWORD","data":"18446744073709551615"}),
        json!({"type":"REG_MULTI_SZ","data":["a","b"]}),
        json!({"type":"REG_BINARY","data":"00ff"}),
        json!({"type":"REG_NONE","data":""}),
        json!({"type":"REG_99","data":"beef"}),
    ]
    .iter()
    .enumerate()
    {
        let path = format!("/registry/HKLM%5CSoftware%5CTest?value=v{index}");
        api.put(&path, &value.to_string()).await;
    }
    let key = "/registry/HKLM%5CSoftware%5CTest";
    for (format, charset) in [
        ("?format=v5", "utf-16le"),
        ("?format=regedit4", "windows-1252"),
        ("?format=regedit4&code_page=1254", "windows-1254"),
    ] {
        let (parts, file) = export(&api, format).await;
        assert_eq!(parts.headers["content-type"], format!("text/x-ms-regedit; charset={charset}"));
        let other = Api::new().await;
        let page = if format.ends_with("1254") { "?code_page=1254" } else { "" };
        let imported = import(&other, page, "text/x-ms-regedit", file).await.ok();
        assert_eq!(imported["changed"], 10, "{format}");
        assert_eq!(other.get(key).await, api.get(key).await, "{format}");
    }
}

#[tokio::test]
async fn a_file_with_an_error_is_not_imported_at_all() {
    let api = Api::new().await;
    let file = "REGEDIT4\r\n\r\n[HKEY_LOCAL_MACHINE\\A]\r\n\"good\"=\"1\"\r\n\"bad\"=dword:xyz\r\nworse\r\n";
    let answer = import(&api, "", "text/x-ms-regedit", file).await;
    assert_eq!(answer.problem(), "invalid-reg-file");
    assert_eq!(
        answer.json()["errors"],
        json!([
            {
                "pointer": null, "parameter": null, "detail": "`dword:` takes 1 to 8 hexadecimal digits",
                "line": 5, "column": 13, "excerpt": "\"bad\"=dword:xyz", "excerpt_column": 13,
            },
            {
                "pointer": null, "parameter": null,
                "detail": "a line is a `[key]`, a value (`\"name\"=` or `@=`) or a comment after `;`",
                "line": 6, "column": 1, "excerpt": "worse", "excerpt_column": 1,
            },
        ])
    );
    // An edit that the registry refuses takes those before it along.
    let file = "REGEDIT4\r\n\r\n[HKEY_LOCAL_MACHINE\\A]\r\n\r\n[-HKEY_LOCAL_MACHINE]\r\n";
    let refused = import(&api, "", "text/x-ms-regedit", file).await;
    assert_eq!(refused.problem(), "registry-edit-refused");
    assert_eq!(api.get("/registry/HKLM").await["subkeys"], json!(["System"]));
    assert_eq!(api.get("/events?type=registry.changed").await["items"], json!([]));
}

/// What a web page may send to anywhere without being asked is no file (docs/adr/0015-registry-over-http.md).
#[tokio::test]
async fn a_file_comes_under_its_own_type() {
    let api = Api::new().await;
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/json",
        "",
    ] {
        let answer = import(&api, "", kind, LISTS).await;
        assert_eq!(answer.problem(), "unsupported-media-type", "{kind}");
        assert!(answer.json()["hint"].to_string().contains("text/x-ms-regedit"), "{kind}");
    }
    let upper = import(&api, "", "Text/X-MS-Regedit; charset=utf-16le", LISTS).await;
    assert_eq!(upper.status, 200);
}

#[tokio::test]
async fn a_file_goes_to_the_node_that_is_named() {
    let api = Api::new().await;
    api.call("PATCH", "/cluster", r#"{"mode":"per_node"}"#).await.ok();
    import(&api, "?node=NODE2", "text/x-ms-regedit", LISTS).await.ok();
    let list = |node: &str| {
        format!("/registry/{POLLED_KEY}?value=Disable%20MAPI%20Client%20Processes&node={node}")
    };
    assert_eq!(api.get(&list("NODE2")).await["data"], "mdl.exe");
    assert_eq!(api.call("GET", &list("NODE1"), "").await.status, 404);
    let (_, here) = export(&api, "").await;
    let (_, there) = export(&api, "?node=NODE2").await;
    assert!(here.len() < there.len());
}

#[tokio::test]
async fn a_file_of_another_code_page_is_read_by_its_number() {
    let api = Api::new().await;
    // Cyrillic `я` is FF.
    let file = b"REGEDIT4\r\n\r\n[HKEY_LOCAL_MACHINE\\A]\r\n@=\"\xff\"\r\n".to_vec();
    import(&api, "?code_page=1251", "text/x-ms-regedit", file).await.ok();
    assert_eq!(api.get("/registry/HKLM%5CA?value=").await["data"], "\u{44f}");
    let (parts, _) = export(&api, "?format=regedit4").await;
    assert_eq!(parts.status, 409);
    let (parts, bytes) = export(&api, "?format=regedit4&code_page=1251").await;
    assert_eq!(parts.headers["content-type"], "text/x-ms-regedit; charset=windows-1251");
    assert!(bytes.windows(5).any(|part| part == b"@=\"\xff\""));
}

/// Edits of a file wait for the disk on the store's task, whatever the runtime.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_on_a_file_is_edited_over_http_and_a_reset_leaves_the_file_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.reg");
    std::fs::write(&path, LISTS).expect("the file is written");
    let registry = FileKeyStore::open(&path, AnsiCodePage::default()).expect("it is opened");
    let registry: Option<Arc<dyn Registry>> = Some(Arc::new(registry));
    let api = Api::with(StoreOptions { registry, ..options() }, Default::default()).await;
    assert_eq!(api.get("/block-lists/processes").await["in_force"], true);

    api.put("/block-lists/processes?apply=now", r#"{"data":"other.exe"}"#).await;
    api.call("PATCH", "/cluster", r#"{"mode":"checkpointed"}"#).await.ok();
    api.post("/cluster/failover", "").await;
    assert_eq!(api.get("/block-lists/processes").await["data"], "other.exe");

    let edited = std::fs::read_to_string(&path).expect("it is read");
    assert!(edited.contains("\"Disable MAPI Client Processes\"=\"other.exe\""), "{edited}");
    api.post("/reset", "").await;
    assert_eq!(api.get("/block-lists/processes").await["data"], "other.exe");
    assert_eq!(std::fs::read_to_string(&path).expect("it is read"), edited);

    // What is not there can't be edited, and the list stays.
    std::fs::remove_file(&path).expect("it is removed");
    let refused = api.call("PUT", "/registry/HKLM%5CA", "").await;
    assert_eq!(refused.problem(), "registry-unreadable");
    assert_eq!(api.post("/polls", "").await["reads"][0]["reading"], "unreadable");
    assert_eq!(api.call("GET", "/healthz/ready", "").await.status, 503);
    let client = api.post("/clients", r#"{"process":"other.exe"}"#).await;
    assert_eq!(client["outcome"], "ecClientVerDisallowed");
}
