//! `ept_lookup` and `ept_lookup_handle_free` ([MS-RPCE] 2.2.1.2.4, [C706] appendix O): what is registered.
//!
//! [C706]: https://publications.opengroup.org/c706
//! [MS-RPCE]: https://learn.microsoft.com/openspecs/windows_protocols/ms-rpce

use uuid::Uuid;

use super::{EptStatus, MAX_RESULTS, Tower, read_counts, read_object, write_counts, write_object};
use crate::context_handle::ContextHandle;
use crate::error::StubError;
use crate::ndr::{NdrReader, NdrWriter};
use crate::syntax::SyntaxId;

/// The most octets of an annotation, its NUL included.
const ANNOTATION_MAX: u32 = 64;

/// By what entries are chosen. Unknown values survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct InquiryType(pub u32);

impl InquiryType {
    /// All there are.
    pub const ALL: Self = Self(0);
    /// By interface and version.
    pub const BY_INTERFACE: Self = Self(1);
    /// By object.
    pub const BY_OBJECT: Self = Self(2);
    /// By both.
    pub const BY_BOTH: Self = Self(3);
}

/// How an entry's version must agree with the one asked for. Unknown values survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct VersionOption(pub u32);

impl VersionOption {
    /// Any version.
    pub const ALL: Self = Self(1);
    /// The same major version, and no earlier minor one.
    pub const COMPATIBLE: Self = Self(2);
    /// The same version.
    pub const EXACT: Self = Self(3);
    /// The same major version.
    pub const MAJOR_ONLY: Self = Self(4);
    /// No later version.
    pub const UP_TO: Self = Self(5);
}

/// The stub of an `ept_lookup` request.
///
/// | # | parameter | wire |
/// |---|---|---|
/// | 1 | `inquiry_type` | u32 |
/// | 2 | `object` | full pointer; a UUID |
/// | 3 | `Ifid` | full pointer; an `rpc_if_id_t` |
/// | 4 | `vers_option` | u32 |
/// | 5 | `entry_handle` | 20 bytes |
/// | 6 | `max_ents` | u32, 0 to 500 |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EptLookupRequest {
    /// By what entries are chosen.
    pub inquiry: InquiryType,
    /// The object, where entries are chosen by it.
    pub object: Option<Uuid>,
    /// The interface, where entries are chosen by it.
    pub interface: Option<SyntaxId>,
    /// How its version must agree.
    pub version: VersionOption,
    /// Null, or where an earlier call stopped.
    pub handle: ContextHandle,
    /// The most entries to answer.
    pub max_entries: u32,
}

impl EptLookupRequest {
    /// Decodes the stub.
    ///
    /// # Errors
    /// A parameter is missing or out of its range.
    pub fn decode(stub: &[u8]) -> Result<Self, StubError> {
        let mut reader = NdrReader::new("ept_lookup", stub);
        let inquiry = InquiryType(reader.u32("inquiry_type")?);
        let object = read_object(&mut reader)?;
        let present = reader.unique_pointer("Ifid")?;
        Ok(Self {
            inquiry,
            object,
            interface: present.then(|| reader.interface("Ifid")).transpose()?,
            version: VersionOption(reader.u32("vers_option")?),
            handle: ContextHandle::from_bytes(reader.context_handle("entry_handle")?),
            max_entries: reader.u32_at_most("max_ents", MAX_RESULTS)?,
        })
    }

    /// The stub.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = NdrWriter::new();
        writer.u32(self.inquiry.0);
        write_object(&mut writer, self.object);
        writer.unique_pointer(self.interface.is_some());
        if let Some(interface) = self.interface {
            writer.interface(interface);
        }
        writer.u32(self.version.0);
        writer.context_handle(&self.handle.to_bytes());
        writer.u32(self.max_entries);
        writer.finish()
    }
}

/// One entry of the endpoint map (`ept_entry_t`), aligned to 4.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 16 | object UUID |
/// | 16 | 4 | pointer to the tower, which comes behind the last entry |
/// | 20 | 4 | offset of the annotation, 0 |
/// | 24 | 4 | bytes of the annotation, 1 to 64 |
/// | 28 | | annotation, 8-bit characters and a NUL |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EptEntry {
    /// The object; nil for none.
    pub object: Uuid,
    /// The interface and where it is.
    pub tower: Option<Tower>,
    /// What the server calls itself, without the NUL; at most 63 bytes are sent.
    pub annotation: Vec<u8>,
}

