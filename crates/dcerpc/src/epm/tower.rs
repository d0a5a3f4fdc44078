//! Protocol towers: an interface with the stack of protocols below it, and where that stack is reached
//! ([C706] appendices I and L, [MS-RPCE] 2.2.1.2.2).
//!
//! [C706]: https://publications.opengroup.org/c706
//! [MS-RPCE]: https://learn.microsoft.com/openspecs/windows_protocols/ms-rpce

use core::net::{Ipv4Addr, SocketAddrV4};

use crate::error::StubError;
use crate::ndr::{NdrReader, NdrWriter};
use crate::reader::{PduError, Reader};
use crate::syntax::SyntaxId;

/// Protocol identifiers, the first octet of a floor's left-hand side.
mod protocol {
    /// A UUID with its version: an interface or a transfer syntax.
    pub(super) const UUID: u8 = 0x0D;
    /// Connection-oriented RPC.
    pub(super) const NCACN: u8 = 0x0B;
    /// TCP, with a port.
    pub(super) const TCP: u8 = 0x07;
    /// IP, with an IPv4 address.
    pub(super) const IP: u8 = 0x09;
}

/// One floor: a protocol, and what it needs to know.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 2 | bytes of the left-hand side |
/// | 2 | | left-hand side: the protocol's identifier, then what belongs to it |
/// | | 2 | bytes of the right-hand side |
/// | | | right-hand side: an address or a version |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Floor {
    /// The protocol's identifier and what belongs to it.
    pub lhs: Vec<u8>,
    /// The address; its byte order is the protocol's own.
    pub rhs: Vec<u8>,
}

/// A protocol tower: whatever floors there are, from the interface down. On the wire it is unaligned, a
/// little-endian 16-bit count of floors and the floors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tower {
    /// The floors, from the top. At most what fits [`Tower::MAX_SIZE`].
    pub floors: Vec<Floor>,
}

/// A tower of connection-oriented RPC over TCP and IPv4.
///
/// | floor | left-hand side | right-hand side |
/// |---|---|---|
/// | 1 | 0D, interface UUID, major version | minor version |
/// | 2 | 0D, transfer syntax UUID, major version | minor version |
/// | 3 | 0B | minor version of the protocol, 0 |
/// | 4 | 07 | port, big-endian |
/// | 5 | 09 | IPv4 address, big-endian |
///
/// UUIDs and versions are little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TcpTower {
    /// The interface.
    pub interface: SyntaxId,
    /// How its calls are encoded.
    pub transfer_syntax: SyntaxId,
    /// Where it is; in a question the port is of no interest and the address is 0.0.0.0.
    pub address: SocketAddrV4,
}

/// The octets of a tower make no sense; answered by the fault `RPC_X_BAD_STUB_DATA`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TowerError {
    /// A floor lies beyond the octets.
    #[error(transparent)]
    Truncated(#[from] PduError),
    /// There is more than the floors.
    #[error("{count} octets follow the last floor of a tower")]
    Trailing {
        /// Octets.
        count: usize,
    },
}

impl Tower {
    /// The most octets that a tower can have.
    pub const MAX_SIZE: u32 = 2000;

    /// Decodes a tower's octets.
    ///
    /// # Errors
    /// A floor lies beyond the octets, or octets follow the last one.
    pub fn decode(octets: &[u8]) -> Result<Self, TowerError> {
        let mut reader = Reader::new("tower", octets, 0);
        let count = reader.u16("floor_count")?;
        // Collected one by one: a count that lies allocates nothing.
        let floors = (0..count).map(|_| Floor::read(&mut reader)).collect::<Result<_, _>>()?;
        match reader.left().len() {
            0 => Ok(Self { floors }),
            count => Err(TowerError::Trailing { count }),
        }
    }

