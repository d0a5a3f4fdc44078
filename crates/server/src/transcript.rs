//! What went over a store's connections, as it went: a ring of bytes, which is decoded by whoever reads it.
//!
//! Beside the bytes stand what seals hid, and the ends of connections. When the ring is full the oldest goes first; what is
//! left says how much that was. Interfaces and sessions of a connection are remembered as long as anything of it is left.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clock::SimTime;
use dcerpc::{ContextHandle, Direction, Opened, PresentationContextId, SyntaxId};
use infostore::{ClientId, ConnectionId, SessionId};

use crate::capture::Capture;
use crate::directory::Directory;
use crate::identity::Peer;

/// Bytes that a store's ring holds at the most, what each entry takes besides its bytes counted.
pub const TRANSCRIPT_BYTES: usize = 4 << 20;

/// What an entry takes besides its bytes.
const ENTRY_BYTES: usize = 96;

/// One thing that happened on a connection.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Its number, from 1 in the order in which things happened; never used again.
    pub number: u64,
    /// Store time.
    pub at: SimTime,
    /// The connection.
    pub connection: ConnectionId,
    /// The injected client at its other end.
    pub client: Option<ClientId>,
    /// What happened.
    pub what: What,
}

/// What can happen on a connection.
#[derive(Clone, Debug)]
pub enum What {
    /// Bytes went by.
    Bytes(Chunk),
    /// A fragment that was sealed holds this.
    Opened(Arc<Opened>),
    /// The connection is closed.
    Closed,
}

/// Bytes that went by at once.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// Which way.
    pub direction: Direction,
    /// Bytes that had gone that way before.
    pub offset: u64,
    /// Whether they begin with a PDU.
    pub begins_pdu: bool,
    /// The bytes.
    pub bytes: Arc<[u8]>,
}

/// What a ring holds at one time.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    /// What is left, oldest first.
    pub entries: Vec<Recorded>,
    /// How many entries have left the ring.
    pub dropped: u64,
    /// What it takes to read them, of each connection that has any.
    pub connections: BTreeMap<ConnectionId, KnownConnection>,
    /// The sessions that are live, and what their clients call them.
    pub live: Vec<(SessionId, ContextHandle)>,
}

/// What is known of a connection however little of it is left.
#[derive(Clone, Debug, Default)]
pub struct KnownConnection {
    /// The interface of each presentation context that was called through.
    pub interfaces: BTreeMap<PresentationContextId, SyntaxId>,
    /// The latest sessions that were opened on it, and what their client calls them.
    pub sessions: VecDeque<(SessionId, ContextHandle)>,
}

/// Sessions that are remembered of one connection.
const SESSIONS: usize = 64;

/// The ring of a store.
#[derive(Debug)]
pub(crate) struct Transcripts {
    ring: Mutex<Ring>,
    limit: usize,
    capture: Option<Arc<Capture>>,
}

#[derive(Debug, Default)]
struct Ring {
    entries: VecDeque<Recorded>,
    bytes: usize,
    dropped: u64,
    last: u64,
    /// From the first entry of a connection until the last has left.
    connections: BTreeMap<ConnectionId, KnownConnection>,
}

impl Transcripts {
    pub(crate) fn new(limit: usize, capture: Option<Arc<Capture>>) -> Self {
        Self { ring: Mutex::default(), limit, capture }
    }

    /// Something has happened on the connection of `peer`, whose client is `client`.
    pub(crate) fn record(
        &self,
        now: SimTime,
        (peer, client): (&Peer, Option<ClientId>),
        what: What,
    ) {
        if let Some(capture) = &self.capture {
            capture.record(now, peer, &what);
        }
        let mut ring = self.lock();
        ring.last = ring.last.saturating_add(1);
        let number = ring.last;
        let entry = Recorded { number, at: now, connection: peer.connection, client, what };
        ring.bytes = ring.bytes.saturating_add(entry.size());
        ring.entries.push_back(entry);
        while self.limit < ring.bytes
            && let Some(oldest) = ring.entries.pop_front()
        {
            ring.bytes = ring.bytes.saturating_sub(oldest.size());
            ring.dropped = ring.dropped.saturating_add(1);
            if matches!(oldest.what, What::Closed) {
                ring.connections.remove(&oldest.connection);
            }
        }
    }

