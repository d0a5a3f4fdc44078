//! The listener of the control plane: it binds first, reports its port, and then serves.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::serve::Listener;
use server::Stores;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::app::ControlConfig;
use crate::router::router_with;

/// Why the control plane can't listen.
#[derive(Debug, thiserror::Error)]
#[error("the control plane can't listen on `{address}`")]
pub struct BindError {
    address: SocketAddr,
    #[source]
    source: io::Error,
}

/// A control plane whose port is open.
#[derive(Debug)]
pub struct Bound {
    listener: Limited,
    local: SocketAddr,
    router: Router,
    stores: Arc<Stores>,
    shutdown: watch::Receiver<bool>,
}

/// Opens the port. Nothing is answered before [`Bound::serve`]; connections wait.
///
/// # Errors
/// When the port can't be had.
pub async fn bind(mut config: ControlConfig) -> Result<Bound, BindError> {
    let address = config.address;
    let failed = |source| BindError { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let local = listener.local_addr().map_err(failed)?;
    config.address = local;
    let permits = Arc::new(Semaphore::new(config.limits.connections.min(Semaphore::MAX_PERMITS)));
    let stores = Arc::clone(&config.stores);
    let (tell_shutdown, shutdown) = watch::channel(false);
    let router = router_with(config, tell_shutdown);
    Ok(Bound { listener: Limited { listener, permits }, local, router, stores, shutdown })
}

impl Bound {
    /// The address, with the port that was found free when 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Becomes true when a client asks the server to leave over `POST /v1/shutdown`.
    pub fn shutdown_requested(&self) -> watch::Receiver<bool> {
        self.shutdown.clone()
    }

    /// Serves, and ends stores whose time to live is over, until `shutdown` is over and the requests that are under way have been answered.
    ///
    /// # Errors
    /// When the listener breaks.
    pub async fn serve(
        self,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let served = axum::serve(self.listener, self.router).with_graceful_shutdown(shutdown);
        tokio::select! {
            served = served => served,
            never = self.stores.keep_expiring() => match never {},
        }
    }
}

/// A listener that accepts no more than so many connections at a time.
#[derive(Debug)]
struct Limited {
    listener: TcpListener,
    permits: Arc<Semaphore>,
}

impl Listener for Limited {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        // The semaphore is never closed, so there is always a permit in the end.
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok();
        let (stream, peer) = Listener::accept(&mut self.listener).await;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "answers may wait for more data");
        }
        (Connection { stream, _permit: permit }, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection, which makes room for another when it is closed.
struct Connection {
    stream: TcpStream,
    _permit: Option<OwnedSemaphorePermit>,
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
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
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }
}
