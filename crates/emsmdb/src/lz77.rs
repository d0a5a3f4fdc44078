//! Plain LZ77 with the DIRECT2 encoding, which compresses payloads ([MS-OXCRPC] 3.1.4.1.1.2; [MS-XCA] 2.3 and 2.4).
//!
//! A stream is a flag word, then one item for each of its bits, and so on until the stream ends; the last word's
//! remaining bits mean nothing.
//!
//! | size | field | |
//! |---|---|---|
//! | 4 | flags | little-endian, highest bit first: 0 a literal, 1 a match |
//! | 1 | literal | the byte itself |
//! | 2 | match | bits 3 to 15 the distance less 1, bits 0 to 2 the length less 3; 7 there means that a nibble follows |
//! | ½ | nibble | the length less 10; 15 means that a byte follows. Two matches share a byte, its low half first |
//! | 1 | length | the length less 25; 255 means that a word follows |
//! | 2 | long length | the length less 3, at least 22 |
//!
//! A match repeats bytes that were produced before, its own included when it is longer than its distance.
//!
//! [MS-OXCRPC]: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcrpc
//! [MS-XCA]: https://learn.microsoft.com/openspecs/windows_protocols/ms-xca

use crate::field::{FieldReader, Truncated};

/// A stream that does not decompress. Offsets are in bytes from the start of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Lz77Error {
    /// The stream ends inside an item or a flag word.
    #[error(transparent)]
    Truncated(#[from] Truncated),
    /// A match reaches back to before the first byte.
    #[error("DIRECT2: match at offset {offset}: distance is {distance}, {produced} bytes produced")]
    Distance {
        /// Where the match starts.
        offset: usize,
        /// How far it reaches back, in bytes.
        distance: usize,
        /// Bytes produced before it.
        produced: usize,
    },
    /// A long length is one that a shorter form holds.
    #[error("DIRECT2: long length at offset {offset} is {value}")]
    LongLength {
        /// Where the word starts.
        offset: usize,
        /// The word as sent.
        value: u16,
    },
    /// An item produces more than was announced.
    #[error("DIRECT2: item at offset {offset} ends at byte {end}, SizeActual is {size_actual}")]
    TooLong {
        /// Where the item starts.
        offset: usize,
        /// Bytes produced with it.
        end: usize,
        /// The bytes announced.
        size_actual: usize,
    },
    /// The stream produces less than was announced.
    #[error("DIRECT2: {produced} bytes produced, SizeActual is {size_actual}")]
    TooShort {
        /// Bytes produced.
        produced: usize,
        /// The bytes announced.
        size_actual: usize,
    },
}

/// Decompresses a whole stream to exactly `size_actual` bytes; never holds more than those. Takes time in proportion to
/// the stream and them.
///
/// # Errors
/// When the stream ends inside an item, a match reaches back too far or has a length in the wrong form, or the stream
/// produces more or less than `size_actual`.
pub fn decompress(input: &[u8], size_actual: usize) -> Result<Vec<u8>, Lz77Error> {
    let mut decoder = Decoder {
        input: FieldReader::new("DIRECT2", input, 0),
        high_nibble: None,
        output: Vec::with_capacity(size_actual.min(RESERVED_MAX)),
        size_actual,
    };
    while !decoder.input.rest().is_empty() {
        decoder.group()?;
    }
    let produced = decoder.output.len();
    if produced == size_actual {
        Ok(decoder.output)
    } else {
        Err(Lz77Error::TooShort { produced, size_actual })
    }
}

struct Decoder<'a> {
    input: FieldReader<'a>,
    /// The half of the last nibble byte that the next match in need of one takes.
    high_nibble: Option<u8>,
    output: Vec<u8>,
    size_actual: usize,
}

impl Decoder<'_> {
    /// A flag word and its items; none, when the stream ends with the word.
    fn group(&mut self) -> Result<(), Lz77Error> {
        let flags = self.input.u32("flags")?;
        for item in 0..u32::BITS {
            if self.input.rest().is_empty() {
                break;
            }
            let flag = flags.rotate_left(item) & HIGHEST_BIT;
            if flag == 0 { self.literal()? } else { self.copy()? }
        }
        Ok(())
    }

    fn literal(&mut self) -> Result<(), Lz77Error> {
        let offset = self.input.position();
        let byte = self.input.u8("literal")?;
        self.check_room(offset, 1)?;
        self.output.push(byte);
        Ok(())
    }

    fn copy(&mut self) -> Result<(), Lz77Error> {
        let offset = self.input.position();
        let token = self.input.u16("match")?;
        let distance = usize::from(token >> 3).saturating_add(1);
        let length = self.length(token & 7)?;
        let produced = self.output.len();
        let Some(start) = produced.checked_sub(distance) else {
            return Err(Lz77Error::Distance { offset, distance, produced });
        };
        self.check_room(offset, length)?;
        self.repeat(start, length);
        Ok(())
    }

    /// The length of a match whose token has these three bits, in bytes.
    fn length(&mut self, bits: u16) -> Result<usize, Lz77Error> {
        if bits < 7 {
            return Ok(usize::from(bits).saturating_add(3));
        }
        let nibble = self.nibble()?;
        if nibble < 15 {
            return Ok(usize::from(nibble).saturating_add(10));
        }
        let byte = self.input.u8("length")?;
        if byte < u8::MAX {
            return Ok(usize::from(byte).saturating_add(25));
        }
        let offset = self.input.position();
        let value = self.input.u16("long length")?;
        if value < LONG_LENGTH_MIN {
            return Err(Lz77Error::LongLength { offset, value });
        }
        Ok(usize::from(value).saturating_add(3))
    }

    fn nibble(&mut self) -> Result<u8, Truncated> {
        if let Some(nibble) = self.high_nibble.take() {
            return Ok(nibble);
        }
        let byte = self.input.u8("nibble")?;
        self.high_nibble = Some(byte >> 4);
        Ok(byte & 0xF)
    }

    fn check_room(&self, offset: usize, length: usize) -> Result<(), Lz77Error> {
        let (end, size_actual) = (self.output.len().saturating_add(length), self.size_actual);
        if end <= size_actual {
            Ok(())
        } else {
            Err(Lz77Error::TooLong { offset, end, size_actual })
        }
    }

    /// Appends `length` bytes from `start` on, reading what it has just written where they overlap.
    fn repeat(&mut self, start: usize, length: usize) {
        for index in (start..).take(length) {
            let byte = self.output.get(index).copied();
            self.output.extend(byte);
        }
    }
}

const HIGHEST_BIT: u32 = 1 << 31;
/// A word below says a length that the nibble holds, which [MS-XCA] calls an error. Zero, which announces a length of 32
/// bits there, is one too: no payload is that long.
const LONG_LENGTH_MIN: u16 = 15 + 7;
/// What is reserved at once, whatever is announced: a `SizeActual` has 16 bits.
const RESERVED_MAX: usize = 0xFFFF;
