//! Transcripts: every PDU of a store's connections, taken apart.

use serde_json::{Value, json};

use super::Api;
use crate::acceptance::http::Http;
use crate::running::Running;
use crate::server::wire_client::{WireClient, ext2_request};

async fn packets(api: &Api, path: &str) -> Vec<Value> {
    api.get(path).await["items"].as_array().expect("a list").clone()
}

/// Direction, type, operation and session of each packet.
fn told(packets: &[Value]) -> Vec<String> {
    let word = |packet: &Value, name: &str| match &packet[name] {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    };
    let names = ["direction", "type", "operation", "session"];
    packets.iter().map(|packet| names.map(|name| word(packet, name)).join(" ")).collect()
}

#[tokio::test]
async fn a_session_s_transcript_is_its_connection_from_the_bind_on() {
    let api = Api::new().await;
    api.post("/clients", r#"{"process":"mdl.exe","user":"alice"}"#).await;
    api.post("/clients", r#"{"process":"outlook.exe"}"#).await;
    let packets = packets(&api, "/sessions/1/transcript").await;
    assert_eq!(
        told(&packets),
        [
            "received bind - -",
            "sent bind_ack - -",
            "received request EcDoConnectEx 1",
            "sent response EcDoConnectEx 1",
            "received request EcDoRpcExt2 1",
            "sent response EcDoRpcExt2 1",
        ]
    );
    let connect = &packets[2]["decoded"];
    assert_eq!(connect["rgbAuxIn"][1]["block"], "AUX_PERF_PROCESSINFO");
    assert_eq!(connect["rgbAuxIn"][1]["ProcessName"], "mdl.exe");
    assert_eq!(
        connect["rgwClientVersion"],
        json!({ "version": "11.0.5608.0", "words": "000B 15E8 0000" })
    );
    assert_eq!(packets[3]["decoded"]["ReturnValue"], "ecNone (0x00000000)");
    assert_eq!(packets[4]["decoded"]["rgbIn"][0]["payload"]["rops"][0]["rop"], "RopLogon");
    assert_eq!(packets[4]["decoded"]["pcxh"], packets[3]["decoded"]["pcxh"]);
    assert_eq!(
        packets[5]["decoded"]["rgbOut"][0]["payload"]["rops"][0]["ReturnValue"],
        "ecNone (0x00000000)"
    );
    assert_eq!(packets[0]["decoded"]["p_context_elem"][0]["p_cont_id"], 0);
    assert!(packets.iter().all(|packet| packet["problem"].is_null() && packet["client_id"] == 1));
}

#[tokio::test]
async fn a_refusal_is_in_the_store_s_transcript_with_its_code() {
    let api = Api::new().await;
    api.put("/block-lists/processes?apply=now", r#"{"data":"mdl.exe"}"#).await;
    api.post("/clients", r#"{"process":"mdl.exe"}"#).await;
    let packets = packets(&api, "/transcript?client=1").await;
    let answer = packets.iter().find(|packet| packet["type"] == "response").expect("an answer");
    assert_eq!(answer["decoded"]["ReturnValue"], "ecClientVerDisallowed (0x000004DF)");
    assert_eq!(answer["decoded"]["pcxh"], Value::Null);
    assert_eq!(answer["session"], Value::Null);
}

#[tokio::test]
async fn what_a_session_that_was_cut_off_is_answered_is_there() {
    let api = Api::new().await;
    let store = api.call("PATCH", "", r#"{"disconnect":"context"}"#).await;
    assert_eq!(store.status, 200);
    api.post("/clients", r#"{"process":"mdl.exe"}"#).await;
    api.put("/block-lists/processes?apply=now", r#"{"data":"mdl.exe"}"#).await;
    api.post("/clients/1/send", "{}").await;
    let packets = packets(&api, "/sessions/1/transcript").await;
    let last =
        packets.iter().rfind(|packet| packet["operation"] == "EcDoRpcExt2").expect("an answer");
    assert_eq!((&last["direction"], &last["decoded"]["pcxh"]), (&json!("sent"), &Value::Null));
    assert_eq!(last["decoded"]["ReturnValue"], "ecClientVerDisallowed (0x000004DF)");
}

#[tokio::test]
async fn bytes_are_shown_on_demand_and_begin_with_the_version() {
    let api = Api::new().await;
    api.post("/clients", r#"{"process":"mdl.exe"}"#).await;
    for packet in packets(&api, "/transcript?hex=true").await {
        let hex = packet["hex"].as_str().expect("digits");
        assert!(hex.starts_with("0500"), "{hex}");
        assert_eq!(hex.len() / 2, usize::try_from(packet["length"].as_u64().unwrap()).unwrap());
    }
    for packet in packets(&api, "/transcript").await {
        assert!(packet.get("hex").is_none());
    }
}

#[tokio::test]
async fn pages_follow_each_other_without_a_gap() {
    let api = Api::new().await;
    api.post("/clients", r#"{"process":"mdl.exe","count":5}"#).await;
    let all = packets(&api, "/transcript?limit=1000").await;
    let (mut paged, mut after) = (Vec::new(), String::new());
    loop {
        let page = api.get(&format!("/transcript?limit=7{after}")).await;
        paged.extend(page["items"].as_array().unwrap().clone());
        match page["next"].as_u64() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(paged, all);
    assert_eq!(all.len(), 30);
    let one = &all[7]["connection"];
    let of_one = packets(&api, &format!("/transcript?connection={one}")).await;
    assert_eq!(of_one.len(), 6);
    assert!(of_one.iter().all(|packet| packet["connection"] == *one));
}

#[tokio::test]
async fn the_oldest_leaves_when_four_mebibytes_are_full_and_what_is_left_can_be_read() {
    let api = Api::new().await;
    api.post("/clients", r#"{"process":"mdl.exe","count":3500}"#).await;
    let page = api.get("/transcript?limit=1000").await;
    assert!(0 < page["dropped"].as_u64().unwrap());
    assert!(packets(&api, "/sessions/1/transcript").await.is_empty(), "it is live, and silent");
    assert_eq!(packets(&api, "/sessions/3500/transcript").await.len(), 6);
    api.post("/clients/1/send", "{}").await;
    let later = packets(&api, "/sessions/1/transcript").await;
    let expected = ["received request EcDoRpcExt2 1", "sent response EcDoRpcExt2 1"];
    assert_eq!(told(&later), expected, "though its bind has left");
    assert!(later.iter().all(|packet| packet["problem"].is_null()));
}

/// 32,766 zeroes in eleven bytes: a literal, and a match of all the rest.
const PACKED: [u8; 11] = [0xff, 0xff, 0xff, 0x7f, 0, 0x07, 0, 0x0f, 0xff, 0xfa, 0x7f];

/// A peer chooses how much a byte unpacks to, whether or not the store takes its call.
#[test]
fn an_answer_takes_no_more_apart_than_a_mebibyte() {
    let server = Running::start();
    let mut client = WireClient::bind(server.rpc, None);
    let payload = |last: u8| [&[0, 0, 1 | last, 0, 11, 0, 0xfe, 0x7f][..], &PACKED].concat();
    let chain = [vec![payload(0); 95].concat(), payload(4)].concat();
    client.call(11, &ext2_request([7; 20], chain).encode());
    client.call(6, &[]);
    let http = Http::new(&server.url);
    let answer = http.send("GET", "/v1/stores/default/transcript", "", b"").body;
    let page: Value = serde_json::from_slice(&answer).unwrap();
    let of = |name: &str| {
        let items = page["items"].as_array().unwrap();
        items.iter().find(|packet| packet["operation"] == name).unwrap().clone()
    };
    let why = of("EcDoRpcExt2")["problem"].as_str().unwrap_or_default().to_owned();
    assert!(why.contains("more than 1 MiB"), "{why}");
    assert_eq!(of("EcDummyRpc")["decoded"], json!({}), "what is small is taken apart all the same");
    assert!(answer.len() < 100_000, "{} bytes", answer.len());
}

#[tokio::test]
async fn a_reset_forgets_it_and_an_unknown_session_has_none() {
    let api = Api::new().await;
    api.post("/clients", r#"{"process":"mdl.exe"}"#).await;
    assert!(!packets(&api, "/transcript").await.is_empty());
    assert_eq!(api.call("GET", "/sessions/2/transcript", "").await.status, 404);
    api.post("/reset", "").await;
    assert_eq!(api.call("GET", "/sessions/1/transcript", "").await.status, 404);
    assert!(packets(&api, "/transcript").await.is_empty());
}
