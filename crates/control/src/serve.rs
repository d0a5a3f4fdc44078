//! The listener of the control plane: it binds first, reports its port, and then serves.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::response::Response;
use server::Stores;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::Service;

use crate::app::{ControlConfig, ControlLimits, Signals};
use crate::connection;
use crate::router::{Routers, routers};
use crate::seats::{Seated, Seats};

/// Connections that are told at a time that every other one is busy.
const TURNED_AWAY: usize = 64;

/// Between two attempts to accept when the process has no descriptor left.
const PAUSE: Duration = Duration::from_millis(50);

/// Why the control plane can't listen.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The port can't be had.
    #[error("the control plane can't listen on `{address}`")]
    Listen {
        /// Where it was to listen.
        address: SocketAddr,
        /// Why it can't.
        #[source]
        source: io::Error,
    },
    /// Other machines could use it, and nothing would keep them from it.
    #[error("`{0}` can be reached from other machines, and no token is asked for")]
    Unprotected(SocketAddr),
}

/// A control plane whose port is open.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    local: SocketAddr,
    limits: ControlLimits,
    routers: Routers,
    stores: Arc<Stores>,
    shutdown: watch::Receiver<bool>,
    closing: watch::Sender<bool>,
}

/// Opens the port. Nothing is answered before [`Bound::serve`]; connections wait.
///
/// # Errors
/// When the port can't be had, or lies beyond loopback and neither is a token asked for nor was that waived.
pub async fn bind(mut config: ControlConfig) -> Result<Bound, BindError> {
    let (address, limits) = (config.address, config.limits);
    if !config.access.protects(address.ip()) {
        return Err(BindError::Unprotected(address));
    }
    let failed = |source| BindError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let local = listener.local_addr().map_err(failed)?;
    config.address = local;
    let stores = Arc::clone(&config.stores);
    let (tell_shutdown, shutdown) = watch::channel(false);
    let (closing, draining) = watch::channel(false);
    let routers = routers(config, Signals { shutdown: tell_shutdown, draining });
    Ok(Bound { listener, local, limits, routers, stores, shutdown, closing })
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

    /// Serves, and ends stores whose time to live is over, until `shutdown` is over, the requests that are under way have been
    /// answered and the streams have ended. When it is dropped, their connections are closed.
    pub async fn serve(self, shutdown: impl Future<Output = ()> + Send + 'static) {
        let stores = Arc::clone(&self.stores);
        tokio::select! {
            () = self.serve_connections(shutdown) => {}
            never = stores.keep_expiring() => match never {},
        }
    }

    async fn serve_connections(self, shutdown: impl Future<Output = ()>) {
        let Self { listener, limits, routers, closing: close, .. } = self;
        let mut door = Door {
            limits,
            routers,
            seats: Arc::new(Seats::new(limits.connections)),
            turned_away: Arc::new(Seats::new(TURNED_AWAY)),
            connections: JoinSet::new(),
            closing: close.subscribe(),
        };
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => door.admit(stream),
                    Err(error) => door.could_not_accept(&error).await,
                },
            }
        }
        drop(listener);
        close.send_replace(true);
        while door.connections.join_next().await.is_some() {}
    }
}

/// Where connections come in.
struct Door {
    limits: ControlLimits,
    routers: Routers,
    seats: Arc<Seats>,
    turned_away: Arc<Seats>,
    connections: JoinSet<()>,
    closing: watch::Receiver<bool>,
}

impl Door {
    /// Serves a connection, or tells it why it is not served.
    fn admit(&mut self, stream: TcpStream) {
        while self.connections.try_join_next().is_some() {}
        if let Some(seated) = self.seats.take() {
            self.serve(stream, seated, self.routers.plane.clone());
        } else if let Some(seated) = self.turned_away.take() {
            self.serve(stream, seated, self.routers.busy.clone());
        }
    }

    fn serve<S>(&mut self, stream: TcpStream, seated: Seated, service: S)
    where
        S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send,
    {
        let closing = self.closing.clone();
        let serving = connection::serve(stream, (seated, self.limits), service, closing);
        self.connections.spawn(serving);
    }

    /// The peer may have left already, which says nothing of others. Otherwise there is no descriptor left, and one is made.
    async fn could_not_accept(&self, error: &io::Error) {
        let left = matches!(
            error.kind(),
            io::ErrorKind::ConnectionRefused
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::ConnectionReset
        );
        if left {
            return;
        }
        tracing::warn!(%error, "no connection can be accepted");
        self.seats.make_room();
        pause().await;
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the system says neither when it has a descriptor again nor lets a task wait for one"
)]
async fn pause() {
    tokio::time::sleep(PAUSE).await;
}