impl EptEntry {
    /// Reads all but the tower; whether there is one is told beside.
    fn read(reader: &mut NdrReader<'_>) -> Result<(Self, bool), StubError> {
        let object = reader.uuid("object")?;
        let tower = reader.unique_pointer("tower")?;
        reader.u32_at_most("annotation.offset", 0)?;
        let size = reader.u32_at_most("annotation.actual_count", ANNOTATION_MAX)?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let octets = reader.bytes("annotation", size)?;
        let annotation = octets.split(|&octet| octet == 0).next().unwrap_or_default().to_vec();
        Ok((Self { object, tower: None, annotation }, tower))
    }

    fn write(&self, writer: &mut NdrWriter) {
        writer.uuid(self.object);
        writer.unique_pointer(self.tower.is_some());
        let most = usize::try_from(ANNOTATION_MAX).unwrap_or(usize::MAX).saturating_sub(1);
        let mut annotation: Vec<u8> = self.annotation.iter().copied().take(most).collect();
        annotation.push(0);
        writer.u32(0);
        writer.conformant_bytes(&annotation);
    }
}

/// The stub of an `ept_lookup` response.
///
/// | # | parameter | wire |
/// |---|---|---|
/// | 1 | `entry_handle` | 20 bytes, null when there is no more |
/// | 2 | `num_ents` | u32 |
/// | 3 | `entries` | `max_count` (the request's `max_ents`), offset 0, `num_ents`; the entries; their towers |
/// | 4 | `status` | u32 |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EptLookupResponse {
    /// Null, or where a further call goes on.
    pub handle: ContextHandle,
    /// The request's.
    pub max_entries: u32,
    /// What was found.
    pub entries: Vec<EptEntry>,
    /// Whether anything was.
    pub status: EptStatus,
}

impl EptLookupResponse {
    /// Decodes the stub.
    ///
    /// # Errors
    /// A parameter is missing or out of its range, the counts differ, or a tower's octets make no sense.
    pub fn decode(stub: &[u8]) -> Result<Self, StubError> {
        let mut reader = NdrReader::new("ept_lookup response", stub);
        let handle = ContextHandle::from_bytes(reader.context_handle("entry_handle")?);
        let num = reader.u32_at_most("num_ents", MAX_RESULTS)?;
        let max_entries = read_counts(&mut reader, num)?;
        let read = (0..num).map(|_| EptEntry::read(&mut reader)).collect::<Result<Vec<_>, _>>()?;
        let mut entries = Vec::with_capacity(read.len());
        for (entry, has_tower) in read {
            let tower = has_tower.then(|| Tower::read(&mut reader)).transpose()?;
            entries.push(EptEntry { tower, ..entry });
        }
        Ok(Self { handle, max_entries, entries, status: EptStatus(reader.u32("status")?) })
    }

    /// The stub.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = NdrWriter::new();
        writer.context_handle(&self.handle.to_bytes());
        write_counts(&mut writer, self.max_entries, self.entries.len());
        for entry in &self.entries {
            entry.write(&mut writer);
        }
        for tower in self.entries.iter().filter_map(|entry| entry.tower.as_ref()) {
            tower.write(&mut writer);
        }
        writer.u32(self.status.0);
        writer.finish()
    }
}

/// The stub of an `ept_lookup_handle_free` request: a context handle, 20 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EptLookupHandleFreeRequest {
    /// What to give up.
    pub handle: ContextHandle,
}

impl EptLookupHandleFreeRequest {
    /// Decodes the stub.
    ///
    /// # Errors
    /// The handle is missing.
    pub fn decode(stub: &[u8]) -> Result<Self, StubError> {
        let mut reader = NdrReader::new("ept_lookup_handle_free", stub);
        Ok(Self { handle: ContextHandle::from_bytes(reader.context_handle("entry_handle")?) })
    }

    /// The stub.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.handle.to_bytes().to_vec()
    }
}

/// The stub of an `ept_lookup_handle_free` response: a context handle, then `status`, u32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EptLookupHandleFreeResponse {
    /// Null.
    pub handle: ContextHandle,
    /// How it went.
    pub status: EptStatus,
}

impl EptLookupHandleFreeResponse {
    /// Decodes the stub.
    ///
    /// # Errors
    /// A parameter is missing.
    pub fn decode(stub: &[u8]) -> Result<Self, StubError> {
        let mut reader = NdrReader::new("ept_lookup_handle_free response", stub);
        let handle = ContextHandle::from_bytes(reader.context_handle("entry_handle")?);
        Ok(Self { handle, status: EptStatus(reader.u32("status")?) })
    }

    /// The stub.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = NdrWriter::new();
        writer.context_handle(&self.handle.to_bytes());
        writer.u32(self.status.0);
        writer.finish()
    }
}
