//! `Idempotency-Key`: a `POST` that is sent again is not done again, and is answered as it was the first time.
//!
//! What was begun with a key is carried through even when whoever asked hangs up, so that asking again finds the answer. A key is
//! good for one path of one store in one epoch: after a reset everything is new.

mod answers;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use infostore::Epoch;
use server::StoreHandle;
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use tracing::Instrument;

pub(crate) use self::answers::Answers;
use self::answers::{Claim, Fingerprint, FirstAnswer, Life, Scope};
use crate::app::App;
use crate::body::limited_bytes;
use crate::finish::panicked;
use crate::problem::{Problem, ProblemType};
use crate::reply::store_of;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Bytes of a key.
const MOST_BYTES: usize = 255;

/// The paths, by their ends, of what is asked for anew each time: they change nothing, and tell what is so now.
pub(crate) const ASKED_ANEW: [&str; 2] = ["/waits", "/assertions"];

/// Answers a request that was answered before as it was then.
pub(crate) async fn replay(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_asked_anew = ASKED_ANEW.iter().any(|end| path.ends_with(end));
    if request.method() != Method::POST || is_asked_anew {
        return next.run(request).await;
    }
    match key(request.headers()) {
        Ok(None) => next.run(request).await,
        Ok(Some(key)) => {
            once(&app, key, request, next).await.unwrap_or_else(Problem::into_response)
        }
        Err(problem) => problem.into_response(),
    }
}

/// The key that the request has.
fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut keys = headers.get_all(KEY).iter();
    let Some(key) = keys.next() else { return Ok(None) };
    let refused = |detail: String| Err(Problem::header("Idempotency-Key", detail));
    if keys.next().is_some() {
        return refused("the request has more than one".to_owned());
    }
    match key.to_str() {
        _ if MOST_BYTES < key.len() => refused(format!("it has more than {MOST_BYTES} bytes")),
        Ok(key) if !key.is_empty() => Ok(Some(key.to_owned())),
        Ok(_) => refused("it is empty".to_owned()),
        Err(_) => {
            refused("it has other characters than those of ASCII that can be seen".to_owned())
        }
    }
}

/// Does what is asked, unless it was done.
async fn once(app: &App, key: String, request: Request, next: Next) -> Result<Response, Problem> {
    let path = request.uri().path().to_owned();
    let store = store_of(app, &path);
    if path.starts_with("/v1/stores/") && store.is_none() {
        // There is nothing that could remember it, or be done.
        return Ok(next.run(request).await);
    }
    let (request, fingerprint) = read(app, request).await?;
    let scope = Scope::new(path, key);
    match app.answers().claim(&scope, fingerprint, epoch(store.as_ref()).await)? {
        Claim::First(tell) => {
            let answer = tell.subscribe();
            let carried = carry_through(app.clone(), scope, (store, tell), next.run(request));
            drop(tokio::spawn(carried.in_current_span()));
            first(answer).await
        }
        Claim::Again(answer) => {
            let mut response = first(answer).await?;
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
            Ok(response)
        }
    }
}

/// The request with its body read, and what it is told from others by.
async fn read(app: &App, request: Request) -> Result<(Request, Fingerprint), Problem> {
    let limits = app.config().limits;
    let is_file = request.uri().path().ends_with("/registry-import");
    let most =
        if is_file { limits.reg_file_bytes.max(limits.body_bytes) } else { limits.body_bytes };
    let (parts, body) = request.into_parts();
    let bytes = limited_bytes(Request::new(body), app, most).await?;
    let mut hash = Sha256::new();
    let kind = parts.headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    for part in [parts.uri.query().unwrap_or_default().as_bytes(), kind, &bytes] {
        // So that nothing of one part is taken for the beginning of the next.
        hash.update(part.len().to_string());
        hash.update(b":");
        hash.update(part);
    }
    let fingerprint = Fingerprint(hash.finalize().into());
    Ok((Request::from_parts(parts, Body::from(bytes)), fingerprint))
}

async fn epoch(store: Option<&StoreHandle>) -> Option<Epoch> {
    let cursor = store?.read(|view| view.cursor()).await;
    cursor.ok().map(|cursor| cursor.epoch)
}

/// Runs a request to its end, keeps the answer, and tells whoever waits for it.
async fn carry_through(
    app: App,
    scope: Scope,
    (store, tell): (Option<StoreHandle>, watch::Sender<Option<FirstAnswer>>),
    run: impl Future<Output = Response> + Send + 'static,
) {
    let ran = tokio::spawn(run.in_current_span()).await;
    let response = ran.unwrap_or_else(|error| match error.try_into_panic() {
        Ok(panic) => panicked(panic),
        Err(_) => Problem::new(ProblemType::StoreStopped, "the server leaves").into_response(),
    });
    let answer = FirstAnswer::read(response).await;
    let life = match &store {
        Some(store) => Life::Epoch(epoch(Some(store)).await),
        None => Life::Store(made(&app, &answer).map(|store| store.follow())),
    };
    app.answers().settle(scope, &answer, life);
    drop(tell.send(Some(answer)));
}

/// The store that was made.
fn made(app: &App, answer: &FirstAnswer) -> Option<StoreHandle> {
    let path = answer.headers.get(header::LOCATION)?.to_str().ok()?;
    store_of(app, path)
}

/// Waits for the first answer.
async fn first(mut answer: watch::Receiver<Option<FirstAnswer>>) -> Result<Response, Problem> {
    let told = answer.wait_for(Option::is_some).await;
    let told = told.ok().and_then(|answer| answer.clone());
    told.map(IntoResponse::into_response).ok_or_else(|| {
        Problem::new(
            ProblemType::StoreStopped,
            "the server leaves, and the request was not answered",
        )
    })
}

impl FirstAnswer {
    async fn read(response: Response) -> Self {
        let (mut parts, body) = response.into_parts();
        let problem = parts.extensions.remove::<Problem>();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_else(|_| Bytes::new());
        Self { status: parts.status, headers: parts.headers, problem, body }
    }
}

impl IntoResponse for FirstAnswer {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.body).into_response();
        *response.headers_mut() = self.headers;
        if let Some(problem) = self.problem {
            // It is written out for each request with the request's own id.
            response.extensions_mut().insert(problem);
        }
        response
    }
}
