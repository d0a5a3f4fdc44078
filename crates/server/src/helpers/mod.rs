//! Processes that hold the sockets of injected TCP clients, where one process has no descriptors for both ends.
//!
//! What a client does, and when, is decided in the store's process; a helper makes sockets and moves bytes. So accounts of bytes
//! hold over helpers as they do without, and a helper that dies is a connection that broke.

mod frames;
mod hold;

use core::fmt;
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, BufReader, BufWriter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;

use self::frames::Frame;
pub(crate) use self::frames::Say;
pub use self::hold::hold_sockets;
use crate::pump::DialId;

/// Bytes that are said of a connection at a time.
const CHUNK: usize = 64 << 10;
/// How long a helper may take to come up.
const START: Duration = Duration::from_secs(10);
/// Words that wait to be said to a helper.
const AHEAD: usize = 4_096;

/// Starts helpers: whoever knows the program that they are.
pub trait HelperSource: Send + Sync + fmt::Debug {
    /// Starts one, which runs [`hold_sockets`] on the other ends. It is called within the runtime.
    ///
    /// # Errors
    /// When it does not start.
    fn start(&self) -> io::Result<Helper>;
}

/// A helper that was started.
pub struct Helper {
    /// What it hears.
    pub to: Box<dyn AsyncWrite + Send + Unpin>,
    /// What it says.
    pub from: Box<dyn AsyncRead + Send + Unpin>,
    /// Dropped when nothing is to be said to it any more.
    pub process: Box<dyn Send + Sync>,
}

impl fmt::Debug for Helper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Helper").finish_non_exhaustive()
    }
}

/// Where the sockets of injected TCP clients are: so many in the store's process, the others with helpers.
#[derive(Debug)]
pub struct ClientSockets {
    source: Arc<dyn HelperSource>,
    own: Arc<Semaphore>,
    links: tokio::sync::Mutex<Vec<Arc<HelperLink>>>,
}

/// Where one socket is.
pub(crate) enum Place {
    /// Here.
    Own { _permit: OwnedSemaphorePermit },
    /// With a helper.
    Held(HeldPlace),
}

/// A place with a helper.
pub(crate) struct HeldPlace {
    link: Arc<HelperLink>,
    _permit: OwnedSemaphorePermit,
}

/// What connects this process and a helper.
struct HelperLink {
    frames: mpsc::Sender<Frame>,
    /// None any more when the helper is gone.
    running: Mutex<Option<Running>>,
    places: Arc<Semaphore>,
}

/// A helper that runs. All of it goes at once, so that no process that has ended waits to be reaped.
struct Running {
    _process: Box<dyn Send + Sync>,
    /// Whoever hears of a dial.
    dials: BTreeMap<u64, mpsc::UnboundedSender<Say>>,
}

impl fmt::Debug for HelperLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HelperLink").field("places", &self.places).finish_non_exhaustive()
    }
}

/// A socket that a helper holds.
pub(crate) struct HeldSocket {
    link: Arc<HelperLink>,
    dial: DialId,
    pub(crate) told: mpsc::UnboundedReceiver<Say>,
}

impl ClientSockets {
    /// So many here, and the others with helpers of this source.
    pub fn new(source: Arc<dyn HelperSource>, own: usize) -> Self {
        let own = Arc::new(Semaphore::new(own.min(Semaphore::MAX_PERMITS)));
        Self { source, own, links: tokio::sync::Mutex::default() }
    }

    /// A place for one more socket: here as long as there is one, then with the helpers that run, then with another.
    pub(crate) async fn place(&self) -> io::Result<Place> {
        if let Ok(permit) = Arc::clone(&self.own).try_acquire_owned() {
            return Ok(Place::Own { _permit: permit });
        }
        let mut links = self.links.lock().await;
        links.retain(|link| link.running().is_some());
        if let Some(place) = links.iter().find_map(HelperLink::place) {
            return Ok(Place::Held(place));
        }
        let link = HelperLink::start(self.source.start()?).await?;
        let place = HelperLink::place(&link).ok_or_else(gone)?;
        links.push(link);
        Ok(Place::Held(place))
    }
}

impl HelperLink {
    async fn start(helper: Helper) -> io::Result<Arc<Self>> {
        let Helper { to, from, process } = helper;
        let mut from = BufReader::new(from);
        let ready = timeout(START, Frame::read(&mut from)).await.map_err(|_| late())?;
        let Some(Frame { say: Say::Ready { places }, .. }) = ready? else { return Err(gone()) };
        let (frames, queue) = mpsc::channel(AHEAD);
        drop(tokio::spawn(hold::say_all(BufWriter::new(to), queue)));
        let places = Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS)));
        let running = Running { _process: process, dials: BTreeMap::new() };
        let link = Arc::new(Self { frames, running: Mutex::new(Some(running)), places });
        drop(tokio::spawn(hear(Arc::downgrade(&link), from)));
        Ok(link)
    }

    fn place(self: &Arc<Self>) -> Option<HeldPlace> {
        let permit = Arc::clone(&self.places).try_acquire_owned().ok()?;
        Some(HeldPlace { link: Arc::clone(self), _permit: permit })
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        // Each change is one entry, so a poisoned lock still guards a good map.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hands on what a helper says. When it is gone, nobody hears of its sockets any more, and each dial knows what that means.
async fn hear(link: std::sync::Weak<HelperLink>, mut from: impl AsyncRead + Unpin) {
    while let Ok(Some(Frame { dial, say })) = Frame::read(&mut from).await {
        let Some(link) = link.upgrade() else { return };
        let running = link.running();
        if let Some(dial) = running.as_ref().and_then(|running| running.dials.get(&dial.0)) {
            // One that does not hear any more has hung up.
            drop(dial.send(say));
        }
    }
    if let Some(link) = link.upgrade() {
        tracing::warn!("a process that held sockets of injected clients has ended");
        *link.running() = None;
    }
}

impl HeldPlace {
    /// Asks for a socket on this address.
    pub(crate) async fn dial(
        &self,
        dial: DialId,
        (source, server): (IpAddr, SocketAddr),
    ) -> io::Result<HeldSocket> {
        let (sender, told) = mpsc::unbounded_channel();
        self.link.running().as_mut().ok_or_else(gone)?.dials.insert(dial.0, sender);
        let socket = HeldSocket { link: Arc::clone(&self.link), dial, told };
        socket.say(Say::Dial { source, server }).await;
        Ok(socket)
    }
}

impl HeldSocket {
    /// Says something to the helper. One that is gone has been noticed, or will be.
    pub(crate) async fn say(&self, say: Say) {
        drop(self.link.frames.send(Frame { dial: self.dial, say }).await);
    }

    /// Has the helper send these.
    pub(crate) async fn send(&self, bytes: &[u8]) {
        for chunk in bytes.chunks(CHUNK) {
            self.say(Say::Bytes(chunk.to_vec())).await;
        }
    }
}

impl Drop for HeldSocket {
    fn drop(&mut self) {
        if let Some(running) = self.link.running().as_mut() {
            running.dials.remove(&self.dial.0);
        }
    }
}

fn late() -> io::Error {
    io::Error::other("the process that is to hold it does not come up")
}

fn gone() -> io::Error {
    io::Error::other("the process that holds it is gone")
}
