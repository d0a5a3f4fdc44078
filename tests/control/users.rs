//! The users of a store: set, shown, and taken away; and that nothing tells what they prove themselves with.

use axum::body::Body;
use axum::http::Request;
use infostore::Settings;
use serde_json::{Value, json};
use server::{
    AccountName, Directory, DomainName, MAX_USERS, NtHash, StoreOptions, User, UserChange,
    UserRights,
};

use super::{Answer, Api, options};

const SECRET: &str = "correct horse battery";

const ALICE_DN: &str = "/o=First Organization/ou=First Administrative Group/cn=Recipients/cn=alice";

/// The NT hash of the secret, as somebody would write it.
fn digits() -> String {
    let bytes = NtHash::of_password(SECRET).to_bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn with_password(more: &Value) -> String {
    let mut body = json!({ "password": SECRET });
    let fields = body.as_object_mut().expect("an object");
    fields.extend(more.as_object().expect("an object").clone());
    body.to_string()
}

fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().expect("a list");
    items.iter().map(|user| user["name"].as_str().expect("a name")).collect()
}

#[tokio::test]
async fn users_are_set_shown_and_taken_away() {
    let api = Api::new().await;
    let made = api.call("PUT", "/users/alice", &with_password(&json!({}))).await;
    assert_eq!(made.status, 201);
    let alice = json!({
        "name": "alice", "domain": "EXSTORE", "dn": ALICE_DN, "admin": false, "revision": 1,
    });
    assert_eq!(made.json(), alice);
    assert_eq!(api.get("/users/ALICE").await, alice);
    let body = json!({ "nt_hash": digits(), "dn": "/o=x/cn=root", "admin": true });
    api.put("/users/Root", &body.to_string()).await;
    api.put("/users/bob", &with_password(&json!({}))).await;
    assert_eq!(names(&api.get("/users").await), ["alice", "bob", "Root"]);
    assert_eq!(api.get("/v1/stores/default").await["counts"]["users"], 3);

    // Without a password it keeps its own; the rest is as the request has it.
    let changed = api.call("PUT", "/users/root", "{}").await;
    assert_eq!(changed.status, 200);
    let root = changed.json();
    assert_eq!((&root["name"], &root["revision"]), (&json!("root"), &json!(2)));
    assert_eq!(root["admin"], false);
    assert!(root["dn"].as_str().expect("a name").ends_with("/cn=Recipients/cn=root"));

    assert_eq!(api.call("DELETE", "/users/BOB", "").await.status, 204);
    assert_eq!(api.call("DELETE", "/users/bob", "").await.problem(), "user-not-found");
    let told = api.events().await;
    let told = told.iter().filter(|event| event["name"].is_string());
    let told: Vec<_> = told
        .map(|event| {
            assert_eq!(event["cause"], "control");
            format!("{} {}", event["type"], event["name"]).replace('"', "")
        })
        .collect();
    assert_eq!(
        told,
        [
            "user.changed alice",
            "user.changed Root",
            "user.changed bob",
            "user.changed root",
            "user.removed bob",
        ]
    );
}

#[tokio::test]
async fn the_list_comes_in_pages() {
    let api = Api::new().await;
    for number in 0..5 {
        api.put(&format!("/users/user{number}"), &with_password(&json!({}))).await;
    }
    let first = api.get("/users?limit=2").await;
    assert_eq!((names(&first), &first["next"]), (vec!["user0", "user1"], &json!("user1")));
    api.call("DELETE", "/users/user1", "").await.ok();
    let rest = api.get("/users?limit=3&after=USER1").await;
    assert_eq!((names(&rest), &rest["next"]), (vec!["user2", "user3", "user4"], &Value::Null));
}

