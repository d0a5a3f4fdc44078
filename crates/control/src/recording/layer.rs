//! The layer of the control plane's router that records.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::input::{changes, check, route};
use super::line::Input;
use super::recorder::{Heard, Recorder};
use crate::app::App;
use crate::body::limited_bytes;

/// Records a request that changes the recorded store, in its turn. It is below what answers a request again that was answered
/// before: that is not done again, and so is no input.
pub(crate) async fn record(State(app): State<App>, request: Request, next: Next) -> Response {
    let Some(recorder) = app.config().recorder.clone() else { return next.run(request).await };
    let (parts, body) = request.into_parts();
    let Some(route) = route(&parts).map(str::to_owned) else {
        return next.run(Request::from_parts(parts, body)).await;
    };
    let limits = app.config().limits;
    let is_file = route == "/registry-import";
    let most =
        if is_file { limits.reg_file_bytes.max(limits.body_bytes) } else { limits.body_bytes };
    let body = match limited_bytes(Request::new(body), &app, most).await {
        Ok(body) => body,
        Err(problem) => return problem.into_response(),
    };
    if let Err(problem) = check(&route, &body) {
        return problem.into_response();
    }
    let input = changes(&route, &body).then(|| Input::new(&recorder, &parts, &route, &body));
    let request = Request::from_parts(parts, Body::from(body));
    match input {
        None => next.run(request).await,
        Some(input) => {
            if let Some(heard) = request.extensions().get::<Heard>() {
                heard.set();
            }
            recorder.perform(input, next.run(request)).await
        }
    }
}

/// The recorder, where it records a store whose rules look at requests.
pub(crate) fn disturbed<'a>(app: &'a App, store: &server::StoreHandle) -> Option<&'a Recorder> {
    let recorder = app.config().recorder.as_ref()?;
    (store.disturbs_requests() && recorder.records(store)).then_some(recorder)
}
