//! The endpoint mapper: which port an interface is on ([C706] appendix O, [MS-RPCE] 2.2.1.2).
//!
//! The operations of those who ask: `ept_lookup`, `ept_map` and `ept_lookup_handle_free`. Those by which
//! servers register themselves have no codec: a store registers with its own mapper without a wire.
//!
//! [C706]: https://publications.opengroup.org/c706
//! [MS-RPCE]: https://learn.microsoft.com/openspecs/windows_protocols/ms-rpce

mod lookup;
mod map;
mod registration;
mod tower;

use std::fmt;

use uuid::Uuid;

use crate::call::Opnum;
use crate::error::StubError;
use crate::ndr::{NdrReader, NdrWriter};
use crate::syntax::SyntaxId;

pub use lookup::{
    EptEntry, EptLookupHandleFreeRequest, EptLookupHandleFreeResponse, EptLookupRequest,
    EptLookupResponse, InquiryType, VersionOption,
};
pub use map::{EptMapRequest, EptMapResponse};
pub use registration::Registration;
pub use tower::{Floor, TcpTower, Tower, TowerError};

/// The interface, e1af8308-5d1f-11c9-91a4-08002b14a0fa v3.0.
pub const EPM: SyntaxId =
    SyntaxId { uuid: Uuid::from_u128(0xe1af8308_5d1f_11c9_91a4_08002b14a0fa), major: 3, minor: 0 };

/// The most towers or entries that one call can ask for.
pub const MAX_RESULTS: u32 = 500;

/// The operations that are answered. 0, 1, 5 and 6 register and unregister.
pub mod opnum {
    use crate::call::Opnum;

    /// `ept_lookup`: list what is registered.
    pub const EPT_LOOKUP: Opnum = Opnum(2);
    /// `ept_map`: find where an interface is.
    pub const EPT_MAP: Opnum = Opnum(3);
    /// `ept_lookup_handle_free`: give up a list half read.
    pub const EPT_LOOKUP_HANDLE_FREE: Opnum = Opnum(4);
}

/// A request to the endpoint mapper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EpmRequest {
    /// Opnum 2.
    Lookup(EptLookupRequest),
    /// Opnum 3.
    Map(EptMapRequest),
    /// Opnum 4.
    LookupHandleFree(EptLookupHandleFreeRequest),
}

impl EpmRequest {
    /// Decodes the stub of a call by its operation number.
    ///
    /// # Errors
    /// `UnknownOpnum` for an operation that is not answered, `BadStub` and `BadTower` for a stub that does not
    /// hold its parameters.
    pub fn decode(opnum: Opnum, stub: &[u8]) -> Result<Self, StubError> {
        match opnum {
            opnum::EPT_LOOKUP => EptLookupRequest::decode(stub).map(Self::Lookup),
            opnum::EPT_MAP => EptMapRequest::decode(stub).map(Self::Map),
            opnum::EPT_LOOKUP_HANDLE_FREE => {
                EptLookupHandleFreeRequest::decode(stub).map(Self::LookupHandleFree)
            }
            _ => Err(StubError::UnknownOpnum { opnum }),
        }
    }
}

/// What a call to the endpoint mapper ends with (`error_status_t`). Unknown values survive.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct EptStatus(pub u32);

impl EptStatus {
    /// Something was found.
    pub const OK: Self = Self(0);
    /// `EPT_S_CANT_PERFORM_OP`: the question makes no sense.
    pub const CANT_PERFORM_OP: Self = Self(0x0000_06D8);
    /// `ept_s_not_registered`: nothing that is registered matches.
    pub const NOT_REGISTERED: Self = Self(0x16C9_A0D6);
}

impl fmt::Debug for EptStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EptStatus(0x{:08x})", self.0)
    }
}

/// Reads a full pointer to an object's UUID.
fn read_object(reader: &mut NdrReader<'_>) -> Result<Option<Uuid>, StubError> {
    let present = reader.unique_pointer("object")?;
    Ok(present.then(|| reader.uuid("object")).transpose()?)
}

fn write_object(writer: &mut NdrWriter, object: Option<Uuid>) {
    writer.unique_pointer(object.is_some());
    if let Some(object) = object {
        writer.uuid(object);
    }
}

/// Reads `max_count`, `offset` and `actual_count` of an array of results, `num` of them as announced before.
fn read_counts(reader: &mut NdrReader<'_>, num: u32) -> Result<u32, StubError> {
    let max_count = reader.u32_at_most("max_count", MAX_RESULTS)?;
    reader.u32_at_most("offset", 0)?;
    reader.u32_equal_to("actual_count", num)?;
    Ok(max_count)
}

/// Writes how many results there are, then `max_count` (the caller's room for them, as clients insist),
/// `offset` and `actual_count`.
fn write_counts(writer: &mut NdrWriter, max_count: u32, results: usize) {
    let num = u32::try_from(results).unwrap_or(u32::MAX);
    for count in [num, max_count, 0, num] {
        writer.u32(count);
    }
}
