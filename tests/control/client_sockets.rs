//! Injected TCP clients whose sockets other processes hold. Here these are tasks: what they hear and say is the same.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use server::{ClientSockets, Helper, HelperSource, StoreOptions, hold_sockets};
use tokio::io::{duplex, split};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::{Api, options};

/// Helpers with so many places each.
#[derive(Debug, Default)]
struct Tasks {
    places: usize,
    started: AtomicUsize,
    running: Mutex<Vec<AbortHandle>>,
    let_go: watch::Sender<usize>,
}

/// What stands for the process of a helper: counts when it is let go of.
struct Process(watch::Sender<usize>);

impl Drop for Process {
    fn drop(&mut self) {
        self.0.send_modify(|let_go| *let_go += 1);
    }
}

impl HelperSource for Tasks {
    fn start(&self) -> io::Result<Helper> {
        if self.places == 0 {
            return Err(io::Error::other("there is none"));
        }
        self.started.fetch_add(1, Ordering::SeqCst);
        let (here, there) = duplex(64 << 10);
        let ((from, to), (hears, says)) = (split(here), split(there));
        let helper = tokio::spawn(hold_sockets(hears, says, self.places));
        self.running.lock().unwrap().push(helper.abort_handle());
        let process = Box::new(Process(self.let_go.clone()));
        Ok(Helper { to: Box::new(to), from: Box::new(from), process })
    }
}

/// A store with so many sockets of clients in its own process, and helpers with so many each.
async fn store(own: usize, places: usize) -> (Api, Arc<Tasks>) {
    let rpc = Some(([127, 0, 0, 1], 0).into());
    let api =
        Api::with(StoreOptions { rpc, max_connections: 4_000, ..options() }, Default::default());
    let (api, tasks) = (api.await, Arc::new(Tasks { places, ..Tasks::default() }));
    let source = Arc::clone(&tasks) as Arc<dyn HelperSource>;
    api.store.hold_clients_with(ClientSockets::new(source, own));
    (api, tasks)
}

/// The article's story; what the journal says of it but how the bytes travelled.
async fn story(api: &Api, transport: &str) -> Vec<Value> {
    for process in ["mdl.exe", "OUTLOOK.EXE", "mdl.exe"] {
        let reconnect = json!({ "reconnect": "back_off" });
        let clients = json!({ "process": process, "count": 3, "transport": transport,
            "on_disconnect": reconnect });
        let answer = api.call("POST", "/clients", &clients.to_string()).await;
        assert!(answer.status.is_success(), "{}", answer.text);
    }
    api.put("/block-lists/processes", r#"{"data":"mdl.exe"}"#).await;
    api.post("/clock/advance", r#"{"by":"20m"}"#).await;
    api.post("/clients/4/send", r#"{"process":"mdl.exe"}"#).await;
    api.post("/clients/5/disconnect", "").await;
    api.call("DELETE", "/block-lists/processes", "").await.ok();
    api.post("/clock/advance", r#"{"by":"1h"}"#).await;
    api.post("/clients/1/connect", "").await;
    let mut events = api.events().await;
    for event in &mut events {
        let event = event.as_object_mut().expect("an event");
        event.remove("transport");
        event.remove("address");
    }
    events
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_story_is_the_same_wherever_the_sockets_are() {
    let (pipe, _) = store(0, 0).await;
    let expected = story(&pipe, "pipe").await;
    for (own, places, helpers) in [(100, 0, 0), (4, 100, 1), (2, 3, 3), (0, 1, 9)] {
        let (api, tasks) = store(own, places).await;
        assert_eq!(story(&api, "tcp").await, expected, "{own} here, {places} with each helper");
        let started = tasks.started.load(Ordering::SeqCst);
        assert!(helpers <= started && (0 < helpers || started == 0), "{started} were started");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_helper_that_ends_is_connections_that_broke_and_no_more() {
    let (api, tasks) = store(2, 3).await;
    api.post("/clients", r#"{"process":"a.exe","count":8,"transport":"tcp"}"#).await;
    assert_eq!(tasks.started.load(Ordering::SeqCst), 2);
    tasks.running.lock().unwrap()[0].abort();
    let until = json!({ "timeout": "30s", "until": { "event": {
        "type": "session.ended", "where": { "reason": "transport" }, "count": { "exactly": 3 } } },
        "after": "1-0" });
    api.post("/waits", &until.to_string()).await;
    // The server may see the end of its sockets before that of the helper is heard.
    let mut let_go = tasks.let_go.subscribe();
    let gone = timeout(Duration::from_secs(120), let_go.wait_for(|let_go| *let_go == 1));
    drop(gone.await.expect("nothing is left of it, though nobody dials"));
    api.post("/clock/advance", r#"{"by":"1m"}"#).await;
    assert_eq!(api.get("/sessions").await["items"].as_array().unwrap().len(), 5);
    let clients = api.get("/clients").await;
    let broken = |client: &&Value| {
        client["outcome"].to_string().contains("the process that held the connection is gone")
    };
    let broken = clients["items"].as_array().unwrap().iter().filter(broken).count();
    assert_eq!(broken, 3, "{clients}");
    // Who connects again is held by another.
    for client in 3..=5 {
        api.post(&format!("/clients/{client}/connect"), "").await;
    }
    assert_eq!(api.get("/sessions").await["items"].as_array().unwrap().len(), 8);
    assert_eq!(tasks.started.load(Ordering::SeqCst), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_helper_that_does_not_start_is_a_connection_that_is_not_made() {
    let (api, _) = store(1, 0).await;
    api.post("/clients", r#"{"process":"a.exe","count":2,"transport":"tcp"}"#).await;
    let clients = api.get("/clients").await;
    assert_eq!(api.get("/sessions").await["items"].as_array().unwrap().len(), 1);
    assert!(clients["items"][1].to_string().contains("there is none"), "{clients}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn places_come_back_with_their_sockets() {
    let (api, tasks) = store(0, 2).await;
    for _ in 0..5 {
        api.post("/clients", r#"{"process":"a.exe","count":2,"transport":"tcp"}"#).await;
        for item in api.get("/clients").await["items"].as_array().unwrap() {
            api.call("DELETE", &format!("/clients/{}", item["id"]), "").await.ok();
        }
    }
    assert!(tasks.started.load(Ordering::SeqCst) < 5, "{tasks:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_connect_from_an_address_for_each_500() {
    let (api, _) = store(4_000, 0).await;
    api.post("/clients", r#"{"process":"a.exe","count":499}"#).await;
    api.post("/clients", r#"{"process":"b.exe","count":3,"transport":"tcp"}"#).await;
    let sessions = api.get("/sessions?limit=1000&q=process:b.exe").await;
    let items = sessions["items"].as_array().expect("a list");
    let addresses: Vec<&str> = items.iter().filter_map(|item| item["address"].as_str()).collect();
    assert_eq!(addresses, ["127.0.0.1", "127.0.0.2", "127.0.0.2"]);
}
