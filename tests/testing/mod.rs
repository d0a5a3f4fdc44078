//! The crate exstore-testing, as a Rust test uses it.

use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use exstore_testing::{Client, Store};
use serde_json::json;

use crate::acceptance::http::Http;
use crate::server::wire_client::WireClient;

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic.downcast_ref::<String>().map_or("no message", String::as_str)
}

#[test]
fn a_store_begins_the_same_each_time() {
    let (first, second) = (Store::start(), Store::start());
    assert_ne!(first.name(), second.name());
    let state = |store: &Store| {
        let mut state = store.request("GET", "", None).expect("it is there");
        state.as_object_mut().expect("an object").remove("name");
        state
    };
    assert_eq!(state(&first), state(&second));
    assert_eq!(state(&first)["clock"]["now"], "2006-04-22T08:00:00Z");
    assert_eq!(first.rpc_address(), None);
    let test = ".testing.a_store_begins_the_same_each_time";
    assert!(first.name().ends_with(test), "{}", first.name());
}

#[test]
fn a_builder_s_options_are_the_store_s() {
    let store = Store::builder()
        .build("6.5.7638")
        .now("2007-01-01T00:00:00Z")
        .seed(9)
        .poll_interval(Duration::from_secs(60))
        .field("limits", json!({"sessions": 1}))
        .start();
    let state = store.request("GET", "", None).expect("it is there");
    assert_eq!((&state["seed"], &state["settings"]["build"]), (&"0x9".into(), &"6.5.7638".into()));
    assert_eq!(store.advance_to_next_poll().now, "2007-01-01T00:01:00Z");
    assert_eq!(store.inject("a.exe").state, "connected");
    assert_eq!(store.inject("b.exe").state, "refused", "one session is all that it takes");
    let real = Store::builder().clock("real").start();
    assert_eq!(real.request("GET", "/clock", None).expect("it is there")["mode"], "real");
}

#[test]
fn clients_lists_and_time_are_told_in_the_words_of_the_article() {
    let store = Store::start();
    let client = Client::of("mdl.exe").user("alice").machine("WKS1").version("11.0.8173.0");
    let named = store.inject(client.group("finance").classic());
    assert_eq!((named.user.as_str(), named.group.as_deref()), ("alice", Some("finance")));
    assert_eq!(store.inject_many("b.exe", 3).len(), 3);
    assert_eq!(store.inject_many(Client::unnamed(), 1).len(), 1);
    store.block_processes("mdl.exe");
    store.block_versions("11.0.5608.0-11.0.5608.0");
    let advanced = store.advance(Duration::from_secs(900));
    assert_eq!((advanced.polls_run, advanced.disconnected), (1, 5));
    assert!(store.sessions().is_empty());
    store.unblock();
    store.unblock();
    store.poll();
    assert_eq!(store.connect(named.id).state, "connected");
    assert_eq!(store.advance_to("2006-04-22T09:00:00Z").polls_run, 3);
    assert_eq!(store.clients().len(), 5);
    let cut = store.events().into_iter().filter(|event| event.event_type == "session.disconnected");
    assert_eq!(cut.count(), 5);
}

#[test]
fn many_pages_are_read_to_the_end() {
    let store = Store::start();
    assert_eq!(store.inject_many("a.exe", 2_500).len(), 2_500);
    assert_eq!((store.clients().len(), store.sessions().len()), (2_500, 2_500));
    assert_eq!(store.events().len(), 2_502);
}

#[test]
fn a_request_that_is_refused_panics_with_what_the_store_said() {
    let store = Store::start();
    let rows: [(&str, &dyn Fn()); 4] = [
        ("clock-backwards (422): store time is", &|| {
            drop(store.advance_to("2006-01-01T00:00:00Z"))
        }),
        ("client-not-found (404)", &|| drop(store.client(9))),
        ("no-rpc-port (409)", &|| drop(store.inject(Client::of("a.exe").tcp()))),
        ("invalid-body (400)", &|| drop(Store::builder().build("5.5").start())),
    ];
    for (said, asked) in rows {
        let panic = catch_unwind(AssertUnwindSafe(asked)).expect_err("it is refused");
        assert!(message(&*panic).contains(said), "{said}: {}", message(&*panic));
    }
    let refused = store.request("POST", "/clock/advance", Some(&json!({"by": "never"})));
    assert_eq!(refused.expect_err("it is refused").problem, "invalid-body");
}

#[test]
fn what_is_not_as_it_should_be_panics_with_how_it_stands() {
    let store = Store::start();
    store.inject("mdl.exe");
    let sessions = |count: u64| json!({"until": {"state": {"select": "sessions", "count": {"exactly": count}}}});
    assert_eq!(store.assert(&sessions(1))["conditions"][0]["holds"], true);
    let panic =
        catch_unwind(AssertUnwindSafe(|| store.assert(&sessions(2)))).expect_err("it fails");
    let said = message(&*panic);
    assert!(said.starts_with("POST /assertions: ") && said.contains("1 session"), "{said}");
    let never =
        json!({"until": {"event": {"type": "session.refused"}}, "clock": "auto", "within": "1m"});
    let panic = catch_unwind(AssertUnwindSafe(|| store.wait(&never))).expect_err("it fails");
    let said = message(&*panic);
    assert!(said.starts_with("POST /waits: wait-") && said.contains("session.refused"), "{said}");
}

#[test]
fn the_timeline_says_what_happened_and_why() {
    let store = Store::start();
    store.inject(Client::of("mdl.exe").user("alice").machine("WKS1"));
    store.block_processes("mdl.exe");
    store.advance_to_next_poll();
    let told = store.timeline();
    assert!(
        told.starts_with(&format!("what happened in the store `{}`:\n", store.name())),
        "{told}"
    );
    let line = "2006-04-22T08:15:00Z  mdl.exe of alice@WKS1 is disconnected  because it matches item 1 `mdl.exe` of \"Disable MAPI Client Processes\"";
    assert!(told.contains(line), "{told}");
}

#[test]
fn a_store_is_deleted_with_its_test_and_a_port_is_opened_for_who_asks() {
    let store = Store::builder().rpc().start();
    let address = store.rpc_address().expect("it asked for one");
    let mut client = WireClient::bind(address, None);
    client.connect(Some("OUTLOOK.EXE"));
    assert_eq!(store.sessions().len(), 1);
    assert_eq!(store.inject(Client::of("mdl.exe").tcp()).state, "connected");

    let http = Http::new(&store.control_url());
    let path = format!("/v1/stores/{}", store.name());
    assert_eq!(http.send("GET", &path, "", b"").status, 200);
    drop(store);
    assert_eq!(http.send("GET", &path, "", b"").status, 404);
    client.sees_fin_and_nothing_else();
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_store_works_within_a_runtime_of_the_test_s_own() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let store = Store::start();
        store.inject("mdl.exe");
        assert_eq!(store.sessions().len(), 1);
    });
}

#[test]
fn tests_in_parallel_know_nothing_of_each_other() {
    let barrier = Barrier::new(16);
    thread::scope(|scope| {
        for n in 1..=16 {
            let barrier = &barrier;
            scope.spawn(move || {
                barrier.wait();
                let store = Store::start();
                store.inject_many("mdl.exe", n);
                if n % 2 == 0 {
                    store.block_processes("mdl.exe");
                }
                let cut = store.advance_to_next_poll().disconnected;
                assert_eq!(cut, if n % 2 == 0 { n as u64 } else { 0 });
            });
        }
    });
}
