//! Captures that Wireshark's programs open: what went over a store's connections, as TCP segments in a pcap file, and the
//! keys of its users in a keytab, with which sealed calls can be read.
//!
//! The segments are made up around the bytes, since a pipe has none: addresses where they are known, ports by the number of
//! the connection, a handshake and an end, no losses. Times are the store's.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{DirBuilder, File};
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clock::SimTime;
use dcerpc::Direction;
use dcerpc::ntlm::NtHash;
use etherparse::{PacketBuilder, PacketBuilderStep, TcpHeader};
use infostore::ConnectionId;

use crate::identity::Peer;
use crate::transcript::{Boundaries, What};

/// A store's capture.
#[derive(Debug)]
pub(crate) struct Capture {
    keytab: PathBuf,
    state: Mutex<State>,
    /// Every key that any user has had, since what was sealed with it stays in the capture.
    keys: Mutex<BTreeSet<(String, [u8; 16])>>,
}

#[derive(Debug)]
struct State {
    /// None once writing has failed, which the log has told.
    file: Option<File>,
    port: u16,
    streams: BTreeMap<ConnectionId, Stream>,
}

/// One connection, as the segments tell it.
#[derive(Debug)]
struct Stream {
    client: (IpAddr, u16),
    server: (IpAddr, u16),
    /// The next sequence number of each end.
    from_client: u32,
    from_server: u32,
    client_pdus: Boundaries,
    server_pdus: Boundaries,
}

/// A segment's flags.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Syn,
    SynAck,
    Ack,
    Push,
    Fin,
}

/// The least port of a client; 20,000 connections follow each other before one comes again.
const FIRST_PORT: u64 = 40_000;
const PORTS: u64 = 20_000;
/// The port of a client whose own would be the server's.
const SPARE_PORT: u16 = 39_999;

/// A keytab's version, 5.2.
const KEYTAB_HEADER: [u8; 2] = [5, 2];

/// Keys that a keytab gets at the most: every password that any user has had.
const MAX_KEYS: usize = 10_000;

/// Bytes of a segment's content at the most.
const SEGMENT: usize = 32 * 1_024;

/// A pcap file's header: microseconds, version 2.4, no snapshot length below 256 KiB, raw IP (LINKTYPE_RAW).
const PCAP_HEADER: [u8; 24] =
    [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0];

impl Capture {
    /// The capture of the store `name`, in files of a folder, which is made where it is missing: `NAME.pcap` and `NAME.keytab`. A store's port
    /// is `port`; one without is shown on the endpoint mapper's.
    pub(crate) fn create(
        folder: &Path,
        name: &str,
        port: Option<u16>,
    ) -> Result<Self, (PathBuf, io::Error)> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|error| (folder.to_owned(), error))?;
        let path = folder.join(format!("{name}.pcap"));
        let file = begun(&path, &PCAP_HEADER).map_err(|error| (path, error))?;
        let keytab = folder.join(format!("{name}.keytab"));
        begun(&keytab, &KEYTAB_HEADER).map_err(|error| (keytab.clone(), error))?;
        let state = State { file: Some(file), port: port.unwrap_or(135), streams: BTreeMap::new() };
        Ok(Self { keytab, state: Mutex::new(state), keys: Mutex::default() })
    }

    /// Something has happened on a connection.
    pub(crate) fn record(&self, now: SimTime, peer: &Peer, what: &What) {
        let mut state = self.lock();
        let Some(mut file) = state.file.take() else { return };
        match state.segments(now, peer, what, &mut file) {
            Ok(()) => state.file = Some(file),
            Err(error) => tracing::error!(%error, "the capture can't be written any more"),
        }
    }

    /// Whom the store knows now.
    pub(crate) fn add_keys(&self, users: impl Iterator<Item = (String, NtHash)>) {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let mut entries = Vec::new();
        for (name, hash) in users {
            let key = (name, hash.to_bytes());
            if keys.len() < MAX_KEYS && !keys.contains(&key) {
                entries.extend(keytab_entry(&key.0, &key.1));
                keys.insert(key);
            }
        }
        let appended = File::options().append(true).open(&self.keytab);
        if let Err(error) = appended.and_then(|mut file| file.write_all(&entries)) {
            tracing::error!(%error, "the capture's keys can't be written");
        }
    }

    // A capture that is broken off in the middle of an entry has no file any more.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A new file that begins so.
fn begun(path: &Path, header: &[u8]) -> io::Result<File> {
    let mut file = private(path)?;
    file.write_all(header)?;
    Ok(file)
}

/// Makes a file for the owner alone, in place of whatever has its name: what is there already may be others' to read, or
/// lead elsewhere.
fn private(path: &Path) -> io::Result<File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    File::options().append(true).create_new(true).mode(0o600).open(path)
}

impl State {
    fn segments(
        &mut self,
        now: SimTime,
        peer: &Peer,
        what: &What,
        file: &mut File,
    ) -> io::Result<()> {
        match what {
            What::Bytes(chunk) => {
                let stream = self.stream(now, peer, file)?;
                let pdus = match chunk.direction {
                    Direction::Received => &mut stream.client_pdus,
                    Direction::Sent => &mut stream.server_pdus,
                };
                // Wireshark opens one sealed PDU of a segment, and loses its place in the key stream at the next.
                for bytes in
                    pdus.split(&chunk.bytes).into_iter().flat_map(|pdu| pdu.chunks(SEGMENT))
                {
                    stream.send(now, chunk.direction, (Mark::Push, bytes), file)?;
                }
            }
            What::Closed => {
                if let Some(mut stream) = self.streams.remove(&peer.connection) {
                    stream.send(now, Direction::Sent, (Mark::Fin, &[]), file)?;
                    stream.send(now, Direction::Received, (Mark::Fin, &[]), file)?;
                    stream.send(now, Direction::Sent, (Mark::Ack, &[]), file)?;
                }
            }
            What::Opened(_) => {}
        }
        Ok(())
    }

