//! Context handles on the wire (C706 14.2.15.6, `ndr_context_handle`).

use uuid::Uuid;

/// A context handle (CXH), 20 bytes: what a server gives a client to name its session.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 4 | attributes, little-endian, 0 |
/// | 4 | 16 | UUID, its first three fields little-endian |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContextHandle {
    attributes: u32,
    uuid: Uuid,
}

impl ContextHandle {
    /// Bytes on the wire.
    pub const SIZE: usize = 20;

    /// No context: all zero.
    pub const NULL: Self = Self { attributes: 0, uuid: Uuid::nil() };

    /// The handle that `uuid` names.
    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self { attributes: 0, uuid }
    }

    /// The UUID within.
    #[must_use]
    pub const fn uuid(&self) -> Uuid {
        self.uuid
    }

    /// Whether all bytes are zero.
    #[must_use]
    pub fn is_null(&self) -> bool {
        *self == Self::NULL
    }

    /// The handle as on the wire.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        let fields = self.attributes.to_le_bytes().into_iter();
        for (byte, field) in bytes.iter_mut().zip(fields.chain(self.uuid.to_bytes_le())) {
            *byte = field;
        }
        bytes
    }

    /// The handle that `bytes` are; any bytes are one, known or not.
    #[must_use]
    pub fn from_bytes(bytes: [u8; Self::SIZE]) -> Self {
        let [a0, a1, a2, a3, uuid @ ..] = bytes;
        Self { attributes: u32::from_le_bytes([a0, a1, a2, a3]), uuid: Uuid::from_bytes_le(uuid) }
    }
}
