//! One connection: its requests are handed to a service, and whoever keeps it without asking anything, or does so too slowly,
//! loses it.

use core::convert::Infallible;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io::{self, IoSlice};
use std::pin::pin;
use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::response::Response;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tower::{Service, ServiceExt};

use crate::app::ControlLimits;
use crate::seats::{Patience, Seat, SeatLost, Seated};

/// hyper takes no smaller buffer.
const LEAST_BUFFER: usize = 8_192;

/// Serves a connection until its peer leaves, it loses its place, or `closing` becomes true and what was asked is answered.
pub(crate) async fn serve<S>(
    stream: TcpStream,
    (seated, limits): (Seated, ControlLimits),
    service: S,
    mut closing: watch::Receiver<bool>,
) where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "answers may wait for more data");
    }
    let seat = Arc::clone(&seated.seat);
    let io = TokioIo::new(Watched { stream, seat: Arc::clone(&seat) });
    let answering = Arc::clone(&seat);
    let service =
        service_fn(move |request| answer(service.clone(), request, Arc::clone(&answering)));
    let mut connection = pin!(builder(&limits).serve_connection(io, service));
    let mut told = false;
    loop {
        let patience = seat.patience(&limits);
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection broke");
                }
                break;
            }
            waited = wait(&seat, patience) => match waited {
                Waited::Changed => {}
                Waited::TooLong => break,
            },
            _ = closing.wait_for(|closing| *closing), if !told => {
                told = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
    // The place is free when the socket is closed, and not before.
    drop(seated);
}

fn builder(limits: &ControlLimits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    // The seat keeps the time: hyper's own limit does not tell an idle connection from a slow one.
    builder
        .header_read_timeout(None)
        .max_headers(limits.headers)
        .max_header_size(limits.head_bytes)
        .max_buf_size(limits.head_bytes.max(LEAST_BUFFER));
    builder
}

enum Waited {
    Changed,
    TooLong,
}

async fn wait(seat: &Seat, patience: Patience) -> Waited {
    match patience {
        Patience::Over => Waited::TooLong,
        Patience::Endless => {
            seat.changed().await;
            Waited::Changed
        }
        Patience::For(limit) => match timeout(limit, seat.changed()).await {
            Ok(()) => Waited::Changed,
            Err(_) => Waited::TooLong,
        },
    }
}

async fn answer<S>(
    service: S,
    request: hyper::Request<Incoming>,
    seat: Arc<Seat>,
) -> Result<hyper::Response<Leaving>, SeatLost>
where
    S: Service<Request, Response = Response, Error = Infallible> + Send,
    S::Future: Send,
{
    seat.begin(!request.body().is_end_stream())?;
    let arriving = Arc::clone(&seat);
    let mut request = request.map(|body| Body::new(Arriving { body, seat: arriving }));
    // An answer without an end may have to end the connection.
    request.extensions_mut().insert(Arc::clone(&seat));
    let answering = Answering(seat);
    let response = match service.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    Ok(response.map(|body| Leaving { body, _answering: answering }))
}

/// A request that is being answered; when it is dropped, the connection has nothing to do.
struct Answering(Arc<Seat>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.answered();
    }
}

/// A request's body, which tells when it is there.
struct Arriving {
    body: Incoming,
    seat: Arc<Seat>,
}

impl HttpBody for Arriving {
    type Data = <Incoming as HttpBody>::Data;
    type Error = <Incoming as HttpBody>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if frame.is_none() || self.body.is_end_stream() {
            self.seat.arrived();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer's body; when it is dropped, the answer is given.
struct Leaving {
    body: Body,
    _answering: Answering,
}

impl HttpBody for Leaving {
    type Data = <Body as HttpBody>::Data;
    type Error = <Body as HttpBody>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A socket that tells its seat when bytes go through.
struct Watched {
    stream: TcpStream,
    seat: Arc<Seat>,
}

impl Watched {
    fn wrote(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.seat.wrote(written.is_pending());
        written
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if before < buffer.filled().len() {
            self.seat.read();
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wrote(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.wrote(written)
    }
}
