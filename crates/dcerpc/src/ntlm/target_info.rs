//! The names that a server tells in its challenge, and the attributes of an NTLMv2 response: both are lists
//! of `AV_PAIR` (MS-NLMP 2.2.2.1).

use super::error::NtlmError;
use super::hash::utf16;
use crate::reader::{PduError, Reader};

/// Who a server is. No name exceeds 255 code units, the most that DNS has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerNames {
    /// The domain, as `CONTOSO`.
    pub netbios_domain: String,
    /// The server, as `EXCH01`.
    pub netbios_computer: String,
    /// The domain, as `contoso.example`.
    pub dns_domain: String,
    /// The server, as `exch01.contoso.example`.
    pub dns_computer: String,
}

impl ServerNames {
    const LONGEST: usize = 255;

    /// `TargetInfo`. Without a time stamp: Windows Server 2003 sends none.
    pub(super) fn target_info(&self) -> Result<Vec<u8>, NtlmError> {
        let pairs = [
            (AvId::NETBIOS_DOMAIN, &self.netbios_domain),
            (AvId::NETBIOS_COMPUTER, &self.netbios_computer),
            (AvId::DNS_DOMAIN, &self.dns_domain),
            (AvId::DNS_COMPUTER, &self.dns_computer),
        ];
        let mut out = Vec::new();
        for (id, name) in pairs {
            let name = utf16(name);
            if 2 * Self::LONGEST < name.len() {
                return Err(NtlmError::NameTooLong { length: name.len() / 2 });
            }
            append(&mut out, id, &name);
        }
        append(&mut out, AvId::END, &[]);
        Ok(out)
    }
}

/// What a pair is. Unknown values survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AvId(pub(super) u16);

impl AvId {
    pub(super) const END: Self = Self(0);
    const NETBIOS_COMPUTER: Self = Self(1);
    const NETBIOS_DOMAIN: Self = Self(2);
    const DNS_COMPUTER: Self = Self(3);
    const DNS_DOMAIN: Self = Self(4);
    pub(super) const FLAGS: Self = Self(6);
    pub(super) const TIMESTAMP: Self = Self(7);
}

/// The bit of [`AvId::FLAGS`] by which a client says that its AUTHENTICATE has a MIC.
pub(super) const HAS_MIC: u32 = 2;

/// The value is a name or a number: it fits the two bytes of its length.
pub(super) fn append(out: &mut Vec<u8>, id: AvId, value: &[u8]) {
    out.extend_from_slice(&id.0.to_le_bytes());
    out.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_le_bytes());
    out.extend_from_slice(value);
}

/// The pairs of `bytes`, without the one that ends them. A list may also end with its bytes, since there are
/// clients that leave the last pair out.
pub(super) fn pairs(bytes: &[u8]) -> Result<Vec<(AvId, &[u8])>, PduError> {
    let mut reader = Reader::new("AV_PAIR", bytes, 0);
    let mut pairs = Vec::new();
    while !reader.left().is_empty() {
        let id = AvId(reader.u16("AvId")?);
        let length = reader.u16("AvLen")?;
        let value = reader.take("Value", length.into())?;
        if id == AvId::END {
            break;
        }
        pairs.push((id, value));
    }
    Ok(pairs)
}
