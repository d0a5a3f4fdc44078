//! The token: `Authorization: Bearer`, or for a browser the cookie that `/login` gives for a ticket, once.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::Params;
use crate::guard::Site;
use crate::html::{self, STYLE_PATH, escaped, wants_page};
use crate::problem::{Problem, ProblemType};
use crate::secret::Secret;

/// Browsers that are logged in at a time; another one logs the first out.
const MOST_BROWSERS: usize = 16;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(login))
}

/// What browsers have been given.
#[derive(Debug)]
pub(crate) struct Logins {
    state: Mutex<LoginState>,
}

#[derive(Debug)]
struct LoginState {
    /// What is still good for a cookie.
    ticket: Option<Secret>,
    cookies: VecDeque<Secret>,
}

impl Logins {
    pub(crate) fn new(ticket: Option<Secret>) -> Self {
        Self { state: Mutex::new(LoginState { ticket, cookies: VecDeque::new() }) }
    }

    /// Takes the ticket if it is this one. Another one leaves it where it is.
    fn redeem(&self, claimed: &str, cookie: Secret) -> Option<String> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.ticket.take_if(|ticket| ticket.is(claimed))?;
        let value = cookie.expose().to_owned();
        state.cookies.push_back(cookie);
        if MOST_BROWSERS < state.cookies.len() {
            state.cookies.pop_front();
        }
        Some(value)
    }

    fn knows(&self, claimed: &str) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.cookies.iter().any(|cookie| cookie.is(claimed))
    }
}

/// Lets a request pass that knows the token, or needs none.
pub(crate) async fn require_token(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Response {
    match authorise(&app, &request) {
        Ok(()) => next.run(request).await,
        Err(problem) => refused(problem, request.uri().path(), request.headers()),
    }
}

/// A problem, but to whoever opens a page in a browser: a page that says how to get in.
fn refused(problem: Problem, path: &str, headers: &HeaderMap) -> Response {
    let is_page = matches!(path, "/" | "/docs" | "/login") && wants_page(headers);
    if problem.kind != ProblemType::NotAuthorised || !is_page {
        return problem.into_response();
    }
    let mut response = html::response(html::page(
        "Not logged in",
        &format!(
            "<h1>Not logged in</h1>\n<p>The page is not shown: {}.</p>\n\
             <p>When it starts, <code>exstore serve</code> prints a link that logs a browser in. Open that one: it is good once, \
             and the browser stays logged in until the server ends. Each start prints a new link.</p>\n\
             <p>A browser that has been logged in finds the dashboard <a href=\"/\">here</a>.</p>\n",
            escaped(&problem.detail)
        ),
    ));
    *response.status_mut() = problem.kind.status();
    response.headers_mut().extend(problem.kind.header());
    response
}

fn authorise(app: &App, request: &Request) -> Result<(), Problem> {
    let Some(token) = app.config().access.token.as_ref().filter(|_| !is_open(request)) else {
        return Ok(());
    };
    let mut claims = request.headers().get_all(header::AUTHORIZATION).iter();
    match (claims.next(), claims.next()) {
        (Some(claim), None) => match bearer(claim) {
            Some(claimed) if token.is(claimed) => Ok(()),
            Some(_) => Err(not_authorised("the token is not the one of this server")),
            None => Err(not_authorised("the Authorization header is not of the scheme Bearer")),
        },
        (Some(_), Some(_)) => Err(not_authorised("there is more than one Authorization header")),
        (None, _) => by_cookie(app, request),
    }
}

/// What is served to everybody: whether the server lives, what a problem means, and the way in.
fn is_open(request: &Request) -> bool {
    let path = request.uri().path();
    let open = matches!(path, "/healthz/live" | "/login" | "/v1/problems" | STYLE_PATH);
    let problem = path.strip_prefix("/v1/problems/").is_some_and(|slug| !slug.contains('/'));
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    reads && (open || problem)
}

/// The token of an Authorization header (RFC 6750, 2.1).
fn bearer(header: &HeaderValue) -> Option<&str> {
    let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_matches(' '))
}

/// A browser sends its cookie with whatever any page has it ask for, so a cookie counts only for what comes from no other page; a
/// write has to be from a page of this server, for certain.
fn by_cookie(app: &App, request: &Request) -> Result<(), Problem> {
    let name = cookie_name(app);
    if !cookies(request.headers(), &name).any(|claimed| app.logins().knows(claimed)) {
        return Err(not_authorised("this server wants a token"));
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    match request.extensions().get::<Site>() {
        Some(Site::Own) => Ok(()),
        Some(Site::Program) if reads => Ok(()),
        Some(Site::Program) | None => Err(Problem::new(
            ProblemType::OriginNotAllowed,
            "a write with a cookie has to come from a page of this server, and nothing says that this one does",
        )),
        Some(Site::Allowed(_)) => {
            Err(not_authorised("the cookie is not for pages of other origins"))
        }
    }
}

fn cookies<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.filter(move |(key, _)| key.trim() == name).map(|(_, value)| value.trim())
}

/// Cookies don't know ports: with the port in its name, two servers of one host keep theirs apart.
fn cookie_name(app: &App) -> String {
    format!("exstore_{}", app.config().address.port())
}

fn not_authorised(detail: &str) -> Problem {
    Problem::new(ProblemType::NotAuthorised, detail)
        .hint("send `Authorization: Bearer` with the token of `exstore serve --token-file FILE`")
}

/// What `/login` takes.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct LoginQuery {
    /// The ticket of the link that `exstore serve` prints; it is good once.
    ticket: String,
}

/// Logs a browser in: exchanges the ticket of the link that `exstore serve` prints for a cookie, once, and leads to the first
/// page. Looking at it with HEAD does not use it up.
#[utoipa::path(
    get, path = "/login", tag = "server", params(LoginQuery),
    responses((status = 303, description = "The browser is logged in; `Location` is the first page")),
)]
async fn login(
    State(app): State<App>,
    method: Method,
    headers: HeaderMap,
    Params(query): Params<LoginQuery>,
) -> Response {
    exchange(&app, &method, &query.ticket)
        .unwrap_or_else(|problem| refused(problem, "/login", &headers))
}

/// The cookie for a ticket.
fn exchange(app: &App, method: &Method, ticket: &str) -> Result<Response, Problem> {
    let used = || {
        Problem::new(ProblemType::NotAuthorised, "the ticket is wrong or has been used")
            .hint("each start of `exstore serve` prints a new link")
    };
    if method != Method::GET {
        return Err(used());
    }
    let cookie = Secret::random().map_err(|error| {
        tracing::error!(%error, "no random numbers for a cookie");
        Problem::new(ProblemType::Internal, "the system gives no random numbers")
    })?;
    let value = app.logins().redeem(ticket, cookie).ok_or_else(used)?;
    let cookie = format!("{}={value}; Path=/; HttpOnly; SameSite=Strict", cookie_name(app));
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, "/".to_owned()), (header::SET_COOKIE, cookie)])
        .into_response())
}
