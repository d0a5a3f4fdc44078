//! A checked cursor over one PDU: every failure names structure, field, offset, and what was missing.

use uuid::Uuid;

/// A field of a PDU lies beyond the bytes that the PDU has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{structure}.{field} at offset {offset} needs {needed} bytes, {available} are left")]
pub struct PduError {
    /// The PDU or the part of it that was being read.
    pub structure: &'static str,
    /// The field as the specification spells it.
    pub field: &'static str,
    /// Bytes from the start of the PDU.
    pub offset: usize,
    /// Bytes that the field takes.
    pub needed: usize,
    /// Bytes that are left of the body.
    pub available: usize,
}

/// Reads fields in wire order. Offsets count from the start of the PDU, as the specification's do.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    structure: &'static str,
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    /// A cursor at `position` of `bytes`, which end where the body ends.
    pub(crate) fn new(structure: &'static str, bytes: &'a [u8], position: usize) -> Self {
        Self { structure, bytes, position }
    }

    /// Names the part that is read from here on.
    pub(crate) fn enter(&mut self, structure: &'static str) {
        self.structure = structure;
    }

    pub(crate) fn take(&mut self, field: &'static str, size: usize) -> Result<&'a [u8], PduError> {
        let (taken, _) =
            self.left().split_at_checked(size).ok_or_else(|| self.missing(field, size))?;
        self.position = self.position.saturating_add(size);
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(
        &mut self,
        field: &'static str,
    ) -> Result<[u8; N], PduError> {
        let array = *self.left().first_chunk().ok_or_else(|| self.missing(field, N))?;
        self.position = self.position.saturating_add(N);
        Ok(array)
    }

    pub(crate) fn u8(&mut self, field: &'static str) -> Result<u8, PduError> {
        self.array(field).map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self, field: &'static str) -> Result<u16, PduError> {
        self.array(field).map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self, field: &'static str) -> Result<u32, PduError> {
        self.array(field).map(u32::from_le_bytes)
    }

    pub(crate) fn uuid(&mut self, field: &'static str) -> Result<Uuid, PduError> {
        self.array(field).map(Uuid::from_bytes_le)
    }

    /// Skips padding, whatever it holds: clients' padding is not zero.
    pub(crate) fn skip(&mut self, field: &'static str, size: usize) -> Result<(), PduError> {
        self.take(field, size).map(|_| ())
    }

    /// Skips to the next offset that is a multiple of four.
    pub(crate) fn align4(&mut self, field: &'static str) -> Result<(), PduError> {
        let past = self.position % 4;
        if past == 0 {
            return Ok(());
        }
        self.skip(field, 4_usize.saturating_sub(past))
    }

    /// Everything that is left.
    pub(crate) fn left(&self) -> &'a [u8] {
        self.bytes.get(self.position..).unwrap_or_default()
    }

    fn missing(&self, field: &'static str, needed: usize) -> PduError {
        PduError {
            structure: self.structure,
            field,
            offset: self.position,
            needed,
            available: self.left().len(),
        }
    }
}
