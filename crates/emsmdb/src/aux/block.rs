//! One block: its AUX_HEADER, its fixed fields, and the variable ones that offsets point to.

use core::ops::Range;

use super::{AuxError, AuxType};
use crate::field::{FieldReader, Truncated, length_u16};

/// A block as cut out of the payload: first its fixed fields are read in order, then what their offsets point to.
#[derive(Debug)]
pub(super) struct Block<'a> {
    pub(super) block_type: AuxType,
    pub(super) version: u8,
    /// In Microsoft's spelling, for errors.
    structure: &'static str,
    /// The whole block, AUX_HEADER included.
    bytes: &'a [u8],
    /// Where the block starts in the buffer that errors speak of.
    base: usize,
    /// What is left of the body's fixed fields.
    fields: FieldReader<'a>,
    /// Where the variable fields lie that were read, in bytes from the start of the block.
    taken: Vec<Range<usize>>,
    /// What was wrong with a variable field first.
    problem: Option<AuxError>,
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
        let body = bytes.get(AUX_HEADER_SIZE..).unwrap_or_default();
        let structure = "AUX_HEADER";
        let fields = FieldReader::new(structure, body, base.saturating_add(AUX_HEADER_SIZE));
        let (taken, problem) = (Vec::new(), None);
        Ok(Self { block_type, version, structure, bytes, base, fields, taken, problem })
    }

    /// Size as sent.
    pub(super) fn size(&self) -> u16 {
        length_u16(self.bytes)
    }

    /// What was wrong with a variable field first.
    pub(super) const fn problem(&self) -> Option<AuxError> {
        self.problem
    }

    /// Names the structure that the block is.
    pub(super) const fn enter(&mut self, structure: &'static str) {
        self.structure = structure;
        self.fields.enter(structure);
    }

    /// Names it by its version.
    pub(super) const fn enter_version(&mut self, first: &'static str, second: &'static str) {
        self.enter(if self.is_second() { second } else { first });
    }

    /// Whether its version is 2.
    pub(super) const fn is_second(&self) -> bool {
        self.version == 2
    }

    pub(super) fn u8(&mut self, field: &'static str) -> Result<u8, Truncated> {
        self.fields.u8(field)
    }

    pub(super) fn u16(&mut self, field: &'static str) -> Result<u16, Truncated> {
        self.fields.u16(field)
    }

    pub(super) fn u32(&mut self, field: &'static str) -> Result<u32, Truncated> {
        self.fields.u32(field)
    }

    pub(super) fn array<const N: usize>(
        &mut self,
        field: &'static str,
    ) -> Result<[u8; N], Truncated> {
        self.fields.array(field)
    }

    /// Steps over a reserved field.
    pub(super) fn reserved<const N: usize>(
        &mut self,
        field: &'static str,
    ) -> Result<(), Truncated> {
        self.fields.array::<N>(field).map(|_| ())
    }

    /// The whole body, whatever it is.
    pub(super) fn body(&self) -> &'a [u8] {
        self.bytes.get(AUX_HEADER_SIZE..).unwrap_or_default()
    }

    /// A UTF-16LE string up to its NUL or to the end of the block; absent when the offset is 0 or makes no sense.
    pub(super) fn string(&mut self, field: &'static str, offset: u16) -> Option<Vec<u16>> {
        if offset == 0 {
            return None;
        }
        let rest = self.bytes.get(usize::from(offset)..).unwrap_or_default();
        let (units, _odd_byte) = rest.as_chunks::<2>();
        let units = units.iter().map(|unit| u16::from_le_bytes(*unit));
        let units: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
        let with_nul = units.len().saturating_add(1).saturating_mul(2);
        // A string takes at least a byte, so that one at the very end of the block lies outside.
        self.claim(field, offset, with_nul.min(rest.len()).max(1)).then_some(units)
    }

    /// Octets; none when the offset is 0 or makes no sense.
    pub(super) fn octets(&mut self, field: &'static str, size: u16, offset: u16) -> Vec<u8> {
        let length = usize::from(size);
        if offset == 0 || size == 0 || !self.claim(field, offset, length) {
            return Vec::new();
        }
        let rest = self.bytes.get(usize::from(offset)..).unwrap_or_default();
        rest.iter().take(length).copied().collect()
    }

    /// Whether a variable field may lie there: behind the fixed ones, in the block, and on no other.
    fn claim(&mut self, field: &'static str, offset: u16, length: usize) -> bool {
        let structure = self.structure;
        let start = usize::from(offset);
        let range = start..start.saturating_add(length);
        let (offset, end) =
            (self.base.saturating_add(start), self.base.saturating_add(self.bytes.len()));
        let problem = if offset < self.fields.position() {
            AuxError::InFixedFields { structure, field, offset, end: self.fields.position() }
        } else if self.bytes.len() < range.end {
            AuxError::OutOfBlock { structure, field, offset, end }
        } else if self.taken.iter().any(|other| other.start < range.end && range.start < other.end)
        {
            AuxError::Overlap { structure, field, offset }
        } else {
            self.taken.push(range);
            return true;
        };
        self.problem.get_or_insert(problem);
        false
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
