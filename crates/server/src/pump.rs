//! The transport of an injected TCP client: a task that moves bytes between its machine and a socket, and nothing else.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use infostore::ClientId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc;

use crate::helpers::{ClientSockets, HeldPlace, Place, Say};
use crate::link::{Meter, Meters};
use crate::owner::Input;
use crate::sockets::OpenSocket;

/// Clients that connect from one address.
const CLIENTS_OF_AN_ADDRESS: u64 = 500;
/// Addresses that clients connect from.
const ADDRESSES: u64 = 1 << 20;

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
    /// Where the sockets of clients are; in this process, where nobody says otherwise.
    pub(crate) sockets: Option<Arc<ClientSockets>>,
    /// Its own end is one of the store's sockets.
    pub(crate) _open: OpenSocket,
}

impl Dial {
    /// Connects, and moves bytes until either side closes. `outgoing` ends when the client hangs up.
    pub(crate) async fn run(self, mut outgoing: mpsc::UnboundedReceiver<Vec<u8>>) {
        let place = match &self.sockets {
            Some(sockets) => sockets.place().await.map(Some),
            None => Ok(None),
        };
        let why = match &place {
            Err(error) => not_made(error),
            Ok(Some(Place::Held(place))) => self.run_held(place, &mut outgoing).await,
            Ok(Some(Place::Own { .. }) | None) => self.run_here(&mut outgoing).await,
        };
        self.tell(PumpEvent::Closed(why)).await;
    }

    async fn run_here(&self, outgoing: &mut mpsc::UnboundedReceiver<Vec<u8>>) -> String {
        match self.connect().await {
            Err(error) => not_made(&error),
            Ok(stream) => {
                self.tell(PumpEvent::Connected).await;
                self.move_bytes(stream, outgoing).await
            }
        }
    }

    /// The same with a socket that a helper holds.
    async fn run_held(
        &self,
        place: &HeldPlace,
        outgoing: &mut mpsc::UnboundedReceiver<Vec<u8>>,
    ) -> String {
        let at = (source_of(self.client, self.server), self.server);
        let mut socket = match place.dial(self.id, at).await {
            Ok(socket) => socket,
            Err(error) => return not_made(&error),
        };
        // Of a connection that the server may not have seen yet.
        let mut unseen = None;
        let mut is_open = true;
        let why = loop {
            tokio::select! {
                told = socket.told.recv() => match told {
                    Some(Say::Bound(local)) => {
                        self.meters.insert(local, Arc::clone(&self.meter));
                        unseen = Some(local);
                        socket.say(Say::Connect).await;
                    }
                    Some(Say::Connected) => {
                        unseen = None;
                        self.tell(PumpEvent::Connected).await;
                    }
                    Some(Say::Bytes(bytes)) => self.tell(PumpEvent::Bytes(bytes)).await,
                    Some(Say::Closed(why)) => break why,
                    Some(Say::Ready { .. } | Say::Dial { .. } | Say::Connect | Say::Close) => {}
                    None => break "the process that held the connection is gone".to_owned(),
                },
                bytes = outgoing.recv(), if is_open => match bytes {
                    Some(bytes) => socket.send(&bytes).await,
                    None => {
                        is_open = false;
                        socket.say(Say::Close).await;
                    }
                },
            }
        };
        if let Some(local) = unseen {
            self.meters.remove(&local);
        }
        why
    }

    /// The server finds the meter by the address that it sees, so that is entered before the connection is made.
    async fn connect(&self) -> io::Result<TcpStream> {
        let socket = bound_socket(source_of(self.client, self.server), self.server)?;
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

/// Where a client connects from. With many clients on one address the system takes long to find a port for another, and has no
/// more than 28,232; so each address of this machine has a few, and which one follows from the client's number.
fn source_of(client: ClientId, server: SocketAddr) -> IpAddr {
    match server.ip() {
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        IpAddr::V4(ip) if !ip.is_loopback() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V4(_) => {
            let number = client.0.saturating_sub(1) / CLIENTS_OF_AN_ADDRESS;
            let number = u32::try_from(number % ADDRESSES).unwrap_or_default();
            Ipv4Addr::from_bits(Ipv4Addr::LOCALHOST.to_bits().saturating_add(number)).into()
        }
    }
}

/// A socket on this address, or where the system's loopback has no such address, on the one that each has.
pub(crate) fn bound_socket(source: IpAddr, server: SocketAddr) -> io::Result<TcpSocket> {
    let (socket, loopback) = match server {
        SocketAddr::V4(_) => (TcpSocket::new_v4()?, IpAddr::from(Ipv4Addr::LOCALHOST)),
        SocketAddr::V6(_) => (TcpSocket::new_v6()?, IpAddr::from(Ipv6Addr::LOCALHOST)),
    };
    let bound = socket.bind(SocketAddr::from((source, 0)));
    bound.or_else(|_| socket.bind(SocketAddr::from((loopback, 0))))?;
    Ok(socket)
}

fn not_made(error: &io::Error) -> String {
    format!("the connection could not be made: {error}")
}

/// What a client says of a connection that broke, the same whichever call noticed it first.
pub(crate) fn broken(error: &io::Error) -> String {
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
