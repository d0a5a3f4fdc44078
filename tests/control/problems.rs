//! Every type of problem is made here by a request, and the table is held against what was made.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::Request;
use clock::{ClockMode, SimTime};
use control::{Access, ControlLimits, ProblemType, Secret};
use infostore::{Entry, Limits, MAX_FAULTS, Sequence, Settings};
use registry_poll::{
    AnsiCodePage, Edit, EditError, FileKeyStore, KeyPath, KeyStore, KeyStoreError, KeyTree,
    MAX_VALUE_BYTES, MemoryKeyStore, RegValue, Registry, ValueName,
};
use server::{
    ClientChange, Condition, Fact, Look, MAX_PENDING_EVENTS, MAX_WAITS, StoreOptions, Verdict,
    View, WaitTerms,
};

use super::{Answer, Api, POLLED_KEY, STORE, options};
use crate::server::notifications::subscribe;
use crate::server::wire_client::WireClient;

/// A request that comes to a problem, as a row: its slug, method, path and body.
const ROWS: &[(&str, &str, &str, &str)] = &[
    ("route-not-found", "GET", "/nowhere", ""),
    ("route-not-found", "GET", "/nothing/here", ""),
    ("method-not-allowed", "PUT", "/sessions", "{}"),
    ("invalid-json", "POST", "/clients", "{\n  \"process\": mdl.exe\n}"),
    ("invalid-json", "POST", "/clients", "{\"process\":\"a.exe\""),
    ("invalid-json", "POST", "/clients", "{} {}"),
    ("invalid-body", "POST", "/clients", r#"{"proces":"mdl.exe"}"#),
    ("invalid-body", "POST", "/clients", r#"{"count":0}"#),
    ("invalid-body", "POST", "/clients", r#"{"process":"a.exe","client_version":"10.0.0.0"}"#),
    ("invalid-body", "POST", "/clock/advance", "{}"),
    ("invalid-body", "POST", "/clock/advance", r#"{"by":"1m","next":"poll"}"#),
    ("invalid-body", "POST", "/clock/advance", r#"{"by":"fortnight"}"#),
    ("invalid-body", "POST", "/policy/explain", r#"{"process":"a.exe","session":1}"#),
    ("invalid-body", "POST", "/policy/explain", r#"{"session":1,"client_version":"11.0.0.0"}"#),
    ("invalid-body", "PATCH", "/polls/schedule", r#"{"interval":"1us"}"#),
    ("invalid-body", "PATCH", "/clock", r#"{"mode":"scaled:0"}"#),
    ("invalid-query", "GET", "/sessions?colour=red", ""),
    ("invalid-query", "GET", "/sessions?limit=0", ""),
    ("invalid-query", "GET", "/sessions?limit=1001", ""),
    ("invalid-query", "GET", "/sessions?limit=1&limit=2", ""),
    ("invalid-query", "GET", "/events?type=session.exploded", ""),
    ("invalid-query", "GET", "/events?after=yesterday", ""),
    ("invalid-query", "GET", "/registry/HKLM?node=no_node", ""),
    ("invalid-query", "GET", "/registry-export?format=v4", ""),
    ("invalid-query", "GET", "/registry-export?code_page=1252", ""),
    ("invalid-query", "GET", "/registry-export?format=regedit4&code_page=437", ""),
    ("invalid-query", "GET", "/registry-export?key=HKEY_MOON", ""),
    ("invalid-body", "POST", "/faults", r#"{"effect":{"registry":"slow"}}"#),
    ("invalid-body", "POST", "/faults", r#"{"effect":{"registry":"torn"},"schedule":{"next":0}}"#),
    ("invalid-query", "GET", "/events?wait=55s", ""),
    ("invalid-query", "GET", "/events/stream?after=1-9999", ""),
    ("invalid-query", "GET", "/events/stream?format=xml", ""),
    ("invalid-registry-key", "GET", "/registry/HKEY_MOON", ""),
    ("invalid-registry-key", "GET", "/registry/HKLM%5C%5Ca", ""),
    ("shutdown-not-allowed", "POST", "/v1/shutdown", ""),
    ("store-not-found", "GET", "/v1/stores/other/clock", ""),
    ("store-not-found", "DELETE", "/v1/stores/other", ""),
    ("store-exists", "POST", "/v1/stores", r#"{"name":"default"}"#),
    ("default-store", "DELETE", "/v1/stores/default", ""),
    ("default-store", "PATCH", "/v1/stores/default", r#"{"ttl":"10m"}"#),
    ("invalid-body", "POST", "/v1/stores", r#"{"name":"t 1"}"#),
    ("client-not-found", "GET", "/clients/9", ""),
    ("client-not-found", "POST", "/clients/nine/connect", ""),
    ("client-not-found", "POST", "/policy/explain", r#"{"client":9}"#),
    ("client-group-not-found", "GET", "/client-groups/nobody", ""),
    ("session-not-found", "GET", "/sessions/9", ""),
    ("session-not-found", "DELETE", "/sessions/9", ""),
    ("poll-not-found", "GET", "/polls/9", ""),
    ("decision-not-found", "GET", "/decisions/1", ""),
    ("registry-key-not-found", "GET", "/registry/HKLM%5CNowhere", ""),
    ("registry-value-not-found", "GET", "/registry/HKLM?value=x", ""),
    ("registry-value-not-found", "DELETE", "/registry/HKLM?value=x", ""),
    ("block-list-not-found", "GET", "/block-lists/process", ""),
    ("block-list-not-found", "DELETE", "/block-lists/clients", ""),
    ("problem-not-found", "GET", "/v1/problems/bad-weather", ""),
    ("no-rpc-port", "POST", "/clients", r#"{"transport":"tcp"}"#),
    ("registry-key-not-found", "GET", "/registry-export?key=HKLM%5CNowhere", ""),
    ("registry-edit-refused", "DELETE", "/registry/HKLM", ""),
    ("node-not-found", "GET", "/registry/HKLM?node=NODE2", ""),
    ("node-not-found", "POST", "/cluster/failover", r#"{"to":"NODE2"}"#),
    ("node-active", "POST", "/cluster/failover", r#"{"to":"NODE1"}"#),
    ("no-cluster", "POST", "/cluster/failover", ""),
    ("fault-not-found", "GET", "/faults/1", ""),
    ("fault-not-found", "DELETE", "/faults/1", ""),
    ("snapshot-not-found", "GET", "/snapshots/1", ""),
    ("user-not-found", "GET", "/users/alice", ""),
    ("user-not-found", "DELETE", "/users/alice", ""),
    ("invalid-user-name", "PUT", "/users/a@b", r#"{"password":"x"}"#),
    ("invalid-body", "PUT", "/users/alice", "{}"),
    ("scenario-not-found", "GET", "/scenarios/s", ""),
    ("scenario-not-found", "POST", "/scenarios/s/runs", ""),
    (
        "invalid-body",
        "POST",
        "/scenarios",
        r#"{"name":"s","about":"a","start":"today","steps":[]}"#,
    ),
    ("hotfix-installed", "POST", "/build/install-hotfix", ""),
    ("cursor-gone", "GET", "/events?after=3-1", ""),
    ("assertion-not-met", "POST", "/assertions", r#"{"until":{"quiescent":false}}"#),
    ("wait-timeout", "POST", "/waits", r#"{"timeout":"0s","until":{"quiescent":false}}"#),
    (
        "wait-deadlock",
        "POST",
        "/waits",
        r#"{"clock":"auto","within":"1m","until":{"quiescent":false}}"#,
    ),
    (
        "wait-hopeless",
        "POST",
        "/waits",
        r#"{"after":"1-0","until":{"not":{"event":{"type":"store.started"}}}}"#,
    ),
    ("clock-backwards", "POST", "/clock/advance", r#"{"to":"2006-04-22T07:59:59Z"}"#),
    ("clock-out-of-range", "POST", "/clock/advance", r#"{"by":"9000000d"}"#),
];

/// One of them takes a registry that waits, which needs a thread.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_type_of_problem_is_made_and_explained() {
    let api = Api::with(options(), limits()).await;
    let mut made = BTreeSet::new();
    for (slug, method, path, body) in ROWS {
        let answer = api.call(method, path, body).await;
        assert_eq!(answer.problem(), *slug, "{method} {path} {body}: {}", answer.text);
        made.insert((*slug).to_owned());
    }
    for answer in made_by_other_means().await {
        made.insert(answer.problem());
    }

    let table: BTreeSet<_> = ProblemType::ALL.iter().map(|kind| kind.slug().to_owned()).collect();
    assert_eq!(table.len(), ProblemType::ALL.len(), "two types have one slug");
    assert_eq!(made, table);

    for kind in ProblemType::ALL {
        let path = format!("/v1/problems/{}", kind.slug());
        let explained = api.get(&path).await;
        assert_eq!(explained["status"], kind.status().as_u16());
        assert_eq!(explained["title"], kind.title());
        let text = Request::get(&path).header("host", "localhost").header("accept", "text/plain");
        let text = api.send(text.body(Body::empty()).expect("a request")).await;
        assert!(text.text.contains(kind.explanation()), "{}", text.text);
    }
    let listed = api.get("/v1/problems").await;
    insta::assert_snapshot!(serde_json::to_string_pretty(&listed).expect("it is JSON"));
}

/// Those that need more than one request, or a store of another kind.
async fn made_by_other_means() -> Vec<Answer> {
    vec![
        store_moved().await,
        client_not_connected().await,
        clock_not_manual().await,
        super::recordings::clock_left_alone().await,
        not_registered().await,
        too_many_events().await,
        too_many_connections().await,
        too_many_stores().await,
        port_unavailable().await,
        invalid_header().await,
        super::idempotency::key_reused().await,
        super::conditional::precondition_failed().await,
        too_many_streams().await,
        payload_too_large().await,
        registry_edit_refused().await,
        registry_unreadable().await,
        invalid_reg_file().await,
        not_exportable().await,
        checkpoint_not_restored().await.0,
        service_stopped().await,
        too_many_faults().await,
        super::users::too_many_users().await,
        super::snapshots_api::too_many_snapshots().await,
        super::snapshots_api::snapshots_too_large().await,
        too_many_waits().await,
        no_hotfix_for("6.5.7226").await,
        no_hotfix_for("8.0.685.24").await,
        unsupported_media_type().await,
        host_not_allowed().await,
        origin_not_allowed().await,
        internal().await,
        store_stopped().await,
        request_timeout().await,
        body_too_slow().await,
        too_many_requests().await,
        invalid_host().await,
        not_authorised().await,
        super::safety::server_busy().await,
        super::scenario_runs::invalid_scenario().await,
        super::scenario_runs::too_many_scenarios().await,
        super::scenario_runs::scenario_exists().await,
        super::scenario_runs::run_not_found().await,
        super::scenario_runs::scenario_running().await,
    ]
}

async fn store_moved() -> Answer {
    let api = Api::new().await;
    api.post("/clients", "{}").await;
    api.call("PUT", "/block-lists/processes?if_cursor=1-2", r#"{"data":"a.exe"}"#).await
}

async fn client_not_connected() -> Answer {
    let api = Api::new().await;
    api.post("/clients", "{}").await;
    api.post("/clients/1/disconnect", "").await;
    api.call("POST", "/clients/1/send", "").await
}

/// An injected client registers for nothing.
async fn not_registered() -> Answer {
    let api = Api::new().await;
    api.post("/clients", "{}").await;
    api.call("POST", "/sessions/1/notifications", "").await
}

async fn too_many_events() -> Answer {
    let rpc = Some(([127, 0, 0, 1], 0).into());
    let api = Api::with(StoreOptions { rpc, ..options() }, limits()).await;
    let server = api.store.rpc_address().expect("a port");
    let registers = move || {
        let mut client = WireClient::bind(server, None);
        let handle = client.connect(None).handle;
        subscribe(&mut client, handle);
        client
    };
    let _client = tokio::task::spawn_blocking(registers).await.expect("it registers");
    let path = "/sessions/1/notifications";
    let notified = api.post(path, r#"{"kind":"new_mail","message_class":"IPM.Task"}"#).await;
    let expected =
        serde_json::json!({ "session": 1, "kind": "new_mail", "told": 1, "push": "not_asked" });
    assert_eq!(notified, expected);
    for class in ["", "caf\u{e9}", &"x".repeat(256)] {
        let body = format!(r#"{{"message_class":"{class}"}}"#);
        assert_eq!(api.call("POST", path, &body).await.problem(), "invalid-body", "{class}");
    }
    for _ in 1..MAX_PENDING_EVENTS {
        api.post(path, "").await;
    }
    api.call("POST", path, "").await
}

async fn clock_not_manual() -> Answer {
    let api = Api::with(StoreOptions { clock: ClockMode::Real, ..options() }, limits()).await;
    api.call("POST", "/clock/advance", r#"{"by":"1s"}"#).await
}

async fn too_many_connections() -> Answer {
    let rpc = Some(([127, 0, 0, 1], 0).into());
    let api = Api::with(StoreOptions { rpc, max_connections: 0, ..options() }, limits()).await;
    api.call("POST", "/clients", r#"{"transport":"tcp"}"#).await
}

async fn too_many_stores() -> Answer {
    let api = Api::new().await.taking(1);
    api.call("POST", "/v1/stores", r#"{"name":"t1"}"#).await
}

async fn port_unavailable() -> Answer {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    let api = Api::new().await;
    let body = format!(r#"{{"name":"t1","rpc":"{address}"}}"#);
    let answer = api.call("POST", "/v1/stores", &body).await;
    // Nothing is left of the attempt.
    api.post("/v1/stores", r#"{"name":"t1"}"#).await;
    answer
}

async fn invalid_header() -> Answer {
    let request = Request::get(format!("{STORE}/events/stream")).header("host", "localhost");
    let request = request.header("last-event-id", "yesterday").body(Body::empty());
    Api::new().await.send(request.expect("a request")).await
}

async fn too_many_streams() -> Answer {
    let limits = ControlLimits { streams: 0, ..limits() };
    let api = Api::with(options(), limits).await;
    let answer = api.call("GET", "/events/stream", "").await;
    assert_eq!(answer.header("retry-after"), "1");
    answer
}

async fn payload_too_large() -> Answer {
    let limits = ControlLimits { body_bytes: 16, ..limits() };
    let api = Api::with(options(), limits).await;
    api.call("POST", "/clients", r#"{"process":"much too long.exe"}"#).await
}

async fn registry_edit_refused() -> Answer {
    let api = Api::new().await;
    let body = format!(r#"{{"type":"REG_SZ","data":"{}"}}"#, "a".repeat(MAX_VALUE_BYTES / 2));
    api.call("PUT", &format!("/registry/{POLLED_KEY}?value=long"), &body).await
}

/// A store on a file that is taken away.
async fn registry_unreadable() -> Answer {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.reg");
    std::fs::write(&path, "REGEDIT4\r\n").expect("the file is written");
    let registry = FileKeyStore::open(&path, AnsiCodePage::default()).expect("it is opened");
    let registry: Option<Arc<dyn Registry>> = Some(Arc::new(registry));
    let api = Api::with(StoreOptions { registry, ..options() }, limits()).await;
    std::fs::remove_file(&path).expect("the file is removed");
    api.call("GET", "/registry/HKLM", "").await
}

async fn invalid_reg_file() -> Answer {
    let request = Request::post(format!("{STORE}/registry-import")).header("host", "localhost");
    let request = request.header("content-type", "text/x-ms-regedit").body("REGEDIT5".into());
    Api::new().await.send(request.expect("a request")).await
}

async fn not_exportable() -> Answer {
    let api = Api::new().await;
    api.call("PUT", "/registry/HKLM%5Ctwo%0Alines", "").await.ok();
    api.call("GET", "/registry-export", "").await
}

/// A service that has stopped has no poll, and nothing is written for one.
async fn service_stopped() -> Answer {
    let (_, api) = checkpoint_not_restored().await;
    let list = "/block-lists/processes";
    let answer = api.call("PUT", &format!("{list}?apply=now"), r#"{"data":"a.exe"}"#).await;
    assert_eq!(api.get(list).await["data"], serde_json::Value::Null);
    let next = api.call("POST", "/clock/advance", r#"{"next":"poll"}"#).await;
    assert_eq!(next.problem(), "service-stopped");
    answer
}

/// The refusal, and the store that it leaves stopped.
async fn checkpoint_not_restored() -> (Answer, Api) {
    let registry: Option<Arc<dyn Registry>> = Some(Arc::new(NeverRestored::default()));
    let api = Api::with(StoreOptions { registry, ..options() }, limits()).await;
    api.call("PATCH", "/cluster", r#"{"mode":"checkpointed"}"#).await.ok();
    let answer = api.call("POST", "/restart", "").await;
    // It has stopped, and says so.
    assert_eq!(api.get("/v1/stores/default").await["running"], false);
    assert_eq!(api.get("/cluster").await["nodes"][0]["state"], "offline");
    assert_eq!(api.call("GET", "/healthz/ready", "").await.status, 503);
    (answer, api)
}

/// A registry that nothing can be restored in.
#[derive(Debug, Default)]
struct NeverRestored(MemoryKeyStore);

impl KeyStore for NeverRestored {
    fn query_value(
        &self,
        key: &KeyPath,
        name: &ValueName,
    ) -> Result<Option<RegValue>, KeyStoreError> {
        self.0.query_value(key, name)
    }
}

impl Registry for NeverRestored {
    fn tree(&self) -> Result<Arc<KeyTree>, KeyStoreError> {
        self.0.tree()
    }

    fn edit(&self, edits: &[Edit]) -> Result<Vec<bool>, EditError> {
        self.0.edit(edits)
    }

    fn replace(&self, _: &KeyPath, _: &KeyTree) -> Result<bool, EditError> {
        Err(EditError::Unwritable { reason: "somebody holds the key open".to_owned() })
    }
}

async fn too_many_faults() -> Answer {
    let api = Api::new().await;
    let fault = r#"{"effect":{"registry":"torn"}}"#;
    for _ in 0..MAX_FAULTS {
        api.post("/faults", fault).await;
    }
    api.call("POST", "/faults", fault).await
}

/// A condition that never holds.
struct Never;

impl Condition for Never {
    type Report = ();

    fn see(&mut self, _: &Fact<'_, Entry>) {}

    fn see_client(&mut self, _: &Fact<'_, ClientChange>) {}

    fn look(&mut self, _: Look<'_>) -> Verdict {
        Verdict::Open
    }

    fn next_deadline(&self) -> Option<SimTime> {
        None
    }

    fn report(&self, _: Look<'_>) {}
}

async fn too_many_waits() -> Answer {
    let api = Api::new().await;
    let terms = WaitTerms { within: None, auto: false, once: false };
    let mut waits = Vec::new();
    for _ in 0..MAX_WAITS {
        let never = |_: View<'_>| Ok::<_, ()>((Never, Sequence(0)));
        waits.push(api.store.wait(terms, never).await.expect("there is room"));
    }
    let body = r#"{"timeout":"0s","until":{"quiescent":true}}"#;
    let answer = api.call("POST", "/waits", body).await;
    assert_eq!(answer.header("retry-after"), "1");
    // Those that nobody waits for any more make room.
    drop(waits);
    api.post("/waits", body).await;
    answer
}

async fn no_hotfix_for(build: &str) -> Answer {
    let api = Api::new().await;
    api.call("PATCH", "/build", &format!(r#"{{"build":"{build}"}}"#)).await.ok();
    api.call("POST", "/build/install-hotfix", "").await
}

async fn unsupported_media_type() -> Answer {
    let api = Api::new().await;
    let request = Request::post(format!("{STORE}/clients")).header("host", "localhost");
    let request = request.header("content-type", "text/plain").body("{}".into());
    api.send(request.expect("a request")).await
}

async fn host_not_allowed() -> Answer {
    let request = Request::get("/v1/info").header("host", "evil.example");
    Api::new().await.send(request.body(Body::empty()).expect("a request")).await
}

async fn origin_not_allowed() -> Answer {
    let request = Request::post(format!("{STORE}/reset")).header("host", "localhost");
    let request = request.header("origin", "http://evil.example").body(Body::empty());
    Api::new().await.send(request.expect("a request")).await
}

async fn internal() -> Answer {
    let answer = with_body(ControlLimits::default(), Strange::Panics).await;
    assert!(!answer.text.contains("the body itself"), "{}", answer.text);
    answer
}

async fn request_timeout() -> Answer {
    let limits = ControlLimits { request_timeout: Duration::from_millis(1), ..limits() };
    with_body(limits, Strange::NeverEnds).await
}

async fn body_too_slow() -> Answer {
    let limits = ControlLimits { body_timeout: Duration::from_millis(1), ..limits() };
    with_body(limits, Strange::NeverEnds).await
}

async fn too_many_requests() -> Answer {
    let limits = ControlLimits { bodies_bytes: 1, ..limits() };
    let answer = Api::with(options(), limits).await.call("POST", "/clients", "{}").await;
    assert_eq!(answer.header("retry-after"), "1");
    answer
}

async fn invalid_host() -> Answer {
    let request = Request::get("/v1/info").body(Body::empty());
    Api::new().await.send(request.expect("a request")).await
}

async fn not_authorised() -> Answer {
    let token = Secret::parse("0123456789abcdef").expect("a secret");
    let access = Access { token: Some(token), ..Access::default() };
    let api = Api::for_whom(options(), limits(), access).await;
    api.call("GET", "/v1/info", "").await
}

async fn with_body(limits: ControlLimits, body: Strange) -> Answer {
    let request = Request::post(format!("{STORE}/clients")).header("host", "localhost");
    let request = request.header("content-type", "application/json").body(Body::new(body));
    Api::with(options(), limits).await.send(request.expect("a request")).await
}

async fn store_stopped() -> Answer {
    let api = Api::new().await;
    api.store.stop().await.expect("it stops once");
    api.call("GET", "/clock", "").await
}

fn limits() -> ControlLimits {
    ControlLimits::default()
}

/// A body as no client should send it.
enum Strange {
    /// It takes whoever reads it down.
    Panics,
    /// It keeps whoever reads it waiting.
    NeverEnds,
}

impl HttpBody for Strange {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        match *self {
            Self::Panics => panic!("the body itself"),
            Self::NeverEnds => Poll::Pending,
        }
    }
}

#[tokio::test]
async fn a_problem_says_where_and_what() {
    let api = Api::new().await;
    let rows = [
        ("POST", "/clients", "{\n  \"process\": mdl.exe\n}"),
        ("POST", "/clients", r#"{"proces":"mdl.exe"}"#),
        ("POST", "/clients", r#"{"on_disconnect":{"reconnect":"always"}}"#),
        ("POST", "/clients", r#"{"on_disconnect":{"when":1}}"#),
        ("POST", "/clients", r#"{"process":"a.exe","client_version":"10.0.0.0"}"#),
        ("POST", "/policy/explain", r#"{"processes":["a.exe",2]}"#),
        ("GET", "/sessions?colour=red", ""),
        ("GET", "/sessions?limit=many", ""),
        ("GET", "/sessions?limit=0", ""),
        ("PUT", "/sessions", ""),
        ("GET", "/v1/stores/other", ""),
    ];
    let mut told = String::new();
    for (method, path, body) in rows {
        let mut document = api.call(method, path, body).await.json();
        document.as_object_mut().expect("an object").remove("request_id");
        let document = serde_json::to_string_pretty(&document).expect("it is JSON");
        told.push_str(&format!("{method} {path} {body}\n{document}\n\n"));
    }
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn a_refused_method_is_told_which_are_served() {
    let api = Api::new().await;
    for (method, path, allow) in [
        ("PUT", "/sessions".to_owned(), "GET,HEAD"),
        ("PUT", "/clients/1".to_owned(), "GET,HEAD,PATCH,DELETE"),
        ("POST", format!("/registry/{POLLED_KEY}"), "GET,HEAD,PUT,DELETE"),
        ("PUT", "/cluster".to_owned(), "GET,HEAD,PATCH"),
    ] {
        let answer = api.call(method, &path, "").await;
        assert_eq!(answer.problem(), "method-not-allowed");
        assert_eq!(answer.header("allow"), allow, "{path}");
    }
}

#[tokio::test]
async fn problems_of_a_store_carry_its_cursor_too() {
    let api = Api::new().await;
    let problem = api.call("GET", "/clients/9", "").await;
    let fine = api.call("GET", "/clients", "").await;
    assert_eq!(problem.header("exstore-cursor"), fine.header("exstore-cursor"));
    assert_eq!(fine.header("exstore-cursor"), "1-2");
}

#[tokio::test]
async fn a_refusal_that_is_not_the_policys_has_a_code_and_no_item() {
    let limits = Limits { sessions: 1, ..Limits::default() };
    let settings = Settings { limits, ..Settings::default() };
    let api = Api::with(StoreOptions { settings, ..options() }, self::limits()).await;
    let clients = api.post("/clients", r#"{"process":"a.exe","count":2}"#).await;
    assert_eq!(clients["items"][1]["outcome"], "ecSessionLimit");
    let refused = &api.get("/events?type=session.refused").await["items"][0];
    assert_eq!(refused["refusal"], "session_limit");
    assert_eq!(refused["decision"], serde_json::Value::Null);
}
