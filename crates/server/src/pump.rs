//! The transport of an injected TCP client: a task that moves bytes between its machine and a socket, and nothing else.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use infostore::ClientId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc;

use crate::link::{Meter, Meters};
use crate::owner::Input;
use crate::sockets::OpenSocket;

/// What a client says of a connection that the server has reset.
pub(crate) const RESET: &str = "the server reset the connection";

/// The number of a dial, which no other connection of the store ever has: so news of an earlier one is told from news of this
/// one, also after a reset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct DialId(pub(crate) u64);

/// What the socket said.
#[derive(Debug)]
pub(crate) enum PumpEvent {
    Connected,
    Bytes(Vec<u8>),
    Closed(String),
}

/// What a pump is made for.
pub(crate) struct Dial {
    pub(crate) client: ClientId,
    pub(crate) id: DialId,
    pub(crate) server: SocketAddr,
    pub(crate) meter: Arc<Meter>,
    pub(crate) meters: Arc<Meters>,
    pub(crate) inbox: mpsc::Sender<Input>,
    /// Its own end is one of the store's sockets.
    pub(crate) _open: OpenSocket,
}

impl Dial {
    /// Connects, and moves bytes until either side closes. `outgoing` ends when the client hangs up.
    pub(crate) async fn run(self, mut outgoing: mpsc::UnboundedReceiver<Vec<u8>>) {
        let why = match self.connect().await {
            Err(error) => format!("the connection could not be made: {error}"),
            Ok(stream) => {
                self.tell(PumpEvent::Connected).await;
                self.move_bytes(stream, &mut outgoing).await
            }
        };
        self.tell(PumpEvent::Closed(why)).await;
    }

    /// The server finds the meter by the address that it sees, so that is entered before the connection is made.
    async fn connect(&self) -> io::Result<TcpStream> {
        let (socket, loopback) = match self.server {
            SocketAddr::V4(_) => (TcpSocket::new_v4()?, IpAddr::from(Ipv4Addr::LOCALHOST)),
            SocketAddr::V6(_) => (TcpSocket::new_v6()?, IpAddr::from(Ipv6Addr::LOCALHOST)),
        };
        socket.bind(SocketAddr::from((loopback, 0)))?;
        let local = socket.local_addr()?;
        self.meters.insert(local, Arc::clone(&self.meter));
        match socket.connect(self.server).await {
            Ok(stream) => stream.set_nodelay(true).map(|()| stream),
            Err(error) => {
                self.meters.remove(&local);
                Err(error)
            }
        }
    }

    async fn move_bytes(
        &self,
        mut stream: TcpStream,
        outgoing: &mut mpsc::UnboundedReceiver<Vec<u8>>,
    ) -> String {
        let mut buffer = vec![0; 8_192];
        loop {
            tokio::select! {
                read = stream.read(&mut buffer) => match read {
                    Ok(0) => return "the server closed the connection".to_owned(),
                    Ok(count) => {
                        let bytes = buffer.get(..count).unwrap_or_default().to_vec();
                        self.tell(PumpEvent::Bytes(bytes)).await;
                    }
                    Err(error) => return broken(&error),
                },
                bytes = outgoing.recv() => match bytes {
                    None => return "the client closed the connection".to_owned(),
                    Some(bytes) => if let Err(error) = stream.write_all(&bytes).await {
                        return broken(&error);
                    },
                },
            }
        }
    }

    async fn tell(&self, event: PumpEvent) {
        // Nobody listens any more when the store has stopped, and then nobody has to know.
        drop(self.inbox.send(Input::Pump { client: self.client, dial: self.id, event }).await);
    }
}

/// What a client says of a connection that broke, the same whichever call noticed it first.
fn broken(error: &io::Error) -> String {
    let reset = [
        io::ErrorKind::ConnectionReset,
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::BrokenPipe,
    ];
    if reset.contains(&error.kind()) {
        RESET.to_owned()
    } else {
        format!("the connection broke: {error}")
    }
}
