//! The few types of ASN.1 that SPNEGO is made of, in DER (X.690): what of it the codec needs and no more.
//!
//! Lengths may be written longer than they need be, which Windows takes too; ends of contents are not read.

/// A token is not the DER that it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field} at offset {offset} {problem}")]
pub struct DerError {
    /// The field as RFC 4178 spells it.
    pub field: &'static str,
    /// Bytes from the start of the token.
    pub offset: usize,
    /// What is wrong there.
    pub problem: DerProblem,
}

/// What can be wrong with a piece of DER.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DerProblem {
    /// Something else stands there, or nothing.
    #[error("has no tag 0x{expected:02x}")]
    Tag {
        /// The tag that was due.
        expected: u8,
    },
    /// It ends beyond what it is in, or its length is not written so that it can be read.
    #[error("has no length that fits")]
    Length,
    /// Its value is not one that it can have.
    #[error("has no known value")]
    Value,
    /// Something follows it.
    #[error("is not the last")]
    Trailing,
}

/// Tags, as the octets that they are.
pub(super) mod tag {
    pub(in super::super) const OCTET_STRING: u8 = 0x04;
    pub(in super::super) const OBJECT_IDENTIFIER: u8 = 0x06;
    pub(in super::super) const ENUMERATED: u8 = 0x0a;
    pub(in super::super) const SEQUENCE: u8 = 0x30;
    /// `[APPLICATION 0]`
    pub(in super::super) const APPLICATION: u8 = 0x60;

    /// `[number]`, constructed; `number` is less than 31.
    pub(in super::super) const fn context(number: u8) -> u8 {
        0xa0 | number
    }
}

/// A cursor over the contents of one element.
#[derive(Debug, Clone, Copy)]
pub(super) struct Der<'a> {
    bytes: &'a [u8],
    /// Of `bytes` in the token.
    offset: usize,
}

impl<'a> Der<'a> {
    pub(super) const fn new(token: &'a [u8]) -> Self {
        Self { bytes: token, offset: 0 }
    }

    pub(super) const fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// Whether the next element has this tag.
    pub(super) fn is_next(&self, tag: u8) -> bool {
        self.bytes.first() == Some(&tag)
    }

    /// Steps into the next element, which must have this tag.
    pub(super) fn enter(&mut self, field: &'static str, tag: u8) -> Result<Self, DerError> {
        if !self.is_next(tag) {
            return Err(self.wrong(field, DerProblem::Tag { expected: tag }));
        }
        let rest = self.bytes.get(1..).unwrap_or_default();
        let (length, rest) = length(rest).ok_or_else(|| self.wrong(field, DerProblem::Length))?;
        let (content, after) =
            rest.split_at_checked(length).ok_or_else(|| self.wrong(field, DerProblem::Length))?;
        let end = self.offset.saturating_add(self.bytes.len());
        let inner = Self { bytes: content, offset: end.saturating_sub(rest.len()) };
        *self = Self { bytes: after, offset: end.saturating_sub(after.len()) };
        Ok(inner)
    }

    /// Steps into the next element, if it has this tag.
    pub(super) fn enter_if(
        &mut self,
        field: &'static str,
        tag: u8,
    ) -> Result<Option<Self>, DerError> {
        self.is_next(tag).then(|| self.enter(field, tag)).transpose()
    }

    /// Nothing follows.
    pub(super) fn finish(self, field: &'static str) -> Result<(), DerError> {
        let last = self.bytes.is_empty();
        if last { Ok(()) } else { Err(self.wrong(field, DerProblem::Trailing)) }
    }

    pub(super) const fn wrong(&self, field: &'static str, problem: DerProblem) -> DerError {
        DerError { field, offset: self.offset, problem }
    }
}

/// The length that `bytes` start with, and what follows it.
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    if *first < 0x80 {
        return Some((usize::from(*first), rest));
    }
    // 0x80 alone says that the end is marked, which DER has not.
    let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
    if digits.is_empty() || 4 < digits.len() {
        return None;
    }
    let length = digits.iter().fold(0_u32, |length, digit| length << 8 | u32::from(*digit));
    Some((usize::try_from(length).ok()?, rest))
}

/// An element, written.
pub(super) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length = parts.iter().fold(0_usize, |length, part| length.saturating_add(part.len()));
    let mut out = vec![tag];
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let [a, b, c, d, ..] = length.to_le_bytes();
            let digits = [d, c, b, a];
            let digits = digits.iter().skip_while(|digit| **digit == 0).copied();
            let digits: Vec<u8> = digits.collect();
            out.push(u8::try_from(digits.len()).map_or(u8::MAX, |count| count | 0x80));
            out.extend_from_slice(&digits);
        }
    }
    out.extend(parts.concat());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_as_they_are_written() {
        for length in [0, 1, 127, 128, 255, 256, 65535, 65536] {
            let written = element(tag::OCTET_STRING, &[&vec![7; length]]);
            let mut der = Der::new(&written);
            let content = der.enter("x", tag::OCTET_STRING).expect("it was written so");
            assert_eq!(content.bytes().len(), length);
            der.finish("x").expect("nothing follows");
            let mut cut = Der::new(&written[..written.len() - 1]);
            assert!(cut.enter("x", tag::OCTET_STRING).is_err(), "{length}");
        }
        assert_eq!(element(4, &[&[7; 128]])[..3], [4, 0x81, 128]);
    }

    #[test]
    fn lengths_that_say_nothing_are_refused() {
        for bytes in [&[][..], &[0x80, 0, 0], &[0x85, 0, 0, 0, 0, 1, 7], &[0x84, 255, 255, 255]] {
            assert_eq!(length(bytes), None);
        }
        assert_eq!(length(&[0x84, 0, 0, 0, 1, 7]), Some((1, &[7][..])));
    }
}
