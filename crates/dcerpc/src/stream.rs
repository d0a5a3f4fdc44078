//! Cuts a peer's bytes into PDUs, however the transport split them.

use std::borrow::Cow;

use crate::error::PeerMisbehaviour;
use crate::header::Header;

/// Holds the beginning of a PDU whose end has not come; nothing else, and nothing between PDUs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Framer {
    held: Vec<u8>,
    offset: u64,
}

/// One whole PDU whose header has been judged.
#[derive(Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) header: Header,
    pub(crate) bytes: Cow<'a, [u8]>,
    /// Where it starts in the stream.
    pub(crate) offset: u64,
}

/// A header that ends the stream: nothing tells where the next PDU would start.
#[derive(Debug)]
pub(crate) struct BadHeader {
    pub(crate) header: Header,
    pub(crate) misbehaviour: PeerMisbehaviour,
    pub(crate) offset: u64,
}

impl Framer {
    /// Takes the next PDU from what is held and from the front of `input`; `None` when all of `input` is
    /// taken and more is needed.
    pub(crate) fn next<'a>(
        &mut self,
        input: &mut &'a [u8],
    ) -> Result<Option<Frame<'a>>, Box<BadHeader>> {
        if self.held.is_empty() { self.next_in_place(input) } else { self.next_held(input) }
    }

    /// Bytes held.
    pub(crate) fn held(&self) -> usize {
        self.held.len()
    }

    /// Forgets what is held.
    pub(crate) fn clear(&mut self) {
        self.held = Vec::new();
    }

    /// The fast path: the PDU is whole in `input` and is not copied.
    fn next_in_place<'a>(
        &mut self,
        input: &mut &'a [u8],
    ) -> Result<Option<Frame<'a>>, Box<BadHeader>> {
        let Some(header) = input.first_chunk() else {
            self.held.extend_from_slice(std::mem::take(input));
            return Ok(None);
        };
        let header = self.judge(Header::decode(header))?;
        let size = usize::from(header.frag_length());
        match input.split_at_checked(size) {
            Some((pdu, rest)) => {
                *input = rest;
                Ok(Some(self.frame(header, Cow::Borrowed(pdu))))
            }
            None => {
                self.held.reserve_exact(size);
                self.held.extend_from_slice(std::mem::take(input));
                Ok(None)
            }
        }
    }

    /// The PDU started in an earlier input: it is completed, and no byte more is taken.
    fn next_held<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Frame<'a>>, Box<BadHeader>> {
        self.fill(input, Header::SIZE);
        let Some(header) = self.held.first_chunk() else {
            return Ok(None);
        };
        let header = self.judge(Header::decode(header))?;
        let size = usize::from(header.frag_length());
        self.fill(input, size);
        if self.held.len() < size {
            return Ok(None);
        }
        let pdu = std::mem::take(&mut self.held);
        Ok(Some(self.frame(header, Cow::Owned(pdu))))
    }

    /// Moves bytes from `input` until `size` are held.
    fn fill(&mut self, input: &mut &[u8], size: usize) {
        let missing = size.saturating_sub(self.held.len());
        let (taken, rest) = input.split_at_checked(missing).unwrap_or((input, &[]));
        self.held.reserve_exact(missing);
        self.held.extend_from_slice(taken);
        *input = rest;
    }

    fn judge(&self, header: Header) -> Result<Header, Box<BadHeader>> {
        match header.check() {
            Ok(()) => Ok(header),
            Err(misbehaviour) => {
                Err(Box::new(BadHeader { header, misbehaviour, offset: self.offset }))
            }
        }
    }

    fn frame<'a>(&mut self, header: Header, bytes: Cow<'a, [u8]>) -> Frame<'a> {
        let offset = self.offset;
        self.offset = offset.saturating_add(header.frag_length().into());
        Frame { header, bytes, offset }
    }
}
