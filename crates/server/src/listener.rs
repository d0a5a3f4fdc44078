//! The RPC port and the endpoint mapper's: one task for each connection, which owns its association and parks without a buffer.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use infostore::{ConnectionId, Origin, Transport};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot, watch};
use tracing::Instrument;

use crate::budget::{Permit, Share};
use crate::disturbance::{End, Hold, Output};
use crate::endpoint::Endpoint;
use crate::group::ConnectionControl;
use crate::identity::Peer;
use crate::link::{Meter, Meters};
use crate::owner::Input;
use crate::site::{PortKind, Site};
use crate::sockets::{OpenSocket, Sockets};

/// Bytes read at a time. The buffer belongs to the thread: an idle connection holds none.
const SCRATCH_BYTES: usize = 16 * 1024;

/// How long the listener waits before it tries again when the process is out of descriptors and no connection ends.
const ACCEPT_BACK_OFF: Duration = Duration::from_millis(100);

/// Bytes that a connection still reads when it is to be closed: what a socket holds, and no more.
const LAST_BYTES: usize = 256 * 1024;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; SCRATCH_BYTES]);
}

/// What the connections of a listener share.
#[derive(Clone)]
pub(crate) struct Listening {
    pub(crate) site: Arc<Site>,
    /// What the port is for.
    pub(crate) port: PortKind,
    pub(crate) inbox: mpsc::Sender<Input>,
    pub(crate) meters: Arc<Meters>,
    pub(crate) connection_ids: Arc<AtomicU64>,
    pub(crate) connections: Arc<Share>,
    pub(crate) sockets: Sockets,
}

/// A port that is open.
pub(crate) struct Port {
    listener: TcpListener,
    _open: OpenSocket,
}

impl Port {
    pub(crate) fn new(listener: TcpListener, sockets: &Sockets) -> Self {
        Self { listener, _open: sockets.open() }
    }
}

impl Listening {
    /// Accepts connections until the store's task is gone.
    pub(crate) async fn run(self: Arc<Self>, port: Port) {
        loop {
            let accepted = tokio::select! {
                accepted = port.listener.accept() => accepted,
                () = self.inbox.closed() => return,
            };
            match accepted {
                Err(error) => self.back_off(&error).await,
                Ok((stream, peer)) => {
                    let connection = self.connection(stream, peer);
                    match self.connections.take() {
                        Some(permit) => drop(tokio::spawn(connection.serve(permit))),
                        None => self.turn_away(connection, peer).await,
                    }
                }
            }
        }
    }

    /// One connection too many is closed without a word: it never spoke, and nobody else waits for it.
    async fn turn_away(&self, connection: Connection, peer: SocketAddr) {
        tracing::warn!(%peer, "the store has as many connections as it takes");
        connection.finish().await;
    }

    /// Out of descriptors, `accept` fails at once and would spin.
    async fn back_off(&self, error: &io::Error) {
        tracing::warn!(%error, "a connection could not be accepted");
        // Elapsing is the point: nothing else wakes a listener that has no descriptor.
        drop(tokio::time::timeout(ACCEPT_BACK_OFF, self.inbox.closed()).await);
    }

    fn connection(&self, stream: TcpStream, address: SocketAddr) -> Connection {
        let id = ConnectionId(self.connection_ids.fetch_add(1, Ordering::Relaxed));
        // Taken out, so that whoever has this address next is not taken for the client.
        let meter = self.meters.remove(&address).map(|(_, meter)| meter);
        let control = Arc::new(ConnectionControl::new(meter.as_ref().map(|meter| meter.client)));
        let peer = Peer {
            connection: id,
            origin: meter.as_ref().map_or(Origin::Foreign, |meter| meter.origin.clone()),
            transport: Transport::Tcp,
            address: Some(address.ip()),
            // A connection that is gone already has none, and asks nothing either.
            reached: stream.local_addr().ok().map(|address| address.ip()),
        };
        let site = Arc::clone(&self.site);
        let end = site.next_end();
        let endpoint = Endpoint::new(site, self.port, peer, Arc::clone(&control));
        let inbox = self.inbox.clone();
        let (ended, _open) = (None, self.sockets.open());
        Connection { id, stream, endpoint, control, end, meter, inbox, ended, _open }
    }
}

/// One TCP connection.
struct Connection {
    id: ConnectionId,
    stream: TcpStream,
    endpoint: Endpoint,
    control: Arc<ConnectionControl>,
    /// The next end of the service.
    end: watch::Receiver<u64>,
    meter: Option<Arc<Meter>>,
    inbox: mpsc::Sender<Input>,
    _open: OpenSocket,
    /// How a fault has ended it.
    ended: Option<End>,
}

impl Connection {
    async fn serve(mut self, permit: Permit) {
        let span = self.endpoint.span().clone();
        if let Err(error) = self.run().instrument(span.clone()).await {
            span.in_scope(|| tracing::debug!(%error, "the connection broke"));
        }
        self.finish().await;
        span.in_scope(|| tracing::debug!("the connection is closed"));
        drop(permit);
    }

