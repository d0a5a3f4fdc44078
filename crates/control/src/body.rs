//! A request's body, read whole: no more bytes than the route takes, no longer than a body may take, and no more under way
//! in all requests together than the server has room for.

use core::future::poll_fn;
use core::pin::Pin;
use std::sync::Arc;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use clock::format_duration;
use tokio::sync::OwnedSemaphorePermit;

use crate::app::App;
use crate::problem::{Problem, ProblemType};

/// The body, whole.
pub(crate) async fn body_bytes(request: Request, app: &App) -> Result<Bytes, Problem> {
    limited_bytes(request, app, app.config().limits.body_bytes).await
}

/// The body, whole, of a route that takes `most` bytes.
pub(crate) async fn limited_bytes(
    request: Request,
    app: &App,
    most: usize,
) -> Result<Bytes, Problem> {
    let limit = app.config().limits.body_timeout;
    let reading = read(request.into_body(), app, most);
    tokio::time::timeout(limit, reading).await.unwrap_or_else(|_| {
        let detail = format!("the body was not there within {}", format_duration(limit));
        Err(Problem::new(ProblemType::BodyTooSlow, detail))
    })
}

async fn read(mut body: Body, app: &App, most: usize) -> Result<Bytes, Problem> {
    let expected = body.size_hint().lower();
    if usize::try_from(expected).is_ok_and(|expected| most < expected) {
        return Err(too_large(most));
    }
    let mut whole = Vec::new();
    let mut room: Option<OwnedSemaphorePermit> = None;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame =
            frame.map_err(|_| Problem::new(ProblemType::InvalidJson, "the body broke off"))?;
        let Ok(data) = frame.into_data() else { continue };
        if most.saturating_sub(whole.len()) < data.len() {
            return Err(too_large(most));
        }
        let taken = take_room(app, data.len())?;
        match &mut room {
            Some(room) => room.merge(taken),
            None => room = Some(taken),
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.into())
}

/// Room for so many bytes, given back when the body has been read.
fn take_room(app: &App, bytes: usize) -> Result<OwnedSemaphorePermit, Problem> {
    let room = u32::try_from(bytes).ok();
    let room = room.and_then(|room| Arc::clone(app.body_room()).try_acquire_many_owned(room).ok());
    room.ok_or_else(|| {
        let most = app.config().limits.bodies_bytes;
        let detail = format!("the bodies of all requests under way have more than {most} bytes");
        Problem::new(ProblemType::TooManyRequests, detail)
    })
}

fn too_large(most: usize) -> Problem {
    Problem::new(ProblemType::PayloadTooLarge, format!("a body has at most {most} bytes"))
}
