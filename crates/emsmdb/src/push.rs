//! Asking to be told of events by a datagram: `EcRRegisterPushNotification` (opnum 4, [MS-OXCRPC] 3.1.4.5).
//!
//! A datagram carries the client's opaque bytes and nothing else: the client then asks what happened by an ordinary call.
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use dcerpc::ndr::{NdrError, NdrReader, NdrWriter};

use crate::error_code::ErrorCode;
use crate::field::{FieldReader, Truncated};

/// The most that `rgbContext` holds, in bytes; more is `ecTooBig`.
pub const PUSH_CONTEXT_MAX: usize = 0x10;

/// Request of `EcRRegisterPushNotification`.
///
/// | parameter | wire |
/// |---|---|
/// | pcxh | context handle |
/// | iRpc | `u32`, 0 |
/// | rgbContext | conformant bytes |
/// | cbContext | `u16`, the length of rgbContext |
/// | grbitAdviseBits | `u32`, `0xFFFFFFFF` |
/// | rgbCallbackAddress | conformant bytes, a `sockaddr` |
/// | cbCallbackAddress | `u16`, the length of rgbCallbackAddress |
///
/// No parameter has a range: what is too long is answered with a code, not with a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EcRRegisterPushNotificationRequest {
    /// `pcxh`: the session.
    pub handle: [u8; 20],
    /// `iRpc`: 0, without meaning to a server.
    pub rpc: u32,
    /// `rgbContext`: what each datagram consists of.
    pub context: Vec<u8>,
    /// `grbitAdviseBits`: `0xFFFFFFFF`, all events.
    pub advise_bits: u32,
    /// `rgbCallbackAddress`: a `sockaddr` as sent, for [`callback_address`].
    pub callback_address: Vec<u8>,
}

impl EcRRegisterPushNotificationRequest {
    /// Reads the `[in]` parameters; what follows them is ignored.
    ///
    /// # Errors
    /// When the stub ends early, an array is above 65,535 bytes, or `cbContext` or `cbCallbackAddress` is not the length of
    /// its array.
    pub fn decode(stub: &[u8]) -> Result<Self, NdrError> {
        let mut reader = NdrReader::new("EcRRegisterPushNotification request", stub);
        let handle = reader.context_handle("pcxh")?;
        let rpc = reader.u32("iRpc")?;
        let context = reader.conformant_bytes("rgbContext", u16::MAX.into())?;
        reader.u16_count_of("cbContext", context)?;
        let advise_bits = reader.u32("grbitAdviseBits")?;
        let address = reader.conformant_bytes("rgbCallbackAddress", u16::MAX.into())?;
        reader.u16_count_of("cbCallbackAddress", address)?;
        let (context, callback_address) = (context.to_vec(), address.to_vec());
        Ok(Self { handle, rpc, context, advise_bits, callback_address })
    }

    /// Writes the `[in]` parameters.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = NdrWriter::new();
        writer.context_handle(&self.handle);
        writer.u32(self.rpc);
        writer.conformant_bytes(&self.context);
        writer.u16_count_of(&self.context);
        writer.u32(self.advise_bits);
        writer.conformant_bytes(&self.callback_address);
        writer.u16_count_of(&self.callback_address);
        writer.finish()
    }
}

/// Response of `EcRRegisterPushNotification`: `pcxh`, which comes back unchanged, `hNotification`, the return value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EcRRegisterPushNotificationResponse {
    /// `pcxh`: the session.
    pub handle: [u8; 20],
    /// `hNotification`: the server's number for the callback; 0 when it failed.
    pub notification: u32,
    /// The return value.
    pub result: ErrorCode,
}

impl EcRRegisterPushNotificationResponse {
    /// Reads the `[out]` parameters and the return value.
    ///
    /// # Errors
    /// When the stub ends early.
    pub fn decode(stub: &[u8]) -> Result<Self, NdrError> {
        let mut reader = NdrReader::new("EcRRegisterPushNotification response", stub);
        Ok(Self {
            handle: reader.context_handle("pcxh")?,
            notification: reader.u32("hNotification")?,
            result: ErrorCode(reader.u32("return value")?),
        })
    }

    /// Writes the `[out]` parameters and the return value.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = NdrWriter::new();
        writer.context_handle(&self.handle);
        writer.u32(self.notification);
        writer.u32(self.result.0);
        writer.finish()
    }
}

/// The address that a `sockaddr` of Windows names.
///
/// | family | size | fields after the family |
/// |---|---|---|
/// | 2, AF_INET | 16 | port (big-endian), IPv4 address, 8 bytes of zero |
/// | 23, AF_INET6 | 28 | port (big-endian), flow, IPv6 address, scope |
///
/// # Errors
/// [`CallbackAddressError`], each of which a server answers with `ecInvalidParam`.
pub fn callback_address(sockaddr: &[u8]) -> Result<SocketAddr, CallbackAddressError> {
    let mut reader = FieldReader::new("sockaddr", sockaddr, 0);
    let family = reader.u16("family")?;
    let expected = match family {
        AF_INET => SOCKADDR_IN,
        AF_INET6 => SOCKADDR_IN6,
        _ => return Err(CallbackAddressError::Family { family }),
    };
    if sockaddr.len() != expected {
        return Err(CallbackAddressError::Size { family, expected, size: sockaddr.len() });
    }
    let [high, low] = reader.array("port")?;
    let ip = if family == AF_INET {
        IpAddr::V4(Ipv4Addr::from(reader.array::<4>("address")?))
    } else {
        reader.u32("flow")?;
        IpAddr::V6(Ipv6Addr::from(reader.array::<16>("address")?))
    };
    Ok(SocketAddr::new(ip, u16::from_le_bytes([low, high])))
}

/// The `sockaddr` of an address.
#[must_use]
pub fn sockaddr(address: SocketAddr) -> Vec<u8> {
    let [low, high] = address.port().to_le_bytes();
    match address.ip() {
        IpAddr::V4(ip) => {
            [&AF_INET.to_le_bytes()[..], &[high, low], &ip.octets(), &[0; 8]].concat()
        }
        IpAddr::V6(ip) => {
            [&AF_INET6.to_le_bytes()[..], &[high, low], &[0; 4], &ip.octets(), &[0; 4]].concat()
        }
    }
}

/// A callback address that no datagram can be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallbackAddressError {
    /// It ends inside a field.
    #[error(transparent)]
    Truncated(#[from] Truncated),
    /// It is of no family that is known.
    #[error("address family {family} is not supported")]
    Family {
        /// The family as sent.
        family: u16,
    },
    /// It is not of its family's size.
    #[error("an address of family {family} has {expected} bytes, and this one {size}")]
    Size {
        /// The family.
        family: u16,
        /// The size of its addresses, in bytes.
        expected: usize,
        /// The size as sent, in bytes.
        size: usize,
    },
}

const AF_INET: u16 = 2;
/// As Windows numbers it.
const AF_INET6: u16 = 23;
const SOCKADDR_IN: usize = 16;
const SOCKADDR_IN6: usize = 28;