    /// A call came through a presentation context, whose interface is this.
    pub(crate) fn called(
        &self,
        of: ConnectionId,
        context: PresentationContextId,
        interface: SyntaxId,
    ) {
        let mut ring = self.lock();
        ring.connections.entry(of).or_default().interfaces.insert(context, interface);
    }

    /// A session was opened.
    pub(crate) fn opened(&self, on: ConnectionId, session: SessionId, handle: ContextHandle) {
        let mut ring = self.lock();
        let sessions = &mut ring.connections.entry(on).or_default().sessions;
        if SESSIONS <= sessions.len() {
            sessions.pop_front();
        }
        sessions.push_back((session, handle));
    }

    /// Whom the store knows now, for whoever opens the capture.
    pub(crate) fn know(&self, directory: &Directory) {
        if let Some(capture) = &self.capture {
            let users = directory.after(None);
            capture.add_keys(users.map(|user| (user.name().as_str().to_owned(), user.hash)));
        }
    }

    /// What the ring holds now.
    pub(crate) fn read(&self) -> Transcript {
        let ring = self.lock();
        Transcript {
            entries: ring.entries.iter().cloned().collect(),
            dropped: ring.dropped,
            connections: ring.connections.clone(),
            live: Vec::new(),
        }
    }

    /// Forgets everything: sessions are numbered anew.
    pub(crate) fn clear(&self) {
        let mut ring = self.lock();
        let Ring { entries, last, mut connections, .. } = std::mem::take(&mut *ring);
        for entry in entries.iter().filter(|entry| matches!(entry.what, What::Closed)) {
            connections.remove(&entry.connection);
        }
        for known in connections.values_mut() {
            known.sessions = VecDeque::new();
        }
        *ring = Ring { last, connections, ..Ring::default() };
    }

    // Each call leaves the ring whole, so a poisoned lock still guards a good one.
    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recorded {
    fn size(&self) -> usize {
        let bytes = match &self.what {
            What::Bytes(chunk) => chunk.bytes.len(),
            What::Opened(opened) => opened.stub.len(),
            What::Closed => 0,
        };
        bytes.saturating_add(ENTRY_BYTES)
    }
}

/// Tells where PDUs begin in one direction of a connection, by the lengths that they say they have.
#[derive(Clone, Debug, Default)]
pub(crate) struct Boundaries {
    offset: u64,
    /// Bytes of the PDU that are still to come, once its length is known.
    left: usize,
    /// The beginning of a PDU whose length is not known yet.
    head: Vec<u8>,
}

/// Bytes of a PDU up to its length.
const LENGTH_END: usize = 10;

impl Boundaries {
    /// These bytes follow.
    pub(crate) fn chunk(&mut self, direction: Direction, bytes: &[u8]) -> Chunk {
        let chunk = Chunk {
            direction,
            offset: self.offset,
            begins_pdu: self.left == 0 && self.head.is_empty(),
            bytes: bytes.into(),
        };
        self.offset = self.offset.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        self.step(bytes);
        chunk
    }

