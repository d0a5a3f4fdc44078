//! From what a store's ring holds to the PDUs that went over its connections.

use std::collections::BTreeMap;

use clock::SimTime;
use dcerpc::{Direction, Header, Opened};
use infostore::{ClientId, ConnectionId};
use server::{Chunk, Recorded, Transcript, What};

/// A PDU, or bytes that are none.
pub(super) struct Packet {
    /// In the order in which they ended; never used again.
    pub(super) id: u64,
    pub(super) at: SimTime,
    pub(super) connection: ConnectionId,
    pub(super) client: Option<ClientId>,
    pub(super) direction: Direction,
    /// Where it starts in the stream of its direction.
    pub(super) offset: u64,
    pub(super) bytes: Vec<u8>,
    /// What its seal hid.
    pub(super) opened: Option<Vec<u8>>,
}

/// Packets that can end in one entry of the ring: fewer than its bytes.
const PER_ENTRY: u64 = 1 << 16;

/// One direction of one connection.
#[derive(Default)]
struct Stream {
    held: Vec<u8>,
    offset: u64,
    /// Whether `held` begins with a PDU, or is empty and the next byte does.
    in_step: bool,
}

/// The packets of a transcript, in the order in which they ended. What is left of one whose beginning has left the ring
/// is not among them.
pub(super) fn packets(transcript: &Transcript) -> Vec<Packet> {
    let mut opened = opened(&transcript.entries);
    let mut streams: BTreeMap<(ConnectionId, Direction), Stream> = BTreeMap::new();
    let mut packets = Vec::new();
    for entry in &transcript.entries {
        let What::Bytes(chunk) = &entry.what else { continue };
        let key = (entry.connection, chunk.direction);
        let found = streams.entry(key).or_default().take(chunk);
        for ((offset, bytes), index) in found.into_iter().zip(0_u64..) {
            packets.push(Packet {
                id: entry.number.saturating_mul(PER_ENTRY).saturating_add(index),
                at: entry.at,
                connection: entry.connection,
                client: entry.client,
                direction: chunk.direction,
                offset,
                bytes,
                opened: opened.remove(&(entry.connection, chunk.direction, offset)),
            });
        }
    }
    packets
}

fn opened(entries: &[Recorded]) -> BTreeMap<(ConnectionId, Direction, u64), Vec<u8>> {
    let opened = entries.iter().filter_map(|entry| match &entry.what {
        What::Opened(opened) => {
            let Opened { direction, offset, stub } = &**opened;
            Some(((entry.connection, *direction, *offset), stub.clone()))
        }
        What::Bytes(_) | What::Closed => None,
    });
    opened.collect()
}

impl Stream {
    /// The packets that end in a chunk, each with its offset.
    fn take(&mut self, chunk: &Chunk) -> Vec<(u64, Vec<u8>)> {
        if self.held.is_empty() {
            self.offset = chunk.offset;
            self.in_step = chunk.begins_pdu;
        }
        if !self.in_step {
            return Vec::new();
        }
        self.held.extend_from_slice(&chunk.bytes);
        let mut found = Vec::new();
        let mut taken = 0;
        while let Some(rest) = self.held.get(taken..)
            && let Some(header) = rest.first_chunk().map(Header::decode)
        {
            let length = usize::from(header.frag_length());
            let is_pdu = header.check().is_ok();
            if is_pdu && rest.len() < length {
                break;
            }
            // Nothing tells where bytes that are no PDU end.
            let bytes = rest.get(..length).filter(|_| is_pdu).unwrap_or(rest);
            let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            found.push((self.offset, bytes.to_vec()));
            taken = taken.saturating_add(bytes.len());
            self.offset = self.offset.saturating_add(size);
        }
        self.held.drain(..taken);
        found
    }
}