    /// Serves the connection until either side closes it.
    async fn run(&mut self) -> io::Result<()> {
        self.stream.set_nodelay(true)?;
        self.endpoint.open();
        self.answer().await?;
        while self.ended.is_none() {
            tokio::select! {
                biased;
                () = self.control.closing() => {
                    // Who waits for events is told of the end too.
                    self.answer().await?;
                    return self.read_last().await;
                }
                () = self.control.wait_ended() => {
                    self.answer().await?;
                    continue;
                }
                // The store does not know of a connection that has not bound.
                _ = self.end.changed(), if self.endpoint.group().is_none() => return Ok(()),
                ready = self.stream.readable() => ready?,
                () = self.inbox.closed() => return Ok(()),
            }
            match self.read_available().await? {
                Some(0) => return Ok(()),
                Some(_) if self.endpoint.is_closing() => return Ok(()),
                Some(_) | None => {}
            }
        }
        Ok(())
    }

    /// Answers what has come in already, with the null handle that tells of the end; a peer that goes on sending is not
    /// waited for.
    async fn read_last(&mut self) -> io::Result<()> {
        let mut left = LAST_BYTES;
        while let (Some(count @ 1..), 1..) = (self.read_available().await?, left) {
            left = left.saturating_sub(count);
        }
        Ok(())
    }

    /// Reads what is there without waiting, and answers it: the bytes read, 0 at the end, `None` when there was nothing.
    async fn read_available(&mut self) -> io::Result<Option<usize>> {
        // A peer whose bytes call for no answer would otherwise never let go of this thread.
        tokio::task::coop::consume_budget().await;
        let read = SCRATCH.with_borrow_mut(|scratch| {
            let count = self.stream.try_read(scratch)?;
            self.endpoint.handle_bytes(scratch.get(..count).unwrap_or_default());
            Ok::<_, io::Error>(count)
        });
        let count = match read {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error),
        };
        self.answer().await?;
        // A connection that is about to end is under way until its client has seen that.
        let ends = self.ended.is_some() || self.endpoint.is_closing();
        if let Some(meter) = self.meter.as_ref().filter(|_| !ends) {
            meter.handle(count);
        }
        Ok(Some(count))
    }

    /// Takes the endpoint's requests to the store's task, and sends what comes of them.
    async fn answer(&mut self) -> io::Result<()> {
        loop {
            while let Some(request) = self.endpoint.poll_request() {
                let (reply, answer) = oneshot::channel();
                let input = Input::Request { connection: self.id, request, reply };
                self.inbox.send(input).await.map_err(|_| stopped())?;
                self.endpoint.handle_answer(answer.await.map_err(|_| stopped())?);
            }
            match self.endpoint.poll_output() {
                None => break,
                Some(Output::Bytes(bytes)) => self.send(&bytes).await?,
                Some(Output::Hold(hold)) => {
                    self.wait(hold).await?;
                    self.endpoint.let_go();
                }
                Some(Output::End(how)) => {
                    self.ended = Some(how);
                    break;
                }
            }
        }
        Ok(())
    }

    /// Waits until what fault rules hold back is let go. A client that hangs up takes it along, and so does whoever closes
    /// the connection.
    async fn wait(&mut self, hold: Hold) -> io::Result<()> {
        let (reply, released) = oneshot::channel();
        let client = self.control.client;
        let input = Input::Hold { connection: self.id, client, hold, reply };
        self.inbox.send(input).await.map_err(|_| stopped())?;
        let Self { stream, control, end, endpoint, .. } = self;
        tokio::select! {
            biased;
            () = control.closing() => Err(stopped()),
            _ = end.changed(), if endpoint.group().is_none() => Err(stopped()),
            released = released => released.map_err(|_| stopped()),
            () = hung_up(stream) => Err(io::ErrorKind::ConnectionReset.into()),
        }
    }

    /// Sends, unless the peer does not read and the store wants the connection closed.
    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(meter) = &self.meter {
            meter.write(bytes.len());
        }
        let Self { stream, control, .. } = self;
        tokio::select! {
            biased;
            sent = stream.write_all(bytes) => sent,
            () = control.closing() => Err(io::Error::new(io::ErrorKind::TimedOut, "the peer does not read")),
        }
    }

    /// Closes the connection, and only then says so: whoever is told may rely on it.
    async fn finish(mut self) {
        // A peer that is gone already can't be told; there is nothing else to do about it.
        match self.ended {
            Some(End::Reset) => drop(self.stream.set_zero_linger()),
            Some(End::Close) | None => drop(self.stream.shutdown().await),
        }
        drop(self.stream);
        self.endpoint.closed();
        let group = self.endpoint.group().cloned();
        let closed = Input::Closed { connection: self.id, group, meter: self.meter };
        // Nobody listens any more when the store has stopped.
        drop(self.inbox.send(closed).await);
    }
}

/// Waits until the peer hangs up. Where it has sent something first, that can't be seen before it is read.
async fn hung_up(stream: &TcpStream) {
    let mut byte = [0];
    if let Ok(1..) = stream.peek(&mut byte).await {
        core::future::pending().await
    }
}

fn stopped() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "the store has stopped")
}
