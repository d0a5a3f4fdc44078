//! Doing again what was recorded, on a store of its own.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use server::{StartError, StoreError, StoreHandle, Stores};
use tower::ServiceExt;

use super::line::{Header, Input, Line};
use super::recorder::{Happenings, Heard, Recorder};
use super::setup::SetupError;
use crate::access::Access;
use crate::app::{ControlConfig, ControlLimits};
use crate::dashboard::Bundle;
use crate::router::router;

/// How long whatever was recorded may take on a slower machine.
const PATIENCE: Duration = Duration::from_secs(86_400);

/// Why a replay can't begin.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The store can't be set up as it was.
    #[error("the store can't be set up as it was")]
    Setup(#[source] SetupError),
    /// It does not start.
    #[error("the store does not start")]
    Start(#[source] StartError),
    /// It stopped at once.
    #[error("the store stopped while it started")]
    Stopped(#[source] StoreError),
}

/// A store that is set up as the recorded one was, and is recorded again.
#[derive(Clone, Debug)]
pub struct Replay {
    plane: Router,
    recorder: Recorder,
}

impl Replay {
    /// Starts the store. What it does comes as the lines of a recording, the first after the header before anything else.
    ///
    /// # Errors
    /// [`ReplayError`].
    pub async fn start(
        header: &Header,
        max_connections: usize,
    ) -> Result<(Self, Happenings), ReplayError> {
        let options = header.store.options(max_connections).map_err(ReplayError::Setup)?;
        let store = StoreHandle::start(options).await.map_err(ReplayError::Start)?;
        let (recorder, happenings) =
            Recorder::replay(&store).await.map_err(ReplayError::Stopped)?;
        let defaults = ControlLimits::default();
        let config = ControlConfig {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            stores: Arc::new(Stores::new(store)),
            allow_shutdown: false,
            access: Access::default(),
            version: header.exstore.clone(),
            limits: ControlLimits { request_timeout: PATIENCE, wait_timeout: PATIENCE, ..defaults },
            recorder: Some(recorder.clone()),
            dashboard: Bundle::default(),
        };
        Ok((Self { plane: router(config), recorder }, happenings))
    }

    /// Does again what a line says was asked. What it makes comes before it is over.
    pub async fn ask(self, line: Line) {
        match line {
            Line::Input(input) => {
                let heard = Heard::default();
                if let Some(mut request) = request(&input) {
                    request.extensions_mut().insert(heard.clone());
                    // A router always answers.
                    drop(self.plane.oneshot(request).await);
                }
                if !heard.is_set() {
                    self.recorder.unheard();
                }
            }
            // A store that has stopped has no rules any more, and shows that by what it does not tell.
            Line::Opportunity(at) => drop(self.recorder.repeat(at).await),
            Line::Recording(_)
            | Line::Entry(_)
            | Line::Answer(_)
            | Line::Broken(_)
            | Line::End(_) => {}
        }
    }

    /// Ends the replay: what has been told is all.
    pub async fn finish(&self) {
        self.recorder.finish().await;
    }
}

fn request(input: &Input) -> Option<Request<Body>> {
    let request = Request::builder().method(input.method.as_str()).uri(&input.path);
    let request = request.header(header::HOST, "localhost");
    let request = match &input.content_type {
        Some(kind) => request.header(header::CONTENT_TYPE, kind),
        None => request,
    };
    request.body(Body::from(input.body_bytes()?)).ok()
}