/// Bodies that are no user, and where each is wrong.
fn wrong_bodies() -> Vec<(String, &'static str)> {
    let digits = digits();
    let one_less = digits.strip_prefix(|_: char| true).expect("digits");
    let both = json!({ "password": SECRET, "nt_hash": digits });
    let long = json!({ "password": SECRET.repeat(20) });
    vec![
        (both.to_string(), "#/nt_hash"),
        (long.to_string(), "#/password"),
        (json!({ "password": "" }).to_string(), "#/password"),
        (json!({ "password": [SECRET] }).to_string(), "#/password/0"),
        (json!({ "password": { SECRET: SECRET } }).to_string(), "#/password"),
        (json!({ "password": 8_675_309 }).to_string(), "#/password"),
        (json!({ "nt_hash": SECRET }).to_string(), "#/nt_hash"),
        (json!({ "nt_hash": one_less }).to_string(), "#/nt_hash"),
        (json!({ "nt_hash": format!("{one_less}g") }).to_string(), "#/nt_hash"),
        (json!({ "nt_hash": 8_675_309 }).to_string(), "#/nt_hash"),
        (with_password(&json!({ "dn": SECRET })), "#/dn"),
        (format!("{{\"password\":\"{SECRET}"), "#/password"),
        (format!("{{\"password\":\"{SECRET}\\x\"}}"), "#/password"),
        ("{}".to_owned(), "#"),
    ]
}

#[tokio::test]
async fn what_is_no_user_is_refused_with_its_place_and_nothing_is_done() {
    let api = Api::new().await;
    let before = api.events().await;
    for (body, pointer) in wrong_bodies() {
        let answer = api.call("PUT", "/users/carol", &body).await;
        assert!(["invalid-body", "invalid-json"].contains(&&*answer.problem()), "{}", answer.text);
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{body}: {}", answer.text);
    }
    for name in ["a%5Cb", "a@b", "%20a", "a%00b", "%2E", &"x".repeat(65)] {
        let answer = api.call("PUT", &format!("/users/{name}"), &with_password(&json!({}))).await;
        assert_eq!(answer.problem(), "invalid-user-name", "{name}");
    }
    let no_dn = api.call("PUT", "/users/j%C3%BCrgen", &with_password(&json!({}))).await;
    assert_eq!(no_dn.json()["errors"][0]["pointer"], "#/dn", "{}", no_dn.text);
    assert_eq!(before, api.events().await);
    let dn = with_password(&json!({ "dn": "/o=x/cn=juergen" }));
    assert_eq!(api.put("/users/j%C3%BCrgen", &dn).await["name"], "j\u{fc}rgen");
}

/// As many users as a store takes, and one more.
pub(super) async fn too_many_users() -> Answer {
    let mut directory = Directory::default();
    for number in 0..MAX_USERS {
        let name = AccountName::parse(&format!("user{number}")).expect("a name");
        let user = User::new(name, NtHash::of_password("x"), UserRights::default());
        directory.put(user.expect("a user")).expect("there is room");
    }
    let api = Api::with(StoreOptions { directory, ..options() }, Default::default()).await;
    api.put("/users/USER7", &with_password(&json!({}))).await;
    api.call("PUT", "/users/alice", &with_password(&json!({}))).await
}

