//! `ept_map` ([MS-RPCE] 2.2.1.2.5): towers like this one, but with the addresses filled in.
//!
//! [MS-RPCE]: https://learn.microsoft.com/openspecs/windows_protocols/ms-rpce

use uuid::Uuid;

use super::{EptStatus, MAX_RESULTS, Tower, read_counts, read_object, write_counts, write_object};
use crate::context_handle::ContextHandle;
use crate::error::StubError;
use crate::ndr::{NdrReader, NdrWriter};

/// The stub of an `ept_map` request.
///
/// | # | parameter | wire |
/// |---|---|---|
/// | 1 | `obj` | full pointer; a UUID |
/// | 2 | `map_tower` | full pointer; `max_count`, `tower_length` (0 to 2000), octets |
/// | 3 | `entry_handle` | 20 bytes |
/// | 4 | `max_towers` | u32, 0 to 500 |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EptMapRequest {
    /// The object that is looked for, or none.
    pub object: Option<Uuid>,
    /// The interface and the protocols, without addresses. Nothing matches none.
    pub tower: Option<Tower>,
    /// Null, or where an earlier call stopped.
    pub handle: ContextHandle,
    /// The most towers to answer.
    pub max_towers: u32,
}

impl EptMapRequest {
    /// Decodes the stub.
    ///
    /// # Errors
    /// A parameter is missing or out of its range, or the tower's octets make no sense.
    pub fn decode(stub: &[u8]) -> Result<Self, StubError> {
        let mut reader = NdrReader::new("ept_map", stub);
        let object = read_object(&mut reader)?;
        let present = reader.unique_pointer("map_tower")?;
        Ok(Self {
            object,
            tower: present.then(|| Tower::read(&mut reader)).transpose()?,
            handle: ContextHandle::from_bytes(reader.context_handle("entry_handle")?),
            max_towers: reader.u32_at_most("max_towers", MAX_RESULTS)?,
        })
    }

    /// The stub.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = NdrWriter::new();
        write_object(&mut writer, self.object);
        writer.unique_pointer(self.tower.is_some());
        if let Some(tower) = &self.tower {
            tower.write(&mut writer);
        }
        writer.context_handle(&self.handle.to_bytes());
        writer.u32(self.max_towers);
        writer.finish()
    }
}

/// The stub of an `ept_map` response.
///
/// | # | parameter | wire |
/// |---|---|---|
/// | 1 | `entry_handle` | 20 bytes, null when there is no more |
/// | 2 | `num_towers` | u32 |
/// | 3 | `ITowers` | `max_count` (the request's `max_towers`), offset 0, `num_towers`; a pointer for each; towers |
/// | 4 | `status` | u32 |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EptMapResponse {
    /// Null, or where a further call goes on.
    pub handle: ContextHandle,
    /// The request's.
    pub max_towers: u32,
    /// What was found.
    pub towers: Vec<Tower>,
    /// Whether anything was.
    pub status: EptStatus,
}

impl EptMapResponse {
    /// Decodes the stub.
    ///
    /// # Errors
    /// A parameter is missing or out of its range, the counts differ, or a tower's octets make no sense.
    pub fn decode(stub: &[u8]) -> Result<Self, StubError> {
        let mut reader = NdrReader::new("ept_map response", stub);
        let handle = ContextHandle::from_bytes(reader.context_handle("entry_handle")?);
        let num = reader.u32_at_most("num_towers", MAX_RESULTS)?;
        let max_towers = read_counts(&mut reader, num)?;
        let mut present = 0_u32;
        for _ in 0..num {
            present = present.saturating_add(reader.unique_pointer("ITowers")?.into());
        }
        let towers = (0..present).map(|_| Tower::read(&mut reader)).collect::<Result<_, _>>()?;
        Ok(Self { handle, max_towers, towers, status: EptStatus(reader.u32("status")?) })
    }

    /// The stub.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = NdrWriter::new();
        writer.context_handle(&self.handle.to_bytes());
        write_counts(&mut writer, self.max_towers, self.towers.len());
        for _ in &self.towers {
            writer.unique_pointer(true);
        }
        for tower in &self.towers {
            tower.write(&mut writer);
        }
        writer.u32(self.status.0);
        writer.finish()
    }
}
