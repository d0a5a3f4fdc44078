//! What passes between a store's process and one that holds its clients' sockets: a length, a kind, the number of the dial, and
//! what there is to say, each number little-endian.
//!
//! Both ends are this program, so a frame that is none is a defect, and ends the connection.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::pump::DialId;

/// Bytes of a frame at the most, without its length.
const MOST: usize = 1 << 20;
/// Bytes of the kind and of the number.
const HEAD: usize = 9;

/// What one process says to the other.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Say {
    /// To the store: the helper holds so many sockets.
    Ready { places: usize },
    /// To the helper: make a socket on this address, for that server.
    Dial { source: IpAddr, server: SocketAddr },
    /// To the store: the socket has this address, and waits until that is known.
    Bound(SocketAddr),
    /// To the helper: connect it.
    Connect,
    /// To the store: it is connected.
    Connected,
    /// What was sent, either way.
    Bytes(Vec<u8>),
    /// To the helper: close it.
    Close,
    /// To the store: it is closed, and why.
    Closed(String),
}

/// A word about one dial.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Frame {
    pub(super) dial: DialId,
    pub(super) say: Say,
}

impl Frame {
    pub(super) async fn write(&self, to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        let (kind, payload) = self.say.parts();
        let length = u32::try_from(payload.len().saturating_add(HEAD)).map_err(|_| no_frame())?;
        let mut bytes = length.to_le_bytes().to_vec();
        bytes.push(kind);
        bytes.extend_from_slice(&self.dial.0.to_le_bytes());
        bytes.extend_from_slice(&payload);
        to.write_all(&bytes).await
    }

    /// The next; none where the other process is gone.
    pub(super) async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Self>> {
        let mut length = [0; 4];
        match from.read_exact(&mut length).await {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        };
        let length = usize::try_from(u32::from_le_bytes(length)).map_err(|_| no_frame())?;
        if MOST < length {
            return Err(no_frame());
        }
        let mut bytes = vec![0; length];
        from.read_exact(&mut bytes).await?;
        Self::parse(&bytes).map(Some).ok_or_else(no_frame)
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        let (dial, payload) = rest.split_first_chunk::<8>()?;
        Some(Self { dial: DialId(u64::from_le_bytes(*dial)), say: Say::parse(*kind, payload)? })
    }
}

impl Say {
    fn parts(&self) -> (u8, Vec<u8>) {
        match self {
            Self::Ready { places } => (0, places.to_string().into_bytes()),
            Self::Dial { source, server } => (1, format!("{source} {server}").into_bytes()),
            Self::Bound(address) => (2, address.to_string().into_bytes()),
            Self::Connect => (3, Vec::new()),
            Self::Connected => (4, Vec::new()),
            Self::Bytes(bytes) => (5, bytes.clone()),
            Self::Close => (6, Vec::new()),
            Self::Closed(why) => (7, why.clone().into_bytes()),
        }
    }

    fn parse(kind: u8, payload: &[u8]) -> Option<Self> {
        let text = || core::str::from_utf8(payload).ok();
        Some(match kind {
            0 => Self::Ready { places: text()?.parse().ok()? },
            1 => {
                let (source, server) = text()?.split_once(' ')?;
                let (source, server) = (IpAddr::from_str(source), SocketAddr::from_str(server));
                Self::Dial { source: source.ok()?, server: server.ok()? }
            }
            2 => Self::Bound(text()?.parse().ok()?),
            3 => Self::Connect,
            4 => Self::Connected,
            5 => Self::Bytes(payload.to_vec()),
            6 => Self::Close,
            7 => Self::Closed(text()?.to_owned()),
            _ => return None,
        })
    }
}

fn no_frame() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "what another process of this program says is no frame",
    )
}

#[cfg(test)]
mod tests {
    use super::{DialId, Frame, Say};

    #[tokio::test]
    async fn every_word_is_read_as_it_was_said_and_garbage_is_no_word() {
        let server = "127.0.0.1:8136".parse().expect("an address");
        let says = [
            Say::Ready { places: 19_000 },
            Say::Dial { source: [127, 0, 3, 4].into(), server },
            Say::Bound(server),
            Say::Connect,
            Say::Connected,
            Say::Bytes(vec![0, 255, 10]),
            Say::Close,
            Say::Closed("it was caf\u{e9}".to_owned()),
        ];
        let mut bytes = Vec::new();
        for say in says.clone() {
            let frame = Frame { dial: DialId(u64::MAX - 1), say };
            frame.write(&mut bytes).await.expect("memory takes it");
        }
        let mut from = bytes.as_slice();
        for say in says {
            let read = Frame::read(&mut from).await.expect("a frame").expect("there is one");
            assert_eq!(read, Frame { dial: DialId(u64::MAX - 1), say });
        }
        assert_eq!(Frame::read(&mut from).await.expect("the end"), None);
        let garbled = |bytes: &'static [u8]| async move { Frame::read(&mut &*bytes).await };
        for bytes in [&[9, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0][..], b"GET / HTTP/1.1", &[0; 4]] {
            assert!(garbled(bytes).await.is_err(), "{bytes:?}");
        }
    }
}
