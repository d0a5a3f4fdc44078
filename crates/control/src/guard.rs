//! Who may ask: requests for this host only (DNS rebinding), and none from a page of another origin.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::problem::{Problem, ProblemType};

/// Lets a request pass, or says why not.
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    match check(app.config().address, &request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn check(bound: SocketAddr, request: &Request) -> Result<(), Problem> {
    let authority = authority(request).filter(|authority| is_ours(bound.ip(), authority.host()));
    let authority = authority.ok_or_else(host_not_allowed)?;
    match header_text(request.headers(), header::ORIGIN) {
        None => Ok(()),
        Some(origin) if is_same_origin(&origin, &authority) => Ok(()),
        Some(origin) => {
            let detail = format!("`{origin}` is not the origin of this server");
            Err(Problem::new(ProblemType::OriginNotAllowed, detail))
        }
    }
}

/// What the request is addressed to: the authority of an absolute target, else the Host header.
fn authority(request: &Request) -> Option<Authority> {
    let target = request.uri().authority().cloned();
    target.or_else(|| header_text(request.headers(), header::HOST)?.parse().ok())
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

fn is_same_origin(origin: &str, authority: &Authority) -> bool {
    origin.strip_prefix("http://").is_some_and(|rest| rest.eq_ignore_ascii_case(authority.as_str()))
}

fn header_text(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    let value = headers.get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn host_not_allowed() -> Problem {
    let detail = "the Host header names neither a loopback address nor the address of this server";
    Problem::new(ProblemType::HostNotAllowed, detail)
        .hint("use http://127.0.0.1 or http://localhost")
}
