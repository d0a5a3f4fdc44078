//! NDR 2.0 transfer syntax, little-endian: what goes on the wire inside a stub ([C706] chapter 14).
//!
//! Only the constructions that our interfaces use: aligned integers, conformant and conformant-varying
//! byte arrays, 8-bit strings, context handles and unique pointers at top level.
//!
//! Alignment counts from the first byte of the stub. Padding is written as zero and ignored when read, for
//! clients pad with whatever they have. Bytes after the last `[in]` parameter are not looked at: a
//! verification trailer may follow the stub ([MS-RPCE] 2.2.2.13).
//!
//! [C706]: https://publications.opengroup.org/c706
//! [MS-RPCE]: https://learn.microsoft.com/openspecs/windows_protocols/ms-rpce

use std::fmt;

use uuid::Uuid;

use crate::syntax::SyntaxId;

/// Reads the parameters of one stub in order.
///
/// Every method takes the field's name on the wire, which an error repeats. Nothing is allocated: arrays
/// and strings are borrowed from the stub.
#[derive(Debug, Clone)]
pub struct NdrReader<'a> {
    structure: &'static str,
    stub: &'a [u8],
    offset: usize,
}

impl<'a> NdrReader<'a> {
    /// Starts at the first byte of `stub`; `structure` names the message in errors.
    #[must_use]
    pub const fn new(structure: &'static str, stub: &'a [u8]) -> Self {
        Self { structure, stub, offset: 0 }
    }

    /// Where the next byte is read, in bytes from the start of the stub.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// Skips padding until the offset is a multiple of `alignment`.
    ///
    /// Padding that lies past the end is no error by itself: the field behind it is the one that is missing.
    pub const fn align(&mut self, alignment: usize) {
        self.offset = aligned(self.offset, alignment);
    }

    /// Reads one octet.
    ///
    /// # Errors
    /// `Truncated` when the stub ends before it.
    pub fn u8(&mut self, field: &'static str) -> Result<u8, NdrError> {
        Ok(u8::from_le_bytes(self.array(field)?))
    }

    /// Reads an unsigned 16-bit integer, aligned to 2.
    ///
    /// # Errors
    /// `Truncated` when the stub ends before or inside it.
    pub fn u16(&mut self, field: &'static str) -> Result<u16, NdrError> {
        self.align(2);
        Ok(u16::from_le_bytes(self.array(field)?))
    }

    /// Reads an unsigned 32-bit integer, aligned to 4.
    ///
    /// # Errors
    /// `Truncated` when the stub ends before or inside it.
    pub fn u32(&mut self, field: &'static str) -> Result<u32, NdrError> {
        self.align(4);
        Ok(u32::from_le_bytes(self.array(field)?))
    }

    /// Reads an unsigned 64-bit integer, aligned to 8.
    ///
    /// # Errors
    /// `Truncated` when the stub ends before or inside it.
    pub fn u64(&mut self, field: &'static str) -> Result<u64, NdrError> {
        self.align(8);
        Ok(u64::from_le_bytes(self.array(field)?))
    }

    /// Reads an unsigned 32-bit integer, aligned to 4, that the interface declares with `range(0, max)`.
    ///
    /// # Errors
    /// `Truncated` when the stub ends before or inside it, `Range` when it is above `max`.
    pub fn u32_at_most(&mut self, field: &'static str, max: u32) -> Result<u32, NdrError> {
        let value = self.u32(field)?;
        let at = self.offset.saturating_sub(4);
        self.check_range(field, at, value, max)?;
        Ok(value)
    }

    /// Reads a 32-bit count, aligned to 4, that must equal the one that came with its array.
    ///
    /// # Errors
    /// `Truncated` when the stub ends before or inside it, `CountMismatch` when the two differ.
    pub fn u32_count_of(&mut self, field: &'static str, array: &[u8]) -> Result<(), NdrError> {
        self.u32_equal_to(field, count_of(array))
    }

    /// Reads a 16-bit count, aligned to 2, that must equal the one that came with its array.
    ///
    /// # Errors
    /// `Truncated` when the stub ends before or inside it, `CountMismatch` when the two differ.
    pub fn u16_count_of(&mut self, field: &'static str, array: &[u8]) -> Result<(), NdrError> {
        let count = u32::from(self.u16(field)?);
        let at = self.offset.saturating_sub(2);
        let expected = count_of(array);
        self.check(count == expected, field, at, NdrErrorKind::CountMismatch { count, expected })
    }

