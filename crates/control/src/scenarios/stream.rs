//! How a run goes, as server-sent events.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use http_body::Frame;
use serde::Serialize;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::time::timeout;

use super::run::RunState;
use crate::app::App;
use crate::feed::leaves;
use crate::problem::{Problem, ProblemType};

/// Parts that wait for the reader; what comes meanwhile is sent together.
const AHEAD: usize = 1;

/// The events of a run from where the reader knows it, until it is over.
pub(super) fn response(
    app: &App,
    run: watch::Receiver<RunState>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let sent = lines_known(headers)?;
    let permit = app.stream_permit().ok_or_else(|| {
        Problem::new(ProblemType::TooManyStreams, "as many streams are open as the server takes")
            .hint("close one, or ask again and again: GET the run with `wait`")
    })?;
    let (body, parts) = mpsc::channel(AHEAD);
    let heartbeat = app.config().limits.stream_heartbeat;
    let teller = Teller { run, sent, body, heartbeat, draining: app.draining(), _permit: permit };
    tokio::spawn(teller.run());
    let headers =
        [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, Body::new(Parts(parts))).into_response())
}

/// The lines that a reader has, as a browser sends it when it connects again; an empty id is none.
fn lines_known(headers: &HeaderMap) -> Result<u64, Problem> {
    let Some(value) = headers.get("last-event-id").filter(|value| !value.is_empty()) else {
        return Ok(0);
    };
    let number = value.to_str().ok().and_then(|text| text.parse().ok());
    number.ok_or_else(|| Problem::header("Last-Event-ID", "it is no number of lines"))
}

/// Tells one reader.
struct Teller {
    run: watch::Receiver<RunState>,
    /// Lines that the reader has.
    sent: u64,
    body: mpsc::Sender<Bytes>,
    heartbeat: Duration,
    draining: watch::Receiver<bool>,
    /// Makes room for another stream at the end.
    _permit: OwnedSemaphorePermit,
}

impl Teller {
    async fn run(mut self) {
        loop {
            let (text, is_over) = self.news();
            let patience = self.heartbeat.saturating_mul(2);
            // A reader that takes nothing has lost its stream, and can resume.
            let taken = timeout(patience, self.body.send(text.into())).await;
            if is_over || !matches!(taken, Ok(Ok(()))) {
                return;
            }
            tokio::select! {
                changed = timeout(self.heartbeat, self.run.changed()) => {
                    if let Ok(Err(_gone)) = changed {
                        return;
                    }
                }
                () = leaves(&mut self.draining) => return,
                () = self.body.closed() => return,
            }
        }
    }

    /// What the reader has not been sent, and whether that is the end.
    fn news(&mut self) -> (String, bool) {
        let state = self.run.borrow_and_update();
        let mut text = String::new();
        let known = self.sent.saturating_sub(state.lines_before);
        let known = usize::try_from(known).unwrap_or(usize::MAX);
        let mut sent = self.sent.max(state.lines_before);
        for line in state.lines.iter().skip(known) {
            sent = sent.saturating_add(1);
            event(&mut text, "line", sent, &json!({ "line": line }));
        }
        let is_over = state.state.is_over();
        if is_over {
            event(&mut text, "end", sent, &*state);
        } else {
            event(&mut text, "progress", sent, &state.progress());
        }
        drop(state);
        self.sent = sent;
        (text, is_over)
    }
}

fn event(text: &mut String, name: &str, id: u64, data: &impl Serialize) {
    let data = serde_json::to_string(data).unwrap_or_default();
    text.push_str(&format!("event: {name}\nid: {id}\ndata: {data}\n\n"));
}

/// The parts as they come.
struct Parts(mpsc::Receiver<Bytes>);

impl HttpBody for Parts {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|part| part.map(|part| Ok(Frame::data(part))))
    }
}