#[tokio::test]
async fn another_password_alone_is_another_tag() {
    let api = Api::new().await;
    api.put("/users/alice", &with_password(&json!({}))).await;
    let tag = api.call("GET", "/users/alice", "").await.header("etag").to_owned();
    let conditional = || {
        let request = Request::put("/v1/stores/default/users/alice").header("host", "localhost");
        let request = request.header("content-type", "application/json").header("if-match", &tag);
        request.body(Body::from(r#"{"password":"another"}"#)).expect("a request")
    };
    api.send(conditional()).await.ok();
    assert_eq!(api.send(conditional()).await.problem(), "precondition-failed");
}

#[tokio::test]
async fn users_come_and_go_with_snapshots_and_resets() {
    let api = Api::new().await;
    let body = json!({
        "name": "t1", "domain": "corp", "anonymous": false, "min_auth_level": "packet",
        "users": [
            { "name": "alice", "password": SECRET },
            { "name": "root", "nt_hash": digits(), "admin": true, "dn": "/o=x/cn=root" },
        ],
    });
    let made = api.post("/v1/stores", &body.to_string()).await;
    let settings = &made["settings"];
    assert_eq!((&settings["anonymous"], &settings["domain"]), (&json!(false), &json!("CORP")));
    assert_eq!(settings["min_auth_level"], "packet");
    let users = "/v1/stores/t1/users";
    let started = api.get(users).await;
    assert_eq!(names(&started), ["alice", "root"]);
    assert_eq!(started["items"][0]["domain"], "CORP");

    api.put(&format!("{users}/bob"), &with_password(&json!({}))).await;
    api.call("PATCH", "/v1/stores/t1", r#"{"anonymous":true}"#).await.ok();
    let arranged = api.get(users).await;
    api.post("/v1/stores/t1/snapshots", "").await;
    api.call("DELETE", &format!("{users}/alice"), "").await.ok();
    api.put(&format!("{users}/bob"), r#"{"password":"another"}"#).await;
    api.call("PATCH", "/v1/stores/t1", r#"{"min_auth_level":"none"}"#).await.ok();

    api.post("/v1/stores/t1/snapshots/1/restore", "").await;
    assert_eq!(api.get(users).await, arranged);
    let settings = api.get("/v1/stores/t1").await["settings"].clone();
    assert_eq!(
        (&settings["anonymous"], &settings["min_auth_level"]),
        (&json!(true), &json!("packet"))
    );
    for to in ["baseline", "empty"] {
        api.put(&format!("{users}/carol"), &with_password(&json!({}))).await;
        api.post("/v1/stores/t1/reset", &format!(r#"{{"to":"{to}"}}"#)).await;
        assert_eq!(api.get(users).await, started, "{to}");
        let settings = api.get("/v1/stores/t1").await["settings"].clone();
        assert_eq!(settings["anonymous"], false, "{to}");
    }
}

#[tokio::test]
async fn a_new_store_takes_no_users_that_can_not_be() {
    let api = Api::new().await;
    let alice = json!({ "name": "alice", "password": SECRET });
    for (fields, pointer) in [
        (json!({ "domain": "not.netbios" }), "#/domain"),
        (json!({ "users": [alice, { "name": "bob" }] }), "#/users/1"),
        (json!({ "users": [alice, { "name": "ALICE", "password": SECRET }] }), "#/users/1/name"),
        (json!({ "users": [{ "name": "a/b", "password": SECRET }] }), "#/users/0/name"),
        (json!({ "users": [{ "name": "a", "nt_hash": SECRET }] }), "#/users/0/nt_hash"),
        (json!({ "users": [alice, { "name": "a", "password": 8_675_309 }] }), "#/users/1/password"),
        (json!({ "min_auth_level": "loud" }), "#/min_auth_level"),
    ] {
        let mut body = fields;
        body["name"] = json!("t1");
        let answer = api.call("POST", "/v1/stores", &body.to_string()).await;
        assert_eq!(answer.problem(), "invalid-body", "{}", answer.text);
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{}", answer.text);
        assert_secret_free(&answer.text);
    }
    assert_eq!(api.get("/v1/stores").await["items"].as_array().expect("a list").len(), 1);
}

#[tokio::test]
async fn whom_a_store_lets_in_is_a_setting_and_told_in_the_journal() {
    let api = Api::new().await;
    let settings = async || api.get("/v1/stores/default").await["settings"].clone();
    assert_eq!(
        (&settings().await["anonymous"], &settings().await["min_auth_level"]),
        (&json!(true), &json!("none"))
    );
    let body = r#"{"min_auth_level":"privacy"}"#;
    let changed = api.call("PATCH", "/v1/stores/default", body).await.ok();
    assert_eq!(changed["settings"]["min_auth_level"], "privacy");
    api.call("PATCH", "/v1/stores/default", r#"{"anonymous":false}"#).await.ok();
    let told = api.events().await;
    let told = told.iter().filter(|event| event["type"] == "store.changed");
    let told: Vec<_> =
        told.map(|event| (event["anonymous"].clone(), event["min_auth_level"].clone())).collect();
    assert_eq!(told, [(json!(true), json!("privacy")), (json!(false), json!("privacy"))]);
    // Nobody who is injected says who they are.
    let client =
        api.post("/clients", r#"{"process":"a.exe","client_version":"12.0.4518.0"}"#).await;
    assert_eq!(
        (&client["state"], &client["outcome"]),
        (&json!("refused"), &json!("ecNotEncrypted"))
    );
    let decision = api.get("/decisions").await["items"][0].clone();
    assert_eq!((&decision["refusal"], &decision["user"]), (&json!("not_encrypted"), &Value::Null));
}

fn assert_secret_free(text: &str) {
    let lower = text.to_lowercase();
    let bytes = NtHash::of_password(SECRET).to_bytes();
    let as_list = bytes.map(|byte| byte.to_string()).join(",");
    for secret in [SECRET, &digits(), &as_list, &as_list.replace(',', ", "), "8675309"] {
        assert!(!lower.contains(secret), "{secret} in {text}");
    }
}

/// Every place that shows anything of a store.
const PLACES: [&str; 18] = [
    "/v1/openapi.json",
    "/v1/info",
    "/metrics",
    "/docs",
    "/v1/stores",
    "/v1/stores/default",
    "/users",
    "/users/alice",
    "/events?limit=1000",
    "/decisions",
    "/sessions",
    "/clients",
    "/snapshots",
    "/faults",
    "/policy",
    "/polls",
    "/healthz/ready",
    "/registry-export",
];

#[tokio::test]
async fn nothing_ever_tells_a_password_or_its_hash() {
    let api = Api::new().await;
    let told = |answer: Answer| {
        assert_secret_free(&answer.text);
        assert_secret_free(&format!("{:?}", answer.headers));
        answer
    };
    told(api.call("PUT", "/users/alice", &with_password(&json!({}))).await);
    told(api.call("PUT", "/users/bob", &json!({ "nt_hash": digits() }).to_string()).await);
    for (body, _) in wrong_bodies() {
        told(api.call("PUT", "/users/carol", &body).await);
    }
    for round in 0..2 {
        let body = json!({ "name": "t1", "users": [{ "name": "alice", "password": SECRET }] });
        let request = Request::post("/v1/stores").header("host", "localhost");
        let request =
            request.header("content-type", "application/json").header("idempotency-key", "k");
        let request = request.body(Body::from(body.to_string())).expect("a request");
        let answer = told(api.send(request).await);
        assert_eq!(answer.status, 201, "{round}: {}", answer.text);
        assert_eq!(answer.header("idempotency-replayed") == "true", round == 1);
    }
    told(api.call("POST", "/snapshots", "").await);
    told(api.call("POST", "/snapshots/1/restore", "").await);
    told(api.call("POST", "/clients", r#"{"process":"a.exe","user":"alice"}"#).await);
    for place in PLACES {
        let request = if place == "/docs" {
            Request::get(place).header("host", "localhost").body(Body::empty())
        } else {
            Request::get(super::full(place)).header("host", "localhost").body(Body::empty())
        };
        let (parts, bytes) = api.send_for_bytes(request.expect("a request")).await;
        assert!(parts.status.is_success(), "{place}: {}", parts.status);
        assert_secret_free(&String::from_utf8_lossy(&bytes));
    }
    let entries = api.store.read(|view| format!("{:?}", view.store().journal())).await;
    assert_secret_free(&entries.expect("it runs"));
}

#[test]
fn nothing_shows_a_hash_when_it_is_debugged() {
    let name = || AccountName::parse("alice").expect("a name");
    let hash = NtHash::of_password(SECRET);
    let user = User::new(name(), hash, UserRights::default()).expect("a user");
    let change = UserChange { name: name(), hash: Some(hash), rights: UserRights::default() };
    let mut directory = Directory::new(DomainName::default());
    directory.put(user.clone()).expect("there is room");
    let options =
        StoreOptions { directory: directory.clone(), settings: Settings::default(), ..options() };
    for text in [
        format!("{user:#?}"),
        format!("{change:?}"),
        format!("{directory:?}"),
        format!("{options:?}"),
        format!("{:?}", exstore_testing::Store::builder().user("alice", SECRET)),
    ] {
        assert_secret_free(&text);
        assert!(text.contains("alice") || text.contains("users"), "{text}");
    }
}