    /// Reads a 32-bit integer, aligned to 4, that must repeat a value sent before.
    ///
    /// # Errors
    /// `Truncated` when the stub ends before or inside it, `CountMismatch` when the two differ.
    pub fn u32_equal_to(&mut self, field: &'static str, expected: u32) -> Result<(), NdrError> {
        let count = self.u32(field)?;
        let at = self.offset.saturating_sub(4);
        self.check(count == expected, field, at, NdrErrorKind::CountMismatch { count, expected })
    }

    /// Reads a 16-bit integer, aligned to 2, that must repeat a value sent before.
    ///
    /// # Errors
    /// `Truncated` when the stub ends before or inside it, `CountMismatch` when the two differ.
    pub fn u16_equal_to(&mut self, field: &'static str, expected: u32) -> Result<u16, NdrError> {
        let value = self.u16(field)?;
        let at = self.offset.saturating_sub(2);
        let count = u32::from(value);
        self.check(count == expected, field, at, NdrErrorKind::CountMismatch { count, expected })?;
        Ok(value)
    }

    /// Reads a fixed array of `length` octets, unaligned and without a count.
    ///
    /// # Errors
    /// `Truncated` when fewer are left.
    pub fn bytes(&mut self, field: &'static str, length: usize) -> Result<&'a [u8], NdrError> {
        let rest = self.stub.get(self.offset..).unwrap_or_default();
        let Some(bytes) = rest.get(..length) else {
            let kind = NdrErrorKind::Truncated { needed: length, available: rest.len() };
            return Err(self.error(field, self.offset, kind));
        };
        self.offset = self.offset.saturating_add(length);
        Ok(bytes)
    }

    /// Reads a fixed array of `N` octets, unaligned and without a count.
    ///
    /// # Errors
    /// `Truncated` when fewer are left.
    pub fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], NdrError> {
        let start = self.offset;
        let bytes = self.bytes(field, N)?;
        let kind = NdrErrorKind::Truncated { needed: N, available: bytes.len() };
        bytes.first_chunk().copied().ok_or_else(|| self.error(field, start, kind))
    }

    /// Reads a context handle, aligned to 4: a `u32` of attributes and a UUID, as 20 raw bytes (C706
    /// chapter 14). All zero is the null handle.
    ///
    /// # Errors
    /// `Truncated` when the stub ends before or inside it.
    pub fn context_handle(&mut self, field: &'static str) -> Result<[u8; 20], NdrError> {
        self.align(4);
        self.array(field)
    }

    /// Reads a UUID, aligned to 4, its first three fields little-endian.
    ///
    /// # Errors
    /// `Truncated` when the stub ends before or inside it.
    pub fn uuid(&mut self, field: &'static str) -> Result<Uuid, NdrError> {
        self.align(4);
        self.array(field).map(Uuid::from_bytes_le)
    }

    /// Reads an interface's identity (`rpc_if_id_t`): a UUID, a major and a minor version.
    ///
    /// # Errors
    /// `Truncated` when the stub ends before or inside it.
    pub fn interface(&mut self, field: &'static str) -> Result<SyntaxId, NdrError> {
        Ok(SyntaxId { uuid: self.uuid(field)?, major: self.u16(field)?, minor: self.u16(field)? })
    }