    fn stream(&mut self, now: SimTime, peer: &Peer, file: &mut File) -> io::Result<&mut Stream> {
        use std::collections::btree_map::Entry;
        match self.streams.entry(peer.connection) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(new) => {
                let mut stream = Stream::new(peer, self.port);
                stream.send(now, Direction::Received, (Mark::Syn, &[]), file)?;
                stream.send(now, Direction::Sent, (Mark::SynAck, &[]), file)?;
                stream.send(now, Direction::Received, (Mark::Ack, &[]), file)?;
                Ok(new.insert(stream))
            }
        }
    }
}

impl Stream {
    fn new(peer: &Peer, port: u16) -> Self {
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let (client, server) = match (peer.address, peer.reached) {
            (Some(client), Some(server)) if client.is_ipv4() == server.is_ipv4() => {
                (client, server)
            }
            _ => (here, here),
        };
        let number = peer.connection.0.checked_rem(PORTS).unwrap_or(0);
        let client_port = u16::try_from(FIRST_PORT.saturating_add(number)).unwrap_or(u16::MAX);
        // A segment from a port to itself would be of neither end.
        let client_port = if client_port == port { SPARE_PORT } else { client_port };
        Self {
            client: (client, client_port),
            server: (server, port),
            from_client: 0,
            from_server: 0,
            client_pdus: Boundaries::default(),
            server_pdus: Boundaries::default(),
        }
    }

    fn send(
        &mut self,
        now: SimTime,
        direction: Direction,
        (mark, bytes): (Mark, &[u8]),
        file: &mut File,
    ) -> io::Result<()> {
        let (from, to, sequence, expected) = match direction {
            Direction::Received => {
                (self.client, self.server, &mut self.from_client, self.from_server)
            }
            Direction::Sent => (self.server, self.client, &mut self.from_server, self.from_client),
        };
        let mut tcp = TcpHeader::new(from.1, to.1, *sequence, u16::MAX);
        tcp.syn = matches!(mark, Mark::Syn | Mark::SynAck);
        tcp.psh = mark == Mark::Push;
        tcp.fin = mark == Mark::Fin;
        tcp.ack = mark != Mark::Syn;
        tcp.acknowledgment_number = if tcp.ack { expected } else { 0 };
        let phantom = u32::from(tcp.syn || tcp.fin);
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        *sequence = sequence.wrapping_add(length).wrapping_add(phantom);
        write_packet(now, &packet((from.0, to.0), tcp, bytes)?, file)
    }
}

fn packet((from, to): (IpAddr, IpAddr), tcp: TcpHeader, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let builder: PacketBuilderStep<_> = match (from, to) {
        (IpAddr::V6(from), IpAddr::V6(to)) => PacketBuilder::ipv6(from.octets(), to.octets(), 64),
        (IpAddr::V4(from), IpAddr::V4(to)) => PacketBuilder::ipv4(from.octets(), to.octets(), 64),
        _ => PacketBuilder::ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64),
    };
    let builder = builder.tcp_header(tcp);
    let mut packet = Vec::with_capacity(builder.size(bytes.len()));
    builder.write(&mut packet, bytes).map_err(io::Error::other)?;
    Ok(packet)
}

fn write_packet(now: SimTime, packet: &[u8], file: &mut File) -> io::Result<()> {
    let at = Duration::from_micros(now.as_micros());
    let seconds = u32::try_from(at.as_secs()).unwrap_or(u32::MAX);
    let fraction = at.subsec_micros();
    let length = u32::try_from(packet.len()).unwrap_or(u32::MAX);
    let mut record = Vec::with_capacity(packet.len().saturating_add(16));
    for field in [seconds, fraction, length, length] {
        record.extend_from_slice(&field.to_le_bytes());
    }
    record.extend_from_slice(packet);
    // At once, so that a capture can be opened while it grows.
    file.write_all(&record)
}

/// A user in a keytab of MIT's format, whose integers are big-endian: a principal with a key of type rc4-hmac (23), which is
/// the NT hash.
#[expect(clippy::big_endian_bytes, reason = "a keytab's integers are big-endian")]
fn keytab_entry(name: &str, hash: &[u8; 16]) -> Vec<u8> {
    let counted = |out: &mut Vec<u8>, bytes: &[u8]| {
        let kept = bytes.get(..bytes.len().min(usize::from(u16::MAX))).unwrap_or_default();
        out.extend_from_slice(&u16::try_from(kept.len()).unwrap_or(0).to_be_bytes());
        out.extend_from_slice(kept);
    };
    let mut entry = 1_u16.to_be_bytes().to_vec();
    counted(&mut entry, b"EXSTORE");
    counted(&mut entry, name.as_bytes());
    // KRB5_NT_PRINCIPAL, time stamp 0, key version 1.
    entry.extend_from_slice(&[0, 0, 0, 1, 0, 0, 0, 0, 1]);
    entry.extend_from_slice(&23_u16.to_be_bytes());
    counted(&mut entry, hash);
    let size = u32::try_from(entry.len()).unwrap_or(0).to_be_bytes();
    [&size[..], &entry].concat()
}
