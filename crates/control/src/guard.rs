//! Whose requests are taken: those for this host (DNS rebinding), and none from a page of another origin unless it was
//! allowed. docs/security.md has the threats.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, Method, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::access::{Access, Origin};
use crate::app::App;
use crate::cors;
use crate::extract::{media_type, unsupported};
use crate::problem::{Problem, ProblemType};

/// What the request's browser says of the page that sent it, when there is a page.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Where a request comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Site {
    /// A program, or a browser that follows what its user typed: nothing says otherwise.
    Program,
    /// A page of this server: its browser says so.
    Own,
    /// A page of another origin, which was allowed.
    Allowed(Origin),
}

/// Lets a request pass, or says why not.
pub(crate) async fn guard(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let access = &app.config().access;
    let site = match check(app.config().address, access, &request) {
        Ok(site) => site,
        Err(problem) => return problem.into_response(),
    };
    let page = match &site {
        Site::Allowed(origin) => Some(origin.clone()),
        Site::Program | Site::Own => None,
    };
    let response = if page.is_some() && cors::is_preflight(&request) {
        cors::preflight()
    } else {
        request.extensions_mut().insert(site);
        next.run(request).await
    };
    cors::mark(access, page.as_ref(), response)
}

fn check(bound: SocketAddr, access: &Access, request: &Request) -> Result<Site, Problem> {
    let authority = authority(request)?;
    let host = authority.host();
    let by_name = access.hosts.iter().any(|name| name.names(host));
    if !by_name && !is_ours(bound.ip(), host) {
        return Err(host_not_allowed(host));
    }
    // Only somebody in front of this server can speak https, and such a one has a name that was allowed.
    let own = |origin: &str| {
        let rest = origin.strip_prefix("http://");
        let rest = rest.or_else(|| origin.strip_prefix("https://").filter(|_| by_name));
        rest.is_some_and(|rest| rest.eq_ignore_ascii_case(authority.as_str()))
    };
    let site = site(access, request.headers(), own)?;
    refuse_forms(request)?;
    Ok(site)
}

/// What the request is addressed to. An absolute target and the Host header have to agree: of two names, a proxy might
/// have judged the other one.
fn authority(request: &Request) -> Result<Authority, Problem> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => Some(
            host.to_str()
                .ok()
                .and_then(parse_host)
                .ok_or_else(|| invalid_host("the Host header is no host with an optional port"))?,
        ),
        (None, _) => None,
        (Some(_), Some(_)) => {
            return Err(invalid_host("the request has more than one Host header"));
        }
    };
    match (request.uri().authority(), host) {
        (Some(target), Some(host)) if *target != host => {
            Err(invalid_host("the Host header is not the host of the request's target"))
        }
        (None, None) => Err(invalid_host("the request has no Host header")),
        (Some(_), None) if Version::HTTP_11 <= request.version() => {
            Err(invalid_host("the request has no Host header"))
        }
        (Some(target), _) => parse_host(target.as_str())
            .ok_or_else(|| invalid_host("the request's target names a user, or no host")),
        (None, Some(host)) => Ok(host),
    }
}

/// A host with an optional port, and no user before it.
fn parse_host(text: &str) -> Option<Authority> {
    let authority: Authority = text.parse().ok()?;
    let port = text.strip_prefix(authority.host()).filter(|_| !authority.host().is_empty())?;
    let is_port =
        |text: &str| text.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
    (port.is_empty() || is_port(port)).then_some(authority)
}

/// Loopback by name or number, or the address that the server is bound to. A server on all addresses takes any number:
/// what rebinding needs is a name.
fn is_ours(bound: IpAddr, host: &str) -> bool {
    let number = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    match number {
        Ok(number) => number.is_loopback() || number == bound || bound.is_unspecified(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

/// Where the request comes from. A browser tells the page's origin with all that is no plain GET, and with every request
/// how it stands to its target, images, scripts and streams included; neither can be set by a page.
fn site(access: &Access, headers: &HeaderMap, own: impl Fn(&str) -> bool) -> Result<Site, Problem> {
    let mut origins = headers.get_all(header::ORIGIN).iter().map(text_of);
    let origin = origins.next();
    if origins.next().is_some() {
        return Err(origin_not_allowed("the request has more than one Origin header".to_owned()));
    }
    let fetched = |site: &str| headers.get_all(SEC_FETCH_SITE).iter().any(|value| value == site);
    let other = headers.get_all(SEC_FETCH_SITE).iter().map(text_of);
    let other = other.into_iter().find(|site| site != "same-origin" && site != "none");
    match (origin, other) {
        (Some(origin), other) => match access.origins.iter().find(|allowed| allowed.is(&origin)) {
            Some(allowed) if !own(&origin) => Ok(Site::Allowed(allowed.clone())),
            _ if own(&origin) && other.is_none() => Ok(Site::Own),
            _ => Err(origin_not_allowed(format!("`{origin}` is not the origin of this server"))),
        },
        (None, Some(site)) => {
            Err(origin_not_allowed(format!("a page sent this, whose site is `{site}`")))
        }
        (None, None) if fetched("same-origin") => Ok(Site::Own),
        (None, None) => Ok(Site::Program),
    }
}

/// A write never has one of the types that a form has: those need no preflight, so that a page of another origin can send
/// them. Any other type is the handler's to judge.
fn refuse_forms(request: &Request) -> Result<(), Problem> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let kind = media_type(request.headers());
    let of_form = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];
    if !reads && of_form.contains(&kind.as_str()) {
        let hint = "send JSON as `application/json`, a .reg file as `text/x-ms-regedit`, and no type with no body";
        return Err(unsupported(&kind).hint(hint));
    }
    Ok(())
}

fn text_of(value: &axum::http::HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

fn invalid_host(detail: &str) -> Problem {
    Problem::new(ProblemType::InvalidHost, detail)
}

fn host_not_allowed(host: &str) -> Problem {
    let detail =
        format!("`{host}` is neither a loopback address nor a name or address of this server");
    Problem::new(ProblemType::HostNotAllowed, detail).hint(
        "use http://127.0.0.1 or http://localhost; `exstore serve --allow-host NAME` takes a name",
    )
}

fn origin_not_allowed(detail: String) -> Problem {
    Problem::new(ProblemType::OriginNotAllowed, detail)
        .hint("`exstore serve --allow-origin ORIGIN` takes requests from the pages of an origin")
}
