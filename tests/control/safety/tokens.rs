//! Tokens, and the cookie that a browser gets instead of one.

use control::{Access, BindError, ControlConfig, ControlLimits, Secret, bind};
use server::{StoreHandle, Stores};

use super::{Plane, options, outcome};

const TOKEN: &str = "correct-horse-battery-staple";
const TICKET: &str = "0123456789-ticket";

fn access() -> Access {
    let secret = |text| Some(Secret::parse(text).expect("a secret"));
    Access { token: secret(TOKEN), ticket: secret(TICKET), ..Access::default() }
}

async fn plane() -> Plane {
    let origins = vec!["http://localhost:3000".parse().expect("an origin")];
    Plane::with(Access { origins, ..access() }, ControlLimits::default()).await
}

#[tokio::test]
async fn only_the_token_itself_in_its_own_header_is_accepted() {
    let plane = plane().await;
    let rows = [
        ("the token", format!("Authorization: Bearer {TOKEN}\r\n"), 200),
        ("the scheme in other letters", format!("authorization: bearer {TOKEN}\r\n"), 200),
        ("none", String::new(), 401),
        ("another", "Authorization: Bearer another-horse-battery-x\r\n".to_owned(), 401),
        ("its beginning", "Authorization: Bearer correct-horse-battery\r\n".to_owned(), 401),
        ("more than it", format!("Authorization: Bearer {TOKEN}x\r\n"), 401),
        ("an empty one", "Authorization: Bearer \r\n".to_owned(), 401),
        ("no scheme", format!("Authorization: {TOKEN}\r\n"), 401),
        ("another scheme", format!("Authorization: Basic {TOKEN}\r\n"), 401),
        ("in other letters", format!("Authorization: Bearer {}\r\n", TOKEN.to_uppercase()), 401),
        (
            "one right, one wrong",
            format!("Authorization: Bearer {TOKEN}\r\nAuthorization: Bearer x\r\n"),
            401,
        ),
        ("twice", format!("Authorization: Bearer {TOKEN}\r\n").repeat(2), 401),
        ("as a cookie", format!("Cookie: exstore={TOKEN}; token={TOKEN}\r\n"), 401),
        ("for a proxy", format!("Proxy-Authorization: Bearer {TOKEN}\r\n"), 401),
        ("no text", "Authorization: Bearer \u{e4}\u{f6}\r\n".to_owned(), 401),
    ];
    for (name, headers, status) in rows {
        let answer = plane.get("/v1/info", &headers).await;
        assert_eq!(answer.status, status, "{name}: {}", answer.text);
        if status == 401 {
            assert_eq!(answer.problem(), "not-authorised", "{name}");
            assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"exstore\"", "{name}");
        }
        assert!(!answer.text.contains(TOKEN) && !answer.text.contains("horse"), "{name}");
    }
    for query in ["access_token", "token", "ticket", "authorization"] {
        let answer = plane.get(&format!("/v1/info?{query}={TOKEN}"), "").await;
        assert_eq!(answer.status, 401, "in the query as {query}");
        assert!(!answer.text.contains(TOKEN), "{}", answer.text);
    }
}

#[tokio::test]
async fn nothing_but_what_says_nothing_is_open() {
    let plane = plane().await;
    let open = ["/healthz/live", "/v1/problems", "/v1/problems/not-authorised"];
    for path in open {
        assert_eq!(plane.get(path, "").await.status, 200, "{path}");
    }
    let closed = [
        ("GET", "/healthz/ready"),
        ("GET", "/healthz/startup"),
        ("GET", "/"),
        ("GET", "/docs"),
        ("GET", "/dashboard/app.js"),
        ("GET", "/v1/info"),
        ("GET", "/v1/openapi.json"),
        ("GET", "/v1/stores"),
        ("GET", "/v1/stores/default/events"),
        ("GET", "/v1/stores/nowhere"),
        ("GET", "/nowhere"),
        ("GET", "/v1/problems/../info"),
        ("GET", "/healthz/live/../ready"),
        ("POST", "/healthz/live"),
        ("POST", "/v1/stores/default/reset"),
        ("POST", "/v1/shutdown"),
        ("DELETE", "/v1/problems/internal"),
        ("OPTIONS", "/v1/info"),
    ];
    for (method, path) in closed {
        let answer = plane.send(method, path, ("", "")).await;
        assert_eq!(outcome(&answer), (401, "not-authorised".to_owned()), "{method} {path}");
        assert_eq!(answer.header("exstore-cursor"), "", "{method} {path}");
    }
    // A preflight never has a token.
    let preflight = "Origin: http://localhost:3000\r\nAccess-Control-Request-Method: POST\r\n";
    assert_eq!(plane.send("OPTIONS", "/v1/info", (preflight, "")).await.status, 204);
}

