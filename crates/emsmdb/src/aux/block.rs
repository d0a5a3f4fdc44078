//! One block: its AUX_HEADER, its fixed fields, and the variable ones that offsets point to.

use super::{AuxError, AuxType};
use crate::field::{FieldReader, length_u16};

/// A block as cut out of the payload.
#[derive(Debug)]
pub(super) struct Block<'a> {
    pub(super) block_type: AuxType,
    pub(super) version: u8,
    /// The whole block, AUX_HEADER included.
    bytes: &'a [u8],
    /// Where the block starts in the buffer that errors speak of.
    base: usize,
}

impl<'a> Block<'a> {
    /// Takes the next block off `reader`; fails when its Size makes no sense.
    pub(super) fn take(reader: &mut FieldReader<'a>) -> Result<Self, AuxError> {
        let (base, available) = (reader.position(), reader.rest());
        let mut header = reader.clone();
        let size = header.u16("Size")?;
        let version = header.u8("Version")?;
        let block_type = AuxType(header.u8("Type")?);
        let length = usize::from(size);
        if length < AUX_HEADER_SIZE || available.len() < length {
            return Err(AuxError::BlockSize { offset: base, size, available: available.len() });
        }
        let bytes = reader.bytes("block", length)?;
        Ok(Self { block_type, version, bytes, base })
    }

    /// Size as sent.
    pub(super) fn size(&self) -> u16 {
        length_u16(self.bytes)
    }

    /// Reads the fixed fields behind the AUX_HEADER.
    pub(super) fn fields(&self, structure: &'static str) -> FieldReader<'a> {
        let body = self.bytes.get(AUX_HEADER_SIZE..).unwrap_or_default();
        FieldReader::new(structure, body, self.base.saturating_add(AUX_HEADER_SIZE))
    }

    /// The variable fields, with the first that was out of the block.
    pub(super) fn variable(&self, structure: &'static str) -> VariableFields<'a> {
        VariableFields { structure, bytes: self.bytes, base: self.base, problem: None }
    }
}

/// Reads what offsets point to, and keeps the first problem.
#[derive(Debug)]
pub(super) struct VariableFields<'a> {
    structure: &'static str,
    bytes: &'a [u8],
    base: usize,
    pub(super) problem: Option<AuxError>,
}

impl VariableFields<'_> {
    /// A UTF-16LE string up to its NUL or to the end of the block; absent when the offset is 0 or outside.
    pub(super) fn string(&mut self, field: &'static str, offset: u16) -> Option<Vec<u16>> {
        if offset == 0 {
            return None;
        }
        let Some(bytes) = self.bytes.get(usize::from(offset)..).filter(|rest| !rest.is_empty())
        else {
            self.note(field, offset);
            return None;
        };
        let (units, _odd_byte) = bytes.as_chunks::<2>();
        let units = units.iter().map(|unit| u16::from_le_bytes(*unit));
        Some(units.take_while(|unit| *unit != 0).collect())
    }

    /// Octets; none when the offset is 0 or they reach outside.
    pub(super) fn octets(&mut self, field: &'static str, offset: u16, size: u16) -> Vec<u8> {
        if offset == 0 || size == 0 {
            return Vec::new();
        }
        let rest = self.bytes.get(usize::from(offset)..).unwrap_or_default();
        let octets = rest.get(..usize::from(size));
        if octets.is_none() {
            self.note(field, offset);
        }
        octets.unwrap_or_default().to_vec()
    }

    fn note(&mut self, field: &'static str, offset: u16) {
        let problem = AuxError::OutOfBlock {
            structure: self.structure,
            field,
            offset: self.base.saturating_add(offset.into()),
            end: self.base.saturating_add(self.bytes.len()),
        };
        self.problem.get_or_insert(problem);
    }
}

/// Writes one block: fixed fields first, then the variable ones, whose offsets are patched in.
#[derive(Debug)]
pub(super) struct BlockWriter {
    bytes: Vec<u8>,
}

impl BlockWriter {
    pub(super) fn new(block_type: AuxType, version: u8) -> Self {
        // Size comes when the block is finished.
        Self { bytes: vec![0, 0, version, block_type.0] }
    }

    pub(super) fn u16(&mut self, value: u16) {
        self.bytes(&value.to_le_bytes());
    }

    pub(super) fn u32(&mut self, value: u32) {
        self.bytes(&value.to_le_bytes());
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Writes zeroes until the block is `length` bytes long; never shortens it.
    pub(super) fn fill(&mut self, length: usize) {
        self.bytes.resize(length.max(self.bytes.len()), 0);
    }

    /// Sets Size, padding the block to a multiple of 4.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let padded = self.bytes.len().checked_next_multiple_of(4);
        self.fill(padded.unwrap_or_default());
        self.finish_unpadded()
    }

    /// Sets Size to the length as it is.
    pub(super) fn finish_unpadded(mut self) -> Vec<u8> {
        let size = length_u16(&self.bytes);
        if let Some(field) = self.bytes.first_chunk_mut() {
            *field = size.to_le_bytes();
        }
        self.bytes
    }
}

/// Lays variable fields out behind the fixed ones and hands out their offsets.
#[derive(Debug)]
pub(super) struct VariableWriter {
    fixed_size: usize,
    data: Vec<u8>,
}

impl VariableWriter {
    /// `fixed_size` is the size of AUX_HEADER and fixed fields, in bytes.
    pub(super) const fn new(fixed_size: usize) -> Self {
        Self { fixed_size, data: Vec::new() }
    }

    /// Adds a string and its NUL; returns the offset, 0 when it is absent.
    pub(super) fn string(&mut self, string: Option<&[u16]>) -> u16 {
        let Some(units) = string else { return 0 };
        let offset = self.offset();
        let units = units.iter().chain(&[0]);
        self.data.extend(units.flat_map(|unit| unit.to_le_bytes()));
        offset
    }

    /// Adds octets; returns the offset, 0 when there are none.
    pub(super) fn octets(&mut self, octets: &[u8]) -> u16 {
        if octets.is_empty() {
            return 0;
        }
        let offset = self.offset();
        self.data.extend_from_slice(octets);
        offset
    }

    /// What was added, to be written behind the fixed fields.
    pub(super) fn data(&self) -> &[u8] {
        &self.data
    }

    fn offset(&self) -> u16 {
        u16::try_from(self.fixed_size.saturating_add(self.data.len())).unwrap_or(u16::MAX)
    }
}

/// The size of an AUX_HEADER, in bytes.
const AUX_HEADER_SIZE: usize = 4;
