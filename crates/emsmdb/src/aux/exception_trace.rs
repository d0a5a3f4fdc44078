//! `AUX_EXCEPTION_TRACE`: Type `0x49`, of which only the name is known.

use super::AuxType;
use super::block::{Block, BlockWriter};

/// A block without a published layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuxExceptionTrace {
    /// Everything behind the AUX_HEADER, padding included.
    pub body: Vec<u8>,
}

impl AuxExceptionTrace {
    pub(super) fn decode(block: &Block<'_>) -> Self {
        Self { body: block.body().to_vec() }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut writer = BlockWriter::new(AuxType::EXCEPTION_TRACE, 1);
        writer.bytes(&self.body);
        writer.finish_unpadded()
    }
}
