//! Reading packed little-endian structures field by field, outside NDR: no alignment, nothing implied.

/// Reads the fields of one structure in order; an error names structure, field and offset.
#[derive(Debug, Clone)]
pub(crate) struct FieldReader<'a> {
    structure: &'static str,
    bytes: &'a [u8],
    base: usize,
    offset: usize,
}

impl<'a> FieldReader<'a> {
    /// Starts at the first of `bytes`, which lies `base` bytes into the buffer that errors speak of.
    pub(crate) const fn new(structure: &'static str, bytes: &'a [u8], base: usize) -> Self {
        Self { structure, bytes, base, offset: 0 }
    }

    /// Names the structure that the next fields belong to.
    pub(crate) const fn enter(&mut self, structure: &'static str) {
        self.structure = structure;
    }

    /// Where the next byte is read, in bytes from the start of the buffer that errors speak of.
    pub(crate) const fn position(&self) -> usize {
        self.base.saturating_add(self.offset)
    }

    /// What is left.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.offset..).unwrap_or_default()
    }

    pub(crate) fn u8(&mut self, field: &'static str) -> Result<u8, Truncated> {
        Ok(u8::from_le_bytes(self.array(field)?))
    }

    pub(crate) fn u16(&mut self, field: &'static str) -> Result<u16, Truncated> {
        Ok(u16::from_le_bytes(self.array(field)?))
    }

    pub(crate) fn u32(&mut self, field: &'static str) -> Result<u32, Truncated> {
        Ok(u32::from_le_bytes(self.array(field)?))
    }

    pub(crate) fn u64(&mut self, field: &'static str) -> Result<u64, Truncated> {
        Ok(u64::from_le_bytes(self.array(field)?))
    }

    pub(crate) fn bytes(
        &mut self,
        field: &'static str,
        length: usize,
    ) -> Result<&'a [u8], Truncated> {
        let rest = self.rest();
        let bytes = rest.get(..length).ok_or_else(|| self.truncated(field, length))?;
        self.offset = self.offset.saturating_add(length);
        Ok(bytes)
    }

    pub(crate) fn array<const N: usize>(
        &mut self,
        field: &'static str,
    ) -> Result<[u8; N], Truncated> {
        let array = self.rest().first_chunk().copied();
        let array = array.ok_or_else(|| self.truncated(field, N))?;
        self.offset = self.offset.saturating_add(N);
        Ok(array)
    }

    fn truncated(&self, field: &'static str, needed: usize) -> Truncated {
        Truncated {
            structure: self.structure,
            field,
            offset: self.position(),
            needed,
            available: self.rest().len(),
        }
    }
}

/// A structure that ends before one of its fields does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{structure}: {field} at offset {offset}: needs {needed} bytes, {available} left")]
pub struct Truncated {
    /// The structure, in Microsoft's spelling.
    pub structure: &'static str,
    /// The field, in Microsoft's spelling.
    pub field: &'static str,
    /// Where the field starts, in bytes from the start of the buffer.
    pub offset: usize,
    /// Bytes the field takes.
    pub needed: usize,
    /// Bytes that are left for it.
    pub available: usize,
}

/// The length of `bytes` in 16 bits, saturating: see the crate's note on encoders.
pub(crate) fn length_u16(bytes: &[u8]) -> u16 {
    u16::try_from(bytes.len()).unwrap_or(u16::MAX)
}