    /// The tower's octets. What can't be counted in 16 bits is left out.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let count = u16::try_from(self.floors.len()).unwrap_or(u16::MAX);
        out.extend_from_slice(&count.to_le_bytes());
        for floor in self.floors.iter().take(count.into()) {
            write_counted(&mut out, &floor.lhs);
            write_counted(&mut out, &floor.rhs);
        }
        out
    }

    /// The tower as one of RPC over TCP and IPv4; `None` when it is another stack, or not quite one.
    #[must_use]
    pub fn as_tcp(&self) -> Option<TcpTower> {
        let [interface, transfer, ncacn, tcp, ip] = self.floors.as_slice() else {
            return None;
        };
        let lower = [ncacn, tcp, ip].map(|floor| floor.lhs.as_slice());
        if lower != [&[protocol::NCACN], &[protocol::TCP], &[protocol::IP]] {
            return None;
        }
        let address = Ipv4Addr::from(<[u8; 4]>::try_from(ip.rhs.as_slice()).ok()?);
        let port = u16_big_endian(tcp.rhs.as_slice().try_into().ok()?);
        Some(TcpTower {
            interface: interface.syntax()?,
            transfer_syntax: transfer.syntax()?,
            address: SocketAddrV4::new(address, port),
        })
    }

    /// Reads a `twr_t`: `max_count`, `tower_length` (the same), the octets.
    pub(super) fn read(reader: &mut NdrReader<'_>) -> Result<Self, StubError> {
        let max_count = reader.u32_at_most("max_count", Self::MAX_SIZE)?;
        reader.u32_equal_to("tower_length", max_count)?;
        let size = usize::try_from(max_count).unwrap_or(usize::MAX);
        Ok(Self::decode(reader.bytes("tower_octet_string", size)?)?)
    }

    pub(super) fn write(&self, writer: &mut NdrWriter) {
        let octets = self.encode();
        writer.u32_count_of(&octets);
        writer.conformant_bytes(&octets);
    }
}

impl From<TcpTower> for Tower {
    fn from(tower: TcpTower) -> Self {
        let lower = |protocol: u8, rhs: Vec<u8>| Floor { lhs: vec![protocol], rhs };
        let port = big_endian(tower.address.port()).to_vec();
        let address = tower.address.ip().octets().to_vec();
        let floors = vec![
            Floor::of_syntax(tower.interface),
            Floor::of_syntax(tower.transfer_syntax),
            lower(protocol::NCACN, vec![0, 0]),
            lower(protocol::TCP, port),
            lower(protocol::IP, address),
        ];
        Self { floors }
    }
}

impl Floor {
    fn of_syntax(syntax: SyntaxId) -> Self {
        let mut lhs = vec![protocol::UUID];
        lhs.extend_from_slice(&syntax.uuid.to_bytes_le());
        lhs.extend_from_slice(&syntax.major.to_le_bytes());
        Self { lhs, rhs: syntax.minor.to_le_bytes().to_vec() }
    }

    fn syntax(&self) -> Option<SyntaxId> {
        let (&protocol::UUID, lhs) = self.lhs.split_first()? else {
            return None;
        };
        let whole = [lhs, self.rhs.as_slice()].concat();
        let fits = whole.len() == SyntaxId::SIZE && self.rhs.len() == 2;
        fits.then(|| SyntaxId::read(&mut Reader::new("floor", &whole, 0), "lhs").ok()).flatten()
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, PduError> {
        let mut side = |count, octets| {
            let size = reader.u16(count)?;
            reader.take(octets, size.into()).map(<[u8]>::to_vec)
        };
        Ok(Self { lhs: side("lhs_length", "lhs")?, rhs: side("rhs_length", "rhs")? })
    }
}

fn write_counted(out: &mut Vec<u8>, octets: &[u8]) {
    let size = u16::try_from(octets.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&size.to_le_bytes());
    out.extend(octets.iter().take(size.into()));
}

#[expect(clippy::big_endian_bytes, reason = "a TCP floor's port is in network order")]
fn u16_big_endian(bytes: [u8; 2]) -> u16 {
    u16::from_be_bytes(bytes)
}

#[expect(clippy::big_endian_bytes, reason = "a TCP floor's port is in network order")]
fn big_endian(port: u16) -> [u8; 2] {
    port.to_be_bytes()
}