    /// These bytes follow, cut where a PDU ends.
    pub(crate) fn split<'a>(&mut self, mut bytes: &'a [u8]) -> Vec<&'a [u8]> {
        let mut pieces = Vec::new();
        let (mut piece, mut ends) = (bytes, 0_usize);
        while !bytes.is_empty() {
            let head = LENGTH_END.saturating_sub(self.head.len());
            let wanted = if self.left == 0 { head } else { self.left };
            let (step, rest) = bytes.split_at_checked(wanted).unwrap_or((bytes, &[]));
            self.step(step);
            bytes = rest;
            ends = ends.saturating_add(step.len());
            if self.left == 0 && self.head.is_empty() {
                let (pdu, rest) = piece.split_at_checked(ends).unwrap_or((piece, &[]));
                pieces.push(pdu);
                (piece, ends) = (rest, 0);
            }
        }
        pieces.extend((!piece.is_empty()).then_some(piece));
        pieces
    }

    fn step(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let passed = self.left.min(bytes.len());
            self.left = self.left.saturating_sub(passed);
            bytes = bytes.get(passed..).unwrap_or_default();
            if bytes.is_empty() {
                return;
            }
            let missing = LENGTH_END.saturating_sub(self.head.len()).min(bytes.len());
            let (head, rest) = bytes.split_at_checked(missing).unwrap_or((bytes, &[]));
            self.head.extend_from_slice(head);
            bytes = rest;
            if let [_, _, _, _, _, _, _, _, low, high] = *self.head {
                let length = usize::from(u16::from_le_bytes([low, high]));
                self.left = length.saturating_sub(LENGTH_END);
                self.head = Vec::new();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pdu(length: u8) -> Vec<u8> {
        let mut pdu = vec![5, 0, 0, 3, 16, 0, 0, 0, length, 0];
        pdu.resize(length.into(), 0xaa);
        pdu
    }

    #[test]
    fn pdus_are_found_however_their_bytes_are_split() {
        let stream: Vec<u8> = [16, 40, 24, 16].into_iter().flat_map(pdu).collect();
        let starts = [0, 16, 56, 80];
        for size in 1..stream.len() {
            let mut boundaries = Boundaries::default();
            for (index, bytes) in stream.chunks(size).enumerate() {
                let chunk = boundaries.chunk(Direction::Received, bytes);
                let offset = index * size;
                assert_eq!(chunk.begins_pdu, starts.contains(&offset), "at {offset} of {size}");
                assert_eq!(chunk.offset, u64::try_from(offset).unwrap());
            }
        }
    }

    #[test]
    fn bytes_are_cut_where_pdus_end_however_they_come() {
        let stream: Vec<u8> = [16, 40, 24, 16, 10, 4].into_iter().flat_map(pdu).collect();
        let ends = [16, 56, 80, 96, 106];
        for size in 1..=stream.len() {
            let mut boundaries = Boundaries::default();
            let mut at = 0;
            for bytes in stream.chunks(size) {
                let pieces = boundaries.split(bytes);
                assert_eq!(pieces.concat(), bytes);
                for piece in pieces {
                    let crossed = (at + 1..at + piece.len()).find(|place| ends.contains(place));
                    assert_eq!(crossed, None, "a piece of {} at {at} of {size}", piece.len());
                    at += piece.len();
                }
            }
        }
    }

    fn peer(connection: u64) -> Peer {
        Peer {
            connection: ConnectionId(connection),
            origin: infostore::Origin::Foreign,
            transport: infostore::Transport::Pipe,
            address: None,
            reached: None,
        }
    }

    #[test]
    fn nothing_is_remembered_of_connections_that_have_closed_and_left() {
        let transcripts = Transcripts::new(TRANSCRIPT_BYTES, None);
        let (context, interface) = (PresentationContextId(0), dcerpc::epm::EPM);
        for round in 0..10 {
            for number in 0..100 {
                let peer = peer(round * 100 + number);
                transcripts.called(peer.connection, context, interface);
                transcripts.record(SimTime::EPOCH, (&peer, None), What::Closed);
            }
            assert_eq!(transcripts.read().connections.len(), 100);
            transcripts.clear();
            assert!(transcripts.read().connections.is_empty());
        }
        let small = Transcripts::new(10 * ENTRY_BYTES, None);
        for number in 0..1_000 {
            let peer = peer(number);
            small.called(peer.connection, context, interface);
            small.record(SimTime::EPOCH, (&peer, None), What::Closed);
        }
        assert_eq!(small.read().connections.len(), 10);
    }

    #[test]
    fn a_length_within_the_header_does_not_hang() {
        let mut boundaries = Boundaries::default();
        boundaries.chunk(Direction::Sent, &[0; 1_000]);
        assert!(!boundaries.chunk(Direction::Sent, &[0; 3]).bytes.is_empty());
    }
}