/// The cookie that a ticket was exchanged for.
async fn log_in(plane: &Plane) -> String {
    let answer = plane.get(&format!("/login?ticket={TICKET}"), "Sec-Fetch-Site: none\r\n").await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/"));
    let cookie = answer.header("set-cookie");
    for attribute in ["Path=/", "HttpOnly", "SameSite=Strict"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.contains(TOKEN) && !cookie.contains(TICKET), "{cookie}");
    cookie.split(';').next().expect("a pair").to_owned()
}

#[tokio::test]
async fn a_ticket_is_good_once_and_a_wrong_one_does_not_use_it_up() {
    let plane = plane().await;
    for wrong in ["", "0123456789-ticke", "0123456789-ticket2", TOKEN] {
        let answer = plane.get(&format!("/login?ticket={wrong}"), "").await;
        assert_eq!(outcome(&answer), (401, "not-authorised".to_owned()), "{wrong}");
        assert_eq!(answer.header("set-cookie"), "", "{wrong}");
    }
    // Somebody looks where the link leads, without following it.
    let request = format!(
        "HEAD /login?ticket={TICKET} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    );
    let mut peer = plane.connect().await;
    peer.send(&request).await;
    peer.closed().await;
    let evil = "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n";
    assert_eq!(plane.get(&format!("/login?ticket={TICKET}"), evil).await.status, 403);

    log_in(&plane).await;
    let again = plane.get(&format!("/login?ticket={TICKET}"), "").await;
    assert_eq!(outcome(&again), (401, "not-authorised".to_owned()));
    assert!(!again.text.contains(TICKET), "{}", again.text);
}

/// What a browser sends with an address that somebody has typed or opened.
const NAVIGATION: &str =
    "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\nSec-Fetch-Site: none\r\n";

#[tokio::test]
async fn a_browser_is_told_how_to_log_in_and_a_program_is_sent_a_problem() {
    let plane = plane().await;
    let used = "/login?ticket=used";
    for path in ["/", "/docs", used] {
        let page = plane.get(path, NAVIGATION).await;
        assert_eq!(page.status, 401, "{path}");
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8", "{path}");
        assert_eq!(page.header("www-authenticate"), "Bearer realm=\"exstore\"", "{path}");
        assert_eq!(page.header("cache-control"), "no-store", "{path}");
        assert!(
            page.header("content-security-policy").starts_with("default-src 'none'; style-src")
        );
        assert!(page.text.contains("<code>exstore serve</code> prints a link"), "{}", page.text);
        let told = ["the ticket is wrong", "this server wants a token"];
        assert!(page.text.contains(told[usize::from(path != used)]), "{path}: {}", page.text);
        assert!(!page.text.contains(TOKEN) && !page.text.contains(TICKET), "{}", page.text);
        assert_eq!(
            outcome(&plane.get(path, "").await),
            (401, "not-authorised".to_owned()),
            "{path}"
        );
    }
    // Only pages are answered with one: the dashboard's files and the API are asked for by scripts.
    for path in ["/dashboard/app.js", "/v1/info", "/nowhere"] {
        let answer = plane.get(path, NAVIGATION).await;
        assert_eq!(outcome(&answer), (401, "not-authorised".to_owned()), "{path}");
    }
    let posted = plane.send("POST", "/", (NAVIGATION, "")).await;
    assert_eq!(posted.status, 401);
    // The style of the page is for everybody, as the page is.
    assert_eq!(plane.get("/docs/style.css", "").await.status, 200);
    // What else is wrong with a request is no matter of logging in.
    let evil =
        format!("{}Origin: http://evil.example\r\n", NAVIGATION.replace("none", "cross-site"));
    assert_eq!(outcome(&plane.get("/", &evil).await), (403, "origin-not-allowed".to_owned()));
}

#[tokio::test]
async fn whoever_follows_the_link_is_led_to_the_dashboard_and_the_ticket_stays_behind() {
    let plane = plane().await;
    let cookie = format!("Cookie: {}\r\n", log_in(&plane).await);
    for path in ["/", "/docs"] {
        let page = plane.get(path, &format!("{cookie}{NAVIGATION}")).await;
        assert_eq!(page.status, 200, "{path}");
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8", "{path}");
    }
    // What the page itself asks for.
    let own = format!("{cookie}Sec-Fetch-Site: same-origin\r\n");
    assert_eq!(plane.get("/v1/info", &own).await.status, 200);
    let script = plane.get("/dashboard/app.js", &own).await;
    assert_eq!(outcome(&script), (404, "route-not-found".to_owned()), "there is no bundle here");
}

/// A browser adds the cookie to what any page asks for, and so the cookie alone lets nobody write.
#[tokio::test]
async fn a_cookie_counts_for_pages_of_this_server_alone() {
    let plane = plane().await;
    let cookie = log_in(&plane).await;
    let own = format!("Origin: http://{}\r\n", plane.address);
    let same = "Sec-Fetch-Site: same-origin\r\n";
    let allowed = "Origin: http://localhost:3000\r\nSec-Fetch-Site: same-site\r\n";
    let reset = "/v1/stores/default/reset";
    let rows = [
        ("a read", "GET", "/v1/info", "", 200),
        ("a read that was typed", "GET", "/v1/info", "Sec-Fetch-Site: none\r\n", 200),
        ("a read of our page", "GET", "/v1/info", same, 200),
        ("a write of our page", "POST", reset, own.as_str(), 200),
        ("a write of our page, as its browser says", "POST", reset, same, 200),
        ("a write of nobody", "POST", reset, "", 403),
        ("a write that was typed", "POST", reset, "Sec-Fetch-Site: none\r\n", 403),
        ("a write of another site", "POST", reset, "Sec-Fetch-Site: cross-site\r\n", 403),
        ("a write of another port", "POST", reset, "Sec-Fetch-Site: same-site\r\n", 403),
        ("a write of another origin", "POST", reset, "Origin: http://evil.example\r\n", 403),
        ("a read of a page that was allowed", "GET", "/v1/info", allowed, 401),
        ("a write of a page that was allowed", "POST", reset, allowed, 401),
    ];
    for (name, method, path, headers, status) in rows {
        let headers = format!("Cookie: theme=dark; {cookie}\r\n{headers}");
        assert_eq!(plane.send(method, path, (&headers, "")).await.status, status, "{name}");
    }
    let (name, value) = cookie.split_once('=').expect("a pair");
    for (what, wrong) in [
        ("another value", format!("{name}=x{value}")),
        ("no value", format!("{name}=")),
        ("another name", format!("x{name}={value}")),
        ("the ticket", format!("{name}={TICKET}")),
        ("the token", format!("{name}={TOKEN}")),
    ] {
        let answer = plane.get("/v1/info", &format!("Cookie: {wrong}\r\n")).await;
        assert_eq!(answer.status, 401, "{what}");
    }
    // A wrong token is not made good by a cookie.
    let both = format!("Cookie: {cookie}\r\nAuthorization: Bearer wrong\r\n");
    assert_eq!(plane.get("/v1/info", &both).await.status, 401);
    // And the token needs no page.
    let token = format!("Authorization: Bearer {TOKEN}\r\n");
    assert_eq!(plane.send("POST", reset, (&token, "")).await.status, 200);
    let page = format!("{token}{allowed}");
    assert_eq!(plane.send("POST", reset, (&page, "")).await.status, 200);
}

#[tokio::test]
async fn the_server_does_not_tell_its_secrets() {
    let plane = plane().await;
    let token = format!("Authorization: Bearer {TOKEN}\r\n");
    for path in ["/v1/info", "/v1/openapi.json", "/v1/stores", "/nowhere", "/healthz/ready"] {
        let answer = plane.get(path, &token).await;
        let told = format!("{:?} {}", answer.headers, answer.text);
        assert!(!told.contains(TOKEN) && !told.contains(TICKET), "{path}: {told}");
    }
    assert_eq!(format!("{:?}", access().token), "Some(Secret(..))");
}

#[tokio::test]
async fn nothing_beyond_loopback_is_listened_on_without_a_token_or_a_word() {
    let rows = [
        ("loopback", "127.0.0.1:0", Access::default(), true),
        ("loopback of IPv6", "[::1]:0", Access::default(), true),
        ("all addresses", "0.0.0.0:0", Access::default(), false),
        ("all addresses of IPv6", "[::]:0", Access::default(), false),
        ("all addresses with a token", "0.0.0.0:0", access(), true),
        ("insecurely", "0.0.0.0:0", Access { insecure: true, ..Access::default() }, true),
    ];
    for (name, address, access, listens) in rows {
        let store = StoreHandle::start(options()).await.expect("the store starts");
        let config = ControlConfig {
            address: address.parse().expect("an address"),
            stores: std::sync::Arc::new(Stores::new(store)),
            allow_shutdown: false,
            access,
            version: "1.2.3".to_owned(),
            limits: ControlLimits::default(),
            recorder: None,
            dashboard: control::Bundle::default(),
        };
        match bind(config).await {
            Ok(_) => assert!(listens, "{name}"),
            Err(BindError::Unprotected(_)) => assert!(!listens, "{name}"),
            Err(error) => panic!("{name}: {error}"),
        }
    }
}