    /// Reads a conformant byte array: `max_count` as `u32`, aligned to 4, then that many octets.
    ///
    /// # Errors
    /// `Range` when `max_count` is above `max`, `Truncated` when the stub ends before the array does.
    pub fn conformant_bytes(
        &mut self,
        field: &'static str,
        max: u32,
    ) -> Result<&'a [u8], NdrError> {
        let count = self.u32_at_most(field, max)?;
        self.counted(field, count)
    }

    /// Reads a conformant-varying byte array: `max_count`, `offset` (0) and `actual_count` as `u32`, aligned to
    /// 4, then `actual_count` octets.
    ///
    /// # Errors
    /// `Range` when `max_count` is above `max`, `Variance` when the offset is not 0, `CountMismatch` when more
    /// octets are announced than `max_count`, `Truncated` when the stub ends before the array does.
    pub fn conformant_varying_bytes(
        &mut self,
        field: &'static str,
        max: u32,
    ) -> Result<ConformantVarying<'a>, NdrError> {
        let max_count = self.u32_at_most(field, max)?;
        let variance = self.u32(field)?;
        let at = self.offset.saturating_sub(4);
        self.check(variance == 0, field, at, NdrErrorKind::Variance { offset: variance })?;
        let count = self.u32(field)?;
        let at = self.offset.saturating_sub(4);
        let mismatch = NdrErrorKind::CountMismatch { count, expected: max_count };
        self.check(count <= max_count, field, at, mismatch)?;
        Ok(ConformantVarying { max_count, bytes: self.counted(field, count)? })
    }

    /// Reads a `[string]` of 8-bit characters: a conformant-varying array that contains a NUL.
    ///
    /// The characters before the first NUL are returned; what follows it inside the array is dropped.
    /// `max` bounds `max_count`, the NUL included.
    ///
    /// # Errors
    /// Those of [`conformant_varying_bytes`](Self::conformant_varying_bytes), and `Unterminated` when the array
    /// holds no NUL.
    pub fn conformant_varying_string(
        &mut self,
        field: &'static str,
        max: u32,
    ) -> Result<&'a [u8], NdrError> {
        let bytes = self.conformant_varying_bytes(field, max)?.bytes;
        let start = self.offset.saturating_sub(bytes.len());
        let mut parts = bytes.splitn(2, |byte| *byte == 0);
        match (parts.next(), parts.next()) {
            (Some(string), Some(_)) => Ok(string),
            _ => Err(self.error(field, start, NdrErrorKind::Unterminated)),
        }
    }

    /// Reads the referent id of a unique pointer, aligned to 4, and says whether something follows.
    ///
    /// For a top-level pointer the referent comes next in the stub. The id's value means nothing unless it is 0.
    ///
    /// # Errors
    /// `Truncated` when the stub ends before or inside it.
    pub fn unique_pointer(&mut self, field: &'static str) -> Result<bool, NdrError> {
        Ok(self.u32(field)? != 0)
    }

    fn counted(&mut self, field: &'static str, count: u32) -> Result<&'a [u8], NdrError> {
        self.bytes(field, usize::try_from(count).unwrap_or(usize::MAX))
    }

    fn check_range(
        &self,
        field: &'static str,
        offset: usize,
        value: u32,
        max: u32,
    ) -> Result<(), NdrError> {
        self.check(value <= max, field, offset, NdrErrorKind::Range { value, max })
    }

    const fn check(
        &self,
        holds: bool,
        field: &'static str,
        offset: usize,
        kind: NdrErrorKind,
    ) -> Result<(), NdrError> {
        if holds { Ok(()) } else { Err(self.error(field, offset, kind)) }
    }

    const fn error(&self, field: &'static str, offset: usize, kind: NdrErrorKind) -> NdrError {
        NdrError { structure: self.structure, field, offset, kind }
    }
}

/// A conformant-varying byte array as read: what the sender could have sent, and what it sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConformantVarying<'a> {
    /// `max_count`, in bytes: the room the array has on the sender's side.
    pub max_count: u32,
    /// The `actual_count` bytes that were sent, at most `max_count`.
    pub bytes: &'a [u8],
}

/// Writes the parameters of one stub in order.
///
/// It enforces no range: a test client has to be able to violate the limits that a server must check.
/// Counts beyond 32 bits saturate, and such a stub cannot be read back.
#[derive(Debug, Clone)]
pub struct NdrWriter {
    stub: Vec<u8>,
    next_referent: u32,
}

impl NdrWriter {
    /// An empty stub.
    #[must_use]
    pub const fn new() -> Self {
        Self { stub: Vec::new(), next_referent: FIRST_REFERENT }
    }

    /// Writes zeroes until the length is a multiple of `alignment`.
    pub fn align(&mut self, alignment: usize) {
        self.stub.resize(aligned(self.stub.len(), alignment), 0);
    }

    /// Writes one octet.
    pub fn u8(&mut self, value: u8) {
        self.stub.push(value);
    }

    /// Writes an unsigned 16-bit integer, aligned to 2.
    pub fn u16(&mut self, value: u16) {
        self.align(2);
        self.bytes(&value.to_le_bytes());
    }

    /// Writes an unsigned 32-bit integer, aligned to 4.
    pub fn u32(&mut self, value: u32) {
        self.align(4);
        self.bytes(&value.to_le_bytes());
    }

    /// Writes an unsigned 64-bit integer, aligned to 8.
    pub fn u64(&mut self, value: u64) {
        self.align(8);
        self.bytes(&value.to_le_bytes());
    }

    /// Writes the length of `array` as `u32`, aligned to 4.
    pub fn u32_count_of(&mut self, array: &[u8]) {
        self.u32(count_of(array));
    }

    /// Writes the length of `array` as `u16`, aligned to 2.
    pub fn u16_count_of(&mut self, array: &[u8]) {
        self.u16(u16::try_from(array.len()).unwrap_or(u16::MAX));
    }

