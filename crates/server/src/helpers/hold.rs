//! The process that holds sockets for a store's: it makes them, and moves bytes. It decides nothing, and ends with the store's.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::frames::{Frame, Say};
use crate::pump::{DialId, bound_socket, broken};

/// Words that wait to be said to the store's process.
const AHEAD: usize = 1_024;
/// Bytes that are read of a socket at a time.
const READ: usize = 8_192;

/// A socket that is held for a client.
struct Held {
    dial: DialId,
    orders: mpsc::UnboundedReceiver<Say>,
    answers: mpsc::Sender<Frame>,
}

/// Holds sockets, at most so many, for the process at the other end until that is gone.
///
/// # Errors
/// When what it says is no frame, or it can't be told anything.
pub async fn hold_sockets(
    from: impl AsyncRead + Unpin,
    to: impl AsyncWrite + Unpin + Send + 'static,
    places: usize,
) -> io::Result<()> {
    let (answers, queue) = mpsc::channel(AHEAD);
    // They end with this: what is not held any more is closed.
    let mut tasks = JoinSet::new();
    drop(tasks.spawn(async move { drop(say_all(to, queue).await) }));
    let ready = Frame { dial: DialId(0), say: Say::Ready { places } };
    drop(answers.send(ready).await);
    let mut from = BufReader::new(from);
    let mut held: BTreeMap<u64, mpsc::UnboundedSender<Say>> = BTreeMap::new();
    while let Some(Frame { dial, say }) = Frame::read(&mut from).await? {
        if let Say::Dial { source, server } = say {
            if places < held.len() {
                held.retain(|_, orders| !orders.is_closed());
            }
            let (sender, orders) = mpsc::unbounded_channel();
            held.insert(dial.0, sender);
            let socket = Held { dial, orders, answers: answers.clone() };
            drop(tasks.spawn(socket.run(source, server)));
            while tasks.try_join_next().is_some() {}
        } else if let Some(orders) = held.get(&dial.0) {
            // One that is closed has said so.
            drop(orders.send(say));
        }
    }
    Ok(())
}

/// Says what there is to say, as much at a time as there is.
pub(super) async fn say_all(
    mut to: impl AsyncWrite + Unpin,
    mut queue: mpsc::Receiver<Frame>,
) -> io::Result<()> {
    while let Some(frame) = queue.recv().await {
        frame.write(&mut to).await?;
        if queue.is_empty() {
            to.flush().await?;
        }
    }
    Ok(())
}

impl Held {
    async fn run(mut self, source: IpAddr, server: SocketAddr) {
        let why = match self.connect(source, server).await {
            Err(error) => format!("the connection could not be made: {error}"),
            Ok(None) => "the client closed the connection".to_owned(),
            Ok(Some(stream)) => self.move_bytes(stream).await,
        };
        self.tell(Say::Closed(why)).await;
    }

    /// The store has to know the address before the server sees it.
    async fn connect(
        &mut self,
        source: IpAddr,
        server: SocketAddr,
    ) -> io::Result<Option<TcpStream>> {
        let socket = bound_socket(source, server)?;
        self.tell(Say::Bound(socket.local_addr()?)).await;
        if self.orders.recv().await != Some(Say::Connect) {
            return Ok(None);
        }
        let stream = socket.connect(server).await?;
        stream.set_nodelay(true)?;
        self.tell(Say::Connected).await;
        Ok(Some(stream))
    }

    async fn move_bytes(&mut self, mut stream: TcpStream) -> String {
        let mut buffer = vec![0; READ];
        loop {
            tokio::select! {
                read = stream.read(&mut buffer) => match read {
                    Ok(0) => return "the server closed the connection".to_owned(),
                    Ok(count) => {
                        let bytes = buffer.get(..count).unwrap_or_default().to_vec();
                        self.tell(Say::Bytes(bytes)).await;
                    }
                    Err(error) => return broken(&error),
                },
                order = self.orders.recv() => match order {
                    Some(Say::Bytes(bytes)) => if let Err(error) = stream.write_all(&bytes).await {
                        return broken(&error);
                    },
                    Some(_) | None => return "the client closed the connection".to_owned(),
                },
            }
        }
    }

    async fn tell(&self, say: Say) {
        // Nobody is told any more when the store's process is gone, and then this one goes too.
        drop(self.answers.send(Frame { dial: self.dial, say }).await);
    }
}