    /// Writes octets unaligned and without a count.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.stub.extend_from_slice(bytes);
    }

    /// Writes a context handle, aligned to 4.
    pub fn context_handle(&mut self, handle: &[u8; 20]) {
        self.align(4);
        self.bytes(handle);
    }

    /// Writes a UUID, aligned to 4.
    pub fn uuid(&mut self, uuid: Uuid) {
        self.align(4);
        self.bytes(&uuid.to_bytes_le());
    }

    /// Writes an interface's identity.
    pub fn interface(&mut self, interface: SyntaxId) {
        self.uuid(interface.uuid);
        self.u16(interface.major);
        self.u16(interface.minor);
    }

    /// Writes a conformant byte array: its length as `max_count`, aligned to 4, then the octets.
    pub fn conformant_bytes(&mut self, bytes: &[u8]) {
        self.u32_count_of(bytes);
        self.bytes(bytes);
    }

    /// Writes a conformant-varying byte array: `max_count`, offset 0, the length as `actual_count`, the octets.
    pub fn conformant_varying_bytes(&mut self, array: ConformantVarying<'_>) {
        self.u32(array.max_count);
        self.u32(0);
        self.conformant_bytes(array.bytes);
    }

    /// Writes a conformant-varying byte array that is sent whole: `max_count` equals `actual_count`.
    pub fn conformant_varying_whole(&mut self, bytes: &[u8]) {
        self.conformant_varying_bytes(ConformantVarying { max_count: count_of(bytes), bytes });
    }

    /// Writes a `[string]` of 8-bit characters and the NUL that ends it, which `string` does not contain.
    pub fn conformant_varying_string(&mut self, string: &[u8]) {
        let count = count_of(string).saturating_add(1);
        self.u32(count);
        self.u32(0);
        self.u32(count);
        self.bytes(string);
        self.u8(0);
    }

    /// Writes the referent id of a unique pointer, aligned to 4: 0 when null, else the next of `0x00020000`,
    /// `0x00020004`, ... as Microsoft's runtime numbers them.
    pub fn unique_pointer(&mut self, present: bool) {
        if !present {
            return self.u32(0);
        }
        self.u32(self.next_referent);
        self.next_referent = self.next_referent.wrapping_add(4);
    }

    /// The stub.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.stub
    }
}

impl Default for NdrWriter {
    fn default() -> Self {
        Self::new()
    }
}

/// A stub that does not hold the parameters it should; answered by the fault `RPC_X_BAD_STUB_DATA`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{structure}: {field} at offset {offset}: {kind}")]
pub struct NdrError {
    /// The message, in Microsoft's spelling.
    pub structure: &'static str,
    /// The parameter, in Microsoft's spelling.
    pub field: &'static str,
    /// Where the offending value or the missing bytes should be, in bytes from the start of the stub.
    pub offset: usize,
    /// What is wrong.
    pub kind: NdrErrorKind,
}

/// What is wrong with one parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NdrErrorKind {
    /// The stub ends early.
    Truncated {
        /// Bytes the field takes from its offset on.
        needed: usize,
        /// Bytes that are left there.
        available: usize,
    },
    /// The value is above what the interface allows.
    Range {
        /// The value as sent.
        value: u32,
        /// The largest one allowed.
        max: u32,
    },
    /// A count contradicts the array it speaks of.
    CountMismatch {
        /// The count as sent.
        count: u32,
        /// The one it must equal, or for `actual_count` not exceed.
        expected: u32,
    },
    /// A conformant-varying array does not start at its first element.
    Variance {
        /// The offset as sent.
        offset: u32,
    },
    /// A string holds no NUL.
    Unterminated,
}

impl fmt::Display for NdrErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { needed, available } => {
                write!(f, "needs {needed} bytes, {available} left")
            }
            Self::Range { value, max } => write!(f, "{value:#x} is above {max:#x}"),
            Self::CountMismatch { count, expected } => {
                write!(f, "count {count:#x} contradicts {expected:#x}")
            }
            Self::Variance { offset } => write!(f, "array starts at element {offset:#x}"),
            Self::Unterminated => f.write_str("string without NUL"),
        }
    }
}

/// The first referent id; any non-zero value would do.
const FIRST_REFERENT: u32 = 0x0002_0000;

/// The next multiple of `alignment`; without one the offset stays.
const fn aligned(offset: usize, alignment: usize) -> usize {
    match offset.checked_next_multiple_of(alignment) {
        Some(aligned) => aligned,
        None => offset,
    }
}

fn count_of(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}
